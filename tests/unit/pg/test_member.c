/* Who runs what, on a real server. */
#include "tests/unit/pg/server.h"

#include "core/pg/member.h"
#include "core/pg/state.h"

static struct tg_pg_conf conf;
static struct tg_pg *pg;
static struct tg_err err;
static struct tg_member list[TG_MEMBERS_MAX];
static uint32_t count;

static int open_one(void **state)
{
  (void)state;
  conf = server_conf("tidegate a");
  pg = server_connect(&conf);
  server_exec(pg, "DROP SCHEMA IF EXISTS tidegate CASCADE");
  server_must(tg_state_upgrade(pg, soon(), &err), &err);
  return 0;
}

static int close_one(void **state)
{
  (void)state;
  tg_pg_free(pg);
  return 0;
}

static struct tg_member_key key_of(int64_t run, const char *generation)
{
  return (struct tg_member_key){"shop", run == 1 ? "one:1" : "two:2", generation, run};
}

static void say(int64_t run, const char *generation)
{
  struct tg_member_key key = key_of(run, generation);
  server_must(tg_member_say(pg, &key, list, &count, soon(), &err), &err);
}

/* "one:1 a, two:2 b", itself first and with a star. */
static const char *seen(void)
{
  static char text[200];
  int len = 0;
  text[0] = '\0';
  for (uint32_t i = 0; i < count; i++)
    len += snprintf(text + len, sizeof text - (size_t)len, "%s%s%s %s", i ? ", " : "", list[i].name,
                    list[i].self ? "*" : "", list[i].generation);
  return text;
}

static void each_sees_what_the_others_run(void **state)
{
  (void)state;
  say(1, "a");
  assert_string_equal(seen(), "one:1* a");
  say(2, "b");
  assert_string_equal(seen(), "two:2* b, one:1 a");
  say(1, "b");
  assert_string_equal(seen(), "one:1* b, two:2 b");
}

static void another_pipeline_is_not_seen(void **state)
{
  struct tg_member_key key = {"bank", "three:3", "a", 3};
  (void)state;
  say(1, "a");
  server_must(tg_member_say(pg, &key, list, &count, soon(), &err), &err);
  assert_string_equal(seen(), "three:3* a");
}

static void since_is_when_the_set_was_taken_over(void **state)
{
  (void)state;
  say(1, "a");
  int64_t first = list[0].since_us;
  say(1, "a");
  assert_int_equal(list[0].since_us, first);
  assert_true(list[0].seen_us > first);
  say(1, "b");
  assert_true(list[0].since_us > first);
}

static void who_leaves_or_is_silent_is_not_seen(void **state)
{
  struct tg_member_key key = key_of(2, "b");
  (void)state;
  say(2, "b"), say(1, "a");
  assert_int_equal(count, 2);
  server_must(tg_member_leave(pg, &key, soon(), &err), &err);
  say(1, "a");
  assert_string_equal(seen(), "one:1* a");
  say(2, "b");
  server_exec(pg, "UPDATE tidegate.member SET seen_at = now() - interval '21 s' WHERE run = 2");
  say(1, "a");
  assert_string_equal(seen(), "one:1* a");
}

static void the_row_of_a_dead_one_goes_after_an_hour(void **state)
{
  (void)state;
  say(2, "b");
  server_exec(pg, "UPDATE tidegate.member SET seen_at = now() - interval '59 min'");
  say(1, "a");
  assert_string_equal(server_value(pg, "SELECT count(*) FROM tidegate.member"), "2");
  server_exec(pg, "UPDATE tidegate.member SET seen_at = now() - interval '61 min' WHERE run = 2");
  say(1, "a");
  assert_string_equal(server_value(pg, "SELECT count(*) FROM tidegate.member"), "1");
}

static void a_list_has_an_end(void **state)
{
  (void)state;
  server_exec(pg, "INSERT INTO tidegate.member (pipeline, run, name, generation)"
                  " SELECT 'shop', n, n, repeat('x', 64) FROM generate_series(100, 300) n");
  say(1, "a");
  assert_int_equal(count, TG_MEMBERS_MAX);
  assert_true(list[0].self);
  assert_int_equal(strlen(list[99].generation), 64);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(each_sees_what_the_others_run, open_one, close_one),
      cmocka_unit_test_setup_teardown(another_pipeline_is_not_seen, open_one, close_one),
      cmocka_unit_test_setup_teardown(since_is_when_the_set_was_taken_over, open_one, close_one),
      cmocka_unit_test_setup_teardown(who_leaves_or_is_silent_is_not_seen, open_one, close_one),
      cmocka_unit_test_setup_teardown(the_row_of_a_dead_one_goes_after_an_hour, open_one,
                                      close_one),
      cmocka_unit_test_setup_teardown(a_list_has_an_end, open_one, close_one),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
