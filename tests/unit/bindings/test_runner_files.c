/* Files that inline tests read: fixtures of rules and topics, and what is refused. */
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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
