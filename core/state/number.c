/* The numbers of a column, gathered. */
#include "core/state/number.h"
#include "core/data/decimal.h"

#include <stdlib.h>

enum { JSON_NUMBER_MAX = 400, SHOWN_SIZE = 128, INT128_TEXT = 64 };

bool tg_number_type(struct tg_type t)
{
  if (t.array) return false;
  return tg_type_is_number(t) || t.kind == TG_BOOL || t.kind == TG_INTERVAL || t.kind == TG_JSON ||
         t.kind == TG_JSONB;
}

static bool is_json(struct tg_type t)
{
  return t.kind == TG_JSON || t.kind == TG_JSONB;
}

bool tg_number_seen(const struct tg_column *c, const uint8_t *live, uint32_t row)
{
  if ((live && !live[row]) || tg_column_is_null(c, row)) return false;
  return !is_json(c->type) || !tg_text_is(c->v.texts[row], "null");
}

/* False when the text is no number. */
static bool text_number(struct tg_text t, double *out)
{
  char text[JSON_NUMBER_MAX + 1];
  struct tg_decimal d;
  if (!tg_decimal_parse(t, &d)) return false;
  uint32_t len = t.len < JSON_NUMBER_MAX ? t.len : JSON_NUMBER_MAX;
  memcpy(text, t.ptr, len);
  text[len] = '\0';
  *out = strtod(text, NULL);
  return true;
}

static bool json_number(struct tg_text t, double *out)
{
  *out = tg_text_is(t, "true");
  return *out == 1 || tg_text_is(t, "false") || text_number(t, out);
}

static double span_seconds(struct tg_span s)
{
  __int128 us = ((__int128)s.months * 30 + s.days) * 86400000000 + s.us;
  return (double)us / 1e6;
}

/* One value that is seen; false when it is no number. */
static bool number_at(const struct tg_column *c, uint32_t row, double *out)
{
  switch (tg_type_store(c->type)) {
  case TG_STORE_MASK: *out = c->v.mask[row] == TG_TRUE; return true;
  case TG_STORE_FLOAT: *out = c->v.floats[row]; return true;
  case TG_STORE_INT:
    *out = (double)c->v.ints[row];
    if (c->type.scale) *out /= (double)tg_decimal_pow10(c->type.scale);
    return true;
  case TG_STORE_SPAN: *out = span_seconds(c->v.spans[row]); return true;
  case TG_STORE_TEXT:
    return is_json(c->type) ? json_number(c->v.texts[row], out) : text_number(c->v.texts[row], out);
  default: return false;
  }
}

static bool fail_value(struct tg_op *op, const struct tg_column *c, uint32_t row)
{
  char value[SHOWN_SIZE];
  tg_op_fail(op, TG_DATA, "row %u: %s is not a number", row + 1,
             tg_column_show(c, row, value, sizeof value));
  return false;
}

static bool fail_type(struct tg_op *op, const struct tg_column *c)
{
  char name[SHOWN_SIZE];
  tg_op_fail(op, TG_CONFIG, "numbers are needed, this is %s",
             tg_type_name(c->type, name, sizeof name));
  return false;
}

const double *tg_number_gather(struct tg_op *op, const struct tg_column *c, const uint8_t *live,
                               uint32_t *count)
{
  uint32_t n = 0;
  *count = op->rows;
  if (!tg_number_type(c->type)) return fail_type(op, c), NULL;
  if (tg_type_store(c->type) == TG_STORE_FLOAT && !c->nul && !live) return c->v.floats;
  double *out = tg_op_alloc(op, op->rows, sizeof *out);
  if (!out) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    if (!tg_number_seen(c, live, i)) continue;
    if (!number_at(c, i, &out[n++])) return fail_value(op, c, i), NULL;
  }
  *count = n;
  return out;
}

static bool pair_at(struct tg_op *op, const struct tg_column *const c[2], uint32_t row,
                    double out[2])
{
  for (int k = 0; k < 2; k++)
    if (!number_at(c[k], row, &out[k])) return fail_value(op, c[k], row);
  return true;
}

bool tg_number_pairs(struct tg_op *op, const struct tg_column *const c[2], const uint8_t *live,
                     double *out[2], uint32_t *count)
{
  uint32_t n = 0;
  double pair[2];
  for (int k = 0; k < 2; k++) {
    if (!tg_number_type(c[k]->type)) return fail_type(op, c[k]);
    if (!(out[k] = tg_op_alloc(op, op->rows, sizeof **out))) return false;
  }
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    if (!tg_number_seen(c[0], live, i) || !tg_number_seen(c[1], live, i)) continue;
    if (!pair_at(op, c, i, pair)) return false;
    out[0][n] = pair[0], out[1][n] = pair[1], n++;
  }
  *count = n;
  return true;
}

/* The digits of v, then the exponent: strtod() rounds once, and rightly. */
double tg_number_scaled(__int128 v, uint32_t scale)
{
  char text[INT128_TEXT], *p = text + 48;
  unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
  p[0] = 'e', p[1] = '-';
  p[2] = (char)('0' + scale / 10), p[3] = (char)('0' + scale % 10), p[4] = '\0';
  do {
    *--p = (char)('0' + (int)(u % 10));
    u /= 10;
  } while (u);
  if (v < 0) *--p = '-';
  return strtod(p, NULL);
}
