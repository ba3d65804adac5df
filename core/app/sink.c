/* Loads into Kafka: one transaction each. */
#include "core/app/sink.h"

#include "core/app/memory.h"
#include "core/app/producers.h"
#include "core/base/clock.h"
#include "core/base/fault.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  LATE_US = 5000000, /* a transaction that fails after more than this took too long */
  LATE_MAX = 2       /* such attempts before the load is read again in smaller pieces */
};

struct sink_part { /* a partition that was claimed; its number is its partition_id */
  char topic[TG_TOPIC_BYTES_MAX + 1];
  int32_t partition;
  int64_t out; /* the group's offset, as far as we know; without one: where reading began */
};

struct tg_sink {
  struct tg_hub *hub;
  char id[512];               /* transactional id: one a lane */
  struct tg_emitter *emitter; /* NULL: to be made */
  bool open;                  /* a transaction was begun and not committed */
  bool unsure;                /* .. and how it ended was not looked at yet */
  uint64_t load;              /* number of the load that took too long */
  uint32_t late;              /* .. so many times */
  struct tg_buf member;       /* who the lane was in its group when it claimed */
  struct sink_part *parts;
  uint32_t parts_count, parts_size;
  struct tg_topart *offsets; /* of a load or a claim */
  uint32_t offsets_size;
  struct tg_output_metrics metrics;
};

/* --- partitions --- */

/* The number of a partition, given when it is new; -1 without memory. */
static int32_t number_of(struct tg_sink *s, const char *topic, int32_t partition)
{
  for (uint32_t i = 0; i < s->parts_count; i++)
    if (s->parts[i].partition == partition && strcmp(s->parts[i].topic, topic) == 0)
      return (int32_t)i;
  if (s->parts_count == s->parts_size) {
    uint32_t size = s->parts_size ? 2 * s->parts_size : 64;
    struct sink_part *grown = realloc(s->parts, size * sizeof *grown);
    if (!grown) return -1;
    s->parts = grown, s->parts_size = size;
  }
  struct sink_part *p = &s->parts[s->parts_count];
  *p = (struct sink_part){.partition = partition, .out = -1};
  snprintf(p->topic, sizeof p->topic, "%s", topic);
  return (int32_t)s->parts_count++;
}

static enum tg_rc offsets_room(struct tg_sink *s, uint32_t count, struct tg_err *err)
{
  if (count <= s->offsets_size) return TG_OK;
  struct tg_topart *grown = realloc(s->offsets, count * sizeof *grown);
  if (!grown) return tg_err_set(err, TG_RETRY, "sink", "no memory for %u offsets", count);
  s->offsets = grown, s->offsets_size = count;
  return TG_OK;
}

/* Where the live segments of the load end. */
static enum tg_rc list_ends(struct tg_sink *s, const struct tg_load *load, uint32_t *count,
                            struct tg_err *err)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < load->batches_count; i++) n += load->batches[i].segments_count;
  enum tg_rc rc = offsets_room(s, n, err);
  *count = 0;
  for (uint32_t i = 0; rc == TG_OK && i < load->batches_count; i++)
    for (uint32_t j = 0; j < load->batches[i].segments_count; j++) {
      const struct tg_segment *g = &load->batches[i].segments[j];
      const struct sink_part *p = &s->parts[g->partition_id];
      if (load->batches[i].held || g->gone) continue;
      s->offsets[(*count)++] = (struct tg_topart){.topic = p->topic,
                                                  .partition = p->partition,
                                                  .slot = (uint32_t)g->partition_id,
                                                  .offset = g->to};
    }
  return rc;
}

/* --- the producer --- */

/* Then there is a producer, and no transaction of ours is open: a new one of the same id ended it.
 */
static enum tg_rc ready(struct tg_sink *s, struct tg_err *err)
{
  struct tg_emitter_conf conf = tg_producers_conf(s->hub->config, s->id);
  if (s->open) {
    tg_emitter_free(s->emitter);
    s->emitter = NULL;
    s->unsure = true;
    tg_metric_add(s->metrics.recycled, 1);
  }
  s->open = false;
  return s->emitter ? TG_OK : tg_emitter_new(&conf, &s->emitter, err);
}

/* What became of a transaction that did not end well: the group's offsets tell. */
static enum tg_rc look(struct tg_sink *s, uint32_t count, struct tg_err *err)
{
  enum tg_rc rc = tg_emitter_offsets(s->emitter, s->offsets, count, err);
  for (uint32_t i = 0; rc == TG_OK && i < count; i++)
    if (s->offsets[i].offset >= 0) s->parts[s->offsets[i].slot].out = s->offsets[i].offset;
  return rc;
}

static enum tg_rc commit(struct tg_sink *s, uint32_t count, struct tg_err *err)
{
  enum tg_rc rc = tg_emitter_commit(s->emitter, s->offsets, count, tg_buf_view(&s->member), err);
  for (uint32_t i = 0; rc == TG_OK && i < count; i++)
    s->parts[s->offsets[i].slot].out = s->offsets[i].offset;
  return rc;
}

/* --- a load --- */

struct sending {
  struct tg_sink *s;
  struct tg_origin origin;
  uint64_t records, bytes;
  struct tg_err *err;
};

static enum tg_rc send_record(void *self, const struct tg_packed *p)
{
  struct sending *x = self;
  uint64_t bytes = 0;
  enum tg_rc rc = tg_emitter_pass(x->s->emitter, &x->origin, p, &bytes, x->err);
  x->records++;
  x->bytes += bytes;
  return rc;
}

static enum tg_rc send_load(struct sending *x, const struct tg_load *load)
{
  enum tg_rc rc = TG_OK;
  struct tg_records maker = {.pipeline = x->origin.pipeline, .put = send_record, .self = x};
  for (uint32_t i = 0; rc == TG_OK && i < load->batches_count; i++) {
    const struct tg_batch *b = &load->batches[i];
    for (uint32_t j = 0; rc == TG_OK && !b->held && j < b->segments_count; j++) {
      const struct tg_segment *g = &b->segments[j];
      if (g->gone) continue;
      x->origin.topic = x->s->parts[g->partition_id].topic;
      x->origin.partition = g->partition;
      rc = tg_records_visit(&maker, b, g);
    }
  }
  if (maker.headers.failed) tg_err_set(x->err, rc, "sink", "no memory for headers");
  tg_buf_fini(&maker.headers);
  return rc;
}

/* Tests show what comes of it when offsets have a transaction of their own. */
static enum tg_rc commit_apart(struct tg_sink *s, struct tg_err *err)
{
  enum tg_rc rc = tg_emitter_commit(s->emitter, NULL, 0, tg_buf_view(&s->member), err);
  if (rc == TG_OK && tg_fault("sink.between"))
    return tg_err_set(err, TG_RETRY, "sink", "fault point between records and offsets");
  return rc == TG_OK ? tg_emitter_begin(s->emitter, err) : rc;
}

static enum tg_rc transact(struct tg_sink *s, const struct tg_load *load,
                           struct tg_loader_report *report, struct tg_err *err)
{
  uint32_t count = 0;
  struct sending x = {.s = s, .err = err};
  x.origin.pipeline = s->hub->config->pipeline;
  x.origin.generation = load->generation ? load->generation : "";
  enum tg_rc rc = list_ends(s, load, &count, err);
  if (rc == TG_OK) rc = tg_emitter_begin(s->emitter, err);
  s->open = true;
  if (rc == TG_OK) rc = send_load(&x, load);
  if (rc == TG_OK && tg_fault("no.sink_transaction")) rc = commit_apart(s, err);
  if (rc == TG_OK) rc = commit(s, count, err);
  if (rc != TG_OK) return rc;
  s->open = false;
  report->emitted = x.records;
  tg_metric_add(s->metrics.bytes, (double)x.bytes);
  if (tg_fault("sink.after_commit"))
    return tg_err_set(err, TG_RETRY, "sink", "fault point after the commit");
  return TG_OK;
}

static enum tg_rc find_topic(struct tg_sink *s, struct tg_text topic, struct tg_err *err)
{
  char name[TG_TOPIC_BYTES_MAX + 1];
  snprintf(name, sizeof name, "%.*s", TG_TEXT(topic));
  return tg_emitter_topic(s->emitter, name, err);
}

/* All that a topic may send to is there, before anything is sent. */
static enum tg_rc find_topics(struct tg_sink *s, const struct tg_load *load, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; rc == TG_OK && i < load->batches_count; i++) {
    const struct tg_topic *t = load->batches[i].topic;
    if (load->batches[i].held || !load->batches[i].rows) continue;
    for (uint32_t k = 0; rc == TG_OK && k < t->outputs_count; k++)
      rc = find_topic(s, t->outputs[k], err);
    if (rc == TG_OK && t->dead_letter.len) rc = find_topic(s, t->dead_letter, err);
  }
  return rc;
}

/* How many of the load's segments end where the group's offset is. */
static uint32_t count_out(const struct tg_sink *s, const struct tg_load *load)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < load->batches_count; i++)
    for (uint32_t j = 0; j < load->batches[i].segments_count; j++) {
      const struct tg_segment *g = &load->batches[i].segments[j];
      if (load->batches[i].held || g->gone) continue;
      n += s->parts[g->partition_id].out == g->to;
    }
  return n;
}

/* Segments that do not begin at the group's offset leave: they are claimed and read again. */
static uint32_t leave(struct tg_sink *s, struct tg_load *load)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < load->batches_count; i++)
    for (uint32_t j = 0; j < load->batches[i].segments_count; j++) {
      struct tg_segment *g = &load->batches[i].segments[j];
      if (load->batches[i].held || g->gone) continue;
      if (s->parts[g->partition_id].out == g->from) continue;
      g->gone = g->moved = true;
      n++;
    }
  return n;
}

/* All of the load leaves it: smaller ones take its place. */
static enum tg_rc cut(struct tg_load *load)
{
  for (uint32_t i = 0; i < load->batches_count; i++)
    if (load->batches[i].rows) load->batches[i].held = load->batches[i].too_big = true;
  return TG_AGAIN;
}

static enum tg_rc send(struct tg_sink *s, struct tg_load *load, struct tg_loader_report *report,
                       struct tg_err *err)
{
  int64_t began_us = tg_clock_mono_us();
  enum tg_rc rc = transact(s, load, report, err);
  bool late = tg_clock_mono_us() - began_us >= LATE_US;
  if (rc != TG_RETRY || !(late || tg_fault("sink.late"))) return rc;
  if (s->load != load->number) s->late = 0;
  s->load = load->number;
  return ++s->late < LATE_MAX ? rc : cut(load);
}

enum tg_rc tg_sink_write(struct tg_sink *s, struct tg_load *load, struct tg_loader_report *report,
                         struct tg_err *err)
{
  uint32_t count = 0;
  *report = (struct tg_loader_report){.topic = -1};
  enum tg_rc rc = list_ends(s, load, &count, err);
  if (rc != TG_OK || !count) return rc;
  rc = ready(s, err);
  if (rc == TG_OK && s->unsure) rc = look(s, count, err);
  if (rc != TG_OK) return rc;
  s->unsure = false;
  if (count_out(s, load) == count) return TG_OK; /* it had been committed */
  report->fenced = leave(s, load);
  if (report->fenced) return TG_AGAIN;
  rc = find_topics(s, load, err);
  if (rc == TG_OK && tg_fault("sink.before_transaction"))
    return tg_err_set(err, TG_RETRY, "sink", "fault point before the transaction");
  return rc == TG_OK ? send(s, load, report, err) : rc;
}

/* --- other jobs --- */

static enum tg_rc name_parts(struct tg_sink *s, struct tg_job *job)
{
  enum tg_rc rc = offsets_room(s, job->count, &job->err);
  for (uint32_t i = 0; rc == TG_OK && i < job->count; i++) {
    struct tg_claim *c = &job->claims[i];
    c->partition_id = number_of(s, c->topic, c->partition);
    if (c->partition_id < 0) return tg_err_set(&job->err, TG_RETRY, "sink", "no memory");
    s->offsets[i] = (struct tg_topart){.topic = c->topic,
                                       .partition = c->partition,
                                       .slot = (uint32_t)c->partition_id,
                                       .offset = c->first_offset};
  }
  return rc;
}

/* Who we are was asked before the offsets are read: should the group move on in between, that
 * member's transaction is refused. */
static enum tg_rc claim(struct tg_sink *s, struct tg_job *job)
{
  tg_buf_clear(&s->member);
  tg_buf_text(&s->member, job->member);
  enum tg_rc rc = ready(s, &job->err);
  if (rc == TG_OK && s->member.failed) rc = tg_err_set(&job->err, TG_RETRY, "sink", "no memory");
  if (rc == TG_OK) rc = look(s, job->count, &job->err);
  for (uint32_t i = 0; rc == TG_OK && i < job->count; i++) {
    struct tg_claim *c = &job->claims[i];
    c->next = s->offsets[i].offset;
    c->last_offset = c->piece_to = -1;
    rc = tg_memory_none(c, &job->err);
  }
  return rc;
}

/* Where reading begins when the group has no offset yet; the first load commits one. */
static enum tg_rc begin(struct tg_sink *s, struct tg_job *job)
{
  for (uint32_t i = 0; i < job->count; i++) {
    struct tg_claim *c = &job->claims[i];
    s->parts[c->partition_id].out = c->next = c->first_offset;
  }
  return TG_OK;
}

/* Over what was deleted before it was read. */
static enum tg_rc jump(struct tg_sink *s, struct tg_job *job)
{
  enum tg_rc rc = ready(s, &job->err);
  if (rc == TG_OK) rc = tg_emitter_begin(s->emitter, &job->err);
  s->open |= rc == TG_OK;
  if (rc == TG_OK) rc = commit(s, job->count, &job->err);
  s->open &= rc != TG_OK;
  return rc;
}

void tg_sink_job(struct tg_sink *s, struct tg_job *job)
{
  job->rc = name_parts(s, job);
  if (job->rc != TG_OK) return;
  switch (job->kind) {
  case TG_JOB_CLAIM: job->rc = claim(s, job); return;
  case TG_JOB_BEGIN: job->rc = begin(s, job); return;
  case TG_JOB_JUMP: job->rc = jump(s, job); return;
  case TG_JOB_RELEASE: /* the next owner need not wait for what we left open */
    if (s->open) job->rc = ready(s, &job->err);
    return;
  case TG_JOB_LOAD:
  case TG_JOB_MARK: return;
  }
}

/* --- life --- */

/* A static member's is always the same: started again it ends what it had begun at once. */
static void name_it(struct tg_sink *s, uint32_t lane)
{
  const struct tg_config *c = s->hub->config;
  if (c->instance)
    snprintf(s->id, sizeof s->id, "%s-%s-%u", c->pipeline, c->instance, lane);
  else
    snprintf(s->id, sizeof s->id, "%s-%016llx-%u", c->pipeline, (unsigned long long)s->hub->run,
             lane);
}

struct tg_sink *tg_sink_new(struct tg_hub *hub, uint32_t lane)
{
  struct tg_sink *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->hub = hub;
  name_it(s, lane);
  s->metrics = tg_producers_metrics(hub->metrics);
  return s;
}

void tg_sink_free(struct tg_sink *s)
{
  if (!s) return;
  tg_emitter_free(s->emitter);
  tg_buf_fini(&s->member);
  free(s->parts);
  free(s->offsets);
  free(s);
}
