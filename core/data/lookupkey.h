/* Keys of lookups as numbers and texts that can be hashed and compared: what the maker of a
 * snapshot and its finder share. */
#ifndef TG_DATA_LOOKUPKEY_H
#define TG_DATA_LOOKUPKEY_H

#include "core/data/lookup.h"

/* True when a column of this type can be a key. */
bool tg_lookupkey_type(struct tg_type type);

/* True when values of the two types can be equal. */
bool tg_lookupkey_meet(struct tg_type a, struct tg_type b);

/* Mixes the value of a row into a hash. */
uint64_t tg_lookupkey_hash(uint64_t seed, const struct tg_column *c, uint32_t row);

/* What a slot holds for a row of this hash, and the row again. */
static inline uint64_t tg_lookupkey_slot(uint64_t hash, uint32_t row)
{
  return (hash & UINT64_C(0xffffffff00000000)) | (row + 1);
}
static inline uint32_t tg_lookupkey_row(uint64_t slot)
{
  return (uint32_t)slot - 1;
}

/* Same value? Both columns have the same store and scale. */
bool tg_lookupkey_same(const struct tg_column *a, uint32_t i, const struct tg_column *b,
                       uint32_t j);

#endif
