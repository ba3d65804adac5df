/* ADWIN2: the window is an exponential histogram, cut wherever the means of its two parts differ by
 * more than
 *
 *   e = sqrt(2/m var ln(2/d)) + 2/(3m) s ln(2/d)     1/m = 1/n0 + 1/n1    d = delta / ln(n)
 *
 * The paper has values in 0..1, so that s = 1; here s is the standard deviation of the window, and
 * the cut does not depend on the unit. The score is the largest difference in units of its e. All
 * that is older than the worst cut goes at once (the paper drops bucket by bucket and would report
 * one change many times). */
#include "core/state/modelkind.h"

#include <math.h>

enum { PART_MIN = 5 }; /* values in each part of a cut, as in the authors' program */

static uint64_t learned(const struct tg_model *m)
{
  return m->as.adwin.width;
}

static struct tg_spread whole(const struct tg_adwin *a)
{
  struct tg_spread all = {0};
  for (int r = 0; r < TG_ADWIN_ROWS; r++) {
    for (uint32_t i = 0; i < a->rows[r].count; i++) tg_spread_merge(&all, &a->rows[r].buckets[i]);
  }
  return all;
}

/* The mean of the values of all that are not in old. */
static double rest_mean(const struct tg_spread *all, const struct tg_spread *old)
{
  double n = (double)all->count, n0 = (double)old->count;
  return all->mean + (all->mean - old->mean) * n0 / (n - n0);
}

/* How the means of an older part and of the rest differ, in units of what chance allows. */
static double ratio(const struct tg_spread *all, const struct tg_spread *old,
                    const struct tg_model_conf *conf)
{
  uint64_t n0 = old->count, n1 = all->count - old->count;
  if (n0 < PART_MIN || n1 < PART_MIN) return 0;
  double m = 1 / (1 / (double)n0 + 1 / (double)n1), s = tg_spread_stdev(all);
  double chance = log(2 * log((double)all->count) / conf->delta);
  double e = s * (sqrt(2 / m * chance) + 2 / (3 * m) * chance);
  return tg_alarm_deviation(rest_mean(all, old), old->mean, e, conf->direction);
}

/* The largest ratio, and how many values are older than the cut where it is. */
static double worst(const struct tg_adwin *a, const struct tg_spread *all,
                    const struct tg_model_conf *conf, uint64_t *cut)
{
  struct tg_spread old = {0};
  double most = 0;
  for (int r = TG_ADWIN_ROWS - 1; r >= 0; r--) {
    for (uint32_t i = a->rows[r].count; i-- > 0;) {
      tg_spread_merge(&old, &a->rows[r].buckets[i]);
      double now = ratio(all, &old, conf);
      if (now > most) most = now, *cut = old.count;
    }
  }
  return most;
}

static void look(const struct tg_model *m, double x, struct tg_look *out)
{
  struct tg_spread all = whole(&m->as.adwin);
  out->expected = all.mean;
  out->scale = tg_spread_stdev(&all);
  uint64_t cut;
  tg_spread_add(&all, x);
  out->score = worst(&m->as.adwin, &all, &m->conf, &cut);
}

static void push_bucket(struct tg_adwin_row *row, struct tg_spread bucket)
{
  memmove(row->buckets + 1, row->buckets, row->count * sizeof bucket);
  row->buckets[0] = bucket;
  row->count++;
}

/* A new bucket of one value; the two oldest of a row that is too long become one of the next. */
static void insert(struct tg_adwin *a, double x)
{
  push_bucket(&a->rows[0], (struct tg_spread){.count = 1, .mean = x});
  a->width++;
  for (int r = 0; r < TG_ADWIN_ROWS - 1 && a->rows[r].count > TG_ADWIN_BUCKETS; r++) {
    struct tg_adwin_row *row = &a->rows[r];
    row->count -= 2;
    struct tg_spread both = row->buckets[row->count + 1];
    tg_spread_merge(&both, &row->buckets[row->count]);
    push_bucket(row + 1, both);
  }
}

static void drop_older(struct tg_adwin *a, uint64_t cut)
{
  for (int r = TG_ADWIN_ROWS - 1; r >= 0; r--) {
    for (; a->rows[r].count > 0 && cut > 0; a->rows[r].count--) {
      a->width -= (uint64_t)1 << r;
      cut -= (uint64_t)1 << r;
    }
  }
}

static void take(struct tg_model *m, double x, double y)
{
  struct tg_adwin *a = &m->as.adwin;
  uint64_t cut = 0;
  insert(a, x);
  if (!isnan(y)) return;
  for (struct tg_spread all = whole(a); worst(a, &all, &m->conf, &cut) > m->conf.k;
       all = whole(a)) {
    drop_older(a, cut);
  }
}

static void walk_row(struct tg_adwin_row *row, uint32_t r, struct tg_codec *c)
{
  tg_codec_count32(c, &row->count, TG_ADWIN_BUCKETS);
  for (uint32_t i = 0; i < row->count; i++) {
    tg_spread_walk(&row->buckets[i], c);
    if (row->buckets[i].count != (uint64_t)1 << r) c->bad = true;
  }
}

static void walk(struct tg_model *m, struct tg_codec *c)
{
  struct tg_adwin *a = &m->as.adwin;
  uint32_t rows = TG_ADWIN_ROWS;
  while (c->out && rows > 0 && a->rows[rows - 1].count == 0) rows--;
  tg_codec_count32(c, &rows, TG_ADWIN_ROWS - 1);
  a->width = 0;
  for (uint32_t r = 0; r < rows; r++) {
    walk_row(&a->rows[r], r, c);
    a->width += (uint64_t)a->rows[r].count << r;
  }
}

const struct tg_model_type tg_adwin_type = {
    .name = "adwin",
    .conf = {.k = 1, .delta = 0.002, .warmup = 30},
    .starts_anew = true,
    .learned = learned,
    .look = look,
    .take = take,
    .walk = walk,
};
