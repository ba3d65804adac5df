/* A whole process between a mock cluster and PostgreSQL: everything once, whatever the caps are;
 * stops, restarts and a server that dies in the middle. */
#include "tests/unit/app/world.h"

static void two_topics(const char *more)
{
  world_topic("a"), world_topic("b");
  world_script("a", PLAIN_TOPIC("a"));
  world_script("b", PLAIN_TOPIC("b"));
  world_configure(more);
}

/* n events of each topic arrive exactly once under these caps. */
static void check_caps(const char *more, int n, size_t size)
{
  two_topics(more);
  world_send("a", 0, n / 2, size);
  world_start();
  world_send("b", 0, n, size);
  world_send("a", n / 2, n, size);
  UNTIL(world_in("a") == n && world_in("b") == n);
  world_exact("a", "a", n);
  world_exact("b", "b", n);
}

static void everything_is_there_exactly_once(void **state)
{
  (void)state;
  check_caps("", 5000, 20);
}

static void loads_of_one_row_lose_nothing(void **state)
{
  (void)state;
  check_caps("load:\n  rows: 1\n", 150, 20);
}

static void loads_of_seven_rows_lose_nothing(void **state)
{
  (void)state;
  check_caps("load:\n  rows: 7\n", 1000, 20);
}

static void loads_of_a_thousand_rows_lose_nothing(void **state)
{
  (void)state;
  check_caps("load:\n  rows: 1000\n", 5000, 20);
}

static void loads_at_the_byte_cap_lose_nothing(void **state)
{
  (void)state;
  check_caps("load:\n  bytes: 2MiB\n", 900, 8000);
}

/* Each row's value grows tenfold in the script: what the load could foresee is too little. */
static void loads_that_do_not_fit_are_cut_smaller(void **state)
{
  (void)state;
  world_topic("a"), world_topic("b");
  world_script("a", PLAIN_TOPIC("a"));
  world_script("b", "return { table = \"b\", fields = { \"id bigint not null\", \"v text\" },\n"
                    "  transform = function(b)\n"
                    "    for i = 1, 6 do b.v = b.v:upper():lower() end\n  end }\n");
  world_configure("load:\n  bytes: 2MiB\n");
  world_send("a", 0, 300, 1000);
  world_send("b", 0, 1500, 1000);
  world_start();
  UNTIL(world_in("a") == 300 && world_in("b") == 1500);
  world_exact("a", "a", 300);
  world_exact("b", "b", 1500);
  assert_true(world.process.lanes[0].loads_made + world.process.lanes[1].loads_made > 2);
  assert_true(tg_metric_get(world.process.lanes[0].writer.fenced) == 0);
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
  tg_log_setup(TG_ERROR + 1, TG_LOG_TEXT, 2);
  assert_int_equal(world_try_start(&err), TG_CONFIG);
  assert_non_null(strstr(err.what, "fault"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      WORLD_TEST(everything_is_there_exactly_once),
      WORLD_TEST(loads_of_one_row_lose_nothing),
      WORLD_TEST(loads_of_seven_rows_lose_nothing),
      WORLD_TEST(loads_of_a_thousand_rows_lose_nothing),
      WORLD_TEST(loads_at_the_byte_cap_lose_nothing),
      WORLD_TEST(loads_that_do_not_fit_are_cut_smaller),
      WORLD_TEST(a_stop_in_the_middle_goes_on_exactly),
      WORLD_TEST(postgres_killed_in_the_middle_costs_nothing),
      WORLD_TEST(a_stop_while_postgres_is_away_ends_soon),
      WORLD_TEST(a_faulty_set_refuses_to_start),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
