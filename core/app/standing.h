/* What stands: everything about a process that is not as it should be, the worst first, each with
 * what to do next and its section of docs/OPERATIONS.md. This is the one place that knows it:
 * /status.json has it as `stands`, and `tidegate status` prints that.
 *
 * Thread: any. */
#ifndef TG_APP_STANDING_H
#define TG_APP_STANDING_H

#include "core/app/process.h"

/* Appends the members "alerts_firing", "alerts", "stands", "stands_count" and "healthy": true when
 * nothing stands. Of both lists the first TG_STANDS_MAX. */
enum { TG_STANDS_MAX = 100 };
void tg_standing_write(struct tg_process *p, struct tg_buf *out);

/* Events behind of a script's topic; *seconds: of the partition that is behind most, as of its
 * last commit. */
double tg_standing_lag(struct tg_process *p, const char *topic, double *seconds);

#endif
