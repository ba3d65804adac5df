/* Ascending points of a sample (see quantiles.h) compared: with bounds, with a distribution, with
 * another sample. NaNs count as larger than any number. */
#ifndef TG_STATE_POINTS_H
#define TG_STATE_POINTS_H

#include "core/state/quantiles.h"

struct tg_points {
  struct tg_point *at; /* ascending, NaNs last */
  uint32_t count;
};

/* (code, name, how many shapes it has) */
#define TG_DISTRIBUTION_LIST(X)                                                                    \
  X(TG_DIST_NORM, "norm", 0)                                                                       \
  X(TG_DIST_UNIFORM, "uniform", 0)                                                                 \
  X(TG_DIST_EXPON, "expon", 0)                                                                     \
  X(TG_DIST_CHI2, "chi2", 1)                                                                       \
  X(TG_DIST_GAMMA, "gamma", 1)                                                                     \
  X(TG_DIST_BETA, "beta", 2)

enum tg_distribution {
#define X(code, name, shapes) code,
  TG_DISTRIBUTION_LIST(X)
#undef X
};

/* A distribution of (x - loc) / scale. */
struct tg_dist {
  enum tg_distribution kind;
  double shapes[2]; /* as many as the list says */
  double loc, scale;
};

/* True when its parameters are in their domain. */
bool tg_dist_valid(const struct tg_dist *d);
/* P(X <= x). */
double tg_dist_below(const struct tg_dist *d, double x);

/* All values. */
uint64_t tg_points_total(struct tg_points p);
/* Values within low .. high, both belonging. */
uint64_t tg_points_within(struct tg_points p, double low, double high);
/* The median distance from x; p not empty. */
double tg_points_mad(struct tg_points p, double x, struct tg_arena *arena);
/* Values below edges[0], in each of count - 1 cells [edge, next edge), the last one closed on the
 * right, and above: count + 1 numbers into out. */
void tg_points_cells(struct tg_points p, const double *edges, uint32_t count, uint64_t *out);

/* Kolmogorov's D: the largest distance of the empirical distribution from d. */
double tg_points_ks(struct tg_points p, const struct tg_dist *d);
/* Smirnov's D of two samples, neither empty. */
double tg_points_ks_two(struct tg_points a, struct tg_points b);
/* Wasserstein's distance of order 1: the area between both distribution functions. */
double tg_points_wasserstein(struct tg_points a, struct tg_points b);

#endif
