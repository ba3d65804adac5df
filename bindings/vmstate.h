/* The inside of a VM, shared by vm.c, sandbox.c and the bounded libraries; everybody else uses
 * vm.h. */
#ifndef TG_BINDINGS_VMSTATE_H
#define TG_BINDINGS_VMSTATE_H

#include "bindings/vm.h"
#include "bindings/watchdog.h"

struct tg_vm {
  lua_State *L;
  size_t memory_max;        /* cap of bytes */
  size_t bytes;             /* held by the Lua state now */
  uint64_t allocs;          /* requests so far that could fail */
  uint64_t fail_at;         /* tests: requests from this one on fail, 0 = none */
  int64_t deadline_us;      /* per outermost call */
  struct tg_arena *scratch; /* borrowed from the evaluator, or NULL */
  uint32_t depth;           /* nested tg_vm_call() */
  bool refused;             /* the allocator said no during this call */
  bool stack_full;          /* it said no inside a very deep recursion */
  bool stack_large;         /* a collection may shrink it (STACK_KEPT in vm.c) */
  bool lost;                /* out of memory: every call fails from now on */
  struct tg_watch watch;    /* of the outermost call */
  void *line_self;          /* of its line hook */
  struct tg_err fault;      /* what the message handler saw last */
  char late_where[128];     /* what ran when the deadline was first noticed */
  char full_where[128];     /* what ran when the allocator last said no */
};

/* Longest text a library function may build in one go, in bytes: a quarter of the memory, so that a
 * mistake is an error and does not cost the VM. */
static inline size_t tg_vm_text_max(const struct tg_vm *vm)
{
  return vm->memory_max / 4;
}

/* Replacements for the functions of `string` and `table` that could run for long or grow without
 * limit: sets them in the table on top. [-0, +0], may raise. */
void tg_strlib_set(lua_State *L);
void tg_tablib_set(lua_State *L);
/* Sets setmetatable, getmetatable and rawset in the table on top. [-0, +0], may raise. */
void tg_metatable_set(lua_State *L);

/* Opens the allow-list of libraries and freezes them. Runs protected: [-0, +0], may raise. */
void tg_sandbox_open(lua_State *L);
/* Gives the function on top its own environment. [-0, +0], may raise. */
void tg_sandbox_env(lua_State *L);

#endif
