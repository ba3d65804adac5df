/* The log meter: a thread that asks the brokers where the logs of all partitions of this process
 * begin and where committed records end, and shows what that means for each: open transactions of
 * others that hold readers back, and how near retention is (core/flow/logstand.h).
 *
 *   lane's worker: what it has claimed, the ledger's ends, cached high watermarks --tell--> meter
 *   meter: two questions a broker every 5 s, with a client of its own that joins no group
 *
 * Nothing depends on it: what cannot be asked stays as it was and is asked again. The high
 * watermark is the one that fetches brought: of what is paused it is an old one.
 * Thread: start and stop main, the others a lane's worker. All bear a NULL. */
#ifndef TG_APP_LOGMETER_H
#define TG_APP_LOGMETER_H

#include "core/app/hub.h"

struct tg_logmeter;

struct tg_logmetrics { /* of a partition */
  struct tg_metric *lead, *unread, *behind, *stalled;
};

/* Opens the series of a partition, at 0, and takes them away again. */
void tg_logmetrics_open(struct tg_metrics *m, const char *const *labels, struct tg_logmetrics *out);
void tg_logmetrics_close(struct tg_metrics *m, const char *const *labels);

struct tg_logmeter_part {
  char topic[TG_TOPIC_BYTES_MAX + 1];
  int32_t partition;
  int64_t next, high; /* the ledger's end; -1: not known */
  struct tg_logmetrics metrics;
};

/* Starts the thread and sets hub->logmeter. */
enum tg_rc tg_logmeter_start(struct tg_hub *hub, struct tg_err *err);
/* When the lanes have stopped (hub->stopping is set). Waits for a question under way: at most 6 s
 * when no broker answers. */
void tg_logmeter_stop(struct tg_logmeter *m);

/* What the lane holds from now on, in place of what it held. parts: taken, from malloc. */
void tg_logmeter_tell(struct tg_logmeter *m, uint32_t lane, struct tg_logmeter_part *parts,
                      uint32_t count);
/* The lane holds nothing any more: on return its series are no longer written. */
void tg_logmeter_let_go(struct tg_logmeter *m, uint32_t lane);

#endif
