/* The hub: a topic waits until the last reason is gone. */
#include "core/app/hub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

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

static void a_trip_is_pending_until_it_is_persisted(void **state)
{
  struct tg_hub *h = *state;
  struct tg_topic_state s;
  tg_hub_trip(h, tg_text("orders"), "too many", "[1]");
  assert_true(tg_hub_topic(h, 0, &s));
  assert_true(s.trip_pending);
  assert_string_equal(s.reason, "too many");
  assert_string_equal(s.evidence, "[1]");
  assert_int_equal(s.holds, TG_HOLD_BREAKER);
  tg_hub_trip_persisted(h, tg_text("orders"));
  tg_hub_trip(h, tg_text("orders"), "again", "[2]"); /* already open: nothing new to persist */
  assert_true(tg_hub_topic(h, 0, &s));
  assert_false(s.trip_pending);
  assert_string_equal(s.evidence, "[1]");
  assert_false(tg_hub_topic(h, 1, &s));
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

static void closed_in_postgres_leaves_a_trip_on_its_way_there(void **state)
{
  struct tg_hub *h = *state;
  struct tg_text t = tg_text("orders");
  tg_hub_trip(h, t, "too many", "[1]");
  tg_hub_closed(h, t); /* read before the trip was written */
  assert_int_equal(tg_hub_holds(h, t), TG_HOLD_BREAKER);
  tg_hub_trip_persisted(h, t);
  tg_hub_closed(h, t);
  assert_int_equal(tg_hub_holds(h, t), 0);
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
      TEST(a_trip_is_pending_until_it_is_persisted),
      TEST(the_journal_keeps_the_newest_in_order),
      TEST(closed_in_postgres_leaves_a_trip_on_its_way_there),
      TEST(probes_become_rarer_up_to_half_a_minute),
      TEST(a_lock_is_probed_every_second),
      TEST(a_forgotten_topic_leaves_the_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
