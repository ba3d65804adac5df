/* 64-bit hashes of bytes and words, the same on every machine and in every process: sketches that
 * are merged elsewhere depend on it.
 *
 * Two 64-bit words are multiplied to 128 bits and folded, as wyhash does (Wang Yi, wyhash final
 * version 4, public domain; its secrets and its mixing, read little endian). Words go through the
 * finaliser of SplitMix64 (Steele, Lea, Flood 2014), which is a bijection: two different words
 * never meet. */
#ifndef TG_DATA_HASH_H
#define TG_DATA_HASH_H

#include "core/base/text.h"

static inline uint64_t tg_hash_word(uint64_t x)
{
  x += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

uint64_t tg_hash_bytes(const void *bytes, size_t size, uint64_t seed);

#endif
