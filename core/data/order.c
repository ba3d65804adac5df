/* The order of values of any two types that compare. */
#include "core/data/order.h"
#include "core/data/decimal.h"
#include "core/data/literal.h"

#include <math.h>
#include <stdio.h>

enum { DIGITS_SIZE = 1500, DOUBLE_BITS = 53, FRACTION_DIGITS = 1080 };

enum tg_order tg_order_of(struct tg_type t)
{
  if (t.array) return TG_ORDER_NONE;
  if (tg_type_is_number(t)) return TG_ORDER_NUMBER;
  if (tg_type_is_text(t)) return TG_ORDER_TEXT;
  switch (t.kind) {
  case TG_BOOL: return TG_ORDER_BOOL;
  case TG_UUID: return TG_ORDER_UUID;
  case TG_BYTEA: return TG_ORDER_BYTES;
  case TG_TIME: return TG_ORDER_CLOCK;
  case TG_INTERVAL: return TG_ORDER_SPAN;
  case TG_DATE:
  case TG_TIMESTAMP:
  case TG_TIMESTAMPTZ: return TG_ORDER_INSTANT;
  default: return TG_ORDER_NONE;
  }
}

static int sign128(__int128 x, __int128 y)
{
  return (x > y) - (x < y);
}

int tg_order_exact_float(int64_t digits, uint32_t scale, double d)
{
  if (isnan(d)) return -1;
  if (isinf(d)) return d > 0 ? -1 : 1;
  int exp;
  __int128 m = (__int128)ldexp(frexp(d, &exp), DOUBLE_BITS); /* d = m * 2^(exp - 53), exactly */
  exp -= DOUBLE_BITS;
  int far = d > 0 ? -1 : 1;
  if (m == 0) return tg_order_ints(digits, 0);
  if (exp > 11) return far; /* |d| >= 2^64 */
  __int128 right = m * tg_pow10(scale);
  if (exp >= 0) return sign128(digits, right * ((__int128)1 << exp));
  if (digits == 0) return far;
  /* |right| < 2^114: a number that is not zero and shifted by more than that is the larger one. */
  if (exp < -62) {
    int shift = -exp - 62;
    __int128 high = shift > 126 ? 0 : (right < 0 ? -right : right) >> shift;
    __int128 left = (__int128)(digits < 0 ? -(__int128)digits : digits) << 62;
    bool same_sign = (digits < 0) == (d < 0);
    if (!same_sign) return far;
    bool cut = shift > 126 || (high << shift) != (right < 0 ? -right : right);
    int c = left > high ? 1 : left < high ? -1 : cut ? -1 : 0;
    return digits < 0 ? -c : c;
  }
  return sign128((__int128)digits * ((__int128)1 << -exp), right);
}

struct digits { /* a decimal taken apart */
  bool negative;
  struct tg_text whole, fraction; /* without leading, without trailing zeros */
};

static struct digits digits_of(struct tg_text t)
{
  struct digits d = {0};
  if (t.len && (*t.ptr == '-' || *t.ptr == '+')) d.negative = *t.ptr == '-', t.ptr++, t.len--;
  while (t.len && *t.ptr == '0') t.ptr++, t.len--;
  const char *point = t.len ? memchr(t.ptr, '.', t.len) : NULL;
  d.whole = point ? tg_text_of(t.ptr, (size_t)(point - t.ptr)) : t;
  if (point) d.fraction = tg_text_of(point + 1, t.len - d.whole.len - 1);
  while (d.fraction.len && d.fraction.ptr[d.fraction.len - 1] == '0') d.fraction.len--;
  if (!d.whole.len && !d.fraction.len) d.negative = false;
  return d;
}

int tg_order_digits(struct tg_text a, struct tg_text b)
{
  struct digits x = digits_of(a), y = digits_of(b);
  if (x.negative != y.negative) return x.negative ? -1 : 1;
  int c = (x.whole.len > y.whole.len) - (x.whole.len < y.whole.len);
  if (!c) c = tg_text_cmp(x.whole, y.whole);
  if (!c) c = tg_text_cmp(x.fraction, y.fraction);
  c = (c > 0) - (c < 0);
  return x.negative ? -c : c;
}

static bool is_wide(const struct tg_column *c)
{
  return tg_type_store(c->type) == TG_STORE_TEXT;
}
static bool is_float(const struct tg_column *c)
{
  return tg_type_store(c->type) == TG_STORE_FLOAT;
}

static struct tg_text number_digits(const struct tg_column *c, uint32_t i, char *out)
{
  if (is_wide(c)) return c->v.texts[i];
  if (!is_float(c)) return tg_text_of(out, tg_decimal_show(c->v.ints[i], c->type.scale, out));
  return tg_text_of(out,
                    (size_t)snprintf(out, DIGITS_SIZE, "%.*f", FRACTION_DIGITS, c->v.floats[i]));
}

static int order_wide(const struct tg_column *a, uint32_t i, const struct tg_column *b, uint32_t j)
{
  char x[DIGITS_SIZE], y[DIGITS_SIZE];
  if (is_float(b) && !isfinite(b->v.floats[j])) return b->v.floats[j] < 0 ? 1 : -1;
  if (is_float(a) && !isfinite(a->v.floats[i])) return a->v.floats[i] < 0 ? -1 : 1;
  return tg_order_digits(number_digits(a, i, x), number_digits(b, j, y));
}

static int order_numbers(const struct tg_column *a, uint32_t i, const struct tg_column *b,
                         uint32_t j)
{
  if (is_wide(a) || is_wide(b)) return order_wide(a, i, b, j);
  if (is_float(a) && is_float(b)) return tg_order_floats(a->v.floats[i], b->v.floats[j]);
  if (is_float(b)) return tg_order_exact_float(a->v.ints[i], a->type.scale, b->v.floats[j]);
  if (is_float(a)) return -tg_order_exact_float(b->v.ints[j], b->type.scale, a->v.floats[i]);
  uint32_t sa = a->type.scale, sb = b->type.scale;
  return sign128(a->v.ints[i] * tg_pow10(sb > sa ? sb - sa : 0),
                 b->v.ints[j] * tg_pow10(sa > sb ? sa - sb : 0));
}

static __int128 instant(const struct tg_column *c, uint32_t i)
{
  return c->type.kind == TG_DATE ? (__int128)c->v.ints[i] * 86400000000 : c->v.ints[i];
}

static __int128 span_us(struct tg_span s)
{
  return ((__int128)s.months * 30 + s.days) * 86400000000 + s.us;
}

int tg_order_rows(const struct tg_column *a, uint32_t i, const struct tg_column *b, uint32_t j)
{
  int c;
  switch (tg_order_of(a->type)) {
  case TG_ORDER_BOOL: return tg_order_ints(a->v.mask[i], b->v.mask[j]);
  case TG_ORDER_NUMBER: return order_numbers(a, i, b, j);
  case TG_ORDER_TEXT:
  case TG_ORDER_BYTES: c = tg_text_cmp(a->v.texts[i], b->v.texts[j]); return (c > 0) - (c < 0);
  case TG_ORDER_UUID:
    c = memcmp(&a->v.uuids[i], &b->v.uuids[j], sizeof *a->v.uuids);
    return (c > 0) - (c < 0);
  case TG_ORDER_INSTANT: return sign128(instant(a, i), instant(b, j));
  case TG_ORDER_CLOCK: return tg_order_ints(a->v.ints[i], b->v.ints[j]);
  case TG_ORDER_SPAN: return sign128(span_us(a->v.spans[i]), span_us(b->v.spans[j]));
  default: return 0;
  }
}
