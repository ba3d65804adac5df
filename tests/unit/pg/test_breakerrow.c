/* Breakers and their ranges on a real server. */
#include "tests/unit/pg/loads.h"

#include "core/pg/breakerrow.h"

#include <stdlib.h>

static struct tg_breakerrow_key key;

static int open_all(void **state)
{
  key = (struct tg_breakerrow_key){"shop", "orders", soon()};
  return open_owners(state);
}

/* Cuts [from, to) of partition number `part` of orders. */
static void cut(int part, int64_t from, int64_t to)
{
  struct tg_range r = {
      .partition_id = a.claims[0][part].partition_id, .partition = part, .from = from, .to = to};
  struct tg_breakerrow_cut c = {.ranges = &r, .count = 1};
  server_must(tg_breakerrow_cut(b.pg, &key, &c, &b.err), &b.err);
}

/* "part:from-to#cut verdict" of every range. */
static const char *ranges(void)
{
  static char text[512];
  struct tg_range *list;
  uint32_t count;
  int len = 0;
  server_must(tg_breakerrow_ranges(b.pg, &key, &list, &count, &b.err), &b.err);
  *text = '\0';
  for (uint32_t i = 0; i < count; i++)
    len += snprintf(text + len, sizeof text - (size_t)len, "%s%d:%d-%d#%u%s%s", i ? " " : "",
                    list[i].partition, (int)list[i].from, (int)list[i].to, list[i].cut,
                    list[i].verdict ? " " : "",
                    list[i].verdict ? tg_range_verdict_name(list[i].verdict) : "");
  free(list);
  return text;
}

/* Commits rows of partition 0 of orders: offsets from its chain's end on. */
static void load(int rows)
{
  load_open(&a);
  load_fill(&a, 0, 0, 1, rows);
  load_ready(&a);
}

static void a_row_is_read_back_as_it_was_written(void **state)
{
  (void)state;
  struct tg_breakerrow row, got;
  server_must(tg_breakerrow_read(b.pg, &key, &row, &b.err), &b.err);
  assert_string_equal(row.state, "closed");
  server_exec(b.pg, "BEGIN");
  server_must(tg_breakerrow_lock(b.pg, &key, &row, &b.err), &b.err);
  assert_string_equal(row.state, "closed");
  assert_true(row.now_us > INT64_C(1700000000000000));
  memset(row.state, 0, sizeof row.state); /* bytes behind the text are compared, too */
  snprintf(row.state, sizeof row.state, "held");
  snprintf(row.before, sizeof row.before, "open");
  snprintf(row.reason, sizeof row.reason, "it's \"bad\"");
  snprintf(row.rule, sizeof row.rule, "between(x)");
  snprintf(row.generation, sizeof row.generation, "abc");
  snprintf(row.hold_by, sizeof row.hold_by, "anna");
  row.since_us = 1700000000123456, row.probe_us = row.since_us + 1;
  row.hold_until_us = row.since_us + 2, row.cooldown_us = 60000000;
  row.changed = true, row.failures = 7;
  server_must(tg_breakerrow_write(b.pg, &key, &row, "{\"rows\":1}", &b.err), &b.err);
  server_must(tg_breakerrow_write(b.pg, &key, &row, NULL, &b.err), &b.err);
  server_exec(b.pg, "COMMIT");
  server_must(tg_breakerrow_read(b.pg, &key, &got, &b.err), &b.err);
  got.now_us = row.now_us;
  assert_memory_equal(&got, &row, sizeof got);
  assert_string_equal(server_value(b.pg, "SELECT evidence->>'rows' FROM tidegate.breaker"), "1");
}

static void count_rows(void *self, const struct tg_breakerrow *row)
{
  assert_string_equal(row->topic, "orders");
  ++*(int *)self;
}

static void only_what_is_not_closed_is_listed(void **state)
{
  (void)state;
  int n = 0;
  server_exec(b.pg, "INSERT INTO tidegate.breaker (pipeline, topic, state) VALUES"
                    " ('shop', 'orders', 'half_open'), ('shop', 'refunds', 'closed'),"
                    " ('other', 'x', 'open')");
  server_must(tg_breakerrow_list(b.pg, &key, count_rows, &n, &b.err), &b.err);
  assert_int_equal(n, 1);
}

static void batches_are_told_apart_and_what_overlaps_is_one(void **state)
{
  (void)state;
  cut(0, 0, 10);
  cut(1, 5, 9);
  assert_string_equal(ranges(), "0:0-10#1 1:5-9#2");
  server_must(tg_breakerrow_decide(b.pg, &key, TG_RANGE_ACCEPT, "anna", &b.err), &b.err);
  assert_string_equal(ranges(), "0:0-10#1 accept 1:5-9#2 accept");
  cut(1, 3, 7); /* failed anew: what was decided was about something else */
  assert_string_equal(ranges(), "0:0-10#1 accept 1:3-9#3");
  server_must(tg_breakerrow_clear(b.pg, &key, &b.err), &b.err);
  assert_string_equal(ranges(), "");
}

static void ranges_that_are_through_leave_with_the_next_cut(void **state)
{
  (void)state;
  cut(0, 0, 4);
  load(4);
  load_must(&a);
  assert_string_equal(ranges(), "0:0-4#1");
  server_must(tg_breakerrow_decide(b.pg, &key, TG_RANGE_WHOLE, "anna", &b.err), &b.err);
  assert_string_equal(ranges(), "0:0-4#1"); /* nothing is left to decide */
  cut(1, 0, 2);
  assert_string_equal(ranges(), "1:0-2#1");
}

static void a_failure_without_ranges_tries_every_partition_from_its_end(void **state)
{
  (void)state;
  struct tg_text kafka = tg_text("orders");
  struct tg_breakerrow_cut none = {.kafka = &kafka, .kafka_count = 1};
  load(4);
  load_must(&a);
  server_must(tg_breakerrow_cut(b.pg, &key, &none, &b.err), &b.err);
  assert_non_null(strstr(ranges(), "0:4-4#1 1:0-0#1"));
  assert_string_equal(server_value(b.pg, "SELECT count(*) FROM tidegate.breaker_range"), "8");
}

static void rows_behind_a_range_and_ends_are_told(void **state)
{
  (void)state;
  struct tg_range *list;
  uint32_t count;
  char ids[24];
  cut(0, 0, 4);
  load(4);
  load_must(&a);
  load(3);
  load_must(&a);
  snprintf(ids, sizeof ids, "{%d}", a.claims[0][0].partition_id);
  server_must(tg_breakerrow_at_end(b.pg, &key, ids, &b.err), &b.err);
  server_must(tg_breakerrow_ranges(b.pg, &key, &list, &count, &b.err), &b.err);
  assert_int_equal(count, 1);
  assert_int_equal(list->next, 7);
  assert_int_equal(list->tried, 3);
  assert_true(list->at_end);
  assert_string_equal(list->kafka_topic, "orders");
  free(list);
}

static void a_partition_that_began_anew_has_no_range(void **state)
{
  (void)state;
  cut(0, 0, 4);
  server_exec(b.pg, "INSERT INTO tidegate.partition (pipeline, cluster_id, topic, part,"
                    " incarnation) VALUES ('shop', 'cluster1', 'orders', 0, 2)");
  assert_string_equal(ranges(), "");
}

static void half_open_lets_only_partitions_with_a_range_on(void **state)
{
  (void)state;
  server_exec(b.pg, "INSERT INTO tidegate.breaker (pipeline, topic, state)"
                    " VALUES ('shop', 'orders', 'half_open')");
  load(4);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_string_equal(a.report.sqlstate, "TG002");
  cut(0, 0, 4);
  load(4);
  load_must(&a);
  assert_int_equal(a.report.rows, 4);
  load_open(&a);
  load_fill(&a, 0, 0, 2, 3); /* one with and one without */
  load_fill(&a, 1, 0, 2, 3);
  load_ready(&a);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_true(a.load.batches[0].held);
  assert_false(a.load.batches[1].held); /* the other topic goes on */
  load_must(&a);
  assert_int_equal(a.report.rows, 6);
}

static void held_lets_nothing_on(void **state)
{
  (void)state;
  cut(0, 0, 4);
  server_exec(b.pg, "INSERT INTO tidegate.breaker (pipeline, topic, state)"
                    " VALUES ('shop', 'orders', 'held')");
  load(4);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_string_equal(a.report.sqlstate, "TG002");
}

static void topics_are_known_by_their_files(void **state)
{
  (void)state;
  bool known;
  server_exec(b.pg, "INSERT INTO tidegate.generation (pipeline, sha256, files) VALUES"
                    " ('shop', 'x', '{\"scripts/orders.lua\": \"\", \"reorders.lua\": \"\"}')");
  server_must(tg_breakerrow_known(b.pg, &key, &known, &b.err), &b.err);
  assert_true(known);
  key.topic = "ders";
  server_must(tg_breakerrow_known(b.pg, &key, &known, &b.err), &b.err);
  assert_false(known);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_all, close_owners)
  const struct CMUnitTest tests[] = {
      T(a_row_is_read_back_as_it_was_written),
      T(only_what_is_not_closed_is_listed),
      T(batches_are_told_apart_and_what_overlaps_is_one),
      T(ranges_that_are_through_leave_with_the_next_cut),
      T(a_failure_without_ranges_tries_every_partition_from_its_end),
      T(rows_behind_a_range_and_ends_are_told),
      T(a_partition_that_began_anew_has_no_range),
      T(half_open_lets_only_partitions_with_a_range_on),
      T(held_lets_nothing_on),
      T(topics_are_known_by_their_files),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
