/* Stops, restarts and a server that dies in the middle: what comes back goes on exactly there. */
#include "tests/unit/app/world.h"

static void two_topics(const char *more)
{
  world_topic("a"), world_topic("b");
  world_script("a", PLAIN_TOPIC("a"));
  world_script("b", PLAIN_TOPIC("b"));
  world_configure(more);
}

static void a_stop_in_the_middle_goes_on_exactly(void **state)
{
  (void)state;
  two_topics("load:\n  rows: 100\n");
  world_send("a", 0, 9000, 20);
  world_send("b", 0, 9000, 20);
  for (int round = 1; round <= 2; round++) {
    long before = world_in("a");
    world_start();
    UNTIL(world_in("a") > before);
    world_stop();
    assert_string_equal(world_value("SELECT count(*) FROM tidegate.partition WHERE NOT released"),
                        "0");
  }
  world_start();
  UNTIL(world_in("a") == 9000 && world_in("b") == 9000);
  world_exact("a", "a", 9000);
  world_exact("b", "b", 9000);
}

static void postgres_killed_in_the_middle_costs_nothing(void **state)
{
  (void)state;
  two_topics("load:\n  rows: 100\n");
  world_send("a", 0, 9000, 20);
  world_send("b", 0, 3000, 20);
  world_start();
  for (int round = 1; round <= 2; round++) {
    long before = world_in("a");
    UNTIL(world_in("a") > before || before == 9000);
    server_kill(SIGQUIT);
    tg_pg_drop(world.pg);
    server_launch();
  }
  world_send("b", 3000, 6000, 20);
  UNTIL(world_in("a") == 9000 && world_in("b") == 6000);
  world_exact("a", "a", 9000);
  world_exact("b", "b", 6000);
}

static void a_stop_while_postgres_is_away_ends_soon(void **state)
{
  (void)state;
  two_topics("load:\n  rows: 100\n");
  world_send("a", 0, 6000, 20);
  world_start();
  UNTIL(world_in("a") > 0);
  server_kill(SIGQUIT);
  int64_t start_us = tg_clock_mono_us();
  world_stop();
  assert_in_range(tg_clock_mono_us() - start_us, 0, 14 * TG_SEC);
  tg_pg_drop(world.pg);
  server_launch();
  world_start();
  UNTIL(world_in("a") == 6000);
  world_exact("a", "a", 6000);
}

static void a_faulty_set_refuses_to_start(void **state)
{
  (void)state;
  struct tg_err err = {0};
  two_topics("");
  world_script("b", "return { table = 3 }\n");
  assert_int_equal(world_try_start(&err), TG_CONFIG);
  assert_non_null(strstr(err.what, "fault"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      WORLD_TEST(a_stop_in_the_middle_goes_on_exactly),
      WORLD_TEST(postgres_killed_in_the_middle_costs_nothing),
      WORLD_TEST(a_stop_while_postgres_is_away_ends_soon),
      WORLD_TEST(a_faulty_set_refuses_to_start),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
