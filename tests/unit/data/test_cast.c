/* Conversions: what widens, what must be asked for, what does not fit; choosing; parsing. */
#include "columns.h"
#include "core/data/cast.h"
#include "core/data/choose.h"
#include "core/data/parseop.h"

static struct tg_column *cast(const char *from, const char *values, const char *to, bool asked)
{
  return tg_cast_to(&op, column(from, values), type_named(to), asked);
}

static void integers_check_their_range(void **state)
{
  (void)state;
  assert_column(cast("bigint", "32767 32768 -32768 -32769 null", "smallint", false),
                "32767 !out of range -32768 !out of range null");
  assert_column(cast("bigint", "2147483647 -2147483649", "integer", false),
                "2147483647 !out of range");
  assert_column(cast("integer", "5 null", "numeric(4,2)", false), "5.00 null");
  assert_column(cast("integer", "99 100", "numeric(4,2)", false), "99.00 !out of range");
  assert_column(cast("integer", "5", "float8", false), "5");
}

static void numerics_round_to_their_scale(void **state)
{
  (void)state;
  assert_column(cast("numeric(8,4)", "1.2350 -1.2350 1.2349", "numeric(6,2)", false),
                "1.24 -1.24 1.23");
  assert_column(cast("numeric(8,2)", "123.45", "numeric(12,6)", false), "123.450000");
  assert_column(cast("numeric", "123456789012345678901.5 -0.125 null", "numeric(6,2)", false),
                "!out of range -0.13 null");
  assert_column(cast("numeric(6,2)", "1.50 null", "numeric", false), "1.50 null");
  assert_column(cast("numeric", "1.5 null", "float8", false), "1.5 null");
}

static void what_loses_is_only_done_when_asked(void **state)
{
  (void)state;
  assert_refused(cast("float8", "1.5", "numeric(6,2)", false),
                 "double precision does not go into numeric(6,2): write :cast(");
  assert_column(cast("float8", "1.005 1e9 NaN null", "numeric(6,2)", true),
                "1.01 !out of range !out of range null");
  assert_refused(cast("numeric(6,2)", "1.5", "integer", false), "write :cast(");
  assert_column(cast("numeric(6,2)", "1.50 -1.50", "integer", true), "2 -2");
  assert_refused(cast("timestamptz", "2026-01-01T00:00:00Z", "date", false), "write :cast(");
  assert_column(cast("timestamptz", "2026-01-01T23:00:00Z 1969-12-31T23:00:00Z", "date", true),
                "2026-01-01 1969-12-31");
  assert_column(cast("date", "2026-01-01", "timestamptz", false), "2026-01-01T00:00:00Z");
}

static void texts_check_their_length_in_characters(void **state)
{
  (void)state;
  assert_column(cast("text", "abc \xc3\xa9\xc3\xa9\xc3\xa9 abcd null", "varchar(3)", false),
                "abc \xc3\xa9\xc3\xa9\xc3\xa9 !out of range null");
  assert_refused(cast("text", "{}", "jsonb", false), "text does not go into jsonb");
  assert_refused(cast("text", "1", "integer", false), "write :parse(");
  assert_refused(cast("boolean", "true", "integer", true), "boolean does not go into integer");
}

static void when_and_where_choose_by_row(void **state)
{
  (void)state;
  struct tg_column *m = column("boolean", "true false null !out");
  struct tg_arg a = arg("integer", "1 2 3 4"), b = arg("numeric(4,1)", "0.5 0.5 null 0.5");
  assert_column(tg_choose_when(&op, m, a, b), "1.0 0.5 null !out of range");
  assert_column(tg_choose_when(&op, m, tg_arg_int(7), tg_arg_null()), "7 null null !out of range");
  assert_column(tg_choose_where(&op, a.c, m), "1 null null !out of range");
  assert_column(tg_choose_when(&op, m, tg_arg_text(tg_text("a")), tg_arg_text(tg_text("b"))),
                "a b b !out of range");
  assert_column(tg_choose_when(&op, m, tg_arg_column(m), tg_arg_bool(true)),
                "true true true !out of range");
  assert_refused(tg_choose_when(&op, m, a, tg_arg_text(tg_text("b"))), "of different kinds");
}

static void a_fault_not_chosen_is_gone(void **state)
{
  (void)state;
  struct tg_column *m = column("boolean", "true false");
  assert_column(tg_choose_when(&op, m, arg("integer", "1 !out"), tg_arg_int(0)), "1 0");
}

static void default_takes_nulls_and_faults(void **state)
{
  (void)state;
  struct tg_column *c = column("integer", "1 null !out 4");
  assert_column(tg_choose_default(&op, c, tg_arg_int(0)), "1 0 0 4");
  assert_column(tg_choose_default(&op, c, arg("integer", "9 8 null 6")), "1 8 null 4");
  assert_column(tg_choose_default(&op, column("boolean", "true null !out"), tg_arg_bool(false)),
                "true false false");
  assert_column(tg_choose_default(&op, column("text", "a null"), tg_arg_text(tg_text("z"))), "a z");
  assert_column(tg_choose_default(&op, column("timestamptz", "null"),
                                  tg_arg_text(tg_text("2026-01-01T00:00:00Z"))),
                "2026-01-01T00:00:00Z");
}

static void texts_parse_as_types(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "12 -0.5 x '' null");
  const char *bad = "the text cannot be parsed";
  char expected[200];
  snprintf(expected, sizeof expected, "12 !%s !%s !%s null", bad, bad, bad);
  assert_column(tg_parse_column(&op, c, tg_text("integer")), expected);
  snprintf(expected, sizeof expected, "12.00 -0.50 !%s !%s null", bad, bad);
  assert_column(tg_parse_column(&op, c, tg_text("numeric(6,2)")), expected);
  assert_column(tg_parse_test(&op, c, tg_text("numeric(6,2)")), "true true false false null");
  assert_column(tg_parse_column(&op, column("text", "06.05.2026 x"), tg_text("%d.%m.%Y")),
                "2026-05-06T00:00:00Z !the text cannot be parsed");
  assert_refused(tg_parse_column(&op, c, tg_text("intteger")), "neither a type nor a pattern");
  assert_refused(tg_parse_column(&op, c, tg_text("%Q")), "neither a type nor a pattern");
  assert_refused(tg_parse_column(&op, c, tg_text("jsonb")), "not parsed as jsonb");
  assert_refused(tg_parse_column(&op, column("integer", "1"), tg_text("text")), "parse needs text");
}

static void repeated_texts_parse_the_same(void **state)
{
  (void)state;
  enum { ROWS = 4000 };
  struct tg_column *c = tg_column_new(&arena, type_named("text"), ROWS, true);
  op.rows = ROWS;
  for (uint32_t i = 0; i < ROWS; i++) {
    c->nul[i] = i % 11 == 5;
    if (!c->nul[i]) c->v.texts[i] = tg_text(i % 3 ? tg_arena_printf(&arena, "%u", i % 20) : "none");
  }
  struct tg_column *out = tg_parse_column(&op, c, tg_text("bigint"));
  assert_non_null(c->dict);
  for (uint32_t i = 0; i < ROWS; i++) {
    assert_int_equal(tg_column_nul(out, i), i % 11 == 5 ? TG_NULL : i % 3 ? TG_SOME : TG_PARSE);
    assert_int_equal(out->v.ints[i], i % 11 == 5 || i % 3 == 0 ? 0 : i % 20);
  }
}

static void values_become_texts(void **state)
{
  (void)state;
  assert_column(tg_parse_text(&op, column("numeric(6,2)", "1.50 null"), tg_text("")), "1.50 null");
  assert_column(tg_parse_text(&op, column("boolean", "true null"), tg_text("")), "true null");
  assert_column(
      tg_parse_text(&op, column("timestamptz", "2026-05-06T00:00:00Z"), tg_text("%d.%m.")),
      "06.05.");
  assert_column(tg_parse_text(&op,
                              column("numeric", "12345678901234567890123456789012345678901234567890"
                                                "1234567890123456789012345678901234567890"),
                              tg_text("")),
                "1234567890123456789012345678901234567890123456789012345678901234...");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(integers_check_their_range),         T(numerics_round_to_their_scale),
      T(what_loses_is_only_done_when_asked), T(texts_check_their_length_in_characters),
      T(when_and_where_choose_by_row),       T(a_fault_not_chosen_is_gone),
      T(default_takes_nulls_and_faults),     T(texts_parse_as_types),
      T(repeated_texts_parse_the_same),      T(values_become_texts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
