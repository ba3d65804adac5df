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

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_chunk_returns_its_result, setup, teardown),
      cmocka_unit_test_setup_teardown(a_raise_names_file_and_line, setup, teardown),
      cmocka_unit_test_setup_teardown(a_syntax_error_is_config, setup, teardown),
      cmocka_unit_test_setup_teardown(globals_are_frozen, setup, teardown),
      cmocka_unit_test_setup_teardown(memory_past_the_cap_loses_the_vm, setup, teardown),
  };
  return cmocka_run_group_tests_name("vm", tests, NULL, NULL);
}
