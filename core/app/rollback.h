/* A set that was taken over is on trial for `reload.rollback`. Should it hold back a topic that was
 * sound under the set before, by an error of a script or by rejected rows (hub.h), the set before
 * is taken over again: its files are kept meanwhile, in memory. A set that somebody forced, one
 * that is gone back to, and the one of a start are not on trial.
 *
 * Thread: main. */
#ifndef TG_APP_ROLLBACK_H
#define TG_APP_ROLLBACK_H

#include "core/app/process.h"

/* `next` is about to be taken over in place of p->generation. trial: it may be taken back. */
void tg_rollback_arm(struct tg_process *p, const struct tg_generation *next, bool trial);
/* True when the set before must come back now. An attempt that fails is repeated in a while, as
 * long as the trial lasts. why: topic and reason. */
bool tg_rollback_due(struct tg_process *p, char *why, size_t size);
void tg_rollback_disarm(struct tg_process *p);

#endif
