/* The only clocks. Time inside is int64_t microseconds; wall time counts from the Unix epoch
 * (UTC). */
#ifndef TG_BASE_CLOCK_H
#define TG_BASE_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

#define TG_MS  INT64_C(1000)
#define TG_SEC INT64_C(1000000)

int64_t tg_clock_wall_us(void);
int64_t tg_clock_mono_us(void);    /* for deadlines and durations; never goes back */
int64_t tg_clock_thread_us(void);  /* CPU time of the calling thread */
int64_t tg_clock_process_us(void); /* CPU time of the process */

/* A time or duration as the system's calls take it. */
static inline struct timespec tg_clock_timespec(int64_t us)
{
  return (struct timespec){.tv_sec = us / TG_SEC, .tv_nsec = us % TG_SEC * 1000};
}

/* CPU time of another thread, which must be alive. */
int64_t tg_clock_of_us(pthread_t thread);

/* Wall time as "2026-11-15T00:00:00.003Z" in out (at least 32 bytes). Returns out. */
char *tg_clock_text(int64_t wall_us, char *out);

#endif
