/* Pieces of windows, what rules remember of them, and the lease, on a real server. */
#include "tests/unit/pg/server.h"

#include "core/pg/state.h"
#include "core/pg/verdictlist.h"
#include "core/pg/window.h"

static struct tg_pg_conf conf_a, conf_b;
static struct tg_pg *a, *b;
static struct tg_err err;
static struct tg_window_topic orders, sales;

static int open_two(void **state)
{
  (void)state;
  conf_a = server_conf("tidegate a"), conf_b = server_conf("tidegate b");
  a = server_connect(&conf_a), b = server_connect(&conf_b);
  server_exec(a, "DROP SCHEMA IF EXISTS tidegate CASCADE");
  server_must(tg_state_upgrade(a, soon(), &err), &err);
  orders = (struct tg_window_topic){.pipeline = "shop", .topic = "orders", .deadline_us = soon()};
  sales = orders;
  sales.topic = "sales";
  return 0;
}

static int close_two(void **state)
{
  (void)state;
  tg_pg_free(a), tg_pg_free(b);
  return 0;
}

static int64_t begin(struct tg_pg *pg, const struct tg_window_topic *t)
{
  struct tg_window_lease lease;
  server_must(tg_window_begin(pg, t, &lease, &err), &err);
  assert_true(lease.since_us > 0 && lease.now_us >= lease.since_us);
  return lease.closed_us;
}

static void end(struct tg_pg *pg, const struct tg_window_topic *t, int64_t closed_us)
{
  server_must(tg_window_end(pg, t, closed_us, &err), &err);
}

static void put(struct tg_pg *pg, const struct tg_window_topic *t, int64_t start_us,
                struct tg_text data)
{
  struct tg_window_piece piece = {tg_text("mean(x)"), data, start_us, 60};
  server_must(tg_window_put(pg, t, &piece, &err), &err);
}

struct taken {
  uint32_t count;
  int64_t starts, over;
  char bytes[64];
  enum tg_rc answer;
};

static enum tg_rc note(void *self, const struct tg_window_piece *piece, struct tg_err *e)
{
  struct taken *t = self;
  if (t->answer != TG_OK) return tg_err_set(e, t->answer, "test", "no more");
  assert_true(tg_text_is(piece->rule, "mean(x)"));
  t->count++, t->starts += piece->start_us, t->over += piece->over_us;
  snprintf(t->bytes, sizeof t->bytes, "%.*s", TG_TEXT(piece->data));
  return TG_OK;
}

static struct taken take(struct tg_pg *pg, const struct tg_window_topic *t)
{
  struct taken taken = {0};
  server_must(tg_window_take(pg, t, note, &taken, &err), &err);
  return taken;
}

/* What the rule remembers, as text. */
static const char *recalled(struct tg_pg *pg, const char *rule, struct tg_window_cell *cell)
{
  static char text[64];
  struct tg_buf out;
  tg_buf_init(&out, 0);
  server_must(tg_window_recall(pg, &orders, rule, &out, cell, &err), &err);
  snprintf(text, sizeof text, "%.*s", TG_TEXT(cell->data));
  tg_buf_fini(&out);
  return text;
}

static void remember(struct tg_pg *pg, const struct tg_window_topic *t, const char *text,
                     int64_t judged_us)
{
  struct tg_window_cell cell = {tg_text(text), judged_us, "fail warn"};
  server_must(tg_window_remember(pg, t, "mean(x)", &cell, &err), &err);
}

static void one_holds_the_lease_and_nobody_waits(void **state)
{
  (void)state;
  struct tg_window_lease lease;
  assert_int_equal(begin(a, &orders), INT64_MIN);
  assert_int_equal(tg_window_begin(b, &orders, &lease, &err), TG_AGAIN);
  begin(b, &sales); /* another topic is another lease */
  end(b, &sales, INT64_MIN);
  end(a, &orders, 7);
  assert_int_equal(begin(b, &orders), 7);
  end(b, &orders, INT64_MIN);
  assert_int_equal(begin(a, &orders), 7);
}

static void the_lease_of_one_that_died_is_free(void **state)
{
  (void)state;
  begin(a, &orders);
  put(a, &orders, 0, tg_text("lost"));
  tg_pg_free(a), a = NULL;
  struct tg_window_lease lease;
  int64_t until_us = soon();
  enum tg_rc rc;
  while ((rc = tg_window_begin(b, &orders, &lease, &err)) == TG_AGAIN &&
         tg_clock_mono_us() < until_us)
    poll(NULL, 0, 20);
  server_must(rc, &err);
  assert_int_equal(take(b, &orders).count, 0);
}

static void pieces_leave_once(void **state)
{
  (void)state;
  begin(a, &orders);
  put(a, &orders, 60, tg_text_of("b\0c", 3));
  put(a, &orders, 120, tg_text("x"));
  put(a, &sales, 60, tg_text("of another topic"));
  end(a, &orders, INT64_MIN);
  begin(b, &orders);
  struct taken taken = take(b, &orders);
  assert_int_equal(taken.count, 2);
  assert_int_equal(taken.starts, 180);
  assert_int_equal(taken.over, 120);
  end(b, &orders, INT64_MIN);
  begin(a, &orders);
  assert_int_equal(take(a, &orders).count, 0);
  assert_int_equal(take(a, &sales).count, 1);
}

static void bytes_come_back_as_they_were(void **state)
{
  (void)state;
  begin(a, &orders);
  put(a, &orders, INT64_C(-60000000), tg_text("\x01\xff|\\x"));
  struct taken taken = take(a, &orders);
  assert_string_equal(taken.bytes, "\x01\xff|\\x");
  assert_int_equal(taken.starts, INT64_C(-60000000));
}

static void note_pending(void *self, const struct tg_window_pending *p)
{
  struct tg_window_pending *kept = self;
  assert_true(tg_text_is(p->rule, "mean(x)"));
  *kept = *p;
}

static struct tg_window_pending pending(struct tg_pg *pg)
{
  struct tg_window_pending p = {.open = 9};
  server_must(tg_window_pending(pg, &orders, note_pending, &p, &err), &err);
  return p;
}

static void pending_tells_what_waits_and_when_a_rule_was_judged(void **state)
{
  (void)state;
  begin(a, &orders);
  assert_int_equal(pending(a).open, 9); /* nothing is known of any rule */
  put(a, &orders, 300, tg_text("merged"));
  put(a, &orders, 240, tg_text("merged"));
  server_exec(a, "INSERT INTO tidegate.summary VALUES"
                 " ('shop', 'orders', 'mean(x)', 360, 60, false, 'lane'),"
                 " ('shop', 'orders', 'mean(x)', 360, 60, false, 'lane'),"
                 " ('shop', 'sales', 'mean(x)', 0, 60, false, 'lane')");
  struct tg_window_pending p = pending(a);
  assert_int_equal(p.open, 3);
  assert_int_equal(p.fresh, 2);
  assert_int_equal(p.start_us, 240);
  assert_int_equal(p.end_us, 300);
  assert_int_equal(p.judged_us, INT64_MIN);
  take(a, &orders);
  remember(a, &orders, "one", 5);
  p = pending(a);
  assert_int_equal(p.open, 0);
  assert_int_equal(p.end_us, INT64_MIN);
  assert_int_equal(p.judged_us, 5);
}

static void note_progress(void *self, int64_t newest_us, int64_t moved_us, int64_t event_us)
{
  struct taken *t = self;
  (void)moved_us, (void)event_us;
  t->count++, t->starts += newest_us;
}

/* Nobody reads an older one again: it would hold all windows up for ever. */
static void only_the_newest_incarnation_of_a_partition_progresses(void **state)
{
  (void)state;
  const struct tg_text name = tg_text("orders");
  struct taken taken = {0};
  orders.kafka = &name, orders.kafka_count = 1;
  server_exec(a, "INSERT INTO tidegate.partition (pipeline, cluster_id, topic, part, incarnation)"
                 " VALUES ('shop', 'c', 'orders', 0, 1), ('shop', 'c', 'orders', 0, 2),"
                 " ('shop', 'c', 'orders', 1, 1), ('shop', 'c', 'sales', 0, 1);"
                 "INSERT INTO tidegate.segment (partition_id, from_offset, to_offset, n_in,"
                 " n_loaded, n_tagged, n_quarantined, n_late, n_dropped, max_kafka_ts,"
                 " committed_at, generation) SELECT id, 0, 1, 1, 1, 0, 0, 0, 0,"
                 " tidegate.us_v1(incarnation * 100), now(), 'g' FROM tidegate.partition");
  begin(a, &orders);
  server_must(tg_window_progress(a, &orders, note_progress, &taken, &err), &err);
  assert_int_equal(taken.count, 2);
  assert_int_equal(taken.starts, 300);
}

static void what_is_remembered_is_recalled(void **state)
{
  (void)state;
  struct tg_window_cell cell;
  begin(a, &orders);
  assert_string_equal(recalled(a, "mean(x)", &cell), "");
  assert_int_equal(cell.judged_us, INT64_MIN);
  assert_string_equal(cell.told, "pass none");
  remember(a, &orders, "one", INT64_C(1700000000000001));
  remember(a, &sales, "other", 5);
  end(a, &orders, INT64_MIN);
  begin(b, &orders);
  assert_string_equal(recalled(b, "mean(x)", &cell), "one");
  assert_int_equal(cell.judged_us, INT64_C(1700000000000001));
  assert_string_equal(cell.told, "fail warn");
  assert_string_equal(recalled(b, "mean(y)", &cell), "");
  remember(b, &orders, "two", INT64_C(1700000000000002));
  assert_string_equal(recalled(b, "mean(x)", &cell), "two");
  assert_int_equal(cell.judged_us, INT64_C(1700000000000002));
}

static const struct tg_verdict_note said = {.rule = "mean(x)",
                                            .version = "2",
                                            .verdict = "fail",
                                            .level = "warn",
                                            .evaluated = 4,
                                            .failed = 1,
                                            .seen = "{\"observed\":9,\"low\":1,\"high\":3}",
                                            .start_us = INT64_C(1700000000000000),
                                            .stop_us = INT64_C(1700000060000000)};

static void tell(struct tg_pg *pg, const struct tg_verdict_note *note)
{
  struct tg_buf list;
  tg_buf_init(&list, 0);
  tg_verdictlist_add(&list, note, tg_text("orders"), note->stop_us, "[]");
  server_must(tg_window_tell(pg, &orders, "f00d", &list, &err), &err);
  assert_int_equal(list.len, 0);
  tg_buf_fini(&list);
}

static void a_window_is_told_once(void **state)
{
  (void)state;
  begin(a, &orders);
  tell(a, &said);
  tg_window_rollback(a, &orders); /* a judge that died */
  begin(b, &orders);
  tell(b, &said);
  end(b, &orders, INT64_MIN);
  begin(a, &orders);
  tell(a, &said); /* nobody should, and the row stays as it is */
  end(a, &orders, INT64_MIN);
  assert_string_equal(
      server_value(a, "SELECT string_agg(concat_ws(' ', pipeline, generation, topic, rule, version,"
                      " verdict, level, evaluated, failed, at = window_end, window_start,"
                      " window_end - window_start, seen->'observed', seen->'high', ranges), ';')"
                      " FROM tidegate.verdict"),
      "shop f00d orders mean(x) 2 fail warn 4 1 t 2023-11-14 22:13:20+00 00:01:00 9 3 []");
}

static void what_is_told_by_the_clock_has_no_window_and_may_come_again(void **state)
{
  (void)state;
  struct tg_verdict_note note = said;
  note.start_us = note.stop_us = 0;
  begin(a, &orders);
  tell(a, &note);
  tell(a, &note);
  end(a, &orders, INT64_MIN);
  assert_string_equal(server_value(a, "SELECT count(*) FROM tidegate.verdict"
                                      " WHERE window_start IS NULL AND window_end IS NULL"),
                      "2");
}

/* Kafka's timestamps are the producers': a window far away must not stop the judge. */
static void a_window_behind_the_year_9999_is_told_without_its_times(void **state)
{
  (void)state;
  struct tg_verdict_note note = said;
  note.start_us = INT64_MAX - 60000000, note.stop_us = INT64_MAX;
  begin(a, &orders);
  tell(a, &note);
  end(a, &orders, INT64_MIN);
  assert_string_equal(server_value(a, "SELECT count(*) FROM tidegate.verdict"
                                      " WHERE at IS NULL AND window_start IS NULL"),
                      "1");
}

static void the_first_sight_of_a_topic_stays(void **state)
{
  (void)state;
  struct tg_window_lease first, later;
  server_must(tg_window_begin(a, &orders, &first, &err), &err);
  end(a, &orders, 7);
  server_must(tg_window_begin(b, &orders, &later, &err), &err);
  assert_int_equal(later.since_us, first.since_us);
  assert_true(later.now_us > first.now_us);
}

/* A process that stops between judging and COMMIT has judged nothing. */
static void a_rollback_takes_everything_back(void **state)
{
  (void)state;
  struct tg_window_cell cell;
  begin(a, &orders);
  put(a, &orders, 60, tg_text("x"));
  end(a, &orders, INT64_MIN);
  begin(a, &orders);
  assert_int_equal(take(a, &orders).count, 1);
  remember(a, &orders, "one", 5);
  tg_window_rollback(a, &orders);
  assert_int_equal(begin(b, &orders), INT64_MIN);
  assert_string_equal(recalled(b, "mean(x)", &cell), "");
  assert_int_equal(take(b, &orders).count, 1);
}

static void a_visit_that_fails_ends_the_taking(void **state)
{
  (void)state;
  struct taken taken = {.answer = TG_RETRY};
  begin(a, &orders);
  put(a, &orders, 60, tg_text("x"));
  assert_int_equal(tg_window_take(a, &orders, note, &taken, &err), TG_RETRY);
  assert_string_equal(err.what, "no more");
}

#define T(name) cmocka_unit_test_setup_teardown(name, open_two, close_two)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(one_holds_the_lease_and_nobody_waits),
      T(the_lease_of_one_that_died_is_free),
      T(pieces_leave_once),
      T(bytes_come_back_as_they_were),
      T(pending_tells_what_waits_and_when_a_rule_was_judged),
      T(only_the_newest_incarnation_of_a_partition_progresses),
      T(what_is_remembered_is_recalled),
      T(a_window_is_told_once),
      T(what_is_told_by_the_clock_has_no_window_and_may_come_again),
      T(a_window_behind_the_year_9999_is_told_without_its_times),
      T(the_first_sight_of_a_topic_stays),
      T(a_rollback_takes_everything_back),
      T(a_visit_that_fails_ends_the_taking),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
