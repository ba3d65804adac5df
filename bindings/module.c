/* The Lua module `tidegate`: rules and topics tried from plain Lua, for people who use busted.
 *
 *   local tg = require "tidegate"
 *   tg.run_rule("rules/mine.lua", { with = { "x" }, given = { x = { 1, tg.null } } })
 *     -> { verdict = "fail", fails = { 2 }, reasons = { "x: null" }, evaluated = 2, error = nil }
 *   tg.run_topic("scripts/orders.lua", { events = { { id = 1 } }, rules = { "rules/mine.lua" } })
 *     -> { fates = { "load" }, reasons = { "" }, rows = { { id = 1 } }, error = nil }
 *
 * The caller's Lua state is a stock one and stays apart: values cross as text, into a program of
 * its own with the sandbox of production. Functions cannot cross. */
#include "bindings/module.h"

#include "bindings/runner.h"
#include "bindings/testrun.h"
#include "core/base/buf.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 1000, FILE_BYTES_MAX = 1 << 20, SPEC_BYTES_MAX = 16 << 20, DEPTH_MAX = 32 };

static const char SESSION[] = "tidegate.session";

/* What one call owns; a userdata, so that nothing leaks when Lua raises. */
struct session {
  struct tg_source_file files[FILES_MAX];
  char *texts[FILES_MAX];
  uint32_t count;
  struct tg_buf spec;   /* the test as Lua text */
  struct tg_buf faults; /* what does not load */
  struct tg_program *program;
  lua_State *L; /* the caller's, while results are pushed */
};

static int session_gc(lua_State *L)
{
  struct session *s = luaL_checkudata(L, 1, SESSION);
  tg_program_free(s->program);
  s->program = NULL;
  for (uint32_t i = 0; i < s->count; i++) free(s->texts[i]);
  s->count = 0;
  tg_buf_fini(&s->spec);
  tg_buf_fini(&s->faults);
  return 0;
}

static struct session *session_new(lua_State *L)
{
  struct session *s = lua_newuserdatauv(L, sizeof *s, 0);
  memset(s, 0, sizeof *s);
  tg_buf_init(&s->spec, SPEC_BYTES_MAX);
  tg_buf_init(&s->faults, FILE_BYTES_MAX);
  luaL_setmetatable(L, SESSION);
  return s;
}

static char *read_file(const char *path, size_t *size)
{
  FILE *f = fopen(path, "rb");
  char *text = f ? malloc(FILE_BYTES_MAX + 1) : NULL;
  if (text) *size = fread(text, 1, FILE_BYTES_MAX + 1, f);
  if (f) fclose(f);
  return text;
}

static void add_file(lua_State *L, struct session *s, enum tg_file_kind kind, const char *path)
{
  size_t size = 0;
  if (s->count == FILES_MAX) luaL_error(L, "more than %d files", FILES_MAX);
  char *text = read_file(path, &size);
  if (!text) luaL_error(L, "%s cannot be read", path);
  s->texts[s->count] = text;
  s->files[s->count++] = (struct tg_source_file){kind, path, text, size};
  if (size > FILE_BYTES_MAX) luaL_error(L, "%s is larger than 1 MiB", path);
}

/* --- the caller's values as Lua text --- */

static void write_value(lua_State *L, struct session *s, int idx, int depth);

static void write_text(struct tg_buf *out, const char *text, size_t len)
{
  tg_buf_char(out, '"');
  for (size_t i = 0; i < len; i++) tg_buf_printf(out, "\\%03u", (unsigned char)text[i]);
  tg_buf_char(out, '"');
}

static void write_table(lua_State *L, struct session *s, int idx, int depth)
{
  if (depth > DEPTH_MAX) luaL_error(L, "tables are nested over %d deep", DEPTH_MAX);
  luaL_checkstack(L, 4, "a deep table");
  tg_buf_char(&s->spec, '{');
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
    tg_buf_char(&s->spec, '[');
    write_value(L, s, lua_gettop(L) - 1, depth);
    tg_buf_str(&s->spec, "]=");
    write_value(L, s, lua_gettop(L), depth);
    tg_buf_char(&s->spec, ',');
  }
  tg_buf_char(&s->spec, '}');
}

static void write_number(lua_State *L, struct tg_buf *out, int idx)
{
  double d = lua_tonumber(L, idx);
  if (lua_isinteger(L, idx)) {
    tg_buf_printf(out, "0x%llx",
                  (unsigned long long)lua_tointeger(L, idx)); /* wraps, as Lua does */
  } else if (d != d) {
    tg_buf_str(out, "(0/0)");
  } else if (d - d != 0) {
    tg_buf_str(out, d > 0 ? "math.huge" : "(-math.huge)");
  } else {
    tg_buf_printf(out, "(%a)", d);
  }
}

static void write_value(lua_State *L, struct session *s, int idx, int depth)
{
  size_t len;
  switch (lua_type(L, idx)) {
  case LUA_TBOOLEAN: tg_buf_str(&s->spec, lua_toboolean(L, idx) ? "true" : "false"); return;
  case LUA_TNUMBER: write_number(L, &s->spec, idx); return;
  case LUA_TTABLE: write_table(L, s, idx, depth + 1); return;
  case LUA_TSTRING: {
    const char *text = lua_tolstring(L, idx, &len);
    write_text(&s->spec, text, len);
    return;
  }
  case LUA_TLIGHTUSERDATA:
    if (!lua_touserdata(L, idx)) {
      tg_buf_str(&s->spec, "null");
      return;
    }
    break;
  default: break;
  }
  luaL_error(L, "a %s cannot be given to a rule: it runs in a Lua of its own",
             luaL_typename(L, idx));
}

/* --- what came out, in the caller's state --- */

static void push_field(lua_State *L, const struct tg_column *c, uint32_t row)
{
  char text[640];
  struct tg_text t;
  if (tg_column_is_null(c, row)) {
    lua_pushlightuserdata(L, NULL);
  } else if (c->type.array || c->type.kind == TG_NUMERIC) {
    lua_pushstring(L, tg_column_show(c, row, text, sizeof text));
  } else if (c->type.kind == TG_BOOL) {
    lua_pushboolean(L, c->v.mask[row] == TG_TRUE);
  } else if (tg_type_is_number(c->type)) {
    bool whole = tg_type_store(c->type) == TG_STORE_INT;
    whole ? lua_pushinteger(L, c->v.ints[row]) : lua_pushnumber(L, c->v.floats[row]);
  } else if (tg_type_is_text(c->type) || c->type.kind == TG_JSON || c->type.kind == TG_JSONB) {
    t = c->v.texts[row];
    lua_pushlstring(L, t.ptr, t.len);
  } else {
    lua_pushstring(L, tg_column_show(c, row, text, sizeof text));
  }
}

static void push_row(lua_State *L, const struct tg_batch *b, uint32_t row)
{
  lua_createtable(L, 0, (int)b->topic->fields_count);
  for (uint32_t f = 0; f < b->topic->fields_count; f++) {
    struct tg_text name = b->topic->fields[f].name;
    lua_pushlstring(L, name.ptr, name.len);
    push_field(L, b->columns[f], row);
    lua_rawset(L, -3);
  }
}

/* The first reason of each row is enough to test by. */
static void push_topic(lua_State *L, const struct tg_batch *b)
{
  lua_newtable(L);
  lua_newtable(L);
  lua_newtable(L);
  for (uint32_t i = 0; i < b->rows; i++) {
    struct tg_text reason = b->issues[i] ? b->issues[i]->reason : tg_text("");
    lua_pushstring(L, tg_fate_name((enum tg_fate)b->fates[i]));
    lua_rawseti(L, -4, i + 1);
    lua_pushlstring(L, reason.ptr, reason.len);
    lua_rawseti(L, -3, i + 1);
    if (b->fates[i] > TG_TAG) continue;
    push_row(L, b, i);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
  }
  lua_setfield(L, -4, "rows");
  lua_setfield(L, -3, "reasons");
  lua_setfield(L, -2, "fates");
}

static void push_rule(lua_State *L, const struct tg_testrun *run)
{
  lua_newtable(L);
  lua_newtable(L);
  for (uint32_t i = 0; i < run->fails_count; i++) {
    lua_pushinteger(L, run->fails[i]);
    lua_rawseti(L, -3, i + 1);
    lua_pushstring(L, run->reasons[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_setfield(L, -3, "reasons");
  lua_setfield(L, -2, "fails");
  lua_pushstring(L, tg_verdict_name(run->verdict));
  lua_setfield(L, -2, "verdict");
  lua_pushinteger(L, run->evaluated);
  lua_setfield(L, -2, "evaluated");
}

/* Under protection: the run must be left in order when the caller's memory ends. */
static int push_result(lua_State *L)
{
  const struct tg_testrun *run = lua_touserdata(L, 1);
  lua_newtable(L);
  if (run->script && !run->error) {
    push_topic(L, &run->batch);
  } else {
    push_rule(L, run);
  }
  lua_pushstring(L, run->error);
  lua_setfield(L, -2, "error");
  return 1;
}

static void take_result(void *self, const struct tg_testrun *run)
{
  struct session *s = self;
  lua_pushcfunction(s->L, push_result);
  lua_pushlightuserdata(s->L, (void *)(uintptr_t)run);
  lua_pcall(s->L, 1, 1, 0); /* a failure leaves its text instead of the table */
}

/* --- the calls --- */

static void note_fault(void *self, const struct tg_err *err)
{
  struct session *s = self;
  tg_buf_printf(&s->faults, "%s%s: %s", s->faults.len ? "\n" : "", err->where, err->what);
}

/* Adds the files of spec.rules. */
static void add_rules(lua_State *L, struct session *s)
{
  if (lua_getfield(L, 2, "rules") == LUA_TTABLE) {
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    for (lua_Integer i = 1; i <= count; i++) {
      if (lua_rawgeti(L, -1, i) != LUA_TSTRING) luaL_error(L, "rules is a list of files");
      add_file(L, s, TG_FILE_RULE, lua_tostring(L, -1)); /* the caller's table keeps the text */
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

/* The spec without `rules`, as "return {..}". */
static void write_spec(lua_State *L, struct session *s)
{
  tg_buf_str(&s->spec, "return {");
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    bool ours = lua_type(L, -2) == LUA_TSTRING && strcmp(lua_tostring(L, -2), "rules") == 0;
    if (ours) continue;
    tg_buf_char(&s->spec, '[');
    write_value(L, s, lua_gettop(L) - 1, 0);
    tg_buf_str(&s->spec, "]=");
    write_value(L, s, lua_gettop(L), 0);
    tg_buf_char(&s->spec, ',');
  }
  tg_buf_char(&s->spec, '}');
  if (s->spec.failed) luaL_error(L, "the given values are larger than 16 MiB of text");
}

static void build(lua_State *L, struct session *s)
{
  struct tg_fileset set = {.files = s->files, .count = s->count};
  struct tg_program_conf conf = {.memory_max = 64 << 20, .deadline_us = 10000000};
  if (tg_program_new(&set, &conf, note_fault, s, &s->program) != TG_OK) {
    luaL_error(L, "%s", tg_buf_cstr(&s->faults));
  }
}

static int run(lua_State *L, enum tg_file_kind kind)
{
  struct tg_err err;
  const char *path = luaL_checkstring(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  struct session *s = session_new(L);
  add_rules(L, s);
  add_file(L, s, kind, path);
  write_spec(L, s);
  build(L, s);
  luaL_checkstack(L, 4, "a result");
  s->L = L;
  if (tg_program_eval(s->program, path, tg_buf_view(&s->spec), take_result, s, &err) != TG_OK) {
    return luaL_error(L, "%s%s%s", err.where, *err.where ? ": " : "", err.what);
  }
  if (!lua_istable(L, -1)) return lua_error(L);
  return 1;
}

static int run_rule(lua_State *L)
{
  return run(L, TG_FILE_RULE);
}
static int run_topic(lua_State *L)
{
  return run(L, TG_FILE_SCRIPT);
}

int luaopen_tidegate(lua_State *L)
{
  static const luaL_Reg functions[] = {
      {"run_rule", run_rule}, {"run_topic", run_topic}, {NULL, NULL}};
  luaL_newmetatable(L, SESSION);
  lua_pushcfunction(L, session_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  lua_pushliteral(L, TG_VERSION);
  lua_setfield(L, -2, "version");
  return 1;
}
