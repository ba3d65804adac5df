/* The metrics of one rule, whoever judges it: a lane each load, the keeper each window.
 *
 * Thread: any; the slots are shared by all lanes. */
#ifndef TG_APP_RULEMETER_H
#define TG_APP_RULEMETER_H

#include "bindings/program.h"
#include "core/base/metrics.h"

struct tg_rulemeter {
  struct tg_metric *judged, *failed, *skipped, *seconds;
  struct tg_metric *verdicts[TG_VERDICT_SKIP + 1];
  struct tg_metric *shadow; /* verdicts in shadow that were not pass */
};

void tg_rulemeter_open(struct tg_rulemeter *m, struct tg_metrics *metrics, const char *rule);

/* Counts a verdict; of a rule that is judged later only the rows and the time. */
void tg_rulemeter_add(const struct tg_rulemeter *m, const struct tg_verdict_row *v);

#endif
