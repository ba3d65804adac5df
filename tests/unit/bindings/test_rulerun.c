/* Checks: the reasons they give themselves, and which rows leave before they are judged. */
#include "programs.h"

#define FIELDS "fields = { \"id bigint\", \"a bigint\", \"b bigint\", \"t text\" }"

static struct tg_program *program_with(const char *rule, const char *use)
{
  static char script[1024];
  struct sources s = {0};
  snprintf(script, sizeof script, "return { table = \"orders\", " FIELDS ", rules = { %s } }", use);
  sources_add(&s, TG_FILE_RULE, "rules/mine.lua", rule);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  return sources_program(&s);
}

#define BY_ROW(body)                                                                               \
  "return { doc = \"d\", params = { \"column column\" }, reason = \"{column}: {} is bad\",\n"      \
  "check = function(b, p)\n"                                                                       \
  "return b:map_rows({ p.column }, function(r)\n" body "\nend) end }"

static void function_by_row_gives_each_row_its_reason(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(BY_ROW("if r.a == nil then return nil, \"unseen\" end\n"
                                             "if r.a == 2 then return false, \"two\\n\" end\n"
                                             "return r.a == 1, r.a == 1 and \"unseen\" or nil"),
                                      "mine { \"a\" }");
  RUN(&r, p, "{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "{}");
  expect_fates(&r, "load tag tag load");
  assert_true(tg_text_is(r.b.issues[1]->reason, "two\\x0a"));
  assert_true(tg_text_is(r.b.issues[2]->reason, "a: 3 is bad"));
  run_close(&r);
  tg_program_free(p);
}

static void reason_that_is_no_text_is_an_error(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(BY_ROW("return false, 7"), "mine { \"a\" }");
  RUN(&r, p, "{\"a\":1}");
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_ERROR);
  expect_text(r.judgement.rules[0].error, "map_rows: the reason is a number, not a text");
  run_close(&r);
  tg_program_free(p);
}

static void check_may_return_a_column_of_reasons(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p =
      program_with("return { doc = \"d\", params = { \"column column\" }, reason = \"template\",\n"
                   "check = function(b, p) return b[p.column]:gt(1), b.t .. \"!\" end }",
                   "mine { \"a\" }");
  RUN(&r, p, "{\"a\":1,\"t\":\"why\"}", "{\"a\":1}", "{\"a\":2,\"t\":\"x\"}");
  expect_fates(&r, "tag tag load");
  assert_true(tg_text_is(r.b.issues[0]->reason, "why!"));
  assert_true(tg_text_is(r.b.issues[1]->reason, "template"));
  run_close(&r);
  tg_program_free(p);
}

static void reasons_of_another_type_do_not_load(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
      {"b.a", "check returned a column of another type behind the mask"},
      {"\"text\"", "check returned a string behind the mask"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    static char rule[512];
    struct sources s = {0};
    struct tg_program *p;
    snprintf(rule, sizeof rule,
             "return { doc = \"d\", topics = { \"orders\" },\n"
             "check = function(b) return b.a:gt(1), %s end }",
             cases[i][0]);
    sources_add(&s, TG_FILE_RULE, "rules/mine.lua", rule);
    sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
                "return { table = \"orders\", " FIELDS " }");
    assert_int_equal(sources_load(&s, &p), TG_CONFIG);
    expect_text(s.faults, cases[i][1]);
  }
}

/* A pair (a, b) whose check is null where either is null. */
#define PAIR                                                                                       \
  "return { doc = \"d\", params = { \"first column\", \"rest columns\",\n"                         \
  "\"ignore_row_if all_null|any_null|never = all_null\" },\n"                                      \
  "check = function(b, p) return b[p.first]:eq(b[p.rest[1]]) end }"

static void expect_pair(const char *more, const char *fates, uint32_t evaluated)
{
  char use[256];
  struct run r;
  snprintf(use, sizeof use, "mine { \"a\", { \"b\" }%s }", more);
  struct tg_program *p = program_with(PAIR, use);
  RUN(&r, p, "{\"a\":1,\"b\":1}", "{\"a\":1,\"b\":2}", "{\"a\":1}", "{\"b\":1}", "{}");
  expect_fates(&r, fates);
  assert_int_equal(r.judgement.rules[0].evaluated, evaluated);
  assert_int_equal(r.judgement.rules[0].skipped, 5 - evaluated);
  run_close(&r);
  tg_program_free(p);
}

static void rows_of_nulls_leave_as_ignore_row_if_says(void **state)
{
  (void)state;
  expect_pair("", "load tag tag tag load", 4);
  expect_pair(", ignore_row_if = \"all_null\"", "load tag tag tag load", 4);
  expect_pair(", ignore_row_if = \"any_null\"", "load tag load load load", 2);
  expect_pair(", ignore_row_if = \"never\"", "load tag tag tag tag", 5);
}

static void nulls_given_explicitly_rule_over_it(void **state)
{
  (void)state;
  expect_pair(", nulls = \"skip\"", "load tag load load load", 2);
  expect_pair(", nulls = \"pass\"", "load tag load load load", 4);
  expect_pair(", nulls = \"fail\"", "load tag tag tag load", 4);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(function_by_row_gives_each_row_its_reason),
      cmocka_unit_test(reason_that_is_no_text_is_an_error),
      cmocka_unit_test(check_may_return_a_column_of_reasons),
      cmocka_unit_test(reasons_of_another_type_do_not_load),
      cmocka_unit_test(rows_of_nulls_leave_as_ignore_row_if_says),
      cmocka_unit_test(nulls_given_explicitly_rule_over_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
