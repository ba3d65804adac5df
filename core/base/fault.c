/* Fault points of test builds; see the header. */
#include "core/base/fault.h"

#ifdef TG_FAULTS
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POINTS_MAX = 32 };

static struct point {
  char name[48];
  char action[8];
  uint32_t at, visits; /* acts at visit number `at`; 0 = at every visit */
} points[POINTS_MAX];
static uint32_t points_count;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void parse_one(const char *s, size_t len)
{
  struct point *p = &points[points_count];
  const char *eq = memchr(s, '=', len), *end = s + len;
  size_t name = eq ? (size_t)(eq - s) : len;
  if (!name || name >= sizeof p->name || points_count == POINTS_MAX) return;
  memcpy(p->name, s, name);
  p->at = eq ? 1 : 0;
  const char *at = eq ? memchr(eq, '@', (size_t)(end - eq)) : NULL;
  if (at) p->at = (uint32_t)strtoul(at + 1, NULL, 10);
  size_t action = eq ? (size_t)((at ? at : end) - eq - 1) : 0;
  if (action < sizeof p->action && eq) memcpy(p->action, eq + 1, action);
  points_count++;
}

static void parse(void)
{
  const char *s = getenv("TG_FAULT_POINTS");
  while (s && *s) {
    size_t len = strcspn(s, ",");
    parse_one(s, len);
    s += len + (s[len] == ',');
  }
}

static bool due(struct point *p)
{
  pthread_mutex_lock(&lock);
  bool yes = ++p->visits == p->at || p->at == 0;
  pthread_mutex_unlock(&lock);
  return yes;
}

bool tg_fault(const char *name)
{
  pthread_once(&once, parse);
  for (uint32_t i = 0; i < points_count; i++) {
    struct point *p = &points[i];
    if (strcmp(p->name, name) != 0 || !due(p)) continue;
    if (strcmp(p->action, "exit") == 0) _exit(86);
    if (strcmp(p->action, "stop") == 0) return raise(SIGSTOP), false;
    return true;
  }
  return false;
}

bool tg_fault_in(const char *point, struct tg_text text)
{
  return text.ptr && memmem(text.ptr, text.len, point, strlen(point)) && tg_fault(point);
}
#else
typedef int tg_no_faults;
#endif
