/* What every part of the process may take. */
#include "core/app/budget.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

static const struct tg_config config = {.lanes = 2,
                                        .load_bytes = 10 * MIB,
                                        .queue_kbytes = 10 << 10,
                                        .lua_memory_bytes = 8 * MIB,
                                        .state_bytes = 100 * MIB,
                                        .lookups_bytes = 32 * MIB};

static void every_part_is_in_the_sum(void **state)
{
  (void)state;
  char line[300];
  tg_budget_print(&config, line, sizeof line);
  assert_string_equal(line, "314 MiB at most: base 24, loads 60, queues 46, scripts 16, state 100, "
                            "lookups 32, canary 36");
}

static void a_short_line_is_cut(void **state)
{
  (void)state;
  char line[12];
  tg_budget_print(&config, line, sizeof line);
  assert_string_equal(line, "314 MiB at ");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_part_is_in_the_sum),
      cmocka_unit_test(a_short_line_is_cut),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
