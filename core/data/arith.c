/* Arithmetic: whole numbers and numeric as scaled integers, floats as doubles. */
#include "core/data/arith.h"
#include "core/data/cast.h"
#include "core/data/choose.h"
#include "core/data/literal.h"
#include "core/data/order.h"
#include "core/data/timeop.h"

#include <math.h>

enum { NAME_SIZE = 64, QUOTIENT_DIGITS = 6 };

static const char *const symbols[] = {"+", "-", "*", "/", "//", "%"};

/* An exact operand: one row for all when step is 0. */
struct exact {
  const int64_t *v;
  uint32_t step, scale;
  int64_t one; /* storage of a literal */
};

/* How to compute: operands are multiplied first, the result divided (rounding) by `cut`. */
struct plan {
  __int128 mul_x, mul_y, cut;
  __int128 most; /* |result| may not be larger */
};

struct sum { /* one exact operation */
  enum tg_arith what;
  struct exact x, y;
  struct plan plan;
};

static bool is_narrow(__int128 x)
{
  return x == (int64_t)x;
}

/* Quotient towards zero; 128 bits are divided only when they are needed, which costs five times as
 * much. */
static inline __int128 divide(__int128 x, __int128 y)
{
  if (is_narrow(x) && is_narrow(y) && y != -1) return (int64_t)x / (int64_t)y;
  return x / y;
}

static inline __int128 floor_div(__int128 x, __int128 y)
{
  __int128 q = divide(x, y);
  return q * y != x && (x < 0) != (y < 0) ? q - 1 : q;
}

static inline __int128 round_div(__int128 x, __int128 y)
{
  __int128 q = divide(x, y), rest = x - q * y;
  if (rest < 0) rest = -rest;
  __int128 unit = y < 0 ? -y : y;
  if (rest < unit - rest) return q;
  return (x < 0) == (y < 0) ? q + 1 : q - 1;
}

/* One row; returns the fault, or TG_SOME. */
static inline uint8_t exact_row(enum tg_arith what, int64_t x, int64_t y, const struct plan *p,
                                int64_t *out)
{
  __int128 v = 0, a;
  *out = 0;
  if (what >= TG_DIV && y == 0) return TG_DIV_ZERO;
  switch (what) {
  case TG_ADD: v = x * p->mul_x + y * p->mul_y; break;
  case TG_SUB: v = x * p->mul_x - y * p->mul_y; break;
  case TG_MUL: v = (__int128)x * y; break;
  case TG_DIV:
    if (__builtin_mul_overflow((__int128)x, p->mul_x, &a)) return TG_OVERFLOW;
    v = round_div(a, y);
    break;
  case TG_IDIV: v = floor_div(x * p->mul_x, y * p->mul_y); break;
  case TG_MOD:
    a = y * p->mul_y;
    v = x * p->mul_x;
    v -= floor_div(v, a) * a;
    break;
  }
  if (p->cut > 1) v = round_div(v, p->cut);
  if (v > p->most || v < -p->most - (p->most == INT64_MAX)) return TG_OVERFLOW;
  *out = (int64_t)v;
  return TG_SOME;
}

static inline uint8_t exact_loop(enum tg_arith what, const struct sum *sum, struct tg_column *out,
                                 uint8_t *faults)
{
  /* Copies: a byte stored in faults may alias what is read through a pointer. */
  const struct plan plan = sum->plan;
  const int64_t *x = sum->x.v, *y = sum->y.v;
  int64_t *z = out->v.ints;
  uint32_t rows = out->rows, step_x = sum->x.step, step_y = sum->y.step;
  uint8_t any = 0;
  for (uint32_t i = 0; i < rows; i++)
    any |= faults[i] = exact_row(what, x[i * step_x], y[i * step_y], &plan, &z[i]);
  return any;
}

/* Sums of whole numbers, when nothing has to be multiplied. */
static uint8_t plain_sums(const struct sum *sum, struct tg_column *out, uint8_t *faults)
{
  const int64_t *x = sum->x.v, *y = sum->y.v;
  int64_t *z = out->v.ints;
  uint32_t rows = out->rows, step_x = sum->x.step, step_y = sum->y.step;
  bool minus = sum->what == TG_SUB;
  uint8_t any = 0;
  for (uint32_t i = 0; i < rows; i++) {
    bool over = minus ? __builtin_sub_overflow(x[i * step_x], y[i * step_y], &z[i])
                      : __builtin_add_overflow(x[i * step_x], y[i * step_y], &z[i]);
    any |= faults[i] = over ? TG_OVERFLOW : TG_SOME;
  }
  return any;
}

/* Loops with the operation known when they are compiled. */
static uint8_t exact_rows(const struct sum *s, struct tg_column *out, uint8_t *faults)
{
  bool plain = s->plan.most == INT64_MAX && s->plan.mul_x == 1 && s->plan.mul_y == 1;
  if (plain && s->what <= TG_SUB) return plain_sums(s, out, faults);
  switch (s->what) {
  case TG_ADD: return exact_loop(TG_ADD, s, out, faults);
  case TG_SUB: return exact_loop(TG_SUB, s, out, faults);
  case TG_MUL: return exact_loop(TG_MUL, s, out, faults);
  default: return exact_loop(s->what, s, out, faults);
  }
}

static uint32_t min_u32(uint32_t x, uint32_t y)
{
  return x < y ? x : y;
}

/* The scale of the result, and the factors that lead there. */
static struct plan plan_of(enum tg_arith what, uint32_t sa, uint32_t sb, bool whole,
                           uint32_t *scale)
{
  uint32_t most = sa > sb ? sa : sb, cap = TG_NUMERIC_INT_DIGITS;
  struct plan p = {tg_pow10(most - sa), tg_pow10(most - sb), 1, 0};
  *scale = most;
  if (what == TG_IDIV) *scale = 0;
  if (what == TG_MUL) *scale = min_u32(sa + sb, cap), p.cut = tg_pow10(sa + sb - *scale);
  if (what == TG_DIV)
    *scale = min_u32(most + QUOTIENT_DIGITS, cap), p.mul_x = tg_pow10(*scale - sa + sb);
  p.most = whole && what != TG_DIV ? INT64_MAX : tg_pow10(cap) - 1;
  return p;
}

/* Faults of the operation where the operands had a value. */
static struct tg_column *end_faults(struct tg_op *op, struct tg_column *out, uint8_t *nul,
                                    uint8_t *faults, uint8_t any)
{
  if (!any) return tg_op_end(op, out, nul);
  for (uint32_t i = 0; nul && i < op->rows; i++) faults[i] = nul[i] ? nul[i] : faults[i];
  return tg_op_end(op, out, faults);
}

static bool is_whole(struct tg_arg a)
{
  if (!a.c) return a.lit.kind == TG_LIT_INT;
  return tg_type_store(a.c->type) == TG_STORE_INT && a.c->type.kind != TG_NUMERIC;
}

static bool is_float(struct tg_arg a)
{
  return a.c && tg_type_store(a.c->type) == TG_STORE_FLOAT;
}

/* False when a literal has no place in 18 digits: it is then a float. */
static bool exact_of(struct tg_arg a, struct exact *out)
{
  if (a.c) {
    *out = (struct exact){a.c->v.ints, 1, a.c->type.scale, 0};
    return tg_type_store(a.c->type) == TG_STORE_INT;
  }
  struct tg_number n;
  bool exact;
  if (!tg_literal_number(a.lit, &n) || n.scale > TG_NUMERIC_INT_DIGITS) return false;
  __int128 v = tg_number_floor(n, n.scale < 0 ? 0 : n.scale, &exact);
  if (v > INT64_MAX || v < INT64_MIN) return false;
  *out = (struct exact){NULL, 0, n.scale < 0 ? 0 : (uint32_t)n.scale, (int64_t)v};
  return true;
}

static struct tg_column *arith_exact(struct tg_op *op, struct sum *s, struct tg_arg a,
                                     struct tg_arg b)
{
  uint32_t scale;
  bool whole = is_whole(a) && is_whole(b), ints = whole && s->what != TG_DIV;
  if (!s->x.step) s->x.v = &s->x.one;
  if (!s->y.step) s->y.v = &s->y.one;
  s->plan = plan_of(s->what, s->x.scale, s->y.scale, whole, &scale);
  struct tg_column *out = tg_op_raw(op, ints ? tg_type_of(TG_INT8) : tg_type_numeric(scale));
  uint8_t *nul, *faults = tg_op_alloc(op, op->rows, 1);
  if (!out || !faults || !tg_op_nul2(op, a, b, &nul)) return NULL;
  uint8_t any = exact_rows(s, out, faults);
  return end_faults(op, out, nul, faults, any);
}

static inline double float_row(enum tg_arith what, double x, double y)
{
  switch (what) {
  case TG_ADD: return x + y;
  case TG_SUB: return x - y;
  case TG_MUL: return x * y;
  case TG_DIV: return x / y;
  case TG_IDIV: return floor(x / y);
  default: {
    double r = fmod(x, y);
    return r != 0 && (r < 0) != (y < 0) ? r + y : r;
  }
  }
}

static uint8_t float_fault(enum tg_arith what, double x, double y, double r)
{
  if (what >= TG_DIV && y == 0) return TG_DIV_ZERO;
  return isinf(r) && isfinite(x) && isfinite(y) ? TG_OVERFLOW : TG_SOME;
}

static struct tg_column *arith_float(struct tg_op *op, enum tg_arith what, struct tg_arg a,
                                     struct tg_arg b)
{
  struct tg_column *x = tg_cast_float(op, a), *y = tg_cast_float(op, b);
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_FLOAT8));
  uint8_t *nul, *faults = tg_op_alloc(op, op->rows, 1), any = 0;
  if (!x || !y || !out || !faults || !tg_op_nul2(op, a, b, &nul)) return NULL;
  const double *l = x->v.floats, *r = y->v.floats;
  double *z = out->v.floats;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) {
    z[i] = float_row(what, l[i], r[i]);
    any |= faults[i] = float_fault(what, l[i], r[i], z[i]);
  }
  return end_faults(op, out, nul, faults, any);
}

static bool is_number(struct tg_arg a)
{
  if (a.c) return tg_type_is_number(a.c->type);
  return a.lit.kind == TG_LIT_INT || a.lit.kind == TG_LIT_FLOAT || a.lit.kind == TG_LIT_NULL;
}

static bool is_time(struct tg_arg a)
{
  enum tg_order order = a.c ? tg_order_of(a.c->type) : TG_ORDER_NONE;
  return order == TG_ORDER_INSTANT || order == TG_ORDER_SPAN;
}

static struct tg_column *arith_null(struct tg_op *op, struct tg_arg a, struct tg_arg b)
{
  struct tg_column *c = a.c ? a.c : b.c;
  struct tg_column *out = tg_op_new(op, c->type);
  uint8_t *nul;
  return out && tg_op_nul2(op, a, b, &nul) ? tg_op_end(op, out, nul) : NULL;
}

/* A numeric held as digits is calculated with in 18 of them. */
static bool narrow(struct tg_op *op, struct tg_arg *a)
{
  if (a->c && tg_type_store(a->c->type) == TG_STORE_TEXT)
    return (a->c = tg_cast_narrow(op, a->c)) != NULL;
  return true;
}

struct tg_column *tg_arith(struct tg_op *op, enum tg_arith what, struct tg_arg a, struct tg_arg b)
{
  struct sum sum = {.what = what};
  char left[NAME_SIZE], right[NAME_SIZE];
  if (!a.c && !b.c) return tg_op_fail(op, TG_CONFIG, "%s needs a column", symbols[what]);
  if (is_time(a) || is_time(b)) return tg_time_arith(op, what, a, b);
  if (!is_number(a) || !is_number(b))
    return tg_op_fail(op, TG_CONFIG, "%s %s %s cannot be calculated",
                      tg_arg_name(a, left, sizeof left), symbols[what],
                      tg_arg_name(b, right, sizeof right));
  if (!narrow(op, &a) || !narrow(op, &b)) return NULL;
  bool null = (!a.c && a.lit.kind == TG_LIT_NULL) || (!b.c && b.lit.kind == TG_LIT_NULL);
  if (null) return arith_null(op, a, b);
  if (is_float(a) || is_float(b) || !exact_of(a, &sum.x) || !exact_of(b, &sum.y))
    return arith_float(op, what, a, b);
  return arith_exact(op, &sum, a, b);
}

static uint8_t exact_unary(enum tg_unary what, int64_t x, __int128 unit, int64_t *out)
{
  *out = 0;
  switch (what) {
  case TG_NEG:
  case TG_ABS:
    if (x == INT64_MIN) return TG_OVERFLOW;
    *out = what == TG_NEG || x < 0 ? -x : x;
    return TG_SOME;
  case TG_FLOOR: *out = (int64_t)floor_div(x, unit); return TG_SOME;
  default: *out = (int64_t)round_div(x, unit); return TG_SOME;
  }
}

static struct tg_column *unary_exact(struct tg_op *op, enum tg_unary what, struct tg_column *a,
                                     uint32_t places)
{
  uint32_t scale = a->type.scale;
  if (what == TG_FLOOR) scale = 0;
  if (what == TG_ROUND) scale = min_u32(scale, places);
  bool whole = a->type.kind != TG_NUMERIC;
  struct tg_column *out = tg_op_raw(op, whole ? tg_type_of(TG_INT8) : tg_type_numeric(scale));
  uint8_t *faults = tg_op_alloc(op, op->rows, 1), any = 0;
  if (!out || !faults) return NULL;
  __int128 unit = tg_pow10(a->type.scale - scale);
  const int64_t *x = a->v.ints;
  int64_t *z = out->v.ints;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) any |= faults[i] = exact_unary(what, x[i], unit, &z[i]);
  return end_faults(op, out, a->nul, faults, any);
}

static double float_unary(enum tg_unary what, double x, double unit)
{
  switch (what) {
  case TG_NEG: return -x;
  case TG_ABS: return fabs(x);
  case TG_FLOOR: return floor(x);
  default: return isfinite(x * unit) ? round(x * unit) / unit : x;
  }
}

static struct tg_column *unary_float(struct tg_op *op, enum tg_unary what, struct tg_column *a,
                                     uint32_t places)
{
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_FLOAT8));
  if (!out) return NULL;
  double unit = (double)tg_pow10(places);
  for (uint32_t i = 0; i < op->rows; i++)
    out->v.floats[i] = float_unary(what, a->v.floats[i], unit);
  return tg_op_end(op, out, a->nul);
}

struct tg_column *tg_arith_unary(struct tg_op *op, enum tg_unary what, struct tg_column *a,
                                 uint32_t places)
{
  char name[NAME_SIZE];
  if (tg_order_of(a->type) == TG_ORDER_SPAN) return tg_time_unary(op, what, a);
  if (!tg_type_is_number(a->type))
    return tg_op_fail(op, TG_CONFIG, "%s is no number", tg_type_name(a->type, name, sizeof name));
  if (places > TG_NUMERIC_INT_DIGITS)
    return tg_op_fail(op, TG_CONFIG, "round takes 0 to 18 places");
  if (tg_type_store(a->type) == TG_STORE_FLOAT) return unary_float(op, what, a, places);
  if (tg_type_store(a->type) == TG_STORE_INT) return unary_exact(op, what, a, places);
  a = tg_cast_narrow(op, a);
  return a ? unary_exact(op, what, a, places) : NULL;
}

/* 0 takes a, 1 takes b. */
static uint32_t pick_row(bool greatest, const struct tg_column *a, const struct tg_column *b,
                         uint32_t i)
{
  if (tg_column_is_null(b, i)) return 0;
  if (tg_column_is_null(a, i)) return 1;
  int c = tg_order_rows(a, i, b, i);
  return greatest ? c < 0 : c > 0;
}

struct tg_column *tg_arith_pick(struct tg_op *op, bool greatest, struct tg_arg a, struct tg_arg b)
{
  struct tg_column *pair[2];
  char name[NAME_SIZE];
  if (!tg_cast_unify(op, a, b, pair)) return NULL;
  if (tg_order_of(pair[0]->type) == TG_ORDER_NONE)
    return tg_op_fail(op, TG_CONFIG, "%s has no order",
                      tg_type_name(pair[0]->type, name, sizeof name));
  uint8_t *choice = tg_op_alloc(op, op->rows, 1);
  if (!choice) return NULL;
  for (uint32_t i = 0; i < op->rows; i++)
    choice[i] = (uint8_t)pick_row(greatest, pair[0], pair[1], i);
  struct tg_column *out = tg_choose_rows(op, pair, choice);
  uint8_t *nul, *kept = out ? out->nul : NULL;
  if (!out || !tg_op_nul2(op, tg_arg_column(pair[0]), tg_arg_column(pair[1]), &nul) || !nul)
    return out;
  /* A fault of the operand not taken is not lost; a plain null of it is left out. */
  uint8_t *own = tg_op_alloc(op, op->rows, 1);
  if (!own) return NULL;
  for (uint32_t i = 0; i < op->rows; i++)
    own[i] = nul[i] > TG_NULL ? nul[i] : kept ? kept[i] : TG_SOME;
  return tg_op_end(op, out, own);
}
