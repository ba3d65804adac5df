/* Windows in PostgreSQL; see the header. */
#include "core/pg/window.h"

#include "core/base/fault.h"
#include "core/pg/array.h"
#include "core/pg/hex.h"
#include "core/pg/verdictlist.h"
#include "core/pg/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NONE INT64_MIN

static int64_t number(struct tg_pg *pg, uint32_t row, uint32_t column)
{
  const char *text = tg_pg_value(pg, row, column);
  return text ? strtoll(text, NULL, 10) : NONE;
}

static enum tg_rc query(struct tg_pg *pg, const struct tg_window_topic *t, const char *sql,
                        struct tg_err *err)
{
  const char *params[] = {t->pipeline, t->topic};
  return tg_pg_query(pg, sql, params, 2, t->deadline_us, err);
}

/* The row of a new topic; it commits at once. */
static enum tg_rc make_row(struct tg_pg *pg, const struct tg_window_topic *t, struct tg_err *err)
{
  return query(pg, t,
               "INSERT INTO tidegate.window (pipeline, topic) VALUES ($1, $2)"
               " ON CONFLICT DO NOTHING",
               err);
}

static enum tg_rc lock_row(struct tg_pg *pg, const struct tg_window_topic *t, struct tg_err *err)
{
  enum tg_rc rc = tg_pg_script(pg, "BEGIN", t->deadline_us, err);
  if (rc != TG_OK) return rc;
  return query(pg, t,
               "SELECT closed_us, (extract(epoch FROM seen_at) * 1000000)::bigint,"
               " (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
               " FROM tidegate.window WHERE pipeline = $1 AND topic = $2"
               " FOR UPDATE SKIP LOCKED",
               err);
}

enum tg_rc tg_window_begin(struct tg_pg *pg, const struct tg_window_topic *t,
                           struct tg_window_lease *lease, struct tg_err *err)
{
  enum tg_rc rc = make_row(pg, t, err);
  if (rc == TG_OK) rc = lock_row(pg, t, err);
  if (rc == TG_OK && tg_pg_rows(pg) == 1) {
    *lease = (struct tg_window_lease){number(pg, 0, 0), number(pg, 0, 1), number(pg, 0, 2)};
    return TG_OK;
  }
  tg_window_rollback(pg, t);
  return rc == TG_OK ? TG_AGAIN : rc;
}

enum tg_rc tg_window_progress(struct tg_pg *pg, const struct tg_window_topic *t,
                              tg_window_progress_visit *visit, void *self, struct tg_err *err)
{
  struct tg_buf names;
  tg_buf_init(&names, 0);
  tg_array_begin(&names);
  for (uint32_t i = 0; i < t->kafka_count; i++) tg_array_text(&names, t->kafka[i]);
  tg_array_end(&names);
  const char *params[] = {t->pipeline, tg_buf_cstr(&names)};
  enum tg_rc rc =
      tg_pg_query(pg, "SELECT * FROM tidegate.progress_v2($1, $2)", params, 2, t->deadline_us, err);
  tg_buf_fini(&names);
  for (uint32_t i = 0; rc == TG_OK && i < tg_pg_rows(pg); i++)
    visit(self, number(pg, i, 0), number(pg, i, 1), number(pg, i, 2));
  return rc;
}

enum tg_rc tg_window_pending(struct tg_pg *pg, const struct tg_window_topic *t,
                             tg_window_pending_visit *visit, void *self, struct tg_err *err)
{
  enum tg_rc rc = query(pg, t,
                        "SELECT rule, count(DISTINCT start_us), count(*) FILTER (WHERE fresh),"
                        " min(start_us), min(end_us), max(judged_us) FROM ("
                        "SELECT rule, start_us, start_us + over_us AS end_us, NOT merged AS fresh,"
                        " NULL::bigint AS judged_us FROM tidegate.summary"
                        " WHERE pipeline = $1 AND topic = $2 UNION ALL"
                        " SELECT rule, NULL, NULL, NULL, (extract(epoch FROM judged_at) * 1000000)"
                        "::bigint FROM tidegate.cell WHERE pipeline = $1 AND topic = $2) w"
                        " GROUP BY rule",
                        err);
  for (uint32_t i = 0; rc == TG_OK && i < tg_pg_rows(pg); i++) {
    const struct tg_window_pending p = {.rule = tg_text(tg_pg_value(pg, i, 0)),
                                        .open = (uint32_t)number(pg, i, 1),
                                        .fresh = (uint32_t)number(pg, i, 2),
                                        .start_us = number(pg, i, 3),
                                        .end_us = number(pg, i, 4),
                                        .judged_us = number(pg, i, 5)};
    visit(self, &p);
  }
  return rc;
}

static enum tg_rc visit_piece(struct tg_pg *pg, uint32_t row, struct tg_buf *bytes,
                              tg_window_visit *visit, void *self, struct tg_err *err)
{
  tg_buf_clear(bytes);
  if (!tg_hex_read(bytes, tg_pg_value(pg, row, 3)))
    return tg_err_set(err, TG_RETRY, "pg", "no memory for what rule %s measured",
                      tg_pg_value(pg, row, 0));
  struct tg_window_piece piece = {.rule = tg_text(tg_pg_value(pg, row, 0)),
                                  .data = tg_buf_view(bytes),
                                  .start_us = number(pg, row, 1),
                                  .over_us = number(pg, row, 2)};
  return visit(self, &piece, err);
}

enum tg_rc tg_window_take(struct tg_pg *pg, const struct tg_window_topic *t, tg_window_visit *visit,
                          void *self, struct tg_err *err)
{
  struct tg_buf bytes;
  tg_buf_init(&bytes, 0);
  enum tg_rc rc = query(pg, t,
                        "DELETE FROM tidegate.summary WHERE pipeline = $1 AND topic = $2"
                        " RETURNING rule, start_us, over_us, data",
                        err);
  for (uint32_t i = 0; rc == TG_OK && i < tg_pg_rows(pg); i++)
    rc = visit_piece(pg, i, &bytes, visit, self, err);
  tg_buf_fini(&bytes);
  return rc;
}

enum tg_rc tg_window_put(struct tg_pg *pg, const struct tg_window_topic *t,
                         const struct tg_window_piece *piece, struct tg_err *err)
{
  char start[24], over[24];
  struct tg_buf rule, data;
  tg_buf_init(&rule, 0), tg_buf_init(&data, 0);
  tg_buf_text(&rule, piece->rule);
  tg_hex_write(&data, piece->data);
  snprintf(start, sizeof start, "%" PRId64, piece->start_us);
  snprintf(over, sizeof over, "%" PRId64, piece->over_us);
  const char *params[] = {t->pipeline, t->topic, tg_buf_cstr(&rule),
                          start,       over,     tg_buf_cstr(&data)};
  enum tg_rc rc = tg_err_set(err, TG_RETRY, "pg", "no memory for what a rule measured");
  if (!rule.failed && !data.failed)
    rc = tg_pg_query(pg,
                     "INSERT INTO tidegate.summary (pipeline, topic, rule, start_us, over_us,"
                     " merged, data) VALUES ($1, $2, $3, $4::bigint, $5::bigint, true, $6::bytea)",
                     params, 6, t->deadline_us, err);
  tg_buf_fini(&rule), tg_buf_fini(&data);
  return rc;
}

enum tg_rc tg_window_recall(struct tg_pg *pg, const struct tg_window_topic *t, const char *rule,
                            struct tg_buf *out, struct tg_window_cell *cell, struct tg_err *err)
{
  const char *params[] = {t->pipeline, t->topic, rule};
  enum tg_rc rc =
      tg_pg_query(pg,
                  "SELECT data, (extract(epoch FROM judged_at) * 1000000)::bigint, told"
                  " FROM tidegate.cell WHERE pipeline = $1 AND topic = $2 AND rule = $3",
                  params, 3, t->deadline_us, err);
  *cell = (struct tg_window_cell){.judged_us = NONE, .told = "pass none"};
  if (rc != TG_OK || tg_pg_rows(pg) == 0) return rc;
  cell->judged_us = number(pg, 0, 1);
  snprintf(cell->told, sizeof cell->told, "%s", tg_pg_value(pg, 0, 2));
  if (!tg_hex_read(out, tg_pg_value(pg, 0, 0)))
    return tg_err_set(err, TG_RETRY, "pg", "no memory for what rule %s remembers", rule);
  cell->data = tg_buf_view(out);
  return TG_OK;
}

enum tg_rc tg_window_remember(struct tg_pg *pg, const struct tg_window_topic *t, const char *rule,
                              const struct tg_window_cell *cell, struct tg_err *err)
{
  struct tg_buf hex;
  char judged[24];
  tg_buf_init(&hex, 0);
  tg_hex_write(&hex, cell->data);
  snprintf(judged, sizeof judged, "%" PRId64, cell->judged_us);
  const char *params[] = {t->pipeline, t->topic, rule, tg_buf_cstr(&hex), judged, cell->told};
  enum tg_rc rc = tg_err_set(err, TG_RETRY, "pg", "no memory for what rule %s remembers", rule);
  if (!hex.failed)
    rc = tg_pg_query(pg,
                     "INSERT INTO tidegate.cell (pipeline, topic, rule, data, judged_at, told)"
                     " VALUES ($1, $2, $3, $4::bytea, tidegate.us_v1($5::bigint), $6)"
                     " ON CONFLICT (pipeline, topic, rule) DO UPDATE SET data = excluded.data,"
                     " judged_at = excluded.judged_at, told = excluded.told",
                     params, 6, t->deadline_us, err);
  tg_buf_fini(&hex);
  return rc;
}

enum tg_rc tg_window_tell(struct tg_pg *pg, const struct tg_window_topic *t, const char *generation,
                          struct tg_buf *list, struct tg_err *err)
{
  struct tg_buf sql;
  if (!list->len && !list->failed) return TG_OK;
  tg_buf_init(&sql, 0);
  tg_verdictlist_insert(&sql, t->pipeline, generation, list);
  const char *text = tg_buf_cstr(&sql);
  enum tg_rc rc = sql.failed || list->failed
                      ? tg_err_set(err, TG_RETRY, t->topic, "no memory for verdicts")
                      : tg_pg_script(pg, text, t->deadline_us, err);
  tg_buf_fini(&sql);
  tg_buf_clear(list);
  return rc;
}

enum tg_rc tg_window_end(struct tg_pg *pg, const struct tg_window_topic *t, int64_t closed_us,
                         struct tg_err *err)
{
  char closed[24];
  const char *params[] = {t->pipeline, t->topic, closed};
  snprintf(closed, sizeof closed, "%" PRId64, closed_us);
  enum tg_rc rc = TG_OK;
  if (closed_us != NONE)
    rc = tg_pg_query(pg,
                     "UPDATE tidegate.window SET closed_us = $3::bigint"
                     " WHERE pipeline = $1 AND topic = $2",
                     params, 3, t->deadline_us, err);
  if (rc == TG_OK && tg_fault("window.before_commit")) rc = tg_wire_lost(pg, err);
  if (rc == TG_OK) rc = tg_pg_script(pg, "COMMIT", t->deadline_us, err);
  if (rc == TG_OK && tg_fault("window.after_commit")) rc = tg_wire_lost(pg, err);
  return rc;
}

void tg_window_rollback(struct tg_pg *pg, const struct tg_window_topic *t)
{
  if (tg_pg_connected(pg)) tg_wire_rollback(pg, t->deadline_us);
}
