/* Comparisons of columns with columns and with literals. */
#include "core/data/compare.h"
#include "core/data/jsoncompare.h"
#include "core/data/jsonop.h"
#include "core/data/literal.h"
#include "core/data/mask.h"
#include "core/data/order.h"

#include <math.h>

enum { NAME_SIZE = 64 };

static const uint8_t outcomes[] = {
#define X(code, name, bits) bits,
    TG_CMP_LIST(X)
#undef X
};

/* Whole numbers from low on, width + 1 of them. */
struct range {
  int64_t low;
  uint64_t width;
  bool empty;
};

static inline uint8_t verdict(unsigned bits, int order)
{
  return (uint8_t)((bits >> (order + 1) & 1) << 1);
}

static struct tg_column *fail_types(struct tg_op *op, struct tg_arg a, struct tg_arg b)
{
  char x[NAME_SIZE], y[NAME_SIZE];
  return tg_op_fail(op, TG_CONFIG, "%s cannot be compared with %s", tg_arg_name(a, x, sizeof x),
                    tg_arg_name(b, y, sizeof y));
}

static struct range range_of(__int128 low, __int128 high)
{
  if (low < INT64_MIN) low = INT64_MIN;
  if (high > INT64_MAX) high = INT64_MAX;
  if (low > high) return (struct range){.empty = true};
  return (struct range){.low = (int64_t)low, .width = (uint64_t)(high - low)};
}

/* The whole numbers x for which `x cmp n` holds, n being floor (exact) or between floor and floor +
 * 1. For NE and ISNT: the ones for which it does not. */
static struct range range_cmp(enum tg_cmp cmp, __int128 floor, bool exact)
{
  switch (cmp) {
  case TG_LT: return range_of(INT64_MIN, exact ? floor - 1 : floor);
  case TG_LE: return range_of(INT64_MIN, floor);
  case TG_GT: return range_of(floor + 1, INT64_MAX);
  case TG_GE: return range_of(exact ? floor : floor + 1, INT64_MAX);
  default: return exact ? range_of(floor, floor) : (struct range){.empty = true};
  }
}

static void in_range(const int64_t *v, uint32_t rows, struct range r, bool negate, uint8_t *out)
{
  if (r.empty) {
    memset(out, negate ? TG_TRUE : TG_FALSE, rows);
    return;
  }
  for (uint32_t i = 0; i < rows; i++)
    out[i] = (uint8_t)((((uint64_t)v[i] - (uint64_t)r.low <= r.width) ^ negate) << 1);
}

/* The bound that a literal is for a column held as whole numbers. False with op->err when it is
 * none. */
static bool literal_floor(struct tg_op *op, struct tg_column *a, struct tg_literal lit,
                          __int128 *floor, bool *exact)
{
  struct tg_number n;
  bool number = tg_order_of(a->type) == TG_ORDER_NUMBER;
  if (number && lit.kind == TG_LIT_FLOAT && !isfinite(lit.f)) {
    *exact = false, *floor = (lit.f < 0 ? -1 : 1) * ((__int128)1 << 100);
    return true;
  }
  if (number && tg_literal_number(lit, &n)) {
    *floor = tg_number_floor(n, a->type.scale, exact);
    return true;
  }
  if (number || lit.kind != TG_LIT_TEXT)
    return fail_types(op, tg_arg_column(a), (struct tg_arg){.lit = lit}) != NULL;
  struct tg_column *one = tg_literal_value(op, lit.t, a->type);
  if (!one) return false;
  *floor = one->v.ints[0], *exact = true;
  return true;
}

static struct tg_column *compare_range(struct tg_op *op, enum tg_cmp cmp, struct tg_column *a,
                                       struct tg_literal lit)
{
  __int128 floor;
  bool exact;
  if (!literal_floor(op, a, lit, &floor, &exact)) return NULL;
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_BOOL));
  if (!out) return NULL;
  bool negate = cmp == TG_NE || cmp == TG_ISNT;
  in_range(a->v.ints, op->rows, range_cmp(cmp, floor, exact), negate, out->v.mask);
  return out;
}

static void compare_text_equal(const struct tg_text *v, uint32_t rows, struct tg_text t,
                               bool negate, uint8_t *out)
{
  for (uint32_t i = 0; i < rows; i++) {
    bool same = v[i].len == t.len && (t.len == 0 || memcmp(v[i].ptr, t.ptr, t.len) == 0);
    out[i] = (uint8_t)((same ^ negate) << 1);
  }
}

static void compare_ints(const struct tg_column *a, const struct tg_column *b, unsigned bits,
                         uint8_t *out)
{
  const int64_t *x = a->v.ints, *y = b->v.ints;
  uint32_t rows = a->rows;
  for (uint32_t i = 0; i < rows; i++) out[i] = verdict(bits, tg_order_ints(x[i], y[i]));
}

/* Whole numbers and numerics of different scales. */
static void compare_scaled(const struct tg_column *a, const struct tg_column *b, unsigned bits,
                           uint8_t *out)
{
  const int64_t *x = a->v.ints, *y = b->v.ints;
  uint32_t rows = a->rows, sa = a->type.scale, sb = b->type.scale;
  int64_t mul_x = (int64_t)tg_pow10(sb > sa ? sb - sa : 0),
          mul_y = (int64_t)tg_pow10(sa > sb ? sa - sb : 0);
  for (uint32_t i = 0; i < rows; i++) {
    __int128 l = (__int128)x[i] * mul_x, r = (__int128)y[i] * mul_y;
    out[i] = verdict(bits, (l > r) - (l < r));
  }
}

static void compare_floats(const struct tg_column *a, const struct tg_column *b, unsigned bits,
                           uint8_t *out)
{
  const double *x = a->v.floats, *y = b->v.floats;
  uint32_t rows = a->rows;
  for (uint32_t i = 0; i < rows; i++) out[i] = verdict(bits, tg_order_floats(x[i], y[i]));
}

/* NaN is the greatest, so that "not less or equal" is "greater" for every x when y is a number. */
static void compare_float_to(const struct tg_column *a, double y, unsigned bits, uint8_t *out)
{
  const double *x = a->v.floats;
  uint32_t rows = a->rows;
  uint8_t flip = bits & 4 ? 1 : 0; /* computed as the opposite */
  if (isnan(y)) {
    for (uint32_t i = 0; i < rows; i++) out[i] = verdict(bits, tg_order_floats(x[i], y));
  } else if (bits == outcomes[TG_EQ] || bits == outcomes[TG_NE]) {
    for (uint32_t i = 0; i < rows; i++) out[i] = (uint8_t)(((x[i] == y) ^ flip) << 1);
  } else if (bits == outcomes[TG_LT] || bits == outcomes[TG_GE]) {
    for (uint32_t i = 0; i < rows; i++) out[i] = (uint8_t)(((x[i] < y) ^ flip) << 1);
  } else {
    for (uint32_t i = 0; i < rows; i++) out[i] = (uint8_t)(((x[i] <= y) ^ flip) << 1);
  }
}

static bool both_exact(struct tg_type a, struct tg_type b)
{
  return tg_order_of(a) == TG_ORDER_NUMBER && tg_type_store(a) == TG_STORE_INT &&
         tg_type_store(b) == TG_STORE_INT;
}

static bool same_ints(struct tg_type a, struct tg_type b)
{
  if (tg_type_store(a) != TG_STORE_INT || tg_type_store(b) != TG_STORE_INT) return false;
  return a.scale == b.scale && (a.kind == TG_DATE) == (b.kind == TG_DATE);
}

/* Any two columns of the same order; b has one row for all of a's when step is 0. */
static struct tg_column *compare_rows(struct tg_op *op, unsigned bits, struct tg_column *a,
                                      struct tg_column *b, uint32_t step)
{
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_BOOL));
  if (!out) return NULL;
  uint8_t *z = out->v.mask;
  bool floats =
      tg_type_store(a->type) == TG_STORE_FLOAT && tg_type_store(b->type) == TG_STORE_FLOAT;
  if (step && same_ints(a->type, b->type)) return compare_ints(a, b, bits, z), out;
  if (step && both_exact(a->type, b->type)) return compare_scaled(a, b, bits, z), out;
  if (step && floats) return compare_floats(a, b, bits, z), out;
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    bool known = !(a->nul && a->nul[i]) && !(b->nul && b->nul[i * step]);
    z[i] = known ? verdict(bits, tg_order_rows(a, i, b, i * step)) : TG_FALSE;
  }
  return out;
}

static struct tg_column *compare_text(struct tg_op *op, enum tg_cmp cmp, struct tg_column *a,
                                      struct tg_column *one)
{
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_BOOL));
  if (!out) return NULL;
  compare_text_equal(a->v.texts, op->rows, one->v.texts[0], cmp == TG_NE || cmp == TG_ISNT,
                     out->v.mask);
  return out;
}

static struct tg_column *compare_float(struct tg_op *op, unsigned bits, struct tg_column *a,
                                       double y)
{
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_BOOL));
  if (out) compare_float_to(a, y, bits, out->v.mask);
  return out;
}

static bool is_exact_float(struct tg_literal lit)
{
  return lit.kind == TG_LIT_INT && lit.i <= INT64_C(1) << 53 && lit.i >= -(INT64_C(1) << 53);
}

static struct tg_column *compare_literal(struct tg_op *op, enum tg_cmp cmp, struct tg_column *a,
                                         struct tg_literal lit)
{
  unsigned bits = outcomes[cmp];
  enum tg_store store = tg_type_store(a->type);
  enum tg_order order = tg_order_of(a->type);
  if (order != TG_ORDER_NONE && store == TG_STORE_INT) return compare_range(op, cmp, a, lit);
  if (store == TG_STORE_FLOAT && lit.kind == TG_LIT_FLOAT) return compare_float(op, bits, a, lit.f);
  if (store == TG_STORE_FLOAT && is_exact_float(lit))
    return compare_float(op, bits, a, (double)lit.i);
  struct tg_op once = *op;
  once.rows = 1;
  struct tg_column *one = tg_literal_column(&once, lit, a->type);
  if (!one) return NULL;
  if (order == TG_ORDER_NONE || tg_order_of(one->type) != order)
    return fail_types(op, tg_arg_column(a), (struct tg_arg){.lit = lit});
  bool equal = bits == outcomes[TG_EQ] || bits == outcomes[TG_NE];
  if (equal && order == TG_ORDER_TEXT) return compare_text(op, cmp, a, one);
  return compare_rows(op, bits, a, one, 0);
}

/* Two nulls are the same, a null and a value are not; faults stay. */
static struct tg_column *end_same(struct tg_op *op, enum tg_cmp cmp, struct tg_column *out,
                                  uint8_t *const nuls[2])
{
  uint8_t *nul;
  if (!tg_op_nul_max(op, nuls[0], nuls[1], &nul)) return NULL;
  if (!nul) return out;
  uint8_t *faults = tg_op_alloc(op, op->rows, 1);
  if (!faults) return NULL;
  uint8_t *z = out->v.mask, yes = cmp == TG_IS ? TG_TRUE : TG_FALSE;
  for (uint32_t i = 0; i < op->rows; i++) {
    bool both = nuls[0] && nuls[1] && nuls[0][i] && nuls[1][i];
    if (nul[i]) z[i] = both ? yes : (uint8_t)(TG_TRUE - yes);
    faults[i] = nul[i] > TG_NULL ? nul[i] : 0;
  }
  return tg_op_end(op, out, faults);
}

static enum tg_cmp mirrored(enum tg_cmp cmp)
{
  switch (cmp) {
  case TG_LT: return TG_GT;
  case TG_LE: return TG_GE;
  case TG_GT: return TG_LT;
  case TG_GE: return TG_LE;
  default: return cmp;
  }
}

static struct tg_column *compare_null(struct tg_op *op, enum tg_cmp cmp, struct tg_column *a)
{
  uint8_t *nul;
  if (cmp == TG_IS || cmp == TG_ISNT) return tg_mask_null(op, a, cmp == TG_IS);
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_BOOL));
  if (!out || !tg_op_nul2(op, tg_arg_column(a), tg_arg_null(), &nul)) return NULL;
  return tg_op_end(op, out, nul);
}

struct tg_column *tg_compare(struct tg_op *op, enum tg_cmp cmp, struct tg_arg a, struct tg_arg b)
{
  if (!a.c && b.c) return tg_compare(op, mirrored(cmp), b, a);
  if (!a.c) return tg_op_fail(op, TG_CONFIG, "a comparison needs a column");
  if (!b.c && b.lit.kind == TG_LIT_NULL) return compare_null(op, cmp, a.c);
  if (tg_json_is(a.c->type) || (b.c && tg_json_is(b.c->type))) return tg_jsoncompare(op, cmp, a, b);
  enum tg_order order = tg_order_of(a.c->type);
  if (b.c && (order == TG_ORDER_NONE || tg_order_of(b.c->type) != order))
    return fail_types(op, a, b);
  struct tg_column *out =
      b.c ? compare_rows(op, outcomes[cmp], a.c, b.c, 1) : compare_literal(op, cmp, a.c, b.lit);
  uint8_t *nuls[2];
  if (!out || !tg_op_nul(op, a, &nuls[0]) || !tg_op_nul(op, b, &nuls[1])) return NULL;
  if (cmp == TG_IS || cmp == TG_ISNT) return end_same(op, cmp, out, nuls);
  uint8_t *nul;
  return tg_op_nul_max(op, nuls[0], nuls[1], &nul) ? tg_op_end(op, out, nul) : NULL;
}

/* Whether a value of this type can be what the operand is. */
static bool comparable(struct tg_type type, struct tg_arg b)
{
  enum tg_order order = tg_order_of(type);
  if (order == TG_ORDER_NONE) return false;
  if (b.c) return tg_order_of(b.c->type) == order;
  switch (b.lit.kind) {
  case TG_LIT_INT:
  case TG_LIT_FLOAT: return order == TG_ORDER_NUMBER;
  case TG_LIT_BOOL: return order == TG_ORDER_BOOL;
  case TG_LIT_TEXT: return order >= TG_ORDER_TEXT && order != TG_ORDER_BYTES;
  default: return true;
  }
}

/* The same for json beside json, a literal, or a type that JSON knows. */
static bool comparable_json(struct tg_type type, struct tg_arg b)
{
  bool json = tg_json_is(type);
  if (!b.c) return json;
  enum tg_order order = tg_order_of(json ? b.c->type : type);
  bool known = order == TG_ORDER_BOOL || order == TG_ORDER_NUMBER || order == TG_ORDER_TEXT;
  if (json) return known || tg_json_is(b.c->type);
  return known && tg_json_is(b.c->type);
}

/* Values that have another type are unequal, and no fault. */
static struct tg_column *other_types_unequal(struct tg_op *op, struct tg_column *out)
{
  if (!out || !out->nul) return out;
  uint8_t *nul = tg_op_alloc(op, op->rows, 1);
  if (!nul) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    bool other = out->nul[i] == TG_TYPE;
    nul[i] = other ? TG_SOME : out->nul[i];
    if (other) out->v.mask[i] = TG_FALSE;
  }
  out->nul = nul;
  return out;
}

struct tg_column *tg_compare_equals(struct tg_op *op, struct tg_column *a, struct tg_arg b)
{
  uint8_t *nul;
  struct tg_arg self = tg_arg_column(a);
  if (comparable(a->type, b) || comparable_json(a->type, b))
    return other_types_unequal(op, tg_compare(op, TG_EQ, self, b));
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_BOOL));
  return out && tg_op_nul2(op, self, b, &nul) ? tg_op_end(op, out, nul) : NULL;
}

/* Both bounds of a column of whole numbers in one pass. */
static struct tg_column *between_range(struct tg_op *op, struct tg_column *a,
                                       const struct tg_bounds *b)
{
  __int128 low = INT64_MIN, high = INT64_MAX, floor;
  bool exact;
  if (b->has_min) {
    if (!literal_floor(op, a, b->min.lit, &floor, &exact)) return NULL;
    low = exact && !b->exclusive_min ? floor : floor + 1;
  }
  if (b->has_max) {
    if (!literal_floor(op, a, b->max.lit, &floor, &exact)) return NULL;
    high = exact && b->exclusive_max ? floor - 1 : floor;
  }
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_BOOL));
  if (!out) return NULL;
  in_range(a->v.ints, op->rows, range_of(low, high), false, out->v.mask);
  return tg_op_end(op, out, a->nul);
}

static void nan_is_outside(const struct tg_column *a, struct tg_column *out)
{
  uint8_t *z = out->v.mask;
  const uint8_t *nul = a->nul;
  const double *x = a->v.floats;
  uint32_t rows = a->rows;
  for (uint32_t i = 0; i < rows; i++) {
    bool known = !(nul && nul[i]);
    z[i] = known && isnan(x[i]) ? TG_FALSE : z[i];
  }
}

static bool is_value(struct tg_arg a)
{
  return !a.c && a.lit.kind != TG_LIT_NULL;
}

struct tg_column *tg_compare_between(struct tg_op *op, struct tg_column *a,
                                     const struct tg_bounds *b)
{
  if (!b->has_min && !b->has_max) return tg_op_fail(op, TG_CONFIG, "between needs min or max");
  bool whole = tg_type_store(a->type) == TG_STORE_INT && tg_order_of(a->type) != TG_ORDER_NONE;
  if (whole && (!b->has_min || is_value(b->min)) && (!b->has_max || is_value(b->max)))
    return between_range(op, a, b);
  struct tg_arg self = tg_arg_column(a);
  struct tg_column *low = NULL, *high = NULL;
  if (b->has_min && !(low = tg_compare(op, b->exclusive_min ? TG_GT : TG_GE, self, b->min)))
    return NULL;
  if (b->has_max && !(high = tg_compare(op, b->exclusive_max ? TG_LT : TG_LE, self, b->max)))
    return NULL;
  struct tg_column *out = low && high ? tg_mask_and(op, low, high) : low ? low : high;
  if (out && tg_type_store(a->type) == TG_STORE_FLOAT) nan_is_outside(a, out);
  return out;
}
