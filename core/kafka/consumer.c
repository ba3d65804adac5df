/* The consumer's life: subscribe, poll, assign, pause, close. Deliveries: consumer_deliver.c,
 * callbacks: consumer_events.c. Neither seek nor librdkafka's pause is used; both lose or repeat
 * records in some version. */
#include "core/kafka/consumer_own.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/queue.h"
#include "core/base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CLOSE_STEP_MS = 10, PROBE_MS = 100, PART_BYTES = 64 << 10 };
static const int64_t close_us = 10 * TG_SEC, end_us = 3 * TG_SEC, probe_every_us = 5 * TG_SEC;

enum tg_rc tg_consumer_new(const struct tg_consumer_conf *conf, const struct tg_consumer_on *on,
                           struct tg_consumer **out, struct tg_err *err)
{
  char why[256] = "";
  rd_kafka_conf_t *rkconf = NULL;
  struct tg_consumer *c = calloc(1, sizeof *c);
  if (!c) return tg_err_set(err, TG_FATAL, "kafka", "no memory for a consumer");
  enum tg_rc rc = tg_consumer_conf_make(conf, &rkconf, err);
  if (rc != TG_OK) goto out;
  c->on = *on, c->event_bytes_max = conf->event_bytes_max;
  tg_arena_init(&c->arena, PART_BYTES, 0);
  tg_buf_init(&c->packed, 0);
  tg_consumer_hook(rkconf, c);
  c->rk = rd_kafka_new(RD_KAFKA_CONSUMER, rkconf, why, sizeof why);
  if (!c->rk) {
    rd_kafka_conf_destroy(rkconf);
    rc = tg_err_set(err, TG_CONFIG, "kafka", "librdkafka refuses the configuration: %s", why);
    goto out;
  }
  rd_kafka_poll_set_consumer(c->rk); /* errors and commit results come with the messages */
  c->queue = rd_kafka_queue_get_consumer(c->rk);
  *out = c;
  return TG_OK;
out:
  free(c);
  return rc;
}

enum tg_rc tg_consumer_subscribe(struct tg_consumer *c, const char *const *topics, uint32_t count,
                                 struct tg_err *err)
{
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; i < count && rc == TG_OK; i++) {
    if (topics[i][0] == '^')
      rc = tg_err_set(err, TG_CONFIG, topics[i], "patterns of topics are not supported: name each");
    rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
  }
  if (rc == TG_OK) code = count ? rd_kafka_subscribe(c->rk, list) : rd_kafka_unsubscribe(c->rk);
  if (code)
    rc = tg_err_set(err, code == RD_KAFKA_RESP_ERR__FATAL ? TG_FATAL : TG_CONFIG, "kafka subscribe",
                    "%s", rd_kafka_err2str(code));
  rd_kafka_topic_partition_list_destroy(list);
  return rc;
}

void tg_consumer_drop(struct tg_consumer *c)
{
  for (; c->head < c->count; c->head++) rd_kafka_message_destroy(c->msgs[c->head]);
  c->head = c->count = 0;
  c->serial++;
}

void tg_consumer_forget(struct tg_consumer *c)
{
  tg_consumer_drop(c);
  c->parts = NULL, c->parts_count = 0, c->last = NULL, c->last_rkt = NULL;
  c->stalled = false;
  tg_arena_reset(&c->arena, 0);
}

static enum tg_rc refuse(enum tg_rc rc, const struct tg_topart *p, const char *why,
                         struct tg_err *err)
{
  char where[300];
  snprintf(where, sizeof where, "%s[%d]@%lld", p->topic, p->partition, (long long)p->offset);
  return tg_err_set(err, rc, where, "cannot be assigned: %s", why);
}

static enum tg_rc check_parts(const struct tg_consumer *c, const struct tg_topart *parts,
                              uint32_t count, struct tg_err *err)
{
  for (uint32_t i = 0; i < count; i++) {
    if (parts[i].offset < 0) return refuse(TG_CONFIG, &parts[i], "no offset", err);
    if (!c->group ||
        !rd_kafka_topic_partition_list_find(c->group, parts[i].topic, parts[i].partition))
      return refuse(TG_FENCED, &parts[i], "the group gave it to somebody else", err);
  }
  return TG_OK;
}

static int part_order(const void *a, const void *b)
{
  const struct tg_part *p = a, *q = b;
  int order = strcmp(p->topic, q->topic);
  return order ? order : (p->partition > q->partition) - (p->partition < q->partition);
}

/* Copies the owner's list. A topic's name is kept once for a run of its partitions. */
static bool keep_parts(struct tg_consumer *c, const struct tg_topart *parts, uint32_t count)
{
  struct tg_part *kept = tg_arena_zalloc(&c->arena, count, sizeof *kept);
  const char *topic = NULL;
  if (!kept) return false;
  for (uint32_t i = 0; i < count; i++) {
    if (!topic || strcmp(topic, parts[i].topic) != 0)
      topic = tg_arena_printf(&c->arena, "%s", parts[i].topic);
    if (!topic) return false;
    kept[i] = (struct tg_part){.topic = topic,
                               .partition = parts[i].partition,
                               .slot = parts[i].slot,
                               .next = parts[i].offset,
                               .first = -1,
                               .held = parts[i].paused};
  }
  qsort(kept, count, sizeof *kept, part_order);
  c->parts = kept, c->parts_count = count;
  return true;
}

static const char *twice(const struct tg_consumer *c)
{
  for (uint32_t i = 1; i < c->parts_count; i++)
    if (part_order(&c->parts[i - 1], &c->parts[i]) == 0) return c->parts[i].topic;
  return NULL;
}

/* Two questions to librdkafka's main thread, one after the other: behind the first one the stops
 * are under way that the assignment has asked for, behind the second one they are done. Without
 * them the next assignment may stop a partition twice, and an assertion ends the process (all
 * versions up to 2.15.0, github.com/confluentinc/librdkafka/issues/5573). Not from a callback: a
 * client that is closing may leave them without an answer. */
static void settle(struct tg_consumer *c)
{
  for (int i = 0; i < 2; i++) {
    rd_kafka_topic_partition_list_t *now = NULL;
    if (!rd_kafka_assignment(c->rk, &now)) rd_kafka_topic_partition_list_destroy(now);
  }
}

/* Makes librdkafka read exactly what is wanted from each partition's next offset; nothing while
 * stalled. */
static enum tg_rc assign_parts(struct tg_consumer *c, struct tg_err *err)
{
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)c->parts_count);
  for (uint32_t i = 0; i < c->parts_count && !c->stalled; i++) {
    struct tg_part *p = &c->parts[i];
    p->first = -1;
    if (!p->held && !p->dead)
      rd_kafka_topic_partition_list_add(list, p->topic, p->partition)->offset = p->next;
  }
  rd_kafka_resp_err_t code = rd_kafka_assign(c->rk, list);
  rd_kafka_topic_partition_list_destroy(list);
  settle(c);
  c->last = NULL, c->last_rkt = NULL;
  if (!code) return TG_OK;
  return tg_err_set(err, code == RD_KAFKA_RESP_ERR__FATAL ? TG_FATAL : TG_RETRY, "kafka assign",
                    "%s", rd_kafka_err2str(code));
}

enum tg_rc tg_consumer_assign(struct tg_consumer *c, const struct tg_topart *parts, uint32_t count,
                              struct tg_err *err)
{
  if (c->fatal) return tg_err_set(err, TG_FATAL, "kafka", "%s", c->fatal_text);
  if (c->calling)
    return tg_err_set(err, TG_AGAIN, "kafka assign", "inside a callback: assign after the poll");
  enum tg_rc rc = check_parts(c, parts, count, err);
  if (rc != TG_OK) return rc;
  tg_consumer_forget(c);
  bool kept = keep_parts(c, parts, count);
  const char *topic = kept ? twice(c) : NULL;
  if (!kept) rc = tg_err_set(err, TG_FATAL, "kafka assign", "no memory for %u partitions", count);
  if (topic) rc = tg_err_set(err, TG_CONFIG, topic, "a partition is in the assignment twice");
  if (rc != TG_OK) tg_consumer_forget(c);
  enum tg_rc done = assign_parts(c, rc == TG_OK ? err : NULL);
  if (done != TG_OK) tg_consumer_forget(c);
  return rc != TG_OK ? rc : done;
}

/* Gives up what was prefetched: the pause lasts, memory is better used elsewhere. Read again by
 * unstall(). */
static enum tg_rc stall(struct tg_consumer *c, struct tg_err *err)
{
  tg_consumer_drop(c);
  c->stalled = true;
  return assign_parts(c, err);
}

static enum tg_rc unstall(struct tg_consumer *c, struct tg_err *err)
{
  c->stalled = false;
  enum tg_rc rc = assign_parts(c, err);
  if (rc != TG_OK) c->stalled = true; /* tried again at the next poll */
  return rc;
}

/* Takes up to most messages behind those that wait; callbacks run in here. What a callback made
 * void is dropped. */
static uint32_t fetch(struct tg_consumer *c, uint32_t most, int timeout_ms)
{
  rd_kafka_message_t **end = c->msgs + c->count;
  uint64_t serial = c->serial;
  c->calling = true;
  ssize_t got = rd_kafka_consume_batch_queue(c->queue, timeout_ms, end, most);
  c->calling = false;
  if (got <= 0) return 0;
  if (serial == c->serial) return c->count += (uint32_t)got, (uint32_t)got;
  for (ssize_t i = 0; i < got; i++) rd_kafka_message_destroy(end[i]);
  return 0;
}

static void sleep_until(int64_t mono_us)
{
  struct timespec t = tg_clock_timespec(mono_us);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) continue;
}

static void pack_down(struct tg_consumer *c)
{
  if (!c->head) return;
  memmove(c->msgs, c->msgs + c->head, (c->count - c->head) * sizeof *c->msgs);
  c->count -= c->head, c->head = 0;
}

/* The owner takes nothing: only rebalances and errors are wanted. They come through the queue of
 * messages, so one message a poll is taken and kept. */
static enum tg_rc wait_held(struct tg_consumer *c, int64_t timeout_us, struct tg_err *err)
{
  int64_t until_us = tg_clock_mono_us() + timeout_us;
  pack_down(c);
  if (c->count == TG_CONSUMER_HELD) {
    enum tg_rc rc = stall(c, err);
    if (rc != TG_OK) return rc;
  }
  if (fetch(c, 1, tg_kafkaconf_ms(timeout_us))) sleep_until(until_us);
  return TG_OK;
}

/* The first message is waited for, the others are only taken: a batch call would wait for all. */
static void fetch_ready(struct tg_consumer *c, int64_t timeout_us, uint32_t most)
{
  if (most > TG_CONSUMER_FETCH) most = TG_CONSUMER_FETCH;
  if (fetch(c, 1, tg_kafkaconf_ms(timeout_us)) && most > 1) fetch(c, most - 1, 0);
}

static void probe(struct tg_consumer *c)
{
  const struct rd_kafka_metadata *answer;
  int64_t now_us = tg_clock_mono_us();
  if (!c->trouble || now_us < c->probe_us) return;
  c->probe_us = now_us + probe_every_us;
  if (rd_kafka_metadata(c->rk, 0, NULL, &answer, PROBE_MS)) return;
  rd_kafka_metadata_destroy(answer);
  tg_consumer_trouble(c, RD_KAFKA_RESP_ERR_NO_ERROR, NULL);
}

static enum tg_rc poll_once(struct tg_consumer *c, int64_t timeout_us, uint32_t most,
                            struct tg_err *err)
{
  enum tg_rc rc = c->stalled && !c->paused ? unstall(c, err) : TG_OK;
  if (rc != TG_OK) return fetch(c, 1, tg_kafkaconf_ms(timeout_us)), rc; /* events say why */
  rc = tg_consumer_deliver(c, &most, err);
  if (rc == TG_OK && (c->paused || !most)) rc = TG_AGAIN;
  if (rc == TG_AGAIN) return wait_held(c, timeout_us, err);
  if (rc != TG_OK) return rc;
  while (most && rc == TG_OK) {
    uint32_t before = most;
    fetch_ready(c, timeout_us, most);
    timeout_us = 0;
    if (c->count == 0) break;
    rc = tg_consumer_deliver(c, &most, err);
    if (before == most) break; /* only errors and ends came: let the owner look */
  }
  return rc == TG_AGAIN ? TG_OK : rc;
}

enum tg_rc tg_consumer_poll(struct tg_consumer *c, int64_t timeout_us, uint32_t most,
                            struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  if (!c->fatal) rc = poll_once(c, timeout_us, most, err);
  if (!c->fatal) probe(c);
  if (c->fatal)
    return tg_err_set(err, c->fenced ? TG_FENCED : TG_FATAL, "kafka", "%s", c->fatal_text);
  return rc;
}

void tg_consumer_pause(struct tg_consumer *c, bool paused)
{
  c->paused = paused;
}

static enum tg_rc rc_of(rd_kafka_resp_err_t code)
{
  switch (code) {
  case RD_KAFKA_RESP_ERR_NO_ERROR: return TG_OK;
  case RD_KAFKA_RESP_ERR__FATAL: return TG_FATAL;
  case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
  case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
  case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
  case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED: return TG_CONFIG;
  default: return TG_RETRY;
  }
}

enum tg_rc tg_consumer_watermarks(struct tg_consumer *c, const struct tg_topart *part,
                                  int64_t timeout_us, struct tg_watermarks *out, struct tg_err *err)
{
  char where[300];
  rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
      c->rk, part->topic, part->partition, &out->low, &out->high, tg_kafkaconf_ms(timeout_us));
  if (!code) return TG_OK;
  snprintf(where, sizeof where, "%s[%d]", part->topic, part->partition);
  return tg_err_set(err, rc_of(code), where, "its first and last offset cannot be asked for: %s",
                    rd_kafka_err2str(code));
}

/* One question about all of them: where is the offset of this (special) time? Answers are in the
 * order of the list; those without one are -1. */
static enum tg_rc ask_ends(struct tg_consumer *c, rd_kafka_topic_partition_list_t *list,
                           int64_t time, int64_t timeout_us, struct tg_err *err)
{
  for (int i = 0; i < list->cnt; i++) list->elems[i].offset = time;
  rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(c->rk, list, tg_kafkaconf_ms(timeout_us));
  if (code)
    return tg_err_set(err, rc_of(code), "kafka",
                      "first and last offsets of %d partitions cannot be asked for: %s", list->cnt,
                      rd_kafka_err2str(code));
  for (int i = 0; i < list->cnt; i++)
    if (list->elems[i].err || list->elems[i].offset < 0) list->elems[i].offset = -1;
  return TG_OK;
}

enum tg_rc tg_consumer_logends(struct tg_consumer *c, struct tg_logend *list, uint32_t count,
                               int64_t timeout_us, struct tg_err *err)
{
  rd_kafka_topic_partition_list_t *asked = rd_kafka_topic_partition_list_new((int)count);
  for (uint32_t i = 0; i < count; i++)
    rd_kafka_topic_partition_list_add(asked, list[i].topic, list[i].partition);
  enum tg_rc rc = ask_ends(c, asked, RD_KAFKA_OFFSET_END, timeout_us, err);
  for (uint32_t i = 0; rc == TG_OK && i < count; i++) list[i].stable = asked->elems[i].offset;
  if (rc == TG_OK) rc = ask_ends(c, asked, RD_KAFKA_OFFSET_BEGINNING, timeout_us, err);
  for (uint32_t i = 0; rc == TG_OK && i < count; i++) list[i].low = asked->elems[i].offset;
  rd_kafka_topic_partition_list_destroy(asked);
  return rc;
}

int64_t tg_consumer_high(struct tg_consumer *c, const char *topic, int32_t partition)
{
  int64_t low, high;
  if (rd_kafka_get_watermark_offsets(c->rk, topic, partition, &low, &high)) return -1;
  return high < 0 ? -1 : high;
}

void tg_consumer_commit(struct tg_consumer *c, const struct tg_topart *parts, uint32_t count)
{
  if (!count || c->fatal) return;
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
  for (uint32_t i = 0; i < count; i++)
    rd_kafka_topic_partition_list_add(list, parts[i].topic, parts[i].partition)->offset =
        parts[i].offset;
  rd_kafka_resp_err_t code = rd_kafka_commit(c->rk, list, 1);
  if (code) tg_log(TG_DEBUG, "kafka", "commit for lag tools: %s", rd_kafka_err2str(code));
  rd_kafka_topic_partition_list_destroy(list);
}

enum tg_rc tg_consumer_member(struct tg_consumer *c, struct tg_buf *out, struct tg_err *err)
{
  void *bytes = NULL;
  size_t size = 0;
  rd_kafka_consumer_group_metadata_t *who = rd_kafka_consumer_group_metadata(c->rk);
  if (!who) return tg_err_set(err, TG_AGAIN, "kafka", "this lane is no member of its group yet");
  rd_kafka_error_t *error = rd_kafka_consumer_group_metadata_write(who, &bytes, &size);
  rd_kafka_consumer_group_metadata_destroy(who);
  char *name = rd_kafka_memberid(c->rk);
  /* Brokers ask nothing of a member without a name: its transactions would always go through. */
  bool member = name && *name && bytes && memmem(bytes, size, name, strlen(name));
  if (name) rd_kafka_mem_free(c->rk, name);
  if (!error && member) tg_buf_add(out, bytes, size);
  bool good = !error && !out->failed;
  if (error) rd_kafka_error_destroy(error);
  if (bytes) rd_kafka_mem_free(NULL, bytes);
  if (good && !member)
    return tg_err_set(err, TG_AGAIN, "kafka", "this lane is no member of its group any more");
  return good ? TG_OK : tg_err_set(err, TG_RETRY, "kafka", "no memory to name the group's member");
}

const char *tg_consumer_cluster(struct tg_consumer *c, int64_t timeout_us)
{
  if (!c->cluster) c->cluster = rd_kafka_clusterid(c->rk, tg_kafkaconf_ms(timeout_us));
  return c->cluster;
}

/* Leaves the group with a deadline. Messages that still come were not delivered and are freed. */
static bool leave(struct tg_consumer *c)
{
  rd_kafka_message_t *msgs[64];
  int64_t until_us = tg_clock_mono_us() + close_us;
  rd_kafka_queue_t *queue = rd_kafka_queue_new(c->rk);
  rd_kafka_error_t *error = rd_kafka_consumer_close_queue(c->rk, queue);
  bool closed = error;
  c->calling = true;
  while (!closed && tg_clock_mono_us() < until_us) {
    ssize_t got = rd_kafka_consume_batch_queue(queue, CLOSE_STEP_MS, msgs, 64);
    for (ssize_t i = 0; i < got; i++) rd_kafka_message_destroy(msgs[i]);
    closed = rd_kafka_consumer_closed(c->rk);
  }
  rd_kafka_queue_destroy(queue);
  if (error) rd_kafka_error_destroy(error);
  return closed;
}

struct ending { /* a client being destroyed on a thread of its own */
  rd_kafka_t *rk;
  int flags;
  struct tg_queue done;
};

static void *end_main(void *arg)
{
  struct ending *e = arg;
  rd_kafka_destroy_flags(e->rk, e->flags);
  tg_queue_push(&e->done, e, 0);
  return NULL;
}

/* Destroys the client. False when that did not end in time: before 2.1 it hangs for ever after a
 * topic was deleted. Its threads then live until the process ends. */
static bool end(rd_kafka_t *rk, bool closed)
{
  pthread_t thread;
  struct ending *e = calloc(1, sizeof *e);
  if (!e || !tg_queue_init(&e->done, 1)) return free(e), false;
  e->rk = rk, e->flags = closed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE;
  bool started = tg_thread_start(&thread, "tg-kafka-end", end_main, e);
  bool ended = started && tg_queue_pop(&e->done, tg_clock_mono_us() + end_us);
  if (started && !ended) pthread_detach(thread);
  if (started && !ended) return false;
  if (started) pthread_join(thread, NULL);
  tg_queue_fini(&e->done);
  free(e);
  return ended;
}

void tg_consumer_close(struct tg_consumer *c)
{
  if (!c) return;
  tg_consumer_drop(c);
  bool closed = leave(c);
  tg_consumer_forget(c);
  rd_kafka_queue_destroy(c->queue);
  if (c->cluster) rd_kafka_mem_free(c->rk, c->cluster);
  if (c->group) rd_kafka_topic_partition_list_destroy(c->group);
  if (!end(c->rk, closed)) {
    tg_log(TG_WARN, "kafka", "the client could not be closed in time and is given up (%s)",
           closed ? "it has left its group" : "its group will time it out");
    return; /* its threads may still name c */
  }
  tg_arena_fini(&c->arena);
  tg_buf_fini(&c->packed);
  free(c);
}
