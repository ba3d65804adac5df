/* Cases from outside: the table as it is written, the rule's answer, and the comparison. */
#include "programs.h"

#include "bindings/cases.h"

static struct tg_program *catalogue(void)
{
  struct sources s = {0};
  sources_catalogue(&s);
  return sources_program(&s);
}

/* Runs one line, and returns what it answers in a static buffer. */
static const char *answer(struct tg_program *p, const char *line)
{
  static char text[4096];
  struct tg_case_counts counts = {0};
  struct tg_err err;
  struct tg_buf out;
  tg_buf_init(&out, 0);
  enum tg_rc rc = tg_case_run(p, tg_text(line), &out, &counts, &err);
  if (rc != TG_OK) {
    snprintf(text, sizeof text, "%s: %s: %s", tg_rc_name(rc), err.where, err.what);
  } else {
    snprintf(text, sizeof text, "%s", tg_buf_cstr(&out));
  }
  tg_buf_fini(&out);
  return text;
}

static void assert_answer(const char *line, const char *part)
{
  struct tg_program *p = catalogue();
  const char *got = answer(p, line);
  if (!strstr(got, part)) fail_msg("%s\n  gives %s\n  not %s", line, got, part);
  tg_program_free(p);
}

#define BETWEEN(rest) "{\"id\":\"i\",\"rule\":\"between\"," rest "}"

static void rows_are_counted_from_zero_and_nulls_are_left_out(void **state)
{
  (void)state;
  assert_answer(
      BETWEEN("\"params\":{\"column\":\"x\",\"min\":2},\"types\":{\"x\":\"integer\"},"
              "\"data\":{\"x\":[1,2,null,0]},"
              "\"expect\":{\"verdict\":\"fail\",\"failing_rows\":[0,3]}"),
      "{\"id\":\"i\",\"verdict\":\"fail\",\"failing_rows\":[0,3],\"evaluated\":3,\"observed\":null,"
      "\"ok\":true}\n");
}

static void columns_may_have_any_name(void **state)
{
  (void)state;
  assert_answer(BETWEEN("\"params\":{\"column\":\"0\",\"max\":1},"
                        "\"types\":{\"0\":\"number\",\"a b.\\\"c\":\"string\",\"\":\"string\"},"
                        "\"data\":{\"a b.\\\"c\":[\"x\",\"y\"],\"0\":[1,1.5],\"\":[null,\"\"]}"),
                "\"failing_rows\":[1],\"evaluated\":2");
}

static void numbers_beyond_json_are_read(void **state)
{
  (void)state;
  assert_answer(BETWEEN("\"params\":{\"column\":\"x\",\"min\":\"$-inf\",\"max\":0},"
                        "\"types\":{\"x\":\"number\"},"
                        "\"data\":{\"x\":[\"$inf\",\"$-inf\",\"$nan\",0]}"),
                "\"verdict\":\"fail\",\"failing_rows\":[0,2],\"evaluated\":4");
}

static void text_among_numbers_is_an_error_whatever_mostly_says(void **state)
{
  (void)state;
  assert_answer(BETWEEN("\"params\":{\"column\":\"x\",\"min\":1,\"mostly\":0.1},"
                        "\"types\":{\"x\":\"mixed\"},\"data\":{\"x\":[1,2,\"a\"]},"
                        "\"expect\":{\"verdict\":\"error\"}"),
                "\"verdict\":\"error\"");
}

static void data_that_are_not_of_their_kind_are_json_values(void **state)
{
  (void)state;
  assert_answer(BETWEEN("\"params\":{\"column\":\"x\",\"min\":1},"
                        "\"types\":{\"x\":\"integer\",\"y\":\"string\",\"z\":\"timestamp\"},"
                        "\"data\":{\"x\":[1],\"y\":[7],\"z\":[\"soon\"]}"),
                "\"verdict\":\"pass\"");
}

static void a_column_without_values_takes_any_type(void **state)
{
  (void)state;
  assert_answer(BETWEEN("\"params\":{\"column\":\"x\",\"min\":1},\"types\":{\"x\":\"null\"},"
                        "\"data\":{\"x\":[null,null]}"),
                "\"verdict\":\"pass\",\"failing_rows\":[],\"evaluated\":0");
  assert_answer("{\"id\":\"i\",\"rule\":\"in_set\",\"params\":{\"column\":\"x\",\"set\":[\"a\"]},"
                "\"types\":{\"x\":\"null\"},\"data\":{\"x\":[]}}",
                "\"verdict\":\"pass\"");
}

static void what_cannot_be_built_has_the_verdict_error(void **state)
{
  (void)state;
  assert_answer("{\"id\":\"i\",\"rule\":\"betwen\",\"params\":{},\"types\":{},\"data\":{},"
                "\"expect\":{\"verdict\":\"error\"}}",
                "\"verdict\":\"error\",\"failing_rows\":[],\"evaluated\":0,\"observed\":null,"
                "\"ok\":true,\"error\":\"there is no rule 'betwen'; did you mean 'between'?\"}");
  assert_answer(BETWEEN("\"params\":{\"column\":\"x\",\"min\":null},\"types\":{\"x\":\"integer\"},"
                        "\"data\":{\"x\":[1]}"),
                "give min, max or both");
  assert_answer(BETWEEN("\"params\":{\"column\":\"x\",\"minn\":1},\"types\":{\"x\":\"integer\"},"
                        "\"data\":{\"x\":[1]}"),
                "has no argument 'minn'");
}

static void every_expectation_is_compared(void **state)
{
  (void)state;
#define CASE(expect)                                                                               \
  BETWEEN("\"params\":{\"column\":\"x\",\"min\":2},\"types\":{\"x\":\"integer\"},"                 \
          "\"data\":{\"x\":[1,2,1]},\"expect\":{" expect "}")
  assert_answer(CASE("\"verdict\":\"pass\""), "\"ok\":false,\"why\":\"verdict\"");
  assert_answer(CASE("\"failing_rows\":[0]"), "\"ok\":false,\"why\":\"failing_rows\"");
  assert_answer(CASE("\"failing_rows\":[0,1]"), "\"ok\":false,\"why\":\"failing_rows\"");
  assert_answer(CASE("\"failing_values\":[1,2]"), "\"ok\":false,\"why\":\"failing_values\"");
  assert_answer(CASE("\"failing_values\":[1,1]"), "\"ok\":true");
  assert_answer(CASE("\"observed\":3"), "\"ok\":false,\"why\":\"observed\"");
  assert_answer(CASE("\"observed\":null"), "\"ok\":true");
#undef CASE
}

static void a_case_that_expects_nothing_is_neither_right_nor_wrong(void **state)
{
  (void)state;
  assert_answer(BETWEEN("\"params\":{\"column\":\"x\",\"min\":2},\"types\":{\"x\":\"integer\"},"
                        "\"data\":{\"x\":[1]}"),
                "\"ok\":null");
}

static void further_tables_are_lookups(void **state)
{
  (void)state;
  struct sources s = {0};
  sources_add(
      &s, TG_FILE_CATALOGUE, "rules/known.lua",
      "return { doc = \"d\", params = { \"column column\", \"table lookup\" },\n"
      "  check = function(b, p) return b[p.column]:le(lookup[p.table]:rows()) end,\n"
      "  tests = { { \"t\", with = { \"x\", \"o\" }, given = { x = { 3 } }, fails = { 1 },\n"
      "    lookups = { o = { 1 } } } } }");
  struct tg_program *p = sources_program(&s);
  const char *got = answer(p, "{\"id\":\"i\",\"rule\":\"known\",\"params\":{\"column\":\"x\","
                              "\"table\":\"the other\"},\"types\":{\"x\":\"integer\"},"
                              "\"data\":{\"x\":[2,3]},\"tables\":{\"the other\":{\"a\":[1,1],"
                              "\"0\":[null,\"b\"]}}}");
  if (!strstr(got, "\"failing_rows\":[1]")) fail_msg("%s", got);
  tg_program_free(p);
}

static void what_is_no_case_is_refused(void **state)
{
  (void)state;
  assert_answer("[1]", "config: case: a case has id, rule, params, types and data");
  assert_answer("{\"id\":", "config: case: not JSON");
  assert_answer(BETWEEN("\"params\":{},\"types\":{\"x\":\"integer\",\"y\":\"integer\"},"
                        "\"data\":{\"x\":[1],\"y\":[]}"),
                "config: y: 0 values where the first column has 1");
  assert_answer(BETWEEN("\"params\":{},\"types\":{\"x\":\"int\"},\"data\":{\"x\":[1]}"),
                "config: x: types does not say what it holds");
  assert_answer(BETWEEN("\"params\":{},\"types\":{\"x\":\"integer\"},\"data\":{\"x\":1}"),
                "config: x: data of a column is a list");
}

static void deep_arguments_do_not_end_the_process(void **state)
{
  (void)state;
  char line[2048], deep[512];
  memset(deep, 0, sizeof deep), memset(deep, 0x5b, 200);
  memset(deep + 200, 0x5d, 200);
  snprintf(line, sizeof line,
           BETWEEN("\"params\":{\"column\":\"x\",\"min\":%s},\"types\":{},\"data\":{}"), deep);
  assert_answer(line, "JSON is nested over 64 deep");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_counted_from_zero_and_nulls_are_left_out),
      cmocka_unit_test(columns_may_have_any_name),
      cmocka_unit_test(numbers_beyond_json_are_read),
      cmocka_unit_test(text_among_numbers_is_an_error_whatever_mostly_says),
      cmocka_unit_test(data_that_are_not_of_their_kind_are_json_values),
      cmocka_unit_test(a_column_without_values_takes_any_type),
      cmocka_unit_test(what_cannot_be_built_has_the_verdict_error),
      cmocka_unit_test(every_expectation_is_compared),
      cmocka_unit_test(a_case_that_expects_nothing_is_neither_right_nor_wrong),
      cmocka_unit_test(further_tables_are_lookups),
      cmocka_unit_test(what_is_no_case_is_refused),
      cmocka_unit_test(deep_arguments_do_not_end_the_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
