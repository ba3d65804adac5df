/* Sorting 64-bit keys: least significant digit first, 11 bits at a time; digits in which all keys
 * agree cost one counting pass and nothing more. */
#ifndef TG_STATE_RADIX_H
#define TG_STATE_RADIX_H

#include "core/base/arena.h"

/* Sorts in place with a copy in the arena, which is given back. False when that is full. */
bool tg_radix_sort(uint64_t *keys, uint32_t count, struct tg_arena *arena);

#endif
