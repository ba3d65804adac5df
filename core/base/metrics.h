/* Metrics: named slots that any thread may move without a lock; the HTTP thread writes them out
 * in Prometheus' text format. A series exists from the moment its slot was asked for, at 0.
 * Names and labels: docs/METRICS.md.
 *
 * Asking for a slot takes a lock and compares texts: do it once, keep the pointer. Slots live
 * until tg_metrics_free(). */
#ifndef TG_BASE_METRICS_H
#define TG_BASE_METRICS_H

#include "core/base/buf.h"

#include <stdatomic.h>
#include <stdint.h>

struct tg_metrics;

enum tg_metric_type { TG_COUNTER, TG_GAUGE, TG_HISTOGRAM };

/* 1 ms .. 300 s, as docs/METRICS.md lists them; the last bucket is +Inf. */
enum { TG_METRIC_BUCKETS = 18 };
extern const double tg_metric_bounds[TG_METRIC_BUCKETS - 1];

struct tg_metric {
  _Atomic double value;                        /* counter, gauge; histogram: the sum */
  _Atomic uint64_t buckets[TG_METRIC_BUCKETS]; /* histogram: not cumulative */
};

/* NULL without memory. */
struct tg_metrics *tg_metrics_new(void);
void tg_metrics_free(struct tg_metrics *m);

/* The slot of this name and these labels, made when new. name without the "tidegate_" prefix;
 * labels: key, value, .., NULL (values are escaped; at most 4 pairs). Never NULL: past 20,000
 * series, or without memory, a shared slot that is not written out (and series_dropped_total
 * counts it). */
struct tg_metric *tg_metrics_slot(struct tg_metrics *m, enum tg_metric_type type, const char *name,
                                  const char *help, const char *const *labels);

void tg_metric_add(struct tg_metric *s, double n);
void tg_metric_set(struct tg_metric *s, double v);
double tg_metric_get(const struct tg_metric *s);
/* Counts n observations of this many seconds. */
void tg_metric_observe(struct tg_metric *s, double seconds, uint64_t n);
/* The q-quantile (0..1) in seconds, interpolated inside its bucket; 0 when empty. */
double tg_metric_quantile(const struct tg_metric *s, double q);

/* Removes all series with this label value, e.g. of a partition that moved away. */
void tg_metrics_forget(struct tg_metrics *m, const char *key, const char *value);

/* Removes the series of this name with exactly these labels. */
void tg_metrics_drop(struct tg_metrics *m, const char *name, const char *const *labels);

/* Sum, and largest value, of all series of this name with this label value; 0 when there is none.
 */
double tg_metrics_sum(struct tg_metrics *m, const char *name, const char *key, const char *value);
double tg_metrics_most(struct tg_metrics *m, const char *name, const char *key, const char *value);

/* The count largest series above 0 of this name, by the value of this label, largest first.
 * Returns how many. */
struct tg_metric_seen {
  char label[96];
  double value;
};
uint32_t tg_metrics_top(struct tg_metrics *m, const char *name, const char *key,
                        struct tg_metric_seen *out, uint32_t count);

/* All series, grouped by name with HELP and TYPE. */
void tg_metrics_write(struct tg_metrics *m, struct tg_buf *out, bool openmetrics);

#endif
