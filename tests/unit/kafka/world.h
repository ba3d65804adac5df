/* A mock cluster with a topic, an owner that writes down what it is told, and loops with
 * deadlines. */
#ifndef TG_TEST_KAFKA_WORLD_H
#define TG_TEST_KAFKA_WORLD_H

#include "core/base/clock.h"
#include "core/kafka/consumer.h"
#include "core/kafka/mock.h"
#include "core/kafka/producer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { SEEN_MAX = 20000, PARTS_MAX = 16 };
/* When a group has members, the mock waits a second less than this for those who join. */
#define SESSION_US (6 * TG_SEC)

struct owner { /* what the consumer told */
  struct tg_consumer *c;
  char topic[64];
  int32_t parts[PARTS_MAX];
  uint32_t parts_count;
  uint32_t assigned, revoked, lost, broken, troubles, fine, refused;
  uint32_t room; /* records it takes before it is full */
  uint32_t seen_count;
  struct {
    uint32_t slot;
    int64_t offset;
    char value[24];
  } seen[SEEN_MAX];
  struct tg_event last; /* texts are void */
  char headers[256];
  int64_t eof[PARTS_MAX]; /* by slot, -1: none */
  enum tg_rc assign_inside;
  bool try_inside;
  struct tg_err err;
};

static inline void on_assigned(void *self, const struct tg_topart *parts, uint32_t count)
{
  struct owner *o = self;
  o->assigned++, o->parts_count = count;
  for (uint32_t i = 0; i < count; i++) o->parts[i] = parts[i].partition;
  struct tg_topart p = {.topic = o->topic, .partition = 0};
  if (o->try_inside) o->assign_inside = tg_consumer_assign(o->c, &p, 1, NULL);
}

static inline void on_revoked(void *self, bool lost)
{
  struct owner *o = self;
  o->revoked++, o->lost += lost, o->parts_count = 0;
}

static inline bool on_record(void *self, const struct tg_event *e)
{
  struct owner *o = self;
  if (!o->room) return o->refused++, false;
  o->room--;
  assert_true(o->seen_count < SEEN_MAX);
  o->seen[o->seen_count].slot = e->slot;
  o->seen[o->seen_count].offset = e->offset;
  snprintf(o->seen[o->seen_count].value, 24, "%.*s", (int)(e->value.len < 20 ? e->value.len : 20),
           e->value.ptr ? e->value.ptr : "(null)");
  o->seen_count++, o->last = *e;
  return true;
}

static inline void on_eof(void *self, uint32_t slot, int64_t offset)
{
  struct owner *o = self;
  o->eof[slot] = offset;
}

static inline void on_broken(void *self, uint32_t slot, const struct tg_err *err)
{
  struct owner *o = self;
  (void)slot;
  o->broken++, o->err = *err;
}

static inline void on_trouble(void *self, const struct tg_err *err)
{
  struct owner *o = self;
  if (err->rc == TG_OK)
    o->fine++;
  else
    o->troubles++, o->err = *err;
}

static inline struct owner *owner_new(const char *brokers, const char *group, const char *topic)
{
  struct owner *o = calloc(1, sizeof *o);
  struct tg_err err = {0};
  struct tg_consumer_conf conf = {.brokers = brokers,
                                  .group = group,
                                  .client_id = "test",
                                  .queue_kbytes = 16384,
                                  .event_bytes_max = 1 << 20,
                                  .fetch_wait_us = 20 * TG_MS,
                                  .session_us = SESSION_US};
  struct tg_consumer_on on = {.self = o,
                              .assigned = on_assigned,
                              .revoked = on_revoked,
                              .record = on_record,
                              .eof = on_eof,
                              .broken = on_broken,
                              .trouble = on_trouble};
  snprintf(o->topic, sizeof o->topic, "%s", topic);
  for (int i = 0; i < PARTS_MAX; i++) o->eof[i] = -1;
  o->room = UINT32_MAX;
  enum tg_rc rc = tg_consumer_new(&conf, &on, &o->c, &err);
  if (rc != TG_OK) fail_msg("%s: %s", err.where, err.what);
  assert_int_equal(tg_consumer_subscribe(o->c, &topic, 1, &err), TG_OK);
  return o;
}

static inline void owner_free(struct owner *o)
{
  tg_consumer_close(o->c);
  free(o);
}

/* Polls until cond holds or two minutes are over. */
#define POLL_UNTIL(o, cond)                                                                        \
  do {                                                                                             \
    int64_t until_us_ = tg_clock_mono_us() + 120 * TG_SEC;                                         \
    while (!(cond)) {                                                                              \
      struct tg_err err_ = {0};                                                                    \
      if (tg_consumer_poll((o)->c, 20 * TG_MS, 1000, &err_) != TG_OK) fail_msg("%s", err_.what);   \
      if (tg_clock_mono_us() > until_us_) fail_msg("never: %s", #cond);                            \
    }                                                                                              \
  } while (0)

/* Assigns partitions 0 .. count-1 of the owner's topic from `offset`; slot = partition + 1. */
static inline enum tg_rc owner_assign(struct owner *o, uint32_t count, int64_t offset)
{
  struct tg_topart parts[PARTS_MAX];
  struct tg_err err = {0};
  for (uint32_t i = 0; i < count; i++)
    parts[i] = (struct tg_topart){
        .topic = o->topic, .partition = (int32_t)i, .slot = i + 1, .offset = offset};
  return tg_consumer_assign(o->c, parts, count, &err);
}

/* Writes "v0" .. to the partition. */
static inline void fill(const char *brokers, const char *topic, int32_t partition, int from, int to)
{
  struct tg_producer *p;
  struct tg_err err = {0};
  int64_t deadline_us = tg_clock_mono_us() + 30 * TG_SEC;
  assert_int_equal(tg_producer_new(brokers, NULL, 0, &p, &err), TG_OK);
  for (int i = from; i < to; i++) {
    char text[24];
    snprintf(text, sizeof text, "v%d", i);
    enum tg_rc rc = tg_producer_send(p,
                                     &(struct tg_record){.topic = topic,
                                                         .partition = partition,
                                                         .key = (struct tg_text){0},
                                                         .value = tg_text(text),
                                                         .timestamp_us = 1700000000000000},
                                     deadline_us, &err);
    if (rc != TG_OK) fail_msg("%s", err.what);
  }
  if (tg_producer_flush(p, deadline_us, &err) != TG_OK) fail_msg("%s", err.what);
  tg_producer_free(p);
}

/* Every record of the slot is there once, in order, from `from` on, values as written. Returns
 * how many. */
static inline int64_t check_run(const struct owner *o, uint32_t slot, uint32_t first, int64_t from)
{
  int64_t next = from;
  for (uint32_t i = first; i < o->seen_count; i++) {
    char value[24];
    if (o->seen[i].slot != slot) continue;
    assert_int_equal(o->seen[i].offset, next);
    snprintf(value, sizeof value, "v%d", (int)next);
    assert_string_equal(o->seen[i].value, value);
    next++;
  }
  return next - from;
}

#endif
