/* Reading back: where a row came from, the sums, and the quarantine's lists. */
#include "tests/unit/pg/loads.h"

#include "core/pg/ledger.h"
#include "core/pg/quarantine.h"

/* Two loads of five rows in partition 3; in the first, offsets 1 and 2 are rejected. */
static void some_loads(void)
{
  static const char header[] = {1, 0, 0, 0, 'k', 2, 0, 0, 0, 'v', 0};
  for (int i = 0; i < 2; i++) {
    load_open(&a);
    load_fill(&a, 0, 3, 4, 5);
    load_ready(&a);
    struct tg_batch *orders = &a.load.batches[0];
    struct tg_issue by_rule = {.fate = TG_QUARANTINE,
                               .stage = TG_STAGE_RULE,
                               .rule = "between",
                               .field = tg_text("amount"),
                               .reason = tg_text("amount: 1 < 2")};
    struct tg_issue by_decode = {
        .fate = TG_QUARANTINE, .stage = TG_STAGE_DECODE, .reason = tg_text("not JSON")};
    orders->events[2].key = tg_text_of("\0\377", 2);
    orders->events[2].headers = tg_text_of(header, sizeof header);
    if (i == 0) tg_batch_issue(orders, 1, &by_rule), tg_batch_issue(orders, 2, &by_decode);
    load_must(&a);
  }
}

static void trace_finds_the_segment_of_an_offset(void **state)
{
  (void)state;
  some_loads();
  int32_t id = a.claims[0][3].partition_id;
  server_must(tg_ledger_trace(a.pg, id, 7, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 1);
  assert_string_equal(tg_pg_value(a.pg, 0, 2), "orders");
  assert_string_equal(tg_pg_value(a.pg, 0, 3), "3");
  assert_string_equal(tg_pg_value(a.pg, 0, 7), "5");
  assert_string_equal(tg_pg_value(a.pg, 0, 8), "10");
  assert_string_equal(tg_pg_value(a.pg, 0, 9), "f00d");
  server_must(tg_ledger_trace(a.pg, id, 10, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 0);
}

static void balance_sums_up_and_finds_holes(void **state)
{
  (void)state;
  some_loads();
  server_must(tg_ledger_balance(a.pg, "shop", soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 1);
  const char *want[] = {"orders", "1", "2", "10", "8", "0", "2", "0", "0", "t", "0"};
  for (uint32_t i = 0; i < 11; i++) assert_string_equal(tg_pg_value(a.pg, 0, i), want[i]);
  server_exec(a.pg, "DELETE FROM tidegate.segment WHERE from_offset = 0");
  server_must(tg_ledger_balance(a.pg, "shop", soon(), &a.err), &a.err);
  assert_string_equal(tg_pg_value(a.pg, 0, 10), "1");
}

static void the_list_is_filtered(void **state)
{
  (void)state;
  some_loads();
  struct tg_quarantine_filter all = {.pipeline = "shop"}, some = all;
  server_must(tg_quarantine_list(a.pg, &all, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 2);
  assert_string_equal(tg_pg_column(a.pg, 5), "offset");
  some.rule = "between", some.topic = "orders", some.stage = "rule", some.since = "1 hour";
  server_must(tg_quarantine_list(a.pg, &some, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 1);
  assert_string_equal(tg_pg_value(a.pg, 0, 9), "amount: 1 < 2");
  some.topic = "refunds";
  server_must(tg_quarantine_list(a.pg, &some, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 0);
  all.limit = 1;
  server_must(tg_quarantine_list(a.pg, &all, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 1);
  all.since = "yesterdayish";
  assert_int_equal(tg_quarantine_list(a.pg, &all, soon(), &a.err), TG_CONFIG);
  all.since = NULL, all.limit = 0;
  server_must(tg_quarantine_count(a.pg, &all, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 2);
}

static void rows_are_moved_by_their_ids_and_noted(void **state)
{
  (void)state;
  some_loads();
  uint64_t moved;
  char parts[4200];
  struct tg_quarantine_filter one = {.pipeline = "shop", .parts = parts, .offsets = "{2}"};
  struct tg_quarantine_move away = {"new", "discarded", "discarded", "ann", "a test"};
  struct tg_quarantine_move back = {"discarded", "new", "requeued", "ann", "no test"};
  snprintf(parts, sizeof parts, "{%s}",
           server_value(a.pg, "SELECT partition_id FROM tidegate.quarantine WHERE \"offset\" = 2"));
  server_must(tg_quarantine_move(a.pg, &one, &away, &moved, soon(), &a.err), &a.err);
  assert_int_equal(moved, 1);
  server_must(tg_quarantine_move(a.pg, &one, &away, &moved, soon(), &a.err), &a.err);
  assert_int_equal(moved, 0);
  assert_string_equal(server_value(a.pg, "SELECT string_agg(status || (settled_at IS NULL), ' '"
                                         " ORDER BY \"offset\") FROM tidegate.quarantine"
                                         " WHERE \"offset\" = 2"),
                      "discardedfalse");
  server_must(tg_quarantine_move(a.pg, &one, &back, &moved, soon(), &a.err), &a.err);
  assert_string_equal(server_value(a.pg, "SELECT string_agg(message, '; ' ORDER BY id)"
                                         " FROM tidegate.journal WHERE kind = 'quarantine'"),
                      "rows discarded: 1, by ann: a test; rows requeued: 1, by ann: no test");
}

static void show_gives_bytes_readably(void **state)
{
  (void)state;
  some_loads();
  struct tg_quarantine_key key = {"shop", "orders", 3, 2};
  server_must(tg_quarantine_show(a.pg, &key, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 1);
  assert_string_equal(tg_pg_value(a.pg, 0, 14), "[[\"k\", {\"hex\": \"7600\"}]]");
  assert_string_equal(tg_pg_value(a.pg, 0, 15), "\\x00ff");
  assert_string_equal(tg_pg_value(a.pg, 0, 16), "19 190 19000000");
  key.offset = 4;
  server_must(tg_quarantine_show(a.pg, &key, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_owners, close_owners)
  const struct CMUnitTest tests[] = {
      T(trace_finds_the_segment_of_an_offset),
      T(balance_sums_up_and_finds_holes),
      T(the_list_is_filtered),
      T(rows_are_moved_by_their_ids_and_noted),
      T(show_gives_bytes_readably),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
