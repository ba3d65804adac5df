/* Moments: two passes over what is added, Pebay's formulas for what is merged. */
#include "core/state/moments.h"
#include "core/state/sum.h"

#include <math.h>

/* Sums of the powers of (x - mean). The first power would be 0 but for rounding: it corrects m2. */
static void central(struct tg_moments *m, const double *x, uint32_t n)
{
  double d1 = 0, d2 = 0, d3 = 0, d4 = 0;
  for (uint32_t i = 0; i < n; i++) {
    double d = x[i] - m->mean, dd = d * d;
    d1 += d, d2 += dd, d3 += dd * d, d4 += dd * dd;
  }
  m->m2 = d2 - d1 * d1 / n, m->m3 = d3, m->m4 = d4;
  if (m->m2 < 0) m->m2 = 0;
}

static void bounds(struct tg_moments *m, const double *x, uint32_t n)
{
  m->low = m->high = x[0];
  for (uint32_t i = 1; i < n; i++) {
    if (x[i] < m->low) m->low = x[i];
    if (x[i] > m->high) m->high = x[i];
  }
}

/* All values the same: the sums of rounding errors are taken back. */
static void settle(struct tg_moments *m)
{
  if (m->low != m->high || isnan(m->mean)) return;
  m->mean = m->low;
  m->m2 = m->m3 = m->m4 = 0;
}

void tg_moments_of(struct tg_moments *m, const double *x, uint32_t n, double mean)
{
  *m = (struct tg_moments){.count = n, .mean = mean};
  central(m, x, n);
  bounds(m, x, n);
  settle(m);
}

bool tg_moments_add(struct tg_moments *m, struct tg_op *op, const struct tg_column *c,
                    const uint8_t *live)
{
  uint32_t n;
  struct tg_sum sum = {0};
  const double *x = tg_number_gather(op, c, live, &n);
  if (!x || !tg_sum_add(&sum, op, c, live)) return false;
  if (n == 0) return true;
  struct tg_moments batch;
  tg_moments_of(&batch, x, n, tg_sum_mean(&sum));
  tg_moments_merge(m, &batch);
  return true;
}

void tg_moments_merge(struct tg_moments *m, const struct tg_moments *b)
{
  if (!b->count) return;
  if (!m->count) {
    *m = *b;
    return;
  }
  struct tg_moments a = *m;
  double na = (double)a.count, nb = (double)b->count, n = na + nb;
  double d = b->mean - a.mean, dn = d / n;
  m->count = a.count + b->count;
  m->mean = a.mean + nb * dn;
  m->m2 = a.m2 + b->m2 + d * dn * na * nb;
  m->m3 = a.m3 + b->m3 + d * dn * dn * na * nb * (na - nb) + 3 * dn * (na * b->m2 - nb * a.m2);
  m->m4 = a.m4 + b->m4 + d * dn * dn * dn * na * nb * (na * na - na * nb + nb * nb) +
          6 * dn * dn * (na * na * b->m2 + nb * nb * a.m2) + 4 * dn * (na * b->m3 - nb * a.m3);
  m->low = fmin(a.low, b->low), m->high = fmax(a.high, b->high);
  settle(m);
}

void tg_moments_write(const struct tg_moments *m, struct tg_buf *out)
{
  tg_pack_varint(out, m->count);
  if (!m->count) return;
  const double fields[] = {m->mean, m->m2, m->m3, m->m4, m->low, m->high};
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) tg_pack_double(out, fields[i]);
}

void tg_moments_read(struct tg_moments *m, struct tg_unpack *in)
{
  double *const fields[] = {&m->mean, &m->m2, &m->m3, &m->m4, &m->low, &m->high};
  m->count = tg_unpack_varint(in);
  if (!m->count) return;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) *fields[i] = tg_unpack_double(in);
  if (m->m2 < 0 || m->m4 < 0 || m->low > m->high) in->bad = true;
}

bool tg_moments_variance(const struct tg_moments *m, double *out)
{
  if (m->count < 2) return false;
  *out = m->m2 / ((double)m->count - 1);
  return true;
}

bool tg_moments_skewness(const struct tg_moments *m, double *out)
{
  double n = (double)m->count;
  if (!m->count || m->m2 == 0) return false;
  *out = m->m3 / n / pow(m->m2 / n, 1.5);
  return true;
}

bool tg_moments_kurtosis(const struct tg_moments *m, double *out)
{
  double n = (double)m->count;
  if (!m->count || m->m2 == 0) return false;
  *out = m->m4 / n / (m->m2 / n * (m->m2 / n)) - 3;
  return true;
}
