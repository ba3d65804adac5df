/* How values of two columns are ordered: the rules behind comparisons, least, greatest and sets.
 *
 * Numbers of any kind compare by value, exactly: whole numbers and numeric through 128-bit
 * integers, wide numeric by its digits, whole numbers against floats without rounding either. NaN
 * equals NaN and is greater than any number. Text, bytea and uuid compare byte by byte; a date is
 * its midnight in UTC; intervals as PostgreSQL does, with months of 30 days and days of 24 hours.
 * */
#ifndef TG_DATA_ORDER_H
#define TG_DATA_ORDER_H

#include "core/data/column.h"

enum tg_order {
  TG_ORDER_NONE, /* json, inet, arrays */
  TG_ORDER_BOOL,
  TG_ORDER_NUMBER,
  TG_ORDER_TEXT,
  TG_ORDER_BYTES,
  TG_ORDER_UUID,
  TG_ORDER_INSTANT, /* timestamptz timestamp date */
  TG_ORDER_CLOCK,   /* time */
  TG_ORDER_SPAN
};
/* Two types compare when their order is the same and not NONE. */
enum tg_order tg_order_of(struct tg_type t);

/* Three-way order of row i of a and row j of b, neither null, both of the same order: -1, 0, 1. */
int tg_order_rows(const struct tg_column *a, uint32_t i, const struct tg_column *b, uint32_t j);

/* digits * 10^-scale (scale <= 18) against a double, without rounding; NaN is the greatest. */
int tg_order_exact_float(int64_t digits, uint32_t scale, double d);

/* Two plain decimals "-12.50", of any length. */
int tg_order_digits(struct tg_text a, struct tg_text b);

static inline int tg_order_ints(int64_t x, int64_t y)
{
  return (x > y) - (x < y);
}
static inline int tg_order_floats(double x, double y)
{
  return (x > y) - (x < y) + (x != x) - (y != y);
}

#endif
