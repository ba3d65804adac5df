/* `s` of a check: what may be declared, what a rule remembers, and what it does not. */
#include "programs.h"

#include "core/state/stateset.h"

#define NAMES       "\"id bigint not null\", \"card text\", \"n bigint\""
#define FIELDS      "key = \"card\", fields = { " NAMES " }"
#define TOPIC(rest) "return { table = \"orders\", " FIELDS ",\n" rest " }"

/* A program of one topic, that applies the rule `mine` of this text. */
static struct tg_program *program_of_rule(const char *rule, const char *arguments)
{
  static char script[1000];
  struct sources s = {0};
  snprintf(script, sizeof script, TOPIC("rules = { mine { %s } }"), arguments);
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_RULE, "rules/mine.lua", rule);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  return sources_program(&s);
}

static void expect_rule_error(const char *rule, const char *arguments, const char *fault)
{
  static char script[1000];
  struct sources s = {0};
  struct tg_program *p;
  snprintf(script, sizeof script, TOPIC("rules = { mine { %s } }"), arguments);
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_RULE, "rules/mine.lua", rule);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  enum tg_rc rc = sources_load(&s, &p);
  if (rc == TG_OK) tg_program_free(p);
  assert_int_equal(rc, TG_CONFIG);
  expect_text(s.faults, fault);
}

#define RULE(state, body)                                                                          \
  "return { doc = \"d\", on_fail = \"tag\", params = { \"by column = card\" },\n"                  \
  "state = " state ", check = function(b, p, s) local _ = p.by " body " end }"
#define SECOND RULE("{ key = \"$by\" }", "return s:ordinal():lt(2)")

static void what_is_declared_is_checked(void **state)
{
  (void)state;
  static const struct {
    const char *declared, *fault;
  } cases[] = {{"{ key = 7 }", "state: key: a column or a list of up to 16 columns"},
               {"{ kee = \"card\" }", "state has no key 'kee'; did you mean"},
               {"{ key = \"$by\", keys_max = 0 }", "keys_max: a whole number from 1"},
               {"{ key = \"$by\", keys_max = 10000001 }", "keys_max: a whole number from 1"},
               {"{ key = \"$by\", keep = \"soon\" }", "keep: a duration such as"},
               {"{ key = \"$by\", keep = \"0s\" }", "keep: a duration above zero"},
               {"{ key = \"$by\", full = \"x\" }", "full: \"evict\" or \"error\""},
               {"{ key = \"$by\", scope = \"x\" }", "scope: \"batch\" or \"stream\""},
               {"{ key = \"crd\" }", "there is no column 'crd'"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char rule[600];
    snprintf(rule, sizeof rule, RULE("%s", "return s:ordinal():lt(2)"), cases[i].declared);
    expect_rule_error(rule, "", cases[i].fault);
  }
}

static void a_key_without_the_topics_key_must_say_so(void **state)
{
  (void)state;
  expect_rule_error(SECOND, "\"n\"", "kept by 'n' and the topic is partitioned by 'card'");
  expect_rule_error(RULE("{}", "return s:ordinal():lt(2)"), "", "kept by nothing");
  tg_program_free(program_of_rule(SECOND, "\"n\", per_partition = true"));
  tg_program_free(program_of_rule(RULE("{ key = { \"n\", \"card\" } }", "return ~s:seen()"), ""));
  tg_program_free(
      program_of_rule(RULE("{ per_partition = true }", "return s:ordinal():lt(2)"), ""));
  expect_fault(TOPIC("rules = { not_null { \"n\", per_partition = true } }"),
               "per_partition: the rule has no state by key");
}

static void operations_say_what_they_need(void **state)
{
  (void)state;
  expect_rule_error(RULE("{ key = \"card\" }", "return s:count_within(b.n, \"1m\"):lt(2)"), "",
                    "a timestamp or date column is due, this is bigint");
  expect_rule_error(RULE("{ key = \"card\" }", "return s:seen(\"1 parsec\")"), "",
                    "a duration such as");
  expect_rule_error(RULE("{ key = \"card\" }", "return s:largest(b.card):is_null()"), "",
                    "largest is of numbers up to 18 digits and of times, not of text");
  expect_rule_error(RULE("{ key = \"card\" }", "return s:often()"), "",
                    "state by key has no 'often'");
  expect_rule_error(RULE("{ key = \"card\" }", "s.x = 1"), "", "is not assigned to");
  expect_rule_error(
      RULE("{ key = \"card\" }", "for i = 1, 9 do s:ordinal() end return b.n:is_null()"), "",
      "asks its state at most 8 times");
}

/* Two partitions; events 0, 2, 4 .. are of the first one. */
static void open_two(struct run *r, const struct tg_program *p, const char *const *events,
                     uint32_t count)
{
  uint32_t topics;
  const struct tg_topic *topic = tg_program_topics(p, &topics)[0];
  tg_arena_init(&r->arena, 1 << 16, 64 << 20);
  assert_int_equal(tg_batch_init(&r->b, topic, &r->arena, count), TG_OK);
  for (uint32_t i = 0; i < count; i++) {
    struct tg_event e = {
        .slot = i % 2, .offset = i, .value = tg_text(events[i]), .size = 1, .kafka_us = 1};
    assert_int_equal(tg_batch_add(&r->b, &e), TG_OK);
  }
  assert_int_equal(tg_batch_seal(&r->b), TG_OK);
  struct tg_decoder *d = tg_decoder_new(topic);
  assert_int_equal(tg_decoder_run(d, &r->b, &r->err), TG_OK);
  tg_decoder_free(d);
}

static void give(struct run *r, struct tg_stateset **sets)
{
  for (uint32_t i = 0; i < r->b.segments_count; i++) {
    r->b.segments[i].state = sets[r->b.segments[i].slot];
    tg_stateset_begin(sets[r->b.segments[i].slot], r->b.segments[i].from);
  }
}

static void each_partition_counts_alone_and_judging_twice_changes_nothing(void **state)
{
  (void)state;
  static const char *const events[] = {"{\"id\":1,\"card\":\"a\"}",
                                       "{\"id\":2,\"card\":\"a\"}",
                                       "{\"id\":3,\"card\":\"a\"}",
                                       "{\"id\":4,\"card\":\"b\"}",
                                       "{\"id\":5}",
                                       "{\"id\":6,\"card\":\"a\"}"};
  struct tg_program *p = program_of_rule(SECOND, "");
  struct tg_stateset *sets[] = {tg_stateset_new(1), tg_stateset_new(2)};
  for (int turn = 0; turn < 3; turn++) {
    struct run r = {0};
    open_two(&r, p, events, 6);
    give(&r, sets);
    for (int again = 0; again <= turn; again++) {
      memset(r.b.fates, 0, r.b.rows);
      memset(r.b.issues, 0, r.b.rows * sizeof *r.b.issues);
      assert_int_equal(run_judge(&r, p), TG_OK);
      expect_fates(&r, "load tag load load load tag"); /* a a null | a b a */
    }
    assert_int_equal(r.judgement.rules[0].evaluated, 5);
    run_close(&r);
  }
  tg_stateset_free(sets[0]), tg_stateset_free(sets[1]);
  tg_program_free(p);
}

static void a_rule_that_raises_leaves_no_trace(void **state)
{
  (void)state;
  struct tg_program *p = program_of_rule(
      RULE("{ key = \"card\" }", "local n = s:ordinal() if b.id:eq(2):any() then error(\"no\") end"
                                 " return n:lt(2)"),
      "");
  struct tg_stateset *set = tg_stateset_new(1);
  struct run r = {0};
  const char *const bad[] = {"{\"id\":1,\"card\":\"a\"}", "{\"id\":2,\"card\":\"a\"}"};
  run_open(&r, p, bad, 2);
  give(&r, &set);
  assert_int_equal(run_judge(&r, p), TG_OK);
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_ERROR);
  assert_int_equal(tg_stateset_size(set).keys, 0);
  run_close(&r);
  tg_stateset_free(set);
  tg_program_free(p);
}

static void without_a_partitions_state_nothing_is_guessed(void **state)
{
  (void)state;
  struct tg_program *p = program_of_rule(SECOND, "");
  struct run r = {0};
  RUN(&r, p, "{\"id\":1,\"card\":\"a\"}");
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_ERROR);
  assert_true(r.judgement.critical);
  expect_text(r.judgement.rules[0].error, "there is no state here");
  run_close(&r);
  tg_program_free(p);
}

static void what_has_no_room_is_not_remembered(void **state)
{
  (void)state;
  struct tg_program *p = program_of_rule(SECOND, "");
  struct tg_stateset *set = tg_stateset_new(1);
  struct tg_state_room room = {.bytes_max = 1000, .bytes = 1000};
  struct run r = {0};
  const char *const events[] = {"{\"id\":1,\"card\":\"a\"}", "{\"id\":2,\"card\":\"a\"}"};
  tg_stateset_share(set, &room);
  run_open(&r, p, events, 2);
  give(&r, &set);
  assert_int_equal(run_judge(&r, p), TG_OK);
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_ERROR);
  expect_text(r.judgement.rules[0].error, "used up state.bytes");
  assert_int_equal(tg_stateset_size(set).keys, 0);
  room.bytes = 999;
  memset(r.b.fates, 0, r.b.rows);
  assert_int_equal(run_judge(&r, p), TG_OK);
  expect_fates(&r, "load tag");
  run_close(&r);
  tg_stateset_free(set);
  tg_program_free(p);
}

static void a_key_too_long_cannot_be_judged(void **state)
{
  (void)state;
  static char event[1200];
  char card[1026];
  memset(card, 'x', 1025);
  card[1025] = '\0';
  snprintf(event, sizeof event, "{\"id\":1,\"card\":\"%s\"}", card);
  struct tg_program *p = program_of_rule(SECOND, "");
  struct tg_stateset *set = tg_stateset_new(1);
  struct run r = {0};
  const char *const events[] = {event, "{\"id\":2,\"card\":\"a\"}"};
  run_open(&r, p, events, 2);
  give(&r, &set);
  assert_int_equal(run_judge(&r, p), TG_OK);
  expect_fates(&r, "quarantine load");
  run_close(&r);
  tg_stateset_free(set);
  tg_program_free(p);
}

static void duplicates_are_dropped_by_the_rule_dedup(void **state)
{
  (void)state;
  struct tg_program *p =
      program_of(TOPIC("dedup = { by = { \"id\" }, within = \"1h\" }, rules = {}"));
  struct tg_stateset *set = tg_stateset_new(1);
  struct run r = {0};
  const char *const events[] = {"{\"id\":1}", "{\"id\":2}", "{\"id\":1}", "{\"id\":1}"};
  run_open(&r, p, events, 4);
  give(&r, &set);
  assert_int_equal(run_judge(&r, p), TG_OK);
  expect_fates(&r, "load load drop drop");
  assert_string_equal(r.b.issues[2]->rule, "dedup");
  run_close(&r);
  tg_stateset_free(set);
  tg_program_free(p);
  expect_fault(TOPIC("dedup = { by = { \"idd\" }, within = \"1h\" }"), "scripts/orders.lua:2");
  expect_fault(TOPIC("dedup = { by = { \"id\" } }"), "the argument 'within' is missing");
  expect_fault(TOPIC("dedup = 7"), "dedup: a table such as");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_declared_is_checked),
      cmocka_unit_test(a_key_without_the_topics_key_must_say_so),
      cmocka_unit_test(operations_say_what_they_need),
      cmocka_unit_test(each_partition_counts_alone_and_judging_twice_changes_nothing),
      cmocka_unit_test(a_rule_that_raises_leaves_no_trace),
      cmocka_unit_test(without_a_partitions_state_nothing_is_guessed),
      cmocka_unit_test(what_has_no_room_is_not_remembered),
      cmocka_unit_test(a_key_too_long_cannot_be_judged),
      cmocka_unit_test(duplicates_are_dropped_by_the_rule_dedup),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
