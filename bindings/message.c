/* Error objects become (where, what) without trusting them: texts are cut to one line, other types
 * are named, and only a __tostring is run, in its own protected call. */
#include "bindings/message.h"

#include "bindings/vm.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

enum { LEVELS_MAX = 256 }; /* stack levels searched for a line; C calls nest to 200 */

/* One line for people: control bytes become spaces, too long a text ends in "...". */
static void copy_line(const char *text, size_t len, char *out, size_t size)
{
  size_t n = len < size ? len : size - 1;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    out[i] = c < 0x20 || c == 0x7f ? ' ' : text[i];
  }
  out[n] = 0;
  if (len >= size && size > 4) memcpy(out + size - 4, "...", 4);
}

/* The length of "name:123" at the start of text when ": " follows, else 0. Names have no spaces. */
static size_t place_length(const char *text, size_t len)
{
  for (size_t i = 1; i + 1 < len && text[i] != '\n' && text[i] != ' '; i++) {
    if (text[i] != ':' || !isdigit((unsigned char)text[i + 1])) continue;
    size_t end = i + 1;
    while (end < len && isdigit((unsigned char)text[end])) end++;
    if (end + 1 < len && text[end] == ':' && text[end + 1] == ' ') return end;
  }
  return 0;
}

void tg_message_parse(const char *text, size_t len, struct tg_err *err)
{
  size_t place = place_length(text, len);
  err->rc = TG_DATA;
  copy_line(text, place, err->where, sizeof err->where);
  size_t skip = place ? place + 2 : 0;
  copy_line(text + skip, len - skip, err->what, sizeof err->what);
}

/* The place of one stack level, when it is a line of a Lua function. */
static bool level_place(lua_State *L, lua_Debug *ar, char *out, size_t size)
{
  if (!lua_getinfo(L, "Sl", ar) || ar->currentline <= 0) return false;
  const char *name = *ar->source == '@' ? ar->source + 1 : ar->short_src;
  snprintf(out, size, "%s:%d", name, ar->currentline);
  return true;
}

bool tg_message_where(lua_State *L, char *out, size_t size)
{
  lua_Debug ar;
  for (int level = 0; level < LEVELS_MAX && lua_getstack(L, level, &ar); level++) {
    if (level_place(L, &ar, out, size)) return true;
  }
  return false;
}

/* Whether a running function is of the file that `where` names; a message may name any. Lua shows
 * long names as "...end": then *where gets the whole. */
static bool confirm_place(lua_State *L, struct tg_err *err)
{
  lua_Debug ar;
  const char *line = strrchr(err->where, ':');
  for (int level = 0; line && level < LEVELS_MAX && lua_getstack(L, level, &ar); level++) {
    size_t len = (size_t)(line - err->where);
    if (!lua_getinfo(L, "S", &ar) || strlen(ar.short_src) != len) continue;
    if (memcmp(ar.short_src, err->where, len) != 0) continue;
    char whole[sizeof err->where];
    snprintf(whole, sizeof whole, "%.100s%.20s", *ar.source == '@' ? ar.source + 1 : ar.short_src,
             line);
    memcpy(err->where, whole, sizeof whole);
    return true;
  }
  return false;
}

/* A text that names a place of its own keeps it when that can be true. */
static void read_text(lua_State *L, const char *text, size_t len, struct tg_err *err)
{
  tg_message_parse(text, len, err);
  if (!*err->where || confirm_place(L, err)) return;
  *err->where = 0;
  copy_line(text, len, err->what, sizeof err->what);
}

static int call_tostring(lua_State *L)
{
  luaL_tolstring(L, 1, NULL);
  return 1;
}

/* An object that says itself what it is: its __tostring, run protected. */
static void read_object(lua_State *L, struct tg_err *err)
{
  const char *kind = luaL_typename(L, -1);
  if (luaL_getmetafield(L, -1, "__tostring") == LUA_TNIL) {
    snprintf(err->what, sizeof err->what, "raised a %s without a message", kind);
    return;
  }
  lua_pushcfunction(L, call_tostring);
  lua_replace(L, -2);
  lua_pushvalue(L, -2);
  int status = lua_pcall(L, 1, 1, 0);
  size_t len = 0;
  const char *text = status == LUA_OK ? lua_tolstring(L, -1, &len) : NULL;
  if (text) {
    read_text(L, text, len, err);
  } else {
    snprintf(err->what, sizeof err->what, "raised a %s whose __tostring raised too", kind);
  }
  lua_pop(L, 1);
}

void tg_message_read(lua_State *L, struct tg_err *err)
{
  size_t len = 0;
  *err = (struct tg_err){.rc = TG_DATA};
  switch (lua_type(L, -1)) {
  case LUA_TSTRING: {
    const char *text = lua_tolstring(L, -1, &len);
    read_text(L, text, len, err);
    break;
  }
  case LUA_TNUMBER: snprintf(err->what, sizeof err->what, "%.14g", lua_tonumber(L, -1)); break;
  case LUA_TNIL: snprintf(err->what, sizeof err->what, "raised nil"); break;
  case LUA_TBOOLEAN:
    snprintf(err->what, sizeof err->what, "raised %s", lua_toboolean(L, -1) ? "true" : "false");
    break;
  case LUA_TTABLE:
  case LUA_TUSERDATA: read_object(L, err); break;
  default: snprintf(err->what, sizeof err->what, "raised a %s", luaL_typename(L, -1));
  }
  if (!*err->where) tg_message_where(L, err->where, sizeof err->where);
}
