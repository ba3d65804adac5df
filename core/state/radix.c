/* LSD radix sort; few keys are inserted. */
#include "core/state/radix.h"

enum { DIGIT_BITS = 11, DIGITS = 6, VALUES = 1 << DIGIT_BITS, FEW = 48 };

static void insertion_sort(uint64_t *keys, uint32_t count)
{
  for (uint32_t i = 1; i < count; i++) {
    uint64_t key = keys[i];
    uint32_t at = i;
    for (; at && keys[at - 1] > key; at--) keys[at] = keys[at - 1];
    keys[at] = key;
  }
}

static uint32_t digit(uint64_t key, int d)
{
  return (uint32_t)(key >> (d * DIGIT_BITS)) & (VALUES - 1);
}

/* Moves keys to out by one digit; false when all have the same. */
static bool scatter(const uint64_t *keys, uint32_t count, int d, uint64_t *out, uint32_t *starts)
{
  memset(starts, 0, VALUES * sizeof *starts);
  for (uint32_t i = 0; i < count; i++) starts[digit(keys[i], d)]++;
  if (starts[digit(keys[0], d)] == count) return false;
  for (uint32_t v = 0, next = 0; v < VALUES; v++) {
    uint32_t n = starts[v];
    starts[v] = next;
    next += n;
  }
  for (uint32_t i = 0; i < count; i++) out[starts[digit(keys[i], d)]++] = keys[i];
  return true;
}

bool tg_radix_sort(uint64_t *keys, uint32_t count, struct tg_arena *arena)
{
  if (count <= FEW) return insertion_sort(keys, count), true;
  struct tg_arena_mark mark = tg_arena_mark(arena);
  uint64_t *from = keys, *to = tg_arena_alloc(arena, count * sizeof *to), *swap;
  uint32_t *starts = tg_arena_alloc(arena, VALUES * sizeof *starts);
  bool good = to && starts;
  for (int d = 0; good && d < DIGITS; d++)
    if (scatter(from, count, d, to, starts)) swap = from, from = to, to = swap;
  if (good && from != keys) memcpy(keys, from, count * sizeof *keys);
  tg_arena_release(arena, mark);
  return good;
}
