/* Numbers as they are written, and whether they fit. */
#include "columns.h"
#include "core/data/numbertext.h"

static struct tg_column *parses(const char *words, const char *decimal, const char *group)
{
  struct tg_numerals n = {tg_text(decimal), tg_text(group)};
  return tg_number_parses(&op, column("text", words), &n);
}

static void numbers_are_written_in_one_grammar(void **state)
{
  (void)state;
  assert_column(parses("0 -1 +1.5 .5 5. 1e9 1E-9 -.5e+3", ".", ""),
                "true true true true true true true true");
  assert_column(parses("'' . - e9 1e 1e+ 1.2.3 --1 1_ _1 0x1 NaN", ".", ""),
                "false false false false false false false false false false false false");
}

static void groups_are_of_three_or_not_there(void **state)
{
  (void)state;
  assert_column(parses("1,234 12,345.6 123,456,789 1234 1234.5", ".", ","),
                "true true true true true");
  assert_column(parses("1,23 1,2345 ,123 1234,567 1,,234 1,234, 1.234,5", ".", ","),
                "false false false false false false false");
  assert_column(parses("1\xc2\xa0"
                       "234,5",
                       ",", "\xc2\xa0"),
                "true");
}

static void only_texts_and_numbers_are_judged(void **state)
{
  (void)state;
  struct tg_numerals n = {tg_text("."), tg_text("")};
  assert_column(tg_number_parses(&op, column("float8", "1 NaN null"), &n), "true true null");
  assert_refused(tg_number_parses(&op, column("boolean", "true"), &n), "is_number needs text");
}

static struct tg_column *fits(const char *type, const char *words, const char *into)
{
  return tg_number_fits(&op, column(type, words), tg_text(into));
}

static void digits_on_both_sides_must_fit(void **state)
{
  (void)state;
  assert_column(fits("numeric", "0 0.00 99.9 -99.9 100 99.91 0.10 0.01 null", "numeric(3,1)"),
                "true true true true false false true false null");
  assert_column(fits("numeric", "0.001 0.0010 0.01 0.999 1", "numeric(3,3)"),
                "true true true true false");
  assert_column(fits("numeric", "1000000000000000000000000000001 1e30", "numeric(31)"),
                "true true");
  assert_column(fits("numeric", "1e31", "numeric(31)"), "false");
}

static void integers_have_their_ends(void **state)
{
  (void)state;
  assert_column(fits("bigint", "32767 32768 -32768 -32769 null", "smallint"),
                "true false true false null");
  assert_column(fits("bigint", "2147483647 2147483648 -2147483648 -2147483649", "integer"),
                "true false true false");
  assert_column(fits("numeric", "9223372036854775807 9223372036854775808 1.5 1.0", "bigint"),
                "true false false true");
}

static void floats_count_as_their_shortest_decimal(void **state)
{
  (void)state;
  assert_column(fits("float8", "0.1 0.25 NaN Infinity 1e300 -0 null", "numeric(3,1)"),
                "true false false false false true null");
}

static void other_types_are_refused(void **state)
{
  (void)state;
  assert_refused(fits("bigint", "1", "text"), "not text");
  assert_refused(fits("bigint", "1", "numeric"), "not numeric");
  assert_refused(fits("bigint", "1", "real"), "not real");
  assert_refused(fits("bigint", "1", "intt"), "intt");
  assert_refused(fits("text", "1", "integer"), "fits needs a number, this is text");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(numbers_are_written_in_one_grammar),
      T(groups_are_of_three_or_not_there),
      T(only_texts_and_numbers_are_judged),
      T(digits_on_both_sides_must_fit),
      T(integers_have_their_ends),
      T(floats_count_as_their_shortest_decimal),
      T(other_types_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
