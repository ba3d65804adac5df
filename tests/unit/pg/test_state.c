/* The state schema, claims and small records, on a real server. */
#include "tests/unit/pg/server.h"

#include "core/pg/state.h"
#include "core/pg/wire.h"

#include <pthread.h>

static struct tg_pg_conf conf_a, conf_b;
static struct tg_pg *a, *b;
static struct tg_err err;
static const struct tg_claimer first = {"shop", "cluster1", "host:1 lane 0", 1};
static const struct tg_claimer second = {"shop", "cluster1", "host:2 lane 0", 2};

static int open_two(void **state)
{
  (void)state;
  conf_a = server_conf("tidegate a"), conf_b = server_conf("tidegate b");
  a = server_connect(&conf_a), b = server_connect(&conf_b);
  server_exec(a, "DROP SCHEMA IF EXISTS tidegate CASCADE");
  server_must(tg_state_upgrade(a, soon(), &err), &err);
  return 0;
}

static int close_two(void **state)
{
  (void)state;
  tg_pg_free(a), tg_pg_free(b);
  return 0;
}

static void upgrading_again_changes_nothing(void **state)
{
  (void)state;
  server_must(tg_state_upgrade(a, soon(), &err), &err);
  server_must(tg_state_upgrade(b, soon(), &err), &err);
  assert_string_equal(
      server_value(a, "SELECT string_agg(version::text, ',') FROM tidegate.version"),
      "1,2,3,4,5,6,7,8,9,10,11");
}

/* A schema as version 3 left it, with rows of it: what was there is there, and the new is usable.
 */
static void a_schema_of_version_3_is_upgraded(void **state)
{
  (void)state;
  server_exec(a,
              "DELETE FROM tidegate.version WHERE version >= 4;"
              "DROP TABLE tidegate.member; DROP FUNCTION tidegate.member_v1;"
              "DROP TABLE tidegate.bake; DROP FUNCTION tidegate.bake_v1;"
              "DROP TABLE tidegate.attempt; DROP FUNCTION tidegate.attempt_v1;"
              "DROP FUNCTION tidegate.attempt_first_v1;"
              "DROP FUNCTION tidegate.bake_v2; DROP FUNCTION tidegate.loaded_by_v1;"
              "DROP TABLE tidegate.breaker_range; DROP FUNCTION tidegate.advance_v2,"
              " tidegate.next_offset_v1, tidegate.breaker_cut_v1, tidegate.breaker_ranges_v1;"
              "ALTER TABLE tidegate.breaker DROP CONSTRAINT breaker_state_check,"
              " DROP COLUMN rule, DROP COLUMN generation, DROP COLUMN failures,"
              " DROP COLUMN cooldown_us, DROP COLUMN probe_at, DROP COLUMN cause_changed,"
              " DROP COLUMN before, DROP COLUMN hold_until, DROP COLUMN hold_by,"
              " DROP COLUMN hold_reason,"
              " ADD CONSTRAINT breaker_state_check CHECK (state IN ('closed', 'open'));"
              "INSERT INTO tidegate.breaker (pipeline, topic, state, reason)"
              " VALUES ('shop', 'orders', 'open', 'bad');"
              "DROP INDEX tidegate.verdict_window; DROP FUNCTION tidegate.progress_v2;"
              "ALTER TABLE tidegate.verdict DROP COLUMN window_start, DROP COLUMN window_end;"
              "ALTER TABLE tidegate.window DROP COLUMN seen_at;"
              "ALTER TABLE tidegate.cell DROP COLUMN told;"
              "DROP VIEW tidegate.rejected, tidegate.balance;"
              "DROP TABLE tidegate.review; DROP FUNCTION tidegate.offset_since_v1;"
              "DROP FUNCTION tidegate.replay_v1; DROP FUNCTION tidegate.replay_chain_v1;"
              "DROP INDEX tidegate.quarantine_new;"
              "ALTER TABLE tidegate.quarantine DROP COLUMN settled_at, DROP COLUMN replayed_as;"
              "CREATE VIEW tidegate.rejected AS SELECT p.pipeline, p.topic AS kafka_topic, p.part,"
              " q.* FROM tidegate.quarantine q JOIN tidegate.partition p ON p.id = q.partition_id;"
              "CREATE VIEW tidegate.balance AS SELECT p.pipeline, p.topic, count(*) AS segments,"
              " sum(n_in) AS n_in, sum(n_loaded) AS n_loaded, sum(n_tagged) AS n_tagged,"
              " sum(n_quarantined) AS n_quarantined, sum(n_late) AS n_late,"
              " sum(n_dropped) AS n_dropped, max(committed_at) AS committed_at"
              " FROM tidegate.segment s JOIN tidegate.partition p ON p.id = s.partition_id"
              " GROUP BY p.pipeline, p.topic;"
              "INSERT INTO tidegate.window VALUES ('shop', 'orders', 7);"
              "INSERT INTO tidegate.cell VALUES ('shop', 'orders', 'mean(x)', 'x', now());"
              "INSERT INTO tidegate.verdict (pipeline, generation, topic, rule, verdict, level,"
              " shadow, evaluated, skipped, failed, ranges) VALUES ('shop', 'g', 'orders',"
              " 'mean(x)', 'fail', 'warn', false, 1, 0, 1, '[]')");
  server_must(tg_state_upgrade(a, soon(), &err), &err);
  assert_string_equal(
      server_value(a, "SELECT w.closed_us || ' ' || (w.seen_at <= now()) || ' ' || c.told || ' '"
                      " || (v.window_start IS NULL) FROM tidegate.window w, tidegate.cell c,"
                      " tidegate.verdict v"),
      "7 true pass none true");
  assert_string_equal(server_value(a, "SELECT state || ' ' || reason || ' ' || failures"
                                      " FROM tidegate.breaker"),
                      "open bad 0");
  assert_string_equal(server_value(a, "SELECT max(version) FROM tidegate.version"), "11");
}

static void *upgrade_thread(void *arg)
{
  struct tg_pg_conf conf = server_conf("tidegate c");
  conf.lock_us = 50 * TG_MS;
  struct tg_pg *pg = tg_pg_new(&conf);
  bool fresh;
  struct tg_err e;
  enum tg_rc *rc = arg;
  *rc = tg_pg_connect(pg, &fresh, &e);
  if (*rc == TG_OK) *rc = tg_state_upgrade(pg, soon(), &e);
  if (*rc != TG_OK) fprintf(stderr, "upgrade: %s: %s\n", e.where, e.what);
  tg_pg_free(pg);
  return NULL;
}

static void concurrent_upgrades_all_succeed(void **state)
{
  (void)state;
  enum { N = 6 };
  pthread_t threads[N];
  enum tg_rc codes[N];
  server_exec(a, "DROP SCHEMA tidegate CASCADE");
  for (int i = 0; i < N; i++) pthread_create(&threads[i], NULL, upgrade_thread, &codes[i]);
  for (int i = 0; i < N; i++) pthread_join(threads[i], NULL);
  for (int i = 0; i < N; i++) assert_int_equal(codes[i], TG_OK);
  assert_string_equal(server_value(a, "SELECT count(*) FROM tidegate.version"), "11");
}

/* Its turn comes after several times its lock timeout. */
static void an_upgrade_waits_longer_than_its_lock_timeout(void **state)
{
  (void)state;
  pthread_t thread;
  enum tg_rc rc;
  server_exec(a, "DROP SCHEMA tidegate CASCADE");
  server_exec(a, "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('tidegate.version', 0))");
  pthread_create(&thread, NULL, upgrade_thread, &rc);
  int64_t until_us = tg_clock_mono_us() + 20 * TG_SEC;
  while (strcmp(server_value(b, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND"
                                " waitstart < clock_timestamp() - interval '250 ms'"),
                "1") != 0 &&
         tg_clock_mono_us() < until_us)
    poll(NULL, 0, 10);
  server_exec(a, "COMMIT");
  pthread_join(thread, NULL);
  assert_int_equal(rc, TG_OK);
  assert_string_equal(server_value(a, "SELECT count(*) > 0 FROM tidegate.version"), "t");
}

static void a_newer_schema_that_excludes_us_is_refused(void **state)
{
  (void)state;
  server_exec(a, "INSERT INTO tidegate.version VALUES (98, 1, 'later')");
  server_must(tg_state_upgrade(a, soon(), &err), &err);
  server_exec(a, "INSERT INTO tidegate.version VALUES (99, 99, 'later')");
  assert_int_equal(tg_state_upgrade(a, soon(), &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "version 99"));
}

static void missing_rights_are_named(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate poor");
  char dsn[200];
  server_exec(a, "DROP SCHEMA tidegate CASCADE; DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN");
  snprintf(dsn, sizeof dsn, "host=%s user=poor dbname=postgres", server.dir);
  conf.dsn = dsn;
  struct tg_pg *poor = server_connect(&conf);
  assert_int_equal(tg_state_upgrade(poor, soon(), &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "GRANT CREATE ON DATABASE"));
  assert_string_equal(server_value(poor, "SELECT 1"), "1"); /* no transaction is left open */
  server_must(tg_state_upgrade(a, soon(), &err), &err);
  assert_int_equal(tg_state_upgrade(poor, soon(), &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "USAGE ON SCHEMA tidegate"));
  tg_pg_free(poor);
}

static void a_chain_begins_once(void **state)
{
  (void)state;
  struct tg_claim c[2] = {{.topic = "or\"d,ers", .partition = 0},
                          {.topic = "or\"d,ers", .partition = 3}};
  server_must(tg_claim_take(a, &first, c, 2, soon(), &err), &err);
  assert_int_equal(c[0].next, -1);
  assert_int_equal(c[1].last_offset, -1);
  assert_true(c[0].claim_id > 0);
  assert_int_not_equal(c[0].partition_id, c[1].partition_id);
  c[0].first_offset = 17, c[1].first_offset = 0;
  server_must(tg_claim_begin(a, c, 2, soon(), &err), &err);
  assert_int_equal(c[0].next, 17);
  assert_int_equal(c[1].next, 0);
  c[0].first_offset = 99; /* the earliest offset moved meanwhile */
  server_must(tg_claim_begin(a, c, 2, soon(), &err), &err);
  assert_int_equal(c[0].next, 17);
}

static void a_second_owner_fences_the_first(void **state)
{
  (void)state;
  struct tg_claim old = {.topic = "orders"}, new = {.topic = "orders"};
  server_must(tg_claim_take(a, &first, &old, 1, soon(), &err), &err);
  server_must(tg_claim_renew(a, &old, 1, soon(), &err), &err);
  assert_true(old.mine);
  int32_t pid = a->pid;
  server_must(tg_claim_take(b, &second, &new, 1, soon(), &err), &err);
  assert_int_equal(new.partition_id, old.partition_id);
  assert_int_not_equal(new.claim_id, old.claim_id);
  /* its session is ended, since no claim names it */
  assert_int_equal(tg_pg_query(a, "SELECT 1", NULL, 0, soon(), &err), TG_RETRY);
  bool fresh = false;
  server_must(tg_pg_connect(a, &fresh, &err), &err);
  assert_true(fresh);
  assert_int_not_equal(a->pid, pid);
  server_must(tg_claim_renew(a, &old, 1, soon(), &err), &err);
  assert_false(old.mine);
  server_must(tg_claim_renew(b, &new, 1, soon(), &err), &err);
  assert_true(new.mine);
}

static void an_owner_of_other_partitions_is_left_alone(void **state)
{
  (void)state;
  struct tg_claim old[2] = {{.topic = "orders"}, {.topic = "orders", .partition = 1}};
  struct tg_claim new = {.topic = "orders"};
  server_must(tg_claim_take(a, &first, old, 2, soon(), &err), &err);
  server_must(tg_claim_take(b, &second, &new, 1, soon(), &err), &err);
  server_must(tg_claim_renew(a, old, 2, soon(), &err), &err);
  assert_false(old[0].mine);
  assert_true(old[1].mine);
}

static void a_released_owner_is_left_alone(void **state)
{
  (void)state;
  struct tg_claim old = {.topic = "orders"}, new = {.topic = "orders"};
  server_must(tg_claim_take(a, &first, &old, 1, soon(), &err), &err);
  server_must(tg_claim_release(a, &old, 1, soon(), &err), &err);
  server_must(tg_claim_take(b, &second, &new, 1, soon(), &err), &err);
  server_must(tg_claim_renew(a, &old, 1, soon(), &err), &err);
  assert_false(old.mine);
}

static void a_client_stopped_inside_copy_is_freed(void **state)
{
  (void)state;
  struct tg_claim old = {.topic = "orders"}, new = {.topic = "orders"};
  ExecStatusType status = PGRES_COMMAND_OK;
  server_exec(a, "DROP TABLE IF EXISTS stuck; CREATE TABLE stuck (x int PRIMARY KEY)");
  server_must(tg_claim_take(a, &first, &old, 1, soon(), &err), &err);
  server_must(tg_wire_send(a, "BEGIN; LOCK TABLE stuck; COPY stuck FROM STDIN", soon(), &err),
              &err);
  while (status != PGRES_COPY_IN) server_must(tg_wire_next(a, &status, soon(), &err), &err);
  server_must(tg_claim_take(b, &second, &new, 1, soon(), &err), &err);
  server_exec(b, "LOCK TABLE stuck; DROP TABLE stuck");
}

static void another_cluster_is_refused(void **state)
{
  (void)state;
  struct tg_claim c = {.topic = "orders"};
  struct tg_claimer other = {"shop", "cluster2", "host:3", 3};
  server_must(tg_claim_take(a, &first, &c, 1, soon(), &err), &err);
  assert_int_equal(tg_claim_take(b, &other, &c, 1, soon(), &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "cluster1"));
  assert_non_null(strstr(err.what, "cluster2"));
}

static void journal_and_generations_are_kept(void **state)
{
  (void)state;
  struct tg_note note = {"shop", "reload", NULL, "a 'new' set", "{\"n\": 1}"};
  server_must(tg_journal_add(a, &note, soon(), &err), &err);
  assert_string_equal(server_value(a, "SELECT message || topic IS NULL FROM tidegate.journal"),
                      "t");
  server_must(tg_generation_keep(a, "shop", "abc", "{\"x.lua\": \"return 1\"}", soon(), &err),
              &err);
  server_must(tg_generation_keep(a, "shop", "abc", "{\"x.lua\": \"return 2\"}", soon(), &err),
              &err);
  assert_string_equal(server_value(a, "SELECT files->>'x.lua' FROM tidegate.generation"),
                      "return 1");
}

static void owners_that_cannot_be_ended_are_named(void **state)
{
  (void)state;
  char roles[64];
  struct tg_claim one = {.topic = "orders", .partition = 0};
  server_must(tg_claim_take(a, &first, &one, 1, soon(), &err), &err);
  server_must(tg_claim_strangers(b, "shop", roles, sizeof roles, soon(), &err), &err);
  assert_string_equal(roles, "");
  server_exec(b, "DROP ROLE IF EXISTS guest; CREATE ROLE guest; GRANT USAGE ON SCHEMA tidegate TO "
                 "guest; GRANT SELECT ON tidegate.partition TO guest; SET ROLE guest");
  server_must(tg_claim_strangers(b, "shop", roles, sizeof roles, soon(), &err), &err);
  assert_string_equal(roles, server_value(a, "SELECT current_user"));
  server_must(tg_claim_strangers(b, "other", roles, sizeof roles, soon(), &err), &err);
  assert_string_equal(roles, "");
  server_exec(b, "RESET ROLE; GRANT pg_signal_backend, pg_read_all_stats TO guest; SET ROLE guest");
  server_must(tg_claim_strangers(b, "shop", roles, sizeof roles, soon(), &err), &err);
  assert_string_equal(roles, "");
  server_exec(b, "RESET ROLE; DROP OWNED BY guest; DROP ROLE guest");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_two, close_two)
  const struct CMUnitTest tests[] = {
      T(upgrading_again_changes_nothing),
      T(a_schema_of_version_3_is_upgraded),
      T(concurrent_upgrades_all_succeed),
      T(an_upgrade_waits_longer_than_its_lock_timeout),
      T(a_newer_schema_that_excludes_us_is_refused),
      T(missing_rights_are_named),
      T(a_chain_begins_once),
      T(a_second_owner_fences_the_first),
      T(an_owner_of_other_partitions_is_left_alone),
      T(a_released_owner_is_left_alone),
      T(a_client_stopped_inside_copy_is_freed),
      T(another_cluster_is_refused),
      T(owners_that_cannot_be_ended_are_named),
      T(journal_and_generations_are_kept),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
