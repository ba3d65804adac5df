/* COPY BINARY. A plan is made per call: one slot per stored column with its encoder, so that a row
 * is a loop over slots. The room for everything of fixed size in a row is reserved before the row,
 * texts reserve their own. */
#include "core/data/copy.h"

#include "core/data/numeric.h"

#include <assert.h>
#include <endian.h>

#define EPOCH_2000_US   INT64_C(946684800000000) /* 2000-01-01 in unix microseconds */
#define EPOCH_2000_DAYS 10957

enum { TEXT_OID = 25, PROVENANCE_COLUMNS = 3, SLOTS_MAX = TG_FIELDS_MAX + PROVENANCE_COLUMNS };

/* --- bytes ------------------------------------------------------------------------------------ */

static inline char *put16(char *p, uint16_t v)
{
  v = htobe16(v);
  return (char *)memcpy(p, &v, sizeof v) + sizeof v;
}

static inline char *put32(char *p, uint32_t v)
{
  v = htobe32(v);
  return (char *)memcpy(p, &v, sizeof v) + sizeof v;
}

static inline char *put64(char *p, uint64_t v)
{
  v = htobe64(v);
  return (char *)memcpy(p, &v, sizeof v) + sizeof v;
}

static inline char *put_null(char *p)
{
  return put32(p, UINT32_MAX);
}

static inline char *put_field32(char *p, uint32_t v)
{
  return put32(put32(p, 4), v);
}

static inline char *put_field64(char *p, uint64_t v)
{
  return put64(put32(p, 8), v);
}

/* --- single fields ---------------------------------------------------------------------------- */

void tg_copy_header(struct tg_buf *out)
{
  tg_buf_add(out, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
}

void tg_copy_trailer(struct tg_buf *out)
{
  tg_buf_add(out, "\377\377", 2);
}

void tg_copy_fields(struct tg_buf *out, int16_t count)
{
  char bytes[2];
  tg_buf_add(out, bytes, (size_t)(put16(bytes, (uint16_t)count) - bytes));
}

void tg_copy_null(struct tg_buf *out)
{
  tg_buf_add(out, "\377\377\377\377", 4);
}

void tg_copy_bool(struct tg_buf *out, bool v)
{
  const char bytes[5] = {0, 0, 0, 1, v};
  tg_buf_add(out, bytes, sizeof bytes);
}

void tg_copy_int4(struct tg_buf *out, int32_t v)
{
  char bytes[8];
  tg_buf_add(out, bytes, (size_t)(put_field32(bytes, (uint32_t)v) - bytes));
}

void tg_copy_int8(struct tg_buf *out, int64_t v)
{
  char bytes[12];
  tg_buf_add(out, bytes, (size_t)(put_field64(bytes, (uint64_t)v) - bytes));
}

void tg_copy_bytes(struct tg_buf *out, struct tg_text v)
{
  char len[4];
  put32(len, v.ptr ? v.len : UINT32_MAX);
  tg_buf_add(out, len, sizeof len);
  if (v.ptr) tg_buf_text(out, v);
}

void tg_copy_timestamptz(struct tg_buf *out, int64_t unix_us)
{
  tg_copy_int8(out, unix_us - EPOCH_2000_US);
}

void tg_copy_jsonb(struct tg_buf *out, struct tg_text json)
{
  char head[5];
  if (!json.ptr) return tg_copy_null(out);
  put32(head, json.len + 1);
  head[4] = 1;
  tg_buf_add(out, head, sizeof head);
  tg_buf_text(out, json);
}

void tg_copy_name(struct tg_text name, struct tg_buf *sql)
{
  tg_buf_char(sql, '"');
  for (uint32_t i = 0; i < name.len; i++) {
    if (name.ptr[i] == '"') tg_buf_char(sql, '"');
    tg_buf_char(sql, name.ptr[i]);
  }
  tg_buf_char(sql, '"');
}

void tg_copy_columns(const struct tg_topic *topic, struct tg_buf *sql)
{
  const char *between = "";
  for (uint32_t i = 0; i < topic->fields_count; i++) {
    if (topic->fields[i].unstored) continue;
    tg_buf_str(sql, between);
    tg_copy_name(topic->fields[i].name, sql);
    between = ", ";
  }
  if (topic->provenance) {
    tg_buf_str(sql, between);
    tg_buf_str(sql, "\"_part\", \"_offset\", \"_issues\"");
  }
}

/* --- the plan --------------------------------------------------------------------------------- */

/* How a column's values become a field. */
enum encoder {
  AS_NULL, /* no column */
  AS_BOOL,
  AS_INT2,
  AS_INT4,
  AS_INT8,
  AS_DATE,
  AS_TIMESTAMP,
  AS_FLOAT4,
  AS_FLOAT8,
  AS_NUMERIC,
  AS_DIGITS,
  AS_BYTES,
  AS_JSONB,
  AS_UUID,
  AS_SPAN
};

/* (encoder, the most bytes a field takes without the bytes of its text) */
static const uint8_t fixed_bytes[] = {
    [AS_NULL] = 4,        [AS_BOOL] = 5,
    [AS_INT2] = 6,        [AS_INT4] = 8,
    [AS_INT8] = 12,       [AS_DATE] = 8,
    [AS_TIMESTAMP] = 12,  [AS_FLOAT4] = 8,
    [AS_FLOAT8] = 12,     [AS_NUMERIC] = 4 + TG_NUMERIC_SCALED_BYTES,
    [AS_DIGITS] = 4 + 16, [AS_BYTES] = 4,
    [AS_JSONB] = 5,       [AS_UUID] = 20,
    [AS_SPAN] = 20,
};

struct slot {
  enum encoder encoder;
  uint32_t scale;
  const uint8_t *nul;
  const struct tg_column *column;
};

struct plan {
  const struct tg_batch *batch;
  struct tg_buf *out;
  char *end;        /* of out's room */
  size_t row_bytes; /* what a row takes without texts and issues */
  uint32_t slots_count;
  struct slot slots[SLOTS_MAX];
};

static enum encoder int_encoder(enum tg_kind kind)
{
  switch (kind) {
  case TG_INT2: return AS_INT2;
  case TG_INT4: return AS_INT4;
  case TG_NUMERIC: return AS_NUMERIC;
  case TG_DATE: return AS_DATE;
  case TG_TIMESTAMPTZ:
  case TG_TIMESTAMP: return AS_TIMESTAMP;
  default: return AS_INT8;
  }
}

static enum encoder encoder_of(struct tg_type t)
{
  switch (tg_type_store(t)) {
  case TG_STORE_MASK: return AS_BOOL;
  case TG_STORE_INT: return int_encoder(t.kind);
  case TG_STORE_FLOAT: return t.kind == TG_FLOAT4 ? AS_FLOAT4 : AS_FLOAT8;
  case TG_STORE_UUID: return AS_UUID;
  case TG_STORE_SPAN: return AS_SPAN;
  case TG_STORE_TEXT: break;
  }
  if (t.array) return AS_BYTES;
  return t.kind == TG_NUMERIC ? AS_DIGITS : t.kind == TG_JSONB ? AS_JSONB : AS_BYTES;
}

static void plan_make(struct plan *p, const struct tg_batch *b, struct tg_buf *out)
{
  p->batch = b, p->out = out, p->end = out->ptr + out->size;
  p->slots_count = 0;
  p->row_bytes = 2 + 8 + 12 + 4; /* field count, _part, _offset, null for _issues */
  assert(b->topic->fields_count <= TG_FIELDS_MAX);
  for (uint32_t i = 0; i < b->topic->fields_count; i++) {
    const struct tg_field *f = &b->topic->fields[i];
    const struct tg_column *c = b->columns[i];
    if (f->unstored) continue;
    struct slot *s = &p->slots[p->slots_count++];
    *s = (struct slot){.encoder = AS_NULL, .scale = f->type.scale, .column = c};
    if (c) s->nul = c->nul, s->encoder = encoder_of(f->type);
    p->row_bytes += fixed_bytes[s->encoder];
  }
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Room for n more bytes behind at; returns where at is now, NULL when there is none. */
static char *room(struct plan *p, char *at, size_t n)
{
  if ((size_t)(p->end - at) >= n) return at;
  p->out->len = (size_t)(at - p->out->ptr);
  if (!tg_buf_reserve(p->out, n)) return NULL;
  p->end = p->out->ptr + p->out->size;
  return p->out->ptr + p->out->len;
}

/* memcpy for what is mostly short: two overlapping words instead of a call. */
static inline void copy_short(char *to, const char *from, uint32_t len)
{
  if (len > 16) {
    memcpy(to, from, len);
  } else if (len >= 8) {
    memcpy(to, from, 8);
    memcpy(to + len - 8, from + len - 8, 8);
  } else if (len >= 4) {
    memcpy(to, from, 4);
    memcpy(to + len - 4, from + len - 4, 4);
  } else {
    for (uint32_t i = 0; i < len; i++) to[i] = from[i];
  }
}

static char *put_bytes(struct plan *p, char *at, struct tg_text t)
{
  at = room(p, at, p->row_bytes + t.len);
  if (!at) return NULL;
  at = put32(at, t.len);
  copy_short(at, t.ptr, t.len);
  return at + t.len;
}

static char *put_jsonb(struct plan *p, char *at, struct tg_text t)
{
  at = room(p, at, p->row_bytes + t.len);
  if (!at) return NULL;
  at = put32(at, t.len + 1);
  *at++ = 1;
  copy_short(at, t.ptr, t.len);
  return at + t.len;
}

/* Digits that the decoder or an operation wrote; anything else is a mistake of ours, which must not
 * be loaded. */
static char *put_digits(struct plan *p, char *at, struct tg_text t)
{
  at = room(p, at, p->row_bytes + tg_numeric_bytes(t));
  char *end = at ? tg_numeric_text(t, at + 4) : NULL;
  assert(!at || end);
  if (end) put32(at, (uint32_t)(end - at - 4));
  return end;
}

static char *put_numeric(char *at, int64_t v, uint32_t scale)
{
  char *end = tg_numeric_scaled(v, scale, at + 4);
  put32(at, (uint32_t)(end - at - 4));
  return end;
}

static char *put_float4(char *at, double v)
{
  float narrow = (float)v;
  uint32_t bits;
  memcpy(&bits, &narrow, sizeof bits);
  return put_field32(at, bits);
}

static char *put_float8(char *at, double v)
{
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  return put_field64(at, bits);
}

static char *put_span(char *at, struct tg_span v)
{
  at = put_field64(at, (uint64_t)v.us);
  put32(at - 12, 16);
  return put32(put32(at, (uint32_t)v.days), (uint32_t)v.months);
}

static inline char *put_slot(struct plan *p, const struct slot *s, uint32_t row, char *at)
{
  if (s->nul && s->nul[row]) return put_null(at);
  const struct tg_column *c = s->column;
  switch (s->encoder) {
  case AS_NULL: return put_null(at);
  case AS_BOOL:
    if (c->v.mask[row] == TG_UNKNOWN) return put_null(at);
    at = put32(at, 1);
    *at = c->v.mask[row] == TG_TRUE;
    return at + 1;
  case AS_INT2: return put16(put32(at, 2), (uint16_t)c->v.ints[row]);
  case AS_INT4: return put_field32(at, (uint32_t)c->v.ints[row]);
  case AS_INT8: return put_field64(at, (uint64_t)c->v.ints[row]);
  case AS_DATE: return put_field32(at, (uint32_t)(c->v.ints[row] - EPOCH_2000_DAYS));
  case AS_TIMESTAMP: return put_field64(at, (uint64_t)(c->v.ints[row] - EPOCH_2000_US));
  case AS_FLOAT4: return put_float4(at, c->v.floats[row]);
  case AS_FLOAT8: return put_float8(at, c->v.floats[row]);
  case AS_NUMERIC: return put_numeric(at, c->v.ints[row], s->scale);
  case AS_DIGITS: return put_digits(p, at, c->v.texts[row]);
  case AS_BYTES: return put_bytes(p, at, c->v.texts[row]);
  case AS_JSONB: return put_jsonb(p, at, c->v.texts[row]);
  case AS_UUID: return (char *)memcpy(put32(at, 16), &c->v.uuids[row], 16) + 16;
  case AS_SPAN: return put_span(at, c->v.spans[row]);
  }
  return NULL;
}

/* "rule: reason" as an element of a text array. */
static char *put_issue(struct plan *p, char *at, const struct tg_issue *issue)
{
  struct tg_text rule = tg_text(issue->rule);
  uint32_t len = issue->reason.len + (rule.ptr ? rule.len + 2 : 0);
  at = room(p, at, p->row_bytes + 4 + len);
  if (!at) return NULL;
  at = put32(at, len);
  if (rule.ptr) {
    memcpy(at, rule.ptr, rule.len);
    memcpy(at + rule.len, ": ", 2);
    at += rule.len + 2;
  }
  memcpy(at, issue->reason.ptr, issue->reason.len);
  return at + issue->reason.len;
}

/* The tags of a row as text[]: dimensions 1, no nulls, element type, length, lower bound 1,
 * elements. */
static char *put_issues(struct plan *p, char *at, const struct tg_issue *list)
{
  uint32_t count = 0;
  for (const struct tg_issue *i = list; i; i = i->next) count += i->fate == TG_TAG;
  if (!count) return put_null(at);
  at = room(p, at, p->row_bytes + 24);
  if (!at) return NULL;
  size_t start = (size_t)(at - p->out->ptr);
  at = put32(put32(put32(at + 4, 1), 0), TEXT_OID);
  at = put32(put32(at, count), 1);
  for (const struct tg_issue *i = list; i && at; i = i->next)
    if (i->fate == TG_TAG) at = put_issue(p, at, i);
  if (at) put32(p->out->ptr + start, (uint32_t)((size_t)(at - p->out->ptr) - start - 4));
  return at;
}

static char *put_row(struct plan *p, const struct tg_segment *s, uint32_t row, char *at)
{
  const struct tg_batch *b = p->batch;
  uint32_t extra = b->topic->provenance ? PROVENANCE_COLUMNS : 0;
  at = room(p, at, p->row_bytes);
  if (!at) return NULL;
  at = put16(at, (uint16_t)(p->slots_count + extra));
  for (uint32_t i = 0; i < p->slots_count && at; i++) at = put_slot(p, &p->slots[i], row, at);
  if (!extra || !at) return at;
  at = put_field32(at, (uint32_t)s->partition_id);
  at = put_field64(at, (uint64_t)b->events[row].offset);
  return put_issues(p, at, b->issues ? b->issues[row] : NULL);
}

/* The span's rows of segment s, up to `full` bytes. After a failure out ends with a whole row. */
static void put_segment(struct plan *p, const struct tg_segment *s, size_t full,
                        struct tg_copy_span *span)
{
  const uint8_t *fates = p->batch->fates;
  uint32_t end = s->row + s->rows < span->end ? s->row + s->rows : span->end;
  if (s->gone) span->row = end;
  for (; span->row < end && p->out->len < full; span->row++) {
    if (fates[span->row] > TG_TAG) continue;
    size_t before = p->out->len;
    char *at = put_row(p, s, span->row, p->out->ptr + before);
    p->out->len = at ? (size_t)(at - p->out->ptr) : before;
    p->out->failed |= !at;
    if (!at) return;
    span->written++;
  }
}

static uint32_t segment_of(const struct tg_batch *b, uint32_t row)
{
  uint32_t i = 0;
  while (i < b->segments_count && row >= b->segments[i].row + b->segments[i].rows) i++;
  return i;
}

void tg_copy_rows(const struct tg_batch *b, struct tg_copy_span *span, size_t piece,
                  struct tg_buf *out)
{
  struct plan p;
  assert(b->fates && b->columns && span->row <= span->end && span->end <= b->rows);
  if (!tg_buf_reserve(out, 1)) return;
  plan_make(&p, b, out);
  for (uint32_t i = segment_of(b, span->row);
       span->row < span->end && out->len < piece && !out->failed; i++)
    put_segment(&p, &b->segments[i], piece, span);
}
