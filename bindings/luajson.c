/* Lua values as JSON text. */
#include "bindings/luajson.h"

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

static bool write_pair(lua_State *L, struct writer *w)
{
  size_t len;
  const char *key = lua_tolstring(L, -2, &len);
  tg_buf_json(w->out, tg_text_of(key, len));
  tg_buf_char(w->out, ':');
  return write_value(L, lua_gettop(L), w);
}

static bool write_object(lua_State *L, int idx, struct writer *w)
{
  bool first = true, good = true;
  tg_buf_char(w->out, '{');
  lua_pushnil(L);
  while (lua_next(L, idx)) {
    if (!first) tg_buf_char(w->out, ',');
    first = false;
    if (lua_type(L, -2) != LUA_TSTRING) good = refuse(w, "a key that is not a text");
    if (good) good = write_pair(L, w);
    lua_pop(L, 1);
    if (!good) {
      lua_pop(L, 1);
      break;
    }
  }
  tg_buf_char(w->out, '}');
  return good;
}

static bool write_table(lua_State *L, int idx, struct writer *w)
{
  if (w->depth == DEPTH_MAX) return refuse(w, "nesting over 64");
  luaL_checkstack(L, 4, "a deep table");
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
