/* What every part of the process may take. */
#include "core/app/budget.h"

#include "core/app/canary.h"

#include <stdio.h>

static const char *const names[TG_BUDGET_PARTS] = {
    [TG_BUDGET_BASE] = "base",       [TG_BUDGET_LOADS] = "loads", [TG_BUDGET_QUEUES] = "queues",
    [TG_BUDGET_SCRIPTS] = "scripts", [TG_BUDGET_STATE] = "state", [TG_BUDGET_LOOKUPS] = "lookups",
    [TG_BUDGET_CANARY] = "canary"};

const char *tg_budget_name(enum tg_budget_part part)
{
  return names[part];
}

uint64_t tg_budget_bytes(const struct tg_config *c, enum tg_budget_part part)
{
  switch (part) {
  case TG_BUDGET_BASE: return TG_BUDGET_BASE_BYTES;
  case TG_BUDGET_LOADS: return c->lanes * TG_BUDGET_LOADS_ALIVE * c->load_bytes;
  case TG_BUDGET_QUEUES:
    return (uint64_t)c->lanes * c->queue_kbytes * 1024 * TG_BUDGET_QUEUE_TENTHS / 10;
  case TG_BUDGET_SCRIPTS: return c->lanes * c->lua_memory_bytes;
  case TG_BUDGET_STATE: return c->state_bytes;
  case TG_BUDGET_LOOKUPS: return c->lookups_bytes;
  case TG_BUDGET_CANARY: return TG_SAMPLES_BYTES + 2 * (uint64_t)TG_CANARY_ARENA_BYTES;
  case TG_BUDGET_PARTS: break;
  }
  return 0;
}

void tg_budget_print(const struct tg_config *c, char *out, size_t size)
{
  uint64_t sum = 0;
  for (int part = 0; part < TG_BUDGET_PARTS; part++) sum += tg_budget_bytes(c, part);
  int n = snprintf(out, size, "%llu MiB at most", (unsigned long long)(sum >> 20));
  for (int part = 0; part < TG_BUDGET_PARTS && n > 0 && (size_t)n < size; part++)
    n += snprintf(out + n, size - (size_t)n, "%s %s %llu", part ? "," : ":", names[part],
                  (unsigned long long)(tg_budget_bytes(c, part) >> 20));
}
