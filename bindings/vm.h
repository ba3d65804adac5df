/* One sandboxed Lua state. Scripts are trusted code with seat belts; their data is hostile
 * (docs/LUA.md).
 *
 *   memory    own allocator with a cap; past it the call fails and the VM is lost
 *   time      a watchdog thread signals the running thread when a call's deadline passes; the
 *             handler sets a hook that raises, through pcall, xpcall and __close, until the
 *             outermost call has ended
 *   globals   an allow-list, frozen; string and table functions with step and size caps
 *
 * C adds API globals with lua_pushglobaltable() and lua_setfield() while the VM is being set up, in
 * a function run by tg_vm_call(): scripts read through to that table and can never write to it. A
 * missing global raises.
 *
 * Thread: one at a time; any thread may make the next tg_vm_call(). */
#ifndef TG_BINDINGS_VM_H
#define TG_BINDINGS_VM_H

#include "core/base/arena.h"
#include "core/base/err.h"

#include <lua.h>

struct tg_vm;

struct tg_vm_conf {
  size_t memory_max;   /* bytes */
  int64_t deadline_us; /* CPU time of one tg_vm_call() */
  uint64_t fail_at;    /* tests: allocations from the n-th on fail; 0 = none */
};

enum tg_rc tg_vm_new(const struct tg_vm_conf *conf, struct tg_vm **out, struct tg_err *err);
void tg_vm_free(struct tg_vm *vm);
lua_State *tg_vm_lua(struct tg_vm *vm);
struct tg_vm *tg_vm_of(lua_State *L); /* from extra space; works in every coroutine-free state */
size_t tg_vm_memory(const struct tg_vm *vm);
/* Of the outermost calls from now on. */
void tg_vm_set_deadline(struct tg_vm *vm, int64_t deadline_us);

/* Between the two no collection moves the stack (why: STACK_KEPT in vm.c). When something is raised
 * in between, the next call unpins. */
void tg_vm_pin(lua_State *L);
void tg_vm_unpin(lua_State *L);

/* Compiles text (never bytecode) as chunk "@name" and pushes the function with its own environment,
 * a table that reads through to the frozen globals (upvalue 1 of the function; C may lua_rawset()
 * into it, scripts cannot).
 * [-0, +1] on TG_OK, [-0, +0] otherwise. TG_CONFIG: syntax error, where is "name:line". TG_FATAL:
 * out of memory. */
enum tg_rc tg_vm_load(struct tg_vm *vm, const char *name, struct tg_text text, struct tg_err *err);

/* lua_pcall under the deadline. [-(args+1), +results] on TG_OK, [-(args+1), +0] otherwise.
 * TG_DATA: the script raised (where "file:line", what the message). TG_FATAL: out of memory, and
 * from then on every call fails: the VM must be rebuilt. A deadline is TG_DATA with "ran longer
 * than lua.deadline (..)". Calls may nest (C called from Lua calls Lua): the outermost one has the
 * deadline. */
enum tg_rc tg_vm_call(struct tg_vm *vm, int args, int results, struct tg_err *err);

/* Calls hook before each new line of Lua, from the next outermost call on; NULL: no more. It must
 * not raise. Scripts run several times slower. */
void tg_vm_set_line_hook(struct tg_vm *vm, lua_Hook hook, void *self);
void *tg_vm_line_self(lua_State *L);

/* For C functions that catch errors with lua_pcall() themselves: after a failure, with the error
 * object on top, raises it again when it is one that nobody may swallow (deadline, no memory).
 * Otherwise the object on top is one for scripts. [-0, +0] */
void tg_vm_pass_on(lua_State *L, int status);

/* For long C operations: raises a Lua error when the deadline of the running call has passed. Call
 * it every 1,024 rows. [-0, +0], needs one free slot. */
void tg_vm_poll(lua_State *L);
/* The same without raising. */
bool tg_vm_late(const struct tg_vm *vm);

/* The scratch arena of the running rule or transform: temporaries live here until the evaluator
 * releases them. */
struct tg_arena *tg_vm_scratch(lua_State *L);
void tg_vm_set_scratch(struct tg_vm *vm, struct tg_arena *arena);

#endif
