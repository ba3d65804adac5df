/* Methods of columns: comparisons, masks, choosing values; and the globals that go with them. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "bindings/summaryobj.h"
#include "core/data/arith.h"
#include "core/data/choose.h"
#include "core/data/compare.h"
#include "core/data/mask.h"
#include "core/data/member.h"
#include "core/data/overlap.h"

static int compare(lua_State *L, enum tg_cmp cmp, const char *name)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_arg b = tg_arg_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, name, tg_compare(&op, cmp, tg_arg_column(h->c), b));
}

static int cmp_eq(lua_State *L)
{
  return compare(L, TG_EQ, "eq");
}
static int cmp_ne(lua_State *L)
{
  return compare(L, TG_NE, "ne");
}
static int cmp_lt(lua_State *L)
{
  return compare(L, TG_LT, "lt");
}
static int cmp_le(lua_State *L)
{
  return compare(L, TG_LE, "le");
}
static int cmp_gt(lua_State *L)
{
  return compare(L, TG_GT, "gt");
}
static int cmp_ge(lua_State *L)
{
  return compare(L, TG_GE, "ge");
}
static int cmp_is(lua_State *L)
{
  return compare(L, TG_IS, "is");
}
static int cmp_isnt(lua_State *L)
{
  return compare(L, TG_ISNT, "isnt");
}

static int col_equals(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_arg b = tg_arg_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "equals", tg_compare_equals(&op, h->c, b));
}

static int col_between(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_bounds bounds = tg_bounds_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "between", tg_compare_between(&op, h->c, &bounds));
}

static int col_is_in(lua_State *L)
{
  uint32_t count;
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_op op = tg_op_begin(L, h);
  struct tg_literal *set = tg_arg_set_check(L, 2, &op, &count);
  return tg_op_done(L, &op, "is_in", tg_member_of(&op, h->c, set, count));
}

static int col_apart(lua_State *L)
{
  static const char *const gaps[] = {"allowed", "forbidden", "required", NULL};
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_ranges r = {.lower = h->c, .upper = tg_column_check(L, 2)};
  if (!tg_arg_absent(L, 3)) r.by = tg_column_check(L, 3);
  r.gaps = (enum tg_gaps)luaL_checkoption(L, 4, "allowed", gaps);
  r.rows = tg_summaryobj_rows(L);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "apart", tg_overlap_free(&op, &r));
}

static int null_test(lua_State *L, bool want, const char *name)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, name, tg_mask_null(&op, h->c, want));
}

static int col_is_null(lua_State *L)
{
  return null_test(L, true, "is_null");
}
static int col_not_null(lua_State *L)
{
  return null_test(L, false, "not_null");
}

static int mask_count(lua_State *L)
{
  lua_pushinteger(L, tg_mask_tally(tg_mask_check(L, 1)).is_true);
  return 1;
}

static int mask_any(lua_State *L)
{
  lua_pushboolean(L, tg_mask_tally(tg_mask_check(L, 1)).is_true > 0);
  return 1;
}

static int mask_all(lua_State *L)
{
  struct tg_tally t = tg_mask_tally(tg_mask_check(L, 1));
  lua_pushboolean(L, t.is_false + t.faults == 0);
  return 1;
}

static int col_where(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_column *mask = tg_mask_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "where", tg_choose_where(&op, h->c, mask));
}

static int col_default(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_arg b = tg_arg_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "default", tg_choose_default(&op, h->c, b));
}

static int api_when(lua_State *L)
{
  struct tg_column *mask = tg_mask_check(L, 1);
  struct tg_arg a = tg_arg_check(L, 2), b = tg_arg_check(L, 3);
  struct tg_op op = tg_op_begin(L, NULL);
  return tg_op_done(L, &op, "when", tg_choose_when(&op, mask, a, b));
}

static int pick(lua_State *L, bool greatest, const char *name)
{
  int n = lua_gettop(L);
  if (n < 2) return luaL_error(L, "%s needs two values at least", name);
  struct tg_op op = tg_op_begin(L, NULL);
  struct tg_arg a = tg_arg_check(L, 1);
  for (int i = 2; i <= n; i++) {
    struct tg_column *c = tg_arith_pick(&op, greatest, a, tg_arg_check(L, i));
    if (!c) return tg_op_done(L, &op, name, NULL);
    a = tg_arg_column(c);
  }
  return tg_op_done(L, &op, name, a.c);
}

static int api_least(lua_State *L)
{
  return pick(L, false, "least");
}
static int api_greatest(lua_State *L)
{
  return pick(L, true, "greatest");
}

/* Whether the value at 1 is on the right side of the bound at `at`; a bound that is nil holds. */
static bool holds(lua_State *L, int at, bool is_min)
{
  if (tg_arg_absent(L, at)) return true;
  int op = lua_toboolean(L, at + 2) ? LUA_OPLT : LUA_OPLE;
  return is_min ? lua_compare(L, at, 1, op) : lua_compare(L, 1, at, op);
}

static int api_within(lua_State *L)
{
  lua_settop(L, 5);
  if (lua_isnil(L, 1)) {
    lua_pushnil(L);
  } else {
    lua_pushboolean(L, holds(L, 2, true) && holds(L, 3, false));
  }
  lua_pushvalue(L, 1);
  return 2;
}

const struct tg_api tg_api_logic[] = {
    {"eq", "col:eq(x)", "Equal; null when either side is null.", cmp_eq},
    {"ne", "col:ne(x)", "Not equal; null when either side is null.", cmp_ne},
    {"lt", "col:lt(x)", "Less than.", cmp_lt},
    {"le", "col:le(x)", "Less than or equal.", cmp_le},
    {"gt", "col:gt(x)", "Greater than.", cmp_gt},
    {"ge", "col:ge(x)", "Greater than or equal.", cmp_ge},
    {"is", "col:is(x)", "Equal, two nulls too; never null.", cmp_is},
    {"isnt", "col:isnt(x)", "Not equal, null-safe; never null.", cmp_isnt},
    {"equals", "col:equals(x)", "As eq, but values of different types are unequal, not an error.",
     col_equals},
    {"between", "col:between(min, max[, exclusive_min[, exclusive_max]])",
     "Within bounds; one of them may be nil. NaN is in no range.", col_between},
    {"is_in", "col:is_in({..})", "Equals one of the values; another type matches nothing.",
     col_is_in},
    {"apart", "lower:apart(upper[, by[, gaps]])",
     "[lower, upper) meets no other of its group; gaps \"allowed\", \"forbidden\", \"required\".",
     col_apart},
    {"is_null", "col:is_null()", "True where there is no value.", col_is_null},
    {"not_null", "col:not_null()", "True where there is a value.", col_not_null},
    {"count", "mask:count()", "How many rows are true, as a number.", mask_count},
    {"any", "mask:any()", "Whether a row is true.", mask_any},
    {"all", "mask:all()", "Whether no row is false; nulls do not count.", mask_all},
    {"where", "col:where(mask)", "The values where mask is true, null elsewhere.", col_where},
    {"default", "col:default(x)", "x where the value is null or a fault; takes faults away.",
     col_default},
    {"coalesce", "col:coalesce(col2)", "The same for another column.", col_default},
    {0},
};

const struct tg_api tg_api_globals[] = {
    {"when", "when(mask, a, b)", "a where mask is true, else b (also where it is null).", api_when},
    {"least", "least(a, b, ..)", "The smallest; nulls are left out.", api_least},
    {"greatest", "greatest(a, b, ..)", "The largest; nulls are left out.", api_greatest},
    {"within", "within(v, min, max[, exclusive_min[, exclusive_max]])",
     "For judges: nil when v is nil, else whether it is within bounds, and v.", api_within},
    {"seconds", "seconds(duration)", "How many seconds \"90s\" or \"2h\" are, a number.",
     tg_api_seconds},
    {"zone_day", "zone_day(zone, us)",
     "The day of an instant, counted from 1970-01-01, and the instant at which it begins.",
     tg_api_zone_day},
    {"zone_first", "zone_first(zone, local_us)",
     "The first instant at which clocks show that or a later time, whether it comes never or "
     "twice.",
     tg_api_zone_first},
    {"measure",
     "measure.mean \"c\", .sum .min .max .stdev .median .distinct .distinct_ratio .null_rate",
     "A measure of a column, for rules that take a metric. Also .rows(), .quantile(\"c\", q), "
     ".share(fn), .ratio(\"a\", \"b\").",
     NULL},
    {"null", "null", "The missing value, where Lua's nil cannot stand.", NULL},
    {0},
};
