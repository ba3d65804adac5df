/* The hub: a topic waits until the last reason is gone. */
#include "core/app/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct tg_metrics *metrics;

static int setup(void **state)
{
  tg_log_setup(TG_ERROR, TG_LOG_TEXT, 2);
  metrics = tg_metrics_new();
  *state = tg_hub_new(NULL, metrics);
  return *state ? 0 : -1;
}

static int teardown(void **state)
{
  tg_hub_free(*state);
  tg_metrics_free(metrics);
  return 0;
}

static void a_topic_waits_until_the_last_reason_is_gone(void **state)
{
  struct tg_hub *h = *state;
  struct tg_text t = tg_text("orders");
  assert_int_equal(tg_hub_holds(h, t), 0);
  tg_hub_hold(h, t, TG_HOLD_TABLE, "locked");
  tg_hub_hold(h, t, TG_HOLD_BREAKER, "rule");
  assert_int_equal(tg_hub_holds(h, t), TG_HOLD_TABLE | TG_HOLD_BREAKER);
  tg_hub_release(h, t, TG_HOLD_TABLE);
  assert_int_equal(tg_hub_holds(h, t), TG_HOLD_BREAKER);
  tg_hub_release(h, t, TG_HOLD_BREAKER);
  assert_int_equal(tg_hub_holds(h, t), 0);
}

static void only_changes_move_the_version(void **state)
{
  struct tg_hub *h = *state;
  unsigned before = atomic_load(&h->version);
  tg_hub_hold(h, tg_text("orders"), TG_HOLD_TABLE, "a");
  unsigned after = atomic_load(&h->version);
  assert_true(after > before);
  tg_hub_hold(h, tg_text("orders"), TG_HOLD_TABLE, "a");
  tg_hub_release(h, tg_text("orders"), TG_HOLD_BREAKER);
  assert_int_equal(atomic_load(&h->version), after);
}

static struct tg_trip trip_of(const char *reason, struct tg_range *ranges, uint32_t count)
{
  struct tg_trip t = {.ranges = ranges, .count = count};
  snprintf(t.reason, sizeof t.reason, "%s", reason);
  return t;
}

static void trip(struct tg_hub *h, const char *reason)
{
  struct tg_trip t = trip_of(reason, NULL, 0);
  tg_hub_trip(h, tg_text("orders"), &t);
}

/* What PostgreSQL says; ranges: of partitions 0, 1 .. */
static void say(struct tg_hub *h, const char *state, uint32_t ranges)
{
  struct tg_breakerrow row = {.topic = "orders", .reason = "too many", .hold_by = "anna"};
  struct tg_range *list = calloc(ranges + 1, sizeof *list);
  snprintf(row.state, sizeof row.state, "%s", state);
  for (uint32_t i = 0; i < ranges; i++) list[i].partition_id = (int32_t)i;
  tg_hub_breaker(h, &row, list, ranges);
}

static struct tg_topic_state look(struct tg_hub *h)
{
  struct tg_topic_state s;
  assert_true(tg_hub_topic(h, 0, &s));
  return s;
}

static void trips_wait_in_order_until_they_are_written(void **state)
{
  struct tg_hub *h = *state;
  struct tg_text t = tg_text("orders");
  struct tg_range r = {.partition_id = 3, .from = 5, .to = 9};
  struct tg_trip first = trip_of("too many", &r, 1);
  tg_hub_trip(h, t, &first);
  trip(h, "again");
  struct tg_topic_state s = look(h);
  assert_non_null(s.trips);
  assert_string_equal(s.reason, "again");
  assert_int_equal(s.holds, TG_HOLD_BREAKER);
  assert_int_equal(s.breaker, TG_OPEN);
  assert_string_equal(tg_hub_trip_first(h, t)->reason, "too many");
  assert_int_equal(tg_hub_trip_first(h, t)->ranges[0].to, 9);
  tg_hub_trip_written(h, t);
  assert_string_equal(tg_hub_trip_first(h, t)->reason, "again");
  tg_hub_trip_written(h, t);
  assert_null(tg_hub_trip_first(h, t));
}

static void more_trips_than_there_is_room_for_are_left_out(void **state)
{
  struct tg_hub *h = *state;
  int written = 0;
  for (int i = 0; i < TG_TRIPS_MAX + 3; i++) trip(h, "bad");
  for (; tg_hub_trip_first(h, tg_text("orders")); written++)
    tg_hub_trip_written(h, tg_text("orders"));
  assert_int_equal(written, TG_TRIPS_MAX);
}

static void closed_in_postgres_leaves_a_trip_on_its_way_there(void **state)
{
  struct tg_hub *h = *state;
  struct tg_text t = tg_text("orders");
  trip(h, "too many");
  say(h, "closed", 0); /* read before the trip was written */
  assert_int_equal(tg_hub_holds(h, t), TG_HOLD_BREAKER);
  tg_hub_trip_written(h, t);
  say(h, "closed", 0);
  assert_int_equal(tg_hub_holds(h, t), 0);
  assert_int_equal(look(h).breaker, TG_CLOSED);
}

static void only_a_half_open_breaker_gives_ranges(void **state)
{
  struct tg_hub *h = *state;
  struct tg_text t = tg_text("orders");
  struct tg_range r;
  say(h, "open", 2);
  assert_false(tg_hub_range(h, t, 1, &r));
  unsigned before = atomic_load(&h->version);
  say(h, "half_open", 2);
  assert_true(atomic_load(&h->version) > before);
  assert_true(tg_hub_range(h, t, 1, &r));
  assert_int_equal(r.partition_id, 1);
  assert_false(tg_hub_range(h, t, 2, &r));
  assert_int_equal(tg_hub_holds(h, t), TG_HOLD_BREAKER);
  trip(h, "still bad"); /* judged here, not written yet */
  assert_false(tg_hub_range(h, t, 1, &r));
}

static void what_is_known_already_moves_no_version(void **state)
{
  struct tg_hub *h = *state;
  say(h, "half_open", 2);
  unsigned before = atomic_load(&h->version);
  say(h, "half_open", 2);
  assert_int_equal(atomic_load(&h->version), before);
  say(h, "half_open", 1);
  assert_true(atomic_load(&h->version) > before);
}

static void partitions_at_their_end_are_told(void **state)
{
  struct tg_hub *h = *state;
  struct tg_buf out;
  tg_buf_init(&out, 0);
  say(h, "half_open", 3);
  tg_hub_ends(h, tg_text("orders"), &out);
  assert_string_equal(tg_buf_cstr(&out), "{}");
  tg_hub_at_end(h, tg_text("orders"), 2);
  tg_hub_at_end(h, tg_text("orders"), 0);
  tg_hub_at_end(h, tg_text("orders"), 7);
  tg_buf_clear(&out);
  tg_hub_ends(h, tg_text("orders"), &out);
  assert_string_equal(tg_buf_cstr(&out), "{0,2}");
  tg_buf_fini(&out);
}

static void a_refused_load_holds_its_topic(void **state)
{
  struct tg_hub *h = *state;
  tg_hub_refused(h, tg_text("orders"));
  assert_int_equal(look(h).breaker, TG_OPEN);
  say(h, "held", 0);
  assert_non_null(strstr(look(h).reason, "anna"));
  tg_hub_refused(h, tg_text("orders"));
  assert_int_equal(look(h).breaker, TG_HELD);
}

static struct tg_hub_rows rows_of(const char *generation, uint64_t rows, uint64_t rejected)
{
  return (struct tg_hub_rows){tg_text("orders"), generation, {rows, rejected}, 1};
}

static void too_many_rejected_rows_open_it(void **state)
{
  struct tg_config config = {
      .breaker = {.quarantine_percent = 5, .quarantine_rows = 1000, .over_us = 300000000}};
  struct tg_hub *h = *state;
  const struct tg_hub_rows good = rows_of("g1", 1000, 0), bad = rows_of("g1", 1000, 120);
  h->config = &config;
  tg_hub_count(h, &good);
  assert_int_equal(look(h).breaker, TG_CLOSED);
  tg_hub_count(h, &bad);
  assert_int_equal(look(h).breaker, TG_OPEN);
  assert_non_null(strstr(look(h).reason, "120 of 2000 rows"));
  tg_hub_trip_written(h, tg_text("orders"));
  say(h, "closed", 0);
  tg_hub_count(h, &good); /* counted anew since it closed */
  assert_int_equal(look(h).breaker, TG_CLOSED);
}

/* What PostgreSQL says of a breaker that `generation` opened. */
static void open_by(struct tg_hub *h, const char *generation, const char *rule)
{
  struct tg_breakerrow row = {.topic = "orders", .state = "open", .reason = "out of memory"};
  snprintf(row.generation, sizeof row.generation, "%s", generation);
  snprintf(row.rule, sizeof row.rule, "%s", rule);
  tg_hub_breaker(h, &row, NULL, 0);
}

static void a_set_on_trial_fails_by_what_it_opens(void **state)
{
  struct tg_config config = {0};
  struct tg_hub *h = *state;
  char why[128];
  h->config = &config;
  say(h, "closed", 0);
  tg_hub_run(h, "old", false);
  tg_hub_run(h, "new", true);
  assert_false(tg_hub_trial_failed(h, why, sizeof why));
  open_by(h, "old", "");
  assert_false(tg_hub_trial_failed(h, why, sizeof why));
  open_by(h, "new", "between(amount)");
  assert_false(tg_hub_trial_failed(h, why, sizeof why));
  open_by(h, "new", "");
  assert_true(tg_hub_trial_failed(h, why, sizeof why));
  assert_string_equal(why, "topic orders: out of memory");
  tg_hub_run(h, "newer", true); /* it finds the breaker open: not its doing */
  open_by(h, "newer", "");
  assert_false(tg_hub_trial_failed(h, why, sizeof why));
  say(h, "closed", 0);
  tg_hub_run(h, "last", true); /* once more from the beginning */
  const struct tg_trip t = {.reason = "out of memory", .generation = "last"};
  tg_hub_trip(h, tg_text("orders"), &t);
  assert_true(tg_hub_trial_failed(h, why, sizeof why));
  tg_hub_trip_written(h, tg_text("orders"));
  tg_hub_run(h, "newest", true); /* before PostgreSQL was read again: not its doing */
  open_by(h, "newest", "");
  assert_false(tg_hub_trial_failed(h, why, sizeof why));
  tg_hub_run(h, "one between", false);
  open_by(h, "newest", ""); /* by another process, which had it first: its doing */
  tg_hub_run(h, "newest", true);
  assert_true(tg_hub_trial_failed(h, why, sizeof why));
  tg_hub_trial_over(h);
  assert_false(tg_hub_trial_failed(h, why, sizeof why));
}

static void a_jump_of_rejected_rows_opens_it_in_a_trial(void **state)
{
  struct tg_config config = {.canary_percent = 50,
                             .breaker = {.quarantine_rows = 1000, .over_us = 300000000}};
  struct tg_hub *h = *state;
  const struct tg_hub_rows before = rows_of("old", 200, 20), late = rows_of("old", 200, 200),
                           bad = rows_of("new", 200, 130);
  char why[128];
  h->config = &config;
  tg_hub_run(h, "old", false);
  tg_hub_count(h, &before);
  tg_hub_run(h, "new", true);
  tg_hub_count(h, &late); /* judged by the set before */
  assert_int_equal(look(h).breaker, TG_CLOSED);
  tg_hub_count(h, &bad);
  assert_int_equal(look(h).breaker, TG_OPEN);
  assert_non_null(strstr(look(h).reason, "130 of 200 rows since the reload"));
  assert_non_null(strstr(look(h).reason, "20 of 200 before it"));
  assert_string_equal(tg_hub_trip_first(h, tg_text("orders"))->generation, "new");
  assert_true(tg_hub_trial_failed(h, why, sizeof why));
}

static void the_journal_keeps_the_newest_in_order(void **state)
{
  struct tg_hub *h = *state;
  struct tg_entry e;
  char text[16];
  for (int i = 0; i < TG_JOURNAL_MAX + 2; i++) {
    snprintf(text, sizeof text, "%d", i);
    tg_hub_note(h, "ddl", NULL, text);
  }
  assert_true(tg_hub_note_first(h, &e));
  assert_string_equal(e.message, "2");
  tg_hub_note_done(h);
  assert_true(tg_hub_note_first(h, &e));
  assert_string_equal(e.message, "3");
}

static int64_t wait_us(struct tg_hub *h, enum tg_rc why)
{
  struct tg_topic_state s;
  tg_hub_probe_later(h, tg_text("orders"), why);
  assert_true(tg_hub_topic(h, 0, &s));
  return s.probe_after_us - s.failed_us;
}

static void probes_become_rarer_up_to_half_a_minute(void **state)
{
  static const int seconds[] = {1, 2, 4, 8, 16, 30, 30};
  for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++)
    assert_int_equal(wait_us(*state, TG_CONFIG), seconds[i] * 1000000LL);
}

static void a_lock_is_probed_every_second(void **state)
{
  for (int i = 0; i < 10; i++) assert_int_equal(wait_us(*state, TG_RETRY), 1000000);
  assert_int_equal(wait_us(*state, TG_CONFIG), 1000000);
}

static void a_forgotten_topic_leaves_the_others(void **state)
{
  struct tg_hub *h = *state;
  struct tg_topic_state s;
  tg_hub_hold(h, tg_text("a"), TG_HOLD_TABLE, "gone");
  tg_hub_hold(h, tg_text("b"), TG_HOLD_TABLE, "locked");
  tg_hub_forget(h, "a");
  tg_hub_forget(h, "never seen");
  assert_true(tg_hub_topic(h, 0, &s));
  assert_string_equal(s.topic, "b");
  assert_false(tg_hub_topic(h, 1, &s));
  assert_int_equal(tg_hub_holds(h, tg_text("a")), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(a_topic_waits_until_the_last_reason_is_gone),
      TEST(only_changes_move_the_version),
      TEST(trips_wait_in_order_until_they_are_written),
      TEST(more_trips_than_there_is_room_for_are_left_out),
      TEST(only_a_half_open_breaker_gives_ranges),
      TEST(what_is_known_already_moves_no_version),
      TEST(partitions_at_their_end_are_told),
      TEST(a_refused_load_holds_its_topic),
      TEST(too_many_rejected_rows_open_it),
      TEST(a_set_on_trial_fails_by_what_it_opens),
      TEST(a_jump_of_rejected_rows_opens_it_in_a_trial),
      TEST(the_journal_keeps_the_newest_in_order),
      TEST(closed_in_postgres_leaves_a_trip_on_its_way_there),
      TEST(probes_become_rarer_up_to_half_a_minute),
      TEST(a_lock_is_probed_every_second),
      TEST(a_forgotten_topic_leaves_the_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
