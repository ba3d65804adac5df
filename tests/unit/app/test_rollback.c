/* A set that was taken over and holds back a topic that was sound is taken back; one whose critical
 * rule did it is not. */
#include "core/app/rollback.h"
#include "tests/unit/app/world.h"

/* All but the canary's 300 events. */
#define EATER                                                                                      \
  "return { table = \"a\", fields = { \"id bigint not null\", \"v text\" },\n"                     \
  "  transform = function(b)\n    local t = {}\n    if b.rows == 0 or b.rows > 100 then return "   \
  "end\n"                                                                                          \
  "    for i = 1, 100000000 do t[i] = (\"x\"):rep(1000) .. i end\n  end }\n"

/* Ids from 1000 on fail. */
#define STRICT(severity)                                                                           \
  "return { table = \"a\", fields = { \"id bigint not null\", \"v text\" },\n"                     \
  "  rules = { compare { \"id\", \"<\", 1000, on_fail = \"quarantine\"" severity " } } }\n"

static char first[65];

/* 300 events were loaded by a set that is sound, then `script` is taken over. */
static void take(const char *script, int64_t rollback_us)
{
  world_topic("a");
  world_script("a", PLAIN_TOPIC("a"));
  world_configure("lua:\n  memory: 8MiB\n");
  world.config.rollback_us = rollback_us;
  world_send("a", 0, 300, 20);
  world_start();
  UNTIL(world_in("a") == 300);
  snprintf(first, sizeof first, "%s", world.process.generation_name);
  world_script("a", script);
  if (world_reload() != TG_OK) fail_msg("%s", world.process.reload_text);
  assert_string_not_equal(world.process.generation_name, first);
}

static bool is_back(void)
{
  return strcmp(world.process.generation_name, first) == 0;
}

static void a_set_whose_script_fails_is_taken_back(void **state)
{
  (void)state;
  take(EATER, 5 * 60 * TG_SEC);
  world_send("a", 300, 306, 20); /* each is tried alone, too */
  UNTIL(is_back());
  assert_true(world.process.rolled_back);
  assert_non_null(strstr(world.process.recalled, "rolled back: topic a: "));
  assert_true(tg_metric_get(world.process.rollbacks) == 1);
  assert_true(tg_metric_get(world.process.reload_ok) == 0);
  UNTIL(world_in("a") == 306);
  world_exact("a", "a", 306);
  UNTIL(world_number("SELECT count(*) FROM tidegate.journal WHERE kind = 'reload'"
                     " AND message LIKE '%was rolled back to%'") == 1);
  UNTIL(world_number("SELECT count(*) FROM tidegate.breaker WHERE state <> 'closed'") == 0);
}

static void a_set_that_rejects_far_more_is_taken_back(void **state)
{
  (void)state;
  take(STRICT(""), 5 * 60 * TG_SEC);
  world_send("a", 1000, 1300, 20);
  UNTIL(is_back());
  assert_non_null(strstr(world.process.recalled, "since the reload went to the quarantine"));
  world_send("a", 1300, 1600, 20);
  UNTIL(world_in("a") == 900);
  long rejected = world_number("SELECT count(*) FROM tidegate.quarantine");
  assert_in_range(rejected, TG_JUMP_ROWS, 300);
  assert_int_equal(world_number("SELECT count(*) FROM a"), 900 - rejected);
}

/* Until its breaker is open in PostgreSQL, too; the set that opened it runs on. */
static void expect_open(void)
{
  UNTIL(world_number("SELECT count(*) FROM tidegate.breaker WHERE state = 'open'") == 1);
  for (int i = 0; i < 3; i++) world_turn();
  assert_false(is_back());
  assert_false(world.process.rolled_back);
}

static void a_critical_rule_takes_nothing_back(void **state)
{
  (void)state;
  take(STRICT(", critical = \"20%\", min_rows = 10"), 5 * 60 * TG_SEC);
  world_send("a", 1000, 1300, 20);
  expect_open();
}

static void with_0_nothing_is_taken_back(void **state)
{
  (void)state;
  take(EATER, 0);
  world_send("a", 300, 306, 20);
  expect_open();
}

static void when_its_trial_is_over_a_set_stays(void **state)
{
  (void)state;
  take(EATER, TG_SEC / 10);
  UNTIL(!world.process.rollback.former);
  world_send("a", 300, 306, 20);
  expect_open();
}

static void a_set_that_finds_the_breaker_open_is_not_to_blame(void **state)
{
  (void)state;
  take(EATER, 0);
  world_send("a", 300, 306, 20);
  expect_open();
  world.config.rollback_us = 5 * 60 * TG_SEC;
  world_script("a", "-- other, and no better\n" EATER);
  assert_int_equal(world_reload(), TG_OK);
  UNTIL(world_number("SELECT count(*) FROM tidegate.journal WHERE kind = 'breaker'"
                     " AND message LIKE 'half_open -> open%'") == 1);
  expect_open();
  assert_non_null(world.process.rollback.former); /* it was on trial all the time */
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      WORLD_TEST(a_set_whose_script_fails_is_taken_back),
      WORLD_TEST(a_set_that_rejects_far_more_is_taken_back),
      WORLD_TEST(a_critical_rule_takes_nothing_back),
      WORLD_TEST(with_0_nothing_is_taken_back),
      WORLD_TEST(when_its_trial_is_over_a_set_stays),
      WORLD_TEST(a_set_that_finds_the_breaker_open_is_not_to_blame),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
