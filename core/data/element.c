/* Values on the wire, one at a time: arrays are rare enough for this not to be tuned. */
#include "core/data/element.h"

#include "core/data/numeric.h"

#include <assert.h>

enum { EPOCH_2000_DAYS = 10957 };
#define EPOCH_2000_US INT64_C(946684800000000)

static char *put_number(char *p, uint64_t v, uint32_t bytes)
{
  for (uint32_t i = bytes; i--; v >>= 8) p[i] = (char)(v & 0xff);
  return p + bytes;
}

void tg_array_head(char out[TG_ARRAY_HEAD], struct tg_type element, uint32_t count, bool has_nulls)
{
  element.array = false;
  char *p = put_number(out, 1, 4);
  p = put_number(p, has_nulls, 4);
  p = put_number(p, tg_type_oid(element), 4);
  p = put_number(p, count, 4);
  put_number(p, 1, 4);
}

static void add_bytes(struct tg_buf *out, const void *bytes, uint32_t len)
{
  char head[4];
  put_number(head, len, 4);
  tg_buf_add(out, head, sizeof head);
  if (len) tg_buf_add(out, bytes, len);
}

static void add_number(struct tg_buf *out, uint64_t v, uint32_t bytes)
{
  char number[8];
  put_number(number, v, bytes);
  add_bytes(out, number, bytes);
}

static void add_int(struct tg_buf *out, struct tg_type t, int64_t v)
{
  char numeric[TG_NUMERIC_SCALED_BYTES];
  switch (t.kind) {
  case TG_INT2: add_number(out, (uint64_t)v, 2); break;
  case TG_INT4: add_number(out, (uint64_t)v, 4); break;
  case TG_DATE: add_number(out, (uint64_t)(v - EPOCH_2000_DAYS), 4); break;
  case TG_TIMESTAMPTZ:
  case TG_TIMESTAMP: add_number(out, (uint64_t)(v - EPOCH_2000_US), 8); break;
  case TG_NUMERIC:
    add_bytes(out, numeric, (uint32_t)(tg_numeric_scaled(v, t.scale, numeric) - numeric));
    break;
  default: add_number(out, (uint64_t)v, 8); break;
  }
}

static void add_float(struct tg_buf *out, struct tg_type t, double v)
{
  float narrow = (float)v;
  uint32_t bits4;
  uint64_t bits8;
  memcpy(&bits4, &narrow, sizeof bits4);
  memcpy(&bits8, &v, sizeof bits8);
  if (t.kind == TG_FLOAT4)
    add_number(out, bits4, 4);
  else
    add_number(out, bits8, 8);
}

static void add_digits(struct tg_buf *out, struct tg_text digits)
{
  size_t at = out->len;
  add_number(out, 0, 4); /* its bytes are the place of the length */
  out->len = at + 4;
  if (out->failed || !tg_buf_reserve(out, tg_numeric_bytes(digits))) return;
  char *from = out->ptr + out->len, *end = tg_numeric_text(digits, from);
  assert(end);
  put_number(out->ptr + at, (uint64_t)(end - from), 4);
  out->len += (size_t)(end - from);
}

static void add_text(struct tg_buf *out, struct tg_type t, struct tg_text text)
{
  if (t.kind == TG_NUMERIC) {
    add_digits(out, text);
    return;
  }
  char head[5] = {0, 0, 0, 0, 1}; /* jsonb: a version byte before the text */
  uint32_t version = t.kind == TG_JSONB;
  put_number(head, text.len + version, 4);
  tg_buf_add(out, head, 4 + version);
  if (text.len) tg_buf_add(out, text.ptr, text.len);
}

void tg_element_put(struct tg_buf *out, const struct tg_column *c, uint32_t row)
{
  uint8_t truth = tg_type_store(c->type) == TG_STORE_MASK && c->v.mask[row] == TG_TRUE;
  char span[16];
  if (tg_column_is_null(c, row)) {
    char none[4] = {-1, -1, -1, -1};
    tg_buf_add(out, none, sizeof none);
    return;
  }
  switch (tg_type_store(c->type)) {
  case TG_STORE_MASK: add_bytes(out, &truth, 1); break;
  case TG_STORE_INT: add_int(out, c->type, c->v.ints[row]); break;
  case TG_STORE_FLOAT: add_float(out, c->type, c->v.floats[row]); break;
  case TG_STORE_TEXT: add_text(out, c->type, c->v.texts[row]); break;
  case TG_STORE_UUID: add_bytes(out, &c->v.uuids[row], 16); break;
  case TG_STORE_SPAN:
    put_number(span, (uint64_t)c->v.spans[row].us, 8);
    put_number(span + 8, (uint64_t)(int64_t)c->v.spans[row].days, 4);
    put_number(span + 12, (uint64_t)(int64_t)c->v.spans[row].months, 4);
    add_bytes(out, span, sizeof span);
    break;
  }
}
