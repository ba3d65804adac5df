/* C11 threads as POSIX threads, for builds under ThreadSanitizer: librdkafka uses thrd_*, mtx_* and
 * cnd_* of the C library, which GCC 12's ThreadSanitizer does not know. Its threads would crash in
 * the first intercepted call, and its locks would order nothing. glibc's mtx_t and cnd_t are its
 * pthread types under other names. */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "mtx_t holds a pthread_mutex_t");
_Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "cnd_t holds a pthread_cond_t");

struct start {
  thrd_start_t run;
  void *arg;
};

static int result(int code)
{
  switch (code) {
  case 0: return thrd_success;
  case ENOMEM: return thrd_nomem;
  case ETIMEDOUT: return thrd_timedout;
  case EBUSY: return thrd_busy;
  default: return thrd_error;
  }
}

static void *thread_main(void *self)
{
  struct start s = *(struct start *)self;
  free(self);
  return (void *)(intptr_t)s.run(s.arg);
}

int thrd_create(thrd_t *thread, thrd_start_t run, void *arg)
{
  struct start *s = malloc(sizeof *s);
  if (!s) return thrd_nomem;
  *s = (struct start){run, arg};
  int code = pthread_create(thread, NULL, thread_main, s);
  if (code) free(s);
  return result(code);
}

int thrd_join(thrd_t thread, int *out)
{
  void *value = NULL;
  int code = pthread_join(thread, &value);
  if (out) *out = (int)(intptr_t)value;
  return result(code);
}

int mtx_init(mtx_t *m, int type)
{
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  if (type & mtx_recursive) pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
  int code = pthread_mutex_init((pthread_mutex_t *)m, &attr);
  pthread_mutexattr_destroy(&attr);
  return result(code);
}

void mtx_destroy(mtx_t *m)
{
  pthread_mutex_destroy((pthread_mutex_t *)m);
}

int mtx_lock(mtx_t *m)
{
  return result(pthread_mutex_lock((pthread_mutex_t *)m));
}

int mtx_unlock(mtx_t *m)
{
  return result(pthread_mutex_unlock((pthread_mutex_t *)m));
}

int cnd_init(cnd_t *c)
{
  return result(pthread_cond_init((pthread_cond_t *)c, NULL));
}

void cnd_destroy(cnd_t *c)
{
  pthread_cond_destroy((pthread_cond_t *)c);
}

int cnd_signal(cnd_t *c)
{
  return result(pthread_cond_signal((pthread_cond_t *)c));
}

int cnd_broadcast(cnd_t *c)
{
  return result(pthread_cond_broadcast((pthread_cond_t *)c));
}

int cnd_wait(cnd_t *c, mtx_t *m)
{
  return result(pthread_cond_wait((pthread_cond_t *)c, (pthread_mutex_t *)m));
}

int cnd_timedwait(cnd_t *restrict c, mtx_t *restrict m, const struct timespec *restrict until)
{
  return result(pthread_cond_timedwait((pthread_cond_t *)c, (pthread_mutex_t *)m, until));
}
