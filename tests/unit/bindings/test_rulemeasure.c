/* Rules that measure a batch and judge what they found. */
#include "programs.h"

#include "bindings/runner.h"

#include <math.h>

#define FIELDS "fields = { \"id bigint not null\", \"amount numeric(12,2)\", \"kind text\" }"

/* A kind `filled` with this judge and more keys: how many values a column has. */
static void add_kind(struct sources *s, const char *judge, const char *more)
{
  static char text[4096];
  snprintf(
      text, sizeof text,
      "return { doc = \"d\", params = { \"column column\", \"min number?\", \"max number?\" },\n"
      "over = \"batch\", measure = function(b, p) return { count = b[p.column]:not_null():count() "
      "} end,\n"
      "judge = function(m, p) -- p.min p.max\n%s\nend,\n%s }",
      judge, more);
  sources_add(s, TG_FILE_RULE, "rules/filled.lua", text);
}

static struct tg_program *program_with(const char *judge, const char *more, const char *use)
{
  static char script[2048];
  struct sources s = {0};
  add_kind(&s, judge, more);
  snprintf(script, sizeof script, "return { table = \"orders\", " FIELDS ", rules = { %s } }", use);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  return sources_program(&s);
}

static void expect_load_fault(const char *more, const char *use, const char *fault)
{
  static char script[2048];
  struct sources s = {0};
  struct tg_program *p;
  add_kind(&s, "return within(m.count, p.min, p.max)", more);
  snprintf(script, sizeof script, "return { table = \"orders\", " FIELDS ", rules = { %s } }", use);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  enum tg_rc rc = sources_load(&s, &p);
  if (rc == TG_OK) tg_program_free(p);
  assert_int_equal(rc, TG_CONFIG);
  expect_text(s.faults, fault);
}

#define WITHIN "return within(m.count, p.min, p.max)"

/* Judges three rows, two of which have an amount; returns the verdict by value. */
static struct tg_verdict_row judge_three(struct tg_program *p, struct run *r)
{
  RUN(r, p, "{\"id\":1,\"amount\":1}", "{\"id\":2}", "{\"id\":3,\"amount\":3}");
  return r->judgement.rules[0];
}

static void what_is_within_bounds_passes_and_is_shown(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(WITHIN, "", "filled { \"amount\", min = 2, max = 2.5 }");
  struct tg_verdict_row v = judge_three(p, &r);
  assert_string_equal(v.rule, "filled(amount)");
  assert_int_equal(v.verdict, TG_VERDICT_PASS);
  assert_int_equal(v.alarm, TG_ALARM_NONE);
  assert_int_equal(v.evaluated, 2);
  assert_int_equal(v.skipped, 1);
  assert_int_equal(v.failed, 0);
  assert_true(v.observed_number >= 2 && v.observed_number <= 2);
  assert_string_equal(v.seen, "{\"observed\":2,\"min\":2,\"max\":2.5}");
  expect_fates(&r, "load load load");
  run_close(&r);
  tg_program_free(p);
}

static void what_is_outside_warns_without_levels_and_moves_no_row(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(WITHIN, "", "filled { \"amount\", min = 3 }");
  struct tg_verdict_row v = judge_three(p, &r);
  assert_int_equal(v.verdict, TG_VERDICT_FAIL);
  assert_int_equal(v.alarm, TG_ALARM_WARN);
  assert_int_equal(v.failed, 1);
  assert_false(r.judgement.critical);
  expect_fates(&r, "load load load");
  run_close(&r);
  tg_program_free(p);
}

static void critical_of_a_measure_opens_the_breaker_and_says_what_was_seen(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(WITHIN, "", "filled { \"amount\", max = 1, critical = 1 }");
  assert_int_equal(judge_three(p, &r).alarm, TG_ALARM_CRITICAL);
  assert_true(r.judgement.critical);
  assert_string_equal(r.judgement.critical_why,
                      "filled(amount): fails: {\"observed\":2,\"max\":1}");
  run_close(&r);
  tg_program_free(p);
}

static void levels_may_be_compared_with_what_was_seen(void **state)
{
  (void)state;
  static const struct {
    const char *use;
    enum tg_alarm alarm;
  } cases[] = {
      {"filled { \"amount\", warn = \"60%\", critical = \"70%\" }", TG_ALARM_NONE},
      {"filled { \"amount\", warn = \"50%\", critical = \"70%\" }", TG_ALARM_WARN},
      {"filled { \"amount\", warn = \"10%\", critical = \"50%\" }", TG_ALARM_CRITICAL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct run r;
    struct tg_program *p = program_with("return true, 0.25 * m.count, p.min, p.max",
                                        "levels = \"value\",", cases[i].use);
    struct tg_verdict_row v = judge_three(p, &r);
    assert_int_equal(v.alarm, cases[i].alarm);
    assert_int_equal(v.verdict, v.alarm == TG_ALARM_NONE ? TG_VERDICT_PASS : TG_VERDICT_FAIL);
    assert_int_equal(v.failed, v.alarm != TG_ALARM_NONE);
    run_close(&r);
    tg_program_free(p);
  }
  expect_load_fault("levels = \"rows\",", "", "levels = \"value\" is all it can be");
}

static void judge_may_say_what_a_failure_is_at_least(void **state)
{
  (void)state;
  static const struct {
    const char *judge;
    enum tg_alarm alarm;
  } cases[] = {
      {"return false, 1, \"critical\"", TG_ALARM_CRITICAL},
      {"return false, 1, \"warn\"", TG_ALARM_WARN},
      {"return false, 1", TG_ALARM_WARN},
      {"return true, 1, \"critical\"", TG_ALARM_NONE},
      {"return nil, nil, \"critical\"", TG_ALARM_CRITICAL},
      {"return \"skip\", 1, \"critical\"", TG_ALARM_NONE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct run r;
    struct tg_program *p = program_with(cases[i].judge, "", "filled { \"amount\" }");
    struct tg_verdict_row v = judge_three(p, &r);
    if (v.alarm != cases[i].alarm) fail_msg("%s: %d", cases[i].judge, v.alarm);
    assert_int_equal(r.judgement.critical, v.alarm == TG_ALARM_CRITICAL);
    run_close(&r);
    tg_program_free(p);
  }
}

static void nothing_to_measure_is_what_empty_says(void **state)
{
  (void)state;
  static const struct {
    const char *use;
    enum tg_verdict verdict;
  } cases[] = {
      {"filled { \"kind\" }", TG_VERDICT_FAIL},
      {"filled { \"kind\", empty = \"fail\" }", TG_VERDICT_FAIL},
      {"filled { \"kind\", empty = \"pass\" }", TG_VERDICT_PASS},
      {"filled { \"kind\", empty = \"skip\" }", TG_VERDICT_SKIP},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct run r;
    struct tg_program *p = program_with(
        "local v = nil\nif m.count > 0 then v = m.count end\nreturn within(v, p.min, p.max)", "",
        cases[i].use);
    struct tg_verdict_row v = judge_three(p, &r);
    assert_int_equal(v.verdict, cases[i].verdict);
    assert_int_equal(v.failed, cases[i].verdict == TG_VERDICT_FAIL);
    assert_true(isnan(v.observed_number));
    assert_string_equal(v.seen, "{\"observed\":null}");
    run_close(&r);
    tg_program_free(p);
  }
}

static void judge_may_say_skip_and_more_than_a_number(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p =
      program_with("return \"skip\", { value = 1.5, expected = 2, low = 1, high = 3, score = 0.5,"
                   " approx = true, key = { \"a\", null } }",
                   "", "filled { \"amount\", max = 9, critical = 1 }");
  struct tg_verdict_row v = judge_three(p, &r);
  assert_int_equal(v.verdict, TG_VERDICT_SKIP);
  assert_int_equal(v.alarm, TG_ALARM_NONE);
  assert_string_equal(v.seen, "{\"observed\":1.5,\"expected\":2,\"low\":1,\"high\":3,\"score\":0.5,"
                              "\"max\":9,\"approx\":true,\"key\":[\"a\",null]}");
  run_close(&r);
  tg_program_free(p);
}

static void nan_is_within_no_bound(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(
      "return within(0/0, p.min, p.max)", "",
      "filled { \"amount\", min = 0 }, filled { \"amount\", max = 0 }, filled { \"id\" }");
  judge_three(p, &r);
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_FAIL);
  assert_int_equal(r.judgement.rules[1].verdict, TG_VERDICT_FAIL);
  assert_int_equal(r.judgement.rules[2].verdict, TG_VERDICT_PASS);
  assert_string_equal(r.judgement.rules[0].seen, "{\"observed\":\"NaN\",\"min\":0}");
  run_close(&r);
  tg_program_free(p);
}

static void bounds_are_inclusive_unless_excluded(void **state)
{
  (void)state;
  static const struct {
    const char *judge;
    enum tg_verdict verdict;
  } cases[] = {
      {"return within(2, 2, nil)", TG_VERDICT_PASS},
      {"return within(2, 2, nil, true)", TG_VERDICT_FAIL},
      {"return within(2, 2, nil, false, true)", TG_VERDICT_PASS},
      {"return within(2, nil, 2)", TG_VERDICT_PASS},
      {"return within(2, nil, 2, true)", TG_VERDICT_PASS},
      {"return within(2, nil, 2, false, true)", TG_VERDICT_FAIL},
      {"return within(2, 1, 3, true, true)", TG_VERDICT_PASS},
      {"return within(2, nil, nil)", TG_VERDICT_PASS},
      {"return within(0, 1, 3)", TG_VERDICT_FAIL},
      {"return within(4, 1, 3)", TG_VERDICT_FAIL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct run r;
    struct tg_program *p = program_with(cases[i].judge, "", "filled { \"amount\", min = 0 }");
    struct tg_verdict_row v = judge_three(p, &r);
    if (v.verdict != cases[i].verdict) fail_msg("%s: %d", cases[i].judge, v.verdict);
    run_close(&r);
    tg_program_free(p);
  }
}

static void with_fewer_values_than_min_rows_a_measure_is_not_judged(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(WITHIN, "",
                                      "filled { \"amount\", min = 9, min_rows = 3 },"
                                      "filled { \"amount\", min = 9, min_rows = 2 }");
  judge_three(p, &r);
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_SKIP);
  assert_int_equal(r.judgement.rules[0].failed, 0);
  assert_int_equal(r.judgement.rules[1].verdict, TG_VERDICT_FAIL);
  run_close(&r);
  tg_program_free(p);
}

static void judge_that_answers_nonsense_is_an_error_and_critical(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
      {"if m.count > 0 then return 7 end", "the verdict is 7, not true, false, nil or 'skip'"},
      {"if m.count > 0 then return true, { valeu = 1 } end", "observed has the key 'valeu'"},
      {"if m.count > 0 then return true, print end", "observed is a function"},
      {"if m.count > 0 then return true, 1, 2 end", "the third value is 2, not 'warn' or"},
      {"if m.count > 0 then return true, { value = { print } } end", "observed holds"},
      {"if m.count > 0 then error(\"oh no\") end", "rules/filled.lua:4: oh no"},
      {"if m.count > 0 then return within(1, \"a\") end", "compare"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct run r;
    struct tg_program *p = program_with(cases[i][0], "", "filled { \"amount\", max = 9 + 0 * 1 }");
    struct tg_verdict_row v = judge_three(p, &r);
    assert_int_equal(v.verdict, TG_VERDICT_ERROR);
    assert_int_equal(v.alarm, TG_ALARM_CRITICAL);
    assert_true(r.judgement.critical);
    expect_text(v.error, cases[i][1]);
    run_close(&r);
    tg_program_free(p);
  }
}

static void what_is_seen_has_a_cap(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with("local t = {}\n"
                                      "for i = 1, 5000 do t[i] = 7 end\n"
                                      "return true, t",
                                      "", "filled { \"amount\" }, filled { \"id\" }");
  struct tg_verdict_row v = judge_three(p, &r);
  assert_int_equal(v.verdict, TG_VERDICT_PASS);
  assert_int_equal(strlen(v.seen), strlen("{\"observed\":[]}") + 1000 * 2 - 1);
  run_close(&r);
  tg_program_free(p);
  p = program_with("return true, (\"x\"):rep(100000)", "", "filled { \"amount\" }");
  v = judge_three(p, &r);
  assert_string_equal(v.seen, "{\"observed\":\"too long to be kept\"}");
  run_close(&r);
  tg_program_free(p);
}

static void what_has_no_use_for_a_measure_does_not_load(void **state)
{
  (void)state;
  expect_load_fault("", "filled { \"amount\", on_fail = \"drop\" }", "no row fails a measure");
  expect_load_fault("on_fail = \"drop\"", "",
                    "rules/filled.lua:6: on_fail: no row fails a measure");
  expect_load_fault("", "filled { \"amount\", warn = \"5%\" }",
                    "warn: a measure that fails counts as one failing row");
  expect_load_fault("", "filled { \"amount\", critical = \"5%\" }", "write a count");
  expect_load_fault("", "filled { \"amount\", mostly = 0.5 }", "mostly: no row fails a measure");
  expect_load_fault("", "filled { \"amount\", nulls = \"fail\" }", "nulls: a measure leaves nulls");
  expect_load_fault("", "filled { \"amount\", over = \"5ms\" }", "a window is at least 1s long");
  expect_load_fault("", "filled { \"amount\", empty = \"x\" }",
                    "empty: one of 'fail', 'pass', 'skip' is due");
  expect_load_fault("check = function(b, p) return b[p.column]:not_null() end", "",
                    "either check or measure and judge, not both");
}

static void half_a_measure_does_not_load(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
      {"return { doc = \"d\", measure = function() end }",
       "judge = function(m, p) .. end is missing"},
      {"return { doc = \"d\", judge = function() end }",
       "measure = function(b, p) .. end is missing"},
      {"return { doc = \"d\", measure = 1, judge = 2 }", "measure is a function, not 1"},
      {"return { doc = \"d\", params = { \"column column\" }, empty = \"pass\",\n"
       "check = function(b, p) return b[p.column]:not_null() end }",
       "rules/half.lua:1: empty: a check passes when there is nothing to judge"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct sources s = {0};
    struct tg_program *p;
    sources_add(&s, TG_FILE_RULE, "rules/half.lua", cases[i][0]);
    assert_int_equal(sources_load(&s, &p), TG_CONFIG);
    expect_text(s.faults, cases[i][1]);
  }
}

static void judge_that_raises_on_nothing_is_found_at_load(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_program *p;
  add_kind(&s, "local none = nil\nreturn none / m.count > 0", "");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", " FIELDS ", rules = { filled { \"amount\" } } }");
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, "rules/filled.lua:5: ");
}

/* A rule that takes a measure by name. */
static void add_taker(struct sources *s)
{
  sources_add(s, TG_FILE_RULE, "rules/taken.lua",
              "return { doc = \"d\", params = { \"metric measure\", \"min number?\" },\n"
              "over = \"batch\", measure = function(b, p) return p.metric.take(b) end,\n"
              "judge = function(m, p) return within(p.metric.value(m), p.min) end }");
}

static void measures_are_arguments_too(void **state)
{
  (void)state;
  struct sources s = {0};
  struct run r;
  add_taker(&s);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "local three = { name = \"three\", take = function(b) return { n = 3 } end,\n"
              "value = function(m) return m.n end }\n"
              "return { table = \"orders\", " FIELDS ", rules = { taken { three, min = 2 } } }");
  struct tg_program *p = sources_program(&s);
  struct tg_verdict_row v = judge_three(p, &r);
  assert_int_equal(v.verdict, TG_VERDICT_PASS);
  assert_string_equal(v.seen, "{\"observed\":3,\"min\":2}");
  run_close(&r);
  tg_program_free(p);
}

static void what_is_no_measure_is_refused(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
      {"7", "metric: a measure such as measure.mean \"amount\" is due, not 7"},
      {"{}", "a measure such as"},
      {"{ 7 }", "a measure such as"},
      {"{ mean = \"a\", sum = \"a\" }", "a measure such as"},
      {"{ maen_of = \"amount\" }", "there is no measure 'maen_of'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char script[512];
    struct sources s = {0};
    struct tg_program *p;
    add_taker(&s);
    snprintf(script, sizeof script,
             "return { table = \"orders\", " FIELDS ", rules = { taken { %s } } }", cases[i][0]);
    sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
    assert_int_equal(sources_load(&s, &p), TG_CONFIG);
    expect_text(s.faults, cases[i][1]);
  }
}

/* --- inline tests --- */

struct outcome {
  char text[4096];
};

static void note(void *self, const struct tg_test *test)
{
  struct outcome *o = self;
  if (!test->passed) snprintf(o->text, sizeof o->text, "%s: %s", test->title, test->detail);
}

static struct outcome outcome_of(const char *judge, const char *test)
{
  static char tests[2048];
  struct outcome o = {""};
  struct sources s = {0};
  struct tg_test_counts counts;
  struct tg_err err;
  snprintf(tests, sizeof tests, "tests = { %s }", test);
  add_kind(&s, judge, tests);
  struct tg_program *p = sources_program(&s);
  assert_int_equal(tg_program_test(p, NULL, note, &o, &counts, &err), TG_OK);
  assert_int_equal(counts.run, 1);
  tg_program_free(p);
  return o;
}

static void tests_expect_what_was_observed(void **state)
{
  (void)state;
  static const char *const good[][2] = {
      {WITHIN, "{ \"t\", with = { \"x\", min = 1 }, given = { x = { 1, null } }, observed = 1,"
               " verdict = \"pass\", evaluated = 1 }"},
      {WITHIN, "{ \"t\", with = { \"x\", min = 2 }, given = { x = { 1 } }, verdict = \"fail\" }"},
      {"return nil", "{ \"t\", with = { \"x\" }, given = { x = { 1 } }, observed = null,"
                     " verdict = \"fail\" }"},
      {"return true, { \"a\", 2 }",
       "{ \"t\", with = { \"x\" }, given = { x = { 1 } }, observed = { \"a\", 2 } }"},
      {"return true, 0.1 + 0.2",
       "{ \"t\", with = { \"x\" }, given = { x = { 1 } }, observed = 0.3 }"},
      {"return true, 0/0", "{ \"t\", with = { \"x\" }, given = { x = { 1 } }, observed = 0/0 }"},
      {"return true, 1/0", "{ \"t\", with = { \"x\" }, given = { x = { 1 } }, observed = 1/0 }"},
  };
  static const char *const bad[][3] = {
      {WITHIN, "{ \"t\", with = { \"x\" }, given = { x = { 1 } }, observed = 2 }",
       "observed: expected 2, got 1"},
      {WITHIN, "{ \"t\", with = { \"x\" }, given = { x = { 1 } }, observed = null }",
       "observed: expected null, got 1"},
      {"return true, 1/0", "{ \"t\", with = { \"x\" }, given = { x = { 1 } }, observed = 7 }",
       "observed: expected 7, got inf"},
      {"return true, { \"a\" }",
       "{ \"t\", with = { \"x\" }, given = { x = { 1 } }, observed = { \"a\", \"b\" } }",
       "observed: expected { 'a', 'b' }, got { 'a' }"},
      {WITHIN, "{ \"t\", with = { \"x\" }, given = { x = { 1 } }, verdict = \"fail\" }",
       "verdict: expected fail, got pass"},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    struct outcome o = outcome_of(good[i][0], good[i][1]);
    if (*o.text) fail_msg("%s: %s", good[i][1], o.text);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    expect_text(outcome_of(bad[i][0], bad[i][1]).text, bad[i][2]);
  }
}

static void one_batch_after_the_other_is_judged(void **state)
{
  (void)state;
  struct outcome o = outcome_of(
      WITHIN, "{ \"t\", with = { \"x\", min = 2 }, given = { { x = { 1 } },"
              " { x = { 1, 2, 3 } } }, observed = 3, verdict = \"fail\", evaluated = 4 }");
  assert_string_equal(o.text, "");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_within_bounds_passes_and_is_shown),
      cmocka_unit_test(what_is_outside_warns_without_levels_and_moves_no_row),
      cmocka_unit_test(critical_of_a_measure_opens_the_breaker_and_says_what_was_seen),
      cmocka_unit_test(levels_may_be_compared_with_what_was_seen),
      cmocka_unit_test(judge_may_say_what_a_failure_is_at_least),
      cmocka_unit_test(nothing_to_measure_is_what_empty_says),
      cmocka_unit_test(judge_may_say_skip_and_more_than_a_number),
      cmocka_unit_test(nan_is_within_no_bound),
      cmocka_unit_test(bounds_are_inclusive_unless_excluded),
      cmocka_unit_test(with_fewer_values_than_min_rows_a_measure_is_not_judged),
      cmocka_unit_test(judge_that_answers_nonsense_is_an_error_and_critical),
      cmocka_unit_test(what_is_seen_has_a_cap),
      cmocka_unit_test(what_has_no_use_for_a_measure_does_not_load),
      cmocka_unit_test(half_a_measure_does_not_load),
      cmocka_unit_test(judge_that_raises_on_nothing_is_found_at_load),
      cmocka_unit_test(measures_are_arguments_too),
      cmocka_unit_test(what_is_no_measure_is_refused),
      cmocka_unit_test(tests_expect_what_was_observed),
      cmocka_unit_test(one_batch_after_the_other_is_judged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
