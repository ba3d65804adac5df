/* Conditions and expressions as text: what they mean on columns, and how their faults are told. */
#include "programs.h"

#define FIELDS                                                                                     \
  "fields = { \"a bigint\", \"n numeric(12,2)\", \"t text\", \"f boolean\", \"at timestamptz\","   \
  " \"x double precision\", \"u uuid\", \"odd_name text @ odd\" }"

/* A rule `holds { "condition" }`. */
static void add_rule(struct sources *s)
{
  sources_add(s, TG_FILE_RULE, "rules/holds.lua",
              "return { doc = \"d\", params = { \"when mask\" },\n"
              "check = function(b, p) return p.when(b) end }");
}

static enum tg_rc load(const char *condition, struct sources *s, struct tg_program **p)
{
  static char script[16384];
  *s = (struct sources){0};
  add_rule(s);
  snprintf(script, sizeof script,
           "return { table = \"orders\", " FIELDS ", rules = { holds { [[%s]] },"
           " holds { [[%s]], nulls = \"fail\" } } }",
           condition, condition);
  sources_add(s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  return sources_load(s, p);
}

/* "tfn": true, false, null for each event. */
static void expect_rows(const char *condition, const char *expected)
{
  struct sources s;
  struct tg_program *p;
  struct run r;
  if (load(condition, &s, &p) != TG_OK) fail_msg("%s: does not load: %s", condition, s.faults);
  RUN(&r, p,
      "{\"a\":1,\"n\":1.5,\"t\":\"x\",\"f\":true,\"at\":\"2026-01-02T00:00:00Z\",\"x\":0.5,"
      "\"u\":\"00000000-0000-4000-8000-000000000001\",\"odd\":\"o\"}",
      "{\"a\":-7,\"n\":0.1,\"t\":\"\",\"f\":false,\"at\":\"2026-01-01T00:00:00Z\",\"x\":-2}", "{}");
  char got[4] = "";
  if (r.judgement.rules[0].error) fail_msg("%s: %s", condition, r.judgement.rules[0].error);
  for (uint32_t i = 0; i < 3; i++) { /* a null fails the second rule alone */
    const struct tg_issue *issue = r.b.issues[i];
    got[i] = !issue ? 't' : issue->next ? 'f' : 'n';
  }
  if (strcmp(got, expected) != 0) fail_msg("%s: expected %s, got %s", condition, expected, got);
  run_close(&r);
  tg_program_free(p);
}

static void expect_refused(const char *condition, const char *why)
{
  struct sources s;
  struct tg_program *p;
  enum tg_rc rc = load(condition, &s, &p);
  if (rc == TG_OK) tg_program_free(p);
  if (rc != TG_CONFIG) fail_msg("%s: loads", condition);
  expect_text(s.faults, "scripts/orders.lua:1: ");
  expect_text(s.faults, why);
}

static void comparisons_are_those_of_columns(void **state)
{
  (void)state;
  expect_rows("a == 1", "tfn");
  expect_rows("a ~= 1", "ftn");
  expect_rows("a < 1", "ftn");
  expect_rows("a <= 1", "ttn");
  expect_rows("a > -7", "tfn");
  expect_rows("a >= -7", "ttn");
  expect_rows("1 == a", "tfn");
  expect_rows("1 > a", "ftn");
  expect_rows("1 >= a", "ttn");
  expect_rows("-7 < a", "tfn");
  expect_rows("-7 <= a", "ttn");
  expect_rows("n == 0.1", "ftn");
  expect_rows("a > n", "ffn");
  expect_rows("a < n", "ttn");
  expect_rows("t == 'x'", "tfn");
  expect_rows("t == \"\"", "ftn");
  expect_rows("t < 'y'", "ttn");
  expect_rows("at > '2026-01-01T12:00:00Z'", "tfn");
  expect_rows("at == '2026-01-01T00:00:00Z'", "ftn");
  expect_rows("x > -1e0", "tfn");
  expect_rows("a == 0x1", "tfn");
  expect_rows("a == 1.0", "tfn");
}

static void logic_has_three_values(void **state)
{
  (void)state;
  expect_rows("f", "tfn");
  expect_rows("not f", "ftn");
  expect_rows("f and a == 1", "tfn");
  expect_rows("f or a == -7", "ttn");
  expect_rows("f and false", "fff");
  expect_rows("f or true", "ttt");
  expect_rows("f or nil", "tnn");
  expect_rows("true", "ttt");
  expect_rows("not true", "fff");
  expect_rows("f == true", "tfn");
  expect_rows("f == false", "ftn");
  expect_rows("not f and a == -7", "ftn");
  expect_rows("not (f or a == -7)", "ffn");
}

static void nil_asks_for_null(void **state)
{
  (void)state;
  expect_rows("a == nil", "fft");
  expect_rows("a ~= null", "ttf");
  expect_rows("nil == a", "fft");
  expect_rows("t == nil or a == 1", "tft");
  expect_rows("u ~= nil", "tff");
}

static void precedence_is_luas(void **state)
{
  (void)state;
  expect_rows("f or a == -7 and a == 1", "tfn");
  expect_rows("(f or a == -7) and a == 1", "tfn");
  expect_rows("a == 1 or a == -7 and f", "tfn");
  expect_rows("a + 1 * 2 == 3", "tfn");
  expect_rows("(a + 1) * 2 == 4", "tfn");
  expect_rows("a - 1 - 1 == -1", "tfn");
  expect_rows("a * 2 // 3 == 0", "tfn");
  expect_rows("-a * 2 == 14", "ftn");
  expect_rows("- a + 2 == 1", "tfn");
  expect_rows("a % 4 == 1", "ttn");
  expect_rows("a / 2 == 0.5", "tfn");
  expect_rows("not f == false", "tfn");
  expect_rows("t .. 'b' .. 'c' == 'xbc'", "tfn");
  expect_rows("2 + 3 * 2 == 8", "ttt");
  expect_rows("1 + 1 == 2 and f", "tfn");
}

static void values_of_different_type_are_unequal(void **state)
{
  (void)state;
  expect_rows("a == 'x'", "ffn");
  expect_rows("a ~= 'x'", "ttn");
  expect_rows("t == 1", "ffn");
  expect_rows("t ~= a", "ttn");
  expect_rows("f == 1", "ffn");
  expect_rows("1 == 'a'", "fff");
  expect_rows("1 ~= 'a'", "ttt");
}

static void ordering_different_types_is_refused(void **state)
{
  (void)state;
  expect_refused("a < 'x'", "position 3 of 'a < 'x'': number and text have no order");
  expect_refused("t >= 1", "position 3 of");
  expect_refused("t > a", "text and number have no order");
  expect_refused("1 < 'a'", "number and text have no order");
  expect_refused("f < true and 'a' < 1", "have no order");
  expect_refused("at > 'soon'", "position 4: gt: 'soon' is no timestamp with time zone");
  expect_refused("at == 'soon'", "'soon' is no timestamp");
  expect_refused("a < nil", "position 3 of");
}

static void names_that_are_no_identifiers_are_written_with_col(void **state)
{
  (void)state;
  expect_rows("col['odd_name'] == 'o'", "tnn");
  expect_rows("col[\"a\"] == 1", "tfn");
  expect_refused("col['od name'] == 1", "there is no column 'od name'");
  expect_refused("col[a] == 1", "position 5 of 'col[a] == 1': the name of a column as text was");
  expect_refused("col['a' == 1", "']' was expected, not ==");
}

static void min_max_and_abs_are_known(void **state)
{
  (void)state;
  expect_rows("abs(a) == 7", "ftn");
  expect_rows("abs(-1) == a", "tfn");
  expect_rows("min(a, n) == 1", "tfn");
  expect_rows("max(a, n, 0) == 1.5", "tff");
  expect_rows("max(1, 2) == 2", "ttt");
  expect_refused("min(a) == 1", "min needs two values at least");
  expect_refused("abs(t) == 1", "a number was expected in abs(), not text");
  expect_refused("max(a, t) == 1", "a number was expected in max(), not text");
  expect_refused("sqrt(a) == 1", "there is no function 'sqrt': abs, max, min are known");
  expect_refused("abs(a == 1", "')' or ',' was expected, not the end");
}

static void every_fault_names_its_position(void **state)
{
  (void)state;
  expect_refused("", "position 1 of '': a column, a value or '(' was expected, not the end");
  expect_refused("a ==",
                 "position 5 of 'a ==': a column, a value or '(' was expected, not the end");
  expect_refused("a = 1", "position 3 of 'a = 1': '=' is not expected; write ==");
  expect_refused("a != 1", "'!' is not expected; write ~= or not");
  expect_refused("f && f", "'&' is not expected; write and");
  expect_refused("f || f", "'|' is not expected; write or");
  expect_refused("ammount > 1", "position 1 of 'ammount > 1': there is no column 'ammount'");
  expect_refused("at_ == nil", "did you mean 'at'?");
  expect_refused("a 1", "position 3 of 'a 1': an operator or the end was expected, not 1");
  expect_refused("(a == 1", "')' was expected, not the end");
  expect_refused("a == 1)", "an operator or the end was expected, not )");
  expect_refused("a == 1 and", "position 11 of");
  expect_refused("t == 'x", "position 6 of 't == 'x': the text that begins here does not end");
  expect_refused("t == '\\q'", "an unknown escape");
  expect_refused("a == 1x", "'1x' is no number");
  expect_refused("a", "position 1 of 'a': a condition was expected, not number");
  expect_refused("a + 1", "a condition was expected, not number");
  expect_refused("not a", "a condition was expected, not number");
  expect_refused("t and f", "a condition was expected, not text");
  expect_refused("t + 1 == 2", "position 1 of 't + 1 == 2': a number was expected beside '+', not");
  expect_refused("f .. 'x' == 'y'", "a text was expected beside '..', not boolean");
  expect_refused("-t == 'x'", "a number was expected behind '-', not text");
  expect_refused("a == 1 // 0", "these values cannot be calculated with");
  expect_refused("a.b == 1", "position 2 of 'a.b == 1': '.' is not expected");
}

static void hostile_conditions_meet_their_caps(void **state)
{
  (void)state;
  static char text[6000];
  memset(text, '(', 100);
  expect_refused(text, "more than 50 levels of nesting");
  memset(text, 'a', 5000);
  expect_refused(text, "the condition is longer than 4096 bytes");
}

static void rows_leave_where_the_condition_is_not_true(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p =
      program_of("return { table = \"orders\", " FIELDS ",\n"
                 "rules = { between { \"a\", max = 0, where = \"t ~= 'keep' and f\" } } }");
  RUN(&r, p, "{\"a\":1,\"t\":\"keep\",\"f\":true}", "{\"a\":1,\"t\":\"x\",\"f\":true}",
      "{\"a\":1,\"f\":true}", "{\"a\":1,\"t\":\"x\"}", "{\"a\":1,\"t\":\"x\",\"f\":false}");
  expect_fates(&r, "load tag load load load");
  assert_int_equal(r.judgement.rules[0].evaluated, 1);
  assert_int_equal(r.judgement.rules[0].skipped, 4);
  run_close(&r);
  tg_program_free(p);
}

static void expect_both(const char *params, const char *where, const char *use)
{
  static char rule[512], script[512];
  struct sources s = {0};
  struct run r;
  snprintf(rule, sizeof rule,
           "return { doc = \"d\", params = { \"column column\"%s }, where = %s,\n"
           "check = function(b, p) return b[p.column]:not_null() end }",
           params, where);
  snprintf(script, sizeof script,
           "return { table = \"orders\", " FIELDS ",\n"
           "rules = { there { \"n\"%s, where = \"a > 0\" } } }",
           use);
  sources_add(&s, TG_FILE_RULE, "rules/there.lua", rule);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  struct tg_program *p = sources_program(&s);
  RUN(&r, p, "{\"a\":1,\"f\":true}", "{\"a\":0,\"f\":true}", "{\"a\":1,\"f\":false}", "{\"a\":1}");
  expect_fates(&r, "tag load load load");
  assert_int_equal(r.judgement.rules[0].evaluated, 1);
  run_close(&r);
  tg_program_free(p);
}

static void conditions_of_file_and_application_must_both_hold(void **state)
{
  (void)state;
  expect_both("", "\"f\"", "");
  expect_both("", "function(b) return b.f end", "");
  expect_both(", \"when mask\"", "\"$when\"", ", when = \"f\"");
  expect_both(", \"when mask\"", "\"$when\"", ", when = function(b) return b.f end");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comparisons_are_those_of_columns),
      cmocka_unit_test(logic_has_three_values),
      cmocka_unit_test(nil_asks_for_null),
      cmocka_unit_test(precedence_is_luas),
      cmocka_unit_test(values_of_different_type_are_unequal),
      cmocka_unit_test(ordering_different_types_is_refused),
      cmocka_unit_test(names_that_are_no_identifiers_are_written_with_col),
      cmocka_unit_test(min_max_and_abs_are_known),
      cmocka_unit_test(every_fault_names_its_position),
      cmocka_unit_test(hostile_conditions_meet_their_caps),
      cmocka_unit_test(rows_leave_where_the_condition_is_not_true),
      cmocka_unit_test(conditions_of_file_and_application_must_both_hold),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
