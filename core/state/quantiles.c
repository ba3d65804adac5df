/* Quantiles: keys that sort as the values do, then bins. */
#include "core/state/quantiles.h"
#include "core/state/radix.h"

#include <math.h>

enum { KEYS_MIN = 256, DELTA_TOP = 63 };
#define SIGN (UINT64_C(1) << DELTA_TOP)

static uint64_t key_of_float(double x)
{
  uint64_t bits;
  if (isnan(x)) return UINT64_MAX;
  if (x == 0) x = 0;
  memcpy(&bits, &x, sizeof bits);
  return bits & SIGN ? ~bits : bits | SIGN;
}

static double float_of_key(uint64_t key)
{
  double x;
  if (key == UINT64_MAX) return (double)NAN;
  uint64_t bits = key & SIGN ? key & ~SIGN : ~key;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static double value_of(const struct tg_quantiles *q, uint64_t key)
{
  if (q->scale == TG_QUANTILES_FLOAT) return float_of_key(key);
  return tg_number_scaled((int64_t)(key ^ SIGN), (uint32_t)q->scale);
}

/* Room for n more keys. */
static bool reserve(struct tg_quantiles *q, uint64_t n)
{
  uint64_t need = q->count + n, size = q->size ? q->size : KEYS_MIN;
  if (need <= q->size) return true;
  while (size < need) size *= 2;
  uint64_t *keys = tg_arena_alloc(q->arena, size * sizeof *keys);
  if (!keys) return false;
  if (q->count) memcpy(keys, q->keys, q->count * sizeof *keys);
  q->keys = keys, q->size = (uint32_t)size;
  return true;
}

/* One value, n times, into the sketch. */
static bool sketch(struct tg_quantiles *q, double x, uint64_t n)
{
  if (isnan(x)) return q->nans += n, true;
  if (isinf(x)) return q->infinite[x > 0] += n, true;
  if (x < q->low) q->low = x;
  if (x > q->high) q->high = x;
  int32_t bin;
  if (!tg_bins_number(fabs(x), &bin)) return q->zeros += n, true;
  return tg_bins_put(x > 0 ? &q->positive : &q->negative, q->arena, bin, n);
}

/* From keys to bins. */
static bool give_up(struct tg_quantiles *q)
{
  q->sketched = true;
  q->low = INFINITY, q->high = -INFINITY;
  for (uint64_t i = 0; i < q->count; i++)
    if (!sketch(q, value_of(q, q->keys[i]), 1)) return false;
  q->keys = NULL, q->size = 0;
  return true;
}

static void to_floats(struct tg_quantiles *q)
{
  for (uint64_t i = 0; i < q->count && !q->sketched; i++)
    q->keys[i] = key_of_float(value_of(q, q->keys[i]));
  q->scale = TG_QUANTILES_FLOAT;
  q->sorted = false;
}

/* Prepares for n values of this scale. False when the arena is full. */
static bool prepare(struct tg_quantiles *q, uint64_t n, int32_t scale)
{
  if (!q->count) q->scale = scale;
  if (q->scale != scale) to_floats(q);
  q->sorted = false;
  if (!q->sketched && q->count + n > TG_QUANTILES_EXACT && !give_up(q)) return false;
  return q->sketched || reserve(q, n);
}

static bool is_whole(const struct tg_column *c)
{
  return tg_type_is_number(c->type) && tg_type_store(c->type) == TG_STORE_INT;
}

static uint64_t put_ints(struct tg_quantiles *q, const struct tg_column *c, const uint8_t *live)
{
  uint64_t at = q->count;
  for (uint32_t i = 0; i < c->rows; i++)
    if (tg_number_seen(c, live, i)) q->keys[at++] = (uint64_t)c->v.ints[i] ^ SIGN;
  return at;
}

bool tg_quantiles_add(struct tg_quantiles *q, struct tg_op *op, const struct tg_column *c,
                      const uint8_t *live)
{
  uint32_t n;
  const double *x = tg_number_gather(op, c, live, &n);
  if (!x) return false;
  if (!n) return true;
  int32_t scale = is_whole(c) ? (int32_t)c->type.scale : TG_QUANTILES_FLOAT;
  if (!prepare(q, n, scale)) return tg_op_full(op) != NULL;
  if (!q->sketched && q->scale != TG_QUANTILES_FLOAT) {
    q->count = put_ints(q, c, live);
    return true;
  }
  for (uint32_t i = 0; i < n; i++) {
    if (!q->sketched)
      q->keys[q->count + i] = key_of_float(x[i]);
    else if (!sketch(q, x[i], 1))
      return tg_op_full(op) != NULL;
  }
  q->count += n;
  return true;
}

static bool merge_keys(struct tg_quantiles *q, const struct tg_quantiles *b)
{
  if (!prepare(q, b->count, b->scale)) return false;
  for (uint64_t i = 0; i < b->count; i++) {
    double x = value_of(b, b->keys[i]);
    if (q->sketched && !sketch(q, x, 1)) return false;
    if (q->sketched) continue;
    q->keys[q->count + i] = q->scale == b->scale ? b->keys[i] : key_of_float(x);
  }
  q->count += b->count;
  return true;
}

bool tg_quantiles_merge(struct tg_quantiles *q, const struct tg_quantiles *b)
{
  if (!b->count) return true;
  if (!b->sketched) return merge_keys(q, b);
  if (!q->count) q->scale = b->scale;
  if (!q->sketched && !give_up(q)) return false;
  if (q->scale != b->scale) q->scale = TG_QUANTILES_FLOAT;
  q->count += b->count;
  q->zeros += b->zeros, q->nans += b->nans;
  for (int i = 0; i < 2; i++) q->infinite[i] += b->infinite[i];
  q->low = fmin(q->low, b->low), q->high = fmax(q->high, b->high);
  return tg_bins_merge(&q->positive, q->arena, &b->positive) &&
         tg_bins_merge(&q->negative, q->arena, &b->negative);
}

static bool sort(struct tg_quantiles *q)
{
  if (q->sorted || q->sketched) return true;
  return q->sorted = tg_radix_sort(q->keys, (uint32_t)q->count, q->arena);
}

bool tg_quantiles_write(struct tg_quantiles *q, struct tg_buf *out)
{
  uint64_t last = 0;
  if (!sort(q)) return false;
  tg_pack_varint(out, q->count);
  tg_pack_u8(out, (uint8_t)(q->scale + 1));
  tg_pack_u8(out, q->sketched);
  for (uint64_t i = 0; !q->sketched && i < q->count; last = q->keys[i++])
    tg_pack_varint(out, q->keys[i] - last);
  if (!q->sketched) return !out->failed;
  const uint64_t special[] = {q->zeros, q->nans, q->infinite[0], q->infinite[1]};
  for (size_t i = 0; i < sizeof special / sizeof *special; i++) tg_pack_varint(out, special[i]);
  tg_pack_double(out, q->low);
  tg_pack_double(out, q->high);
  tg_bins_write(&q->positive, out);
  tg_bins_write(&q->negative, out);
  return !out->failed;
}

static void read_keys(struct tg_quantiles *q, struct tg_unpack *in)
{
  uint64_t key = 0, count = q->count;
  q->count = 0;
  if (count > TG_QUANTILES_EXACT || !reserve(q, count)) in->bad = true;
  for (uint64_t i = 0; i < count && !in->bad; i++) {
    uint64_t delta = tg_unpack_varint(in);
    if (__builtin_add_overflow(key, delta, &key)) in->bad = true;
    if (!in->bad) q->keys[i] = key;
  }
  q->count = in->bad ? 0 : count;
  q->sorted = true;
}

static void read_sketch(struct tg_quantiles *q, struct tg_unpack *in)
{
  uint64_t *const special[] = {&q->zeros, &q->nans, &q->infinite[0], &q->infinite[1]};
  uint64_t sum = 0;
  bool over = false;
  for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
    *special[i] = tg_unpack_varint(in);
    over |= __builtin_add_overflow(sum, *special[i], &sum);
  }
  q->low = tg_unpack_double(in), q->high = tg_unpack_double(in);
  over |= !tg_bins_read(&q->positive, q->arena, in, &sum);
  over |= !tg_bins_read(&q->negative, q->arena, in, &sum);
  if (over || sum != q->count) in->bad = true;
}

void tg_quantiles_read(struct tg_quantiles *q, struct tg_unpack *in)
{
  q->count = tg_unpack_varint(in);
  uint8_t scale = tg_unpack_u8(in), sketched = tg_unpack_u8(in);
  if (scale > TG_NUMERIC_INT_DIGITS + 1 || sketched > 1) in->bad = true;
  q->scale = scale - 1, q->sketched = sketched == 1;
  if (in->bad) return;
  if (q->sketched)
    read_sketch(q, in);
  else
    read_keys(q, in);
}

/* The value of a rank in the sketch: -inf, negative, zero, positive, inf, NaN. */
static double sketched_at(const struct tg_quantiles *q, uint64_t rank)
{
  const struct tg_bins *b = &q->negative;
  if (rank < q->infinite[0]) return -INFINITY;
  rank -= q->infinite[0];
  for (uint32_t i = b->count; i-- > 0; rank -= b->n[i])
    if (rank < b->n[i]) return fmax(q->low, -tg_bins_value(b->low + (int32_t)i));
  if (rank < q->zeros) return 0;
  rank -= q->zeros;
  b = &q->positive;
  for (uint32_t i = 0; i < b->count; rank -= b->n[i++])
    if (rank < b->n[i]) return fmin(q->high, tg_bins_value(b->low + (int32_t)i));
  return rank < q->infinite[1] ? INFINITY : (double)NAN;
}

static double rank_value(const struct tg_quantiles *q, uint64_t rank)
{
  if (q->sketched && rank == 0 && !q->infinite[0] && isfinite(q->low)) return q->low;
  if (q->sketched && rank == q->count - 1 && !q->infinite[1] && !q->nans) return q->high;
  return q->sketched ? sketched_at(q, rank) : value_of(q, q->keys[rank]);
}

bool tg_quantiles_at(struct tg_quantiles *q, double p, double *out)
{
  if (!q->count || !sort(q)) return false;
  double place = (double)(q->count - 1) * p, below = floor(place);
  double a = rank_value(q, (uint64_t)below), b = rank_value(q, (uint64_t)ceil(place));
  *out = a == b ? a : place - below == 0.5 ? a / 2 + b / 2 : a + (b - a) * (place - below);
  return true;
}

bool tg_quantiles_nearest(struct tg_quantiles *q, double p, double *out)
{
  if (!q->count || !sort(q)) return false;
  *out = rank_value(q, (uint64_t)rint((double)(q->count - 1) * p));
  return true;
}

static void put_point(struct tg_point *points, uint32_t *count, double x, uint64_t n)
{
  if (n) points[(*count)++] = (struct tg_point){x, n};
}

static struct tg_point *sketched_points(const struct tg_quantiles *q, struct tg_arena *arena,
                                        uint32_t *count)
{
  const struct tg_bins *low = &q->negative, *high = &q->positive;
  uint64_t room = low->count + high->count + 4;
  struct tg_point *points = tg_arena_alloc(arena, room * sizeof *points);
  if (!points) return NULL;
  put_point(points, count, -INFINITY, q->infinite[0]);
  for (uint32_t i = low->count; i-- > 0;)
    put_point(points, count, -tg_bins_value(low->low + (int32_t)i), low->n[i]);
  put_point(points, count, 0, q->zeros);
  for (uint32_t i = 0; i < high->count; i++)
    put_point(points, count, tg_bins_value(high->low + (int32_t)i), high->n[i]);
  put_point(points, count, INFINITY, q->infinite[1]);
  put_point(points, count, (double)NAN, q->nans);
  return points;
}

struct tg_point *tg_quantiles_points(struct tg_quantiles *q, struct tg_arena *arena,
                                     uint32_t *count)
{
  *count = 0;
  if (q->sketched) return sketched_points(q, arena, count);
  struct tg_point *points = tg_arena_alloc(arena, (q->count + 1) * sizeof *points);
  if (!points || !sort(q)) return NULL;
  for (uint64_t i = 0; i < q->count; i++) put_point(points, count, value_of(q, q->keys[i]), 1);
  return points;
}
