/* Sums: 128-bit whole numbers as long as possible. */
#include "core/state/sum.h"
#include "core/data/decimal.h"
#include "core/data/literal.h"

#include <math.h>

enum { WIDE_DIGITS_MAX = 37, EXACT_BITS = 53 };

static void add_float(struct tg_sum *s, double x)
{
  tg_number_add(&s->high, &s->rest, x);
  s->inexact = true;
}

static void spill(struct tg_sum *s)
{
  add_float(s, tg_number_scaled(s->exact, s->scale));
  s->exact = 0;
}

/* v * 10^by; false when that is beyond 128 bits. */
static bool shifted(__int128 v, uint32_t by, __int128 *out)
{
  return !__builtin_mul_overflow(v, tg_pow10(by), out);
}

/* Adds v * 10^-scale. */
static void add_exact(struct tg_sum *s, __int128 v, uint32_t scale)
{
  __int128 a = s->exact, b = v;
  uint32_t most = scale > s->scale ? scale : s->scale;
  bool fits = shifted(s->exact, most - s->scale, &a) && shifted(v, most - scale, &b) &&
              !__builtin_add_overflow(a, b, &a);
  if (fits) {
    s->exact = a, s->scale = most;
    return;
  }
  spill(s);
  add_float(s, tg_number_scaled(v, scale));
}

static void add_ints(struct tg_sum *s, const struct tg_column *c, const uint8_t *live)
{
  __int128 total = 0;
  uint64_t n = 0;
  for (uint32_t i = 0; i < c->rows; i++) {
    bool seen = !(live && !live[i]) && !(c->nul && c->nul[i]);
    total += seen ? c->v.ints[i] : 0;
    n += seen;
  }
  s->count += n;
  add_exact(s, total, c->type.scale);
}

/* Digits of a decimal as a whole number of units of 10^-scale; false when they do not fit. */
static bool wide_digits(struct tg_text t, __int128 *out, uint32_t *scale)
{
  struct tg_decimal d;
  if (!tg_decimal_parse(t, &d)) return false;
  int64_t behind = (int64_t)d.whole.len + d.fraction.len - d.point;
  if (behind < 0 || behind > TG_SUM_SCALE_MAX) return false;
  if (d.whole.len + d.fraction.len > WIDE_DIGITS_MAX) return false;
  *out = 0, *scale = (uint32_t)behind;
  for (uint32_t i = 0; i < d.whole.len; i++) *out = *out * 10 + (d.whole.ptr[i] - '0');
  for (uint32_t i = 0; i < d.fraction.len; i++) *out = *out * 10 + (d.fraction.ptr[i] - '0');
  if (d.negative) *out = -*out;
  return true;
}

static __int128 span_us(struct tg_span span)
{
  return ((__int128)span.months * 30 + span.days) * 86400000000 + span.us;
}

/* Wide numeric, json, intervals; x: the value as a double. */
static void add_one(struct tg_sum *s, const struct tg_column *c, uint32_t row, double x)
{
  __int128 v;
  uint32_t scale;
  enum tg_store store = tg_type_store(c->type);
  if (store == TG_STORE_SPAN)
    add_exact(s, span_us(c->v.spans[row]), 6);
  else if (store == TG_STORE_TEXT && wide_digits(c->v.texts[row], &v, &scale))
    add_exact(s, v, scale);
  else
    add_float(s, x);
}

static void add_mask(struct tg_sum *s, const struct tg_column *c, const uint8_t *live)
{
  uint32_t n = 0, yes = 0;
  for (uint32_t i = 0; i < c->rows; i++) {
    bool seen = !(live && !live[i]) && !(c->nul && c->nul[i]) && c->v.mask[i] != TG_UNKNOWN;
    n += seen;
    yes += seen && c->v.mask[i] == TG_TRUE;
  }
  s->count += n;
  add_exact(s, yes, 0);
}

bool tg_sum_add(struct tg_sum *s, struct tg_op *op, const struct tg_column *c, const uint8_t *live)
{
  uint32_t n, k = 0;
  if (tg_type_is_number(c->type) && tg_type_store(c->type) == TG_STORE_INT) {
    add_ints(s, c, live);
    return true;
  }
  if (tg_type_store(c->type) == TG_STORE_MASK && !c->type.array) {
    add_mask(s, c, live);
    return true;
  }
  const double *x = tg_number_gather(op, c, live, &n);
  if (!x) return false;
  s->count += n;
  if (tg_type_store(c->type) == TG_STORE_FLOAT) {
    for (uint32_t i = 0; i < n; i++) tg_number_add(&s->high, &s->rest, x[i]);
    s->inexact |= n > 0;
    return true;
  }
  for (uint32_t i = 0; i < c->rows; i++)
    if (tg_number_seen(c, live, i)) add_one(s, c, i, x[k++]);
  return true;
}

void tg_sum_merge(struct tg_sum *s, const struct tg_sum *b)
{
  s->count += b->count;
  add_exact(s, b->exact, b->scale);
  if (!b->inexact) return;
  add_float(s, b->high);
  s->rest += b->rest;
}

void tg_sum_write(const struct tg_sum *s, struct tg_buf *out)
{
  tg_pack_varint(out, s->count);
  tg_pack_varint(out, s->scale);
  tg_pack_int128(out, s->exact);
  tg_pack_u8(out, s->inexact);
  if (!s->inexact) return;
  tg_pack_double(out, s->high);
  tg_pack_double(out, s->rest);
}

void tg_sum_read(struct tg_sum *s, struct tg_unpack *in)
{
  s->count = tg_unpack_varint(in);
  s->scale = (uint32_t)tg_unpack_count(in, TG_SUM_SCALE_MAX);
  s->exact = tg_unpack_int128(in);
  uint8_t inexact = tg_unpack_u8(in);
  if (inexact > 1) in->bad = true;
  s->inexact = inexact == 1;
  if (!s->inexact) return;
  s->high = tg_unpack_double(in);
  s->rest = tg_unpack_double(in);
}

/* Beyond the largest double the compensation is worthless. */
static double float_part(const struct tg_sum *s)
{
  return isfinite(s->high) ? s->high + s->rest : s->high;
}

double tg_sum_value(const struct tg_sum *s)
{
  if (!s->inexact) return tg_number_scaled(s->exact, s->scale);
  if (!s->exact) return float_part(s);
  struct tg_sum all = *s;
  spill(&all);
  return float_part(&all);
}

double tg_sum_mean(const struct tg_sum *s)
{
  return tg_sum_value(s) / (double)s->count;
}

bool tg_sum_integer(const struct tg_sum *s, int64_t *out)
{
  if (s->inexact || s->scale || s->exact > INT64_MAX || s->exact < INT64_MIN) return false;
  *out = (int64_t)s->exact;
  return true;
}
