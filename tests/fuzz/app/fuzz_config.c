/* Any text as a configuration: no crash; a refusal says where and why, and never the password; what
 * is accepted lies within its ranges, and its budget adds up. */
#include "core/app/property.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct seen {
  uint32_t faults;
};

static void check(bool holds, const char *what)
{
  if (holds) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void take_fault(void *self, const struct tg_err *err)
{
  struct seen *s = self;
  s->faults++;
  check(err->rc == TG_CONFIG, "a fault is the operator's to mend");
  check(*err->where && *err->what, "a fault says where and what");
  check(!strpbrk(err->what, "\n\r"), "a fault is one line");
}

static void check_accepted(const struct tg_config *c)
{
  check(c->pipeline && *c->pipeline, "a pipeline has a name");
  check(c->brokers && *c->brokers && c->dsn && c->dsn_shown, "servers are named");
  check(c->lanes >= 1 && c->lanes <= TG_LANES_MAX, "lanes");
  check(c->load_rows >= 1 && c->load_rows <= 1000000, "load.rows");
  check(c->load_bytes >= 2 << 20 && c->load_bytes <= 1 << 30, "load.bytes");
  check(c->event_bytes_max >= 1024 && 2 * c->event_bytes_max <= c->load_bytes,
        "a load holds the largest event twice");
  check(c->load_linger_us >= 1000 && c->load_linger_us <= 60000000, "load.linger");
  check(c->lua_memory_bytes >= 1 << 20 && c->lua_deadline_us >= 10000, "lua");
  check(c->memory_bytes >= c->lanes * 3 * c->load_bytes, "the budget holds the loads");
  check(c->queue_kbytes >= 1 && c->queue_kbytes <= 1 << 20, "the queue has a size");
  check(c->properties_count <= TG_PROPERTIES_MAX, "properties have room");
  check(!c->properties[2 * c->properties_count], "the list of properties ends");
  for (uint32_t i = 0; i < 2 * c->properties_count; i++)
    check(c->properties[i] != NULL, "properties are pairs");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static int fd = -1;
  char path[32];
  struct seen seen = {0};
  struct tg_config c;
  if (fd < 0) fd = memfd_create("config", 0);
  if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) return 0;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  enum tg_rc rc = tg_config_load(&c, path, take_fault, &seen);
  check((rc == TG_OK) == (seen.faults == 0), "refused exactly when there is a fault");
  if (rc == TG_OK) check_accepted(&c);
  tg_config_fini(&c);
  return 0;
}
