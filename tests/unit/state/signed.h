/* Saved state that was tampered with: its checksum put right, so that it is read at all. */
#ifndef TG_TEST_STATE_SIGNED_H
#define TG_TEST_STATE_SIGNED_H

#include "core/base/buf.h"

/* The last eight bytes: FNV-1a by words over the others (core/state/keysave.c). */
static inline void sign(struct tg_buf *b)
{
  uint64_t h = UINT64_C(0xcbf29ce484222325), word;
  size_t at = 0, n = b->len - 8;
  for (; at + 8 <= n; at += 8) {
    memcpy(&word, b->ptr + at, 8);
    h = (h ^ word) * UINT64_C(0x100000001b3);
    h ^= h >> 32;
  }
  for (; at < n; at++) h = (h ^ (unsigned char)b->ptr[at]) * UINT64_C(0x100000001b3);
  for (size_t i = 0; i < 8; i++) b->ptr[b->len - 8 + i] = (char)(h >> (8 * i));
}

#endif
