/* What column operations share: results, propagation of nulls and faults, dictionaries. */
#include "core/data/op.h"

#include <stdio.h>

enum { DICT_VALUES_MAX = 8192 };

struct tg_column *tg_op_fail(struct tg_op *op, enum tg_rc rc, const char *fmt, ...)
{
  va_list args;
  va_start(args, fmt);
  tg_err_vset(op->err, rc, "", fmt, args);
  va_end(args);
  return NULL;
}

struct tg_column *tg_op_full(struct tg_op *op)
{
  return tg_op_fail(op, TG_FULL,
                    "no memory left for columns: the batch's share of `memory` is used up");
}

bool tg_op_late(struct tg_op *op)
{
  if (!op->late || !op->late(op->self)) return false;
  tg_op_fail(op, TG_AGAIN, "the deadline of the call has passed");
  return true;
}

struct tg_column *tg_op_new(struct tg_op *op, struct tg_type type)
{
  if (tg_op_late(op)) return NULL;
  struct tg_column *c = tg_column_new(op->arena, type, op->rows, false);
  return c ? c : tg_op_full(op);
}

struct tg_column *tg_op_raw(struct tg_op *op, struct tg_type type)
{
  if (tg_op_late(op)) return NULL;
  struct tg_column *c = tg_op_alloc(op, 1, sizeof *c);
  void *values = c ? tg_op_alloc(op, op->rows, tg_type_width(type)) : NULL;
  if (!values) return NULL;
  *c = (struct tg_column){.type = type, .rows = op->rows, .v.any = values};
  return c;
}

void *tg_op_alloc(struct tg_op *op, size_t count, size_t size)
{
  size_t total;
  void *p = __builtin_mul_overflow(count, size, &total) ? NULL : tg_arena_alloc(op->arena, total);
  if (!p) tg_op_full(op);
  return p;
}

static bool nul_of_mask(struct tg_op *op, const struct tg_column *c, uint8_t **out)
{
  uint8_t *nul = tg_op_alloc(op, op->rows, 1);
  if (!nul) return false;
  const uint8_t *mask = c->v.mask, *faults = c->nul;
  uint8_t any = 0;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) any |= nul[i] = mask[i] & TG_UNKNOWN;
  for (uint32_t i = 0; faults && i < rows; i++) any |= nul[i] = faults[i] ? faults[i] : nul[i];
  *out = any ? nul : NULL;
  return true;
}

bool tg_op_nul(struct tg_op *op, struct tg_arg a, uint8_t **out)
{
  if (a.c && tg_type_store(a.c->type) == TG_STORE_MASK) return nul_of_mask(op, a.c, out);
  *out = a.c ? a.c->nul : NULL;
  if (a.c || a.lit.kind != TG_LIT_NULL) return true;
  if (!(*out = tg_op_alloc(op, op->rows, 1))) return false;
  memset(*out, TG_NULL, op->rows);
  return true;
}

bool tg_op_nul_max(struct tg_op *op, uint8_t *a, uint8_t *b, uint8_t **out)
{
  *out = a ? a : b;
  if (!a || !b || a == b) return true;
  uint8_t *nul = *out = tg_op_alloc(op, op->rows, 1);
  if (!nul) return false;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) nul[i] = a[i] > b[i] ? a[i] : b[i];
  return true;
}

bool tg_op_nul2(struct tg_op *op, struct tg_arg a, struct tg_arg b, uint8_t **out)
{
  uint8_t *x, *y;
  return tg_op_nul(op, a, &x) && tg_op_nul(op, b, &y) && tg_op_nul_max(op, x, y, out);
}

static uint8_t nul_largest(const uint8_t *nul, uint32_t rows)
{
  uint8_t most = 0;
  for (uint32_t i = 0; i < rows; i++) most = nul[i] > most ? nul[i] : most;
  return most;
}

static struct tg_column *end_mask(struct tg_op *op, struct tg_column *out, const uint8_t *nul)
{
  uint8_t *mask = out->v.mask;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) mask[i] = nul[i] ? TG_UNKNOWN : mask[i];
  if (nul_largest(nul, rows) <= TG_NULL) return out;
  uint8_t *faults = tg_op_alloc(op, op->rows, 1);
  if (!faults) return NULL;
  for (uint32_t i = 0; i < rows; i++) faults[i] = nul[i] > TG_NULL ? nul[i] : 0;
  out->nul = faults;
  return out;
}

static void zero_nulls(struct tg_column *out, const uint8_t *nul, uint32_t rows)
{
  uint32_t width = tg_type_width(out->type);
  if (width == sizeof(int64_t)) {
    uint64_t *v = out->v.any;
    for (uint32_t i = 0; i < rows; i++) v[i] = nul[i] ? 0 : v[i];
    return;
  }
  for (uint32_t i = 0; i < rows; i++)
    if (nul[i]) memset((char *)out->v.any + (size_t)i * width, 0, width);
}

struct tg_column *tg_op_end(struct tg_op *op, struct tg_column *out, uint8_t *nul)
{
  if (!nul) return out;
  if (tg_type_store(out->type) == TG_STORE_MASK) return end_mask(op, out, nul);
  zero_nulls(out, nul, op->rows);
  out->nul = nul;
  return out;
}

uint8_t *tg_op_own_nul(struct tg_op *op, struct tg_column *out, const uint8_t *shared)
{
  if (out->nul && out->nul != shared) return out->nul;
  uint8_t *nul = tg_op_alloc(op, op->rows, 1);
  if (!nul) return NULL;
  if (shared)
    memcpy(nul, shared, op->rows);
  else
    memset(nul, 0, op->rows);
  return out->nul = nul;
}

const struct tg_dict *tg_op_dict(struct tg_op *op, struct tg_column *c)
{
  if (c->dict) return c->dict;
  return tg_column_dict(c, op->home ? op->home : op->arena, DICT_VALUES_MAX);
}

/* Copies the texts of `in` to out, packed; false when the arena is full. */
static bool keep_texts(struct tg_arena *to, const struct tg_text *in, uint32_t count,
                       struct tg_text *out)
{
  size_t bytes = 0;
  for (uint32_t i = 0; i < count; i++) bytes += in[i].len;
  char *p = tg_arena_bytes(to, bytes);
  for (uint32_t i = 0; p && i < count; i++) {
    if (!in[i].ptr) continue;
    memcpy(p, in[i].ptr, in[i].len);
    out[i] = tg_text_of(p, in[i].len);
    p += in[i].len;
  }
  return p != NULL;
}

struct tg_column *tg_op_keep(struct tg_arena *to, const struct tg_column *c)
{
  struct tg_column *out = tg_column_new(to, c->type, c->rows, c->nul != NULL);
  if (!out) return NULL;
  if (c->nul) memcpy(out->nul, c->nul, c->rows);
  if (tg_type_store(c->type) == TG_STORE_TEXT)
    return keep_texts(to, c->v.texts, c->rows, out->v.texts) ? out : NULL;
  memcpy(out->v.any, c->v.any, (size_t)c->rows * tg_type_width(c->type));
  return out;
}

char *tg_arg_name(struct tg_arg a, char *out, size_t size)
{
  static const char *const names[] = {"null", "a whole number", "a number", "a text",
                                      "a Lua boolean"};
  if (a.c) return tg_type_name(a.c->type, out, size);
  snprintf(out, size, "%s", names[a.lit.kind]);
  return out;
}
