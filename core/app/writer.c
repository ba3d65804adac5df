/* The writer thread: loads into PostgreSQL (or Kafka), one after the other. */
#include "core/app/memory.h"
#include "core/app/producers.h"
#include "core/app/sink.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/pg/gap.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BACKOFF_FIRST_US = 100000, BACKOFF_MAX_US = 5000000, NAP_US = 20000 };

/* Equal jitter: half of the exponential delay is fixed, half is drawn, so that a fleet does not
 * come back at once.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015. */
static int64_t backoff_us(struct tg_writer *w, unsigned attempt)
{
  int64_t full = (int64_t)BACKOFF_FIRST_US << (attempt < 6 ? attempt : 6);
  if (full > BACKOFF_MAX_US) full = BACKOFF_MAX_US;
  return full / 2 + (int64_t)(rand_r(&w->seed) % (unsigned)(full / 2 + 1));
}

static bool nap(struct tg_writer *w, int64_t us)
{
  int64_t until = tg_clock_mono_us() + us;
  while (!w->give_up && tg_clock_mono_us() < until) usleep(NAP_US);
  return !w->give_up;
}

static void mark_void(struct tg_writer *w, const struct tg_segment *s)
{
  if (s->slot >= w->slots) {
    uint32_t slots = s->slot + 64;
    uint32_t *grown = realloc(w->void_epochs, slots * sizeof *grown);
    if (!grown) return; /* the chain key still refuses the later segments */
    memset(grown + w->slots, 0, (slots - w->slots) * sizeof *grown);
    w->void_epochs = grown, w->slots = slots;
  }
  if (w->void_epochs[s->slot] < s->epoch) w->void_epochs[s->slot] = s->epoch;
}

/* Segments that an earlier load left out take these with them. */
static void mask_void(struct tg_writer *w, struct tg_load *l)
{
  for (uint32_t b = 0; b < l->batches_count; b++)
    for (uint32_t i = 0; i < l->batches[b].segments_count; i++) {
      struct tg_segment *s = &l->batches[b].segments[i];
      if (s->slot < w->slots && s->epoch <= w->void_epochs[s->slot]) s->gone = true;
    }
}

/* Remembers what left this load. */
static void note_void(struct tg_writer *w, const struct tg_load *l)
{
  for (uint32_t b = 0; b < l->batches_count; b++)
    for (uint32_t i = 0; i < l->batches[b].segments_count; i++)
      if (l->batches[b].held || l->batches[b].segments[i].gone)
        mark_void(w, &l->batches[b].segments[i]);
}

/* A topic whose table cannot take rows leaves the load and waits; the keeper looks after it. */
static void hold_topic(struct tg_writer *w, struct tg_load *l, int32_t topic,
                       const struct tg_err *err)
{
  char reason[sizeof err->where + sizeof err->what + 4];
  snprintf(reason, sizeof reason, "%s: %s", err->where, err->what);
  struct tg_text name = l->batches[topic].topic->name;
  l->batches[topic].held = true;
  tg_hub_probe_later(w->hub, name, err->rc);
  tg_hub_hold(w->hub, name, TG_HOLD_TABLE, reason);
}

/* Somebody else moved breakers: their topics wait from now on, not only once the keeper has read
 * it, or each load in between would be read and refused again. */
static void hold_breakers(struct tg_writer *w, const struct tg_load *l)
{
  for (uint32_t b = 0; b < l->batches_count; b++) {
    struct tg_text name = l->batches[b].topic->name;
    if (l->batches[b].held && !l->batches[b].apart &&
        !(tg_hub_holds(w->hub, name) & ~TG_HOLD_BREAKER))
      tg_hub_refused(w->hub, name);
  }
}

/* What to do after a failed attempt; false: give up. */
static bool recover(struct tg_writer *w, struct tg_job *job, unsigned *attempt)
{
  long long fine = 0;
  atomic_compare_exchange_strong(&w->failing_us, &fine, tg_clock_mono_us());
  if (job->report.unknown) tg_metric_add(w->unknown, 1);
  if (job->report.fenced) tg_metric_add(w->fenced, job->report.fenced);
  if (strcmp(job->report.sqlstate, "TG002") == 0) hold_breakers(w, job->load);
  if (job->rc == TG_AGAIN) return true;
  if (job->report.topic >= 0) return hold_topic(w, job->load, job->report.topic, &job->err), true;
  tg_metric_add(w->retries, 1);
  tg_log(job->rc == TG_RETRY ? TG_WARN : TG_ERROR, w->name, "%s: %s (%s)", job->err.where,
         job->err.what, tg_rc_name(job->rc));
  return nap(w, job->rc == TG_RETRY ? backoff_us(w, (*attempt)++) : BACKOFF_MAX_US);
}

static enum tg_rc write_once(struct tg_writer *w, struct tg_job *job)
{
  if (w->sink) return tg_sink_write(w->sink, job->load, &job->report, &job->err);
  return tg_loader_write(w->loader, job->load, &job->report, &job->err);
}

static void count_load(struct tg_writer *w, const struct tg_job *job)
{
  tg_metric_add(w->commits, 1);
  tg_metric_add(w->emitted, (double)job->report.emitted);
  if (w->sink) return;
  atomic_store(&w->hub->pg_ok_us, tg_clock_mono_us());
  tg_metric_observe(w->encode_s, (double)job->report.encode_us / TG_SEC, 1);
  tg_metric_observe(w->copy_s, (double)job->report.copy_us / TG_SEC, 1);
  tg_metric_observe(w->commit_s, (double)job->report.commit_us / TG_SEC, 1);
}

static void write_load(struct tg_writer *w, struct tg_job *job)
{
  unsigned attempt = 0;
  for (;;) {
    if (w->give_up) {
      job->rc = TG_FENCED;
      break;
    }
    mask_void(w, job->load);
    tg_err_clear(&job->err);
    job->rc = write_once(w, job);
    if (job->rc == TG_OK || !recover(w, job, &attempt)) break;
  }
  note_void(w, job->load);
  atomic_store(&w->failing_us, 0);
  job->commit_us = tg_clock_wall_us();
  if (job->rc == TG_OK)
    count_load(w, job);
  else
    job->rc = TG_FENCED;
}

/* Says once which GRANT is missing. A stuck session of such an owner would fence us out for good.
 * */
static void look_for_strangers(struct tg_writer *w, int64_t deadline)
{
  char roles[256];
  struct tg_err err;
  if (w->looked) return;
  w->looked = true;
  if (tg_claim_strangers(w->pg, w->who.pipeline, roles, sizeof roles, deadline, &err) != TG_OK) {
    tg_log_err(TG_WARN, w->name, &err);
    return;
  }
  if (*roles)
    tg_log(TG_WARN, w->name,
           "members of this pipeline run as %s: a stuck session of theirs cannot be ended; GRANT "
           "pg_signal_backend, pg_read_all_stats TO this role, or let all use one role",
           roles);
}

static void run_claims(struct tg_writer *w, struct tg_job *job)
{
  int64_t deadline = tg_clock_mono_us() + 10 * TG_SEC;
  bool fresh;
  if (w->sink) return tg_sink_job(w->sink, job);
  if (job->kind == TG_JOB_RELEASE && !tg_pg_connected(w->pg)) return (void)(job->rc = TG_OK);
  job->rc = tg_pg_connect(w->pg, &fresh, &job->err);
  if (job->rc != TG_OK) return;
  if (job->kind == TG_JOB_CLAIM)
    job->rc = tg_claim_take(w->pg, &w->who, job->claims, job->count, deadline, &job->err);
  else if (job->kind == TG_JOB_BEGIN)
    job->rc = tg_claim_begin(w->pg, job->claims, job->count, deadline, &job->err);
  else if (job->kind == TG_JOB_JUMP)
    job->rc =
        tg_gap_jump(w->pg, w->who.pipeline, job->generation, job->claims, deadline, &job->err);
  else if (job->kind == TG_JOB_MARK)
    job->rc = tg_claim_mark(w->pg, job->claims, deadline, &job->err);
  else
    job->rc = tg_claim_release(w->pg, job->claims, job->count, deadline, &job->err);
  if (job->kind == TG_JOB_CLAIM) tg_memory_read(w, job);
  if (job->rc == TG_OK) atomic_store(&w->hub->pg_ok_us, tg_clock_mono_us());
  if (job->rc == TG_OK && job->kind == TG_JOB_CLAIM) look_for_strangers(w, deadline);
}

static void *writer_main(void *self)
{
  struct tg_writer *w = self;
  while (!tg_queue_closed(&w->to_writer) || tg_queue_count(&w->to_writer)) {
    struct tg_job *job = tg_queue_pop(&w->to_writer, tg_clock_mono_us() + TG_SEC);
    if (!job) continue;
    if (job->kind == TG_JOB_LOAD)
      write_load(w, job);
    else
      run_claims(w, job);
    tg_queue_push(&w->from_writer, job, INT64_MAX); /* has room for every job there is */
  }
  return NULL;
}

static void open_kafka_metrics(struct tg_writer *w)
{
  struct tg_output_metrics out = tg_producers_metrics(w->hub->metrics);
  w->commits = out.committed, w->retries = out.failed, w->emitted = out.records;
}

static void open_pg_metrics(struct tg_writer *w)
{
  struct tg_metrics *m = w->hub->metrics;
  const char *const encode[] = {"stage", "encode", NULL}, *const copy[] = {"stage", "copy", NULL};
  const char *const commit[] = {"stage", "commit", NULL};
  const char *const committed[] = {"outcome", "committed", NULL};
  const char *const retried[] = {"outcome", "retried", NULL};
  const char *help = "Time of a stage per load";
  w->commits = tg_metrics_slot(m, TG_COUNTER, "pg_transactions_total",
                               "Load transactions by outcome", committed);
  w->retries = tg_metrics_slot(m, TG_COUNTER, "pg_transactions_total",
                               "Load transactions by outcome", retried);
  w->unknown = tg_metrics_slot(m, TG_COUNTER, "pg_commit_unknown_total",
                               "Commits whose outcome was not known at first", NULL);
  w->emitted = tg_metrics_slot(m, TG_COUNTER, "outbox_records_total",
                               "Records for Kafka committed with their rows", NULL);
  w->encode_s = tg_metrics_slot(m, TG_HISTOGRAM, "batch_duration_seconds", help, encode);
  w->copy_s = tg_metrics_slot(m, TG_HISTOGRAM, "batch_duration_seconds", help, copy);
  w->commit_s = tg_metrics_slot(m, TG_HISTOGRAM, "batch_duration_seconds", help, commit);
}

static void open_metrics(struct tg_writer *w)
{
  w->fenced = tg_metrics_slot(w->hub->metrics, TG_COUNTER, "fenced_total",
                              "Segments refused because somebody else owns them", NULL);
  if (w->hub->config->sink == TG_SINK_KAFKA)
    open_kafka_metrics(w);
  else
    open_pg_metrics(w);
}

static void name_it(struct tg_writer *w)
{
  const struct tg_config *c = w->hub->config;
  snprintf(w->name, sizeof w->name, "tidegate %.32s lane %u", c->pipeline, w->lane);
  snprintf(w->owner, sizeof w->owner, "%s lane %u", w->hub->name, w->lane);
  w->who.pipeline = c->pipeline;
  w->who.owner = w->owner;
  w->who.run = w->hub->run;
  w->pg_conf = (struct tg_pg_conf){.dsn = c->dsn,
                                   .password_file = c->password_file,
                                   .name = w->name,
                                   .connect_us = 10 * TG_SEC,
                                   .statement_us = c->statement_us,
                                   .lock_us = 2 * TG_SEC};
  w->loader_conf = (struct tg_loader_conf){.pipeline = c->pipeline,
                                           .transaction_us = c->statement_us + 30 * TG_SEC};
}

/* Where loads go. False without memory. */
static bool open_end(struct tg_writer *w)
{
  if (w->hub->config->sink == TG_SINK_KAFKA)
    return (w->sink = tg_sink_new(w->hub, w->lane)) != NULL;
  w->pg = tg_pg_new(&w->pg_conf);
  w->loader = w->pg ? tg_loader_new(&w->loader_conf, w->pg) : NULL;
  if (w->loader) tg_pg_stop_flag(w->pg, &w->give_up);
  return w->loader != NULL;
}

enum tg_rc tg_writer_start(struct tg_writer *w, struct tg_hub *hub, uint32_t lane,
                           struct tg_err *err)
{
  *w = (struct tg_writer){.lane = lane, .hub = hub, .seed = (unsigned)tg_clock_mono_us() + lane};
  name_it(w);
  open_metrics(w);
  bool queues = tg_queue_init(&w->to_writer, 16) && tg_queue_init(&w->from_writer, 16);
  if (!open_end(w) || !queues) return tg_err_set(err, TG_FATAL, w->name, "out of memory");
  char thread[TG_THREAD_NAME];
  snprintf(thread, sizeof thread, "tg-writer-%u", lane % 1000);
  w->started = tg_thread_start(&w->thread, thread, writer_main, w);
  return w->started ? TG_OK : tg_err_set(err, TG_FATAL, w->name, "cannot start a thread");
}

void tg_writer_stop(struct tg_writer *w)
{
  if (w->started) {
    tg_queue_close(&w->to_writer);
    pthread_join(w->thread, NULL);
  }
  tg_sink_free(w->sink);
  tg_loader_free(w->loader);
  tg_pg_free(w->pg);
  tg_queue_fini(&w->to_writer);
  tg_queue_fini(&w->from_writer);
  free(w->void_epochs);
}
