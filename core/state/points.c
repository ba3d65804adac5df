/* Samples as ascending points. */
#include "core/state/points.h"
#include "core/state/probability.h"

#include <math.h>
#include <stdlib.h>

bool tg_dist_valid(const struct tg_dist *d)
{
  static const uint32_t shapes[] = {
#define X(code, name, n) n,
      TG_DISTRIBUTION_LIST(X)
#undef X
  };
  bool good = isfinite(d->loc) && isfinite(d->scale) && d->scale > 0;
  for (uint32_t i = 0; i < shapes[d->kind]; i++)
    good = good && isfinite(d->shapes[i]) && d->shapes[i] > 0;
  return good;
}

double tg_dist_below(const struct tg_dist *d, double x)
{
  double z = (x - d->loc) / d->scale;
  if (isnan(z)) return 1;
  switch (d->kind) {
  case TG_DIST_NORM: return tg_probability_normal(z);
  case TG_DIST_UNIFORM: return fmin(1, fmax(0, z));
  case TG_DIST_EXPON: return z > 0 ? -expm1(-z) : 0;
  case TG_DIST_CHI2: return tg_probability_chi2(d->shapes[0], z);
  case TG_DIST_GAMMA: return tg_probability_gamma(d->shapes[0], z);
  case TG_DIST_BETA: return tg_probability_beta(d->shapes[0], d->shapes[1], z);
  }
  return (double)NAN;
}

uint64_t tg_points_total(struct tg_points p)
{
  uint64_t n = 0;
  for (uint32_t i = 0; i < p.count; i++) n += p.at[i].n;
  return n;
}

uint64_t tg_points_within(struct tg_points p, double low, double high)
{
  uint64_t n = 0;
  for (uint32_t i = 0; i < p.count; i++)
    if (p.at[i].x >= low && p.at[i].x <= high) n += p.at[i].n;
  return n;
}

static int order_points(const void *x, const void *y)
{
  double a = ((const struct tg_point *)x)->x, b = ((const struct tg_point *)y)->x;
  return (a > b) - (a < b) + (isnan(a) != 0) - (isnan(b) != 0);
}

/* The value of a rank. */
static double at_rank(struct tg_points p, uint64_t rank)
{
  uint32_t i = 0;
  for (; i + 1 < p.count && rank >= p.at[i].n; i++) rank -= p.at[i].n;
  return p.at[i].x;
}

double tg_points_mad(struct tg_points p, double x, struct tg_arena *arena)
{
  struct tg_point *far = tg_arena_alloc(arena, (size_t)p.count * sizeof *far);
  if (!far) return (double)NAN;
  for (uint32_t i = 0; i < p.count; i++) far[i] = (struct tg_point){fabs(p.at[i].x - x), p.at[i].n};
  qsort(far, p.count, sizeof *far, order_points);
  struct tg_points sorted = {far, p.count};
  uint64_t n = tg_points_total(p);
  double a = at_rank(sorted, (n - 1) / 2), b = at_rank(sorted, n / 2);
  return a + (b - a) / 2;
}

void tg_points_cells(struct tg_points p, const double *edges, uint32_t count, uint64_t *out)
{
  uint32_t cell = 0; /* values below edges[cell] go to out[cell] */
  memset(out, 0, ((size_t)count + 1) * sizeof *out);
  for (uint32_t i = 0; i < p.count; i++) {
    double x = p.at[i].x;
    while (cell < count && !(x < edges[cell])) cell++;
    bool last_edge = cell == count && x <= edges[count - 1];
    out[last_edge ? count - 1 : cell] += p.at[i].n;
  }
}

double tg_points_ks(struct tg_points p, const struct tg_dist *d)
{
  double total = (double)tg_points_total(p), below = 0, most = 0;
  for (uint32_t i = 0; i < p.count; i++) {
    double f = tg_dist_below(d, p.at[i].x);
    most = fmax(most, f - below / total);
    below += (double)p.at[i].n;
    most = fmax(most, below / total - f);
  }
  return most;
}

/* Both samples side by side: how many values of each are at or below x. */
struct walk {
  struct tg_points p[2];
  uint32_t at[2];
  double below[2], total[2];
};

static struct walk walk_of(struct tg_points a, struct tg_points b)
{
  return (struct walk){.p = {a, b},
                       .total = {(double)tg_points_total(a), (double)tg_points_total(b)}};
}

/* Takes all values of the next x; false at the end. */
static bool walk_next(struct walk *w, double *x)
{
  bool left[2] = {w->at[0] < w->p[0].count, w->at[1] < w->p[1].count};
  if (!left[0] && !left[1]) return false;
  *x = INFINITY;
  for (int k = 0; k < 2; k++)
    if (left[k] && w->p[k].at[w->at[k]].x < *x) *x = w->p[k].at[w->at[k]].x;
  for (int k = 0; k < 2; k++) {
    for (; w->at[k] < w->p[k].count; w->at[k]++) {
      if (w->p[k].at[w->at[k]].x > *x || (isnan(w->p[k].at[w->at[k]].x) && isfinite(*x))) break;
      w->below[k] += (double)w->p[k].at[w->at[k]].n;
    }
  }
  return true;
}

static double walk_gap(const struct walk *w)
{
  return fabs(w->below[0] / w->total[0] - w->below[1] / w->total[1]);
}

double tg_points_ks_two(struct tg_points a, struct tg_points b)
{
  struct walk w = walk_of(a, b);
  double x, most = 0;
  while (walk_next(&w, &x)) most = fmax(most, walk_gap(&w));
  return most;
}

double tg_points_wasserstein(struct tg_points a, struct tg_points b)
{
  struct walk w = walk_of(a, b);
  double x, last, area = 0;
  if (!walk_next(&w, &last)) return 0;
  for (double gap = walk_gap(&w); walk_next(&w, &x); gap = walk_gap(&w), last = x)
    if (gap > 0) area += gap * (x - last);
  return area;
}
