/* The VM's contract: stack, codes, places of errors, environments, the memory cap, each allocation
 * failing. */
#include "bindings/vm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <lauxlib.h>

static struct tg_vm *vm;
static struct tg_err err;

static int setup(void **state)
{
  (void)state;
  struct tg_vm_conf conf = {.memory_max = 8 << 20, .deadline_us = 5000000};
  return tg_vm_new(&conf, &vm, &err) == TG_OK ? 0 : -1;
}

static int teardown(void **state)
{
  (void)state;
  tg_vm_free(vm);
  return 0;
}

/* Loads and calls a text; the one result stays on the stack when it is TG_OK. */
static enum tg_rc run(const char *text)
{
  enum tg_rc rc = tg_vm_load(vm, "scripts/t.lua", tg_text(text), &err);
  return rc == TG_OK ? tg_vm_call(vm, 0, 1, &err) : rc;
}

static void assert_result(const char *text, const char *expected)
{
  if (run(text) != TG_OK) fail_msg("%s: %s: %s", text, err.where, err.what);
  assert_string_equal(luaL_tolstring(tg_vm_lua(vm), -1, NULL), expected);
  lua_pop(tg_vm_lua(vm), 2);
}

static void assert_raises(const char *text, const char *where, const char *what)
{
  assert_int_equal(run(text), TG_DATA);
  assert_string_equal(err.where, where);
  if (!strstr(err.what, what)) fail_msg("\"%s\" is not in \"%s\"", what, err.what);
  assert_int_equal(lua_gettop(tg_vm_lua(vm)), 0);
}

static void a_chunk_returns_its_result(void **state)
{
  (void)state;
  assert_result("return 1 + 1", "2");
}

static void a_raise_names_file_and_line(void **state)
{
  (void)state;
  assert_raises("local x\nreturn x.y", "scripts/t.lua:2", "attempt to index a nil value");
  assert_raises("error('bad')", "scripts/t.lua:1", "bad");
  assert_raises("error('bad', 0)", "scripts/t.lua:1", "bad");
}

static void a_syntax_error_is_config(void **state)
{
  (void)state;
  assert_int_equal(run("return +"), TG_CONFIG);
  assert_string_equal(err.where, "scripts/t.lua:1");
  assert_int_equal(lua_gettop(tg_vm_lua(vm)), 0);
}

static void globals_are_frozen(void **state)
{
  (void)state;
  assert_raises("x = 1", "scripts/t.lua:1", "global 'x' is not declared: write 'local x'");
  assert_raises("string.rep = 1", "scripts/t.lua:1", "frozen");
  assert_raises("_G.y = 1", "scripts/t.lua:1", "frozen");
  assert_raises("rawset(string, 'x', 1)", "scripts/t.lua:1", "frozen");
  assert_raises("return os.time()", "scripts/t.lua:1", "'os' is not available to scripts");
}

static void memory_past_the_cap_loses_the_vm(void **state)
{
  (void)state;
  assert_int_equal(run("local t = {} while true do t[#t + 1] = {} end"), TG_FATAL);
  assert_true(tg_vm_memory(vm) <= 8 << 20);
  assert_int_equal(run("return 1"), TG_FATAL);
}

static void pcall_does_not_swallow_the_end_of_memory(void **state)
{
  (void)state;
  assert_int_equal(run("local t = {}\n"
                       "pcall(function() while true do t[#t + 1] = {} end end)\n"
                       "return 'swallowed'"),
                   TG_FATAL);
  assert_string_equal(err.where, "scripts/t.lua:2");
}

/* The whole life of a VM with one call that uses a bit of everything; the n-th allocation and all
 * after it fail. */
static enum tg_rc live(uint64_t fail_at)
{
  static const char TEXT[] =
      "local t = setmetatable({}, { __index = function(_, k) return k .. '!' end })\n"
      "for i = 1, 40 do t[i] = ('x%d'):format(i):gsub('%d+', { ['7'] = 'y' }) end\n"
      "table.sort(t, function(a, b) return a > b end)\n"
      "local ok, e = pcall(error, { t })\n"
      "local ok2, e2 = xpcall(function() local x <close> = setmetatable({}, { __close = print }) "
      "error('x') end,\n"
      "                       function(m) return m .. table.concat(t, ',') end)\n"
      "for w in ('a b c'):gmatch('(%a+)') do t[w] = w:rep(2000, '-') end\n"
      "local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end\n"
      "return deep(500) + select('#', table.unpack(t))\n";
  struct tg_vm_conf conf = {.memory_max = 8 << 20, .deadline_us = 60000000, .fail_at = fail_at};
  struct tg_vm *v = NULL;
  enum tg_rc rc = tg_vm_new(&conf, &v, &err);
  if (rc != TG_OK) return rc;
  int top = lua_gettop(tg_vm_lua(v));
  rc = tg_vm_load(v, "scripts/t.lua", tg_text(TEXT), &err);
  if (rc == TG_OK) rc = tg_vm_call(v, 0, 1, &err);
  assert_int_equal(lua_gettop(tg_vm_lua(v)), top + (rc == TG_OK));
  if (rc == TG_FATAL) assert_int_equal(tg_vm_load(v, "t", tg_text("return 1"), NULL), TG_FATAL);
  tg_vm_free(v);
  return rc;
}

static void each_allocation_may_fail(void **state)
{
  (void)state;
  uint64_t n = 1;
  while (live(n) != TG_OK) {
    assert_int_equal(err.rc, TG_FATAL);
    assert_non_null(strstr(err.what, "lua.memory"));
    n++;
  }
  print_message("%llu allocations\n", (unsigned long long)n - 1);
  assert_true(n > 500);
}

static void bytecode_is_refused(void **state)
{
  (void)state;
  static const char BYTES[] = "\x1bLua\x54\x00\x19\x93\r\n\x1a\n";
  struct tg_text text = tg_text_of(BYTES, sizeof BYTES - 1);
  assert_int_equal(tg_vm_load(vm, "scripts/t.lua", text, &err), TG_CONFIG);
  assert_string_equal(err.where, "scripts/t.lua");
  assert_non_null(strstr(err.what, "attempt to load a binary chunk"));
}

static int set_own(lua_State *L)
{
  lua_getupvalue(L, 1, 1);
  lua_pushliteral(L, "own");
  lua_pushliteral(L, "mine");
  lua_rawset(L, -3);
  return 0;
}

static void an_environment_belongs_to_its_chunk(void **state)
{
  (void)state;
  lua_State *L = tg_vm_lua(vm);
  assert_int_equal(tg_vm_load(vm, "a.lua", tg_text("return own"), &err), TG_OK);
  lua_pushcfunction(L, set_own);
  lua_pushvalue(L, -2);
  assert_int_equal(tg_vm_call(vm, 1, 0, &err), TG_OK);
  assert_int_equal(tg_vm_call(vm, 0, 1, &err), TG_OK);
  assert_string_equal(lua_tostring(L, -1), "mine");
  lua_pop(L, 1);
  assert_raises("return own", "scripts/t.lua:1", "global 'own' is not defined");
}

static int add_api(lua_State *L)
{
  lua_pushglobaltable(L);
  lua_pushinteger(L, 42);
  lua_setfield(L, -2, "answer");
  return 0;
}

static void globals_that_c_adds_are_seen_and_frozen(void **state)
{
  (void)state;
  lua_pushcfunction(tg_vm_lua(vm), add_api);
  assert_int_equal(tg_vm_call(vm, 0, 0, &err), TG_OK);
  assert_result("return answer", "42");
  assert_raises("answer = 1", "scripts/t.lua:1", "is not declared");
  assert_result("return answer + _G.answer", "84");
}

static void arguments_are_consumed_and_results_counted(void **state)
{
  (void)state;
  lua_State *L = tg_vm_lua(vm);
  lua_pushliteral(L, "below");
  assert_int_equal(tg_vm_load(vm, "t.lua", tg_text("return ..."), &err), TG_OK);
  lua_pushinteger(L, 1);
  lua_pushinteger(L, 2);
  assert_int_equal(tg_vm_call(vm, 2, 3, &err), TG_OK);
  assert_int_equal(lua_gettop(L), 4);
  assert_int_equal(lua_tointeger(L, 3), 2);
  assert_true(lua_isnil(L, 4));
  lua_settop(L, 1);
  assert_int_equal(tg_vm_load(vm, "t.lua", tg_text("error(...)"), &err), TG_OK);
  lua_pushliteral(L, "no");
  assert_int_equal(tg_vm_call(vm, 1, 3, &err), TG_DATA);
  assert_int_equal(lua_gettop(L), 1);
  assert_string_equal(lua_tostring(L, 1), "below");
}

static void a_long_file_name_is_shown_whole(void **state)
{
  (void)state;
  static const char NAME[] =
      "scripts/a-folder-with-a-long-name/and-a-file-whose-name-is-even-longer.lua";
  assert_int_equal(tg_vm_load(vm, NAME, tg_text("\nlocal x = nil + 1"), &err), TG_OK);
  assert_int_equal(tg_vm_call(vm, 0, 0, &err), TG_DATA);
  assert_memory_equal(err.where, NAME, strlen(NAME));
  assert_string_equal(err.where + strlen(NAME), ":2");
}

static void metatables_keep_what_scripts_need(void **state)
{
  (void)state;
  /* The class idiom that sets __index after setmetatable. */
  assert_result(
      "local C = {}\n"
      "function C:new() local o = setmetatable({}, self) self.__index = self return o end\n"
      "function C:hello() return 'hello' end\n"
      "return C:new():hello()",
      "hello");
  assert_result("local m = { __add = function(a, b) return a.n + b.n end }\n"
                "local a = setmetatable({ n = 1 }, m)\n"
                "return tostring(a + a) .. tostring(getmetatable(a) == m)",
                "2true");
  assert_result("local t = setmetatable({}, { __metatable = 'no' })\n"
                "return getmetatable(t) .. tostring(pcall(setmetatable, t, {}))",
                "nofalse");
  assert_result("local t = setmetatable({}, { __tostring = function() return 'me' end })\n"
                "return tostring(setmetatable(t, nil) == t)",
                "true");
}

static void each_kind_of_error_can_be_caught(void **state)
{
  (void)state;
  assert_result("local ok, e = pcall(error, 'x', 0) return e", "x");
  assert_result("return select('#', pcall(function() return 1, nil, 3 end))", "4");
  assert_result("return (select(2, xpcall(error, function(m) return m .. '!' end, 'x', 0)))", "x!");
  assert_result("return (select(2, xpcall(function(...) return ... end, print, 'arg')))", "arg");
  assert_result("local ok, e = pcall(string.rep) return e:match('bad argument') ", "bad argument");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      TEST(a_chunk_returns_its_result),
      TEST(a_raise_names_file_and_line),
      TEST(a_syntax_error_is_config),
      TEST(globals_are_frozen),
      TEST(memory_past_the_cap_loses_the_vm),
      TEST(pcall_does_not_swallow_the_end_of_memory),
      TEST(each_allocation_may_fail),
      TEST(bytecode_is_refused),
      TEST(an_environment_belongs_to_its_chunk),
      TEST(globals_that_c_adds_are_seen_and_frozen),
      TEST(arguments_are_consumed_and_results_counted),
      TEST(a_long_file_name_is_shown_whole),
      TEST(metatables_keep_what_scripts_need),
      TEST(each_kind_of_error_can_be_caught),
  };
  return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
