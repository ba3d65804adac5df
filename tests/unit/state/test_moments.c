#include "tests/unit/state/summaries.h"

#include <math.h>

static const struct tg_moments *moments(const char *type, const char *values)
{
  return &summary_of(TG_SUMMARY_MOMENTS, type, values)->u.moments;
}

static double variance(const struct tg_moments *m)
{
  double v = -1;
  assert_true(tg_moments_variance(m, &v));
  return v;
}

static void figures_of_small_whole_numbers_are_exact(void **state)
{
  (void)state;
  const struct tg_moments *m = moments("bigint", "-1 null 0 1");
  assert_int_equal(m->count, 3);
  assert_near(m->mean, 0, 0);
  assert_near(variance(m), 1, 0);
}

/* scipy.stats: skew 0.6563..., kurtosis of 2 8 0 4 1 9 9 0, biased. */
static void skewness_and_kurtosis_are_the_plain_moment_ratios(void **state)
{
  (void)state;
  double skew, kurt;
  const struct tg_moments *m = moments("bigint", "2 8 0 4 1 9 9 0");
  assert_true(tg_moments_skewness(m, &skew) && tg_moments_kurtosis(m, &kurt));
  assert_near(skew, 0.2650554122698573, 1e-14);
  assert_near(kurt, -1.6660010752838508, 1e-14);
}

static void a_large_offset_costs_no_digits(void **state)
{
  (void)state;
  const struct tg_moments *m;
  m = moments("double precision", "1e15 1000000000000001 1000000000000002");
  assert_near(variance(m), 1, 0);
  m = moments("bigint", "9007199254740993 9007199254740993 9007199254740999");
  assert_near(m->mean, 9007199254740995., 3e-16);
}

static void constant_columns_have_exactly_no_variance(void **state)
{
  (void)state;
  double x;
  const struct tg_moments *m = moments("double precision", "0.1 0.1 0.1 0.1 0.1 0.1 0.1");
  assert_near(m->mean, 0.1, 0);
  assert_near(variance(m), 0, 0);
  assert_false(tg_moments_skewness(m, &x));
  assert_false(tg_moments_kurtosis(m, &x));
}

static void one_value_has_no_variance(void **state)
{
  (void)state;
  double x;
  assert_false(tg_moments_variance(moments("bigint", "5 null"), &x));
  assert_false(tg_moments_variance(moments("bigint", "null"), &x));
}

static void booleans_numerics_json_and_intervals_are_numbers(void **state)
{
  (void)state;
  assert_near(moments("boolean", "true false null true true")->mean, 0.75, 0);
  assert_near(moments("numeric(6,2)", "0.10 0.20")->mean, 0.15, 1e-16);
  assert_near(moments("numeric", "12345678901234567890.5 0.5")->mean, 6172839450617283945.5, 1e-15);
  assert_near(moments("jsonb", "1 2.5 null true")->mean, 1.5, 0);
  assert_near(moments("interval", "90s 30s")->mean, 60, 0);
}

static void nan_and_infinity_show(void **state)
{
  (void)state;
  assert_true(isnan(moments("double precision", "1 NaN 2")->mean));
  assert_true(isinf(moments("double precision", "1 Infinity 2")->mean));
}

static void texts_are_no_numbers(void **state)
{
  (void)state;
  assert_string_equal(summary_refused(TG_SUMMARY_MOMENTS, "text", "1 2"),
                      "numbers are needed, this is text");
  assert_non_null(strstr(summary_refused(TG_SUMMARY_MOMENTS, "jsonb", "1 \"x\""), "row 2:"));
}

static void merged_halves_are_as_good_as_two_passes(void **state)
{
  (void)state;
  uint64_t seed = 3;
  double x[2000], v, w;
  for (int i = 0; i < 2000; i++) x[i] = 1e6 + random_unit(&seed);
  struct tg_summary *whole = summary_empty(TG_SUMMARY_MOMENTS, 0);
  summary_take(whole, floats_of(x, 2000), NULL, NULL);
  struct tg_summary *parts = summary_empty(TG_SUMMARY_MOMENTS, 0);
  for (int i = 0; i < 2000; i += 50) summary_take(parts, floats_of(x + i, 50), NULL, NULL);
  v = variance(&whole->u.moments), w = variance(&parts->u.moments);
  assert_near(w, v, 1e-10);
  tg_moments_kurtosis(&whole->u.moments, &v), tg_moments_kurtosis(&parts->u.moments, &w);
  assert_near(w, v, 1e-9);
}

static void correlation_is_pearson_s(void **state)
{
  (void)state;
  double r;
  struct tg_summary *s = summary_empty(TG_SUMMARY_COMOMENTS, 0);
  struct tg_column *a = column("bigint", "1 2 null 3 4"), *b = column("bigint", "2 4 9 6 9");
  summary_take(s, a, b, NULL);
  assert_int_equal(tg_summary_count(s), 4);
  assert_true(tg_comoments_correlation(&s->u.comoments, &r));
  assert_near(r, 0.99437671268436891, 1e-15);
  s = summary_empty(TG_SUMMARY_COMOMENTS, 0);
  summary_take(s, column("bigint", "1 2"), column("bigint", "7 7"), NULL);
  assert_false(tg_comoments_correlation(&s->u.comoments, &r));
}

static double sum(const char *type, const char *values)
{
  return tg_sum_value(&summary_of(TG_SUMMARY_SUM, type, values)->u.sum);
}

static void sums_of_whole_numbers_and_numerics_are_exact(void **state)
{
  (void)state;
  int64_t whole;
  struct tg_summary *s = summary_of(TG_SUMMARY_SUM, "bigint", "9223372036854775807 1 -1");
  assert_true(tg_sum_integer(&s->u.sum, &whole));
  assert_true(whole == INT64_MAX);
  s = summary_of(TG_SUMMARY_SUM, "bigint", "9223372036854775807 1");
  assert_false(tg_sum_integer(&s->u.sum, &whole));
  assert_near(sum("bigint", "9223372036854775807 1"), 0x1p63, 0);
  assert_near(sum("numeric(6,2)", "0.10 0.20"), 0.3, 0);
  assert_near(sum("numeric", "0.1 0.2 1e-25 -1e-25"), 0.3, 0);
  assert_near(sum("interval", "90s 500ms"), 90.5, 0);
}

static void sums_of_floats_are_compensated(void **state)
{
  (void)state;
  assert_near(sum("double precision", "1 1e100 1 -1e100"), 2, 0);
  assert_near(sum("double precision", "0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1"), 1, 0);
  assert_true(isinf(sum("double precision", "1 Infinity 1")));
}

static void numerics_too_wide_become_floats(void **state)
{
  (void)state;
  struct tg_summary *s = summary_of(TG_SUMMARY_SUM, "numeric", "1e60 1 0.5");
  assert_true(s->u.sum.inexact);
  assert_near(tg_sum_value(&s->u.sum), 1e60, 1e-15);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(figures_of_small_whole_numbers_are_exact),
      T(skewness_and_kurtosis_are_the_plain_moment_ratios),
      T(a_large_offset_costs_no_digits),
      T(constant_columns_have_exactly_no_variance),
      T(one_value_has_no_variance),
      T(booleans_numerics_json_and_intervals_are_numbers),
      T(nan_and_infinity_show),
      T(texts_are_no_numbers),
      T(merged_halves_are_as_good_as_two_passes),
      T(correlation_is_pearson_s),
      T(sums_of_whole_numbers_and_numerics_are_exact),
      T(sums_of_floats_are_compensated),
      T(numerics_too_wide_become_floats),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
