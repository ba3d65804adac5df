/* Kolmogorov's distribution: how far an empirical distribution strays from the true one. */
#include "core/state/probability.h"

#include <math.h>

enum { EXACT_N = 1000, PELZ_TERMS = 20, SCALE_BITS = 460 };

/* P(D+ >= d), Smirnov: d sum C(n,j) (1 - d - j/n)^(n-j) (d + j/n)^(j-1); all terms are positive. */
static double one_sided(double d, uint64_t count)
{
  int sign;
  double n = (double)count, sum = 0, top = lgamma_r(n + 1, &sign);
  for (double j = 0; j <= floor(n * (1 - d)); j++) {
    double rest = 1 - d - j / n;
    if (rest <= 0) continue;
    double logs = top - lgamma_r(j + 1, &sign) - lgamma_r(n - j + 1, &sign);
    sum += exp(logs + (n - j) * log(rest) + (j - 1) * log(d + j / n));
  }
  return fmin(1, d * sum);
}

struct matrix { /* size x size values times 2^exponent */
  double *v;
  int exponent;
};

static void rescale(struct matrix *m, int size)
{
  if (m->v[(size / 2) * size + size / 2] < ldexp(1, SCALE_BITS)) return;
  for (int i = 0; i < size * size; i++) m->v[i] = ldexp(m->v[i], -SCALE_BITS);
  m->exponent += SCALE_BITS;
}

/* out = a b */
static void multiply(const struct matrix *a, const struct matrix *b, struct matrix *out, int size)
{
  memset(out->v, 0, (size_t)size * (size_t)size * sizeof *out->v);
  for (int i = 0; i < size; i++)
    for (int k = 0; k < size; k++)
      for (int j = 0; j < size; j++)
        out->v[i * size + j] += a->v[i * size + k] * b->v[k * size + j];
  out->exponent = a->exponent + b->exponent;
  rescale(out, size);
}

/* Marsaglia, Tsang, Wang's H, h = k - n d. */
static void fill(double *v, int size, double h)
{
  for (int i = 0; i < size; i++)
    for (int j = 0; j < size; j++) v[i * size + j] = i - j + 1 >= 0;
  for (int i = 0; i < size; i++) {
    v[i * size] -= pow(h, i + 1);
    v[(size - 1) * size + i] -= pow(h, size - i);
  }
  if (2 * h > 1) v[(size - 1) * size] += pow(2 * h - 1, size);
  for (int i = 0; i < size; i++)
    for (int j = 0; j <= i; j++)
      for (int g = 1; g <= i - j + 1; g++) v[i * size + j] /= g;
}

/* The element in the middle of H^n. */
static double power(struct matrix m[3], int size, uint64_t n)
{
  struct matrix base = m[0], result = m[1], spare = m[2], swap;
  memset(result.v, 0, (size_t)size * (size_t)size * sizeof *result.v);
  for (int i = 0; i < size; i++) result.v[i * size + i] = 1;
  for (; n; n >>= 1) {
    if (n & 1) {
      multiply(&result, &base, &spare, size);
      swap = result, result = spare, spare = swap;
    }
    if (n == 1) break;
    multiply(&base, &base, &spare, size);
    swap = base, base = spare, spare = swap;
  }
  m[0] = result;
  return result.v[(size / 2) * size + size / 2];
}

/* P(D < d): n! / n^n times the middle of H^n. */
static double exact_below(struct tg_arena *arena, double d, uint64_t n)
{
  int k = (int)((double)n * d) + 1, size = 2 * k - 1;
  size_t bytes = (size_t)size * (size_t)size * sizeof(double);
  struct tg_arena_mark mark = tg_arena_mark(arena);
  struct matrix m[3] = {{0}};
  bool good = true;
  for (int i = 0; i < 3; i++) good = good && (m[i].v = tg_arena_alloc(arena, bytes)) != NULL;
  double p = (double)NAN;
  if (good) {
    fill(m[0].v, size, k - (double)n * d);
    p = power(m, size, n);
    int exponent = m[0].exponent;
    for (uint64_t i = 1; i <= n; i++) {
      p = p * (double)i / (double)n;
      if (p < 0x1p-460) p = ldexp(p, SCALE_BITS), exponent -= SCALE_BITS;
    }
    p = ldexp(p, exponent);
  }
  tg_arena_release(arena, mark);
  return p;
}

/* Pelz and Good: P(D < d) as a series in 1 / sqrt(n), theta functions by their fast sums. */
static double series_below(double d, double n)
{
  const double root = sqrt(n), z = root * d, z2 = z * z, z4 = z2 * z2, z6 = z4 * z2;
  const double pi2 = M_PI * M_PI, pi4 = pi2 * pi2, w = pi2 / (2 * z2);
  double s[4] = {0}, whole[2] = {0};
  for (int j = 0; j < PELZ_TERMS; j++) {
    double t = (j + 0.5) * (j + 0.5), e = exp(-t * w);
    s[0] += e;
    s[1] += (pi2 * t - z2) * e;
    s[2] += (6 * z6 + 2 * z4 + pi2 * (2 * z4 - 5 * z2) * t + pi4 * (1 - 2 * z2) * t * t) * e;
    s[3] += (-30 * z6 - 90 * z6 * z2 + pi2 * (135 * z4 - 96 * z6) * t +
             pi4 * (212 * z4 - 60 * z2) * t * t + pi2 * pi4 * t * t * t * (5 - 30 * z2)) *
            e;
    t = (j + 1.) * (j + 1), e = exp(-t * w);
    whole[0] += pi2 * t * e;
    whole[1] += (3 * pi2 * t * z2 - pi4 * t * t) * e;
  }
  const double c = sqrt(M_PI_2);
  return 2 * c / z * s[0] + c / (3 * root * z4) * s[1] + c / (36 * n * z * z6) * s[2] -
         c / (18 * n * z * z2) * whole[0] + c / (3240 * root * n * z4 * z6) * s[3] +
         c / (108 * root * n * z6) * whole[1];
}

double tg_probability_kolmogorov(struct tg_arena *arena, double d, uint64_t n)
{
  double count = (double)n;
  if (isnan(d) || !n) return (double)NAN;
  if (count * d <= 0.5) return 1;
  if (d >= 1) return 0;
  if (count * d * d >= 4) return fmin(1, 2 * one_sided(d, n));
  double below = n <= EXACT_N ? exact_below(arena, d, n) : series_below(d, count);
  return fmax(0, fmin(1, 1 - below));
}
