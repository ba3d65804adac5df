/* Rules over windows of Kafka time.
 *
 *   lane     one batch -> per window in it: measure(b, p), or of a check the rows judged and failed
 *            -> bytes in batch.windows, committed with the load
 *            (tg_windowrun_measure, tg_windowcheck_count)
 *   keeper   the pieces of all lanes, merged, once the window is over -> judge(m, p, s), or mostly
 *            and the levels, once for the topic (tg_program_judge_window in program.h)
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

/* Counts the rows of b that a check with over_us has judged, window by window, and adds the pieces
 * to b->windows. v, the verdict over the batch, becomes what is known already: SKIP, with the rows
 * counted; FAIL and critical when the batch alone has as many failing rows in a window as the level
 * `critical` counts; FAIL when the check itself raised `least`. An ERROR stays one. TG_FULL: b's
 * arena. */
enum tg_rc tg_windowcheck_count(struct tg_program *p, const struct tg_rule *rule,
                                struct tg_batch *b, const struct tg_failing *failing,
                                struct tg_verdict_row *v, struct tg_err *err);

/* Judges the merged pieces of a check: mostly, then the levels. */
void tg_windowcheck_judge(const struct tg_window_case *c, struct tg_verdict_row *out);

/* The verdict in the lane of a rule that is judged later: SKIP. */
struct tg_verdict_row tg_windowrun_later(const struct tg_rule *rule);

/* True for a rule without a measure: only the clock makes it judge. */
static inline bool tg_rule_by_clock(const struct tg_rule *rule)
{
  return rule->every_us && rule->measure == LUA_NOREF;
}

/* True for a measure over a window: nothing of it is judged with the batch. */
static inline bool tg_rule_measured(const struct tg_rule *rule)
{
  return rule->over_us && rule->measure != LUA_NOREF;
}

#endif
