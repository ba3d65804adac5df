/* Numbers as texts: one pass each. */
#include "core/data/numbertext.h"

#include "core/data/decimal.h"
#include "core/data/parseop.h"
#include "core/data/textop.h"

enum { NAME_SIZE = 64, GROUP_DIGITS = 3 };

static uint32_t digits_at(struct tg_text t, uint32_t i)
{
  uint32_t from = i;
  while (i < t.len && t.ptr[i] >= '0' && t.ptr[i] <= '9') i++;
  return i - from;
}

static bool has_at(struct tg_text t, uint32_t i, struct tg_text part)
{
  return part.len && t.len - i >= part.len && memcmp(t.ptr + i, part.ptr, part.len) == 0;
}

/* Skips digits before the decimal mark, and their groups; false when these are not of three. */
static bool skip_whole(struct tg_text t, struct tg_text group, uint32_t *i)
{
  uint32_t first = digits_at(t, *i);
  *i += first;
  if (!has_at(t, *i, group)) return true;
  if (first == 0 || first > GROUP_DIGITS) return false;
  while (has_at(t, *i, group)) {
    *i += group.len;
    if (digits_at(t, *i) != GROUP_DIGITS) return false;
    *i += GROUP_DIGITS;
  }
  return true;
}

static int is_number(const void *self, struct tg_text t)
{
  const struct tg_numerals *n = self;
  uint32_t i = t.len && (t.ptr[0] == '+' || t.ptr[0] == '-'), from = i, digits;
  if (!skip_whole(t, n->group, &i)) return 0;
  digits = i - from;
  if (has_at(t, i, n->decimal)) {
    uint32_t fraction = digits_at(t, i + n->decimal.len);
    digits += fraction, i += n->decimal.len + fraction;
  }
  if (!digits) return 0;
  if (i < t.len && (t.ptr[i] | 0x20) == 'e') {
    i++;
    if (i < t.len && (t.ptr[i] == '+' || t.ptr[i] == '-')) i++;
    uint32_t exponent = digits_at(t, i);
    if (!exponent) return 0;
    i += exponent;
  }
  return i == t.len;
}

struct tg_column *tg_number_parses(struct tg_op *op, struct tg_column *c,
                                   const struct tg_numerals *numerals)
{
  if (!tg_type_is_number(c->type) || c->type.array)
    return tg_text_check(op, c, "is_number") ? tg_text_mask(op, c, is_number, numerals) : NULL;
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_BOOL));
  if (!out) return NULL;
  memset(out->v.mask, TG_TRUE, op->rows);
  return tg_op_end(op, out, c->nul);
}

/* Digits before and behind the point, without zeros at both ends; the first may be negative: 0.001
 * has -2 before it. */
static void count_digits(const struct tg_decimal *d, int64_t *before, int64_t *behind)
{
  int64_t total = (int64_t)d->whole.len + d->fraction.len, first = total, last = -1;
  for (int64_t i = 0; i < total; i++) {
    char digit = i < d->whole.len ? d->whole.ptr[i] : d->fraction.ptr[i - d->whole.len];
    if (digit == '0') continue;
    if (first == total) first = i;
    last = i;
  }
  *before = last < 0 ? 0 : d->point - first;
  *behind = last < 0 ? 0 : last + 1 - d->point;
}

static int fits(const void *self, struct tg_text t)
{
  const struct tg_type *type = self;
  struct tg_decimal d;
  int64_t before, behind, v,
      most = type->kind == TG_INT2   ? INT16_MAX
             : type->kind == TG_INT4 ? INT32_MAX
                                     : INT64_MAX;
  if (!tg_decimal_parse(t, &d)) return 0;
  count_digits(&d, &before, &behind);
  if (type->kind == TG_NUMERIC)
    return before <= type->precision - type->scale && behind <= type->scale;
  return behind <= 0 && tg_decimal_scaled(&d, 0, &v) && v <= most && v >= -most - 1;
}

struct tg_column *tg_number_fits(struct tg_op *op, struct tg_column *c, struct tg_text type)
{
  char name[NAME_SIZE];
  struct tg_type t;
  if (tg_type_parse(type, &t, op->err) != TG_OK) return NULL;
  bool whole = t.kind == TG_INT2 || t.kind == TG_INT4 || t.kind == TG_INT8;
  if (t.array || (!whole && !(t.kind == TG_NUMERIC && t.sized)))
    return tg_op_fail(op, TG_CONFIG, "fits: smallint, integer, bigint or numeric(p,s), not %s",
                      tg_type_name(t, name, sizeof name));
  if (!tg_type_is_number(c->type) || c->type.array)
    return tg_op_fail(op, TG_CONFIG, "fits needs a number, this is %s",
                      tg_type_name(c->type, name, sizeof name));
  c = tg_parse_text(op, c, tg_text(""));
  return c ? tg_text_mask(op, c, fits, &t) : NULL;
}
