/* What a lane gets from a program: fates, reasons, verdicts; script faults never pass data. */
#include "programs.h"

#include "core/base/clock.h"

#define FIELDS                                                                                     \
  "fields = { \"id bigint not null\", \"amount numeric(12,2)\", \"kind text\","                    \
  " \"total numeric(12,2) computed\" }"

/* A topic with this transform (may be "") and these rules. */
static struct tg_program *program_with(const char *transform, const char *rules)
{
  static char text[8192];
  snprintf(text, sizeof text, "return { table = \"orders\", " FIELDS ",\n%s%s%s\nrules = { %s } }",
           *transform ? "transform = function(b)\n" : "", transform, *transform ? "\nend," : "",
           rules);
  return program_of(text);
}

static void clean_rows_are_loaded_with_what_transform_made(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with("b.total = b.amount * 2", "not_null { \"amount\" }");
  RUN(&r, p, "{\"id\":1,\"amount\":1.25}", "{\"id\":2,\"amount\":3}");
  expect_fates(&r, "load load");
  assert_int_equal(r.b.columns[3]->v.ints[0], 250);
  assert_int_equal(r.judgement.count, 1);
  assert_string_equal(r.judgement.rules[0].rule, "not_null(amount)");
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_PASS);
  assert_int_equal(r.judgement.rules[0].evaluated, 2);
  assert_false(r.judgement.critical);
  run_close(&r);
  tg_program_free(p);
}

static void failing_rows_take_the_strongest_fate_and_keep_all_reasons(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p =
      program_with("", "between { \"amount\", min = 0, on_fail = \"quarantine\" },"
                       "between { \"amount\", max = 10 },"
                       "compare { \"id\", \"~=\", 3, on_fail = \"drop\" }");
  RUN(&r, p, "{\"id\":1,\"amount\":-1}", "{\"id\":2,\"amount\":11}", "{\"id\":3,\"amount\":-2}",
      "{\"id\":4,\"amount\":5}");
  expect_fates(&r, "quarantine tag quarantine load");
  expect_reason(&r, 0, "amount: -1.00 is below min 0");
  expect_reason(&r, 1, "amount: 11.00 is above max 10");
  assert_string_equal(r.b.issues[1]->rule, "between(amount)#2");
  assert_true(tg_text_is(r.b.issues[0]->field, "amount"));
  assert_int_equal(r.b.issues[0]->stage, TG_STAGE_RULE);
  assert_non_null(r.b.issues[2]->next);
  assert_int_equal(r.judgement.rules[1].failed, 1);
  assert_int_equal(r.judgement.rules[1].evaluated, 4);
  run_close(&r);
  tg_program_free(p);
}

static void rules_do_not_see_rows_that_are_already_gone(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with("b:drop(b.kind:eq(\"test\"), \"test\")",
                                      "not_null { \"amount\", on_fail = \"quarantine\" },"
                                      "between { \"id\", min = 100 }");
  RUN(&r, p, "{\"id\":1,\"kind\":\"test\"}", "not json", "{\"id\":3}", "{\"id\":100,\"amount\":1}");
  expect_fates(&r, "drop quarantine quarantine load");
  assert_int_equal(r.judgement.rules[0].evaluated, 2);
  assert_int_equal(r.judgement.rules[0].failed, 1);
  /* The first rule's quarantine hides no row from the second. */
  assert_int_equal(r.judgement.rules[1].evaluated, 2);
  assert_int_equal(r.judgement.rules[1].failed, 1);
  run_close(&r);
  tg_program_free(p);
}

static void exactly_the_rows_that_make_transform_raise_are_quarantined(void **state)
{
  (void)state;
  enum { ROWS = 1000 };
  static char texts[ROWS][64];
  const char *events[ROWS];
  for (int i = 0; i < ROWS; i++) {
    snprintf(texts[i], sizeof texts[i], "{\"id\":%d,\"amount\":%d,\"kind\":\"%s\"}", i, i,
             i == 137 || i == 777 ? "bad" : "good");
    events[i] = texts[i];
  }
  struct run r;
  struct tg_program *p = program_with("local bad = b.kind:eq(\"bad\"):any()\n"
                                      "if bad then error(\"a bad kind\") end\n"
                                      "b.total = b.amount + 1",
                                      "between { \"total\", min = 1 }");
  run_open(&r, p, events, ROWS);
  assert_int_equal(run_judge(&r, p), TG_OK);
  for (uint32_t i = 0; i < ROWS; i++) {
    bool bad = i == 137 || i == 777;
    assert_int_equal(r.b.fates[i], bad ? TG_QUARANTINE : TG_LOAD);
    if (!bad) assert_int_equal(r.b.columns[3]->v.ints[i], (i + 1) * 100);
  }
  expect_reason(&r, 137, "scripts/orders.lua:4: a bad kind");
  assert_int_equal(r.b.issues[777]->stage, TG_STAGE_TRANSFORM);
  assert_null(r.b.issues[137]->next);
  assert_false(r.judgement.critical);
  assert_int_equal(r.judgement.rules[0].evaluated, ROWS - 2);
  assert_int_equal(r.judgement.rules[0].failed, 0);
  run_close(&r);
  tg_program_free(p);
}

static void what_a_failed_attempt_did_is_undone(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with("b.amount = b.amount + 1\n"
                                      "b:tag(b.id:gt(0), \"seen\")\n"
                                      "if b.kind:eq(\"bad\"):any() then error(\"bad\") end",
                                      "");
  RUN(&r, p, "{\"id\":1,\"amount\":1,\"kind\":\"x\"}", "{\"id\":2,\"amount\":1,\"kind\":\"bad\"}",
      "{\"id\":3,\"amount\":1,\"kind\":\"x\"}");
  expect_fates(&r, "tag quarantine tag");
  assert_int_equal(r.b.columns[1]->v.ints[0], 200);
  assert_int_equal(r.b.columns[1]->v.ints[2], 200);
  assert_null(r.b.issues[0]->next);
  expect_reason(&r, 1, "bad");
  run_close(&r);
  tg_program_free(p);
}

static void transform_that_always_raises_is_critical_and_passes_nothing(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with("if b.rows > 0 then error(\"broken\") end", "");
  RUN(&r, p, "{\"id\":1}", "{\"id\":2}", "{\"id\":3}");
  expect_fates(&r, "quarantine quarantine quarantine");
  assert_true(r.judgement.critical);
  expect_text(r.judgement.critical_why,
              "transform: all 3 rows raise: scripts/orders.lua:3: broken");
  run_close(&r);
  tg_program_free(p);
}

static void too_many_guilty_rows_end_at_the_budget_without_passing(void **state)
{
  (void)state;
  enum { ROWS = 2000 };
  static char texts[ROWS][64];
  const char *events[ROWS];
  for (int i = 0; i < ROWS; i++) {
    snprintf(texts[i], sizeof texts[i], "{\"id\":%d,\"kind\":\"%s\"}", i, i % 40 ? "good" : "bad");
    events[i] = texts[i];
  }
  struct run r;
  struct tg_program *p = program_with("if b.kind:eq(\"bad\"):any() then error(\"bad\") end", "");
  run_open(&r, p, events, ROWS);
  assert_int_equal(run_judge(&r, p), TG_OK);
  for (uint32_t i = 0; i < ROWS; i += 40) assert_int_equal(r.b.fates[i], TG_QUARANTINE);
  expect_reason(&r, 0, "not told apart within 64 evaluations");
  run_close(&r);
  tg_program_free(p);
}

static void endless_transform_meets_its_deadline_and_passes_nothing(void **state)
{
  (void)state;
  struct sources s = {.deadline_us = 200000};
  struct run r;
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", " FIELDS ",\n"
              "transform = function(b)\n"
              "  while b.rows > 0 do end\n"
              "end }");
  struct tg_program *p = sources_program(&s);
  int64_t start = tg_clock_mono_us();
  RUN(&r, p, "{\"id\":1}", "{\"id\":2}");
  assert_true(tg_clock_mono_us() - start < 30 * TG_SEC);
  expect_fates(&r, "quarantine quarantine");
  assert_true(r.judgement.critical);
  expect_text(r.judgement.critical_why, "scripts/orders.lua:3");
  run_close(&r);
  tg_program_free(p);
}

static void rule_that_raises_is_an_error_and_critical(void **state)
{
  (void)state;
  struct sources s = {0};
  struct run r;
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_RULE, "rules/breaks.lua",
              "return { doc = \"breaks\", topics = { \"orders\" },\n"
              "check = function(b)\n"
              "  if b.rows > 0 then error(\"oh no\") end\n"
              "  return b.id:gt(0)\n"
              "end }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", " FIELDS ", rules = { not_null { \"kind\" } } }");
  struct tg_program *p = sources_program(&s);
  RUN(&r, p, "{\"id\":1}");
  assert_int_equal(r.judgement.count, 2);
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_FAIL);
  assert_int_equal(r.judgement.rules[1].verdict, TG_VERDICT_ERROR);
  assert_int_equal(r.judgement.rules[1].alarm, TG_ALARM_CRITICAL);
  expect_text(r.judgement.rules[1].error, "rules/breaks.lua:3: oh no");
  assert_true(r.judgement.critical);
  expect_text(r.judgement.critical_why, "breaks: rules/breaks.lua:3: oh no");
  expect_fates(&r, "tag");
  run_close(&r);
  tg_program_free(p);
}

static void levels_are_counts_or_shares_of_enough_rows(void **state)
{
  (void)state;
  enum { ROWS = 200 };
  static char texts[ROWS][64];
  const char *events[ROWS];
  for (int i = 0; i < ROWS; i++) {
    snprintf(texts[i], sizeof texts[i], "{\"id\":%d}", i);
    events[i] = texts[i];
  }
  struct run r;
  struct tg_program *p = program_with("", "between { \"id\", min = 10, critical = \"5%\" },"
                                          "between { \"id\", min = 9, critical = \"5%\" },"
                                          "between { \"id\", min = 9, critical = 9 },"
                                          "between { \"id\", min = 9, critical = 10 },"
                                          "between { \"id\", min = 9, mostly = 0.9 },"
                                          "between { \"id\", min = 9, mostly = 0.9, warn = 9 },"
                                          "between { \"id\", min = 9, critical = \"1%\","
                                          " min_rows = 201 }");
  static const enum tg_alarm alarms[] = {TG_ALARM_CRITICAL, TG_ALARM_WARN, TG_ALARM_CRITICAL,
                                         TG_ALARM_WARN,     TG_ALARM_NONE, TG_ALARM_WARN,
                                         TG_ALARM_WARN};
  run_open(&r, p, events, ROWS);
  assert_int_equal(run_judge(&r, p), TG_OK);
  assert_int_equal(r.judgement.count, 7);
  for (uint32_t i = 0; i < 7; i++) {
    assert_int_equal(r.judgement.rules[i].alarm, alarms[i]);
    assert_int_equal(r.judgement.rules[i].verdict, alarms[i] ? TG_VERDICT_FAIL : TG_VERDICT_PASS);
  }
  assert_string_equal(r.judgement.critical_why, "between(id): 10 of 200 rows failed (critical 5%)");
  run_close(&r);
  tg_program_free(p);
}

static void where_and_nulls_decide_which_rows_count(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(
      "", "between { \"amount\", min = 0, where = function(b) return b.kind:eq(\"sale\") end },"
          "between { \"amount\", min = 0, nulls = \"fail\" },"
          "between { \"amount\", min = 0, nulls = \"pass\" }");
  RUN(&r, p, "{\"id\":1,\"kind\":\"sale\",\"amount\":-1}",
      "{\"id\":2,\"kind\":\"x\",\"amount\":-1}", "{\"id\":3,\"kind\":\"sale\"}",
      "{\"id\":4,\"amount\":-1}");
  assert_int_equal(r.judgement.rules[0].evaluated, 1);
  assert_int_equal(r.judgement.rules[0].failed, 1);
  assert_int_equal(r.judgement.rules[1].evaluated, 4);
  assert_int_equal(r.judgement.rules[1].failed, 4);
  assert_int_equal(r.judgement.rules[2].evaluated, 4);
  assert_int_equal(r.judgement.rules[2].failed, 3);
  run_close(&r);
  tg_program_free(p);
}

static void null_in_a_not_null_field_after_transform_is_quarantined(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p =
      program_of("return { table = \"orders\", fields = { \"id bigint not null\","
                 " \"a int\", \"sum int not null computed\", \"other int not null computed\" },\n"
                 "transform = function(b) b.sum = b.a end }");
  RUN(&r, p, "{\"id\":1,\"a\":1}", "{\"id\":2}");
  expect_fates(&r, "quarantine quarantine");
  expect_reason(&r, 0, "other: null in a NOT NULL field");
  expect_reason(&r, 1, "sum: null in a NOT NULL field");
  run_close(&r);
  tg_program_free(p);
}

static void mask_that_is_never_used_is_an_error(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with("if b.rows > 0 then local forgotten = b.id:gt(1) end", "");
  RUN(&r, p, "{\"id\":1}");
  expect_fates(&r, "quarantine");
  expect_reason(&r, 0, "scripts/orders.lua:3: ");
  run_close(&r);
  tg_program_free(p);
}

static void empty_batch_is_judged(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with("b.total = b.amount", "not_null { \"id\", critical = 1 }");
  run_open(&r, p, NULL, 0);
  assert_int_equal(run_judge(&r, p), TG_OK);
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_PASS);
  assert_int_equal(r.judgement.rules[0].evaluated, 0);
  run_close(&r);
  tg_program_free(p);
}

static void batch_of_bad_events_only_is_no_alarm_of_the_script(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with("if b.id:not_null():any() == false and b.rows > 0 then\n"
                                      "error(\"no ids\") end",
                                      "not_null { \"amount\", critical = 1 }");
  RUN(&r, p, "nonsense", "{\"id\":null}");
  expect_fates(&r, "quarantine quarantine");
  assert_false(r.judgement.critical);
  run_close(&r);
  tg_program_free(p);
}

static void bad_event_that_makes_transform_raise_costs_no_good_row(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with("if b.id:is_null():any() then error(\"no id\") end\n"
                                      "b.total = b.amount",
                                      "");
  RUN(&r, p, "no json", "{\"id\":1,\"amount\":2}");
  expect_fates(&r, "quarantine load");
  assert_int_equal(r.b.columns[3]->v.ints[1], 200);
  assert_null(r.b.issues[0]->next);
  assert_false(r.judgement.critical);
  run_close(&r);
  tg_program_free(p);
}

static void same_program_runs_batch_after_batch(void **state)
{
  (void)state;
  struct tg_program *p = program_with("b.total = b.amount + 1",
                                      "between { \"total\", min = 0 }, not_null { \"kind\" }");
  size_t after_first = 0;
  for (int i = 0; i < 200; i++) {
    struct run r;
    RUN(&r, p, "{\"id\":1,\"amount\":-5,\"kind\":\"a\"}", "{\"id\":2,\"amount\":1}");
    expect_fates(&r, "tag tag");
    run_close(&r);
    if (i == 20) after_first = tg_program_memory(p);
  }
  assert_true(tg_program_memory(p) < after_first * 2);
  tg_program_free(p);
}

static void transform_that_eats_memory_costs_only_its_rows(void **state)
{
  (void)state;
  struct sources s = {.memory_max = 4 << 20};
  struct run r;
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", " FIELDS ",\n"
              "transform = function(b)\n"
              "  b.total = b.amount * 2\n"
              "  local t = {}\n"
              "  if b.kind:eq(\"big\"):any() then for i = 1, 1e9 do t[i] = { i } end end\n"
              "end, rules = { not_null { \"amount\" } } }");
  struct tg_program *p = sources_program(&s);
  for (int i = 0; i < 2; i++) {
    RUN(&r, p, "{\"id\":1,\"amount\":1}", "{\"id\":2,\"kind\":\"big\"}", "{\"id\":3,\"amount\":1}");
    expect_fates(&r, "load quarantine load");
    expect_reason(&r, 1, "lua.memory");
    expect_reason(&r, 1, "scripts/orders.lua:5");
    assert_int_equal(r.b.columns[3]->v.ints[2], 200);
    assert_int_equal(r.judgement.rules[0].evaluated, 2);
    run_close(&r);
  }
  tg_program_free(p);
}

static void rule_that_eats_memory_is_an_error_and_the_others_go_on(void **state)
{
  (void)state;
  struct sources s = {.memory_max = 4 << 20};
  struct run r;
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_RULE, "rules/eats.lua",
              "return { doc = \"eats\", topics = { \"orders\" },\n"
              "check = function(b)\n"
              "  local t = {}\n"
              "  for i = 1, b.rows * 1000000000 do t[i] = { i } end\n"
              "  return b.id:gt(0)\n"
              "end }");
  sources_add(&s, TG_FILE_RULE, "rules/later.lua",
              "return { doc = \"later\", topics = { \"orders\" },\n"
              "check = function(b) return b.id:gt(1) end }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", " FIELDS " }");
  struct tg_program *p = sources_program(&s);
  RUN(&r, p, "{\"id\":1}");
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_ERROR);
  expect_text(r.judgement.rules[0].error, "lua.memory");
  assert_int_equal(r.judgement.rules[1].failed, 1);
  assert_true(r.judgement.critical);
  run_close(&r);
  tg_program_free(p);
}

static void functions_by_row_do_not_meet_rows_that_are_gone(void **state)
{
  (void)state;
  struct sources s = {0};
  struct run r;
  sources_add(&s, TG_FILE_RULE, "rules/byrow.lua",
              "return { doc = \"by row\", topics = { \"orders\" },\n"
              "check = function(b)\n"
              "  return b:map_rows({ \"id\" }, function(row) return row.id > 1 end)\n"
              "end }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", " FIELDS ",\n"
              "transform = function(b)\n"
              "  b:drop(b:map_rows({ \"id\" }, function(row) return row.id > 5 end), \"large\")\n"
              "end }");
  struct tg_program *p = sources_program(&s);
  RUN(&r, p, "{\"id\":1}", "no json", "{\"id\":2}", "{\"id\":6}");
  expect_fates(&r, "tag quarantine load drop");
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_FAIL);
  assert_int_equal(r.judgement.rules[0].evaluated, 2);
  assert_false(r.judgement.critical);
  run_close(&r);
  tg_program_free(p);
}

static void rows_whose_pattern_reaches_its_limit_are_quarantined_and_the_rule_errs(void **state)
{
  (void)state;
  struct run r;
  char event[200];
  struct tg_program *p = program_with("", "matches_regex { \"kind\", \"^(a|aa|aaa)+$\" }");
  snprintf(
      event, sizeof event, "{\"id\":1,\"kind\":\"%.*sb\"}", 90,
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  RUN(&r, p, event, "{\"id\":2,\"kind\":\"aa\"}", "{\"id\":3,\"kind\":\"b\"}");
  expect_fates(&r, "quarantine load tag");
  expect_reason(&r, 0, "matches_regex(kind): a limit was reached");
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_ERROR);
  assert_int_equal(r.judgement.rules[0].alarm, TG_ALARM_WARN);
  assert_int_equal(r.judgement.rules[0].evaluated, 2);
  expect_text(r.judgement.rules[0].error, "1 rows could not be judged");
  assert_false(r.judgement.critical);
  run_close(&r);
  tg_program_free(p);
}

static const char HARD[] =
    "return { table = \"orders\", " FIELDS ",\n"
    "transform = function(b)\n"
    "  b.total = b.amount * 2\n"
    "  b:tag(b.id:gt(1), \"more than one\")\n"
    "  if b.kind:eq(\"bad\"):any() then error(\"bad\") end\n"
    "end, rules = { between { \"total\", min = 3, on_fail = \"quarantine\" },"
    " in_set { \"kind\", { \"a\", \"b\" } }, not_null { \"amount\", critical = 1 } } }";
static const char *const HARD_EVENTS[] = {
    "{\"id\":1,\"amount\":1,\"kind\":\"a\"}", "{\"id\":2,\"amount\":2,\"kind\":\"bad\"}",
    "{\"id\":3,\"amount\":3,\"kind\":\"c\"}", "no json", "{\"id\":5,\"amount\":5,\"kind\":\"b\"}"};
enum { HARD_ROWS = sizeof HARD_EVENTS / sizeof *HARD_EVENTS };

/* Whatever the limit: loaded and right, or refused and said so; the sanitizers watch. */
static void any_memory_of_the_vm_ends_well(void **state)
{
  (void)state;
  uint32_t loaded = 0, refused = 0;
  for (size_t memory = 20000; memory < 1200000; memory += 9973) {
    struct sources s = {.memory_max = memory};
    struct tg_program *p;
    struct run r;
    sources_catalogue(&s);
    sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", HARD);
    if (sources_load(&s, &p) != TG_OK) {
      assert_true(s.faults_count > 0);
      refused++;
      continue;
    }
    loaded++;
    run_open(&r, p, HARD_EVENTS, HARD_ROWS);
    enum tg_rc rc = run_judge(&r, p);
    assert_true(rc == TG_OK || rc == TG_FULL || rc == TG_FATAL);
    if (rc == TG_OK) assert_int_equal(r.b.fates[1], TG_QUARANTINE);
    run_close(&r);
    tg_program_free(p);
  }
  assert_true(loaded > 10);
  assert_true(refused > 5);
}

static void any_memory_of_the_batch_ends_in_full_or_right(void **state)
{
  (void)state;
  struct tg_program *p = program_of(HARD);
  uint32_t full = 0, right = 0;
  for (size_t more = 0; more < 24000; more += 97) {
    struct run r;
    run_open(&r, p, HARD_EVENTS, HARD_ROWS);
    r.arena.bytes_max = r.arena.bytes_held;
    for (size_t size = 1 << 15; size; size /= 2) {
      while (tg_arena_bytes(&r.arena, size)) continue;
    }
    r.arena.chunk_size = 64;
    r.arena.bytes_max += more;
    enum tg_rc rc = run_judge(&r, p);
    if (rc == TG_FULL) {
      full++;
    } else {
      assert_int_equal(rc, TG_OK);
      expect_fates(&r, "quarantine quarantine tag quarantine tag");
      right++;
    }
    run_close(&r);
  }
  assert_true(full > 5);
  assert_true(right > 5);
  tg_program_free(p);
}

static uint32_t calls;
static void count_call(void *self)
{
  (void)self;
  calls++;
}

static void caller_is_called_between_evaluations(void **state)
{
  (void)state;
  struct run r;
  const char *const events[] = {"{\"id\":1}", "{\"id\":2}"};
  struct tg_program *p =
      program_with("if b.id:eq(1):any() then error(\"one\") end", "not_null { \"kind\" }");
  run_open(&r, p, events, 2);
  calls = 0;
  assert_int_equal(tg_program_run(p, &r.b, &r.judgement, count_call, NULL, &r.err), TG_OK);
  assert_true(calls >= 3);
  run_close(&r);
  tg_program_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clean_rows_are_loaded_with_what_transform_made),
      cmocka_unit_test(failing_rows_take_the_strongest_fate_and_keep_all_reasons),
      cmocka_unit_test(rules_do_not_see_rows_that_are_already_gone),
      cmocka_unit_test(exactly_the_rows_that_make_transform_raise_are_quarantined),
      cmocka_unit_test(what_a_failed_attempt_did_is_undone),
      cmocka_unit_test(transform_that_always_raises_is_critical_and_passes_nothing),
      cmocka_unit_test(too_many_guilty_rows_end_at_the_budget_without_passing),
      cmocka_unit_test(endless_transform_meets_its_deadline_and_passes_nothing),
      cmocka_unit_test(rule_that_raises_is_an_error_and_critical),
      cmocka_unit_test(levels_are_counts_or_shares_of_enough_rows),
      cmocka_unit_test(where_and_nulls_decide_which_rows_count),
      cmocka_unit_test(null_in_a_not_null_field_after_transform_is_quarantined),
      cmocka_unit_test(mask_that_is_never_used_is_an_error),
      cmocka_unit_test(empty_batch_is_judged),
      cmocka_unit_test(batch_of_bad_events_only_is_no_alarm_of_the_script),
      cmocka_unit_test(bad_event_that_makes_transform_raise_costs_no_good_row),
      cmocka_unit_test(same_program_runs_batch_after_batch),
      cmocka_unit_test(transform_that_eats_memory_costs_only_its_rows),
      cmocka_unit_test(rule_that_eats_memory_is_an_error_and_the_others_go_on),
      cmocka_unit_test(functions_by_row_do_not_meet_rows_that_are_gone),
      cmocka_unit_test(rows_whose_pattern_reaches_its_limit_are_quarantined_and_the_rule_errs),
      cmocka_unit_test(any_memory_of_the_vm_ends_well),
      cmocka_unit_test(any_memory_of_the_batch_ends_in_full_or_right),
      cmocka_unit_test(caller_is_called_between_evaluations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
