/* The frame of all models: settings, judging, learning, bytes. */
#include "core/state/modelkind.h"

#include <math.h>
#include <stdlib.h>

enum { VERSION = 1 };

/* Squares of more would leave the numbers. */
static const double VALUE_MAX = 1e140;

static const struct tg_model_type *const types[] = {
    [TG_MODEL_WELFORD] = &tg_welford_type,
    [TG_MODEL_EWMA] = &tg_ewma_type,
    [TG_MODEL_MAD] = &tg_mad_type,
    [TG_MODEL_HOLT_WINTERS] = &tg_holt_winters_type,
    [TG_MODEL_PAGE_HINKLEY] = &tg_page_hinkley_type,
    [TG_MODEL_ADWIN] = &tg_adwin_type,
};

const char *tg_model_name(enum tg_model_kind kind)
{
  return types[kind]->name;
}

struct tg_model_conf tg_model_conf(enum tg_model_kind kind)
{
  struct tg_model_conf conf = types[kind]->conf;
  conf.kind = kind;
  return conf;
}

/* --- settings --- */

static enum tg_rc check_share(const struct tg_model_conf *conf, const char *name, double v,
                              struct tg_err *err)
{
  if (v > 0 && v <= 1) return TG_OK;
  return tg_err_set(err, TG_CONFIG, types[conf->kind]->name, "%s = %g; it is above 0 and at most 1",
                    name, v);
}

static enum tg_rc check_shares(const struct tg_model_conf *conf, struct tg_err *err)
{
  bool ewma = conf->kind == TG_MODEL_EWMA, season = conf->kind == TG_MODEL_HOLT_WINTERS;
  enum tg_rc rc = TG_OK;
  if (ewma || season) rc = check_share(conf, "alpha", conf->alpha, err);
  if (rc == TG_OK && season) rc = check_share(conf, "beta", conf->beta, err);
  if (rc == TG_OK && season) rc = check_share(conf, "gamma", conf->gamma, err);
  if (rc == TG_OK && conf->kind == TG_MODEL_ADWIN) {
    rc = check_share(conf, "delta", conf->delta, err);
  }
  if (rc != TG_OK || conf->kind != TG_MODEL_PAGE_HINKLEY) return rc;
  if (conf->delta >= 0 && conf->delta <= TG_SCORE_MAX) return TG_OK;
  return tg_err_set(err, TG_CONFIG, "page_hinkley", "delta = %g; it is 0 or more", conf->delta);
}

enum tg_rc tg_model_conf_check(const struct tg_model_conf *conf, struct tg_err *err)
{
  const struct tg_model_type *t = types[conf->kind];
  if (!(conf->k > 0 && conf->k < TG_SCORE_MAX)) {
    return tg_err_set(err, TG_CONFIG, t->name, "%s = %g; it is above 0 and below 1e9",
                      conf->kind == TG_MODEL_PAGE_HINKLEY ? "lambda" : "k", conf->k);
  }
  if (t->window_min && (conf->window < t->window_min || conf->window > TG_MODEL_WINDOW_MAX)) {
    return tg_err_set(err, TG_CONFIG, t->name, "%s = %u; it is %u to %d values", t->window_name,
                      conf->window, t->window_min, TG_MODEL_WINDOW_MAX);
  }
  if (conf->warmup > TG_MODEL_COUNT_MAX || conf->cooldown > TG_MODEL_COUNT_MAX) {
    return tg_err_set(err, TG_CONFIG, t->name, "warmup = %u, cooldown = %u; at most %d values",
                      conf->warmup, conf->cooldown, TG_MODEL_COUNT_MAX);
  }
  return check_shares(conf, err);
}

/* The least that a formula needs, whatever was asked for. */
static uint32_t least_warmup(const struct tg_model_conf *conf)
{
  if (conf->kind == TG_MODEL_HOLT_WINTERS) return 2 * conf->window;
  return conf->kind == TG_MODEL_MAD ? types[conf->kind]->window_min : 2;
}

enum tg_rc tg_model_new(const struct tg_model_conf *conf, struct tg_model **out, struct tg_err *err)
{
  enum tg_rc rc = tg_model_conf_check(conf, err);
  if (rc != TG_OK) return rc;
  uint32_t window = types[conf->kind]->window_min ? conf->window : 0;
  struct tg_model *m = calloc(1, sizeof *m + window * sizeof *m->window);
  if (!m) return tg_err_set(err, TG_FULL, tg_model_name(conf->kind), "no memory for a model");
  m->conf = *conf;
  m->conf.window = window;
  if (m->conf.warmup < least_warmup(conf)) m->conf.warmup = least_warmup(conf);
  *out = m;
  return TG_OK;
}

void tg_model_free(struct tg_model *m)
{
  free(m);
}

const struct tg_model_conf *tg_model_conf_of(const struct tg_model *m)
{
  return &m->conf;
}

uint64_t tg_model_learned(const struct tg_model *m)
{
  return types[m->conf.kind]->learned(m);
}

/* --- judging --- */

static bool usable(double x)
{
  return fabs(x) <= VALUE_MAX; /* false for NaN */
}

struct tg_judged tg_model_score(const struct tg_model *m, double x)
{
  struct tg_judged j = {.value = x};
  struct tg_look look = {.score = TG_SCORE_MAX};
  if (tg_model_learned(m) < m->conf.warmup) return j;
  types[m->conf.kind]->look(m, usable(x) ? x : 0, &look);
  j.expected = look.expected;
  j.score = usable(x) ? look.score : TG_SCORE_MAX;
  j.low = m->conf.direction == TG_UP ? -INFINITY : look.expected - m->conf.k * look.scale;
  j.high = m->conf.direction == TG_DOWN ? INFINITY : look.expected + m->conf.k * look.scale;
  j.verdict = j.score > m->conf.k ? TG_MODEL_FAIL : TG_MODEL_PASS;
  return j;
}

/* What is learned for a value that was judged: itself, or what is left of it when it was flagged;
 * NAN: nothing. */
static double lesson(struct tg_model *m, double x)
{
  const struct tg_model_type *type = types[m->conf.kind];
  struct tg_look look;
  type->look(m, x, &look);
  bool flagged = look.score > m->conf.k;
  double width = look.scale * tg_alarm_clip(&m->alarm, flagged, m->conf.k);
  if (!flagged) return x;
  if (type->starts_anew) return NAN;
  if (!(width > 0)) return tg_alarm_lasting(&m->alarm) ? x : NAN;
  return fmin(fmax(x, look.expected - width), look.expected + width);
}

struct tg_judged tg_model_judge(struct tg_model *m, double x)
{
  struct tg_judged j = tg_model_score(m, x);
  if (usable(x)) {
    types[m->conf.kind]->take(m, x, j.verdict == TG_MODEL_SKIP ? x : lesson(m, x));
  } else {
    tg_model_miss(m);
  }
  if (j.verdict == TG_MODEL_SKIP) return j;
  j.score = tg_alarm_report(&m->alarm, m->conf.cooldown, j.score);
  j.verdict = j.score > m->conf.k ? TG_MODEL_FAIL : TG_MODEL_PASS;
  return j;
}

void tg_model_learn(struct tg_model *m, double x)
{
  if (!usable(x)) {
    tg_model_miss(m);
    return;
  }
  types[m->conf.kind]->take(m, x, x);
}

void tg_model_miss(struct tg_model *m)
{
  if (types[m->conf.kind]->miss) types[m->conf.kind]->miss(m);
}

/* --- bytes --- */

static void walk_conf(struct tg_model_conf *conf, struct tg_codec *c)
{
  uint32_t version = VERSION, kind = conf->kind, direction = conf->direction;
  tg_codec_count32(c, &version, VERSION);
  tg_codec_count32(c, &kind, TG_MODEL_KINDS - 1);
  tg_codec_count32(c, &direction, TG_DOWN);
  conf->kind = kind, conf->direction = direction;
  tg_codec_number(c, &conf->k);
  tg_codec_number(c, &conf->alpha);
  tg_codec_number(c, &conf->beta);
  tg_codec_number(c, &conf->gamma);
  tg_codec_number(c, &conf->delta);
  tg_codec_count32(c, &conf->warmup, TG_MODEL_COUNT_MAX);
  tg_codec_count32(c, &conf->window, TG_MODEL_WINDOW_MAX);
  tg_codec_count32(c, &conf->cooldown, TG_MODEL_COUNT_MAX);
  if (version != VERSION) c->bad = true;
}

static void walk_state(struct tg_model *m, struct tg_codec *c)
{
  tg_alarm_walk(&m->alarm, c, m->conf.cooldown);
  types[m->conf.kind]->walk(m, c);
}

void tg_model_save(const struct tg_model *m, struct tg_buf *out)
{
  struct tg_codec c = tg_codec_writer(out);
  struct tg_model *same = (struct tg_model *)(uintptr_t)m; /* a writer changes nothing */
  walk_conf(&same->conf, &c);
  walk_state(same, &c);
}

enum tg_rc tg_model_load(struct tg_text bytes, struct tg_model **out, struct tg_err *err)
{
  struct tg_codec c = tg_codec_reader(bytes);
  struct tg_model_conf conf = {0};
  struct tg_model *m = NULL;
  walk_conf(&conf, &c);
  if (c.bad) return tg_err_set(err, TG_DATA, "model", "these bytes are no model of version 1");
  enum tg_rc rc = tg_model_new(&conf, &m, err);
  if (rc != TG_OK) return rc == TG_CONFIG ? err ? (err->rc = TG_DATA) : TG_DATA : rc;
  walk_state(m, &c);
  if (tg_codec_whole(&c)) {
    *out = m;
    return TG_OK;
  }
  tg_model_free(m);
  return tg_err_set(err, TG_DATA, tg_model_name(conf.kind), "the bytes of a model are damaged");
}
