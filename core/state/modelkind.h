/* The inside of the models, shared by model.c and one file per kind; everybody else uses model.h.
 *
 * A kind says what it expects (`look`), takes a value (`take`), and walks its state for the codec.
 * Judging, the refractory time and what is learned are the same for all, in model.c. */
#ifndef TG_STATE_MODELKIND_H
#define TG_STATE_MODELKIND_H

#include "core/state/model.h"

/* Count, mean and sum of squared deviations, updated value by value (Welford 1962). */
struct tg_spread {
  uint64_t count;
  double mean, square;
};
void tg_spread_add(struct tg_spread *s, double x);
/* Adds what another one has seen (Chan, Golub and LeVeque 1979). */
void tg_spread_merge(struct tg_spread *s, const struct tg_spread *other);
/* Sample standard deviation; 0 for fewer than two values. */
double tg_spread_stdev(const struct tg_spread *s);
void tg_spread_walk(struct tg_spread *s, struct tg_codec *c);

struct tg_welford {
  struct tg_spread all;
  uint32_t seen, at; /* values in the window, and the place of the next one */
};
struct tg_ewma {
  uint64_t count;
  double mean, variance;
};
struct tg_mad {
  uint64_t count;
  uint32_t at; /* place of the next value in the window */
};
struct tg_holt_winters {
  uint64_t seen;      /* values met in all */
  double first, last; /* sums of the first and of the second period */
  double level, trend;
  struct tg_spread differences; /* of the second period from the first */
  struct tg_spread residuals;
};
struct tg_page_hinkley {
  struct tg_spread all;
  double up, up_least, down, down_most; /* the sums and their extremes */
};
enum { TG_ADWIN_ROWS = 40, TG_ADWIN_BUCKETS = 5 };
struct tg_adwin_row { /* buckets of 2^row values each, newest first */
  uint32_t count;
  struct tg_spread buckets[TG_ADWIN_BUCKETS + 1];
};
struct tg_adwin {
  uint64_t width;
  struct tg_adwin_row rows[TG_ADWIN_ROWS];
};

struct tg_model {
  struct tg_model_conf conf;
  struct tg_refractory alarm;
  union {
    struct tg_welford welford;
    struct tg_ewma ewma;
    struct tg_mad mad;
    struct tg_holt_winters holt_winters;
    struct tg_page_hinkley page_hinkley;
    struct tg_adwin adwin;
  } as;
  double window[]; /* conf.window of them */
};

struct tg_look {
  double expected, scale;
  double score; /* without the refractory time */
};

struct tg_model_type {
  const char *name;
  struct tg_model_conf conf; /* defaults */
  const char *window_name;   /* what scripts call it; NULL: there is none */
  uint32_t window_min;
  uint64_t (*learned)(const struct tg_model *m);
  bool starts_anew; /* what was flagged ends what was learned: it is never clipped */
  void (*look)(const struct tg_model *m, double x, struct tg_look *out);
  /* x was met, and y is to be learned for it; NAN: nothing. */
  void (*take)(struct tg_model *m, double x, double y);
  void (*miss)(struct tg_model *m); /* NULL: time is nothing to it */
  void (*walk)(struct tg_model *m, struct tg_codec *c);
};

extern const struct tg_model_type tg_welford_type, tg_ewma_type, tg_mad_type, tg_holt_winters_type,
    tg_page_hinkley_type, tg_adwin_type;

#endif
