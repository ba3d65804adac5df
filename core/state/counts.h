/* How often each value occurs, for at most `cap` different values.
 *
 * Past the cap the values with the smallest hashes are kept: which these are does not depend on
 * the order of the rows or of merges, and a value that is kept has been counted from its first
 * row on, so that its count is exact. All other values are `other`. (The same sample gives an
 * estimate of the number of different values: (cap - 1) / the cap-th smallest hash as a fraction,
 * Bar-Yossef et al. 2002; error about 1 / sqrt(cap).)
 *
 * Memory: about 64 bytes a value and its text, up to twice the cap of them; a text longer than
 * TG_COUNTS_VALUE_BYTES is known by its beginning and a hash. */
#ifndef TG_STATE_COUNTS_H
#define TG_STATE_COUNTS_H

#include "core/data/datum.h"
#include "core/data/op.h"
#include "core/state/pack.h"

enum { TG_COUNTS_CAP = 10000, TG_COUNTS_CAP_MAX = 1 << 17, TG_COUNTS_VALUE_BYTES = 256 };

struct tg_counted {
  uint64_t hash, n;
  struct tg_datum value;
};

struct tg_counts {
  uint64_t count; /* rows with a value */
  uint32_t cap, used, size;
  bool cut;                 /* values were left out: hashes above `limit` */
  uint64_t limit;           /* of cut counts: the largest hash that is kept */
  struct tg_counted *items; /* `used` of them, room for twice the cap at most */
  uint32_t *slots;          /* `size` of them; index + 1 of an item, 0 is free */
};

/* Adds the seen rows of c. False with op->err: TG_FULL, TG_AGAIN. */
bool tg_counts_add(struct tg_counts *s, struct tg_arena *arena, struct tg_op *op,
                   struct tg_column *c, const uint8_t *live);
/* False when the arena is full. The smaller cap holds from then on. */
bool tg_counts_merge(struct tg_counts *s, struct tg_arena *arena, const struct tg_counts *other);
/* Not const: values above the cap leave first. */
bool tg_counts_write(struct tg_counts *s, struct tg_buf *out);
void tg_counts_read(struct tg_counts *s, struct tg_arena *arena, struct tg_unpack *in);

/* Adds n rows of one value. False when the arena is full. */
bool tg_counts_put(struct tg_counts *s, struct tg_arena *arena, const struct tg_datum *d,
                   uint64_t n);

/* At most cap items, most frequent first, then by value. Borrowed until the next change; NULL
 * without memory. */
const struct tg_counted *tg_counts_list(struct tg_counts *s, uint32_t *count);
/* Rows of one value; 0 when it is not kept. */
uint64_t tg_counts_of(struct tg_counts *s, const struct tg_datum *d);
/* Rows of values that are not kept. */
uint64_t tg_counts_other(struct tg_counts *s);
/* -sum p ln p over the values; what is not kept counts as one value. */
double tg_counts_entropy(struct tg_counts *s);
/* The number of different values; an estimate when cut. */
double tg_counts_distinct(struct tg_counts *s);

#endif
