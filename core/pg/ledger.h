/* Reading the ledger: where a row came from, and whether the sums are right. Results are read with
 * tg_pg_rows(), tg_pg_value() and tg_pg_column(). */
#ifndef TG_PG_LEDGER_H
#define TG_PG_LEDGER_H

#include "core/pg/conn.h"

/* The ledger row that covers an offset of a partition (columns _part and _offset of a target row):
 * pipeline, cluster_id, topic, part, incarnation, kind, offset, from_offset, to_offset, generation,
 * committed_at, n_in, n_loaded, n_tagged, n_quarantined, n_late, n_dropped, drops, min_event_time,
 * max_event_time, max_kafka_ts. No row: nothing with that offset was committed. */
enum tg_rc tg_ledger_trace(struct tg_pg *pg, int32_t partition_id, int64_t offset,
                           int64_t deadline_us, struct tg_err *err);

/* The sums of a pipeline, one row a Kafka topic: topic, partitions, segments, n_in, n_loaded,
 * n_tagged, n_quarantined, n_late, n_dropped, balanced (n_in is the sum of its parts), holes (where
 * a chain is broken; 0 is right), committed_at. */
enum tg_rc tg_ledger_balance(struct tg_pg *pg, const char *pipeline, int64_t deadline_us,
                             struct tg_err *err);

#endif
