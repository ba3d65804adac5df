/* Reload: a candidate (candidate.h) goes through the canary (canary.h) and is handed to keeper and
 * lanes, each with a VM made beforehand; on any fault the running set stays.
 *
 * Thread: main; tg_reload_wait() from any other. */
#ifndef TG_APP_RELOAD_H
#define TG_APP_RELOAD_H

#include "core/app/process.h"

/* Opens the metrics. */
void tg_reload_open(struct tg_process *p);
/* p->generation has begun to run: what metrics and status say of it. */
void tg_reload_show(struct tg_process *p);

/* Of the last one: "ok", "refused", "rolled_back". Under p->lock. */
const char *tg_reload_result(const struct tg_process *p);
/* Where the running set is from: "disk", "database" (an earlier one), "memory" (rolled back). */
const char *tg_reload_source(const struct tg_process *p);

/* Does the reloads that are wanted, hup: by a signal; goes back to the set before when the new one
 * fails (rollback.h); frees what lanes ran before. */
void tg_reload_turn(struct tg_process *p, bool hup);

/* Asks the main thread for a reload and waits for its answer, which the caller frees. order NULL:
 * what lies on disk. TG_AGAIN: no answer in time, or another order still waits. From any other
 * thread. */
enum tg_rc tg_reload_wait(struct tg_process *p, const struct tg_reload_order *order,
                          struct tg_reload_answer *answer, int64_t timeout_us);
void tg_reload_answer_fini(struct tg_reload_answer *a);

#endif
