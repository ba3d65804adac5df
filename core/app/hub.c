/* What threads tell each other: holds, trips, health. */
#include "core/app/hub.h"

#include "core/app/alerts.h"
#include "core/base/clock.h"
#include "core/base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

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

static void name_it(struct tg_hub *h)
{
  char host[56] = "?";
  gethostname(host, sizeof host - 1);
  snprintf(h->name, sizeof h->name, "%s:%d", host, (int)getpid());
}

struct tg_hub *tg_hub_new(const struct tg_config *config, struct tg_metrics *metrics)
{
  struct tg_hub *h = calloc(1, sizeof *h);
  if (!h) return NULL;
  h->config = config;
  h->metrics = metrics;
  h->state_room.bytes_max = config ? config->state_bytes : 0;
  atomic_init(&h->version, 1);
  if (getrandom(&h->run, sizeof h->run, 0) != (ssize_t)sizeof h->run) h->run = tg_clock_wall_us();
  name_it(h);
  pthread_mutex_init(&h->lock, NULL);
  return h;
}

static void free_trip(struct tg_trip *t)
{
  free(t->ranges);
  free(t);
}

static void drop_trips(struct tg_topic_state *s)
{
  for (struct tg_trip *t = s->trips, *next; t; t = next) next = t->next, free_trip(t);
  s->trips = NULL, s->trips_count = 0;
}

/* What a topic owns. */
static void clear_state(struct tg_topic_state *s)
{
  drop_trips(s);
  free(s->ranges);
  *s = (struct tg_topic_state){0};
}

void tg_hub_free(struct tg_hub *h)
{
  if (!h) return;
  for (uint32_t i = 0; i < h->topics_count; i++) clear_state(&h->topics[i]);
  pthread_mutex_destroy(&h->lock);
  free(h);
}

static struct tg_metric *moves(struct tg_hub *h, const char *topic, enum tg_breaker_state to)
{
  const char *const labels[] = {"topic", topic, "to", tg_breaker_state_name(to), NULL};
  return tg_metrics_slot(h->metrics, TG_COUNTER, "breaker_transitions_total",
                         "Moves of the breaker", labels);
}

/* Its series are there from the start. */
static void open_moves(struct tg_hub *h, const char *topic)
{
  for (int to = TG_CLOSED; to <= TG_HELD; to++)
    tg_metric_add(moves(h, topic, (enum tg_breaker_state)to), 0);
}

/* The state of a topic, made when new; NULL when there is no room. Lock held. */
static struct tg_topic_state *state_of(struct tg_hub *h, struct tg_text topic)
{
  for (uint32_t i = 0; i < h->topics_count; i++)
    if (tg_text_is(topic, h->topics[i].topic)) return &h->topics[i];
  if (h->topics_count == TG_TOPICS_MAX || topic.len > TG_TOPIC_BYTES_MAX) return NULL;
  struct tg_topic_state *s = &h->topics[h->topics_count++];
  memcpy(s->topic, topic.ptr, topic.len);
  open_moves(h, s->topic);
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

/* Lets the lanes and the metrics see a change. Lock held. */
static void publish(struct tg_hub *h, const struct tg_topic_state *s)
{
  static const int shown[] = {[TG_CLOSED] = 0, [TG_HALF_OPEN] = 1, [TG_OPEN] = 2, [TG_HELD] = 3};
  const char *const labels[] = {"topic", s->topic, NULL};
  struct tg_metric *m = tg_metrics_slot(h->metrics, TG_GAUGE, "breaker_state",
                                        "0 closed, 1 half-open, 2 open, 3 held", labels);
  tg_metric_set(m, shown[s->breaker]);
  alert(h, s, TG_HOLD_BREAKER, TG_TROUBLE_BREAKER);
  alert(h, s, TG_HOLD_TABLE, TG_TROUBLE_TABLE);
  atomic_fetch_add(&h->version, 1);
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

void tg_hub_release(struct tg_hub *h, struct tg_text topic, enum tg_hold why)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  bool was = s && (s->holds & why);
  if (was) {
    s->holds &= ~(unsigned)why;
    publish(h, s);
  }
  pthread_mutex_unlock(&h->lock);
  if (was && !usual(why))
    tg_log(TG_INFO, "topic", "%.*s goes on (%s)", TG_TEXT(topic), hold_name(why));
}

unsigned tg_hub_holds(struct tg_hub *h, struct tg_text topic)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  unsigned holds = s ? s->holds : 0;
  pthread_mutex_unlock(&h->lock);
  return holds;
}

/* --- breakers --- */

/* The breaker is seen in another state from now on. Lock held. */
static void move(struct tg_hub *h, struct tg_topic_state *s, enum tg_breaker_state to,
                 const char *why)
{
  enum tg_breaker_state from = s->breaker;
  s->breaker = to;
  s->holds = to == TG_CLOSED ? s->holds & ~(unsigned)TG_HOLD_BREAKER : s->holds | TG_HOLD_BREAKER;
  if (*why) snprintf(s->reason, sizeof s->reason, "%s", why);
  if (from == to) return;
  tg_metric_add(moves(h, s->topic, to), 1);
  if (to == TG_CLOSED) s->share = (struct tg_breaker_share){0};
  tg_log(to == TG_CLOSED ? TG_INFO : TG_WARN, "breaker", "%s: %s -> %s%s%s", s->topic,
         tg_breaker_state_name(from), tg_breaker_state_name(to), *why ? ": " : "", why);
  publish(h, s);
}

static struct tg_trip *copy_trip(const struct tg_trip *trip)
{
  struct tg_trip *t = malloc(sizeof *t);
  struct tg_range *ranges = calloc(trip->count + 1, sizeof *ranges);
  if (!t || !ranges) return free(t), free(ranges), NULL;
  *t = *trip;
  t->next = NULL;
  t->ranges = ranges;
  if (trip->count) memcpy(ranges, trip->ranges, trip->count * sizeof *ranges);
  return t;
}

/* Who opens it, before PostgreSQL says so. Lock held. */
static void note_opener(struct tg_topic_state *s, const struct tg_trip *trip)
{
  if (s->breaker != TG_CLOSED && s->breaker != TG_HALF_OPEN) return;
  memcpy(s->row.generation, trip->generation, sizeof s->row.generation);
  memcpy(s->row.rule, trip->rule, sizeof s->row.rule);
}

/* Without room it is not written, but held here; what failed is found again after the next look at
 * PostgreSQL. Lock held. */
static void add_trip(struct tg_hub *h, struct tg_topic_state *s, const struct tg_trip *trip)
{
  struct tg_trip **last = &s->trips;
  struct tg_trip *t = s->trips_count < TG_TRIPS_MAX ? copy_trip(trip) : NULL;
  while (*last) last = &(*last)->next;
  *last = t;
  s->trips_count += t != NULL;
  note_opener(s, trip);
  move(h, s, s->breaker == TG_HELD ? TG_HELD : TG_OPEN, trip->reason);
}

void tg_hub_trip(struct tg_hub *h, struct tg_text topic, const struct tg_trip *trip)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  if (s) add_trip(h, s, trip);
  pthread_mutex_unlock(&h->lock);
}

const struct tg_trip *tg_hub_trip_first(struct tg_hub *h, struct tg_text topic)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  const struct tg_trip *t = s ? s->trips : NULL;
  pthread_mutex_unlock(&h->lock);
  return t;
}

void tg_hub_trip_written(struct tg_hub *h, struct tg_text topic)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  struct tg_trip *t = s ? s->trips : NULL;
  if (t) s->trips = t->next, s->trips_count--;
  pthread_mutex_unlock(&h->lock);
  if (t) free_trip(t);
}

/* Why the topic waits, for people. */
static const char *why_of(const struct tg_breakerrow *row, enum tg_breaker_state state, char *room,
                          size_t size)
{
  if (state != TG_HELD) return state == TG_CLOSED ? "" : row->reason;
  snprintf(room, size, "held by %s: %s", row->hold_by, row->hold_reason);
  return room;
}

static uint32_t count_through(const struct tg_range *ranges, uint32_t count)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < count; i++) n += ranges[i].next >= ranges[i].to;
  return n;
}

void tg_hub_breaker(struct tg_hub *h, const struct tg_breakerrow *row, struct tg_range *ranges,
                    uint32_t count)
{
  char room[512];
  enum tg_breaker_state state = TG_OPEN; /* what we do not know is not passed */
  tg_breaker_state_parse(row->state, &state);
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, tg_text(row->topic));
  bool taken = s && !s->trips;
  if (taken) {
    struct tg_range *old = s->ranges;
    bool anew =
        s->ranges_count != count || (count && memcmp(old, ranges, count * sizeof *old) != 0);
    s->row = *row;
    s->ranges = ranges, s->ranges_count = count;
    s->ranges_through = count_through(ranges, count);
    ranges = old;
    move(h, s, state, why_of(row, state, room, sizeof room));
    if (anew) atomic_fetch_add(&h->version, 1);
  }
  pthread_mutex_unlock(&h->lock);
  free(ranges);
}

void tg_hub_refused(struct tg_hub *h, struct tg_text topic)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, topic);
  if (s && !s->trips && (s->breaker == TG_CLOSED || s->breaker == TG_HALF_OPEN))
    move(h, s, TG_OPEN, "its breaker was moved by another process");
  pthread_mutex_unlock(&h->lock);
}

/* Lock held. */
static struct tg_range *range_of(struct tg_topic_state *s, int32_t partition_id)
{
  if (!s || s->breaker != TG_HALF_OPEN) return NULL;
  for (uint32_t i = 0; i < s->ranges_count; i++)
    if (s->ranges[i].partition_id == partition_id) return &s->ranges[i];
  return NULL;
}

bool tg_hub_range(struct tg_hub *h, struct tg_text topic, int32_t partition_id,
                  struct tg_range *out)
{
  pthread_mutex_lock(&h->lock);
  const struct tg_range *r = range_of(state_of(h, topic), partition_id);
  if (r) *out = *r;
  pthread_mutex_unlock(&h->lock);
  return r != NULL;
}

void tg_hub_at_end(struct tg_hub *h, struct tg_text topic, int32_t partition_id)
{
  pthread_mutex_lock(&h->lock);
  struct tg_range *r = range_of(state_of(h, topic), partition_id);
  if (r) r->at_end = true;
  pthread_mutex_unlock(&h->lock);
}

void tg_hub_ends(struct tg_hub *h, struct tg_text topic, struct tg_buf *out)
{
  bool first = true;
  pthread_mutex_lock(&h->lock);
  const struct tg_topic_state *s = state_of(h, topic);
  tg_buf_char(out, '{');
  for (uint32_t i = 0; s && i < s->ranges_count; i++) {
    if (!s->ranges[i].at_end) continue;
    tg_buf_printf(out, "%s%d", first ? "" : ",", s->ranges[i].partition_id);
    first = false;
  }
  tg_buf_char(out, '}');
  pthread_mutex_unlock(&h->lock);
}

void tg_hub_refreshed(struct tg_hub *h, const char *topic)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, tg_text(topic));
  if (s) s->refreshed = true;
  pthread_mutex_unlock(&h->lock);
}

bool tg_hub_was_refreshed(struct tg_hub *h, const char *topic)
{
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, tg_text(topic));
  bool was = s && s->refreshed;
  if (s) s->refreshed = false;
  pthread_mutex_unlock(&h->lock);
  return was;
}

/* Are too many rows rejected? Lock held. */
static bool judge_share(const struct tg_hub *h, const struct tg_topic_state *s,
                        struct tg_trip *trip)
{
  const struct tg_breaker_conf *conf = &h->config->breaker;
  const struct tg_breaker_tally *before = &s->before;
  struct tg_breaker_tally all;
  if (tg_breaker_reached(&s->share, conf, &all))
    snprintf(trip->reason, sizeof trip->reason,
             "%llu of %llu rows of the last %lld s went to the quarantine"
             " (breaker.quarantine_percent is %u)",
             (unsigned long long)all.rejected, (unsigned long long)all.rows,
             (long long)(conf->over_us / TG_SEC), conf->quarantine_percent);
  else if (h->trial && s->sound && tg_breaker_jumped(before, &all, h->config->canary_percent))
    snprintf(trip->reason, sizeof trip->reason,
             "%llu of %llu rows since the reload went to the quarantine, %llu of %llu before it"
             " (reload.canary_percent is %u)",
             (unsigned long long)all.rejected, (unsigned long long)all.rows,
             (unsigned long long)before->rejected, (unsigned long long)before->rows,
             h->config->canary_percent);
  else
    return false;
  snprintf(trip->evidence, sizeof trip->evidence, "{\"rows\":%llu,\"quarantined\":%llu}",
           (unsigned long long)all.rows, (unsigned long long)all.rejected);
  return true;
}

void tg_hub_count(struct tg_hub *h, const struct tg_hub_rows *rows)
{
  struct tg_trip trip = {0};
  snprintf(trip.generation, sizeof trip.generation, "%s", rows->generation);
  pthread_mutex_lock(&h->lock);
  struct tg_topic_state *s = state_of(h, rows->topic);
  bool counts = !*h->running || strcmp(h->running, rows->generation) == 0;
  if (s && s->breaker == TG_CLOSED && counts) {
    tg_breaker_count(&s->share, &h->config->breaker, &rows->tally, rows->kafka_us,
                     tg_clock_wall_us());
    if (judge_share(h, s, &trip)) add_trip(h, s, &trip);
  }
  pthread_mutex_unlock(&h->lock);
}

void tg_hub_close_breakers(struct tg_hub *h)
{
  pthread_mutex_lock(&h->lock);
  for (uint32_t i = 0; i < h->topics_count; i++) {
    struct tg_topic_state *s = &h->topics[i];
    drop_trips(s);
    move(h, s, TG_CLOSED, "");
  }
  pthread_mutex_unlock(&h->lock);
}

/* --- a new set --- */

void tg_hub_run(struct tg_hub *h, const char *generation, bool trial)
{
  pthread_mutex_lock(&h->lock);
  for (uint32_t i = 0; i < h->topics_count; i++) {
    struct tg_topic_state *s = &h->topics[i];
    s->sound = s->breaker == TG_CLOSED || strcmp(s->row.generation, h->running) != 0;
    tg_breaker_reached(&s->share, &h->config->breaker, &s->before);
    s->share = (struct tg_breaker_share){0};
  }
  snprintf(h->running, sizeof h->running, "%s", generation);
  h->trial = trial;
  pthread_mutex_unlock(&h->lock);
}

void tg_hub_trial_over(struct tg_hub *h)
{
  pthread_mutex_lock(&h->lock);
  h->trial = false;
  pthread_mutex_unlock(&h->lock);
}

/* By the running set, and not by a rule. Lock held. */
static bool held_back(const struct tg_hub *h, const struct tg_topic_state *s)
{
  return s->breaker == TG_OPEN && !*s->row.rule && strcmp(s->row.generation, h->running) == 0;
}

bool tg_hub_trial_failed(struct tg_hub *h, char *why, size_t size)
{
  bool failed = false;
  pthread_mutex_lock(&h->lock);
  for (uint32_t i = 0; h->trial && i < h->topics_count && !failed; i++) {
    const struct tg_topic_state *s = &h->topics[i];
    failed = s->sound && held_back(h, s);
    if (failed) snprintf(why, size, "topic %s: %s", s->topic, s->reason);
  }
  pthread_mutex_unlock(&h->lock);
  return failed;
}

bool tg_hub_topic(struct tg_hub *h, uint32_t i, struct tg_topic_state *out)
{
  pthread_mutex_lock(&h->lock);
  bool there = i < h->topics_count;
  if (there) *out = h->topics[i], out->ranges = NULL;
  pthread_mutex_unlock(&h->lock);
  return there;
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
    h->topics[i].holds = 0, h->topics[i].breaker = TG_CLOSED;
    publish(h, &h->topics[i]);
    clear_state(&h->topics[i]);
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
