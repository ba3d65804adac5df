/* Inline tests of rules that the clock judges, and of windows. */
#include "programs.h"

#include "bindings/runner.h"

static char failures[8192];

static void note(void *self, const struct tg_test *test)
{
  (void)self;
  size_t used = strlen(failures);
  if (test->passed) return;
  snprintf(failures + used, sizeof failures - used, "%s: %s\n", test->title, test->detail);
}

/* How many tests of a rule with this form fail; failures says which. */
static uint32_t failing(const char *form, const char *tests)
{
  char text[4096];
  struct sources s = {0};
  struct tg_test_counts counts;
  struct tg_err err;
  snprintf(text, sizeof text, "return {\n  doc = \"a rule\",\n%s\n  tests = { %s },\n}\n", form,
           tests);
  sources_add(&s, TG_FILE_RULE, "rules/timed.lua", text);
  struct tg_program *p = sources_program(&s);
  failures[0] = 0;
  enum tg_rc rc = tg_program_test(p, NULL, note, NULL, &counts, &err);
  if (rc != TG_OK) fail_msg("%s: %s", err.where, err.what);
  tg_program_free(p);
  return counts.failed;
}

static void expect_pass(const char *form, const char *tests)
{
  if (failing(form, tests)) fail_msg("%s", failures);
}

#define FRESH                                                                                      \
  "every = \"10s\",\n"                                                                             \
  "judge = function(m, p, s, t)\n"                                                                 \
  "  local n = (s:get() or 0) + 1\n"                                                               \
  "  s:set(n)\n"                                                                                   \
  "  if not t.newest then return \"skip\" end\n"                                                   \
  "  return t.now - t.newest <= 60000000, n\n"                                                     \
  "end,"

static void the_clock_judges_in_order_and_state_is_kept(void **state)
{
  (void)state;
  expect_pass(FRESH, "{ \"t\", clock = { { now = \"1m\", newest = \"0s\" }, { now = \"61s\","
                     " newest = \"0s\" }, { now = \"2m\", newest = \"1m\" } },"
                     " fires = 2, quiet = \"1,3\", observed = 3 }");
}

static void what_the_test_does_not_tell_is_nil(void **state)
{
  (void)state;
  expect_pass(FRESH, "{ \"t\", clock = { { now = \"1m\", watermark = \"0s\","
                     " newest_event = \"0s\" } }, verdict = \"skip\" }");
}

static void a_state_that_grows_too_large_is_the_rules_error(void **state)
{
  (void)state;
  expect_pass("every = \"10s\",\n"
              "judge = function(m, p, s) s:set((\"x\"):rep(65520)) return true, 1 end,",
              "{ \"t\", clock = { { now = \"1m\" } }, verdict = \"error\" }");
}

static void a_wrong_expectation_of_the_clock_fails(void **state)
{
  (void)state;
  assert_int_equal(failing(FRESH, "{ \"t\", clock = { { now = \"2m\", newest = \"0s\" } },"
                                  " verdict = \"pass\" }"),
                   1);
  expect_text(failures, "verdict: expected pass, got fail");
}

/* It has neither check nor measure: judging the rows would call nothing. */
static void rows_given_to_a_rule_of_the_clock_are_an_error(void **state)
{
  (void)state;
  assert_int_equal(failing(FRESH, "{ \"t\", given = { x = { 1 } }, verdict = \"pass\" }"), 1);
  expect_text(failures, "timed is judged by the clock, not on rows");
}

#define WINDOWED                                                                                   \
  "over = \"1m\", every = \"1m\",\n"                                                               \
  "measure = function(b) return b:count() end,\n"                                                  \
  "judge = function(m, p, s, t)\n"                                                                 \
  "  local seen = s:get() or {}\n"                                                                 \
  "  if m then seen[#seen + 1] = { m.rows, t.start // 60000000 % 60, t.stop // 60000000 % 60 }\n"  \
  "  else seen[#seen + 1] = \"tick\" end\n"                                                        \
  "  s:set(seen)\n"                                                                                \
  "  local text = \"\"\n"                                                                          \
  "  for _, v in ipairs(seen) do\n"                                                                \
  "    text = text .. (m == nil and v == \"tick\" and v or type(v) == \"table\""                   \
  " and v[1] .. \"@\" .. v[2] .. \"-\" .. v[3] or \"?\") .. \" \"\n"                               \
  "  end\n"                                                                                        \
  "  return true, text\n"                                                                          \
  "end,"

static void each_batch_is_one_window_and_then_the_clock_judges(void **state)
{
  (void)state;
  expect_pass(WINDOWED, "{ \"t\", given = { { x = { 1, 2 } }, { x = {} }, { x = { 3 } } },"
                        " types = { x = \"bigint\" }, clock = { { now = \"5m\" } },"
                        " observed = \"2@0-1 1@2-3 tick \" }");
}

static void without_a_clock_a_measure_judges_the_batch(void **state)
{
  (void)state;
  expect_pass("measure = function(b) return b:count() end,\n"
              "judge = function(m, p, s, t) return t == nil, m.rows end,",
              "{ \"t\", given = { x = { 1, 2 } }, verdict = \"pass\", observed = 2 }");
}

static void a_batch_that_is_two_windows_fails_the_test(void **state)
{
  (void)state;
  assert_int_equal(failing(WINDOWED, "{ \"t\", given = { { x = { 1, 2 } } }, kafka = at(\"0s\","
                                     " \"1m\"), clock = { { now = \"5m\" } },"
                                     " verdict = \"pass\" }"),
                   1);
  expect_text(failures, "each batch is one window");
}

static void a_clock_that_is_none_is_a_fault(void **state)
{
  (void)state;
  static const char *const clocks[][2] = {
      {"5", "clock is a list"},
      {"{}", "clock is a list"},
      {"{ { newest = \"0s\" } }", "clock: now is missing"},
      {"{ { now = 5 } }", "clock: now: a duration"},
      {"{ { now = \"5m\", noon = \"1m\" } }", "clock: it tells now, newest"},
  };
  for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
    char text[1024];
    struct sources s = {0};
    struct tg_program *p;
    snprintf(text, sizeof text,
             "return { doc = \"d\", %s tests = { { \"t\", clock = %s, verdict = \"pass\" } } }",
             FRESH, clocks[i][0]);
    sources_add(&s, TG_FILE_RULE, "rules/timed.lua", text);
    assert_int_equal(sources_load(&s, &p), TG_CONFIG);
    expect_text(s.faults, clocks[i][1]);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_clock_judges_in_order_and_state_is_kept),
      cmocka_unit_test(what_the_test_does_not_tell_is_nil),
      cmocka_unit_test(a_state_that_grows_too_large_is_the_rules_error),
      cmocka_unit_test(a_wrong_expectation_of_the_clock_fails),
      cmocka_unit_test(rows_given_to_a_rule_of_the_clock_are_an_error),
      cmocka_unit_test(each_batch_is_one_window_and_then_the_clock_judges),
      cmocka_unit_test(without_a_clock_a_measure_judges_the_batch),
      cmocka_unit_test(a_batch_that_is_two_windows_fails_the_test),
      cmocka_unit_test(a_clock_that_is_none_is_a_fault),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
