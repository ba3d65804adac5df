/* How two numbers vary together: means, squares and products about them, of the rows that have
 * both. Two passes over what is added; merged by Chan, Golub, LeVeque (1979) and Pebay
 * (SAND2008-6212, eq. 3.2). */
#ifndef TG_STATE_COMOMENTS_H
#define TG_STATE_COMOMENTS_H

#include "core/state/moments.h"

struct tg_comoments {
  struct tg_moments a, b; /* of the same rows: a.count == b.count; m3 and m4 unused */
  double product;         /* sum of (a - mean a)(b - mean b) */
};

bool tg_comoments_add(struct tg_comoments *m, struct tg_op *op, const struct tg_column *const c[2],
                      const uint8_t *live);
void tg_comoments_merge(struct tg_comoments *m, const struct tg_comoments *other);
void tg_comoments_write(const struct tg_comoments *m, struct tg_buf *out);
void tg_comoments_read(struct tg_comoments *m, struct tg_unpack *in);

/* Pearson's r, within -1..1; false when there are fewer than 2 rows or one side does not vary. */
bool tg_comoments_correlation(const struct tg_comoments *m, double *out);
/* product / (n - 1); false when n < 2. */
bool tg_comoments_covariance(const struct tg_comoments *m, double *out);

#endif
