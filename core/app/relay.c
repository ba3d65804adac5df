/* The relay's thread, and what lanes tell it. turn() shows what it does each time. */
#include "core/app/relay_own.h"

#include "core/base/clock.h"
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum {
  IDLE_US = 1000000, /* between two looks when nobody says anything */
  CALL_US = 15000000,
  BACKOFF_FIRST_US = 100000,
  BACKOFF_MAX_US = 5000000
};

/* --- what lanes say --- */

static void wait_changed(struct tg_relay *r, int64_t us)
{
  struct timespec until = tg_clock_timespec(tg_clock_mono_us() + us);
  pthread_cond_timedwait(&r->changed, &r->lock, &until);
}

static void told_free(struct tg_relay_told *t)
{
  free(t->parts), free(t->outgoing), free(t->toparts);
  tg_buf_fini(&t->member);
  *t = (struct tg_relay_told){0};
}

static bool told_make(struct tg_relay_told *t, struct tg_relay_part *parts, uint32_t count,
                      struct tg_text member)
{
  *t = (struct tg_relay_told){.parts = parts, .count = count};
  t->outgoing = calloc(count + 1, sizeof *t->outgoing);
  t->toparts = calloc(count + 1, sizeof *t->toparts);
  tg_buf_text(&t->member, member);
  if (!t->outgoing || !t->toparts || t->member.failed || tg_fault("relay.tell"))
    return told_free(t), false;
  for (uint32_t i = 0; i < count; i++)
    t->outgoing[i] = (struct tg_outgoing){
        .partition_id = parts[i].partition_id, .claim_id = parts[i].claim_id, .out = -1};
  return true;
}

static void say(struct tg_relay *r, struct tg_relay_lane *l, struct tg_relay_told told)
{
  told_free(&l->told);
  l->told = told;
  l->version++;
  r->nudged = true;
  pthread_cond_broadcast(&r->changed);
}

bool tg_relay_tell(struct tg_relay *r, uint32_t lane, struct tg_relay_part *parts, uint32_t count,
                   struct tg_text member)
{
  struct tg_relay_told told;
  if (!told_make(&told, parts, count, member)) return false;
  pthread_mutex_lock(&r->lock);
  say(r, &r->lanes[lane], told);
  pthread_mutex_unlock(&r->lock);
  return true;
}

void tg_relay_let_go(struct tg_relay *r, uint32_t lane, int64_t timeout_us)
{
  struct tg_relay_lane *l = &r->lanes[lane];
  int64_t until_us = tg_clock_mono_us() + timeout_us;
  pthread_mutex_lock(&r->lock);
  if (l->version) say(r, l, (struct tg_relay_told){0});
  while (l->taken != l->version && tg_clock_mono_us() < until_us)
    wait_changed(r, until_us - tg_clock_mono_us());
  pthread_mutex_unlock(&r->lock);
}

void tg_relay_nudge(struct tg_relay *r)
{
  pthread_mutex_lock(&r->lock);
  r->nudged = true;
  pthread_cond_broadcast(&r->changed);
  pthread_mutex_unlock(&r->lock);
}

/* --- taking it over --- */

static bool still_held(const struct tg_relay_lane *l, const struct tg_outgoing *o)
{
  for (uint32_t i = 0; i < l->told.count; i++)
    if (l->told.parts[i].partition_id == o->partition_id) return true;
  return false;
}

static void replace(struct tg_relay_lane *l, const struct tg_relay_told *told)
{
  free(l->parts), free(l->outgoing), free(l->toparts);
  tg_buf_fini(&l->member);
  l->parts = told->parts, l->outgoing = told->outgoing, l->toparts = told->toparts;
  l->count = told->count;
  l->member = told->member;
  l->ready = false;
}

/* Moves the partitions that the lane holds no more to the front of what it had. Lock held. */
static uint32_t find_dropped(struct tg_relay_lane *l)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < l->count; i++)
    if (!still_held(l, &l->outgoing[i])) l->outgoing[n++] = l->outgoing[i];
  return n;
}

/* No transaction is open here. */
static void take_over(struct tg_relay *r, struct tg_relay_lane *l)
{
  struct tg_err err;
  pthread_mutex_lock(&r->lock);
  uint64_t version = l->version;
  uint32_t dropped = l->taken == version ? 0 : find_dropped(l);
  struct tg_relay_told told = l->told;
  if (l->taken != version) l->told = (struct tg_relay_told){0};
  pthread_mutex_unlock(&r->lock);
  if (l->taken == version) return;
  /* Without a producer what the last one began may be open: our name stays, the heir ends it. */
  if (dropped && r->emitter && tg_pg_connected(r->pg) &&
      tg_outbox_let_go(r->pg, l->outgoing, dropped, r->id, tg_clock_mono_us() + CALL_US, &err) !=
          TG_OK)
    tg_log_err(TG_WARN, "relay", &err);
  replace(l, &told);
  pthread_mutex_lock(&r->lock);
  l->taken = version;
  pthread_cond_broadcast(&r->changed);
  pthread_mutex_unlock(&r->lock);
}

/* --- failures --- */

static int64_t backoff_us(uint32_t failures)
{
  int64_t us = (int64_t)BACKOFF_FIRST_US << (failures < 7 ? failures : 7);
  return us < BACKOFF_MAX_US ? us : BACKOFF_MAX_US;
}

/* A transaction that did not end well: whether it did is known by nobody but the broker. A new
 * producer of the same id ends it, and the offsets tell. */
static void recycle(struct tg_relay *r, const struct tg_err *err)
{
  char note[sizeof((struct tg_entry *)0)->message];
  if (!r->open) return;
  tg_emitter_free(r->emitter);
  r->emitter = NULL;
  r->open = false;
  for (uint32_t i = 0; i < TG_LANES_MAX; i++) r->lanes[i].ready = false;
  tg_metric_add(r->metrics.out.recycled, 1);
  snprintf(note, sizeof note, "the producer of the outputs is made anew: %.400s", err->what);
  if (!r->failures) tg_hub_note(r->hub, "relay", NULL, note);
}

static void fail(struct tg_relay *r, struct tg_relay_lane *l, const struct tg_err *err)
{
  char text[sizeof r->failure];
  if (l) l->ready = false;
  recycle(r, err);
  snprintf(text, sizeof text, "%.120s: %.380s", err->where, err->what);
  pthread_mutex_lock(&r->lock);
  bool fresh = strcmp(text, r->failure) != 0 || !r->failures;
  memcpy(r->failure, text, sizeof text);
  pthread_mutex_unlock(&r->lock);
  if (fresh) tg_log_err(err->rc == TG_CONFIG ? TG_ERROR : TG_WARN, "relay", err);
  tg_metric_add(r->metrics.out.failed, 1);
  r->retry_us = tg_clock_mono_us() + backoff_us(r->failures++);
}

/* --- the thread --- */

static enum tg_rc relay_lane(struct tg_relay *r, struct tg_relay_lane *l, struct tg_err *err)
{
  bool fresh, more = true;
  enum tg_rc rc = tg_pg_connect(r->pg, &fresh, err);
  if (rc == TG_OK && !l->ready) rc = tg_relay_adopt(r, l, err);
  while (rc == TG_OK && more && l->taken == l->version) {
    more = false;
    rc = tg_relay_send(r, l, &more, err);
  }
  return rc;
}

static void measure(struct tg_relay *r)
{
  int64_t lag = 0, now = tg_clock_mono_us();
  for (uint32_t i = 0; i < TG_LANES_MAX; i++) lag += tg_relay_lag(&r->lanes[i], true);
  if (!lag) r->behind_us = 0;
  if (lag && !r->behind_us) r->behind_us = now;
  tg_metric_set(r->metrics.lag, (double)lag);
  tg_metric_set(r->metrics.stalled, r->behind_us ? (double)(now - r->behind_us) / TG_SEC : 0);
}

/* Partitions change hands between two transactions only. */
static void turn(struct tg_relay *r)
{
  struct tg_err err;
  for (uint32_t i = 0; i < TG_LANES_MAX; i++) {
    struct tg_relay_lane *l = &r->lanes[i];
    take_over(r, l);
    if (!l->count || tg_clock_mono_us() < r->retry_us || r->stopping) continue;
    enum tg_rc rc = relay_lane(r, l, &err);
    if (rc != TG_OK) fail(r, l, &err);
    if (rc == TG_OK) r->failures = 0;
  }
  measure(r);
}

static void *relay_main(void *self)
{
  struct tg_relay *r = self;
  while (!atomic_load(&r->stopping)) {
    if (atomic_load(&r->hub->emits)) turn(r);
    int64_t left = r->retry_us - tg_clock_mono_us();
    pthread_mutex_lock(&r->lock);
    if (!r->nudged) wait_changed(r, left > 0 && left < IDLE_US ? left : IDLE_US);
    r->nudged = false;
    pthread_mutex_unlock(&r->lock);
  }
  return NULL;
}

static void open_metrics(struct tg_relay *r)
{
  struct tg_metrics *m = r->hub->metrics;
  r->metrics.out = tg_producers_metrics(m);
  r->metrics.suppressed =
      tg_metrics_slot(m, TG_COUNTER, "output_suppressed_records_total",
                      "Records that were out already when the database came back older", NULL);
  r->metrics.lag = tg_metrics_slot(m, TG_GAUGE, "output_lag_records",
                                   "Input offsets that are loaded and whose records wait", NULL);
  r->metrics.stalled =
      tg_metrics_slot(m, TG_GAUGE, "output_lag_seconds", "Since when records wait", NULL);
}

static void name_it(struct tg_relay *r)
{
  const struct tg_config *c = r->hub->config;
  uint64_t bits = 0;
  if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) bits = (uint64_t)tg_clock_mono_us();
  snprintf(r->id, sizeof r->id, "%.200s-%016llx", c->pipeline, (unsigned long long)bits);
  snprintf(r->name, sizeof r->name, "tidegate %.32s relay", c->pipeline);
  r->pg_conf = (struct tg_pg_conf){.dsn = c->dsn,
                                   .password_file = c->password_file,
                                   .name = r->name,
                                   .connect_us = 10 * TG_SEC,
                                   .statement_us = 30 * TG_SEC,
                                   .lock_us = 2 * TG_SEC};
}

enum tg_rc tg_relay_start(struct tg_hub *hub, struct tg_err *err)
{
  pthread_condattr_t clock;
  struct tg_relay *r = calloc(1, sizeof *r);
  if (!r) return tg_err_set(err, TG_FATAL, "relay", "out of memory");
  r->hub = hub;
  name_it(r);
  open_metrics(r);
  tg_buf_init(&r->headers, 0);
  pthread_mutex_init(&r->lock, NULL);
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&r->changed, &clock);
  pthread_condattr_destroy(&clock);
  hub->relay = r;
  r->pg = tg_pg_new(&r->pg_conf);
  if (!r->pg) return tg_err_set(err, TG_FATAL, "relay", "out of memory");
  tg_pg_stop_flag(r->pg, &r->stopping);
  r->started = tg_thread_start(&r->thread, "tg-relay", relay_main, r);
  return r->started ? TG_OK : tg_err_set(err, TG_FATAL, "relay", "cannot start a thread");
}

void tg_relay_stop(struct tg_relay *r)
{
  if (!r) return;
  atomic_store(&r->stopping, true);
  tg_relay_nudge(r);
  if (r->started) pthread_join(r->thread, NULL);
  tg_emitter_free(r->emitter);
  tg_pg_free(r->pg);
  for (uint32_t i = 0; i < TG_LANES_MAX; i++) {
    struct tg_relay_lane *l = &r->lanes[i];
    told_free(&l->told);
    replace(l, &l->told); /* nothing */
  }
  tg_buf_fini(&r->headers);
  pthread_cond_destroy(&r->changed);
  pthread_mutex_destroy(&r->lock);
  r->hub->relay = NULL;
  free(r);
}

bool tg_relay_fails(struct tg_relay *r, char *why, size_t size)
{
  pthread_mutex_lock(&r->lock);
  bool fails = r->failures > 0;
  snprintf(why, size, "%s", r->failure);
  pthread_mutex_unlock(&r->lock);
  return fails;
}

void tg_relay_status(struct tg_relay *r, struct tg_buf *out)
{
  pthread_mutex_lock(&r->lock);
  tg_buf_printf(out, "\"outputs\":{\"active\":%s,\"transactional_id\":\"%s\"",
                atomic_load(&r->hub->emits) ? "true" : "false", r->id);
  tg_buf_printf(out, ",\"records\":%.0f,\"transactions\":%.0f,\"failed\":%.0f",
                tg_metric_get(r->metrics.out.records), tg_metric_get(r->metrics.out.committed),
                tg_metric_get(r->metrics.out.failed));
  tg_buf_printf(out, ",\"lag_records\":%.0f,\"lag_seconds\":%.3f,\"last_failure\":",
                tg_metric_get(r->metrics.lag), tg_metric_get(r->metrics.stalled));
  tg_buf_json(out, tg_text(r->failure));
  tg_buf_char(out, '}');
  pthread_mutex_unlock(&r->lock);
}
