/* Comparing json columns: as what stands beside them, or kind by kind. */
#include "core/data/jsoncompare.h"
#include "core/data/jsonop.h"
#include "core/data/order.h"

enum { NAME_SIZE = 64, KINDS = 3 };

/* What a literal or a column beside a json column wants to be compared with. */
static bool wanted_type(struct tg_arg beside, struct tg_type *out)
{
  enum tg_order order = TG_ORDER_NONE;
  if (beside.c) {
    order = tg_order_of(beside.c->type);
  } else if (beside.lit.kind == TG_LIT_TEXT) {
    order = TG_ORDER_TEXT;
  } else {
    order = beside.lit.kind == TG_LIT_BOOL ? TG_ORDER_BOOL : TG_ORDER_NUMBER;
  }
  *out = tg_type_of(order == TG_ORDER_TEXT   ? TG_TEXT_KIND
                    : order == TG_ORDER_BOOL ? TG_BOOL
                                             : TG_NUMERIC);
  return order == TG_ORDER_TEXT || order == TG_ORDER_BOOL || order == TG_ORDER_NUMBER;
}

static struct tg_column *compare_as(struct tg_op *op, enum tg_cmp cmp, struct tg_arg pair[2])
{
  char x[NAME_SIZE], y[NAME_SIZE];
  uint32_t at = pair[0].c && tg_json_is(pair[0].c->type) ? 0 : 1;
  struct tg_type type;
  if (!wanted_type(pair[1 - at], &type))
    return tg_op_fail(op, TG_CONFIG, "%s cannot be compared with %s",
                      tg_arg_name(pair[0], x, sizeof x), tg_arg_name(pair[1], y, sizeof y));
  pair[at].c = tg_json_values(op, pair[at].c, type);
  return pair[at].c ? tg_compare(op, cmp, pair[0], pair[1]) : NULL;
}

/* The first byte of a value tells its kind. */
static char kind_of(struct tg_text t)
{
  while (t.len && (*t.ptr == ' ' || *t.ptr == '\n' || *t.ptr == '\r' || *t.ptr == '\t'))
    t.ptr++, t.len--;
  char c = t.len ? *t.ptr : '\0';
  if (c == '-' || (c >= '0' && c <= '9')) return '0';
  return c == 'f' ? 't' : c;
}

/* Arrays and objects: equal or not, by how they are written. */
static uint8_t as_written(enum tg_cmp cmp, struct tg_text a, struct tg_text b, uint8_t *nul)
{
  bool same = tg_text_eq(a, b);
  if (cmp == TG_EQ || cmp == TG_IS) return same ? TG_TRUE : TG_FALSE;
  if (cmp == TG_NE || cmp == TG_ISNT) return same ? TG_FALSE : TG_TRUE;
  *nul = TG_TYPE;
  return TG_FALSE;
}

/* Both columns read as numbers, texts and booleans in turn; each row takes what it is. */
static struct tg_column *compare_kinds(struct tg_op *op, enum tg_cmp cmp, struct tg_column *a,
                                       struct tg_column *b)
{
  static const enum tg_kind types[KINDS] = {TG_NUMERIC, TG_TEXT_KIND, TG_BOOL};
  static const char kinds[KINDS] = {'0', '"', 't'};
  struct tg_column *by[KINDS], *out = tg_op_new(op, tg_type_of(TG_BOOL));
  uint8_t *nul = tg_op_alloc(op, op->rows, 1);
  for (int k = 0; k < KINDS; k++) {
    struct tg_column *x = tg_json_values(op, a, tg_type_of(types[k]));
    struct tg_column *y = tg_json_values(op, b, tg_type_of(types[k]));
    if (!x || !y || !(by[k] = tg_compare(op, cmp, tg_arg_column(x), tg_arg_column(y)))) return NULL;
  }
  if (!out || !nul) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    uint8_t x = a->nul ? a->nul[i] : TG_SOME, y = b->nul ? b->nul[i] : TG_SOME;
    nul[i] = x > y ? x : y;
    if (nul[i]) continue;
    char kind = kind_of(a->v.texts[i]);
    const char *known = memchr(kinds, kind, KINDS);
    if (kind != kind_of(b->v.texts[i])) {
      nul[i] = TG_TYPE;
    } else if (known) {
      out->v.mask[i] = by[known - kinds]->v.mask[i];
      nul[i] = tg_column_nul(by[known - kinds], i);
    } else {
      out->v.mask[i] = as_written(cmp, a->v.texts[i], b->v.texts[i], &nul[i]);
    }
  }
  return tg_op_end(op, out, nul);
}

struct tg_column *tg_jsoncompare(struct tg_op *op, enum tg_cmp cmp, struct tg_arg a,
                                 struct tg_arg b)
{
  struct tg_arg pair[2] = {a, b};
  if (a.c && b.c && tg_json_is(a.c->type) && tg_json_is(b.c->type))
    return compare_kinds(op, cmp, a.c, b.c);
  return compare_as(op, cmp, pair);
}
