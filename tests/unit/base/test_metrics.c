/* Metrics: what is asked for twice is one series, and the text format is exact. */
#include "core/base/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const char *written(struct tg_metrics *m, struct tg_buf *b)
{
  tg_buf_clear(b);
  tg_metrics_write(m, b, false);
  return tg_buf_cstr(b);
}

static void same_name_and_labels_are_one_series(void **state)
{
  (void)state;
  struct tg_metrics *m = tg_metrics_new();
  const char *const a[] = {"topic", "orders", NULL}, *const b[] = {"topic", "payments", NULL};
  struct tg_metric *one = tg_metrics_slot(m, TG_COUNTER, "rows_total", "Rows", a);
  assert_ptr_equal(one, tg_metrics_slot(m, TG_COUNTER, "rows_total", "Rows", a));
  assert_ptr_not_equal(one, tg_metrics_slot(m, TG_COUNTER, "rows_total", "Rows", b));
  assert_ptr_not_equal(one, tg_metrics_slot(m, TG_COUNTER, "other_total", "Rows", a));
  tg_metrics_free(m);
}

static void a_series_is_written_from_zero_with_escaped_labels(void **state)
{
  (void)state;
  struct tg_buf b;
  tg_buf_init(&b, 0);
  struct tg_metrics *m = tg_metrics_new();
  const char *const labels[] = {"topic", "a\"b\\c\nd", NULL};
  struct tg_metric *s = tg_metrics_slot(m, TG_COUNTER, "rows_total", "Rows", labels);
  assert_non_null(strstr(written(m, &b), "tidegate_rows_total{topic=\"a\\\"b\\\\c\\nd\"} 0\n"));
  tg_metric_add(s, 3);
  assert_non_null(strstr(written(m, &b), "# TYPE tidegate_rows_total counter\n"));
  assert_non_null(strstr(written(m, &b), "d\"} 3\n"));
  tg_buf_fini(&b);
  tg_metrics_free(m);
}

static void histograms_are_cumulative_and_give_quantiles(void **state)
{
  (void)state;
  struct tg_buf b;
  tg_buf_init(&b, 0);
  struct tg_metrics *m = tg_metrics_new();
  struct tg_metric *s = tg_metrics_slot(m, TG_HISTOGRAM, "latency_seconds", "L", NULL);
  tg_metric_observe(s, 0.0005, 90);
  tg_metric_observe(s, 0.2, 9);
  tg_metric_observe(s, 1000, 1);
  const char *text = written(m, &b);
  assert_non_null(strstr(text, "tidegate_latency_seconds_bucket{le=\"0.001\"} 90\n"));
  assert_non_null(strstr(text, "tidegate_latency_seconds_bucket{le=\"0.25\"} 99\n"));
  assert_non_null(strstr(text, "tidegate_latency_seconds_bucket{le=\"+Inf\"} 100\n"));
  assert_non_null(strstr(text, "tidegate_latency_seconds_count 100\n"));
  assert_true(tg_metric_quantile(s, 0.5) <= 0.001);
  assert_true(tg_metric_quantile(s, 0.95) > 0.1 && tg_metric_quantile(s, 0.95) <= 0.25);
  tg_buf_fini(&b);
  tg_metrics_free(m);
}

static void beyond_the_cap_series_are_counted_not_kept(void **state)
{
  (void)state;
  struct tg_metrics *m = tg_metrics_new();
  struct tg_metric *last = NULL, *before = NULL;
  for (int i = 0; i < 20005; i++) {
    char value[16];
    snprintf(value, sizeof value, "%d", i);
    const char *const labels[] = {"key", value, NULL};
    before = last;
    last = tg_metrics_slot(m, TG_COUNTER, "rows_total", "Rows", labels);
  }
  assert_ptr_equal(last, before);
  struct tg_metric *dropped = tg_metrics_slot(m, TG_COUNTER, "series_dropped_total", "", NULL);
  assert_true(tg_metric_get(dropped) == 6);
  tg_metrics_free(m);
}

static void a_forgotten_series_is_not_written(void **state)
{
  (void)state;
  struct tg_buf b;
  tg_buf_init(&b, 0);
  struct tg_metrics *m = tg_metrics_new();
  const char *const labels[] = {"sha256", "abc", NULL};
  tg_metrics_slot(m, TG_GAUGE, "generation_info", "G", labels);
  tg_metrics_forget(m, "sha256", "abc");
  assert_null(strstr(written(m, &b), "abc"));
  tg_metrics_slot(m, TG_GAUGE, "generation_info", "G", labels);
  assert_non_null(strstr(written(m, &b), "abc"));
  tg_buf_fini(&b);
  tg_metrics_free(m);
}

static void a_dropped_series_leaves_those_with_other_labels(void **state)
{
  (void)state;
  struct tg_buf b;
  tg_buf_init(&b, 0);
  struct tg_metrics *m = tg_metrics_new();
  const char *const one[] = {"topic", "a", "partition", "1", NULL};
  const char *const other[] = {"topic", "b", "partition", "1", NULL};
  tg_metrics_slot(m, TG_GAUGE, "lag", "L", one);
  tg_metrics_slot(m, TG_GAUGE, "lag", "L", other);
  tg_metrics_slot(m, TG_GAUGE, "age", "A", one);
  tg_metrics_drop(m, "lag", one);
  const char *text = written(m, &b);
  assert_null(strstr(text, "lag{topic=\"a\""));
  assert_non_null(strstr(text, "lag{topic=\"b\""));
  assert_non_null(strstr(text, "age{topic=\"a\""));
  tg_buf_fini(&b);
  tg_metrics_free(m);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_name_and_labels_are_one_series),
      cmocka_unit_test(a_series_is_written_from_zero_with_escaped_labels),
      cmocka_unit_test(histograms_are_cumulative_and_give_quantiles),
      cmocka_unit_test(beyond_the_cap_series_are_counted_not_kept),
      cmocka_unit_test(a_forgotten_series_is_not_written),
      cmocka_unit_test(a_dropped_series_leaves_those_with_other_labels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
