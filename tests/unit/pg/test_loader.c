/* Loads against a real server: what is written, and what each failure makes of a load. */
#include "tests/unit/pg/loads.h"

#include "core/pg/wire.h"

static void rows_quarantine_and_ledger_commit_together(void **state)
{
  (void)state;
  load_open(&a);
  load_fill(&a, 0, 0, 3, 4);
  load_fill(&a, 1, 2, 3, 2);
  load_ready(&a);
  struct tg_batch *orders = &a.load.batches[0];
  struct tg_issue bad = {.fate = TG_QUARANTINE,
                         .stage = TG_STAGE_RULE,
                         .rule = "in_set",
                         .field = tg_text("amount"),
                         .reason = tg_text("amount: 7 is\xff not \0 it")};
  struct tg_issue tag = {
      .fate = TG_TAG, .stage = TG_STAGE_RULE, .rule = "odd", .reason = tg_text("odd")};
  struct tg_issue drop = {.fate = TG_DROP, .stage = TG_STAGE_TRANSFORM, .reason = tg_text("test")};
  tg_batch_issue(orders, 0, &bad);
  tg_batch_issue(orders, 0, &tag);
  tg_batch_issue(orders, 1, &tag);
  tg_batch_issue(orders, 2, &drop);
  load_must(&a);
  assert_int_equal(a.report.rows, 12);
  assert_int_equal(a.report.quarantined, 1);
  assert_string_equal(balance(a.pg), "14=12+1+0+1");
  assert_string_equal(server_value(a.pg, "SELECT count(*) || ' ' || sum(amount) FROM orders"),
                      "10 1400");
  assert_string_equal(server_value(a.pg, "SELECT count(*) FROM refunds JOIN tidegate.partition p "
                                         "ON p.id = _part WHERE p.part = 2"),
                      "2");
  assert_string_equal(
      server_value(a.pg, "SELECT stage || rule || field || reason || jsonb_array_length(issues)"
                         " || topic || generation FROM tidegate.quarantine"),
      "rulein_setamountamount: 7 is\\xff not 2ordersf00d");
  assert_string_equal(
      server_value(a.pg, "SELECT drops::text FROM tidegate.segment WHERE n_dropped > 0"),
      "{\"transform\": 1}");
  assert_string_equal(
      server_value(a.pg, "SELECT n_tagged || ' ' || to_offset || ' ' || last_offset || ' ' ||"
                         " max_event_time || ' ' || max_kafka_ts FROM tidegate.segment"
                         " WHERE n_dropped > 0"),
      "1 4 3 1970-01-01 00:00:24+00 2023-11-14 22:13:20.000003+00");
}

static void chains_go_on_over_several_loads(void **state)
{
  (void)state;
  for (int i = 0; i < 3; i++) {
    load_open(&a);
    load_fill(&a, 0, 0, PARTS, 5);
    load_ready(&a);
    load_must(&a);
  }
  assert_string_equal(
      server_value(a.pg, "SELECT count(*) FROM tidegate.segment s WHERE from_offset <> 0 AND"
                         " NOT EXISTS (SELECT FROM tidegate.segment p WHERE p.partition_id ="
                         " s.partition_id AND p.to_offset = s.from_offset)"),
      "0");
  assert_string_equal(balance(a.pg), "120=120+0+0+0");
}

static void an_empty_segment_advances_the_chain(void **state)
{
  (void)state;
  load_open(&a);
  load_ready(&a);
  struct tg_segment empty = {.from = 0,
                             .to = 5,
                             .last_offset = -1,
                             .last_us = -1,
                             .partition_id = a.claims[0][0].partition_id,
                             .claim_id = a.claims[0][0].claim_id};
  a.load.batches[0].segments = &empty, a.load.batches[0].segments_count = 1;
  load_must(&a);
  assert_string_equal(
      server_value(a.pg,
                   "SELECT next_offset FROM tidegate.chain WHERE part = 0 AND topic = 'orders'"),
      "5");
  assert_string_equal(balance(a.pg), "0=0+0+0+0");
}

static void a_load_without_anything_left_needs_no_transaction(void **state)
{
  (void)state;
  load_open(&a);
  load_fill(&a, 0, 0, 1, 1);
  load_ready(&a);
  a.load.batches[0].held = true;
  tg_pg_drop(a.pg);
  assert_int_equal(load_write(&a), TG_OK);
  assert_int_equal(a.report.rows, 0);
  assert_false(tg_pg_connected(a.pg));
}

/* One row for each of the partitions; the loader has renewed its claims then. */
static void first_load(struct owner *o, int from, int to)
{
  load_open(o);
  load_fill(o, 0, from, to, 1);
  load_ready(o);
  load_must(o);
}

/* b takes two partitions; a's load loses exactly those, and says which. */
static void a_zombies_partitions_leave_its_load(void **state)
{
  (void)state;
  first_load(&a, 0, PARTS);
  load_open(&a);
  load_fill(&a, 0, 0, PARTS, 3);
  load_ready(&a);
  owner_claim(&b, 2, 4);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_string_equal(a.report.sqlstate, "TG001");
  assert_int_equal(a.report.fenced, 2);
  load_must(&a);
  assert_int_equal(a.report.rows, 18);
  for (uint32_t i = 0; i < PARTS; i++)
    assert_int_equal(a.load.batches[0].segments[i].gone, i == 2 || i == 3);
  for (uint32_t i = 0; i < PARTS; i++) assert_false(a.load.batches[0].segments[i].moved);
  load_open(&b);
  load_fill(&b, 0, 2, 4, 3);
  load_ready(&b);
  load_must(&b);
  assert_string_equal(balance(b.pg), "32=32+0+0+0");
  assert_string_equal(server_value(b.pg, "SELECT count(DISTINCT id) FROM orders"), "32");
}

static void tg001_names_all_fenced_partitions(void **state)
{
  (void)state;
  owner_claim(&b, 2, 4);
  char sql[1000];
  snprintf(
      sql, sizeof sql,
      "SELECT tidegate.advance_v1('shop', 'g', '{}', '{%d,%d,%d}', '{%lld,%lld,%lld}', '{0,0,0}',"
      " '{1,1,1}', '{0,0,0}', '{0,0,0}', '{0,0,0}', '{0,0,0}', '{0,0,0}', '{0,0,0}', NULL,"
      " '{NULL,NULL,NULL}', '{NULL,NULL,NULL}', '{NULL,NULL,NULL}', '{NULL,NULL,NULL}',"
      " '{NULL,NULL,NULL}', '{NULL,NULL,NULL}')",
      a.claims[0][1].partition_id, a.claims[0][2].partition_id, a.claims[0][3].partition_id,
      (long long)a.claims[0][1].claim_id, (long long)a.claims[0][2].claim_id,
      (long long)a.claims[0][3].claim_id);
  assert_int_equal(tg_pg_script(a.pg, sql, soon(), &a.err), TG_FENCED);
  char want[64];
  snprintf(want, sizeof want, "%d,%d", a.claims[0][2].partition_id, a.claims[0][3].partition_id);
  assert_string_equal(tg_wire_field(a.pg, PG_DIAG_MESSAGE_DETAIL), want);
}

static void the_key_refuses_a_fork_even_without_checks(void **state)
{
  (void)state;
  load_open(&a);
  load_fill(&a, 0, 0, 1, 1);
  load_ready(&a);
  load_must(&a);
  assert_int_equal(tg_pg_script(a.pg, "INSERT INTO tidegate.segment SELECT * FROM tidegate.segment",
                                soon(), &a.err),
                   TG_CONFIG);
  assert_string_equal(tg_pg_sqlstate(a.pg), "23505");
  assert_int_equal(
      tg_pg_script(a.pg, "UPDATE tidegate.segment SET n_in = n_in + 1", soon(), &a.err), TG_CONFIG);
  assert_string_equal(tg_pg_sqlstate(a.pg), "23514");
}

/* An old owner's commit slipped in between b's claim and b's first load. */
static void a_chain_that_moved_under_a_valid_claim_is_gone(void **state)
{
  (void)state;
  owner_claim(&b, 0, 1);
  first_load(&b, 0, 1);
  load_open(&b);
  load_fill(&b, 0, 0, 1, 2);
  load_ready(&b);
  char sql[400];
  snprintf(sql, sizeof sql,
           "INSERT INTO tidegate.segment (partition_id, from_offset, to_offset, n_in, n_loaded, "
           "n_tagged,"
           " n_quarantined, n_late, n_dropped, committed_at, generation)"
           " VALUES (%d, 1, 9, 8, 8, 0, 0, 0, 0, now(), 'g')",
           b.claims[0][0].partition_id);
  server_exec(a.pg, sql);
  assert_int_equal(load_write(&b), TG_AGAIN);
  assert_int_equal(b.report.fenced, 1);
  assert_true(b.load.batches[0].segments[0].gone);
  assert_true(b.load.batches[0].segments[0].moved);
  assert_int_equal(load_write(&b), TG_OK);
  assert_string_equal(server_value(a.pg, "SELECT count(*) FROM orders"), "1");
}

static void an_open_breaker_holds_only_its_topic(void **state)
{
  (void)state;
  load_open(&a);
  load_fill(&a, 0, 0, 2, 3);
  load_fill(&a, 1, 0, 2, 3);
  load_ready(&a);
  server_exec(b.pg, "INSERT INTO tidegate.breaker (pipeline, topic, state)"
                    " VALUES ('shop', 'orders', 'open')");
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_string_equal(a.report.sqlstate, "TG002");
  assert_int_equal(a.report.topic, 0);
  assert_true(a.load.batches[0].held);
  load_must(&a);
  assert_int_equal(a.report.rows, 6);
  assert_string_equal(
      server_value(a.pg,
                   "SELECT (SELECT count(*) FROM orders) || ' ' || (SELECT count(*) FROM refunds)"),
      "0 6");
}

static void a_connection_lost_between_loads_is_made_again(void **state)
{
  (void)state;
  load_open(&a);
  load_fill(&a, 0, 0, 2, 3);
  load_ready(&a);
  load_must(&a);
  server_exec(b.pg, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE application_name = 'tidegate a'");
  load_open(&a);
  load_fill(&a, 0, 0, 2, 3);
  load_ready(&a);
  assert_int_equal(load_write(&a), TG_RETRY);
  assert_false(a.report.unknown);
  load_must(&a);
  assert_string_equal(balance(a.pg), "12=12+0+0+0");
}

/* The second of two queued loads carries claims that were renewed for the first one only. */
static void claims_of_other_partitions_are_renewed_when_needed(void **state)
{
  (void)state;
  tg_pg_drop(a.pg);
  load_open(&a);
  load_fill(&a, 0, 0, 1, 3);
  load_ready(&a);
  load_must(&a);
  load_open(&a);
  load_fill(&a, 0, 1, 2, 3);
  load_ready(&a);
  if (load_write(&a) != TG_AGAIN) fail_msg("%s %s", a.err.where, a.err.what);
  assert_int_equal(a.report.fenced, 0);
  load_must(&a);
  assert_string_equal(balance(a.pg), "6=6+0+0+0");
}

static void a_fenced_owner_learns_it_after_reconnecting(void **state)
{
  (void)state;
  load_open(&a);
  load_fill(&a, 0, 0, 1, 3);
  load_ready(&a);
  owner_claim(&b, 0, PARTS); /* ends a's session as well */
  assert_int_equal(load_write(&a), TG_RETRY);
  assert_int_equal(load_write(&a), TG_OK);
  assert_int_equal(a.report.fenced, 1);
  assert_int_equal(a.report.rows, 0);
  assert_string_equal(balance(b.pg), "0=0+0+0+0");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_owners, close_owners)
  const struct CMUnitTest tests[] = {
      T(rows_quarantine_and_ledger_commit_together),
      T(chains_go_on_over_several_loads),
      T(an_empty_segment_advances_the_chain),
      T(a_load_without_anything_left_needs_no_transaction),
      T(a_zombies_partitions_leave_its_load),
      T(tg001_names_all_fenced_partitions),
      T(the_key_refuses_a_fork_even_without_checks),
      T(a_chain_that_moved_under_a_valid_claim_is_gone),
      T(an_open_breaker_holds_only_its_topic),
      T(a_connection_lost_between_loads_is_made_again),
      T(claims_of_other_partitions_are_renewed_when_needed),
      T(a_fenced_owner_learns_it_after_reconnecting),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
