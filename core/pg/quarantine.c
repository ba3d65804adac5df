/* Questions to the quarantine; see the header. */
#include "core/pg/quarantine.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define LISTED                                                                                     \
  "q.partition_id || ':' || q.\"offset\" AS id, q.created_at, q.topic, q.kafka_topic, q.part,"     \
  " q.\"offset\", q.stage, q.rule, q.field, q.reason, q.status, q.attempts, q.value_size"

/* bytes as text where they are, else as hex */
#define READABLE(column) "tidegate.readable_v1(q." column ") AS " column

void tg_quarantine_where(struct tg_query *q, const struct tg_quarantine_filter *f)
{
  tg_query_param(q,
                 " WHERE q.partition_id IN (SELECT id FROM tidegate.partition WHERE"
                 " pipeline = ",
                 f->pipeline);
  tg_buf_char(&q->sql, ')');
  tg_query_param(q, " AND q.topic = ", f->topic);
  tg_query_param(q, " AND q.rule = ", f->rule);
  tg_query_param(q, " AND q.stage = ", f->stage);
  /* as text of the statement: a partial index is chosen by it */
  if (f->status && strcmp(f->status, "new") == 0)
    tg_buf_str(&q->sql, " AND q.status = 'new'");
  else
    tg_query_param(q, " AND q.status = ", f->status);
  tg_query_param(q, " AND strpos(q.reason, ", f->match);
  if (f->match) tg_buf_str(&q->sql, ") > 0");
  tg_query_param(q, " AND q.created_at >= now() - (", f->since);
  if (f->since) tg_buf_str(&q->sql, "::text)::interval");
  tg_query_param(q, " AND (q.partition_id, q.\"offset\") IN (SELECT * FROM unnest(", f->parts);
  tg_query_param(q, "::int[], ", f->offsets);
  if (f->offsets) tg_buf_str(&q->sql, "::bigint[]))");
  if (f->attempts_below) tg_query_number(q, " AND q.attempts < ", f->attempts_below);
}

/* --- questions --- */

static uint32_t most(const struct tg_quarantine_filter *f)
{
  return f->limit && f->limit < TG_QUARANTINE_LIMIT_MAX ? f->limit : TG_QUARANTINE_LIMIT_MAX;
}

enum tg_rc tg_quarantine_list(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                              int64_t deadline_us, struct tg_err *err)
{
  struct tg_query q = {0};
  tg_buf_str(&q.sql, "SELECT " LISTED " FROM tidegate.rejected q");
  tg_quarantine_where(&q, filter);
  tg_buf_str(&q.sql, " ORDER BY q.created_at DESC, q.partition_id, q.\"offset\"");
  tg_query_number(&q, " LIMIT ", most(filter));
  return tg_query_run(pg, &q, deadline_us, err);
}

enum tg_rc tg_quarantine_count(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                               int64_t deadline_us, struct tg_err *err)
{
  struct tg_query q = {0};
  tg_buf_str(&q.sql, "SELECT topic, stage, rule, field, count(*) AS rows, max(created_at) AS newest"
                     " FROM tidegate.quarantine q");
  tg_quarantine_where(&q, filter);
  tg_buf_str(&q.sql, " GROUP BY topic, stage, rule, field"
                     " ORDER BY count(*) DESC, topic, stage, rule, field");
  tg_query_number(&q, " LIMIT ", most(filter));
  return tg_query_run(pg, &q, deadline_us, err);
}

enum tg_rc tg_quarantine_show(struct tg_pg *pg, const struct tg_quarantine_key *key,
                              int64_t deadline_us, struct tg_err *err)
{
  char part[16], at[32];
  const char *params[] = {key->pipeline, key->kafka_topic, part, at};
  snprintf(part, sizeof part, "%d", key->part);
  snprintf(at, sizeof at, "%" PRId64, key->offset);
  return tg_pg_query(pg,
                     "SELECT " LISTED ", q.issues, q.headers, " READABLE("key") ", " READABLE(
                         "value") ", q.kafka_ts, q.generation, q.partition_id, q.settled_at,"
                                  " q.replayed_as FROM tidegate.rejected q"
                                  " WHERE pipeline = $1 AND \"offset\" = $4::bigint AND"
                                  " CASE WHEN $2::text IS NULL THEN partition_id = $3::int ELSE"
                                  " kafka_topic = $2 AND part = $3::int END"
                                  " ORDER BY partition_id DESC",
                     params, 4, deadline_us, err);
}

/* --- decisions --- */

static enum tg_rc move_rows(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                            const struct tg_quarantine_move *m, int64_t deadline_us,
                            struct tg_err *err)
{
  struct tg_query q = {0};
  struct tg_quarantine_filter f = *filter;
  f.status = m->from;
  tg_buf_str(&q.sql, "WITH w AS (SELECT q.partition_id, q.\"offset\" FROM tidegate.quarantine q");
  tg_quarantine_where(&q, &f);
  tg_buf_str(&q.sql, " ORDER BY q.partition_id, q.\"offset\"");
  if (f.limit) tg_query_number(&q, " LIMIT ", f.limit);
  tg_buf_str(&q.sql, " FOR UPDATE OF q SKIP LOCKED), done AS (UPDATE tidegate.quarantine q SET");
  tg_query_param(&q, " status = ", m->to);
  bool back = strcmp(m->to, "new") == 0;
  tg_buf_str(&q.sql, back ? ", settled_at = NULL, attempts = 0" : ", settled_at = now()");
  tg_buf_str(&q.sql, " FROM w WHERE q.partition_id = w.partition_id AND q.\"offset\" = w.\"offset\""
                     " RETURNING q.topic), topics AS (SELECT topic, count(*) AS n FROM done"
                     " GROUP BY topic), noted AS (INSERT INTO tidegate.journal (pipeline, kind,"
                     " topic, message)");
  tg_query_param(&q, " SELECT ", f.pipeline);
  tg_query_param(&q, ", 'quarantine', topic, 'rows ' || ", m->verb);
  tg_query_param(&q, " || ': ' || n || ', by ' || ", m->user);
  tg_query_param(&q, " || ': ' || ", m->reason);
  tg_buf_str(&q.sql, " FROM topics) SELECT count(*) FROM done");
  return tg_query_run(pg, &q, deadline_us, err);
}

enum tg_rc tg_quarantine_move(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                              const struct tg_quarantine_move *move, uint64_t *moved,
                              int64_t deadline_us, struct tg_err *err)
{
  enum tg_rc rc = move_rows(pg, filter, move, deadline_us, err);
  *moved = rc == TG_OK ? strtoull(tg_pg_value(pg, 0, 0), NULL, 10) : 0;
  return rc;
}

enum tg_rc tg_quarantine_expire(struct tg_pg *pg, const char *pipeline, int64_t keep_us,
                                uint64_t *rows, int64_t deadline_us, struct tg_err *err)
{
  struct tg_query q = {0};
  tg_buf_str(&q.sql, "WITH w AS (SELECT q.partition_id, q.\"offset\" FROM tidegate.quarantine q"
                     " WHERE q.status <> 'new'");
  tg_query_number(&q, " AND q.settled_at < now() - interval '1 us' * ", keep_us);
  tg_query_param(
      &q, " AND q.partition_id IN (SELECT id FROM tidegate.partition WHERE pipeline = ", pipeline);
  tg_query_number(&q, ") ORDER BY q.settled_at LIMIT ", TG_QUARANTINE_EXPIRE_MAX);
  tg_buf_str(&q.sql, " FOR UPDATE OF q SKIP LOCKED), done AS (DELETE FROM tidegate.quarantine q"
                     " USING w WHERE q.partition_id = w.partition_id AND q.\"offset\" ="
                     " w.\"offset\" RETURNING 1) SELECT count(*) FROM done");
  enum tg_rc rc = tg_query_run(pg, &q, deadline_us, err);
  *rows = rc == TG_OK ? strtoull(tg_pg_value(pg, 0, 0), NULL, 10) : 0;
  return rc;
}
