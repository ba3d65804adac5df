/* The functions of `table` with bounds: a cap on elements and bytes, and the deadline every 1,024
 * elements. They behave as the Lua 5.4 manual says (6.6), except that sort is stable, and leaves
 * the table as it was on an error. */
#include "bindings/vmstate.h"

#include <lauxlib.h>

enum { ELEMENTS_MAX = 10000000, UNPACK_MAX = 100000, POLL_EVERY = 1024 };

static void poll_at(lua_State *L, lua_Unsigned i)
{
  if (i % POLL_EVERY == 0) tg_vm_poll(L);
}

static void check_count(lua_State *L, lua_Unsigned count)
{
  if (count > ELEMENTS_MAX) {
    luaL_error(L, "%I elements are more than %d", (lua_Integer)count, ELEMENTS_MAX);
  }
}

/* #t: scripts' tables have no __len, but with holes in the right places a few elements are enough
 * for any number. */
static lua_Integer check_size(lua_State *L, int arg)
{
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_Unsigned size = lua_rawlen(L, arg);
  check_count(L, size);
  return (lua_Integer)size;
}

/* Elements of first..last, 0 when last is before first. */
static lua_Unsigned check_range(lua_State *L, lua_Integer first, lua_Integer last)
{
  if (first > last) return 0;
  lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first;
  check_count(L, count);
  return count + 1;
}

static int lib_insert(lua_State *L)
{
  lua_Integer end = check_size(L, 1) + 1, pos = end;
  int args = lua_gettop(L);
  if (args != 2 && args != 3) return luaL_error(L, "wrong number of arguments to 'insert'");
  if (args == 3) {
    pos = luaL_checkinteger(L, 2);
    luaL_argcheck(L, pos >= 1 && pos <= end, 2, "position out of bounds");
  }
  for (lua_Integer i = end; i > pos; i--) {
    poll_at(L, (lua_Unsigned)i);
    lua_geti(L, 1, i - 1);
    lua_seti(L, 1, i);
  }
  lua_seti(L, 1, pos);
  return 0;
}

static int lib_remove(lua_State *L)
{
  lua_Integer size = check_size(L, 1);
  lua_Integer pos = luaL_optinteger(L, 2, size);
  if (!lua_isnoneornil(L, 2)) {
    bool inside = (pos >= 1 && pos <= size + 1) || (size == 0 && pos == 0);
    luaL_argcheck(L, inside, 2, "position out of bounds");
  }
  lua_geti(L, 1, pos);
  for (; pos < size; pos++) {
    poll_at(L, (lua_Unsigned)pos);
    lua_geti(L, 1, pos + 1);
    lua_seti(L, 1, pos);
  }
  lua_pushnil(L);
  lua_seti(L, 1, pos);
  return 1;
}

static int lib_move(lua_State *L)
{
  lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
  lua_Integer to = luaL_checkinteger(L, 4);
  int target = lua_isnoneornil(L, 5) ? 1 : 5;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, target, LUA_TTABLE);
  lua_Unsigned count = check_range(L, first, last);
  luaL_argcheck(L, !count || to <= LUA_MAXINTEGER - (lua_Integer)count + 1, 4,
                "destination wraps around");
  bool forward = to > last || to <= first || (target != 1 && !lua_rawequal(L, 1, target));
  for (lua_Unsigned i = 0; i < count; i++) {
    lua_Integer at = (lua_Integer)(forward ? i : count - 1 - i);
    poll_at(L, i);
    lua_geti(L, 1, first + at);
    lua_seti(L, target, to + at);
  }
  lua_pushvalue(L, target);
  return 1;
}

/* Adds element i of the table at 1; out's box may lie on the stack. */
static void add_element(lua_State *L, luaL_Buffer *out, lua_Integer i, size_t max)
{
  size_t len;
  lua_geti(L, 1, i);
  if (!lua_isstring(L, -1)) {
    luaL_error(L, "invalid value (a %s at index %I) in a table for 'concat'", luaL_typename(L, -1),
               i);
  }
  lua_tolstring(L, -1, &len);
  if (len > max || luaL_bufflen(out) > max - len) {
    luaL_error(L, "the result is longer than a quarter of lua.memory (%I bytes)", (lua_Integer)max);
  }
  luaL_addvalue(out);
}

static int lib_concat(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t sep_len;
  const char *sep = luaL_optlstring(L, 2, "", &sep_len);
  lua_Integer first = luaL_optinteger(L, 3, 1);
  lua_Integer last = lua_isnoneornil(L, 4) ? check_size(L, 1) : luaL_checkinteger(L, 4);
  lua_Unsigned count = check_range(L, first, last);
  size_t max = tg_vm_text_max(tg_vm_of(L));
  if (sep_len > max) return luaL_error(L, "the separator has %I bytes", (lua_Integer)sep_len);
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  for (lua_Unsigned i = 0; i < count; i++) {
    poll_at(L, i);
    if (i) luaL_addlstring(&out, sep, sep_len);
    add_element(L, &out, first + (lua_Integer)i, max);
  }
  luaL_pushresult(&out);
  return 1;
}

static int lib_unpack(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_Integer first = luaL_optinteger(L, 2, 1);
  lua_Integer last = lua_isnoneornil(L, 3) ? check_size(L, 1) : luaL_checkinteger(L, 3);
  lua_Unsigned count = check_range(L, first, last);
  if (count > UNPACK_MAX || !lua_checkstack(L, (int)count)) {
    return luaL_error(L, "%I values are too many to unpack", (lua_Integer)count);
  }
  for (lua_Unsigned i = 0; i < count; i++) lua_geti(L, 1, first + (lua_Integer)i);
  return (int)count;
}

/* ---- sort: a merge sort from runs of one element upwards, between two work tables. The stock
 * quicksort picks pivots by the clock for some inputs, and the order of equal elements with it:
 * results must not depend on that. */

enum { ARG_LESS = 2, WORK_A = 3, WORK_B = 4 };

/* Whether the value on top comes before the one below it. [-0, +0] */
static bool is_less(lua_State *L)
{
  if (lua_isnil(L, ARG_LESS)) return lua_compare(L, -1, -2, LUA_OPLT);
  lua_pushvalue(L, ARG_LESS);
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -4);
  lua_call(L, 2, 1);
  bool less = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return less;
}

/* Whether element `right` must go before element `left`. */
static bool comes_first(lua_State *L, int work, lua_Integer right, lua_Integer left)
{
  lua_rawgeti(L, work, left);
  lua_rawgeti(L, work, right);
  bool first = is_less(L);
  lua_pop(L, 2);
  return first;
}

/* Merges [from, middle) and [middle, end) of one work table into the other. */
static void merge(lua_State *L, int work, lua_Integer from, lua_Integer middle, lua_Integer end)
{
  lua_Integer left = from, right = middle;
  int other = work == WORK_A ? WORK_B : WORK_A;
  for (lua_Integer to = from; to < end; to++) {
    poll_at(L, (lua_Unsigned)to);
    bool take_right = left == middle || (right < end && comes_first(L, work, right, left));
    lua_rawgeti(L, work, take_right ? right++ : left++);
    lua_rawseti(L, other, to);
  }
}

static lua_Integer least(lua_Integer a, lua_Integer b)
{
  return a < b ? a : b;
}

/* Returns the work table that holds the sorted elements. */
static int merge_all(lua_State *L, lua_Integer size)
{
  int work = WORK_A;
  for (lua_Integer run = 1; run < size; run *= 2) {
    for (lua_Integer from = 1; from <= size; from += 2 * run) {
      merge(L, work, from, least(from + run, size + 1), least(from + 2 * run, size + 1));
    }
    work = work == WORK_A ? WORK_B : WORK_A;
  }
  return work;
}

static int lib_sort(lua_State *L)
{
  lua_Integer size = check_size(L, 1);
  if (size < 2) return 0;
  if (!lua_isnoneornil(L, ARG_LESS)) luaL_checktype(L, ARG_LESS, LUA_TFUNCTION);
  lua_settop(L, ARG_LESS);
  lua_createtable(L, (int)size, 0);
  lua_createtable(L, (int)size, 0);
  for (lua_Integer i = 1; i <= size; i++) {
    poll_at(L, (lua_Unsigned)i);
    lua_geti(L, 1, i);
    lua_rawseti(L, WORK_A, i);
  }
  int sorted = merge_all(L, size);
  for (lua_Integer i = 1; i <= size; i++) {
    poll_at(L, (lua_Unsigned)i);
    lua_rawgeti(L, sorted, i);
    lua_seti(L, 1, i);
  }
  return 0;
}

void tg_tablib_set(lua_State *L)
{
  static const luaL_Reg FUNCTIONS[] = {
      {"insert", lib_insert}, {"remove", lib_remove}, {"move", lib_move}, {"concat", lib_concat},
      {"unpack", lib_unpack}, {"sort", lib_sort},     {NULL, NULL},
  };
  luaL_setfuncs(L, FUNCTIONS, 0);
}
