/* Comparisons: masks out of columns, by the order of order.h.
 *
 * Comparing with null gives null, except for IS and ISNT. A text literal against a time, a uuid or
 * an interval is parsed as such; a float literal against a whole number or a numeric is its
 * shortest decimal. */
#ifndef TG_DATA_COMPARE_H
#define TG_DATA_COMPARE_H

#include "core/data/op.h"

/* (code, method, outcomes that are true: 1 less, 2 equal, 4 greater) */
#define TG_CMP_LIST(X)                                                                             \
  X(TG_EQ, "eq", 2)                                                                                \
  X(TG_NE, "ne", 5)                                                                                \
  X(TG_LT, "lt", 1)                                                                                \
  X(TG_LE, "le", 3)                                                                                \
  X(TG_GT, "gt", 4)                                                                                \
  X(TG_GE, "ge", 6)                                                                                \
  X(TG_IS, "is", 2)                                                                                \
  X(TG_ISNT, "isnt", 5)

enum tg_cmp {
#define X(code, name, bits) code,
  TG_CMP_LIST(X)
#undef X
};

/* At least one operand is a column. TG_CONFIG when the types do not compare. */
struct tg_column *tg_compare(struct tg_op *op, enum tg_cmp cmp, struct tg_arg a, struct tg_arg b);

/* Equal by type and value: what tg_compare(TG_EQ) refuses because the types differ is unequal. */
struct tg_column *tg_compare_equals(struct tg_op *op, struct tg_column *a, struct tg_arg b);

struct tg_bounds {
  struct tg_arg min, max;
  bool has_min, has_max;
  bool exclusive_min, exclusive_max;
};
/* True where min <= a <= max; NaN is never between. TG_CONFIG when there is no bound at all. */
struct tg_column *tg_compare_between(struct tg_op *op, struct tg_column *a,
                                     const struct tg_bounds *bounds);

#endif
