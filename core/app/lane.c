/* The data path of a lane, in order: read step() first. */
#include "core/app/elders.h"
#include "core/app/memory.h"
#include "core/app/probe.h"
#include "core/app/samples.h"

#include "core/base/clock.h"
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/thread.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  POLL_US = 50000,      /* longest wait for Kafka in one step */
  BUSY_US = 5000,       /* while the writer works: its answer does not end a wait */
  POLL_RECORDS = 10000, /* most records of one step */
  STOP_US = 5000000,    /* what an orderly stop waits for the loads under way */
  REBUILD_US = 30000000 /* what a new VM waits for the loads of the old one */
};

static void log_fault(void *self, const struct tg_err *err)
{
  const struct tg_lane *lane = self;
  tg_log_err(TG_ERROR, lane->name, err);
}

static void free_topics(struct tg_lane *lane)
{
  for (uint32_t t = 0; lane->decoders && t < lane->topics_count; t++)
    tg_decoder_free(lane->decoders[t]);
  free(lane->decoders);
  lane->decoders = NULL;
  tg_measure_close(lane);
}

void tg_swap_free(struct tg_swap *s)
{
  if (!s) return;
  tg_elders_drop(s->elders);
  tg_program_free(s->program);
  tg_generation_drop(s->generation);
  free(s);
}

static struct tg_swap running(const struct tg_lane *lane)
{
  struct tg_swap s = {lane->generation, lane->program, {NULL}, lane->elders_bound};
  memcpy(s.elders, lane->elders, sizeof s.elders);
  return s;
}

/* Makes the lane run this set. */
static enum tg_rc bind(struct tg_lane *lane, const struct tg_swap *set)
{
  free_topics(lane);
  memcpy(lane->elders, set->elders, sizeof lane->elders);
  lane->elders_bound = set->elders_bound;
  lane->generation = set->generation;
  lane->program = set->program;
  lane->topics = tg_program_topics(lane->program, &lane->topics_count);
  tg_bakes_give(lane->generation->bakes, lane->program);
  lane->decoders = calloc(lane->topics_count + 1, sizeof *lane->decoders);
  if (!lane->decoders) return TG_FATAL;
  for (uint32_t t = 0; t < lane->topics_count; t++)
    if (!(lane->decoders[t] = tg_decoder_new(lane->topics[t]))) return TG_FATAL;
  tg_parts_bind(&lane->parts, lane->topics, lane->topics_count);
  lane->hub_version = 0;
  lane->probing = -1;
  return tg_measure_open(lane);
}

/* No load needs it any more; it is freed by the supervisor, as a large VM takes its time. */
static void retire(struct tg_lane *lane)
{
  if (!lane->retired || atomic_load(&lane->worn)) return;
  for (uint32_t i = 0; i < TG_LOADS; i++)
    if (lane->loads[i].out && lane->loads[i].load.program == lane->retired->program) return;
  atomic_store(&lane->worn, lane->retired);
  lane->retired = NULL;
}

static void begin(const struct tg_lane *lane, struct tg_load *l)
{
  l->program = lane->program;
  l->generation = tg_program_sha256(lane->program);
}

void tg_lane_open(struct tg_lane *lane)
{
  for (uint32_t i = 0; i < TG_LOADS && !lane->open; i++)
    if (!lane->loads[i].out) lane->open = &lane->loads[i];
  if (!lane->open) return;
  struct tg_load *l = &lane->open->load;
  l->rows_max = tg_careful_rows(lane);
  if (tg_load_open(l, lane->topics, lane->topics_count) != TG_OK) {
    lane->open = NULL;
    tg_log(TG_ERROR, lane->name, "load.bytes is too small to open a load of %u topics",
           lane->topics_count);
    return;
  }
  begin(lane, l);
  l->number = lane->loads_made;
  lane->full = false;
}

static bool covers(const struct tg_topic *const *all, uint32_t all_count,
                   const struct tg_topic *const *some, uint32_t count)
{
  char name[TG_TOPIC_BYTES_MAX + 1];
  for (uint32_t t = 0; t < count; t++)
    for (uint32_t k = 0; k < some[t]->kafka_topics_count; k++) {
      snprintf(name, sizeof name, "%.*s", TG_TEXT(some[t]->kafka_topics[k]));
      if (tg_parts_topic(all, all_count, name) < 0) return false;
    }
  return true;
}

/* True when the lane's program reads the same Kafka topics as these: subscribing again would take
 * the partitions of the whole group away for a moment. */
static bool reads_same(const struct tg_lane *lane, const struct tg_topic *const *topics,
                       uint32_t count)
{
  return covers(topics, count, lane->topics, lane->topics_count) &&
         covers(lane->topics, lane->topics_count, topics, count);
}

/* The new program's topic of a batch's events, by their partitions; -1: it has not one for all. */
static int32_t topic_after(const struct tg_lane *lane, const struct tg_batch *b)
{
  int32_t topic = lane->parts.list[b->events[0].slot].topic_index;
  for (uint32_t i = 1; i < b->rows; i++)
    if (lane->parts.list[b->events[i].slot].topic_index != topic) return -1;
  return topic;
}

/* The open load becomes one of the new program, which is bound; false: it has to be read again. */
static bool carry(struct tg_lane *lane, struct tg_load *l)
{
  bool good = true;
  uint32_t *now = calloc(l->batches_count + 1, sizeof *now);
  bool *taken = calloc(lane->topics_count + 1, sizeof *taken);
  for (uint32_t i = 0; now && taken && i < l->batches_count && good; i++) {
    if (!l->batches[i].rows) continue;
    int32_t topic = topic_after(lane, &l->batches[i]);
    good = topic >= 0 && !taken[topic];
    if (good) now[i] = (uint32_t)topic, taken[topic] = true;
  }
  good = good && now && taken && tg_load_turn(l, lane->topics, lane->topics_count, now) == TG_OK;
  if (good) begin(lane, l);
  free(now);
  free(taken);
  return good;
}

/* Nothing of what was read is on its way back, or apart from the rest. */
static bool at_rest(const struct tg_lane *lane)
{
  return !lane->reassign && lane->probing < 0 && !lane->parts.alone && !lane->marking;
}

/* Takes over the program of a reload. What was read and not handed over is the new program's, so
 * that no old rule judges it; where that cannot be it is read again. */
static void swap(struct tg_lane *lane)
{
  retire(lane);
  if (lane->retired) return;
  struct tg_swap *next = atomic_exchange(&lane->next, NULL);
  if (!next) return;
  lane->swapped_us = tg_clock_mono_us();
  struct tg_swap before_it = running(lane);
  const struct tg_topic *const *before = lane->topics;
  uint32_t count = lane->topics_count;
  bool rest = at_rest(lane);
  struct tg_err err = {0};
  enum tg_rc rc = bind(lane, next);
  *next = before_it;
  lane->retired = next;
  bool same = rc == TG_OK && reads_same(lane, before, count);
  if (rc == TG_OK && !same) rc = tg_intake_subscribe(lane, &err);
  if (rc != TG_OK)
    lane->ended = tg_err_set(&lane->err, TG_FATAL, lane->name, "reload: %s", err.what);
  if (same && rest && (!lane->open || carry(lane, &lane->open->load)))
    tg_measure_pause(lane);
  else
    lane->open = NULL, lane->reassign = true;
  atomic_fetch_sub(&lane->hub->swaps_due, 1);
}

/* The VM ran out of memory: the topic at fault stops, the others go on with a new VM. */
static void rebuild(struct tg_lane *lane)
{
  struct tg_program *fresh;
  if (tg_generation_program(lane->generation, log_fault, lane, &fresh) != TG_OK) {
    lane->ended =
        tg_err_set(&lane->err, TG_FATAL, lane->name, "the scripts' VM cannot be built again");
    return;
  }
  tg_harvest_all(lane, tg_clock_mono_us() + REBUILD_US);
  lane->open = NULL;
  tg_elders_drop(lane->elders);
  tg_program_free(lane->program);
  if (bind(lane, &(struct tg_swap){.generation = lane->generation, .program = fresh}) != TG_OK)
    lane->ended = tg_err_set(&lane->err, TG_FATAL, lane->name, "out of memory");
}

/* The rule that is to blame; NULL: none. */
static const struct tg_verdict_row *culprit(const struct tg_judgement *j)
{
  for (uint32_t r = 0; j && r < j->count; r++)
    if (j->rules[r].alarm == TG_ALARM_CRITICAL && !j->rules[r].shadow) return &j->rules[r];
  return NULL;
}

static void add_ranges(struct tg_trip *trip, const struct tg_batch *b)
{
  trip->ranges = calloc(b->segments_count + 1, sizeof *trip->ranges);
  for (uint32_t i = 0; trip->ranges && i < b->segments_count; i++) {
    const struct tg_segment *s = &b->segments[i];
    trip->ranges[trip->count++] = (struct tg_range){
        .partition_id = s->partition_id, .partition = s->partition, .from = s->from, .to = s->to};
  }
}

/* The batch must not be seen by anybody: its topic stops, on all lanes, until its cause changes or
 * a person acts. j: what was judged, or NULL. */
static void trip(struct tg_lane *lane, struct tg_batch *b, const struct tg_judgement *j,
                 const char *why)
{
  struct tg_trip t = {0};
  const struct tg_verdict_row *v = culprit(j);
  snprintf(t.reason, sizeof t.reason, "%s", why);
  snprintf(t.rule, sizeof t.rule, "%s", v ? v->rule : "");
  snprintf(t.generation, sizeof t.generation, "%s", tg_program_sha256(lane->program));
  snprintf(t.evidence, sizeof t.evidence,
           "{\"rows\":%u,\"partitions\":%u,\"evaluated\":%llu,\"failed\":%llu}", b->rows,
           b->segments_count, v ? (unsigned long long)v->evaluated : 0,
           v ? (unsigned long long)v->failed : 0);
  add_ranges(&t, b);
  b->held = true;
  tg_hub_trip(lane->hub, b->topic->name, &t);
  free(t.ranges);
}

/* Lets the group know that the lane lives while a script is being taken apart. */
static void tick(void *self)
{
  struct tg_lane *lane = self;
  atomic_store(&lane->tick_us, tg_clock_mono_us());
}

/* Test builds end at a record that says so. */
static void poison(const struct tg_batch *b)
{
  for (uint32_t i = 0; i < b->rows; i++)
    if (b->events[i].offset >= b->refused_to) tg_fault_in("lane.poison", b->events[i].value);
}

/* Transform and rules; without them when all rows go to the quarantine anyway. */
static enum tg_rc judge(struct tg_lane *lane, uint32_t topic, struct tg_batch *b,
                        struct tg_judgement *j, struct tg_err *err)
{
  if (tg_probe_verdict(lane, topic) == TG_RANGE_WHOLE) return TG_OK;
  enum tg_rc rc = tg_lookups_lend(lane->generation->lookups, b, err);
  if (!lane->elders_bound)
    lane->elders_bound = tg_elders_bind(lane->generation, lane->program, lane->elders);
  if (rc == TG_OK) rc = tg_program_run(lane->program, b, j, tick, lane, err);
  tg_lookups_return(b);
  return rc;
}

/* Decode, transform and judge one topic's batch. TG_FULL: it does not fit and must be cut smaller.
 */
static enum tg_rc process(struct tg_lane *lane, uint32_t topic, struct tg_batch *b)
{
  struct tg_judgement j = {0};
  struct tg_err err = {0};
  enum tg_rc rc = tg_batch_seal(b);
  if (rc == TG_OK) rc = tg_intake_chain(lane, b, topic);
  if (rc != TG_OK || b->rows == 0) return rc;
  tg_careful_refuse(lane, b);
  int64_t start = tg_clock_thread_us();
  poison(b);
  rc = tg_decoder_run(lane->decoders[topic], b, &err);
  int64_t decode_us = tg_clock_thread_us() - start;
  if (rc == TG_OK) rc = judge(lane, topic, b, &j, &err);
  if (rc == TG_FULL) return rc;
  if (rc != TG_OK) {
    trip(lane, b, NULL, err.what);
    if (rc == TG_FATAL) rebuild(lane);
    return TG_AGAIN;
  }
  if (!tg_probe_settle(lane, topic, b, &j) && j.critical) trip(lane, b, &j, j.critical_why);
  rc = tg_verdicts_note(lane, topic, b, &j);
  if (rc != TG_OK) return rc;
  tg_measure_judged(lane, topic, b, &j, decode_us);
  return tg_memory_save(lane, topic, b);
}

void tg_lane_shrink(struct tg_lane *lane, uint32_t rows, int64_t pause_us)
{
  lane->rows_max = rows / 2 ? rows / 2 : 1;
  lane->grow_after_us = tg_clock_mono_us() + pause_us;
}

static void grow(struct tg_lane *lane)
{
  if (lane->rows_max == lane->config->load_rows || tg_clock_mono_us() < lane->grow_after_us) return;
  lane->rows_max += lane->rows_max / 4 + 1;
  if (lane->rows_max > lane->config->load_rows) lane->rows_max = lane->config->load_rows;
}

/* The load did not fit its arena when decoded: read it again in smaller pieces. */
static void shrink(struct tg_lane *lane, struct tg_batch *b)
{
  if (lane->open->load.rows <= 1)
    trip(lane, b, NULL, "one event does not fit into load.bytes once decoded");
  tg_lane_shrink(lane, lane->open->load.rows, 0);
  tg_log(TG_INFO, lane->name, "a load did not fit load.bytes; loads of %u rows for now",
         lane->rows_max);
  tg_intake_rewind(lane);
}

static void hand_over(struct tg_lane *lane)
{
  struct tg_lane_load *full = lane->open;
  for (uint32_t t = 0; t < full->load.batches_count; t++)
    tg_samples_keep(lane->hub->samples, &full->load.batches[t]);
  int64_t now = tg_clock_mono_us();
  full->out = true;
  full->job = (struct tg_job){.kind = TG_JOB_LOAD, .load = &full->load, .handed_us = now};
  tg_linger_handed(&lane->linger, full->load.rows, now);
  lane->open = NULL;
  lane->loads_out++;
  lane->loads_made++;
  tg_intake_handed(lane, &full->load);
  grow(lane);
  tg_queue_push(&lane->writer.to_writer, &full->job,
                INT64_MAX); /* has room for every load there is */
}

/* How long the open load may still wait for more events; 0 = it is due. When the writer is busy,
 * a load that is not full waits for it and grows. */
static int64_t wait_us(struct tg_lane *lane)
{
  if (!lane->open || lane->reassign) return POLL_US; /* what is read now is read again */
  const struct tg_load *l = &lane->open->load;
  if (tg_careful_busy(lane)) return BUSY_US;
  if (lane->full) return 0;
  if (tg_probe_reading(lane)) return tg_probe_complete(lane) ? 0 : POLL_US;
  if (lane->loads_out) return BUSY_US;
  if (l->rows == 0) return tg_intake_at_end(lane) ? 0 : POLL_US;
  int64_t left =
      tg_linger_due_us(&lane->linger, l->rows, l->opened_us, lane->config->load_linger_us) -
      tg_clock_mono_us();
  return left < 0 ? 0 : left < POLL_US ? left : POLL_US;
}

/* One turn of the data path: Kafka -> events -> columns -> transform -> rules -> the writer. */
static enum tg_rc step(struct tg_lane *lane)
{
  tick(lane);
  tg_harvest(lane);
  swap(lane);
  tg_intake_steer(lane);
  if (!lane->open) tg_lane_open(lane);
  tg_consumer_pause(lane->consumer, lane->open == NULL || lane->full || lane->reassign);
  enum tg_rc rc = tg_consumer_poll(lane->consumer, wait_us(lane), POLL_RECORDS, &lane->err);
  if (rc == TG_FENCED) rc = tg_intake_rejoin(lane);
  if (rc == TG_FATAL) return rc;
  if (wait_us(lane) > 0 || !tg_careful_ready(lane)) return lane->ended;

  struct tg_load *load = &lane->open->load;
  for (uint32_t t = 0; t < load->batches_count; t++) {
    struct tg_batch *batch = &load->batches[t];
    rc = process(lane, t, batch);
    if (rc == TG_FULL) return shrink(lane, batch), lane->ended;
    if (rc != TG_OK) return tg_intake_rewind(lane), lane->ended;
  }
  atomic_store(&lane->lua_bytes, (long long)tg_program_memory(lane->program));
  hand_over(lane);
  return lane->ended;
}

static void *worker_main(void *self)
{
  struct tg_lane *lane = self;
  enum tg_rc rc = TG_OK;
  while (!atomic_load(&lane->hub->stopping) && rc == TG_OK) {
    rc = step(lane);
    atomic_store(&lane->ended, rc);
    tg_fault("lane.step");
  }
  if (rc != TG_OK) tg_log_err(TG_ERROR, lane->name, &lane->err);
  tg_harvest_all(lane, tg_clock_mono_us() + STOP_US);
  tg_consumer_close(lane->consumer);
  lane->consumer = NULL;
  return NULL;
}

static enum tg_rc open_loads(struct tg_lane *lane, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; i < TG_LOADS && rc == TG_OK; i++)
    rc = tg_load_init(&lane->loads[i].load, lane->config->load_rows, lane->config->load_bytes, err);
  return rc;
}

enum tg_rc tg_lane_start(struct tg_lane *lane, struct tg_hub *hub, uint32_t number,
                         struct tg_generation *generation, struct tg_program *program,
                         struct tg_err *err)
{
  *lane = (struct tg_lane){
      .number = number, .hub = hub, .config = hub->config, .seed = number + 1, .probing = -1};
  lane->rows_max = hub->config->load_rows;
  lane->pause_s = tg_metrics_slot(hub->metrics, TG_HISTOGRAM, "reload_pause_seconds",
                                  "From the swap of a lane's program to what it reads next", NULL);
  snprintf(lane->name, sizeof lane->name, "lane %u", number);
  const struct tg_swap set = {.generation = tg_generation_ref(generation), .program = program};
  enum tg_rc rc = bind(lane, &set);
  if (rc != TG_OK) return tg_err_set(err, rc, lane->name, "out of memory");
  rc = open_loads(lane, err);
  if (rc == TG_OK) rc = tg_writer_start(&lane->writer, hub, number, err);
  if (rc == TG_OK) rc = tg_intake_open(lane, err);
  if (rc != TG_OK) return rc;
  tick(lane);
  char thread[TG_THREAD_NAME];
  snprintf(thread, sizeof thread, "tg-worker-%u", number % 1000);
  lane->started = tg_thread_start(&lane->thread, thread, worker_main, lane);
  return lane->started ? TG_OK : tg_err_set(err, TG_FATAL, lane->name, "cannot start a thread");
}

void tg_lane_stop(struct tg_lane *lane)
{
  if (lane->started)
    pthread_join(lane->thread, NULL);
  else
    tg_consumer_close(lane->consumer);
  tg_writer_stop(&lane->writer);
  free_topics(lane);
  tg_swap_free(atomic_exchange(&lane->next, NULL));
  tg_swap_free(atomic_exchange(&lane->worn, NULL));
  tg_swap_free(lane->retired);
  tg_elders_drop(lane->elders);
  tg_program_free(lane->program);
  tg_generation_drop(lane->generation);
  for (uint32_t i = 0; i < TG_LOADS; i++) tg_load_fini(&lane->loads[i].load);
  tg_parts_fini(&lane->parts);
  tg_buf_fini(&lane->scratch);
  tg_buf_fini(&lane->member);
  free(lane->claims);
  free(lane->claim_slots);
}
