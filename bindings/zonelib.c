/* Time zones for scripts. A file of the tz database is read when a rule is loaded that names it
 * (kind `zone`), and kept with the program: judges look it up and never touch a disk. */
#include "bindings/api.h"
#include "bindings/script.h"
#include "core/data/registry.h"
#include "core/data/zone.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BYTES = 4096 };

static const char ZONES; /* its address: registry key of the table of zones by name */
static const char METATABLE[] = "tidegate.zone";

struct loaded { /* a zone; it lives as long as the VM */
  struct tg_arena arena;
  const struct tg_zone *zone;
};

/* Reads a whole file. False: it is not there, or larger than a zone is. */
static bool read_file(const char *path, struct tg_buf *out)
{
  char piece[4096];
  FILE *f = fopen(path, "rb");
  if (!f) return false;
  for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;) tg_buf_add(out, piece, n);
  bool good = !ferror(f) && !out->failed;
  fclose(f);
  return good;
}

/* As the C library finds them. The name is one of the tz database. */
static const struct tg_zone *read_zone(struct tg_arena *arena, struct tg_text name,
                                       struct tg_err *err)
{
  char path[512];
  struct tg_buf bytes;
  const struct tg_zone *z = NULL;
  const char *folder = getenv("TZDIR");
  if (!folder || !*folder) folder = "/usr/share/zoneinfo";
  snprintf(path, sizeof path, "%s/%.*s", folder, TG_TEXT(name));
  tg_buf_init(&bytes, TG_ZONE_BYTES_MAX);
  enum tg_rc rc = TG_DATA;
  if (read_file(path, &bytes))
    rc = tg_zone_read(arena, tg_buf_view(&bytes), &z, err);
  else
    tg_err_set(err, rc, "zone", "it cannot be read: install tzdata, or set TZDIR");
  tg_buf_fini(&bytes);
  if (rc == TG_OK) return z;
  char why[sizeof err->what];
  snprintf(why, sizeof why, "%s", err->what);
  tg_err_set(err, rc, "zone", "%s: %s", path, why);
  return NULL;
}

static const struct tg_zone *load_zone(struct tg_arena *arena, struct tg_text name,
                                       struct tg_err *err)
{
  char shown[64];
  const struct tg_zone *z = tg_zone_fixed(arena, name);
  if (z) return z;
  if (tg_registry_has(&tg_registry_zone, name)) return read_zone(arena, name, err);
  tg_err_set(err, TG_CONFIG, "zone",
             "\"UTC\", an offset such as \"+01:00\" or a name such as \"Europe/Berlin\" is due, "
             "not '%s'",
             tg_text_shown(name, shown, sizeof shown));
  return NULL;
}

/* tg.zone_fault(name) -> why there is no such zone; nil when there is, and it is loaded. */
static int loader_zone_fault(lua_State *L)
{
  struct tg_err err;
  size_t len;
  const char *name = luaL_checklstring(L, 1, &len);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &ZONES);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, -2) != LUA_TNIL) return lua_pushnil(L), 1;
  struct loaded *z = lua_newuserdatauv(L, sizeof *z, 0);
  z->zone = NULL;
  tg_arena_init(&z->arena, ARENA_BYTES, 0);
  luaL_setmetatable(L, METATABLE);
  z->zone = load_zone(&z->arena, tg_text_of(name, len), &err);
  if (!z->zone) return lua_pushstring(L, err.what), 1;
  lua_pushvalue(L, 1);
  lua_insert(L, -2);
  lua_rawset(L, -4);
  lua_pushnil(L);
  return 1;
}

static int zone_gc(lua_State *L)
{
  struct loaded *z = luaL_checkudata(L, 1, METATABLE);
  tg_arena_fini(&z->arena);
  return 0;
}

static const struct tg_zone *zone_check(lua_State *L)
{
  luaL_checktype(L, 1, LUA_TSTRING);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &ZONES);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, -2) != LUA_TUSERDATA)
    luaL_error(L, "zone '%s' was not loaded: zones are parameters of the kind `zone`",
               lua_tostring(L, 1));
  const struct loaded *z = lua_touserdata(L, -1);
  return z->zone;
}

int tg_api_zone_day(lua_State *L)
{
  int64_t us = luaL_checkinteger(L, 2), from_us;
  lua_pushinteger(L, tg_zone_day(zone_check(L), us, &from_us));
  lua_pushinteger(L, from_us);
  return 2;
}

int tg_api_zone_first(lua_State *L)
{
  int64_t us = luaL_checkinteger(L, 2);
  lua_pushinteger(L, tg_zone_first(zone_check(L), us));
  return 1;
}

void tg_zonelib_open(lua_State *L)
{
  static const luaL_Reg list[] = {{"zone_fault", loader_zone_fault}, {NULL, NULL}};
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &ZONES);
  luaL_newmetatable(L, METATABLE);
  lua_pushcfunction(L, zone_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lua_pushlightuserdata(L, tg_loader_program(L));
  luaL_setfuncs(L, list, 1);
}
