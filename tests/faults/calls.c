/* Which call fails; see the header. Nothing here allocates: it runs inside malloc. */
#include "tests/faults/calls.h"

#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  DEPTH = 12, /* frames of a way, ours included */
  WAYS_MAX = 1 << 16,
  SITES_MAX = 1 << 12,
  SITE_VISITS = 3000 /* then a place is too busy to be looked at: the scripts' allocator */
};

extern char __executable_start, etext;

static struct {
  char kind[8];
  uint32_t modulus, rest;
  int file; /* -1: none */
} asked;
static uint32_t ways[WAYS_MAX]; /* hashes, open addressing; 0: free */
static struct {
  const void *at;
  uint32_t visits;
} sites[SITES_MAX];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static __thread bool inside;

/* False: it was there. */
static bool add(uint32_t way)
{
  for (uint32_t i = way % WAYS_MAX, n = 0; n < WAYS_MAX; n++, i = (i + 1) % WAYS_MAX) {
    if (ways[i] == way) return false;
    if (!ways[i]) return ways[i] = way, true;
  }
  return false;
}

/* A line is "XXXXXXXX name". */
static void remember(void)
{
  static char text[1 << 20];
  const char *path = getenv("TG_FAULT_CALLS_SEEN");
  asked.file = path ? open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
  ssize_t size = asked.file < 0 ? 0 : read(asked.file, text, sizeof text - 1);
  for (char *at = text; size > 0 && *at; at += strcspn(at, "\n") + 1)
    add((uint32_t)strtoul(at, NULL, 16));
}

static void parse(void)
{
  const char *s = getenv("TG_FAULT_CALLS");
  size_t len = s ? strcspn(s, "/") : 0;
  asked.file = -1, asked.modulus = 1;
  if (!len || len >= sizeof asked.kind) return;
  memcpy(asked.kind, s, len);
  char *end = NULL;
  if (s[len]) asked.modulus = (uint32_t)strtoul(s + len + 1, &end, 10);
  if (end && *end) asked.rest = (uint32_t)strtoul(end + 1, NULL, 10);
  if (!asked.modulus) asked.modulus = 1;
  remember();
}

/* FNV-1a, with a final mix. */
static uint32_t hash(uint32_t h, uint64_t value)
{
  for (int i = 0; i < 4; i++) h = (h ^ (uint32_t)(value >> 8 * i & 255)) * 16777619u;
  return h ^ h >> 15;
}

static bool is_busy(const void *site)
{
  for (uintptr_t i = (uintptr_t)site % SITES_MAX, n = 0; n < SITES_MAX; n++) {
    if (!sites[i].at) sites[i].at = site;
    if (sites[i].at == site) return ++sites[i].visits > SITE_VISITS;
    i = (i + 1) % SITES_MAX;
  }
  return true;
}

/* Frames of libraries and of the C library's thread start are left out: they lie elsewhere in each
 * process. */
static uint32_t way_here(void)
{
  void *frames[DEPTH];
  uint32_t way = 2166136261u;
  int n = backtrace(frames, DEPTH);
  for (int i = 0; i < n; i++) {
    const char *at = frames[i];
    if (at >= &__executable_start && at < &etext)
      way = hash(way, (uint64_t)(at - &__executable_start));
  }
  return way ? way : 1;
}

static void note(uint32_t way, const char *name)
{
  char line[96];
  int len = snprintf(line, sizeof line, "%08x %s\n", way, name);
  if (asked.file >= 0 && write(asked.file, line, (size_t)len) != len) asked.modulus = 0;
  if (write(STDERR_FILENO, "fault: ", 7) == 7 && write(STDERR_FILENO, line, (size_t)len)) return;
}

static bool decide(const char *name, const void *site)
{
  bool fails = false;
  pthread_mutex_lock(&lock);
  if (asked.modulus && !is_busy(site)) {
    uint32_t way = way_here();
    fails = way % asked.modulus == asked.rest && add(way);
    if (fails) note(way, name);
  }
  pthread_mutex_unlock(&lock);
  return fails;
}

bool tg_call_fails(const char *kind, const char *name, const void *site)
{
  pthread_once(&once, parse);
  if (inside || strcmp(kind, asked.kind) != 0) return false;
  inside = true;
  bool fails = decide(name, site);
  inside = false;
  return fails;
}
