/* Comparisons with what stands in json columns, value by value: numbers with numbers, exactly,
 * texts with texts, booleans with booleans. Values of different kinds do not compare: the fault
 * TG_TYPE of their row. Arrays and objects are equal when they are written the same, and have no
 * order.
 *
 * Two json columns are compared kind by kind; next to anything else a json column is read as that
 * type (jsonop.h). */
#ifndef TG_DATA_JSONCOMPARE_H
#define TG_DATA_JSONCOMPARE_H

#include "core/data/compare.h"

/* a or b is a json column, neither is a null literal. TG_CONFIG when the other one is of a type
 * that JSON does not know. */
struct tg_column *tg_jsoncompare(struct tg_op *op, enum tg_cmp cmp, struct tg_arg a,
                                 struct tg_arg b);

#endif
