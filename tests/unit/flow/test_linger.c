/* When a load is due: soon after a pause, once a second in a trickle. */
#include "core/flow/linger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MS = 1000, LINGER = 50 * MS };

static void a_load_after_a_pause_waits_for_its_linger_only(void **state)
{
  (void)state;
  const int64_t opened = 90000 * MS;
  assert_int_equal(tg_linger_due_us(1, opened, LINGER, 0), opened + LINGER); /* the first of all */
  assert_int_equal(tg_linger_due_us(1, opened, LINGER, opened - 5000 * MS), opened + LINGER);
}

static void small_loads_are_a_second_apart(void **state)
{
  (void)state;
  const int64_t before = 90000 * MS, due = before + 1000 * MS;
  assert_int_equal(tg_linger_due_us(1, before + 1, LINGER, before), due);
  assert_int_equal(tg_linger_due_us(TG_LINGER_ROWS - 1, before + 1, LINGER, before), due);
  assert_int_equal(tg_linger_due_us(1, before + 980 * MS, LINGER, before), before + 1030 * MS);
}

static void a_worthy_load_waits_for_nothing_but_its_linger(void **state)
{
  (void)state;
  const int64_t before = 90000 * MS;
  assert_int_equal(tg_linger_due_us(TG_LINGER_ROWS, before + 1, LINGER, before),
                   before + 1 + LINGER);
}

static void a_longer_linger_holds_for_few_rows_too(void **state)
{
  (void)state;
  const int64_t before = 90000 * MS;
  assert_int_equal(tg_linger_due_us(1, before + 1, 7000 * MS, before), before + 1 + 7000 * MS);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_load_after_a_pause_waits_for_its_linger_only),
      cmocka_unit_test(small_loads_are_a_second_apart),
      cmocka_unit_test(a_worthy_load_waits_for_nothing_but_its_linger),
      cmocka_unit_test(a_longer_linger_holds_for_few_rows_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
