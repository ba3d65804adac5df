/* Choosing values row by row: when, where, default, coalesce. */
#ifndef TG_DATA_CHOOSE_H
#define TG_DATA_CHOOSE_H

#include "core/data/op.h"

/* pair: two columns of the same type; choice: 0 or 1 a row. */
struct tg_column *tg_choose_rows(struct tg_op *op, struct tg_column *const pair[2],
                                 const uint8_t *choice);

/* a where the mask is true, b where it is false or null. A fault of the mask, or of the value
 * taken, stays. */
struct tg_column *tg_choose_when(struct tg_op *op, struct tg_column *mask, struct tg_arg a,
                                 struct tg_arg b);

/* c where the mask is true, null elsewhere. */
struct tg_column *tg_choose_where(struct tg_op *op, struct tg_column *c, struct tg_column *mask);

/* a, or b where a is null or a fault: this is what takes faults away. */
struct tg_column *tg_choose_default(struct tg_op *op, struct tg_column *a, struct tg_arg b);

#endif
