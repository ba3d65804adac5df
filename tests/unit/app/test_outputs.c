/* The relay inside a whole process: lanes tell it what they hold while it sends, a reload and a
 * stop come in between. The mock cluster answers transactions but isolates nothing; what a reader
 * finds is looked at in tests/e2e/test_outputs.py. */
#include "tests/unit/app/world.h"

#define EMITTING(mark)                                                                             \
  "return { topics = { \"a\" }, table = \"a\", outputs = { \"out\" },\n"                           \
  "  fields = { \"id bigint not null\", \"v text\" },\n"                                           \
  "  transform = function(b) b.v = \"" mark "\" b:emit(\"out\", { key = b.id, value = b.v }) end " \
  "}\n"

static double outputs(const char *name)
{
  return tg_metric_get(tg_metrics_slot(world.process.metrics, TG_COUNTER, name, "", NULL));
}

static bool is_all_out(int n)
{
  return world_in("a") == n && outputs("output_records_total") >= n &&
         world_number("SELECT count(*) FROM tidegate.outbox") == 0;
}

static void start(void)
{
  world_topic("a"), world_topic("out");
  world_configure("load:\n  rows: 100\n");
  world_start_both();
}

static void what_two_lanes_emit_is_out(void **state)
{
  (void)state;
  world_script("a", EMITTING("x"));
  start();
  world_send("a", 0, 2000, 20);
  UNTIL(is_all_out(2000));
  world_exact("a", "a", 2000);
  assert_true(outputs("output_records_total") == 2000);
}

static void a_reload_while_records_go_out_loses_none(void **state)
{
  (void)state;
  world_script("a", EMITTING("old"));
  start();
  world_send("a", 0, 2000, 20);
  UNTIL(outputs("output_records_total") > 0);
  world_script("a", EMITTING("new"));
  assert_int_equal(world_reload(), TG_OK);
  world_send("a", 2000, 2100, 20);
  UNTIL(is_all_out(2100));
  world_exact("a", "a", 2100);
  assert_true(outputs("output_records_total") == 2100);
}

static void a_stop_while_records_go_out_lets_go(void **state)
{
  (void)state;
  world_script("a", EMITTING("x"));
  start();
  world_send("a", 0, 3000, 20);
  UNTIL(outputs("output_records_total") > 0);
  world_stop();
  assert_string_equal(
      world_value("SELECT string_agg(DISTINCT relay, ',') FROM tidegate.partition WHERE released"),
      "");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      WORLD_TEST(what_two_lanes_emit_is_out),
      WORLD_TEST(a_reload_while_records_go_out_loses_none),
      WORLD_TEST(a_stop_while_records_go_out_lets_go),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
