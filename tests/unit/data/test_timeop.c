/* Times: differences, shifts over months, truncation in zones, patterns. */
#include "columns.h"
#include "core/data/timeop.h"
#include "core/data/timeparse.h"
#include "core/data/timepattern.h"

static struct tg_arg text(const char *s)
{
  return tg_arg_text(tg_text(s));
}

static void differences_are_intervals(void **state)
{
  (void)state;
  struct tg_arg a = arg("timestamptz", "2026-01-02T03:00:00Z 2026-01-01T00:00:00Z null");
  struct tg_arg b =
      arg("timestamptz", "2026-01-01T00:00:00Z 2026-01-01T00:00:01Z 2026-01-01T00:00:01Z");
  assert_column(tg_arith(&op, TG_SUB, a, b), "P1DT3H PT-1S null");
  struct tg_arg d = arg("date", "2026-01-01 2026-01-03 2026-01-03");
  assert_column(tg_arith(&op, TG_SUB, a, d), "P1DT3H P-2D null");
  assert_refused(tg_arith(&op, TG_ADD, a, b), "cannot be calculated");
  assert_refused(tg_arith(&op, TG_MUL, a, b), "cannot be calculated");
}

static void shifts_keep_within_the_month(void **state)
{
  (void)state;
  struct tg_column *c =
      column("timestamptz", "2024-01-31T12:00:00Z 2026-12-31T00:00:00Z 2026-03-31T00:00:00Z null");
  assert_column(tg_time_add(&op, c, tg_text("1 month")),
                "2024-02-29T12:00:00Z 2027-01-31T00:00:00Z 2026-04-30T00:00:00Z null");
  assert_column(tg_time_add(&op, c, tg_text("-1 month")),
                "2023-12-31T12:00:00Z 2026-11-30T00:00:00Z 2026-02-28T00:00:00Z null");
  assert_column(tg_time_add(&op, c, tg_text("1d2h")),
                "2024-02-01T14:00:00Z 2027-01-01T02:00:00Z 2026-04-01T02:00:00Z null");
  assert_column(tg_arith(&op, TG_SUB, tg_arg_column(c), text("1 year")),
                "2023-01-31T12:00:00Z 2025-12-31T00:00:00Z 2025-03-31T00:00:00Z null");
  assert_refused(tg_time_add(&op, c, tg_text("soon")), "'soon' is no interval");
  assert_refused(tg_time_add(&op, column("text", "a"), tg_text("1h")), "add needs a timestamp");
}

static void leaving_the_calendar_is_a_fault(void **state)
{
  (void)state;
  struct tg_column *c =
      column("timestamptz", "9999-12-31T00:00:00Z 0001-01-01T00:00:00Z 2026-01-01T00:00:00Z");
  assert_column(tg_time_add(&op, c, tg_text("2d")),
                "!out of range 0001-01-03T00:00:00Z 2026-01-03T00:00:00Z");
  assert_column(tg_time_add(&op, c, tg_text("-2d")),
                "9999-12-29T00:00:00Z !out of range 2025-12-30T00:00:00Z");
}

static void truncation_knows_zones(void **state)
{
  (void)state;
  struct tg_column *c = column("timestamptz", "2026-05-06T23:45:12.345Z 1969-12-31T23:59:59.999Z");
  assert_column(tg_time_trunc(&op, c, tg_text("second"), tg_text("")),
                "2026-05-06T23:45:12Z 1969-12-31T23:59:59Z");
  assert_column(tg_time_trunc(&op, c, tg_text("hour"), tg_text("UTC")),
                "2026-05-06T23:00:00Z 1969-12-31T23:00:00Z");
  assert_column(tg_time_trunc(&op, c, tg_text("day"), tg_text("+02:00")),
                "2026-05-06T22:00:00Z 1969-12-31T22:00:00Z");
  assert_column(tg_time_trunc(&op, c, tg_text("week"), tg_text("")),
                "2026-05-04T00:00:00Z 1969-12-29T00:00:00Z");
  assert_column(tg_time_trunc(&op, c, tg_text("month"), tg_text("")),
                "2026-05-01T00:00:00Z 1969-12-01T00:00:00Z");
  assert_column(tg_time_trunc(&op, c, tg_text("quarter"), tg_text("")),
                "2026-04-01T00:00:00Z 1969-10-01T00:00:00Z");
  assert_column(tg_time_trunc(&op, c, tg_text("year"), tg_text("-05:30")),
                "2026-01-01T05:30:00Z 1969-01-01T05:30:00Z");
  assert_refused(tg_time_trunc(&op, c, tg_text("eon"), tg_text("")),
                 "'eon' is none of second minute");
  assert_refused(tg_time_trunc(&op, c, tg_text("day"), tg_text("Europe/Berlin")),
                 "write UTC or a fixed offset");
}

static void hours_and_weekdays_are_told(void **state)
{
  (void)state;
  struct tg_column *c = column("timestamptz", "2026-05-06T23:45:00Z 1970-01-01T00:00:00Z null");
  assert_column(tg_time_hour(&op, c, tg_text("")), "23 0 null");
  assert_column(tg_time_hour(&op, c, tg_text("+02:00")), "1 2 null");
  assert_column(tg_time_hour(&op, c, tg_text("-00:30")), "23 23 null");
  assert_column(tg_time_weekday(&op, c, tg_text("")), "3 4 null");
  assert_column(tg_time_weekday(&op, c, tg_text("+02:00")), "4 4 null");
  assert_column(tg_time_hour(&op, column("time", "13:30"), tg_text("")), "13");
}

static void age_is_since_the_event(void **state)
{
  (void)state;
  struct tg_column *c = column("timestamptz", "2026-01-01T00:00:00Z null");
  struct tg_column *since = column("timestamptz", "2026-01-01T00:01:00Z 2026-01-01T00:00:00Z");
  assert_column(tg_time_age(&op, c, since), "PT1M null");
}

static void durations_have_units(void **state)
{
  (void)state;
  struct tg_span s;
  assert_true(tg_time_duration(tg_text("1h30m"), &s));
  assert_true(s.us == INT64_C(5400000000) && s.days == 0 && s.months == 0);
  assert_true(tg_time_duration(tg_text("2 weeks 1 month -3 days"), &s));
  assert_true(s.us == 0 && s.days == 11 && s.months == 1);
  const char *const bad[] = {
      "", "h", "5", "5 parsecs", "1h,2m", "99999999999999999h", "9999999999999w", "-"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_false(tg_time_duration(tg_text(bad[i]), &s));
}

static void patterns_write_times(void **state)
{
  (void)state;
  struct tg_column *c = column("timestamptz", "2026-05-06T15:04:05.000007Z null");
  assert_column(tg_time_text(&op, c, tg_text("%d.%m.%y %I:%M %p")), "06.05.26 03:04 PM null");
  assert_column(tg_time_text(&op, c, tg_text("%A %a %B %b %j %u %f %z %%")),
                "Wednesday Wed May May 126 3 000007 +0000 % null");
  assert_column(tg_time_text(&op, c, tg_text("")), "2026-05-06T15:04:05.000007Z null");
  assert_column(tg_time_text(&op, column("date", "2026-05-06"), tg_text("")), "2026-05-06");
  assert_refused(tg_time_text(&op, c, tg_text("%Q")), "unknown directive");
  assert_refused(tg_time_text(&op, c, tg_text("%")), "unknown directive");
  char far[300] = {0};
  memset(far, 'x', sizeof far - 1);
  assert_refused(tg_time_text(&op, c, tg_text(far)), "too long");
  far[TG_TIMEPATTERN_SIZE - 16] = '\0';
  assert_int_equal(tg_time_text(&op, c, tg_text(far))->v.texts[0].len, TG_TIMEPATTERN_SIZE - 16);
}

static const struct {
  const char *pattern, *text, *expected; /* NULL: refused */
} readings[] = {
    {"%d.%m.%Y", "06.05.2026", "2026-05-06T00:00:00Z"},
    {"%d.%m.%Y", "6.5.2026", "2026-05-06T00:00:00Z"},
    {"%d.%m.%Y", "31.04.2026", NULL},
    {"%d.%m.%Y", "29.02.2025", NULL},
    {"%d.%m.%Y", "29.02.2024", "2024-02-29T00:00:00Z"},
    {"%d.%m.%Y", "06.05.2026 ", NULL},
    {"%Y-%m-%d %H:%M:%S.%f", "2026-05-06  15:04:05.5", "2026-05-06T15:04:05.5Z"},
    {"%I:%M %p", "12:30 am", "1970-01-01T00:30:00Z"},
    {"%I:%M %p", "12:30 PM", "1970-01-01T12:30:00Z"},
    {"%d %b %Y", "06 MAY 2026", "2026-05-06T00:00:00Z"},
    {"%A %d %B %y", "Wednesday 6 May 26", "2026-05-06T00:00:00Z"},
    {"%Y%j", "2026126", "2026-05-06T00:00:00Z"},
    {"%Y%j", "2026366", NULL},
    {"%Y-%m-%dT%H:%M:%S%z", "2026-05-06T15:04:05+02:00", "2026-05-06T13:04:05Z"},
    {"%Y-%m-%dT%H:%M:%S%z", "2026-05-06T15:04:05Z", "2026-05-06T15:04:05Z"},
    {"%H", "24", NULL},
    {"%H", "", NULL},
    {"x%%", "x%", "1970-01-01T00:00:00Z"},
};

static void patterns_read_whole_texts(void **state)
{
  (void)state;
  op.rows = 1;
  for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
    struct tg_column *c = tg_column_new(&arena, type_named("timestamptz"), 1, false);
    bool read =
        tg_timepattern_parse(tg_text(readings[i].pattern), tg_text(readings[i].text), 0, c->v.ints);
    if (read != (readings[i].expected != NULL))
      fail_msg("%s of %s", readings[i].pattern, readings[i].text);
    if (read) assert_column(c, readings[i].expected);
  }
}

static void days_and_their_numbers_agree(void **state)
{
  (void)state;
  for (int64_t day = -720000; day < 2932896; day += 11) {
    struct tg_day d = tg_timepattern_day(day);
    assert_int_equal(tg_timeparse_days(d.year, d.month, d.day), day);
  }
}

static void seconds_are_counted_from_1970(void **state)
{
  (void)state;
  assert_column(tg_time_seconds(&op, column("timestamptz", "1970-01-01T00:01:00.5Z null")),
                "60.5 null");
  assert_column(tg_time_seconds(&op, column("date", "1969-12-31 1970-01-02")), "-86400 86400");
  assert_column(tg_time_seconds(&op, column("interval", "PT1M P1D P1M PT0.5S null")),
                "60 86400 2592000 0.5 null");
  assert_refused(tg_time_seconds(&op, column("bigint", "1")), "bigint");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(seconds_are_counted_from_1970), T(differences_are_intervals),
      T(shifts_keep_within_the_month),  T(leaving_the_calendar_is_a_fault),
      T(truncation_knows_zones),        T(hours_and_weekdays_are_told),
      T(age_is_since_the_event),        T(durations_have_units),
      T(patterns_write_times),          T(patterns_read_whole_texts),
      T(days_and_their_numbers_agree),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
