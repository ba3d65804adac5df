/* The review of tagged rows; see the header. */
#include "core/pg/review.h"

#include "core/pg/array.h"
#include "core/pg/query.h"
#include "core/pg/quote.h"

#include <stdio.h>
#include <stdlib.h>

#define LISTED                                                                                     \
  "p.id || ':' || t._offset AS id, p.topic AS kafka_topic, p.part, t._offset AS \"offset\","       \
  " array_to_string(t._issues, '; ') AS issues"

enum { TOPIC_SIZE = 256 };

static void name(const struct tg_topic *topic, char out[TOPIC_SIZE])
{
  snprintf(out, TOPIC_SIZE, "%.*s", TG_TEXT(topic->name));
}

/* --- the index --- */

/* One that finds tagged rows by their ids. $1 is the table, quoted. */
static const char indexed_sql[] =
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisvalid"
    " AND pg_catalog.pg_get_expr(i.indpred, i.indrelid) = '(_issues IS NOT NULL)'"
    " AND pg_catalog.pg_get_indexdef(i.indexrelid, 1, false) = '_part'"
    " AND pg_catalog.pg_get_indexdef(i.indexrelid, 2, false) = '_offset'),"
    " (SELECT sum(greatest(k.reltuples, 0))::bigint FROM pg_catalog.pg_class k"
    "  WHERE k.oid = c.oid OR k.oid IN"
    "   (SELECT relid FROM pg_catalog.pg_partition_tree(c.oid) WHERE isleaf))"
    " FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass($1)";

struct index {
  bool there;
  int64_t rows; /* of the table, as PostgreSQL estimates them */
};

static enum tg_rc find_index(struct tg_pg *pg, const char *table, struct index *out,
                             int64_t deadline_us, struct tg_err *err)
{
  enum tg_rc rc = tg_pg_query(pg, indexed_sql, &table, 1, deadline_us, err);
  if (rc != TG_OK) return rc;
  if (!tg_pg_rows(pg)) return tg_err_set(err, TG_CONFIG, table, "there is no such table");
  const char *rows = tg_pg_value(pg, 0, 1);
  out->there = strcmp(tg_pg_value(pg, 0, 0), "t") == 0;
  out->rows = rows ? strtoll(rows, NULL, 10) : 0;
  return TG_OK;
}

/* *index: the queue may be read piece by piece. */
static enum tg_rc may_read(struct tg_pg *pg, const struct tg_review_filter *f, bool *index,
                           int64_t deadline_us, struct tg_err *err)
{
  struct tg_buf table = {0};
  struct index found = {.there = false};
  char topic[TOPIC_SIZE];
  tg_quote_table(&table, f->topic);
  enum tg_rc rc = find_index(pg, tg_buf_cstr(&table), &found, deadline_us, err);
  tg_buf_fini(&table);
  *index = found.there;
  if (rc != TG_OK || found.there || f->scan || found.rows <= TG_REVIEW_SCAN_ROWS) return rc;
  name(f->topic, topic);
  return tg_err_set(err, TG_CONFIG, topic,
                    "its table has about %lld rows and no index on those with issues: `tidegate "
                    "review index --topic %s` makes one, which loads pay for (docs/POSTGRES.md); "
                    "--scan reads all rows",
                    (long long)found.rows, topic);
}

enum tg_rc tg_review_index(struct tg_pg *pg, const struct tg_topic *topic, int64_t deadline_us,
                           struct tg_err *err)
{
  struct tg_buf sql = {0};
  struct index found = {.there = false};
  tg_quote_table(&sql, topic);
  enum tg_rc rc = find_index(pg, tg_buf_cstr(&sql), &found, deadline_us, err);
  tg_buf_clear(&sql);
  tg_buf_str(&sql, "CREATE INDEX CONCURRENTLY ON ");
  tg_quote_table(&sql, topic);
  tg_buf_str(&sql, " (_part, _offset) WHERE _issues IS NOT NULL");
  const char *statement = tg_buf_cstr(&sql);
  if (rc == TG_OK && !found.there) rc = tg_pg_query(pg, statement, NULL, 0, deadline_us, err);
  tg_buf_fini(&sql);
  return rc;
}

/* --- the queue --- */

/* Its partitions p, and from which offset on. kafka: room for the names of its topics. */
static void put_partitions(struct tg_query *q, const struct tg_review_filter *f,
                           struct tg_buf *kafka)
{
  tg_array_begin(kafka);
  for (uint32_t i = 0; i < f->topic->kafka_topics_count; i++)
    tg_array_text(kafka, f->topic->kafka_topics[i]);
  tg_array_end(kafka);
  tg_buf_str(&q->sql, "WITH p AS MATERIALIZED (SELECT id, topic, part");
  tg_query_param(q, ", tidegate.offset_since_v1(id, now() - (", f->since);
  if (f->since) tg_buf_str(&q->sql, "::text)::interval) AS start");
  tg_query_param(q, " FROM tidegate.partition WHERE kind = 'kafka' AND pipeline = ", f->pipeline);
  tg_query_param(q, " AND topic = ANY (", tg_buf_cstr(kafka));
  tg_buf_str(&q->sql, "::text[]))");
}

static void put_ids(struct tg_query *q, const struct tg_review_filter *f, const char *before)
{
  tg_query_param(q, before, f->parts);
  tg_query_param(q, "::int[], ", f->offsets);
  if (f->offsets) tg_buf_str(&q->sql, "::bigint[]))");
}

/* FROM p and its tagged rows t. Limited for each partition, the index gives them in order. */
static void put_rows(struct tg_query *q, const struct tg_review_filter *f, bool open, bool index)
{
  tg_buf_str(&q->sql, " FROM p, LATERAL (SELECT t.* FROM ");
  tg_quote_table(&q->sql, f->topic);
  tg_buf_str(&q->sql, " t WHERE t._part = p.id AND t._issues IS NOT NULL");
  if (f->since) tg_buf_str(&q->sql, " AND t._offset >= p.start");
  tg_query_param(q, " AND EXISTS (SELECT FROM unnest(t._issues) i WHERE starts_with(i, ", f->rule);
  if (f->rule) tg_buf_str(&q->sql, " || ': '))");
  put_ids(q, f, " AND (t._part, t._offset) IN (SELECT * FROM unnest(");
  if (open)
    tg_buf_str(&q->sql, " AND NOT EXISTS (SELECT FROM tidegate.review r WHERE r.partition_id ="
                        " t._part AND r.\"offset\" = t._offset)");
  if (f->limit && index) tg_buf_printf(&q->sql, " ORDER BY t._offset LIMIT %u", f->limit);
  tg_buf_str(&q->sql, ") t");
}

static void put_order(struct tg_query *q, const struct tg_review_filter *f)
{
  tg_buf_str(&q->sql, " ORDER BY p.id, t._offset");
  if (f->limit) tg_buf_printf(&q->sql, " LIMIT %u", f->limit);
}

enum tg_rc tg_review_list(struct tg_pg *pg, const struct tg_review_filter *f, int64_t deadline_us,
                          struct tg_err *err)
{
  struct tg_query q = {0};
  struct tg_buf kafka = {0};
  bool index;
  char topic[TOPIC_SIZE];
  enum tg_rc rc = may_read(pg, f, &index, deadline_us, err);
  if (rc != TG_OK) return rc;
  name(f->topic, topic);
  put_partitions(&q, f, &kafka);
  tg_query_param(&q, " SELECT ", topic);
  tg_buf_str(&q.sql, "::text AS topic, " LISTED);
  put_rows(&q, f, true, index);
  put_order(&q, f);
  rc = tg_query_run(pg, &q, deadline_us, err);
  tg_buf_fini(&kafka);
  return rc;
}

enum tg_rc tg_review_show(struct tg_pg *pg, const struct tg_review_filter *f, int64_t deadline_us,
                          struct tg_err *err)
{
  struct tg_query q = {0};
  struct tg_buf kafka = {0};
  bool index;
  enum tg_rc rc = may_read(pg, f, &index, deadline_us, err);
  if (rc != TG_OK) return rc;
  put_partitions(&q, f, &kafka);
  tg_buf_str(&q.sql, ", t AS (SELECT " LISTED ", p.id AS part_id, to_jsonb(t) - '_issues' AS row");
  put_rows(&q, f, false, index);
  tg_buf_str(&q.sql, ") SELECT t.id, t.kafka_topic, t.part, t.\"offset\", t.issues, t.row,"
                     " r.reviewed_at, r.reviewer, r.reason FROM t LEFT JOIN tidegate.review r"
                     " ON r.partition_id = t.part_id AND r.\"offset\" = t.\"offset\"");
  rc = tg_query_run(pg, &q, deadline_us, err);
  tg_buf_fini(&kafka);
  return rc;
}

/* --- decisions --- */

/* Behind `done`, whose rows are those that were changed: the journal, and how many. */
static enum tg_rc note(struct tg_pg *pg, struct tg_query *q, const struct tg_review_filter *f,
                       struct tg_review_mark *mark, int64_t deadline_us, struct tg_err *err)
{
  char topic[TOPIC_SIZE];
  name(f->topic, topic);
  tg_query_param(q,
                 ", noted AS (INSERT INTO tidegate.journal (pipeline, kind, topic, message)"
                 " SELECT ",
                 f->pipeline);
  tg_query_param(q, ", 'review', ", topic);
  tg_query_param(q, ", 'rows ' || ", mark->verb);
  tg_query_param(q, " || ': ' || n || ', by ' || ", mark->user);
  tg_query_param(q, " || ': ' || ", mark->reason);
  tg_buf_str(&q->sql, " FROM (SELECT count(*) AS n FROM done) c WHERE n > 0)"
                      " SELECT count(*) FROM done");
  enum tg_rc rc = tg_query_run(pg, q, deadline_us, err);
  mark->count = rc == TG_OK ? strtoull(tg_pg_value(pg, 0, 0), NULL, 10) : 0;
  return rc;
}

enum tg_rc tg_review_accept(struct tg_pg *pg, const struct tg_review_filter *f,
                            struct tg_review_mark *mark, int64_t deadline_us, struct tg_err *err)
{
  struct tg_query q = {0};
  struct tg_buf kafka = {0};
  bool index;
  char topic[TOPIC_SIZE];
  enum tg_rc rc = may_read(pg, f, &index, deadline_us, err);
  if (rc != TG_OK) return rc;
  name(f->topic, topic);
  mark->verb = "accepted";
  put_partitions(&q, f, &kafka);
  tg_buf_str(&q.sql, ", done AS (INSERT INTO tidegate.review (partition_id, \"offset\", topic,"
                     " reviewer, reason)");
  tg_query_param(&q, " SELECT p.id, t._offset, ", topic);
  tg_query_param(&q, ", ", mark->user);
  tg_query_param(&q, ", ", mark->reason);
  put_rows(&q, f, true, index);
  put_order(&q, f);
  tg_buf_str(&q.sql, " ON CONFLICT DO NOTHING RETURNING 1)");
  rc = note(pg, &q, f, mark, deadline_us, err);
  tg_buf_fini(&kafka);
  return rc;
}

enum tg_rc tg_review_reopen(struct tg_pg *pg, const struct tg_review_filter *f,
                            struct tg_review_mark *mark, int64_t deadline_us, struct tg_err *err)
{
  struct tg_query q = {0};
  mark->verb = "reopened";
  tg_buf_str(&q.sql, "WITH done AS (DELETE FROM tidegate.review r");
  put_ids(&q, f, " WHERE (r.partition_id, r.\"offset\") IN (SELECT * FROM unnest(");
  tg_buf_str(&q.sql, " RETURNING 1)");
  return note(pg, &q, f, mark, deadline_us, err);
}
