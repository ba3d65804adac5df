/* The numbers of a column, as the summaries take them: the values of the rows that are seen and
 * not null, one behind the other.
 *
 * Numbers of any kind, booleans as 0 and 1, intervals in seconds (months of 30 days), and json
 * whose values are numbers or booleans. */
#ifndef TG_STATE_NUMBER_H
#define TG_STATE_NUMBER_H

#include "core/data/op.h"

/* True when rows of this type may be numbers. */
bool tg_number_type(struct tg_type t);

/* Whether a row is seen: live is NULL or live[row] is not 0, and there is a value. */
bool tg_number_seen(const struct tg_column *c, const uint8_t *live, uint32_t row);

/* The numbers of c as doubles, *count of them, in op->arena or c's own array. NULL with op->err
 * set: TG_CONFIG (not numbers), TG_DATA (a json value that is none), TG_FULL, TG_AGAIN. */
const double *tg_number_gather(struct tg_op *op, const struct tg_column *c, const uint8_t *live,
                               uint32_t *count);

/* The same for the rows that have both a and b; out[0] and out[1] are equally long. */
bool tg_number_pairs(struct tg_op *op, const struct tg_column *const c[2], const uint8_t *live,
                     double *out[2], uint32_t *count);

/* A whole number of any size and a scale, as the double nearest to v * 10^-scale (scale <= 60). */
double tg_number_scaled(__int128 v, uint32_t scale);

/* Compensated addition (Neumaier 1974): *sum + *rest holds the total to about twice the digits. */
static inline void tg_number_add(double *sum, double *rest, double x)
{
  double t = *sum + x, a = *sum < 0 ? -*sum : *sum, b = x < 0 ? -x : x;
  *rest += a >= b ? (*sum - t) + x : (x - t) + *sum;
  *sum = t;
}

#endif
