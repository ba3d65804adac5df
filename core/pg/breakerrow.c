/* Rows of tidegate.breaker and tidegate.breaker_range; see the header. */
#include "core/pg/breakerrow.h"

#include "core/pg/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A time as microseconds, and back. */
#define US(column) "(extract(epoch FROM " column ") * 1000000)::bigint"
#define AT(param)  "tidegate.us_v1(nullif(" param "::bigint, 0))"

#define COLUMNS                                                                                    \
  "topic, state, before, " US("clock_timestamp()") ", " US("changed_at") ", cooldown_us, " US(     \
      "probe_at") ", " US("hold_until") ", cause_changed, failures, reason, rule, generation, "    \
                                        "hold_by, hold_reason"

static int64_t number(struct tg_pg *pg, uint32_t row, uint32_t column)
{
  const char *text = tg_pg_value(pg, row, column);
  return text ? strtoll(text, NULL, 10) : 0;
}

static void copy(struct tg_pg *pg, uint32_t row, uint32_t column, char *out, size_t size)
{
  const char *text = tg_pg_value(pg, row, column);
  snprintf(out, size, "%s", text ? text : "");
}

static bool flag(struct tg_pg *pg, uint32_t row, uint32_t column)
{
  const char *text = tg_pg_value(pg, row, column);
  return text && *text == 't';
}

static void take(struct tg_pg *pg, uint32_t at, struct tg_breakerrow *row)
{
  *row = (struct tg_breakerrow){.now_us = number(pg, at, 3),
                                .since_us = number(pg, at, 4),
                                .cooldown_us = number(pg, at, 5),
                                .probe_us = number(pg, at, 6),
                                .hold_until_us = number(pg, at, 7),
                                .changed = flag(pg, at, 8),
                                .failures = (uint32_t)number(pg, at, 9)};
  copy(pg, at, 0, row->topic, sizeof row->topic);
  copy(pg, at, 1, row->state, sizeof row->state);
  copy(pg, at, 2, row->before, sizeof row->before);
  copy(pg, at, 10, row->reason, sizeof row->reason);
  copy(pg, at, 11, row->rule, sizeof row->rule);
  copy(pg, at, 12, row->generation, sizeof row->generation);
  copy(pg, at, 13, row->hold_by, sizeof row->hold_by);
  copy(pg, at, 14, row->hold_reason, sizeof row->hold_reason);
}

static enum tg_rc query(struct tg_pg *pg, const struct tg_breakerrow_key *key, const char *sql,
                        struct tg_err *err)
{
  const char *params[] = {key->pipeline, key->topic};
  return tg_pg_query(pg, sql, params, 2, key->deadline_us, err);
}

enum tg_rc tg_breakerrow_read(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                              struct tg_breakerrow *row, struct tg_err *err)
{
  *row = (struct tg_breakerrow){.state = "closed"};
  snprintf(row->topic, sizeof row->topic, "%s", key->topic);
  enum tg_rc rc = query(
      pg, key, "SELECT " COLUMNS " FROM tidegate.breaker WHERE pipeline = $1 AND topic = $2", err);
  if (rc == TG_OK && tg_pg_rows(pg)) take(pg, 0, row);
  return rc;
}

enum tg_rc tg_breakerrow_lock(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                              struct tg_breakerrow *row, struct tg_err *err)
{
  enum tg_rc rc = query(pg, key,
                        "INSERT INTO tidegate.breaker (pipeline, topic, state)"
                        " VALUES ($1, $2, 'closed') ON CONFLICT DO NOTHING",
                        err);
  if (rc == TG_OK)
    rc = query(pg, key,
               "SELECT " COLUMNS " FROM tidegate.breaker"
               " WHERE pipeline = $1 AND topic = $2 FOR UPDATE",
               err);
  if (rc == TG_OK) take(pg, 0, row);
  return rc;
}

static const char *or_null(const char *text)
{
  return *text ? text : NULL;
}

enum tg_rc tg_breakerrow_write(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                               const struct tg_breakerrow *row, const char *evidence,
                               struct tg_err *err)
{
  char since[24], cooldown[24], probe[24], until[24], failures[12];
  snprintf(since, sizeof since, "%" PRId64, row->since_us);
  snprintf(cooldown, sizeof cooldown, "%" PRId64, row->cooldown_us);
  snprintf(probe, sizeof probe, "%" PRId64, row->probe_us);
  snprintf(until, sizeof until, "%" PRId64, row->hold_until_us);
  snprintf(failures, sizeof failures, "%u", row->failures);
  const char *params[] = {key->pipeline,
                          key->topic,
                          row->state,
                          or_null(row->before),
                          since,
                          cooldown,
                          probe,
                          until,
                          row->changed ? "true" : "false",
                          failures,
                          or_null(row->reason),
                          or_null(row->rule),
                          or_null(row->generation),
                          or_null(row->hold_by),
                          or_null(row->hold_reason),
                          evidence};
  return tg_pg_query(
      pg,
      "UPDATE tidegate.breaker SET state = $3, before = $4, changed_at = " AT(
          "$5") ","
                " cooldown_us = $6::bigint, probe_at = " AT("$7") ", hold_until = " AT(
                    "$8") ","
                          " cause_changed = $9::boolean, failures = $10::int, reason = $11, rule = "
                          "$12,"
                          " generation = $13, hold_by = $14, hold_reason = $15, evidence = "
                          "coalesce($16::jsonb, evidence)"
                          " WHERE pipeline = $1 AND topic = $2",
      params, sizeof params / sizeof *params, key->deadline_us, err);
}

enum tg_rc tg_breakerrow_known(struct tg_pg *pg, const struct tg_breakerrow_key *key, bool *known,
                               struct tg_err *err)
{
  enum tg_rc rc = query(
      pg, key,
      "SELECT FROM tidegate.generation g, jsonb_object_keys(g.files) AS file"
      " WHERE g.pipeline = $1 AND right('/' || file, length($2) + 5) = '/' || $2 || '.lua' LIMIT 1",
      err);
  *known = rc == TG_OK && tg_pg_rows(pg) > 0;
  return rc;
}

enum tg_rc tg_breakerrow_list(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                              tg_breakerrow_visit *visit, void *self, struct tg_err *err)
{
  struct tg_breakerrow row;
  enum tg_rc rc = tg_pg_query(
      pg, "SELECT " COLUMNS " FROM tidegate.breaker WHERE pipeline = $1 AND state <> 'closed'",
      &key->pipeline, 1, key->deadline_us, err);
  for (uint32_t i = 0; rc == TG_OK && i < tg_pg_rows(pg); i++) {
    take(pg, i, &row);
    visit(self, &row);
  }
  return rc;
}

/* --- ranges --- */

static const char *const verdicts[] = {[TG_RANGE_NONE] = NULL,
                                       [TG_RANGE_ACCEPT] = "accept",
                                       [TG_RANGE_QUARANTINE] = "quarantine",
                                       [TG_RANGE_WHOLE] = "whole"};

const char *tg_range_verdict_name(enum tg_range_verdict verdict)
{
  return verdicts[verdict];
}

static enum tg_range_verdict verdict_of(const char *name)
{
  for (int i = TG_RANGE_ACCEPT; name && i <= TG_RANGE_WHOLE; i++)
    if (strcmp(verdicts[i], name) == 0) return (enum tg_range_verdict)i;
  return TG_RANGE_NONE;
}

static void add_numbers(struct tg_buf *b, const struct tg_breakerrow_cut *cut, int which)
{
  tg_array_begin(b);
  for (uint32_t i = 0; i < cut->count; i++) {
    const struct tg_range *r = &cut->ranges[i];
    tg_array_int(b, which == 0 ? r->partition_id : which == 1 ? r->from : r->to);
  }
  tg_array_end(b);
}

enum tg_rc tg_breakerrow_cut(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                             const struct tg_breakerrow_cut *cut, struct tg_err *err)
{
  struct tg_buf lists[4];
  for (int i = 0; i < 4; i++) tg_buf_init(&lists[i], 0);
  tg_array_begin(&lists[3]);
  for (uint32_t i = 0; i < cut->kafka_count; i++) tg_array_text(&lists[3], cut->kafka[i]);
  tg_array_end(&lists[3]);
  for (int i = 0; i < 3; i++) add_numbers(&lists[i], cut, i);
  const char *params[] = {key->pipeline,          key->topic,
                          tg_buf_cstr(&lists[3]), tg_buf_cstr(&lists[0]),
                          tg_buf_cstr(&lists[1]), tg_buf_cstr(&lists[2])};
  enum tg_rc rc = tg_pg_query(pg, "SELECT tidegate.breaker_cut_v1($1, $2, $3, $4, $5, $6)", params,
                              6, key->deadline_us, err);
  for (int i = 0; i < 4; i++) tg_buf_fini(&lists[i]);
  return rc;
}

static void take_range(struct tg_pg *pg, uint32_t at, struct tg_range *r)
{
  *r = (struct tg_range){.partition_id = (int32_t)number(pg, at, 0),
                         .partition = (int32_t)number(pg, at, 2),
                         .from = number(pg, at, 3),
                         .to = number(pg, at, 4),
                         .cut = (uint32_t)number(pg, at, 5),
                         .verdict = verdict_of(tg_pg_value(pg, at, 6)),
                         .at_end = flag(pg, at, 8),
                         .next = number(pg, at, 9),
                         .tried = number(pg, at, 10)};
  copy(pg, at, 1, r->kafka_topic, sizeof r->kafka_topic);
  copy(pg, at, 7, r->decided_by, sizeof r->decided_by);
}

enum tg_rc tg_breakerrow_ranges(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                                struct tg_range **out, uint32_t *count, struct tg_err *err)
{
  *out = NULL, *count = 0;
  enum tg_rc rc = query(pg, key, "SELECT * FROM tidegate.breaker_ranges_v1($1, $2)", err);
  uint32_t n = rc == TG_OK ? tg_pg_rows(pg) : 0;
  if (n > TG_RANGES_MAX) n = TG_RANGES_MAX;
  if (n == 0) return rc;
  *out = calloc(n, sizeof **out);
  if (!*out) return tg_err_set(err, TG_RETRY, "breaker", "no memory for %u ranges", n);
  for (uint32_t i = 0; i < n; i++) take_range(pg, i, &(*out)[i]);
  *count = n;
  return TG_OK;
}

enum tg_rc tg_breakerrow_decide(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                                enum tg_range_verdict verdict, const char *by, struct tg_err *err)
{
  const char *params[] = {key->pipeline, key->topic, verdicts[verdict], by};
  return tg_pg_query(pg,
                     "UPDATE tidegate.breaker_range SET verdict = $3, decided_by = $4"
                     " WHERE pipeline = $1 AND topic = $2"
                     " AND tidegate.next_offset_v1(partition_id) < to_offset",
                     params, 4, key->deadline_us, err);
}

enum tg_rc tg_breakerrow_at_end(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                                const char *ids, struct tg_err *err)
{
  const char *params[] = {key->pipeline, key->topic, ids};
  return tg_pg_query(pg,
                     "UPDATE tidegate.breaker_range SET at_end = true WHERE pipeline = $1"
                     " AND topic = $2 AND partition_id = ANY ($3::int[]) AND NOT at_end",
                     params, 3, key->deadline_us, err);
}

enum tg_rc tg_breakerrow_clear(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                               struct tg_err *err)
{
  return query(pg, key, "DELETE FROM tidegate.breaker_range WHERE pipeline = $1 AND topic = $2",
               err);
}
