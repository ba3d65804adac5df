/* How many different values there are: exactly up to a cap, then by HyperLogLog.
 *
 * Below the cap the 64-bit hashes of the values are kept (bigints never collide, n texts with
 * probability n^2 / 2^65). Past it each hash goes to one of 2^14 registers, which holds the
 * largest number of leading zeros seen in the rest of it: Flajolet, Fusy, Gandouet, Meunier
 * (2007), estimated without bias tables as Ertl does ("New cardinality estimation algorithms for
 * HyperLogLog sketches", arXiv:1702.01284, algorithm 6). Standard error 1.04 / sqrt(2^14) = 0.8 %.
 *
 * Memory: 8 bytes a value to 16 in the set, 16 KiB as registers. What was merged in which order
 * makes no difference. */
#ifndef TG_STATE_DISTINCT_H
#define TG_STATE_DISTINCT_H

#include "core/data/datum.h"
#include "core/data/op.h"
#include "core/state/pack.h"

enum {
  TG_DISTINCT_EXACT = 4096,
  TG_DISTINCT_EXACT_MAX = 1 << 20,
  TG_DISTINCT_BITS = 14,
  TG_DISTINCT_REGISTERS = 1 << TG_DISTINCT_BITS
};

struct tg_distinct {
  uint64_t count;      /* values, not different ones */
  uint32_t exact_max;  /* different values that are told apart exactly */
  uint32_t used, size; /* hashes in the set, its slots (a power of 2, or 0) */
  uint64_t *set;       /* open addressing; 0 is free */
  uint8_t *registers;  /* not NULL: the set is given up */
};

/* Adds the seen rows of c. False with op->err: TG_FULL, TG_AGAIN. */
bool tg_distinct_add(struct tg_distinct *d, struct tg_arena *arena, struct tg_op *op,
                     struct tg_column *c, const uint8_t *live);
/* Adds n rows of one value. False when the arena is full. */
bool tg_distinct_put(struct tg_distinct *d, struct tg_arena *arena, const struct tg_datum *value,
                     uint64_t n);
/* False when the arena is full. The smaller exact_max holds from then on. */
bool tg_distinct_merge(struct tg_distinct *d, struct tg_arena *arena,
                       const struct tg_distinct *other);
bool tg_distinct_write(const struct tg_distinct *d, struct tg_buf *out);
void tg_distinct_read(struct tg_distinct *d, struct tg_arena *arena, struct tg_unpack *in);

/* The number of different values; an estimate when registers is not NULL. */
double tg_distinct_estimate(const struct tg_distinct *d);

#endif
