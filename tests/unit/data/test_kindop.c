/* Kinds of values: by column type, by number, by JSON token, by what a text is written as. */
#include "columns.h"
#include "core/data/kindop.h"

static struct tg_column *test(struct tg_column *c, const char *kind, bool coerce)
{
  return tg_kind_test(&op, c, tg_kind_bit(tg_text(kind)), coerce);
}

static void a_typed_column_is_of_its_kind(void **state)
{
  (void)state;
  assert_column(test(column("bigint", "1 null"), "integer", false), "true null");
  assert_column(test(column("bigint", "1 null"), "number", false), "true null");
  assert_column(test(column("boolean", "true false null"), "boolean", false), "true true null");
  assert_column(test(column("boolean", "true !out"), "string", false), "false !out of range");
  assert_column(test(column("varchar(3)", "a null"), "string", false), "true null");
  assert_column(test(column("date", "2026-01-31"), "timestamp", false), "false");
  assert_column(test(column("timestamp", "2026-01-31"), "timestamp", false), "true");
  assert_column(test(column("time", "12:30"), "timestamp", false), "false");
}

static void an_integer_has_no_fraction(void **state)
{
  (void)state;
  assert_column(test(column("float8", "2 2.5 NaN Infinity 1e300 -0 null"), "integer", false),
                "true false false false true true null");
  assert_column(test(column("numeric(5,2)", "2 2.01 null"), "integer", false), "true false null");
  assert_column(test(column("numeric", "123456789012345678901.00 0.1 null"), "integer", false),
                "true false null");
  assert_column(test(column("numeric", "0.1"), "number", false), "true");
}

static struct tg_column *json(const char *words)
{
  struct tg_column *c = column("text", words);
  c->type = tg_type_of(TG_JSONB);
  return c;
}

static void json_is_of_the_kind_of_its_token(void **state)
{
  (void)state;
  const char *values = "1 1.5 1e2 \"1\" true {} [] null";
  assert_column(test(json(values), "integer", false),
                "true false true false false false false null");
  assert_column(test(json(values), "number", false), "true true true false false false false null");
  assert_column(test(json(values), "string", true),
                "false false false true false false false null");
  assert_column(test(json(values), "boolean", false),
                "false false false false true false false null");
  assert_column(test(json(values), "object", false),
                "false false false false false true false null");
  assert_column(test(json(values), "array", false),
                "false false false false false false true null");
}

static void coerced_texts_are_what_they_are_written_as(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "1 1.0 1.5 True 2026-01-31 2026-01-31T12:30Z [1] {} x null");
  assert_column(test(c, "integer", true),
                "true true false false false false false false false null");
  assert_column(test(c, "number", true), "true true true false false false false false false null");
  assert_column(test(c, "boolean", true),
                "false false false true false false false false false null");
  assert_column(test(c, "date", true), "false false false false true false false false false null");
  assert_column(test(c, "timestamp", true),
                "false false false false true true false false false null");
  assert_column(test(c, "array", true),
                "false false false false false false true false false null");
  assert_column(test(c, "object", true),
                "false false false false false false false true false null");
  assert_column(test(c, "string", true), "true true true true true true true true true null");
  assert_column(test(c, "number", false),
                "false false false false false false false false false null");
}

static void an_unknown_kind_has_no_bit(void **state)
{
  (void)state;
  assert_int_equal(tg_kind_bit(tg_text("float")), 0);
  assert_int_equal(tg_kind_bit(tg_text("")), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(a_typed_column_is_of_its_kind),    T(an_integer_has_no_fraction),
      T(json_is_of_the_kind_of_its_token), T(coerced_texts_are_what_they_are_written_as),
      T(an_unknown_kind_has_no_bit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
