/* Columns of one-dimensional arrays, held as the payload that COPY BINARY sends (element.h).
 *
 * Elements of inet, bytea, interval, json and of numeric beyond 18 digits cannot be taken out:
 * TG_CONFIG. */
#ifndef TG_DATA_ARRAYOP_H
#define TG_DATA_ARRAYOP_H

#include "core/data/op.h"

/* How many elements; an empty array has 0. */
struct tg_column *tg_array_length(struct tg_op *op, struct tg_column *c);

/* The element at a place counted from 1, negative from the end; null where there is none. */
struct tg_column *tg_array_at(struct tg_op *op, struct tg_column *c, int64_t place);

/* True where an element equals a member of the set, as in member.h. */
struct tg_column *tg_array_any_in(struct tg_op *op, struct tg_column *c,
                                  const struct tg_literal *set, uint32_t count);

#endif
