/* Masks: boolean columns in Kleene's three-valued logic, as SQL has it.
 *
 *   byte   0 false, 1 null, 2 true       and = min   or = max   not = 2 - x
 *
 * so that a whole column is combined without a branch, 16 rows an instruction. A fault (see
 * column.h) is null in the logic and stays in `nul`, whatever the other operand is. */
#ifndef TG_DATA_MASK_H
#define TG_DATA_MASK_H

#include "core/data/op.h"

/* Both operands are masks. */
struct tg_column *tg_mask_and(struct tg_op *op, struct tg_column *a, struct tg_column *b);
struct tg_column *tg_mask_or(struct tg_op *op, struct tg_column *a, struct tg_column *b);
struct tg_column *tg_mask_not(struct tg_op *op, struct tg_column *a);

/* True where the row is null (want true) or is not (want false); never unknown, but faults stay
 * faults. */
struct tg_column *tg_mask_null(struct tg_op *op, struct tg_column *a, bool want);

struct tg_tally {
  uint32_t is_true, is_false, unknown, faults;
}; /* faults are in none of the others */
struct tg_tally tg_mask_tally(const struct tg_column *m);

/* True when the row is true and no fault. */
static inline bool tg_mask_is(const struct tg_column *m, uint32_t row)
{
  return m->v.mask[row] == TG_TRUE && !(m->nul && m->nul[row]);
}

#endif
