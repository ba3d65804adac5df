/* Until when a version of a rule is in shadow, decided once, on a real server. */
#include "tests/unit/pg/server.h"

#include "core/pg/baked.h"
#include "core/pg/state.h"

#include <pthread.h>

#define MINUTE INT64_C(60000000)

static struct tg_pg_conf conf_a, conf_b;
static struct tg_pg *a, *b;
static struct tg_err err;

/* Orders, of which partition 0 has loaded up to 00:10:00 and partition 1 up to 00:07:00. */
static int open_two(void **state)
{
  (void)state;
  conf_a = server_conf("tidegate a"), conf_b = server_conf("tidegate b");
  a = server_connect(&conf_a), b = server_connect(&conf_b);
  server_exec(a, "DROP SCHEMA IF EXISTS tidegate CASCADE");
  server_must(tg_state_upgrade(a, soon(), &err), &err);
  server_exec(a,
              "INSERT INTO tidegate.partition (pipeline, cluster_id, topic, part)"
              " SELECT 'shop', 'c', 'orders', p FROM generate_series(0, 2) p;"
              "INSERT INTO tidegate.segment (partition_id, from_offset, to_offset, n_in, n_loaded,"
              " n_tagged, n_quarantined, n_late, n_dropped, max_kafka_ts, committed_at, generation)"
              " SELECT id, 0, 9, 0, 0, 0, 0, 0, 0, to_timestamp(CASE part WHEN 0 THEN 600 ELSE 420"
              " END), now(), 'g' FROM tidegate.partition WHERE part < 2");
  return 0;
}

static int close_two(void **state)
{
  (void)state;
  tg_pg_free(a), tg_pg_free(b);
  return 0;
}

static int64_t until(struct tg_pg *pg, const char *kafka, uint64_t fingerprint, int64_t bake_us)
{
  struct tg_text name = tg_text(kafka);
  struct tg_baked row = {.pipeline = "shop",
                         .topic = kafka,
                         .rule = "between(a)",
                         .fingerprint = fingerprint,
                         .bake_us = bake_us,
                         .kafka = &name,
                         .kafka_count = 1};
  server_must(tg_baked_read(pg, &row, soon(), &err), &err);
  return row.until_us;
}

static void time_counts_from_the_newest_event_loaded(void **state)
{
  (void)state;
  assert_int_equal(until(a, "orders", 1, 5 * MINUTE), 15 * MINUTE);
  assert_int_equal(until(a, "orders", 2, INT64_MAX), INT64_MAX); /* not beyond the end of time */
}

static void a_version_is_decided_once(void **state)
{
  (void)state;
  assert_int_equal(until(a, "orders", 1, 5 * MINUTE), 15 * MINUTE);
  server_exec(a, "UPDATE tidegate.segment SET max_kafka_ts = 'epoch'::timestamptz"
                 " + interval '1 hour'");
  assert_int_equal(until(a, "orders", 1, 5 * MINUTE), 15 * MINUTE);
  assert_int_equal(until(b, "orders", 1, 5 * MINUTE), 15 * MINUTE);
  assert_int_equal(until(b, "orders", UINT64_MAX, 5 * MINUTE), 65 * MINUTE);
  assert_int_equal(until(a, "orders", 1, 5 * MINUTE),
                   15 * MINUTE); /* back to a version of before */
}

static void where_nothing_was_loaded_a_rule_acts_at_once(void **state)
{
  (void)state;
  assert_int_equal(until(a, "sales", 1, 5 * MINUTE), INT64_MIN);
}

/* The other one is in the middle of deciding: its answer is awaited, and taken. */
static void *read_in_thread(void *out)
{
  *(int64_t *)out = until(b, "orders", 7, 5 * MINUTE);
  return NULL;
}

static void two_at_once_get_the_same_answer(void **state)
{
  (void)state;
  pthread_t thread;
  int64_t other = 0;
  server_exec(a, "BEGIN");
  int64_t mine = until(a, "orders", 7, 9 * MINUTE);
  assert_int_equal(pthread_create(&thread, NULL, read_in_thread, &other), 0);
  server_exec(a, "COMMIT");
  pthread_join(thread, NULL);
  assert_int_equal(mine, 19 * MINUTE);
  assert_int_equal(other, mine);
}

static void versions_of_long_ago_are_forgotten(void **state)
{
  (void)state;
  for (uint64_t v = 100; v < 140; v++) until(a, "orders", v, MINUTE);
  const char *count = server_value(a, "SELECT count(*) FROM tidegate.bake WHERE topic = 'orders'");
  assert_in_range(strtol(count, NULL, 10), 16, 17);
  assert_string_equal(server_value(a, "SELECT count(*) FROM tidegate.bake WHERE topic = 'orders'"
                                      " AND fingerprint IN ('000000000000008b',"
                                      " '000000000000008a')"),
                      "2");
}

/* The generation that acts while this version bakes; empty: none. */
static const char *elder(uint64_t fingerprint, int64_t bake_us)
{
  static struct tg_baked row;
  static struct tg_text name;
  name = tg_text("orders");
  row = (struct tg_baked){.pipeline = "shop",
                          .topic = "orders",
                          .rule = "between(a)",
                          .fingerprint = fingerprint,
                          .bake_us = bake_us,
                          .kafka = &name,
                          .kafka_count = 1};
  server_must(tg_baked_read(a, &row, soon(), &err), &err);
  return row.elder;
}

/* Partition 0 stands at minute 10, partition 1 at minute 7. */
static void what_loaded_last_acts_meanwhile(void **state)
{
  (void)state;
  assert_string_equal(elder(1, 5 * MINUTE), "g");
  server_exec(a, "INSERT INTO tidegate.segment (partition_id, from_offset, to_offset, n_in,"
                 " n_loaded, n_tagged, n_quarantined, n_late, n_dropped, max_kafka_ts,"
                 " committed_at, generation) SELECT id, 9, 12, 0, 0, 0, 0, 0, 0,"
                 " to_timestamp(720), now(), 'h' FROM tidegate.partition WHERE part = 0");
  assert_string_equal(elder(1, 5 * MINUTE), "g"); /* a restart, with the new one loading already */
  assert_string_equal(elder(2, 5 * MINUTE), "g"); /* changed while 1 bakes: up to minute 15 */
  server_exec(a, "UPDATE tidegate.segment SET max_kafka_ts = to_timestamp(960)"
                 " WHERE generation = 'h'");
  assert_string_equal(elder(1, 5 * MINUTE), "g"); /* partition 1 has not come to its end */
  server_exec(a, "UPDATE tidegate.segment SET max_kafka_ts = to_timestamp(960)");
  assert_string_equal(elder(1, 5 * MINUTE), "");
  server_exec(a, "UPDATE tidegate.segment SET max_kafka_ts = to_timestamp(9600)");
  assert_string_equal(elder(3, 5 * MINUTE), "h"); /* 2 acts by now, in h */
}

static void a_version_that_acts_at_once_has_no_elder(void **state)
{
  (void)state;
  server_exec(a, "DELETE FROM tidegate.segment");
  assert_string_equal(elder(1, 5 * MINUTE), "");
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_two, close_two)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(time_counts_from_the_newest_event_loaded),     T(a_version_is_decided_once),
      T(where_nothing_was_loaded_a_rule_acts_at_once), T(two_at_once_get_the_same_answer),
      T(versions_of_long_ago_are_forgotten),           T(what_loaded_last_acts_meanwhile),
      T(a_version_that_acts_at_once_has_no_elder),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
