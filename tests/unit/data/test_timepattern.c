/* Patterns of times: weeks both ways (expected texts: Python's strftime), strictness, refusals. */
#include "core/data/timeparse.h"
#include "core/data/timepattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
  const char *date, *shown;
} days[] = {
    {"2026-01-01", "2026-W01-4 00 00 4 001"}, {"2020-12-31", "2020-W53-4 52 52 4 366"},
    {"2021-01-03", "2020-W53-7 01 00 0 003"}, {"2021-01-04", "2021-W01-1 01 01 1 004"},
    {"2024-12-30", "2025-W01-1 52 53 1 365"}, {"2023-01-01", "2022-W52-7 01 00 0 001"},
    {"2022-01-02", "2021-W52-7 01 00 0 002"}, {"2026-11-22", "2026-W47-7 47 46 0 326"},
    {"2000-02-29", "2000-W09-2 09 09 2 060"}, {"1999-12-31", "1999-W52-5 52 52 5 365"},
};
enum { DAYS = sizeof days / sizeof *days };

static void weeks_are_shown_as_strftime_does(void **state)
{
  char out[TG_TIMEPATTERN_SIZE + 1];
  (void)state;
  for (int i = 0; i < DAYS; i++) {
    int64_t us = 0;
    assert_null(tg_timeparse_timestamptz(tg_text(days[i].date), 0, &us));
    out[tg_timepattern_show(tg_text("%G-W%V-%u %U %W %w %j"), us, out)] = '\0';
    assert_string_equal(out, days[i].shown);
  }
}

static void expect(const char *pattern, const char *text, const char *date)
{
  int64_t us = 0, want = 0;
  bool got = tg_timepattern_parse(tg_text(pattern), tg_text(text), 0, &us);
  if (date) assert_null(tg_timeparse_timestamptz(tg_text(date), 0, &want));
  if (got != (date != NULL) || us != want)
    fail_msg("%s: '%s' is not %s", pattern, text, date ? date : "a fault");
}

static void weeks_and_weekdays_make_a_day(void **state)
{
  (void)state;
  for (int i = 0; i < DAYS; i++) {
    char iso[11];
    memcpy(iso, days[i].shown, 10);
    iso[10] = '\0';
    expect("%G-W%V-%u", iso, days[i].date);
  }
  expect("%Y %U %w", "2026 00 4", "2026-01-01");
  expect("%Y %U %w", "2026 01 0", "2026-01-04");
  expect("%Y %W %a", "2026 01 Mon", "2026-01-05");
  expect("%Y %W %A", "2026 00 Sunday", "2026-01-04");
  expect("%Y-%m-%d %W", "2026-03-01 20", "2026-03-01");
}

static void what_is_out_of_range_is_refused(void **state)
{
  (void)state;
  expect("%G-W%V-%u", "2026-W54-1", NULL);
  expect("%G-W%V-%u", "2021-W53-1", NULL);
  expect("%G-W%V-%u", "2026-W00-1", NULL);
  expect("%Y %U %w", "2026 53 0", NULL);
  expect("%w", "7", NULL);
  expect("%Y-%m-%d", "99-01-01", NULL);
  expect("%Y-%m-%d", "2026-04-31", NULL);
  expect("%Y-%m-%d", "2026-1-2", "2026-01-02");
  expect("%Y %Z", "2026 UTC", "2026-01-01");
  expect("%Y %Z", "2026 CET", NULL);
}

static void iso_dates_are_whole(void **state)
{
  (void)state;
  assert_true(tg_timepattern_ok(tg_text("%G %V %a")));
  assert_false(tg_timepattern_ok(tg_text("%G %V")));
  assert_false(tg_timepattern_ok(tg_text("%G-%m")));
  assert_false(tg_timepattern_ok(tg_text("%Y %V %u")));
  assert_false(tg_timepattern_ok(tg_text("%D")));
  assert_false(tg_timepattern_ok(tg_text("%T")));
  assert_false(tg_timepattern_ok(tg_text("%")));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(weeks_are_shown_as_strftime_does),
      cmocka_unit_test(weeks_and_weekdays_make_a_day),
      cmocka_unit_test(what_is_out_of_range_is_refused),
      cmocka_unit_test(iso_dates_are_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
