/* Partitions for operators; see the header. */
#include "core/pg/partition.h"

#include <string.h>

enum tg_rc tg_partition_list(struct tg_pg *pg, const struct tg_partition_of *of,
                             int64_t deadline_us, struct tg_err *err)
{
  static const char sql[] =
      "SELECT c.topic, c.part, c.incarnation, c.partition_id, p.cluster_id, c.first_offset,"
      " c.next_offset, (SELECT count(*) FROM tidegate.gap g WHERE g.partition_id = p.id) AS gaps,"
      " c.owner, c.released, c.claimed_at"
      " FROM tidegate.chain c JOIN tidegate.partition p ON p.id = c.partition_id"
      " WHERE c.pipeline = $1 AND c.kind = 'kafka' AND c.topic = coalesce($2, c.topic)"
      "  AND c.part = coalesce($3::int, c.part) AND p.cluster_id = coalesce($4, p.cluster_id)"
      " ORDER BY c.topic, c.part, c.incarnation";
  const char *params[] = {of->pipeline, of->topic, of->part, of->cluster_id};
  return tg_pg_query(pg, sql, params, 4, deadline_us, err);
}

enum tg_rc tg_partition_restart(struct tg_pg *pg, const struct tg_partition_of *of,
                                int64_t deadline_us, struct tg_err *err)
{
  static const char sql[] =
      "WITH newest AS (SELECT DISTINCT ON (topic, part) id, cluster_id, topic, part, incarnation"
      "  FROM tidegate.partition WHERE pipeline = $1 AND kind = 'kafka' AND topic = $2"
      "  AND part = coalesce($3::int, part) ORDER BY topic, part, incarnation DESC),"
      " fenced AS (UPDATE tidegate.partition p SET claim_id = NULL, released = true FROM newest n"
      "  WHERE p.id = n.id)"
      " INSERT INTO tidegate.partition (pipeline, cluster_id, topic, part, incarnation)"
      " SELECT $1, cluster_id, topic, part, incarnation + 1 FROM newest ORDER BY part"
      " RETURNING topic, part, incarnation";
  const char *params[] = {of->pipeline, of->topic, of->part};
  return tg_pg_query(pg, sql, params, 3, deadline_us, err);
}

enum tg_rc tg_partition_adopt(struct tg_pg *pg, const struct tg_partition_of *from,
                              const struct tg_partition_of *to, int64_t deadline_us,
                              struct tg_err *err)
{
  static const char sql[] =
      "UPDATE tidegate.partition p SET pipeline = $4, cluster_id = $5, claim_id = NULL,"
      " released = true"
      " WHERE pipeline = $1 AND cluster_id = $2 AND topic = $3 AND kind = 'kafka'"
      " RETURNING part, incarnation,"
      "  (SELECT next_offset FROM tidegate.chain c WHERE c.partition_id = p.id) AS next_offset";
  const char *params[] = {from->pipeline, from->cluster_id, from->topic, to->pipeline,
                          to->cluster_id};
  enum tg_rc rc = tg_pg_query(pg, sql, params, 5, deadline_us, err);
  if (rc == TG_OK || strcmp(tg_pg_sqlstate(pg), "23505") != 0) return rc;
  return tg_err_set(err, TG_CONFIG, "tidegate.partition",
                    "pipeline %s has loaded topic %s of the cluster with id %s itself: two chains "
                    "of one partition cannot become one",
                    to->pipeline, from->topic, to->cluster_id);
}
