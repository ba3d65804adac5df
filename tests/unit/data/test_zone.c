/* Time zones: the files of the tz database, both ends of summer time, hostile files. */
#include "core/data/zone.h"

#include "core/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define SEC  INT64_C(1000000)
#define MIN  (60 * SEC)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)

struct change {
  int64_t at_s;
  int east_s;
};

static void put_big(struct tg_buf *b, uint64_t v, int bytes)
{
  for (int i = bytes; i-- > 0;) tg_buf_char(b, (char)(v >> (8 * i)));
}

static void put_head(struct tg_buf *b, char version, uint32_t changes, uint32_t types)
{
  tg_buf_add(b, "TZif", 4);
  tg_buf_char(b, version);
  for (int i = 0; i < 15; i++) tg_buf_char(b, 0);
  const uint32_t counts[] = {0, 0, 0, changes, types, 4};
  for (int i = 0; i < 6; i++) put_big(b, counts[i], 4);
}

/* A file: an offset of the beginning, changes, a rule. */
static void file_of(struct tg_buf *b, int first_s, const struct change *c, uint32_t n,
                    const char *rule)
{
  tg_buf_init(b, 0);
  put_head(b, '2', 0, 1);
  put_big(b, 0, 6), tg_buf_add(b, "LMT", 4);
  put_head(b, '2', n, n + 1);
  for (uint32_t i = 0; i < n; i++) put_big(b, (uint64_t)c[i].at_s, 8);
  for (uint32_t i = 0; i < n; i++) put_big(b, i + 1, 1);
  put_big(b, (uint32_t)first_s, 4), put_big(b, 0, 2);
  for (uint32_t i = 0; i < n; i++) put_big(b, (uint32_t)c[i].east_s, 4), put_big(b, 0, 2);
  tg_buf_add(b, "LMT", 4);
  tg_buf_printf(b, "\n%s\n", rule);
}

static struct tg_arena arena;

static const struct tg_zone *zone_of(int first_s, const struct change *c, uint32_t n,
                                     const char *rule)
{
  const struct tg_zone *z = NULL;
  struct tg_err err;
  struct tg_buf b;
  file_of(&b, first_s, c, n, rule);
  if (tg_zone_read(&arena, tg_buf_view(&b), &z, &err) != TG_OK) fail_msg("%s: %s", rule, err.what);
  tg_buf_fini(&b);
  return z;
}

static int64_t east(const struct tg_zone *z, int64_t us)
{
  return (tg_zone_local(z, us) - us) / SEC;
}

/* 2026-03-29 and 2026-10-25, both at 01:00 UTC */
#define SPRING (INT64_C(1774746000) * SEC)
#define AUTUMN (INT64_C(1792890000) * SEC)

static void the_rule_holds_for_all_years(void **state)
{
  (void)state;
  const struct tg_zone *z = zone_of(0, NULL, 0, "CET-1CEST,M3.5.0,M10.5.0/3");
  assert_int_equal(east(z, SPRING - 1), 3600);
  assert_int_equal(east(z, SPRING), 7200);
  assert_int_equal(east(z, AUTUMN - 1), 7200);
  assert_int_equal(east(z, AUTUMN), 3600);
  assert_int_equal(east(z, INT64_C(1000) * 365 * DAY), 7200);  /* in May 2969 */
  assert_int_equal(east(z, INT64_C(-1500) * 365 * DAY), 3600); /* in December 471 */
}

static void a_time_that_never_comes_is_reached_when_clocks_pass_it(void **state)
{
  (void)state;
  const struct tg_zone *z = zone_of(0, NULL, 0, "CET-1CEST,M3.5.0,M10.5.0/3");
  int64_t two = SPRING + HOUR; /* 02:00 as local time: does not come */
  assert_int_equal(tg_zone_first(z, two - 1), SPRING - 1);
  assert_int_equal(tg_zone_first(z, two), SPRING);
  assert_int_equal(tg_zone_first(z, two + 30 * MIN), SPRING);
  assert_int_equal(tg_zone_first(z, two + HOUR), SPRING);
  assert_int_equal(tg_zone_first(z, two + HOUR + 1), SPRING + 1);
}

static void a_time_that_comes_twice_is_reached_the_first_time(void **state)
{
  (void)state;
  const struct tg_zone *z = zone_of(0, NULL, 0, "CET-1CEST,M3.5.0,M10.5.0/3");
  int64_t two = AUTUMN + HOUR; /* 02:00 as local time, at 00:00 and 01:00 UTC */
  assert_int_equal(tg_zone_first(z, two - 1), AUTUMN - HOUR - 1);
  assert_int_equal(tg_zone_first(z, two), AUTUMN - HOUR);
  assert_int_equal(tg_zone_first(z, two + 30 * MIN), AUTUMN - 30 * MIN);
  assert_int_equal(tg_zone_first(z, two + HOUR - 1), AUTUMN - 1);
  assert_int_equal(tg_zone_first(z, two + HOUR), AUTUMN + HOUR);
  assert_int_equal(tg_zone_local(z, AUTUMN - 30 * MIN), tg_zone_local(z, AUTUMN + 30 * MIN));
}

static void a_day_begins_when_its_midnight_comes_first(void **state)
{
  (void)state;
  const struct tg_zone *z = zone_of(0, NULL, 0, "CST5CDT,M3.2.0/0,M11.1.0/1"); /* Havana */
  int64_t spring = INT64_C(1772946000) * SEC; /* 2026-03-08 05:00 UTC: to 01:00 */
  int64_t autumn = INT64_C(1793509200) * SEC; /* 2026-11-01 05:00 UTC: to 00:00 */
  int64_t day = (spring - 5 * HOUR) / DAY, from;
  assert_int_equal(tg_zone_day(z, spring - 1, &from), day - 1);
  assert_int_equal(from, spring - DAY);
  assert_int_equal(tg_zone_day(z, spring, &from), day);
  assert_int_equal(from, spring);
  day = (autumn - 5 * HOUR) / DAY;
  assert_int_equal(tg_zone_day(z, autumn - HOUR - 1, &from), day - 1);
  for (int64_t us = autumn - HOUR; us < autumn + 2 * HOUR; us += 10 * MIN) {
    assert_int_equal(tg_zone_day(z, us, &from), day);
    assert_int_equal(from, autumn - HOUR);
  }
  const struct tg_zone *utc = tg_zone_fixed(&arena, tg_text("UTC"));
  assert_int_equal(tg_zone_day(utc, -1, &from), -1);
  assert_int_equal(from, -DAY);
  (void)tg_zone_day(z, INT64_MIN, &from), (void)tg_zone_day(z, INT64_MAX, &from);
}

static void west_of_greenwich_and_south_of_the_equator(void **state)
{
  (void)state;
  const struct tg_zone *east_coast = zone_of(0, NULL, 0, "EST5EDT,M3.2.0,M11.1.0");
  const struct tg_zone *south = zone_of(0, NULL, 0, "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
  int64_t spring = INT64_C(1772953200) * SEC; /* 2026-03-08 07:00 UTC */
  assert_int_equal(east(east_coast, spring - 1), -5 * 3600);
  assert_int_equal(east(east_coast, spring), -4 * 3600);
  assert_int_equal(tg_zone_first(east_coast, spring - 5 * HOUR + 10 * MIN), spring);
  int64_t autumn = INT64_C(1775314800) * SEC; /* 2026-04-04 15:00 UTC: 02:00 and 01:30 there */
  assert_int_equal(east(south, autumn - 1), 11 * 3600);
  assert_int_equal(east(south, autumn), 10 * 3600 + 1800);
  assert_int_equal(tg_zone_first(south, autumn + 11 * HOUR - 10 * MIN), autumn - 10 * MIN);
}

static void changes_come_before_the_rule(void **state)
{
  (void)state;
  static const struct change changes[] = {{1000, 7200}, {2000, -3600}, {500000, 0}};
  const struct tg_zone *z = zone_of(1800, changes, 3, "ABC-5");
  const struct tg_zone *bare = zone_of(1800, changes, 3, "");
  assert_int_equal(east(z, -DAY), 1800);
  assert_int_equal(east(z, 1000 * SEC - 1), 1800);
  assert_int_equal(east(z, 1000 * SEC), 7200);
  assert_int_equal(east(z, 2000 * SEC), -3600);
  assert_int_equal(east(z, 500000 * SEC), 5 * 3600);
  assert_int_equal(east(bare, 500000 * SEC), 0);
  assert_int_equal(tg_zone_first(z, 5000 * SEC), 1000 * SEC); /* 3000 s there is 8200 s here */
  assert_int_equal(tg_zone_first(bare, 600000 * SEC), 600000 * SEC);
}

static void days_of_a_rule_may_be_counted(void **state)
{
  (void)state;
  const struct tg_zone *julian = zone_of(0, NULL, 0, "AAA0BBB,J60/0,J61/0");
  const struct tg_zone *plain = zone_of(0, NULL, 0, "AAA0BBB,60/0,61/0");
  int64_t leap = INT64_C(1709164800) * SEC;         /* 2024-02-29 */
  int64_t common = INT64_C(1772323200) * SEC;       /* 2026-03-01 */
  assert_int_equal(east(julian, leap + DAY), 3600); /* 1 March in each year */
  assert_int_equal(east(julian, leap + DAY - 1), 0);
  assert_int_equal(east(julian, common), 3600);
  assert_int_equal(east(plain, leap + DAY), 3600); /* day 60 from 0: 1 March in leap years */
  assert_int_equal(east(plain, common), 0);
  assert_int_equal(east(plain, common + DAY), 3600);
}

static void offsets_are_zones(void **state)
{
  (void)state;
  static const struct {
    const char *name;
    int east_s;
  } good[] = {{"UTC", 0}, {"+01:00", 3600}, {"-03:30", -12600}, {"+14:59", 53940}};
  static const char *const bad[] = {"",       "utc",    "01:00",  "+1:00",    "+01:60",
                                    "+15:00", "+01-00", "+01:0x", "+01:00:00"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    assert_int_equal(east(tg_zone_fixed(&arena, tg_text(good[i].name)), 5 * DAY), good[i].east_s);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (tg_zone_fixed(&arena, tg_text(bad[i]))) fail_msg("'%s' is taken for an offset", bad[i]);
}

static const struct {
  const char *name;
  int64_t s;
  int east_s;
} known[] = {/* as Python's zoneinfo says */
             {"Europe/Berlin", 1107999277, 3600},
             {"Europe/Berlin", 1254968023, 7200},
             {"Europe/Berlin", 1780515109, 7200},
             {"Europe/Berlin", 1783294092, 7200},
             {"Europe/Berlin", 2214188806, 3600},
             {"Europe/Berlin", 7229605662, 3600},
             {"Europe/Berlin", -1260072124, 3600},
             {"Europe/Dublin", 681122866, 3600},
             {"Europe/Dublin", 1450871860, 0},
             {"Europe/Dublin", 1776935438, 3600},
             {"Europe/Dublin", 1794084323, 0},
             {"Europe/Dublin", 2234663396, 3600},
             {"Europe/Dublin", 7228556979, 0},
             {"Europe/Dublin", -1254857327, 0},
             {"America/New_York", 1684619013, -14400},
             {"America/New_York", 1713351128, -14400},
             {"America/New_York", 1793389519, -14400},
             {"America/New_York", 1773019260, -14400},
             {"America/New_York", 2236734009, -18000},
             {"America/New_York", 7230145320, -18000},
             {"America/New_York", -1253522149, -18000},
             {"America/St_Johns", 1069193141, -12600},
             {"America/St_Johns", 684185943, -9000},
             {"America/St_Johns", 1794292361, -12600},
             {"America/St_Johns", 1775958280, -9000},
             {"America/St_Johns", 2235847372, -12600},
             {"America/St_Johns", 7235700741, -9000},
             {"America/St_Johns", -1255813378, -12652},
             {"Australia/Lord_Howe", 956403528, 37800},
             {"Australia/Lord_Howe", 1251805810, 37800},
             {"Australia/Lord_Howe", 1796328085, 39600},
             {"Australia/Lord_Howe", 1791783911, 39600},
             {"Australia/Lord_Howe", 2237666040, 39600},
             {"Australia/Lord_Howe", 7255054317, 39600},
             {"Australia/Lord_Howe", -1232774397, 36000},
             {"America/Santiago", 1385344822, -10800},
             {"America/Santiago", 809247415, -14400},
             {"America/Santiago", 1778546948, -14400},
             {"America/Santiago", 1789764160, -10800},
             {"America/Santiago", 2222005632, -14400},
             {"America/Santiago", 7243559391, -14400},
             {"America/Santiago", -1253953190, -18000},
             {"Asia/Kathmandu", 994198172, 20700},
             {"Asia/Kathmandu", 1113932760, 20700},
             {"Asia/Kathmandu", 1770223561, 20700},
             {"Asia/Kathmandu", 1798585181, 20700},
             {"Asia/Kathmandu", 2236432395, 20700},
             {"Asia/Kathmandu", 7255623229, 20700},
             {"Asia/Kathmandu", -1243928289, 19800},
             {"Africa/Casablanca", 1261264626, 0},
             {"Africa/Casablanca", 640947936, 0},
             {"Africa/Casablanca", 1786431042, 3600},
             {"Africa/Casablanca", 1790878351, 3600},
             {"Africa/Casablanca", 2238594453, 3600},
             {"Africa/Casablanca", 7237043403, 3600},
             {"Africa/Casablanca", -1233848363, 0},
             {"Pacific/Apia", 1654884924, 46800},
             {"Pacific/Apia", 1024061255, -39600},
             {"Pacific/Apia", 1787321767, 46800},
             {"Pacific/Apia", 1776896107, 46800},
             {"Pacific/Apia", 2223452203, 46800},
             {"Pacific/Apia", 7241727944, 46800},
             {"Pacific/Apia", -1256890979, -41400},
             {"America/Nuuk", 1081627780, -7200},
             {"America/Nuuk", 1258034073, -10800},
             {"America/Nuuk", 1793981597, -7200},
             {"America/Nuuk", 1768676442, -7200},
             {"America/Nuuk", 2211709241, -7200},
             {"America/Nuuk", 7228136708, -7200},
             {"America/Nuuk", -1246779380, -10800},
             {"Asia/Tehran", 1910866458, 12600},
             {"Asia/Tehran", 1185548530, 12600},
             {"Asia/Tehran", 1788968807, 12600},
             {"Asia/Tehran", 1783037793, 12600},
             {"Asia/Tehran", 2232506387, 12600},
             {"Asia/Tehran", 7238086311, 12600},
             {"Asia/Tehran", -1257436502, 12344},
             {"America/Sao_Paulo", 1990379705, -10800},
             {"America/Sao_Paulo", 1023694290, -10800},
             {"America/Sao_Paulo", 1797878641, -10800},
             {"America/Sao_Paulo", 1774026097, -10800},
             {"America/Sao_Paulo", 2230296505, -10800},
             {"America/Sao_Paulo", 7247811114, -10800},
             {"America/Sao_Paulo", -1247501397, -10800},
             {"Etc/UTC", 1179549298, 0},
             {"Etc/UTC", 992934393, 0},
             {"Etc/UTC", 1792288837, 0},
             {"Etc/UTC", 1786981398, 0},
             {"Etc/UTC", 2219748662, 0},
             {"Etc/UTC", 7247870411, 0},
             {"Etc/UTC", -1243562878, 0}};

static const struct tg_zone *installed(const char *name)
{
  char path[128], bytes[1 << 14];
  const struct tg_zone *z = NULL;
  struct tg_err err;
  snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
  FILE *f = fopen(path, "r");
  if (!f) {
    print_message("SKIP: %s is missing: install tzdata\n", path);
    exit(77);
  }
  size_t n = fread(bytes, 1, sizeof bytes, f);
  fclose(f);
  if (tg_zone_read(&arena, tg_text_of(bytes, n), &z, &err) != TG_OK)
    fail_msg("%s: %s", name, err.what);
  return z;
}

static void installed_zones_are_read(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    int64_t got = east(installed(known[i].name), known[i].s * SEC);
    if (got != known[i].east_s)
      fail_msg("%s at %lld: %lld, not %d", known[i].name, (long long)known[i].s, (long long)got,
               known[i].east_s);
  }
}

/* first() is what its name says, around every change of some years. */
static void the_first_instant_is_the_first(void **state)
{
  (void)state;
  static const char *const names[] = {"Europe/Berlin", "America/St_Johns", "Pacific/Apia",
                                      "Africa/Casablanca"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const struct tg_zone *z = installed(names[i]);
    for (int64_t us = 40 * 365 * DAY; us < 75 * 365 * DAY; us += 7 * HOUR + 13 * MIN) {
      int64_t first = tg_zone_first(z, us);
      assert_true(tg_zone_local(z, first) >= us);
      for (int64_t back = 1; back < 26 * HOUR; back = back * 3 + 1)
        assert_true(tg_zone_local(z, first - back) < us);
    }
  }
}

static void refuse(struct tg_buf *b, const char *what)
{
  const struct tg_zone *z = NULL;
  struct tg_err err;
  enum tg_rc rc = tg_zone_read(&arena, tg_buf_view(b), &z, &err);
  if (rc != TG_DATA) fail_msg("%s: %d", what, rc);
  tg_buf_fini(b);
}

static void files_that_lie_are_refused(void **state)
{
  (void)state;
  static const char *const rules[] = {"CET",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "C-1",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-25",
                                      "CET-1CEST,J0,J5",
                                      "CET-1CEST,366,J5",
                                      "CET-1CEST,M3.5.0,M10.5.0x",
                                      "<CET-1"};
  static const struct change back[] = {{2000, 0}, {1000, 0}}, far[] = {{1000, 30 * 3600}};
  struct tg_buf b;
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    file_of(&b, 0, NULL, 0, rules[i]), refuse(&b, rules[i]);
  file_of(&b, 0, back, 2, ""), refuse(&b, "changes out of order");
  file_of(&b, 0, far, 1, ""), refuse(&b, "an offset of 30 hours");
  file_of(&b, 0, NULL, 0, "CET-1"), b.len--, refuse(&b, "cut off");
  file_of(&b, 0, NULL, 0, "CET-1"), b.ptr[4] = 0, refuse(&b, "version 1");
  file_of(&b, 0, NULL, 0, "CET-1CEST,M3.5.0,M10.5.0/3"), b.ptr[44 + 10 + 31] = 1,
                                                                         refuse(&b, "leap seconds");
  tg_buf_init(&b, 0), tg_buf_str(&b, "no zone"), refuse(&b, "no zone");
}

static void hostile_bytes_do_no_harm(void **state)
{
  (void)state;
  static const struct change changes[] = {{1000, 7200}, {2000, -3600}, {500000, 0}};
  uint64_t seed = 1;
  for (uint32_t i = 0; i < 20000; i++) {
    const struct tg_zone *z = NULL;
    struct tg_buf b;
    file_of(&b, 1800, changes, 3, "CET-1CEST,M3.5.0,M10.5.0/3");
    seed = seed * UINT64_C(6364136223846793005) + 1;
    b.ptr[(seed >> 33) % b.len] = (char)(seed >> 20);
    if (i % 4 == 0) b.len = (seed >> 40) % b.len;
    if (tg_zone_read(&arena, tg_buf_view(&b), &z, NULL) == TG_OK) {
      (void)tg_zone_first(z, SPRING), (void)tg_zone_local(z, INT64_MIN);
      (void)tg_zone_first(z, INT64_MAX), (void)tg_zone_first(z, 2000 * SEC);
    }
    tg_buf_fini(&b);
    tg_arena_reset(&arena, 0);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_rule_holds_for_all_years),
      cmocka_unit_test(a_time_that_never_comes_is_reached_when_clocks_pass_it),
      cmocka_unit_test(a_time_that_comes_twice_is_reached_the_first_time),
      cmocka_unit_test(a_day_begins_when_its_midnight_comes_first),
      cmocka_unit_test(west_of_greenwich_and_south_of_the_equator),
      cmocka_unit_test(changes_come_before_the_rule),
      cmocka_unit_test(days_of_a_rule_may_be_counted),
      cmocka_unit_test(offsets_are_zones),
      cmocka_unit_test(installed_zones_are_read),
      cmocka_unit_test(the_first_instant_is_the_first),
      cmocka_unit_test(files_that_lie_are_refused),
      cmocka_unit_test(hostile_bytes_do_no_harm),
  };
  tg_arena_init(&arena, 1 << 16, 0);
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tg_arena_fini(&arena);
  return failed;
}
