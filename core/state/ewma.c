/* Exponentially weighted mean and variance. */
#include "core/state/modelkind.h"

#include <math.h>

static uint64_t learned(const struct tg_model *m)
{
  return m->as.ewma.count;
}

static void look(const struct tg_model *m, double x, struct tg_look *out)
{
  out->expected = m->as.ewma.mean;
  out->scale = sqrt(m->as.ewma.variance);
  out->score = tg_alarm_deviation(x, out->expected, out->scale, m->conf.direction);
}

static void take(struct tg_model *m, double x, double y)
{
  (void)x;
  if (isnan(y)) return;
  struct tg_ewma *e = &m->as.ewma;
  double a = fmax(m->conf.alpha, 1 / (double)(e->count + 1));
  double d = y - e->mean;
  e->count++;
  e->mean += a * d;
  e->variance = (1 - a) * (e->variance + a * d * d);
}

static void walk(struct tg_model *m, struct tg_codec *c)
{
  tg_codec_count(c, &m->as.ewma.count, TG_CODEC_COUNT_MAX);
  tg_codec_number(c, &m->as.ewma.mean);
  tg_codec_positive(c, &m->as.ewma.variance);
}

const struct tg_model_type tg_ewma_type = {
    .name = "ewma",
    .conf = {.k = 4, .alpha = 0.005, .warmup = 50, .cooldown = 100},
    .learned = learned,
    .look = look,
    .take = take,
    .walk = walk,
};
