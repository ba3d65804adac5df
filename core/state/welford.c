/* Mean and variance of all values learned, and the mean of the last few values met. */
#include "core/state/modelkind.h"

#include <math.h>

void tg_spread_add(struct tg_spread *s, double x)
{
  double d = x - s->mean;
  s->count++;
  s->mean += d / (double)s->count;
  s->square += d * (x - s->mean);
}

void tg_spread_merge(struct tg_spread *s, const struct tg_spread *other)
{
  if (other->count == 0) return;
  double a = (double)s->count, b = (double)other->count, d = other->mean - s->mean;
  s->count += other->count;
  s->mean += d * b / (a + b);
  s->square += other->square + d * d * a * b / (a + b);
}

double tg_spread_stdev(const struct tg_spread *s)
{
  return s->count < 2 ? 0 : sqrt(s->square / (double)(s->count - 1));
}

void tg_spread_walk(struct tg_spread *s, struct tg_codec *c)
{
  tg_codec_count(c, &s->count, TG_CODEC_COUNT_MAX);
  tg_codec_number(c, &s->mean);
  tg_codec_positive(c, &s->square);
}

static uint64_t learned(const struct tg_model *m)
{
  return m->as.welford.all.count;
}

/* The mean of the window as it will be with x in it. */
static double smooth_mean(const struct tg_model *m, double x)
{
  const struct tg_welford *w = &m->as.welford;
  bool whole = w->seen == m->conf.window;
  double mean = 0, count = (double)w->seen + !whole;
  for (uint32_t i = 0; i < w->seen; i++) {
    if (!whole || i != w->at) mean += m->window[i] / count;
  }
  return mean + x / count;
}

static void look(const struct tg_model *m, double x, struct tg_look *out)
{
  const struct tg_spread *all = &m->as.welford.all;
  enum tg_direction direction = m->conf.direction;
  out->expected = all->mean;
  out->scale = tg_spread_stdev(all);
  double own = tg_alarm_deviation(x, all->mean, out->scale, direction);
  double smooth = tg_alarm_deviation(smooth_mean(m, x), all->mean, out->scale, direction);
  out->score = (own + smooth) / 2;
}

static void take(struct tg_model *m, double x, double y)
{
  struct tg_welford *w = &m->as.welford;
  m->window[w->at] = x;
  w->at = (w->at + 1) % m->conf.window;
  if (w->seen < m->conf.window) w->seen++;
  if (!isnan(y)) tg_spread_add(&w->all, y);
}

static void walk(struct tg_model *m, struct tg_codec *c)
{
  struct tg_welford *w = &m->as.welford;
  tg_spread_walk(&w->all, c);
  tg_codec_count32(c, &w->seen, m->conf.window);
  tg_codec_count32(c, &w->at, m->conf.window - 1);
  tg_codec_numbers(c, m->window, w->seen);
}

const struct tg_model_type tg_welford_type = {
    .name = "welford",
    .conf = {.k = 3, .warmup = 30, .window = 20, .cooldown = 100},
    .window_name = "smooth",
    .window_min = 1,
    .learned = learned,
    .look = look,
    .take = take,
    .walk = walk,
};
