/* Time zones. */
#include "core/data/zone.h"

#include "core/data/timeparse.h"

enum {
  HEAD_BYTES = 44,
  CHANGES_MAX = 4096,
  TYPES_MAX = 256,
  TYPE_BYTES = 6,
  EAST_MAX = 26 * 3600, /* RFC 8536: -25 h to +26 h */
  DAY_S = 86400
};

struct edge { /* of summer time, in each year */
  char kind;  /* 'M': day of a week of a month; 'J': day 1..365, without 29 February; 'N': 0..365 */
  int32_t month, week, day, time_s; /* local time */
};

struct rule {
  int32_t east_s, summer_s; /* offsets */
  bool has_summer;
  struct edge start, end;
};

struct tg_zone {
  int32_t first_s; /* before the first change */
  uint32_t count;
  int64_t *at_s;   /* of the changes, ascending */
  int32_t *east_s; /* from each on */
  bool has_rule;   /* for what comes after them */
  struct rule rule;
};

static int64_t floor_div(int64_t a, int64_t b)
{
  return a / b - (a % b < 0);
}

/* --- the rule --- */

static int64_t year_of(int64_t day)
{
  int64_t year = 1970 + floor_div(day, day < 0 ? 365 : 366); /* not later */
  while (tg_timeparse_days(year + 1, 1, 1) <= day) year++;
  return year;
}

static bool is_leap(int64_t year)
{
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t edge_day(const struct edge *e, int64_t year)
{
  int64_t first = tg_timeparse_days(year, 1, 1);
  if (e->kind == 'N') return first + e->day;
  if (e->kind == 'J') return first + e->day - 1 + (e->day > 59 && is_leap(year));
  unsigned month = (unsigned)e->month;
  first = tg_timeparse_days(year, month, 1);
  int64_t next = tg_timeparse_days(year + (month == 12), month % 12 + 1, 1);
  int64_t weekday = ((first + 4) % 7 + 7) % 7; /* 1970-01-01 was a Thursday, 0 is Sunday */
  int64_t day = first + (e->day - weekday + 7) % 7 + 7 * (e->week - 1);
  return day < next ? day : day - 7;
}

/* When summer time begins or ends in a year, in UTC. */
static int64_t edge_at(const struct rule *r, int64_t year, bool start)
{
  const struct edge *e = start ? &r->start : &r->end;
  return edge_day(e, year) * DAY_S + e->time_s - (start ? r->east_s : r->summer_s);
}

static int64_t rule_year(const struct rule *r, int64_t s)
{
  return year_of(floor_div(s + r->east_s, DAY_S));
}

static int32_t rule_east(const struct rule *r, int64_t s)
{
  if (!r->has_summer) return r->east_s;
  int64_t year = rule_year(r, s), start = edge_at(r, year, true), end = edge_at(r, year, false);
  bool summer = start < end ? s >= start && s < end : s >= start || s < end;
  return summer ? r->summer_s : r->east_s;
}

/* The first edge after s. */
static int64_t rule_next(const struct rule *r, int64_t s)
{
  int64_t next = INT64_MAX, year = rule_year(r, s);
  for (int64_t y = year - 1; r->has_summer && y <= year + 1; y++)
    for (int start = 0; start <= 1; start++) {
      int64_t at = edge_at(r, y, start);
      if (at > s && at < next) next = at;
    }
  return next;
}

/* --- reading the rule: "CET-1CEST,M3.5.0,M10.5.0/3" --- */

struct reader {
  const char *at, *end;
  bool bad;
};

static bool eat(struct reader *r, char c)
{
  bool is = r->at < r->end && *r->at == c;
  r->at += is;
  return is;
}

static void expect(struct reader *r, char c)
{
  if (!eat(r, c)) r->bad = true;
}

static int32_t number(struct reader *r, int32_t min, int32_t max)
{
  int32_t v = 0, digits = 0;
  for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && digits < 4; r->at++, digits++)
    v = v * 10 + *r->at - '0';
  if (!digits || v < min || v > max) r->bad = true;
  return r->bad ? min : v;
}

/* [+-]hh[:mm[:ss]] in seconds */
static int32_t span(struct reader *r, int32_t hours_max)
{
  bool minus = eat(r, '-');
  if (!minus) eat(r, '+');
  int32_t s = number(r, 0, hours_max) * 3600;
  if (eat(r, ':')) s += number(r, 0, 59) * 60;
  if (eat(r, ':')) s += number(r, 0, 59);
  return minus ? -s : s;
}

/* "CET" or "<+03>" */
static void name(struct reader *r)
{
  const char *from = r->at;
  bool quoted = eat(r, '<');
  for (; r->at < r->end; r->at++) {
    char c = *r->at;
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    bool other = quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-');
    if (!letter && !other) break;
  }
  if (r->at - from < 3) r->bad = true;
  if (quoted) expect(r, '>');
}

static struct edge read_edge(struct reader *r)
{
  struct edge e = {.kind = 'N', .time_s = 2 * 3600};
  expect(r, ',');
  if (eat(r, 'M')) {
    e.kind = 'M';
    e.month = number(r, 1, 12), expect(r, '.');
    e.week = number(r, 1, 5), expect(r, '.');
    e.day = number(r, 0, 6);
  } else if (eat(r, 'J')) {
    e.kind = 'J', e.day = number(r, 1, 365);
  } else {
    e.day = number(r, 0, 365);
  }
  if (eat(r, '/')) e.time_s = span(r, 167);
  return e;
}

static bool read_rule(struct tg_text text, struct rule *out)
{
  struct reader r = {.at = text.ptr, .end = text.ptr + text.len};
  name(&r);
  out->east_s = -span(&r, 24);
  out->has_summer = !r.bad && r.at < r.end;
  if (!out->has_summer) return !r.bad;
  name(&r);
  out->summer_s = out->east_s + 3600;
  if (r.at < r.end && *r.at != ',') out->summer_s = -span(&r, 24);
  out->start = read_edge(&r), out->end = read_edge(&r);
  return !r.bad && r.at == r.end;
}

/* --- reading the file --- */

static uint64_t big(const char *p, int bytes)
{
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++) v = v << 8 | (unsigned char)p[i];
  return v;
}

struct head {
  uint32_t utc, standard, leaps, changes, types, chars;
};

/* The head of a block, and how long the block behind it is. False: the bytes are none, or too
 * few. */
static bool read_head(struct tg_text in, int time_bytes, struct head *h, size_t *size)
{
  if (in.len < HEAD_BYTES || memcmp(in.ptr, "TZif", 4) != 0) return false;
  uint32_t n[6];
  for (int i = 0; i < 6; i++) n[i] = (uint32_t)big(in.ptr + 20 + 4 * i, 4);
  *h = (struct head){n[0], n[1], n[2], n[3], n[4], n[5]};
  for (int i = 0; i < 6; i++)
    if (n[i] > TG_ZONE_BYTES_MAX) return false;
  *size = (size_t)h->changes * (uint32_t)(time_bytes + 1) + (size_t)h->types * TYPE_BYTES +
          h->chars + (size_t)h->leaps * (uint32_t)(time_bytes + 4) + h->standard + h->utc;
  return *size <= in.len - HEAD_BYTES;
}

static struct tg_text behind(struct tg_text in, size_t n)
{
  return tg_text_of(in.ptr + n, in.len - n);
}

/* The changes of a block of 64-bit times. False: not what they can be. */
static bool read_changes(struct tg_zone *z, const struct head *h, const char *block)
{
  const char *kinds = block + (size_t)h->changes * 8, *types = kinds + h->changes;
  int32_t east[TYPES_MAX];
  for (uint32_t i = 0; i < h->types; i++) {
    east[i] = (int32_t)big(types + (size_t)i * TYPE_BYTES, 4);
    if (east[i] < -EAST_MAX || east[i] > EAST_MAX) return false;
  }
  z->first_s = east[0];
  for (uint32_t i = 0; i < h->changes; i++) {
    uint32_t kind = (unsigned char)kinds[i];
    z->at_s[i] = (int64_t)big(block + (size_t)i * 8, 8);
    if (kind >= h->types || (i && z->at_s[i] <= z->at_s[i - 1])) return false;
    z->east_s[i] = east[kind];
  }
  z->count = h->changes;
  return true;
}

/* "\n..\n" */
static bool read_footer(struct tg_zone *z, struct tg_text in)
{
  if (in.len < 2 || in.ptr[0] != '\n' || in.ptr[in.len - 1] != '\n') return false;
  z->has_rule = in.len > 2;
  return !z->has_rule || read_rule(tg_text_of(in.ptr + 1, in.len - 2), &z->rule);
}

enum tg_rc tg_zone_read(struct tg_arena *arena, struct tg_text bytes, const struct tg_zone **out,
                        struct tg_err *err)
{
  struct head old, h;
  size_t size = 0, skip = 0;
  bool good = bytes.len <= TG_ZONE_BYTES_MAX && read_head(bytes, 4, &old, &skip);
  if (good && bytes.ptr[4] < '2')
    return tg_err_set(err, TG_DATA, "zone", "a file of version 1: only later ones can be read");
  struct tg_text block = good ? behind(bytes, HEAD_BYTES + skip) : tg_text("");
  good = good && read_head(block, 8, &h, &size);
  if (good && h.leaps)
    return tg_err_set(err, TG_DATA, "zone", "its times count leap seconds, Kafka's do not");
  good = good && h.changes <= CHANGES_MAX && h.types >= 1 && h.types <= TYPES_MAX;
  if (!good) return tg_err_set(err, TG_DATA, "zone", "%u bytes that are no zone's", bytes.len);
  struct tg_zone *z = tg_arena_zalloc(arena, 1, sizeof *z);
  if (z) z->at_s = tg_arena_zalloc(arena, h.changes + 1, sizeof *z->at_s);
  if (z) z->east_s = tg_arena_zalloc(arena, h.changes + 1, sizeof *z->east_s);
  if (!z || !z->at_s || !z->east_s) return tg_err_set(err, TG_FULL, "zone", "no memory");
  *out = z;
  if (read_changes(z, &h, block.ptr + HEAD_BYTES) &&
      read_footer(z, behind(block, HEAD_BYTES + size)))
    return TG_OK;
  return tg_err_set(err, TG_DATA, "zone", "a zone whose times or rule cannot be");
}

const struct tg_zone *tg_zone_fixed(struct tg_arena *arena, struct tg_text name)
{
  struct rule rule = {0};
  if (!tg_text_is(name, "UTC")) {
    struct reader r = {.at = name.ptr, .end = name.ptr + name.len};
    bool good = name.len == 6 && (*name.ptr == '+' || *name.ptr == '-') && name.ptr[3] == ':';
    if (good) rule.east_s = span(&r, 14);
    if (!good || r.bad || r.at != r.end) return NULL;
  }
  struct tg_zone *z = tg_arena_zalloc(arena, 1, sizeof *z);
  if (z) z->has_rule = true, z->rule = rule;
  return z;
}

/* --- asking --- */

/* How many changes there were up to s. */
static uint32_t changes_to(const struct tg_zone *z, int64_t s)
{
  uint32_t low = 0, high = z->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (z->at_s[middle] <= s)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static int32_t east_at(const struct tg_zone *z, int64_t s)
{
  uint32_t n = changes_to(z, s);
  if (n == z->count && z->has_rule) return rule_east(&z->rule, s);
  return n ? z->east_s[n - 1] : z->first_s;
}

/* The first change after s, INT64_MAX: none. */
static int64_t next_change(const struct tg_zone *z, int64_t s)
{
  uint32_t n = changes_to(z, s);
  if (n < z->count) return z->at_s[n];
  return z->has_rule ? rule_next(&z->rule, s) : INT64_MAX;
}

/* Within the years that there are. */
static int64_t clamped(int64_t us)
{
  if (us < TG_TIME_MIN_US) return TG_TIME_MIN_US;
  return us < TG_TIME_LIMIT_US ? us : TG_TIME_LIMIT_US - 1;
}

int64_t tg_zone_local(const struct tg_zone *z, int64_t us)
{
  us = clamped(us);
  return us + east_at(z, floor_div(us, 1000000)) * INT64_C(1000000);
}

int64_t tg_zone_first(const struct tg_zone *z, int64_t local_us)
{
  local_us = clamped(local_us);
  int64_t s = floor_div(local_us, 1000000) - EAST_MAX; /* clocks show less there */
  for (;;) {
    int64_t there = local_us - east_at(z, s) * INT64_C(1000000), next = next_change(z, s);
    if (there <= s * 1000000) return s * 1000000;
    if (floor_div(there, 1000000) < next) return there;
    s = next;
  }
}

int64_t tg_zone_day(const struct tg_zone *z, int64_t us, int64_t *from_us)
{
  int64_t day = floor_div(tg_zone_local(z, us), TG_DAY_US) + 1; /* its midnight may come again */
  *from_us = tg_zone_first(z, day * TG_DAY_US);
  for (int back = 0; back < 2 && *from_us > us; back++)
    *from_us = tg_zone_first(z, --day * TG_DAY_US);
  return day;
}
