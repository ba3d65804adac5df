/* getmetatable, setmetatable and rawset for scripts. A table gets a private copy of the metatable's
 * events, so that what was checked stays as it was checked:
 *
 *   __gc    would run code at any moment       __len   would lie to C code about sizes
 *   __mode  lets one garbage collection take minutes (chains of ephemerons)
 *   __call  with a table in it may loop in C for minutes
 *   __concat  may move the stack, to which luaV_concat() of Lua 5.4.4 keeps a pointer (vm.c)
 *
 * Events added to the metatable later are not seen, except __index (`self.__index = self` often
 * comes after). */
#include "bindings/vmstate.h"

#include <lauxlib.h>

static const char *const REFUSED[] = {"__gc", "__len", "__mode", "__concat", NULL};

static const char *const EVENTS[] = {
    "__index",     "__newindex", "__call", "__tostring", "__name", "__close", "__pairs",
    "__metatable", "__eq",       "__lt",   "__le",       "__unm",  "__add",   "__sub",
    "__mul",       "__div",      "__mod",  "__pow",      "__idiv", "__band",  "__bor",
    "__bxor",      "__shl",      "__shr",  "__bnot",     NULL};

enum { ORIGINAL = 1 }; /* where a copy keeps the script's own metatable */

static bool is_protected(lua_State *L, int idx)
{
  bool is = luaL_getmetafield(L, idx, "__metatable") != LUA_TNIL;
  if (is) lua_pop(L, 1);
  return is;
}

/* __index as the metatable (upvalue 1) has it now. */
static int index_late(lua_State *L)
{
  lua_pushliteral(L, "__index");
  int type = lua_rawget(L, lua_upvalueindex(1));
  if (type == LUA_TNIL) return 1;
  if (type == LUA_TFUNCTION) {
    lua_insert(L, 1);
    lua_call(L, 2, 1);
  } else {
    lua_pushvalue(L, 2);
    lua_gettable(L, -2);
  }
  return 1;
}

static void check_events(lua_State *L, int idx)
{
  for (const char *const *name = REFUSED; *name; name++) {
    lua_pushstring(L, *name);
    if (lua_rawget(L, idx) != LUA_TNIL) luaL_error(L, "metatables cannot have %s here", *name);
    lua_pop(L, 1);
  }
  lua_pushliteral(L, "__call");
  int type = lua_rawget(L, idx);
  if (type != LUA_TNIL && type != LUA_TFUNCTION) {
    luaL_error(L, "__call must be a function here, not a %s", lua_typename(L, type));
  }
  lua_pop(L, 1);
}

/* Pushes the private copy of the metatable at idx. [-0, +1] */
static void push_copy(lua_State *L, int idx)
{
  lua_createtable(L, 1, 4);
  lua_pushvalue(L, idx);
  lua_pushcclosure(L, index_late, 1);
  lua_setfield(L, -2, "__index");
  for (const char *const *name = EVENTS; *name; name++) {
    lua_pushstring(L, *name);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, idx) == LUA_TNIL) {
      lua_pop(L, 2);
    } else {
      lua_rawset(L, -3);
    }
  }
  lua_pushvalue(L, idx);
  lua_rawseti(L, -2, ORIGINAL);
}

static int lib_setmetatable(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  int type = lua_type(L, 2);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (is_protected(L, 1)) return luaL_error(L, "cannot change a protected metatable");
  if (type == LUA_TTABLE) {
    check_events(L, 2);
    push_copy(L, 2);
  } else {
    lua_pushnil(L);
  }
  lua_setmetatable(L, 1);
  lua_settop(L, 1);
  return 1;
}

/* Metatables of anything but tables stay out of sight. */
static int lib_getmetatable(lua_State *L)
{
  luaL_checkany(L, 1);
  if (lua_type(L, 1) != LUA_TTABLE || !lua_getmetatable(L, 1)) return lua_pushnil(L), 1;
  if (luaL_getmetafield(L, 1, "__metatable") == LUA_TNIL) lua_rawgeti(L, -1, ORIGINAL);
  return 1;
}

static int lib_rawset(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  if (is_protected(L, 1)) return luaL_error(L, "cannot set a field: this table is frozen");
  lua_settop(L, 3);
  lua_rawset(L, 1);
  return 1;
}

void tg_metatable_set(lua_State *L)
{
  static const luaL_Reg FUNCTIONS[] = {
      {"setmetatable", lib_setmetatable},
      {"getmetatable", lib_getmetatable},
      {"rawset", lib_rawset},
      {NULL, NULL},
  };
  luaL_setfuncs(L, FUNCTIONS, 0);
}
