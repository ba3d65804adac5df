/* Anomaly models: their formulae, what they learn, the refractory time, their bytes. */
#include "core/state/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct tg_model *model(const struct tg_model_conf *conf)
{
  struct tg_model *m;
  struct tg_err err;
  if (tg_model_new(conf, &m, &err) != TG_OK) fail_msg("%s: %s", err.where, err.what);
  return m;
}

static struct tg_model *of_kind(enum tg_model_kind kind)
{
  struct tg_model_conf conf = tg_model_conf(kind);
  if (kind == TG_MODEL_HOLT_WINTERS) conf.window = 24;
  return model(&conf);
}

static void near(double got, double want)
{
  if (fabs(got - want) > 1e-9 * fmax(1, fabs(want))) fail_msg("%.17g is not %.17g", got, want);
}

/* Noise without a library: the same on every machine, mean 0, variance 1, nearly normal. */
struct noise {
  uint64_t seed;
};
static double noise(struct noise *n)
{
  double sum = -6;
  for (int i = 0; i < 12; i++) {
    n->seed = n->seed * 6364136223846793005u + 1442695040888963407u;
    sum += (double)(n->seed >> 11) / (double)(1ull << 53);
  }
  return sum;
}

static void learn_noise(struct tg_model *m, uint32_t count, double mean, double stdev)
{
  struct noise n = {7};
  for (uint32_t i = 0; i < count; i++) tg_model_learn(m, mean + stdev * noise(&n));
}

static void zscore_is_the_mean_of_two_deviations(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_WELFORD);
  conf.warmup = 2, conf.window = 3;
  struct tg_model *m = model(&conf);
  for (int i = 0; i < 5; i++) tg_model_learn(m, 10 * i); /* mean 20, sample stdev sqrt(250) */
  struct tg_judged j = tg_model_score(m, 50);
  near(j.expected, 20);
  near(j.score, ((50 - 20) + ((30 + 40 + 50) / 3.0 - 20)) / 2 / sqrt(250));
  near(j.low, 20 - 3 * sqrt(250));
  near(j.high, 20 + 3 * sqrt(250));
  tg_model_free(m);
}

static void smooth_window_holds_flagged_values(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_WELFORD);
  conf.warmup = 2, conf.window = 2;
  struct tg_model *m = model(&conf), *without = model(&conf);
  for (int i = 0; i < 5; i++) tg_model_learn(m, 10 * i);
  for (int i = 0; i < 5; i++) tg_model_learn(without, 10 * i);
  assert_int_equal(tg_model_judge(m, 1000).verdict, TG_MODEL_FAIL);
  tg_model_learn(without, 20 + 3 * sqrt(250)); /* what is learned of it */
  double sd = tg_model_score(m, 0).high - tg_model_score(m, 0).expected;
  near(tg_model_score(m, 0).expected, tg_model_score(without, 0).expected);
  near(tg_model_score(m, 0).high, tg_model_score(without, 0).high);
  near(tg_model_score(m, 500).score - tg_model_score(without, 500).score,
       3 * (1000 - 20 - 3 * sqrt(250)) / 2 / 2 / sd);
  tg_model_free(m);
  tg_model_free(without);
}

static void ewma_follows_its_formula(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_EWMA);
  conf.alpha = 0.3, conf.warmup = 0;
  struct tg_model *m = model(&conf);
  double mean = 0, variance = 0;
  for (int i = 0; i < 9; i++) {
    double x = (i * 7) % 5, a = fmax(0.3, 1.0 / (i + 1)), d = x - mean;
    mean += a * d;
    variance = (1 - a) * (variance + a * d * d);
    tg_model_learn(m, x);
  }
  struct tg_judged j = tg_model_score(m, 9);
  near(j.expected, mean);
  near(j.score, (9 - mean) / sqrt(variance));
  tg_model_free(m);
}

static void mad_is_of_the_last_values(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_MAD);
  conf.window = 30;
  struct tg_model *m = model(&conf);
  for (int i = 0; i < 45; i++) tg_model_learn(m, 1e6);
  for (int i = 0; i < 30; i++) tg_model_learn(m, i); /* median 14.5, deviations .5 .5 .. 14.5 */
  struct tg_judged j = tg_model_score(m, 100);
  near(j.expected, 14.5);
  near(j.score, (100 - 14.5) / (1.4826 * 7.5));
  tg_model_free(m);
}

static void mad_of_zero_falls_back_to_the_mean_deviation(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_MAD);
  conf.window = 30;
  struct tg_model *m = model(&conf);
  for (int i = 0; i < 30; i++) tg_model_learn(m, i < 20 ? 5 : 8); /* mean deviation 1 */
  near(tg_model_score(m, 11).score, 6 / 1.2533);
  tg_model_free(m);
}

static void mad_judges_from_30_values_on(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_MAD);
  conf.warmup = 1;
  struct tg_model *m = model(&conf);
  for (int i = 0; i < 30; i++) assert_int_equal(tg_model_judge(m, i).verdict, TG_MODEL_SKIP);
  assert_int_equal(tg_model_judge(m, 15).verdict, TG_MODEL_PASS);
  tg_model_free(m);
}

static double season(int i)
{
  return 100 + 0.5 * i + 10 * ((i % 7) == 3);
}

static void trend_and_season_are_found_in_two_periods(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_HOLT_WINTERS);
  conf.window = 7;
  struct tg_model *m = model(&conf);
  for (int i = 0; i < 14; i++)
    assert_int_equal(tg_model_judge(m, season(i)).verdict, TG_MODEL_SKIP);
  for (int i = 14; i < 60; i++) near(tg_model_judge(m, season(i)).expected, season(i));
  tg_model_free(m);
}

static void missing_buckets_keep_the_season_in_step(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_HOLT_WINTERS);
  conf.window = 7;
  struct tg_model *m = model(&conf);
  for (int i = 0; i < 21; i++) tg_model_learn(m, season(i));
  for (int i = 21; i < 31; i++) tg_model_miss(m);
  near(tg_model_score(m, 0).expected, season(31));
  tg_model_free(m);
}

static void a_spike_in_a_season_scores_by_its_residual(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_HOLT_WINTERS);
  conf.window = 24;
  struct tg_model *m = model(&conf);
  struct noise n = {3};
  for (int i = 0; i < 240; i++) {
    tg_model_judge(m, 50 * sin(i * 2 * 3.14159265358979 / 24) + noise(&n));
  }
  assert_true(tg_model_score(m, 0).score < 3);  /* where the season is */
  assert_true(tg_model_score(m, 10).score > 5); /* well within the season's range */
  tg_model_free(m);
}

static void page_hinkley_finds_a_shift_both_ways(void **state)
{
  (void)state;
  for (int sign = -1; sign <= 1; sign += 2) {
    struct tg_model *m = of_kind(TG_MODEL_PAGE_HINKLEY);
    struct noise n = {11};
    int alarms = 0, delay = 0;
    for (int i = 0; i < 500; i++) {
      alarms += tg_model_judge(m, 20 + noise(&n)).verdict == TG_MODEL_FAIL;
    }
    assert_int_equal(alarms, 0);
    while (tg_model_judge(m, 20 + 3 * sign + noise(&n)).verdict != TG_MODEL_FAIL) delay++;
    assert_in_range(delay, 1, 25);
    assert_int_equal(tg_model_learned(m), 1); /* begun anew */
    for (int i = 0; i < 500; i++) {
      alarms += tg_model_judge(m, 20 + 3 * sign + noise(&n)).verdict == TG_MODEL_FAIL;
    }
    assert_int_equal(alarms, 0);
    tg_model_free(m);
  }
}

static void adwin_drops_what_was_before_a_shift(void **state)
{
  (void)state;
  struct tg_model *m = of_kind(TG_MODEL_ADWIN);
  struct noise n = {5};
  int alarms = 0;
  for (int i = 0; i < 2000; i++) {
    alarms += tg_model_judge(m, 1e6 + noise(&n)).verdict == TG_MODEL_FAIL;
  }
  assert_int_equal(alarms, 0);
  assert_int_equal(tg_model_learned(m), 2000);
  for (int i = 0; i < 300; i++) {
    alarms += tg_model_judge(m, 1e6 + 2 + noise(&n)).verdict == TG_MODEL_FAIL;
  }
  assert_in_range(alarms, 1, 4);
  assert_in_range(tg_model_learned(m), 200, 320);
  near(round(tg_model_score(m, 0).expected - 1e6), 2);
  tg_model_free(m);
}

/* Defect 1 of three: a window that holds the value under test flags nothing in 10 values. */
static void a_value_is_not_learned_before_it_is_scored(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_WELFORD);
  conf.warmup = 9, conf.window = 1;
  struct tg_model *m = model(&conf);
  for (int i = 0; i < 9; i++) tg_model_learn(m, i % 2);
  assert_true(tg_model_score(m, 1000).score > 1000); /* (n-1)/sqrt(n) is 2.85 for 10 */
  tg_model_free(m);
}

static void judge_noise(struct tg_model *m, struct noise *n, int count)
{
  for (int i = 0; i < count; i++) tg_model_judge(m, noise(n));
}

static void an_old_incident_does_not_hide_the_next(void **state)
{
  (void)state;
  static const enum tg_model_kind kinds[] = {TG_MODEL_WELFORD, TG_MODEL_EWMA, TG_MODEL_MAD};
  static const int lengths[] = {1, 10, 50};
  for (int i = 0; i < 9; i++) {
    struct tg_model *m = of_kind(kinds[i % 3]);
    struct noise n = {2};
    judge_noise(m, &n, 300);
    for (int row = 0; row < lengths[i / 3]; row++) tg_model_judge(m, 1e6);
    judge_noise(m, &n, 150);
    assert_int_equal(tg_model_judge(m, 20).verdict, TG_MODEL_FAIL);
    if (tg_model_score(m, 20).score > 200) fail_msg("what scale is that");
    tg_model_free(m);
  }
}

static void a_state_that_lasts_is_learned(void **state)
{
  (void)state;
  static const enum tg_model_kind kinds[] = {TG_MODEL_WELFORD, TG_MODEL_EWMA, TG_MODEL_MAD};
  for (int k = 0; k < 3; k++) {
    struct tg_model *m = of_kind(kinds[k]);
    struct noise n = {4};
    int alarms = 0;
    judge_noise(m, &n, 1000);
    assert_int_equal(tg_model_judge(m, 50).verdict, TG_MODEL_FAIL);
    for (int i = 0; i < 3000; i++) {
      alarms += tg_model_judge(m, 50 + noise(&n)).verdict == TG_MODEL_FAIL && i > 30;
    }
    assert_in_range(alarms, 0, 8); /* chance has some in 3,000 */
    assert_true(tg_model_score(m, 50).score < 2);
    tg_model_free(m);
  }
}

static void a_flat_beginning_is_not_believed_for_ever(void **state)
{
  (void)state;
  struct tg_model *m = of_kind(TG_MODEL_WELFORD);
  struct noise n = {6};
  int alarms = 0;
  for (int i = 0; i < 100; i++) tg_model_judge(m, 0);
  tg_model_judge(m, 1e6);
  assert_int_equal(tg_model_learned(m), 100); /* without a scale nothing can be clipped */
  for (int i = 0; i < 200; i++) tg_model_judge(m, 0);
  assert_true(tg_model_score(m, 1).score > 3);
  for (int i = 0; i < 1000; i++) {
    alarms += tg_model_judge(m, 10 + noise(&n)).verdict == TG_MODEL_FAIL;
  }
  assert_in_range(alarms, 1, 3);
  tg_model_free(m);
}

static void a_flagged_value_is_learned_at_k_deviations(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_EWMA);
  struct tg_model *m = model(&conf), *same = model(&conf);
  learn_noise(m, 100, 5, 2);
  learn_noise(same, 100, 5, 2);
  tg_model_judge(m, 1e9);
  tg_model_learn(same, tg_model_score(same, 0).high);
  near(tg_model_score(m, 0).expected, tg_model_score(same, 0).expected);
  near(tg_model_score(m, 0).score, tg_model_score(same, 0).score);
  tg_model_free(m);
  tg_model_free(same);
}

/* Defect 3: an alarm per bucket. */
static void one_incident_is_one_alarm(void **state)
{
  (void)state;
  struct tg_model *m = of_kind(TG_MODEL_EWMA);
  learn_noise(m, 100, 0, 1);
  assert_int_equal(tg_model_judge(m, 20).verdict, TG_MODEL_FAIL);
  for (int i = 0; i < 30; i++) {
    struct tg_judged j = tg_model_judge(m, 19);
    assert_int_equal(j.verdict, TG_MODEL_PASS);
    near(j.score, 0);
  }
  assert_int_equal(tg_model_judge(m, 500).verdict, TG_MODEL_FAIL); /* higher */
  tg_model_free(m);
}

static void only_a_higher_score_is_reported_and_starts_the_time_anew(void **state)
{
  (void)state;
  struct tg_refractory a = {0};
  near(tg_alarm_report(&a, 5, 7), 7);
  near(tg_alarm_report(&a, 5, 7), 0);
  near(tg_alarm_report(&a, 5, 6.9), 0);
  near(tg_alarm_report(&a, 5, 7.1), 7.1);
  for (int i = 0; i < 4; i++) near(tg_alarm_report(&a, 5, 7.1), 0);
  near(tg_alarm_report(&a, 5, 1), 1); /* the fifth: it is over */
}

static void no_refractory_time_reports_everything(void **state)
{
  (void)state;
  struct tg_refractory a = {0};
  for (int i = 0; i < 3; i++) near(tg_alarm_report(&a, 0, 5), 5);
}

static void a_direction_looks_one_way(void **state)
{
  (void)state;
  for (int kind = 0; kind < TG_MODEL_KINDS; kind++) {
    for (int direction = TG_UP; direction <= TG_DOWN; direction++) {
      struct tg_model_conf conf = tg_model_conf((enum tg_model_kind)kind);
      if (kind == TG_MODEL_HOLT_WINTERS) conf.window = 10;
      conf.direction = (enum tg_direction)direction;
      struct tg_model *up = model(&conf), *down = model(&conf);
      learn_noise(up, 100, 50, 1);
      learn_noise(down, 100, 50, 1);
      bool rises = false, falls = false;
      for (int i = 0; i < 20; i++) {
        rises |= tg_model_judge(up, 1000).verdict == TG_MODEL_FAIL;
        falls |= tg_model_judge(down, -1000).verdict == TG_MODEL_FAIL;
      }
      if (rises != (direction == TG_UP) || falls != (direction == TG_DOWN)) {
        fail_msg("%s direction %d: up %d, down %d", tg_model_name(conf.kind), direction, rises,
                 falls);
      }
      tg_model_free(up);
      tg_model_free(down);
    }
  }
}

static void equal_values_are_no_anomaly_and_others_are(void **state)
{
  (void)state;
  for (int kind = 0; kind < TG_MODEL_KINDS; kind++) {
    struct tg_model *m = of_kind((enum tg_model_kind)kind);
    bool found = false;
    for (int i = 0; i < 300; i++) {
      if (tg_model_judge(m, 0.1).verdict == TG_MODEL_FAIL) fail_msg("%d: value %d", kind, i);
    }
    for (int i = 0; i < 20; i++) found |= tg_model_judge(m, 0.2).verdict == TG_MODEL_FAIL;
    if (!found) fail_msg("%s does not see the end of a flat stretch", tg_model_name(kind));
    tg_model_free(m);
  }
}

static void numbers_without_a_square_fail_and_are_not_learned(void **state)
{
  (void)state;
  static const double bad[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300};
  for (int kind = 0; kind < TG_MODEL_KINDS; kind++) {
    struct tg_model *m = of_kind((enum tg_model_kind)kind);
    learn_noise(m, 100, 50, 1);
    for (size_t i = 0; i < 5; i++) {
      struct tg_judged j = tg_model_score(m, bad[i]);
      assert_int_equal(j.verdict, TG_MODEL_FAIL);
      near(j.score, TG_SCORE_MAX);
      tg_model_judge(m, bad[i]);
      tg_model_learn(m, bad[i]);
    }
    assert_int_equal(tg_model_score(m, 50).verdict, TG_MODEL_PASS);
    tg_model_free(m);
  }
}

static bool same(const struct tg_judged *a, const struct tg_judged *b)
{
  return a->verdict == b->verdict && a->expected == b->expected && a->low == b->low &&
         a->high == b->high && a->score == b->score;
}

static void scoring_changes_nothing(void **state)
{
  (void)state;
  for (int kind = 0; kind < TG_MODEL_KINDS; kind++) {
    struct tg_model *m = of_kind((enum tg_model_kind)kind);
    struct tg_buf before = {0}, after = {0};
    learn_noise(m, 90, 1, 1);
    tg_model_save(m, &before);
    tg_model_score(m, 1);
    tg_model_score(m, 1e6);
    tg_model_save(m, &after);
    assert_true(tg_text_eq(tg_buf_view(&before), tg_buf_view(&after)));
    tg_buf_fini(&before);
    tg_buf_fini(&after);
    tg_model_free(m);
  }
}

/* Saved and loaded after every value, against one that is left alone. */
static void a_restart_changes_nothing(void **state)
{
  (void)state;
  for (int kind = 0; kind < TG_MODEL_KINDS; kind++) {
    struct tg_model *calm = of_kind((enum tg_model_kind)kind);
    struct tg_model *restless = of_kind((enum tg_model_kind)kind);
    struct noise n = {1};
    for (int i = 0; i < 700; i++) {
      double x = 10 + noise(&n) + (i > 400 ? 5 : 0) + (i % 97 == 96 ? 40 : 0);
      struct tg_judged a = tg_model_judge(calm, x), b = tg_model_judge(restless, x);
      if (!same(&a, &b)) fail_msg("%s, value %d", tg_model_name((enum tg_model_kind)kind), i);
      struct tg_buf bytes = {0};
      struct tg_err err;
      tg_model_save(restless, &bytes);
      tg_model_free(restless);
      if (tg_model_load(tg_buf_view(&bytes), &restless, &err) != TG_OK) fail_msg("%s", err.what);
      tg_buf_fini(&bytes);
    }
    tg_model_free(calm);
    tg_model_free(restless);
  }
}

static void full_models_fit_a_cell(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_HOLT_WINTERS);
  conf.window = TG_MODEL_WINDOW_MAX;
  struct tg_model *m = model(&conf);
  struct tg_buf bytes = {0};
  tg_model_save(m, &bytes);
  assert_in_range(bytes.len, 1, 40 << 10);
  tg_buf_fini(&bytes);
  tg_model_free(m);
}

/* Each byte with one bit turned: refused, or a model that can be used. */
static void turn_bits(struct tg_buf *bytes)
{
  struct noise n = {99};
  struct tg_model *copy;
  for (size_t i = 0; i < bytes->len; i++) {
    char kept = bytes->ptr[i];
    bytes->ptr[i] = (char)(kept ^ (char)(1u << (i % 8)));
    bool taken = tg_model_load(tg_buf_view(bytes), &copy, NULL) == TG_OK;
    for (int x = 0; taken && x < 40; x++) tg_model_judge(copy, noise(&n));
    if (taken) tg_model_free(copy);
    bytes->ptr[i] = kept;
  }
}

static void hostile_bytes_are_refused_or_harmless(void **state)
{
  (void)state;
  for (int kind = 0; kind < TG_MODEL_KINDS; kind++) {
    struct tg_model *m = of_kind((enum tg_model_kind)kind), *copy;
    struct tg_buf bytes = {0};
    learn_noise(m, 90, 1, 1);
    tg_model_save(m, &bytes);
    for (uint32_t cut = 0; cut < bytes.len; cut++) {
      assert_int_equal(tg_model_load(tg_text_of(bytes.ptr, cut), &copy, NULL), TG_DATA);
    }
    turn_bits(&bytes);
    tg_buf_char(&bytes, 0);
    assert_int_equal(tg_model_load(tg_buf_view(&bytes), &copy, NULL), TG_DATA);
    tg_buf_fini(&bytes);
    tg_model_free(m);
  }
}

static void another_version_is_refused(void **state)
{
  (void)state;
  struct tg_model *m = of_kind(TG_MODEL_EWMA), *copy;
  struct tg_buf bytes = {0};
  tg_model_save(m, &bytes);
  bytes.ptr[0] = 2;
  assert_int_equal(tg_model_load(tg_buf_view(&bytes), &copy, NULL), TG_DATA);
  bytes.ptr[0] = 0;
  assert_int_equal(tg_model_load(tg_buf_view(&bytes), &copy, NULL), TG_DATA);
  tg_buf_fini(&bytes);
  tg_model_free(m);
}

static void refused(enum tg_model_kind kind, struct tg_model_conf conf, const char *what)
{
  struct tg_model *m;
  struct tg_err err;
  conf.kind = kind;
  assert_int_equal(tg_model_new(&conf, &m, &err), TG_CONFIG);
  if (!strstr(err.what, what)) fail_msg("'%s' does not name %s", err.what, what);
}

static void impossible_settings_are_named(void **state)
{
  (void)state;
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_EWMA), good = conf;
  conf.alpha = 0, refused(TG_MODEL_EWMA, conf, "alpha"), conf = good;
  conf.alpha = 1.5, refused(TG_MODEL_EWMA, conf, "alpha"), conf = good;
  conf.alpha = NAN, refused(TG_MODEL_EWMA, conf, "alpha"), conf = good;
  conf.k = 0, refused(TG_MODEL_EWMA, conf, "k = 0"), conf = good;
  conf.k = NAN, refused(TG_MODEL_EWMA, conf, "k ="), conf = good;
  conf.cooldown = UINT32_MAX, refused(TG_MODEL_EWMA, conf, "cooldown"), conf = good;
  conf = tg_model_conf(TG_MODEL_MAD);
  conf.window = 29, refused(TG_MODEL_MAD, conf, "30 to 4096");
  conf.window = 4097, refused(TG_MODEL_MAD, conf, "4097");
  refused(TG_MODEL_HOLT_WINTERS, tg_model_conf(TG_MODEL_HOLT_WINTERS), "period");
  conf = tg_model_conf(TG_MODEL_PAGE_HINKLEY);
  conf.delta = -1, refused(TG_MODEL_PAGE_HINKLEY, conf, "delta");
  conf = tg_model_conf(TG_MODEL_ADWIN);
  conf.delta = 0, refused(TG_MODEL_ADWIN, conf, "delta");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(zscore_is_the_mean_of_two_deviations),
      cmocka_unit_test(smooth_window_holds_flagged_values),
      cmocka_unit_test(ewma_follows_its_formula),
      cmocka_unit_test(mad_is_of_the_last_values),
      cmocka_unit_test(mad_of_zero_falls_back_to_the_mean_deviation),
      cmocka_unit_test(mad_judges_from_30_values_on),
      cmocka_unit_test(trend_and_season_are_found_in_two_periods),
      cmocka_unit_test(missing_buckets_keep_the_season_in_step),
      cmocka_unit_test(a_spike_in_a_season_scores_by_its_residual),
      cmocka_unit_test(page_hinkley_finds_a_shift_both_ways),
      cmocka_unit_test(adwin_drops_what_was_before_a_shift),
      cmocka_unit_test(a_value_is_not_learned_before_it_is_scored),
      cmocka_unit_test(an_old_incident_does_not_hide_the_next),
      cmocka_unit_test(a_state_that_lasts_is_learned),
      cmocka_unit_test(a_flat_beginning_is_not_believed_for_ever),
      cmocka_unit_test(a_flagged_value_is_learned_at_k_deviations),
      cmocka_unit_test(one_incident_is_one_alarm),
      cmocka_unit_test(only_a_higher_score_is_reported_and_starts_the_time_anew),
      cmocka_unit_test(no_refractory_time_reports_everything),
      cmocka_unit_test(a_direction_looks_one_way),
      cmocka_unit_test(equal_values_are_no_anomaly_and_others_are),
      cmocka_unit_test(numbers_without_a_square_fail_and_are_not_learned),
      cmocka_unit_test(scoring_changes_nothing),
      cmocka_unit_test(a_restart_changes_nothing),
      cmocka_unit_test(full_models_fit_a_cell),
      cmocka_unit_test(hostile_bytes_are_refused_or_harmless),
      cmocka_unit_test(another_version_is_refused),
      cmocka_unit_test(impossible_settings_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
