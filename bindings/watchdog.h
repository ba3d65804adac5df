/* Deadlines for running Lua code, in CPU time of the thread that runs it: a machine that is busy
 * with other things makes no script late. One thread per process, started at first use, watches
 * all calls; when one is due it signals the thread that runs it, and the signal handler calls
 * lua_sethook(), the only function Lua documents as safe to call from outside. No standing hook:
 * loops run at full speed.
 *
 *   worker     begin .......................... end       end forgets the call first: a signal
 *   watchdog            late = true, signal               that comes after it finds nothing to do
 *   handler                 lua_sethook(every instruction)
 *
 * The signal is sent again until the call has ended, as one may fall between two instructions that
 * do not look at the hook; at growing intervals, as lua_sethook() visits every level of a deep
 * recursion, and handling signals must not become all the thread does. A late signal meant for an
 * earlier call finds `late` unset.
 *
 * Thread: begin and end on the thread that runs the call; calls may nest. */
#ifndef TG_BINDINGS_WATCHDOG_H
#define TG_BINDINGS_WATCHDOG_H

#include "core/base/err.h"

#include <lua.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* One running call; lives in the caller from begin to end. */
struct tg_watch {
  lua_State *L;
  lua_Hook lines;         /* a line hook of the call, until it is late; NULL: none */
  lua_Hook hook;          /* raises; called before every instruction once the call is late */
  int64_t limit_us;       /* CPU time it may use */
  int64_t end_us;         /* the thread's CPU time when it is late */
  int64_t due_us;         /* monotonic: when to look at it next */
  int64_t again_us;       /* pause until the next signal, once late */
  atomic_bool late;       /* set by the watchdog, read by everybody */
  pthread_t thread;       /* that runs the call */
  struct tg_watch *outer; /* the call around this one on the same thread */
  struct tg_watch *next;  /* in the watchdog's list */
};

/* Starts watching: w->L, w->hook and w->limit_us are set. TG_FATAL: the watchdog's thread cannot be
 * started. */
enum tg_rc tg_watch_begin(struct tg_watch *w, struct tg_err *err);

/* Stops watching and takes the hook away. w->late keeps saying whether the deadline had passed. */
void tg_watch_end(struct tg_watch *w);

#endif
