/* A document against a compiled schema. */
#include "core/data/jsoncanon.h"
#include "core/data/jsonop.h"
#include "core/data/jsonschema.h"
#include "core/data/jsonschema_own.h"
#include "core/data/textop.h"

#include <stdlib.h>

typedef struct tg_schema_node node;
typedef struct tg_json_value value;

struct checking { /* one document */
  struct tg_jsonschema *s;
  struct tg_jsonread j;
  uint32_t depth, steps;
  bool limit; /* a cap was reached: the answer does not count */
};

static bool holds(struct checking *c, const node *n, const value *v);

static bool give_up(struct checking *c)
{
  c->limit = true;
  return false;
}

/* --- numbers --- */

/* Digit i behind the leading zeros. */
static char digit_at(const struct tg_decimal *d, uint32_t i)
{
  if (i < d->whole.len) return d->whole.ptr[i];
  i -= d->whole.len;
  return i < d->fraction.len ? d->fraction.ptr[i] : '0';
}

static uint32_t digits(const struct tg_decimal *d)
{
  return d->whole.len + d->fraction.len;
}

/* How many zeros lead; all of them for zero. */
static uint32_t zeros(const struct tg_decimal *d)
{
  uint32_t i = 0;
  while (i < digits(d) && digit_at(d, i) == '0') i++;
  return i;
}

static int order_sizes(const struct tg_decimal *a, const struct tg_decimal *b)
{
  uint32_t i = zeros(a), j = zeros(b), n = digits(a) > digits(b) ? digits(a) : digits(b);
  bool none_a = i == digits(a), none_b = j == digits(b);
  if (none_a || none_b) return none_b - none_a;
  int64_t x = a->point - (int64_t)i, y = b->point - (int64_t)j;
  if (x != y) return x < y ? -1 : 1;
  for (uint32_t k = 0; k < n; k++)
    if (digit_at(a, i + k) != digit_at(b, j + k))
      return digit_at(a, i + k) < digit_at(b, j + k) ? -1 : 1;
  return 0;
}

static int order(const struct tg_decimal *a, const struct tg_decimal *b)
{
  bool less_a = a->negative && zeros(a) < digits(a), less_b = b->negative && zeros(b) < digits(b);
  if (less_a != less_b) return less_a ? -1 : 1;
  return less_a ? order_sizes(b, a) : order_sizes(a, b);
}

/* The remainder of a by b, digit by digit of a, when b has at most 18; false: too many digits to
 * tell. Both are counted in units of 10^-scale. */
static bool is_multiple(struct checking *c, const struct tg_decimal *a, const struct tg_decimal *b)
{
  int64_t scale = (int64_t)digits(b) - b->point, of_a = (int64_t)digits(a) - a->point, unit;
  if (zeros(a) == digits(a)) return true;
  if (scale < of_a) scale = of_a;
  if (scale < 0) scale = 0;
  if (scale > TG_NUMERIC_INT_DIGITS || a->point + scale > 1000) return give_up(c);
  if (!tg_decimal_scaled(b, (uint32_t)scale, &unit) || unit <= 0) return give_up(c);
  __int128 rest = 0;
  for (uint32_t i = 0; i < a->point + scale; i++)
    rest = (rest * 10 + (digit_at(a, i) - '0')) % unit;
  return rest == 0;
}

static bool number_holds(struct checking *c, const node *n, const value *v)
{
  struct tg_decimal d;
  const struct tg_schema_bound *b = n->bounds;
  if (!tg_decimal_parse(v->raw, &d)) return false;
  if (b[TG_BOUND_MIN].given && order(&d, &b[TG_BOUND_MIN].d) < 0) return false;
  if (b[TG_BOUND_MAX].given && order(&d, &b[TG_BOUND_MAX].d) > 0) return false;
  if (b[TG_BOUND_XMIN].given && order(&d, &b[TG_BOUND_XMIN].d) <= 0) return false;
  if (b[TG_BOUND_XMAX].given && order(&d, &b[TG_BOUND_XMAX].d) >= 0) return false;
  return !b[TG_BOUND_MULTIPLE].given || is_multiple(c, &d, &b[TG_BOUND_MULTIPLE].d);
}

/* --- texts --- */

static bool in_size(const node *n, int which, uint32_t size)
{
  return size >= n->least[which] && size <= n->most[which];
}

/* An offset stands at the end: RFC 3339 wants one. */
static bool has_zone(struct tg_text t)
{
  if (t.len && (t.ptr[t.len - 1] | 0x20) == 'z') return true;
  return t.len > 6 && strchr("+-", t.ptr[t.len - 6]) && t.ptr[t.len - 3] == ':';
}

static bool format_holds(struct checking *c, const node *n, struct tg_text t)
{
  struct tg_formatting how = {.index = n->format->index ? tg_jsonindex_new() : NULL};
  if (n->format->index && !how.index) return give_up(c);
  int got = t.len ? n->format->test(&how, t) : 0;
  tg_jsonindex_free(how.index);
  if (got < 0) return give_up(c);
  return got && (!n->with_zone || has_zone(t));
}

static bool string_holds(struct checking *c, const node *n, const value *v)
{
  struct tg_text t = tg_jsoncanon_text(&c->s->scratch, v->raw);
  uint32_t chars = 0;
  if (!t.ptr) return give_up(c);
  for (uint32_t i = 0; i < t.len; i++) chars += ((unsigned char)t.ptr[i] & 0xc0) != 0x80;
  if (!in_size(n, TG_SIZE_LENGTH, chars)) return false;
  int found = n->pattern ? tg_regex_test(n->pattern, t) : 1;
  if (found < 0) return give_up(c);
  return found && (!n->format || format_holds(c, n, t));
}

/* --- arrays --- */

static int by_bytes(const void *x, const void *y)
{
  return tg_text_cmp(*(const struct tg_text *)x, *(const struct tg_text *)y);
}

static bool items_differ(struct checking *c, const value *v, uint32_t count)
{
  value item;
  struct tg_arena *a = &c->s->scratch;
  struct tg_text *list = tg_arena_zalloc(a, count + 1, sizeof *list);
  uint32_t n = 0;
  if (!list) return give_up(c);
  for (struct tg_jsonwalk w = tg_jsonwalk_into(&c->j, v); tg_jsonwalk_next(&w, &item); n++) {
    tg_buf_clear(&c->s->canon);
    if (!tg_jsoncanon_write(a, &c->j, &item, &c->s->canon)) return give_up(c);
    list[n] = tg_arena_copy(a, tg_buf_view(&c->s->canon));
    if (!list[n].ptr) return give_up(c);
  }
  qsort(list, n, sizeof *list, by_bytes);
  for (uint32_t i = 1; i < n; i++)
    if (tg_text_eq(list[i - 1], list[i])) return false;
  return true;
}

static bool array_holds(struct checking *c, const node *n, const value *v)
{
  value item;
  uint32_t count = 0, contained = 0;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(&c->j, v); tg_jsonwalk_next(&w, &item); count++) {
    const node *of = count < n->prefix.count ? n->prefix.at[count] : n->items;
    if (of && !holds(c, of, &item)) return false;
    contained += n->contains && holds(c, n->contains, &item);
    if (c->limit) return false;
  }
  if (!in_size(n, TG_SIZE_ITEMS, count)) return false;
  if (n->contains && !in_size(n, TG_SIZE_CONTAINS, contained)) return false;
  return !n->unique || items_differ(c, v, count);
}

/* --- objects --- */

/* One member against the schemas that are meant for it. */
static bool member_holds(struct checking *c, const node *n, struct tg_text key, const value *v)
{
  bool known = false;
  for (uint32_t i = 0; i < n->properties_count; i++) {
    if (!tg_text_eq(n->properties[i].key, key)) continue;
    known = true;
    if (!holds(c, n->properties[i].node, v)) return false;
  }
  for (uint32_t i = 0; i < n->patterns_count; i++) {
    int found = tg_regex_test(n->patterns[i].pattern, key);
    if (found < 0) return give_up(c);
    if (!found) continue;
    known = true;
    if (!holds(c, n->patterns[i].node, v)) return false;
  }
  return known || !n->additional || holds(c, n->additional, v);
}

static bool has_member(struct checking *c, const value *v, struct tg_text name)
{
  value member;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(&c->j, v); tg_jsonwalk_next(&w, &member);) {
    struct tg_text key = tg_jsoncanon_text(&c->s->scratch, w.key);
    if (!key.ptr) return give_up(c);
    if (tg_text_eq(key, name)) return true;
  }
  return false;
}

static bool object_holds(struct checking *c, const node *n, const value *v)
{
  value member;
  uint32_t count = 0;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(&c->j, v); tg_jsonwalk_next(&w, &member); count++) {
    struct tg_text key = tg_jsoncanon_text(&c->s->scratch, w.key);
    if (!key.ptr) return give_up(c);
    if (!member_holds(c, n, key, &member)) return false;
  }
  for (uint32_t i = 0; i < n->required_count; i++)
    if (!has_member(c, v, n->required[i])) return false;
  return in_size(n, TG_SIZE_PROPERTIES, count);
}

/* --- any value --- */

static bool type_holds(const node *n, const value *v)
{
  struct tg_decimal d;
  if (!n->types || n->types & 1u << v->kind) return true;
  return v->kind == TG_JSON_NUMBER && n->types & TG_SCHEMA_INTEGER &&
         tg_decimal_parse(v->raw, &d) && tg_decimal_is_whole(&d);
}

static bool value_holds(struct checking *c, const node *n, const value *v)
{
  tg_buf_clear(&c->s->canon);
  if (!tg_jsoncanon_write(&c->s->scratch, &c->j, v, &c->s->canon)) return give_up(c);
  for (uint32_t i = 0; i < n->values_count; i++)
    if (tg_text_eq(n->values[i], tg_buf_view(&c->s->canon))) return true;
  return false;
}

/* How many of the schemas hold; stops when it is `enough`. */
static uint32_t count_holding(struct checking *c, const struct tg_schema_list *list, const value *v,
                              uint32_t enough)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < list->count && n < enough && !c->limit; i++)
    n += holds(c, list->at[i], v);
  return n;
}

static bool composition_holds(struct checking *c, const node *n, const value *v)
{
  if (n->ref && !holds(c, n->ref, v)) return false;
  for (uint32_t i = 0; i < n->all.count; i++)
    if (!holds(c, n->all.at[i], v)) return false;
  if (n->any.given && !count_holding(c, &n->any, v, 1)) return false;
  if (n->one.given && count_holding(c, &n->one, v, 2) != 1) return false;
  if (n->no && holds(c, n->no, v)) return false;
  if (!n->when) return true;
  const node *next = holds(c, n->when, v) ? n->then : n->otherwise;
  return !next || holds(c, next, v);
}

static bool own_holds(struct checking *c, const node *n, const value *v)
{
  if (n->never || !type_holds(n, v)) return false;
  if (n->has_values && !value_holds(c, n, v)) return false;
  switch (v->kind) {
  case TG_JSON_NUMBER: return number_holds(c, n, v);
  case TG_JSON_STRING: return string_holds(c, n, v);
  case TG_JSON_ARRAY: return array_holds(c, n, v);
  case TG_JSON_OBJECT: return object_holds(c, n, v);
  default: return true;
  }
}

static bool holds(struct checking *c, const node *n, const value *v)
{
  if (c->limit || c->depth == TG_SCHEMA_DEPTH_MAX || ++c->steps > TG_SCHEMA_STEPS_MAX)
    return give_up(c);
  c->depth++;
  bool good = own_holds(c, n, v) && composition_holds(c, n, v);
  c->depth--;
  return good && !c->limit;
}

static int test(const void *self, struct tg_text t)
{
  struct checking c = {.s = *(struct tg_jsonschema *const *)self};
  value v;
  tg_arena_reset(&c.s->scratch, 0);
  if (!tg_jsonwalk_open(c.s->index, t, &c.j, &v)) return 0;
  bool good = holds(&c, c.s->root, &v);
  return c.limit ? -TG_LIMIT : good;
}

struct tg_column *tg_jsonschema_column(struct tg_op *op, struct tg_column *c,
                                       struct tg_jsonschema *s)
{
  if (!tg_json_is(c->type) && !tg_text_check(op, c, "matches_schema")) return NULL;
  return tg_text_mask(op, c, test, &s);
}
