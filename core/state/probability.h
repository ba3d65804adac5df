/* Distribution functions, for rules that compare a column with what is expected of it.
 *
 *   gamma     P(a, x) by its series for x < a + 1, else Q(a, x) by its continued fraction
 *             (Abramowitz, Stegun 6.5.29, 6.5.31; the fraction evaluated as Lentz does, in the form
 *             of Thompson, Barnett 1986)
 *   beta      I_x(a, b) by the continued fraction of DLMF 8.17.22, on the side where it converges
 *   normal    erfc(), of the C library
 *   Kolmogorov's distribution of D: for n d^2 >= 4 twice the exact one-sided probability (Smirnov's
 *             sum), below that exactly for n <= 1000 (Marsaglia, Tsang, Wang 2003), else by the
 *             series of Pelz, Good (1976); so combined by Simard, L'Ecuyer (2011)
 *   inverse   bisection of the distribution function, to the last bits
 *
 * Errors are about 1e-12 relative, in the tails too, and grow with the arguments' logarithms
 * (1e-10 at n = 65,536); Pelz and Good: 1e-7 absolute. Arguments outside a function's domain give
 * NaN. */
#ifndef TG_STATE_PROBABILITY_H
#define TG_STATE_PROBABILITY_H

#include "core/base/arena.h"

/* P(X <= x). */
double tg_probability_normal(double x);
double tg_probability_gamma(double shape, double x);
double tg_probability_beta(double a, double b, double x);
double tg_probability_chi2(double df, double x);

/* P(X > x), without losing the digits of a small one. */
double tg_probability_chi2_above(double df, double x);

/* The x with P(X <= x) = p; 0 < p < 1. */
double tg_probability_chi2_inverse(double df, double p);
double tg_probability_normal_inverse(double p);

/* P(D >= d) for n values of the distribution. arena: for matrices, given back; NaN when it is
 * full. */
double tg_probability_kolmogorov(struct tg_arena *arena, double d, uint64_t n);

#endif
