/* The life of alerts: pending, firing, resolved, and who was told what. */
#include "core/flow/alertbook.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)

static const struct tg_alert_policy plain = {
    .for_us = 0, .keep_us = 60 * S, .fade_us = 900 * S, .resend_us = 60 * S, .receivers = 2};
static const struct tg_alert_id rule = {.name = "TidegateRuleFailed",
                                        .severity = "warning",
                                        .topic = "orders",
                                        .rule = "between(amount)",
                                        .partition = -1,
                                        .fades = true};
static struct tg_alert list[TG_ALERTS_MAX];

static struct tg_alert_time at(int64_t seconds)
{
  return (struct tg_alert_time){seconds * S, (1000000 + seconds) * S};
}

static uint32_t due(struct tg_alertbook *b, uint32_t receiver, int64_t seconds)
{
  tg_alertbook_turn(b, at(seconds));
  return tg_alertbook_due(b, receiver, at(seconds), list, TG_ALERTS_MAX);
}

/* Tells a receiver what is due, and returns how much that was. */
static uint32_t tell(struct tg_alertbook *b, uint32_t receiver, int64_t seconds)
{
  uint32_t n = due(b, receiver, seconds);
  tg_alertbook_told(b, receiver, list, n, at(seconds));
  return n;
}

static struct tg_alertbook *book(const struct tg_alert_policy *policy)
{
  struct tg_alertbook *b = tg_alertbook_new(policy);
  assert_non_null(b);
  return b;
}

static void what_is_raised_is_told_once_and_again_after_resend(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  assert_true(tg_alertbook_raise(b, &rule, 0, "3 of 10", at(100)));
  assert_int_equal(tell(b, 0, 100), 1);
  assert_string_equal(list[0].rule, "between(amount)");
  assert_string_equal(list[0].text, "3 of 10");
  assert_int_equal(list[0].state, TG_ALERT_FIRING);
  assert_int_equal(due(b, 0, 159), 0);
  assert_int_equal(tell(b, 0, 160), 1);
  assert_int_equal(due(b, 0, 161), 0);
  tg_alertbook_free(b);
}

static void receivers_are_told_each_for_itself(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  tg_alertbook_raise(b, &rule, 0, "", at(1));
  assert_int_equal(tell(b, 0, 1), 1);
  assert_int_equal(due(b, 0, 2), 0);
  assert_int_equal(tell(b, 1, 2), 1);
  tg_alertbook_free(b);
}

static void raising_again_renews_one_alert(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  for (int i = 0; i < 5000; i++) assert_true(tg_alertbook_raise(b, &rule, 0, "again", at(i)));
  assert_int_equal(due(b, 0, 5000), 1);
  assert_int_equal(list[0].began.mono_us, 0);
  tg_alertbook_free(b);
}

static void every_label_tells_alerts_apart(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  struct tg_alert_id ids[7] = {rule, rule, rule, rule, rule, rule, rule};
  ids[1].name = "TidegateBreakerOpen", ids[2].severity = "critical", ids[3].topic = "payments";
  ids[4].rule = NULL, ids[5].owner = "team", ids[6].partition = 3;
  for (int i = 0; i < 7; i++) assert_true(tg_alertbook_raise(b, &ids[i], 0, "", at(1)));
  assert_int_equal(due(b, 0, 1), 7);
  tg_alertbook_clear(b, &ids[4], 0, at(1));
  assert_int_equal(tell(b, 0, 70), 7);
  uint32_t resolved = 0;
  for (int i = 0; i < 7; i++) resolved += list[i].state == TG_ALERT_RESOLVED;
  assert_int_equal(resolved, 1);
  tg_alertbook_free(b);
}

static void it_is_resolved_when_keep_is_over_and_then_forgotten(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  tg_alertbook_raise(b, &rule, 0, "", at(10));
  tell(b, 0, 10), tell(b, 1, 10);
  tg_alertbook_clear(b, &rule, 0, at(20));
  assert_int_equal(due(b, 0, 69), 0);
  assert_int_equal(tg_alertbook_firing(b), 1);
  assert_int_equal(tell(b, 0, 80), 1);
  assert_int_equal(list[0].state, TG_ALERT_RESOLVED);
  assert_int_equal(list[0].began.wall_us, at(10).wall_us);
  assert_int_equal(list[0].ended.wall_us, at(80).wall_us);
  assert_int_equal(due(b, 0, 300), 0); /* resolved is said once */
  assert_int_equal(tell(b, 1, 300), 1);
  assert_int_equal(due(b, 1, 301), 0);
  tg_alertbook_raise(b, &rule, 0, "", at(400));
  assert_int_equal(due(b, 0, 400), 1);
  assert_int_equal(list[0].began.mono_us, at(400).mono_us); /* a new one */
  tg_alertbook_free(b);
}

static void what_comes_and_goes_is_one_alert(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  for (int s = 0; s < 500; s += 50) {
    tg_alertbook_raise(b, &rule, 0, "", at(s));
    tg_alertbook_clear(b, &rule, 0, at(s + 1));
    tell(b, 0, s + 2);
    assert_int_equal(tg_alertbook_firing(b), 1);
  }
  assert_int_equal(tell(b, 0, 550), 1);
  assert_int_equal(list[0].state, TG_ALERT_RESOLVED);
  tg_alertbook_free(b);
}

static void it_stands_as_long_as_one_source_says_so(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  const unsigned last = TG_ALERT_SOURCES - 1;
  tg_alertbook_raise(b, &rule, 0, "", at(0));
  tg_alertbook_raise(b, &rule, last, "", at(0));
  tg_alertbook_clear(b, &rule, 0, at(1));
  tg_alertbook_clear(b, &rule, 5, at(1)); /* never said so */
  due(b, 0, 200);
  assert_int_equal(tg_alertbook_firing(b), 1);
  tg_alertbook_leave(b, "TidegateBreakerOpen", last, at(200));
  due(b, 0, 300);
  assert_int_equal(tg_alertbook_firing(b), 1);
  tg_alertbook_leave(b, rule.name, last, at(300));
  due(b, 0, 359);
  assert_int_equal(tg_alertbook_firing(b), 1);
  due(b, 0, 360);
  assert_int_equal(tg_alertbook_firing(b), 0);
  tg_alertbook_free(b);
}

static void a_verdict_that_no_other_follows_fades(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  struct tg_alert_id halt = {.name = "TidegatePartitionHalted", .severity = "critical"};
  tg_alertbook_raise(b, &rule, 0, "", at(0));
  tg_alertbook_raise(b, &halt, 0, "", at(0));
  tg_alertbook_raise(b, &rule, 0, "", at(100));
  due(b, 0, 999);
  assert_int_equal(tg_alertbook_firing(b), 2);
  due(b, 0, 1000);
  assert_int_equal(tg_alertbook_firing(b), 1); /* what stands does not fade */
  tg_alertbook_free(b);
}

static void nothing_is_told_before_for_is_over(void **state)
{
  (void)state;
  struct tg_alert_policy slow = plain;
  slow.for_us = 30 * S;
  struct tg_alertbook *b = book(&slow);
  tg_alertbook_raise(b, &rule, 0, "", at(0));
  assert_int_equal(due(b, 0, 29), 0);
  tg_alertbook_clear(b, &rule, 0, at(29));
  assert_int_equal(due(b, 0, 31), 0); /* it was over before */
  tg_alertbook_raise(b, &rule, 0, "", at(40));
  assert_int_equal(due(b, 0, 69), 0);
  assert_int_equal(due(b, 0, 70), 1);
  tg_alertbook_free(b);
}

static void a_receiver_that_was_away_hears_how_it_stands(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  tg_alertbook_raise(b, &rule, 0, "", at(0));
  tg_alertbook_clear(b, &rule, 0, at(1));
  assert_int_equal(due(b, 0, 100), 1);
  assert_int_equal(list[0].state, TG_ALERT_RESOLVED); /* only that it is over */
  assert_int_equal(due(b, 0, 999), 1);
  assert_int_equal(due(b, 0, 1000), 0); /* nor that for ever */
  tg_alertbook_free(b);
}

static void what_changes_while_it_is_told_stays_due(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  struct tg_alert sent[1];
  tg_alertbook_raise(b, &rule, 0, "", at(0));
  assert_int_equal(tg_alertbook_due(b, 0, at(0), sent, 1), 1);
  tg_alertbook_clear(b, &rule, 0, at(0));
  tg_alertbook_turn(b, at(60));
  tg_alertbook_told(b, 0, sent, 1, at(61));
  assert_int_equal(due(b, 0, 61), 1);
  assert_int_equal(list[0].state, TG_ALERT_RESOLVED);
  tg_alertbook_free(b);
}

static void a_full_book_says_so_and_keeps_what_it_has(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  struct tg_alert_id id = rule;
  for (int i = 0; i < TG_ALERTS_MAX; i++) {
    id.partition = i;
    assert_true(tg_alertbook_raise(b, &id, 0, "", at(0)));
  }
  id.partition = TG_ALERTS_MAX;
  assert_false(tg_alertbook_raise(b, &id, 0, "", at(0)));
  id.partition = 7;
  assert_true(tg_alertbook_raise(b, &id, 0, "", at(0))); /* known */
  assert_int_equal(tg_alertbook_due(b, 0, at(0), list, 64), 64);
  tg_alertbook_told(b, 0, list, 64, at(0));
  assert_int_equal(due(b, 0, 0), TG_ALERTS_MAX - 64);
  tg_alertbook_free(b);
}

static void labels_that_are_too_long_are_cut_and_still_found(void **state)
{
  (void)state;
  struct tg_alertbook *b = book(&plain);
  char name[2000];
  memset(name, 'x', sizeof name - 1);
  name[sizeof name - 1] = '\0';
  struct tg_alert_id id = {.name = "n", .severity = "s", .topic = name, .rule = name};
  id.owner = name;
  tg_alertbook_raise(b, &id, 0, name, at(0));
  tg_alertbook_raise(b, &id, 0, name, at(1));
  assert_int_equal(due(b, 0, 1), 1);
  tg_alertbook_clear(b, &id, 0, at(2));
  due(b, 0, 100);
  assert_int_equal(tg_alertbook_firing(b), 0);
  tg_alertbook_free(b);
}

static void only_what_somebody_stands_by_is_standing(void **state)
{
  (void)state;
  struct tg_alert_policy slow = plain;
  slow.for_us = 10 * S;
  struct tg_alertbook *b = book(&slow);
  struct tg_alert_id other = rule;
  other.rule = "not_null(id)";
  tg_alertbook_raise(b, &rule, 0, "", at(1));
  tg_alertbook_raise(b, &rule, 1, "", at(1));
  tg_alertbook_raise(b, &other, 0, "", at(1));
  assert_int_equal(tg_alertbook_standing(b, list, 1), 2); /* pending, and more than max */
  assert_string_equal(list[0].rule, rule.rule);
  tg_alertbook_turn(b, at(20));
  tg_alertbook_clear(b, &rule, 0, at(20));
  assert_int_equal(tg_alertbook_standing(b, list, 9), 2);
  tg_alertbook_clear(b, &rule, 1, at(20));
  assert_int_equal(tg_alertbook_standing(b, list, 9), 1); /* the other one fires on for `keep` */
  assert_string_equal(list[0].rule, other.rule);
  assert_int_equal(tg_alertbook_firing(b), 2);
  tg_alertbook_free(b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_raised_is_told_once_and_again_after_resend),
      cmocka_unit_test(receivers_are_told_each_for_itself),
      cmocka_unit_test(raising_again_renews_one_alert),
      cmocka_unit_test(every_label_tells_alerts_apart),
      cmocka_unit_test(it_is_resolved_when_keep_is_over_and_then_forgotten),
      cmocka_unit_test(what_comes_and_goes_is_one_alert),
      cmocka_unit_test(it_stands_as_long_as_one_source_says_so),
      cmocka_unit_test(a_verdict_that_no_other_follows_fades),
      cmocka_unit_test(nothing_is_told_before_for_is_over),
      cmocka_unit_test(a_receiver_that_was_away_hears_how_it_stands),
      cmocka_unit_test(what_changes_while_it_is_told_stays_due),
      cmocka_unit_test(a_full_book_says_so_and_keeps_what_it_has),
      cmocka_unit_test(labels_that_are_too_long_are_cut_and_still_found),
      cmocka_unit_test(only_what_somebody_stands_by_is_standing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
