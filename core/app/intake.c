/* Kafka's side of a lane: what the group gives and takes, claims in PostgreSQL, where reading
 * starts. */
#include "core/app/alerts.h"
#include "core/app/memory.h"
#include "core/app/probe.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/state/stateset.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  CLAIM_PAUSE_US = 1000000, /* after a failed claim */
  REVOKE_US = 5000000,      /* what an orderly revoke waits for the load under way */
  WATERMARK_US = 5000000,
  GONE_PAUSE_US = 10000000,       /* before a topic that was gone is looked for again */
  UNREADABLE_PAUSE_US = 10000000, /* before state that could not be read is read again */
  FENCED_AGAIN_S = 120,           /* two members of one name fence each other every few seconds */
  STAND_US = 1000000,             /* between two times that the log meter is told */
  IDLE_US = 1000000               /* a partition at its end is written to the ledger after this */
};

/* The open load takes no more. An empty one takes any event that Kafka's side lets through: the
 * system has no memory then, and the event is offered again. */
static bool fill_up(struct tg_lane *lane, const struct tg_event *event)
{
  lane->full = lane->open->load.rows > 0;
  if (!lane->full)
    tg_log(TG_ERROR, lane->name, "no memory for an event of %u bytes: it is tried again",
           event->size);
  return false;
}

static bool on_record(void *self, const struct tg_event *event)
{
  struct tg_lane *lane = self;
  struct tg_part *p = &lane->parts.list[event->slot];
  bool wanted = p->state == TG_PART_READING && !p->held && !lane->reassign &&
                !tg_part_waits(&lane->parts, event->slot);
  if (!wanted) return true; /* read again later */
  if (event->offset < p->next) return tg_doubt_record(lane, p, event), true;
  p->seam.offset = -1;
  if (event->offset >= p->limit) return p->eof = p->limit, true;
  if (!lane->open || lane->full) return false;
  if (tg_load_add(&lane->open->load, (uint32_t)p->topic_index, event) != TG_OK)
    return fill_up(lane, event);
  if (lane->open->load.rows == 1) {
    lane->open->load.opened_us = tg_clock_mono_us();
    tg_measure_pause(lane);
  }
  p->next = event->offset + 1;
  p->eof = -1;
  return true;
}

static void on_eof(void *self, uint32_t slot, int64_t offset)
{
  struct tg_lane *lane = self;
  struct tg_part *p = &lane->parts.list[slot];
  if (p->state != TG_PART_READING) return;
  if (offset < p->next) return tg_doubt_raise(lane, p);
  p->seam.offset = -1;
  p->eof = offset < p->limit ? offset : p->limit;
  p->idle_us = tg_clock_mono_us();
  tg_measure_pause(lane);
}

/* How far a partition is behind is shown by who holds it. */
static void close_part_metrics(struct tg_lane *lane, const struct tg_part *p)
{
  char partition[12];
  snprintf(partition, sizeof partition, "%d", p->partition);
  const char *const labels[] = {"topic", p->topic, "partition", partition, NULL};
  tg_metrics_drop(lane->hub->metrics, "kafka_consumer_lag_records", labels);
  tg_metrics_drop(lane->hub->metrics, "kafka_consumer_lag_seconds", labels);
  tg_logmetrics_close(lane->hub->metrics, labels);
}

static void open_part_metrics(struct tg_lane *lane, struct tg_part *p)
{
  char partition[12];
  snprintf(partition, sizeof partition, "%d", p->partition);
  const char *const labels[] = {"topic", p->topic, "partition", partition, NULL};
  struct tg_metrics *m = lane->hub->metrics;
  p->consumed = tg_metrics_slot(m, TG_COUNTER, "kafka_records_consumed_total",
                                "Records handed to a load", labels);
  p->bytes =
      tg_metrics_slot(m, TG_COUNTER, "kafka_bytes_consumed_total", "Bytes of their values", labels);
  p->lag = tg_metrics_slot(m, TG_GAUGE, "kafka_consumer_lag_records",
                           "End of the partition minus the ledger's end", labels);
  p->lag_s = tg_metrics_slot(
      m, TG_GAUGE, "kafka_consumer_lag_seconds",
      "Since when the last committed record, or the end, was new; 0 at the end", labels);
  tg_logmetrics_open(m, labels, &p->log);
  tg_metric_set(p->lag, 0);
  tg_metric_set(p->lag_s, 0);
}

static void on_assigned(void *self, const struct tg_topart *parts, uint32_t count)
{
  struct tg_lane *lane = self;
  if (!tg_parts_reset(&lane->parts, parts, count)) {
    lane->ended =
        tg_err_set(&lane->err, TG_FATAL, lane->name, "out of memory for %u partitions", count);
    return;
  }
  tg_parts_bind(&lane->parts, lane->topics, lane->topics_count);
  for (uint32_t i = 0; i < count; i++) open_part_metrics(lane, &lane->parts.list[i]);
  atomic_store(&lane->assigned, count);
  atomic_store(&lane->reading, 0);
  lane->claim_after_us = 0;
  lane->hub_version = 0; /* the new partitions do not know their holds yet */
  tg_metric_add(tg_metrics_slot(lane->hub->metrics, TG_COUNTER, "kafka_rebalances_total",
                                "Assignments received", NULL),
                1);
  tg_log(TG_INFO, lane->name, "%u partitions assigned", count);
}

/* Sends a CLAIM, BEGIN or RELEASE for the partitions in claim_slots. */
static void send_claims(struct tg_lane *lane, struct tg_job *job, enum tg_job_kind kind,
                        uint32_t count)
{
  *job = (struct tg_job){
      .kind = kind, .claims = lane->claims, .count = count, .member = tg_buf_view(&lane->member)};
  lane->claiming = true;
  tg_queue_push(&lane->writer.to_writer, job, INT64_MAX);
}

static bool claims_room(struct tg_lane *lane)
{
  uint32_t n = lane->parts.count + 1;
  struct tg_claim *claims = realloc(lane->claims, n * sizeof *claims);
  if (claims) lane->claims = claims;
  uint32_t *slots = realloc(lane->claim_slots, n * sizeof *slots);
  if (slots) lane->claim_slots = slots;
  return claims && slots;
}

static void put_claim(struct tg_lane *lane, uint32_t n, uint32_t slot)
{
  const struct tg_part *p = &lane->parts.list[slot];
  lane->claim_slots[n] = slot;
  lane->claims[n] = (struct tg_claim){.topic = p->topic,
                                      .partition = p->partition,
                                      .partition_id = p->partition_id,
                                      .claim_id = p->claim_id,
                                      .next = -1,
                                      .first_offset = -1};
}

/* An orderly revoke: what is under way may finish, what is read and not handed over is dropped,
 * claims are released. */
static void release(struct tg_lane *lane)
{
  uint32_t n = 0;
  if (!claims_room(lane)) return;
  for (uint32_t i = 0; i < lane->parts.count; i++)
    if (tg_part_claimed(&lane->parts.list[i])) put_claim(lane, n++, i);
  if (!n) return;
  send_claims(lane, &lane->release_job, TG_JOB_RELEASE, n);
  tg_harvest_all(lane, tg_clock_mono_us() + REVOKE_US);
}

static void on_revoked(void *self, bool lost)
{
  struct tg_lane *lane = self;
  tg_harvest_all(lane, lost ? 0 : tg_clock_mono_us() + REVOKE_US);
  tg_outputs_let_go(lane, lost);
  if (!lost) release(lane);
  tg_log(lost ? TG_WARN : TG_INFO, lane->name, "%u partitions %s", lane->parts.count,
         lost ? "lost" : "revoked");
  tg_logmeter_let_go(lane->hub->logmeter, lane->number);
  for (uint32_t i = 0; i < lane->parts.count; i++) close_part_metrics(lane, &lane->parts.list[i]);
  tg_careful_end(lane);
  tg_parts_clear(&lane->parts);
  tg_alerts_leave(lane->hub->alerts, TG_TROUBLE_HALT, lane->number);
  tg_alerts_leave(lane->hub->alerts, TG_TROUBLE_WARN, lane->number); /* others judge now */
  tg_memory_measure(lane);
  lane->open = NULL;
  lane->reassign = false;
  lane->swapped_us = 0; /* the group's pause, from here on */
  atomic_store(&lane->assigned, 0);
  atomic_store(&lane->reading, 0);
}

/* TG_DATA: what comes next is not in Kafka, the broker is asked why. TG_CONFIG: it halts until an
 * operator acts. TG_RETRY: its topic is gone; it is claimed and its seam looked at again, should
 * the topic come back. */
static void on_broken(void *self, uint32_t slot, const struct tg_err *err)
{
  struct tg_lane *lane = self;
  struct tg_part *p = &lane->parts.list[slot];
  if (p->state != TG_PART_READING) return;
  if (err->rc == TG_DATA) return tg_doubt_raise(lane, p);
  if (err->rc != TG_RETRY) return tg_doubt_halt(lane, p, err->what);
  atomic_fetch_sub(&lane->reading, 1);
  p->state = TG_PART_FENCED;
  lane->told = false;
  p->retry_us = tg_clock_mono_us() + GONE_PAUSE_US;
  tg_log(TG_ERROR, lane->name, "%s[%d] stops at offset %lld: %s", p->topic, p->partition,
         (long long)p->next, err->what);
}

static void on_trouble(void *self, const struct tg_err *err)
{
  struct tg_lane *lane = self;
  long long none = 0;
  if (err->rc == TG_OK)
    atomic_store(&lane->hub->kafka_bad_us, 0);
  else
    atomic_compare_exchange_strong(&lane->hub->kafka_bad_us, &none, tg_clock_mono_us());
  tg_log(err->rc == TG_OK ? TG_INFO : TG_WARN, lane->name, "kafka: %s", err->what);
}

enum tg_rc tg_intake_open(struct tg_lane *lane, struct tg_err *err)
{
  const struct tg_config *c = lane->config;
  char instance[256] = "";
  if (c->instance) snprintf(instance, sizeof instance, "%s-%u", c->instance, lane->number);
  struct tg_consumer_conf conf = {.brokers = c->brokers,
                                  .group = c->pipeline,
                                  .client_id = "tidegate",
                                  .properties = c->properties,
                                  .properties_count = c->properties_count,
                                  .queue_kbytes = c->queue_kbytes,
                                  .event_bytes_max = (uint32_t)c->event_bytes_max,
                                  .fetch_wait_us = 10 * TG_MS,
                                  .session_us = c->session_us,
                                  .instance = *instance ? instance : NULL};
  struct tg_consumer_on on = {.self = lane,
                              .assigned = on_assigned,
                              .revoked = on_revoked,
                              .record = on_record,
                              .eof = on_eof,
                              .broken = on_broken,
                              .trouble = on_trouble};
  enum tg_rc rc = tg_consumer_new(&conf, &on, &lane->consumer, err);
  return rc == TG_OK ? tg_intake_subscribe(lane, err) : rc;
}

enum tg_rc tg_intake_subscribe(struct tg_lane *lane, struct tg_err *err)
{
  const char *names[TG_TOPICS_MAX];
  char(*room)[TG_TOPIC_BYTES_MAX + 1] = calloc(TG_TOPICS_MAX, sizeof *room);
  uint32_t n = 0;
  if (!room) return tg_err_set(err, TG_FATAL, lane->name, "out of memory");
  for (uint32_t t = 0; t < lane->topics_count; t++)
    for (uint32_t k = 0; k < lane->topics[t]->kafka_topics_count && n < TG_TOPICS_MAX; k++) {
      snprintf(room[n], sizeof room[n], "%.*s", TG_TEXT(lane->topics[t]->kafka_topics[k]));
      names[n] = room[n];
      n++;
    }
  enum tg_rc rc = tg_consumer_subscribe(lane->consumer, names, n, err);
  free(room);
  return rc;
}

enum tg_rc tg_intake_rejoin(struct tg_lane *lane)
{
  int64_t now = tg_clock_mono_us();
  const char *name = lane->config->instance ? lane->config->instance : "";
  bool again = lane->fenced_us && now - lane->fenced_us < FENCED_AGAIN_S * TG_SEC;
  if (again)
    return tg_err_set(&lane->err, TG_FATAL, "kafka.instance",
                      "'%s' is the name of another process, too (FENCED_INSTANCE_ID twice within"
                      " %d s): give each process a name of its own",
                      name, FENCED_AGAIN_S);
  tg_log(TG_ERROR, lane->name,
         "the group has another member named '%s' (FENCED_INSTANCE_ID): the name is taken back,"
         " once",
         name);
  lane->fenced_us = now;
  tg_consumer_close(lane->consumer);
  lane->consumer = NULL;
  lane->writer.who.cluster_id = NULL;        /* it was the consumer's */
  atomic_store(&lane->hub->kafka_bad_us, 0); /* so was the trouble; the new one tells its own */
  return tg_intake_open(lane, &lane->err) == TG_OK ? TG_OK : TG_FATAL;
}

/* New, fenced long enough ago, or halted: the operator may have begun it anew. Nothing of it is
 * under way then, which the new claim would fence. */
static bool claim_due(const struct tg_part *p, int64_t now)
{
  if (p->state == TG_PART_NEW) return true;
  if (now < p->retry_us) return false;
  return p->state == TG_PART_FENCED || (p->state == TG_PART_HALTED && p->committed == p->next);
}

/* What a claim must know: the cluster's id; with `sink: kafka` who the lane is in its group, from
 * before the group's offsets are read. */
static bool know_self(struct tg_lane *lane)
{
  struct tg_err err;
  lane->writer.who.cluster_id = tg_consumer_cluster(lane->consumer, WATERMARK_US);
  if (lane->config->sink == TG_SINK_POSTGRES) return lane->writer.who.cluster_id != NULL;
  tg_buf_clear(&lane->member);
  return tg_consumer_member(lane->consumer, &lane->member, &err) == TG_OK && !lane->member.failed;
}

/* Claims what is due. */
static void claim(struct tg_lane *lane, int64_t now)
{
  uint32_t n = 0;
  if (lane->claiming || now < lane->claim_after_us) return;
  if (!atomic_load(&lane->hub->schema_ready) || !claims_room(lane)) return;
  for (uint32_t i = 0; i < lane->parts.count; i++) {
    if (claim_due(&lane->parts.list[i], now)) put_claim(lane, n++, i);
  }
  if (!n) return;
  if (!know_self(lane)) return (void)(lane->claim_after_us = now + CLAIM_PAUSE_US);
  send_claims(lane, &lane->claim_job, TG_JOB_CLAIM, n);
}

/* Partitions without a chain begin at their earliest record. Returns how many there are, moved to
 * the front. */
static uint32_t find_beginnings(struct tg_lane *lane, struct tg_job *job)
{
  uint32_t n = 0;
  struct tg_err err;
  for (uint32_t i = 0; i < job->count; i++) {
    struct tg_claim c = job->claims[i];
    struct tg_watermarks marks;
    if (c.next >= 0) continue;
    struct tg_topart part = {.topic = c.topic, .partition = c.partition};
    job->rc = tg_consumer_watermarks(lane->consumer, &part, WATERMARK_US, &marks, &err);
    if (job->rc != TG_OK) {
      job->err = err;
      return 0;
    }
    c.first_offset = marks.low;
    uint32_t slot = lane->claim_slots[i];
    job->claims[i] = job->claims[n], lane->claim_slots[i] = lane->claim_slots[n];
    job->claims[n] = c, lane->claim_slots[n++] = slot;
  }
  return n;
}

static void start_reading(struct tg_lane *lane, struct tg_claim *c, struct tg_part *p)
{
  bool same =
      p->state == TG_PART_HALTED && p->partition_id == c->partition_id && p->next == c->next;
  p->partition_id = c->partition_id;
  p->claim_id = c->claim_id;
  lane->told = false;
  if (c->relayed) atomic_store(&lane->hub->emits, true);
  if (same) {
    p->retry_us = tg_clock_mono_us() + TG_HALTED_PAUSE_US;
    return;
  }
  p->state = TG_PART_NEW;
  if (c->next < 0) return; /* its chain begins first */
  if (!tg_memory_take(lane, p, c)) {
    p->state = TG_PART_FENCED; /* claimed, and read, again */
    p->retry_us = tg_clock_mono_us() + UNREADABLE_PAUSE_US;
    return;
  }
  p->state = TG_PART_READING;
  p->committed = p->sealed = p->next = c->next;
  p->seam = (struct tg_seam){.offset = c->last_offset, .us = c->last_us, .crc = c->last_crc};
  p->fresh_us = c->last_us >= 0 ? c->last_us : tg_clock_wall_us();
  p->idle_us = tg_clock_mono_us();
  tg_careful_begin(lane, p, c);
  lane->reassign = true;
  lane->hub_version = 0; /* it may have a range */
  atomic_fetch_add(&lane->reading, 1);
}

void tg_intake_claimed(struct tg_lane *lane, struct tg_job *job)
{
  lane->claiming = false;
  if (job->kind == TG_JOB_RELEASE) return;
  for (uint32_t i = 0; job->rc == TG_OK && i < job->count; i++)
    start_reading(lane, &job->claims[i], &lane->parts.list[lane->claim_slots[i]]);
  if (job->rc == TG_OK && job->kind == TG_JOB_CLAIM) {
    uint32_t fresh = find_beginnings(lane, job);
    if (fresh) return send_claims(lane, &lane->claim_job, TG_JOB_BEGIN, fresh);
  }
  tg_memory_drop(job);
  if (job->rc == TG_OK) return;
  tg_log_err(job->rc == TG_RETRY ? TG_WARN : TG_ERROR, lane->name, &job->err);
  lane->claim_after_us = tg_clock_mono_us() + CLAIM_PAUSE_US + rand_r(&lane->seed) % CLAIM_PAUSE_US;
}

void tg_intake_rewind(struct tg_lane *lane)
{
  lane->reassign = true;
}

static void reassign(struct tg_lane *lane)
{
  struct tg_topart *list = calloc(lane->parts.count + 1, sizeof *list);
  struct tg_err err;
  if (!list) return; /* tried again at the next step */
  lane->reassign = false;
  lane->mark_to = -1;
  tg_parts_rewind(&lane->parts);
  if (lane->open) lane->open = NULL;
  uint32_t n = tg_parts_assignment(&lane->parts, list), read = 0;
  for (uint32_t i = 0; i < n; i++) read += !list[i].paused;
  if (!read) tg_measure_pause(lane); /* nothing will come */
  if (tg_consumer_assign(lane->consumer, list, n, &err) != TG_OK) {
    tg_log_err(TG_WARN, lane->name, &err);
    lane->reassign = true;
  }
  free(list);
}

int64_t tg_intake_show_lag(struct tg_lane *lane, struct tg_part *p)
{
  int64_t records, us, high = tg_consumer_high(lane->consumer, p->topic, p->partition);
  if (!tg_part_lag(p, high, tg_clock_wall_us(), &records, &us)) return high;
  tg_metric_set(p->lag, (double)records);
  tg_metric_set(p->lag_s, (double)us / TG_SEC);
  return high;
}

/* Where it stands now: the lag moves also while nothing is committed. */
static void tell_stand(struct tg_lane *lane, struct tg_part *p, struct tg_logmeter_part *out)
{
  int64_t high = tg_intake_show_lag(lane, p);
  *out = (struct tg_logmeter_part){
      .partition = p->partition, .next = p->committed, .high = high, .metrics = p->log};
  snprintf(out->topic, sizeof out->topic, "%s", p->topic);
}

/* Tells the log meter where the lane stands. */
static void tell_stands(struct tg_lane *lane, int64_t now)
{
  uint32_t n = 0;
  if (!lane->parts.count || now < lane->stand_after_us) return;
  struct tg_logmeter_part *list = calloc(lane->parts.count, sizeof *list);
  if (!list) return; /* at the next step */
  lane->stand_after_us = now + STAND_US;
  for (uint32_t i = 0; i < lane->parts.count; i++) {
    struct tg_part *p = &lane->parts.list[i];
    if (!tg_part_claimed(p)) continue;
    tell_stand(lane, p, &list[n++]);
  }
  tg_logmeter_tell(lane->hub->logmeter, lane->number, list, n);
}

void tg_intake_steer(struct tg_lane *lane)
{
  tg_probe_steer(lane);
  claim(lane, tg_clock_mono_us());
  tell_stands(lane, tg_clock_mono_us());
  tg_doubt_settle(lane, tg_clock_mono_us());
  tg_careful_steer(lane);
  tg_outputs_tell(lane);
  if (lane->reassign && !lane->claiming) reassign(lane);
}

static bool at_end(const struct tg_part *p)
{
  return p->state == TG_PART_READING && !p->held && p->next == p->sealed && p->eof > p->sealed;
}

bool tg_intake_at_end(struct tg_lane *lane)
{
  int64_t now = tg_clock_mono_us();
  for (uint32_t i = 0; i < lane->parts.count; i++)
    if (at_end(&lane->parts.list[i]) && now - lane->parts.list[i].idle_us >= IDLE_US) return true;
  return false;
}

/* One segment that only advances the chain: control or aborted records at the end of a partition.
 */
static void empty_segment(struct tg_batch *b, uint32_t slot, struct tg_part *p)
{
  b->segments[b->segments_count++] = (struct tg_segment){.slot = slot,
                                                         .partition = p->partition,
                                                         .row = b->rows,
                                                         .from = p->sealed,
                                                         .to = p->eof,
                                                         .last_offset = -1,
                                                         .last_us = -1,
                                                         .epoch = p->epoch,
                                                         .partition_id = p->partition_id,
                                                         .claim_id = p->claim_id,
                                                         .state = p->memory};
  tg_stateset_begin(p->memory, p->sealed);
  p->next = p->eof;
}

static enum tg_rc add_ends(struct tg_lane *lane, struct tg_batch *b, uint32_t topic)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < lane->parts.count; i++)
    n += lane->parts.list[i].topic_index == (int32_t)topic && at_end(&lane->parts.list[i]);
  if (!n) return TG_OK;
  struct tg_segment *all = tg_arena_zalloc(b->arena, b->segments_count + n, sizeof *all);
  if (!all) return TG_FULL;
  if (b->segments_count) memcpy(all, b->segments, b->segments_count * sizeof *all);
  b->segments = all;
  for (uint32_t i = 0; i < lane->parts.count; i++)
    if (lane->parts.list[i].topic_index == (int32_t)topic && at_end(&lane->parts.list[i]))
      empty_segment(b, i, &lane->parts.list[i]);
  return TG_OK;
}

enum tg_rc tg_intake_chain(struct tg_lane *lane, struct tg_batch *b, uint32_t topic)
{
  for (uint32_t i = 0; i < b->segments_count; i++) {
    struct tg_segment *s = &b->segments[i];
    struct tg_part *p = &lane->parts.list[s->slot];
    s->from = p->sealed;
    if (p->eof > s->to) s->to = p->next = p->eof;
    s->epoch = p->epoch;
    s->partition_id = p->partition_id;
    s->claim_id = p->claim_id;
    s->state = p->memory;
    tg_stateset_begin(p->memory, s->from);
  }
  return add_ends(lane, b, topic);
}

static void count_segment(struct tg_part *p, const struct tg_batch *b, const struct tg_segment *s)
{
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < s->rows; i++) bytes += b->events[s->row + i].size;
  tg_metric_add(p->consumed, s->rows);
  tg_metric_add(p->bytes, (double)bytes);
}

void tg_intake_handed(struct tg_lane *lane, const struct tg_load *l)
{
  for (uint32_t t = 0; t < l->batches_count; t++)
    for (uint32_t i = 0; i < l->batches[t].segments_count; i++) {
      const struct tg_segment *s = &l->batches[t].segments[i];
      struct tg_part *p = &lane->parts.list[s->slot];
      p->sealed = s->to;
      p->idle_us = tg_clock_mono_us();
      count_segment(p, &l->batches[t], s);
    }
}
