/* `require` for scripts: only files of the program's own set, run once, with the scripts' API
 * around them.
 *
 *   require "lib.geo"  ->  scripts/lib/geo.lua      (a file straight in `scripts` is a topic, no
 * module)
 */
#include "bindings/script.h"

#include <lauxlib.h>

enum { MODULE_NAME_MAX = 200 };

static const char loading; /* its address marks a module that is being run */

/* "/lib/geo.lua" for "lib.geo"; raises for anything that is no module name. */
static void file_suffix(lua_State *L, const char *name, size_t len, char *out)
{
  size_t at = 0;
  bool begins = true; /* of a part of the name */
  out[at++] = '/';
  for (size_t i = 0; i < len && len <= MODULE_NAME_MAX; i++) {
    bool dot = name[i] == '.';
    bool word = (name[i] >= '0' && name[i] <= '9') || (name[i] >= 'a' && name[i] <= 'z') ||
                (name[i] >= 'A' && name[i] <= 'Z') || name[i] == '_';
    if (dot ? begins : !word) break;
    out[at++] = dot ? '/' : name[i];
    begins = dot;
  }
  if (at != len + 1 || begins) luaL_error(L, "require: a name such as \"lib.geo\" is due");
  memcpy(out + at, ".lua", sizeof ".lua");
}

static const struct tg_source_file *find(const struct tg_program *p, const char *suffix)
{
  size_t len = strlen(suffix);
  for (uint32_t i = 0; i < p->files.count; i++) {
    const struct tg_source_file *f = &p->files.files[i];
    size_t size = strlen(f->path);
    bool ends = size > len && memcmp(f->path + size - len, suffix, len) == 0;
    if (f->kind == TG_FILE_MODULE && ends) return f;
  }
  return NULL;
}

/* Pushes what is known of the module and returns true, or pushes nothing. */
static bool push_known(lua_State *L)
{
  lua_pushvalue(L, 1);
  if (lua_rawget(L, lua_upvalueindex(2)) == LUA_TNIL) {
    lua_pop(L, 1);
    return false;
  }
  if (lua_touserdata(L, -1) == (void *)(uintptr_t)&loading) {
    luaL_error(L, "require: module '%s' needs itself, or has failed before", lua_tostring(L, 1));
  }
  return true;
}

/* Upvalues: program, what was loaded by name. */
static int api_require(lua_State *L)
{
  char suffix[MODULE_NAME_MAX + 8];
  struct tg_err err;
  size_t len;
  const char *name = luaL_checklstring(L, 1, &len);
  lua_settop(L, 1);
  if (push_known(L)) return 1;
  file_suffix(L, name, len, suffix);
  const struct tg_source_file *file = find(tg_loader_program(L), suffix);
  if (!file) return luaL_error(L, "require: there is no file ..%s below `scripts`", suffix);
  lua_pushvalue(L, 1);
  lua_pushlightuserdata(L, (void *)(uintptr_t)&loading);
  lua_rawset(L, lua_upvalueindex(2));
  if (!tg_loader_chunk(L, file, &err)) return luaL_error(L, "%s: %s", err.where, err.what);
  if (lua_isnil(L, -1)) lua_pushboolean(L, true);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -2);
  lua_rawset(L, lua_upvalueindex(2));
  return 1;
}

void tg_require_open(lua_State *L)
{
  lua_pushlightuserdata(L, tg_loader_program(L));
  lua_newtable(L);
  lua_pushcclosure(L, api_require, 2);
  lua_setfield(L, -2, "require");
}
