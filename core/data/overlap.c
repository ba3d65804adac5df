/* Ranges: sort, then look at neighbours. */
#include "core/data/overlap.h"

#include "core/data/order.h"

#include <stdlib.h>

enum { NAME_SIZE = 64 };

static bool same_group(const struct tg_ranges *r, uint32_t i, uint32_t j)
{
  return !r->by || tg_order_rows(r->by, i, r->by, j) == 0;
}

static int order(const void *x, const void *y, void *self)
{
  const struct tg_ranges *r = self;
  uint32_t i = *(const uint32_t *)x, j = *(const uint32_t *)y;
  int c = r->by ? tg_order_rows(r->by, i, r->by, j) : 0;
  if (!c) c = tg_order_rows(r->lower, i, r->lower, j);
  return c ? c : tg_order_ints(i, j);
}

/* Row i, before row j of its group. */
static bool is_apart(const struct tg_ranges *r, uint32_t i, uint32_t j)
{
  int c = tg_order_rows(r->upper, i, r->lower, j);
  if (tg_order_rows(r->lower, i, r->lower, j) == 0) return false;
  return r->gaps == TG_GAPS_ALLOWED ? c <= 0 : r->gaps == TG_GAPS_FORBIDDEN ? c == 0 : c < 0;
}

/* Verdicts of the rows in sorted order. */
static bool judge(struct tg_op *op, const struct tg_ranges *r, const uint32_t *sorted,
                  uint32_t count, uint8_t *mask)
{
  for (uint32_t k = 0; k < count; k++) {
    uint32_t i = sorted[k], next = k + 1 < count ? sorted[k + 1] : i;
    if (k % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    bool good = tg_order_rows(r->lower, i, r->upper, i) < 0;
    if (next != i && same_group(r, i, next)) good = good && is_apart(r, i, next);
    if (k > 0 && same_group(r, i, sorted[k - 1]))
      good = good && tg_order_rows(r->lower, sorted[k - 1], r->lower, i) != 0;
    mask[i] = good ? TG_TRUE : TG_FALSE;
  }
  return true;
}

static bool check(struct tg_op *op, const struct tg_ranges *r)
{
  char lower[NAME_SIZE], upper[NAME_SIZE];
  enum tg_order kind = tg_order_of(r->lower->type);
  if (kind == TG_ORDER_NONE || kind != tg_order_of(r->upper->type)) {
    tg_op_fail(op, TG_CONFIG, "ranges from %s to %s do not compare",
               tg_type_name(r->lower->type, lower, sizeof lower),
               tg_type_name(r->upper->type, upper, sizeof upper));
    return false;
  }
  if (!r->by || tg_order_of(r->by->type) != TG_ORDER_NONE) return true;
  tg_op_fail(op, TG_CONFIG, "%s makes no groups", tg_type_name(r->by->type, lower, sizeof lower));
  return false;
}

/* The nul bytes of the three columns; rows that are not looked at are null. */
static uint8_t *unjudged(struct tg_op *op, const struct tg_ranges *r)
{
  uint8_t *ends, *by = NULL, *both, *nul = tg_op_alloc(op, op->rows, 1);
  if (!nul || !tg_op_nul2(op, tg_arg_column(r->lower), tg_arg_column(r->upper), &ends)) return NULL;
  if (r->by && !tg_op_nul(op, tg_arg_column(r->by), &by)) return NULL;
  if (!tg_op_nul_max(op, ends, by, &both)) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    nul[i] = both ? both[i] : TG_SOME;
    if (r->rows && !r->rows[i] && !nul[i]) nul[i] = TG_NULL;
  }
  return nul;
}

struct tg_column *tg_overlap_free(struct tg_op *op, const struct tg_ranges *ranges)
{
  if (!check(op, ranges)) return NULL;
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_BOOL));
  uint8_t *nul = out ? unjudged(op, ranges) : NULL;
  uint32_t *sorted = nul ? tg_op_alloc(op, op->rows, sizeof *sorted) : NULL, count = 0;
  if (!sorted) return NULL;
  for (uint32_t i = 0; i < op->rows; i++)
    if (!nul[i]) sorted[count++] = i;
  struct tg_ranges r = *ranges;
  qsort_r(sorted, count, sizeof *sorted, order, &r);
  return judge(op, &r, sorted, count, out->v.mask) ? tg_op_end(op, out, nul) : NULL;
}
