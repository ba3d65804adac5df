/* The watchdog thread, its list of running calls, and the signal handler on the workers' side. */
#include "bindings/watchdog.h"

#include "core/base/clock.h"

#include <signal.h>

/* Pauses before a late call is signalled again: the first, and the longest. No call is looked at
 * more often than LOOK_US, however little CPU time it has left. */
enum { AGAIN_US = 10000, AGAIN_MAX_US = 1000000, LOOK_US = 1000 };

/* The list and the time the thread sleeps until belong to the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_cond_t sooner; /* on CLOCK_MONOTONIC */
static struct tg_watch *watched;
static int64_t asleep_until_us = INT64_MAX;
static int start_error; /* of pthread_create(), 0 = runs */

/* The innermost call on this thread: all that the signal handler looks at. */
static _Thread_local struct tg_watch *volatile current;
static _Thread_local bool unblocked;

static int interrupt_signal(void)
{
  return SIGRTMIN + 5;
}

static void interrupt(int number)
{
  (void)number;
  for (struct tg_watch *w = current; w; w = w->outer) {
    if (atomic_load(&w->late)) lua_sethook(w->L, w->hook, LUA_MASKCALL | LUA_MASKCOUNT, 1);
  }
}

/* Signals the call if it has used up its time; returns the pause until the next look at it. */
static int64_t look(struct tg_watch *w)
{
  int64_t left_us = w->end_us - tg_clock_of_us(w->thread);
  if (left_us > 0) return left_us > LOOK_US ? left_us : LOOK_US;
  atomic_store(&w->late, true);
  pthread_kill(w->thread, interrupt_signal());
  int64_t pause_us = w->again_us;
  if (w->again_us < AGAIN_MAX_US) w->again_us *= 2;
  return pause_us;
}

/* Looks at every call that is due; returns when the next one will be. */
static int64_t look_at_due(int64_t now_us)
{
  int64_t next_us = INT64_MAX;
  for (struct tg_watch *w = watched; w; w = w->next) {
    if (w->due_us <= now_us) w->due_us = now_us + look(w);
    if (w->due_us < next_us) next_us = w->due_us;
  }
  return next_us;
}

static void *watch_all(void *unused)
{
  pthread_mutex_lock(&lock);
  for (;;) {
    asleep_until_us = look_at_due(tg_clock_mono_us());
    struct timespec until = tg_clock_timespec(asleep_until_us);
    if (watched) {
      pthread_cond_timedwait(&sooner, &lock, &until);
    } else {
      pthread_cond_wait(&sooner, &lock);
    }
  }
  return unused;
}

static void start(void)
{
  struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(interrupt_signal(), &action, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&sooner, &monotonic);
  pthread_condattr_destroy(&monotonic);
  /* It takes no signals itself: those of the process belong to the supervisor. */
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  pthread_t thread;
  start_error = pthread_create(&thread, NULL, watch_all, NULL);
  if (!start_error) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* Threads that block all signals for their own reasons must still hear this one. */
static void unblock_signal(void)
{
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, interrupt_signal());
  pthread_sigmask(SIG_UNBLOCK, &mine, NULL);
  unblocked = true;
}

#ifdef __SANITIZE_THREAD__
/* ThreadSanitizer hands signals over at instrumented operations only, and Lua itself has none. */
static void pending_signals(lua_State *L, lua_Debug *ar)
{
  if (atomic_load(&current->late)) current->hook(L, ar);
}
#endif

enum tg_rc tg_watch_begin(struct tg_watch *w, struct tg_err *err)
{
  pthread_once(&once, start);
  if (start_error) {
    return tg_err_set(err, TG_FATAL, "lua", "cannot start the watchdog thread: error %d",
                      start_error);
  }
  if (!unblocked) unblock_signal();
  atomic_store(&w->late, false);
  w->again_us = AGAIN_US;
  w->thread = pthread_self();
  w->end_us = tg_clock_thread_us() + w->limit_us;
  w->due_us = tg_clock_mono_us() + w->limit_us;
  w->outer = current;
  /* Also without a hook: binds the symbol before the handler needs it. */
  lua_sethook(w->L, w->lines, w->lines ? LUA_MASKLINE : 0, 0);
#ifdef __SANITIZE_THREAD__
  if (!w->lines) lua_sethook(w->L, pending_signals, LUA_MASKCOUNT, 1000);
#endif
  current = w;
  pthread_mutex_lock(&lock);
  w->next = watched;
  watched = w;
  if (w->due_us < asleep_until_us) {
    asleep_until_us = w->due_us;
    pthread_cond_signal(&sooner);
  }
  pthread_mutex_unlock(&lock);
  return TG_OK;
}

void tg_watch_end(struct tg_watch *w)
{
  current = w->outer;
  pthread_mutex_lock(&lock);
  struct tg_watch **at = &watched;
  while (*at != w) at = &(*at)->next;
  *at = w->next;
  pthread_mutex_unlock(&lock);
  lua_sethook(w->L, NULL, 0, 0);
}
