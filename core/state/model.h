/* Anomaly models: each is fed one number after another (the metric of a bucket, or of a batch) and
 * says how unusual it is, in units of its own scale, so that scores can be compared between series.
 * The frame they share is alarm.h.
 *
 *   welford        mean and variance of all values learned (Welford 1962); score = the mean of two
 *                  deviations, that of the value and that of the mean of the last `smooth` values
 *   ewma           d = x - m; m += a d; var = (1-a)(var + a d^2); a = max(alpha, 1/(i+1)) for the
 *                  i-th value from 0 (Finch 2009)
 *   mad            |x - median| / (1.4826 MAD) of the last `window` values learned, 30 at least;
 *                  MAD 0: scale 1.2533 * mean absolute deviation from the median (Iglewicz and
 *                  Hoaglin 1993)
 *   holt_winters   additive level, trend and season of `period` values; residual over the running
 *                  standard deviation of the residuals learned; two periods of warm-up
 *   page_hinkley   sums of z - delta and of z + delta over standardised values z; further than
 *                  lambda from its lowest (highest): a change, and everything starts anew (Page
 *                  1954, Hinkley 1971)
 *   adwin          a window cut where the means of its two parts differ by more than chance allows
 *                  (Bifet and Gavalda 2007); the older part is dropped
 *
 * A model is a value of its own on the heap. Its bytes (tg_model_save) hold everything: one that
 * was saved and loaded again goes on as if nothing had happened. Thread: one at a time. */
#ifndef TG_STATE_MODEL_H
#define TG_STATE_MODEL_H

#include "core/base/err.h"
#include "core/state/alarm.h"

enum tg_model_kind {
  TG_MODEL_WELFORD,
  TG_MODEL_EWMA,
  TG_MODEL_MAD,
  TG_MODEL_HOLT_WINTERS,
  TG_MODEL_PAGE_HINKLEY,
  TG_MODEL_ADWIN,
};
enum { TG_MODEL_KINDS = TG_MODEL_ADWIN + 1 };

enum { /* caps; a window of doubles is the largest part of a model */
       TG_MODEL_WINDOW_MAX = 4096,
       TG_MODEL_COUNT_MAX = 1000000000, /* warmup, cooldown */
};

struct tg_model_conf {
  enum tg_model_kind kind;
  enum tg_direction direction;
  double k;          /* a score above it fails; page_hinkley: lambda */
  double alpha;      /* ewma, holt_winters: weight of the newest value in the level, 0..1 */
  double beta;       /* holt_winters: in the trend */
  double gamma;      /* holt_winters: in the season */
  double delta;      /* page_hinkley: drift that is no change; adwin: chance of a false cut */
  uint32_t warmup;   /* values learned before the first verdict */
  uint32_t window;   /* values: welford smooth, mad window, holt_winters period; 0 elsewhere */
  uint32_t cooldown; /* values of refractory time */
};

/* "welford", "ewma", .. */
const char *tg_model_name(enum tg_model_kind kind);

/* The defaults of a kind; a period has none (0). */
struct tg_model_conf tg_model_conf(enum tg_model_kind kind);

/* TG_CONFIG names the setting that is out of its range. */
enum tg_rc tg_model_conf_check(const struct tg_model_conf *conf, struct tg_err *err);

enum tg_model_verdict { TG_MODEL_SKIP, TG_MODEL_PASS, TG_MODEL_FAIL };

struct tg_judged {
  enum tg_model_verdict verdict; /* SKIP: warming up, the rest but value is 0 */
  double value;
  double expected;
  double low, high; /* expected -+ k scales; infinite on the side that is not looked at */
  double score;     /* after the refractory time, 0..TG_SCORE_MAX */
};

struct tg_model;

/* Owned by the caller. conf: copied. TG_CONFIG as tg_model_conf_check(); TG_FULL: no memory. */
enum tg_rc tg_model_new(const struct tg_model_conf *conf, struct tg_model **out,
                        struct tg_err *err);
void tg_model_free(struct tg_model *m);
const struct tg_model_conf *tg_model_conf_of(const struct tg_model *m);
/* Values learned so far. */
uint64_t tg_model_learned(const struct tg_model *m);

/* Scores x, then learns it, clipped when it scored above k (alarm.h); page_hinkley begins anew with
 * it, adwin forgets what was before the change. A value that is not finite fails with TG_SCORE_MAX
 * and is not learned. */
struct tg_judged tg_model_judge(struct tg_model *m, double x);
/* What judging x would say, without the refractory time; nothing is changed. */
struct tg_judged tg_model_score(const struct tg_model *m, double x);
/* Learns x, whatever its score; one that is not finite counts as missing. */
void tg_model_learn(struct tg_model *m, double x);
/* A bucket without a value: time passes, nothing is learned. */
void tg_model_miss(struct tg_model *m);

/* Appends the model's bytes: version, settings, state. Check out->failed. */
void tg_model_save(const struct tg_model *m, struct tg_buf *out);
/* The model of these bytes. TG_DATA: they are none, or of another version; TG_FULL: no memory. */
enum tg_rc tg_model_load(struct tg_text bytes, struct tg_model **out, struct tg_err *err);

#endif
