/* Snapshots between the keeper and the lanes, on a real server: waiting, refreshing, failing. */
#include "tests/unit/pg/server.h"

#include "core/app/lookups.h"

#include <pthread.h>

static struct tg_pg_conf conf;
static struct tg_pg *pg;
static struct tg_config config;
static struct tg_metrics *metrics;
static struct tg_hub *hub;
static struct tg_err err;
static struct tg_lookup_column columns[2];
static struct tg_lookup_source source;
static struct tg_topic topic;
static const struct tg_topic *const topics[] = {&topic};

static int open_one(void **state)
{
  (void)state;
  tg_log_setup(TG_ERROR, TG_LOG_TEXT, 2);
  conf = server_conf("tidegate lookups");
  pg = server_connect(&conf);
  server_exec(pg, "DROP TABLE IF EXISTS fx CASCADE");
  config = (struct tg_config){.lookups_bytes = 1 << 20};
  metrics = tg_metrics_new();
  hub = tg_hub_new(&config, metrics);
  columns[0].name = tg_text("ccy"), columns[1].name = tg_text("rate");
  source = (struct tg_lookup_source){.name = tg_text("rates"),
                                     .table = tg_text("fx"),
                                     .columns = columns,
                                     .keys_count = 1,
                                     .columns_count = 2,
                                     .single = true,
                                     .refresh_us = 60 * TG_SEC,
                                     .stale_after_us = 180 * TG_SEC};
  topic = (struct tg_topic){.name = tg_text("orders"), .lookups = &source, .lookups_count = 1};
  return 0;
}

static int close_one(void **state)
{
  (void)state;
  tg_hub_free(hub);
  tg_metrics_free(metrics);
  tg_pg_free(pg);
  return 0;
}

static void make_table(const char *rate)
{
  char sql[200];
  snprintf(sql, sizeof sql,
           "DROP TABLE IF EXISTS fx; CREATE TABLE fx (ccy text, rate int);"
           "INSERT INTO fx SELECT 'C' || n, %s FROM generate_series(1, 100) n",
           rate);
  server_exec(pg, sql);
}

static struct tg_lookups *made(void)
{
  struct tg_lookups *l = tg_lookups_new(topics, 1);
  assert_non_null(l);
  return l;
}

static double metric_of(const char *name)
{
  return tg_metrics_sum(metrics, name, "lookup", "rates");
}

/* A batch of the topic without events. */
static void open_batch(struct tg_batch *b, struct tg_arena *a)
{
  tg_arena_init(a, 4096, 0);
  assert_int_equal(tg_batch_init(b, &topic, a, 0), TG_OK);
}

/* The first rate of what the topic is lent now; -1: nothing. */
static int64_t lent(struct tg_lookups *l)
{
  struct tg_arena a;
  struct tg_batch b;
  open_batch(&b, &a);
  server_must(tg_lookups_lend(l, &b, &err), &err);
  int64_t rate = b.lookups->count ? b.lookups->list[0].lookup->columns[1]->v.ints[0] : -1;
  tg_lookups_return(&b);
  assert_null(b.lookups);
  tg_arena_fini(&a);
  return rate;
}

static void a_topic_waits_until_its_table_can_be_read(void **state)
{
  (void)state;
  struct tg_lookups *l = made();
  struct tg_topic_state s;
  tg_lookups_hold(l, hub);
  assert_int_equal(tg_hub_holds(hub, topic.name), TG_HOLD_LOOKUP);
  tg_lookups_refresh(l, hub, pg);
  assert_int_equal(tg_hub_holds(hub, topic.name), TG_HOLD_LOOKUP);
  assert_true(tg_hub_topic(hub, 0, &s) && strstr(s.reason, "there is no table"));
  assert_int_equal(metric_of("lookup_refresh_failures_total"), 1);
  assert_int_equal(lent(l), -1);
  tg_lookups_refresh(l, hub, pg); /* not due yet */
  assert_int_equal(metric_of("lookup_refresh_failures_total"), 1);
  make_table("7");
  server_must(tg_lookups_read(l, hub, pg, &err), &err);
  tg_lookups_retire(l, l, hub);
  assert_int_equal(tg_hub_holds(hub, topic.name), 0);
  assert_int_equal(lent(l), 7);
  assert_int_equal(metric_of("lookup_rows"), 100);
  tg_lookups_free(l);
}

static void the_first_snapshot_lets_the_topic_go(void **state)
{
  (void)state;
  make_table("7");
  struct tg_lookups *l = made();
  tg_lookups_hold(l, hub);
  tg_lookups_refresh(l, hub, pg);
  assert_int_equal(tg_hub_holds(hub, topic.name), 0);
  make_table("8");
  tg_lookups_refresh(l, hub, pg); /* not due yet */
  assert_int_equal(lent(l), 7);
  tg_lookups_free(l);
}

static void all_lookups_share_one_budget(void **state)
{
  (void)state;
  struct tg_lookup_source two[] = {source, source};
  two[1].name = tg_text("others");
  make_table("n");
  struct tg_lookups *l = tg_lookups_new(topics, 1);
  assert_int_equal(tg_lookups_read(l, hub, pg, &err), TG_OK);
  size_t one = hub->lookups_bytes;
  assert_true(one > 0);
  config.lookups_bytes = one; /* enough to read it again: what it replaces does not count */
  assert_int_equal(tg_lookups_read(l, hub, pg, &err), TG_OK);
  tg_lookups_free(l);
  topic.lookups = two, topic.lookups_count = 2;
  l = tg_lookups_new(topics, 1);
  assert_int_equal(tg_lookups_read(l, hub, pg, &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "lookup 'others'"));
  assert_non_null(strstr(err.what, "raise lookups.bytes"));
  config.lookups_bytes = 2 * one;
  assert_int_equal(tg_lookups_read(l, hub, pg, &err), TG_OK);
  assert_int_equal(hub->lookups_bytes, 2 * one);
  tg_lookups_free(l);
}

static void a_batch_keeps_what_it_was_lent(void **state)
{
  (void)state;
  struct tg_arena a;
  struct tg_batch b;
  make_table("7");
  struct tg_lookups *l = made();
  server_must(tg_lookups_read(l, hub, pg, &err), &err);
  open_batch(&b, &a);
  server_must(tg_lookups_lend(l, &b, &err), &err);
  make_table("8");
  server_must(tg_lookups_read(l, hub, pg, &err), &err);
  assert_int_equal(b.lookups->list[0].lookup->columns[1]->v.ints[0], 7);
  assert_true(strncmp(b.lookups_used.ptr, "{\"rates\":\"2", 11) == 0);
  assert_int_equal(b.lookups_used.ptr[b.lookups_used.len - 1], '}');
  assert_int_equal(lent(l), 8);
  tg_lookups_free(l); /* the batch holds a reference of its own */
  assert_int_equal(b.lookups->list[0].lookup->columns[1]->v.ints[0], 7);
  tg_lookups_return(&b);
  tg_arena_fini(&a);
}

static enum tg_lookup_state state_when(struct tg_lookups *l)
{
  struct tg_arena a;
  struct tg_batch b;
  open_batch(&b, &a);
  server_must(tg_lookups_lend(l, &b, &err), &err);
  enum tg_lookup_state s = b.lookups->list[0].state;
  tg_lookups_return(&b);
  tg_arena_fini(&a);
  return s;
}

static void what_is_too_old_is_told_once_and_lent_as_declared(void **state)
{
  (void)state;
  static const enum tg_lookup_state lent_as[] = {[TG_ON_STALE_ERROR] = TG_LOOKUP_REFUSED,
                                                 [TG_ON_STALE_WARN] = TG_LOOKUP_FRESH,
                                                 [TG_ON_STALE_SKIP] = TG_LOOKUP_SKIPPED};
  struct tg_entry e;
  make_table("7");
  for (int how = TG_ON_STALE_ERROR; how <= TG_ON_STALE_SKIP; how++) {
    source.on_stale = (enum tg_on_stale)how;
    source.stale_after_us = -1; /* at once */
    struct tg_lookups *l = made();
    server_must(tg_lookups_read(l, hub, pg, &err), &err);
    assert_int_equal(state_when(l), lent_as[how]);
    tg_lookups_watch(l, hub);
    tg_lookups_watch(l, hub);
    assert_true(tg_hub_note_first(hub, &e) && strstr(e.message, "stale"));
    tg_hub_note_done(hub);
    assert_false(tg_hub_note_first(hub, &e));
    tg_lookups_free(l);
  }
}

static void metrics_of_lookups_that_are_gone_go_too(void **state)
{
  (void)state;
  struct tg_buf text;
  make_table("7");
  struct tg_lookups *l = made();
  server_must(tg_lookups_read(l, hub, pg, &err), &err);
  tg_lookups_watch(l, hub);
  topic.lookups_count = 0;
  struct tg_lookups *next = made();
  tg_lookups_retire(l, next, hub);
  tg_buf_init(&text, 0);
  tg_metrics_write(metrics, &text, false);
  assert_null(strstr(tg_buf_cstr(&text), "lookup=\"rates\""));
  tg_buf_fini(&text);
  tg_lookups_free(l), tg_lookups_free(next);
}

struct lane {
  struct tg_lookups *lookups;
  atomic_bool stop;
  uint64_t batches;
};

/* Asks like a lane does: every row of one snapshot has the same rate. */
static void *lane_main(void *self)
{
  struct lane *lane = self;
  struct tg_arena a;
  struct tg_batch b;
  struct tg_err e;
  tg_arena_init(&a, 4096, 0);
  while (!atomic_load(&lane->stop)) {
    tg_arena_reset(&a, 0);
    if (tg_batch_init(&b, &topic, &a, 0) != TG_OK ||
        tg_lookups_lend(lane->lookups, &b, &e) != TG_OK)
      break;
    const struct tg_lookup *l = b.lookups->list[0].lookup;
    for (uint32_t i = 1; i < l->rows; i++)
      if (l->columns[1]->v.ints[i] != l->columns[1]->v.ints[0]) abort();
    tg_lookups_return(&b);
    lane->batches++;
  }
  tg_arena_fini(&a);
  return NULL;
}

static void lanes_ask_while_it_is_read_again(void **state)
{
  (void)state;
  pthread_t threads[2];
  make_table("1");
  struct lane lanes[2] = {{.lookups = made()}, {0}};
  lanes[1].lookups = lanes[0].lookups;
  server_must(tg_lookups_read(lanes[0].lookups, hub, pg, &err), &err);
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, lane_main, &lanes[i]);
  for (int n = 0; n < 20; n++) {
    server_exec(pg, "UPDATE fx SET rate = rate + 1");
    server_must(tg_lookups_read(lanes[0].lookups, hub, pg, &err), &err);
    tg_lookups_watch(lanes[0].lookups, hub);
  }
  for (int i = 0; i < 2; i++) atomic_store(&lanes[i].stop, true);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  assert_int_equal(lent(lanes[0].lookups), 21);
  assert_true(lanes[0].batches > 0 && lanes[1].batches > 0);
  tg_lookups_free(lanes[0].lookups);
}

int main(void)
{
#define ONE(f) cmocka_unit_test_setup_teardown(f, open_one, close_one)
  const struct CMUnitTest tests[] = {
      ONE(a_topic_waits_until_its_table_can_be_read),
      ONE(the_first_snapshot_lets_the_topic_go),
      ONE(all_lookups_share_one_budget),
      ONE(a_batch_keeps_what_it_was_lent),
      ONE(what_is_too_old_is_told_once_and_lent_as_declared),
      ONE(metrics_of_lookups_that_are_gone_go_too),
      ONE(lanes_ask_while_it_is_read_again),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
