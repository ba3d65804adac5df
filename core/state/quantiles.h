/* Quantiles of numbers: every value up to TG_QUANTILES_EXACT of them, then a DDSketch.
 *
 * Exact values are held as 64-bit keys whose order as unsigned numbers is that of the values:
 * whole numbers of units of 10^-scale with the sign bit flipped, floats by IEEE 754's trick (all
 * NaNs are one, above +infinity; -0 is 0).
 *
 * The sketch: Masson, Rim, Lee, "DDSketch" (VLDB 2019). A value x > 0 is counted in bin
 * ceil(log(x) / log(g)), g = (1 + a) / (1 - a), a = 0.01, and read as 2 g^i / (g + 1): at most 1 %
 * off. Negative values have bins of their own. Each side keeps its TG_BINS_MAX highest bins
 * (magnitudes within a factor of 6e17); what is smaller counts in the lowest of them. Which are
 * kept depends on the largest value alone, so that the order of merges makes no difference.
 *
 * Memory: 8 bytes a value, 512 KiB at most; the sketch 8 bytes a bin that is used. */
#ifndef TG_STATE_QUANTILES_H
#define TG_STATE_QUANTILES_H

#include "core/state/bins.h"
#include "core/state/number.h"

enum { TG_QUANTILES_EXACT = 65536, TG_QUANTILES_FLOAT = -1 };

struct tg_quantiles {
  struct tg_arena *arena; /* borrowed: keys and bins live in it */
  uint64_t count;
  int32_t scale; /* of the keys: decimals of whole numbers, or TG_QUANTILES_FLOAT */
  bool sorted, sketched;
  uint32_t size;  /* room for keys */
  uint64_t *keys; /* exact values: `count` of them */
  struct tg_bins positive, negative;
  uint64_t zeros, nans, infinite[2]; /* sketched: -inf and inf */
  double low, high;                  /* sketched: smallest and largest finite value */
};

/* Adds the seen rows of c. False with op->err set (see tg_number_gather). */
bool tg_quantiles_add(struct tg_quantiles *q, struct tg_op *op, const struct tg_column *c,
                      const uint8_t *live);
/* False when the arena is full. */
bool tg_quantiles_merge(struct tg_quantiles *q, const struct tg_quantiles *other);
/* Not const: keys are sorted first. False when there is no memory for that. */
bool tg_quantiles_write(struct tg_quantiles *q, struct tg_buf *out);
void tg_quantiles_read(struct tg_quantiles *q, struct tg_unpack *in);

/* The value at (n - 1) p, interpolated between its neighbours (0.5: the median); p in 0..1. False
 * when there are none, or no memory. */
bool tg_quantiles_at(struct tg_quantiles *q, double p, double *out);
/* The value at rank round((n - 1) p), half to even. */
bool tg_quantiles_nearest(struct tg_quantiles *q, double p, double *out);

/* All values, ascending: an exact value once for each time it occurs, a bin once. */
struct tg_point {
  double x;
  uint64_t n;
};
/* In the arena; NULL when it is full. */
struct tg_point *tg_quantiles_points(struct tg_quantiles *q, struct tg_arena *arena,
                                     uint32_t *count);

#endif
