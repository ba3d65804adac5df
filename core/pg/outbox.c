/* Reading and emptying the outbox. Rows are found by (partition_id, from_offset), the ledger tells
 * where segments begin; it is insert only, so that neither look-up meets what was deleted. */
#include "core/pg/outbox.h"

#include "core/pg/array.h"
#include "core/pg/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAGE_PIECES = 8 };

struct lists { /* parts as array literals */
  struct tg_buf ids, claims, outs;
};

static void lists_fini(struct lists *l)
{
  tg_buf_fini(&l->ids);
  tg_buf_fini(&l->claims);
  tg_buf_fini(&l->outs);
}

static enum tg_rc lists_init(struct lists *l, const struct tg_outgoing *parts, uint32_t count,
                             struct tg_err *err)
{
  struct tg_buf *all[] = {&l->ids, &l->claims, &l->outs};
  bool failed = false;
  for (size_t i = 0; i < 3; i++) tg_buf_init(all[i], 0), tg_array_begin(all[i]);
  for (uint32_t i = 0; i < count; i++) {
    tg_array_int(&l->ids, parts[i].partition_id);
    tg_array_int(&l->claims, parts[i].claim_id);
    tg_array_int(&l->outs, parts[i].out);
  }
  for (size_t i = 0; i < 3; i++) {
    tg_array_end(all[i]), tg_buf_cstr(all[i]);
    failed |= all[i]->failed;
  }
  if (!failed) return TG_OK;
  lists_fini(l);
  return tg_err_set(err, TG_RETRY, "pg", "no memory for %u partitions", count);
}

/* A statement about parts: $1 ids, $2 claims, $3 outs, $4 text. */
struct question {
  struct tg_pg *pg;
  const char *sql, *text;
  int64_t deadline_us;
};

static enum tg_rc ask(const struct question *q, const struct tg_outgoing *parts, uint32_t count,
                      struct tg_err *err)
{
  struct lists l;
  enum tg_rc rc = lists_init(&l, parts, count, err);
  if (rc != TG_OK) return rc;
  const char *params[] = {l.ids.ptr, l.claims.ptr, l.outs.ptr, q->text};
  rc = tg_pg_query(q->pg, q->sql, params, 4, q->deadline_us, err);
  lists_fini(&l);
  return rc;
}

enum tg_rc tg_outbox_formers(struct tg_pg *pg, const struct tg_outgoing *parts, uint32_t count,
                             struct tg_buf *ids, int64_t deadline_us, struct tg_err *err)
{
  static const char sql[] =
      "SELECT DISTINCT p.relay FROM tidegate.partition p JOIN unnest($1::int[], $2::bigint[],"
      " $3::bigint[]) AS w(id, claim, out) ON p.id = w.id AND p.claim_id = w.claim"
      " WHERE p.relay <> '' AND $4::text IS NULL ORDER BY 1";
  const struct question q = {pg, sql, NULL, deadline_us};
  enum tg_rc rc = ask(&q, parts, count, err);
  tg_buf_clear(ids);
  for (uint32_t i = 0; rc == TG_OK && i < tg_pg_rows(pg); i++) {
    const char *id = tg_pg_value(pg, i, 0);
    tg_buf_add(ids, id, strlen(id) + 1);
  }
  if (rc == TG_OK && ids->failed)
    return tg_err_set(err, TG_RETRY, "pg", "no memory for the names of former relays");
  return rc;
}

/* Rows are locked in the order of their ids, as claims do. */
#define LOCKED                                                                                     \
  "WITH w AS (SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS w(id, claim, out)),"  \
  " locked AS (SELECT p.id, p.claim_id, p.relay FROM tidegate.partition p"                         \
  "  WHERE p.id IN (SELECT id FROM w) ORDER BY p.id FOR NO KEY UPDATE)"                            \
  " UPDATE tidegate.partition p SET relay = "

enum tg_rc tg_outbox_take(struct tg_pg *pg, const struct tg_outgoing *parts, uint32_t count,
                          const char *mine, int64_t deadline_us, struct tg_err *err)
{
  static const char sql[] = LOCKED "$4 FROM locked l JOIN w ON w.id = l.id AND w.claim = l.claim_id"
                                   " WHERE p.id = l.id AND p.relay IS DISTINCT FROM $4";
  const struct question q = {pg, sql, mine, deadline_us};
  return ask(&q, parts, count, err);
}

enum tg_rc tg_outbox_let_go(struct tg_pg *pg, const struct tg_outgoing *parts, uint32_t count,
                            const char *mine, int64_t deadline_us, struct tg_err *err)
{
  static const char sql[] = LOCKED "'' FROM locked l JOIN w ON w.id = l.id AND w.claim = l.claim_id"
                                   " WHERE p.id = l.id AND l.relay = $4";
  const struct question q = {pg, sql, mine, deadline_us};
  return ask(&q, parts, count, err);
}

enum tg_rc tg_outbox_ends(struct tg_pg *pg, struct tg_outgoing *parts, uint32_t count,
                          int64_t deadline_us, struct tg_err *err)
{
  static const char sql[] =
      "SELECT e.stop, e.start, EXISTS (SELECT FROM tidegate.outbox o WHERE o.partition_id = e.id"
      "  AND o.from_offset >= e.start AND o.from_offset < e.stop)"
      " FROM (SELECT w.id, w.ord,"
      "  CASE WHEN p.claim_id = w.claim THEN"
      "   coalesce((SELECT s.to_offset FROM tidegate.segment s WHERE s.partition_id = w.id"
      "    ORDER BY s.from_offset DESC LIMIT 1), p.first_offset, -1) ELSE w.out END AS stop,"
      "  coalesce((SELECT s.from_offset FROM tidegate.segment s WHERE s.partition_id = w.id"
      "   AND s.from_offset <= w.out ORDER BY s.from_offset DESC LIMIT 1), w.out) AS start"
      "  FROM unnest($1::int[], $2::bigint[], $3::bigint[]) WITH ORDINALITY"
      "   AS w(id, claim, out, ord) LEFT JOIN tidegate.partition p ON p.id = w.id"
      "  WHERE $4::text IS NULL) e ORDER BY e.ord";
  const struct question q = {pg, sql, NULL, deadline_us};
  enum tg_rc rc = ask(&q, parts, count, err);
  for (uint32_t i = 0; rc == TG_OK && i < count && i < tg_pg_rows(pg); i++) {
    parts[i].end = strtoll(tg_pg_value(pg, i, 0), NULL, 10);
    parts[i].start = strtoll(tg_pg_value(pg, i, 1), NULL, 10);
    parts[i].pending = strcmp(tg_pg_value(pg, i, 2), "t") == 0;
  }
  return rc;
}

static enum tg_rc visit_rows(struct tg_pg *pg, struct tg_outbox_page *page, struct tg_err *err)
{
  struct tg_buf bytes;
  enum tg_rc rc = TG_OK;
  tg_buf_init(&bytes, 0);
  for (uint32_t i = 0; rc == TG_OK && i < tg_pg_rows(pg); i++) {
    tg_buf_clear(&bytes);
    struct tg_outbox_row row = {.from = strtoll(tg_pg_value(pg, i, 0), NULL, 10),
                                .piece = (int32_t)strtol(tg_pg_value(pg, i, 1), NULL, 10),
                                .generation = tg_pg_value(pg, i, 2)};
    if (!tg_hex_read(&bytes, tg_pg_value(pg, i, 3)))
      rc = tg_err_set(err, TG_RETRY, "pg", "no memory for a piece of the outbox");
    row.data = tg_buf_view(&bytes);
    if (rc == TG_OK) rc = page->visit(page->self, &row, err);
    if (rc == TG_OK) page->from = row.from, page->piece = row.piece;
  }
  tg_buf_fini(&bytes);
  return rc;
}

enum tg_rc tg_outbox_read(struct tg_pg *pg, struct tg_outbox_page *page, int64_t deadline_us,
                          struct tg_err *err)
{
  static const char sql[] =
      "SELECT from_offset, piece, generation, data FROM tidegate.outbox"
      " WHERE partition_id = $1::int AND from_offset < $2::bigint"
      " AND (from_offset, piece) > ($3::bigint, $4::int) ORDER BY from_offset, piece"
      " LIMIT $5::int";
  char id[16], end[32], from[32], piece[16], most[16];
  const char *params[] = {id, end, from, piece, most};
  snprintf(id, sizeof id, "%d", page->part->partition_id);
  snprintf(end, sizeof end, "%" PRId64, page->part->end);
  snprintf(from, sizeof from, "%" PRId64, page->from);
  snprintf(piece, sizeof piece, "%d", page->piece);
  snprintf(most, sizeof most, "%d", PAGE_PIECES);
  enum tg_rc rc = tg_pg_query(pg, sql, params, 5, deadline_us, err);
  if (rc != TG_OK) return rc;
  page->last = tg_pg_rows(pg) < PAGE_PIECES;
  return visit_rows(pg, page, err);
}

enum tg_rc tg_outbox_delete(struct tg_pg *pg, const struct tg_outgoing *parts, uint32_t count,
                            int64_t deadline_us, struct tg_err *err)
{
  static const char sql[] =
      "DELETE FROM tidegate.outbox o USING unnest($1::int[], $2::bigint[], $3::bigint[])"
      " AS w(id, claim, out) WHERE o.partition_id = w.id AND o.from_offset < coalesce("
      "(SELECT s.from_offset FROM tidegate.segment s WHERE s.partition_id = w.id"
      " AND s.from_offset < w.out AND s.to_offset > w.out"
      " ORDER BY s.from_offset DESC LIMIT 1), w.out) AND $4::text IS NULL";
  const struct question q = {pg, sql, NULL, deadline_us};
  return ask(&q, parts, count, err);
}
