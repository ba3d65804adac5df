/* The part of the loader that is written in Lua (prelude_*.lua), and small functions it calls. */
#include "bindings/api.h"
#include "bindings/batchobj.h"
#include "bindings/fixture.h"
#include "bindings/lookupread.h"
#include "bindings/script.h"

#include <lauxlib.h>
#include <stdio.h>

extern const char tg_embed_prelude_source_lua[];
extern const char tg_embed_prelude_params_lua[];
extern const char tg_embed_prelude_measures_lua[];
extern const char tg_embed_prelude_expr_lua[];
extern const char tg_embed_prelude_common_lua[];
extern const char tg_embed_prelude_judge_lua[];
extern const char tg_embed_prelude_state_lua[];
extern const char tg_embed_prelude_bind_lua[];
extern const char tg_embed_prelude_rules_lua[];
extern const char tg_embed_prelude_lookups_lua[];
extern const char tg_embed_prelude_sink_lua[];
extern const char tg_embed_prelude_topics_lua[];
extern const char tg_embed_prelude_series_lua[];
extern const char tg_embed_prelude_given_lua[];
extern const char tg_embed_prelude_files_lua[];
extern const char tg_embed_prelude_golden_lua[];
extern const char tg_embed_prelude_checks_lua[];
extern const char tg_embed_prelude_property_lua[];
extern const char tg_embed_prelude_compare_lua[];
extern const char tg_embed_prelude_tests_lua[];
extern const char tg_embed_prelude_trials_lua[];
extern const char tg_embed_prelude_pages_lua[];

static const struct prelude {
  const char *field, *name, *text;
} PRELUDE[] = {
    {"source", "prelude_source.lua", tg_embed_prelude_source_lua},
    {"params", "prelude_params.lua", tg_embed_prelude_params_lua},
    {"measures", "prelude_measures.lua", tg_embed_prelude_measures_lua},
    {"expr", "prelude_expr.lua", tg_embed_prelude_expr_lua},
    {"common", "prelude_common.lua", tg_embed_prelude_common_lua},
    {"judge", "prelude_judge.lua", tg_embed_prelude_judge_lua},
    {"state", "prelude_state.lua", tg_embed_prelude_state_lua},
    {"bind", "prelude_bind.lua", tg_embed_prelude_bind_lua},
    {"rules", "prelude_rules.lua", tg_embed_prelude_rules_lua},
    {"lookups", "prelude_lookups.lua", tg_embed_prelude_lookups_lua},
    {"sink", "prelude_sink.lua", tg_embed_prelude_sink_lua},
    {"topics", "prelude_topics.lua", tg_embed_prelude_topics_lua},
    {"series", "prelude_series.lua", tg_embed_prelude_series_lua},
    {"given", "prelude_given.lua", tg_embed_prelude_given_lua},
    {"files", "prelude_files.lua", tg_embed_prelude_files_lua},
    {"golden", "prelude_golden.lua", tg_embed_prelude_golden_lua},
    {"checks", "prelude_checks.lua", tg_embed_prelude_checks_lua},
    {"property", "prelude_property.lua", tg_embed_prelude_property_lua},
    {"compare", "prelude_compare.lua", tg_embed_prelude_compare_lua},
    {"tests", "prelude_tests.lua", tg_embed_prelude_tests_lua},
    {"trials", "prelude_trials.lua", tg_embed_prelude_trials_lua},
    {"pages", "prelude_pages.lua", tg_embed_prelude_pages_lua},
};

enum { NAMES_MAX = 4096 }; /* candidates of a "did you mean" */

/* tg.fault(path, line, message) */
static int prelude_fault(lua_State *L)
{
  char where[128];
  struct tg_err err;
  snprintf(where, sizeof where, "%s:%d", luaL_checkstring(L, 1), (int)luaL_optinteger(L, 2, 1));
  tg_err_set(&err, TG_CONFIG, where, "%s", luaL_checkstring(L, 3));
  tg_loader_fault(tg_loader_program(L), &err);
  return 0;
}

/* tg.warn(path, line, message): what is odd and no fault. Of tests it is not kept. */
static int prelude_warn(lua_State *L)
{
  struct tg_program *p = tg_loader_program(L);
  if (!p->loading || p->warnings_count == TG_WARNINGS_MAX) return 0;
  struct tg_warning *w = tg_arena_zalloc(&p->arena, 1, sizeof *w);
  if (w)
    w->where =
        tg_arena_printf(&p->arena, "%s:%d", luaL_checkstring(L, 1), (int)luaL_optinteger(L, 2, 1));
  if (w) w->what = tg_arena_printf(&p->arena, "%s", luaL_checkstring(L, 3));
  if (!w || !w->where || !w->what) return luaL_error(L, "not enough memory for the scripts");
  *p->warnings_end = w;
  p->warnings_end = &w->next;
  p->warnings_count++;
  return 0;
}

/* tg.parameters(f): how many parameters a Lua function declares. */
static int prelude_parameters(lua_State *L)
{
  lua_Debug ar;
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_getinfo(L, ">u", &ar);
  lua_pushinteger(L, ar.nparams);
  return 1;
}

/* tg.caller() -> path, line of the script that called the Lua function that calls this. */
static int prelude_caller(lua_State *L)
{
  lua_Debug ar;
  if (!lua_getstack(L, 2, &ar) || !lua_getinfo(L, "Sl", &ar)) return luaL_error(L, "no caller");
  lua_pushstring(L, *ar.source == '@' ? ar.source + 1 : ar.short_src);
  lua_pushinteger(L, ar.currentline);
  return 2;
}

/* tg.shown(text) -> text for a message */
static int prelude_shown(lua_State *L)
{
  char out[320];
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  lua_pushstring(L, tg_text_shown(tg_text_of(s, len), out, sizeof out));
  return 1;
}

/* tg.nearest(word, names) -> the name meant, or nil */
static int prelude_nearest(lua_State *L)
{
  const char *names[NAMES_MAX + 1];
  size_t len, count = 0;
  const char *word = luaL_checklstring(L, 1, &len);
  lua_Integer n = luaL_len(L, 2);
  for (lua_Integer i = 1; i <= n && count < NAMES_MAX; i++) {
    if (lua_rawgeti(L, 2, i) == LUA_TSTRING) names[count++] = lua_tostring(L, -1);
    lua_pop(L, 1); /* the list keeps the text alive */
  }
  names[count] = NULL;
  lua_pushstring(L, tg_text_nearest(tg_text_of(word, len), names));
  return 1;
}

/* tg.name_ok(text) -> may stand for a table or column */
static int prelude_name_ok(lua_State *L)
{
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  lua_pushboolean(L, tg_name_ok(tg_text_of(s, len)));
  return 1;
}

/* tg.is_batch_name(name) -> scripts reach something of the batch itself by it */
static int prelude_is_batch_name(lua_State *L)
{
  const char *name = luaL_checkstring(L, 1);
  bool is = false;
  for (const struct tg_api *a = tg_api_batch; a->name; a++) is = is || strcmp(a->name, name) == 0;
  lua_pushboolean(L, is);
  return 1;
}

static const luaL_Reg LIBRARY[] = {
    {"fault", prelude_fault},
    {"warn", prelude_warn},
    {"caller", prelude_caller},
    {"parameters", prelude_parameters},
    {"shown", prelude_shown},
    {"nearest", prelude_nearest},
    {"name_ok", prelude_name_ok},
    {"is_batch_name", prelude_is_batch_name},
    {NULL, NULL},
};

/* Copies every pair of the table at `from` into the table on top. [-0, +0] */
static void copy_pairs(lua_State *L, int from)
{
  int to = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, from)) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, to);
  }
}

static int collect_name(lua_State *L, int table, const char **names, int count)
{
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) == LUA_TSTRING && count < NAMES_MAX) names[count++] = lua_tostring(L, -1);
  }
  return count;
}

/* __index of the API table: what no script may read. Upvalues: program, the globals' own table. */
static int explain_missing(lua_State *L)
{
  const char *names[NAMES_MAX + 1];
  if (lua_type(L, 2) == LUA_TSTRING) {
    names[collect_name(L, 1, names, 0)] = NULL;
    const char *near = tg_text_nearest(tg_text(lua_tostring(L, 2)), names);
    if (near) {
      return luaL_error(L, "there is no '%s'; did you mean '%s'?", lua_tostring(L, 2), near);
    }
  }
  lua_pushvalue(L, 2);
  lua_gettable(L, lua_upvalueindex(2)); /* raises, and says why */
  return 1;
}

/* Pushes the table of all names a script can use: the globals and the batch API; rule kinds join
 * later. */
static void push_api(lua_State *L)
{
  lua_newtable(L);
  lua_pushglobaltable(L);
  lua_insert(L, -2);
  copy_pairs(L, lua_gettop(L) - 1);
  lua_remove(L, -2);
  tg_batchobj_open(L);
  tg_require_open(L);
  lua_createtable(L, 0, 2);
  lua_pushlightuserdata(L, tg_loader_program(L));
  lua_pushglobaltable(L);
  lua_pushcclosure(L, explain_missing, 2);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}

static void load_prelude(lua_State *L, const struct prelude *part)
{
  struct tg_program *p = tg_loader_program(L);
  struct tg_err err;
  if (tg_vm_load(p->vm, part->name, tg_text(part->text), &err) != TG_OK) {
    luaL_error(L, "%s: %s", err.where, err.what);
  }
  lua_pushvalue(L, -2);
  lua_call(L, 1, 1);
  lua_setfield(L, -2, part->field);
}

static int open_prelude(lua_State *L)
{
  struct tg_program *p = tg_loader_program(L);
  lua_newtable(L);
  lua_pushlightuserdata(L, p);
  luaL_setfuncs(L, LIBRARY, 1);
  lua_pushinteger(L, p->conf.rows_max);
  lua_setfield(L, -2, "rows_max");
  lua_pushboolean(L, p->conf.to_kafka);
  lua_setfield(L, -2, "to_kafka");
  tg_topicload_open(L);
  tg_ruleload_open(L);
  tg_lookupread_open(L);
  tg_fixture_open(L);
  tg_zonelib_open(L);
  push_api(L);
  lua_getfield(L, -1, "null");
  lua_setfield(L, -3, "null");
  lua_setfield(L, -2, "api");
  for (size_t i = 0; i < sizeof PRELUDE / sizeof *PRELUDE; i++) load_prelude(L, &PRELUDE[i]);
  p->prelude = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

enum tg_rc tg_prelude_open(struct tg_program *p, struct tg_err *err)
{
  return tg_loader_run(p, open_prelude, NULL, err);
}
