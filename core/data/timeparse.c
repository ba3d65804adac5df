/* One cursor over the text; every part takes what it knows from the front. */
#include "core/data/timeparse.h"

#include <math.h>
#include <stddef.h>

enum { FRACTION_DIGITS_MAX = 9, OFFSET_HOURS_MAX = 15 };
#define SECOND_US INT64_C(1000000)

static const char bad_timestamp[] = "is not a timestamp such as 2026-01-31T12:30:00Z";
static const char bad_date[] = "is not a date such as 2026-01-31";
static const char bad_time[] = "is not a time such as 12:30:00";
static const char bad_day[] = "is a date that does not exist";
static const char bad_year[] = "has a year outside 0001 to 9999";
static const char bad_clock[] = "has a time of day that does not exist";
static const char bad_offset[] = "has an offset from UTC that is none of Z, +hh:mm, +hhmm, +hh";
static const char bad_fraction[] = "has more than 9 fractional digits of a second";

struct cursor {
  const char *p, *end;
};

static struct cursor cursor_of(struct tg_text t)
{
  return (struct cursor){t.ptr, t.ptr + t.len};
}

static bool at_end(const struct cursor *c)
{
  return c->p == c->end;
}

static bool take(struct cursor *c, char want)
{
  if (at_end(c) || *c->p != want) return false;
  c->p++;
  return true;
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static unsigned digits_ahead(const struct cursor *c)
{
  unsigned n = 0;
  while (c->p + n < c->end && is_digit(c->p[n])) n++;
  return n;
}

/* Takes exactly n <= 9 digits. */
static bool take_digits(struct cursor *c, unsigned n, unsigned *out)
{
  unsigned v = 0;
  if (c->end - c->p < (ptrdiff_t)n) return false;
  for (unsigned i = 0; i < n; i++) {
    if (!is_digit(c->p[i])) return false;
    v = v * 10 + (unsigned)(c->p[i] - '0');
  }
  c->p += n;
  *out = v;
  return true;
}

/* --- date --- */

int64_t tg_timeparse_days(int64_t year, unsigned month, unsigned day)
{
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  unsigned year_of_era = (unsigned)(year - era * 400);
  unsigned day_of_year = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
  unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + (int64_t)day_of_era - 719468;
}

static unsigned days_in(unsigned year, unsigned month)
{
  static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap);
}

static const char *take_date(struct cursor *c, const char *bad, int64_t *days)
{
  unsigned year, month, day, ahead = digits_ahead(c);
  bool basic = ahead == 8;
  if (!basic && ahead > 4 && c->p + ahead < c->end && c->p[ahead] == '-') return bad_year;
  if (!take_digits(c, 4, &year) || (!basic && !take(c, '-'))) return bad;
  if (!take_digits(c, 2, &month) || (!basic && !take(c, '-'))) return bad;
  if (!take_digits(c, 2, &day)) return bad;
  if (!year) return bad_year;
  if (!month || month > 12 || !day || day > days_in(year, month)) return bad_day;
  *days = tg_timeparse_days(year, month, day);
  return NULL;
}

/* --- time of day --- */

/* The fraction behind a point. PostgreSQL reads it as a double and rounds to even at
 * microseconds; a quotient of two integers below 2^53 is that same double. */
static const char *take_fraction(struct cursor *c, int64_t *us)
{
  static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  unsigned n = digits_ahead(c), v;
  *us = 0;
  if (n > FRACTION_DIGITS_MAX) return bad_fraction;
  if (!n || !take_digits(c, n, &v)) return bad_clock;
  *us = (int64_t)rint((double)v / powers[n] * 1e6);
  return NULL;
}

static const char *take_seconds(struct cursor *c, int64_t *us)
{
  unsigned second;
  int64_t fraction = 0;
  if (!take_digits(c, 2, &second)) return bad_clock;
  if (take(c, '.') || take(c, ',')) {
    const char *bad = take_fraction(c, &fraction);
    if (bad) return bad;
  }
  if (second > 60) return bad_clock;
  *us = second * SECOND_US + fraction;
  return NULL;
}

static const char *take_clock(struct cursor *c, const char *bad, int64_t *us)
{
  unsigned hour, minute;
  int64_t seconds = 0;
  bool basic = digits_ahead(c) >= 4;
  if (!take_digits(c, 2, &hour) || (!basic && !take(c, ':'))) return bad;
  if (!take_digits(c, 2, &minute)) return bad;
  if (basic ? digits_ahead(c) > 0 : take(c, ':')) {
    const char *why = take_seconds(c, &seconds);
    if (why) return why;
  }
  if (hour > 24 || minute > 59) return bad_clock;
  *us = (hour * 60 + minute) * 60 * SECOND_US + seconds;
  return *us > TG_DAY_US && hour == 24 ? bad_clock : NULL;
}

/* --- offset --- */

/* Z or +hh[[:]mm]; *found tells whether there was one. */
static const char *take_offset(struct cursor *c, bool *found, int32_t *offset_s)
{
  unsigned hours, minutes = 0;
  *found = true, *offset_s = 0;
  if (take(c, 'Z') || take(c, 'z')) return NULL;
  struct cursor before = *c;
  take(c, ' ');
  bool west = take(c, '-');
  if (!west && !take(c, '+')) {
    *found = false, *c = before;
    return NULL;
  }
  if (!take_digits(c, 2, &hours)) return bad_offset;
  bool colon = take(c, ':');
  if ((colon || digits_ahead(c)) && !take_digits(c, 2, &minutes)) return bad_offset;
  if (hours > OFFSET_HOURS_MAX || minutes > 59) return bad_offset;
  *offset_s = (int32_t)(hours * 3600 + minutes * 60) * (west ? -1 : 1);
  return NULL;
}

/* --- timestamps --- */

struct stamp {
  int64_t days, us;
  int32_t offset_s;
  bool has_offset;
};

/* Eight bytes of a usual timestamp; 0 stands for a digit. */
#define SHAPE_DATE "0000-00-"
#define SHAPE_HOUR "00T00:00"

/* True when the 8 bytes at p are as in shape. A digit less its '0' is at most 9. */
static inline bool is_shaped(const char *p, const char shape[8])
{
  uint64_t bytes, want, digits = 0;
  for (int i = 0; i < 8; i++) digits |= (uint64_t)(shape[i] == '0' ? 0xff : 0) << i * 8;
  memcpy(&bytes, p, 8), memcpy(&want, shape, 8);
  bytes ^= want;
  uint64_t over = (bytes + UINT64_C(0x7676767676767676)) | bytes;
  return !(bytes & ~digits) && !(over & UINT64_C(0x8080808080808080));
}

static inline unsigned two_digits(const char *p)
{
  return (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
}

/* What nearly all are, in UTC with up to six digits behind the point: 2026-01-31T12:30:00.123Z.
 * False: anything else, faults too. */
static bool usual_stamp(struct tg_text t, struct stamp *out)
{
  if (t.len < 20 || t.len > 27) return false;
  const char *p = t.ptr, *end = p + t.len - 1;
  if (!is_shaped(p, SHAPE_DATE) || !is_shaped(p + 8, SHAPE_HOUR)) return false;
  if (p[16] != ':' || !is_digit(p[17]) || !is_digit(p[18]) || *end != 'Z') return false;
  unsigned month = two_digits(p + 5), day = two_digits(p + 8), hour = two_digits(p + 11);
  unsigned year = two_digits(p) * 100 + two_digits(p + 2), minute = two_digits(p + 14);
  unsigned second = two_digits(p + 17), fraction = 0, scale = 1000000;
  if (!year || month - 1 > 11 || day - 1 >= days_in(year, month)) return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  if (t.len > 20 && (p[19] != '.' || t.len == 21)) return false;
  for (p += 20; p < end; p++) {
    if (!is_digit(*p)) return false;
    fraction = fraction * 10 + (unsigned)(*p - '0'), scale /= 10;
  }
  out->days = tg_timeparse_days(year, month, day);
  out->us = ((hour * 60 + minute) * 60 + second) * SECOND_US + fraction * scale;
  out->has_offset = true;
  return true;
}

static const char *parse_stamp(struct tg_text t, const char *bad, struct stamp *out)
{
  struct cursor c = cursor_of(t);
  *out = (struct stamp){0};
  if (usual_stamp(t, out)) return NULL;
  const char *why = take_date(&c, bad, &out->days);
  if (why || at_end(&c)) return why;
  if (!take(&c, 'T') && !take(&c, ' ') && !take(&c, 't')) return bad;
  if ((why = take_clock(&c, bad, &out->us))) return why;
  if (at_end(&c)) return NULL;
  if ((why = take_offset(&c, &out->has_offset, &out->offset_s))) return why;
  return at_end(&c) ? NULL : bad;
}

const char *tg_timeparse_timestamptz(struct tg_text t, int32_t zone_s, int64_t *us)
{
  struct stamp s;
  const char *why = parse_stamp(t, bad_timestamp, &s);
  if (why) return why;
  int64_t offset_s = s.has_offset ? s.offset_s : zone_s;
  int64_t v = s.days * TG_DAY_US + s.us - offset_s * SECOND_US;
  if (v < TG_TIME_MIN_US || v >= TG_TIME_LIMIT_US) return bad_year;
  *us = v;
  return NULL;
}

const char *tg_timeparse_timestamp(struct tg_text t, int64_t *us)
{
  struct stamp s;
  const char *why = parse_stamp(t, bad_timestamp, &s);
  if (why) return why;
  int64_t v = s.days * TG_DAY_US + s.us;
  if (v >= TG_TIME_LIMIT_US) return bad_year;
  *us = v;
  return NULL;
}

const char *tg_timeparse_date(struct tg_text t, int64_t *days)
{
  struct stamp s;
  const char *why = parse_stamp(t, bad_date, &s);
  if (!why) *days = s.days;
  return why;
}

const char *tg_timeparse_time(struct tg_text t, int64_t *us)
{
  struct cursor c = cursor_of(t);
  bool has_offset;
  int32_t offset_s;
  int64_t v;
  const char *why = take_clock(&c, bad_time, &v);
  if (why) return why;
  if ((why = take_offset(&c, &has_offset, &offset_s))) return why;
  if (!at_end(&c)) return bad_time;
  if (v > TG_DAY_US) return bad_clock;
  *us = v;
  return NULL;
}
