/* The runner of inline tests: what holds, what does not, and how it is shown. */
#include "programs.h"

#include "bindings/runner.h"

struct outcome {
  char text[16384]; /* "subject: title: detail\n" of what failed */
  uint32_t line;
};

static void note(void *self, const struct tg_test *test)
{
  struct outcome *o = self;
  size_t used = strlen(o->text);
  o->line = (uint32_t)test->line;
  if (test->passed) return;
  snprintf(o->text + used, sizeof o->text - used, "%s:%d: %s: %s: %s\n", test->path, test->line,
           test->subject, test->title, test->detail);
}

static struct tg_test_counts run_all(struct tg_program *p, const char *filter, struct outcome *o)
{
  struct tg_test_counts counts;
  struct tg_err err;
  *o = (struct outcome){0};
  enum tg_rc rc = tg_program_test(p, filter, note, o, &counts, &err);
  if (rc != TG_OK) fail_msg("%s: %s", err.where, err.what);
  return counts;
}

static void every_test_of_the_catalogue_passes(void **state)
{
  (void)state;
  struct sources s = {0};
  struct outcome o;
  sources_catalogue(&s);
  struct tg_program *p = sources_program(&s);
  struct tg_test_counts counts = run_all(p, NULL, &o);
  if (counts.failed) fail_msg("%s", o.text);
  assert_true(counts.run >= 50);
  tg_program_free(p);
}

/* A rule of a user with this body of tests. */
static struct tg_program *rule_with(const char *tests)
{
  static char text[4096];
  struct sources s = {0};
  snprintf(text, sizeof text,
           "return {\n"
           "  doc = \"x is above a limit\",\n"
           "  params = { \"column column\", \"limit number = 2\" },\n"
           "  check = function(b, p) return b[p.column]:gt(p.limit) end,\n"
           "  reason = \"{column}: {} is not above {limit}\",\n"
           "  tests = {\n%s\n  },\n}\n",
           tests);
  sources_add(&s, TG_FILE_RULE, "rules/above.lua", text);
  return sources_program(&s);
}

static void expect_failure(const char *test, const char *detail)
{
  struct outcome o;
  struct tg_program *p = rule_with(test);
  struct tg_test_counts counts = run_all(p, NULL, &o);
  assert_int_equal(counts.run, 1);
  assert_int_equal(counts.failed, 1);
  expect_text(o.text, detail);
  tg_program_free(p);
}

static void expect_pass(const char *test)
{
  struct outcome o;
  struct tg_program *p = rule_with(test);
  struct tg_test_counts counts = run_all(p, NULL, &o);
  assert_int_equal(counts.run, 1);
  if (counts.failed) fail_msg("%s", o.text);
  tg_program_free(p);
}

static void the_users_own_tests_run_alone(void **state)
{
  (void)state;
  struct sources s = {0};
  struct outcome o = {0};
  struct tg_test_counts counts;
  struct tg_err err;
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_RULE, "rules/above.lua",
              "return { doc = \"d\", params = { \"column column\" },\n"
              "check = function(b, p) return b[p.column]:gt(2) end,\n"
              "tests = { { \"holds\", with = { \"x\" }, given = { x = { 3 } }, fails = {} },\n"
              "{ \"not\", with = { \"x\" }, given = { x = { 3 } }, fails = { 1 } } } }");
  struct tg_program *p = sources_program(&s);
  assert_int_equal(tg_program_test_own(p, note, &o, &counts, &err), TG_OK);
  assert_int_equal(counts.run, 2);
  assert_int_equal(counts.failed, 1);
  expect_text(o.text, "rules/above.lua:4: above: not: fails: expected { 1 }");
  tg_program_free(p);
}

static void wrong_expectation_is_shown_with_file_and_line(void **state)
{
  (void)state;
  expect_failure("    { \"t\", with = { \"x\" }, given = { x = { 1, 2, 3 } }, fails = { 1 } },",
                 "rules/above.lua:7: above: t: fails: expected { 1 }, got { 1, 2 }");
  expect_failure("{ \"t\", with = { \"x\" }, given = { x = { 1 } }, verdict = \"pass\" }",
                 "verdict: expected pass, got fail");
  expect_failure("{ \"t\", with = { \"x\" }, given = { x = { 1, null } }, evaluated = 2 }",
                 "evaluated: expected 2, got 1");
  expect_failure("{ \"t\", with = { \"x\" }, given = { x = { 1 } }, reasons = { \"no\" } }",
                 "reasons: expected { no }, got { x: 1 is not above 2 }");
  expect_failure("{ \"t\", with = { \"x\" }, given = { x = { \"a\" } }, fails = { 1 } }",
                 "no error: expected a verdict, got ");
  expect_failure("{ \"t\", with = { \"y\" }, given = { x = { 1 } }, fails = { 1 } }",
                 "there is no column 'y'");
  expect_failure("{ \"t\", with = { \"x\" }, given = { x = { 3 } }, verdict = \"error\" }",
                 "verdict: expected error, got pass");
}

static void given_may_be_columns_rows_or_batches(void **state)
{
  (void)state;
  expect_pass("{ \"t\", with = { \"x\" }, given = { x = { 1, 3 } }, fails = { 1 } }");
  expect_pass("{ \"t\", with = { \"x\" }, given = { { x = 1 }, { x = 3 }, { y = 3 } },"
              " fails = { 1 }, evaluated = 2 }");
  expect_pass("{ \"t\", with = { \"x\" }, given = { { x = { 1, 3 } }, { x = { 3, 2 } } },"
              " fails = { 1, 4 }, evaluated = 4 }");
  expect_pass("{ \"t\", with = { \"x\" }, given = { x = {} }, types = { x = \"int\" },"
              " evaluated = 0, verdict = \"pass\" }");
}

static void types_are_inferred_or_given(void **state)
{
  (void)state;
  expect_pass("{ \"t\", with = { \"x\" }, given = { x = { 1, 2.5 } }, fails = { 1 } }");
  expect_pass("{ \"t\", with = { \"x\" }, given = { x = { \"2.00\", \"2.01\" } },"
              " types = { x = \"numeric(12,2)\" }, fails = { 1 } }");
  expect_failure("{ \"t\", with = { \"x\" }, given = { x = { 1 } }, types = { x = \"nope\" },"
                 " fails = { 1 } }",
                 "types: x: ");
  expect_failure("{ \"t\", with = { \"x\" }, given = { x = { \"a\" } }, types = { x = \"int\" },"
                 " fails = { 1 } }",
                 "given row 1: ");
}

static void any_name_may_be_a_column(void **state)
{
  (void)state;
  expect_pass("{ \"t\", with = { \"a b\" }, given = { [\"a b\"] = { 1 } }, fails = { 1 } }");
  expect_pass("{ \"t\", with = { \"0\" }, given = { [\"0\"] = { 1 } }, fails = { 1 } }");
}

static void filter_chooses_by_path_subject_and_title(void **state)
{
  (void)state;
  struct outcome o;
  struct tg_program *p =
      rule_with("{ \"first one\", with = { \"x\" }, given = { x = { 1 } }, fails = { 1 } },\n"
                "{ \"second\", with = { \"x\" }, given = { x = { 1 } }, fails = { 1 } },");
  struct tg_test_counts counts = run_all(p, "above: second", &o);
  assert_int_equal(counts.run, 1);
  assert_int_equal(counts.left_out, 1);
  assert_int_equal(o.line, 8);
  assert_int_equal(run_all(p, "rules/above", &o).run, 2);
  assert_int_equal(run_all(p, "nothing", &o).run, 0);
  tg_program_free(p);
}

static void expect_rule_fault(const char *test, const char *fault)
{
  char text[2048];
  struct sources s = {0};
  struct tg_program *p;
  snprintf(text, sizeof text,
           "return { doc = \"d\", params = { \"column column\" },\n"
           "  check = function(b, p) return b[p.column]:not_null() end,\n  tests = {\n%s } }",
           test);
  sources_add(&s, TG_FILE_RULE, "rules/r.lua", text);
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, fault);
}

static void malformed_test_is_a_load_error(void **state)
{
  (void)state;
  expect_rule_fault(
      "{ \"t\", given = { x = {} }, failz = {} }",
      "rules/r.lua:4: test 't': unknown key 'failz' in a test; did you mean 'fails'?");
  expect_rule_fault("{ \"t\", given = { x = {} } }", "the test expects nothing");
  expect_rule_fault("{ \"t\", fails = {} }", "given is missing");
  expect_rule_fault("{ given = { x = {} }, fails = {} }", "a test begins with its title");
  expect_rule_fault("{ \"t\", given = { x = {} }, verdict = \"maybe\" }", "verdict is 'pass'");
  expect_rule_fault("{ \"t\", given = { x = {} }, restart_at = true }",
                    "restart_at: batches are written as");
  expect_rule_fault("{ \"t\", given = { x = {} }, fires = \"a\" }",
                    "fires: batches are written as");
  expect_rule_fault("{ \"t\", given = { x = {} }, fires = 1, seed = 0.5 }",
                    "seed is a whole number");
  expect_rule_fault("{ \"t\", given = { x = {} }, fails = {}, kafka = { 1 } }",
                    "kafka is when Kafka got each row");
  expect_rule_fault("{ \"t\", property = {} }", "property: holds = function(rows, got)");
  expect_rule_fault("{ \"t\", property = { gen = { x = 1 }, holds = print } }",
                    "property: gen.x is not made by gen.*");
  expect_rule_fault("7", "a test is a table, not 7");
}

static void endless_check_ends_as_an_error(void **state)
{
  (void)state;
  struct sources s = {.deadline_us = 1000000};
  struct outcome o;
  sources_add(&s, TG_FILE_RULE, "rules/r.lua",
              "return { doc = \"d\", params = { \"column column\" },\n"
              "  check = function(b, p) while p.column ~= \"\" do end end,\n"
              "  tests = { { \"t\", with = { \"x\" }, given = { x = { 1 } }, fails = {} } } }");
  struct tg_program *p = sources_program(&s);
  struct tg_test_counts counts = run_all(p, NULL, &o);
  assert_int_equal(counts.failed, 1);
  expect_text(o.text, "rules/r.lua:2");
  tg_program_free(p);
}

static const char TOPIC[] =
    "return {\n"
    "  table = \"orders\",\n"
    "  fields = { \"id bigint not null\", \"amount numeric(12,2) @ sum.value\", \"note text\",\n"
    "             \"double numeric(12,2) computed\", \"at timestamptz @ ts\" },\n"
    "  transform = function(b)\n"
    "    b.double = b.amount * 2\n"
    "    b:drop(b.note:eq(\"test\"), \"test order\")\n"
    "  end,\n"
    "  rules = { between { \"amount\", min = 0, on_fail = \"quarantine\" } },\n"
    "  tests = {\n%s\n  },\n"
    "}\n";

static struct tg_test_counts run_topic(const char *test, struct outcome *o)
{
  char text[4096];
  snprintf(text, sizeof text, TOPIC, test);
  struct tg_program *p = program_of(text);
  struct tg_test_counts counts = run_all(p, "orders", o);
  tg_program_free(p);
  return counts;
}

static void topic_test_sees_rows_and_fates(void **state)
{
  (void)state;
  struct outcome o;
  struct tg_test_counts counts = run_topic(
      "    { \"all fates\",\n"
      "      events = { { id = 1, sum = { value = 1.25 }, ts = at(\"5s\")[1] },\n"
      "                 { id = 2, note = \"test\" }, { id = 3, sum = { value = -1 } },\n"
      "                 \"not json\", { id = 5, note = \"x\" } },\n"
      "      rows = { { id = 1, amount = 1.25, double = 2.5, note = null,\n"
      "                 at = \"2026-01-01T00:00:05Z\" }, { id = 5, amount = null } },\n"
      "      dropped = { 2 }, quarantined = { { 3, \"amount: -1.00 is below min 0\" }, 4 } },",
      &o);
  assert_int_equal(counts.run, 1);
  if (counts.failed) fail_msg("%s", o.text);
}

static void topic_test_shows_what_differs(void **state)
{
  (void)state;
  struct outcome o;
  run_topic("{ \"t\", events = { { id = 1, sum = { value = 2 } } }, rows = { { double = 5 } } }",
            &o);
  expect_text(o.text, "row 1: double: expected 5.00, got 4.00");
  run_topic("{ \"t\", events = { { id = 1, note = \"test\" } }, rows = { { id = 1 } } }", &o);
  expect_text(o.text, "rows: expected 1, got 0 (event 1 drop: test order)");
  run_topic("{ \"t\", events = { { id = 1 } }, quarantined = { 1 } }", &o);
  expect_text(o.text, "quarantine: expected { 1 }, got {}");
  run_topic("{ \"t\", events = { { id = 1 } }, rows = { { idd = 1 } } }", &o);
  expect_text(o.text, "there is no column 'idd'");
}

/* The n-th ```lua block of a file of the repository, as text in out. */
static void read_example(const char *path, int n, char *out, size_t size)
{
  char full[512], *text = calloc(1, 65536);
  assert_non_null(text);
  snprintf(full, sizeof full, "%s/%s", TG_SOURCE_DIR, path);
  FILE *f = fopen(full, "rb");
  assert_non_null(f);
  assert_true(fread(text, 1, 65535, f) > 0);
  fclose(f);
  char *from = text;
  for (int i = 0; i < n; i++) {
    from = strstr(from, "```lua\n");
    assert_non_null(from);
    from += 7;
  }
  char *end = strstr(from, "```");
  assert_non_null(end);
  snprintf(out, size, "%.*s", (int)(end - from), from);
  free(text);
}

static void examples_of_the_documentation_hold(void **state)
{
  (void)state;
  static char orders[4096], sales[4096], above[4096], refund[4096];
  struct sources s = {0};
  struct outcome o;
  read_example("docs/LUA.md", 1, orders, sizeof orders);
  read_example("docs/LUA.md", 2, sales, sizeof sales);
  read_example("docs/LUA.md", 3, above, sizeof above);
  read_example("docs/LUA.md", 4, refund, sizeof refund);
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_RULE, "rules/above.lua", above);
  sources_add(&s, TG_FILE_RULE, "rules/refund_has_reason.lua", refund);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", fields = { \"kind text\", \"reason text\" } }");
  struct tg_program *p = sources_program(&s);
  struct tg_test_counts counts = run_all(p, "rules/", &o);
  if (counts.failed) fail_msg("%s", o.text);
  tg_program_free(p);
  tg_program_free(program_of(sales));
  p = program_of(orders);
  counts = run_all(p, "scripts/orders", &o);
  assert_int_equal(counts.run, 1);
  if (counts.failed) fail_msg("%s", o.text);
  tg_program_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_test_of_the_catalogue_passes),
      cmocka_unit_test(the_users_own_tests_run_alone),
      cmocka_unit_test(wrong_expectation_is_shown_with_file_and_line),
      cmocka_unit_test(given_may_be_columns_rows_or_batches),
      cmocka_unit_test(types_are_inferred_or_given),
      cmocka_unit_test(any_name_may_be_a_column),
      cmocka_unit_test(filter_chooses_by_path_subject_and_title),
      cmocka_unit_test(malformed_test_is_a_load_error),
      cmocka_unit_test(endless_check_ends_as_an_error),
      cmocka_unit_test(topic_test_sees_rows_and_fates),
      cmocka_unit_test(topic_test_shows_what_differs),
      cmocka_unit_test(examples_of_the_documentation_hold),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
