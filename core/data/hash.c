/* wyhash's folded multiplication, without its unrolled loops: keys are short. */
#include "core/data/hash.h"

enum { STEP = 16, HALF = 8 };

static const uint64_t secret[] = {UINT64_C(0x2d358dccaa6c78a5), UINT64_C(0x8bb84b93962eacc9),
                                  UINT64_C(0x4b33a62ed433d4a3)};

static uint64_t folded(uint64_t a, uint64_t b)
{
  unsigned __int128 product = (unsigned __int128)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word_at(const uint8_t *p)
{
  uint64_t v = 0;
  for (int i = HALF - 1; i >= 0; i--) v = v << 8 | p[i];
  return v;
}

uint64_t tg_hash_bytes(const void *bytes, size_t size, uint64_t seed)
{
  const uint8_t *p = bytes;
  uint8_t last[STEP] = {0};
  size_t left = size;
  seed ^= folded(seed ^ secret[0], secret[1]);
  for (; left > STEP; p += STEP, left -= STEP)
    seed = folded(word_at(p) ^ secret[1], word_at(p + HALF) ^ seed);
  if (left) memcpy(last, p, left);
  uint64_t a = word_at(last) ^ secret[1], b = word_at(last + HALF) ^ seed;
  return folded(folded(a, b) ^ secret[0] ^ size, secret[1] ^ b ^ secret[2]);
}
