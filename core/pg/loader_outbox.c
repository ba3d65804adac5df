/* COPY of what the rows of a load emit to Kafka: for each segment its records, by row, packed
 * (core/data/emitted.h) into pieces. Dead letters are made here, since PostgreSQL has a say in who
 * is quarantined. */
#include "core/pg/attempt.h"

#include "core/base/fault.h"
#include "core/data/copy.h"
#include "core/data/emitted.h"

#include <stdio.h>

enum { OUTBOX_PIECE_BYTES = 256 << 10 };

static const char copy_sql[] = "COPY tidegate.outbox (partition_id, from_offset, piece, records, "
                               "generation, data) FROM STDIN (FORMAT binary)";

struct packing { /* the piece of a segment being made; its bytes are in l->text */
  struct tg_attempt *a;
  const struct tg_batch *b;
  const struct tg_segment *s;
  struct tg_buf headers; /* of a dead letter */
  int32_t piece, records;
  uint64_t sent, total; /* pieces, records */
};

static enum tg_rc put_piece(struct packing *p)
{
  struct tg_loader *l = p->a->l;
  if (!p->records) return TG_OK;
  const char *generation = p->a->load->generation;
  tg_copy_fields(&l->piece, 6);
  tg_copy_int4(&l->piece, p->s->partition_id);
  tg_copy_int8(&l->piece, p->s->from);
  tg_copy_int4(&l->piece, p->piece++);
  tg_copy_int4(&l->piece, p->records);
  tg_copy_bytes(&l->piece, tg_text(generation ? generation : ""));
  tg_copy_bytes(&l->piece, tg_buf_view(&l->text));
  if (l->text.failed) l->piece.failed = true;
  p->sent++, p->total += (uint64_t)p->records, p->records = 0;
  tg_buf_clear(&l->text);
  if (l->piece.len < TG_PIECE_BYTES && !l->piece.failed) return TG_OK;
  return tg_attempt_copy_piece(p->a);
}

static enum tg_rc put_record(struct packing *p, const struct tg_packed *r)
{
  struct tg_buf *out = &p->a->l->text;
  tg_packed_add(out, r);
  p->records++;
  return out->len >= OUTBOX_PIECE_BYTES || out->failed ? put_piece(p) : TG_OK;
}

/* --- what transform emitted --- */

/* The record of e that belongs to row, if any; e->list is sorted by row. */
static const struct tg_emitted *record_of(const struct tg_emit *e, uint32_t row)
{
  uint32_t low = 0, high = e->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (e->list[middle].row < row)
      low = middle + 1;
    else
      high = middle;
  }
  return low < e->count && e->list[low].row == row ? &e->list[low] : NULL;
}

static enum tg_rc put_emitted(struct packing *p, uint32_t row)
{
  enum tg_rc rc = TG_OK;
  const struct tg_event *event = &p->b->events[row];
  for (const struct tg_emit *e = p->b->emits; rc == TG_OK && e; e = e->next) {
    const struct tg_emitted *x = record_of(e, row);
    struct tg_packed r = {.number = e->number,
                          .kind = TG_RECORD_EMITTED,
                          .offset = event->offset,
                          .us = event->kafka_us,
                          .topic = tg_text(e->topic)};
    if (!x) continue;
    r.key = x->key, r.value = x->value, r.headers = x->headers;
    rc = put_record(p, &r);
  }
  return rc;
}

/* --- dead letters --- */

/* Kafka Connect's name of the stage. */
static const char *connect_stage(enum tg_stage stage)
{
  static const char *const names[] = {"VALUE_CONVERTER", "TRANSFORMATION", "TRANSFORMATION",
                                      "TASK_PUT"};
  return names[stage];
}

static void add_errors(struct packing *p, const struct tg_event *e, const struct tg_issue *i)
{
  char text[96];
  struct tg_buf *out = &p->headers;
  const char *stage = tg_stage_name(i->stage);
  tg_headers_add(out, tg_text("__connect.errors.connector.name"), tg_text(p->a->l->conf.pipeline));
  tg_headers_add(out, tg_text("__connect.errors.stage"), tg_text(connect_stage(i->stage)));
  snprintf(text, sizeof text, "tidegate.%s", stage);
  tg_headers_add(out, tg_text("__connect.errors.exception.class.name"), tg_text(text));
  tg_headers_add(out, tg_text("__connect.errors.exception.message"),
                 i->reason.ptr ? i->reason : tg_text("the reason was left out"));
  tg_headers_add(out, tg_text("tg-stage"), tg_text(stage));
  if (i->rule) tg_headers_add(out, tg_text("tg-rule"), tg_text(i->rule));
  if (i->field.len) tg_headers_add(out, tg_text("tg-field"), i->field);
  snprintf(text, sizeof text, "%u", e->size);
  tg_headers_add(out, tg_text("tg-value-size"), tg_text(text));
}

/* Key, value and own headers as far as a record may be large: headers go first, then the value is
 * cut; tg-value-size tells. */
static void fit(struct packing *p, const struct tg_event *e, struct tg_packed *r)
{
  uint32_t most = p->b->topic->output_bytes_max;
  uint32_t used = (uint32_t)p->headers.len + TG_EMIT_OVERHEAD;
  uint32_t left = most > used ? most - used : 0;
  r->key = e->key, r->value = e->value;
  if (r->key.len > left) r->key.len = left;
  left -= r->key.len;
  if (r->value.len > left) r->value.len = left;
  left -= r->value.len;
  if (e->headers.len <= left) tg_buf_text(&p->headers, e->headers);
}

static enum tg_rc put_dead(struct packing *p, uint32_t row)
{
  static const struct tg_issue lost = {.stage = TG_STAGE_RULE};
  const struct tg_event *e = &p->b->events[row];
  const struct tg_issue *i = p->b->issues ? tg_attempt_deciding(p->b->issues[row]) : NULL;
  struct tg_packed r = {.kind = TG_RECORD_DEAD_LETTER,
                        .offset = e->offset,
                        .us = e->kafka_us,
                        .topic = p->b->topic->dead_letter};
  tg_buf_clear(&p->headers);
  add_errors(p, e, i ? i : &lost);
  fit(p, e, &r);
  if (p->headers.failed) p->a->l->text.failed = true;
  r.headers = tg_buf_view(&p->headers);
  return put_record(p, &r);
}

/* --- the load --- */

static enum tg_rc put_segment(struct packing *p)
{
  enum tg_rc rc = TG_OK;
  bool dead_letters = p->b->topic->dead_letter.len > 0;
  p->piece = p->records = 0;
  tg_buf_clear(&p->a->l->text);
  for (uint32_t r = p->s->row; rc == TG_OK && r < p->s->row + p->s->rows; r++) {
    if (p->b->fates[r] <= TG_TAG)
      rc = put_emitted(p, r);
    else if (p->b->fates[r] == TG_QUARANTINE && dead_letters)
      rc = put_dead(p, r);
  }
  return rc == TG_OK ? put_piece(p) : rc;
}

static bool may_emit(const struct tg_batch *b)
{
  return tg_batch_live(b) && (b->emits || b->topic->dead_letter.len);
}

/* Some row has a record: an empty COPY would cost a round trip each load. */
static bool any_records(const struct tg_load *load)
{
  uint32_t counts[TG_FATES];
  for (uint32_t i = 0; i < load->batches_count; i++) {
    const struct tg_batch *b = &load->batches[i];
    if (!may_emit(b)) continue;
    for (const struct tg_emit *e = b->emits; e; e = e->next)
      if (e->count) return true;
    tg_batch_tally(b, 0, b->rows, counts);
    if (b->topic->dead_letter.len && counts[TG_QUARANTINE]) return true;
  }
  return false;
}

enum tg_rc tg_attempt_copy_outbox(struct tg_attempt *a, bool begin)
{
  struct packing p = {.a = a};
  if (!any_records(a->load)) return TG_OK;
  tg_buf_clear(&a->l->sql);
  tg_buf_printf(&a->l->sql, "%s%s", begin ? tg_attempt_begin(a) : "", copy_sql);
  enum tg_rc rc = tg_attempt_copy_start(a, tg_buf_cstr(&a->l->sql));
  tg_buf_clear(&a->l->piece);
  tg_copy_header(&a->l->piece);
  tg_buf_init(&p.headers, TG_PIECE_BYTES_MAX);
  for (uint32_t i = 0; rc == TG_OK && i < a->load->batches_count; i++) {
    p.b = &a->load->batches[i];
    for (uint32_t j = 0; rc == TG_OK && may_emit(p.b) && j < p.b->segments_count; j++) {
      p.s = &p.b->segments[j];
      if (tg_segment_live(p.b, p.s)) rc = put_segment(&p);
    }
  }
  tg_buf_fini(&p.headers);
  if (rc == TG_OK) rc = tg_attempt_copy_end(a, "tidegate.outbox", p.sent);
  a->report->emitted = p.total;
  return rc;
}
