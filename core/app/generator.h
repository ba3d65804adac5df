/* The demo's and the tests' events: deterministic, every event a function of (stream, seed,
 * number) alone, so that an independent reader can compute what must have become of each.
 *
 * Randomness: h(k) = mix(seed + 64 * number + k), mix = the output function of SplitMix64
 * (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014). What each
 * k decides: generator.c, beside each field.
 *
 *   orders     skewed customers, 2.7 % null amounts, 5 % lower-case currencies, 1 % test orders, 1
 *   % repeats of
 *              the event before, 1 % late by up to two hours, 2.5 % faults (list in generator.c)
 *   payments   cards; with `bad` set every third amount is negative: enough to open the breaker
 *   reference  the event that all figures of docs/PERFORMANCE.md are measured with */
#ifndef TG_APP_GENERATOR_H
#define TG_APP_GENERATOR_H

#include "core/base/buf.h"

enum tg_stream { TG_STREAM_ORDERS, TG_STREAM_PAYMENTS, TG_STREAM_REFERENCE };

struct tg_generator {
  enum tg_stream stream;
  uint64_t seed;
  int64_t start_us; /* event time of number 0, Unix microseconds */
  int64_t step_us;  /* event time between two events */
  bool bad;         /* payments: open the breaker */
  bool clean;       /* no faults at all */
};

/* False when there is no such stream. */
bool tg_stream_parse(const char *name, enum tg_stream *out);

/* Event `number` as JSON in out (cleared first). Returns its key: the number that chooses the
 * partition. */
uint64_t tg_generate(const struct tg_generator *g, uint64_t number, struct tg_buf *out);

#endif
