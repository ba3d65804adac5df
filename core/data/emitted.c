/* Records for Kafka out of columns, and their packed form. */
#include "core/data/emitted.h"

#include <stdio.h>

enum { ABSENT = 0xffffffffu, RECORD_BYTES_MAX = 1 << 30 };

/* --- packing --- */

static void put32(struct tg_buf *out, uint32_t v)
{
  char bytes[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};
  tg_buf_add(out, bytes, sizeof bytes);
}

static void put64(struct tg_buf *out, int64_t v)
{
  put32(out, (uint32_t)v);
  put32(out, (uint32_t)((uint64_t)v >> 32));
}

static void put_text(struct tg_buf *out, struct tg_text t)
{
  put32(out, t.ptr ? t.len : ABSENT);
  if (t.len) tg_buf_text(out, t);
}

void tg_packed_add(struct tg_buf *out, const struct tg_packed *r)
{
  size_t texts = (size_t)r->topic.len + r->key.len + r->value.len + r->headers.len;
  put32(out, (uint32_t)(8 + 16 + 16 + texts));
  put32(out, r->number);
  put32(out, r->kind);
  put64(out, r->offset);
  put64(out, r->us);
  put_text(out, r->topic);
  put_text(out, r->key);
  put_text(out, r->value);
  put_text(out, r->headers);
}

struct reader {
  const uint8_t *ptr;
  size_t left;
  bool bad;
};

static uint32_t get32(struct reader *r)
{
  if (r->left < 4) return r->bad = true, 0;
  const uint8_t *p = r->ptr;
  r->ptr += 4, r->left -= 4;
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static int64_t get64(struct reader *r)
{
  uint64_t low = get32(r);
  return (int64_t)(low | (uint64_t)get32(r) << 32);
}

static struct tg_text get_text(struct reader *r)
{
  uint32_t len = get32(r);
  if (len == ABSENT) return (struct tg_text){NULL, 0};
  if (len > r->left) return r->bad = true, (struct tg_text){NULL, 0};
  struct tg_text t = tg_text_of((const char *)r->ptr, len);
  r->ptr += len, r->left -= len;
  return t;
}

enum tg_rc tg_packed_next(struct tg_text bytes, size_t *at, struct tg_packed *out)
{
  if (*at >= bytes.len) return TG_AGAIN;
  struct reader r = {(const uint8_t *)bytes.ptr + *at, bytes.len - *at, false};
  uint32_t size = get32(&r);
  if (r.bad || size > r.left) return TG_DATA;
  *at += 4 + (size_t)size;
  r.left = size;
  out->number = get32(&r);
  out->kind = get32(&r);
  out->offset = get64(&r);
  out->us = get64(&r);
  out->topic = get_text(&r);
  out->key = get_text(&r);
  out->value = get_text(&r);
  out->headers = get_text(&r);
  return r.bad || r.left || !out->topic.len ? TG_DATA : TG_OK;
}

void tg_headers_add(struct tg_buf *out, struct tg_text name, struct tg_text value)
{
  uint32_t none = ABSENT;
  tg_buf_add(out, &name.len, sizeof name.len);
  tg_buf_text(out, name);
  tg_buf_add(out, value.ptr ? &value.len : &none, sizeof value.len);
  if (value.len) tg_buf_text(out, value);
}

/* --- making records --- */

struct making {
  struct tg_batch *b;
  const struct tg_emit_spec *spec;
  struct tg_buf value, headers; /* of the record being made */
};

/* The row goes to the quarantine: what it emits is not what the script meant. */
static void refuse(struct making *m, uint32_t row, struct tg_text field, const char *why)
{
  char reason[400];
  snprintf(reason, sizeof reason, "emit to %.250s: %s", m->spec->topic, why);
  struct tg_issue issue = {.fate = TG_QUARANTINE,
                           .stage = TG_STAGE_TRANSFORM,
                           .field = field,
                           .reason = tg_text(reason)};
  tg_batch_issue(m->b, row, &issue);
}

/* True when the value is a fault, which is told. */
static bool is_fault(struct making *m, const struct tg_column *c, uint32_t row, struct tg_text name)
{
  enum tg_nul nul = c ? tg_column_nul(c, row) : TG_SOME;
  if (nul <= TG_NULL) return false;
  char why[128];
  snprintf(why, sizeof why, "%.*s: %s", TG_TEXT(name), tg_nul_text(nul));
  refuse(m, row, name, why);
  return true;
}

static bool any_fault(struct making *m, uint32_t row)
{
  const struct tg_emit_spec *s = m->spec;
  if (is_fault(m, s->key, row, tg_text("key")) || is_fault(m, s->value, row, tg_text("value")))
    return true;
  for (uint32_t i = 0; i < s->members_count; i++)
    if (is_fault(m, s->members[i].text, row, s->members[i].name)) return true;
  for (uint32_t i = 0; i < s->headers_count; i++)
    if (is_fault(m, s->headers[i].text, row, s->headers[i].name)) return true;
  return false;
}

static struct tg_text text_at(const struct tg_column *c, uint32_t row)
{
  if (!c || tg_column_is_null(c, row)) return (struct tg_text){NULL, 0};
  struct tg_text t = c->v.texts[row];
  return t.ptr ? t : tg_text("");
}

/* NaN and infinities have no form of their own in JSON. */
static bool is_bare(struct tg_text t)
{
  const char *p = t.ptr + (t.len > 1 && t.ptr[0] == '-');
  return *p != 'N' && *p != 'I';
}

static void add_member(struct tg_buf *out, const struct tg_emit_part *p, uint32_t row)
{
  struct tg_text t = text_at(p->text, row);
  tg_buf_json(out, p->name);
  tg_buf_char(out, ':');
  if (!t.ptr)
    tg_buf_str(out, "null");
  else if (p->quoted || !t.len || !is_bare(t))
    tg_buf_json(out, t);
  else
    tg_buf_text(out, t);
}

static struct tg_text make_value(struct making *m, uint32_t row)
{
  const struct tg_emit_spec *s = m->spec;
  if (s->value) return text_at(s->value, row);
  tg_buf_clear(&m->value);
  tg_buf_char(&m->value, '{');
  for (uint32_t i = 0; i < s->members_count; i++) {
    if (i) tg_buf_char(&m->value, ',');
    add_member(&m->value, &s->members[i], row);
  }
  tg_buf_char(&m->value, '}');
  return tg_buf_view(&m->value);
}

static struct tg_text make_headers(struct making *m, uint32_t row)
{
  const struct tg_emit_spec *s = m->spec;
  tg_buf_clear(&m->headers);
  for (uint32_t i = 0; i < s->headers_count; i++)
    tg_headers_add(&m->headers, s->headers[i].name, text_at(s->headers[i].text, row));
  return m->headers.len ? tg_buf_view(&m->headers) : (struct tg_text){NULL, 0};
}

static struct tg_text keep(struct tg_batch *b, struct tg_text t, bool *full)
{
  if (!t.ptr) return t;
  struct tg_text kept = tg_arena_copy(b->arena, t);
  *full |= !kept.ptr;
  return kept;
}

/* The record of one row; *made when there is one. False: no memory. */
static bool make_one(struct making *m, uint32_t row, struct tg_emitted *out, bool *made)
{
  bool full = false;
  *made = false;
  if (any_fault(m, row)) return true;
  struct tg_text key = text_at(m->spec->key, row), value = make_value(m, row);
  struct tg_text headers = make_headers(m, row);
  if (m->value.failed || m->headers.failed) return false;
  size_t size = (size_t)key.len + value.len + headers.len + TG_EMIT_OVERHEAD;
  if (size > m->spec->bytes_max) {
    char why[128];
    snprintf(why, sizeof why, "its record takes %zu bytes, kafka.output_bytes_max is %u", size,
             m->spec->bytes_max);
    return refuse(m, row, (struct tg_text){NULL, 0}, why), true;
  }
  *out = (struct tg_emitted){row, keep(m->b, key, &full), keep(m->b, value, &full),
                             keep(m->b, headers, &full)};
  *made = !full;
  return !full;
}

/* Live, and the condition holds; a fault in the condition is told. */
static bool wanted(struct making *m, uint32_t row)
{
  const struct tg_column *mask = m->spec->mask;
  if (m->b->fates[row] > TG_TAG) return false;
  if (!mask) return true;
  if (is_fault(m, mask, row, tg_text("its condition"))) return false;
  return mask->v.mask[row] == TG_TRUE;
}

static uint32_t count_wanted(const struct tg_batch *b, const struct tg_column *mask)
{
  uint32_t n = 0;
  for (uint32_t row = 0; row < b->rows; row++)
    n += b->fates[row] <= TG_TAG && (!mask || mask->v.mask[row] == TG_TRUE);
  return n;
}

static void append(struct tg_batch *b, struct tg_emit *e)
{
  struct tg_emit **last = &b->emits;
  while (*last) last = &(*last)->next;
  e->next = NULL;
  e->number = b->emits_count++;
  *last = e;
}

static bool make_all(struct making *m, struct tg_emit *e, struct tg_op *op)
{
  bool made, good = true;
  for (uint32_t row = 0; good && row < m->b->rows; row++) {
    if (row % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    if (!wanted(m, row)) continue;
    good = make_one(m, row, &e->list[e->count], &made);
    e->count += made;
  }
  return good || (tg_err_set(op->err, TG_FULL, "load.bytes", "no room for what is emitted"), false);
}

bool tg_emit_rows(struct tg_batch *b, const struct tg_emit_spec *spec, struct tg_op *op)
{
  struct making m = {.b = b, .spec = spec};
  struct tg_emit *e = tg_arena_zalloc(b->arena, 1, sizeof *e);
  uint32_t count = count_wanted(b, spec->mask);
  if (e) e->list = tg_arena_alloc(b->arena, (count + 1) * sizeof *e->list);
  if (!e || !e->list)
    return tg_err_set(op->err, TG_FULL, "load.bytes", "no room for what is emitted"), false;
  e->topic = spec->topic;
  tg_buf_init(&m.value, RECORD_BYTES_MAX);
  tg_buf_init(&m.headers, RECORD_BYTES_MAX);
  bool good = make_all(&m, e, op);
  tg_buf_fini(&m.value);
  tg_buf_fini(&m.headers);
  if (good) append(b, e);
  return good;
}

void tg_emit_adopt(struct tg_batch *b, struct tg_emit *emits, const uint32_t *rows)
{
  for (struct tg_emit *e = emits, *next; e; e = next) {
    next = e->next;
    for (uint32_t i = 0; rows && i < e->count; i++) e->list[i].row = rows[e->list[i].row];
    append(b, e);
  }
}
