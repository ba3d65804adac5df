/* Page-Hinkley in both directions on standardised values. */
#include "core/state/modelkind.h"

#include <math.h>

static uint64_t learned(const struct tg_model *m)
{
  return m->as.page_hinkley.all.count;
}

/* The sums and their extremes with x in them. */
static struct tg_page_hinkley with(const struct tg_model *m, double x)
{
  struct tg_page_hinkley p = m->as.page_hinkley;
  double stdev = tg_spread_stdev(&p.all);
  if (p.all.count < m->conf.warmup || !(stdev > 0)) return p;
  double z = (x - p.all.mean) / stdev;
  p.up += z - m->conf.delta;
  p.down += z + m->conf.delta;
  p.up_least = fmin(p.up_least, p.up);
  p.down_most = fmax(p.down_most, p.down);
  return p;
}

static void look(const struct tg_model *m, double x, struct tg_look *out)
{
  struct tg_page_hinkley p = with(m, x);
  double up = m->conf.direction == TG_DOWN ? 0 : p.up - p.up_least;
  double down = m->conf.direction == TG_UP ? 0 : p.down_most - p.down;
  out->expected = p.all.mean;
  out->scale = tg_spread_stdev(&p.all);
  out->score = fmin(fmax(up, down), TG_SCORE_MAX);
  if (!(out->scale > 0)) out->score = tg_alarm_deviation(x, p.all.mean, 0, m->conf.direction);
}

static void take(struct tg_model *m, double x, double y)
{
  struct tg_page_hinkley *p = &m->as.page_hinkley;
  if (isnan(y)) {
    *p = (struct tg_page_hinkley){0};
    y = x;
  }
  *p = with(m, y);
  tg_spread_add(&p->all, y);
}

static void walk(struct tg_model *m, struct tg_codec *c)
{
  struct tg_page_hinkley *p = &m->as.page_hinkley;
  tg_spread_walk(&p->all, c);
  tg_codec_number(c, &p->up);
  tg_codec_number(c, &p->up_least);
  tg_codec_number(c, &p->down);
  tg_codec_number(c, &p->down_most);
  if (p->up < p->up_least || p->down > p->down_most) c->bad = true;
}

const struct tg_model_type tg_page_hinkley_type = {
    .name = "page_hinkley",
    .conf = {.k = 50, .delta = 0.005, .warmup = 30},
    .starts_anew = true,
    .learned = learned,
    .look = look,
    .take = take,
    .walk = walk,
};
