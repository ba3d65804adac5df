/* The only clocks. */
#include "core/base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_us(clockid_t id)
{
  struct timespec t;
  clock_gettime(id, &t);
  return (int64_t)t.tv_sec * TG_SEC + t.tv_nsec / 1000;
}

int64_t tg_clock_wall_us(void) { return read_us(CLOCK_REALTIME); }
int64_t tg_clock_mono_us(void) { return read_us(CLOCK_MONOTONIC); }
int64_t tg_clock_thread_us(void) { return read_us(CLOCK_THREAD_CPUTIME_ID); }
int64_t tg_clock_process_us(void) { return read_us(CLOCK_PROCESS_CPUTIME_ID); }

char *tg_clock_text(int64_t wall_us, char *out)
{
  time_t seconds = (time_t)(wall_us / TG_SEC - (wall_us % TG_SEC < 0));
  int ms = (int)((wall_us - (int64_t)seconds * TG_SEC) / TG_MS);
  struct tm tm;
  gmtime_r(&seconds, &tm);
  snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday,
           tm.tm_hour, tm.tm_min, tm.tm_sec, ms);
  return out;
}
