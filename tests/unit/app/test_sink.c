/* A whole process with `sink: kafka`, and no PostgreSQL. The mock cluster answers transactions but
 * isolates nothing; what a reader finds is looked at in tests/e2e/test_sink.py. */
#include "tests/unit/app/world.h"

#define EMITTING(rules)                                                                            \
  "return { topics = { \"a\" }, outputs = { \"out\" }, dead_letter = \"dead\",\n"                  \
  "  fields = { \"id bigint not null\", \"v text\" },\n"                                           \
  "  transform = function(b) b:emit(\"out\", { key = b.id, value = b.v }) end,\n"                  \
  "  rules = { " rules " } }\n"

static double outputs(const char *name)
{
  return tg_metric_get(tg_metrics_slot(world.process.metrics, TG_COUNTER, name, "", NULL));
}

static void start(void)
{
  world_topic("a"), world_topic("out"), world_topic("dead");
  world_configure("load:\n  rows: 100\nsink: kafka\n");
  world.config.dsn = "host=/nowhere";
  world_start_both();
}

static void what_two_lanes_emit_is_out(void **state)
{
  (void)state;
  world_script("a", EMITTING(""));
  start();
  world_send("a", 0, 2000, 20);
  UNTIL(outputs("output_records_total") >= 2000);
  assert_true(outputs("output_records_total") == 2000);
  world_stop();
}

static void refused_events_are_dead_letters(void **state)
{
  (void)state;
  world_script("a", EMITTING("compare { \"id\", op = \"<\", value = 50,"
                             " on_fail = \"quarantine\" }"));
  start();
  world_send("a", 0, 200, 20);
  UNTIL(outputs("output_records_total") >= 200);
  assert_int_equal(world_holds("a"), 0);
}

static void a_critical_batch_is_not_sent_until_a_reload(void **state)
{
  (void)state;
  world_script("a", EMITTING("compare { \"id\", op = \"<\", value = 50, critical = 1 }"));
  start();
  world_send("a", 100, 200, 20);
  UNTIL(world_holds("a") == TG_HOLD_BREAKER);
  assert_true(outputs("output_records_total") == 0);
  world_script("a", EMITTING("compare { \"id\", op = \"<\", value = 500, critical = 1 }"));
  assert_int_equal(world_reload(), TG_OK);
  UNTIL(outputs("output_records_total") >= 100);
  assert_int_equal(world_holds("a"), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      WORLD_TEST(what_two_lanes_emit_is_out),
      WORLD_TEST(refused_events_are_dead_letters),
      WORLD_TEST(a_critical_batch_is_not_sent_until_a_reload),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
