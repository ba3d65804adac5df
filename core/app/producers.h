/* What the transactional producers of a process have in common: the relay's, those of lanes with
 * `sink: kafka`, and that of `check`. */
#ifndef TG_APP_PRODUCERS_H
#define TG_APP_PRODUCERS_H

#include "core/app/config.h"
#include "core/base/metrics.h"
#include "core/kafka/emitter.h"

/* How the configuration wants them; borrows from c and id. */
struct tg_emitter_conf tg_producers_conf(const struct tg_config *c, const char *id);

struct tg_output_metrics {
  struct tg_metric *records, *bytes, *committed, *failed, *recycled;
};

/* The process's own: the same slots whoever asks. */
struct tg_output_metrics tg_producers_metrics(struct tg_metrics *m);

#endif
