/* The state schema: versions, journal, generations. Claims are in claim.c. */
#include "core/pg/state.h"

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/pg/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

extern const char tg_embed_schema_sql[];
extern const char tg_embed_claim_sql[];
extern const char tg_embed_advance_sql[];
extern const char tg_embed_rulestate_sql[];
extern const char tg_embed_window_sql[];
extern const char tg_embed_outbox_sql[];
extern const char tg_embed_verdict_sql[];
extern const char tg_embed_bake_sql[];
extern const char tg_embed_replay_sql[];
extern const char tg_embed_review_sql[];
extern const char tg_embed_elder_sql[];
extern const char tg_embed_attempt_sql[];
extern const char tg_embed_breaker_sql[];
extern const char tg_embed_member_sql[];

/* Each step takes the schema from `version - 1` to `version`. usable_from: the oldest program that
 * can go on using it. */
static const struct step {
  int version, usable_from;
  const char *sql[8];
} steps[] = {
    {1, 1, {tg_embed_schema_sql, tg_embed_claim_sql, tg_embed_advance_sql, NULL}},
    {2, 1, {tg_embed_rulestate_sql, tg_embed_window_sql, NULL}},
    {3, 1, {tg_embed_outbox_sql, NULL}},
    {4, 1, {tg_embed_verdict_sql, NULL}},
    {5, 1, {tg_embed_bake_sql, NULL}},
    {6, 1, {tg_embed_replay_sql, NULL}},
    {7, 1, {tg_embed_review_sql, NULL}},
    {8, 1, {tg_embed_elder_sql, NULL}},
    {9, 1, {tg_embed_attempt_sql, NULL}},
    {10, 1, {tg_embed_breaker_sql, NULL}},
    {11, 1, {tg_embed_member_sql, NULL}},
};
enum { STEPS = sizeof steps / sizeof *steps, ATTEMPTS_MAX = 3 };

/* 0 = there is no schema yet. */
static enum tg_rc read_version(struct tg_pg *pg, int *version, int *usable_from,
                               int64_t deadline_us, struct tg_err *err)
{
  *version = *usable_from = 0;
  enum tg_rc rc = tg_pg_query(pg, "SELECT to_regclass('tidegate.version') IS NOT NULL", NULL, 0,
                              deadline_us, err);
  if (rc != TG_OK || strcmp(tg_pg_value(pg, 0, 0), "t") != 0) return rc;
  rc = tg_pg_query(
      pg, "SELECT version, usable_from FROM tidegate.version ORDER BY version DESC LIMIT 1", NULL,
      0, deadline_us, err);
  if (rc != TG_OK || tg_pg_rows(pg) == 0) return rc;
  *version = (int)strtol(tg_pg_value(pg, 0, 0), NULL, 10);
  *usable_from = (int)strtol(tg_pg_value(pg, 0, 1), NULL, 10);
  return TG_OK;
}

static enum tg_rc apply(struct tg_pg *pg, const struct step *step, int64_t deadline_us,
                        struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  char sql[160];
  for (uint32_t i = 0; rc == TG_OK && step->sql[i]; i++)
    rc = tg_pg_script(pg, step->sql[i], deadline_us, err);
  snprintf(sql, sizeof sql,
           "INSERT INTO tidegate.version (version, usable_from, program) VALUES (%d, %d, '%s')",
           step->version, step->usable_from, TG_VERSION);
  return rc == TG_OK ? tg_pg_script(pg, sql, deadline_us, err) : rc;
}

/* Waits for its turn as long as the deadline lets it, less a tenth to hear the answer: others who
 * upgrade may take longer than the session waits for locks elsewhere. What the steps change is
 * locked with the session's own patience again, since others queue behind it. */
static enum tg_rc take_turn(struct tg_pg *pg, int64_t deadline_us, struct tg_err *err)
{
  char sql[240];
  int64_t left_ms = (deadline_us - tg_clock_mono_us()) / TG_MS;
  snprintf(sql, sizeof sql,
           "BEGIN; SET LOCAL lock_timeout = %" PRId64 ";"
           "SELECT pg_advisory_xact_lock(hashtextextended('tidegate.version', 0));"
           "SET LOCAL lock_timeout = %" PRId64,
           left_ms > 10 ? left_ms - left_ms / 10 : 10, pg->conf.lock_us / TG_MS);
  return tg_pg_script(pg, sql, deadline_us, err);
}

/* One transaction; the lock makes all who upgrade take turns, and the second finds nothing to do.
 */
static enum tg_rc upgrade(struct tg_pg *pg, int64_t deadline_us, struct tg_err *err)
{
  int version = 0, usable_from = 0;
  enum tg_rc rc = take_turn(pg, deadline_us, err);
  if (rc == TG_OK) rc = read_version(pg, &version, &usable_from, deadline_us, err);
  for (int i = version; rc == TG_OK && i < STEPS; i++) rc = apply(pg, &steps[i], deadline_us, err);
  if (rc == TG_OK) rc = tg_pg_script(pg, "COMMIT", deadline_us, err);
  if (rc != TG_OK) tg_wire_rollback(pg, deadline_us);
  return rc;
}

/* Says what to grant when rights are missing. */
static enum tg_rc explain(struct tg_pg *pg, enum tg_rc rc, struct tg_err *err)
{
  if (strcmp(tg_pg_sqlstate(pg), "42501") != 0) return rc;
  char why[160];
  snprintf(why, sizeof why, "%s", tg_wire_field(pg, PG_DIAG_MESSAGE_PRIMARY));
  return tg_err_set(
      err, TG_CONFIG, "pg 42501",
      "the state schema cannot be made or upgraded (%s): GRANT CREATE ON DATABASE .. TO "
      "this role, or let the owner of schema tidegate start this version once and GRANT "
      "USAGE ON SCHEMA tidegate",
      why);
}

/* Somebody who does not know the lock made the same object at the same moment. */
static bool raced(const struct tg_pg *pg)
{
  static const char *const states[] = {"23505", "42P06", "42P07", "42723"};
  for (uint32_t i = 0; i < sizeof states / sizeof *states; i++)
    if (strcmp(tg_pg_sqlstate(pg), states[i]) == 0) return true;
  return false;
}

enum tg_rc tg_state_upgrade(struct tg_pg *pg, int64_t deadline_us, struct tg_err *err)
{
  int version = 0, usable_from = 0;
  enum tg_rc rc = read_version(pg, &version, &usable_from, deadline_us, err);
  if (rc != TG_OK) return explain(pg, rc, err);
  for (int i = 0; version < STEPS && i < ATTEMPTS_MAX; i++) {
    rc = upgrade(pg, deadline_us, err);
    if (rc == TG_OK || !raced(pg)) break;
  }
  if (rc != TG_OK) return explain(pg, rc, err);
  if (usable_from > STEPS)
    return tg_err_set(
        err, TG_CONFIG, "pg",
        "the state schema has version %d, which programs below schema version %d cannot "
        "use; this one (%s) knows version %d: install a newer tidegate",
        version, usable_from, TG_VERSION, STEPS);
  return TG_OK;
}

enum tg_rc tg_journal_add(struct tg_pg *pg, const struct tg_note *note, int64_t deadline_us,
                          struct tg_err *err)
{
  const char *params[] = {note->pipeline, note->kind, note->topic, note->message, note->detail};
  return tg_pg_query(pg,
                     "INSERT INTO tidegate.journal (pipeline, kind, topic, message, detail) "
                     "VALUES ($1, $2, $3, $4, $5::jsonb)",
                     params, 5, deadline_us, err);
}

enum tg_rc tg_generation_files(struct tg_pg *pg, const char *pipeline, const char *sha256,
                               struct tg_buf *files, int64_t deadline_us, struct tg_err *err)
{
  const char *params[] = {pipeline, sha256};
  enum tg_rc rc = tg_pg_query(pg,
                              "SELECT coalesce((SELECT files::text FROM tidegate.generation "
                              "WHERE pipeline = $1 AND sha256 = $2), '')",
                              params, 2, deadline_us, err);
  if (rc == TG_OK) tg_buf_str(files, tg_pg_value(pg, 0, 0));
  if (rc == TG_OK && files->failed)
    return tg_err_set(err, TG_RETRY, "pg", "no memory for the files of a generation");
  return rc;
}

enum tg_rc tg_generation_find(struct tg_pg *pg, const char *pipeline, const char *begin,
                              int64_t deadline_us, struct tg_err *err)
{
  const char *params[] = {pipeline, begin};
  return tg_pg_query(pg,
                     "SELECT sha256, to_char(first_seen, 'YYYY-MM-DD HH24:MI:SSOF')"
                     " FROM tidegate.generation WHERE pipeline = $1 AND starts_with(sha256, $2)"
                     " ORDER BY first_seen DESC, sha256 LIMIT 6",
                     params, 2, deadline_us, err);
}

enum tg_rc tg_generation_keep(struct tg_pg *pg, const char *pipeline, const char *sha256,
                              const char *files, int64_t deadline_us, struct tg_err *err)
{
  const char *params[] = {pipeline, sha256, files};
  return tg_pg_query(pg,
                     "INSERT INTO tidegate.generation (pipeline, sha256, files) "
                     "VALUES ($1, $2, $3::jsonb) ON CONFLICT DO NOTHING",
                     params, 3, deadline_us, err);
}
