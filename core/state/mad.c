/* Median and median absolute deviation of a sliding window. */
#include "core/state/modelkind.h"

#include <math.h>
#include <stdlib.h>

static uint64_t learned(const struct tg_model *m)
{
  return m->as.mad.count;
}

static uint32_t held(const struct tg_model *m)
{
  return m->as.mad.count < m->conf.window ? (uint32_t)m->as.mad.count : m->conf.window;
}

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts v. The mean of the middle two when count is even. */
static double median(double *v, uint32_t count)
{
  qsort(v, count, sizeof *v, ascending);
  double high = v[count / 2];
  return count % 2 ? high : v[count / 2 - 1] + (high - v[count / 2 - 1]) / 2;
}

static void look(const struct tg_model *m, double x, struct tg_look *out)
{
  double v[TG_MODEL_WINDOW_MAX], mean = 0;
  uint32_t count = held(m);
  *out = (struct tg_look){0};
  if (count == 0) return;
  memcpy(v, m->window, count * sizeof *v);
  out->expected = median(v, count);
  for (uint32_t i = 0; i < count; i++) {
    v[i] = fabs(v[i] - out->expected);
    mean += v[i] / count;
  }
  double mad = median(v, count);
  out->scale = mad > 0 ? 1.4826 * mad : 1.2533 * mean;
  out->score = tg_alarm_deviation(x, out->expected, out->scale, m->conf.direction);
}

static void take(struct tg_model *m, double x, double y)
{
  (void)x;
  if (isnan(y)) return;
  m->window[m->as.mad.at] = y;
  m->as.mad.at = (m->as.mad.at + 1) % m->conf.window;
  m->as.mad.count++;
}

static void walk(struct tg_model *m, struct tg_codec *c)
{
  tg_codec_count(c, &m->as.mad.count, TG_CODEC_COUNT_MAX);
  tg_codec_count32(c, &m->as.mad.at, m->conf.window - 1);
  if (m->as.mad.count < m->conf.window && m->as.mad.at != m->as.mad.count) c->bad = true;
  tg_codec_numbers(c, m->window, held(m));
}

const struct tg_model_type tg_mad_type = {
    .name = "mad",
    .conf = {.k = 3.5, .warmup = 30, .window = 500, .cooldown = 100},
    .window_name = "window",
    .window_min = 30,
    .learned = learned,
    .look = look,
    .take = take,
    .walk = walk,
};
