/* Membership: which values of a column are in a set of literals. */
#ifndef TG_DATA_MEMBER_H
#define TG_DATA_MEMBER_H

#include "core/data/op.h"

/* True where the value equals one of the set, by value as in compare.h; members of another type and
 * nulls match nothing, an empty set matches nothing. Null stays null. */
struct tg_column *tg_member_of(struct tg_op *op, struct tg_column *a, const struct tg_literal *set,
                               uint32_t count);

#endif
