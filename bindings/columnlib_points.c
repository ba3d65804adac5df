/* Methods of quantiles that compare a sample with bounds, distributions and other samples. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "bindings/summaryobj.h"
#include "core/state/points.h"
#include "core/state/probability.h"

#include <math.h>

enum { LIST_MAX = 100000, EDGES_MAX = 10000 };

static struct tg_quantiles *check(lua_State *L, const char *method)
{
  struct tg_summary *s = tg_summaryobj_check(L, 1);
  if (s->kind != TG_SUMMARY_QUANTILES)
    luaL_error(L, "%s has no method '%s'", tg_summary_name(s->kind), method);
  return &s->u.quantiles;
}

static struct tg_points points_of(lua_State *L, struct tg_quantiles *q, struct tg_op *op)
{
  struct tg_points p;
  p.at = tg_quantiles_points(q, op->arena, &p.count);
  if (!p.at) luaL_error(L, "no memory left to compare %I values", (lua_Integer)q->count);
  return p;
}

/* The numbers of the list at idx. */
static double *check_list(lua_State *L, int idx, struct tg_op *op, lua_Unsigned most,
                          uint32_t *count)
{
  luaL_checktype(L, idx, LUA_TTABLE);
  lua_Unsigned n = lua_rawlen(L, idx);
  if (n > most)
    luaL_error(L, "a list of %I numbers; at most %I", (lua_Integer)n, (lua_Integer)most);
  double *out = tg_op_alloc(op, (size_t)n + 1, sizeof *out);
  if (!out) luaL_error(L, "%s", op->err->what);
  for (lua_Unsigned i = 0; i < n; i++) {
    int good;
    lua_rawgeti(L, idx, (lua_Integer)i + 1);
    out[i] = lua_tonumberx(L, -1, &good);
    if (!good || lua_type(L, -1) != LUA_TNUMBER)
      luaL_error(L, "a list of numbers is due; number %d is a %s", (int)i + 1,
                 luaL_typename(L, -1));
    lua_pop(L, 1);
  }
  *count = (uint32_t)n;
  return out;
}

/* A list as a summary of its own. */
static struct tg_summary *sample_of(lua_State *L, const double *x, uint32_t n, struct tg_op *op)
{
  struct tg_op own = *op;
  struct tg_column *c = tg_column_new(op->arena, tg_type_of(TG_FLOAT8), n, false);
  struct tg_summary *s = tg_summary_new(op->arena, TG_SUMMARY_QUANTILES, 0);
  if (!c || !s) luaL_error(L, "no memory left for a sample of %d values", (int)n);
  own.rows = n;
  memcpy(c->v.floats, x, n * sizeof *x);
  if (!tg_quantiles_add(&s->u.quantiles, &own, c, NULL)) luaL_error(L, "%s", op->err->what);
  return s;
}

/* A sample given as a list, as points. */
static struct tg_points check_sample(lua_State *L, int idx, struct tg_op *op)
{
  uint32_t n;
  const double *x = check_list(L, idx, op, LIST_MAX, &n);
  luaL_argcheck(L, n > 0, idx, "a sample of one value at least");
  return points_of(L, &sample_of(L, x, n, op)->u.quantiles, op);
}

static int quantiles_share(lua_State *L)
{
  struct tg_quantiles *q = check(L, "share");
  double low = luaL_checknumber(L, 2), high = luaL_checknumber(L, 3);
  if (!q->count) return lua_pushnil(L), 1;
  struct tg_op op = tg_op_begin(L, NULL);
  uint64_t n = tg_points_within(points_of(L, q, &op), low, high);
  lua_pushnumber(L, (double)n / (double)q->count);
  return 1;
}

static int quantiles_mad(lua_State *L)
{
  double median;
  struct tg_quantiles *q = check(L, "mad");
  if (!tg_quantiles_at(q, 0.5, &median)) return lua_pushnil(L), 1;
  struct tg_op op = tg_op_begin(L, NULL);
  lua_pushnumber(L, tg_points_mad(points_of(L, q, &op), median, op.arena));
  return 1;
}

static int quantiles_cells(lua_State *L)
{
  uint32_t n;
  struct tg_quantiles *q = check(L, "cells");
  struct tg_op op = tg_op_begin(L, NULL);
  const double *edges = check_list(L, 2, &op, EDGES_MAX, &n);
  for (uint32_t i = 0; i < n; i++)
    luaL_argcheck(L, i == 0 || edges[i] > edges[i - 1], 2, "edges must rise");
  luaL_argcheck(L, n >= 1, 2, "one edge at least");
  uint64_t *cells = tg_op_alloc(&op, (size_t)n + 1, sizeof *cells);
  if (!cells) return luaL_error(L, "%s", op.err->what);
  tg_points_cells(points_of(L, q, &op), edges, n, cells);
  lua_createtable(L, (int)n + 1, 0);
  for (uint32_t i = 0; i <= n; i++) {
    lua_pushinteger(L, (lua_Integer)cells[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static struct tg_dist check_dist(lua_State *L)
{
  static const char *const names[] = {
#define X(code, name, shapes) name,
      TG_DISTRIBUTION_LIST(X)
#undef X
          NULL};
  struct tg_dist d = {.kind = (enum tg_distribution)luaL_checkoption(L, 2, NULL, names)};
  d.loc = luaL_optnumber(L, 3, 0), d.scale = luaL_optnumber(L, 4, 1);
  d.shapes[0] = luaL_optnumber(L, 5, 0), d.shapes[1] = luaL_optnumber(L, 6, 0);
  if (!tg_dist_valid(&d))
    luaL_error(L, "the parameters of %s are outside its domain", names[d.kind]);
  return d;
}

static int quantiles_ks(lua_State *L)
{
  struct tg_quantiles *q = check(L, "ks");
  struct tg_dist d = check_dist(L);
  if (!q->count) return 0;
  struct tg_op op = tg_op_begin(L, NULL);
  double distance = tg_points_ks(points_of(L, q, &op), &d);
  lua_pushnumber(L, distance);
  lua_pushnumber(L, tg_probability_kolmogorov(op.arena, distance, q->count));
  return 2;
}

static int quantiles_ks_two(lua_State *L)
{
  struct tg_quantiles *q = check(L, "ks_two");
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_points other = check_sample(L, 2, &op);
  if (!q->count) return lua_pushnil(L), 1;
  lua_pushnumber(L, tg_points_ks_two(points_of(L, q, &op), other));
  return 1;
}

static int quantiles_wasserstein(lua_State *L)
{
  struct tg_quantiles *q = check(L, "wasserstein");
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_points other = check_sample(L, 2, &op);
  if (!q->count) return lua_pushnil(L), 1;
  lua_pushnumber(L, tg_points_wasserstein(points_of(L, q, &op), other));
  return 1;
}

static int quantiles_sample(lua_State *L)
{
  uint32_t n;
  check(L, "sample");
  struct tg_op op = tg_op_begin(L, NULL);
  const double *x = check_list(L, 2, &op, LIST_MAX, &n);
  tg_summaryobj_push(L, sample_of(L, x, n, &op));
  return 1;
}

static int sample_chi2_above(lua_State *L)
{
  lua_pushnumber(L, tg_probability_chi2_above(luaL_checknumber(L, 2), luaL_checknumber(L, 1)));
  return 1;
}

static int sample_chi2_limit(lua_State *L)
{
  lua_pushnumber(L, tg_probability_chi2_inverse(luaL_checknumber(L, 2), luaL_checknumber(L, 1)));
  return 1;
}

const struct tg_api tg_api_points[] = {
    {"share", "m:share(low, high)", "The share of the values within bounds.", quantiles_share},
    {"mad", "m:mad()", "The median distance from the median.", quantiles_mad},
    {"cells", "m:cells({edges})",
     "How many values lie below the first edge, in each cell (the last closed on the right), "
     "above.",
     quantiles_cells},
    {"ks", "m:ks(distribution, loc, scale[, shape[, shape2]])",
     "Kolmogorov's D and its p-value: norm uniform expon chi2 gamma beta.", quantiles_ks},
    {"ks_two", "m:ks_two({values})", "Smirnov's D against another sample.", quantiles_ks_two},
    {"sample", "m:sample({values})", "The quantiles of a list, to be compared with.",
     quantiles_sample},
    {"wasserstein", "m:wasserstein({values})",
     "The area between the distribution functions of both samples.", quantiles_wasserstein},
    {0},
};

const struct tg_api tg_api_chi2[] = {
    {"chi2_above", "chi2_above(x, df)", "P(X > x) of the chi-square distribution, a number.",
     sample_chi2_above},
    {"chi2_limit", "chi2_limit(p, df)", "The x with P(X <= x) = p of it, 0 < p < 1.",
     sample_chi2_limit},
    {0},
};
