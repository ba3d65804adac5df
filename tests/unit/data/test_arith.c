/* Arithmetic: exactness, scales, overflow, division by zero, every mix of kinds. */
#include "columns.h"
#include "core/data/arith.h"
#include "core/data/literal.h"

#include <math.h>

static struct tg_column *calc(enum tg_arith what, struct tg_arg a, struct tg_arg b)
{
  return tg_arith(&op, what, a, b);
}

static const char *type_of(const struct tg_column *c)
{
  static char name[64];
  return tg_type_name(c->type, name, sizeof name);
}

static void integers_stay_integers(void **state)
{
  (void)state;
  struct tg_arg a = arg("smallint", "7 -7 7 -7 null"), b = arg("bigint", "2 2 -2 -2 1");
  assert_column(calc(TG_ADD, a, b), "9 -5 5 -9 null");
  assert_string_equal(type_of(calc(TG_ADD, a, b)), "bigint");
  assert_column(calc(TG_SUB, a, b), "5 -9 9 -5 null");
  assert_column(calc(TG_MUL, a, b), "14 -14 -14 14 null");
  assert_column(calc(TG_IDIV, a, b), "3 -4 -4 3 null");
  assert_column(calc(TG_MOD, a, b), "1 1 -1 -1 null");
  assert_column(calc(TG_SUB, tg_arg_int(10), a), "3 17 3 17 null");
}

static void integer_overflow_is_a_fault_of_its_row(void **state)
{
  (void)state;
  struct tg_arg c = arg("bigint", "9223372036854775807 -9223372036854775808 5");
  assert_column(calc(TG_ADD, c, tg_arg_int(1)), "!out of range -9223372036854775807 6");
  assert_column(calc(TG_SUB, c, tg_arg_int(1)), "9223372036854775806 !out of range 4");
  assert_column(calc(TG_MUL, c, tg_arg_int(-1)), "-9223372036854775807 !out of range -5");
  assert_column(calc(TG_IDIV, c, tg_arg_int(-1)), "-9223372036854775807 !out of range -5");
  assert_column(tg_arith_unary(&op, TG_NEG, c.c, 0), "-9223372036854775807 !out of range -5");
  assert_column(tg_arith_unary(&op, TG_ABS, c.c, 0), "9223372036854775807 !out of range 5");
}

static void division_by_zero_is_a_fault_where_there_is_a_value(void **state)
{
  (void)state;
  struct tg_arg a = arg("integer", "1 null 3 0"), b = arg("integer", "0 0 null 0");
  assert_column(calc(TG_DIV, a, b), "!division by zero null null !division by zero");
  assert_column(calc(TG_IDIV, a, b), "!division by zero null null !division by zero");
  assert_column(calc(TG_MOD, a, b), "!division by zero null null !division by zero");
  struct tg_arg f = arg("float8", "0 0 null 0");
  assert_column(calc(TG_DIV, a, f), "!division by zero null null !division by zero");
}

static void numeric_is_exact(void **state)
{
  (void)state;
  struct tg_arg c = arg("numeric(12,2)", "0.10 0.20 0.30 -1.05");
  assert_column(calc(TG_ADD, c, tg_arg_float(0.2)), "0.30 0.40 0.50 -0.85");
  assert_column(calc(TG_MUL, c, tg_arg_float(0.1)), "0.010 0.020 0.030 -0.105");
  assert_column(calc(TG_MUL, c, c), "0.0100 0.0400 0.0900 1.1025");
  assert_column(calc(TG_DIV, c, tg_arg_int(3)), "0.03333333 0.06666667 0.10000000 -0.35000000");
  assert_column(calc(TG_MOD, c, tg_arg_float(0.25)), "0.10 0.20 0.05 0.20");
  assert_column(calc(TG_IDIV, c, tg_arg_float(0.25)), "0 0 1 -5");
  assert_column(calc(TG_ADD, c, arg("numeric(10,4)", "0.0001 0.0001 null 0.0001")),
                "0.1001 0.2001 null -1.0499");
  assert_column(calc(TG_MUL, arg("integer", "3 3 3 3"), c), "0.30 0.60 0.90 -3.15");
  assert_string_equal(type_of(calc(TG_MUL, c, c)), "numeric(18,4)");
}

static void integers_divide_into_numeric(void **state)
{
  (void)state;
  assert_column(calc(TG_DIV, arg("integer", "1 -1 199"), tg_arg_int(100)),
                "0.010000 -0.010000 1.990000");
}

static void numeric_overflow_is_a_fault(void **state)
{
  (void)state;
  struct tg_arg c = arg("numeric(18,2)", "9999999999999999.99 1.00 -9999999999999999.99");
  assert_column(calc(TG_ADD, c, tg_arg_float(0.01)), "!out of range 1.01 -9999999999999999.98");
  assert_column(calc(TG_MUL, c, c), "!out of range 1.0000 !out of range");
  struct tg_arg fine = arg("numeric(18,18)", "0.999999999999999999 0.5 0.000000000000000001");
  assert_column(calc(TG_MUL, fine, fine),
                "0.999999999999999998 0.250000000000000000 0.000000000000000000");
  assert_column(calc(TG_ADD, c, fine), "!out of range !out of range !out of range");
}

static void wide_numerics_calculate_within_18_digits(void **state)
{
  (void)state;
  struct tg_arg c = arg("numeric", "1.5 2 100000000000000000000 null");
  assert_column(calc(TG_ADD, c, tg_arg_int(1)), "2.5 3.0 !out of range null");
  assert_column(tg_arith_unary(&op, TG_NEG, c.c, 0), "-1.5 -2.0 !out of range null");
}

static void floats_follow_doubles_and_overflow(void **state)
{
  (void)state;
  struct tg_arg f = arg("float8", "0.1 1e308 -7.5 null");
  assert_column(calc(TG_MUL, f, tg_arg_int(10)), "1 !out of range -75 null");
  assert_column(calc(TG_MOD, f, tg_arg_int(2)), "0.1 0 0.5 null");
  assert_column(calc(TG_IDIV, f, tg_arg_int(2)), "0 5e+307 -4 null");
  assert_column(calc(TG_ADD, f, arg("numeric(6,2)", "0.20 0 0 0")),
                "0.30000000000000004 1e+308 -7.5 null");
  assert_column(tg_arith_unary(&op, TG_ROUND, f.c, 0), "0 1e+308 -8 null");
  assert_column(calc(TG_MUL, arg("float8", "Infinity NaN"), tg_arg_int(2)), "Infinity NaN");
}

static void rounding_goes_away_from_zero(void **state)
{
  (void)state;
  struct tg_column *c = column("numeric(8,3)", "0.125 -0.125 2.500 -2.500 0.124");
  assert_column(tg_arith_unary(&op, TG_ROUND, c, 2), "0.13 -0.13 2.50 -2.50 0.12");
  assert_column(tg_arith_unary(&op, TG_ROUND, c, 0), "0 0 3 -3 0");
  assert_column(tg_arith_unary(&op, TG_ROUND, c, 9), "0.125 -0.125 2.500 -2.500 0.124");
  assert_column(tg_arith_unary(&op, TG_FLOOR, c, 0), "0 -1 2 -3 0");
  assert_column(tg_arith_unary(&op, TG_ABS, c, 0), "0.125 0.125 2.500 2.500 0.124");
  assert_refused(tg_arith_unary(&op, TG_ABS, column("text", "a"), 0), "text is no number");
}

static void least_and_greatest_leave_nulls_out(void **state)
{
  (void)state;
  struct tg_arg a = arg("integer", "1 null 3 null !out"),
                b = arg("numeric(6,2)", "1.5 2.00 null null 1");
  assert_column(tg_arith_pick(&op, false, a, b), "1.00 2.00 3.00 null !out of range");
  assert_column(tg_arith_pick(&op, true, a, b), "1.50 2.00 3.00 null !out of range");
  assert_column(tg_arith_pick(&op, true, tg_arg_int(2), a), "2 2 3 2 !out of range");
  struct tg_arg t = arg("text", "b null a b c");
  assert_column(tg_arith_pick(&op, false, t, tg_arg_text(tg_text("b"))), "b b a b b");
  assert_refused(tg_arith_pick(&op, false, t, a), "of different kinds");
}

static void faults_and_nulls_go_through(void **state)
{
  (void)state;
  struct tg_arg a = arg("integer", "!division 2 null"), b = arg("integer", "1 !out !out");
  assert_column(calc(TG_ADD, a, b), "!division by zero !out of range !out of range");
  assert_column(calc(TG_ADD, a, tg_arg_null()), "!division by zero null null");
}

static void what_is_no_number_is_refused(void **state)
{
  (void)state;
  assert_refused(calc(TG_ADD, arg("text", "a"), tg_arg_int(1)),
                 "text + a whole number cannot be calculated");
  assert_refused(calc(TG_ADD, arg("integer", "1"), tg_arg_text(tg_text("1"))),
                 "cannot be calculated");
  assert_refused(calc(TG_MUL, arg("boolean", "true"), tg_arg_int(1)), "cannot be calculated");
  assert_refused(calc(TG_ADD, tg_arg_int(1), tg_arg_int(1)), "needs a column");
}

/* Against 128-bit arithmetic done apart from it. */
static void random_sums_and_products_agree(void **state)
{
  (void)state;
  enum { ROWS = 1003 };
  uint64_t seed = 3;
  op.rows = ROWS;
  struct tg_column *a = tg_column_new(&arena, type_named("bigint"), ROWS, false);
  struct tg_column *b = tg_column_new(&arena, type_named("numeric(18,3)"), ROWS, false);
  for (uint32_t i = 0; i < ROWS; i++) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    a->v.ints[i] = (int64_t)seed >> (seed % 61);
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    b->v.ints[i] = ((int64_t)seed >> (seed % 61)) % 1000000000000000000;
  }
  const __int128 most = tg_pow10(18) - 1;
  struct tg_column *sum = calc(TG_ADD, tg_arg_column(a), tg_arg_column(b));
  struct tg_column *product = calc(TG_MUL, tg_arg_column(a), tg_arg_column(b));
  for (uint32_t i = 0; i < ROWS; i++) {
    __int128 s = (__int128)a->v.ints[i] * 1000 + b->v.ints[i];
    bool over = s > most || s < -most;
    assert_int_equal(tg_column_nul(sum, i), over ? TG_OVERFLOW : TG_SOME);
    assert_int_equal(sum->v.ints[i], over ? 0 : (int64_t)s);
    __int128 p = (__int128)a->v.ints[i] * b->v.ints[i];
    over = p > most || p < -most;
    assert_int_equal(tg_column_nul(product, i), over ? TG_OVERFLOW : TG_SOME);
    assert_int_equal(product->v.ints[i], over ? 0 : (int64_t)p);
  }
}

static void no_rows_are_fine(void **state)
{
  (void)state;
  assert_column(calc(TG_DIV, arg("integer", ""), tg_arg_int(0)), "");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(integers_stay_integers),
      T(integer_overflow_is_a_fault_of_its_row),
      T(division_by_zero_is_a_fault_where_there_is_a_value),
      T(numeric_is_exact),
      T(integers_divide_into_numeric),
      T(numeric_overflow_is_a_fault),
      T(wide_numerics_calculate_within_18_digits),
      T(floats_follow_doubles_and_overflow),
      T(rounding_goes_away_from_zero),
      T(least_and_greatest_leave_nulls_out),
      T(faults_and_nulls_go_through),
      T(what_is_no_number_is_refused),
      T(random_sums_and_products_agree),
      T(no_rows_are_fine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
