/* Rule files and their application: declared parameters, arguments, common keys, levels. */
#include "programs.h"

#define RULE_HEAD "return { doc = \"d\",\n"
#define CHECK     "check = function(b, p) return b[p.column]:not_null() end"

/* What a user's rule file of this text reports, alone. */
static void expect_rule_fault(const char *text, const char *fault)
{
  struct sources s = {0};
  struct tg_program *p;
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_RULE, "rules/mine.lua", text);
  enum tg_rc rc = sources_load(&s, &p);
  if (rc == TG_OK) tg_program_free(p);
  assert_int_equal(rc, TG_CONFIG);
  expect_text(s.faults, fault);
}

/* What applying this rule to a topic { id bigint, name text, at timestamptz } reports. */
static void expect_use_fault(const char *use, const char *fault)
{
  char text[1024];
  snprintf(text, sizeof text,
           "return { table = \"orders\",\n"
           "fields = { \"id bigint\", \"name text\", \"at timestamptz\" },\n"
           "rules = {\n%s\n} }",
           use);
  expect_fault(text, fault);
}

static void expect_use_loads(const char *use)
{
  char text[1024];
  snprintf(text, sizeof text,
           "return { table = \"orders\",\n"
           "fields = { \"id bigint\", \"name text\", \"at timestamptz\" },\n"
           "rules = {\n%s\n} }",
           use);
  tg_program_free(program_of(text));
}

static void keys_of_a_rule_file_are_checked(void **state)
{
  (void)state;
  expect_rule_fault(RULE_HEAD "params = { \"column column\" },\nchek = 1, " CHECK " }",
                    "rules/mine.lua:3: unknown key 'chek' in a rule; did you mean 'check'?");
  expect_rule_fault("return { params = { \"column column\" }, " CHECK " }", "doc is missing");
  expect_rule_fault(RULE_HEAD "params = { \"column column\" } }", "check = function(b, p)");
  expect_rule_fault("return 7", "a rule file returns a table, not 7");
  expect_rule_fault("return { 7 }", "named keys");
  expect_rule_fault(RULE_HEAD "measure = function() end, " CHECK " }", "not both");
  expect_rule_fault(RULE_HEAD "state = 7, " CHECK " }", "state is a table such as");
  expect_rule_fault(RULE_HEAD "depends = \"x\", " CHECK " }", "depends is");
  expect_rule_fault(RULE_HEAD "where = \"a >\", " CHECK " }", "where: position 4 of 'a >'");
  expect_rule_fault(RULE_HEAD "params = { \"column column\" }, on_fail = \"explode\", " CHECK " }",
                    "on_fail: one of 'drop', 'quarantine', 'tag' is due");
}

static void declared_parameters_are_checked(void **state)
{
  (void)state;
  expect_rule_fault(RULE_HEAD "params = { \"column\" }, " CHECK " }",
                    "is not 'name kind[?] [= default]'");
  expect_rule_fault(RULE_HEAD "params = { \"column colum\" }, " CHECK " }",
                    "there is no parameter kind 'colum'; did you mean 'column'?");
  expect_rule_fault(RULE_HEAD "params = { \"column column\", \"where text\" }, " CHECK " }",
                    "'where' is taken");
  expect_rule_fault(RULE_HEAD "params = { \"column column\", \"column text\" }, " CHECK " }",
                    "'column' is taken twice");
  expect_rule_fault(RULE_HEAD "params = { \"column column\", \"spare text\" }, " CHECK " }",
                    "the parameter 'spare' is never used");
  expect_rule_fault(RULE_HEAD "params = \"column column\", " CHECK " }", "params is a list");
}

static void user_cannot_take_a_name_that_is_taken(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_program *p;
  static const char text[] = RULE_HEAD "params = { \"column column\" }, " CHECK " }";
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_RULE, "rules/between.lua", text);
  sources_add(&s, TG_FILE_RULE, "rules/positive.lua", text);
  sources_add(&s, TG_FILE_RULE, "rules/when.lua", text);
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults,
              "rules/between.lua:1: the name 'between' is taken by rules/accuracy/between.lua");
  expect_text(s.faults,
              "rules/positive.lua:1: the name 'positive' is taken by rules/accuracy/compare.lua");
  expect_text(s.faults, "rules/when.lua:1: the name 'when' is taken by the script API");
}

static void arguments_are_checked_with_the_line_of_the_call(void **state)
{
  (void)state;
  expect_use_fault("not_null { \"idd\" }",
                   "scripts/orders.lua:4: not_null: column: there is no column 'idd'");
  expect_use_fault("not_null {}", "the argument 'column' is missing");
  expect_use_fault("not_null { \"id\", 7 }", "too many");
  expect_use_fault("not_null \"id\"", "not_null takes a table");
  expect_use_fault("not_null { \"id\", column = \"id\" }", "'column' is given twice");
  expect_use_fault("not_null { 7 }", "a column name (text) is due, not 7");
  expect_use_fault("between { \"id\" }", "between: give min, max or both");
  expect_use_fault("between { \"id\", min = 2, max = 1 }", "min is above max");
  expect_use_fault("between { \"id\", min = {} }",
                   "min: a text, number or boolean is due, not a table");
  expect_use_fault("between { \"id\", min = 1, exclusive_min = 1 }", "true or false is due, not 1");
  expect_use_fault("in_set { \"id\", 7 }", "a list of values is due");
  expect_use_fault("compare { \"id\", \"=\", 7 }", "one of '==', '~=', '<'");
  expect_use_fault("length_between { \"name\", min = 1, unit = \"words\" }",
                   "one of 'chars', 'bytes'");
  expect_use_fault("length_between { \"name\", min = 1.5 }", "a whole number is due, not 1.5");
}

static void what_types_cannot_do_is_found_at_load(void **state)
{
  (void)state;
  expect_use_fault("between { \"name\", min = 1 }", "scripts/orders.lua:4: between(name): ");
  expect_use_fault("length_between { \"id\", min = 1 }",
                   "scripts/orders.lua:4: length_between(id): ");
  expect_use_fault("matches_regex { \"name\", \"(\" }",
                   "scripts/orders.lua:4: matches_regex(name): ");
  expect_use_fault("between { \"at\", min = \"yesterday\" }",
                   "scripts/orders.lua:4: between(at): ");
  expect_use_loads("between { \"at\", min = \"2026-01-01T00:00:00Z\" }");
}

static void common_arguments_are_checked(void **state)
{
  (void)state;
  expect_use_fault("not_null { \"id\", critical = 0.05 }", "critical: write a share as '5%'");
  expect_use_fault("not_null { \"id\", critical = \"5\" }", "critical: a count such as 1");
  expect_use_fault("not_null { \"id\", warn = 0 }", "warn: ");
  expect_use_fault("not_null { \"id\", mostly = 1.5 }", "mostly: a number from 0 to 1");
  expect_use_fault("not_null { \"id\", where = \"id > \" }",
                   "not_null: where: position 6 of 'id > '");
  expect_use_fault("not_null { \"id\", where = 7 }", "a condition such as \"amount > 0\" is due");
  expect_use_fault("not_null { \"id\", min_rows = -1 }", "min_rows: ");
  expect_use_fault("not_null { \"id\", where = function(b) return true end }",
                   "scripts/orders.lua:4: not_null(id): a boolean column is due here");
  expect_use_loads("not_null { \"id\", over = \"batch\", owner = \"me\", version = 2, id = \"x\","
                   " critical = \"2.5%\", min_rows = 0 }");
}

static void alias_is_the_rule_with_some_arguments_given(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_of("return { table = \"orders\", fields = { \"id bigint\" },"
                                    " rules = { positive { \"id\" }, non_negative { \"id\" } } }");
  RUN(&r, p, "{\"id\":0}", "{\"id\":1}");
  assert_string_equal(r.judgement.rules[0].rule, "positive(id)");
  assert_int_equal(r.judgement.rules[0].failed, 1);
  assert_int_equal(r.judgement.rules[1].failed, 0);
  expect_reason(&r, 0, "id: 0 is not > 0");
  run_close(&r);
  tg_program_free(p);
  expect_use_fault("positive { \"id\", op = \"<\" }", "given twice");
}

static void active_rule_joins_its_topics(void **state)
{
  (void)state;
  struct sources s = {0};
  struct run r;
  sources_add(
      &s, TG_FILE_RULE, "rules/refund.lua",
      "return { topics = { \"orders\" }, doc = \"A refund says why.\",\n"
      "params = { \"kind text = refund\" }, on_fail = \"quarantine\", columns = { \"why\" },\n"
      "check = function(b, p) return b.kind:ne(p.kind) | b.why:not_null() end,\n"
      "tests = { { \"t\", given = { kind = { \"refund\" }, why = { null } },"
      " fails = { 1 } } } }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", fields = { \"kind text\", \"why text\" } }");
  struct tg_program *p = sources_program(&s);
  RUN(&r, p, "{\"kind\":\"sale\"}", "{\"kind\":\"refund\"}", "{\"kind\":\"refund\",\"why\":\"x\"}");
  expect_fates(&r, "load quarantine load");
  assert_string_equal(r.judgement.rules[0].rule, "refund");
  expect_reason(&r, 1, "A refund says why.");
  run_close(&r);
  tg_program_free(p);
}

static void active_rule_of_an_unknown_topic_or_column_is_told(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_program *p;
  sources_add(&s, TG_FILE_RULE, "rules/a.lua",
              "return { doc = \"d\",\n  topics = { \"order\" },\n  check = function(b) end }");
  sources_add(&s, TG_FILE_RULE, "rules/b.lua",
              "return { doc = \"d\",\n  topics = { \"orders\" },\n"
              "  check = function(b)\n    return b.amuont:gt(0)\n  end }");
  sources_add(&s, TG_FILE_RULE, "rules/c.lua",
              "return { doc = \"d\",\n  topics = { \"orders\" }, columns = { \"nope\" },\n"
              "  check = function(b) return b.amount:gt(0) end }");
  sources_add(&s, TG_FILE_RULE, "rules/d.lua",
              "return { doc = \"d\",\n  topics = { \"orders\" },\n"
              "  check = function(b) return true end }");
  sources_add(&s, TG_FILE_RULE, "rules/e.lua",
              "return { doc = \"d\",\n  topics = { \"orders\" }, check = function(b)\n"
              "    local forgotten = b.amount:gt(0)\n    return b.amount:gt(1)\n  end }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", fields = { \"amount int\" } }");
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, "rules/a.lua:2: there is no topic 'order'; did you mean 'orders'?");
  expect_text(s.faults, "rules/b.lua:2: b: rules/b.lua:4: ");
  expect_text(s.faults, "did you mean 'amount'?");
  expect_text(s.faults, "rules/c.lua:2: c: columns: there is no column 'nope'");
  expect_text(s.faults, "rules/e.lua:2: e: rules/e.lua:3: 1 boolean column was made here");
  expect_text(s.faults, "rules/d.lua:2: d: a boolean column is due here");
}

static void rule_of_the_catalogue_needs_a_test_that_fails(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_program *p;
  sources_add(&s, TG_FILE_CATALOGUE, "rules/x/mine.lua",
              RULE_HEAD
              "params = { \"column column\" }, " CHECK ",\n"
              "tests = { { \"t\", with = { \"x\" }, given = { x = { 1 } }, fails = {} } } }");
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, "no test in which the rule is seen to fail");
}

static void argument_may_name_another_parameter(void **state)
{
  (void)state;
  struct sources s = {0};
  struct run r;
  sources_add(&s, TG_FILE_RULE, "rules/mine.lua",
              RULE_HEAD "params = { \"column column\", \"low number\", \"high number = $low\","
                        " \"what text = tag\" }, on_fail = \"$what\",\n"
                        "check = function(b, p) return b[p.column]:between(p.low, p.high) end }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", fields = { \"id bigint\" },"
              " rules = { mine { \"id\", 3, what = \"drop\" } } }");
  struct tg_program *p = sources_program(&s);
  RUN(&r, p, "{\"id\":3}", "{\"id\":4}");
  expect_fates(&r, "load drop");
  run_close(&r);
  tg_program_free(p);
}

static void long_values_are_cut_in_reasons(void **state)
{
  (void)state;
  struct run r;
  char event[600];
  struct tg_program *p = program_of("return { table = \"orders\", fields = { \"name text\" },"
                                    " rules = { in_set { \"name\", { \"a\", \"b\\n\" } } } }");
  snprintf(event, sizeof event, "{\"name\":\"%0400d\\u0007\"}", 1);
  RUN(&r, p, event, "{\"name\":\"x\\u0007\"}");
  assert_true(r.b.issues[0]->reason.len < 300);
  expect_reason(&r, 0, "... is not in {a, b");
  expect_reason(&r, 1, "name: x\\x07 is not in {a, b\\x0a}");
  run_close(&r);
  tg_program_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_of_a_rule_file_are_checked),
      cmocka_unit_test(declared_parameters_are_checked),
      cmocka_unit_test(user_cannot_take_a_name_that_is_taken),
      cmocka_unit_test(arguments_are_checked_with_the_line_of_the_call),
      cmocka_unit_test(what_types_cannot_do_is_found_at_load),
      cmocka_unit_test(common_arguments_are_checked),
      cmocka_unit_test(alias_is_the_rule_with_some_arguments_given),
      cmocka_unit_test(active_rule_joins_its_topics),
      cmocka_unit_test(active_rule_of_an_unknown_topic_or_column_is_told),
      cmocka_unit_test(rule_of_the_catalogue_needs_a_test_that_fails),
      cmocka_unit_test(argument_may_name_another_parameter),
      cmocka_unit_test(long_values_are_cut_in_reasons),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
