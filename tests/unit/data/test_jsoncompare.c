/* Comparing json columns with values, with other columns and with each other. */
#include "columns.h"

#include "core/data/jsoncompare.h"
#include "core/data/jsonop.h"

static struct tg_column *mixed;

static struct tg_column *json(const char *words_of_it)
{
  struct tg_column *c = column("text", words_of_it);
  c->type = type_named("jsonb");
  return c;
}

static struct tg_column *compare(enum tg_cmp cmp, struct tg_arg b)
{
  return tg_compare(&op, cmp, tg_arg_column(mixed), b);
}

#define TYPE "!the value has another type"

/* 1 "a" true null 2.50 [1] */
static void make_mixed(void)
{
  mixed = json("1 \"a\" true null 2.50 [1]");
}

static void what_has_another_type_is_a_fault(void **state)
{
  (void)state;
  make_mixed();
  assert_column(compare(TG_EQ, tg_arg_int(1)), "true " TYPE " " TYPE " null false " TYPE);
  assert_column(compare(TG_GT, tg_arg_float(2.4)), "false " TYPE " " TYPE " null true " TYPE);
  assert_column(compare(TG_LE, tg_arg_text(tg_text("a"))),
                TYPE " true " TYPE " null " TYPE " " TYPE);
  assert_column(compare(TG_EQ, tg_arg_bool(true)), TYPE " " TYPE " true null " TYPE " " TYPE);
  assert_column(compare(TG_EQ, tg_arg_null()), "null null null null null null");
}

static void the_literal_may_stand_on_the_left(void **state)
{
  (void)state;
  make_mixed();
  assert_column(tg_compare(&op, TG_LT, tg_arg_int(2), tg_arg_column(mixed)),
                "false " TYPE " " TYPE " null true " TYPE);
}

static void columns_of_other_types_stand_beside_json(void **state)
{
  (void)state;
  make_mixed();
  struct tg_arg n = tg_arg_column(column("numeric(6,2)", "1 1 1 1 2.5 1"));
  struct tg_arg t = tg_arg_column(column("text", "1 a true a a a"));
  assert_column(compare(TG_EQ, n), "true " TYPE " " TYPE " null true " TYPE);
  assert_column(compare(TG_EQ, t), TYPE " true " TYPE " null " TYPE " " TYPE);
  assert_column(tg_compare(&op, TG_GE, n, tg_arg_column(mixed)),
                "true " TYPE " " TYPE " null true " TYPE);
  assert_null(compare(TG_EQ, tg_arg_column(column("date", "2026-01-01 null null null null null"))));
  assert_int_equal(err.rc, TG_CONFIG);
}

static void two_json_columns_compare_kind_by_kind(void **state)
{
  (void)state;
  make_mixed();
  struct tg_arg b = tg_arg_column(json("1.0 \"b\" true 1 \"2.50\" [1]"));
  assert_column(compare(TG_EQ, b), "true false true null " TYPE " true");
  assert_column(compare(TG_LT, b), "false true false null " TYPE " " TYPE);
  assert_column(compare(TG_NE, b), "false true false null " TYPE " false");
}

static void asked_for_equality_other_types_are_unequal(void **state)
{
  (void)state;
  make_mixed();
  struct tg_arg b = tg_arg_column(json("1.0 \"b\" true 1 \"2.50\" [1]"));
  assert_column(tg_compare_equals(&op, mixed, tg_arg_int(1)), "true false false null false false");
  assert_column(tg_compare_equals(&op, mixed, b), "true false true null false true");
  assert_column(tg_compare_equals(&op, b.c, tg_arg_column(mixed)),
                "true false true null false true");
  struct tg_column *t = column("text", "1 a true a a a");
  assert_column(tg_compare_equals(&op, t, tg_arg_column(mixed)),
                "false true false null false false");
  struct tg_arg d = tg_arg_column(column("date", "2026-01-01 null null null null null"));
  assert_column(tg_compare_equals(&op, mixed, d), "false null null null null null");
}

static void numbers_stay_exact(void **state)
{
  (void)state;
  mixed = json("9007199254740993 0.1 1e2 \"1\"");
  assert_column(compare(TG_EQ, tg_arg_int(9007199254740993)), "true false false " TYPE);
  assert_column(compare(TG_EQ, tg_arg_float(0.1)), "false true false " TYPE);
  assert_column(compare(TG_EQ, tg_arg_int(100)), "false false true " TYPE);
}

static void bounds_are_met_by_numbers_only(void **state)
{
  (void)state;
  make_mixed();
  struct tg_bounds bounds = {
      .has_min = true, .has_max = true, .min = tg_arg_int(1), .max = tg_arg_int(2)};
  assert_column(tg_compare_between(&op, mixed, &bounds), "true " TYPE " " TYPE " null false " TYPE);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(what_has_another_type_is_a_fault),
      T(the_literal_may_stand_on_the_left),
      T(columns_of_other_types_stand_beside_json),
      T(two_json_columns_compare_kind_by_kind),
      T(asked_for_equality_other_types_are_unequal),
      T(numbers_stay_exact),
      T(bounds_are_met_by_numbers_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
