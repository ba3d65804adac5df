/* The only clocks. */
#include "core/base/clock.h"

#include <stdio.h>

static int64_t read_us(clockid_t id)
{
  struct timespec t;
  clock_gettime(id, &t);
  return (int64_t)t.tv_sec * TG_SEC + t.tv_nsec / 1000;
}

int64_t tg_clock_wall_us(void)
{
  return read_us(CLOCK_REALTIME);
}
int64_t tg_clock_mono_us(void)
{
  return read_us(CLOCK_MONOTONIC);
}
int64_t tg_clock_thread_us(void)
{
  return read_us(CLOCK_THREAD_CPUTIME_ID);
}
int64_t tg_clock_process_us(void)
{
  return read_us(CLOCK_PROCESS_CPUTIME_ID);
}
int64_t tg_clock_of_us(pthread_t thread)
{
  clockid_t id;
  return pthread_getcpuclockid(thread, &id) == 0 ? read_us(id) : 0;
}

char *tg_clock_text(int64_t wall_us, char *out)
{
  time_t seconds = (time_t)(wall_us / TG_SEC - (wall_us % TG_SEC < 0));
  unsigned ms = (unsigned)((wall_us - (int64_t)seconds * TG_SEC) / TG_MS);
  struct tm tm;
  gmtime_r(&seconds, &tm);
  size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
  snprintf(out + n, 32 - n, ".%03uZ", ms);
  return out;
}
