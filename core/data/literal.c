/* Literals of scripts: exact numbers, texts as the type they stand beside. */
#include "core/data/literal.h"
#include "core/data/order.h"
#include "core/data/timeop.h"
#include "core/data/valueparse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHORTEST_SIZE = 40, DOUBLE_DIGITS = 17, INT128_DIGITS = 38 };

__int128 tg_pow10(uint32_t n)
{
  __int128 p = 1;
  while (n--) p *= 10;
  return p;
}

/* The fewest digits that read back as f: "-1.25e-07". */
static void shortest(double f, char out[SHORTEST_SIZE])
{
  for (int digits = 1; digits <= DOUBLE_DIGITS; digits++) {
    snprintf(out, SHORTEST_SIZE, "%.*e", digits - 1, f);
    if (strtod(out, NULL) == f) return;
  }
}

bool tg_literal_number(struct tg_literal lit, struct tg_number *out)
{
  *out = (struct tg_number){lit.i, 0};
  if (lit.kind == TG_LIT_INT) return true;
  if (lit.kind != TG_LIT_FLOAT || !isfinite(lit.f)) return false;
  char text[SHORTEST_SIZE];
  shortest(lit.f, text);
  out->digits = 0;
  const char *p = text + (*text == '-');
  bool behind = false;
  for (; *p && *p != 'e'; p++) {
    if (*p == '.') behind = true;
    if (*p < '0' || *p > '9') continue;
    out->digits = out->digits * 10 + (*p - '0');
    out->scale += behind;
  }
  if (*p == 'e') out->scale -= (int32_t)strtol(p + 1, NULL, 10);
  if (*text == '-') out->digits = -out->digits;
  while (out->scale > 0 && out->digits % 10 == 0) out->digits /= 10, out->scale--;
  return true;
}

__int128 tg_number_floor(struct tg_number n, int32_t scale, bool *exact)
{
  const __int128 most = (__int128)1 << 100;
  int32_t shift = scale - n.scale; /* digits * 10^shift */
  *exact = true;
  if (n.digits == 0) return 0;
  if (shift >= 0 && shift <= 19) {
    __int128 v = n.digits * tg_pow10((uint32_t)shift);
    return v > most ? most : v < -most ? -most : v;
  }
  *exact = shift > 0;
  if (shift > 0) return n.digits < 0 ? -most : most;
  __int128 unit = -shift > INT128_DIGITS ? most : tg_pow10((uint32_t)-shift);
  __int128 v = n.digits / unit;
  *exact = v * unit == n.digits;
  return !*exact && n.digits < 0 ? v - 1 : v;
}

static bool is_parsed(struct tg_type t)
{
  return tg_type_is_time(t) || (!t.array && (t.kind == TG_UUID || t.kind == TG_INTERVAL));
}

static struct tg_type number_type(struct tg_literal lit, struct tg_type like)
{
  struct tg_number n;
  if (like.kind == TG_FLOAT4 || like.kind == TG_FLOAT8) {
    /* Beyond 2^53 a whole number is no double: it stays what it is and compares exactly. */
    bool fits = lit.kind == TG_LIT_FLOAT || (lit.i <= 1LL << 53 && lit.i >= -(1LL << 53));
    return tg_type_of(fits ? TG_FLOAT8 : TG_INT8);
  }
  if (lit.kind == TG_LIT_INT) return tg_type_of(TG_INT8);
  bool narrow = tg_literal_number(lit, &n) && n.scale >= -18 && n.scale <= 18;
  bool exact;
  if (narrow && n.scale < 0) {
    __int128 v = tg_number_floor(n, 0, &exact);
    narrow = v < tg_pow10(18) && v > -tg_pow10(18);
  }
  return narrow ? tg_type_numeric(n.scale < 0 ? 0 : (uint32_t)n.scale) : tg_type_of(TG_FLOAT8);
}

static struct tg_column *number_column(struct tg_op *op, struct tg_literal lit, struct tg_type like)
{
  struct tg_column *c = tg_op_new(op, number_type(lit, like));
  if (!c) return NULL;
  if (c->type.kind == TG_FLOAT8) {
    double f = lit.kind == TG_LIT_FLOAT ? lit.f : (double)lit.i;
    for (uint32_t i = 0; i < op->rows; i++) c->v.floats[i] = f;
    return c;
  }
  struct tg_number n;
  bool exact;
  tg_literal_number(lit, &n);
  int64_t v = (int64_t)tg_number_floor(n, c->type.scale, &exact);
  for (uint32_t i = 0; i < op->rows; i++) c->v.ints[i] = v;
  return c;
}

static struct tg_column *text_column(struct tg_op *op, struct tg_text text)
{
  struct tg_column *c = tg_op_new(op, tg_type_of(TG_TEXT_KIND));
  struct tg_text copy = tg_arena_copy(op->arena, text.ptr ? text : tg_text(""));
  if (!c || !copy.ptr) return c ? tg_op_full(op) : NULL;
  for (uint32_t i = 0; i < op->rows; i++) c->v.texts[i] = copy;
  return c;
}

/* The value of row 0, for every row. */
static struct tg_column *spread(struct tg_op *op, const struct tg_column *one)
{
  struct tg_column *c = tg_op_new(op, one->type);
  uint32_t width = tg_type_width(one->type);
  for (uint32_t i = 0; c && i < op->rows; i++)
    memcpy((char *)c->v.any + (size_t)i * width, one->v.any, width);
  return c;
}

struct tg_column *tg_literal_column(struct tg_op *op, struct tg_literal lit, struct tg_type like)
{
  struct tg_column *c;
  switch (lit.kind) {
  case TG_LIT_INT:
  case TG_LIT_FLOAT: return number_column(op, lit, like);
  case TG_LIT_BOOL:
    c = tg_op_new(op, tg_type_of(TG_BOOL));
    if (c) memset(c->v.mask, lit.b ? TG_TRUE : TG_FALSE, op->rows);
    return c;
  case TG_LIT_TEXT:
    if (!is_parsed(like)) return text_column(op, lit.t);
    c = tg_literal_value(op, lit.t, like);
    return c ? spread(op, c) : NULL;
  default: break;
  }
  uint8_t *nul;
  c = tg_op_new(op, like);
  return c && tg_op_nul(op, tg_arg_null(), &nul) ? tg_op_end(op, c, nul) : NULL;
}

struct tg_column *tg_literal_value(struct tg_op *op, struct tg_text text, struct tg_type type)
{
  char name[64], shown[128];
  struct tg_op once = *op;
  struct tg_valueparse parse = {.arena = op->arena, .zone_s = op->zone_s};
  once.rows = 1;
  struct tg_column *c = tg_op_new(&once, type);
  if (!c) return NULL;
  if (type.kind == TG_INTERVAL && tg_time_duration(text, c->v.spans)) return c;
  enum tg_rc rc = tg_value_parse(&parse, text, c, 0);
  if (rc == TG_OK) return c;
  if (rc == TG_FULL) return tg_op_full(op);
  return tg_op_fail(op, TG_CONFIG, "'%s' is no %s", tg_text_shown(text, shown, sizeof shown),
                    tg_type_name(type, name, sizeof name));
}
