/* Comparisons: exact across all kinds of numbers, nulls, faults, NaN, times and literals. */
#include "columns.h"
#include "core/data/compare.h"
#include "core/data/literal.h"
#include "core/data/order.h"

#include <math.h>

static struct tg_column *cmp(enum tg_cmp what, struct tg_arg a, struct tg_arg b)
{
  return tg_compare(&op, what, a, b);
}

static void integers_compare_with_literals(void **state)
{
  (void)state;
  struct tg_arg c = arg("bigint", "-9223372036854775808 -1 0 1 9223372036854775807");
  assert_column(cmp(TG_EQ, c, tg_arg_int(0)), "false false true false false");
  assert_column(cmp(TG_NE, c, tg_arg_int(0)), "true true false true true");
  assert_column(cmp(TG_LT, c, tg_arg_int(INT64_MIN)), "false false false false false");
  assert_column(cmp(TG_LE, c, tg_arg_int(INT64_MIN)), "true false false false false");
  assert_column(cmp(TG_GT, c, tg_arg_int(INT64_MAX)), "false false false false false");
  assert_column(cmp(TG_GE, c, tg_arg_int(INT64_MAX)), "false false false false true");
  assert_column(cmp(TG_LT, tg_arg_int(0), c), "false false false true true");
  assert_column(cmp(TG_GE, c, tg_arg_float(0.5)), "false false false true true");
  assert_column(cmp(TG_LT, c, tg_arg_float(-0.5)), "true true false false false");
  assert_column(cmp(TG_LT, c, tg_arg_float(1e300)), "true true true true true");
  assert_column(cmp(TG_GT, c, tg_arg_float(-1e-300)), "false false true true true");
  assert_column(cmp(TG_GT, c, tg_arg_float(-INFINITY)), "true true true true true");
  assert_column(cmp(TG_LT, c, tg_arg_float(NAN)), "true true true true true");
  assert_column(cmp(TG_EQ, c, tg_arg_float(NAN)), "false false false false false");
}

static void a_float_literal_beside_numeric_is_its_shortest_decimal(void **state)
{
  (void)state;
  struct tg_arg c = arg("numeric(12,2)", "0.10 0.30 0.11");
  assert_column(cmp(TG_EQ, c, tg_arg_float(0.1)), "true false false");
  assert_column(cmp(TG_EQ, c, tg_arg_float(0.3)), "false true false");
  assert_column(cmp(TG_EQ, c, tg_arg_float(0.105)), "false false false");
  assert_column(cmp(TG_LT, c, tg_arg_float(0.105)), "true false false");
  assert_column(cmp(TG_GE, c, tg_arg_float(0.105)), "false true true");
  assert_column(cmp(TG_GT, c, tg_arg_int(0)), "true true true");
}

static void integer_against_float_is_exact(void **state)
{
  (void)state;
  struct tg_arg i = arg(
      "bigint", "9007199254740993 9007199254740992 9223372036854775807 -9223372036854775808 0 5");
  struct tg_arg f =
      arg("float8",
          "9007199254740992 9007199254740992 9223372036854775808 -9223372036854775808 -0.0 5.5");
  assert_column(cmp(TG_EQ, i, f), "false true false true true false");
  assert_column(cmp(TG_GT, i, f), "true false false false false false");
  assert_column(cmp(TG_LT, f, i), "true false false false false false");
  assert_column(cmp(TG_EQ, f, tg_arg_int(9007199254740993)), "false false false false false false");
  assert_column(cmp(TG_LT, f, tg_arg_int(9007199254740993)), "true true false true true true");
}

static void order_of_exact_and_float_agrees_with_digits(void **state)
{
  (void)state;
  uint64_t seed = 7;
  for (int n = 0; n < 20000; n++) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    int64_t v = (int64_t)seed >> (seed % 60);
    uint32_t scale = (uint32_t)(seed >> 33) % 19;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    double near = (double)v / (double)tg_pow10(scale),
           d = n % 3 ? nextafter(near, n % 2 ? 1e300 : -1e300) : near;
    if (n % 17 == 0) d = ldexp((double)(int64_t)seed, (int)(seed % 400) - 300);
    char digits[64], exact[1500];
    uint64_t all = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    snprintf(digits, sizeof digits, "%s%0*llu", v < 0 ? "-" : "", (int)scale + 1,
             (unsigned long long)all);
    size_t len = strlen(digits);
    memmove(digits + len - scale + 1, digits + len - scale, scale + 1);
    digits[len - scale] = '.';
    snprintf(exact, sizeof exact, "%.1100f", d);
    int expected = tg_order_digits(tg_text(digits), tg_text(exact));
    if (tg_order_exact_float(v, scale, d) != expected) fail_msg("%s against %.17g", digits, d);
  }
}

static void numerics_of_any_width_compare(void **state)
{
  (void)state;
  struct tg_arg wide = arg("numeric", "100000000000000000000 0.5 -7 7.00 99999999999999999999.1");
  struct tg_arg narrow = arg("numeric(12,2)", "5 0.50 -7.01 7 -1");
  assert_column(cmp(TG_GT, wide, narrow), "true false true false true");
  assert_column(cmp(TG_EQ, wide, narrow), "false true false true false");
  assert_column(cmp(TG_EQ, wide, tg_arg_float(0.5)), "false true false false false");
  struct tg_arg fine = arg("numeric(18,6)", "5.000001 0.5 -7.01 7 -1");
  assert_column(cmp(TG_EQ, fine, narrow), "false true true true true");
  struct tg_arg f = arg("float8", "1e20 0.5 -7 7 1e20");
  assert_column(cmp(TG_EQ, wide, f), "true true true true false");
}

static void nan_is_the_greatest_and_in_no_range(void **state)
{
  (void)state;
  struct tg_arg f = arg("float8", "NaN 1 Infinity");
  assert_column(cmp(TG_GT, f, tg_arg_float(5)), "true false true");
  assert_column(cmp(TG_EQ, f, tg_arg_float(NAN)), "true false false");
  assert_column(cmp(TG_EQ, f, f), "true true true");
  struct tg_bounds from = {.has_min = true, .min = tg_arg_int(0)};
  assert_column(tg_compare_between(&op, f.c, &from), "false true true");
  struct tg_bounds both = {
      .has_min = true, .has_max = true, .min = tg_arg_int(0), .max = tg_arg_float(NAN)};
  assert_column(tg_compare_between(&op, f.c, &both), "false true true");
}

static void null_makes_null_and_faults_stay(void **state)
{
  (void)state;
  struct tg_arg a = arg("integer", "1 null 3 !out null"),
                b = arg("integer", "1 2 null 4 !division");
  assert_column(cmp(TG_EQ, a, b), "true null null !out of range !division by zero");
  assert_column(cmp(TG_LT, a, tg_arg_int(2)), "true null false !out of range null");
  assert_column(cmp(TG_EQ, a, tg_arg_null()), "null null null !out of range null");
}

static void is_knows_nulls(void **state)
{
  (void)state;
  struct tg_arg a = arg("text", "a null c null !out"), b = arg("text", "a null d x x");
  assert_column(cmp(TG_IS, a, b), "true true false false !out of range");
  assert_column(cmp(TG_ISNT, a, b), "false false true true !out of range");
  assert_column(cmp(TG_IS, a, tg_arg_null()), "false true false true !out of range");
  assert_column(cmp(TG_ISNT, a, tg_arg_text(tg_text("a"))), "false true true true !out of range");
  struct tg_arg m = arg("boolean", "true null false"), n = arg("boolean", "true null null");
  assert_column(cmp(TG_IS, m, n), "true true false");
  assert_column(cmp(TG_EQ, m, tg_arg_bool(true)), "true null false");
}

static void text_compares_byte_by_byte(void **state)
{
  (void)state;
  struct tg_arg t = arg("text", "a B '' ab \xc3\xa9 null");
  assert_column(cmp(TG_EQ, t, tg_arg_text(tg_text("ab"))), "false false false true false null");
  assert_column(cmp(TG_EQ, t, tg_arg_text(tg_text(""))), "false false true false false null");
  assert_column(cmp(TG_GT, t, tg_arg_text(tg_text("a"))), "false false false true true null");
  assert_column(cmp(TG_LT, t, tg_arg_text(tg_text("a"))), "false true true false false null");
}

static void values_of_different_types_are_unequal_when_asked_so(void **state)
{
  (void)state;
  struct tg_arg n = arg("bigint", "1 2 null"), t = arg("text", "1 2 null");
  assert_column(tg_compare_equals(&op, n.c, tg_arg_int(2)), "false true null");
  assert_column(tg_compare_equals(&op, n.c, tg_arg_text(tg_text("2"))), "false false null");
  assert_column(tg_compare_equals(&op, t.c, tg_arg_text(tg_text("2"))), "false true null");
  assert_column(tg_compare_equals(&op, t.c, tg_arg_int(2)), "false false null");
  assert_column(tg_compare_equals(&op, n.c, t), "false false null");
  assert_column(tg_compare_equals(&op, n.c, tg_arg_null()), "null null null");
  assert_column(tg_compare_equals(&op, n.c, tg_arg_bool(true)), "false false null");
}

static void times_compare_as_instants(void **state)
{
  (void)state;
  struct tg_arg t =
      arg("timestamptz", "2026-01-01T00:00:00Z 2026-01-01T01:00:00+02:00 2026-01-02T00:00:00Z");
  assert_column(cmp(TG_LT, t, tg_arg_text(tg_text("2026-01-01T00:00:00Z"))), "false true false");
  assert_column(cmp(TG_EQ, t, tg_arg_text(tg_text("2026-01-01 01:00:00+01"))), "true false false");
  struct tg_arg d = arg("date", "2026-01-01 2026-01-01 2026-01-02");
  assert_column(cmp(TG_EQ, t, d), "true false true");
  assert_column(cmp(TG_GE, d, tg_arg_text(tg_text("2026-01-02"))), "false false true");
  assert_refused(cmp(TG_LT, t, tg_arg_text(tg_text("yesterday"))), "'yesterday' is no timestamp");
  assert_refused(cmp(TG_LT, t, tg_arg_int(5)), "cannot be compared");
  struct tg_arg clock = arg("time", "12:00 13:00 00:00");
  assert_column(cmp(TG_GT, clock, tg_arg_text(tg_text("12:30"))), "false true false");
  struct tg_arg span = arg("interval", "PT2H P1D P1M");
  assert_column(cmp(TG_GT, span, tg_arg_text(tg_text("1h30m"))), "true true true");
  assert_column(cmp(TG_EQ, span, tg_arg_text(tg_text("30 days"))), "false false true");
}

static void uuids_and_bytes_compare(void **state)
{
  (void)state;
  struct tg_arg u =
      arg("uuid", "00000000-0000-4000-8000-000000000001 00000000-0000-4000-8000-000000000002");
  assert_column(cmp(TG_EQ, u, tg_arg_text(tg_text("00000000-0000-4000-8000-000000000002"))),
                "false true");
  assert_refused(cmp(TG_EQ, u, tg_arg_text(tg_text("x"))), "'x' is no uuid");
}

static void other_kinds_are_refused(void **state)
{
  (void)state;
  assert_refused(cmp(TG_LT, arg("text", "a"), tg_arg_int(5)),
                 "text cannot be compared with a whole number");
  assert_refused(cmp(TG_EQ, arg("integer", "1"), tg_arg_text(tg_text("1"))),
                 "integer cannot be compared with a text");
  assert_refused(cmp(TG_EQ, arg("integer", "1"), arg("text", "1")),
                 "integer cannot be compared with text");
  assert_refused(cmp(TG_EQ, arg("boolean", "true"), tg_arg_int(1)), "boolean cannot be compared");
  assert_refused(cmp(TG_EQ, tg_arg_int(1), tg_arg_int(1)), "needs a column");
}

static void between_takes_bounds_of_all_sorts(void **state)
{
  (void)state;
  struct tg_column *c = column("numeric(6,2)", "0.99 1.00 2.00 3.00 3.01 null");
  struct tg_bounds b = {
      .has_min = true, .has_max = true, .min = tg_arg_int(1), .max = tg_arg_int(3)};
  assert_column(tg_compare_between(&op, c, &b), "false true true true false null");
  b.exclusive_min = b.exclusive_max = true;
  assert_column(tg_compare_between(&op, c, &b), "false false true false false null");
  b.min = tg_arg_float(0.995), b.max = tg_arg_float(3.005);
  assert_column(tg_compare_between(&op, c, &b), "false true true true false null");
  b.has_min = false;
  assert_column(tg_compare_between(&op, c, &b), "true true true true false null");
  b.has_max = false;
  assert_refused(tg_compare_between(&op, c, &b), "needs min or max");
  struct tg_bounds cols = {.has_min = true, .min = arg("integer", "1 1 1 null 4 1")};
  assert_column(tg_compare_between(&op, c, &cols), "false true true null false null");
  struct tg_bounds upside = {
      .has_min = true, .has_max = true, .min = tg_arg_int(3), .max = tg_arg_int(1)};
  assert_column(tg_compare_between(&op, c, &upside), "false false false false false null");
  struct tg_bounds texts = {.has_min = true, .min = tg_arg_text(tg_text("x"))};
  assert_refused(tg_compare_between(&op, c, &texts), "cannot be compared with a text");
}

static void no_rows_are_fine(void **state)
{
  (void)state;
  struct tg_arg c = arg("integer", ""), t = arg("text", "");
  assert_column(cmp(TG_EQ, c, tg_arg_int(1)), "");
  assert_column(cmp(TG_IS, t, t), "");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(integers_compare_with_literals),
      T(a_float_literal_beside_numeric_is_its_shortest_decimal),
      T(integer_against_float_is_exact),
      T(order_of_exact_and_float_agrees_with_digits),
      T(numerics_of_any_width_compare),
      T(nan_is_the_greatest_and_in_no_range),
      T(null_makes_null_and_faults_stay),
      T(is_knows_nulls),
      T(values_of_different_types_are_unequal_when_asked_so),
      T(text_compares_byte_by_byte),
      T(times_compare_as_instants),
      T(uuids_and_bytes_compare),
      T(other_kinds_are_refused),
      T(between_takes_bounds_of_all_sorts),
      T(no_rows_are_fine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
