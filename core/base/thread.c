/* Threads with names. */
#include "core/base/thread.h"

#include <stdio.h>

static void set_name(pthread_t thread, const char *name)
{
  char shown[TG_THREAD_NAME];
  snprintf(shown, sizeof shown, "%s", name);
  pthread_setname_np(thread, shown);
}

bool tg_thread_start(pthread_t *thread, const char *name, void *(*main)(void *), void *self)
{
  if (pthread_create(thread, NULL, main, self) != 0) return false;
  set_name(*thread, name);
  return true;
}

void tg_thread_name(const char *name)
{
  set_name(pthread_self(), name);
}
