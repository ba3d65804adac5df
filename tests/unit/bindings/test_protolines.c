/* Lines that have code: what lua_getinfo() says of a function that exists, and the functions that
 * nobody has called. */
#include "bindings/protolines.h"

#include <lauxlib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { LINES_MAX = 4000 };

struct seen {
  bool lines[LINES_MAX]; /* of the function whose first line is `first` */
  uint32_t first;
  uint32_t functions[LINES_MAX]; /* lines that were told, by first line of the function */
};

static void note(void *self, uint32_t line, uint32_t first, uint32_t last)
{
  struct seen *s = self;
  assert_true(line < LINES_MAX && first < LINES_MAX && last < LINES_MAX);
  s->functions[first]++;
  if (first == s->first) s->lines[line] = true;
}

/* The function on top against what Lua says of it. The line of its end alone may be told by Lua
 * only: the return behind a function's last line is left out. */
static void compare(lua_State *L, uint32_t first, uint32_t end)
{
  struct seen s = {.first = first};
  lua_Debug ar;
  assert_true(tg_protolines(L, note, &s));
  lua_pushvalue(L, -1);
  lua_getinfo(L, ">L", &ar);
  for (uint32_t line = 0; line < LINES_MAX; line++) {
    bool there = lua_rawgeti(L, -1, line) != LUA_TNIL;
    if (there != s.lines[line] && !(line == end && there)) fail_msg("line %u: Lua %d", line, there);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static lua_State *load(const char *text)
{
  lua_State *L = luaL_newstate();
  assert_non_null(L);
  if (luaL_loadbuffer(L, text, strlen(text), "@x.lua")) fail_msg("%s", lua_tostring(L, -1));
  return L;
}

#define SCRIPT                                                                                     \
  "local a, b = 1.5, 'a long text that is no short string of Lua, which ends at forty bytes'\n"    \
  "local function f(x)\n"                                                                          \
  "  if x then\n"                                                                                  \
  "    return a\n"                                                                                 \
  "  end\n"                                                                                        \
  "\n"                                                                                             \
  "  for i = 1, 3 do b = b .. i end\n"                                                             \
  "  return nil, true, false, 7\n"                                                                 \
  "end\n"                                                                                          \
  "return {\n"                                                                                     \
  "  f = f,\n"                                                                                     \
  "  g = function(...)\n"                                                                          \
  "    local all = { ... }\n"                                                                      \
  "    return function() return all end\n"                                                         \
  "  end,\n"                                                                                       \
  "}\n"

static void lines_are_those_that_lua_tells(void **state)
{
  (void)state;
  lua_State *L = load(SCRIPT);
  compare(L, 0, 16);
  lua_call(L, 0, 1);
  lua_getfield(L, -1, "f");
  compare(L, 2, 9);
  lua_getfield(L, -2, "g");
  compare(L, 12, 15);
  lua_close(L);
}

static void functions_that_nobody_made_are_told(void **state)
{
  (void)state;
  lua_State *L = load(SCRIPT);
  struct seen s = {0};
  assert_true(tg_protolines(L, note, &s));
  assert_true(s.functions[2] > 0 && s.functions[12] > 0 && s.functions[14] > 0);
  lua_close(L);
}

/* Lua keeps differences of lines in a byte, and a line of its own where they are larger, or now and
 * then. */
static void distant_lines_and_long_functions_are_told(void **state)
{
  (void)state;
  static char text[60000];
  size_t n = 0;
  for (uint32_t i = 0; i < 1500; i++) {
    n += (size_t)snprintf(text + n, sizeof text - n, "x = %u\n", i);
    if (i % 400) continue;
    memset(text + n, '\n', 200);
    n += 200;
  }
  lua_State *L = load(text);
  compare(L, 0, 0);
  lua_close(L);
}

static int nothing(lua_State *L)
{
  (void)L;
  return 0;
}

static void a_function_of_c_has_no_lines(void **state)
{
  (void)state;
  lua_State *L = luaL_newstate();
  struct seen s = {0};
  lua_pushcfunction(L, nothing);
  assert_false(tg_protolines(L, note, &s));
  assert_int_equal(lua_gettop(L), 1);
  lua_close(L);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_are_those_that_lua_tells),
      cmocka_unit_test(functions_that_nobody_made_are_told),
      cmocka_unit_test(distant_lines_and_long_functions_are_told),
      cmocka_unit_test(a_function_of_c_has_no_lines),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
