/* A topic that cannot go on waits alone, nothing of it is visible, and it goes on from exactly
 * there: locked and missing tables, breakers, scripts without memory. */
#include "tests/unit/app/world.h"

static void two_topics(const char *b, const char *more)
{
  world_topic("a"), world_topic("b");
  world_script("a", PLAIN_TOPIC("a"));
  world_script("b", b);
  world_configure(more);
}

static void a_locked_table_holds_only_its_topic(void **state)
{
  (void)state;
  two_topics(PLAIN_TOPIC("b"), "load:\n  rows: 100\n");
  world_send("a", 0, 300, 20);
  world_send("b", 0, 300, 20);
  world_start();
  UNTIL(world_in("a") == 300 && world_in("b") == 300);
  server_exec(world.pg, "BEGIN; LOCK TABLE b IN ACCESS EXCLUSIVE MODE");
  world_send("b", 300, 3000, 20);
  UNTIL(world_holds("b") & TG_HOLD_TABLE);
  world_send("a", 300, 3000, 20);
  UNTIL(world_in("a") == 3000);
  assert_int_equal(world_in("b"), 300);
  server_exec(world.pg, "COMMIT");
  UNTIL(world_in("b") == 3000);
  world_exact("a", "a", 3000);
  world_exact("b", "b", 3000);
}

static void a_dropped_table_is_made_again(void **state)
{
  (void)state;
  two_topics(PLAIN_TOPIC("b"), "load:\n  rows: 100\n");
  world_send("b", 0, 300, 20);
  world_start();
  UNTIL(world_in("b") == 300);
  server_exec(world.pg, "ALTER TABLE b RENAME TO before");
  world_send("b", 300, 3000, 20);
  world_send("a", 0, 300, 20);
  UNTIL(world_in("a") == 300 && world_in("b") == 3000);
  server_exec(world.pg, "INSERT INTO b SELECT * FROM before");
  world_exact("b", "b", 3000);
}

/* Quarantines ids below 20 and opens the breaker when they are a fifth of a batch. */
#define CRITICAL_TOPIC                                                                             \
  "return { table = \"b\", fields = { \"id bigint not null\", \"v text\" },\n"                     \
  "  rules = { compare { \"id\", \">=\", 20, on_fail = \"quarantine\", critical = \"20%\",\n    "  \
  "min_rows = 10 } } }\n"

static void trip(void)
{
  world_send("b", 0, 40, 20);
  world_start();
  UNTIL(world_holds("b") & TG_HOLD_BREAKER);
  world_send("a", 0, 300, 20);
  UNTIL(world_in("a") == 300);
  UNTIL(world_number("SELECT count(*) FROM tidegate.breaker WHERE state = 'open'") == 1);
}

static void a_critical_rule_makes_nothing_visible(void **state)
{
  (void)state;
  two_topics(CRITICAL_TOPIC, "");
  trip();
  assert_int_equal(world_number("SELECT count(*) FROM b"), 0);
  assert_int_equal(world_number("SELECT count(*) FROM tidegate.quarantine"), 0);
  assert_int_equal(world_in("b"), 0);
  assert_string_not_equal(world_value("SELECT evidence FROM tidegate.breaker"), "");
}

static void a_breaker_closed_by_hand_goes_on_from_there(void **state)
{
  (void)state;
  two_topics(CRITICAL_TOPIC, "");
  trip();
  world_send("b", 40, 1000, 20); /* now the bad ones are few */
  server_exec(world.pg, "UPDATE tidegate.breaker SET state = 'closed'");
  UNTIL(world_in("b") == 1000);
  assert_int_equal(world_number("SELECT min(from_offset) FROM tidegate.ledger WHERE topic = 'b'"),
                   0);
  assert_int_equal(world_number("SELECT count(*) FROM b"), 980);
  assert_int_equal(world_number("SELECT count(*) FROM tidegate.quarantine"), 20);
}

static void a_reload_with_other_rules_leaves_the_breaker(void **state)
{
  (void)state;
  two_topics(CRITICAL_TOPIC, "");
  trip();
  world_script("b", PLAIN_TOPIC("b"));
  assert_int_equal(world_reload(), TG_OK);
  UNTIL(world_in("b") == 40);
  world_exact("b", "b", 40);
  assert_int_equal(world_number("SELECT count(*) FROM tidegate.breaker WHERE state = 'open'"), 0);
}

static void a_script_without_memory_stops_only_its_topic(void **state)
{
  (void)state;
  two_topics("return { table = \"b\", fields = { \"id bigint not null\", \"v text\" },\n"
             "  transform = function(b)\n    local t = {}\n    if b.rows == 0 then return end\n"
             "    for i = 1, 100000000 do t[i] = (\"x\"):rep(1000) .. i end\n  end }\n",
             "lua:\n  memory: 8MiB\n");
  world_send("a", 0, 300, 20);
  world_send("b", 0, 6, 20); /* each is tried alone, too */
  world_start();
  UNTIL(world_holds("b") & TG_HOLD_BREAKER);
  world_send("a", 300, 600, 20);
  UNTIL(world_in("a") == 600);
  world_exact("a", "a", 600);
  assert_int_equal(world_in("b"), 0);
  world_script("b", PLAIN_TOPIC("b"));
  assert_int_equal(world_reload(), TG_OK);
  UNTIL(world_in("b") == 6);
  world_exact("b", "b", 6);
}

static void an_open_breaker_outlives_the_process(void **state)
{
  (void)state;
  two_topics(CRITICAL_TOPIC, "");
  trip();
  world_stop();
  world_start();
  world_send("a", 300, 600, 20);
  UNTIL(world_in("a") == 600);
  assert_true(world_holds("b") & TG_HOLD_BREAKER);
  assert_int_equal(world_in("b"), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      WORLD_TEST(a_locked_table_holds_only_its_topic),
      WORLD_TEST(a_dropped_table_is_made_again),
      WORLD_TEST(a_critical_rule_makes_nothing_visible),
      WORLD_TEST(a_breaker_closed_by_hand_goes_on_from_there),
      WORLD_TEST(a_reload_with_other_rules_leaves_the_breaker),
      WORLD_TEST(a_script_without_memory_stops_only_its_topic),
      WORLD_TEST(an_open_breaker_outlives_the_process),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
