/* Lua values as JSON text, and back. */
#include "bindings/luajson.h"

#include <jansson.h>
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 64 };

struct writer {
  int null_idx;
  struct tg_buf *out;
  const char **why;
  int depth;
};

static bool write_value(lua_State *L, int idx, struct writer *w);

static bool refuse(struct writer *w, const char *why)
{
  *w->why = why;
  return false;
}

static bool write_number(lua_State *L, int idx, struct writer *w)
{
  if (lua_isinteger(L, idx)) {
    tg_buf_printf(w->out, LUA_INTEGER_FMT, lua_tointeger(L, idx));
    return true;
  }
  double d = lua_tonumber(L, idx);
  if (!isfinite(d)) {
    tg_buf_str(w->out, isnan(d) ? "\"NaN\"" : d > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    return true;
  }
  char text[32];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, d);
    if (strtod(text, NULL) == d) break;
  }
  tg_buf_str(w->out, text);
  return true;
}

static bool write_list(lua_State *L, int idx, lua_Integer count, struct writer *w)
{
  bool good = true;
  tg_buf_char(w->out, '[');
  for (lua_Integer i = 1; good && i <= count; i++) {
    if (i > 1) tg_buf_char(w->out, ',');
    lua_rawgeti(L, idx, i);
    good = write_value(L, lua_gettop(L), w);
    lua_pop(L, 1);
  }
  tg_buf_char(w->out, ']');
  return good;
}

static int by_bytes(const void *a, const void *b)
{
  return tg_text_cmp(*(const struct tg_text *)a, *(const struct tg_text *)b);
}

/* How many keys the table has; -1 when one is no text. */
static lua_Integer count_keys(lua_State *L, int idx)
{
  lua_Integer count = 0;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1), count++) {
    if (lua_type(L, -2) == LUA_TSTRING) continue;
    lua_pop(L, 2);
    return -1;
  }
  return count;
}

/* Pushes a userdata that holds the keys, sorted; the table keeps their texts. [-0, +1] */
static struct tg_text *push_keys(lua_State *L, int idx, size_t count)
{
  size_t at = 0;
  struct tg_text *keys = lua_newuserdatauv(L, (count + 1) * sizeof *keys, 0);
  for (lua_pushnil(L); lua_next(L, idx) && at < count; lua_pop(L, 1)) {
    size_t len;
    const char *key = lua_tolstring(L, -2, &len);
    keys[at++] = tg_text_of(key, len);
  }
  qsort(keys, at, sizeof *keys, by_bytes);
  return keys;
}

static bool write_object(lua_State *L, int idx, struct writer *w)
{
  lua_Integer count = count_keys(L, idx);
  if (count < 0) return refuse(w, "a key that is not a text");
  const struct tg_text *keys = push_keys(L, idx, (size_t)count);
  bool good = true;
  tg_buf_char(w->out, '{');
  for (lua_Integer i = 0; good && i < count; i++) {
    if (i) tg_buf_char(w->out, ',');
    tg_buf_json(w->out, keys[i]);
    tg_buf_char(w->out, ':');
    lua_pushlstring(L, keys[i].ptr, keys[i].len);
    lua_rawget(L, idx);
    good = write_value(L, lua_gettop(L), w);
    lua_pop(L, 1);
  }
  tg_buf_char(w->out, '}');
  lua_pop(L, 1);
  return good;
}

static bool write_table(lua_State *L, int idx, struct writer *w)
{
  if (w->depth == DEPTH_MAX) return refuse(w, "nesting over 64");
  luaL_checkstack(L, 8, "a deep table");
  w->depth++;
  lua_Integer count = (lua_Integer)lua_rawlen(L, idx);
  bool good = count ? write_list(L, idx, count, w) : write_object(L, idx, w);
  w->depth--;
  return good;
}

static bool write_text(lua_State *L, int idx, struct writer *w)
{
  size_t len;
  const char *s = lua_tolstring(L, idx, &len);
  tg_buf_json(w->out, tg_text_of(s, len));
  return true;
}

static bool write_value(lua_State *L, int idx, struct writer *w)
{
  if (lua_isnil(L, idx) || lua_rawequal(L, idx, w->null_idx)) {
    tg_buf_str(w->out, "null");
    return true;
  }
  switch (lua_type(L, idx)) {
  case LUA_TBOOLEAN: tg_buf_str(w->out, lua_toboolean(L, idx) ? "true" : "false"); return true;
  case LUA_TNUMBER: return write_number(L, idx, w);
  case LUA_TSTRING: return write_text(L, idx, w);
  case LUA_TTABLE: return write_table(L, idx, w);
  default: return refuse(w, "a value that is no text, number, boolean or table");
  }
}

bool tg_luajson_write(lua_State *L, int idx, int null_idx, struct tg_buf *out, const char **why)
{
  struct writer w = {.null_idx = lua_absindex(L, null_idx), .out = out, .why = why};
  return write_value(L, lua_absindex(L, idx), &w);
}

/* --- back --- */

static void push_value(lua_State *L, const json_t *value, int null_idx, int depth);

static void push_list(lua_State *L, const json_t *value, int null_idx, int depth)
{
  size_t count = json_array_size(value);
  lua_createtable(L, (int)(count < 65536 ? count : 65536), 0);
  for (size_t i = 0; i < count; i++) {
    push_value(L, json_array_get(value, i), null_idx, depth + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void push_object(lua_State *L, const json_t *value, int null_idx, int depth)
{
  const char *key;
  json_t *member;
  lua_newtable(L);
  json_object_foreach((json_t *)(uintptr_t)value, key, member)
  {
    lua_pushstring(L, key);
    push_value(L, member, null_idx, depth + 1);
    lua_rawset(L, -3);
  }
}

/* A text, or the number that it stands for. */
static void push_text(lua_State *L, const json_t *value)
{
  const char *s = json_string_value(value);
  if (strcmp(s, "$inf") == 0) return lua_pushnumber(L, HUGE_VAL);
  if (strcmp(s, "$-inf") == 0) return lua_pushnumber(L, -HUGE_VAL);
  if (strcmp(s, "$nan") == 0) return lua_pushnumber(L, (lua_Number)NAN);
  lua_pushlstring(L, s, json_string_length(value));
}

static void push_value(lua_State *L, const json_t *value, int null_idx, int depth)
{
  if (depth > DEPTH_MAX) luaL_error(L, "JSON is nested over %d deep", DEPTH_MAX);
  luaL_checkstack(L, 6, "deep JSON");
  switch (json_typeof(value)) {
  case JSON_OBJECT: push_object(L, value, null_idx, depth); break;
  case JSON_ARRAY: push_list(L, value, null_idx, depth); break;
  case JSON_STRING: push_text(L, value); break;
  case JSON_INTEGER: lua_pushinteger(L, json_integer_value(value)); break;
  case JSON_REAL: lua_pushnumber(L, json_real_value(value)); break;
  case JSON_NULL: lua_pushvalue(L, null_idx); break;
  default: lua_pushboolean(L, json_is_true(value)); break;
  }
}

void tg_luajson_push(lua_State *L, const struct json_t *value, int null_idx)
{
  push_value(L, value, lua_absindex(L, null_idx), 0);
}
