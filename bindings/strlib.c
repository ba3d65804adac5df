/* string.rep, find, match, gmatch and gsub with bounds: a step budget for patterns, a size cap for
 * results, and the deadline between matches. Otherwise they behave as the Lua 5.4 manual says
 * (6.4). */
#include "bindings/pattern.h"
#include "bindings/vmstate.h"

#include <lauxlib.h>
#include <string.h>

/* Steps of one search; a linear pass over a long text is always allowed. */
enum { STEPS_BASE = 10000000, STEPS_PER_BYTE = 64 };
enum { NODES_INSIDE = 32 }; /* patterns up to this length need no memory from Lua */
#define NEVER SIZE_MAX

/* A compiled pattern and its subject, for one call. */
struct search {
  struct tg_pattern pattern;
  struct tg_pattern_budget budget;
  struct tg_text text;  /* the subject: a Lua string that stays alive outside */
  struct tg_text shown; /* the pattern, for messages; likewise */
  struct tg_pattern_capture whole;
  struct tg_pattern_node few[NODES_INSIDE];
};

static bool is_late(void *vm)
{
  return tg_vm_late(vm);
}

static struct tg_text check_text(lua_State *L, int arg)
{
  size_t len;
  const char *ptr = luaL_checklstring(L, arg, &len);
  luaL_argcheck(L, len <= UINT32_MAX, arg, "text longer than 4 GiB");
  return tg_text_of(ptr, len);
}

/* The subject is argument 1, the pattern argument 2. nodes: room for the pattern's bytes. */
static void prepare(lua_State *L, struct search *s, struct tg_pattern_node *nodes, bool anchors)
{
  struct tg_err err;
  s->text = check_text(L, 1);
  struct tg_text pattern = check_text(L, 2);
  s->shown = pattern;
  s->whole = (struct tg_pattern_capture){0};
  if (tg_pattern_compile(&s->pattern, nodes, pattern, anchors, &err) != TG_OK) {
    luaL_error(L, "%s", err.what);
  }
}

static void check_pattern_size(lua_State *L, size_t len)
{
  if (len > TG_PATTERN_BYTES_MAX) {
    luaL_error(L, "a pattern of %I bytes is longer than %d", (lua_Integer)len,
               TG_PATTERN_BYTES_MAX);
  }
}

/* As prepare(), with the nodes inside or on the Lua stack. [-0, +1] */
static void prepare_here(lua_State *L, struct search *s)
{
  size_t len = check_text(L, 2).len;
  check_pattern_size(L, len);
  struct tg_pattern_node *nodes = s->few;
  if (len <= NODES_INSIDE) {
    lua_pushnil(L);
  } else {
    nodes = lua_newuserdatauv(L, len * sizeof *nodes, 0);
  }
  prepare(L, s, nodes, true);
}

static void renew_budget(lua_State *L, struct search *s)
{
  s->budget = (struct tg_pattern_budget){
      .steps = STEPS_BASE + (int64_t)s->text.len * STEPS_PER_BYTE,
      .late = is_late,
      .self = tg_vm_of(L),
  };
}

/* A search that was cut short is an error, never "not found". */
static bool check_found(lua_State *L, const struct search *s, enum tg_pattern_found found)
{
  if (found == TG_PATTERN_LATE) tg_vm_poll(L);
  if (found == TG_PATTERN_STEPS) {
    char shown[96];
    luaL_error(L, "pattern '%s' takes too many steps on %d bytes: use fewer repeats side by side",
               tg_text_shown(s->shown, shown, sizeof shown), (int)s->text.len);
  }
  return found == TG_PATTERN_YES;
}

static bool search_from(lua_State *L, struct search *s, size_t init)
{
  renew_budget(L, s);
  return check_found(L, s, tg_pattern_search(&s->pattern, s->text, init, &s->budget, &s->whole));
}

/* Capture i of the last match; capture 0 of a pattern without captures is the whole match. [-0, +1]
 */
static void push_capture(lua_State *L, const struct search *s, uint32_t i)
{
  struct tg_pattern_capture c = s->pattern.captures ? tg_pattern_capture(&s->pattern, i) : s->whole;
  if (c.position) {
    lua_pushinteger(L, (lua_Integer)c.from + 1);
  } else {
    lua_pushlstring(L, s->text.ptr + c.from, c.to - c.from);
  }
}

/* All captures, or the whole match when there are none and `whole` is set. Returns how many. */
static int push_captures(lua_State *L, const struct search *s, bool whole)
{
  uint32_t count = s->pattern.captures ? s->pattern.captures : whole;
  luaL_checkstack(L, (int)count, "too many captures");
  for (uint32_t i = 0; i < count; i++) push_capture(L, s, i);
  return (int)count;
}

/* A start position as scripts give it, to an offset; NEVER when it lies behind the end. */
static size_t check_init(lua_State *L, int arg, size_t len)
{
  lua_Integer at = luaL_optinteger(L, arg, 1);
  if (at > 0) return (lua_Unsigned)at - 1 > len ? NEVER : (size_t)at - 1;
  if (at == 0 || at < -(lua_Integer)len) return 0;
  return len + (size_t)at;
}

static bool is_plain(struct tg_text pattern)
{
  for (uint32_t i = 0; i < pattern.len; i++) {
    if (pattern.ptr[i] && strchr("^$*+?.([%-", pattern.ptr[i])) return false;
  }
  return true;
}

static int find_plain(lua_State *L, struct tg_text text, struct tg_text word, size_t init)
{
  const char *at = memmem(text.ptr + init, text.len - init, word.ptr, word.len);
  if (!at) return lua_pushnil(L), 1;
  lua_pushinteger(L, at - text.ptr + 1);
  lua_pushinteger(L, at - text.ptr + (lua_Integer)word.len);
  return 2;
}

static int lib_find(lua_State *L)
{
  struct tg_text text = check_text(L, 1), pattern = check_text(L, 2);
  size_t init = check_init(L, 3, text.len);
  if (init == NEVER) return lua_pushnil(L), 1;
  if (lua_toboolean(L, 4) || is_plain(pattern)) return find_plain(L, text, pattern, init);
  struct search s;
  prepare_here(L, &s);
  if (!search_from(L, &s, init)) return lua_pushnil(L), 1;
  lua_pushinteger(L, (lua_Integer)s.whole.from + 1);
  lua_pushinteger(L, (lua_Integer)s.whole.to);
  return 2 + push_captures(L, &s, false);
}

static int lib_match(lua_State *L)
{
  size_t init = check_init(L, 3, check_text(L, 1).len);
  struct search s;
  prepare_here(L, &s);
  if (init == NEVER || !search_from(L, &s, init)) return lua_pushnil(L), 1;
  return push_captures(L, &s, true);
}

/* ---- gmatch */

struct gmatch {
  struct search search;
  size_t at;       /* where to go on */
  size_t last_end; /* of the last match: an empty match there is the same one again */
  struct tg_pattern_node nodes[];
};

/* A match from s->at on that does not end where the last one did. */
static bool next_match(lua_State *L, struct gmatch *g)
{
  struct search *s = &g->search;
  renew_budget(L, s);
  for (; g->at <= s->text.len; g->at++) {
    enum tg_pattern_found found =
        tg_pattern_match(&s->pattern, s->text, g->at, &s->budget, &s->whole.to);
    if (check_found(L, s, found) && s->whole.to != g->last_end) {
      s->whole.from = g->at;
      g->at = g->last_end = s->whole.to;
      return true;
    }
  }
  return false;
}

static int gmatch_next(lua_State *L)
{
  struct gmatch *g = lua_touserdata(L, lua_upvalueindex(3));
  return next_match(L, g) ? push_captures(L, &g->search, true) : 0;
}

static int lib_gmatch(lua_State *L)
{
  size_t text_len = check_text(L, 1).len, pattern_len = check_text(L, 2).len;
  size_t init = check_init(L, 3, text_len);
  check_pattern_size(L, pattern_len);
  lua_settop(L, 2);
  struct gmatch *g =
      lua_newuserdatauv(L, sizeof *g + pattern_len * sizeof(struct tg_pattern_node), 0);
  prepare(L, &g->search, g->nodes, false);
  g->at = init == NEVER ? text_len + 1 : init;
  g->last_end = NEVER;
  lua_pushcclosure(L, gmatch_next, 3); /* the texts stay alive with it */
  return 1;
}

/* ---- gsub */

static void check_result_size(lua_State *L, const luaL_Buffer *out, size_t more)
{
  size_t max = tg_vm_text_max(tg_vm_of(L));
  if (more > max || luaL_bufflen(out) > max - more) {
    luaL_error(L, "the result is longer than a quarter of lua.memory (%I bytes)", (lua_Integer)max);
  }
}

static void add_bytes(lua_State *L, luaL_Buffer *out, const char *bytes, size_t len)
{
  check_result_size(L, out, len);
  luaL_addlstring(out, bytes, len);
}

/* The value on top, a string or a number. [-1, +0] */
static void add_value(lua_State *L, luaL_Buffer *out)
{
  size_t len;
  lua_tolstring(L, -1, &len);
  check_result_size(L, out, len);
  luaL_addvalue(out);
}

static void add_whole(lua_State *L, const struct search *s, luaL_Buffer *out)
{
  add_bytes(L, out, s->text.ptr + s->whole.from, s->whole.to - s->whole.from);
}

/* %0 to %9 and %% of a replacement text. */
static void add_escape(lua_State *L, const struct search *s, luaL_Buffer *out, char c)
{
  if (c == '%') {
    add_bytes(L, out, "%", 1);
  } else if (c == '0') {
    add_whole(L, s, out);
  } else if (c >= '1' && c <= '9') {
    uint32_t i = (uint32_t)(c - '1');
    if (i && i >= s->pattern.captures) {
      luaL_error(L, "invalid capture index %%%d in the replacement", (int)i + 1);
    }
    push_capture(L, s, i);
    add_value(L, out);
  } else {
    luaL_error(L, "a %% in the replacement stands before a digit or another %%");
  }
}

static void add_text(lua_State *L, const struct search *s, luaL_Buffer *out)
{
  size_t len;
  const char *text = lua_tolstring(L, 3, &len);
  const char *end = text + len;
  while (text < end) {
    const char *mark = memchr(text, '%', (size_t)(end - text));
    if (!mark) mark = end;
    add_bytes(L, out, text, (size_t)(mark - text));
    if (mark == end) return;
    add_escape(L, s, out, mark + 1 < end ? mark[1] : 0);
    text = mark + 2;
  }
}

/* What the table or the function says about the match; false and nil keep the text. */
static void add_answer(lua_State *L, const struct search *s, luaL_Buffer *out)
{
  if (lua_type(L, 3) == LUA_TTABLE) {
    push_capture(L, s, 0);
    lua_gettable(L, 3);
  } else {
    lua_pushvalue(L, 3);
    lua_call(L, push_captures(L, s, true), 1);
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    add_whole(L, s, out);
  } else if (lua_isstring(L, -1)) {
    add_value(L, out);
  } else {
    luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  }
}

/* The text of a match becomes what argument 3 says; the text before it is copied. */
static void replace(lua_State *L, const struct search *s, size_t copied, luaL_Buffer *out)
{
  add_bytes(L, out, s->text.ptr + copied, s->whole.from - copied);
  if (lua_isstring(L, 3)) {
    add_text(L, s, out);
  } else {
    add_answer(L, s, out);
  }
}

/* Goes through the subject; returns the number of replacements. */
static lua_Integer replace_all(lua_State *L, struct search *s, lua_Integer max, luaL_Buffer *out)
{
  size_t at = 0, copied = 0, last_end = NEVER;
  lua_Integer count = 0;
  renew_budget(L, s);
  while (count < max && at <= s->text.len) {
    enum tg_pattern_found found =
        tg_pattern_match(&s->pattern, s->text, at, &s->budget, &s->whole.to);
    if (check_found(L, s, found) && s->whole.to != last_end) {
      s->whole.from = at;
      replace(L, s, copied, out);
      at = copied = last_end = s->whole.to;
      count++;
    } else {
      at++;
    }
    if (s->pattern.anchored) break;
  }
  add_bytes(L, out, s->text.ptr + copied, s->text.len - copied);
  return count;
}

static int lib_gsub(lua_State *L)
{
  int type = lua_type(L, 3);
  struct tg_text text = check_text(L, 1);
  luaL_argexpected(
      L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TTABLE || type == LUA_TFUNCTION,
      3, "string/function/table");
  lua_Integer max = luaL_optinteger(L, 4, (lua_Integer)text.len + 1);
  struct search s;
  luaL_Buffer out;
  prepare_here(L, &s);
  luaL_buffinit(L, &out);
  lua_Integer count = replace_all(L, &s, max, &out);
  luaL_pushresult(&out);
  lua_pushinteger(L, count);
  return 2;
}

/* ---- rep */

/* Bytes of n texts and n - 1 separators, or more than max. */
static size_t repeated_size(size_t len, size_t sep, lua_Unsigned n, size_t max)
{
  if (len + sep == 0) return 0;
  if (len + sep > max || n > max / (len + sep) + 1) return max + 1;
  return (size_t)n * (len + sep) - sep;
}

static int lib_rep(lua_State *L)
{
  struct tg_text text = check_text(L, 1);
  lua_Integer n = luaL_checkinteger(L, 2);
  struct tg_text sep = lua_isnoneornil(L, 3) ? tg_text_of("", 0) : check_text(L, 3);
  size_t max = tg_vm_text_max(tg_vm_of(L));
  size_t size = n > 0 ? repeated_size(text.len, sep.len, (lua_Unsigned)n, max) : 0;
  if (size > max) {
    return luaL_error(L, "the result is longer than a quarter of lua.memory (%I bytes)",
                      (lua_Integer)max);
  }
  if (size == 0) return lua_pushliteral(L, ""), 1;
  luaL_Buffer out;
  char *at = luaL_buffinitsize(L, &out, size);
  /* The first text and its separator, and then what is there already, again and again. */
  memcpy(at, text.ptr, text.len);
  size_t done = text.len;
  if (n > 1) {
    memcpy(at + done, sep.ptr, sep.len);
    done += sep.len;
  }
  for (size_t more; done < size; done += more) {
    more = done < size - done ? done : size - done;
    memcpy(at + done, at, more);
  }
  luaL_pushresultsize(&out, size);
  return 1;
}

void tg_strlib_set(lua_State *L)
{
  static const luaL_Reg FUNCTIONS[] = {
      {"find", lib_find}, {"match", lib_match}, {"gmatch", lib_gmatch},
      {"gsub", lib_gsub}, {"rep", lib_rep},     {NULL, NULL},
  };
  luaL_setfuncs(L, FUNCTIONS, 0);
}
