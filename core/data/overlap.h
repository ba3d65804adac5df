/* Ranges [lower, upper) that must not meet each other, in one batch.
 *
 * Rows are sorted by `by` and lower. A row is false when lower >= upper, when its range holds the
 * lower end of another row of its group, and when what lies between its upper and the next lower
 * end is not as `gaps` says. Rows that begin at the same place are all false. The last one of a
 * group has no next. A null in lower, upper or by is not judged and not in the way of others. */
#ifndef TG_DATA_OVERLAP_H
#define TG_DATA_OVERLAP_H

#include "core/data/op.h"

enum tg_gaps { TG_GAPS_ALLOWED, TG_GAPS_FORBIDDEN, TG_GAPS_REQUIRED };

struct tg_ranges {
  struct tg_column *lower, *upper;
  struct tg_column *by; /* NULL: all rows are one group */
  enum tg_gaps gaps;
  const uint8_t *rows; /* 1 for the rows to look at; NULL: all */
};

/* A mask. TG_CONFIG: lower and upper do not compare, or by has no order. */
struct tg_column *tg_overlap_free(struct tg_op *op, const struct tg_ranges *ranges);

#endif
