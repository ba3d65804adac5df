/* What comes back from the writer: committed loads, loads of which something was left out, claims.
 */
#include "core/app/lane.h"
#include "core/app/relay.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/state/stateset.h"

#include <stdlib.h>

enum {
  FENCES_MAX = 3,
  STUCK_US = 60000000,
  SMALL_US = 600000000 /* how long loads stay small after one that took too long */
};

/* When a fenced partition is claimed again: the other owner has been told by then that the group
 * moved it, if it has. */
static int64_t fenced_until(struct tg_lane *lane)
{
  int64_t pause_us = lane->config->session_us;
  return tg_clock_mono_us() + pause_us + rand_r(&lane->seed) % (pause_us / 4);
}

/* A segment that is not in the ledger: its partition goes back to where the segment began. Later
 * ones of the same reading come back too and are known by their epoch. */
static void drop_segment(struct tg_lane *lane, const struct tg_segment *s, bool held)
{
  struct tg_part *p = &lane->parts.list[s->slot];
  if (s->epoch <= p->void_epoch) return;
  p->void_epoch = lane->parts.epoch;
  p->sealed = p->next = s->from;
  p->eof = -1;
  lane->reassign = true;
  if (held) return;
  if (p->state == TG_PART_READING) atomic_fetch_sub(&lane->reading, 1);
  p->state = p->state == TG_PART_HALTED ? TG_PART_HALTED : TG_PART_FENCED;
  lane->told = false;
  p->retry_us = s->moved ? 0 : fenced_until(lane);
  if (s->moved) {
    tg_log(TG_INFO, lane->name, "%s[%d]: its former owner committed last; claimed again", p->topic,
           p->partition);
    return;
  }
  p->fences++;
  tg_log(p->fences < FENCES_MAX ? TG_WARN : TG_ERROR, lane->name,
         "%s[%d] is owned by somebody else (%u times); offsets from %lld are read again after a "
         "new claim",
         p->topic, p->partition, p->fences, (long long)s->from);
}

static void keep_segment(struct tg_lane *lane, const struct tg_segment *s)
{
  struct tg_part *p = &lane->parts.list[s->slot];
  p->committed = s->to;
  tg_stateset_commit(p->memory, s->to);
  p->fences = 0;
  tg_careful_passed(p);
  if (s->last_us > p->fresh_us) p->fresh_us = s->last_us;
  tg_intake_show_lag(lane, p);
}

/* Best effort, for lag tools: the ledger decides where reading starts. Not with outputs: then the
 * offset says what is out. */
static void commit_kafka(struct tg_lane *lane, const struct tg_load *l)
{
  struct tg_topart list[64];
  uint32_t n = 0;
  for (uint32_t b = 0; b < l->batches_count; b++)
    for (uint32_t i = 0; i < l->batches[b].segments_count; i++) {
      const struct tg_segment *s = &l->batches[b].segments[i];
      if (s->gone || l->batches[b].held) continue;
      if (n == 64) tg_consumer_commit(lane->consumer, list, n), n = 0;
      list[n++] = (struct tg_topart){
          .topic = lane->parts.list[s->slot].topic, .partition = s->partition, .offset = s->to};
    }
  if (n) tg_consumer_commit(lane->consumer, list, n);
}

/* The number of the batch's topic in the running program, which may be newer than the load; -1:
 * it has it no more. */
static int32_t topic_now(const struct tg_lane *lane, const struct tg_batch *batch)
{
  for (uint32_t t = 0; t < lane->topics_count; t++)
    if (tg_text_eq(lane->topics[t]->name, batch->topic->name)) return (int32_t)t;
  return -1;
}

/* The server (with `sink: kafka` the brokers) took too long for a topic's rows: smaller loads from
 * now on. */
static void cut_smaller(struct tg_lane *lane, const struct tg_batch *b)
{
  tg_lane_shrink(lane, b->rows, SMALL_US);
  tg_log(TG_WARN, lane->name, "%.*s: %u rows took longer than %s; loads of %u rows for now",
         TG_TEXT(b->topic->name), b->rows,
         lane->config->sink == TG_SINK_KAFKA ? "a Kafka transaction may"
                                             : "postgres.statement_timeout",
         lane->rows_max);
}

/* Loads are small because one took too long. A full one that needed a quarter of the time at most,
 * waiting for the writer included, shows that twice the rows fit: what was slow is over. */
static void let_grow(struct tg_lane *lane, const struct tg_job *job)
{
  const struct tg_config *c = lane->config;
  int64_t now = tg_clock_mono_us();
  bool small = lane->rows_max < c->load_rows && now < lane->grow_after_us;
  if (!small || job->load->rows < lane->rows_max || now - job->handed_us > c->statement_us / 4)
    return;
  lane->rows_max = lane->rows_max < c->load_rows / 2 ? lane->rows_max * 2 : c->load_rows;
  tg_log(TG_INFO, lane->name, "loads of %u rows again", lane->rows_max);
}

/* Too many rejected rows open the breaker. */
static void count_rows(struct tg_lane *lane, const struct tg_load *l, const struct tg_batch *b)
{
  for (uint32_t i = 0; i < b->segments_count; i++) {
    const struct tg_segment *s = &b->segments[i];
    uint32_t counts[TG_FATES];
    if (s->gone || !s->rows) continue;
    tg_batch_tally(b, s->row, s->rows, counts);
    const struct tg_hub_rows rows = {.topic = b->topic->name,
                                     .generation = l->generation,
                                     .tally = {s->rows, counts[TG_QUARANTINE]},
                                     .kafka_us = s->kafka_us_max};
    tg_hub_count(lane->hub, &rows);
  }
}

static void harvest_load(struct tg_lane *lane, struct tg_job *job)
{
  struct tg_load *l = job->load;
  bool whole = job->rc == TG_OK;
  for (uint32_t b = 0; b < l->batches_count; b++) {
    struct tg_batch *batch = &l->batches[b];
    bool out = batch->held || (job->rc != TG_OK && !batch->done);
    if (batch->too_big) cut_smaller(lane, batch);
    whole &= !out;
    for (uint32_t i = 0; i < batch->segments_count; i++) {
      const struct tg_segment *s = &batch->segments[i];
      if (out && !s->gone)
        drop_segment(lane, s, true);
      else if (s->gone)
        drop_segment(lane, s, false);
      else
        keep_segment(lane, s);
    }
    int32_t topic = topic_now(lane, batch);
    if (out || topic < 0) continue;
    count_rows(lane, l, batch);
    tg_measure_committed(lane, (uint32_t)topic, batch, job->commit_us);
  }
  if (whole) let_grow(lane, job);
  if (job->rc != TG_OK) return;
  if (lane->config->sink == TG_SINK_KAFKA) return; /* the load did it */
  if (atomic_load(&lane->hub->emits))
    tg_relay_nudge(lane->hub->relay);
  else
    commit_kafka(lane, l);
}

static void harvest_one(struct tg_lane *lane, struct tg_job *job)
{
  if (job->kind == TG_JOB_MARK) return tg_careful_marked(lane, job);
  if (job->kind == TG_JOB_JUMP) return tg_doubt_jumped(lane, job);
  if (job->kind != TG_JOB_LOAD) return tg_intake_claimed(lane, job);
  harvest_load(lane, job);
  for (uint32_t i = 0; i < TG_LOADS; i++)
    if (&lane->loads[i].job == job) lane->loads[i].out = false;
  lane->loads_out--;
}

void tg_harvest(struct tg_lane *lane)
{
  struct tg_job *job;
  while ((job = tg_queue_pop(&lane->writer.from_writer, 0))) harvest_one(lane, job);
}

void tg_harvest_all(struct tg_lane *lane, int64_t give_up_us)
{
  int64_t stuck_us = tg_clock_mono_us() + STUCK_US;
  while (lane->loads_out || lane->claiming || lane->jumping || lane->marking) {
    int64_t now = tg_clock_mono_us();
    if (now >= give_up_us) atomic_store(&lane->writer.give_up, true);
    if (now >= stuck_us) {
      tg_log(TG_ERROR, lane->name, "the writer has not answered for a minute");
      stuck_us = now + STUCK_US;
    }
    struct tg_job *job = tg_queue_pop(&lane->writer.from_writer, now + 100 * TG_MS);
    if (job) harvest_one(lane, job);
    atomic_store(&lane->tick_us, tg_clock_mono_us());
  }
  atomic_store(&lane->writer.give_up, false);
}
