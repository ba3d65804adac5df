/* The life of a VM: its allocator, loading, and the one protected call everything goes through.
 * What scripts see inside is sandbox.c's; how a deadline reaches a running script is watchdog.c's.
 */
#include "bindings/vm.h"

#include "bindings/message.h"
#include "bindings/vmstate.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

/* osize is the old size only when ptr is not NULL; otherwise it is a type tag. */
static void *allocate(void *self, void *ptr, size_t osize, size_t nsize)
{
  struct tg_vm *vm = self;
  size_t held = ptr ? osize : 0;
  if (nsize == 0) {
    free(ptr);
    vm->bytes -= held;
    return NULL;
  }
  bool fail = vm->fail_at && ++vm->allocs >= vm->fail_at;
  bool over = nsize > held && nsize - held > vm->memory_max - vm->bytes;
  void *p = fail || over ? NULL : realloc(ptr, nsize);
  if (p) {
    vm->bytes += nsize - held;
  } else {
    vm->refused = true;
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
  if (lua_pcall(vm->L, 0, 0, 0) != LUA_OK) goto failed;
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

/* Out of memory may also come as a plain text (from luaL_Buffer), which a script could raise
 * itself: it counts only when the allocator has refused something. */
static bool is_out_of_memory(lua_State *L, int status)
{
  if (status == LUA_ERRMEM) return true;
  if (!tg_vm_of(L)->refused || lua_type(L, -1) != LUA_TSTRING) return false;
  return strcmp(lua_tostring(L, -1), "not enough memory") == 0;
}

void tg_vm_pass_on(lua_State *L, int status)
{
  if (is_out_of_memory(L, status)) tg_vm_of(L)->lost = true;
  if (tg_vm_of(L)->lost || tg_vm_late(tg_vm_of(L))) lua_error(L);
}

static enum tg_rc lost(struct tg_vm *vm, struct tg_err *err)
{
  vm->lost = true;
  return tg_err_set(err, TG_FATAL, vm->fault.where, "needs more than lua.memory (%zu bytes)",
                    vm->memory_max);
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
  if (vm->lost || !lua_checkstack(L, 3)) return lost(vm, err);
  lua_pushcfunction(L, load_chunk);
  lua_pushlightuserdata(L, &load);
  int status = lua_pcall(L, 1, 1, 0);
  if (status == LUA_OK && !load.syntax) return TG_OK;
  enum tg_rc rc = TG_CONFIG;
  if (status != LUA_OK) {
    rc = lost(vm, err);
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

/* The message handler of the outermost call: reads the object while the stack still stands. */
static int read_fault(lua_State *L)
{
  struct tg_vm *vm = tg_vm_of(L);
  if (!tg_vm_late(vm) && !vm->lost) tg_message_read(L, &vm->fault);
  return 1;
}

static enum tg_rc call_failed(struct tg_vm *vm, int status, struct tg_err *err)
{
  if (vm->lost || is_out_of_memory(vm->L, status)) return lost(vm, err);
  if (status == LUA_ERRERR && !*vm->fault.what) {
    return tg_err_set(err, TG_DATA, vm->fault.where, "an error while handling an error");
  }
  return tg_err_set(err, TG_DATA, vm->fault.where, "%s", vm->fault.what);
}

enum tg_rc tg_vm_call(struct tg_vm *vm, int args, int results, struct tg_err *err)
{
  lua_State *L = vm->L;
  int base = lua_gettop(L) - args;
  enum tg_rc rc = TG_OK;
  tg_err_clear(&vm->fault);
  vm->refused = false;
  if (vm->lost || !lua_checkstack(L, 1)) {
    lua_settop(L, base - 1);
    return lost(vm, err);
  }
  lua_pushcfunction(L, read_fault);
  lua_insert(L, base);
  vm->depth++;
  int status = lua_pcall(L, args, results, base);
  vm->depth--;
  if (status != LUA_OK) {
    rc = call_failed(vm, status, err);
    lua_pop(L, 1);
  }
  lua_remove(L, base);
  return rc;
}

bool tg_vm_late(const struct tg_vm *vm)
{
  (void)vm;
  return false;
}

void tg_vm_poll(lua_State *L)
{
  (void)L;
}
