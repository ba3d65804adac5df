/* The life of a VM: its allocator, loading, and the one protected call everything goes through.
 * What scripts see inside is sandbox.c's; how a deadline reaches a running script is watchdog.c's.
 */
#include "bindings/vm.h"

#include "bindings/message.h"
#include "bindings/vmstate.h"

#include "core/base/clock.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

#define STACK_OVERFLOW "stack overflow: does a function call itself without end?"

/* A call so deep that needs more memory is endless recursion: the script's error, not the VM's end.
 * */
enum { LEVELS_DEEP = 5000 };

/* Stack slots that a VM always keeps (64 KiB). While `a .. b` runs a metamethod, Lua 5.4.4 keeps a
 * pointer into the stack (luaV_concat(); mended in 5.4.5): the stack must not move meanwhile. With
 * these slots it never grows there for scripts that do not recurse thousands of levels deep, and a
 * collection shrinks it only when it is three times as large; scripts have no __concat of their
 * own. */
enum { STACK_KEPT = 4000, STACK_LARGE_BYTES = 3 * STACK_KEPT * 16 };

/* Lua tells nobody where memory ran out: the line is kept now (which allocates nothing). */
static void note_refusal(struct tg_vm *vm)
{
  lua_Debug ar;
  vm->refused = true;
  if (!vm->depth) return;
  if (lua_getstack(vm->L, LEVELS_DEEP, &ar)) vm->stack_full = true;
  tg_message_where(vm->L, vm->full_where, sizeof vm->full_where);
}

/* Counts one request; false: it is refused. */
static bool may_allocate(struct tg_vm *vm, size_t held, size_t nsize)
{
  if (vm->fail_at && ++vm->allocs >= vm->fail_at) return false;
  return nsize <= held || nsize - held <= vm->memory_max - vm->bytes;
}

/* osize is the old size only when ptr is not NULL; otherwise it is a type tag. */
static void *allocate(void *self, void *ptr, size_t osize, size_t nsize)
{
  struct tg_vm *vm = self;
  size_t held = ptr ? osize : 0;
  if (!ptr && osize == 0 && nsize >= STACK_LARGE_BYTES) vm->stack_large = true; /* or a table */
  if (nsize == 0) {
    free(ptr);
    vm->bytes -= held;
    return NULL;
  }
  void *p = may_allocate(vm, held, nsize) ? realloc(ptr, nsize) : NULL;
  if (p) {
    vm->bytes += nsize - held;
  } else {
    note_refusal(vm);
  }
  return p;
}

static int open_state(lua_State *L)
{
  tg_sandbox_open(L);
  return 0;
}

enum tg_rc tg_vm_new(const struct tg_vm_conf *conf, struct tg_vm **out, struct tg_err *err)
{
  struct tg_vm *vm = calloc(1, sizeof *vm);
  if (!vm) return tg_err_set(err, TG_FATAL, "lua", "no memory for a VM");
  vm->memory_max = conf->memory_max;
  vm->deadline_us = conf->deadline_us;
  vm->fail_at = conf->fail_at;
  vm->L = lua_newstate(allocate, vm);
  if (!vm->L) goto failed;
  *(struct tg_vm **)lua_getextraspace(vm->L) = vm;
  lua_pushcfunction(vm->L, open_state);
  if (lua_pcall(vm->L, 0, 0, 0) != LUA_OK || !lua_checkstack(vm->L, STACK_KEPT)) goto failed;
  *out = vm;
  return TG_OK;
failed:
  tg_vm_free(vm);
  return tg_err_set(err, TG_FATAL, "lua", "a VM does not fit into lua.memory (%zu bytes)",
                    conf->memory_max);
}

void tg_vm_free(struct tg_vm *vm)
{
  if (!vm) return;
  if (vm->L) lua_close(vm->L);
  assert(vm->bytes == 0);
  free(vm);
}

lua_State *tg_vm_lua(struct tg_vm *vm)
{
  return vm->L;
}

struct tg_vm *tg_vm_of(lua_State *L)
{
  return *(struct tg_vm **)lua_getextraspace(L);
}

void tg_vm_pin(lua_State *L)
{
  if (tg_vm_of(L)->stack_large) lua_gc(L, LUA_GCSTOP);
}

void tg_vm_unpin(lua_State *L)
{
  if (!lua_gc(L, LUA_GCISRUNNING)) lua_gc(L, LUA_GCRESTART);
}

size_t tg_vm_memory(const struct tg_vm *vm)
{
  return vm->bytes;
}

struct tg_arena *tg_vm_scratch(lua_State *L)
{
  return tg_vm_of(L)->scratch;
}

void tg_vm_set_scratch(struct tg_vm *vm, struct tg_arena *arena)
{
  vm->scratch = arena;
}

void tg_vm_set_line_hook(struct tg_vm *vm, lua_Hook hook, void *self)
{
  vm->watch.lines = hook;
  vm->line_self = self;
}

void *tg_vm_line_self(lua_State *L)
{
  return tg_vm_of(L)->line_self;
}

/* Out of memory, as far as the VM is concerned: a full stack is the script's error. It may also
 * come as a plain text (from luaL_Buffer), which a script could raise itself: it counts only when
 * the allocator has refused something. */
static bool is_out_of_memory(lua_State *L, int status)
{
  if (status == LUA_ERRMEM) return !tg_vm_of(L)->stack_full;
  if (!tg_vm_of(L)->refused || lua_type(L, -1) != LUA_TSTRING) return false;
  return strcmp(lua_tostring(L, -1), "not enough memory") == 0;
}

/* The error object of a deadline is an address that scripts cannot have: raising it needs no
 * memory. */
static int raise_late(lua_State *L)
{
  struct tg_vm *vm = tg_vm_of(L);
  if (!*vm->late_where) tg_message_where(L, vm->late_where, sizeof vm->late_where);
  lua_pushlightuserdata(L, vm);
  return lua_error(L);
}

void tg_vm_pass_on(lua_State *L, int status)
{
  if (is_out_of_memory(L, status)) tg_vm_of(L)->lost = true;
  if (tg_vm_of(L)->lost) lua_error(L);
  if (tg_vm_late(tg_vm_of(L))) raise_late(L); /* also when the script's own error came first */
  if (status != LUA_ERRMEM) return;
  tg_vm_of(L)->stack_full = false;
  lua_pop(L, 1);
  lua_pushliteral(L, STACK_OVERFLOW);
}

static enum tg_rc lost(struct tg_vm *vm, const char *where, struct tg_err *err)
{
  vm->lost = true;
  return tg_err_set(err, TG_FATAL, where, "needs more than lua.memory (%zu bytes)", vm->memory_max);
}

struct load {
  const char *name;
  struct tg_text text;
  bool syntax; /* the compiler refused it */
};

/* [-0, +1] the function, or the message with load->syntax set. */
static int load_chunk(lua_State *L)
{
  struct load *load = lua_touserdata(L, 1);
  const char *name = lua_pushfstring(L, "@%s", load->name);
  int status = luaL_loadbufferx(L, load->text.ptr, load->text.len, name, "t");
  if (status == LUA_ERRMEM) return lua_error(L);
  load->syntax = status != LUA_OK;
  if (!load->syntax) tg_sandbox_env(L);
  return 1;
}

enum tg_rc tg_vm_load(struct tg_vm *vm, const char *name, struct tg_text text, struct tg_err *err)
{
  lua_State *L = vm->L;
  struct load load = {.name = name, .text = text};
  tg_err_clear(&vm->fault);
  if (vm->lost || !lua_checkstack(L, 3)) return lost(vm, name, err);
  lua_pushcfunction(L, load_chunk);
  lua_pushlightuserdata(L, &load);
  int status = lua_pcall(L, 1, 1, 0);
  if (status == LUA_OK && !load.syntax) return TG_OK;
  enum tg_rc rc = TG_CONFIG;
  if (status != LUA_OK) {
    rc = lost(vm, name, err);
  } else {
    size_t len;
    const char *message = lua_tolstring(L, -1, &len);
    tg_message_parse(message, len, &vm->fault);
    const char *where = *vm->fault.where ? vm->fault.where : name;
    rc = tg_err_set(err, TG_CONFIG, where, "%s", vm->fault.what);
  }
  lua_pop(L, 1);
  return rc;
}

/* The message handler: reads the object while the stack still stands. */
static int read_fault(lua_State *L)
{
  struct tg_vm *vm = tg_vm_of(L);
  if (tg_vm_late(vm) || vm->lost) return 1;
  struct tg_err seen;
  tg_message_read(L, &seen);
  vm->fault = seen;
  return 1;
}

static enum tg_rc call_failed(struct tg_vm *vm, int status, struct tg_err *err)
{
  if (vm->lost || is_out_of_memory(vm->L, status)) return lost(vm, vm->full_where, err);
  if (tg_vm_late(vm)) {
    return tg_err_set(err, TG_DATA, vm->late_where,
                      "ran longer than lua.deadline (%lld ms of CPU time)",
                      (long long)(vm->deadline_us / TG_MS));
  }
  if (status == LUA_ERRMEM) return tg_err_set(err, TG_DATA, vm->full_where, STACK_OVERFLOW);
  if (status == LUA_ERRERR && !*vm->fault.what) {
    return tg_err_set(err, TG_DATA, vm->fault.where, "an error while handling an error");
  }
  return tg_err_set(err, TG_DATA, vm->fault.where, "%s", vm->fault.what);
}

static void late_hook(lua_State *L, lua_Debug *ar)
{
  (void)ar;
  raise_late(L);
}

static enum tg_rc begin_call(struct tg_vm *vm, struct tg_err *err)
{
  tg_err_clear(&vm->fault);
  if (vm->depth) return TG_OK;
  tg_vm_unpin(vm->L);
  vm->refused = vm->stack_full = false;
  *vm->late_where = *vm->full_where = 0;
  vm->watch.L = vm->L;
  vm->watch.hook = late_hook;
  vm->watch.limit_us = vm->deadline_us;
  return tg_watch_begin(&vm->watch, err);
}

/* The call itself, with the message handler below the function. */
static enum tg_rc guarded_call(struct tg_vm *vm, int args, int results, struct tg_err *err)
{
  lua_State *L = vm->L;
  int base = lua_gettop(L) - args;
  lua_pushcfunction(L, read_fault);
  lua_insert(L, base);
  vm->depth++;
  int status = lua_pcall(L, args, results, base);
  enum tg_rc rc = TG_OK;
  if (status != LUA_OK) {
    rc = call_failed(vm, status, err);
    lua_pop(L, 1);
  }
  vm->depth--;
  lua_remove(L, base);
  return rc;
}

void tg_vm_set_deadline(struct tg_vm *vm, int64_t deadline_us)
{
  vm->deadline_us = deadline_us;
}

enum tg_rc tg_vm_call(struct tg_vm *vm, int args, int results, struct tg_err *err)
{
  lua_State *L = vm->L;
  enum tg_rc rc;
  if (vm->lost) {
    rc = lost(vm, "lua", err);
  } else if (!lua_checkstack(L, 1)) {
    rc = tg_err_set(err, TG_DATA, "lua", "stack overflow");
  } else {
    rc = begin_call(vm, err);
  }
  if (rc != TG_OK) {
    lua_pop(L, args + 1);
    return rc;
  }
  rc = guarded_call(vm, args, results, err);
  if (!vm->depth) tg_watch_end(&vm->watch);
  return rc;
}

bool tg_vm_late(const struct tg_vm *vm)
{
  return vm->depth && atomic_load_explicit(&vm->watch.late, memory_order_relaxed);
}

void tg_vm_poll(lua_State *L)
{
  if (tg_vm_late(tg_vm_of(L))) raise_late(L);
}
