/* The distributions of the exponential family's tests. */
#include "core/state/probability.h"

#include <math.h>

enum { STEPS_MAX = 100000, HALVINGS = 200 };
static const double tiny = 1e-300, last_bit = 1e-16;

double tg_probability_normal(double x)
{
  return 0.5 * erfc(-x * M_SQRT1_2);
}

static double log_gamma(double x)
{
  int sign;
  return lgamma_r(x, &sign);
}

/* P(a, x) for x < a + 1. */
static double gamma_series(double a, double x)
{
  double term = 1 / a, sum = term;
  for (int n = 1; n < STEPS_MAX && term > sum * last_bit; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * exp(-x + a * log(x) - log_gamma(a));
}

/* Q(a, x) for x >= a + 1. */
static double gamma_fraction(double a, double x)
{
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
  for (int i = 1; i < STEPS_MAX; i++) {
    double an = -i * (i - a);
    b += 2;
    d = an * d + b;
    if (fabs(d) < tiny) d = tiny;
    c = b + an / c;
    if (fabs(c) < tiny) c = tiny;
    d = 1 / d;
    h *= d * c;
    if (fabs(d * c - 1) < last_bit) break;
  }
  return h * exp(-x + a * log(x) - log_gamma(a));
}

static bool gamma_domain(double a, double x)
{
  return a > 0 && isfinite(a) && !isnan(x);
}

double tg_probability_gamma(double a, double x)
{
  if (!gamma_domain(a, x)) return (double)NAN;
  if (x <= 0) return 0;
  if (isinf(x)) return 1;
  return x < a + 1 ? gamma_series(a, x) : 1 - gamma_fraction(a, x);
}

double tg_probability_chi2(double df, double x)
{
  return tg_probability_gamma(df / 2, x / 2);
}

double tg_probability_chi2_above(double df, double x)
{
  double a = df / 2, y = x / 2;
  if (!gamma_domain(a, y)) return (double)NAN;
  if (y <= 0) return 1;
  if (isinf(y)) return 0;
  return y < a + 1 ? 1 - gamma_series(a, y) : gamma_fraction(a, y);
}

/* The continued fraction of I_x(a, b), by Lentz' method. */
static double beta_fraction(double a, double b, double x)
{
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  if (fabs(d) < tiny) d = tiny;
  d = 1 / d;
  double h = d;
  for (int m = 1; m < STEPS_MAX; m++) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    const double steps[2] = {even, odd};
    for (int k = 0; k < 2; k++) {
      d = 1 + steps[k] * d;
      if (fabs(d) < tiny) d = tiny;
      c = 1 + steps[k] / c;
      if (fabs(c) < tiny) c = tiny;
      d = 1 / d;
      h *= d * c;
    }
    if (fabs(d * c - 1) < last_bit) break;
  }
  return h;
}

double tg_probability_beta(double a, double b, double x)
{
  if (!(a > 0) || !(b > 0) || isnan(x)) return (double)NAN;
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

/* Halves low .. high until they meet: f(x) < p below, f(x) >= p above. */
static double bisect(double (*f)(double with, double x), double with, double p, double bounds[2])
{
  double low = bounds[0], high = bounds[1];
  for (int i = 0; i < HALVINGS; i++) {
    double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    if (f(with, middle) < p)
      low = middle;
    else
      high = middle;
  }
  return high;
}

double tg_probability_chi2_inverse(double df, double p)
{
  double bounds[2] = {0, df > 1 ? df : 1};
  if (!(p > 0) || !(p < 1) || !gamma_domain(df, 0)) return (double)NAN;
  while (tg_probability_chi2(df, bounds[1]) < p) bounds[1] *= 2;
  return bisect(tg_probability_chi2, df, p, bounds);
}

static double normal_of(double unused, double x)
{
  (void)unused;
  return tg_probability_normal(x);
}

double tg_probability_normal_inverse(double p)
{
  double bounds[2] = {-40, 40};
  if (!(p > 0) || !(p < 1)) return (double)NAN;
  if (p > 0.5) return -tg_probability_normal_inverse(1 - p);
  return bisect(normal_of, 0, p, bounds);
}
