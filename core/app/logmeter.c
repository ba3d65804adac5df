/* The log meter's thread; round() shows what it does every few seconds. */
#include "core/app/logmeter.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/flow/logstand.h"
#include "core/kafka/consumer.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUND_US = 5000000, ASK_US = 3000000, TURN_US = 200000, QUEUE_KBYTES = 64 };

struct told { /* by a lane */
  struct tg_logmeter_part *parts;
  uint32_t count;
  uint64_t serial; /* grows with every letting go */
};

struct held { /* the meter's own: what is asked about */
  struct tg_logmeter_part *parts;
  struct tg_stall *stalls; /* one a part */
  uint32_t count;
  uint64_t serial; /* of what was told */
};

struct tg_logmeter {
  struct tg_hub *hub;
  struct tg_consumer *client; /* NULL: not made yet */
  pthread_mutex_t lock;       /* of told, and of writing metrics */
  struct told told[TG_LANES_MAX];
  struct held held[TG_LANES_MAX];
  int64_t round_us; /* monotonic: when it is asked again */
  bool failing;
  pthread_t thread;
  bool started;
};

void tg_logmetrics_open(struct tg_metrics *m, const char *const *labels, struct tg_logmetrics *out)
{
  out->lead =
      tg_metrics_slot(m, TG_GAUGE, "kafka_consumer_lead_records",
                      "Ledger's end minus the first record that retention has left", labels);
  out->unread = tg_metrics_slot(m, TG_GAUGE, "kafka_consumer_unread_ratio",
                                "Share of the retained log that is not in the ledger", labels);
  out->behind =
      tg_metrics_slot(m, TG_GAUGE, "kafka_last_stable_offset_lag_records",
                      "Records that open transactions of their producers hold back", labels);
  out->stalled = tg_metrics_slot(m, TG_GAUGE, "kafka_last_stable_offset_stalled_seconds",
                                 "How long an open transaction has held records back", labels);
  tg_metric_set(out->lead, 0);
  tg_metric_set(out->unread, 0);
  tg_metric_set(out->behind, 0);
  tg_metric_set(out->stalled, 0);
}

void tg_logmetrics_close(struct tg_metrics *m, const char *const *labels)
{
  tg_metrics_drop(m, "kafka_consumer_lead_records", labels);
  tg_metrics_drop(m, "kafka_consumer_unread_ratio", labels);
  tg_metrics_drop(m, "kafka_last_stable_offset_lag_records", labels);
  tg_metrics_drop(m, "kafka_last_stable_offset_stalled_seconds", labels);
}

static bool is_same(const struct tg_logmeter_part *a, const struct tg_logmeter_part *b)
{
  return a->partition == b->partition && strcmp(a->topic, b->topic) == 0;
}

/* Takes over what a lane has told since. Stalls go on: between two assignments a lane's partitions
 * keep their places, but for those that are claimed late. Lock held. */
static void take_over(struct held *h, struct told *t)
{
  if (!t->parts && h->serial == t->serial) return;
  struct tg_stall *stalls = calloc(t->count + 1, sizeof *stalls);
  if (!stalls) return; /* at the next round */
  for (uint32_t i = 0, k = 0; i < t->count && h->serial == t->serial; i++) {
    while (k < h->count && !is_same(&h->parts[k], &t->parts[i])) k++;
    if (k == h->count)
      k = 0; /* a new one, or out of order */
    else
      stalls[i] = h->stalls[k++];
  }
  free(h->parts), free(h->stalls);
  *h = (struct held){.parts = t->parts, .stalls = stalls, .count = t->count, .serial = t->serial};
  t->parts = NULL, t->count = 0;
}

static uint32_t take_over_all(struct tg_logmeter *m)
{
  uint32_t n = 0;
  pthread_mutex_lock(&m->lock);
  for (uint32_t i = 0; i < TG_LANES_MAX; i++) {
    take_over(&m->held[i], &m->told[i]);
    n += m->held[i].count;
  }
  pthread_mutex_unlock(&m->lock);
  return n;
}

static void show(const struct tg_logmeter_part *p, struct tg_stall *stall,
                 const struct tg_logend *end, int64_t now_us)
{
  struct tg_logstand s = {end->low, p->next, end->stable, p->high};
  if (end->low < 0 || end->stable < 0) return;
  tg_metric_set(p->metrics.lead, (double)tg_logstand_lead(&s));
  tg_metric_set(p->metrics.unread, tg_logstand_unread(&s));
  tg_metric_set(p->metrics.behind, (double)tg_logstand_behind(&s));
  tg_metric_set(p->metrics.stalled, (double)tg_stall_us(stall, &s, now_us) / TG_SEC);
}

/* ends: of all lanes' partitions, in order. What was let go meanwhile is another lane's. */
static void show_all(struct tg_logmeter *m, const struct tg_logend *ends)
{
  int64_t now_us = tg_clock_mono_us();
  pthread_mutex_lock(&m->lock);
  for (uint32_t l = 0; l < TG_LANES_MAX; l++) {
    struct held *h = &m->held[l];
    bool still = h->serial == m->told[l].serial;
    for (uint32_t i = 0; i < h->count && still; i++)
      show(&h->parts[i], &h->stalls[i], &ends[i], now_us);
    ends += h->count;
  }
  pthread_mutex_unlock(&m->lock);
}

static enum tg_rc make_client(struct tg_logmeter *m, struct tg_err *err)
{
  const struct tg_config *c = m->hub->config;
  struct tg_consumer_conf conf = {.brokers = c->brokers,
                                  .group = c->pipeline,
                                  .client_id = "tidegate-logmeter",
                                  .properties = c->properties,
                                  .properties_count = c->properties_count,
                                  .queue_kbytes = QUEUE_KBYTES,
                                  .event_bytes_max = (uint32_t)c->event_bytes_max,
                                  .fetch_wait_us = TURN_US,
                                  .session_us = c->session_us};
  return tg_consumer_new(&conf, &(struct tg_consumer_on){.self = m}, &m->client, err);
}

static enum tg_rc ask(struct tg_logmeter *m, uint32_t count, struct tg_err *err)
{
  struct tg_logend *ends = calloc(count, sizeof *ends);
  if (!ends) return tg_err_set(err, TG_RETRY, "kafka", "no memory for %u partitions", count);
  uint32_t n = 0;
  for (uint32_t l = 0; l < TG_LANES_MAX; l++)
    for (uint32_t i = 0; i < m->held[l].count; i++) {
      const struct tg_logmeter_part *p = &m->held[l].parts[i];
      ends[n++] = (struct tg_logend){.topic = p->topic, .partition = p->partition};
    }
  enum tg_rc rc = m->client ? TG_OK : make_client(m, err);
  if (rc == TG_OK) rc = tg_consumer_logends(m->client, ends, count, ASK_US, err);
  if (rc == TG_OK) show_all(m, ends);
  free(ends);
  return rc;
}

/* A failure is told once, until it works again. */
static void round_of(struct tg_logmeter *m)
{
  struct tg_err err;
  uint32_t count = take_over_all(m);
  if (!count) return;
  m->round_us = tg_clock_mono_us() + ROUND_US;
  bool failed = ask(m, count, &err) != TG_OK;
  if (failed && !m->failing) tg_log_err(TG_WARN, "logmeter", &err);
  m->failing = failed;
}

static void *meter_main(void *self)
{
  struct tg_logmeter *m = self;
  struct timespec wait = tg_clock_timespec(TURN_US);
  while (!atomic_load(&m->hub->stopping)) {
    if (tg_clock_mono_us() >= m->round_us) round_of(m);
    nanosleep(&wait, NULL);
    if (m->client) tg_consumer_poll(m->client, 0, 1, NULL); /* empties its queue of events */
  }
  return NULL;
}

enum tg_rc tg_logmeter_start(struct tg_hub *hub, struct tg_err *err)
{
  struct tg_logmeter *m = calloc(1, sizeof *m);
  if (!m) return tg_err_set(err, TG_FATAL, "logmeter", "out of memory");
  m->hub = hub;
  pthread_mutex_init(&m->lock, NULL);
  hub->logmeter = m;
  m->started = tg_thread_start(&m->thread, "tg-logmeter", meter_main, m);
  return m->started ? TG_OK : tg_err_set(err, TG_FATAL, "logmeter", "cannot start a thread");
}

void tg_logmeter_stop(struct tg_logmeter *m)
{
  if (!m) return;
  if (m->started) pthread_join(m->thread, NULL);
  tg_consumer_close(m->client);
  for (uint32_t i = 0; i < TG_LANES_MAX; i++)
    free(m->told[i].parts), free(m->held[i].parts), free(m->held[i].stalls);
  pthread_mutex_destroy(&m->lock);
  m->hub->logmeter = NULL;
  free(m);
}

void tg_logmeter_tell(struct tg_logmeter *m, uint32_t lane, struct tg_logmeter_part *parts,
                      uint32_t count)
{
  if (!m) return free(parts);
  struct told *t = &m->told[lane];
  pthread_mutex_lock(&m->lock);
  struct tg_logmeter_part *before = t->parts;
  t->parts = parts, t->count = count;
  pthread_mutex_unlock(&m->lock);
  free(before);
}

void tg_logmeter_let_go(struct tg_logmeter *m, uint32_t lane)
{
  if (!m) return;
  struct told *t = &m->told[lane];
  pthread_mutex_lock(&m->lock);
  struct tg_logmeter_part *before = t->parts;
  t->parts = NULL, t->count = 0, t->serial++;
  pthread_mutex_unlock(&m->lock);
  free(before);
}
