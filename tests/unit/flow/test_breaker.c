/* The breaker's moves: every state meets every event. */
#include "core/flow/breaker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define SEC INT64_C(1000000)

static const struct tg_breaker_conf conf = {.cooldown_us = 60 * SEC,
                                            .cooldown_max_us = 1800 * SEC,
                                            .trial_rows = 1000,
                                            .quarantine_percent = 5,
                                            .quarantine_rows = 1000,
                                            .over_us = 300 * SEC};

static bool step(struct tg_breaker *b, enum tg_breaker_event event, int64_t now_s)
{
  return tg_breaker_step(b, &conf, event, now_s * SEC);
}

/* A breaker that failed at 100 s, and what is done to get it into a state. */
static struct tg_breaker in(enum tg_breaker_state state)
{
  struct tg_breaker b = {0};
  if (state == TG_OPEN || state == TG_HALF_OPEN) step(&b, TG_BREAKER_CRITICAL, 100);
  if (state == TG_HALF_OPEN) step(&b, TG_BREAKER_PROBE, 100);
  if (state == TG_HELD) step(&b, TG_BREAKER_HOLD, 100);
  assert_int_equal(b.state, state);
  return b;
}

static void every_event_in_every_state_goes_where_it_should(void **state)
{
  (void)state;
  /* CLOSED, OPEN, HALF_OPEN, HELD from closed; all at once after the opening */
  static const enum tg_breaker_state to[][4] = {
      [TG_BREAKER_CRITICAL] = {TG_OPEN, TG_OPEN, TG_OPEN, TG_HELD},
      [TG_BREAKER_CHANGED] = {TG_CLOSED, TG_HALF_OPEN, TG_HALF_OPEN, TG_HELD},
      [TG_BREAKER_REFRESHED] = {TG_CLOSED, TG_OPEN, TG_HALF_OPEN, TG_HELD},
      [TG_BREAKER_PROBE] = {TG_CLOSED, TG_HALF_OPEN, TG_HALF_OPEN, TG_HELD},
      [TG_BREAKER_VERDICT] = {TG_CLOSED, TG_HALF_OPEN, TG_HALF_OPEN, TG_HELD},
      [TG_BREAKER_CLEAN] = {TG_CLOSED, TG_OPEN, TG_CLOSED, TG_HELD},
      [TG_BREAKER_HOLD] = {TG_HELD, TG_HELD, TG_HELD, TG_HELD},
      [TG_BREAKER_RESET] = {TG_CLOSED, TG_CLOSED, TG_CLOSED, TG_CLOSED},
      [TG_BREAKER_TICK] = {TG_CLOSED, TG_OPEN, TG_HALF_OPEN, TG_HELD},
  };
  for (size_t e = 0; e < sizeof to / sizeof *to; e++)
    for (int from = TG_CLOSED; from <= TG_HELD; from++) {
      struct tg_breaker b = in((enum tg_breaker_state)from);
      bool moved = step(&b, (enum tg_breaker_event)e, 101);
      if ((int)b.state != (int)to[e][from]) fail_msg("event %zu in state %d: %d", e, from, b.state);
      assert_int_equal(moved, (int)to[e][from] != from);
      assert_int_equal(b.since_us, (moved ? 101 : from == TG_CLOSED ? 0 : 100) * SEC);
    }
}

static void time_alone_never_leaves_open(void **state)
{
  (void)state;
  struct tg_breaker b = in(TG_OPEN);
  assert_false(step(&b, TG_BREAKER_TICK, 1000000));
  assert_int_equal(b.state, TG_OPEN);
}

static void a_refreshed_lookup_waits_for_the_cool_down(void **state)
{
  (void)state;
  struct tg_breaker b = in(TG_OPEN);
  assert_false(step(&b, TG_BREAKER_REFRESHED, 110));
  assert_false(step(&b, TG_BREAKER_TICK, 159));
  assert_true(step(&b, TG_BREAKER_TICK, 160));
  assert_int_equal(b.state, TG_HALF_OPEN);
  b = in(TG_OPEN); /* the cool-down is over before it is refreshed */
  assert_true(step(&b, TG_BREAKER_REFRESHED, 160));
  assert_int_equal(b.state, TG_HALF_OPEN);
}

static void the_cool_down_doubles_with_each_failed_probe_up_to_its_most(void **state)
{
  (void)state;
  static const int64_t seconds[] = {60, 120, 240, 480, 960, 1800, 1800};
  struct tg_breaker b = {0};
  for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
    assert_true(step(&b, TG_BREAKER_CRITICAL, 100));
    assert_int_equal(b.cooldown_us, seconds[i] * SEC);
    assert_int_equal(b.probe_us, (100 + seconds[i]) * SEC);
    assert_int_equal(b.failures, i + 1);
    assert_true(step(&b, TG_BREAKER_PROBE, 100));
  }
}

static void a_change_does_not_outlive_the_probe_that_it_caused(void **state)
{
  (void)state;
  struct tg_breaker b = in(TG_OPEN);
  step(&b, TG_BREAKER_CHANGED, 101);
  step(&b, TG_BREAKER_CRITICAL, 102);
  assert_false(step(&b, TG_BREAKER_TICK, 100000));
  assert_int_equal(b.state, TG_OPEN);
}

static void closing_forgets_the_cool_down(void **state)
{
  (void)state;
  struct tg_breaker b = in(TG_HALF_OPEN);
  step(&b, TG_BREAKER_CRITICAL, 101);
  step(&b, TG_BREAKER_PROBE, 102);
  assert_true(step(&b, TG_BREAKER_CLEAN, 103));
  assert_int_equal(b.failures, 0);
  step(&b, TG_BREAKER_CRITICAL, 104);
  assert_int_equal(b.cooldown_us, 60 * SEC);
}

static void failures_while_it_is_open_are_only_counted(void **state)
{
  (void)state;
  struct tg_breaker b = in(TG_OPEN);
  assert_false(step(&b, TG_BREAKER_CRITICAL, 150));
  assert_int_equal(b.failures, 2);
  assert_int_equal(b.probe_us, 160 * SEC);
  assert_int_equal(b.since_us, 100 * SEC);
}

static void hold_for(struct tg_breaker *b, int64_t until_s)
{
  b->hold_until_us = until_s * SEC;
  step(b, TG_BREAKER_HOLD, 110);
  assert_int_equal(b->state, TG_HELD);
}

static void a_hold_ends_by_itself_where_it_began(void **state)
{
  (void)state;
  for (int from = TG_CLOSED; from <= TG_OPEN; from++) {
    struct tg_breaker b = in((enum tg_breaker_state)from);
    hold_for(&b, 200);
    assert_false(step(&b, TG_BREAKER_TICK, 199));
    assert_true(step(&b, TG_BREAKER_TICK, 200));
    assert_int_equal(b.state, from);
    assert_int_equal(b.hold_until_us, 0);
  }
}

static void a_hold_without_an_end_lasts(void **state)
{
  (void)state;
  struct tg_breaker b = in(TG_HELD);
  assert_false(step(&b, TG_BREAKER_TICK, 1000000000));
}

static void a_probe_that_was_held_is_begun_again(void **state)
{
  (void)state;
  struct tg_breaker b = in(TG_HALF_OPEN);
  hold_for(&b, 200);
  assert_int_equal(b.before, TG_OPEN);
  step(&b, TG_BREAKER_TICK, 200);
  assert_int_equal(b.state, TG_HALF_OPEN);
  assert_int_equal(b.failures, 1); /* no cool-down was added */
}

static void what_fails_under_a_hold_is_open_once_it_is_over(void **state)
{
  (void)state;
  struct tg_breaker b = {0};
  hold_for(&b, 200);
  assert_false(step(&b, TG_BREAKER_CRITICAL, 120));
  assert_int_equal(b.since_us, 110 * SEC);
  step(&b, TG_BREAKER_CRITICAL, 121);
  assert_int_equal(b.failures, 2);
  step(&b, TG_BREAKER_TICK, 200);
  assert_int_equal(b.state, TG_OPEN);
}

static void an_operator_goes_before_his_hold(void **state)
{
  (void)state;
  struct tg_breaker b = in(TG_OPEN);
  hold_for(&b, 200);
  assert_true(step(&b, TG_BREAKER_VERDICT, 120));
  assert_int_equal(b.state, TG_HALF_OPEN);
  assert_int_equal(b.hold_until_us, 0);
  b = in(TG_OPEN);
  hold_for(&b, 200);
  step(&b, TG_BREAKER_CHANGED, 120); /* new rules wait for the hold's end */
  assert_int_equal(b.state, TG_HELD);
  step(&b, TG_BREAKER_TICK, 200);
  assert_int_equal(b.state, TG_HALF_OPEN);
}

static void a_second_hold_only_sets_its_end(void **state)
{
  (void)state;
  struct tg_breaker b = in(TG_OPEN);
  hold_for(&b, 200);
  hold_for(&b, 300);
  assert_int_equal(b.before, TG_OPEN);
  assert_false(step(&b, TG_BREAKER_TICK, 200));
  assert_true(step(&b, TG_BREAKER_TICK, 300));
}

static void what_means_nothing_is_told(void **state)
{
  (void)state;
  struct tg_breaker closed = {0}, half = in(TG_HALF_OPEN), held = in(TG_HELD);
  assert_false(tg_breaker_takes(&closed, TG_BREAKER_PROBE));
  assert_false(tg_breaker_takes(&closed, TG_BREAKER_VERDICT));
  assert_false(tg_breaker_takes(&closed, TG_BREAKER_RESET));
  assert_true(tg_breaker_takes(&closed, TG_BREAKER_HOLD));
  assert_false(tg_breaker_takes(&held, TG_BREAKER_PROBE));
  assert_true(tg_breaker_takes(&held, TG_BREAKER_RESET));
  assert_true(tg_breaker_takes(&half, TG_BREAKER_VERDICT));
}

static void names_are_read_back(void **state)
{
  (void)state;
  for (int i = TG_CLOSED; i <= TG_HELD; i++) {
    enum tg_breaker_state got = TG_CLOSED;
    assert_true(tg_breaker_state_parse(tg_breaker_state_name((enum tg_breaker_state)i), &got));
    assert_int_equal(got, i);
  }
  enum tg_breaker_state got = TG_HELD;
  assert_false(tg_breaker_state_parse("ajar", &got));
  assert_int_equal(got, TG_HELD);
}

/* --- rejected rows --- */

static const int64_t now = INT64_C(1700000000) * SEC;

static void count(struct tg_breaker_share *s, int64_t kafka_us, int64_t at_us, uint64_t rows,
                  uint64_t rejected)
{
  struct tg_breaker_tally t = {rows, rejected};
  tg_breaker_count(s, &conf, &t, kafka_us, at_us);
}

static bool reached(const struct tg_breaker_share *s)
{
  struct tg_breaker_tally t;
  return tg_breaker_reached(s, &conf, &t);
}

static void the_share_counts_from_enough_rows_on(void **state)
{
  (void)state;
  struct tg_breaker_share s = {0};
  assert_false(reached(&s));
  count(&s, now, now, 999, 999);
  assert_false(reached(&s));
  count(&s, now, now, 1, 0);
  assert_true(reached(&s));
}

static void five_in_a_hundred_is_reached_and_less_is_not(void **state)
{
  (void)state;
  struct tg_breaker_share s = {0};
  struct tg_breaker_tally t;
  count(&s, now, now, 2000, 99);
  assert_false(reached(&s));
  count(&s, now - 299 * SEC, now, 0, 1);
  assert_true(tg_breaker_reached(&s, &conf, &t));
  assert_int_equal(t.rows, 2000);
  assert_int_equal(t.rejected, 100);
}

static void rows_leave_the_window_as_time_goes_on(void **state)
{
  (void)state;
  struct tg_breaker_share s = {0};
  count(&s, now, now, 1000, 500);
  count(&s, now + 290 * SEC, now + 290 * SEC, 10, 0);
  assert_true(reached(&s));
  count(&s, now + 300 * SEC, now + 300 * SEC, 2000, 0);
  assert_false(reached(&s));
  count(&s, now + 9000 * SEC, now + 9000 * SEC, 1000, 49);
  assert_false(reached(&s));
  count(&s, now + 9000 * SEC, now + 9000 * SEC, 0, 1);
  assert_true(reached(&s));
}

static void old_rows_count_where_the_window_begins(void **state)
{
  (void)state;
  struct tg_breaker_share s = {0};
  count(&s, now, now, 1, 0);
  count(&s, now - 86400 * SEC, now, 2000, 2000);
  count(&s, -1, now, 0, 0);
  assert_true(reached(&s));
  count(&s, now + 5 * SEC, now + 5 * SEC, 1000, 0);
  assert_false(reached(&s));
}

static void a_clock_that_is_ahead_hides_nothing(void **state)
{
  (void)state;
  struct tg_breaker_share s = {0};
  count(&s, INT64_MAX, now, 1, 0);
  count(&s, now, now, 1000, 100);
  assert_true(reached(&s));
}

static void a_share_of_nothing_is_never_reached(void **state)
{
  (void)state;
  struct tg_breaker_share s = {0};
  struct tg_breaker_conf off = conf;
  struct tg_breaker_tally t;
  off.quarantine_percent = 0;
  count(&s, now, now, 5000, 5000);
  assert_false(tg_breaker_reached(&s, &off, &t));
}

static bool jumped(uint64_t rows_before, uint64_t before, uint64_t rows, uint64_t rejected)
{
  const struct tg_breaker_tally was = {rows_before, before}, is = {rows, rejected};
  return tg_breaker_jumped(&was, &is, 50);
}

static void only_a_jump_of_enough_rows_is_one(void **state)
{
  (void)state;
  assert_true(jumped(1000, 0, 100, 51));
  assert_false(jumped(1000, 0, 100, 50));
  assert_false(jumped(1000, 0, 99, 99));
  assert_false(jumped(99, 0, 1000, 1000));
  assert_false(jumped(100, 40, 1000, 900));
  assert_true(jumped(100, 40, 1000, 901));
  assert_false(jumped(100, 100, 1000, 0));
  const struct tg_breaker_tally none = {1000, 0}, all = {1000, 1000};
  assert_false(tg_breaker_jumped(&none, &all, 0));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_event_in_every_state_goes_where_it_should),
      cmocka_unit_test(time_alone_never_leaves_open),
      cmocka_unit_test(a_refreshed_lookup_waits_for_the_cool_down),
      cmocka_unit_test(the_cool_down_doubles_with_each_failed_probe_up_to_its_most),
      cmocka_unit_test(a_change_does_not_outlive_the_probe_that_it_caused),
      cmocka_unit_test(closing_forgets_the_cool_down),
      cmocka_unit_test(failures_while_it_is_open_are_only_counted),
      cmocka_unit_test(a_hold_ends_by_itself_where_it_began),
      cmocka_unit_test(a_hold_without_an_end_lasts),
      cmocka_unit_test(a_probe_that_was_held_is_begun_again),
      cmocka_unit_test(what_fails_under_a_hold_is_open_once_it_is_over),
      cmocka_unit_test(an_operator_goes_before_his_hold),
      cmocka_unit_test(a_second_hold_only_sets_its_end),
      cmocka_unit_test(what_means_nothing_is_told),
      cmocka_unit_test(names_are_read_back),
      cmocka_unit_test(the_share_counts_from_enough_rows_on),
      cmocka_unit_test(five_in_a_hundred_is_reached_and_less_is_not),
      cmocka_unit_test(rows_leave_the_window_as_time_goes_on),
      cmocka_unit_test(only_a_jump_of_enough_rows_is_one),
      cmocka_unit_test(old_rows_count_where_the_window_begins),
      cmocka_unit_test(a_clock_that_is_ahead_hides_nothing),
      cmocka_unit_test(a_share_of_nothing_is_never_reached),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
