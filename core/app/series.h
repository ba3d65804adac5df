/* `tidegate eval --rule`: one rule over a recorded series, batch by batch, as a stream would bring
 * it. What the rule remembers lives through the whole series. */
#ifndef TG_APP_SERIES_H
#define TG_APP_SERIES_H

#include "bindings/program.h"

#include <stdio.h>

struct tg_series_conf {
  const char *rule;   /* name of a rule or an alias */
  const char *params; /* JSON object of its arguments; NULL: none */
  const char *types;  /* JSON object, column -> PostgreSQL type, over the inferred ones; or NULL */
  const char *time;   /* column of the Kafka time, or NULL: a row a second from 2026-01-01 on */
  int64_t batch;      /* rows of a batch; 0: one batch of all rows */
  bool json;
};

/* Judges the rows of f (JSON objects, a line each; types as told in bindings/rowfile.h) and
 * prints a line a batch: as JSON { batch, first_row, rows, verdict, observed, expected, low,
 * high, score, evaluated, failed, failing_rows }, rows counted from 0 through the series, the
 * first 1,000 failing ones of a batch; min, max, approx, key, error where there are any.
 * TG_CONFIG: params, types or the rule are at fault; TG_DATA: the rows are. */
enum tg_rc tg_series_run(struct tg_program *p, const struct tg_series_conf *conf, FILE *f,
                         struct tg_err *err);

#endif
