/* Fault points: named places where a test build can be told to stop, die or fail. In other
 * builds they are nothing. TG_FAULT_POINTS="pg.before_advance=stop@3,kafka.poll=exit" acts at
 * the third / first visit;
 * actions: stop (SIGSTOP itself), exit (_exit(86)), fail (tg_fault() returns true), off-switches
 * named "no.X" are true at every visit. Points are listed in docs/TESTING.md. */
#ifndef TG_BASE_FAULT_H
#define TG_BASE_FAULT_H

#include <stdbool.h>

#ifdef TG_FAULTS
bool tg_fault(const char *point);
#else
static inline bool tg_fault(const char *point)
{
  return (void)point, false;
}
#endif

#endif
