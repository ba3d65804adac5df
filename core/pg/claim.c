/* Claims of partitions. Each step is one statement in one message, so that a client that stops
 * half-way holds no lock; the SQL is in claim.sql. */
#include "core/pg/state.h"

#include "core/base/fault.h"
#include "core/pg/array.h"
#include "core/pg/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

struct lists { /* the claims as array literals */
  struct tg_buf ids, claims, firsts, topics, parts;
};

static void lists_fini(struct lists *l)
{
  struct tg_buf *all[] = {&l->ids, &l->claims, &l->firsts, &l->topics, &l->parts};
  for (uint32_t i = 0; i < sizeof all / sizeof *all; i++) tg_buf_fini(all[i]);
}

static enum tg_rc lists_init(struct lists *l, const struct tg_claim *claims, uint32_t count,
                             struct tg_err *err)
{
  struct tg_buf *all[] = {&l->ids, &l->claims, &l->firsts, &l->topics, &l->parts};
  const uint32_t n = sizeof all / sizeof *all;
  bool failed = false;
  for (uint32_t i = 0; i < n; i++) tg_buf_init(all[i], 0), tg_array_begin(all[i]);
  for (uint32_t i = 0; i < count; i++) {
    tg_array_int(&l->ids, claims[i].partition_id);
    tg_array_int(&l->claims, claims[i].claim_id);
    tg_array_int(&l->firsts, claims[i].first_offset);
    tg_array_text(&l->topics, tg_text(claims[i].topic));
    tg_array_int(&l->parts, claims[i].partition);
  }
  for (uint32_t i = 0; i < n; i++)
    tg_array_end(all[i]), tg_buf_cstr(all[i]), failed |= all[i]->failed;
  if (!failed) return TG_OK;
  lists_fini(l);
  return tg_err_set(err, TG_FATAL, "pg", "no memory for the claims of %u partitions", count);
}

/* Random and positive, so that no two owners ever hold the same. */
static enum tg_rc new_claim_id(int64_t *id, struct tg_err *err)
{
  uint64_t bits = 0;
  if (getrandom(&bits, sizeof bits, 0) != (ssize_t)sizeof bits)
    return tg_err_set(err, TG_FATAL, "pg", "getrandom failed (errno %d)", errno);
  *id = (int64_t)(bits >> 1) | 1;
  return TG_OK;
}

static int64_t value_int(const struct tg_pg *pg, uint32_t row, uint32_t column, int64_t null)
{
  const char *v = tg_pg_value(pg, row, column);
  return v ? strtoll(v, NULL, 10) : null;
}

/* Takes row `row` of a result that starts with: ord, id, next, last_offset, last_us, last_crc. */
static void read_claim(const struct tg_pg *pg, uint32_t row, struct tg_claim *c)
{
  c->partition_id = (int32_t)value_int(pg, row, 1, 0);
  c->next = value_int(pg, row, 2, -1);
  c->last_offset = value_int(pg, row, 3, -1);
  c->last_us = value_int(pg, row, 4, -1);
  c->last_crc = (uint32_t)value_int(pg, row, 5, 0);
}

static const char taken_sql[] =
    "SELECT w.ord, p.id, e.next, e.last_offset, e.last_us, e.last_crc,"
    " p.relay IS NOT NULL, t.tries, t.piece, t.piece_to, t.lethal"
    " FROM unnest($1::text[], $2::int[]) WITH ORDINALITY AS w(topic, part, ord)"
    " JOIN tidegate.partition p ON p.pipeline = $4 AND p.claim_id = $3::bigint AND p.topic = "
    "w.topic"
    "  AND p.part = w.part AND NOT p.released"
    " LEFT JOIN tidegate.attempt t ON t.partition_id = p.id"
    " CROSS JOIN LATERAL tidegate.chain_end_v1(p.id) e ORDER BY w.ord";

static enum tg_rc read_taken(struct tg_pg *pg, struct tg_claim *claims, uint32_t count,
                             struct tg_err *err)
{
  if (tg_pg_rows(pg) != count)
    return tg_err_set(err, TG_RETRY, "pg",
                      "%u of %u partitions were claimed by somebody else at the same moment",
                      count - tg_pg_rows(pg), count);
  for (uint32_t i = 0; i < count; i++) {
    read_claim(pg, i, &claims[i]);
    claims[i].relayed = *tg_pg_value(pg, i, 6) == 't';
    claims[i].tries = (uint32_t)value_int(pg, i, 7, 0);
    claims[i].piece = (uint32_t)value_int(pg, i, 8, 0);
    claims[i].piece_to = value_int(pg, i, 9, -1);
    claims[i].lethal = (uint32_t)value_int(pg, i, 10, 0);
  }
  return TG_OK;
}

static enum tg_rc evict(struct tg_pg *pg, const char *topics, const char *parts, const char *claim,
                        int64_t deadline_us, struct tg_err *err)
{
  if (tg_fault("no.fencing")) return TG_OK;
  const char *params[] = {topics, parts, claim};
  return tg_pg_query(
      pg,
      "SELECT tidegate.claim_evict_v1(array_agg(p.id), false) "
      "FROM unnest($1::text[], $2::int[]) AS w(topic, part) JOIN tidegate.partition p "
      "ON p.topic = w.topic AND p.part = w.part AND p.claim_id = $3::bigint",
      params, 3, deadline_us, err);
}

enum tg_rc tg_claim_take(struct tg_pg *pg, const struct tg_claimer *who, struct tg_claim *claims,
                         uint32_t count, int64_t deadline_us, struct tg_err *err)
{
  int64_t id = 0;
  char claim[32], run[32];
  struct lists l;
  if (count == 0) return TG_OK;
  enum tg_rc rc = new_claim_id(&id, err);
  if (rc != TG_OK) return rc;
  rc = lists_init(&l, claims, count, err);
  if (rc != TG_OK) return rc;
  snprintf(claim, sizeof claim, "%lld", (long long)id);
  snprintf(run, sizeof run, "%lld", (long long)who->run);
  const char *take[] = {who->pipeline, who->cluster_id, who->owner, claim,
                        l.topics.ptr,  l.parts.ptr,     run};
  rc = tg_pg_query(pg,
                   "SELECT tidegate.attempt_v1($1, $2, $7::bigint, $5::text[], $6::int[]),"
                   " tidegate.claim_take_v1($1, $2, $3, $4::bigint, $5::text[], $6::int[]),"
                   " tidegate.attempt_first_v1($1, $2, $7::bigint, $5::text[], $6::int[])",
                   take, 7, deadline_us, err);
  tg_fault("claim.taken");
  if (rc == TG_OK) rc = evict(pg, l.topics.ptr, l.parts.ptr, claim, deadline_us, err);
  const char *taken[] = {l.topics.ptr, l.parts.ptr, claim, who->pipeline};
  if (rc == TG_OK) rc = tg_pg_query(pg, taken_sql, taken, 4, deadline_us, err);
  if (rc == TG_OK) rc = read_taken(pg, claims, count, err);
  for (uint32_t i = 0; rc == TG_OK && i < count; i++)
    claims[i].claim_id = id, claims[i].mine = true;
  lists_fini(&l);
  return rc;
}

/* What each chain looks like to the holder of these claims: mine, next and the last record. */
static enum tg_rc read_renewed(struct tg_pg *pg, const struct lists *l, struct tg_claim *claims,
                               uint32_t count, int64_t deadline_us, struct tg_err *err)
{
  static const char sql[] =
      "SELECT w.ord, w.id, e.next, e.last_offset, e.last_us, e.last_crc, p.pid = pg_backend_pid()"
      " FROM unnest($1::int[], $2::bigint[]) WITH ORDINALITY AS w(id, claim, ord)"
      " LEFT JOIN tidegate.partition p ON p.id = w.id AND p.claim_id = w.claim AND NOT p.released"
      " LEFT JOIN LATERAL tidegate.chain_end_v1(w.id) e ON true ORDER BY w.ord";
  const char *params[] = {l->ids.ptr, l->claims.ptr};
  enum tg_rc rc = tg_pg_query(pg, sql, params, 2, deadline_us, err);
  if (rc != TG_OK) return rc;
  for (uint32_t i = 0; i < count && i < tg_pg_rows(pg); i++) {
    const char *same = tg_pg_value(pg, i, 6);
    read_claim(pg, i, &claims[i]);
    claims[i].mine = same != NULL;
    if (same && *same != 't')
      return tg_err_set(
          err, TG_CONFIG, "postgres.dsn",
          "two transactions of one session ran in different server processes: this is "
          "a transaction pooler; connect directly or through a session pool");
  }
  return TG_OK;
}

enum tg_rc tg_claim_renew(struct tg_pg *pg, struct tg_claim *claims, uint32_t count,
                          int64_t deadline_us, struct tg_err *err)
{
  struct lists l;
  if (count == 0) return TG_OK;
  enum tg_rc rc = lists_init(&l, claims, count, err);
  if (rc != TG_OK) return rc;
  const char *params[] = {l.ids.ptr, l.claims.ptr};
  rc = tg_pg_query(pg, "SELECT tidegate.claim_renew_v1($1::int[], $2::bigint[])", params, 2,
                   deadline_us, err);
  if (rc == TG_OK) rc = read_renewed(pg, &l, claims, count, deadline_us, err);
  lists_fini(&l);
  return rc;
}

enum tg_rc tg_claim_begin(struct tg_pg *pg, struct tg_claim *claims, uint32_t count,
                          int64_t deadline_us, struct tg_err *err)
{
  struct lists l;
  if (count == 0) return TG_OK;
  enum tg_rc rc = lists_init(&l, claims, count, err);
  if (rc != TG_OK) return rc;
  const char *params[] = {l.ids.ptr, l.claims.ptr, l.firsts.ptr};
  rc = tg_pg_query(pg, "SELECT tidegate.claim_begin_v1($1::int[], $2::bigint[], $3::bigint[])",
                   params, 3, deadline_us, err);
  tg_fault("claim.begun");
  if (rc == TG_OK) rc = read_renewed(pg, &l, claims, count, deadline_us, err);
  lists_fini(&l);
  return rc;
}

enum tg_rc tg_claim_mark(struct tg_pg *pg, const struct tg_claim *claim, int64_t deadline_us,
                         struct tg_err *err)
{
  char id[16], claim_id[32], from[32], to[32], rows[16];
  const char *params[] = {id, claim_id, from, to, rows};
  snprintf(id, sizeof id, "%d", claim->partition_id);
  snprintf(claim_id, sizeof claim_id, "%lld", (long long)claim->claim_id);
  snprintf(from, sizeof from, "%lld", (long long)claim->next);
  snprintf(to, sizeof to, "%lld", (long long)claim->piece_to);
  snprintf(rows, sizeof rows, "%u", claim->piece);
  return tg_pg_query(pg,
                     "UPDATE tidegate.attempt t SET marked_claim = p.claim_id,"
                     " marked_from = $3::bigint, marked_to = $4::bigint, marked_rows = $5::int"
                     " FROM tidegate.partition p WHERE t.partition_id = $1::int"
                     " AND p.id = t.partition_id AND p.claim_id = $2::bigint",
                     params, 5, deadline_us, err);
}

enum tg_rc tg_claim_release(struct tg_pg *pg, const struct tg_claim *claims, uint32_t count,
                            int64_t deadline_us, struct tg_err *err)
{
  struct lists l;
  if (count == 0) return TG_OK;
  enum tg_rc rc = lists_init(&l, claims, count, err);
  if (rc != TG_OK) return rc;
  const char *params[] = {l.ids.ptr, l.claims.ptr};
  rc = tg_pg_query(pg, "SELECT tidegate.claim_release_v1($1::int[], $2::bigint[])", params, 2,
                   deadline_us, err);
  tg_fault("claim.released");
  lists_fini(&l);
  return rc;
}

enum tg_rc tg_claim_strangers(struct tg_pg *pg, const char *pipeline, char *roles, size_t size,
                              int64_t deadline_us, struct tg_err *err)
{
  const char *const params[] = {pipeline};
  enum tg_rc rc = tg_pg_query(
      pg,
      "SELECT coalesce(string_agg(DISTINCT a.usename, ', '), '') FROM tidegate.partition p"
      " JOIN pg_stat_activity a ON a.pid = p.pid"
      " WHERE p.pipeline = $1 AND NOT p.released AND a.usename <> current_user"
      " AND NOT (pg_has_role('pg_signal_backend', 'USAGE')"
      "  AND pg_has_role('pg_read_all_stats', 'USAGE'))",
      params, 1, deadline_us, err);
  snprintf(roles, size, "%s", rc == TG_OK ? tg_pg_value(pg, 0, 0) : "");
  return rc;
}
