/* Rule state between the database and the lane's partitions. */
#include "core/app/memory.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/pg/rulestate.h"
#include "core/state/stateset.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { READ_US = 60000000 };

static enum tg_rc take_row(void *self, const struct tg_saved_state *row, struct tg_err *err)
{
  struct tg_state_row r = {
      .rule = row->rule, .declared = row->declared, .base = row->base, .bytes = row->bytes};
  return tg_stateset_load(self, &r, err);
}

/* Chosen keys cannot collide in a table whose seed nobody knows. */
static uint64_t seed(void)
{
  uint64_t bits = 0;
  if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits) bits = (uint64_t)tg_clock_mono_us();
  return bits;
}

static enum tg_rc read_one(struct tg_writer *w, struct tg_claim *c, struct tg_err *err)
{
  int64_t deadline_us = tg_clock_mono_us() + READ_US;
  struct tg_stateset *set = tg_stateset_new(seed());
  if (!set) return tg_err_set(err, TG_RETRY, w->name, "no memory for the rules' state");
  enum tg_rc rc = tg_rulestate_read(w->pg, c, take_row, set, deadline_us, err);
  if (rc == TG_OK) return c->state = set, TG_OK;
  tg_stateset_free(set);
  if (rc != TG_DATA) return rc;
  tg_log(TG_ERROR, w->name,
         "%s[%d] waits: what its rules remember cannot be read: %s; reading on without it would "
         "judge wrongly. DELETE FROM tidegate.rule_state WHERE partition_id = %d makes them forget",
         c->topic, c->partition, err->what, c->partition_id);
  return TG_OK;
}

void tg_memory_read(struct tg_writer *w, struct tg_job *job)
{
  for (uint32_t i = 0; i < job->count && job->rc == TG_OK; i++)
    job->rc = read_one(w, &job->claims[i], &job->err);
}

enum tg_rc tg_memory_none(struct tg_claim *c, struct tg_err *err)
{
  c->state = tg_stateset_new(seed());
  return c->state ? TG_OK : tg_err_set(err, TG_RETRY, "state", "no memory for the rules' state");
}

bool tg_memory_take(struct tg_lane *lane, struct tg_part *p, struct tg_claim *c)
{
  tg_stateset_free(p->memory);
  p->memory = c->state;
  c->state = NULL;
  if (p->memory) tg_stateset_share(p->memory, &lane->hub->state_room);
  return p->memory != NULL;
}

void tg_memory_drop(struct tg_job *job)
{
  for (uint32_t i = 0; i < job->count; i++) {
    tg_stateset_free(job->claims[i].state);
    job->claims[i].state = NULL;
  }
}

struct saving {
  struct tg_lane *lane;
  struct tg_load_state row;
};

static bool add_row(void *self, const struct tg_state_row *row)
{
  struct saving *s = self;
  s->row.base = row->base;
  s->row.rule = row->rule, s->row.declared = row->declared, s->row.bytes = row->bytes;
  return tg_load_state_add(&s->lane->open->load, &s->row);
}

/* Rules whose declaration is another one than when their state was saved. */
static void tell_changed(struct tg_lane *lane, const struct tg_batch *b, struct tg_segment *s)
{
  char topic[TG_TOPIC_BYTES_MAX + 1], text[512];
  snprintf(topic, sizeof topic, "%.*s", TG_TEXT(b->topic->name));
  for (const char *rule; *(rule = tg_stateset_changed(s->state));) {
    snprintf(text, sizeof text,
             "rule %.200s begins with an empty state in partition %d at offset %lld: its "
             "declaration has changed",
             rule, s->partition, (long long)s->from);
    tg_log(TG_WARN, lane->name, "%s: %s", topic, text);
    tg_hub_note(lane->hub, "state", topic, text);
  }
}

void tg_memory_measure(struct tg_lane *lane)
{
  uint64_t bytes = 0;
  for (uint32_t t = 0; t < lane->topics_count; t++) {
    struct tg_state_size sum = {0};
    for (uint32_t i = 0; i < lane->parts.count; i++) {
      const struct tg_part *p = &lane->parts.list[i];
      if (p->topic_index != (int32_t)t || !p->memory) continue;
      struct tg_state_size size = tg_stateset_size(p->memory);
      sum.keys += size.keys, sum.bytes += size.bytes, sum.evicted += size.evicted;
    }
    tg_measure_state(lane, t, &sum);
    bytes += sum.bytes;
  }
  lane->hub->state_room.bytes += bytes - lane->state_bytes; /* wraps around, and is right */
  lane->state_bytes = bytes;
}

enum tg_rc tg_memory_save(struct tg_lane *lane, uint32_t topic, const struct tg_batch *b)
{
  struct saving s = {.lane = lane, .row = {.batch = topic}};
  bool good = true;
  for (uint32_t i = 0; i < b->segments_count && good && !b->held; i++) {
    s.row.segment = i;
    good = tg_stateset_save(b->segments[i].state, &lane->scratch, add_row, &s);
    tell_changed(lane, b, &b->segments[i]);
  }
  tg_memory_measure(lane);
  if (good) return TG_OK;
  tg_log(TG_ERROR, lane->name, "no memory to save what rules remember: the rows are read again");
  return TG_AGAIN;
}
