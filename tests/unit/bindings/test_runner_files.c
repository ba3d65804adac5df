/* Files that inline tests read: fixtures of rules and topics, golden files, and what is refused. */
#include "programs.h"

#include "bindings/runner.h"

static char told[16384]; /* "subject: title: detail\n" of what failed */

static void note(void *self, const struct tg_test *test)
{
  (void)self;
  size_t used = strlen(told);
  if (test->passed) return;
  snprintf(told + used, sizeof told - used, "%s: %s: %s\n", test->subject, test->title,
           test->detail);
}

/* Runs all tests; what failed is in `told`. */
static void run_sources(struct sources *s)
{
  struct tg_test_counts counts;
  struct tg_err err;
  struct tg_program *p = sources_program(s);
  *told = '\0';
  if (tg_program_test(p, NULL, note, NULL, &counts, &err) != TG_OK) {
    fail_msg("%s: %s", err.where, err.what);
  }
  assert_true(counts.run > 0);
  tg_program_free(p);
}

static const char *rule_text(const char *test)
{
  static char text[4096];
  snprintf(text, sizeof text,
           "return {\n"
           "  doc = \"x is above a limit\",\n"
           "  params = { \"column column\", \"limit number = 2\" },\n"
           "  check = function(b, p) return b[p.column]:gt(p.limit) end,\n"
           "  tests = {\n%s\n  },\n}\n",
           test);
  return text;
}

/* Runs one test of a rule in rules/mine/above.lua beside a file. */
static void run_rule(const char *path, const char *file, const char *test)
{
  struct sources s = {0};
  if (path) sources_add(&s, TG_FILE_DATA, path, file);
  sources_add(&s, TG_FILE_RULE, "rules/mine/above.lua", rule_text(test));
  run_sources(&s);
}

static void expect_holds(const char *path, const char *file, const char *test)
{
  run_rule(path, file, test);
  if (*told) fail_msg("%s", told);
}

static void expect_told(const char *path, const char *file, const char *test, const char *part)
{
  run_rule(path, file, test);
  expect_text(told, part);
}

static void expect_refused(const char *test, const char *part)
{
  struct sources s = {0};
  struct tg_program *p;
  sources_add(&s, TG_FILE_RULE, "rules/mine/above.lua", rule_text(test));
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, part);
}

static void rows_come_from_a_file_beside_the_rule(void **state)
{
  (void)state;
  expect_holds("rules/mine/r.jsonl", "{\"x\": 1}\n\n{\"x\": 3, \"y\": \"a\"}\r\n{\"x\": null}",
               "{ \"t\", with = { \"x\" }, given = fixture \"r.jsonl\", fails = { 1 },"
               " evaluated = 2 }");
  expect_holds("rules/mine/r.ndjson", "{\"x\": 1}\n{\"x\": 3}\n",
               "{ \"t\", with = { \"x\" }, given = fixture \"r.ndjson\", fails = { 1 } }");
  expect_holds("rules/mine/r.csv", "x,y\n1,a\n3,\n",
               "{ \"t\", with = { \"x\" }, given = fixture \"r.csv\", fails = { 1 } }");
  expect_holds("rules/data/r.csv", "x\n1\n3\n",
               "{ \"t\", with = { \"x\" }, given = fixture \"../data/./r.csv\", fails = { 1 } }");
}

static void a_fixture_that_is_not_as_expected_is_told(void **state)
{
  (void)state;
  expect_told("rules/mine/r.csv", "x\n1\n3\n",
              "{ \"t\", with = { \"x\" }, given = fixture \"r.csv\", fails = { 2 } }",
              "fails: expected { 2 }, got { 1 }");
}

static void types_of_a_fixture_are_those_of_its_values_unless_said(void **state)
{
  (void)state;
  expect_holds("rules/mine/r.csv", "x\n2.004\n2.006\n",
               "{ \"t\", with = { \"x\" }, given = fixture \"r.csv\", fails = {} }");
  expect_holds("rules/mine/r.csv", "x\n2.00\n2.01\n",
               "{ \"t\", with = { \"x\" }, given = fixture \"r.csv\","
               " types = { x = \"numeric(12,2)\" }, fails = { 1 } }");
  expect_told("rules/mine/r.csv", "x\n2\nb\n",
              "{ \"t\", with = { \"x\" }, given = fixture \"r.csv\", fails = { 1 } }", "text");
}

static void each_fixture_of_a_list_is_a_batch(void **state)
{
  (void)state;
  struct sources s = {0};
  sources_add(&s, TG_FILE_DATA, "rules/mine/a.csv", "x\n1\n3\n");
  sources_add(&s, TG_FILE_DATA, "rules/mine/b.jsonl", "{\"x\": 2.5}\n{\"x\": 0}");
  sources_add(&s, TG_FILE_RULE, "rules/mine/above.lua",
              rule_text("{ \"t\", with = { \"x\" }, given = { fixture \"a.csv\","
                        " fixture \"b.jsonl\" }, fails = { 1, 4 }, fires = \"1-2\" }"));
  run_sources(&s);
  if (*told) fail_msg("%s", told);
}

static void a_broken_line_is_named_with_its_file(void **state)
{
  (void)state;
  const char *test =
      "{ \"t\", with = { \"x\" }, given = fixture \"r.jsonl\", verdict = \"error\" }";
  expect_told("rules/mine/r.jsonl", "{\"x\": 1}\n{\"x\": }\n", test, "rules/mine/r.jsonl:2: ");
  expect_told("rules/mine/r.jsonl", "{\"x\": 1}\n[1]\n", test,
              "rules/mine/r.jsonl:2: not a JSON object");
  expect_told("rules/mine/other.jsonl", "{}", test, "rules/mine/r.jsonl: there is no such file");
  expect_told("rules/mine/r.csv", "x,y\n1,2\n3\n",
              "{ \"t\", with = { \"x\" }, given = fixture \"r.csv\", fails = {} }",
              "rules/mine/r.csv:3: 1 fields; the first line has 2");
}

static void more_rows_than_a_test_may_have_are_refused(void **state)
{
  (void)state;
  size_t rows = 100001;
  char *text = calloc(rows, 3);
  assert_non_null(text);
  for (size_t i = 0; i < rows; i++) memcpy(text + 3 * i, i + 1 < rows ? "{}\n" : "{}", 3);
  expect_told("rules/mine/r.jsonl", text,
              "{ \"t\", with = { \"x\" }, given = fixture \"r.jsonl\", fails = {} }",
              "rules/mine/r.jsonl: a test has at most 100000 rows");
  free(text);
}

static void no_path_leaves_the_folder(void **state)
{
  (void)state;
#define GIVEN(name) "{ \"t\", with = { \"x\" }, given = fixture " name ", fails = {} }"
  expect_refused(GIVEN("\"../../r.csv\""), "rules/mine/above.lua:6: fixture: '../../r.csv' leaves");
  expect_refused(GIVEN("\"a/../../../rules/r.csv\""), "leaves the folder rules");
  expect_refused(GIVEN("\"/etc/r.csv\""), "a file beside the script that ends in .csv");
  expect_refused(GIVEN("\"r.txt\""), "not 'r.txt'");
  expect_refused(GIVEN("\".csv\""), "not '.csv'");
  expect_refused(GIVEN("{}"), "fixture: a file beside the script");
  expect_refused(
      "{ \"t\", with = { \"x\" }, given = { fixture \"r.csv\", { x = 1 } }, fails = {} }",
      "given: a fixture stands alone, or in a list of fixtures");
}

#define TOPIC(test)                                                                                \
  "return {\n  table = \"orders\",\n  fields = { \"id bigint not null\", \"name text\" },\n"       \
  "  tests = { " test " },\n}\n"

static void run_topic(const char *path, const char *file, const char *text)
{
  struct sources s = {0};
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", text);
  sources_add(&s, TG_FILE_DATA, path, file);
  run_sources(&s);
}

static void events_of_a_topic_are_the_lines_as_they_are(void **state)
{
  (void)state;
  run_topic(
      "scripts/fixtures/e.jsonl", "{\"id\": 1, \"name\": \"a\"}\n{\"id\": \n\n[]\n{\"id\": 2}",
      TOPIC("{ \"t\", events = fixture \"fixtures/e.jsonl\", rows = { { id = 1, name = \"a\" },"
            " { id = 2, name = null } }, quarantined = { 2, 3 } }"));
  if (*told) fail_msg("%s", told);
  run_topic("scripts/e.csv", "id,name\n1,a\nx,b\n7,\"8\"\n",
            TOPIC("{ \"t\", events = fixture \"e.csv\", rows = { { id = 1, name = \"a\" },"
                  " { id = 7, name = \"8\" } }, quarantined = { { 2, \"id\" } } }"));
  if (*told) fail_msg("%s", told);
  run_topic("scripts/e.csv", "id,name\n1\n",
            TOPIC("{ \"t\", events = fixture \"e.csv\", rows = {} }"));
  expect_text(told, "scripts/e.csv:2: 1 fields");
}

static void events_are_one_fixture_or_none(void **state)
{
  (void)state;
  expect_fault(TOPIC("{ \"t\", events = { fixture \"e.csv\" }, rows = {} }"),
               "events: a fixture stands alone");
}

/* --- golden files --- */

static char written[4096]; /* what the last run wrote: "path: text" */

static enum tg_rc write_golden(void *self, const char *path, bool catalogue, struct tg_text text,
                               struct tg_err *err)
{
  assert_false(catalogue);
  if (self) return tg_err_set(err, TG_CONFIG, path, "cannot be written (errno 30)");
  snprintf(written, sizeof written, "%s: %.*s", path, TG_TEXT(text));
  return TG_OK;
}

/* As run_sources(), with --update: what is written is in `written`. */
static void update_sources(struct sources *s, bool refused)
{
  struct tg_test_counts counts;
  struct tg_err err;
  struct tg_program *p = sources_program(s);
  *told = *written = '\0';
  tg_program_keep(p, write_golden, refused ? p : NULL);
  if (tg_program_test(p, NULL, note, NULL, &counts, &err) != TG_OK) {
    fail_msg("%s: %s", err.where, err.what);
  }
  tg_program_free(p);
}

static struct sources golden_sources(const char *file, const char *test)
{
  struct sources s = {0};
  if (file) sources_add(&s, TG_FILE_DATA, "rules/mine/a.golden.json", file);
  sources_add(&s, TG_FILE_RULE, "rules/mine/above.lua", rule_text(test));
  return s;
}

#define EXPECT(more)                                                                               \
  "{ \"t\", with = { \"x\" }, given = { x = { 1, 3, null } }, " more                               \
  "expect = golden \"a.golden.json\" }"
#define GOT                                                                                        \
  "{\n  \"verdict\": \"fail\",\n  \"level\": \"warn\",\n  \"evaluated\": 2,\n  \"fails\": [\n"     \
  "    [1, \"x: 1 fails above(x)\"]\n  ]\n}\n"

static void a_golden_file_is_what_a_test_expects(void **state)
{
  (void)state;
  struct sources s = golden_sources(GOT, EXPECT(""));
  run_sources(&s);
  assert_string_equal(told, "");
  s = golden_sources("{\r\n  \"verdict\": \"fail\",\r\n  \"level\": \"warn\",\r\n"
                     "  \"evaluated\": 2,\r\n  \"fails\": [\r\n"
                     "    [1, \"x: 1 fails above(x)\"]\r\n  ]\r\n}",
                     EXPECT(""));
  run_sources(&s);
  assert_string_equal(told, "");
  s = golden_sources(NULL, EXPECT(""));
  run_sources(&s);
  expect_text(told, "golden file rules/mine/a.golden.json is not there: tidegate test --update");
}

static void a_golden_file_that_differs_is_shown_line_by_line(void **state)
{
  (void)state;
  struct sources s = golden_sources("{\n  \"verdict\": \"pass\",\n  \"level\": \"warn\",\n"
                                    "  \"evaluated\": 2,\n  \"other\": 1,\n  \"fails\": [\n"
                                    "    [1, \"x: 1 fails above(x)\"]\n  ]\n}\n",
                                    EXPECT(""));
  run_sources(&s);
  assert_string_equal(told,
                      "above: t: golden file rules/mine/a.golden.json: - expected, + got (tidegate "
                      "test --update writes what was got)\n"
                      "- 2:   \"verdict\": \"pass\",\n+ 2:   \"verdict\": \"fail\",\n"
                      "- 5:   \"other\": 1,\n");
}

static void a_long_difference_is_cut(void **state)
{
  (void)state;
  static char text[40000];
  for (size_t i = 0, n = 0; i < 2000; i++)
    n += (size_t)snprintf(text + n, sizeof text - n, "line %zu\n", i);
  struct sources s = golden_sources(text, EXPECT(""));
  run_sources(&s);
  expect_text(told, "- 1: line 0\n");
  expect_text(told, ".. and 1988 more lines");
  if (strstr(told, "- 21: ")) fail_msg("%s", told);
}

static void an_update_writes_what_was_got(void **state)
{
  (void)state;
  struct sources s = golden_sources(NULL, EXPECT(""));
  update_sources(&s, false);
  assert_string_equal(told, "");
  assert_string_equal(written, "rules/mine/a.golden.json: " GOT);
  s = golden_sources(GOT, EXPECT(""));
  update_sources(&s, false);
  assert_string_equal(written, "");
  s = golden_sources("{}", EXPECT(""));
  update_sources(&s, true);
  expect_text(told, "above: t: rules/mine/a.golden.json: cannot be written (errno 30)");
}

static void an_update_writes_nothing_when_something_else_is_wrong(void **state)
{
  (void)state;
  struct sources s = golden_sources("{}", EXPECT("fails = { 2 }, "));
  update_sources(&s, false);
  expect_text(told, "fails: expected { 2 }, got { 1 }");
  expect_text(told, "golden file rules/mine/a.golden.json: - expected");
  assert_string_equal(written, "");
  s = golden_sources("{}", "{ \"t\", with = { \"y\" }, given = { x = { 1 } },"
                           " expect = golden \"a.golden.json\" }");
  update_sources(&s, false);
  expect_text(told, "got above: column: there is no column 'y'");
  assert_string_equal(written, "");
  s = (struct sources){0};
  sources_add(&s, TG_FILE_RULE, "rules/r.lua",
              "return { doc = \"d\", params = { \"column column\" },\n"
              "  check = function(b, p) return b:map_rows({ p.column }, function()\n"
              "    return b.rows > 1 end) end,\n"
              "  tests = { { \"t\", with = { \"x\" }, given = { x = { 1, 2 } },\n"
              "    expect = golden \"a.golden.json\" } } }\n");
  update_sources(&s, false);
  expect_text(told, "as one batch for each row");
  assert_string_equal(written, "");
}

static void what_a_measure_saw_is_kept_batch_by_batch(void **state)
{
  (void)state;
  struct sources s = {0};
  sources_add(&s, TG_FILE_RULE, "rules/r.lua",
              "return { doc = \"d\", params = { \"most number\" },\n"
              "  measure = function(b) return { rows = b.rows } end,\n"
              "  judge = function(m, p) return m.rows < p.most, { value = m.rows / 3,\n"
              "    expected = 2, key = \"1.50000000000000 \\\"e\" } end,\n"
              "  tests = { { \"t\", with = { 2 }, given = series { rows = true, 1, 2 },\n"
              "    expect = golden \"r.golden.json\" } } }\n");
  update_sources(&s, false);
  assert_string_equal(told, "");
  expect_text(written, "  \"batches\": [\n"
                       "    {\"verdict\": \"pass\", \"observed\":0.3333333333,\"expected\":2,"
                       "\"key\":\"1.50000000000000 \\\"e\"},\n"
                       "    {\"verdict\": \"fail\", \"observed\":0.6666666667,\"expected\":2,"
                       "\"key\":\"1.50000000000000 \\\"e\"}\n  ]\n");
}

static void rows_of_a_topic_are_kept_with_all_their_fields(void **state)
{
  (void)state;
  struct sources s = {0};
  sources_add(
      &s, TG_FILE_SCRIPT, "scripts/orders.lua",
      "return { table = \"orders\", fields = { \"id bigint not null\", \"name text\",\n"
      "    \"amount numeric(12,2)\", \"f double precision\", \"ok boolean\",\n"
      "    \"at timestamptz\", \"j jsonb\", \"tags text[]\" },\n"
      "  transform = function(b) b:drop(b.name:eq(\"go\"), \"gone\")\n"
      "    b:tag(b.name:eq(\"odd\"), \"an odd name\") end,\n"
      "  tests = { { \"t\", expect = golden \"o.golden.json\", events = {\n"
      "    { id = 1, name = 'a\"\\n', amount = 12.5, f = 1/3, ok = true,\n"
      "      at = \"2026-01-01T01:00:00+01:00\", j = { 1, { a = 2 } }, tags = { \"x\" } },\n"
      "    { id = \"x\" }, { id = 2, name = \"go\" }, { id = 3, name = \"odd\" } } } } }\n");
  update_sources(&s, false);
  assert_string_equal(told, "");
  assert_string_equal(
      written, "scripts/o.golden.json: {\n  \"rows\": [\n"
               "    {\"id\": 1, \"name\": \"a\\\"\\n\", \"amount\": 12.50, \"f\": 0.3333333333,"
               " \"ok\": true, \"at\": \"2026-01-01T00:00:00Z\", \"j\": [1,{\"a\":2}],"
               " \"tags\": \"{\\\"x\\\"}\"},\n"
               "    {\"id\": 3, \"name\": \"odd\", \"amount\": null, \"f\": null, \"ok\": null,"
               " \"at\": null, \"j\": null, \"tags\": null}\n  ],\n"
               "  \"quarantined\": [\n    [2, \"id: 'x' is not a number\"]\n  ],\n"
               "  \"dropped\": [\n    [3, \"gone\"]\n  ],\n  \"tagged\": [\n    [4, \"an odd "
               "name\"]\n  ]\n}\n");
}

static void a_golden_file_that_cannot_be_is_refused(void **state)
{
  (void)state;
  expect_refused(EXPECT("verdict = \"error\", "), "expect: nothing is kept of an error");
  expect_refused(EXPECT("") ", " EXPECT(""),
                 "expect: rules/mine/a.golden.json is that of test 't': each test has its own");
  expect_refused("{ \"t\", given = { x = {} }, expect = golden \"a.json\" }",
                 "golden: a file beside the script that ends in .golden.json is due, not 'a.json'");
  expect_refused("{ \"t\", given = { x = {} }, expect = \"a.golden.json\" }",
                 "expect is what a file says, golden \"name.golden.json\", not 'a.golden.json'");
  expect_refused("{ \"t\", expect = golden \"a.golden.json\", property = { gen = { x ="
                 " gen.integer(1, 2) }, holds = function() return true end } }",
                 "expect: nothing is kept of a property");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_come_from_a_file_beside_the_rule),
      cmocka_unit_test(a_fixture_that_is_not_as_expected_is_told),
      cmocka_unit_test(types_of_a_fixture_are_those_of_its_values_unless_said),
      cmocka_unit_test(each_fixture_of_a_list_is_a_batch),
      cmocka_unit_test(a_broken_line_is_named_with_its_file),
      cmocka_unit_test(more_rows_than_a_test_may_have_are_refused),
      cmocka_unit_test(no_path_leaves_the_folder),
      cmocka_unit_test(events_of_a_topic_are_the_lines_as_they_are),
      cmocka_unit_test(events_are_one_fixture_or_none),
      cmocka_unit_test(a_golden_file_is_what_a_test_expects),
      cmocka_unit_test(a_golden_file_that_differs_is_shown_line_by_line),
      cmocka_unit_test(a_long_difference_is_cut),
      cmocka_unit_test(an_update_writes_what_was_got),
      cmocka_unit_test(an_update_writes_nothing_when_something_else_is_wrong),
      cmocka_unit_test(what_a_measure_saw_is_kept_batch_by_batch),
      cmocka_unit_test(rows_of_a_topic_are_kept_with_all_their_fields),
      cmocka_unit_test(a_golden_file_that_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
