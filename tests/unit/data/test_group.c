#include "columns.h"
#include "core/data/group.h"

static struct tg_group *group(struct tg_column *a, struct tg_column *b, const uint8_t *live)
{
  struct tg_column *const columns[] = {a, b};
  struct tg_group *g = tg_group_of(&op, columns, b ? 2 : 1, live);
  if (!g) fail_msg("%s", err.what);
  return g;
}

static void occurrences_and_ordinals_count_rows_of_equal_values(void **state)
{
  (void)state;
  struct tg_group *g = group(column("bigint", "7 8 7 null 7"), NULL, NULL);
  assert_column(tg_group_occurrences(&op, g), "3 1 3 null 3");
  assert_column(tg_group_ordinal(&op, g), "1 1 2 null 3");
}

static void values_are_equal_as_values(void **state)
{
  (void)state;
  struct tg_group *g = group(column("double precision", "0 -0 NaN NaN 1.5"), NULL, NULL);
  assert_column(tg_group_occurrences(&op, g), "2 2 2 2 1");
  g = group(column("numeric", "1.0 1 1.00 1e30 1000000000000000000000000000000.0"), NULL, NULL);
  assert_column(tg_group_occurrences(&op, g), "3 3 3 2 2");
  g = group(column("interval", "24h 1d 1h"), NULL, NULL);
  assert_column(tg_group_occurrences(&op, g), "2 2 1");
}

static void json_values_are_what_they_hold(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "1 1.0 \"1\" true null {} \"\\u0031\" 1e0");
  c->type = tg_type_of(TG_JSONB);
  assert_column(tg_group_occurrences(&op, group(c, NULL, NULL)), "3 3 2 1 null 1 2 3");
}

static void in_a_tuple_null_equals_null(void **state)
{
  (void)state;
  struct tg_column *a = column("bigint", "1 1 null null 1"),
                   *b = column("text", "x null null null x");
  assert_column(tg_group_occurrences(&op, group(a, b, NULL)), "2 1 2 2 2");
}

static void tuples_are_no_joined_texts(void **state)
{
  (void)state;
  struct tg_column *a = column("text", "ab a ab"), *b = column("text", "c bc c");
  assert_column(tg_group_occurrences(&op, group(a, b, NULL)), "2 1 2");
}

static void rows_that_are_not_live_are_in_no_group(void **state)
{
  (void)state;
  const uint8_t live[] = {1, 0, 1};
  struct tg_group *g = group(column("bigint", "5 5 5"), NULL, live);
  assert_column(tg_group_ordinal(&op, g), "1 null 2");
}

static void faults_stay_faults(void **state)
{
  (void)state;
  struct tg_column *a = column("bigint", "1 !out 1"), *b = column("bigint", "2 2 2");
  assert_column(tg_group_occurrences(&op, group(a, b, NULL)), "2 !out of range 2");
}

static void previous_is_the_last_value_of_the_group(void **state)
{
  (void)state;
  struct tg_column *k = column("text", "a b a a null a"), *c = column("bigint", "1 2 null 3 4 5");
  assert_column(tg_group_previous(&op, group(k, NULL, NULL), c), "null null 1 1 null 3");
}

static void membership_compares_tuples(void **state)
{
  (void)state;
  struct tg_column *a = column("bigint", "1 1 2 null"), *b = column("text", "x y x x");
  const struct tg_literal set[] = {tg_arg_int(1).lit,
                                   tg_arg_text(tg_text("x")).lit,
                                   tg_arg_text(tg_text("2")).lit,
                                   tg_arg_text(tg_text("x")).lit,
                                   tg_arg_null().lit,
                                   tg_arg_text(tg_text("x")).lit};
  assert_column(tg_group_is_in(&op, group(a, b, NULL), set, 3), "true false false true");
  assert_column(tg_group_is_in(&op, group(a, b, NULL), set, 0), "false false false false");
  struct tg_group *g = group(column("numeric(6,2)", "1 2.50 3"), NULL, NULL);
  const struct tg_literal one[] = {tg_arg_float(2.5).lit, tg_arg_int(3).lit};
  assert_column(tg_group_is_in(&op, g, one, 2), "false true true");
}

static void many_groups_are_all_told_apart(void **state)
{
  (void)state;
  enum { ROWS = 20000 };
  struct tg_column *a = tg_column_new(&arena, tg_type_of(TG_INT8), ROWS, false);
  struct tg_column *b = tg_column_new(&arena, tg_type_of(TG_FLOAT8), ROWS, false);
  op.rows = ROWS;
  for (int64_t i = 0; i < ROWS; i++)
    a->v.ints[i] = i % 100 << 32, b->v.floats[i] = (double)(i / 100);
  struct tg_group *g = group(a, b, NULL);
  assert_int_equal(g->count, ROWS);
  g = group(a, NULL, NULL);
  assert_int_equal(g->count, 100);
  assert_int_equal(g->sizes[99], 200);
}

static bool always_late(void *self)
{
  (void)self;
  return true;
}

static void deadline_and_full_memory_stop_it(void **state)
{
  (void)state;
  struct tg_column *a = column("bigint", "1 2");
  op.late = always_late;
  assert_null(tg_group_of(&op, &a, 1, NULL));
  assert_int_equal(err.rc, TG_AGAIN);
  op.late = NULL;
  struct tg_arena small;
  tg_arena_init(&small, 256, 256);
  op.arena = &small;
  assert_null(tg_group_of(&op, &a, 1, NULL));
  assert_int_equal(err.rc, TG_FULL);
  tg_arena_fini(&small);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(occurrences_and_ordinals_count_rows_of_equal_values),
      T(values_are_equal_as_values),
      T(json_values_are_what_they_hold),
      T(in_a_tuple_null_equals_null),
      T(tuples_are_no_joined_texts),
      T(rows_that_are_not_live_are_in_no_group),
      T(faults_stay_faults),
      T(previous_is_the_last_value_of_the_group),
      T(membership_compares_tuples),
      T(many_groups_are_all_told_apart),
      T(deadline_and_full_memory_stop_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
