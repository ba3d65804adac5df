/* Count, mean and the central sums m2, m3, m4 of numbers.
 *
 * What is added at once is taken in two passes: the mean first (whole numbers exactly, floats
 * compensated), then the sums about it. Two states merge by the formulas of Chan, Golub, LeVeque
 * (1979) and Pebay (SAND2008-6212, eq. 2.1, 3.1), so that a figure of one batch is as accurate as
 * two passes are, and one of many loses a few last bits. A constant column has exactly no
 * variance: low == high says so. */
#ifndef TG_STATE_MOMENTS_H
#define TG_STATE_MOMENTS_H

#include "core/state/number.h"
#include "core/state/pack.h"

struct tg_moments {
  uint64_t count;
  double mean, m2, m3, m4;
  double low, high; /* smallest and largest value; a NaN makes all figures NaN */
};

/* Adds the seen rows of c. False with op->err set (see tg_number_gather). */
bool tg_moments_add(struct tg_moments *m, struct tg_op *op, const struct tg_column *c,
                    const uint8_t *live);
/* The moments of n > 0 numbers about their mean. */
void tg_moments_of(struct tg_moments *m, const double *x, uint32_t n, double mean);
void tg_moments_merge(struct tg_moments *m, const struct tg_moments *other);
void tg_moments_write(const struct tg_moments *m, struct tg_buf *out);
/* Sets in->bad for what no writer writes. */
void tg_moments_read(struct tg_moments *m, struct tg_unpack *in);

/* m2 / (n - 1); false when n < 2. */
bool tg_moments_variance(const struct tg_moments *m, double *out);
/* m3/n / (m2/n)^1.5; false without variance. */
bool tg_moments_skewness(const struct tg_moments *m, double *out);
/* m4/n / (m2/n)^2 - 3; false without variance. */
bool tg_moments_kurtosis(const struct tg_moments *m, double *out);

#endif
