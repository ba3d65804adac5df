/* What the rules of a lane's partitions remember (core/state/stateset.h), on its way from the
 * database and back.
 *
 *   claim    the writer reads it together with the chain's end            tg_memory_read
 *            the worker takes it over; unreadable: the partition waits    tg_memory_take
 *   segment  judged rows change it; the changes go into the load          tg_memory_save
 *   commit   they are final (harvest.c); dropped: the next segment's beginning takes them back
 *            (intake.c) */
#ifndef TG_APP_MEMORY_H
#define TG_APP_MEMORY_H

#include "core/app/lane.h"

/* Writer thread, after a successful claim: reads the state of every partition into claim.state; it
 * stays NULL where it is unreadable, which is logged. Else job->rc and job->err say why. */
void tg_memory_read(struct tg_writer *w, struct tg_job *job);

/* For a claim of which nothing is kept: an empty state. TG_RETRY: no memory. */
enum tg_rc tg_memory_none(struct tg_claim *c, struct tg_err *err);

/* Moves what was read into the partition. False: it is unreadable; the partition must wait. */
bool tg_memory_take(struct tg_lane *lane, struct tg_part *p, struct tg_claim *c);

/* Frees what nobody has taken. */
void tg_memory_drop(struct tg_job *job);

/* After a batch was judged: what its segments changed goes into the open load. TG_AGAIN: no memory,
 * the rows must be read again. */
enum tg_rc tg_memory_save(struct tg_lane *lane, uint32_t topic, const struct tg_batch *b);

/* Tells the metrics how much is remembered for each topic; counts it towards state.bytes. */
void tg_memory_measure(struct tg_lane *lane);

#endif
