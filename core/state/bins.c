/* A window of bins. */
#include "core/state/bins.h"

#include <math.h>

enum { SIZE_MIN = 64, BIN_LIMIT = 40000 };

static const double accuracy = 0.01, smallest = 1e-300;

static double base(void)
{
  return (1 + accuracy) / (1 - accuracy);
}

bool tg_bins_number(double magnitude, int32_t *bin)
{
  if (magnitude < smallest) return false;
  *bin = (int32_t)ceil(log(magnitude) / log(base()));
  return true;
}

double tg_bins_value(int32_t bin)
{
  return 2 * pow(base(), bin) / (base() + 1);
}

/* Makes the window low .. low + count - 1, a part of it at least what is there now. */
static bool widen(struct tg_bins *b, struct tg_arena *arena, int32_t low, uint32_t count)
{
  uint32_t size = b->size ? b->size : SIZE_MIN;
  while (size < count) size *= 2;
  uint64_t *n = tg_arena_zalloc(arena, size, sizeof *n);
  if (!n) return false;
  for (uint32_t i = 0; i < b->count; i++) {
    int32_t to = b->low + (int32_t)i - low;
    n[to < 0 ? 0 : to] += b->n[i];
  }
  *b = (struct tg_bins){.low = low, .count = count, .size = size, .n = n};
  return true;
}

bool tg_bins_put(struct tg_bins *b, struct tg_arena *arena, int32_t bin, uint64_t n)
{
  int32_t low = b->count && b->low < bin ? b->low : bin;
  int32_t high =
      b->count && b->low + (int32_t)b->count - 1 > bin ? b->low + (int32_t)b->count - 1 : bin;
  if (high - low >= TG_BINS_MAX) low = high - TG_BINS_MAX + 1;
  bool same = b->count && low == b->low && high - low + 1 == (int32_t)b->count;
  if (!same && !widen(b, arena, low, (uint32_t)(high - low + 1))) return false;
  b->n[bin < low ? 0 : bin - low] += n;
  return true;
}

bool tg_bins_merge(struct tg_bins *b, struct tg_arena *arena, const struct tg_bins *other)
{
  /* From the top, so that the window is moved once. */
  for (uint32_t i = other->count; i-- > 0;)
    if (other->n[i] && !tg_bins_put(b, arena, other->low + (int32_t)i, other->n[i])) return false;
  return true;
}

void tg_bins_write(const struct tg_bins *b, struct tg_buf *out)
{
  tg_pack_varint(out, b->count);
  if (!b->count) return;
  tg_pack_varint(out, (uint64_t)(b->low + BIN_LIMIT));
  for (uint32_t i = 0; i < b->count; i++) tg_pack_varint(out, b->n[i]);
}

bool tg_bins_read(struct tg_bins *b, struct tg_arena *arena, struct tg_unpack *in, uint64_t *sum)
{
  uint32_t count = (uint32_t)tg_unpack_count(in, TG_BINS_MAX);
  if (!count) return true;
  int32_t low = (int32_t)tg_unpack_count(in, 2 * BIN_LIMIT) - BIN_LIMIT;
  if (in->bad || !widen(b, arena, low, count)) {
    in->bad = true;
    return true;
  }
  for (uint32_t i = 0; i < count; i++) {
    b->n[i] = tg_unpack_varint(in);
    if (__builtin_add_overflow(*sum, b->n[i], sum)) return false;
  }
  return in->bad || b->n[count - 1] > 0 ? true : (in->bad = true);
}
