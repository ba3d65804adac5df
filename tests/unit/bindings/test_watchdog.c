/* Deadlines: they end what never ends by itself, cannot be swallowed, and never hit a later call.
 * */
#include "bindings/vm.h"

#include "core/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

/* How much CPU time a late call may still use until it ends, under a sanitizer. */
enum { SLACK_US = 1000000 };

static struct tg_vm *new_vm(int64_t deadline_us)
{
  struct tg_vm_conf conf = {.memory_max = 32 << 20, .deadline_us = deadline_us};
  struct tg_vm *vm = NULL;
  struct tg_err err;
  assert_int_equal(tg_vm_new(&conf, &vm, &err), TG_OK);
  return vm;
}

static enum tg_rc run(struct tg_vm *vm, const char *text, struct tg_err *err)
{
  enum tg_rc rc = tg_vm_load(vm, "scripts/t.lua", tg_text(text), err);
  return rc == TG_OK ? tg_vm_call(vm, 0, 0, err) : rc;
}

static void assert_stopped(const char *text, const char *where)
{
  struct tg_vm *vm = new_vm(50000);
  struct tg_err err;
  int64_t start = tg_clock_thread_us();
  assert_int_equal(run(vm, text, &err), TG_DATA);
  int64_t took = tg_clock_thread_us() - start;
  if (took > 50000 + SLACK_US) fail_msg("%s: took %lld us", text, (long long)took);
  assert_string_equal(err.what, "ran longer than lua.deadline (50 ms of CPU time)");
  assert_string_equal(err.where, where);
  assert_int_equal(lua_gettop(tg_vm_lua(vm)), 0);
  assert_int_equal(run(vm, "return 1", &err), TG_OK);
  tg_vm_free(vm);
}

static void an_endless_loop_ends_at_its_line(void **state)
{
  (void)state;
  assert_stopped("local x = 1\nwhile true do end", "scripts/t.lua:2");
  assert_stopped("local x = 1\n\nrepeat x = x + 1 until false", "scripts/t.lua:3");
  assert_stopped("::a:: goto a", "scripts/t.lua:1");
}

static void no_script_swallows_the_deadline(void **state)
{
  (void)state;
  assert_stopped("while true do pcall(function() while true do end end) end", "scripts/t.lua:1");
  assert_stopped("xpcall(function() while true do end end, function() while true do end end)",
                 "scripts/t.lua:1");
  assert_stopped("local function f() while true do end end\n"
                 "local c <close> = setmetatable({}, {__close = f})\n"
                 "f()",
                 "scripts/t.lua:1");
}

/* The library polls: a hook alone would not reach into C. */
static void c_functions_end_too(void **state)
{
  (void)state;
  assert_stopped("local t = setmetatable({}, {__len = nil})\n"
                 "getmetatable(t).__len = function() return 1e7 // 1 | 0 end\n"
                 "while true do table.move(t, 1, 9999999, 2, {}) end",
                 "scripts/t.lua:3");
}

static void a_call_in_time_leaves_nothing_behind(void **state)
{
  (void)state;
  struct tg_vm *vm = new_vm(2000000);
  struct tg_err err;
  for (int i = 0; i < 200; i++) assert_int_equal(run(vm, "return 1", &err), TG_OK);
  assert_null(lua_gethook(tg_vm_lua(vm)));
  assert_false(tg_vm_late(vm));
  tg_vm_free(vm);
}

/* Calls that end at about the moment of their deadline: the signal of one must never stop the next.
 * */
static void a_late_signal_never_hits_the_next_call(void **state)
{
  (void)state;
  struct tg_vm *fast = new_vm(1000), *slow = new_vm(60 * TG_SEC);
  struct tg_err err;
  int stopped = 0;
  for (int i = 0; i < 300; i++) {
    char text[96];
    snprintf(text, sizeof text, "local t for i = 1, %d do t = {i} end", i * 8);
    stopped += run(fast, text, &err) != TG_OK;
    assert_int_equal(run(slow, "local t for i = 1, 500 do t = {i} end", &err), TG_OK);
    assert_null(lua_gethook(tg_vm_lua(slow)));
  }
  print_message("%d of 300 were stopped\n", stopped);
  tg_vm_free(fast);
  tg_vm_free(slow);
}

/* Blocks every signal first, as threads of a process with a signalfd do. */
static void *work(void *out)
{
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  struct tg_vm *vm = new_vm(20000);
  struct tg_err err;
  int *stopped = out;
  for (int i = 0; i < 5; i++) {
    *stopped += run(vm, "while true do local t = {} end", &err) == TG_DATA;
    *stopped += run(vm, "local t = {}", &err) == TG_OK;
  }
  tg_vm_free(vm);
  return NULL;
}

static void many_threads_have_their_own_deadlines(void **state)
{
  (void)state;
  enum { THREADS = 6 };
  pthread_t threads[THREADS];
  int stopped[THREADS] = {0};
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, work, &stopped[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    pthread_join(threads[i], NULL);
    assert_int_equal(stopped[i], 10);
  }
}

static struct tg_vm *inner_vm;

static int call_inner(lua_State *L)
{
  struct tg_err err;
  lua_pushboolean(L, run(inner_vm, "while true do local t = {} end", &err) == TG_DATA);
  return 1;
}

static int call_same(lua_State *L)
{
  struct tg_err err;
  enum tg_rc rc = run(tg_vm_of(L), "while true do local t = {} end", &err);
  lua_pushinteger(L, (lua_Integer)rc);
  return 1;
}

static enum tg_rc call_c(struct tg_vm *vm, lua_CFunction f, struct tg_err *err)
{
  lua_pushcfunction(tg_vm_lua(vm), f);
  return tg_vm_call(vm, 0, 1, err);
}

static void another_vm_inside_has_its_own_deadline(void **state)
{
  (void)state;
  struct tg_vm *vm = new_vm(60 * TG_SEC);
  struct tg_err err;
  inner_vm = new_vm(30000);
  assert_int_equal(call_c(vm, call_inner, &err), TG_OK);
  assert_true(lua_toboolean(tg_vm_lua(vm), -1));
  assert_int_equal(run(vm, "local t for i = 1, 10000 do t = {i} end", &err), TG_OK);
  tg_vm_free(inner_vm);
  tg_vm_free(vm);
}

static void a_nested_call_shares_the_outer_deadline(void **state)
{
  (void)state;
  struct tg_vm *vm = new_vm(30000);
  struct tg_err err;
  assert_int_equal(call_c(vm, call_same, &err), TG_OK);
  assert_int_equal(lua_tointeger(tg_vm_lua(vm), -1), TG_DATA);
  assert_null(lua_gethook(tg_vm_lua(vm)));
  tg_vm_free(vm);
}

static int poll_forever(lua_State *L)
{
  for (;;) tg_vm_poll(L);
  return 0;
}

static void polling_ends_a_c_function(void **state)
{
  (void)state;
  struct tg_vm *vm = new_vm(30000);
  struct tg_err err;
  assert_int_equal(call_c(vm, poll_forever, &err), TG_DATA);
  assert_string_equal(err.what, "ran longer than lua.deadline (30 ms of CPU time)");
  tg_vm_free(vm);
}

/* Ten times the limit on the wall, next to nothing of it on the CPU. */
static int stand_still(lua_State *L)
{
  struct timespec pause = {.tv_nsec = 300 * 1000 * 1000};
  while (nanosleep(&pause, &pause) != 0) {}
  tg_vm_poll(L);
  lua_pushinteger(L, 7);
  return 1;
}

static void a_thread_that_gets_no_cpu_is_not_late(void **state)
{
  (void)state;
  struct tg_vm *vm = new_vm(30000);
  struct tg_err err;
  assert_int_equal(call_c(vm, stand_still, &err), TG_OK);
  assert_int_equal(lua_tointeger(tg_vm_lua(vm), -1), 7);
  tg_vm_free(vm);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_endless_loop_ends_at_its_line),
      cmocka_unit_test(no_script_swallows_the_deadline),
      cmocka_unit_test(c_functions_end_too),
      cmocka_unit_test(a_call_in_time_leaves_nothing_behind),
      cmocka_unit_test(a_late_signal_never_hits_the_next_call),
      cmocka_unit_test(many_threads_have_their_own_deadlines),
      cmocka_unit_test(another_vm_inside_has_its_own_deadline),
      cmocka_unit_test(a_nested_call_shares_the_outer_deadline),
      cmocka_unit_test(polling_ends_a_c_function),
      cmocka_unit_test(a_thread_that_gets_no_cpu_is_not_late),
  };
  return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
