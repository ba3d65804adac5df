/* What threads tell each other: holds, trips, health. */
#include "core/app/hub.h"

#include "core/app/alerts.h"
#include "core/base/clock.h"
#include "core/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
  PROBE_FIRST_US = 1000000,
  PROBE_MAX_US = 30000000,
  PROBE_FORGET_US = 60000000,
  DOUBLINGS_MAX = 5
};

static const struct {
  enum tg_hold hold;
  const char *name;
} hold_names[] = {{TG_HOLD_PREPARE, "prepare"},
                  {TG_HOLD_TABLE, "table"},
                  {TG_HOLD_BREAKER, "breaker"},
                  {TG_HOLD_LOOKUP, "lookup"}};

struct tg_hub *tg_hub_new(const struct tg_config *config, struct tg_metrics *metrics)
{
  struct tg_hub *h = calloc(1, sizeof *h);
  if (!h) return NULL;
  h->config = config;
  h->metrics = metrics;
  h->state_room.bytes_max = config ? config->state_bytes : 0;
  atomic_init(&h->version, 1);
  if (getrandom(&h->run, sizeof h->run, 0) != (ssize_t)sizeof h->run) h->run = tg_clock_wall_us();
  pthread_mutex_init(&h->lock, NULL);
  return h;
}

void tg_hub_free(struct tg_hub *h)
{
  if (!h) return;
  pthread_mutex_destroy(&h->lock);
  free(h);
}

static struct tg_metric *moves(struct tg_hub *h, const char *topic)
{
  const char *const labels[] = {"topic", topic, NULL};
  return tg_metrics_slot(h->metrics, TG_COUNTER, "circuit_breaker_transitions_total",
                         "Moves of the breaker", labels);
}

/* The state of a topic, made when new; NULL when there is no room. Lock held. */
static struct tg_topic_state *state_of(struct tg_hub *h, struct tg_text topic)
{
  for (uint32_t i = 0; i < h->topics_count; i++)
    if (tg_text_is(topic, h->topics[i].topic)) return &h->topics[i];
  if (h->topics_count == TG_TOPICS_MAX || topic.len > TG_TOPIC_BYTES_MAX) return NULL;
  struct tg_topic_state *s = &h->topics[h->topics_count++];
  memcpy(s->topic, topic.ptr, topic.len);
  tg_metric_add(moves(h, s->topic), 0);
  return s;
}

static const char *hold_name(enum tg_hold why)
{
  for (size_t i = 0; i < sizeof hold_names / sizeof *hold_names; i++)
    if (hold_names[i].hold == why) return hold_names[i].name;
  return "?";
}

static void alert(struct tg_hub *h, const struct tg_topic_state *s, enum tg_hold why,
                  enum tg_trouble_kind kind)
{
  const struct tg_trouble t = {
      .kind = kind, .source = TG_SOURCE_PROCESS, .topic = s->topic, .partition = -1};
  if (s->holds & why)
    tg_alerts_raise(h->alerts, &t, s->reason);
  else
    tg_alerts_clear(h->alerts, &t);
}

/* Publishes the breaker's state as a metric: 0 closed, 2 open. Lock held. */
static void publish(struct tg_hub *h, const struct tg_topic_state *s)
{
  const char *const labels[] = {"topic", s->topic, NULL};
  struct tg_metric *m = tg_metrics_slot(h->metrics, TG_GAUGE, "circuit_breaker_state",
                                        "0 closed, 1 half-open, 2 open, 3 held", labels);
  tg_metric_set(m, s->holds & TG_HOLD_BREAKER ? 2 : 0);
  alert(h, s, TG_HOLD_BREAKER, TG_TROUBLE_BREAKER);
  alert(h, s, TG_HOLD_TABLE, TG_TROUBLE_TABLE);
  atomic_fetch_add(&h->version, 1);
}

void tg_hub_moved(struct tg_hub *h, const char *topic, const char *why)
{
  tg_metric_add(moves(h, topic), 1);
  tg_hub_note(h, "breaker", topic, why);
}

/* What every start goes through. */
static bool usual(enum tg_hold why)
{
  return why == TG_HOLD_PREPARE || why == TG_HOLD_LOOKUP;
}

void tg_hub_hold(struct tg_hub *h, struct tg_text topic, enum tg_hold why, const char *reason)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  bool fresh = s && !(s->holds & why);
  if (s) {
    s->holds |= why;
    snprintf(s->reason, sizeof s->reason, "%s", reason);
    if (fresh) publish(h, s);
  }
  pthread_mutex_unlock(&h->lock);
  if (fresh && !usual(why))
    tg_log(TG_WARN, "topic", "%.*s waits (%s): %s", TG_TEXT(topic), hold_name(why), reason);
}

static void release(struct tg_hub *h, struct tg_text topic, enum tg_hold why, bool even_pending)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  bool was = s && (s->holds & why) && (even_pending || !s->trip_pending);
  if (was) {
    s->holds &= ~(unsigned)why;
    if (why == TG_HOLD_BREAKER) s->trip_pending = false;
    publish(h, s);
  }
  pthread_mutex_unlock(&h->lock);
  if (was && !usual(why))
    tg_log(TG_INFO, "topic", "%.*s goes on (%s)", TG_TEXT(topic), hold_name(why));
}

void tg_hub_release(struct tg_hub *h, struct tg_text topic, enum tg_hold why)
{
  release(h, topic, why, true);
}

void tg_hub_closed(struct tg_hub *h, struct tg_text topic)
{
  release(h, topic, TG_HOLD_BREAKER, false);
}

unsigned tg_hub_holds(struct tg_hub *h, struct tg_text topic)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  unsigned holds = s ? s->holds : 0;
  pthread_mutex_unlock(&h->lock);
  return holds;
}

void tg_hub_trip(struct tg_hub *h, struct tg_text topic, const char *reason, const char *evidence)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  if (s && !(s->holds & TG_HOLD_BREAKER)) {
    s->trip_pending = true;
    snprintf(s->evidence, sizeof s->evidence, "%s", evidence);
  }
  pthread_mutex_unlock(&h->lock);
  tg_hub_hold(h, topic, TG_HOLD_BREAKER, reason);
}

bool tg_hub_topic(struct tg_hub *h, uint32_t i, struct tg_topic_state *out)
{
  pthread_mutex_lock(&h->lock);
  bool there = i < h->topics_count;
  if (there) *out = h->topics[i];
  pthread_mutex_unlock(&h->lock);
  return there;
}

void tg_hub_trip_persisted(struct tg_hub *h, struct tg_text topic)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  if (s) s->trip_pending = false;
  pthread_mutex_unlock(&h->lock);
}

/* The wait after one more failure. */
static int64_t probe_wait_us(struct tg_topic_state *s, int64_t now, enum tg_rc why)
{
  if (now - s->failed_us > PROBE_FORGET_US) s->failures = 0;
  s->failed_us = now;
  if (why == TG_RETRY) return PROBE_FIRST_US;
  uint32_t doublings = s->failures < DOUBLINGS_MAX ? s->failures++ : DOUBLINGS_MAX;
  int64_t wait = (int64_t)PROBE_FIRST_US << doublings;
  return wait < PROBE_MAX_US ? wait : PROBE_MAX_US;
}

void tg_hub_probe_later(struct tg_hub *h, struct tg_text topic, enum tg_rc why)
{
  int64_t now = tg_clock_mono_us();
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  if (s) s->probe_after_us = now + probe_wait_us(s, now, why);
  pthread_mutex_unlock(&h->lock);
}

void tg_hub_forget(struct tg_hub *h, const char *topic)
{
  pthread_mutex_lock(&h->lock);
  uint32_t i = 0;
  while (i < h->topics_count && strcmp(h->topics[i].topic, topic) != 0) i++;
  if (i < h->topics_count) {
    h->topics[i].holds = 0;
    publish(h, &h->topics[i]);
    h->topics_count--;
    memmove(&h->topics[i], &h->topics[i + 1], (h->topics_count - i) * sizeof *h->topics);
    h->topics[h->topics_count] = (struct tg_topic_state){0};
  }
  pthread_mutex_unlock(&h->lock);
}

void tg_hub_note(struct tg_hub *h, const char *kind, const char *topic, const char *message)
{
  pthread_mutex_lock(&h->lock);
  bool full = h->notes_count == TG_JOURNAL_MAX;
  if (full) h->notes_head = (h->notes_head + 1) % TG_JOURNAL_MAX, h->notes_count--;
  struct tg_entry *n = &h->notes[(h->notes_head + h->notes_count++) % TG_JOURNAL_MAX];
  snprintf(n->kind, sizeof n->kind, "%s", kind);
  snprintf(n->topic, sizeof n->topic, "%s", topic ? topic : "");
  snprintf(n->message, sizeof n->message, "%s", message);
  pthread_mutex_unlock(&h->lock);
  if (full)
    tg_log(TG_WARN, "journal",
           "the oldest journal entry was dropped: PostgreSQL has been away too long");
}

bool tg_hub_note_first(struct tg_hub *h, struct tg_entry *out)
{
  pthread_mutex_lock(&h->lock);
  bool there = h->notes_count > 0;
  if (there) *out = h->notes[h->notes_head];
  pthread_mutex_unlock(&h->lock);
  return there;
}

void tg_hub_note_done(struct tg_hub *h)
{
  pthread_mutex_lock(&h->lock);
  if (h->notes_count) h->notes_head = (h->notes_head + 1) % TG_JOURNAL_MAX, h->notes_count--;
  pthread_mutex_unlock(&h->lock);
}
