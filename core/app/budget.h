/* The process's memory by parts: what each may take at most, printed at start and shown in
 * /metrics beside what is taken (memory_limit_bytes, memory_used_bytes).
 *
 *   base     code, connections, metrics
 *   loads    three of load.bytes in every lane
 *   queues   what librdkafka holds, its overhead included      the rest of `memory`
 *   scripts  lua.memory in every lane
 *   state    what rules remember by key, all lanes together    state.bytes
 *   lookups  snapshots of tables, all together                 lookups.bytes
 *   canary   the newest events, and while a reload compares the sets two arenas
 *            (samples.h, canary.h); the VMs that every reload builds beside come on top
 *
 * Each part keeps to its own limit; there is no lending between them. */
#ifndef TG_APP_BUDGET_H
#define TG_APP_BUDGET_H

#include "core/app/config.h"

enum tg_budget_part {
  TG_BUDGET_BASE,
  TG_BUDGET_LOADS,
  TG_BUDGET_QUEUES,
  TG_BUDGET_SCRIPTS,
  TG_BUDGET_STATE,
  TG_BUDGET_LOOKUPS,
  TG_BUDGET_CANARY,
  TG_BUDGET_PARTS
};

enum { TG_BUDGET_BASE_BYTES = 24 << 20, TG_BUDGET_LOADS_ALIVE = 3 };
/* Memory that librdkafka holds for a queue of so many kilobytes: 2.3 times that before 2.2. */
enum { TG_BUDGET_QUEUE_TENTHS = 23 };

const char *tg_budget_name(enum tg_budget_part part);
/* The most that a part of a resolved configuration takes, in bytes. */
uint64_t tg_budget_bytes(const struct tg_config *c, enum tg_budget_part part);

/* "312 MiB at most: base 24, loads 144, .." */
void tg_budget_print(const struct tg_config *c, char *out, size_t size);

#endif
