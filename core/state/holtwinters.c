/* Additive Holt-Winters (Hyndman and Athanasopoulos, Forecasting, 8.3):
 *
 *   e = x - (level + trend + season[i])       level += trend + alpha e
 *   season[i] += gamma e                      trend += alpha beta e
 *
 * It begins with two periods: trend from the difference of their means, season from what is left
 * of both, the spread of residuals from how the second differs from the first. */
#include "core/state/modelkind.h"

#include <math.h>

static uint64_t learned(const struct tg_model *m)
{
  return m->as.holt_winters.seen;
}

static double stdev(const struct tg_holt_winters *h)
{
  if (h->residuals.count >= 2 * h->differences.count) return tg_spread_stdev(&h->residuals);
  /* The difference of two noises has sqrt(2) times the spread of one. */
  double a = (double)h->differences.count, b = (double)h->residuals.count;
  return sqrt((h->differences.square / 2 + h->residuals.square) / fmax(a + b - 1, 1));
}

static void look(const struct tg_model *m, double x, struct tg_look *out)
{
  const struct tg_holt_winters *h = &m->as.holt_winters;
  out->expected = h->level + h->trend + m->window[h->seen % m->conf.window];
  out->scale = stdev(h);
  out->score = tg_alarm_deviation(x, out->expected, out->scale, m->conf.direction);
}

/* Level, trend and season out of the two periods; window holds x1 + x2 of each place. */
static void begin(struct tg_model *m)
{
  struct tg_holt_winters *h = &m->as.holt_winters;
  double period = m->conf.window;
  double first = h->first / period, last = h->last / period, middle = (period - 1) / 2;
  h->trend = (last - first) / period;
  h->level = last + h->trend * middle;
  for (uint32_t i = 0; i < m->conf.window; i++) {
    m->window[i] = (m->window[i] - first - last) / 2 - h->trend * (i - middle);
  }
}

static void warm(struct tg_model *m, double y)
{
  struct tg_holt_winters *h = &m->as.holt_winters;
  uint32_t period = m->conf.window, i = (uint32_t)(h->seen % period);
  if (isnan(y)) y = h->seen == 0 ? 0 : (h->first + h->last) / (double)h->seen;
  if (h->seen < period) {
    h->first += y;
    m->window[i] = y;
  } else {
    h->last += y;
    tg_spread_add(&h->differences, y - m->window[i]);
    m->window[i] += y;
  }
  if (++h->seen == 2 * (uint64_t)period) begin(m);
}

static void take(struct tg_model *m, double x, double y)
{
  (void)x;
  struct tg_holt_winters *h = &m->as.holt_winters;
  if (h->seen < 2 * (uint64_t)m->conf.window) {
    warm(m, y);
    return;
  }
  double *season = &m->window[h->seen++ % m->conf.window];
  double e = isnan(y) ? 0 : y - (h->level + h->trend + *season);
  h->level += h->trend + m->conf.alpha * e;
  h->trend += m->conf.alpha * m->conf.beta * e;
  *season += m->conf.gamma * e;
  if (!isnan(y)) tg_spread_add(&h->residuals, e);
}

static void miss(struct tg_model *m)
{
  take(m, NAN, NAN);
}

static void walk(struct tg_model *m, struct tg_codec *c)
{
  struct tg_holt_winters *h = &m->as.holt_winters;
  tg_codec_count(c, &h->seen, TG_CODEC_COUNT_MAX);
  tg_codec_number(c, &h->first);
  tg_codec_number(c, &h->last);
  tg_codec_number(c, &h->level);
  tg_codec_number(c, &h->trend);
  tg_spread_walk(&h->differences, c);
  tg_spread_walk(&h->residuals, c);
  tg_codec_numbers(c, m->window, m->conf.window);
}

const struct tg_model_type tg_holt_winters_type = {
    .name = "holt_winters",
    .conf = {.k = 3, .alpha = 0.3, .beta = 0.1, .gamma = 0.1, .cooldown = 100},
    .window_name = "period",
    .window_min = 2,
    .learned = learned,
    .look = look,
    .take = take,
    .miss = miss,
    .walk = walk,
};
