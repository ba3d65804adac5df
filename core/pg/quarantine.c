/* Questions to the quarantine; see the header. */
#include "core/pg/quarantine.h"

#include "core/pg/wire.h"

#include <inttypes.h>
#include <stdio.h>

#define LISTED                                                                                     \
  "created_at, topic, kafka_topic, part, \"offset\", stage, rule, field, reason, status,"          \
  " attempts, value_size"

#define WHERE_FILTER                                                                               \
  " FROM tidegate.rejected WHERE ($1::text IS NULL OR pipeline = $1) AND ($2::text IS NULL OR"     \
  " topic = $2) AND ($3::text IS NULL OR rule = $3) AND ($4::text IS NULL OR stage = $4)"          \
  " AND ($5::text IS NULL OR status = $5)"                                                         \
  " AND ($6::text IS NULL OR created_at >= now() - $6::interval)"

/* bytes as text where they are, else as hex */
#define READABLE(column) "tidegate.readable_v1(" column ") AS " column

static enum tg_rc ask(struct tg_pg *pg, const char *sql, const struct tg_quarantine_filter *f,
                      int64_t deadline_us, struct tg_err *err)
{
  char limit[16];
  uint32_t rows =
      f->limit && f->limit < TG_QUARANTINE_LIMIT_MAX ? f->limit : TG_QUARANTINE_LIMIT_MAX;
  const char *params[] = {f->pipeline, f->topic, f->rule, f->stage, f->status, f->since, limit};
  snprintf(limit, sizeof limit, "%u", rows);
  enum tg_rc rc = tg_pg_query(pg, sql, params, 7, deadline_us, err);
  if (rc != TG_OK && strcmp(tg_pg_sqlstate(pg), "22007") == 0)
    return tg_err_set(err, TG_CONFIG, "--since",
                      "'%s' is not an interval: expected '2 hours', '1 day'", f->since);
  return rc;
}

enum tg_rc tg_quarantine_list(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                              int64_t deadline_us, struct tg_err *err)
{
  return ask(pg,
             "SELECT " LISTED WHERE_FILTER
             " ORDER BY created_at DESC, partition_id, \"offset\" LIMIT $7::int",
             filter, deadline_us, err);
}

enum tg_rc tg_quarantine_count(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                               int64_t deadline_us, struct tg_err *err)
{
  return ask(
      pg,
      "SELECT topic, stage, rule, field, count(*) AS rows, max(created_at) AS newest" WHERE_FILTER
      " GROUP BY topic, stage, rule, field"
      " ORDER BY count(*) DESC, topic, stage, rule, field LIMIT $7::int",
      filter, deadline_us, err);
}

enum tg_rc tg_quarantine_show(struct tg_pg *pg, const struct tg_quarantine_key *key,
                              int64_t deadline_us, struct tg_err *err)
{
  char part[16], at[32];
  const char *params[] = {key->pipeline, key->kafka_topic, part, at};
  snprintf(part, sizeof part, "%d", key->part);
  snprintf(at, sizeof at, "%" PRId64, key->offset);
  return tg_pg_query(pg,
                     "SELECT " LISTED ", issues, headers, " READABLE("key") ", " READABLE(
                         "value") ", kafka_ts, generation, partition_id FROM tidegate.rejected"
                                  " WHERE pipeline = $1 AND kafka_topic = $2 AND part = $3::int"
                                  " AND \"offset\" = $4::bigint ORDER BY partition_id DESC",
                     params, 4, deadline_us, err);
}
