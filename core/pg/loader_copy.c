/* COPY of a batch's rows and of the quarantine. */
#include "core/pg/attempt.h"

#include "core/base/clock.h"
#include "core/data/copy.h"
#include "core/pg/quote.h"

#include <stdlib.h>

uint32_t tg_attempt_live(const struct tg_batch *b, uint32_t row, uint32_t end)
{
  uint32_t live = 0;
  for (uint32_t i = 0; i < b->segments_count; i++) {
    const struct tg_segment *s = &b->segments[i];
    if (!tg_segment_live(b, s)) continue;
    uint32_t from = s->row > row ? s->row : row,
             to = s->row + s->rows < end ? s->row + s->rows : end;
    for (uint32_t r = from; r < to; r++) live += b->fates[r] == TG_LOAD || b->fates[r] == TG_TAG;
  }
  return live;
}

enum tg_rc tg_attempt_copy_start(struct tg_attempt *a, const char *sql)
{
  ExecStatusType status = PGRES_COMMAND_OK;
  enum tg_rc rc = tg_wire_send(a->l->pg, sql, a->deadline_us, a->err);
  while (rc == TG_OK && status != PGRES_COPY_IN)
    rc = tg_wire_next(a->l->pg, &status, a->deadline_us, a->err);
  return rc;
}

/* Without memory the session is in the middle of a COPY: only dropping it ends that. */
enum tg_rc tg_attempt_copy_piece(struct tg_attempt *a)
{
  struct tg_buf *piece = &a->l->piece;
  if (piece->failed) {
    tg_pg_drop(a->l->pg);
    return tg_err_set(a->err, TG_RETRY, "pg", "no memory for COPY data");
  }
  a->report->bytes += piece->len;
  enum tg_rc rc = tg_wire_put(a->l->pg, tg_buf_view(piece), a->deadline_us, a->err);
  tg_buf_clear(piece);
  return rc;
}

enum tg_rc tg_attempt_copy_end(struct tg_attempt *a, const char *table, uint64_t sent)
{
  uint64_t rows = 0;
  tg_copy_trailer(&a->l->piece);
  enum tg_rc rc = tg_attempt_copy_piece(a);
  if (rc == TG_OK) rc = tg_wire_end(a->l->pg, &rows, a->deadline_us, a->err);
  if (rc != TG_OK || rows == sent) return rc;
  return tg_err_set(a->err, TG_CONFIG, "pg",
                    "table %s took %llu of %llu rows without an error: a BEFORE trigger or a rule "
                    "swallows rows; drop it, or let it raise an exception",
                    table, (unsigned long long)rows, (unsigned long long)sent);
}

static void copy_sql(struct tg_buf *sql, const struct tg_topic *t, const char *prefix)
{
  tg_buf_clear(sql);
  tg_buf_str(sql, prefix);
  tg_buf_str(sql, "COPY ");
  tg_quote_table(sql, t);
  tg_buf_str(sql, " (");
  tg_copy_columns(t, sql);
  tg_buf_str(sql, ") FROM STDIN (FORMAT binary)");
}

enum tg_rc tg_attempt_copy_rows(struct tg_attempt *a, const struct tg_batch *b, const char *prefix,
                                uint32_t row, uint32_t end)
{
  struct tg_buf *piece = &a->l->piece;
  char table[TG_NAME_BYTES_MAX + 1];
  struct tg_copy_span span = {.row = row, .end = end};
  copy_sql(&a->l->sql, b->topic, prefix);
  enum tg_rc rc = tg_attempt_copy_start(a, tg_buf_cstr(&a->l->sql));
  tg_buf_clear(piece);
  tg_copy_header(piece);
  while (rc == TG_OK && span.row < end) {
    int64_t cpu_us = tg_clock_thread_us();
    tg_copy_rows(b, &span, TG_PIECE_BYTES, piece);
    a->report->encode_us += tg_clock_thread_us() - cpu_us;
    if (span.row < end) rc = tg_attempt_copy_piece(a);
  }
  if (rc != TG_OK) return rc;
  return tg_attempt_copy_end(a, tg_text_shown(b->topic->table, table, sizeof table), span.written);
}

enum tg_rc tg_attempt_copy(struct tg_attempt *a, const struct tg_batch *b)
{
  return tg_attempt_copy_rows(a, b, tg_attempt_begin(a), 0, b->rows);
}

/* PostgreSQL's text: UTF-8 without NUL. Anything else in a reason must not cost the load. */
static struct tg_text clean(struct tg_buf *out, struct tg_text t)
{
  if (!t.len || (tg_text_utf8(t) && !memchr(t.ptr, 0, t.len))) return t;
  tg_buf_clear(out);
  for (uint32_t i = 0; i < t.len; i++)
    tg_buf_char(out, t.ptr[i] >= ' ' && t.ptr[i] < 0x7f ? t.ptr[i] : '?');
  return tg_buf_view(out);
}

/* A header's part as JSON: null, a text, or {"hex": ".."} for other bytes. */
static void header_json(struct tg_buf *out, struct tg_text t)
{
  if (!t.ptr) {
    tg_buf_str(out, "null");
  } else if (tg_text_utf8(t) && !(t.len && memchr(t.ptr, 0, t.len))) {
    tg_buf_json(out, t);
  } else {
    tg_buf_str(out, "{\"hex\":\"");
    for (uint32_t i = 0; i < t.len; i++) tg_buf_printf(out, "%02x", (unsigned char)t.ptr[i]);
    tg_buf_str(out, "\"}");
  }
}

static struct tg_text headers_json(struct tg_buf *out, struct tg_text headers)
{
  struct tg_header h;
  uint32_t at = 0;
  if (!headers.len) return (struct tg_text){NULL, 0};
  tg_buf_clear(out);
  tg_buf_char(out, '[');
  while (tg_headers_next(headers, &at, &h)) {
    tg_buf_str(out, out->len > 1 ? ",[" : "[");
    header_json(out, h.name);
    tg_buf_char(out, ',');
    header_json(out, h.value);
    tg_buf_char(out, ']');
  }
  tg_buf_char(out, ']');
  return tg_buf_view(out);
}

struct tg_text tg_attempt_issues(struct tg_buf *out, const struct tg_issue *first)
{
  if (!first || !first->next) return (struct tg_text){NULL, 0};
  tg_buf_clear(out);
  for (const struct tg_issue *i = first; i; i = i->next) {
    tg_buf_printf(out, "%s{\"fate\":\"%s\",\"stage\":\"%s\",\"rule\":", i == first ? "[" : ",",
                  tg_fate_name(i->fate), tg_stage_name(i->stage));
    header_json(out, tg_text(i->rule));
    tg_buf_str(out, ",\"field\":");
    header_json(out, i->field);
    tg_buf_str(out, ",\"reason\":");
    header_json(out, i->reason);
    tg_buf_char(out, '}');
  }
  tg_buf_char(out, ']');
  return tg_buf_view(out);
}

static void put_text(struct tg_loader *l, struct tg_text t)
{
  tg_copy_bytes(&l->piece, clean(&l->text, t));
}

static void put_json(struct tg_buf *out, struct tg_text json)
{
  if (json.ptr)
    tg_copy_jsonb(out, json);
  else
    tg_copy_null(out);
}

static void put_time(struct tg_buf *out, int64_t us)
{
  if (us >= 0)
    tg_copy_timestamptz(out, us);
  else
    tg_copy_null(out); /* the record has no time */
}

static const char quarantine_sql[] =
    "COPY tidegate.quarantine (partition_id, \"offset\", kafka_ts, value_size, topic, stage, rule, "
    "field, reason, issues, generation, key, value, headers) FROM STDIN (FORMAT binary)";

static void put_rejected(struct tg_attempt *a, const struct tg_batch *b, const struct tg_segment *s,
                         uint32_t row)
{
  static const struct tg_issue lost = {.stage = TG_STAGE_RULE};
  struct tg_loader *l = a->l;
  const struct tg_event *e = &b->events[row];
  const struct tg_issue *list = b->issues ? b->issues[row] : NULL, *issue = tg_issue_deciding(list);
  if (!issue) issue = &lost;
  tg_copy_fields(&l->piece, 14);
  tg_copy_int4(&l->piece, s->partition_id);
  tg_copy_int8(&l->piece, e->offset);
  put_time(&l->piece, e->kafka_us);
  tg_copy_int4(&l->piece, (int32_t)e->size);
  put_text(l, b->topic->name);
  put_text(l, tg_text(tg_stage_name(issue->stage)));
  put_text(l, tg_text(issue->rule));
  put_text(l, issue->field.len ? issue->field : (struct tg_text){NULL, 0});
  put_text(l, issue->reason.ptr
                  ? issue->reason
                  : tg_text("the reason was left out: too many issues in this batch"));
  put_json(&l->piece, tg_attempt_issues(&l->text, list));
  put_text(l, tg_text(a->load->generation ? a->load->generation : ""));
  tg_copy_bytes(&l->piece, e->key);
  tg_copy_bytes(&l->piece, e->value);
  put_json(&l->piece, headers_json(&l->text, e->headers));
}

static enum tg_rc put_segment(struct tg_attempt *a, const struct tg_batch *b,
                              const struct tg_segment *s, uint64_t *sent)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t r = s->row; rc == TG_OK && r < s->row + s->rows; r++) {
    if (b->fates[r] != TG_QUARANTINE) continue;
    put_rejected(a, b, s, r);
    ++*sent;
    if (a->l->text.failed) a->l->piece.failed = true;
    if (a->l->piece.len >= TG_PIECE_BYTES || a->l->piece.failed) rc = tg_attempt_copy_piece(a);
  }
  return rc;
}

static bool any_rejected(const struct tg_load *load)
{
  uint32_t counts[TG_FATES];
  for (uint32_t i = 0; i < load->batches_count; i++) {
    const struct tg_batch *b = &load->batches[i];
    for (uint32_t j = 0; j < b->segments_count; j++) {
      if (!tg_segment_live(b, &b->segments[j])) continue;
      tg_batch_tally(b, b->segments[j].row, b->segments[j].rows, counts);
      if (counts[TG_QUARANTINE]) return true;
    }
  }
  return false;
}

enum tg_rc tg_attempt_copy_quarantine(struct tg_attempt *a)
{
  struct tg_load *load = a->load;
  uint64_t sent = 0;
  if (!any_rejected(load)) return TG_OK;
  tg_buf_clear(&a->l->sql);
  tg_buf_printf(&a->l->sql, "%s%s", tg_attempt_begin(a), quarantine_sql);
  enum tg_rc rc = tg_attempt_copy_start(a, tg_buf_cstr(&a->l->sql));
  tg_buf_clear(&a->l->piece);
  tg_copy_header(&a->l->piece);
  for (uint32_t i = 0; i < load->batches_count; i++) {
    const struct tg_batch *b = &load->batches[i];
    for (uint32_t j = 0; rc == TG_OK && j < b->segments_count; j++)
      if (tg_segment_live(b, &b->segments[j])) rc = put_segment(a, b, &b->segments[j], &sent);
  }
  return rc == TG_OK ? tg_attempt_copy_end(a, "tidegate.quarantine", sent) : rc;
}
