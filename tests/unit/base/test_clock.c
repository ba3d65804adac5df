/* Clocks go forward, and times are shown as people and programs read them. */
#include "core/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_shown(int64_t us, const char *want)
{
  char text[32];
  assert_ptr_equal(tg_clock_text(us, text), text);
  assert_string_equal(text, want);
}

static void times_are_shown_in_utc_with_milliseconds(void **state)
{
  (void)state;
  assert_shown(0, "1970-01-01T00:00:00.000Z");
  assert_shown(1700000000000000, "2023-11-14T22:13:20.000Z");
  assert_shown(1709210096789999, "2024-02-29T12:34:56.789Z");
}

static void times_before_1970_are_shown_too(void **state)
{
  (void)state;
  assert_shown(-1, "1969-12-31T23:59:59.999Z");
  assert_shown(-TG_SEC, "1969-12-31T23:59:59.000Z");
  assert_shown(-TG_SEC - TG_MS, "1969-12-31T23:59:58.999Z");
}

static void durations_never_go_back(void **state)
{
  (void)state;
  int64_t before = tg_clock_mono_us();
  for (int i = 0; i < 10000; i++) {
    int64_t now = tg_clock_mono_us();
    assert_true(now >= before);
    before = now;
  }
}

static void cpu_time_of_a_thread_is_part_of_the_process(void **state)
{
  (void)state;
  int64_t process = tg_clock_process_us(), thread = tg_clock_thread_us();
  while (tg_clock_thread_us() - thread < 2 * TG_MS) continue;
  assert_true(tg_clock_process_us() - process >= 2 * TG_MS);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(times_are_shown_in_utc_with_milliseconds),
      cmocka_unit_test(times_before_1970_are_shown_too),
      cmocka_unit_test(durations_never_go_back),
      cmocka_unit_test(cpu_time_of_a_thread_is_part_of_the_process),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
