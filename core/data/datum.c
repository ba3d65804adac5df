/* Values in canonical bytes. */
#include "core/data/datum.h"
#include "core/data/decimal.h"
#include "core/data/hash.h"
#include "core/data/jsonread.h"
#include "core/data/order.h"

#include <math.h>
#include <stdio.h>

enum { WORD = 8, DIGITS_FIT = 18, LONG_HASH = 16, SHOWN_SIZE = 300 };

static void put_word(uint8_t *out, uint64_t v)
{
  for (int i = 0; i < WORD; i++) out[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t word_at(const uint8_t *p)
{
  uint64_t v = 0;
  for (int i = WORD - 1; i >= 0; i--) v = v << 8 | p[i];
  return v;
}

static void set_word(struct tg_datum *d, enum tg_datum_tag tag, uint64_t v)
{
  d->head[0] = (uint8_t)tag;
  put_word(d->head + 1, v);
  d->head_len = 1 + WORD;
}

static void set_tail(struct tg_datum *d, enum tg_datum_tag tag, struct tg_text t)
{
  d->head[0] = (uint8_t)tag;
  for (int i = 0; i < 4; i++) d->head[1 + i] = (uint8_t)(t.len >> (8 * i));
  d->head_len = 5;
  d->tail = t;
}

static void set_tag(struct tg_datum *d, enum tg_datum_tag tag)
{
  d->head[0] = (uint8_t)tag;
  d->head_len = 1;
}

/* digits * 10^-scale without trailing zeros. */
static void set_decimal(struct tg_datum *d, int64_t digits, uint32_t scale)
{
  while (scale && digits % 10 == 0) digits /= 10, scale--;
  if (!scale) {
    set_word(d, TG_DATUM_WHOLE, (uint64_t)digits);
    return;
  }
  d->head[0] = TG_DATUM_DECIMAL, d->head[1] = (uint8_t)scale;
  put_word(d->head + 2, (uint64_t)digits);
  d->head_len = 2 + WORD;
}

static void set_float(struct tg_datum *d, double f)
{
  uint64_t bits;
  if (f >= -0x1p63 && f < 0x1p63 && floor(f) == f) {
    set_word(d, TG_DATUM_WHOLE, (uint64_t)(int64_t)f);
    return;
  }
  if (isnan(f)) f = (double)NAN;
  memcpy(&bits, &f, sizeof bits);
  set_word(d, TG_DATUM_FLOAT, isnan(f) ? UINT64_C(0x7ff8000000000000) : bits);
}

/* Digits of any length; false when the text is no number. Digits are counted without the zeros at
 * both ends. */
static bool set_digits(struct tg_datum *d, struct tg_text t, struct tg_arena *arena)
{
  struct tg_decimal n;
  int64_t scaled;
  if (!tg_decimal_parse(t, &n)) return false;
  while (n.fraction.len && n.fraction.ptr[n.fraction.len - 1] == '0') n.fraction.len--;
  int64_t scale = (int64_t)n.whole.len + n.fraction.len - n.point;
  if (scale <= DIGITS_FIT && tg_decimal_scaled(&n, scale < 0 ? 0 : (uint32_t)scale, &scaled)) {
    set_decimal(d, scaled, scale < 0 ? 0 : (uint32_t)scale);
    return true;
  }
  char *out = tg_arena_bytes(arena, TG_DECIMAL_TEXT_MAX);
  uint32_t len = out ? tg_decimal_digits(&n, (struct tg_type){.kind = TG_NUMERIC}, out) : 0;
  while (len && memchr(out, '.', len) && out[len - 1] == '0') len--;
  if (len && out[len - 1] == '.') len--;
  set_tail(d, TG_DATUM_WIDE, len ? tg_text_of(out, len) : t);
  return true;
}

static bool set_string(struct tg_datum *d, struct tg_text raw, struct tg_arena *arena)
{
  struct tg_text inner = tg_text_of(raw.ptr + 1, raw.len - 2);
  if (inner.len && memchr(inner.ptr, '\\', inner.len)) {
    char *plain = tg_arena_bytes(arena, inner.len);
    if (!plain) return false;
    inner = tg_text_of(plain, tg_jsonread_unescape(inner, plain));
  }
  set_tail(d, TG_DATUM_TEXT, inner);
  return true;
}

static bool set_json(struct tg_datum *d, struct tg_text t, struct tg_arena *arena)
{
  char first = t.len ? *t.ptr : '\0';
  if (first == '"' && t.len >= 2) return set_string(d, t, arena);
  if (tg_text_is(t, "null"))
    set_tag(d, TG_DATUM_NULL);
  else if (tg_text_is(t, "true"))
    set_tag(d, TG_DATUM_TRUE);
  else if (tg_text_is(t, "false"))
    set_tag(d, TG_DATUM_FALSE);
  else if (first == '{' || first == '[' || !set_digits(d, t, arena))
    set_tail(d, TG_DATUM_JSON, t);
  return true;
}

static void set_span(struct tg_datum *d, struct tg_span s)
{
  __int128 us = ((__int128)s.months * 30 + s.days) * 86400000000 + s.us;
  d->head[0] = TG_DATUM_INTERVAL;
  put_word(d->head + 1, (uint64_t)us);
  put_word(d->head + 1 + WORD, (uint64_t)((unsigned __int128)us >> 64));
  d->head_len = 1 + 2 * WORD;
}

static void set_int(struct tg_datum *d, const struct tg_column *c, int64_t v)
{
  switch (c->type.kind) {
  case TG_DATE: set_word(d, TG_DATUM_DATE, (uint64_t)v); return;
  case TG_TIMESTAMPTZ: set_word(d, TG_DATUM_TIMESTAMPTZ, (uint64_t)v); return;
  case TG_TIMESTAMP: set_word(d, TG_DATUM_TIMESTAMP, (uint64_t)v); return;
  case TG_TIME: set_word(d, TG_DATUM_TIME, (uint64_t)v); return;
  default: set_decimal(d, v, c->type.scale); return;
  }
}

static bool set_text(struct tg_datum *d, struct tg_type type, struct tg_text t,
                     struct tg_arena *arena)
{
  if (type.array || type.kind == TG_INET) {
    set_tail(d, TG_DATUM_OPAQUE, t);
    return true;
  }
  if (type.kind == TG_JSON || type.kind == TG_JSONB) return set_json(d, t, arena);
  if (type.kind == TG_NUMERIC && set_digits(d, t, arena)) return true;
  set_tail(d, type.kind == TG_BYTEA ? TG_DATUM_BYTES : TG_DATUM_TEXT, t);
  return true;
}

bool tg_datum_of(struct tg_arena *arena, const struct tg_column *c, uint32_t row,
                 struct tg_datum *d)
{
  d->tail = (struct tg_text){0};
  if (tg_column_is_null(c, row)) {
    set_tag(d, TG_DATUM_NULL);
    return true;
  }
  switch (tg_type_store(c->type)) {
  case TG_STORE_MASK:
    set_tag(d, c->v.mask[row] == TG_TRUE ? TG_DATUM_TRUE : TG_DATUM_FALSE);
    return true;
  case TG_STORE_INT: set_int(d, c, c->v.ints[row]); return true;
  case TG_STORE_FLOAT: set_float(d, c->v.floats[row]); return true;
  case TG_STORE_SPAN: set_span(d, c->v.spans[row]); return true;
  case TG_STORE_UUID:
    d->head[0] = TG_DATUM_UUID;
    memcpy(d->head + 1, &c->v.uuids[row], sizeof *c->v.uuids);
    d->head_len = 1 + sizeof *c->v.uuids;
    return true;
  default: return set_text(d, c->type, c->v.texts[row], arena);
  }
}

uint64_t tg_datum_hash(const struct tg_datum *d)
{
  if (d->head_len == 1 + WORD)
    return tg_hash_word(word_at(d->head + 1) ^ (uint64_t)d->head[0] << 56);
  uint64_t seed = tg_hash_bytes(d->head, d->head_len, 0);
  return d->tail.len ? tg_hash_bytes(d->tail.ptr, d->tail.len, seed) : seed;
}

bool tg_datum_shorten(struct tg_arena *arena, struct tg_datum *d, size_t max)
{
  if (tg_datum_size(d) <= max) return true;
  char *out = tg_arena_bytes(arena, max);
  if (!out) return false;
  uint64_t first = tg_datum_hash(d), second = tg_hash_bytes(d->tail.ptr, d->tail.len, first);
  size_t kept = max - d->head_len - LONG_HASH;
  put_word((uint8_t *)out, first);
  put_word((uint8_t *)out + WORD, second);
  memcpy(out + LONG_HASH, d->tail.ptr, kept);
  set_tail(d, TG_DATUM_LONG, tg_text_of(out, kept + LONG_HASH));
  return true;
}

bool tg_datum_tuple(struct tg_arena *arena, const struct tg_datum *parts, uint32_t count,
                    struct tg_datum *out)
{
  size_t size = 0, at = 0;
  for (uint32_t i = 0; i < count; i++) size += tg_datum_size(&parts[i]);
  char *bytes = size < UINT32_MAX ? tg_arena_bytes(arena, size) : NULL;
  if (!bytes) return false;
  for (uint32_t i = 0; i < count; i++) {
    tg_datum_put(&parts[i], (uint8_t *)bytes + at);
    at += tg_datum_size(&parts[i]);
  }
  set_tail(out, TG_DATUM_TUPLE, tg_text_of(bytes, size));
  return true;
}

bool tg_datum_next(struct tg_text *tail, struct tg_datum *out)
{
  size_t size = tail->len ? tg_datum_read((const uint8_t *)tail->ptr, tail->len, out) : 0;
  if (!size) return false;
  *tail = tg_text_of(tail->ptr + size, tail->len - size);
  return true;
}

void tg_datum_put(const struct tg_datum *d, uint8_t *out)
{
  memcpy(out, d->head, d->head_len);
  if (d->tail.len) memcpy(out + d->head_len, d->tail.ptr, d->tail.len);
}

/* Bytes of the head by tag; 5 means that a tail follows. */
static size_t head_size(uint8_t tag)
{
  switch (tag) {
  case TG_DATUM_NULL:
  case TG_DATUM_FALSE:
  case TG_DATUM_TRUE: return 1;
  case TG_DATUM_WHOLE:
  case TG_DATUM_FLOAT:
  case TG_DATUM_DATE:
  case TG_DATUM_TIMESTAMPTZ:
  case TG_DATUM_TIMESTAMP:
  case TG_DATUM_TIME: return 1 + WORD;
  case TG_DATUM_DECIMAL: return 2 + WORD;
  case TG_DATUM_UUID:
  case TG_DATUM_INTERVAL: return 1 + 2 * WORD;
  default: return tag < TG_DATUM_TAGS ? 5 : 0;
  }
}

/* Values to the last byte, none of them a tuple: reading does not recurse further. */
static bool is_tuple(struct tg_text tail)
{
  struct tg_datum part;
  while (tail.len && *tail.ptr != TG_DATUM_TUPLE && tg_datum_next(&tail, &part)) {}
  return tail.len == 0;
}

/* What no writer writes: a decimal with a trailing zero, digits that are none. */
static bool is_sound(const struct tg_datum *d)
{
  struct tg_decimal n;
  switch (tg_datum_tag(d)) {
  case TG_DATUM_DECIMAL:
    return d->head[1] >= 1 && d->head[1] <= DIGITS_FIT && (int64_t)word_at(d->head + 2) % 10 != 0;
  case TG_DATUM_WIDE: return tg_decimal_parse(d->tail, &n);
  case TG_DATUM_LONG: return d->tail.len >= LONG_HASH;
  case TG_DATUM_TUPLE: return is_tuple(d->tail);
  default: return true;
  }
}

size_t tg_datum_read(const uint8_t *bytes, size_t size, struct tg_datum *d)
{
  size_t head = size ? head_size(bytes[0]) : 0;
  if (!head || head > size) return 0;
  memcpy(d->head, bytes, head);
  d->head_len = (uint8_t)head;
  d->tail = (struct tg_text){0};
  if (head == 5) {
    uint32_t len = 0;
    for (int i = 0; i < 4; i++) len |= (uint32_t)bytes[1 + i] << (8 * i);
    if (len > size - head) return 0;
    d->tail = tg_text_of((const char *)bytes + head, len);
  }
  return is_sound(d) ? head + d->tail.len : 0;
}

static struct tg_type type_by_tag(enum tg_datum_tag tag)
{
  static const enum tg_kind kinds[TG_DATUM_TAGS] = {
      [TG_DATUM_FALSE] = TG_BOOL,
      [TG_DATUM_TRUE] = TG_BOOL,
      [TG_DATUM_WHOLE] = TG_INT8,
      [TG_DATUM_DECIMAL] = TG_NUMERIC,
      [TG_DATUM_FLOAT] = TG_FLOAT8,
      [TG_DATUM_WIDE] = TG_NUMERIC,
      [TG_DATUM_TEXT] = TG_TEXT_KIND,
      [TG_DATUM_BYTES] = TG_BYTEA,
      [TG_DATUM_UUID] = TG_UUID,
      [TG_DATUM_DATE] = TG_DATE,
      [TG_DATUM_TIMESTAMPTZ] = TG_TIMESTAMPTZ,
      [TG_DATUM_TIMESTAMP] = TG_TIMESTAMP,
      [TG_DATUM_TIME] = TG_TIME,
      [TG_DATUM_INTERVAL] = TG_INTERVAL,
  };
  return (struct tg_type){.kind = kinds[tag]};
}

static struct tg_span span_at(const uint8_t *p)
{
  __int128 us = (__int128)((unsigned __int128)word_at(p + WORD) << 64 | word_at(p));
  __int128 days = us / 86400000000;
  if (days > INT32_MAX || days < INT32_MIN)
    return (struct tg_span){.us = us < 0 ? INT64_MIN : INT64_MAX};
  return (struct tg_span){.us = (int64_t)(us % 86400000000), .days = (int32_t)days};
}

bool tg_datum_row(const struct tg_datum *d, struct tg_datum_row *out)
{
  enum tg_datum_tag tag = tg_datum_tag(d);
  if (tag == TG_DATUM_NULL || tag >= TG_DATUM_JSON) return false;
  *out = (struct tg_datum_row){.c = {.type = type_by_tag(tag), .rows = 1}};
  out->c.v.any = &out->v;
  uint64_t word = d->head_len == 1 + WORD ? word_at(d->head + 1) : 0;
  switch (tag) {
  case TG_DATUM_FALSE:
  case TG_DATUM_TRUE: out->v.mask = tag == TG_DATUM_TRUE ? TG_TRUE : TG_FALSE; break;
  case TG_DATUM_FLOAT: memcpy(&out->v.f, &word, sizeof word); break;
  case TG_DATUM_DECIMAL:
    out->c.type = (struct tg_type){TG_NUMERIC, false, true, DIGITS_FIT, d->head[1], 0};
    out->v.i = (int64_t)word_at(d->head + 2);
    break;
  case TG_DATUM_UUID: memcpy(&out->v.uuid, d->head + 1, sizeof out->v.uuid); break;
  case TG_DATUM_INTERVAL: out->v.span = span_at(d->head + 1); break;
  case TG_DATUM_WIDE:
  case TG_DATUM_TEXT:
  case TG_DATUM_BYTES: out->v.text = d->tail; break;
  default: out->v.i = (int64_t)word; break;
  }
  return true;
}

/* Value by value; a shorter tuple comes first. */
static int order_tuples(struct tg_text a, struct tg_text b)
{
  struct tg_datum x, y;
  for (;;) {
    bool left = tg_datum_next(&a, &x), right = tg_datum_next(&b, &y);
    if (!left || !right) return (int)left - (int)right;
    int c = tg_datum_order(&x, &y);
    if (c) return c;
  }
}

static int order_bytes(const struct tg_datum *a, const struct tg_datum *b)
{
  int c = memcmp(a->head, b->head, a->head_len < b->head_len ? a->head_len : b->head_len);
  if (!c) c = tg_text_cmp(a->tail, b->tail);
  return (c > 0) - (c < 0);
}

int tg_datum_order(const struct tg_datum *a, const struct tg_datum *b)
{
  struct tg_datum_row x, y;
  bool rows = tg_datum_row(a, &x) && tg_datum_row(b, &y);
  if (rows && tg_order_of(x.c.type) == tg_order_of(y.c.type)) {
    int c = tg_order_rows(&x.c, 0, &y.c, 0);
    if (c) return c;
  }
  if (tg_datum_tag(a) == TG_DATUM_TUPLE && tg_datum_tag(b) == TG_DATUM_TUPLE)
    return order_tuples(a->tail, b->tail);
  int tags = (a->head[0] > b->head[0]) - (a->head[0] < b->head[0]);
  return tags ? tags : order_bytes(a, b);
}

/* "(a, 1)", as much of it as fits. */
static char *show_tuple(struct tg_text tail, char *out, size_t size)
{
  struct tg_datum part;
  char value[SHOWN_SIZE];
  size_t at = 0;
  while (tg_datum_next(&tail, &part) && at < size) {
    tg_datum_show(&part, value, sizeof value);
    at += (size_t)snprintf(out + at, size - at, "%s%s", at ? ", " : "(", value);
  }
  if (at < size) snprintf(out + at, size - at, ")");
  return out;
}

char *tg_datum_show(const struct tg_datum *d, char *out, size_t size)
{
  struct tg_datum_row row;
  if (tg_datum_row(d, &row)) return tg_column_show(&row.c, 0, out, size);
  if (tg_datum_tag(d) == TG_DATUM_NULL) {
    snprintf(out, size, "null");
    return out;
  }
  if (tg_datum_tag(d) == TG_DATUM_TUPLE) return show_tuple(d->tail, out, size);
  uint32_t skip = tg_datum_tag(d) == TG_DATUM_LONG ? LONG_HASH : 0;
  struct tg_text rest = tg_text_of(d->tail.ptr + skip, d->tail.len - skip);
  return tg_text_shown(rest, out, size);
}
