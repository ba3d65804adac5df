/* Reading and writing times by a pattern. */
#include "core/data/timepattern.h"
#include "core/data/timeparse.h"

#include <stdio.h>

enum { PIECE_MAX = 16, FRACTION_DIGITS = 6 };
#define SECOND_US INT64_C(1000000)

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};

static int64_t floor_div(int64_t x, int64_t y)
{
  int64_t q = x / y;
  return q * y > x ? q - 1 : q;
}

/* Years counted from March on, so that the leap day comes last (H. Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms", civil_from_days). */
struct tg_day tg_timepattern_day(int64_t days)
{
  days += 719468;
  int64_t era = floor_div(days, 146097), doe = days - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  uint32_t month = (uint32_t)(mp < 10 ? mp + 3 : mp - 9);
  return (struct tg_day){yoe + era * 400 + (month <= 2), month,
                         (uint32_t)(doy - (153 * mp + 2) / 5 + 1)};
}

/* What a text has told so far. */
struct parts {
  int64_t year, month, day, yday, weekday, hour, minute, second, us; /* weekday: 1 is Monday */
  int64_t week, week_from; /* number of the week in `year`; the day it begins on, 0: ISO 8601 */
  bool has_yday, has_week, half_day, pm, has_zone;
  int64_t zone_s;
};

/* Up to `most` digits from the front of *t. */
static bool take_number(struct tg_text *t, uint32_t most, int64_t low, int64_t high, int64_t *out)
{
  uint32_t n = 0;
  int64_t v = 0;
  for (; n < most && n < t->len && t->ptr[n] >= '0' && t->ptr[n] <= '9'; n++)
    v = v * 10 + (t->ptr[n] - '0');
  *t = tg_text_of(t->ptr + n, t->len - n);
  *out = v;
  return n > 0 && v >= low && v <= high;
}

static char lower(char c)
{
  return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static bool take_word(struct tg_text *t, const char *word, size_t len)
{
  if (t->len < len) return false;
  for (size_t i = 0; i < len; i++)
    if (lower(t->ptr[i]) != lower(word[i])) return false;
  *t = tg_text_of(t->ptr + len, t->len - len);
  return true;
}

/* A name in full or its first three letters; its number from 1. */
static bool take_name(struct tg_text *t, const char *const *names, int64_t count, bool full,
                      int64_t *out)
{
  for (*out = 1; *out <= count; ++*out)
    if (take_word(t, names[*out - 1], full ? strlen(names[*out - 1]) : 3)) return true;
  return false;
}

static bool take_fraction(struct tg_text *t, int64_t *us)
{
  uint32_t before = t->len;
  if (!take_number(t, FRACTION_DIGITS, 0, SECOND_US - 1, us)) return false;
  for (uint32_t n = before - t->len; n < FRACTION_DIGITS; n++) *us *= 10;
  return true;
}

static bool take_zone(struct tg_text *t, struct parts *p)
{
  int64_t hours, minutes;
  p->has_zone = true;
  if (take_word(t, "Z", 1)) return true;
  if (!t->len || (*t->ptr != '+' && *t->ptr != '-')) return false;
  int64_t sign = *t->ptr == '-' ? -1 : 1;
  *t = tg_text_of(t->ptr + 1, t->len - 1);
  if (!take_number(t, 2, 0, 15, &hours)) return false;
  take_word(t, ":", 1);
  if (!take_number(t, 2, 0, 59, &minutes)) return false;
  p->zone_s = sign * (hours * 3600 + minutes * 60);
  return true;
}

/* Exactly four digits. */
static bool take_year(struct tg_text *t, int64_t *out)
{
  uint32_t before = t->len;
  return take_number(t, 4, 1, 9999, out) && before - t->len == 4;
}

/* 0 is Sunday. */
static bool take_weekday(struct tg_text *t, int64_t *out)
{
  if (!take_number(t, 1, 0, 6, out)) return false;
  if (*out == 0) *out = 7;
  return true;
}

static bool take_week(char d, struct tg_text *t, struct parts *p)
{
  p->has_week = true;
  p->week_from = d == 'V' ? 0 : d == 'W' ? 1 : 7;
  return take_number(t, 2, d == 'V', 53, &p->week);
}

static bool take_directive(char d, struct tg_text *t, struct parts *p)
{
  switch (d) {
  case 'G':
  case 'Y': return take_year(t, &p->year);
  case 'y':
    if (!take_number(t, 2, 0, 99, &p->year)) return false;
    p->year += p->year < 69 ? 2000 : 1900;
    return true;
  case 'm': return take_number(t, 2, 1, 12, &p->month);
  case 'b': return take_name(t, months, 12, false, &p->month);
  case 'B': return take_name(t, months, 12, true, &p->month);
  case 'd': return take_number(t, 2, 1, 31, &p->day);
  case 'j': p->has_yday = true; return take_number(t, 3, 1, 366, &p->yday);
  case 'a': return take_name(t, weekdays, 7, false, &p->weekday);
  case 'A': return take_name(t, weekdays, 7, true, &p->weekday);
  case 'u': return take_number(t, 1, 1, 7, &p->weekday);
  case 'w': return take_weekday(t, &p->weekday);
  case 'U':
  case 'V':
  case 'W': return take_week(d, t, p);
  case 'H': return take_number(t, 2, 0, 23, &p->hour);
  case 'I': p->half_day = true; return take_number(t, 2, 1, 12, &p->hour);
  case 'p': return (p->pm = take_word(t, "PM", 2)) || take_word(t, "AM", 2);
  case 'M': return take_number(t, 2, 0, 59, &p->minute);
  case 'S': return take_number(t, 2, 0, 59, &p->second);
  case 'f': return take_fraction(t, &p->us);
  case 'z': return take_zone(t, p);
  case 'Z': p->has_zone = true; return take_word(t, "UTC", 3) || take_word(t, "GMT", 3);
  case '%': return take_word(t, "%", 1);
  default: return false;
  }
}

/* Days from Monday, 0 to 6; 1970-01-01 was a Thursday. */
static int64_t weekday_of(int64_t days)
{
  return days + 3 - floor_div(days + 3, 7) * 7;
}

/* The Monday of ISO week 1 of a year: the one with January 4 in it. */
static int64_t iso_start(int64_t year)
{
  int64_t fourth = tg_timeparse_days(year, 1, 4);
  return fourth - weekday_of(fourth);
}

/* The day of a week and a weekday; false when the year has no such week. Weeks of %U and %W are
 * counted from the first Sunday or Monday, days before it are in week 0. */
static bool day_of_week(const struct parts *p, int64_t *days)
{
  int64_t weekday = p->weekday ? p->weekday : 1;
  if (!p->week_from) {
    *days = iso_start(p->year) + (p->week - 1) * 7 + weekday - 1;
    return *days < iso_start(p->year + 1);
  }
  int64_t january = tg_timeparse_days(p->year, 1, 1);
  int64_t first = january + (p->week_from - 1 - weekday_of(january) + 7) % 7;
  *days = first + (p->week - 1) * 7 + (weekday - p->week_from + 7) % 7;
  return p->week == 0 || tg_timepattern_day(*days).year == p->year;
}

/* The day that a text tells: by its week and weekday, by the day of the year, by month and day. */
static bool day_of(const struct parts *p, int64_t *days)
{
  if (p->has_week && p->weekday) return day_of_week(p, days);
  *days = tg_timeparse_days(p->year, (unsigned)p->month, (unsigned)p->day);
  if (p->has_yday) *days = tg_timeparse_days(p->year, 1, 1) + p->yday - 1;
  struct tg_day back = tg_timepattern_day(*days);
  return back.year == p->year && (p->has_yday || back.day == p->day);
}

static bool assemble(const struct parts *p, int32_t zone_s, int64_t *us)
{
  int64_t days, hour = p->half_day ? p->hour % 12 + (p->pm ? 12 : 0) : p->hour;
  if (!day_of(p, &days)) return false;
  int64_t second =
      days * 86400 + hour * 3600 + p->minute * 60 + p->second - (p->has_zone ? p->zone_s : zone_s);
  *us = second * SECOND_US + p->us;
  return *us >= TG_TIME_MIN_US && *us < TG_TIME_LIMIT_US;
}

static bool is_space(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_spaces(struct tg_text *t)
{
  while (t->len && is_space(*t->ptr)) t->ptr++, t->len--;
}

bool tg_timepattern_parse(struct tg_text pattern, struct tg_text text, int32_t zone_s, int64_t *us)
{
  struct parts p = {.year = 1970, .month = 1, .day = 1};
  for (uint32_t i = 0; i < pattern.len; i++) {
    char c = pattern.ptr[i];
    if (is_space(c)) {
      if (!text.len || !is_space(*text.ptr)) return false;
      skip_spaces(&text);
    } else if (c == '%') {
      if (++i == pattern.len || !take_directive(pattern.ptr[i], &text, &p)) return false;
    } else if (!take_word(&text, &c, 1)) {
      return false;
    }
  }
  return text.len == 0 && assemble(&p, zone_s, us);
}

/* The week of the year, counted from its first Sunday (from 7) or Monday (from 1). */
static int week_of(int64_t days, int64_t year, int64_t from)
{
  int64_t yday = days - tg_timeparse_days(year, 1, 1);
  return (int)((yday + 7 - (weekday_of(days) - (from - 1) + 7) % 7) / 7);
}

/* The ISO year of a day. */
static int64_t iso_year(int64_t days)
{
  int64_t year = tg_timepattern_day(days).year;
  if (days < iso_start(year)) return year - 1;
  return days < iso_start(year + 1) ? year : year + 1;
}

/* One directive; returns its length, or -1 for an unknown one. */
static int show_directive(char d, int64_t days, int64_t us, char *out, size_t size)
{
  struct tg_day day = tg_timepattern_day(days);
  int second = (int)(us / SECOND_US), half = second / 3600 % 12;
  int weekday = (int)weekday_of(days);
  switch (d) {
  case 'Y': return snprintf(out, size, "%04d", (int)day.year);
  case 'y': return snprintf(out, size, "%02d", (int)(day.year % 100));
  case 'm': return snprintf(out, size, "%02u", day.month);
  case 'b': return snprintf(out, size, "%.3s", months[day.month - 1]);
  case 'B': return snprintf(out, size, "%s", months[day.month - 1]);
  case 'd': return snprintf(out, size, "%02u", day.day);
  case 'j': return snprintf(out, size, "%03d", (int)(days - tg_timeparse_days(day.year, 1, 1) + 1));
  case 'a': return snprintf(out, size, "%.3s", weekdays[weekday]);
  case 'A': return snprintf(out, size, "%s", weekdays[weekday]);
  case 'u': return snprintf(out, size, "%d", weekday + 1);
  case 'H': return snprintf(out, size, "%02d", second / 3600);
  case 'I': return snprintf(out, size, "%02d", half ? half : 12);
  case 'p': return snprintf(out, size, "%s", second >= 12 * 3600 ? "PM" : "AM");
  case 'M': return snprintf(out, size, "%02d", second / 60 % 60);
  case 'S': return snprintf(out, size, "%02d", second % 60);
  case 'f': return snprintf(out, size, "%06d", (int)(us % SECOND_US));
  case 'w': return snprintf(out, size, "%d", (weekday + 1) % 7);
  case 'U': return snprintf(out, size, "%02d", week_of(days, day.year, 7));
  case 'W': return snprintf(out, size, "%02d", week_of(days, day.year, 1));
  case 'G': return snprintf(out, size, "%04d", (int)iso_year(days));
  case 'V': return snprintf(out, size, "%02d", (int)((days - iso_start(iso_year(days))) / 7 + 1));
  case 'Z': return snprintf(out, size, "UTC");
  case 'z': return snprintf(out, size, "+0000");
  case '%': return snprintf(out, size, "%%");
  default: return -1;
  }
}

/* %G and %V go together and need a weekday, as an ISO date has it. */
static bool iso_is_whole(struct tg_text pattern)
{
  bool year = false, week = false, weekday = false;
  for (uint32_t i = 0; i + 1 < pattern.len; i++) {
    if (pattern.ptr[i] != '%') continue;
    char d = pattern.ptr[++i];
    year |= d == 'G', week |= d == 'V', weekday |= memchr("aAuw", d, 4) != NULL;
  }
  return year == week && (!year || weekday);
}

bool tg_timepattern_ok(struct tg_text pattern)
{
  char piece[PIECE_MAX];
  uint32_t size = PIECE_MAX; /* what is left free, so that writing need not look ahead */
  for (uint32_t i = 0; i < pattern.len && size <= TG_TIMEPATTERN_SIZE; i++) {
    bool plain = pattern.ptr[i] != '%';
    size += plain ? 1 : PIECE_MAX;
    if (plain) continue;
    if (++i == pattern.len) return false;
    if (show_directive(pattern.ptr[i], 0, 0, piece, sizeof piece) < 0) return false;
  }
  return pattern.len > 0 && size <= TG_TIMEPATTERN_SIZE && iso_is_whole(pattern);
}

uint32_t tg_timepattern_show(struct tg_text pattern, int64_t us, char out[TG_TIMEPATTERN_SIZE])
{
  int64_t days = floor_div(us, TG_DAY_US);
  uint32_t len = 0;
  for (uint32_t i = 0; i < pattern.len && len + PIECE_MAX <= TG_TIMEPATTERN_SIZE; i++) {
    if (pattern.ptr[i] == '%' && i + 1 < pattern.len) {
      int n = show_directive(pattern.ptr[++i], days, us - days * TG_DAY_US, out + len, PIECE_MAX);
      len += n > 0 ? (uint32_t)n : 0;
    } else {
      out[len++] = pattern.ptr[i];
    }
  }
  return len;
}
