/* Where a reader stands in a log: ahead of retention, behind open transactions. */
#include "core/flow/logstand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void the_lead_is_what_retention_may_still_take(void **state)
{
  (void)state;
  assert_int_equal(tg_logstand_lead(&(struct tg_logstand){10, 25, 40, 40}), 15);
  assert_int_equal(tg_logstand_lead(&(struct tg_logstand){10, 10, 40, 40}), 0);
  assert_int_equal(tg_logstand_lead(&(struct tg_logstand){30, 25, 40, 40}), -5); /* deleted */
}

static void the_unread_share_is_of_what_the_log_still_has(void **state)
{
  (void)state;
  assert_float_equal(tg_logstand_unread(&(struct tg_logstand){10, 40, 50, 50}), 0.25, 1e-6);
  assert_float_equal(tg_logstand_unread(&(struct tg_logstand){10, 10, 50, 50}), 1, 0);
  assert_float_equal(tg_logstand_unread(&(struct tg_logstand){10, 50, 50, 50}), 0, 0);
  /* what is held back is unread too */
  assert_float_equal(tg_logstand_unread(&(struct tg_logstand){0, 50, 50, 100}), 0.5, 1e-6);
}

static void a_log_without_records_is_read_unless_they_were_deleted_unread(void **state)
{
  (void)state;
  assert_float_equal(tg_logstand_unread(&(struct tg_logstand){0, 0, 0, 0}), 0, 0);
  assert_float_equal(tg_logstand_unread(&(struct tg_logstand){50, 50, 50, 50}), 0, 0);
  assert_float_equal(tg_logstand_unread(&(struct tg_logstand){50, 20, 50, 50}), 1, 0);
  assert_float_equal(tg_logstand_unread(&(struct tg_logstand){30, 20, 50, 50}), 1, 0);
  /* truncated below the reader: no negative share */
  assert_float_equal(tg_logstand_unread(&(struct tg_logstand){0, 60, 50, 50}), 0, 0);
}

static void an_old_high_watermark_holds_nothing_back(void **state)
{
  (void)state;
  assert_int_equal(tg_logstand_behind(&(struct tg_logstand){0, 20, 50, 80}), 30);
  assert_int_equal(tg_logstand_behind(&(struct tg_logstand){0, 20, 50, 50}), 0);
  assert_int_equal(tg_logstand_behind(&(struct tg_logstand){0, 20, 50, 40}), 0);
  assert_int_equal(tg_logstand_behind(&(struct tg_logstand){0, 20, 50, -1}), 0); /* not known */
  assert_float_equal(tg_logstand_unread(&(struct tg_logstand){0, 25, 50, -1}), 0.5, 1e-6);
}

static int64_t look(struct tg_stall *stall, int64_t stable, int64_t high, int64_t now_us)
{
  return tg_stall_us(stall, &(struct tg_logstand){0, 0, stable, high}, now_us);
}

static void a_stall_lasts_from_the_first_look_until_it_moves(void **state)
{
  (void)state;
  struct tg_stall s = {0};
  assert_int_equal(look(&s, 0, 10, 1000), 0); /* at 0, where a new one is, too */
  assert_int_equal(look(&s, 0, 10, 1500), 500);
  assert_int_equal(look(&s, 0, 90, 3000), 2000);
  assert_int_equal(look(&s, 40, 90, 4000), 0); /* the next open transaction */
  assert_int_equal(look(&s, 40, 90, 4700), 700);
}

static void nothing_held_back_is_no_stall_however_long_it_lasts(void **state)
{
  (void)state;
  struct tg_stall s = {0};
  assert_int_equal(look(&s, 50, 50, 1000), 0);
  assert_int_equal(look(&s, 50, 50, 900000), 0);
  assert_int_equal(look(&s, 50, 60, 900100), 0); /* it begins here, not at the first look */
  assert_int_equal(look(&s, 50, 60, 900300), 200);
  assert_int_equal(look(&s, 60, 60, 900400), 0);
  assert_int_equal(look(&s, 60, 60, 990000), 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_lead_is_what_retention_may_still_take),
      cmocka_unit_test(the_unread_share_is_of_what_the_log_still_has),
      cmocka_unit_test(a_log_without_records_is_read_unless_they_were_deleted_unread),
      cmocka_unit_test(an_old_high_watermark_holds_nothing_back),
      cmocka_unit_test(a_stall_lasts_from_the_first_look_until_it_moves),
      cmocka_unit_test(nothing_held_back_is_no_stall_however_long_it_lasts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
