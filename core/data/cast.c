/* Conversions between types, a whole column at a time. */
#include "core/data/cast.h"
#include "core/data/decimal.h"
#include "core/data/literal.h"
#include "core/data/order.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_SIZE = 64 };

static struct tg_column *fail_cast(struct tg_op *op, struct tg_type from, struct tg_type to,
                                   const char *how)
{
  char x[NAME_SIZE], y[NAME_SIZE];
  return tg_op_fail(op, TG_CONFIG, "%s does not go into %s%s", tg_type_name(from, x, sizeof x),
                    tg_type_name(to, y, sizeof y), how);
}

/* The same values under another type's name. */
static struct tg_column *relabel(struct tg_op *op, const struct tg_column *c, struct tg_type type)
{
  struct tg_column *out = tg_op_alloc(op, 1, sizeof *out);
  if (!out) return NULL;
  *out = *c;
  out->type = type;
  return out;
}

static struct tg_column *end_faults(struct tg_op *op, struct tg_column *out, uint8_t *nul,
                                    uint8_t *faults, uint8_t any)
{
  if (!any) return tg_op_end(op, out, nul);
  for (uint32_t i = 0; nul && i < op->rows; i++) faults[i] = nul[i] ? nul[i] : faults[i];
  return tg_op_end(op, out, faults);
}

/* Largest magnitude that a type held as integers takes, for values of its scale. */
static int64_t int_most(struct tg_type t)
{
  switch (t.kind) {
  case TG_INT2: return INT16_MAX;
  case TG_INT4: return INT32_MAX;
  case TG_NUMERIC: return (int64_t)tg_pow10(t.precision) - 1;
  default: return INT64_MAX;
  }
}

static __int128 round_div(__int128 x, __int128 unit)
{
  __int128 half = unit / 2;
  return unit == 1 ? x : (x < 0 ? x - half : x + half) / unit;
}

static struct tg_column *int_to_int(struct tg_op *op, struct tg_column *c, struct tg_type type)
{
  struct tg_column *out = tg_op_new(op, type);
  uint8_t *faults = tg_op_alloc(op, op->rows, 1), any = 0;
  if (!out || !faults) return NULL;
  uint32_t from = c->type.scale, to = type.scale;
  __int128 mul = tg_pow10(to > from ? to - from : 0), div = tg_pow10(from > to ? from - to : 0);
  __int128 most = int_most(type), least = -most - (type.kind != TG_NUMERIC);
  for (uint32_t i = 0; i < op->rows; i++) {
    __int128 v = round_div(c->v.ints[i] * mul, div);
    any |= faults[i] = v > most || v < least ? TG_OVERFLOW : TG_SOME;
    out->v.ints[i] = (int64_t)v;
  }
  return end_faults(op, out, c->nul, faults, any);
}

static struct tg_column *int_to_float(struct tg_op *op, struct tg_column *c, struct tg_type type)
{
  struct tg_column *out = tg_op_new(op, type);
  if (!out) return NULL;
  double unit = (double)tg_pow10(c->type.scale);
  for (uint32_t i = 0; i < op->rows; i++) out->v.floats[i] = (double)c->v.ints[i] / unit;
  return tg_op_end(op, out, c->nul);
}

static struct tg_column *float_to_float(struct tg_op *op, struct tg_column *c, struct tg_type type)
{
  if (type.kind == TG_FLOAT8) return relabel(op, c, type);
  struct tg_column *out = tg_op_new(op, type);
  uint8_t *faults = tg_op_alloc(op, op->rows, 1), any = 0;
  if (!out || !faults) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    double v = out->v.floats[i] = (double)(float)c->v.floats[i];
    any |= faults[i] = isinf(v) && isfinite(c->v.floats[i]) ? TG_OVERFLOW : TG_SOME;
  }
  return end_faults(op, out, c->nul, faults, any);
}

/* Through the shortest decimal, so that 0.1 becomes 0.10 and not 0.1000000000000000055. */
static bool float_exact(double d, struct tg_type type, int64_t *out)
{
  struct tg_number n;
  bool exact;
  if (!tg_literal_number((struct tg_literal){.kind = TG_LIT_FLOAT, .f = d}, &n)) return false;
  __int128 v = tg_number_floor(n, type.scale + 1, &exact);
  v = round_div(v, 10);
  __int128 most = int_most(type);
  *out = v > most || v < -most ? 0 : (int64_t)v;
  return v <= most && v >= -most;
}

static struct tg_column *float_to_int(struct tg_op *op, struct tg_column *c, struct tg_type type)
{
  struct tg_column *out = tg_op_new(op, type);
  uint8_t *faults = tg_op_alloc(op, op->rows, 1), any = 0;
  if (!out || !faults) return NULL;
  for (uint32_t i = 0; i < op->rows; i++)
    any |= faults[i] = float_exact(c->v.floats[i], type, &out->v.ints[i]) ? TG_SOME : TG_OVERFLOW;
  return end_faults(op, out, c->nul, faults, any);
}

/* Digits behind the point of a plain decimal, zeros at the end not counted. */
static uint32_t digits_scale(struct tg_text t)
{
  const char *point = t.len ? memchr(t.ptr, '.', t.len) : NULL;
  if (!point) return 0;
  while (t.len && t.ptr[t.len - 1] == '0') t.len--;
  return (uint32_t)(t.ptr + t.len - point - 1);
}

/* A plain decimal as an integer of that scale, rounded. False when it is too large. */
static bool digits_exact(struct tg_text t, struct tg_type type, int64_t *out)
{
  struct tg_decimal d;
  int64_t v, most = int_most(type);
  if (!t.ptr) return true;
  if (!tg_decimal_parse(t, &d) || !tg_decimal_scaled(&d, type.scale, &v) || v > most) return false;
  if (v < -most && (type.kind == TG_NUMERIC || v < -most - 1)) return false;
  *out = v;
  return true;
}

static struct tg_column *wide_to_int(struct tg_op *op, struct tg_column *c, struct tg_type type)
{
  struct tg_column *out = tg_op_new(op, type);
  uint8_t *faults = tg_op_alloc(op, op->rows, 1), any = 0;
  if (!out || !faults) return NULL;
  for (uint32_t i = 0; i < op->rows; i++)
    any |= faults[i] = digits_exact(c->v.texts[i], type, &out->v.ints[i]) ? TG_SOME : TG_OVERFLOW;
  return end_faults(op, out, c->nul, faults, any);
}

struct tg_column *tg_cast_narrow(struct tg_op *op, struct tg_column *c)
{
  if (tg_type_store(c->type) == TG_STORE_INT) return c;
  uint32_t scale = c->type.sized ? c->type.scale : 0;
  for (uint32_t i = 0; !c->type.sized && i < op->rows; i++) {
    uint32_t s = digits_scale(c->v.texts[i]);
    scale = s > scale ? s : scale;
  }
  return wide_to_int(
      op, c, tg_type_numeric(scale < TG_NUMERIC_INT_DIGITS ? scale : TG_NUMERIC_INT_DIGITS));
}

static struct tg_column *wide_to_float(struct tg_op *op, struct tg_column *c, struct tg_type type)
{
  struct tg_column *out = tg_op_new(op, type);
  char text[TG_NUMERIC_DIGITS_MAX + 8];
  for (uint32_t i = 0; out && i < op->rows; i++) {
    snprintf(text, sizeof text, "%.*s", TG_TEXT(c->v.texts[i]));
    out->v.floats[i] = strtod(text, NULL);
  }
  return out ? tg_op_end(op, out, c->nul) : NULL;
}

static struct tg_column *int_to_wide(struct tg_op *op, struct tg_column *c, struct tg_type type)
{
  struct tg_column *out = tg_op_new(op, type);
  char text[TG_DECIMAL_SHOWN];
  for (uint32_t i = 0; out && i < op->rows; i++) {
    if (c->nul && c->nul[i]) continue;
    uint32_t n = tg_decimal_show(c->v.ints[i], c->type.scale, text);
    out->v.texts[i] = tg_arena_copy(op->arena, tg_text_of(text, n));
    if (!out->v.texts[i].ptr) return tg_op_full(op);
  }
  return out ? tg_op_end(op, out, c->nul) : NULL;
}

static struct tg_column *cast_number(struct tg_op *op, struct tg_column *c, struct tg_type type,
                                     bool asked)
{
  enum tg_store from = tg_type_store(c->type), to = tg_type_store(type);
  bool whole = type.kind != TG_NUMERIC && to == TG_STORE_INT;
  bool fraction = from == TG_STORE_FLOAT || (c->type.kind == TG_NUMERIC && whole);
  if (fraction && to != TG_STORE_FLOAT && !asked)
    return fail_cast(op, c->type, type, ": write :cast(\"..\") to round it");
  if (from == TG_STORE_INT && to == TG_STORE_INT) return int_to_int(op, c, type);
  if (from == TG_STORE_INT && to == TG_STORE_FLOAT) return int_to_float(op, c, type);
  if (from == TG_STORE_INT) return int_to_wide(op, c, type);
  if (from == TG_STORE_TEXT && to == TG_STORE_INT) return wide_to_int(op, c, type);
  if (from == TG_STORE_TEXT && to == TG_STORE_FLOAT) return wide_to_float(op, c, type);
  if (from == TG_STORE_TEXT) return relabel(op, c, type);
  if (to == TG_STORE_FLOAT) return float_to_float(op, c, type);
  if (to == TG_STORE_INT) return float_to_int(op, c, type);
  c = float_to_int(op, c, tg_type_numeric(type.sized ? type.scale : 6));
  return c ? int_to_wide(op, c, type) : NULL;
}

static uint32_t chars(struct tg_text t)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < t.len; i++) n += ((unsigned char)t.ptr[i] & 0xc0) != 0x80;
  return n;
}

static struct tg_column *cast_text(struct tg_op *op, struct tg_column *c, struct tg_type type)
{
  struct tg_column *out = relabel(op, c, type);
  uint8_t any = 0;
  if (!out || !type.chars_max) return out;
  uint8_t *faults = tg_op_alloc(op, op->rows, 1);
  if (!faults) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    struct tg_text t = c->v.texts[i];
    any |= faults[i] = t.len > type.chars_max && chars(t) > type.chars_max ? TG_OVERFLOW : TG_SOME;
  }
  if (!any) return out;
  out = tg_op_new(op, type);
  if (!out) return NULL;
  memcpy(out->v.texts, c->v.texts, op->rows * sizeof *c->v.texts);
  return end_faults(op, out, c->nul, faults, any);
}

static int64_t floor_day(int64_t us)
{
  int64_t day = us / 86400000000;
  return us % 86400000000 < 0 ? day - 1 : day;
}

static struct tg_column *cast_instant(struct tg_op *op, struct tg_column *c, struct tg_type type,
                                      bool asked)
{
  if (c->type.kind != TG_DATE && type.kind != TG_DATE && asked) return relabel(op, c, type);
  if (c->type.kind != TG_DATE && !asked)
    return fail_cast(op, c->type, type, ": write :cast(\"..\") to convert it in UTC");
  struct tg_column *out = tg_op_new(op, type);
  uint8_t *faults = tg_op_alloc(op, op->rows, 1), any = 0;
  if (!out || !faults) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    bool over = false;
    if (type.kind == TG_DATE)
      out->v.ints[i] = floor_day(c->v.ints[i]);
    else
      over = __builtin_mul_overflow(c->v.ints[i], (int64_t)86400000000, &out->v.ints[i]);
    any |= faults[i] = over ? TG_OVERFLOW : TG_SOME;
  }
  return end_faults(op, out, c->nul, faults, any);
}

struct tg_column *tg_cast_to(struct tg_op *op, struct tg_column *c, struct tg_type type, bool asked)
{
  if (tg_type_eq(c->type, type)) return c;
  enum tg_order from = tg_order_of(c->type), to = tg_order_of(type);
  if (from == TG_ORDER_NUMBER && to == TG_ORDER_NUMBER) return cast_number(op, c, type, asked);
  if (from == TG_ORDER_TEXT && to == TG_ORDER_TEXT) return cast_text(op, c, type);
  if (from == TG_ORDER_INSTANT && to == TG_ORDER_INSTANT) return cast_instant(op, c, type, asked);
  return fail_cast(op, c->type, type, from == TG_ORDER_TEXT ? ": write :parse(\"..\")" : "");
}

struct tg_column *tg_cast_float(struct tg_op *op, struct tg_arg a)
{
  if (a.c && a.c->type.kind == TG_FLOAT8) return a.c;
  if (a.c) return cast_number(op, a.c, tg_type_of(TG_FLOAT8), true);
  return tg_literal_column(op, a.lit, tg_type_of(TG_FLOAT8));
}

static uint32_t larger(uint32_t x, uint32_t y)
{
  return x > y ? x : y;
}

/* The type that holds the values of both; false when there is none. */
static bool common_type(struct tg_type a, struct tg_type b, struct tg_type *out)
{
  enum tg_store sa = tg_type_store(a), sb = tg_type_store(b);
  enum tg_order order = tg_order_of(a);
  if (order == TG_ORDER_NONE || order != tg_order_of(b)) return false;
  *out = a;
  if (order == TG_ORDER_TEXT) *out = tg_type_of(TG_TEXT_KIND);
  if (order == TG_ORDER_INSTANT) *out = tg_type_of(a.kind == TG_DATE ? b.kind : a.kind);
  if (order != TG_ORDER_NUMBER) return true;
  bool digits = sa == TG_STORE_TEXT || sb == TG_STORE_TEXT;
  if (sa == TG_STORE_FLOAT || sb == TG_STORE_FLOAT)
    *out = tg_type_of(TG_FLOAT8);
  else if (digits)
    *out = tg_type_of(TG_NUMERIC);
  else if (a.kind == TG_NUMERIC || b.kind == TG_NUMERIC)
    *out = tg_type_numeric(larger(a.scale, b.scale));
  else
    *out = tg_type_of(TG_INT8);
  return true;
}

bool tg_cast_unify(struct tg_op *op, struct tg_arg a, struct tg_arg b, struct tg_column *out[2])
{
  char x[NAME_SIZE], y[NAME_SIZE];
  struct tg_type none = tg_type_of(TG_TEXT_KIND), type;
  struct tg_column *left = a.c ? a.c : b.c ? tg_literal_column(op, a.lit, b.c->type) : NULL;
  if (!a.c && !b.c)
    left = tg_literal_column(op, a.lit, a.lit.kind == TG_LIT_NULL ? none : tg_type_of(TG_INT8));
  if (!left) return false;
  struct tg_column *right = b.c ? b.c : tg_literal_column(op, b.lit, left->type);
  if (!right) return false;
  if (!a.c && a.lit.kind == TG_LIT_NULL && !b.c) left = tg_literal_column(op, a.lit, right->type);
  if (!left) return false;
  out[0] = left, out[1] = right;
  if (tg_type_eq(left->type, right->type)) return true;
  if (!common_type(left->type, right->type, &type))
    return tg_op_fail(op, TG_CONFIG, "%s and %s are of different kinds",
                      tg_arg_name(a, x, sizeof x), tg_arg_name(b, y, sizeof y)) != NULL;
  out[0] = tg_cast_to(op, left, type, true);
  out[1] = out[0] ? tg_cast_to(op, right, type, true) : NULL;
  return out[1] != NULL;
}
