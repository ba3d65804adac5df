/* The sum of numbers: exact for whole numbers, numeric and intervals (seconds), compensated for
 * floats.
 *
 * The exact part is a 128-bit whole number of units of 10^-scale; it holds 2^64 bigints. Numeric
 * beyond 18 digits joins it as long as its digits fit; what does not, and floats, go to the float
 * part (Neumaier 1974) and the sum says `inexact`. */
#ifndef TG_STATE_SUM_H
#define TG_STATE_SUM_H

#include "core/state/number.h"
#include "core/state/pack.h"

enum { TG_SUM_SCALE_MAX = 30 };

struct tg_sum {
  uint64_t count;
  __int128 exact; /* in units of 10^-scale */
  uint32_t scale;
  bool inexact;      /* something is in the float part */
  double high, rest; /* the float part: their sum */
};

/* Adds the seen rows of c. False with op->err set (see tg_number_gather). */
bool tg_sum_add(struct tg_sum *s, struct tg_op *op, const struct tg_column *c, const uint8_t *live);
void tg_sum_merge(struct tg_sum *s, const struct tg_sum *other);
void tg_sum_write(const struct tg_sum *s, struct tg_buf *out);
void tg_sum_read(struct tg_sum *s, struct tg_unpack *in);

/* The nearest double. */
double tg_sum_value(const struct tg_sum *s);
/* The nearest double of the sum divided by the count; count > 0. */
double tg_sum_mean(const struct tg_sum *s);
/* True when the sum is exactly *out, of numbers without decimals. */
bool tg_sum_integer(const struct tg_sum *s, int64_t *out);

#endif
