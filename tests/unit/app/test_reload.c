/* A reload under load: both sets are in the ledger, nothing is lost; a refused one changes
 * nothing; a breaker is left by new rules. */
#include "core/app/reload.h"
#include "tests/unit/app/world.h"

#define TAGGED_TOPIC(table, mark)                                                                  \
  "return { table = \"" table "\", fields = { \"id bigint not null\", \"v text\" },\n"             \
  "  transform = function(b) b.v = \"" mark "\" end }\n"

static void a_reload_under_load_loses_nothing(void **state)
{
  (void)state;
  world_topic("a");
  world_script("a", TAGGED_TOPIC("a", "old"));
  world_configure("load:\n  rows: 200\n");
  world_send("a", 0, 9000, 20);
  world_start();
  UNTIL(world_in("a") > 0);
  world_script("a", TAGGED_TOPIC("a", "new"));
  assert_int_equal(world_reload(), TG_OK);
  world_send("a", 9000, 12000, 20);
  UNTIL(world_in("a") == 12000);
  world_exact("a", "a", 12000);
  assert_int_equal(world_number("SELECT count(DISTINCT generation) FROM tidegate.ledger"), 2);
  assert_int_equal(world_number("SELECT count(*) FROM tidegate.generation"), 2);
  assert_int_equal(world_number("SELECT count(*) FROM a WHERE v NOT IN ('old', 'new')"), 0);
  /* Per partition the new script's rows follow the old one's. */
  assert_int_equal(
      world_number("SELECT count(*) FROM (SELECT v, lag(v) OVER (PARTITION BY id % 3 ORDER BY id)"
                   " AS before FROM a) AS s WHERE v = 'old' AND before = 'new'"),
      0);
}

/* How many pauses of lanes were measured. */
static uint64_t pauses(void)
{
  const struct tg_metric *m =
      tg_metrics_slot(world.process.metrics, TG_HISTOGRAM, "reload_pause_seconds", "", NULL);
  uint64_t n = 0;
  for (int i = 0; i < TG_METRIC_BUCKETS; i++) n += atomic_load(&m->buckets[i]);
  return n;
}

/* The group is not disturbed by a reload that reads the same topics. */
static void a_reload_keeps_the_assignment(void **state)
{
  (void)state;
  world_topic("a");
  world_script("a", TAGGED_TOPIC("a", "old"));
  world_configure("");
  world.config.session_us = 60 * TG_SEC; /* no other reason to rebalance */
  world_start();
  UNTIL(world_reads(WORLD_PARTS) && atomic_load(&world.process.lanes[0].assigned) &&
        atomic_load(&world.process.lanes[1].assigned));
  struct tg_metric *rebalances =
      tg_metrics_slot(world.process.metrics, TG_COUNTER, "kafka_rebalances_total", "", NULL);
  double before = tg_metric_get(rebalances);
  world_script("a", TAGGED_TOPIC("a", "new"));
  assert_int_equal(world_reload(), TG_OK);
  world_send("a", 0, 100, 20);
  UNTIL(world_in("a") == 100);
  assert_int_equal(world_number("SELECT count(*) FROM a WHERE v = 'new'"), 100);
  assert_true(tg_metric_get(rebalances) == before);
  assert_int_equal(pauses(), world.process.lanes_count); /* each lane told its own */
}

static void a_reload_may_add_and_remove_topics(void **state)
{
  (void)state;
  world_topic("a"), world_topic("b");
  world_script("a", PLAIN_TOPIC("a"));
  world_configure("");
  world_send("a", 0, 300, 20);
  world_send("b", 0, 300, 20);
  world_start();
  UNTIL(world_in("a") == 300);
  world_script("b", PLAIN_TOPIC("b"));
  char path[128];
  snprintf(path, sizeof path, "%s/scripts/a.lua", world.folder);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(world_reload(), TG_OK);
  UNTIL(world_in("b") == 300);
  world_send("a", 300, 600, 20);
  world_script("a", PLAIN_TOPIC("a"));
  assert_int_equal(world_reload(), TG_OK);
  UNTIL(world_in("a") == 600);
  world_exact("a", "a", 600);
  world_exact("b", "b", 300);
}

static void a_refused_reload_keeps_the_old_set(void **state)
{
  (void)state;
  char before[65];
  world_topic("a");
  world_script("a", TAGGED_TOPIC("a", "old"));
  world_configure("");
  world_start();
  snprintf(before, sizeof before, "%s", world.process.generation_name);
  world_script("a", "return { table = \"a\", fields = { \"id bigint\", \"v text[\" } }\n");
  assert_int_equal(world_reload(), TG_CONFIG);
  assert_non_null(strstr(world.process.reload_text, "a.lua"));
  /* Its script is fine, but the table that is there is another one. */
  world_script("a", "return { table = \"a\", fields = { \"id uuid not null\", \"v text\" } }\n");
  UNTIL(strcmp(world_value("SELECT to_regclass('a') IS NOT NULL"), "t") == 0);
  assert_int_not_equal(world_reload(), TG_OK);
  assert_string_equal(world.process.generation_name, before);
  assert_true(tg_metric_get(world.process.reload_ok) == 0);
  world_send("a", 0, 100, 20);
  UNTIL(world_in("a") == 100);
  assert_int_equal(world_number("SELECT count(*) FROM a WHERE v = 'old'"), 100);
}

/* Without the wait between two looks. */
#define SOON(cond) UNTIL((world.process.watch.due_us = 0, cond))

static void a_watched_folder_is_reloaded_once_it_has_settled(void **state)
{
  (void)state;
  const struct tg_process *p = &world.process;
  char first[65];
  world_topic("a");
  world_script("a", TAGGED_TOPIC("a", "old"));
  world_configure("reload:\n  watch: true\n");
  world_start();
  snprintf(first, sizeof first, "%s", p->generation_name);
  world_script("a", TAGGED_TOPIC("a", "new"));
  SOON(*p->watch.seen && strcmp(p->watch.seen, first) != 0);
  assert_string_equal(p->generation_name, first); /* it was seen once */
  SOON(strcmp(p->generation_name, first) != 0);
  assert_string_equal(p->generation_name, p->watch.seen);
  world_script("a", "return {");
  SOON(tg_metric_get(p->reloads_bad) == 1);
  for (int i = 0; i < 3; i++) world.process.watch.due_us = 0, world_turn();
  assert_true(tg_metric_get(p->reloads_bad) == 1); /* it is told once */
  world_script("a", TAGGED_TOPIC("a", "old"));
  SOON(strcmp(p->generation_name, first) == 0);
  assert_true(tg_metric_get(p->reloads_good) == 2);
}

struct asker {
  pthread_t thread;
  atomic_bool done;
  enum tg_rc rc;
  struct tg_reload_answer answer;
};

static void *ask(void *self)
{
  struct asker *a = self;
  a->rc = tg_reload_wait(&world.process, NULL, &a->answer, 30 * TG_SEC);
  atomic_store(&a->done, true);
  return NULL;
}

static void every_thread_that_asks_for_a_reload_gets_its_result(void **state)
{
  (void)state;
  struct asker askers[3] = {0};
  world_topic("a");
  world_script("a", PLAIN_TOPIC("a"));
  world_configure("");
  world_start();
  UNTIL(strcmp(world_value("SELECT to_regclass('tidegate.generation') IS NOT NULL"), "t") == 0);
  world_script("a", "return { table = \"a\", fields = { 3 } }\n");
  for (int i = 0; i < 3; i++)
    assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
  for (int i = 0; i < 3; i++) UNTIL(atomic_load(&askers[i].done));
  for (int i = 0; i < 3; i++) {
    pthread_join(askers[i].thread, NULL);
    assert_int_equal(askers[i].rc, TG_CONFIG);
    assert_non_null(strstr(askers[i].answer.text, "a.lua"));
    tg_reload_answer_fini(&askers[i].answer);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      WORLD_TEST(a_reload_under_load_loses_nothing),
      WORLD_TEST(a_reload_keeps_the_assignment),
      WORLD_TEST(a_reload_may_add_and_remove_topics),
      WORLD_TEST(a_refused_reload_keeps_the_old_set),
      WORLD_TEST(a_watched_folder_is_reloaded_once_it_has_settled),
      WORLD_TEST(every_thread_that_asks_for_a_reload_gets_its_result),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
