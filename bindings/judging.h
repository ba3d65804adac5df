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
  uint32_t live;                 /* rows that transform left, whatever `where` says */
  /* a check */
  const struct tg_column *mask;
  const struct tg_column *reasons; /* texts, or NULL */
  /* a measure */
  enum tg_verdict verdict;
  uint32_t used; /* values */
  double number; /* observed, or NaN */
  struct tg_buf seen;
};

/* True for rows that the rule looks at. */
static inline bool tg_judging_row(const struct tg_judging *j, uint32_t row)
{
  return j->b->fates[row] <= TG_TAG && (!j->where || tg_mask_is(j->where, row));
}

/* Under protection: calls measure(b, p) and judge(m, ..) with the batch object at idx, and fills
 * verdict, used, number and seen. Raises what they raise. [-0, +0] */
void tg_rulemeasure_call(lua_State *L, struct tg_judging *j, int idx);

/* Verdict, counts and alarm of a measure that was called. TG_FULL: the batch's arena. */
enum tg_rc tg_rulemeasure_end(const struct tg_judging *j, struct tg_verdict_row *out,
                              struct tg_err *err);

/* The alarm for v->failed of v->evaluated rows, and the verdict that follows from it and from
 * whether the rule held. */
void tg_rule_decide(const struct tg_rule *rule, bool holds, struct tg_verdict_row *v);

#endif
