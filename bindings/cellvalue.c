/* Lua values as bytes that do not depend on the order of `pairs`. */
#include "bindings/cellvalue.h"

#include "bindings/columnobj.h"
#include "core/state/codec.h"

#include <stdlib.h>

enum tag { TAG_NIL, TAG_FALSE, TAG_TRUE, TAG_INT, TAG_FLOAT, TAG_TEXT, TAG_TABLE, TAG_NULL };
enum { DEPTH_MAX = 16, STACK_NEED = 8 };

static void write_value(lua_State *L, int idx, struct tg_codec *c, int depth);

static void write_tag(struct tg_codec *c, enum tag tag)
{
  tg_buf_char(c->out, (char)tag);
}

static void write_bits(struct tg_codec *c, enum tag tag, const void *number)
{
  uint64_t bits;
  memcpy(&bits, number, sizeof bits);
  write_tag(c, tag);
  tg_codec_count(c, &bits, UINT64_MAX);
}

static void write_number(lua_State *L, int idx, struct tg_codec *c)
{
  lua_Integer i = lua_tointeger(L, idx);
  lua_Number d = lua_tonumber(L, idx);
  bool whole = lua_isinteger(L, idx);
  write_bits(c, whole ? TAG_INT : TAG_FLOAT, whole ? (const void *)&i : &d);
}

static int by_name(const void *a, const void *b)
{
  return tg_text_cmp(*(const struct tg_text *)a, *(const struct tg_text *)b);
}

/* How many members are not in the list 1..n; raises when one of them has no name. */
static uint64_t count_named(lua_State *L, int idx, lua_Integer list)
{
  uint64_t count = 0;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      count++;
      continue;
    }
    lua_Integer i = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
    if (i < 1 || i > list) {
      luaL_error(L, "s:set: a table's keys are 1, 2, .. without a gap, or texts");
    }
  }
  return count;
}

/* Names sorted in a userdata left on the stack; they live as long as the table. [-0, +1] */
static struct tg_text *push_names(lua_State *L, int idx, uint64_t count)
{
  struct tg_text *names = lua_newuserdatauv(L, count * sizeof *names, 0);
  uint64_t n = 0;
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
    size_t len;
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    const char *name = lua_tolstring(L, -2, &len);
    names[n++] = tg_text_of(name, len);
  }
  if (count) qsort(names, count, sizeof *names, by_name);
  return names;
}

static void write_table(lua_State *L, int idx, struct tg_codec *c, int depth)
{
  if (depth == DEPTH_MAX) luaL_error(L, "s:set: tables nested over %d deep", DEPTH_MAX);
  luaL_checkstack(L, STACK_NEED, "a deep table");
  uint64_t list = lua_rawlen(L, idx), count = count_named(L, idx, (lua_Integer)list);
  write_tag(c, TAG_TABLE);
  tg_codec_count(c, &list, UINT64_MAX);
  for (uint64_t i = 1; i <= list && !c->out->failed; i++) {
    lua_rawgeti(L, idx, (lua_Integer)i);
    write_value(L, lua_gettop(L), c, depth + 1);
    lua_pop(L, 1);
  }
  tg_codec_count(c, &count, UINT64_MAX);
  struct tg_text *names = push_names(L, idx, count);
  for (uint64_t i = 0; i < count && !c->out->failed; i++) {
    tg_codec_bytes(c, &names[i]);
    lua_pushlstring(L, names[i].ptr, names[i].len);
    lua_rawget(L, idx);
    write_value(L, lua_gettop(L), c, depth + 1);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void write_text(lua_State *L, int idx, struct tg_codec *c)
{
  struct tg_text t = tg_arg_text_check(L, idx);
  write_tag(c, TAG_TEXT);
  tg_codec_bytes(c, &t);
}

static void write_value(lua_State *L, int idx, struct tg_codec *c, int depth)
{
  switch (lua_type(L, idx)) {
  case LUA_TNIL: write_tag(c, TAG_NIL); return;
  case LUA_TBOOLEAN: write_tag(c, lua_toboolean(L, idx) ? TAG_TRUE : TAG_FALSE); return;
  case LUA_TNUMBER: write_number(L, idx, c); return;
  case LUA_TSTRING: write_text(L, idx, c); return;
  case LUA_TTABLE: write_table(L, idx, c, depth); return;
  default: break;
  }
  if (!tg_null_test(L, idx)) luaL_error(L, "s:set: a %s cannot be kept", luaL_typename(L, idx));
  write_tag(c, TAG_NULL);
}

void tg_cellvalue_write(lua_State *L, int idx, struct tg_buf *out)
{
  struct tg_codec c = tg_codec_writer(out);
  write_value(L, lua_absindex(L, idx), &c, 0);
}

/* --- back --- */

static void push_value(lua_State *L, struct tg_codec *c, int depth);

static enum tag read_tag(lua_State *L, struct tg_codec *c)
{
  if (c->bad || c->in.len == 0 || (uint8_t)c->in.ptr[0] > TAG_NULL) {
    luaL_error(L, "s:get: the rule's state is damaged");
  }
  enum tag tag = (enum tag)c->in.ptr[0];
  c->in = tg_text_of(c->in.ptr + 1, c->in.len - 1);
  return tag;
}

static void push_number(lua_State *L, struct tg_codec *c, bool whole)
{
  uint64_t bits = 0;
  lua_Number d;
  tg_codec_count(c, &bits, UINT64_MAX);
  memcpy(&d, &bits, sizeof d);
  whole ? lua_pushinteger(L, (lua_Integer)bits) : lua_pushnumber(L, d);
}

static void push_text(lua_State *L, struct tg_codec *c)
{
  struct tg_text t = {0};
  tg_codec_bytes(c, &t);
  lua_pushlstring(L, t.ptr ? t.ptr : "", t.len);
}

static void push_table(lua_State *L, struct tg_codec *c, int depth)
{
  uint64_t list = 0, count = 0;
  if (depth == DEPTH_MAX) luaL_error(L, "s:get: the rule's state is damaged");
  luaL_checkstack(L, STACK_NEED, "a deep table");
  lua_newtable(L);
  tg_codec_count(c, &list, c->in.len);
  for (uint64_t i = 1; i <= list; i++) {
    push_value(L, c, depth + 1);
    lua_rawseti(L, -2, (lua_Integer)i);
  }
  tg_codec_count(c, &count, c->in.len);
  for (uint64_t i = 0; i < count; i++) {
    push_text(L, c);
    push_value(L, c, depth + 1);
    lua_rawset(L, -3);
  }
}

static void push_value(lua_State *L, struct tg_codec *c, int depth)
{
  switch (read_tag(L, c)) {
  case TAG_NIL: lua_pushnil(L); return;
  case TAG_FALSE: lua_pushboolean(L, false); return;
  case TAG_TRUE: lua_pushboolean(L, true); return;
  case TAG_INT: push_number(L, c, true); return;
  case TAG_FLOAT: push_number(L, c, false); return;
  case TAG_TEXT: push_text(L, c); return;
  case TAG_TABLE: push_table(L, c, depth); return;
  case TAG_NULL: tg_null_push(L); return;
  }
}

void tg_cellvalue_push(lua_State *L, struct tg_text bytes)
{
  struct tg_codec c = tg_codec_reader(bytes);
  push_value(L, &c, 0);
  if (!tg_codec_whole(&c)) luaL_error(L, "s:get: the rule's state is damaged");
}
