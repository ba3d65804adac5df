/* The loader's side of Lua: what its functions stand on, and files of scripts. */
#include "bindings/coverage.h"
#include "bindings/script.h"

#include <lauxlib.h>

struct tg_program *tg_loader_program(lua_State *L)
{
  return lua_touserdata(L, lua_upvalueindex(1));
}

void tg_loader_fault(struct tg_program *p, const struct tg_err *err)
{
  p->faults++;
  if (p->fault) p->fault(p->fault_self, err);
}

struct tg_text tg_loader_text(lua_State *L, int idx)
{
  struct tg_program *p = tg_loader_program(L);
  size_t len;
  const char *s = luaL_checklstring(L, idx, &len);
  char *copy = tg_arena_bytes(&p->arena, len + 1);
  if (!copy) luaL_error(L, "not enough memory for a text of the scripts");
  memcpy(copy, s, len + 1);
  return tg_text_of(copy, len);
}

/* Runs body(argument) with the program as its first upvalue. Arguments: body, program, argument. */
static int with_program(lua_State *L)
{
  lua_CFunction body = lua_tocfunction(L, 1);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, body, 1);
  lua_pushvalue(L, 3);
  lua_call(L, 1, 0);
  return 0;
}

enum tg_rc tg_loader_run(struct tg_program *p, lua_CFunction body, void *argument,
                         struct tg_err *err)
{
  lua_State *L = tg_vm_lua(p->vm);
  if (!lua_checkstack(L, 4)) return tg_err_set(err, TG_FATAL, "lua", "no stack left");
  lua_pushcfunction(L, with_program);
  lua_pushcfunction(L, body);
  lua_pushlightuserdata(L, p);
  lua_pushlightuserdata(L, argument);
  return tg_vm_call(p->vm, 3, 0, err);
}

void tg_loader_push(lua_State *L, const char *part, const char *name)
{
  lua_rawgeti(L, LUA_REGISTRYINDEX, tg_loader_program(L)->prelude);
  lua_getfield(L, -1, part);
  lua_getfield(L, -1, name);
  lua_replace(L, -3);
  lua_pop(L, 1);
}

static int call_prelude(lua_State *L)
{
  const char *const *names = lua_touserdata(L, 1);
  tg_loader_push(L, names[0], names[1]);
  lua_call(L, 0, 0);
  return 0;
}

enum tg_rc tg_loader_call(struct tg_program *p, const char *part, const char *name,
                          struct tg_err *err)
{
  const char *names[] = {part, name};
  return tg_loader_run(p, call_prelude, names, err);
}

void tg_loader_give_api(lua_State *L)
{
  lua_getupvalue(L, -1, 1);
  lua_getmetatable(L, -1);
  lua_rawgeti(L, LUA_REGISTRYINDEX, tg_loader_program(L)->prelude);
  lua_getfield(L, -1, "api");
  lua_setfield(L, -3, "__index");
  lua_pop(L, 3);
}

/* "orders" of "scripts/orders.lua" [-0, +1] */
static void push_base_name(lua_State *L, const char *path)
{
  const char *slash = strrchr(path, '/');
  const char *base = slash ? slash + 1 : path;
  const char *dot = strrchr(base, '.');
  lua_pushlstring(L, base, dot ? (size_t)(dot - base) : strlen(base));
}

static void push_file(lua_State *L, const struct tg_source_file *file)
{
  lua_createtable(L, 0, 4);
  lua_pushstring(L, file->path);
  lua_setfield(L, -2, "path");
  lua_pushlstring(L, file->text, file->size);
  lua_setfield(L, -2, "text");
  push_base_name(L, file->path);
  lua_setfield(L, -2, "name");
  lua_pushboolean(L, file->kind == TG_FILE_CATALOGUE);
  lua_setfield(L, -2, "catalogue");
}

bool tg_loader_chunk(lua_State *L, const struct tg_source_file *file, struct tg_err *err)
{
  struct tg_program *p = tg_loader_program(L);
  struct tg_text text = tg_text_of(file->text, file->size);
  if (tg_vm_load(p->vm, file->path, text, err) != TG_OK) return false;
  if (p->conf.coverage) tg_coverage_chunk(L, p->conf.coverage, file);
  tg_loader_give_api(L);
  lua_call(L, 0, 1);
  return true;
}

static int load_file(lua_State *L)
{
  const struct tg_source_file *file = lua_touserdata(L, 1);
  struct tg_err err;
  if (!tg_loader_chunk(L, file, &err)) {
    tg_loader_fault(tg_loader_program(L), &err);
    return 0;
  }
  tg_loader_push(L, file->kind == TG_FILE_SCRIPT ? "topics" : "rules", "load");
  push_file(L, file);
  lua_pushvalue(L, -3);
  lua_call(L, 2, 0);
  return 0;
}

enum tg_rc tg_loader_file(struct tg_program *p, const struct tg_source_file *file,
                          struct tg_err *err)
{
  enum tg_rc rc = tg_loader_run(p, load_file, (void *)(uintptr_t)file, err);
  if (rc != TG_DATA) return rc;
  if (!*err->where) tg_err_set(err, TG_CONFIG, file->path, "%s", err->what);
  err->rc = TG_CONFIG;
  tg_loader_fault(p, err);
  return TG_OK;
}
