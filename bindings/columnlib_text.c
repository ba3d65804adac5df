/* Methods of text columns. */
#include "bindings/api.h"
#include "bindings/columnobj.h"
#include "core/data/format.h"
#include "core/data/numbertext.h"
#include "core/data/regex.h"
#include "core/data/textop.h"

static const char regex_cache_key;
static const char REGEX[] = "tidegate.regex";
enum { REGEX_CACHED_MAX = 1000 };

static int col_len(lua_State *L)
{
  static const char *const units[] = {"chars", "bytes", NULL};
  struct tg_handle *h = tg_handle_check(L, 1);
  bool bytes = luaL_checkoption(L, 2, "chars", units) == 1;
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "len", tg_text_len(&op, h->c, bytes));
}

typedef struct tg_column *change_fn(struct tg_op *op, struct tg_column *c);

static int change(lua_State *L, change_fn *fn, const char *name)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, name, fn(&op, h->c));
}

static struct tg_column *lower_all(struct tg_op *op, struct tg_column *c)
{
  return tg_text_unicode(op, c, false);
}
static struct tg_column *upper_all(struct tg_op *op, struct tg_column *c)
{
  return tg_text_unicode(op, c, true);
}

/* The letters that change: "ascii" or "unicode", at 2. */
static bool is_unicode(lua_State *L)
{
  static const char *const letters[] = {"ascii", "unicode", NULL};
  return luaL_checkoption(L, 2, "ascii", letters) == 1;
}

static int col_lower(lua_State *L)
{
  return change(L, is_unicode(L) ? lower_all : tg_text_lower, "lower");
}
static int col_upper(lua_State *L)
{
  return change(L, is_unicode(L) ? upper_all : tg_text_upper, "upper");
}
static int col_trim(lua_State *L)
{
  return change(L, tg_text_trimmed, "trim");
}

typedef struct tg_column *test_fn(struct tg_op *op, struct tg_column *c, struct tg_text t);

static int test(lua_State *L, test_fn *fn, const char *name)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text t = tg_arg_text_check(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, name, fn(&op, h->c, t));
}

static int col_starts(lua_State *L)
{
  return test(L, tg_text_starts, "starts");
}
static int col_ends(lua_State *L)
{
  return test(L, tg_text_ends, "ends");
}
static int col_contains(lua_State *L)
{
  return test(L, tg_text_contains, "contains");
}
static int col_like(lua_State *L)
{
  return test(L, tg_text_like, "like");
}

static int col_sub(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  lua_Integer from = luaL_checkinteger(L, 2), to = luaL_optinteger(L, 3, -1);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "sub", tg_text_sub(&op, h->c, from, to));
}

static int col_replace(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text from = tg_arg_text_check(L, 2), to = tg_arg_text_check(L, 3);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "replace", tg_text_replace(&op, h->c, from, to));
}

static int col_split(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text sep = tg_arg_text_check(L, 2);
  lua_Integer n = luaL_checkinteger(L, 3);
  luaL_argcheck(L, n >= 1 && n <= UINT32_MAX, 3, "pieces are counted from 1");
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "split", tg_text_split(&op, h->c, sep, (uint32_t)n));
}

static int regex_gc(lua_State *L)
{
  struct tg_regex **r = luaL_checkudata(L, 1, REGEX);
  tg_regex_free(*r);
  *r = NULL;
  return 0;
}

/* Pushes the table of compiled patterns, a new one when it is full. */
static void push_cache(lua_State *L)
{
  bool found = lua_rawgetp(L, LUA_REGISTRYINDEX, &regex_cache_key) == LUA_TTABLE;
  if (found) {
    lua_rawgeti(L, -1, 0);
    bool room = lua_tointeger(L, -1) < REGEX_CACHED_MAX;
    lua_pop(L, 1);
    if (room) return;
  }
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushinteger(L, 0);
  lua_rawseti(L, -2, 0);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &regex_cache_key);
}

/* A new userdata with the compiled pattern: closed first, so that nothing can leak. [-0, +1] */
static struct tg_regex *push_regex(lua_State *L, struct tg_text pattern, const char *flags)
{
  struct tg_regex **r = lua_newuserdatauv(L, sizeof *r, 0);
  struct tg_err err;
  *r = NULL;
  if (luaL_newmetatable(L, REGEX)) {
    lua_pushcfunction(L, regex_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  if (tg_regex_new(pattern, flags, r, &err) != TG_OK) luaL_error(L, "matches: %s", err.what);
  return *r;
}

/* Leaves the pattern's userdata on the stack, which keeps it. [-0, +1] */
static struct tg_regex *check_regex(lua_State *L, int idx)
{
  struct tg_text pattern = tg_arg_text_check(L, idx);
  const char *flags = luaL_optstring(L, idx + 1, "");
  push_cache(L);
  lua_pushfstring(L, "%s/", flags);
  lua_pushvalue(L, idx);
  lua_concat(L, 2);
  lua_pushvalue(L, -1);
  if (lua_rawget(L, -3) == LUA_TUSERDATA) return *(struct tg_regex **)lua_touserdata(L, -1);
  lua_pop(L, 1);
  struct tg_regex *r = push_regex(L, pattern, flags);
  lua_pushvalue(L, -2);
  lua_pushvalue(L, -2);
  lua_rawset(L, -5);
  lua_rawgeti(L, -3, 0);
  lua_pushinteger(L, lua_tointeger(L, -1) + 1);
  lua_rawseti(L, -5, 0);
  lua_pop(L, 1);
  return r;
}

static int col_matches(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_regex *r = check_regex(L, 2);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "matches", tg_regex_match(&op, h->c, r));
}

static int col_is_format(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_text name = tg_arg_text_check(L, 2), country = tg_arg_text_opt(L, 3);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "is_format", tg_format_column(&op, h->c, name, country));
}

static int col_is_number(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  struct tg_numerals numerals = {tg_text("."), tg_arg_text_opt(L, 3)};
  if (!tg_arg_absent(L, 2)) numerals.decimal = tg_arg_text_check(L, 2);
  luaL_argcheck(L, numerals.decimal.len, 2, "the decimal mark is empty");
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "is_number", tg_number_parses(&op, h->c, &numerals));
}

static int col_is_clean(lua_State *L)
{
  struct tg_handle *h = tg_handle_check(L, 1);
  bool control = lua_toboolean(L, 2), nul = lua_toboolean(L, 3);
  struct tg_op op = tg_op_begin(L, h);
  return tg_op_done(L, &op, "is_clean", tg_text_clean(&op, h->c, control, nul));
}

const struct tg_api tg_api_text[] = {
    {"len", "col:len([unit])", "Length in \"chars\" (code points) or \"bytes\".", col_len},
    {"lower", "col:lower([letters])", "In lower case: \"ascii\" letters, or \"unicode\".",
     col_lower},
    {"upper", "col:upper([letters])", "In upper case: \"ascii\" letters, or \"unicode\".",
     col_upper},
    {"trim", "col:trim()", "Without white space at both ends.", col_trim},
    {"sub", "col:sub(from[, to])", "Characters from .. to, counted from 1; negative: from the end.",
     col_sub},
    {"starts", "col:starts(text)", "Begins with text.", col_starts},
    {"ends", "col:ends(text)", "Ends with text.", col_ends},
    {"contains", "col:contains(text)", "Holds text somewhere.", col_contains},
    {"matches", "col:matches(regex[, flags])",
     "PCRE2 search; flags i m s x. A limit reached is a fault.", col_matches},
    {"is_format", "col:is_format(name[, country])",
     "The whole text is valid in this format (FORMATS.md lists them); \"\" is not.", col_is_format},
    {"is_number", "col:is_number([decimal[, group]])",
     "The whole text is a number: sign, digits, fraction, exponent; numbers are.", col_is_number},
    {"is_clean", "col:is_clean([control[, nul]])",
     "Valid UTF-8 without control characters but tab, LF, CR (true allows them) and U+0000.",
     col_is_clean},
    {"like", "col:like(pattern)", "SQL LIKE on the whole text: % _ and backslash.", col_like},
    {"replace", "col:replace(from, to)", "Every plain occurrence of from becomes to.", col_replace},
    {"split", "col:split(sep, n)", "The n-th piece from 1; fewer pieces are a fault.", col_split},
    {0},
};
