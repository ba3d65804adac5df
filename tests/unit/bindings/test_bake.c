/* New rules that are watched before they act. */
#include "programs.h"

#define MINUTE INT64_C(60000000)

static struct tg_program *program_with(const char *rules)
{
  static char script[2048];
  snprintf(script, sizeof script,
           "return { table = \"orders\", fields = { \"a bigint\", \"b bigint\" }, rules = { %s } }",
           rules);
  return program_of(script);
}

/* Judges one event of this Kafka time whose a is -1. */
static void judge_at(struct run *r, struct tg_program *p, int64_t kafka_us)
{
  uint32_t count;
  const struct tg_topic *topic = tg_program_topics(p, &count)[0];
  struct tg_event e = {.kafka_us = kafka_us, .value = tg_text("{\"a\":-1}"), .size = 1};
  tg_arena_init(&r->arena, 1 << 16, 64 << 20);
  assert_int_equal(tg_batch_init(&r->b, topic, &r->arena, 1), TG_OK);
  assert_int_equal(tg_batch_add(&r->b, &e), TG_OK);
  assert_int_equal(tg_batch_seal(&r->b), TG_OK);
  struct tg_decoder *d = tg_decoder_new(topic);
  assert_int_equal(tg_decoder_run(d, &r->b, &r->err), TG_OK);
  tg_decoder_free(d);
  assert_int_equal(run_judge(r, p), TG_OK);
}

static void expect_shadow(struct tg_program *p, int64_t kafka_us, bool shadow)
{
  struct run r;
  judge_at(&r, p, kafka_us);
  struct tg_verdict_row v = r.judgement.rules[0];
  assert_int_equal(v.shadow, shadow);
  assert_int_equal(v.failed, 1);
  assert_int_equal(v.alarm, TG_ALARM_CRITICAL);
  assert_int_equal(r.judgement.critical, !shadow);
  expect_fates(&r, shadow ? "load" : "quarantine");
  run_close(&r);
}

#define RULE(bake) "between { \"a\", min = 0, on_fail = \"quarantine\", critical = 1" bake " }"

static void nobody_told_a_time_acts_at_once(void **state)
{
  (void)state;
  struct tg_program *p = program_with(RULE(", bake = \"10m\""));
  expect_shadow(p, MINUTE, false);
  tg_program_free(p);
}

static void new_rule_is_in_shadow_for_its_time_by_kafka(void **state)
{
  (void)state;
  atomic_llong until_us = 15 * MINUTE;
  struct tg_program *p = program_with(RULE(", bake = \"10m\""));
  tg_program_bake(p, &until_us);
  expect_shadow(p, -1, true); /* a record without a time tells nothing */
  expect_shadow(p, 5 * MINUTE, true);
  expect_shadow(p, 15 * MINUTE - 1, true);
  expect_shadow(p, 15 * MINUTE, false);
  expect_shadow(p, 6 * MINUTE, true); /* whoever judges that batch, and whenever */
  until_us = INT64_MAX;               /* not known yet */
  expect_shadow(p, 15 * MINUTE, true);
  until_us = INT64_MIN; /* nothing was loaded when the rule came */
  expect_shadow(p, -1, false);
  tg_program_free(p);
}

static void rule_without_bake_has_no_time(void **state)
{
  (void)state;
  const atomic_llong until_us[] = {5 * MINUTE, INT64_MAX};
  struct tg_bake bake;
  struct tg_program *p = program_with(RULE("") ", not_null { \"a\" },"
                                               " not_null { \"b\", bake = \"1m\" }");
  tg_program_bake(p, until_us);
  expect_shadow(p, MINUTE, false);
  assert_true(tg_program_baking(p, 0, &bake));
  assert_string_equal(bake.rule, "not_null(b)");
  assert_int_equal(bake.bake_us, MINUTE);
  assert_true(tg_text_is(bake.topic->name, "orders"));
  assert_false(tg_program_baking(p, 1, &bake));
  tg_program_free(p);
}

static void shadow_is_for_good(void **state)
{
  (void)state;
  const atomic_llong until_us[] = {INT64_MIN};
  struct tg_program *p = program_with(RULE(", shadow = true, bake = \"1m\""));
  tg_program_bake(p, until_us);
  expect_shadow(p, MINUTE, true);
  expect_shadow(p, -1, true);
  tg_program_free(p);
  p = program_with(RULE(", shadow = false"));
  expect_shadow(p, MINUTE, false);
  tg_program_free(p);
  expect_fault("return { table = \"orders\", fields = { \"a bigint\" },"
               " rules = { not_null { \"a\", shadow = \"yes\" } } }",
               "not_null: shadow: true or false is due");
}

/* Judges -1, and 5 at row 1, while the rule bakes; what became of the rows. */
static void expect_elder(const char *old, const char *new, const char *why, const char *fates)
{
  static const atomic_llong until_us[] = {INT64_MAX, INT64_MAX};
  static const char *const events[] = {"{\"a\":-1}", "{\"a\":5}"};
  struct tg_program *elder = program_with(old), *p = program_with(new);
  struct run r;
  tg_program_bake(p, until_us);
  const char *got = tg_program_elder(p, 0, elder);
  if ((why == NULL) != (got == NULL) || (why && strcmp(why, got) != 0))
    fail_msg("%s after %s: %s", new, old, got ? got : "acts");
  run_open(&r, p, events, 2);
  assert_int_equal(run_judge(&r, p), TG_OK);
  assert_true(r.judgement.rules[0].shadow);
  expect_fates(&r, fates);
  tg_program_free(elder); /* what it said lives on */
  for (uint32_t row = 0; row < 2; row++)
    if (r.b.issues[row]) assert_string_equal(r.b.issues[row]->rule, "between(a)");
  run_close(&r);
  tg_program_free(p);
}

#define OLD(more) "between { \"a\", min = 0, on_fail = \"quarantine\"" more " }"
#define NEW(more) "between { \"a\", min = 9, on_fail = \"drop\", bake = \"1m\"" more " }"

static void the_version_before_acts_while_a_rule_bakes(void **state)
{
  (void)state;
  expect_elder(OLD(""), NEW(""), NULL, "quarantine load");
  expect_elder("not_null { \"b\" }, " OLD(", bake = \"5m\""), NEW(""), NULL, "quarantine load");
  expect_elder("between { \"a\", max = 3, on_fail = \"drop\" }", NEW(""), NULL, "load drop");
  expect_elder("between { \"a\", max = 3, where = \"b == 1\" }", NEW(""), NULL, "load load");
}

static void some_versions_cannot_act_any_more(void **state)
{
  (void)state;
  expect_elder("not_null { \"a\" }", NEW(""), "it is new", "load load");
  expect_elder(OLD(", shadow = true"), NEW(""), "before it was in shadow", "load load");
  expect_elder(OLD(", over = \"1m\", critical = 1"), NEW(""),
               "before it was judged over windows or by the clock", "load load");
}

static void an_elder_opens_the_breaker_as_it_did(void **state)
{
  (void)state;
  static const atomic_llong until_us[] = {INT64_MAX};
  struct tg_program *elder = program_with(OLD(", critical = 1")), *p = program_with(NEW(""));
  struct run r;
  tg_program_bake(p, until_us);
  assert_null(tg_program_elder(p, 0, elder));
  judge_at(&r, p, MINUTE);
  assert_true(r.judgement.critical);
  expect_text(r.judgement.critical_why, "between(a): 1 of 1 rows failed (critical 1)");
  run_close(&r);
  tg_program_free(p), tg_program_free(elder);
  const atomic_llong past[] = {MINUTE};
  elder = program_with(OLD(", critical = 1"));
  p = program_with("between { \"a\", max = 9, bake = \"1m\" }");
  tg_program_bake(p, past);
  assert_null(tg_program_elder(p, 0, elder));
  judge_at(&r, p, MINUTE); /* the new one acts by now, and passes */
  assert_false(r.judgement.critical);
  expect_fates(&r, "load");
  run_close(&r);
  tg_program_free(p), tg_program_free(elder);
}

static void fields_that_changed_leave_nobody_to_act(void **state)
{
  (void)state;
  struct tg_program *p = program_with(NEW(""));
  struct tg_program *elder = program_of("return { table = \"orders\", fields = { \"b bigint\","
                                        " \"a bigint\" }, rules = { " OLD("") " } }");
  assert_string_equal(tg_program_elder(p, 0, elder), "the topic's fields have changed");
  tg_program_free(p), tg_program_free(elder);
}

static uint64_t fingerprint_of(const char *rules)
{
  struct tg_bake bake;
  struct tg_program *p = program_with(rules);
  assert_true(tg_program_baking(p, 0, &bake));
  tg_program_free(p);
  return bake.fingerprint;
}

static void changed_arguments_make_a_new_rule(void **state)
{
  (void)state;
  static const char *const changed[] = {
      "between { \"a\", min = 1, on_fail = \"quarantine\", critical = 1, bake = \"10m\" }",
      "between { \"a\", min = 0, on_fail = \"quarantine\", critical = 1, bake = \"9m\" }",
      "between { \"a\", min = 0, on_fail = \"quarantine\", critical = 1, bake = \"10m\","
      " where = function(b) return b.a:lt(9) end }",
  };
  uint64_t before = fingerprint_of(RULE(", bake = \"10m\""));
  assert_true(before == fingerprint_of("not_null { \"b\" }, " RULE(", bake = \"10m\"")));
  for (size_t i = 0; i < sizeof changed / sizeof *changed; i++)
    assert_true(before != fingerprint_of(changed[i]));
}

/* A window is in shadow when it began there; what only the clock brings, by the clock. */
static void windows_bake_too(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_arena arena;
  struct tg_window_rule found;
  struct tg_verdict_row v;
  struct tg_err err;
  const atomic_llong until_us[] = {5 * MINUTE};
  uint32_t at = 0;
  sources_add(&s, TG_FILE_RULE, "rules/timed.lua",
              "return { doc = \"d\", every = \"1m\","
              " judge = function(m, p, s, t) return false, 1 end, tests = {} }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", fields = { \"a bigint\" },"
              " rules = { timed { bake = \"1m\", critical = 1 } } }");
  struct tg_program *p = sources_program(&s);
  tg_program_bake(p, until_us);
  assert_true(tg_program_window(p, 0, &at, &found));
  tg_arena_init(&arena, 1 << 12, 1 << 20);
  struct tg_window_case c = {.rule = found.rule, .facts = TG_FACTS_NONE};
  static const struct {
    int64_t start_us, now_us;
    bool shadow;
  } cases[] = {{TG_FACT_NONE, 5 * MINUTE - 1, true},
               {TG_FACT_NONE, 5 * MINUTE, false},
               {5 * MINUTE - 1, 9 * MINUTE, true},
               {5 * MINUTE, 9 * MINUTE, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    c.facts.start_us = cases[i].start_us, c.facts.now_us = cases[i].now_us;
    assert_int_equal(tg_program_judge_window(p, &c, &arena, &v, &err), TG_OK);
    assert_int_equal(v.alarm, TG_ALARM_CRITICAL);
    assert_int_equal(v.shadow, cases[i].shadow);
  }
  tg_arena_fini(&arena);
  tg_program_free(p);
}

static void bake_is_a_duration(void **state)
{
  (void)state;
  expect_fault("return { table = \"orders\", fields = { \"a bigint\" },"
               " rules = { not_null { \"a\", bake = 10 } } }",
               "not_null: bake: a duration such as '90s'");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nobody_told_a_time_acts_at_once),
      cmocka_unit_test(new_rule_is_in_shadow_for_its_time_by_kafka),
      cmocka_unit_test(rule_without_bake_has_no_time),
      cmocka_unit_test(shadow_is_for_good),
      cmocka_unit_test(the_version_before_acts_while_a_rule_bakes),
      cmocka_unit_test(some_versions_cannot_act_any_more),
      cmocka_unit_test(an_elder_opens_the_breaker_as_it_did),
      cmocka_unit_test(fields_that_changed_leave_nobody_to_act),
      cmocka_unit_test(changed_arguments_make_a_new_rule),
      cmocka_unit_test(windows_bake_too),
      cmocka_unit_test(bake_is_a_duration),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
