/* COPY of what the rows of a load send to Kafka: for each segment its records
 * (core/data/records.h), packed (core/data/emitted.h) into pieces. Made here, since PostgreSQL has
 * a say in who is quarantined. */
#include "core/pg/attempt.h"

#include "core/base/fault.h"
#include "core/data/copy.h"
#include "core/data/records.h"

enum { OUTBOX_PIECE_BYTES = 256 << 10 };

static const char copy_sql[] = "COPY tidegate.outbox (partition_id, from_offset, piece, records, "
                               "generation, data) FROM STDIN (FORMAT binary)";

struct packing { /* the piece of a segment being made; its bytes are in l->text */
  struct tg_attempt *a;
  const struct tg_segment *s;
  struct tg_records maker;
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

static enum tg_rc put_record(void *self, const struct tg_packed *r)
{
  struct packing *p = self;
  struct tg_buf *out = &p->a->l->text;
  tg_packed_add(out, r);
  p->records++;
  return out->len >= OUTBOX_PIECE_BYTES || out->failed ? put_piece(p) : TG_OK;
}

static enum tg_rc put_segment(struct packing *p, const struct tg_batch *b)
{
  p->piece = p->records = 0;
  tg_buf_clear(&p->a->l->text);
  enum tg_rc rc = tg_records_visit(&p->maker, b, p->s);
  if (!p->maker.headers.failed) return rc == TG_OK ? put_piece(p) : rc;
  p->a->l->piece.failed = true;
  return tg_attempt_copy_piece(p->a);
}

static bool may_emit(const struct tg_batch *b)
{
  return tg_batch_live(b) && (b->emits || b->topic->dead_letter.len);
}

/* Some row has a record: an empty COPY would cost a round trip each load. */
static bool any_records(const struct tg_load *load)
{
  for (uint32_t i = 0; i < load->batches_count; i++)
    if (may_emit(&load->batches[i]) && tg_records_any(&load->batches[i])) return true;
  return false;
}

enum tg_rc tg_attempt_copy_outbox(struct tg_attempt *a, bool begin)
{
  struct packing p = {.a = a};
  p.maker = (struct tg_records){.pipeline = a->l->conf.pipeline, .put = put_record, .self = &p};
  if (!any_records(a->load)) return TG_OK;
  tg_buf_clear(&a->l->sql);
  tg_buf_printf(&a->l->sql, "%s%s", begin ? tg_attempt_begin(a) : "", copy_sql);
  enum tg_rc rc = tg_attempt_copy_start(a, tg_buf_cstr(&a->l->sql));
  tg_buf_clear(&a->l->piece);
  tg_copy_header(&a->l->piece);
  tg_buf_init(&p.maker.headers, TG_PIECE_BYTES_MAX);
  for (uint32_t i = 0; rc == TG_OK && i < a->load->batches_count; i++) {
    const struct tg_batch *b = &a->load->batches[i];
    for (uint32_t j = 0; rc == TG_OK && may_emit(b) && j < b->segments_count; j++) {
      p.s = &b->segments[j];
      if (tg_segment_live(b, p.s)) rc = put_segment(&p, b);
    }
  }
  tg_buf_fini(&p.maker.headers);
  if (rc == TG_OK) rc = tg_attempt_copy_end(a, "tidegate.outbox", p.sent);
  a->report->emitted = p.total;
  return rc;
}
