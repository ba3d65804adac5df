/* Measures over windows of Kafka time.
 *
 *   lane     one batch -> per window in it: measure(b, p) -> bytes in batch.windows, committed with
 *            the load (tg_windowrun_measure)
 *   keeper   the pieces of all lanes, merged, once the window is over -> judge(m, p, s) once for
 *            the topic (tg_program_judge_window in program.h)
 *
 * Over a window a measure returns summaries (core/state/measured.h): anything else cannot be
 * merged and is an error that says so. */
#ifndef TG_BINDINGS_WINDOWRUN_H
#define TG_BINDINGS_WINDOWRUN_H

#include "bindings/evaluate.h"

/* Windows that one batch may touch: a topic whose Kafka times jump about more is a script's error,
 * not the process's memory. */
enum { TG_WINDOWS_PER_BATCH_MAX = 512 };

/* Measures b's live rows by a rule with over_us, window by window, and adds the pieces to
 * b->windows. A script that raises is out->verdict TG_VERDICT_ERROR; else the verdict is SKIP: it
 * is given when the window is over. TG_FULL: b's arena; TG_FATAL: as tg_program_call(). */
enum tg_rc tg_windowrun_measure(struct tg_program *p, const struct tg_rule *rule,
                                struct tg_batch *b, struct tg_verdict_row *out, struct tg_err *err);

/* The verdict in the lane of a rule that is judged later: SKIP. */
struct tg_verdict_row tg_windowrun_later(const struct tg_rule *rule);

/* True for a rule without a measure: only the clock makes it judge. */
static inline bool tg_rule_by_clock(const struct tg_rule *rule)
{
  return rule->every_us && rule->measure == LUA_NOREF;
}

#endif
