/* Methods of json and array columns. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "bindings/luajson.h"
#include "core/data/arrayop.h"
#include "core/data/jsonop.h"
#include "core/data/jsonschema.h"

static const char schemas_key;
static const char SCHEMA[] = "tidegate.schema";
enum { SCHEMAS_CACHED_MAX = 100 };

static int col_json(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text path = tg_arg_text_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  struct tg_type type = tg_type_of(TG_TEXT_KIND);
  bool typed = !tg_arg_absent(L, 3);
  if (typed && tg_type_parse(tg_arg_text_check(L, 3), &type, op.err) != TG_OK) {
    return tg_op_done(L, &op, "json", NULL);
  }
  return tg_op_done(L, &op, "json", tg_json_at(&op, h->c, path, type));
}

static int col_at(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  lua_Integer place = luaL_checkinteger(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "at", tg_array_at(&op, h->c, place));
}

static int col_length(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "length", tg_array_length(&op, h->c));
}

static int col_any_in(lua_State *L)
{
  uint32_t count;
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_op op = tg_op_begin(L, h);
  struct tg_literal *set = tg_arg_set_check(L, 2, &op, &count);
  return tg_op_done(L, &op, "any_in", tg_array_any_in(&op, h->c, set, count));
}

static int schema_gc(lua_State *L)
{
  struct tg_jsonschema **s = luaL_checkudata(L, 1, SCHEMA);
  tg_jsonschema_free(*s);
  *s = NULL;
  return 0;
}

/* Pushes the schema at idx as JSON text: a text itself, or a table written as one. [-0, +1] */
static void push_schema_text(lua_State *L, int idx)
{
  struct tg_buf out;
  const char *why = NULL;
  if (lua_type(L, idx) == LUA_TSTRING) {
    lua_pushvalue(L, idx);
    return;
  }
  luaL_checktype(L, idx, LUA_TTABLE);
  tg_null_push(L);
  tg_buf_init(&out, TG_JSONSCHEMA_BYTES_MAX);
  bool good = tg_luajson_write(L, idx, -1, &out, &why);
  lua_pop(L, 1);
  if (good && !out.failed) lua_pushlstring(L, out.len ? out.ptr : "", out.len);
  tg_buf_fini(&out);
  if (!good) luaL_error(L, "matches_schema: the schema holds %s", why);
  if (out.failed)
    luaL_error(L, "matches_schema: a schema has at most %d bytes", TG_JSONSCHEMA_BYTES_MAX);
}

/* Pushes the table of compiled schemas, a new one when it is full: its count is at 0. */
static void push_schemas(lua_State *L)
{
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &schemas_key) == LUA_TTABLE) {
    lua_rawgeti(L, -1, 0);
    bool room = lua_tointeger(L, -1) < SCHEMAS_CACHED_MAX;
    lua_pop(L, 1);
    if (room) return;
  }
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushinteger(L, 0);
  lua_rawseti(L, -2, 0);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &schemas_key);
}

/* A new userdata with the compiled schema: closed first, so that nothing can leak. [-0, +1] */
static void push_schema(lua_State *L, struct tg_text json)
{
  struct tg_err err;
  struct tg_jsonschema **s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = NULL;
  if (luaL_newmetatable(L, SCHEMA)) {
    lua_pushcfunction(L, schema_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  if (tg_jsonschema_new(json, s, &err) != TG_OK) luaL_error(L, "matches_schema: %s", err.what);
}

/* Leaves the schema's userdata on the stack, which keeps it. */
static struct tg_jsonschema *check_schema(lua_State *L, int idx)
{
  push_schema_text(L, idx);
  push_schemas(L);
  lua_pushvalue(L, -2);
  if (lua_rawget(L, -2) != LUA_TUSERDATA) {
    lua_pop(L, 1);
    push_schema(L, tg_arg_text_check(L, -2));
    lua_pushvalue(L, -3);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
    lua_rawgeti(L, -2, 0);
    lua_pushinteger(L, lua_tointeger(L, -1) + 1);
    lua_rawseti(L, -4, 0);
    lua_pop(L, 1);
  }
  return *(struct tg_jsonschema **)lua_touserdata(L, -1);
}

static int col_matches_schema(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_jsonschema *s = check_schema(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "matches_schema", tg_jsonschema_column(&op, h->c, s));
}

const struct tg_api tg_api_nested[] = {
    {"json", "col:json(path[, type])",
     "The value at \"a.b.2\" inside json as text, or as type; absent is null.", col_json},
    {"matches_schema", "col:matches_schema(schema)",
     "JSON, in texts or json columns, satisfies a JSON Schema: a table, or its text.",
     col_matches_schema},
    {"at", "col:at(i)", "The i-th element of an array, from 1; negative: from the end.", col_at},
    {"length", "col:length()", "How many elements an array has.", col_length},
    {"any_in", "col:any_in({..})", "An element of the array equals one of the values.", col_any_in},
    {0},
};
