/* One rule at work on one batch, shared by rulerun.c (both forms), rulemeasure.c (measures) and
 * ruleact.c (fates and reasons); everybody else uses evaluate.h. */
#ifndef TG_BINDINGS_JUDGING_H
#define TG_BINDINGS_JUDGING_H

#include "bindings/evaluate.h"
#include "core/base/buf.h"
#include "core/data/mask.h"

struct tg_judging {
  const struct tg_rule *rule;
  struct tg_batch *b;
  const struct tg_column *where; /* NULL: every row */
  enum tg_alarm least;           /* what the rule itself says that failing is at least */
  uint32_t live;                 /* rows that transform left, whatever `where` says */
  /* a check */
  const struct tg_column *mask;
  const struct tg_column *reasons; /* texts, or NULL */
  /* a measure */
  enum tg_verdict verdict;
  uint64_t used; /* values */
  double number; /* observed, or NaN */
  struct tg_buf seen;
};

/* True for rows that the rule looks at. */
static inline bool tg_judging_row(const struct tg_judging *j, uint32_t row)
{
  return j->b->fates[row] <= TG_TAG && (!j->where || tg_mask_is(j->where, row));
}

/* Under protection: pushes the batch object, calls where(b), reads texts as the rule's `as` says.
 * Returns the index of the batch object. [-0, +1] */
int tg_rulerun_open(lua_State *L, struct tg_judging *j);

/* Runs body as tg_program_call() does, then ends the life of the batch's objects. TG_DATA: the
 * script is at fault; TG_FULL: the batch's arena. */
enum tg_rc tg_rulerun_call(struct tg_program *p, lua_CFunction body, void *argument,
                           struct tg_err *err);

/* The verdict of a rule whose script raised err: an error, critical. TG_FULL: the batch's arena. */
enum tg_rc tg_rulerun_failed(const struct tg_judging *j, struct tg_verdict_row *out,
                             struct tg_err *err);

/* judge's answer on top: verdict, used, seen. Fills verdict, used, number and seen. [-3, +0] */
void tg_rulemeasure_answer(lua_State *L, struct tg_judging *j);

/* Under protection: calls measure(b, p) and judge(m, ..) with the batch object at idx, and fills
 * verdict, used, number and seen. Raises what they raise. [-0, +0] */
void tg_rulemeasure_call(lua_State *L, struct tg_judging *j, int idx);

/* Verdict, counts and alarm of a measure that was called. TG_FULL: the batch's arena. */
enum tg_rc tg_rulemeasure_end(const struct tg_judging *j, struct tg_verdict_row *out,
                              struct tg_err *err);

/* The alarm for v->failed of v->evaluated rows, and the verdict that follows from it and from
 * whether the rule held. */
void tg_rule_decide(const struct tg_rule *rule, bool holds, struct tg_verdict_row *v);
/* True when the level is reached by v->failed of v->evaluated rows. */
bool tg_rule_reached(const struct tg_rule *rule, struct tg_level level,
                     const struct tg_verdict_row *v);
/* True when enough of them passed for the rule's `mostly`. */
bool tg_rule_mostly(const struct tg_rule *rule, const struct tg_verdict_row *v);

#endif
