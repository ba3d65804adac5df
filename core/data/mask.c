/* Three-valued logic over whole columns. */
#include "core/data/mask.h"

static struct tg_column *new_mask(struct tg_op *op, uint8_t *a, uint8_t *b)
{
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_BOOL));
  return out && tg_op_nul_max(op, a, b, &out->nul) ? out : NULL;
}

struct tg_column *tg_mask_and(struct tg_op *op, struct tg_column *a, struct tg_column *b)
{
  struct tg_column *out = new_mask(op, a->nul, b->nul);
  if (!out) return NULL;
  const uint8_t *x = a->v.mask, *y = b->v.mask;
  uint8_t *z = out->v.mask;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) z[i] = x[i] < y[i] ? x[i] : y[i];
  return out;
}

struct tg_column *tg_mask_or(struct tg_op *op, struct tg_column *a, struct tg_column *b)
{
  struct tg_column *out = new_mask(op, a->nul, b->nul);
  if (!out) return NULL;
  const uint8_t *x = a->v.mask, *y = b->v.mask;
  uint8_t *z = out->v.mask;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) z[i] = x[i] > y[i] ? x[i] : y[i];
  return out;
}

struct tg_column *tg_mask_not(struct tg_op *op, struct tg_column *a)
{
  struct tg_column *out = new_mask(op, a->nul, NULL);
  if (!out) return NULL;
  const uint8_t *x = a->v.mask;
  uint8_t *z = out->v.mask;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) z[i] = (uint8_t)(TG_TRUE - x[i]);
  return out;
}

struct tg_column *tg_mask_null(struct tg_op *op, struct tg_column *a, bool want)
{
  uint8_t *nul;
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_BOOL));
  if (!out || !tg_op_nul(op, tg_arg_column(a), &nul)) return NULL;
  uint8_t *z = out->v.mask;
  if (!nul) {
    memset(z, want ? TG_FALSE : TG_TRUE, op->rows);
    return out;
  }
  uint8_t flip = want ? 0 : TG_TRUE, most = 0;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) {
    z[i] = (uint8_t)((nul[i] ? TG_TRUE : TG_FALSE) ^ flip);
    most = nul[i] > most ? nul[i] : most;
  }
  if (most <= TG_NULL) return out;
  uint8_t *faults = tg_op_alloc(op, op->rows, 1);
  if (!faults) return NULL;
  for (uint32_t i = 0; i < rows; i++) faults[i] = nul[i] > TG_NULL ? nul[i] : 0;
  out->nul = faults;
  return out;
}

struct tg_tally tg_mask_tally(const struct tg_column *m)
{
  struct tg_tally t = {0};
  const uint8_t *x = m->v.mask;
  for (uint32_t i = 0; i < m->rows; i++) {
    uint32_t sound = !(m->nul && m->nul[i]);
    t.is_true += sound & (x[i] == TG_TRUE);
    t.is_false += sound & (x[i] == TG_FALSE);
    t.unknown += sound & (x[i] == TG_UNKNOWN);
  }
  t.faults = m->rows - t.is_true - t.is_false - t.unknown;
  return t;
}
