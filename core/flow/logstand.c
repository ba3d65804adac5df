/* Differences of offsets; the header draws them. */
#include "core/flow/logstand.h"

#include <stdbool.h>

static int64_t end_of(const struct tg_logstand *s)
{
  return s->high > s->stable ? s->high : s->stable;
}

int64_t tg_logstand_lead(const struct tg_logstand *s)
{
  return s->next - s->low;
}

int64_t tg_logstand_behind(const struct tg_logstand *s)
{
  return end_of(s) - s->stable;
}

double tg_logstand_unread(const struct tg_logstand *s)
{
  int64_t end = end_of(s);
  if (s->next < s->low) return 1;
  if (s->next >= end) return 0;
  return (double)(end - s->next) / (double)(end - s->low);
}

int64_t tg_stall_us(struct tg_stall *stall, const struct tg_logstand *s, int64_t now_us)
{
  bool stands = tg_logstand_behind(s) > 0;
  if (!stands || !stall->since_us || stall->stable != s->stable)
    *stall = (struct tg_stall){.stable = s->stable, .since_us = stands ? now_us : 0};
  return stands ? now_us - stall->since_us : 0;
}
