/* What scripts can reach: an allow-list. Everything shared is frozen: scripts see empty tables that
 * read through to the real ones, so that even rawset could only touch the empty one (and is
 * refused). */
#include "bindings/message.h"
#include "bindings/vmstate.h"

#include "core/base/log.h"

#include <lauxlib.h>
#include <lualib.h>

static const char *const BASE_KEPT[] = {"assert",   "error",  "ipairs",   "next",     "pairs",
                                        "rawequal", "rawlen", "select",   "tonumber", "tostring",
                                        "type",     "rawget", "_VERSION", NULL};

/* The others are tg_strlib_set()'s and tg_tablib_set()'s. */
static const char *const STRING_KEPT[] = {"byte",  "char",   "format",   "len",
                                          "lower", "pack",   "packsize", "reverse",
                                          "sub",   "unpack", "upper",    NULL};

static const char *const TABLE_KEPT[] = {"pack", NULL};

static const char *const MATH_KEPT[] = {
    "abs",  "acos", "asin", "atan", "ceil",       "cos",  "deg",        "exp",  "floor",
    "fmod", "huge", "log",  "max",  "maxinteger", "min",  "mininteger", "modf", "pi",
    "rad",  "sin",  "sqrt", "tan",  "tointeger",  "type", "ult",        NULL};

static const char *const UTF8_KEPT[] = {"char", "charpattern", "codes", "codepoint",
                                        "len",  "offset",      NULL};

/* Says why instead of "attempt to index a nil value". */
static const struct absent {
  const char *name, *why;
} ABSENT[] = {
    {"io", "scripts do no I/O"},
    {"os", "scripts have no clock; time comes from the data"},
    {"debug", "it would open the sandbox"},
    {"package", "use require for files below your own folder"},
    {"load", "code comes from files"},
    {"loadstring", "code comes from files"},
    {"loadfile", "code comes from files"},
    {"dofile", "code comes from files"},
    {"coroutine", "a deadline could not reach into it"},
    {"collectgarbage", "memory has its own cap, lua.memory"},
    {"math.random", "results may not depend on chance"},
    {"math.randomseed", "results may not depend on chance"},
    {"string.dump", "functions do not leave the VM"},
    {NULL, NULL},
};

/* The key at 2, for messages. */
static const char *key_shown(lua_State *L)
{
  return lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
}

static int refuse_write(lua_State *L)
{
  return luaL_error(L, "'%s' cannot be set: this table is frozen", key_shown(L));
}

static int refuse_global(lua_State *L)
{
  const char *name = key_shown(L);
  return luaL_error(L, "global '%s' is not declared: write 'local %s'", name, name);
}

/* Upvalue 1: "" for the globals, else the library with its dot. */
static int explain_missing(lua_State *L)
{
  const char *library = lua_tostring(L, lua_upvalueindex(1));
  const char *name = lua_pushfstring(L, "%s%s", library, key_shown(L));
  for (const struct absent *a = ABSENT; a->name; a++) {
    if (strcmp(a->name, name) == 0) {
      return luaL_error(L, "'%s' is not available to scripts: %s", name, a->why);
    }
  }
  return luaL_error(L, "%s'%s' is not defined", *library ? "" : "global ", name);
}

/* Reading a name that the table on top lacks raises from now on. [-0, +0] */
static void explain_absent(lua_State *L, const char *library)
{
  lua_createtable(L, 0, 1);
  lua_pushstring(L, library);
  lua_pushcclosure(L, explain_missing, 1);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

/* pairs() over a frozen table walks the real one. */
static int frozen_pairs(lua_State *L)
{
  lua_getglobal(L, "next");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushnil(L);
  return 3;
}

/* Replaces the table on top by an empty one that reads through to it. [-1, +1] */
static void freeze(lua_State *L)
{
  lua_newtable(L);
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_write);
  lua_setfield(L, -2, "__newindex");
  lua_pushvalue(L, -3);
  lua_pushcclosure(L, frozen_pairs, 1);
  lua_setfield(L, -2, "__pairs");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_remove(L, -2);
}

/* Up to 500 bytes to the log, at debug level. */
static int log_print(lua_State *L)
{
  char where[128] = "script", line[501] = "";
  size_t used = 0;
  int count = lua_gettop(L);
  for (int i = 1; i <= count && used + 1 < sizeof line; i++) {
    size_t len, room = sizeof line - 1 - used;
    const char *text = luaL_tolstring(L, i, &len);
    if (i > 1 && room--) line[used++] = ' ';
    if (len > room) len = room;
    memcpy(line + used, text, len);
    used += len;
    lua_pop(L, 1);
  }
  line[used] = 0;
  tg_message_where(L, where, sizeof where);
  tg_log(TG_DEBUG, where, "%s", line);
  return 0;
}

/* pcall and xpcall give the script its error back, but never a deadline or the end of memory. */
static int finish_call(lua_State *L, int status)
{
  if (status != LUA_OK) tg_vm_pass_on(L, status);
  lua_pushboolean(L, status == LUA_OK);
  lua_replace(L, 1);
  return lua_gettop(L);
}

static int safe_pcall(lua_State *L)
{
  luaL_checkany(L, 1);
  lua_pushnil(L);
  lua_insert(L, 1); /* the place of the verdict */
  return finish_call(L, lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0));
}

/* The script's handler, unless the deadline is being raised: hooks are off then, nothing could stop
 * it. */
static int guarded_handler(lua_State *L)
{
  if (tg_vm_late(tg_vm_of(L)) || tg_vm_of(L)->lost) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

static int safe_xpcall(lua_State *L)
{
  luaL_checkany(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  int args = lua_gettop(L) - 2;
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, guarded_handler, 1);
  lua_replace(L, 2);
  lua_pushvalue(L, 1);
  lua_insert(L, 3); /* the place of the verdict, the handler, the function, its arguments */
  int status = lua_pcall(L, args, LUA_MULTRET, 2);
  lua_remove(L, 2);
  return finish_call(L, status);
}

static const luaL_Reg BASE_OWN[] = {
    {"pcall", safe_pcall},
    {"xpcall", safe_xpcall},
    {"print", log_print},
    {NULL, NULL},
};

/* Copies the named fields of the table at -2 into the table on top. [-0, +0] */
static void keep_fields(lua_State *L, const char *const *names)
{
  for (; *names; names++) {
    lua_getfield(L, -2, *names);
    lua_setfield(L, -2, *names);
  }
}

/* Opens a stock library and leaves its allowed part on top, with our own functions. [-0, +1] */
static void open_part(lua_State *L, lua_CFunction open, const char *const *names,
                      void (*own)(lua_State *L))
{
  lua_pushcfunction(L, open);
  lua_call(L, 0, 1);
  lua_newtable(L);
  keep_fields(L, names);
  if (own) own(L);
  lua_remove(L, -2);
}

/* The base library writes into the globals: what is not allowed is taken out again. [-0, +0] */
static void open_base(lua_State *L)
{
  lua_newtable(L);
  lua_pushcfunction(L, luaopen_base);
  lua_call(L, 0, 1);
  lua_insert(L, -2);
  keep_fields(L, BASE_KEPT);
  luaL_setfuncs(L, BASE_OWN, 0);
  tg_metatable_set(L);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pop(L, 1);
}

/* ("x"):upper() finds the allowed functions only, and its metatable cannot be reached. [-1, +0] */
static void set_string_methods(lua_State *L)
{
  lua_pushliteral(L, "");
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

/* The table on top becomes a frozen global. shown: the name with its dot. [-1, +0] */
static void set_library(lua_State *L, const char *name, const char *shown)
{
  explain_absent(L, shown);
  freeze(L);
  lua_setglobal(L, name);
}

void tg_sandbox_open(lua_State *L)
{
  open_base(L);
  open_part(L, luaopen_string, STRING_KEPT, tg_strlib_set);
  set_string_methods(L);
  set_library(L, "string", "string.");
  open_part(L, luaopen_table, TABLE_KEPT, tg_tablib_set);
  set_library(L, "table", "table.");
  open_part(L, luaopen_math, MATH_KEPT, NULL);
  set_library(L, "math", "math.");
  open_part(L, luaopen_utf8, UTF8_KEPT, NULL);
  set_library(L, "utf8", "utf8.");
  lua_pushglobaltable(L);
  freeze(L);
  lua_setglobal(L, "_G");
  lua_pushglobaltable(L);
  explain_absent(L, "");
  lua_pop(L, 1);
}

void tg_sandbox_env(lua_State *L)
{
  lua_newtable(L);
  lua_createtable(L, 0, 3);
  lua_pushglobaltable(L);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, refuse_global);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_setupvalue(L, -2, 1);
}
