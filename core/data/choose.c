/* Choosing values row by row. */
#include "core/data/choose.h"
#include "core/data/cast.h"

static void copy_rows(struct tg_column *out, struct tg_column *const pair[2], const uint8_t *choice)
{
  uint32_t width = tg_type_width(out->type);
  if (width == sizeof(int64_t)) {
    const uint64_t *x = pair[0]->v.any, *y = pair[1]->v.any;
    uint64_t *z = out->v.any;
    uint32_t rows = out->rows;
    for (uint32_t i = 0; i < rows; i++) z[i] = choice[i] ? y[i] : x[i];
    return;
  }
  for (uint32_t i = 0; i < out->rows; i++)
    memcpy((char *)out->v.any + (size_t)i * width,
           (char *)pair[choice[i]]->v.any + (size_t)i * width, width);
}

struct tg_column *tg_choose_rows(struct tg_op *op, struct tg_column *const pair[2],
                                 const uint8_t *choice)
{
  struct tg_column *out = tg_op_raw(op, pair[0]->type);
  if (!out) return NULL;
  copy_rows(out, pair, choice);
  if (!pair[0]->nul && !pair[1]->nul) return out;
  uint8_t *nul = tg_op_alloc(op, op->rows, 1);
  if (!nul) return NULL;
  const uint8_t *x = pair[0]->nul, *y = pair[1]->nul;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) {
    const uint8_t *from = choice[i] ? y : x;
    nul[i] = from ? from[i] : TG_SOME;
  }
  out->nul = nul;
  return out;
}

struct tg_column *tg_choose_when(struct tg_op *op, struct tg_column *mask, struct tg_arg a,
                                 struct tg_arg b)
{
  struct tg_column *pair[2];
  uint8_t *choice = tg_op_alloc(op, op->rows, 1), *nul;
  if (!choice || !tg_cast_unify(op, a, b, pair)) return NULL;
  const uint8_t *m = mask->v.mask;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) choice[i] = m[i] != TG_TRUE;
  struct tg_column *out = tg_choose_rows(op, pair, choice);
  if (!out || !mask->nul) return out;
  if (!tg_op_nul_max(op, out->nul, mask->nul, &nul)) return NULL;
  return tg_op_end(op, out, nul);
}

struct tg_column *tg_choose_where(struct tg_op *op, struct tg_column *c, struct tg_column *mask)
{
  return tg_choose_when(op, mask, tg_arg_column(c), tg_arg_null());
}

struct tg_column *tg_choose_default(struct tg_op *op, struct tg_column *a, struct tg_arg b)
{
  struct tg_column *pair[2];
  uint8_t *nul, *choice = tg_op_alloc(op, op->rows, 1);
  if (!choice || !tg_cast_unify(op, tg_arg_column(a), b, pair)) return NULL;
  if (!tg_op_nul(op, tg_arg_column(pair[0]), &nul)) return NULL;
  if (!nul) return pair[0];
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) choice[i] = nul[i] != TG_SOME;
  return tg_choose_rows(op, pair, choice);
}
