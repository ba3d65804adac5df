/* Fault points: named places where a test build can be told to stop, die or fail. In other
 * builds they are nothing. TG_FAULT_POINTS="pg.before_advance=stop@3,kafka.poll=exit" acts at
 * the third / first visit;
 * actions: stop (SIGSTOP itself), exit (_exit(86)), fail (tg_fault() returns true), off-switches
 * named "no.X" are true at every visit. Points are listed in docs/TESTING.md. */
#ifndef TG_BASE_FAULT_H
#define TG_BASE_FAULT_H

#include "core/base/text.h"

#include <stdbool.h>

#ifdef TG_FAULTS
bool tg_fault(const char *point);
/* Visits the point when its name is in the text. */
bool tg_fault_in(const char *point, struct tg_text text);
#else
static inline bool tg_fault_in(const char *point, struct tg_text text)
{
  return (void)point, (void)text, false;
}
static inline bool tg_fault(const char *point)
{
  return (void)point, false;
}
#endif

#endif
