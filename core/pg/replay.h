/* The end of a replay: rows of the quarantine that were judged again are written in the transaction
 * that has locked them.
 *
 *   BEGIN | rows FOR UPDATE (rejected.h) | decode, transform, judge | COPY in savepoint chunks
 *   replay_v1 for each partition (a ledger row in its chain of kind replay, status) and COMMIT in
 *   one message
 *
 * The rows keep _part and _offset of their events. What is refused again, by a rule or by
 * PostgreSQL, updates its row in the quarantine: attempts + 1, the new reason. */
#ifndef TG_PG_REPLAY_H
#define TG_PG_REPLAY_H

#include "core/pg/loader.h"

/* Writes batch 0 of load; its segments name their partitions, their offsets go as they are. Fates
 * of rows that PostgreSQL refuses are set. Ends the transaction, whatever becomes of it.
 *
 *   TG_DATA    it refuses too many to name them all: smaller loads will do
 *   TG_RETRY   connection or server at fault; when COMMIT is not known to have succeeded, replaying
 *              again is safe
 *   TG_CONFIG  the operator must act: the table, an open breaker */
enum tg_rc tg_replay_write(struct tg_loader *l, struct tg_load *load,
                           struct tg_loader_report *report, struct tg_err *err);

#endif
