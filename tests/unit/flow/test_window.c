/* Windows of Kafka time: where they begin, when they are over. */
#include "core/flow/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { SIZE = 60, IDLE = 300 };

static void a_window_begins_at_or_before_its_time(void **state)
{
  (void)state;
  static const int64_t cases[][2] = {{0, 0},    {59, 0},    {60, 60},   {61, 60},
                                     {-1, -60}, {-60, -60}, {-61, -120}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_int_equal(tg_window_start(cases[i][0], SIZE), cases[i][1]);
}

static void a_window_is_over_once_the_watermark_is_at_its_end(void **state)
{
  (void)state;
  assert_true(tg_window_over(0, SIZE, 60));
  assert_false(tg_window_over(0, SIZE, 59));
  assert_false(tg_window_over(0, SIZE, TG_WINDOW_NONE));
}

static void the_slowest_partition_that_moves_decides(void **state)
{
  (void)state;
  const struct tg_window_part parts[] = {{500, 990}, {400, 980}, {100, 100}};
  assert_int_equal(tg_window_watermark(parts, 3, 1000, IDLE), 400);
  assert_int_equal(tg_window_watermark(parts, 3, 1000, 10000), 100); /* none is idle */
}

/* A lane has just begun to read it: what it holds may be older than what the others brought. */
static void a_partition_that_was_not_read_yet_holds_all_up_until_it_is_idle(void **state)
{
  (void)state;
  const struct tg_window_part parts[] = {{TG_WINDOW_NONE, 701}, {400, 980}};
  assert_int_equal(tg_window_watermark(parts, 2, 1000, IDLE), TG_WINDOW_NONE);
  assert_int_equal(tg_window_watermark(parts, 2, 1001, IDLE), 400);
  assert_int_equal(tg_window_watermark(parts, 1, 9999, IDLE), TG_WINDOW_NONE);
  assert_int_equal(tg_window_watermark(parts, 0, 1000, IDLE), TG_WINDOW_NONE);
}

static void a_quiet_topic_goes_on_by_the_wall_clock(void **state)
{
  (void)state;
  const struct tg_window_part parts[] = {{500, 600}, {400, 600}};
  assert_int_equal(tg_window_watermark(parts, 2, 1000, IDLE), 700);
  assert_int_equal(tg_window_watermark(parts, 2, 900, IDLE), 600);
  const struct tg_window_part ahead[] = {{5000, 600}};
  assert_int_equal(tg_window_watermark(ahead, 1, 1000, IDLE), 5000);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_window_begins_at_or_before_its_time),
      cmocka_unit_test(a_window_is_over_once_the_watermark_is_at_its_end),
      cmocka_unit_test(the_slowest_partition_that_moves_decides),
      cmocka_unit_test(a_partition_that_was_not_read_yet_holds_all_up_until_it_is_idle),
      cmocka_unit_test(a_quiet_topic_goes_on_by_the_wall_clock),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
