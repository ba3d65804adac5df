/* The last step of a lane of a pipeline with `sink: kafka`, in the place of core/pg/loader.h: what
 * the rows of a load emit, dead letters and the group's offsets become one Kafka transaction of the
 * lane's own producer. PostgreSQL has no part in it.
 *
 *   claim   the lane's member of the group, then the group's offsets: reading starts there. They
 *           are stable ones: a transaction that would move them is waited for
 *   write   begin -> records -> offsets, in that member's name -> commit
 *
 * A zombie's transaction names a member that the group has left, or has a producer's epoch that was
 * fenced: it is refused (KIP-447). After any failure the producer is made anew under the same id,
 * which ends what it had begun; then the offsets tell whether it was committed. A load goes out
 * only when each of its segments begins at the group's offset. docs/EXACTLY_ONCE.md, "From Kafka
 * to Kafka".
 *
 * Thread: the lane's writer. */
#ifndef TG_APP_SINK_H
#define TG_APP_SINK_H

#include "core/app/writer.h"

struct tg_sink;

/* hub: borrowed. NULL without memory. */
struct tg_sink *tg_sink_new(struct tg_hub *hub, uint32_t lane);
void tg_sink_free(struct tg_sink *s); /* NULL is fine */

/* One attempt, codes as of tg_loader_write(). report: only fenced, emitted and topic (-1). */
enum tg_rc tg_sink_write(struct tg_sink *s, struct tg_load *load, struct tg_loader_report *report,
                         struct tg_err *err);

/* Every other kind of job; its result is in the job. */
void tg_sink_job(struct tg_sink *s, struct tg_job *job);

#endif
