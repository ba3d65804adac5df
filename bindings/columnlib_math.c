/* Methods of number columns. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "core/data/arith.h"

static int unary(lua_State *L, enum tg_unary what, const char *name)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  lua_Integer places = luaL_optinteger(L, 2, 0);
  luaL_argcheck(L, places >= 0 && places <= TG_NUMERIC_INT_DIGITS, 2, "0 to 18 places");
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, name, tg_arith_unary(&op, what, h->c, (uint32_t)places));
}

static int col_abs(lua_State *L)
{
  return unary(L, TG_ABS, "abs");
}
static int col_round(lua_State *L)
{
  return unary(L, TG_ROUND, "round");
}
static int col_floor(lua_State *L)
{
  return unary(L, TG_FLOOR, "floor");
}

const struct tg_api tg_api_math[] = {
    {"abs", "col:abs()", "Without its sign.", col_abs},
    {"round", "col:round([places])", "To so many decimals (0), half away from zero.", col_round},
    {"floor", "col:floor()", "Down to the next whole number.", col_floor},
    {0},
};
