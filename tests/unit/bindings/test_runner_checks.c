/* What the runner tries beyond a test's own expectations: order of rows, cut of batches, judging
 * again; series, properties, Kafka times, aliases; rules never seen to fail. */
#include "programs.h"

#include "bindings/runner.h"

static char told[16384]; /* "subject: title: detail\n" of what failed, and of notes */
static uint32_t failed;  /* of the run_file() before */

static void note(void *self, const struct tg_test *test)
{
  (void)self;
  size_t used = strlen(told);
  if (test->passed && !test->note) return;
  if (test->note) assert_true(test->passed);
  snprintf(told + used, sizeof told - used, "%s: %s: %s\n", test->subject, test->title,
           test->detail);
}

/* Runs the tests of a rule file and returns what failed. */
static const char *run_file(enum tg_file_kind kind, const char *text)
{
  struct sources s = {0};
  struct tg_test_counts counts;
  struct tg_err err;
  sources_add(&s, kind, "rules/r.lua", text);
  struct tg_program *p = sources_program(&s);
  told[0] = '\0';
  if (tg_program_test(p, NULL, note, NULL, &counts, &err) != TG_OK) {
    fail_msg("%s: %s", err.where, err.what);
  }
  assert_true(counts.run > 0);
  failed = counts.failed;
  tg_program_free(p);
  return told;
}

static void assert_told(const char *text, const char *part)
{
  const char *got = run_file(TG_FILE_RULE, text);
  if (!strstr(got, part)) fail_msg("'%s' is not in '%s'", part, got);
}

/* Notes are no failures. */
static void assert_holds(const char *text)
{
  const char *got = run_file(TG_FILE_RULE, text);
  if (failed) fail_msg("%s", got);
}

/* --- what every rule must hold --- */

#define FIRST(depends, test)                                                                       \
  "local seen\n"                                                                                   \
  "return { doc = \"d\", params = { \"column column\" }, " depends "\n"                            \
  "  check = function(b, p)\n"                                                                     \
  "    return b:map_rows({ p.column }, function(r)\n"                                              \
  "      if b.rows == 1 then return true end\n"                                                    \
  "      return r[p.column] > 1 end) end,\n"                                                       \
  "  tests = { " test " } }\n"

static void a_result_that_depends_on_the_cut_is_found(void **state)
{
  (void)state;
  const char *test = "{ \"t\", with = { \"x\" }, given = { x = { 1, 2 } }, fails = { 1 } }";
  char text[2048];
  snprintf(text, sizeof text, FIRST("%s", "%s"), "", test);
  assert_told(text, "r: t: as one batch for each row (every rule is tried so): fails: expected "
                    "{ 1 }, got {}; a rule whose result depends on other rows says depends");
  snprintf(text, sizeof text, FIRST("%s", "%s"), "depends = \"batch\",", test);
  assert_holds(text);
  snprintf(text, sizeof text, FIRST("%s", "%s"), "depends = \"stream\",", test);
  assert_told(text, "as one batch for each row");
}

static void a_result_that_depends_on_the_order_is_found(void **state)
{
  (void)state;
  assert_told(
      "return { doc = \"d\", params = { \"column column\" },\n"
      "  check = function(b, p) local first = true\n"
      "    return b:map_rows({ p.column }, function() local f = first first = b.rows == 1\n"
      "      return f end) end,\n"
      "  tests = { { \"t\", with = { \"x\" }, given = { x = { 1, 2, 3 } },\n"
      "    fails = { 2, 3 } } } }\n",
      "r: t: in another order of the rows (every rule is tried so): fails: expected { 2, 3 }");
}

static void a_rule_that_remembers_in_a_local_is_found(void **state)
{
  (void)state;
  assert_told(
      "local calls = 0\n"
      "return { doc = \"d\", params = { \"column column\" }, depends = \"batch\",\n"
      "  check = function(b, p) calls = calls + 1 return b[p.column]:gt(calls) end,\n"
      "  tests = { { \"t\", with = { \"x\" }, given = { x = { 1, 2 } }, fails = { 1 } } } }\n",
      "r: t: judged again (every rule is tried so): fails: expected { 1 }, got { 1, 2 }");
}

static void a_measure_that_depends_on_the_order_is_found(void **state)
{
  (void)state;
  assert_told("return { doc = \"d\", params = { \"column column\" },\n"
              "  measure = function(b, p) local first\n"
              "    b:map_rows({ p.column }, function(r) first = first or r[p.column]\n"
              "      return true end):count()\n"
              "    return { first = first } end,\n"
              "  judge = function(m) return true, m.first end,\n"
              "  tests = { { \"t\", with = { \"x\" }, given = { x = { 1, 2, 3, 4 } },\n"
              "    observed = 1 } } }\n",
              "r: t: in another order of the rows (every rule is tried so): observed: expected 1");
}

static void a_rule_of_the_catalogue_must_be_seen_to_fail_and_to_pass(void **state)
{
  (void)state;
  const char *got = run_file(
      TG_FILE_CATALOGUE,
      "return { doc = \"d\", params = { \"column column\" },\n"
      "  check = function(b, p) return b[p.column]:gt(1) end,\n"
      "  tests = { { \"t\", with = { \"x\" }, given = { x = { 1 } }, fails = { 1 } } } }\n");
  assert_string_equal(got, "r: is seen to pass: no test in which it is seen to pass\n");
  got = run_file(TG_FILE_CATALOGUE,
                 "return { doc = \"d\", params = { \"column column\" },\n"
                 "  check = function(b, p) return b[p.column]:gt(1) end,\n"
                 "  tests = { { \"t\", with = { \"x\" }, given = { x = { 1, 2 } }, verdict = "
                 "\"fail\" } } }\n");
  assert_string_equal(got, "");
}

static void what_tests_of_a_users_rule_never_saw_is_noted(void **state)
{
  (void)state;
#define SEEN(tests)                                                                                \
  "return { doc = \"d\", params = { \"column column\" },\n"                                        \
  "  check = function(b, p) return b[p.column]:gt(1) end, " tests " }\n"
#define CASE(rows, more) "{ \"t" more "\", with = { \"x\" }, given = { x = { " rows " } }, "
  assert_string_equal(run_file(TG_FILE_RULE, SEEN("tests = { " CASE("1", "") "fails = { 1 } } }")),
                      "r: is seen to pass: no test in which it is seen to pass\n");
  assert_string_equal(run_file(TG_FILE_RULE, SEEN("tests = { " CASE("2", "") "fails = {} } }")),
                      "r: is seen to fail: no test in which it is seen to fail\n");
  assert_string_equal(run_file(TG_FILE_RULE, SEEN("tests = { " CASE("2", "") "fails = {} }, " CASE(
                                                 "1", "2") "fails = { 1 } } }")),
                      "");
}

static void a_rule_without_a_test_is_noted_when_all_tests_run(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_test_counts counts;
  struct tg_err err;
  sources_add(&s, TG_FILE_RULE, "rules/r.lua", SEEN(""));
  sources_add(&s, TG_FILE_RULE, "rules/t.lua",
              SEEN("tests = { " CASE("1, 2", "") "fails = { 1 } } }"));
  struct tg_program *p = sources_program(&s);
  *told = '\0';
  assert_int_equal(tg_program_test(p, NULL, note, NULL, &counts, &err), TG_OK);
  assert_string_equal(told, "r: has a test: no test\n");
  assert_int_equal(counts.run, 1);
  assert_int_equal(counts.failed, 0);
  *told = '\0';
  assert_int_equal(tg_program_test(p, "rules/t.lua", note, NULL, &counts, &err), TG_OK);
  assert_string_equal(told, "");
  assert_int_equal(tg_program_test_own(p, note, NULL, &counts, &err), TG_OK);
  assert_string_equal(told, "");
  tg_program_free(p);
}

/* --- state --- */

#define COUNTING(judge, test)                                                                      \
  "local calls = 0\n"                                                                              \
  "return { doc = \"d\", depends = \"stream\", params = { \"most integer\" },\n"                   \
  "  measure = function(b) return { rows = b.rows } end,\n"                                        \
  "  judge = function(m, p, s) " judge " end,\n"                                                   \
  "  tests = { { \"t\", with = { 3 }, given = series { rows = true, 1, 1, 1, 1, 1 }, " test        \
  " } } }\n"

static void what_a_judge_keeps_survives_restarts(void **state)
{
  (void)state;
  const char *kept = "local n = (s:get() or 0) + 1 s:set(n) return n <= p.most, n";
  char text[2048];
  snprintf(text, sizeof text, COUNTING("%s", "%s"), kept,
           "fires = \"4,5\", quiet = \"1-3\", observed = 5, restart_at = { 2, 4 }, reload_at = 3");
  assert_holds(text);
}

static void what_a_judge_keeps_elsewhere_is_found(void **state)
{
  (void)state;
  assert_told(COUNTING("s:set(1) calls = calls + 1 return calls <= p.most, calls",
                       "fires = \"4,5\", quiet = \"1-3\""),
              "r: t: judged again (every rule is tried so): observed: expected 5, got");
}

static void what_is_kept_by_key_survives_restarts(void **state)
{
  (void)state;
  assert_holds("return { doc = \"d\", params = { \"key column\" }, depends = \"stream\",\n"
               "  state = { key = \"$key\", keys_max = 10 },\n"
               "  check = function(b, p, s) return s:ordinal():le(2) end,\n"
               "  tests = { { \"t\", with = { \"k\" }, given = { { k = { \"a\", \"a\" } },\n"
               "    { k = { \"a\", \"b\" } }, { k = { \"b\", \"b\" } } }, fails = { 3, 6 },\n"
               "    restart_at = { 2, 3 } } } }\n");
}

/* Fails from the third batch on since the state began. */
static void a_reload_with_another_version_starts_anew(void **state)
{
  (void)state;
  const char *kept = "local n = (s:get() or 0) + 1 s:set(n) return n <= p.most - 1, n";
  char text[2048];
#define RELOADED(test)                                                                             \
  (snprintf(text, sizeof text, COUNTING("%s", "%s"), kept, test), (const char *)text)
  assert_holds(RELOADED("fires = { 3, 4, 5 }, observed = 5, reload_at = 3"));
  assert_holds(RELOADED("fires = 5, quiet = \"1-4\", observed = 3,"
                        " reload_at = { at = 3, version = \"2\" }"));
  assert_holds(RELOADED("quiet = \"1-5\", observed = 1,"
                        " reload_at = { { at = 3, version = 2 }, { at = 5, version = 3 } }"));
  assert_holds(RELOADED("fires = 5, quiet = \"1-4\", observed = 3,"
                        " reload_at = { { at = 3, version = 2 }, { at = 5, version = \"2\" } }"));
  assert_told(RELOADED("fires = 5, observed = 5, reload_at = { at = 3, version = 2 }"),
              "observed: expected 5, got 3");
}

static void a_reload_with_the_same_version_keeps_what_there_is(void **state)
{
  (void)state;
  assert_holds("return { doc = \"d\", params = { \"most integer\" }, depends = \"stream\",\n"
               "  version = 7, measure = function(b) return { rows = b.rows } end,\n"
               "  judge = function(m, p, s) local n = (s:get() or 0) + 1 s:set(n)\n"
               "    return n <= p.most, n end,\n"
               "  tests = { { \"t\", with = { 1 }, given = series { rows = true, 1, 1 },\n"
               "    fires = 2, observed = 2, reload_at = { at = 2, version = \"7\" } },\n"
               "  { \"u\", with = { 1, version = 8 }, given = series { rows = true, 1, 1 },\n"
               "    quiet = \"1-2\", observed = 1, reload_at = { at = 2, version = 7 } } } }\n");
}

static void state_by_key_begins_anew_with_another_version(void **state)
{
  (void)state;
#define BY_KEY(test)                                                                               \
  "return { doc = \"d\", params = { \"key column\" }, depends = \"stream\",\n"                     \
  "  state = { key = \"$key\", keys_max = 10 },\n"                                                 \
  "  check = function(b, p, s) return s:ordinal():le(2) end,\n"                                    \
  "  tests = { { \"t\", with = { \"k\" }, given = { { k = { \"a\", \"a\" } },\n"                   \
  "    { k = { \"a\", \"b\" } }, { k = { \"a\", \"b\" } } }, " test " } } }\n"
  assert_holds(BY_KEY("fails = { 3, 5 }, reload_at = { 2, 3 }"));
  assert_holds(BY_KEY("fails = {}, reload_at = { at = 2, version = \"2\" }"));
  assert_holds(BY_KEY("fails = { 3 }, reload_at = { at = 3, version = \"2\" }"));
  assert_holds(
      BY_KEY("fails = {}, reload_at = { { at = 2, version = 2 }, { at = 3, version = 2 } }"));
}

static void a_reload_that_cannot_be_is_refused(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_program *p;
#define RELOAD(what) "{ \"" what "\", given = { x = {} }, fails = {}, reload_at = " what " }, "
  sources_add(&s, TG_FILE_RULE, "rules/r.lua",
              "return { doc = \"d\", params = { \"column column\" },\n"
              "  check = function(b, p) return b[p.column]:gt(1) end,\n"
              "  tests = { " RELOAD("{ version = 1 }") RELOAD("{ at = 1, to = 2 }")
                  RELOAD("{ at = 1, version = 1.5 }") RELOAD("{ at = true }") " } }\n");
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, "reload_at: at is missing");
  expect_text(s.faults, "reload_at: { at = 3, version = \"2\" } has no key 'to'");
  expect_text(s.faults, "reload_at: version is a text or a whole number, not 1.5");
  expect_text(s.faults, "reload_at: batches are written as");
}

static void the_level_that_a_failure_raises_is_compared(void **state)
{
  (void)state;
#define LEVEL(settings, test)                                                                      \
  "return { doc = \"d\", params = { \"column column\" }, " settings "\n"                           \
  "  check = function(b, p) return b[p.column]:gt(1) end,\n"                                       \
  "  tests = { { \"t\", with = { \"x\" }, given = { { x = { 0, 0 } }, { x = { 2, 2 } } }, " test   \
  " } } }\n"
  assert_holds(LEVEL("", "level = \"warn\""));
  assert_holds(LEVEL("critical = 2,", "level = \"critical\", verdict = \"fail\""));
  assert_holds(LEVEL("critical = 3,", "level = \"warn\""));
  assert_told(LEVEL("", "level = \"critical\""), "level: expected critical, got warn");
  assert_told(LEVEL("mostly = 0,", "level = \"warn\""), "level: expected warn, got none");
  assert_told(LEVEL("critical = 2,", "level = \"warn\""), "level: expected warn, got critical");
}

static void a_judge_may_raise_the_level(void **state)
{
  (void)state;
  assert_holds("return { doc = \"d\", params = { \"most integer\" },\n"
               "  measure = function(b) return { rows = b.rows } end,\n"
               "  judge = function(m, p) return m.rows <= p.most, m.rows, \"critical\" end,\n"
               "  tests = { { \"t\", with = { 1 }, given = series { rows = true, 1, 2, 1 },\n"
               "    level = \"critical\" } } }\n");
}

static void rows_may_come_out_of_order(void **state)
{
  (void)state;
  assert_holds("return { doc = \"d\", params = { \"column column\" },\n"
               "  check = function(b, p) return b[p.column]:gt(3) end,\n"
               "  tests = { { \"t\", with = { \"x\" }, given = { x = { 1, 9, 9, 2, 9 } },\n"
               "    out_of_order = 4, fails = { 1, 4 }, reasons = { \"x: 1 fails r(x)\",\n"
               "    \"x: 2 fails r(x)\" } } } }\n");
  assert_told("return { doc = \"d\", params = { \"column column\" }, depends = \"batch\",\n"
              "  check = function(b, p) local last = 0\n"
              "    return b:map_rows({ p.column }, function(r) local up = r[p.column] > last\n"
              "      last = r[p.column] return up end) end,\n"
              "  tests = { { \"t\", with = { \"x\" }, given = { x = { 1, 2, 3, 4, 5 } },\n"
              "    out_of_order = 4, fails = {} } } }\n",
              "r: t: fails: expected {}, got {");
}

/* --- series --- */

#define LARGE(test)                                                                                \
  "return { doc = \"d\", params = { \"column column\" },\n"                                        \
  "  measure = function(b, p) local n = 0\n"                                                       \
  "    b:map_rows({ p.column }, function(r) n = n + r[p.column] return true end):count()\n"        \
  "    return { sum = n } end,\n"                                                                  \
  "  judge = function(m) return m.sum < 500, m.sum end,\n"                                         \
  "  tests = { { \"t\", with = { \"value\" }, " test " } } }\n"

static void a_series_is_one_batch_a_value(void **state)
{
  (void)state;
  assert_holds(LARGE("given = series { gen.poisson(100, 200), 900, gen.normal(100, 9, 50) },\n"
                     "fires = { 201 }, quiet = \"1-200,202-251\""));
  assert_holds(
      LARGE("given = series { 1, 900, gen.constant(2, 3) }, fires = { \"2-4\" }, seed = 9"));
  assert_holds(LARGE("given = series { rows = true, 3, 40 }, quiet = 1, fires = 2"));
}

static void a_series_that_fires_at_the_wrong_place_is_told(void **state)
{
  (void)state;
  assert_told(LARGE("given = series { 1, 900, 1 }, quiet = \"1-3\""),
              "quiet: expected no fail in batches 1-3, got fail in batch 2 {\"observed\":900}");
  assert_told(LARGE("given = series { 1, 900, 1 }, fires = \"3\""),
              "fires: expected a fail in batch 3, got pass in batch 3 {\"observed\":1}");
  assert_told(LARGE("given = series { 1 }, fires = { \"2-9\" }"),
              "fires: expected a fail in batches 2-9, got no such batch");
}

/* --- properties --- */

#define ODD(property)                                                                              \
  "return { doc = \"d\", params = { \"column column\" },\n"                                        \
  "  check = function(b, p) return b[p.column]:lt(7) end,\n"                                       \
  "  tests = { { \"t\", with = { \"x\" }, property = { " property " } } } }\n"

static void a_property_is_tried_on_many_rows(void **state)
{
  (void)state;
  assert_holds(
      ODD("gen = { x = gen.maybe(gen.integer(-9, 9)) }, seed = 3,\n"
          "holds = function(rows, got) local n = 0\n"
          "  for _, r in ipairs(rows) do if r.x ~= null and r.x >= 7 then n = n + 1 end end\n"
          "  return n == #got.fails end"));
}

static void a_broken_property_shows_its_smallest_rows_and_seed(void **state)
{
  (void)state;
  const char *text = ODD("gen = { x = gen.integer(-99, 99), y = gen.text(5) }, seed = 5,\n"
                         "holds = function(rows, got) return #got.fails == 0, \"it fails\" end");
  static char first[sizeof told];
  assert_told(text, "(seed 5) does not hold: it fails\nsmallest rows: { x = 7, y = '' }");
  memcpy(first, told, sizeof first);
  assert_string_equal(run_file(TG_FILE_RULE, text), first);
}

/* --- time, aliases --- */

static void kafka_says_when_it_got_each_row(void **state)
{
  (void)state;
  assert_holds(
      "return { doc = \"d\", params = { \"column column\" },\n"
      "  check = function(b, p) return b:kafka_timestamp():le(b[p.column]) end,\n"
      "  tests = { { \"t\", with = { \"x\" }, given = { { x = at(\"1s\", \"2s\") },\n"
      "    { x = at(\"9s\") } }, kafka = at(\"1s\", \"3s\", \"9s\"), fails = { 2 } },\n"
      "    { \"u\", with = { \"x\" }, given = { x = at(\"0s\", \"1s\") }, fails = {} } } }\n");
}

static void an_alias_is_tested_by_its_name(void **state)
{
  (void)state;
#define ALIASED(alias)                                                                             \
  "return { doc = \"d\", params = { \"column column\", \"least integer\" },\n"                     \
  "  aliases = { above_two = { least = 3 } },\n"                                                   \
  "  check = function(b, p) return b[p.column]:ge(p.least) end,\n"                                 \
  "  tests = { { \"t\", alias = \"" alias "\", with = { \"x\" }, given = { x = { 2, 3 } },\n"      \
  "    fails = { 1 } } } }\n"
  assert_holds(ALIASED("above_two"));
  assert_told(ALIASED("above_one"), "r has no alias 'above_one'");
#undef ALIASED
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_result_that_depends_on_the_cut_is_found),
      cmocka_unit_test(a_result_that_depends_on_the_order_is_found),
      cmocka_unit_test(a_rule_that_remembers_in_a_local_is_found),
      cmocka_unit_test(a_measure_that_depends_on_the_order_is_found),
      cmocka_unit_test(a_rule_of_the_catalogue_must_be_seen_to_fail_and_to_pass),
      cmocka_unit_test(what_a_judge_keeps_survives_restarts),
      cmocka_unit_test(what_a_judge_keeps_elsewhere_is_found),
      cmocka_unit_test(what_is_kept_by_key_survives_restarts),
      cmocka_unit_test(what_tests_of_a_users_rule_never_saw_is_noted),
      cmocka_unit_test(a_rule_without_a_test_is_noted_when_all_tests_run),
      cmocka_unit_test(a_reload_with_another_version_starts_anew),
      cmocka_unit_test(a_reload_with_the_same_version_keeps_what_there_is),
      cmocka_unit_test(state_by_key_begins_anew_with_another_version),
      cmocka_unit_test(a_reload_that_cannot_be_is_refused),
      cmocka_unit_test(the_level_that_a_failure_raises_is_compared),
      cmocka_unit_test(a_judge_may_raise_the_level),
      cmocka_unit_test(rows_may_come_out_of_order),
      cmocka_unit_test(a_series_is_one_batch_a_value),
      cmocka_unit_test(a_series_that_fires_at_the_wrong_place_is_told),
      cmocka_unit_test(a_property_is_tried_on_many_rows),
      cmocka_unit_test(a_broken_property_shows_its_smallest_rows_and_seed),
      cmocka_unit_test(kafka_says_when_it_got_each_row),
      cmocka_unit_test(an_alias_is_tested_by_its_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
