/* Checks: the reasons they give themselves, and which rows leave before they are judged. */
#include "programs.h"

#include "bindings/evaluate.h"

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

/* --- what cannot be judged --- */

static struct tg_program *catalogue_with(const char *fields, const char *use)
{
  static char script[1024];
  snprintf(script, sizeof script, "return { table = \"orders\", fields = { %s }, rules = { %s } }",
           fields, use);
  return program_of(script);
}

static void value_of_another_type_inside_json_goes_to_the_quarantine(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = catalogue_with("\"j jsonb\"", "between { \"j\", max = 2, mostly = 0.1 }");
  RUN(&r, p, "{\"j\":1}", "{\"j\":\"1\"}", "{\"j\":3}", "{\"j\":null}");
  expect_fates(&r, "load quarantine tag load");
  expect_reason(&r, 1, "between(j): the value has another type");
  struct tg_verdict_row v = r.judgement.rules[0];
  assert_int_equal(v.verdict, TG_VERDICT_ERROR);
  assert_int_equal(v.alarm, TG_ALARM_WARN);
  assert_int_equal(v.evaluated, 2);
  assert_int_equal(v.skipped, 1);
  expect_text(v.error, "1 rows could not be judged: the value has another type");
  assert_false(r.judgement.critical);
  run_close(&r);
  tg_program_free(p);
}

static void condition_on_another_type_inside_json_does_so_too(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p =
      catalogue_with("\"j jsonb\", \"a bigint\"", "not_null { \"a\", where = \"j > 1\" },"
                                                  "not_null { \"a\", where = \"j == 1\" }");
  RUN(&r, p, "{\"j\":2}", "{\"j\":\"1\"}", "{\"j\":1}");
  expect_fates(&r, "tag quarantine tag");
  expect_reason(&r, 1, "not_null(a): where: the value has another type");
  assert_int_equal(r.judgement.rules[1].verdict, TG_VERDICT_FAIL);
  assert_int_equal(r.judgement.rules[1].evaluated, 1);
  run_close(&r);
  tg_program_free(p);
}

/* --- as --- */

static void texts_are_read_as_what_as_says(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p =
      catalogue_with("\"n text\", \"at text\", \"d varchar(20)\"",
                     "between { \"n\", min = \"5\", max = \"10\", as = \"number\" },"
                     "between { \"at\", max = \"2026-01-01T00:00:00Z\", as = \"timestamp\" },"
                     "compare { \"d\", \"==\", \"2026-01-31\", as = \"date\" }");
  RUN(&r, p, "{\"n\":\"10.0\",\"at\":\"2026-01-01T01:00:00+02:00\",\"d\":\"2026-01-31\"}",
      "{\"n\":\"6e0\"}", "{\"n\":\"11\"}", "{\"n\":\"ten\"}", "{\"at\":\"2026-01-01T00:00:01Z\"}",
      "{\"d\":\"2026-02-31\"}");
  expect_fates(&r, "load load tag quarantine tag quarantine");
  expect_reason(&r, 2, "n: 11 is not between 5 and 10");
  expect_reason(&r, 3, "between(n): the text cannot be parsed");
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_ERROR);
  assert_int_equal(r.judgement.rules[1].verdict, TG_VERDICT_FAIL);
  run_close(&r);
  tg_program_free(p);
}

static void as_that_cannot_be_does_not_load(void **state)
{
  (void)state;
#define ORDERS "return { table = \"orders\", fields = { \"a bigint\", \"n text\" }, rules = { "
  expect_fault(ORDERS "between { \"a\", min = 1, as = \"date\" } } }",
               "between: as: 'a' is bigint: only texts are read as a date");
  expect_fault(ORDERS "between { \"n\", min = \"x\", as = \"number\" } } }",
               "between: as: min: 'x' is no number");
  expect_fault(ORDERS "in_set { \"n\", { \"x\" }, as = \"number\" } } }",
               "in_set: as: set: 'x' is no number");
  expect_fault(ORDERS "between { \"n\", min = \"soon\", as = \"date\" } } }", "'soon' is no date");
  expect_fault(ORDERS "between { \"n\", min = 1, as = \"time\" } } }",
               "as: one of 'date', 'number'");
  expect_fault(ORDERS "between { \"n\", min = 2, max = 1, as = \"number\" } } }",
               "min is above max");
  tg_program_free(program_of(ORDERS "between { \"a\", min = \"1\", as = \"number\" },"
                                    "in_set { \"n\", { \"1\", 2 }, as = \"number\" } } }"));
}

/* --- levels --- */

static enum tg_alarm alarm_of(const char *levels, uint32_t failing, uint32_t rows)
{
  static char texts[1000][32];
  const char *events[1000];
  char use[128];
  struct run r;
  snprintf(use, sizeof use, "between { \"a\", max = 0, %s }", levels);
  struct tg_program *p = catalogue_with("\"a bigint\"", use);
  for (uint32_t i = 0; i < rows; i++) {
    snprintf(texts[i], sizeof texts[i], "{\"a\":%d}", i < failing);
    events[i] = texts[i];
  }
  run_open(&r, p, events, rows);
  assert_int_equal(run_judge(&r, p), TG_OK);
  enum tg_alarm alarm = r.judgement.rules[0].alarm;
  run_close(&r);
  tg_program_free(p);
  return alarm;
}

static void share_that_is_met_exactly_is_reached(void **state)
{
  (void)state;
  for (uint32_t percent = 1; percent <= 20; percent++) {
    char levels[64];
    snprintf(levels, sizeof levels, "mostly = 0, critical = \"%u%%\"", percent);
    assert_int_equal(alarm_of(levels, percent, 100), TG_ALARM_CRITICAL);
    assert_int_equal(alarm_of(levels, percent - 1, 100), TG_ALARM_NONE);
  }
  assert_int_equal(alarm_of("mostly = 0, critical = \"0.7%\"", 7, 1000), TG_ALARM_CRITICAL);
  assert_int_equal(alarm_of("mostly = 0, critical = \"0.7%\"", 6, 1000), TG_ALARM_NONE);
}

static void counts_have_no_least_number_of_rows_unless_given(void **state)
{
  (void)state;
  assert_int_equal(alarm_of("critical = 1", 1, 1), TG_ALARM_CRITICAL);
  assert_int_equal(alarm_of("critical = 1, min_rows = 3", 1, 2), TG_ALARM_WARN);
  assert_int_equal(alarm_of("critical = 1, min_rows = 3", 1, 3), TG_ALARM_CRITICAL);
  assert_int_equal(alarm_of("critical = \"1%\"", 99, 99), TG_ALARM_WARN);
  assert_int_equal(alarm_of("critical = \"1%\"", 1, 100), TG_ALARM_CRITICAL);
  assert_int_equal(alarm_of("critical = \"1%\", min_rows = 0", 1, 2), TG_ALARM_CRITICAL);
}

static void level_that_is_reached_fails_even_if_mostly_is_met(void **state)
{
  (void)state;
  assert_int_equal(alarm_of("mostly = 0.5, warn = 1", 1, 10), TG_ALARM_WARN);
  assert_int_equal(alarm_of("mostly = 0.5, warn = 2", 1, 10), TG_ALARM_NONE);
  assert_int_equal(alarm_of("mostly = 0.9, warn = 9", 2, 10), TG_ALARM_WARN);
}

static void result_names_version_and_owner(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = catalogue_with(
      "\"a bigint\"", "not_null { \"a\", version = 3, owner = \"shop\", id = \"mine\" },"
                      "not_null { \"a\" }, positive { \"a\" }");
  RUN(&r, p, "{\"a\":1}");
  assert_string_equal(r.judgement.rules[0].rule, "mine");
  assert_string_equal(r.judgement.rules[0].version, "3");
  assert_string_equal(r.judgement.rules[0].owner, "shop");
  assert_null(r.judgement.rules[1].version);
  assert_string_equal(r.judgement.rules[2].rule, "positive(a)");
  run_close(&r);
  tg_program_free(p);
}

/* Most rules fail on no row of a load: what they take must not grow with its rows. */
static void lists_of_rows_are_taken_only_when_one_fails(void **state)
{
  (void)state;
  struct run r;
  struct tg_verdict_row v;
  struct tg_failing none, some;
  struct tg_program *p =
      catalogue_with("\"a bigint\"", "between { \"a\", min = 1, where = \"a > 0\" },"
                                     "between { \"a\", min = 1, nulls = \"fail\" }");
  RUN(&r, p, "{\"a\":0}", "{\"a\":2}", "{}");
  const struct tg_rule *rules = ((const struct tg_script *)r.b.topic->program)->rules;
  assert_int_equal(tg_rule_judge(p, &rules[0], &r.b, &v, &none, &r.err), TG_OK);
  assert_int_equal(v.evaluated, 1);
  assert_null(none.rows);
  assert_null(none.errors);
  assert_int_equal(tg_rule_judge(p, &rules[1], &r.b, &v, &some, &r.err), TG_OK);
  assert_int_equal(some.count, 2);
  assert_int_equal(some.rows[0] * 10 + some.rows[1], 2);
  assert_null(some.errors);
  run_close(&r);
  tg_program_free(p);
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
      cmocka_unit_test(value_of_another_type_inside_json_goes_to_the_quarantine),
      cmocka_unit_test(condition_on_another_type_inside_json_does_so_too),
      cmocka_unit_test(texts_are_read_as_what_as_says),
      cmocka_unit_test(as_that_cannot_be_does_not_load),
      cmocka_unit_test(share_that_is_met_exactly_is_reached),
      cmocka_unit_test(counts_have_no_least_number_of_rows_unless_given),
      cmocka_unit_test(level_that_is_reached_fails_even_if_mostly_is_met),
      cmocka_unit_test(result_names_version_and_owner),
      cmocka_unit_test(lists_of_rows_are_taken_only_when_one_fails),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
