/* The canary of a reload: the newest raw events of each topic (samples.h) go through the running
 * set and the new one, both in programs of their own, and what differs is told: by which set how
 * many rows are loaded, tagged, dropped or quarantined, what each rule lets fail, in which columns
 * loaded values differ, and a few rows as examples.
 *
 * Nothing else is touched: rules begin with nothing remembered, in both sets; lookups in tables are
 * the running set's snapshots; rules that bake act, as they will. Examples name offsets and show
 * reasons and single values, shortened; never a whole event.
 *
 * Bounds: a time for all topics together, what comes later is not compared; a script has what
 * is left of it as its deadline. Memory: two arenas of TG_CANARY_ARENA_BYTES, one topic at a time,
 * of whose events the newest half is tried when all do not fit; a VM of the running set and one of
 * the new.
 * Thread: whoever reloads. */
#ifndef TG_APP_CANARY_H
#define TG_APP_CANARY_H

#include "core/app/generation.h"
#include "core/app/samples.h"

enum { TG_CANARY_US = 5000000, TG_CANARY_ARENA_BYTES = 16 << 20, TG_CANARY_ROWS_MIN = 100 };

struct tg_canary {
  struct tg_samples *samples;
  struct tg_generation *now, *next; /* the running one, the new one */
  int64_t time_us;                  /* for all topics together; TG_CANARY_US */
};

/* What would be quarantined more of a topic than now. */
struct tg_canary_jump {
  char topic[250];
  uint32_t rows, before, after; /* rows: compared */
};

/* Compares and appends a JSON list, an object a topic that has samples; [] without any. worst: the
 * topic with at least TG_CANARY_ROWS_MIN rows whose share of quarantined rows grows most, rows 0:
 * none grows. Faults of programs are no faults of the reload: they stand in the list. A line
 * a topic is logged, too: SIGHUP has no answer. */
void tg_canary_run(const struct tg_canary *c, struct tg_buf *out, struct tg_canary_jump *worst);

#endif
