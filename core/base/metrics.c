/* Metrics: slots behind a lock when they are asked for, lock-free when they are moved. */
#include "core/base/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { SERIES_MAX = 20000, LABELS_MAX = 4, HASH_SIZE = 4096 };

const double tg_metric_bounds[TG_METRIC_BUCKETS - 1] = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300};

struct series {
  struct tg_metric metric;
  struct series *next;  /* of the same family, in the order they were made */
  struct series *chain; /* of the hash */
  const struct family *family;
  char *labels;   /* "topic=\"orders\",partition=\"3\"", owned */
  bool forgotten; /* not written out; its slot may still be held by somebody */
};

struct family {
  struct family *next;
  char *name, *help;
  enum tg_metric_type type;
  struct series *first, *last;
};

struct tg_metrics {
  pthread_mutex_t lock;
  struct family *first, *last;
  struct series *hash[HASH_SIZE];
  uint32_t count;
  struct tg_metric spare;    /* what is asked for beyond the cap */
  struct tg_metric *dropped; /* how often that happened */
};

struct tg_metrics *tg_metrics_new(void)
{
  struct tg_metrics *m = calloc(1, sizeof *m);
  if (!m) return NULL;
  pthread_mutex_init(&m->lock, NULL);
  m->dropped = &m->spare;
  m->dropped = tg_metrics_slot(m, TG_COUNTER, "series_dropped_total",
                               "Series asked for beyond the cap", NULL);
  return m;
}

static void family_free(struct family *f)
{
  for (struct series *s = f->first, *next; s; s = next) {
    next = s->next;
    free(s->labels);
    free(s);
  }
  free(f->name);
  free(f->help);
  free(f);
}

void tg_metrics_free(struct tg_metrics *m)
{
  if (!m) return;
  for (struct family *f = m->first, *next; f; f = next) {
    next = f->next;
    family_free(f);
  }
  pthread_mutex_destroy(&m->lock);
  free(m);
}

/* Label values: backslash, quote and line feed are escaped (text format 0.0.4). */
static void add_value(struct tg_buf *b, const char *value)
{
  for (; *value; value++) {
    if (*value == '\\' || *value == '"') tg_buf_char(b, '\\');
    if (*value == '\n')
      tg_buf_str(b, "\\n");
    else
      tg_buf_char(b, *value);
  }
}

static char *label_text(const char *const *labels)
{
  struct tg_buf b;
  tg_buf_init(&b, 4096);
  for (int i = 0; labels && labels[2 * i] && i < LABELS_MAX; i++) {
    tg_buf_printf(&b, "%s%s=\"", i ? "," : "", labels[2 * i]);
    add_value(&b, labels[2 * i + 1]);
    tg_buf_char(&b, '"');
  }
  char *text = strdup(tg_buf_cstr(&b));
  tg_buf_fini(&b);
  return text;
}

/* FNV-1a over name and labels. */
static uint32_t hash_of(const char *name, const char *labels)
{
  uint32_t h = 2166136261u;
  for (const char *p = name; *p; p++) h = (h ^ (unsigned char)*p) * 16777619u;
  for (const char *p = labels; *p; p++) h = (h ^ (unsigned char)*p) * 16777619u;
  return h % HASH_SIZE;
}

static struct family *family_of(struct tg_metrics *m, enum tg_metric_type type, const char *name,
                                const char *help)
{
  for (struct family *f = m->first; f; f = f->next)
    if (strcmp(f->name, name) == 0) return f;
  struct family *f = calloc(1, sizeof *f);
  if (!f) return NULL;
  f->name = strdup(name), f->help = strdup(help), f->type = type;
  if (!f->name || !f->help) return family_free(f), NULL;
  if (m->last)
    m->last->next = f;
  else
    m->first = f;
  m->last = f;
  return f;
}

static struct series *find(const struct family *f, struct series *chain, const char *labels)
{
  for (struct series *s = chain; s; s = s->chain)
    if (s->family == f && strcmp(s->labels, labels) == 0) return s;
  return NULL;
}

/* The series, made when new; labels is taken. NULL: no memory, or the cap. Lock held. */
static struct series *series_of(struct tg_metrics *m, struct family *f, uint32_t hash, char *labels)
{
  struct series *s = find(f, m->hash[hash], labels);
  if (!s && m->count < SERIES_MAX && (s = calloc(1, sizeof *s))) {
    s->family = f;
    s->labels = labels;
    labels = NULL;
    s->chain = m->hash[hash];
    m->hash[hash] = s;
    if (f->last)
      f->last->next = s;
    else
      f->first = s;
    f->last = s;
    m->count++;
  }
  if (s) s->forgotten = false;
  free(labels);
  return s;
}

struct tg_metric *tg_metrics_slot(struct tg_metrics *m, enum tg_metric_type type, const char *name,
                                  const char *help, const char *const *labels)
{
  char *text = label_text(labels);
  struct series *s = NULL;
  pthread_mutex_lock(&m->lock);
  struct family *f = text ? family_of(m, type, name, help) : NULL;
  if (f)
    s = series_of(m, f, hash_of(name, text), text);
  else
    free(text);
  pthread_mutex_unlock(&m->lock);
  if (s) return &s->metric;
  tg_metric_add(m->dropped, 1);
  return &m->spare;
}

void tg_metric_add(struct tg_metric *s, double n)
{
  double old = atomic_load_explicit(&s->value, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit(&s->value, &old, old + n, memory_order_relaxed,
                                                memory_order_relaxed)) {}
}

void tg_metric_set(struct tg_metric *s, double v)
{
  atomic_store_explicit(&s->value, v, memory_order_relaxed);
}

double tg_metric_get(const struct tg_metric *s)
{
  return atomic_load_explicit(&s->value, memory_order_relaxed);
}

void tg_metric_observe(struct tg_metric *s, double seconds, uint64_t n)
{
  int i = 0;
  while (i < TG_METRIC_BUCKETS - 1 && seconds > tg_metric_bounds[i]) i++;
  atomic_fetch_add_explicit(&s->buckets[i], n, memory_order_relaxed);
  tg_metric_add(s, seconds * (double)n);
}

double tg_metric_quantile(const struct tg_metric *s, double q)
{
  uint64_t counts[TG_METRIC_BUCKETS], total = 0, below = 0;
  for (int i = 0; i < TG_METRIC_BUCKETS; i++)
    total += counts[i] = atomic_load_explicit(&s->buckets[i], memory_order_relaxed);
  double rank = q * (double)total;
  for (int i = 0; i < TG_METRIC_BUCKETS - 1 && total; below += counts[i++]) {
    if ((double)(below + counts[i]) < rank || !counts[i]) continue;
    double low = i ? tg_metric_bounds[i - 1] : 0, width = tg_metric_bounds[i] - low;
    return low + width * (rank - (double)below) / (double)counts[i];
  }
  return total ? tg_metric_bounds[TG_METRIC_BUCKETS - 2] : 0;
}

void tg_metrics_forget(struct tg_metrics *m, const char *key, const char *value)
{
  const char *const pair[] = {key, value, NULL};
  char *text = label_text(pair);
  pthread_mutex_lock(&m->lock);
  for (struct family *f = m->first; f && text; f = f->next)
    for (struct series *s = f->first; s; s = s->next)
      if (strstr(s->labels, text)) s->forgotten = true;
  pthread_mutex_unlock(&m->lock);
  free(text);
}

void tg_metrics_drop(struct tg_metrics *m, const char *name, const char *const *labels)
{
  char *text = label_text(labels);
  if (!text) return;
  pthread_mutex_lock(&m->lock);
  for (struct series *s = m->hash[hash_of(name, text)]; s; s = s->chain)
    if (strcmp(s->family->name, name) == 0 && strcmp(s->labels, text) == 0) s->forgotten = true;
  pthread_mutex_unlock(&m->lock);
  free(text);
}

/* Folds all series of a name with a label value into their sum (most false) or their largest. */
static double fold(struct tg_metrics *m, const char *name, const char *const *pair, bool most)
{
  char *text = label_text(pair);
  double out = 0;
  pthread_mutex_lock(&m->lock);
  for (struct family *f = m->first; f && text; f = f->next) {
    if (strcmp(f->name, name) != 0) continue;
    for (struct series *s = f->first; s; s = s->next) {
      double v = !s->forgotten && strstr(s->labels, text) ? tg_metric_get(&s->metric) : 0;
      out = most ? (v > out ? v : out) : out + v;
    }
  }
  pthread_mutex_unlock(&m->lock);
  free(text);
  return out;
}

double tg_metrics_sum(struct tg_metrics *m, const char *name, const char *key, const char *value)
{
  return fold(m, name, (const char *const[]){key, value, NULL}, false);
}

double tg_metrics_most(struct tg_metrics *m, const char *name, const char *key, const char *value)
{
  return fold(m, name, (const char *const[]){key, value, NULL}, true);
}

/* Puts one series into the sorted list of the largest, when it belongs there. */
static uint32_t insert(struct tg_metric_seen *out, uint32_t n, uint32_t count,
                       struct tg_metric_seen one)
{
  uint32_t at = n;
  while (at > 0 && out[at - 1].value < one.value) at--;
  if (at == count) return n;
  uint32_t tail = (n < count ? n : count - 1) - at;
  memmove(&out[at + 1], &out[at], tail * sizeof *out);
  out[at] = one;
  return n < count ? n + 1 : n;
}

uint32_t tg_metrics_top(struct tg_metrics *m, const char *name, const char *key,
                        struct tg_metric_seen *out, uint32_t count)
{
  uint32_t n = 0;
  char start[64];
  snprintf(start, sizeof start, "%s=\"", key);
  pthread_mutex_lock(&m->lock);
  for (struct family *f = m->first; f; f = f->next) {
    if (strcmp(f->name, name) != 0) continue;
    for (struct series *s = f->first; s; s = s->next) {
      const char *at = strstr(s->labels, start);
      struct tg_metric_seen one = {.value = tg_metric_get(&s->metric)};
      if (!at || s->forgotten || one.value <= 0) continue;
      at += strlen(start);
      snprintf(one.label, sizeof one.label, "%.*s", (int)strcspn(at, "\""), at);
      n = insert(out, n, count, one);
    }
  }
  pthread_mutex_unlock(&m->lock);
  return n;
}

/* Figures of the process itself carry the names that every Prometheus client uses. */
static const char *prefix(const struct family *f)
{
  return strncmp(f->name, "process_", 8) == 0 ? "" : "tidegate_";
}

static void write_histogram(const struct family *f, const struct series *s, struct tg_buf *out)
{
  uint64_t sum = 0;
  const char *comma = *s->labels ? "," : "";
  for (int i = 0; i < TG_METRIC_BUCKETS; i++) {
    sum += atomic_load_explicit(&s->metric.buckets[i], memory_order_relaxed);
    tg_buf_printf(out, "%s%s_bucket{%s%sle=\"", prefix(f), f->name, s->labels, comma);
    if (i < TG_METRIC_BUCKETS - 1)
      tg_buf_printf(out, "%g", tg_metric_bounds[i]);
    else
      tg_buf_str(out, "+Inf");
    tg_buf_printf(out, "\"} %llu\n", (unsigned long long)sum);
  }
  const char *open = *s->labels ? "{" : "", *close = *s->labels ? "}" : "";
  tg_buf_printf(out, "%s%s_sum%s%s%s %.17g\n", prefix(f), f->name, open, s->labels, close,
                tg_metric_get(&s->metric));
  tg_buf_printf(out, "%s%s_count%s%s%s %llu\n", prefix(f), f->name, open, s->labels, close,
                (unsigned long long)sum);
}

static void write_series(const struct family *f, const struct series *s, struct tg_buf *out)
{
  if (f->type == TG_HISTOGRAM) return write_histogram(f, s, out);
  const char *open = *s->labels ? "{" : "", *close = *s->labels ? "}" : "";
  tg_buf_printf(out, "%s%s%s%s%s %.17g\n", prefix(f), f->name, open, s->labels, close,
                tg_metric_get(&s->metric));
}

/* OpenMetrics names a counter's family without its _total. */
static void write_head(const struct family *f, struct tg_buf *out, bool openmetrics)
{
  static const char *const types[] = {"counter", "gauge", "histogram"};
  size_t len = strlen(f->name);
  bool total = len > 6 && strcmp(f->name + len - 6, "_total") == 0;
  int shown = (int)(openmetrics && f->type == TG_COUNTER && total ? len - 6 : len);
  tg_buf_printf(out, "# HELP %s%.*s %s\n# TYPE %s%.*s %s\n", prefix(f), shown, f->name, f->help,
                prefix(f), shown, f->name, types[f->type]);
}

void tg_metrics_write(struct tg_metrics *m, struct tg_buf *out, bool openmetrics)
{
  pthread_mutex_lock(&m->lock);
  for (struct family *f = m->first; f; f = f->next) {
    write_head(f, out, openmetrics);
    for (struct series *s = f->first; s; s = s->next)
      if (!s->forgotten) write_series(f, s, out);
  }
  pthread_mutex_unlock(&m->lock);
}
