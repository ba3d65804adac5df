/* Threads with names, so that `top -H` and /proc/PID/task/N/comm say which one the CPU time is of:
 * tg-worker-0, tg-writer-0, tg-keeper, tg-http. Those of librdkafka keep its own names. */
#ifndef TG_BASE_THREAD_H
#define TG_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

enum { TG_THREAD_NAME = 16 }; /* bytes, the NUL included: Linux keeps no more */

/* Starts main(self) as a thread of this name (longer ones are cut). False when the system gives
 * none. */
bool tg_thread_start(pthread_t *thread, const char *name, void *(*main)(void *), void *self);

/* Names the calling thread: for those that a library started. */
void tg_thread_name(const char *name);

#endif
