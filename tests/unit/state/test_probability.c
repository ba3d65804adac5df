#include "core/state/probability.h"
#include "tests/unit/state/summaries.h"

#include <math.h>

/* Values of an arbitrary-precision library (mpmath, 40 digits); kolmogorovs by the matrix of
 * Marsaglia, Tsang, Wang in the same. */
static const double gammas[][3] = {
    {0.5, 0.1, 0.34527915398142298},   {0.5, 3, 0.98569412156457036},
    {1, 1, 0.63212055882855768},       {2.5, 1, 0.15085496391539036},
    {10, 3, 0.0011024881301154797},    {10, 30, 0.99999287824913718},
    {100, 120, 0.97213626010947934},   {0.01, 0.001, 0.93857065252612899},
    {1000, 950, 0.055054686230738034}, {3, 200, 1.0},
};
static const double chi2s[][3] = {
    /* df, x, P(X > x) */
    {1, 3.841458820694124, 0.050000000000000057},
    {2, 0.5, 0.77880078307140487},
    {5, 11.07, 0.050009618622405482},
    {9, 27.877, 0.0010000633577572736},
    {9, 80, 1.6161314156534603e-13},
    {30, 5, 0.99999993084686133},
    {1, 200, 2.0884875837625448e-45},
    {100, 300, 7.4121008573228768e-22},
};
static const double betas[][4] = {
    {0.5, 10, 0.02, 0.46984742386760943},
    {0.5, 10, 0.9, 0.99999999998151973},
    {2, 3, 0.5, 0.6875},
    {1, 1, 0.3, 0.29999999999999999},
    {50, 60, 0.4, 0.12470685834310036},
    {50, 60, 0.6, 0.99894322877191007},
    {0.1, 0.1, 0.01, 0.32030825037562633},
    {300, 2, 0.99, 0.19616357628514303},
};
static const double normals[][2] = {
    {-8, 6.2209605742717841e-16}, {-1.96, 0.024997895148220436}, {0, 0.5},
    {0.5, 0.6914624612740131},    {3, 0.99865010196836991},      {6, 0.99999999901341235},
};
static const double kolmogorovs[][3] = {
    /* d, n, P(D >= d) */
    {0.274, 10, 0.37152038454349563},   {0.1, 50, 0.66231127046581848},
    {0.3, 20, 0.043067066658517827},    {0.05, 100, 0.95321597106357248},
    {0.6, 12, 0.00011635930561193361},  {0.04, 500, 0.39025101632640605},
    {0.08, 500, 0.0031305058091482687}, {0.02, 2000, 0.39531337200309191},
    {0.03, 2000, 0.053546945483366769},
};

#define EACH(i, table) for (size_t i = 0; i < sizeof table / sizeof *table; i++)

static void gamma_agrees_with_tables(void **state)
{
  (void)state;
  EACH(i, gammas)
  assert_near(tg_probability_gamma(gammas[i][0], gammas[i][1]), gammas[i][2], 2e-12);
}

static void chi2_agrees_in_its_tail(void **state)
{
  (void)state;
  EACH(i, chi2s)
  assert_near(tg_probability_chi2_above(chi2s[i][0], chi2s[i][1]), chi2s[i][2], 1e-12);
  assert_near(tg_probability_chi2(9, 27.877164871256573), 0.999, 1e-14);
}

static void beta_agrees_with_tables(void **state)
{
  (void)state;
  EACH(i, betas)
  assert_near(tg_probability_beta(betas[i][0], betas[i][1], betas[i][2]), betas[i][3], 2e-12);
}

static void normal_agrees_with_tables(void **state)
{
  (void)state;
  EACH(i, normals) assert_near(tg_probability_normal(normals[i][0]), normals[i][1], 1e-14);
}

static void inverses_come_back(void **state)
{
  (void)state;
  assert_near(tg_probability_chi2_inverse(9, 0.999), 27.877164871256573, 1e-13);
  assert_near(tg_probability_normal_inverse(0.975), 1.9599639845400542, 1e-14);
  for (double p = 0.001; p < 1; p += 0.0499) {
    assert_near(tg_probability_chi2(3, tg_probability_chi2_inverse(3, p)), p, 1e-13);
    assert_near(tg_probability_normal(tg_probability_normal_inverse(p)), p, 1e-13);
  }
}

static void kolmogorov_agrees_with_tables(void **state)
{
  (void)state;
  EACH(i, kolmogorovs)
  {
    const double *k = kolmogorovs[i];
    double tolerance = k[1] > 1000 && k[0] * k[0] * k[1] < 4 ? 1e-6 : 1e-9;
    assert_near(tg_probability_kolmogorov(&arena, k[0], (uint64_t)k[1]), k[2], tolerance);
  }
}

static void kolmogorov_is_continuous_where_methods_change(void **state)
{
  (void)state;
  double d = sqrt(4 / 1000.);
  assert_near(tg_probability_kolmogorov(&arena, d * (1 - 1e-9), 1000),
              tg_probability_kolmogorov(&arena, d * (1 + 1e-9), 1000), 1e-5);
  assert_near(tg_probability_kolmogorov(&arena, 0.03, 1000),
              tg_probability_kolmogorov(&arena, 0.03 * sqrt(1000 / 1001.), 1001), 1e-3);
}

static void arguments_outside_the_domain_give_nan(void **state)
{
  (void)state;
  assert_true(isnan(tg_probability_gamma(0, 1)));
  assert_true(isnan(tg_probability_beta(-1, 1, 0.5)));
  assert_true(isnan(tg_probability_chi2_inverse(3, 0)));
  assert_true(isnan(tg_probability_normal_inverse(1)));
  assert_true(isnan(tg_probability_kolmogorov(&arena, NAN, 5)));
  assert_near(tg_probability_kolmogorov(&arena, 0.01, 5), 1, 0);
  assert_near(tg_probability_kolmogorov(&arena, 1, 5), 0, 0);
  assert_near(tg_probability_chi2_above(3, -1), 1, 0);
  assert_near(tg_probability_beta(2, 2, 2), 1, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(gamma_agrees_with_tables),
      T(chi2_agrees_in_its_tail),
      T(beta_agrees_with_tables),
      T(normal_agrees_with_tables),
      T(inverses_come_back),
      T(kolmogorov_agrees_with_tables),
      T(kolmogorov_is_continuous_where_methods_change),
      T(arguments_outside_the_domain_give_nan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
