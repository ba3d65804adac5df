/* Intervals: ISO 8601 durations and PostgreSQL's verbose form. */
#include "core/data/timeparse.h"

#include <math.h>

static const char bad_interval[] = "is not an interval such as P1DT2H or '1 day 02:00:00'";
static const char bad_range[] = "is an interval beyond PostgreSQL's range";
static const char bad_fraction[] = "has a fraction: only seconds may have one, of at most 9 digits";

enum { FRACTION_DIGITS_MAX = 9, NUMBER_DIGITS_MAX = 18 };

struct cursor {
  const char *p, *end;
};

struct amount { /* whole + fraction / 10^fraction_digits, both with the sign */
  int64_t whole;
  int64_t fraction_us;
  bool fractional;
};

struct unit {
  const char *name;
  enum { MONTHS, DAYS, MICROSECONDS } part;
  int64_t size;
};

static const struct unit units[] = {
    {"us", MICROSECONDS, 1},
    {"usec", MICROSECONDS, 1},
    {"microsecond", MICROSECONDS, 1},
    {"ms", MICROSECONDS, 1000},
    {"msec", MICROSECONDS, 1000},
    {"millisecond", MICROSECONDS, 1000},
    {"s", MICROSECONDS, 1000000},
    {"sec", MICROSECONDS, 1000000},
    {"second", MICROSECONDS, 1000000},
    {"m", MICROSECONDS, 60000000},
    {"min", MICROSECONDS, 60000000},
    {"minute", MICROSECONDS, 60000000},
    {"h", MICROSECONDS, 3600000000},
    {"hr", MICROSECONDS, 3600000000},
    {"hour", MICROSECONDS, 3600000000},
    {"d", DAYS, 1},
    {"day", DAYS, 1},
    {"w", DAYS, 7},
    {"week", DAYS, 7},
    {"mon", MONTHS, 1},
    {"month", MONTHS, 1},
    {"y", MONTHS, 12},
    {"yr", MONTHS, 12},
    {"year", MONTHS, 12},
};
enum { UNITS = sizeof units / sizeof *units, SECOND = 6 };

/* Designators of ISO 8601, before and behind the T. */
static const struct unit iso_date[] = {
    {"Y", MONTHS, 12}, {"M", MONTHS, 1}, {"W", DAYS, 7}, {"D", DAYS, 1}};
static const struct unit iso_time[] = {
    {"H", MICROSECONDS, 3600000000}, {"M", MICROSECONDS, 60000000}, {"S", MICROSECONDS, 1000000}};

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}
static bool is_letter(char c)
{
  return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool take(struct cursor *c, char want)
{
  if (c->p == c->end || *c->p != want) return false;
  c->p++;
  return true;
}

static const char *take_digits(struct cursor *c, int64_t *out, unsigned *count)
{
  *out = 0, *count = 0;
  for (; c->p < c->end && is_digit(*c->p); c->p++) {
    if (++*count > NUMBER_DIGITS_MAX) return bad_range;
    *out = *out * 10 + (*c->p - '0');
  }
  return *count ? NULL : bad_interval;
}

static const char *take_fraction(struct cursor *c, struct amount *a)
{
  static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
  int64_t digits;
  unsigned count;
  const char *why = take_digits(c, &digits, &count);
  if (why || count > FRACTION_DIGITS_MAX) return bad_fraction;
  a->fraction_us = (int64_t)rint((double)digits / powers[count] * 1e6);
  a->fractional = true;
  return NULL;
}

/* [+-] digits [. digits] */
static const char *take_amount(struct cursor *c, struct amount *a)
{
  unsigned count;
  *a = (struct amount){0};
  bool negative = take(c, '-');
  if (!negative) take(c, '+');
  const char *why = take_digits(c, &a->whole, &count);
  if (why) return why;
  if ((take(c, '.') || take(c, ',')) && (why = take_fraction(c, a))) return why;
  if (negative) a->whole = -a->whole, a->fraction_us = -a->fraction_us;
  return NULL;
}

/* Adds n * size to *sum, within int32. */
static bool add32(int32_t *sum, int64_t n, int64_t size)
{
  int64_t v;
  if (__builtin_mul_overflow(n, size, &v) || __builtin_add_overflow(v, *sum, &v)) return false;
  if (v < INT32_MIN || v > INT32_MAX) return false;
  *sum = (int32_t)v;
  return true;
}

static bool add64(int64_t *sum, int64_t n, int64_t size)
{
  int64_t v;
  return !__builtin_mul_overflow(n, size, &v) && !__builtin_add_overflow(v, *sum, sum);
}

static const char *add_amount(struct tg_span *s, const struct amount *a, const struct unit *u)
{
  bool seconds = u->part == MICROSECONDS && u->size == units[SECOND].size;
  if (a->fractional && !seconds) return bad_fraction;
  bool fits = u->part == MONTHS ? add32(&s->months, a->whole, u->size)
              : u->part == DAYS
                  ? add32(&s->days, a->whole, u->size)
                  : add64(&s->us, a->whole, u->size) && add64(&s->us, a->fraction_us, 1);
  return fits ? NULL : bad_range;
}

/* --- ISO 8601 --- */

static const char *parse_iso(struct cursor *c, struct tg_span *out)
{
  const struct unit *next = iso_date, *last = iso_date + 4;
  bool timed = false, some = false;
  while (c->p < c->end) {
    if (!timed && take(c, 'T')) {
      timed = true, some = false, next = iso_time, last = iso_time + 3;
      continue;
    }
    struct amount a;
    const char *why = take_amount(c, &a);
    if (why) return why;
    while (next < last && (c->p == c->end || *c->p != *next->name)) next++;
    if (next == last) return bad_interval; /* an unknown designator, or one out of order */
    c->p++;
    if ((why = add_amount(out, &a, next++))) return why;
    some = true;
  }
  return some ? NULL : bad_interval;
}

/* --- PostgreSQL's verbose form --- */

/* The unit whose name is t, in any case, singular or plural. */
static const struct unit *find_unit(struct tg_text t)
{
  char name[16];
  if (t.len >= sizeof name) return NULL;
  for (uint32_t i = 0; i < t.len; i++) name[i] = (char)(t.ptr[i] | 0x20);
  for (uint32_t i = 0; i < UNITS; i++) {
    size_t len = strlen(units[i].name);
    bool plural = len > 1 && t.len == len + 1 && name[len] == 's';
    if ((t.len == len || plural) && memcmp(name, units[i].name, len) == 0) return &units[i];
  }
  return NULL;
}

/* ":mm[:ss[.f]]" behind hours. */
static const char *take_clock(struct cursor *c, struct amount hours, bool negative,
                              struct tg_span *s)
{
  struct amount minutes = {0}, seconds = {0};
  const char *why;
  if (hours.fractional || !take(c, ':') || c->p == c->end || !is_digit(*c->p)) return bad_interval;
  if ((why = take_amount(c, &minutes))) return why;
  if (take(c, ':')) {
    if (c->p == c->end || !is_digit(*c->p)) return bad_interval;
    if ((why = take_amount(c, &seconds))) return why;
  }
  if (minutes.fractional || minutes.whole > 59 || seconds.whole > 59) return bad_interval;
  int64_t us = minutes.whole * 60000000 + seconds.whole * 1000000 + seconds.fraction_us;
  bool fits =
      add64(&s->us, hours.whole, INT64_C(3600000000)) && add64(&s->us, us, negative ? -1 : 1);
  return fits ? NULL : bad_range;
}

static void skip_spaces(struct cursor *c)
{
  while (c->p < c->end && *c->p == ' ') c->p++;
}

static const char *take_part(struct cursor *c, struct tg_span *out)
{
  struct amount a;
  bool negative = *c->p == '-';
  const char *why = take_amount(c, &a);
  if (why) return why;
  if (c->p < c->end && *c->p == ':') return take_clock(c, a, negative, out);
  skip_spaces(c);
  const char *word = c->p;
  while (c->p < c->end && is_letter(*c->p)) c->p++;
  const struct unit *u = find_unit(tg_text_of(word, (size_t)(c->p - word)));
  return u ? add_amount(out, &a, u) : bad_interval;
}

const char *tg_timeparse_interval(struct tg_text t, struct tg_span *out)
{
  struct cursor c = {t.ptr, t.ptr + t.len};
  struct tg_span s = {0};
  const char *why = t.len ? NULL : bad_interval;
  if (take(&c, 'P')) {
    why = parse_iso(&c, &s);
  } else {
    for (; !why && c.p < c.end; skip_spaces(&c)) why = take_part(&c, &s);
  }
  if (!why) *out = s;
  return why;
}
