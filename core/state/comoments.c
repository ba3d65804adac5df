/* Comoments: the moments of both sides and the product between them. */
#include "core/state/comoments.h"

#include <math.h>

static void side(struct tg_moments *m, const double *x, uint32_t n)
{
  double sum = 0, rest = 0;
  for (uint32_t i = 0; i < n; i++) tg_number_add(&sum, &rest, x[i]);
  tg_moments_of(m, x, n, (isfinite(sum) ? sum + rest : sum) / n);
}

bool tg_comoments_add(struct tg_comoments *m, struct tg_op *op, const struct tg_column *const c[2],
                      const uint8_t *live)
{
  uint32_t n;
  double *x[2];
  struct tg_comoments batch = {0};
  if (!tg_number_pairs(op, c, live, x, &n)) return false;
  if (n == 0) return true;
  side(&batch.a, x[0], n);
  side(&batch.b, x[1], n);
  for (uint32_t i = 0; i < n; i++)
    batch.product += (x[0][i] - batch.a.mean) * (x[1][i] - batch.b.mean);
  tg_comoments_merge(m, &batch);
  return true;
}

void tg_comoments_merge(struct tg_comoments *m, const struct tg_comoments *other)
{
  double na = (double)m->a.count, nb = (double)other->a.count;
  if (!other->a.count) return;
  double da = other->a.mean - m->a.mean, db = other->b.mean - m->b.mean;
  m->product += other->product + (na > 0 ? da * db * na * nb / (na + nb) : 0);
  tg_moments_merge(&m->a, &other->a);
  tg_moments_merge(&m->b, &other->b);
}

void tg_comoments_write(const struct tg_comoments *m, struct tg_buf *out)
{
  tg_moments_write(&m->a, out);
  tg_moments_write(&m->b, out);
  tg_pack_double(out, m->product);
}

void tg_comoments_read(struct tg_comoments *m, struct tg_unpack *in)
{
  tg_moments_read(&m->a, in);
  tg_moments_read(&m->b, in);
  m->product = tg_unpack_double(in);
  if (m->a.count != m->b.count) in->bad = true;
}

bool tg_comoments_correlation(const struct tg_comoments *m, double *out)
{
  if (m->a.count < 2 || m->a.m2 == 0 || m->b.m2 == 0) return false;
  double size = sqrt(m->a.m2 * m->b.m2);
  if (size == 0 || isinf(size)) size = sqrt(m->a.m2) * sqrt(m->b.m2);
  *out = fmax(-1, fmin(1, m->product / size));
  return true;
}

bool tg_comoments_covariance(const struct tg_comoments *m, double *out)
{
  if (m->a.count < 2) return false;
  *out = m->product / ((double)m->a.count - 1);
  return true;
}
