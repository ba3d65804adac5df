/* A whole process between a mock cluster and PostgreSQL: everything is there exactly once, whatever
 * the caps of a load are. */
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
  check_caps("load:\n  rows: 1\n", 60, 20);
}

static void loads_of_seven_rows_lose_nothing(void **state)
{
  (void)state;
  check_caps("load:\n  rows: 7\n", 600, 20);
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
  world.config.session_us = 60 * TG_SEC; /* a member given up would be fenced */
  world_send("a", 0, 300, 1000);
  world_send("b", 0, 1500, 1000);
  world_start();
  UNTIL(world_in("a") == 300 && world_in("b") == 1500);
  world_exact("a", "a", 300);
  world_exact("b", "b", 1500);
  assert_true(world.process.lanes[0].loads_made + world.process.lanes[1].loads_made > 2);
  assert_true(tg_metric_get(world.process.lanes[0].writer.fenced) == 0);
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
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
