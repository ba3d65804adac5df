/* Distinct values, quantiles and counts: exact below their caps, and how far off above. */
#include "tests/unit/state/summaries.h"

#include <math.h>

static struct tg_summary *numbers(enum tg_summary_kind kind, uint32_t cap, int64_t from, int64_t to)
{
  struct tg_summary *s = summary_empty(kind, cap);
  enum { BATCH = 10000 };
  for (int64_t at = from; at < to; at += BATCH) {
    uint32_t n = (uint32_t)(to - at < BATCH ? to - at : BATCH);
    struct tg_column *c = tg_column_new(&arena, tg_type_of(TG_INT8), n, false);
    for (uint32_t i = 0; i < n; i++) c->v.ints[i] = at + i;
    summary_take(s, c, NULL, NULL);
  }
  return s;
}

static double distinct(struct tg_summary *s)
{
  return tg_distinct_estimate(&s->u.distinct);
}

static void distinct_is_exact_up_to_its_cap(void **state)
{
  (void)state;
  struct tg_summary *s = numbers(TG_SUMMARY_DISTINCT, 0, 0, 4096);
  assert_null(s->u.distinct.registers);
  assert_near(distinct(s), 4096, 0);
  s = numbers(TG_SUMMARY_DISTINCT, 0, 0, 4097);
  assert_non_null(s->u.distinct.registers);
}

/* 1.04 / sqrt(2^14) = 0.8 % is one standard error; three are allowed. */
static void distinct_is_near_above_it(void **state)
{
  (void)state;
  for (int64_t n = 5000; n <= 2000000; n *= 3) {
    struct tg_arena_mark mark = tg_arena_mark(&arena);
    assert_near(distinct(numbers(TG_SUMMARY_DISTINCT, 0, 0, n)), (double)n, 0.025);
    tg_arena_release(&arena, mark);
  }
}

static void distinct_has_no_bias(void **state)
{
  (void)state;
  double sum = 0;
  enum { TRIALS = 40, ROWS = 20000 };
  for (int i = 0; i < TRIALS; i++) {
    struct tg_arena_mark mark = tg_arena_mark(&arena);
    int64_t from = (int64_t)i * 1000003;
    sum += distinct(numbers(TG_SUMMARY_DISTINCT, 16, from, from + ROWS)) / ROWS;
    tg_arena_release(&arena, mark);
  }
  assert_near(sum / TRIALS, 1, 0.004);
}

static void distinct_compares_by_value(void **state)
{
  (void)state;
  assert_near(distinct(summary_of(TG_SUMMARY_DISTINCT, "numeric", "1 1.0 2 null")), 2, 0);
  assert_near(distinct(summary_of(TG_SUMMARY_DISTINCT, "jsonb", "1 \"1\" 1.0 null")), 2, 0);
  assert_near(distinct(summary_of(TG_SUMMARY_DISTINCT, "text", "a a a b")), 2, 0);
}

static double quantile(struct tg_summary *s, double p)
{
  double x = (double)NAN;
  assert_true(tg_quantiles_at(&s->u.quantiles, p, &x));
  return x;
}

static double nearest(struct tg_summary *s, double p)
{
  double x = (double)NAN;
  assert_true(tg_quantiles_nearest(&s->u.quantiles, p, &x));
  return x;
}

static void quantiles_are_exact_below_their_cap(void **state)
{
  (void)state;
  struct tg_summary *s = summary_of(TG_SUMMARY_QUANTILES, "bigint", "9 1 null 5 3");
  assert_near(quantile(s, 0.5), 4, 0);
  assert_near(quantile(s, 0.25), 2.5, 0);
  assert_near(nearest(s, 0.5), 5, 0);
  assert_near(nearest(s, 1. / 6), 1, 0);
  s = summary_of(TG_SUMMARY_QUANTILES, "double precision", "-0.5 NaN -2 Infinity");
  assert_near(quantile(s, 0), -2, 0);
  assert_true(isinf(nearest(s, 0.67)));
  assert_true(isnan(quantile(s, 1)));
  s = numbers(TG_SUMMARY_QUANTILES, 0, -30000, 35536);
  assert_false(s->u.quantiles.sketched);
  assert_near(quantile(s, 0.5), 2767.5, 0);
}

static void quantiles_are_within_1_percent_above_it(void **state)
{
  (void)state;
  struct tg_summary *s = numbers(TG_SUMMARY_QUANTILES, 0, -100000, 300001);
  assert_true(s->u.quantiles.sketched);
  for (double p = 0; p <= 1; p += 0.0625) assert_near(quantile(s, p), -100000 + 400000 * p, 0.0101);
  assert_near(quantile(s, 0), -100000, 0);
  assert_near(quantile(s, 1), 300000, 0);
}

static void huge_and_tiny_numbers_are_sketched_too(void **state)
{
  (void)state;
  enum { ROWS = 70000 };
  double *x = tg_arena_alloc(&arena, ROWS * sizeof *x);
  for (int i = 0; i < ROWS; i++)
    x[i] = i % 4 == 0 ? 1e300 : i % 4 == 1 ? 1e-310 : i % 4 == 2 ? 0 : -1e300;
  struct tg_summary *s = summary_empty(TG_SUMMARY_QUANTILES, 0);
  summary_take(s, floats_of(x, ROWS), NULL, NULL);
  assert_near(quantile(s, 0.1), -1e300, 0.0101);
  assert_near(quantile(s, 0.5), 0, 0);
  assert_near(quantile(s, 0.9), 1e300, 0.0101);
}

static void counts_list_the_most_frequent_first(void **state)
{
  (void)state;
  uint32_t n;
  char shown_value[64];
  struct tg_summary *s = summary_of(TG_SUMMARY_COUNTS, "text", "b c a b null c d");
  const struct tg_counted *items = tg_counts_list(&s->u.counts, &n);
  assert_int_equal(n, 4);
  const char *const expected[] = {"b", "c", "a", "d"};
  for (uint32_t i = 0; i < n; i++)
    assert_string_equal(tg_datum_show(&items[i].value, shown_value, sizeof shown_value),
                        expected[i]);
  assert_int_equal(items[0].n, 2);
  assert_int_equal(tg_counts_other(&s->u.counts), 0);
}

/* What is kept past the cap has its exact count. */
static void counts_that_are_kept_are_exact(void **state)
{
  (void)state;
  enum { VALUES = 3000, CAP = 100 };
  uint32_t n;
  uint64_t kept = 0;
  struct tg_summary *s = summary_empty(TG_SUMMARY_COUNTS, CAP);
  for (int64_t round = 0; round < 3; round++) {
    int64_t x[VALUES];
    for (int64_t i = 0; i < VALUES; i++) x[i] = (i * 7 + round * 13) % VALUES;
    summary_take(s, ints_of(x, VALUES), NULL, NULL);
  }
  const struct tg_counted *items = tg_counts_list(&s->u.counts, &n);
  assert_int_equal(n, CAP);
  for (uint32_t i = 0; i < n; i++) {
    assert_int_equal(items[i].n, 3);
    kept += items[i].n;
  }
  assert_int_equal(tg_counts_other(&s->u.counts), 3 * VALUES - kept);
  assert_near(tg_counts_distinct(&s->u.counts), VALUES, 0.3);
}

static void long_texts_are_told_apart_behind_what_is_kept(void **state)
{
  (void)state;
  char text[2 * 400 + 2];
  memset(text, 'a', sizeof text);
  text[400] = ' ', text[sizeof text - 2] = 'b', text[sizeof text - 1] = '\0';
  struct tg_summary *s = summary_of(TG_SUMMARY_COUNTS, "text", text);
  assert_near(tg_counts_distinct(&s->u.counts), 2, 0);
  assert_true(summary_bytes(s).len < 2 * (TG_COUNTS_VALUE_BYTES + 32));
}

static void full_arenas_are_told(void **state)
{
  (void)state;
  static const enum tg_summary_kind kinds[] = {TG_SUMMARY_DISTINCT, TG_SUMMARY_QUANTILES,
                                               TG_SUMMARY_COUNTS};
  struct tg_column *const c[2] = {ints_of((int64_t[2000]){0}, 2000), NULL};
  for (int i = 0; i < 2000; i++) c[0]->v.ints[i] = i;
  for (int k = 0; k < 3; k++) {
    struct tg_arena small;
    tg_arena_init(&small, 512, 2048);
    struct tg_summary *s = tg_summary_new(&small, kinds[k], 0);
    op.rows = 2000;
    assert_non_null(s);
    assert_false(tg_summary_add(s, &op, c, NULL));
    assert_int_equal(err.rc, TG_FULL);
    tg_arena_fini(&small);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(distinct_is_exact_up_to_its_cap),
      T(distinct_is_near_above_it),
      T(distinct_has_no_bias),
      T(distinct_compares_by_value),
      T(quantiles_are_exact_below_their_cap),
      T(quantiles_are_within_1_percent_above_it),
      T(huge_and_tiny_numbers_are_sketched_too),
      T(counts_list_the_most_frequent_first),
      T(counts_that_are_kept_are_exact),
      T(long_texts_are_told_apart_behind_what_is_kept),
      T(full_arenas_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
