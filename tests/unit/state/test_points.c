#include "core/state/points.h"
#include "core/state/probability.h"
#include "tests/unit/state/summaries.h"

#include <math.h>

static struct tg_points points(const double *x, uint32_t n)
{
  struct tg_points p;
  struct tg_summary *s = summary_empty(TG_SUMMARY_QUANTILES, 0);
  summary_take(s, floats_of(x, n), NULL, NULL);
  p.at = tg_quantiles_points(&s->u.quantiles, &arena, &p.count);
  assert_non_null(p.at);
  return p;
}

#define POINTS(...)                                                                                \
  points((const double[]){__VA_ARGS__}, sizeof((double[]){__VA_ARGS__}) / sizeof(double))

static void cells_close_the_last_bin_on_the_right(void **state)
{
  (void)state;
  uint64_t n[4];
  const double edges[] = {0, 1, 2};
  tg_points_cells(POINTS(-1, 0, 0.5, 1, 2, 2.5, NAN), edges, 3, n);
  assert_int_equal(n[0], 1);
  assert_int_equal(n[1], 2);
  assert_int_equal(n[2], 2);
  assert_int_equal(n[3], 2);
}

static void distances_of_samples_are_as_defined(void **state)
{
  (void)state;
  struct tg_points a = POINTS(1, 2, 3, 4), b = POINTS(3, 4, 5, 6, 7, 8);
  assert_near(tg_points_ks_two(a, b), 2. / 3, 1e-15);
  assert_near(tg_points_ks_two(a, a), 0, 0);
  assert_near(tg_points_wasserstein(POINTS(0, 1, 3), POINTS(5, 6, 8)), 5, 1e-15);
  assert_near(tg_points_wasserstein(POINTS(1), POINTS(0, 2)), 1, 0);
  assert_near(tg_points_mad(POINTS(1, 2, 3, 4, 9), 3, &arena), 1, 0);
  assert_int_equal(tg_points_within(POINTS(1, 2, 3, NAN), 1, 2), 2);
}

static void ks_looks_at_both_sides_of_a_step(void **state)
{
  (void)state;
  struct tg_dist d = {.kind = TG_DIST_UNIFORM, .loc = 0, .scale = 1};
  assert_near(tg_points_ks(POINTS(0.9), &d), 0.9, 0);
  assert_near(tg_points_ks(POINTS(0.1), &d), 0.9, 0);
  assert_near(tg_points_ks(POINTS(0.5, 0.5), &d), 0.5, 0);
}

static void distributions_refuse_parameters_outside_their_domain(void **state)
{
  (void)state;
  struct tg_dist d = {.kind = TG_DIST_GAMMA, .shapes = {2}, .scale = 1};
  assert_true(tg_dist_valid(&d));
  d.shapes[0] = 0;
  assert_false(tg_dist_valid(&d));
  d.shapes[0] = 2, d.scale = 0;
  assert_false(tg_dist_valid(&d));
}

/* The thresholds of drift_ks and drift_psi: two samples of one distribution alarm in less than 1
 * of 100 trials. */
enum { ROWS = 200, TRIALS = 1000, BINS = 10 };

static double psi(struct tg_points a, struct tg_points b)
{
  double edges[BINS - 1], sum = 0;
  uint64_t x[BINS], y[BINS];
  for (int i = 1; i < BINS; i++) {
    double place = (ROWS - 1) * (double)i / BINS, low = floor(place);
    double from = b.at[(int)low].x, to = b.at[(int)low + 1].x;
    edges[i - 1] = from + (to - from) * (place - low);
  }
  tg_points_cells(a, edges, BINS - 1, x);
  tg_points_cells(b, edges, BINS - 1, y);
  for (int i = 0; i < BINS; i++) {
    double p = fmax((double)x[i], 0.5) / ROWS, q = fmax((double)y[i], 0.5) / ROWS;
    sum += (p - q) * log(p / q);
  }
  return sum;
}

static void equal_samples_of_200_seldom_alarm(void **state)
{
  (void)state;
  uint64_t seed = 42;
  double x[2][ROWS];
  int ks = 0, drifted = 0, shifted = 0;
  double d_max = sqrt(-log(0.003 / 2) / 2) * sqrt(2. / ROWS);
  double psi_max = fmax(0.1, 2. / ROWS * tg_probability_chi2_inverse(BINS - 1, 0.999));
  for (int trial = 0; trial < TRIALS; trial++) {
    struct tg_arena_mark mark = tg_arena_mark(&arena);
    for (int i = 0; i < 2 * ROWS; i++)
      x[i / ROWS][i % ROWS] = tg_probability_normal_inverse(random_unit(&seed));
    struct tg_points a = points(x[0], ROWS), b = points(x[1], ROWS);
    ks += tg_points_ks_two(a, b) > d_max;
    drifted += psi(a, b) > psi_max;
    for (int i = 0; i < ROWS; i++) x[0][i] += 1;
    shifted +=
        psi(points(x[0], ROWS), b) > psi_max && tg_points_ks_two(points(x[0], ROWS), b) > d_max;
    tg_arena_release(&arena, mark);
  }
  if (ks >= TRIALS / 100 || drifted >= TRIALS / 100)
    fail_msg("false alarms of %d trials: ks %d, psi %d", TRIALS, ks, drifted);
  if (shifted < TRIALS * 99 / 100) fail_msg("a shift by one deviation was seen %d times", shifted);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(cells_close_the_last_bin_on_the_right),
      T(distances_of_samples_are_as_defined),
      T(ks_looks_at_both_sides_of_a_step),
      T(distributions_refuse_parameters_outside_their_domain),
      T(equal_samples_of_200_seldom_alarm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
