/* The keeper thread; turn() shows what it does each time. */
#include "core/app/keeper.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/pg/quarantine.h"
#include "core/pg/quote.h"
#include "core/pg/state.h"
#include "core/pg/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TURN_US = 200000, CONNECT_US = 1000000, CALL_US = 15000000, EXPIRE_US = 60000000 };

struct tg_swap_request {
  struct tg_generation *generation;
  struct tg_program *program;
  bool done;
  enum tg_rc rc;
  struct tg_err err;
};

static int64_t deadline(void)
{
  return tg_clock_mono_us() + CALL_US;
}

static bool is_alone(const struct tg_keeper *k)
{
  return k->hub->config->sink == TG_SINK_KAFKA;
}

/* Connects and brings the state schema up to date. */
static bool ready(struct tg_keeper *k)
{
  struct tg_err err;
  bool fresh;
  if (tg_clock_mono_us() < k->connect_after_us) return false;
  enum tg_rc rc = tg_pg_connect(k->pg, &fresh, &err);
  if (rc == TG_OK && !k->upgraded) {
    rc = tg_state_upgrade(k->pg, deadline(), &err);
    k->upgraded = rc == TG_OK;
    if (k->upgraded) atomic_store(&k->hub->schema_ready, true);
  }
  if (rc == TG_OK) return atomic_store(&k->hub->pg_ok_us, tg_clock_mono_us()), true;
  tg_log_err(rc == TG_RETRY ? TG_WARN : TG_ERROR, "keeper", &err);
  k->connect_after_us = tg_clock_mono_us() + CONNECT_US;
  return false;
}

static void write_notes(struct tg_keeper *k)
{
  struct tg_entry e;
  struct tg_err err;
  while (tg_hub_note_first(k->hub, &e)) {
    struct tg_note note = {.pipeline = k->hub->config->pipeline,
                           .kind = e.kind,
                           .topic = *e.topic ? e.topic : NULL,
                           .message = e.message};
    if (tg_journal_add(k->pg, &note, deadline(), &err) != TG_OK) {
      tg_log_err(TG_WARN, "keeper", &err);
      return;
    }
    tg_hub_note_done(k->hub);
  }
}

static bool keep_generation(struct tg_keeper *k, struct tg_generation *g, struct tg_err *err)
{
  struct tg_buf json;
  tg_buf_init(&json, 0);
  tg_fileset_json(&g->files, &json);
  enum tg_rc rc = tg_generation_keep(k->pg, k->hub->config->pipeline, g->files.sha256,
                                     tg_buf_cstr(&json), deadline(), err);
  tg_buf_fini(&json);
  return rc == TG_OK;
}

static enum tg_rc prepare_table(struct tg_keeper *k, const struct tg_topic *topic,
                                struct tg_err *err)
{
  bool created;
  enum tg_rc rc =
      tg_table_prepare(k->pg, topic, k->hub->config->create_tables ? TG_TABLE_MAKE : TG_TABLE_KEEP,
                       &created, deadline(), err);
  if (rc != TG_OK || !created) return rc;
  char name[TG_TOPIC_BYTES_MAX + 1], message[256];
  snprintf(name, sizeof name, "%.*s", TG_TEXT(topic->name));
  snprintf(message, sizeof message, "table %.*s made", TG_TEXT(topic->table));
  tg_log(TG_INFO, "keeper", "%s: %s", name, message);
  tg_hub_note(k->hub, "ddl", name, message);
  return TG_OK;
}

/* A table that could not take rows: is it there, fits it, can it be locked now? */
static enum tg_rc probe_table(struct tg_keeper *k, const struct tg_topic *topic, struct tg_err *err)
{
  enum tg_rc rc = prepare_table(k, topic, err);
  if (rc != TG_OK) return rc;
  struct tg_buf sql;
  tg_buf_init(&sql, 0);
  tg_buf_str(&sql, "BEGIN; LOCK TABLE ");
  tg_quote_table(&sql, topic);
  tg_buf_str(&sql, " IN ROW EXCLUSIVE MODE NOWAIT; ROLLBACK");
  rc = tg_pg_script(k->pg, tg_buf_cstr(&sql), deadline(), err);
  tg_buf_fini(&sql);
  if (rc == TG_OK || !tg_pg_connected(k->pg)) return rc;
  struct tg_err ignored;
  if (tg_pg_script(k->pg, "ROLLBACK", deadline(), &ignored) != TG_OK) tg_pg_drop(k->pg);
  return rc;
}

static const struct tg_topic *topic_named(const struct tg_keeper *k, const char *name)
{
  for (uint32_t t = 0; t < k->topics_count; t++)
    if (tg_text_is(k->topics[t]->name, name)) return k->topics[t];
  return NULL;
}

static void look_after_table(struct tg_keeper *k, const struct tg_topic_state *s)
{
  const struct tg_topic *topic = topic_named(k, s->topic);
  struct tg_err err;
  if (!topic || tg_clock_mono_us() < s->probe_after_us) return;
  enum tg_rc rc = probe_table(k, topic, &err);
  if (rc != TG_OK) {
    char reason[sizeof err.where + sizeof err.what + 4];
    snprintf(reason, sizeof reason, "%s: %s", err.where, err.what);
    tg_hub_probe_later(k->hub, topic->name, rc);
    tg_hub_hold(k->hub, topic->name, TG_HOLD_TABLE, reason);
  } else
    tg_hub_release(k->hub, topic->name, TG_HOLD_TABLE);
  tg_hub_release(k->hub, topic->name, TG_HOLD_PREPARE);
}

static struct tg_breakers_set set_of(const struct tg_keeper *k)
{
  return (struct tg_breakers_set){k->topics, k->topics_count, k->generation->files.sha256};
}

/* Their breakers were looked at before. */
static void look_after_tables(struct tg_keeper *k)
{
  struct tg_topic_state s;
  for (uint32_t i = 0; tg_pg_connected(k->pg) && tg_hub_topic(k->hub, i, &s); i++)
    if (s.holds & (TG_HOLD_PREPARE | TG_HOLD_TABLE)) look_after_table(k, &s);
}

static bool is_known(struct tg_keeper *k, struct tg_text name)
{
  struct tg_topic_state s;
  for (uint32_t i = 0; tg_hub_topic(k->hub, i, &s); i++)
    if (tg_text_is(name, s.topic)) return true;
  return false;
}

/* A topic that nobody knows yet waits until its table and its breaker were looked at. */
static void hold_new_topics(struct tg_keeper *k)
{
  if (is_alone(k)) return;
  for (uint32_t t = 0; t < k->topics_count; t++) {
    struct tg_text name = k->topics[t]->name;
    if (is_known(k, name)) continue;
    tg_hub_hold(k->hub, name, TG_HOLD_PREPARE, "its table has not been looked at yet");
  }
}

static void set_program(struct tg_keeper *k, struct tg_generation *g, struct tg_program *p)
{
  tg_bakes_give(g->bakes, p);
  k->generation = g;
  k->program = p;
  k->topics = tg_program_topics(p, &k->topics_count);
}

/* Of topics that the new set has no more nothing is left. */
static void forget_topics(struct tg_keeper *k)
{
  struct tg_topic_state s;
  for (uint32_t i = 0; tg_hub_topic(k->hub, i, &s);)
    if (topic_named(k, s.topic))
      i++;
    else
      tg_hub_forget(k->hub, s.topic);
}

/* What a reload leaves to the keeper, once no lane runs the old set any more: with the old rules
 * a breaker would open again. */
static void finish_reload(struct tg_keeper *k)
{
  if (!atomic_load(&k->hub->reloaded) || atomic_load(&k->hub->swaps_due)) return;
  forget_topics(k);
  if (is_alone(k)) tg_hub_close_breakers(k->hub);
  k->breakers.fresh = TG_FRESH_RELOAD;
  k->breakers.read_us = 0;
  atomic_store(&k->hub->reloaded, false);
}

static enum tg_rc read_bakes(struct tg_keeper *k, struct tg_generation *g,
                             const struct tg_program *p, struct tg_err *err)
{
  const struct tg_bakes_query q = {.pg = k->pg,
                                   .pipeline = k->hub->config->pipeline,
                                   .set = &g->files,
                                   .deadline_us = deadline()};
  return tg_bakes_read(g->bakes, p, &q, err);
}

/* Before that is known, no topic is released for the first time. */
static bool know_bakes(struct tg_keeper *k)
{
  struct tg_err err;
  if (read_bakes(k, k->generation, k->program, &err) == TG_OK) return true;
  tg_log_err(TG_WARN, "keeper", &err);
  k->connect_after_us = tg_clock_mono_us() + CONNECT_US;
  return false;
}

static enum tg_rc adopt(struct tg_keeper *k, struct tg_swap_request *r)
{
  uint32_t count;
  if (is_alone(k)) return TG_OK;
  const struct tg_topic *const *topics = tg_program_topics(r->program, &count);
  if (!ready(k))
    return tg_err_set(&r->err, TG_RETRY, "reload",
                      "PostgreSQL is not reachable: tables cannot be checked");
  for (uint32_t t = 0; t < count; t++) {
    enum tg_rc rc = prepare_table(k, topics[t], &r->err);
    if (rc != TG_OK) return rc;
  }
  enum tg_rc rc = tg_lookups_read(r->generation->lookups, k->hub, k->pg, &r->err);
  if (rc == TG_OK) rc = read_bakes(k, r->generation, r->program, &r->err);
  if (rc != TG_OK) return rc;
  return keep_generation(k, r->generation, &r->err) ? TG_OK : r->err.rc;
}

/* Answers a waiting tg_keeper_adopt(). */
static void serve_request(struct tg_keeper *k)
{
  pthread_mutex_lock(&k->lock);
  struct tg_swap_request *r = k->request;
  pthread_mutex_unlock(&k->lock);
  if (!r) return;
  enum tg_rc rc = adopt(k, r);
  pthread_mutex_lock(&k->lock);
  k->request = NULL;
  r->rc = rc;
  r->done = true;
  if (rc == TG_OK) {
    struct tg_generation *g = k->generation;
    struct tg_program *p = k->program;
    set_program(k, r->generation, r->program);
    hold_new_topics(k);
    tg_lookups_retire(g->lookups, k->generation->lookups, k->hub);
    tg_program_free(p);
    tg_generation_drop(g);
  }
  pthread_cond_broadcast(&k->changed);
  pthread_mutex_unlock(&k->lock);
}

/* Removes rows of the quarantine that were replayed or discarded long ago: some a turn. */
static void expire_rejected(struct tg_keeper *k)
{
  const struct tg_config *c = k->hub->config;
  struct tg_err err;
  uint64_t rows = 0;
  char text[96];
  int64_t now = tg_clock_mono_us();
  if (now < k->expire_us) return;
  enum tg_rc rc =
      tg_quarantine_expire(k->pg, c->pipeline, c->quarantine_keep_us, &rows, deadline(), &err);
  k->expire_us = rows == TG_QUARANTINE_EXPIRE_MAX ? now : now + EXPIRE_US;
  if (rc != TG_OK) tg_log_err(TG_WARN, "keeper", &err);
  if (!rows) return;
  snprintf(text, sizeof text, "%llu rows older than quarantine.keep were removed",
           (unsigned long long)rows);
  tg_hub_note(k->hub, "quarantine", NULL, text);
}

/* Without PostgreSQL. */
static void turn_alone(struct tg_keeper *k)
{
  struct tg_entry e;
  finish_reload(k);
  for (; tg_hub_note_first(k->hub, &e); tg_hub_note_done(k->hub))
    tg_log(TG_INFO, "journal", "%s%s%s: %s", e.kind, *e.topic ? " " : "", e.topic, e.message);
}

static void turn(struct tg_keeper *k)
{
  serve_request(k);
  if (is_alone(k)) return turn_alone(k);
  tg_lookups_watch(k->generation->lookups, k->hub);
  if (!ready(k)) return;
  struct tg_err err;
  struct tg_breakers_set set = set_of(k);
  if (!k->generation_kept) k->generation_kept = keep_generation(k, k->generation, &err);
  finish_reload(k);
  if (!know_bakes(k)) return;
  if (tg_breakers_turn(&k->breakers, k->pg, &set)) look_after_tables(k);
  tg_lookups_refresh(k->generation->lookups, k->hub, k->pg);
  tg_windows_turn(&k->windows, k->pg, k->program);
  tg_members_turn(&k->members, k->pg, k->generation->files.sha256);
  expire_rejected(k);
  write_notes(k);
}

/* Nobody may wait for an answer that does not come. */
static void end(struct tg_keeper *k)
{
  pthread_mutex_lock(&k->lock);
  k->ended = true;
  if (k->request) {
    k->request->rc = tg_err_set(&k->request->err, TG_RETRY, "reload", "the process is stopping");
    k->request->done = true;
    k->request = NULL;
  }
  pthread_cond_broadcast(&k->changed);
  pthread_mutex_unlock(&k->lock);
}

/* What must not be forgotten with the process: breakers that opened a moment ago, the journal. */
static void write_last(struct tg_keeper *k)
{
  struct tg_breakers_set set = set_of(k);
  tg_pg_stop_flag(k->pg, NULL);
  if (tg_pg_connected(k->pg) && tg_breakers_write(&k->breakers, k->pg, &set)) write_notes(k);
  if (tg_pg_connected(k->pg)) tg_members_leave(&k->members, k->pg);
}

static void *keeper_main(void *self)
{
  struct tg_keeper *k = self;
  struct timespec wait = tg_clock_timespec(TURN_US);
  while (!atomic_load(&k->hub->stopping)) {
    turn(k);
    nanosleep(&wait, NULL);
  }
  write_last(k);
  end(k);
  return NULL;
}

enum tg_rc tg_keeper_start(struct tg_keeper *k, struct tg_hub *hub,
                           struct tg_generation *generation, struct tg_program *program,
                           struct tg_err *err)
{
  const struct tg_config *c = hub->config;
  *k = (struct tg_keeper){
      .hub = hub, .windows = {.hub = hub}, .breakers = {.hub = hub, .fresh = TG_FRESH_START}};
  k->pg_conf = (struct tg_pg_conf){.dsn = c->owner_dsn ? c->owner_dsn : c->dsn,
                                   .password_file = c->password_file,
                                   .name = "tidegate keeper",
                                   .connect_us = 10 * TG_SEC,
                                   .statement_us = 30 * TG_SEC,
                                   .lock_us = 2 * TG_SEC};
  set_program(k, tg_generation_ref(generation), program);
  tg_windowview_init(&k->windows.view);
  tg_members_init(&k->members, hub);
  pthread_mutex_init(&k->lock, NULL);
  pthread_cond_init(&k->changed, NULL);
  hold_new_topics(k);
  if (is_alone(k)) atomic_store(&hub->schema_ready, true); /* lanes need none */
  tg_lookups_hold(generation->lookups, hub);
  k->pg = tg_pg_new(&k->pg_conf);
  if (!k->pg) return tg_err_set(err, TG_FATAL, "keeper", "out of memory");
  tg_pg_stop_flag(k->pg, &hub->stopping);
  k->started = tg_thread_start(&k->thread, "tg-keeper", keeper_main, k);
  return k->started ? TG_OK : tg_err_set(err, TG_FATAL, "keeper", "cannot start a thread");
}

enum tg_rc tg_keeper_adopt(struct tg_keeper *k, struct tg_generation *generation,
                           struct tg_program *program, struct tg_err *err)
{
  struct tg_swap_request r = {.generation = generation, .program = program};
  pthread_mutex_lock(&k->lock);
  if (k->ended)
    r.done = true, r.rc = tg_err_set(&r.err, TG_RETRY, "reload", "the process is stopping");
  else
    k->request = &r;
  while (!r.done) pthread_cond_wait(&k->changed, &k->lock);
  pthread_mutex_unlock(&k->lock);
  if (r.rc != TG_OK && err) *err = r.err;
  return r.rc;
}

void tg_keeper_stop(struct tg_keeper *k)
{
  if (k->started) pthread_join(k->thread, NULL);
  tg_pg_free(k->pg);
  tg_program_free(k->program);
  tg_generation_drop(k->generation);
  if (!k->hub) return;
  tg_windowview_fini(&k->windows.view);
  tg_members_fini(&k->members);
  pthread_mutex_destroy(&k->lock), pthread_cond_destroy(&k->changed);
}
