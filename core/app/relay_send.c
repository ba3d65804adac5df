/* From the outbox to Kafka: one transaction of one lane. */
#include "core/app/relay_own.h"

#include "core/base/clock.h"
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/data/emitted.h"

#include <inttypes.h>

enum {
  CALL_US = 15000000,
  QUIET_US = 1000000,       /* between two commits of ranges that emitted nothing */
  SENT_BYTES_MAX = 8 << 20, /* of a transaction; it then ends with the segment */
  SENT_US_MAX = 2000000
};

static int64_t deadline(void)
{
  return tg_clock_mono_us() + CALL_US;
}

/* --- taking partitions over --- */

/* Ends what the former relays of the lane's partitions may have begun. */
static enum tg_rc end_formers(struct tg_relay *r, struct tg_relay_lane *lane, struct tg_err *err)
{
  struct tg_emitter_conf conf = tg_producers_conf(r->hub->config, r->id);
  struct tg_buf *ids = &r->headers;
  enum tg_rc rc = tg_outbox_formers(r->pg, lane->outgoing, lane->count, ids, deadline(), err);
  for (const char *id = ids->ptr; rc == TG_OK && id && id < ids->ptr + ids->len;
       id += strlen(id) + 1) {
    if (strcmp(id, r->id) == 0) continue;
    rc = tg_emitter_fence(&conf, id, err);
    if (rc == TG_OK) tg_log(TG_INFO, "relay", "ended what %s had begun", id);
  }
  return rc;
}

static void name_parts(struct tg_relay_lane *lane)
{
  for (uint32_t i = 0; i < lane->count; i++)
    lane->toparts[i] = (struct tg_topart){
        .topic = lane->parts[i].topic, .partition = lane->parts[i].partition, .offset = -1};
}

enum tg_rc tg_relay_adopt(struct tg_relay *r, struct tg_relay_lane *lane, struct tg_err *err)
{
  struct tg_emitter_conf conf = tg_producers_conf(r->hub->config, r->id);
  enum tg_rc rc = end_formers(r, lane, err);
  if (rc == TG_OK) rc = tg_outbox_take(r->pg, lane->outgoing, lane->count, r->id, deadline(), err);
  if (rc == TG_OK && !r->emitter) rc = tg_emitter_new(&conf, &r->emitter, err);
  if (rc != TG_OK) return rc;
  name_parts(lane);
  rc = tg_emitter_offsets(r->emitter, lane->toparts, lane->count, err);
  for (uint32_t i = 0; rc == TG_OK && i < lane->count; i++)
    lane->outgoing[i].out = lane->toparts[i].offset;
  if (rc == TG_OK) rc = tg_outbox_delete(r->pg, lane->outgoing, lane->count, deadline(), err);
  lane->ready = rc == TG_OK;
  return rc;
}

/* --- one record --- */

struct sending {
  struct tg_relay *r;
  const struct tg_relay_part *part;
  const struct tg_outgoing *o;
  uint64_t records, bytes, suppressed; /* of the transaction */
  int64_t until_us;                    /* monotonic: it should end */
  int64_t segment;                     /* begin of the one being sent, or -1 */
};

static enum tg_rc send_one(struct sending *s, const struct tg_packed *p, const char *generation,
                           struct tg_err *err)
{
  uint64_t bytes = 0;
  const struct tg_origin origin = {.pipeline = s->r->hub->config->pipeline,
                                   .topic = s->part->topic,
                                   .partition = s->part->partition,
                                   .generation = generation};
  if (p->offset < s->o->out) return s->suppressed++, TG_OK;
  enum tg_rc rc = tg_emitter_pass(s->r->emitter, &origin, p, &bytes, err);
  s->records++;
  s->bytes += bytes;
  return rc;
}

/* --- a partition --- */

static bool is_enough(const struct sending *s)
{
  return s->bytes >= SENT_BYTES_MAX || tg_clock_mono_us() >= s->until_us;
}

/* TG_AGAIN: the transaction is full, and this piece begins a segment of the next one. */
static enum tg_rc send_piece(void *self, const struct tg_outbox_row *row, struct tg_err *err)
{
  struct sending *s = self;
  struct tg_packed p;
  size_t at = 0;
  enum tg_rc rc;
  bool next = row->from != s->segment;
  if (next && s->segment >= 0 && is_enough(s)) return s->segment = row->from, TG_AGAIN;
  s->segment = row->from;
  while ((rc = tg_packed_next(row->data, &at, &p)) == TG_OK)
    if ((rc = send_one(s, &p, row->generation, err)) != TG_OK) return rc;
  if (rc == TG_AGAIN) return TG_OK;
  return tg_err_set(err, TG_CONFIG, "tidegate.outbox",
                    "the row (%d, %" PRId64 ", %d) is damaged: look at it, and at what changed it",
                    s->o->partition_id, row->from, row->piece);
}

/* Sends what the partition has, in order. *to: everything before it is sent. */
static enum tg_rc send_part(struct sending *s, int64_t *to, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  struct tg_outbox_page page = {
      .part = s->o, .from = s->o->start, .piece = -1, .visit = send_piece, .self = s};
  s->segment = -1;
  while (rc == TG_OK && !page.last) rc = tg_outbox_read(s->r->pg, &page, deadline(), err);
  *to = rc == TG_AGAIN ? s->segment : s->o->end;
  return rc == TG_AGAIN ? TG_OK : rc;
}

/* --- a lane --- */

int64_t tg_relay_lag(const struct tg_relay_lane *lane, bool pending)
{
  int64_t lag = 0;
  for (uint32_t i = 0; i < lane->count; i++) {
    const struct tg_outgoing *o = &lane->outgoing[i];
    if (o->end > o->out && (o->pending || !pending)) lag += o->end - (o->out > 0 ? o->out : 0);
  }
  return lag;
}

/* Fills toparts with what is to be committed; returns how many. */
static enum tg_rc send_all(struct sending *s, struct tg_relay_lane *lane, uint32_t *count,
                           bool *more, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  *count = 0;
  for (uint32_t i = 0; rc == TG_OK && i < lane->count; i++) {
    const struct tg_outgoing *o = &lane->outgoing[i];
    int64_t to = o->end;
    if (o->end <= o->out) continue;
    if (o->pending && is_enough(s)) {
      *more = true;
      continue;
    }
    s->part = &lane->parts[i], s->o = o;
    if (o->pending) rc = send_part(s, &to, err);
    *more |= to < o->end;
    if (to <= o->out) continue;
    lane->toparts[(*count)++] = (struct tg_topart){.topic = lane->parts[i].topic,
                                                   .partition = lane->parts[i].partition,
                                                   .slot = i,
                                                   .offset = to};
  }
  return rc;
}

static void count_sent(struct tg_relay *r, const struct sending *s)
{
  tg_metric_add(r->metrics.out.records, (double)s->records);
  tg_metric_add(r->metrics.out.bytes, (double)s->bytes);
  tg_metric_add(r->metrics.suppressed, (double)s->suppressed);
  tg_metric_add(r->metrics.out.committed, 1);
}

static enum tg_rc transact(struct tg_relay *r, struct tg_relay_lane *lane, bool *more,
                           struct tg_err *err)
{
  uint32_t count = 0;
  struct sending s = {.r = r, .until_us = tg_clock_mono_us() + SENT_US_MAX};
  enum tg_rc rc = tg_emitter_begin(r->emitter, err);
  r->open = true;
  if (rc == TG_OK) rc = send_all(&s, lane, &count, more, err);
  if (rc == TG_OK)
    rc = tg_emitter_commit(r->emitter, lane->toparts, count, tg_buf_view(&lane->member), err);
  if (rc != TG_OK) return rc;
  r->open = false;
  for (uint32_t i = 0; i < count; i++)
    lane->outgoing[lane->toparts[i].slot].out = lane->toparts[i].offset;
  lane->advanced_us = tg_clock_mono_us();
  count_sent(r, &s);
  return TG_OK;
}

enum tg_rc tg_relay_send(struct tg_relay *r, struct tg_relay_lane *lane, bool *more,
                         struct tg_err *err)
{
  enum tg_rc rc = tg_outbox_ends(r->pg, lane->outgoing, lane->count, deadline(), err);
  if (rc != TG_OK) return rc;
  bool pending = tg_relay_lag(lane, true);
  bool due = tg_relay_lag(lane, false) && tg_clock_mono_us() - lane->advanced_us >= QUIET_US;
  if (!pending && !due) return TG_OK;
  if (pending && tg_fault("relay.before_transaction"))
    return tg_err_set(err, TG_RETRY, "relay", "fault point before the transaction");
  rc = transact(r, lane, more, err);
  if (rc != TG_OK || !pending) return rc;
  if (tg_fault("relay.after_commit"))
    return tg_err_set(err, TG_RETRY, "relay", "fault point after the commit");
  return tg_outbox_delete(r->pg, lane->outgoing, lane->count, deadline(), err);
}
