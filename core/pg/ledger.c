/* Questions to the ledger; see the header. */
#include "core/pg/ledger.h"

#include <inttypes.h>
#include <stdio.h>

enum tg_rc tg_ledger_trace(struct tg_pg *pg, int32_t partition_id, int64_t offset,
                           int64_t deadline_us, struct tg_err *err)
{
  char part[16], at[32];
  const char *params[] = {part, at};
  snprintf(part, sizeof part, "%d", partition_id);
  snprintf(at, sizeof at, "%" PRId64, offset);
  return tg_pg_query(
      pg,
      "SELECT p.pipeline, p.cluster_id, p.topic, p.part, p.incarnation, p.kind,"
      " $2::bigint AS \"offset\", s.from_offset, s.to_offset, s.generation,"
      " s.committed_at, s.n_in, s.n_loaded, s.n_tagged, s.n_quarantined, s.n_late,"
      " s.n_dropped, s.drops, s.lookups, s.min_event_time, s.max_event_time, s.max_kafka_ts,"
      " q.status AS quarantine, q.replayed_as"
      " FROM (SELECT * FROM tidegate.segment WHERE partition_id = $1::int"
      "  AND from_offset <= $2::bigint ORDER BY from_offset DESC LIMIT 1) s"
      " JOIN tidegate.partition p ON p.id = s.partition_id LEFT JOIN tidegate.quarantine q"
      " ON q.partition_id = s.partition_id AND q.\"offset\" = $2::bigint"
      " WHERE s.to_offset > $2::bigint",
      params, 2, deadline_us, err);
}

enum tg_rc tg_ledger_balance(struct tg_pg *pg, const char *pipeline, int64_t deadline_us,
                             struct tg_err *err)
{
  return tg_pg_query(
      pg,
      "SELECT topic, count(DISTINCT id) AS partitions, count(*) AS segments,"
      " sum(n_in) AS n_in, sum(n_loaded) AS n_loaded, sum(n_tagged) AS n_tagged,"
      " sum(n_quarantined) AS n_quarantined, sum(n_late) AS n_late,"
      " sum(n_dropped) AS n_dropped,"
      " sum(n_in) = sum(n_loaded + n_quarantined + n_late + n_dropped) AS balanced,"
      " count(*) FILTER (WHERE from_offset <> before) AS holes,"
      " max(committed_at) AS committed_at"
      " FROM (SELECT p.topic, p.id, s.*, coalesce(lag(s.to_offset) OVER"
      "   (PARTITION BY p.id ORDER BY s.from_offset), p.first_offset) AS before"
      "  FROM tidegate.partition p JOIN tidegate.segment s ON s.partition_id = p.id"
      "  WHERE p.pipeline = $1 AND p.kind <> 'replay') l GROUP BY topic ORDER BY topic",
      &pipeline, 1, deadline_us, err);
}
