/* Times as text: forms, rounding, ranges, and the reasons of refusals. */
#include "core/data/timeparse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define LENGTH(a)   (sizeof(a) / sizeof *(a))
#define T2026       INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */
#define HOUR        INT64_C(3600000000)
#define MINUTE      INT64_C(60000000)
#define SECOND      INT64_C(1000000)
#define NO_STAMP    "is not a timestamp such as 2026-01-31T12:30:00Z"
#define NO_DATE     "is not a date such as 2026-01-31"
#define NO_TIME     "is not a time such as 12:30:00"
#define NO_DAY      "is a date that does not exist"
#define NO_YEAR     "has a year outside 0001 to 9999"
#define NO_CLOCK    "has a time of day that does not exist"
#define NO_OFFSET   "has an offset from UTC that is none of Z, +hh:mm, +hhmm, +hh"
#define NO_FRACTION "has more than 9 fractional digits of a second"
#define NO_SPAN     "is not an interval such as P1DT2H or '1 day 02:00:00'"
#define NO_RANGE    "is an interval beyond PostgreSQL's range"
#define NO_PART     "has a fraction: only seconds may have one, of at most 9 digits"

struct stamp_case {
  const char *text;
  int64_t want;
  const char *why;
};

static void check(const char *text, const char *got_why, int64_t got, const char *why, int64_t want)
{
  if (why && (!got_why || strcmp(got_why, why) != 0))
    fail_msg("'%s' %s, not: %s", text, got_why, why);
  if (!why && got_why) fail_msg("'%s' %s", text, got_why);
  if (!why && got != want) fail_msg("'%s': %lld, not %lld", text, (long long)got, (long long)want);
}

static const struct stamp_case timestamps_with_offset_are_instants_cases[] = {
    {"2026-01-01T00:00:00Z", T2026, NULL},
    {"2026-01-01t00:00:00z", T2026, NULL},
    {"2026-01-01 00:00:00Z", T2026, NULL},
    {"2026-01-01 00:00:00+00", T2026, NULL},
    {"2026-01-01 00:00:00 +00:00", T2026, NULL},
    {"2026-01-01T00:00:00-00:00", T2026, NULL},
    {"2026-01-01T02:00:00+02:00", T2026, NULL},
    {"2026-01-01T02:00:00+0200", T2026, NULL},
    {"2026-01-01T02:00:00+02", T2026, NULL},
    {"2025-12-31T18:30:00-05:30", T2026, NULL},
    {"20260101T000000Z", T2026, NULL},
    {"20260101T020000+0200", T2026, NULL},
    {"20260101T0000Z", T2026, NULL},
    {"2026-01-01T00:00Z", T2026, NULL},
    {"2025-12-31T24:00:00Z", T2026, NULL},
    {"2025-12-31T23:59:60Z", T2026, NULL},
    {"2026-01-01T00:00:00.5Z", T2026 + 500000, NULL},
    {"2026-01-01T00:00:00,5Z", T2026 + 500000, NULL},
    {"2026-01-01T00:00:00.003Z", T2026 + 3000, NULL},
    {"2026-01-01T00:00:00.123456Z", T2026 + 123456, NULL},
    {"2026-01-01T00:00:00.1234564Z", T2026 + 123456, NULL},
    {"2026-01-01T00:00:00.123456789Z", T2026 + 123457, NULL},
    {"2026-01-01T00:00:00.9999999Z", T2026 + SECOND, NULL},
    {"2026-01-01T00:00:00.0000005Z", T2026, NULL},
    {"2026-01-01T00:00:00.0000015Z", T2026 + 2, NULL},
    {"2026-01-01T00:00:00.000000500Z", T2026, NULL},
    {"1970-01-01T00:00:00Z", 0, NULL},
    {"1969-12-31T23:59:59.999999Z", -1, NULL},
    {"2000-02-29T00:00:00Z", INT64_C(951782400000000), NULL},
    {"0001-01-01T00:00:00Z", TG_TIME_MIN_US, NULL},
    {"9999-12-31T23:59:59.999999Z", TG_TIME_LIMIT_US - 1, NULL},
    {"2026-01-01", T2026, NULL},
    {"20260101", T2026, NULL},
    {"9999-12-31T23:59:59.9999999Z", 0, NO_YEAR},
    {"0001-01-01T00:00:00+01:00", 0, NO_YEAR},
    {"9999-12-31T23:00:00-01:00", 0, NO_YEAR},
    {"99999-01-01T00:00:00Z", 0, NO_YEAR},
    {"123456-01-01", 0, NO_YEAR},
    {"0000-01-01T00:00:00Z", 0, NO_YEAR},
    {"2026-02-29T00:00:00Z", 0, NO_DAY},
    {"1900-02-29", 0, NO_DAY},
    {"2026-13-01", 0, NO_DAY},
    {"2026-00-01", 0, NO_DAY},
    {"2026-01-00", 0, NO_DAY},
    {"2026-01-32", 0, NO_DAY},
    {"2026-04-31", 0, NO_DAY},
    {"2026-01-01T25:00:00Z", 0, NO_CLOCK},
    {"2026-01-01T24:00:01Z", 0, NO_CLOCK},
    {"2026-01-01T12:60:00Z", 0, NO_CLOCK},
    {"2026-01-01T12:00:61Z", 0, NO_CLOCK},
    {"2026-01-01T12:00:0Z", 0, NO_CLOCK},
    {"2026-01-01T12:00:00.Z", 0, NO_CLOCK},
    {"2026-01-01T12:00:00.1234567891Z", 0, NO_FRACTION},
    {"2026-01-01T12:00:00+16:00", 0, NO_OFFSET},
    {"2026-01-01T12:00:00+02:60", 0, NO_OFFSET},
    {"2026-01-01T12:00:00+2", 0, NO_OFFSET},
    {"2026-01-01T12:00:00+02:", 0, NO_OFFSET},
    {"2026-01-01T12:00:00 CET", 0, NO_STAMP},
    {"2026-01-01T12:00:00Zx", 0, NO_STAMP},
    {"2026-01-01T12:00:00+02:00:00", 0, NO_STAMP},
    {"2026-01-01T", 0, NO_STAMP},
    {"2026-01-01T12", 0, NO_STAMP},
    {"2026-01-01  12:00:00", 0, NO_STAMP},
    {" 2026-01-01", 0, NO_STAMP},
    {"2026-01-01 ", 0, NO_STAMP},
    {"2026-1-1", 0, NO_STAMP},
    {"2026/01/01", 0, NO_STAMP},
    {"202601", 0, NO_STAMP},
    {"01.02.2026", 0, NO_STAMP},
    {"1767225600", 0, NO_STAMP},
    {"now", 0, NO_STAMP},
    {"infinity", 0, NO_STAMP},
    {"", 0, NO_STAMP},
    {"-2026-01-01", 0, NO_STAMP},
};

static void timestamps_with_offset_are_instants(void **state)
{
  (void)state;
  for (size_t i = 0; i < LENGTH(timestamps_with_offset_are_instants_cases); i++) {
    int64_t us = 0;
    const char *why = tg_timeparse_timestamptz(
        tg_text(timestamps_with_offset_are_instants_cases[i].text), 0, &us);
    check(timestamps_with_offset_are_instants_cases[i].text, why, us,
          timestamps_with_offset_are_instants_cases[i].why,
          timestamps_with_offset_are_instants_cases[i].want);
  }
}

static void missing_offset_is_the_zone_given(void **state)
{
  (void)state;
  int64_t us;
  assert_null(tg_timeparse_timestamptz(tg_text("2026-01-01T02:00:00"), 7200, &us));
  assert_int_equal(us, T2026);
  assert_null(tg_timeparse_timestamptz(tg_text("2026-01-01T00:00:00Z"), 7200, &us));
  assert_int_equal(us, T2026);
  assert_null(tg_timeparse_timestamptz(tg_text("2026-01-01"), -3600, &us));
  assert_int_equal(us, T2026 + HOUR);
}

static const struct stamp_case timestamps_without_zone_keep_what_is_written_cases[] = {
    {"2026-01-01T00:00:00", T2026, NULL},
    {"2026-01-01T00:00:00+02:00", T2026, NULL},
    {"2026-01-01T00:00:00Z", T2026, NULL},
    {"9999-12-31T23:59:59.999999", TG_TIME_LIMIT_US - 1, NULL},
    {"9999-12-31T24:00:00", 0, NO_YEAR},
    {"2026-01-01T00:00:00+99", 0, NO_OFFSET},
};

static void timestamps_without_zone_keep_what_is_written(void **state)
{
  (void)state;
  for (size_t i = 0; i < LENGTH(timestamps_without_zone_keep_what_is_written_cases); i++) {
    int64_t us = 0;
    const char *why = tg_timeparse_timestamp(
        tg_text(timestamps_without_zone_keep_what_is_written_cases[i].text), &us);
    check(timestamps_without_zone_keep_what_is_written_cases[i].text, why, us,
          timestamps_without_zone_keep_what_is_written_cases[i].why,
          timestamps_without_zone_keep_what_is_written_cases[i].want);
  }
}

static const struct stamp_case dates_are_days_cases[] = {
    {"1970-01-01", 0, NULL},
    {"1969-12-31", -1, NULL},
    {"2026-01-01", 20454, NULL},
    {"20260101", 20454, NULL},
    {"2026-01-01T23:59:59-12:00", 20454, NULL},
    {"0001-01-01", -719162, NULL},
    {"9999-12-31", 2932896, NULL},
    {"2026-01-01T99:00", 0, NO_CLOCK},
    {"20261", 0, NO_DATE},
    {"12:00", 0, NO_DATE},
    {"10000-01-01", 0, NO_YEAR},
    {"2023-02-29", 0, NO_DAY},
};

static void dates_are_days(void **state)
{
  (void)state;
  for (size_t i = 0; i < LENGTH(dates_are_days_cases); i++) {
    int64_t days = 0;
    const char *why = tg_timeparse_date(tg_text(dates_are_days_cases[i].text), &days);
    check(dates_are_days_cases[i].text, why, days, dates_are_days_cases[i].why,
          dates_are_days_cases[i].want);
  }
}

static const struct stamp_case times_are_microseconds_of_the_day_cases[] = {
    {"00:00", 0, NULL},
    {"12:30", 12 * HOUR + 30 * MINUTE, NULL},
    {"1230", 12 * HOUR + 30 * MINUTE, NULL},
    {"12:30:15.25", 12 * HOUR + 30 * MINUTE + 15 * SECOND + 250000, NULL},
    {"123015", 12 * HOUR + 30 * MINUTE + 15 * SECOND, NULL},
    {"23:59:59.999999", 24 * HOUR - 1, NULL},
    {"23:59:60", 24 * HOUR, NULL},
    {"24:00:00", 24 * HOUR, NULL},
    {"12:00:00+02", 12 * HOUR, NULL},
    {"12:00:00Z", 12 * HOUR, NULL},
    {"24:00:00.000001", 0, NO_CLOCK},
    {"23:59:60.5", 0, NO_CLOCK},
    {"25:00", 0, NO_CLOCK},
    {"12:60", 0, NO_CLOCK},
    {"12", 0, NO_TIME},
    {"1:30", 0, NO_TIME},
    {"12:3", 0, NO_TIME},
    {"noon", 0, NO_TIME},
    {"12:30 PM", 0, NO_TIME},
    {"", 0, NO_TIME},
};

static void times_are_microseconds_of_the_day(void **state)
{
  (void)state;
  for (size_t i = 0; i < LENGTH(times_are_microseconds_of_the_day_cases); i++) {
    int64_t us = 0;
    const char *why =
        tg_timeparse_time(tg_text(times_are_microseconds_of_the_day_cases[i].text), &us);
    check(times_are_microseconds_of_the_day_cases[i].text, why, us,
          times_are_microseconds_of_the_day_cases[i].why,
          times_are_microseconds_of_the_day_cases[i].want);
  }
}

static void intervals_have_months_days_and_microseconds(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    int32_t months, days;
    int64_t us;
    const char *why;
  } cases[] = {
      {"P1Y2M3DT4H5M6.5S", 14, 3, 4 * HOUR + 5 * MINUTE + 6500000, NULL},
      {"P2W", 0, 14, 0, NULL},
      {"PT0S", 0, 0, 0, NULL},
      {"P-1DT-2H", 0, -1, -2 * HOUR, NULL},
      {"PT36H", 0, 0, 36 * HOUR, NULL},
      {"PT-0.5S", 0, 0, -500000, NULL},
      {"1 day 02:00:00", 0, 1, 2 * HOUR, NULL},
      {"-1 days +02:03:00", 0, -1, 2 * HOUR + 3 * MINUTE, NULL},
      {"1 year 2 mons 3 days -04:05:06.7", 14, 3, -(4 * HOUR + 5 * MINUTE + 6700000), NULL},
      {"02:00", 0, 0, 2 * HOUR, NULL},
      {"-00:00:01", 0, 0, -SECOND, NULL},
      {"100:00:00", 0, 0, 100 * HOUR, NULL},
      {"90 min", 0, 0, 90 * MINUTE, NULL},
      {"2h", 0, 0, 2 * HOUR, NULL},
      {"1.5 seconds", 0, 0, 1500000, NULL},
      {"3 WEEKS", 0, 21, 0, NULL},
      {"5 ms", 0, 0, 5000, NULL},
      {"7 us", 0, 0, 7, NULL},
      {"2147483647 mons", INT32_MAX, 0, 0, NULL},
      {"2147483648 mons", 0, 0, 0, NO_RANGE},
      {"178956971 years", 0, 0, 0, NO_RANGE},
      {"9999999999 days", 0, 0, 0, NO_RANGE},
      {"9999999999999 h", 0, 0, 0, NO_RANGE},
      {"PT99999999999999999999S", 0, 0, 0, NO_RANGE},
      {"P0.5D", 0, 0, 0, NO_PART},
      {"1.5 days", 0, 0, 0, NO_PART},
      {"PT1.1234567890S", 0, 0, 0, NO_PART},
      {"P", 0, 0, 0, NO_SPAN},
      {"PT", 0, 0, 0, NO_SPAN},
      {"P1DT", 0, 0, 0, NO_SPAN},
      {"P1", 0, 0, 0, NO_SPAN},
      {"P1D2Y", 0, 0, 0, NO_SPAN},
      {"P1DT1H1H", 0, 0, 0, NO_SPAN},
      {"PT1D", 0, 0, 0, NO_SPAN},
      {"P1DT2HT3M", 0, 0, 0, NO_SPAN},
      {"10", 0, 0, 0, NO_SPAN},
      {"1 fortnight", 0, 0, 0, NO_SPAN},
      {"day", 0, 0, 0, NO_SPAN},
      {"02:99", 0, 0, 0, NO_SPAN},
      {"02:00:75", 0, 0, 0, NO_SPAN},
      {"02:-1", 0, 0, 0, NO_SPAN},
      {"1 day x", 0, 0, 0, NO_SPAN},
      {" 1 day", 0, 0, 0, NO_SPAN},
      {"", 0, 0, 0, NO_SPAN},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct tg_span s = {0};
    const char *why = tg_timeparse_interval(tg_text(cases[i].text), &s);
    check(cases[i].text, why, s.us, cases[i].why, cases[i].us);
    if (!why && (s.days != cases[i].days || s.months != cases[i].months))
      fail_msg("'%s': %d months %d days", cases[i].text, s.months, s.days);
  }
}

/* With the byte at `at` changed: the usual form has a way of its own, 'z' in place of 'Z' goes the
 * other one. */
static void check_both_ways(const char *usual, size_t at, char byte)
{
  char text[40], other[40];
  size_t len = (size_t)snprintf(text, sizeof text, "%s", usual);
  text[at] = byte;
  memcpy(other, text, sizeof other), other[len - 1] = 'z';
  int64_t got = 0, want = 0;
  const char *got_why = tg_timeparse_timestamptz(tg_text_of(text, len), 3600, &got);
  const char *want_why = tg_timeparse_timestamptz(tg_text_of(other, len), 3600, &want);
  check(text, got_why, got, want_why, want);
}

static void usual_form_means_what_the_others_mean(void **state)
{
  (void)state;
  static const char *const texts[] = {"2026-02-28T12:30:45.123456Z", "2024-02-29T23:59:59.9Z",
                                      "0001-01-01T00:00:00Z", "2026-10-31T09:08:07.060Z"};
  for (size_t t = 0; t < LENGTH(texts); t++)
    for (size_t at = 0; at < strlen(texts[t]) - 1; at++)
      for (int byte = 0; byte < 256; byte++) check_both_ways(texts[t], at, (char)byte);
}

static void every_day_of_two_centuries_follows_the_one_before(void **state)
{
  (void)state;
  static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t day = tg_timeparse_days(1899, 12, 31);
  for (int year = 1900; year < 2101; year++)
    for (unsigned month = 1; month <= 12; month++) {
      bool leap = month == 2 && year % 4 == 0 && (year % 100 || year == 2000);
      for (unsigned d = 1; d <= lengths[month - 1] + leap; d++)
        assert_int_equal(tg_timeparse_days(year, month, d), ++day);
    }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(timestamps_with_offset_are_instants),
      cmocka_unit_test(missing_offset_is_the_zone_given),
      cmocka_unit_test(timestamps_without_zone_keep_what_is_written),
      cmocka_unit_test(dates_are_days),
      cmocka_unit_test(times_are_microseconds_of_the_day),
      cmocka_unit_test(intervals_have_months_days_and_microseconds),
      cmocka_unit_test(every_day_of_two_centuries_follows_the_one_before),
      cmocka_unit_test(usual_form_means_what_the_others_mean),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
