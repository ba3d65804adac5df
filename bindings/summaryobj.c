/* Summary objects: life, attributes by kind, and the values that they show. */
#include "bindings/summaryobj.h"
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "core/data/compare.h"
#include "core/data/literal.h"
#include "core/data/mask.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char SUMMARY[] = "tidegate.summary";

struct handle {
  uint64_t use;
  struct tg_summary *s;
  bool typed; /* it was made of a column of this type */
  struct tg_type type;
};

struct tg_summary *tg_summaryobj_check(lua_State *L, int idx)
{
  struct handle *h = luaL_checkudata(L, idx, SUMMARY);
  if (!h->use || h->use != tg_live(L)->use)
    luaL_error(L, "summary used after its batch was handed over");
  return h->s;
}

struct tg_summary *tg_summaryobj_test(lua_State *L, int idx)
{
  return luaL_testudata(L, idx, SUMMARY) ? tg_summaryobj_check(L, idx) : NULL;
}

void tg_summaryobj_push(lua_State *L, struct tg_summary *s)
{
  struct tg_live *live = tg_live_check(L);
  struct handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  *h = (struct handle){.use = live->use, .s = s};
  luaL_setmetatable(L, SUMMARY);
}

const uint8_t *tg_summaryobj_rows(lua_State *L)
{
  struct tg_live *live = tg_live_check(L);
  const struct tg_batch *b = live->b;
  uint32_t seen = 0;
  if (live->rows) return live->rows;
  struct tg_op op = tg_op_begin(L, NULL);
  uint8_t *rows = tg_op_alloc(&op, b->rows, 1);
  if (!rows) luaL_error(L, "%s", op.err->what);
  for (uint32_t i = 0; i < b->rows; i++)
    seen += rows[i] = b->fates[i] <= TG_TAG && (!live->where || tg_mask_is(live->where, i));
  if (seen == b->rows) return NULL;
  if (live->phase == TG_PHASE_RULE) live->rows = rows;
  return rows;
}

int tg_summaryobj_make(lua_State *L, enum tg_summary_kind kind, struct tg_column *const c[2],
                       uint32_t cap)
{
  const uint8_t *rows = tg_summaryobj_rows(L);
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_summary *s = tg_summary_new(op.arena, kind, cap);
  if (s && tg_summary_add(s, &op, c, rows)) {
    tg_summaryobj_push(L, s);
    struct handle *h = lua_touserdata(L, -1);
    if ((h->typed = c[0] != NULL)) h->type = c[0]->type;
    return 1;
  }
  if (!s) tg_op_full(&op);
  return tg_op_done(L, &op, tg_summary_name(kind), NULL);
}

/* --- attributes; each pushes one value, nil when there is none --- */

static void push_if(lua_State *L, bool there, double x)
{
  if (there)
    lua_pushnumber(L, x);
  else
    lua_pushnil(L);
}

static void at_count(lua_State *L, struct tg_summary *s)
{
  lua_pushinteger(L, (lua_Integer)tg_summary_count(s));
}

static void at_value_rows(lua_State *L, struct tg_summary *s)
{
  lua_pushinteger(L, (lua_Integer)s->u.rows.value);
}

static void at_mean(lua_State *L, struct tg_summary *s)
{
  push_if(L, s->u.moments.count > 0, s->u.moments.mean);
}

static void at_variance(lua_State *L, struct tg_summary *s)
{
  double v = 0;
  bool there = tg_moments_variance(&s->u.moments, &v);
  push_if(L, there, v);
}

static void at_stdev(lua_State *L, struct tg_summary *s)
{
  double v = 0;
  bool there = tg_moments_variance(&s->u.moments, &v);
  push_if(L, there, sqrt(v));
}

static void at_skewness(lua_State *L, struct tg_summary *s)
{
  double v = 0;
  bool there = tg_moments_skewness(&s->u.moments, &v);
  push_if(L, there, v);
}

static void at_kurtosis(lua_State *L, struct tg_summary *s)
{
  double v = 0;
  bool there = tg_moments_kurtosis(&s->u.moments, &v);
  push_if(L, there, v);
}

static void at_sum(lua_State *L, struct tg_summary *s)
{
  int64_t whole;
  if (!s->u.sum.count)
    lua_pushnil(L);
  else if (tg_sum_integer(&s->u.sum, &whole))
    lua_pushinteger(L, whole);
  else
    lua_pushnumber(L, tg_sum_value(&s->u.sum));
}

static void push_decimal(lua_State *L, struct tg_text digits)
{
  lua_pushlstring(L, digits.ptr, digits.len);
  double x = strtod(lua_tostring(L, -1), NULL);
  lua_pop(L, 1);
  lua_pushnumber(L, x);
}

/* A value as a script sees it: instants, uuids .. as text. */
static void push_datum(lua_State *L, const struct tg_datum *d)
{
  char text[640];
  struct tg_datum_row row;
  bool single = tg_datum_row(d, &row);
  switch (tg_datum_tag(d)) {
  case TG_DATUM_FALSE:
  case TG_DATUM_TRUE: lua_pushboolean(L, tg_datum_tag(d) == TG_DATUM_TRUE); return;
  case TG_DATUM_WHOLE: lua_pushinteger(L, row.v.i); return;
  case TG_DATUM_FLOAT: lua_pushnumber(L, row.v.f); return;
  case TG_DATUM_DECIMAL: lua_pushnumber(L, tg_number_scaled(row.v.i, row.c.type.scale)); return;
  case TG_DATUM_WIDE: push_decimal(L, d->tail); return;
  case TG_DATUM_TEXT:
  case TG_DATUM_JSON: lua_pushlstring(L, d->tail.ptr, d->tail.len); return;
  default: break;
  }
  lua_pushstring(L, single ? tg_column_show(&row.c, 0, text, sizeof text)
                           : tg_datum_show(d, text, sizeof text));
}

/* A tuple is a list, in which a null is `null`. */
static void push_value(lua_State *L, const struct tg_datum *d)
{
  struct tg_text tail = d->tail;
  struct tg_datum part;
  if (tg_datum_tag(d) != TG_DATUM_TUPLE) {
    push_datum(L, d);
    return;
  }
  lua_newtable(L);
  for (lua_Integer i = 1; tg_datum_next(&tail, &part); i++) {
    if (tg_datum_tag(&part) == TG_DATUM_NULL)
      tg_null_push(L);
    else
      push_datum(L, &part);
    lua_rawseti(L, -2, i);
  }
}

static void at_extreme(lua_State *L, struct tg_summary *s)
{
  if (s->u.extreme.count)
    push_datum(L, &s->u.extreme.value);
  else
    lua_pushnil(L);
}

static void push_estimate(lua_State *L, double n)
{
  lua_pushinteger(L, (lua_Integer)llround(n));
}

static void at_distinct(lua_State *L, struct tg_summary *s)
{
  push_estimate(L, tg_distinct_estimate(&s->u.distinct));
}

static void at_distinct_approx(lua_State *L, struct tg_summary *s)
{
  lua_pushboolean(L, s->u.distinct.registers != NULL);
}

static void at_median(lua_State *L, struct tg_summary *s)
{
  double x = 0;
  bool there = tg_quantiles_at(&s->u.quantiles, 0.5, &x);
  push_if(L, there, x);
}

static void at_quantiles_approx(lua_State *L, struct tg_summary *s)
{
  lua_pushboolean(L, s->u.quantiles.sketched);
}

static void at_counts_distinct(lua_State *L, struct tg_summary *s)
{
  push_estimate(L, tg_counts_distinct(&s->u.counts));
}

static void at_counts_approx(lua_State *L, struct tg_summary *s)
{
  lua_pushboolean(L, tg_counts_other(&s->u.counts) > 0);
}

static void at_other(lua_State *L, struct tg_summary *s)
{
  lua_pushinteger(L, (lua_Integer)tg_counts_other(&s->u.counts));
}

static void at_entropy(lua_State *L, struct tg_summary *s)
{
  push_if(L, s->u.counts.count > 0, tg_counts_entropy(&s->u.counts));
}

static void at_correlation(lua_State *L, struct tg_summary *s)
{
  double r = 0;
  bool there = tg_comoments_correlation(&s->u.comoments, &r);
  push_if(L, there, r);
}

static void at_covariance(lua_State *L, struct tg_summary *s)
{
  double v = 0;
  bool there = tg_comoments_covariance(&s->u.comoments, &v);
  push_if(L, there, v);
}

/* --- methods --- */

static struct tg_summary *check_kind(lua_State *L, enum tg_summary_kind kind, const char *method)
{
  struct tg_summary *s = tg_summaryobj_check(L, 1);
  bool extreme = kind == TG_SUMMARY_MIN && s->kind == TG_SUMMARY_MAX;
  if (s->kind != kind && !extreme)
    luaL_error(L, "%s has no method '%s'", tg_summary_name(s->kind), method);
  return s;
}

static double check_share(lua_State *L, int idx)
{
  double p = luaL_checknumber(L, idx);
  luaL_argcheck(L, p >= 0 && p <= 1, idx, "a share from 0 to 1");
  return p;
}

static int quantiles_q(lua_State *L)
{
  double x = 0;
  struct tg_summary *s = check_kind(L, TG_SUMMARY_QUANTILES, "q");
  bool there = tg_quantiles_at(&s->u.quantiles, check_share(L, 2), &x);
  return push_if(L, there, x), 1;
}

static int quantiles_nearest(lua_State *L)
{
  double x = 0;
  struct tg_summary *s = check_kind(L, TG_SUMMARY_QUANTILES, "nearest");
  bool there = tg_quantiles_nearest(&s->u.quantiles, check_share(L, 2), &x);
  return push_if(L, there, x), 1;
}

static int counts_list(lua_State *L)
{
  uint32_t count;
  struct tg_summary *s = check_kind(L, TG_SUMMARY_COUNTS, "list");
  lua_Integer most = luaL_optinteger(L, 2, TG_COUNTS_CAP_MAX);
  const struct tg_counted *items = tg_counts_list(&s->u.counts, &count);
  if (most < 0) most = 0;
  if (most < count) count = (uint32_t)most;
  lua_createtable(L, (int)count, 0);
  for (uint32_t i = 0; i < count; i++) {
    lua_createtable(L, 2, 0);
    push_value(L, &items[i].value);
    lua_rawseti(L, -2, 1);
    lua_pushinteger(L, (lua_Integer)items[i].n);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* Rows of a literal read as a value of `like`; 0 when it cannot be one. */
static uint64_t rows_like(struct tg_op *op, struct tg_counts *c, struct tg_literal lit,
                          struct tg_type like)
{
  struct tg_datum d;
  struct tg_op once = *op;
  once.rows = 1;
  struct tg_column *one = tg_literal_column(&once, lit, like);
  if (!one || !tg_datum_of(op->arena, one, 0, &d)) return 0;
  return tg_counts_of(c, &d);
}

/* Numbers are whole, decimal or float; texts may stand for instants, uuids .. */
static uint64_t rows_of(struct tg_op *op, struct tg_counts *c, struct tg_literal lit)
{
  struct tg_datum_row row;
  bool number = lit.kind == TG_LIT_INT || lit.kind == TG_LIT_FLOAT;
  if (lit.kind == TG_LIT_NULL || !c->used) return 0;
  if (number) {
    uint64_t n = rows_like(op, c, lit, tg_type_of(TG_FLOAT8));
    return n ? n : rows_like(op, c, lit, tg_type_numeric(0));
  }
  if (lit.kind == TG_LIT_BOOL) return rows_like(op, c, lit, tg_type_of(TG_BOOL));
  bool parsed =
      tg_datum_row(&c->items[0].value, &row) && tg_datum_tag(&c->items[0].value) > TG_DATUM_BYTES;
  return rows_like(op, c, lit, parsed ? row.c.type : tg_type_of(TG_TEXT_KIND));
}

static int counts_of(lua_State *L)
{
  struct tg_summary *s = check_kind(L, TG_SUMMARY_COUNTS, "of");
  struct tg_arg v = tg_arg_check(L, 2);
  luaL_argcheck(L, !v.c, 2, "a value, not a column");
  struct tg_op op = tg_op_begin(L, NULL);
  lua_pushinteger(L, (lua_Integer)rows_of(&op, &s->u.counts, v.lit));
  return 1;
}

/* Bounds that are in order, as values of this type; raises otherwise. */
static void check_order(lua_State *L, struct tg_op *op, const struct tg_bounds *b,
                        struct tg_type type)
{
  if (!b->has_min || !b->has_max || b->min.c || b->max.c) return;
  struct tg_column *low = tg_literal_column(op, b->min.lit, type);
  struct tg_column *above = low ? tg_compare(op, TG_GT, tg_arg_column(low), b->max) : NULL;
  if (!above) luaL_error(L, "%s", op->err->what);
  if (above->v.mask[0] == TG_TRUE) luaL_error(L, "min is above max: no value can pass");
}

/* min <= value <= max with the value's own order: instants against texts, numeric exactly. An
 * empty summary still says when the bounds cannot be compared. */
static int extreme_between(lua_State *L)
{
  struct tg_datum_row row = {.c.rows = 1};
  struct tg_summary *s = check_kind(L, TG_SUMMARY_MIN, "between");
  const struct handle *h = lua_touserdata(L, 1);
  struct tg_bounds bounds = tg_bounds_check(L, 2);
  bool there = s->u.extreme.count && tg_datum_row(&s->u.extreme.value, &row);
  if (!there && !h->typed) return lua_pushnil(L), 1;
  if (!there) row.c.type = h->type, row.c.v.any = &row.v;
  struct tg_op op = tg_op_begin(L, NULL);
  op.rows = 1;
  check_order(L, &op, &bounds, row.c.type);
  struct tg_column *inside = tg_compare_between(&op, &row.c, &bounds);
  if (!inside) return tg_op_done(L, &op, tg_summary_name(s->kind), NULL);
  if (there)
    lua_pushboolean(L, inside->v.mask[0] == TG_TRUE);
  else
    lua_pushnil(L);
  return 1;
}

/* --- the tables --- */

#define BIT(kind) (1u << (kind))

static const struct attribute {
  unsigned kinds; /* bits of the kinds that have it */
  const char *name;
  void (*push)(lua_State *L, struct tg_summary *s);
} attributes[] = {
    {~BIT(TG_SUMMARY_ROWS), "count", at_count},
    {BIT(TG_SUMMARY_ROWS), "rows", at_count},
    {BIT(TG_SUMMARY_ROWS), "value", at_value_rows},
    {BIT(TG_SUMMARY_MOMENTS), "mean", at_mean},
    {BIT(TG_SUMMARY_MOMENTS), "variance", at_variance},
    {BIT(TG_SUMMARY_MOMENTS), "stdev", at_stdev},
    {BIT(TG_SUMMARY_MOMENTS), "skewness", at_skewness},
    {BIT(TG_SUMMARY_MOMENTS), "kurtosis", at_kurtosis},
    {BIT(TG_SUMMARY_SUM), "value", at_sum},
    {BIT(TG_SUMMARY_MIN) | BIT(TG_SUMMARY_MAX), "value", at_extreme},
    {BIT(TG_SUMMARY_DISTINCT), "distinct", at_distinct},
    {BIT(TG_SUMMARY_DISTINCT), "approx", at_distinct_approx},
    {BIT(TG_SUMMARY_QUANTILES), "median", at_median},
    {BIT(TG_SUMMARY_QUANTILES), "approx", at_quantiles_approx},
    {BIT(TG_SUMMARY_COUNTS), "distinct", at_counts_distinct},
    {BIT(TG_SUMMARY_COUNTS), "approx", at_counts_approx},
    {BIT(TG_SUMMARY_COUNTS), "other", at_other},
    {BIT(TG_SUMMARY_COUNTS), "entropy", at_entropy},
    {BIT(TG_SUMMARY_COMOMENTS), "correlation", at_correlation},
    {BIT(TG_SUMMARY_COMOMENTS), "covariance", at_covariance},
};

const struct tg_api tg_api_summaries[] = {
    {"count", "m.count", "How many values it was made of (b:count(): m.rows).", NULL},
    {"value", "m.value", "Of sum, min, max and b:count(); nil without values.", NULL},
    {"mean", "m.mean, .variance, .stdev, .skewness, .kurtosis",
     "Of moments; the sample's (n - 1); nil when there are too few values.", NULL},
    {"median", "m.median", "Of quantiles: the middle value, or the mean of the middle two.", NULL},
    {"distinct", "m.distinct", "Of distinct and counts: how many different values.", NULL},
    {"other", "m.other", "Of counts: rows whose value is not kept.", NULL},
    {"entropy", "m.entropy", "Of counts: -sum p ln p over the values.", NULL},
    {"correlation", "m.correlation, .covariance", "Of comoments; nil when one side is constant.",
     NULL},
    {"approx", "m.approx", "Whether a sketch answers: past the caps of the methods above.", NULL},
    {"q", "m:q(p)", "Of quantiles: the value at (n - 1) p, interpolated.", quantiles_q},
    {"nearest", "m:nearest(p)", "Of quantiles: the value at rank round((n - 1) p), half to even.",
     quantiles_nearest},
    {"of", "m:of(value)", "Of counts: in how many rows the value is.", counts_of},
    {"list", "m:list([most])", "Of counts: {{value, n}, ..}, the most frequent first.",
     counts_list},
    {"between", "m:between(min, max[, exclusive_min[, exclusive_max]])",
     "Of min and max: whether the value is within bounds; nil without values.", extreme_between},
    {0},
};

/* __index; upvalue 1 is the table of methods. */
static int summary_index(lua_State *L)
{
  struct tg_summary *s = tg_summaryobj_check(L, 1);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  struct tg_text name = tg_arg_text_check(L, 2);
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
    const struct attribute *a = &attributes[i];
    if (!(a->kinds & BIT(s->kind)) || !tg_text_is(name, a->name)) continue;
    a->push(L, s);
    return 1;
  }
  return luaL_error(L, "%s has no '%s'", tg_summary_name(s->kind), lua_tostring(L, 2));
}

static int summary_fixed(lua_State *L)
{
  return luaL_error(L, "a summary cannot be changed");
}

static int summary_tostring(lua_State *L)
{
  struct handle *h = luaL_checkudata(L, 1, SUMMARY);
  bool alive = h->use && h->use == tg_live(L)->use;
  lua_pushfstring(L, "summary %s", alive ? tg_summary_name(h->s->kind) : "(dead)");
  return 1;
}

static const luaL_Reg metamethods[] = {
    {"__newindex", summary_fixed}, {"__tostring", summary_tostring}, {NULL, NULL}};

void tg_summaryobj_open(lua_State *L)
{
  luaL_newmetatable(L, SUMMARY);
  luaL_setfuncs(L, metamethods, 0);
  lua_newtable(L);
  tg_api_set(L, tg_api_summaries);
  tg_api_set(L, tg_api_points);
  lua_pushcclosure(L, summary_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, false);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
}
