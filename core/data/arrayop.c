/* Columns of arrays: their payload taken apart. */
#include "core/data/arrayop.h"
#include "core/data/element.h"
#include "core/data/literal.h"
#include "core/data/member.h"
#include "core/data/timeparse.h"

enum { NAME_SIZE = 64, DAYS_TO_2000 = 10957 };

static uint64_t big_endian(const char *p, uint32_t size)
{
  uint64_t v = 0;
  for (uint32_t i = 0; i < size; i++) v = v << 8 | (uint8_t)p[i];
  return v;
}

static uint32_t elements(struct tg_text payload)
{
  return payload.len < TG_ARRAY_HEAD ? 0 : (uint32_t)big_endian(payload.ptr + 12, 4);
}

/* The element at *at, which moves on; ptr NULL: a null, or the end. */
static struct tg_text next_element(struct tg_text payload, uint32_t *at)
{
  struct tg_text none = {NULL, 0};
  if (payload.len < *at + 4) return none;
  uint32_t len = (uint32_t)big_endian(payload.ptr + *at, 4);
  *at += 4;
  if (len > payload.len - *at) return none; /* -1 = null */
  struct tg_text e = tg_text_of(payload.ptr + *at, len);
  *at += len;
  return e;
}

/* PostgreSQL's numeric (numeric.h) as an integer of that scale; digits behind it are zeros. */
static int64_t read_numeric(struct tg_text e, uint32_t scale)
{
  if (e.len < 8) return 0;
  uint32_t count = (uint32_t)big_endian(e.ptr, 2);
  int32_t weight = (int16_t)big_endian(e.ptr + 2, 2), shift;
  __int128 v = 0;
  for (uint32_t i = 0; i < count && 10 + 2 * i <= e.len; i++) {
    shift = 4 * (weight - (int32_t)i) + (int32_t)scale;
    __int128 digit = (__int128)big_endian(e.ptr + 8 + 2 * i, 2);
    if (shift > 18) return 0;
    v += shift >= 0   ? digit * tg_pow10((uint32_t)shift)
         : shift > -4 ? digit / tg_pow10((uint32_t)-shift)
                      : 0;
  }
  return (int64_t)(big_endian(e.ptr + 4, 2) ? -v : v);
}

static double read_float(struct tg_text e)
{
  uint64_t bits = big_endian(e.ptr, e.len);
  uint32_t half = (uint32_t)bits;
  float single;
  double v;
  memcpy(&single, &half, sizeof single);
  memcpy(&v, &bits, sizeof v);
  return e.len == sizeof single ? (double)single : v;
}

static void store(struct tg_text e, struct tg_column *out, uint32_t row)
{
  int shift = 64 - 8 * (int)e.len;
  int64_t v = e.len && e.len <= 8 ? (int64_t)(big_endian(e.ptr, e.len) << shift) >> shift : 0;
  switch (out->type.kind) {
  case TG_BOOL: out->v.mask[row] = v ? TG_TRUE : TG_FALSE; break;
  case TG_FLOAT4:
  case TG_FLOAT8: out->v.floats[row] = read_float(e); break;
  case TG_NUMERIC: out->v.ints[row] = read_numeric(e, out->type.scale); break;
  case TG_UUID: memcpy(&out->v.uuids[row], e.ptr, sizeof *out->v.uuids); break;
  case TG_DATE: out->v.ints[row] = v + DAYS_TO_2000; break;
  case TG_TIMESTAMP:
  case TG_TIMESTAMPTZ: out->v.ints[row] = v + DAYS_TO_2000 * TG_DAY_US; break;
  case TG_TEXT_KIND:
  case TG_VARCHAR: out->v.texts[row] = e; break;
  default: out->v.ints[row] = v; break;
  }
}

static bool array_check(struct tg_op *op, const struct tg_column *c, const char *what)
{
  char name[NAME_SIZE];
  if (c->type.array) return true;
  tg_op_fail(op, TG_CONFIG, "%s needs an array, this is %s", what,
             tg_type_name(c->type, name, sizeof name));
  return false;
}

static bool element_type(struct tg_op *op, const struct tg_column *c, const char *what,
                         struct tg_type *out)
{
  char name[NAME_SIZE];
  if (!array_check(op, c, what)) return false;
  *out = c->type;
  out->array = false;
  enum tg_store store = tg_type_store(*out);
  if (store != TG_STORE_SPAN && (store != TG_STORE_TEXT || tg_type_is_text(*out))) return true;
  tg_op_fail(op, TG_CONFIG, "%s cannot take %s apart", what,
             tg_type_name(c->type, name, sizeof name));
  return false;
}

struct tg_column *tg_array_length(struct tg_op *op, struct tg_column *c)
{
  if (!array_check(op, c, "length")) return NULL;
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_INT8));
  for (uint32_t i = 0; out && i < op->rows; i++) out->v.ints[i] = elements(c->v.texts[i]);
  return out ? tg_op_end(op, out, c->nul) : NULL;
}

static struct tg_text element_at(struct tg_text payload, int64_t place)
{
  uint32_t count = elements(payload), at = TG_ARRAY_HEAD;
  struct tg_text e = {NULL, 0};
  if (place < 0) place += (int64_t)count + 1;
  if (place < 1 || place > count) return e;
  for (int64_t n = 0; n < place; n++) e = next_element(payload, &at);
  return e;
}

struct tg_column *tg_array_at(struct tg_op *op, struct tg_column *c, int64_t place)
{
  struct tg_type type;
  if (!element_type(op, c, "at", &type)) return NULL;
  struct tg_column *out = tg_op_new(op, type);
  uint8_t *nul = tg_op_alloc(op, op->rows, 1);
  if (!out || !nul) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    struct tg_text e = element_at(c->v.texts[i], place);
    nul[i] = c->nul && c->nul[i] ? c->nul[i] : e.ptr ? TG_SOME : TG_NULL;
    if (!nul[i]) store(e, out, i);
  }
  return tg_op_end(op, out, nul);
}

/* All elements of all rows, one after the other, nulls left zero with their nul byte set. */
static struct tg_column *flatten(struct tg_op *op, const struct tg_column *c, struct tg_type type)
{
  uint64_t count = 0;
  for (uint32_t i = 0; i < op->rows; i++) count += elements(c->v.texts[i]);
  struct tg_column *flat =
      count < UINT32_MAX ? tg_column_new(op->arena, type, (uint32_t)count, true) : NULL;
  if (!flat) return tg_op_full(op);
  uint32_t k = 0;
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    uint32_t n = elements(c->v.texts[i]), at = TG_ARRAY_HEAD;
    for (uint32_t end = k + n; k < end; k++) {
      struct tg_text e = next_element(c->v.texts[i], &at);
      flat->nul[k] = e.ptr ? TG_SOME : TG_NULL;
      if (e.ptr) store(e, flat, k);
    }
  }
  return flat;
}

struct tg_column *tg_array_any_in(struct tg_op *op, struct tg_column *c,
                                  const struct tg_literal *set, uint32_t count)
{
  struct tg_type type;
  struct tg_column *out = NULL, *flat = NULL, *in = NULL;
  if (!element_type(op, c, "any_in", &type)) return NULL;
  struct tg_op each = *op;
  each.home = NULL;
  out = tg_op_new(op, tg_type_of(TG_BOOL));
  if (!out || !(flat = flatten(op, c, type))) return NULL;
  each.rows = flat->rows;
  if (!(in = tg_member_of(&each, flat, set, count))) return NULL;
  const uint8_t *hit = in->v.mask;
  for (uint32_t i = 0; i < op->rows; i++) {
    uint8_t found = TG_FALSE;
    for (uint32_t n = elements(c->v.texts[i]); n > 0; n--)
      found = *hit++ == TG_TRUE ? TG_TRUE : found;
    out->v.mask[i] = found;
  }
  return tg_op_end(op, out, c->nul);
}
