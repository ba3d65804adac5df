/* Methods that make summaries. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "bindings/summaryobj.h"

static int of_column(lua_State *L, enum tg_summary_kind kind, uint32_t cap)
{
  struct tg_column *const c[2] = {tg_column_check(L, 1), NULL};
  return tg_summaryobj_make(L, kind, c, cap);
}

uint32_t tg_summaryobj_cap(lua_State *L, int idx, lua_Integer most)
{
  lua_Integer cap = luaL_optinteger(L, idx, 0);
  bool good = lua_isnoneornil(L, idx) || (cap >= 1 && cap <= most);
  if (!good) luaL_error(L, "1 to %I different values can be kept", most);
  return (uint32_t)cap;
}

static int col_moments(lua_State *L)
{
  return of_column(L, TG_SUMMARY_MOMENTS, 0);
}
static int col_sum(lua_State *L)
{
  return of_column(L, TG_SUMMARY_SUM, 0);
}
static int col_min(lua_State *L)
{
  return of_column(L, TG_SUMMARY_MIN, 0);
}
static int col_max(lua_State *L)
{
  return of_column(L, TG_SUMMARY_MAX, 0);
}
static int col_quantiles(lua_State *L)
{
  return of_column(L, TG_SUMMARY_QUANTILES, 0);
}
static int col_distinct(lua_State *L)
{
  return of_column(L, TG_SUMMARY_DISTINCT, tg_summaryobj_cap(L, 2, TG_DISTINCT_EXACT_MAX));
}
static int col_counts(lua_State *L)
{
  return of_column(L, TG_SUMMARY_COUNTS, tg_summaryobj_cap(L, 2, TG_COUNTS_CAP_MAX));
}

static int col_comoments(lua_State *L)
{
  struct tg_column *const c[2] = {tg_column_check(L, 1), tg_column_check(L, 2)};
  return tg_summaryobj_make(L, TG_SUMMARY_COMOMENTS, c, 0);
}

int tg_columnlib_count(lua_State *L)
{
  struct tg_column *mask = tg_arg_absent(L, 2) ? NULL : tg_mask_check(L, 2);
  struct tg_column *const c[2] = {mask, NULL};
  return tg_summaryobj_make(L, TG_SUMMARY_ROWS, c, 0);
}

const struct tg_api tg_api_summary[] = {
    {"moments", "col:moments()", "Count, mean, variance .. of numbers (booleans: 0 and 1).",
     col_moments},
    {"sum", "col:sum()", "The sum: exact for whole numbers and numeric, compensated for floats.",
     col_sum},
    {"min", "col:min()", "The smallest value.", col_min},
    {"max", "col:max()", "The largest value.", col_max},
    {"distinct", "col:distinct([max])",
     "How many different values: exact up to max (4,096), then within 0.8 %.", col_distinct},
    {"quantiles", "col:quantiles()", "Quantiles: exact up to 65,536 values, then within 1 %.",
     col_quantiles},
    {"counts", "col:counts([cap])",
     "How often each value occurs; past cap (10,000) different ones the others are one heap.",
     col_counts},
    {"comoments", "a:comoments(b)", "How two columns vary together, of the rows with both.",
     col_comoments},
    {0},
};
