/* Operations on instants and intervals. */
#include "core/data/timeop.h"
#include "core/data/literal.h"
#include "core/data/order.h"
#include "core/data/timeparse.h"
#include "core/data/timepattern.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_SIZE = 64 };
#define SECOND_US ((int64_t)1000000)
#define HOUR_US   (3600 * SECOND_US)
#define DAY_US    TG_DAY_US

static int64_t floor_div(int64_t x, int64_t y)
{
  int64_t q = x / y;
  return q * y > x ? q - 1 : q;
}

static bool is_instant(const struct tg_column *c)
{
  return tg_order_of(c->type) == TG_ORDER_INSTANT;
}
static bool is_span(const struct tg_column *c)
{
  return tg_order_of(c->type) == TG_ORDER_SPAN;
}

static int64_t instant_us(const struct tg_column *c, uint32_t i)
{
  int64_t us;
  if (c->type.kind != TG_DATE) return c->v.ints[i];
  return __builtin_mul_overflow(c->v.ints[i], DAY_US, &us)
             ? (c->v.ints[i] < 0 ? INT64_MIN : INT64_MAX)
             : us;
}

static struct tg_column *end_faults(struct tg_op *op, struct tg_column *out, uint8_t *nul,
                                    uint8_t *faults)
{
  uint8_t any = 0;
  for (uint32_t i = 0; i < op->rows; i++) any |= faults[i];
  if (!any) return tg_op_end(op, out, nul);
  for (uint32_t i = 0; nul && i < op->rows; i++) faults[i] = nul[i] ? nul[i] : faults[i];
  return tg_op_end(op, out, faults);
}

static struct tg_column *difference(struct tg_op *op, struct tg_column *a, struct tg_column *b)
{
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_INTERVAL));
  uint8_t *nul, *faults = tg_op_alloc(op, op->rows, 1);
  if (!out || !faults || !tg_op_nul2(op, tg_arg_column(a), tg_arg_column(b), &nul)) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    int64_t us = 0;
    faults[i] =
        __builtin_sub_overflow(instant_us(a, i), instant_us(b, i), &us) ? TG_OVERFLOW : TG_SOME;
    out->v.spans[i] = (struct tg_span){.us = us % DAY_US, .days = (int32_t)(us / DAY_US)};
  }
  return end_faults(op, out, nul, faults);
}

static int64_t add_months(int64_t days, int32_t months)
{
  struct tg_day d = tg_timepattern_day(days);
  int64_t month = d.year * 12 + d.month - 1 + months; /* since year 0 */
  d.year = floor_div(month, 12), d.month = (uint32_t)(month - d.year * 12) + 1;
  int64_t year = d.month == 12 ? d.year + 1 : d.year;
  int64_t next = tg_timeparse_days(year, d.month % 12 + 1, 1),
          first = tg_timeparse_days(d.year, d.month, 1);
  return d.day > next - first ? next - 1 : first + d.day - 1;
}

/* us + span, months first and the day kept within the month, as PostgreSQL does. */
static bool add_span(int64_t us, struct tg_span s, int64_t *out)
{
  int64_t days = floor_div(us, DAY_US), clock = us - days * DAY_US;
  if (s.months) days = add_months(days, s.months);
  int64_t r;
  if (__builtin_mul_overflow(days + s.days, DAY_US, &r)) return false;
  if (__builtin_add_overflow(r, clock, &r) || __builtin_add_overflow(r, s.us, &r)) return false;
  *out = r;
  return r >= TG_TIME_MIN_US && r < TG_TIME_LIMIT_US;
}

static struct tg_column *shift(struct tg_op *op, struct tg_column *c, struct tg_column *by,
                               int sign)
{
  enum tg_kind kind = c->type.kind == TG_DATE ? TG_TIMESTAMP : c->type.kind;
  struct tg_column *out = tg_op_new(op, tg_type_of(kind));
  uint8_t *nul, *faults = tg_op_alloc(op, op->rows, 1);
  if (!out || !faults || !tg_op_nul2(op, tg_arg_column(c), tg_arg_column(by), &nul)) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    struct tg_span s = by->v.spans[i];
    bool odd = s.us == INT64_MIN || s.days == INT32_MIN || s.months == INT32_MIN;
    if (sign < 0 && !odd) s = (struct tg_span){-s.us, -s.days, -s.months};
    bool fits = !(sign < 0 && odd) && add_span(instant_us(c, i), s, &out->v.ints[i]);
    faults[i] = fits ? TG_SOME : TG_OVERFLOW;
  }
  return end_faults(op, out, nul, faults);
}

static bool span_sum(struct tg_span a, struct tg_span b, int sign, struct tg_span *out)
{
  if (sign < 0)
    return !__builtin_sub_overflow(a.us, b.us, &out->us) &&
           !__builtin_sub_overflow(a.days, b.days, &out->days) &&
           !__builtin_sub_overflow(a.months, b.months, &out->months);
  return !__builtin_add_overflow(a.us, b.us, &out->us) &&
         !__builtin_add_overflow(a.days, b.days, &out->days) &&
         !__builtin_add_overflow(a.months, b.months, &out->months);
}

static struct tg_column *sum_spans(struct tg_op *op, struct tg_column *a, struct tg_column *b,
                                   int sign)
{
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_INTERVAL));
  uint8_t *nul, *faults = tg_op_alloc(op, op->rows, 1);
  if (!out || !faults || !tg_op_nul2(op, tg_arg_column(a), tg_arg_column(b), &nul)) return NULL;
  for (uint32_t i = 0; i < op->rows; i++)
    faults[i] =
        span_sum(a->v.spans[i], b->v.spans[i], sign, &out->v.spans[i]) ? TG_SOME : TG_OVERFLOW;
  return end_faults(op, out, nul, faults);
}

struct tg_column *tg_time_arith(struct tg_op *op, enum tg_arith what, struct tg_arg a,
                                struct tg_arg b)
{
  char x[NAME_SIZE], y[NAME_SIZE];
  struct tg_type span = tg_type_of(TG_INTERVAL);
  struct tg_column *l = a.c ? a.c : tg_literal_column(op, a.lit, span);
  struct tg_column *r = b.c ? b.c : l ? tg_literal_column(op, b.lit, span) : NULL;
  if (!l || !r) return NULL;
  int sign = what == TG_SUB ? -1 : 1;
  bool sum = what == TG_ADD || what == TG_SUB;
  if (what == TG_SUB && is_instant(l) && is_instant(r)) return difference(op, l, r);
  if (sum && is_instant(l) && is_span(r)) return shift(op, l, r, sign);
  if (what == TG_ADD && is_span(l) && is_instant(r)) return shift(op, r, l, 1);
  if (sum && is_span(l) && is_span(r)) return sum_spans(op, l, r, sign);
  return tg_op_fail(op, TG_CONFIG, "%s and %s cannot be calculated with this operator",
                    tg_arg_name(a, x, sizeof x), tg_arg_name(b, y, sizeof y));
}

struct tg_column *tg_time_unary(struct tg_op *op, enum tg_unary what, struct tg_column *a)
{
  if (what != TG_NEG) return tg_op_fail(op, TG_CONFIG, "an interval has no such operation");
  struct tg_column *zero = tg_op_new(op, a->type);
  return zero ? sum_spans(op, zero, a, -1) : NULL;
}

struct unit {
  const char *name;
  int64_t us;
  int32_t days, months;
};

static const struct unit units[] = {
    {"us", 1, 0, 0},
    {"ms", 1000, 0, 0},
    {"s", SECOND_US, 0, 0},
    {"sec", SECOND_US, 0, 0},
    {"second", SECOND_US, 0, 0},
    {"m", 60 * SECOND_US, 0, 0},
    {"min", 60 * SECOND_US, 0, 0},
    {"minute", 60 * SECOND_US, 0, 0},
    {"h", HOUR_US, 0, 0},
    {"hour", HOUR_US, 0, 0},
    {"d", 0, 1, 0},
    {"day", 0, 1, 0},
    {"w", 0, 7, 0},
    {"week", 0, 7, 0},
    {"mon", 0, 0, 1},
    {"month", 0, 0, 1},
    {"y", 0, 0, 12},
    {"year", 0, 0, 12},
};
enum { UNITS = sizeof units / sizeof *units };

static const struct unit *unit_of(struct tg_text name)
{
  for (int plural = 0; plural < 2; plural++) {
    for (uint32_t i = 0; i < UNITS; i++)
      if (tg_text_is(name, units[i].name)) return &units[i];
    if (name.len > 3 && name.ptr[name.len - 1] == 's') name.len--;
  }
  return NULL;
}

/* One "<number><unit>" from the front of *t. */
static bool duration_part(struct tg_text *t, struct tg_span *out)
{
  enum { DIGITS_MAX = 15 };
  uint32_t i = 0, n = 0;
  int64_t v = 0;
  bool minus = t->len && *t->ptr == '-';
  for (i = minus; i < t->len && t->ptr[i] >= '0' && t->ptr[i] <= '9'; i++, n++)
    v = v * 10 + (t->ptr[i] - '0');
  if (!n || n > DIGITS_MAX) return false;
  while (i < t->len && t->ptr[i] == ' ') i++;
  uint32_t start = i;
  while (i < t->len && t->ptr[i] >= 'a' && t->ptr[i] <= 'z') i++;
  const struct unit *u = unit_of(tg_text_of(t->ptr + start, i - start));
  int64_t days, months, us;
  if (!u) return false;
  if (minus) v = -v;
  if (__builtin_mul_overflow(v, u->us, &us) || __builtin_add_overflow(out->us, us, &out->us))
    return false;
  if (__builtin_mul_overflow(v, (int64_t)u->days, &days) ||
      __builtin_add_overflow(out->days, days, &out->days))
    return false;
  if (__builtin_mul_overflow(v, (int64_t)u->months, &months) ||
      __builtin_add_overflow(out->months, months, &out->months))
    return false;
  *t = tg_text_of(t->ptr + i, t->len - i);
  return true;
}

bool tg_time_duration(struct tg_text t, struct tg_span *out)
{
  *out = (struct tg_span){0};
  t = tg_text_trim(t);
  if (!t.len) return false;
  while (t.len) {
    if (!duration_part(&t, out)) return false;
    t = tg_text_trim(t);
  }
  return true;
}

static bool zone_us(struct tg_op *op, struct tg_text zone, int64_t *out)
{
  *out = 0;
  if (!zone.len || tg_text_is(zone, "UTC") || tg_text_is(zone, "Z")) return true;
  int hours, minutes = 0, used = 0;
  char text[16];
  snprintf(text, sizeof text, "%.*s", TG_TEXT(zone));
  bool signed_ = *text == '+' || *text == '-';
  bool ok = signed_ && sscanf(text, "%3d%n:%2d%n", &hours, &used, &minutes, &used) >= 1;
  if (!ok || (uint32_t)used != zone.len || abs(hours) > 15 || minutes < 0 || minutes > 59) {
    char shown[NAME_SIZE];
    tg_op_fail(op, TG_CONFIG, "zone '%s': write UTC or a fixed offset such as +02:00",
               tg_text_shown(zone, shown, sizeof shown));
    return false;
  }
  *out = hours * HOUR_US + (*text == '-' ? -minutes : minutes) * 60 * SECOND_US;
  return true;
}

static bool instant_check(struct tg_op *op, const struct tg_column *c, const char *what)
{
  char name[NAME_SIZE];
  if (is_instant(c)) return true;
  tg_op_fail(op, TG_CONFIG, "%s needs a timestamp or a date, this is %s", what,
             tg_type_name(c->type, name, sizeof name));
  return false;
}

enum grain { BY_US, BY_WEEK, BY_MONTH };
static const struct {
  const char *name;
  enum grain grain;
  int64_t size;
} grains[] = {
    {"second", BY_US, SECOND_US}, {"minute", BY_US, 60 * SECOND_US},
    {"hour", BY_US, HOUR_US},     {"day", BY_US, DAY_US},
    {"week", BY_WEEK, 7},         {"month", BY_MONTH, 1},
    {"quarter", BY_MONTH, 3},     {"year", BY_MONTH, 12},
};
enum { GRAINS = sizeof grains / sizeof *grains };

static int64_t trunc_us(int64_t us, uint32_t g)
{
  int64_t size = grains[g].size, days = floor_div(us, DAY_US);
  if (grains[g].grain == BY_US) return floor_div(us, size) * size;
  if (grains[g].grain == BY_WEEK)
    return (floor_div(days + 3, size) * size - 3) * DAY_US; /* 1970-01-01: Thursday */
  struct tg_day d = tg_timepattern_day(days);
  d.month = (d.month - 1) / (uint32_t)size * (uint32_t)size + 1, d.day = 1;
  return tg_timeparse_days(d.year, d.month, d.day) * DAY_US;
}

struct tg_column *tg_time_trunc(struct tg_op *op, struct tg_column *c, struct tg_text unit,
                                struct tg_text zone)
{
  int64_t east;
  char shown[NAME_SIZE];
  uint32_t g = 0;
  while (g < GRAINS && !tg_text_is(unit, grains[g].name)) g++;
  if (g == GRAINS)
    return tg_op_fail(op, TG_CONFIG,
                      "trunc: '%s' is none of second minute hour day week month quarter year",
                      tg_text_shown(unit, shown, sizeof shown));
  if (!instant_check(op, c, "trunc") || !zone_us(op, zone, &east)) return NULL;
  struct tg_column *out =
      tg_op_new(op, tg_type_of(c->type.kind == TG_DATE ? TG_TIMESTAMP : c->type.kind));
  uint8_t *faults = tg_op_alloc(op, op->rows, 1);
  if (!out || !faults) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    int64_t us = instant_us(c, i);
    bool fits = us >= TG_TIME_MIN_US && us < TG_TIME_LIMIT_US;
    out->v.ints[i] = fits ? trunc_us(us + east, g) - east : 0;
    faults[i] = fits ? TG_SOME : TG_OVERFLOW;
  }
  return end_faults(op, out, c->nul, faults);
}

struct tg_column *tg_time_add(struct tg_op *op, struct tg_column *c, struct tg_text duration)
{
  if (!instant_check(op, c, "add")) return NULL;
  return tg_time_arith(op, TG_ADD, tg_arg_column(c), tg_arg_text(duration));
}

struct tg_column *tg_time_age(struct tg_op *op, struct tg_column *c, struct tg_column *since)
{
  return instant_check(op, c, "age") ? difference(op, since, c) : NULL;
}

double tg_time_span_seconds(struct tg_span s)
{
  return (double)s.us / 1e6 + ((double)s.months * 30 + s.days) * 86400;
}

struct tg_column *tg_time_seconds(struct tg_op *op, struct tg_column *c)
{
  bool span = tg_order_of(c->type) == TG_ORDER_SPAN;
  if (!span && !instant_check(op, c, "seconds")) return NULL;
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_FLOAT8));
  for (uint32_t i = 0; out && i < op->rows; i++)
    out->v.floats[i] = span ? tg_time_span_seconds(c->v.spans[i]) : (double)instant_us(c, i) / 1e6;
  return out ? tg_op_end(op, out, c->nul) : NULL;
}

struct tg_column *tg_time_hour(struct tg_op *op, struct tg_column *c, struct tg_text zone)
{
  int64_t east;
  bool clock = tg_order_of(c->type) == TG_ORDER_CLOCK;
  if ((!clock && !instant_check(op, c, "hour")) || !zone_us(op, zone, &east)) return NULL;
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_INT8));
  for (uint32_t i = 0; out && i < op->rows; i++) {
    int64_t us = clock ? c->v.ints[i] : instant_us(c, i);
    int64_t hours =
        floor_div(us, HOUR_US) + floor_div(us - floor_div(us, HOUR_US) * HOUR_US + east, HOUR_US);
    out->v.ints[i] = hours - floor_div(hours, 24) * 24;
  }
  return out ? tg_op_end(op, out, c->nul) : NULL;
}

struct tg_column *tg_time_weekday(struct tg_op *op, struct tg_column *c, struct tg_text zone)
{
  int64_t east;
  if (!instant_check(op, c, "weekday") || !zone_us(op, zone, &east)) return NULL;
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_INT8));
  for (uint32_t i = 0; out && i < op->rows; i++) {
    int64_t us = instant_us(c, i), days = floor_div(us, DAY_US);
    days += floor_div(us - days * DAY_US + east, DAY_US) + 3; /* 1970-01-01 was a Thursday */
    out->v.ints[i] = days - floor_div(days, 7) * 7 + 1;
  }
  return out ? tg_op_end(op, out, c->nul) : NULL;
}

struct tg_column *tg_time_text(struct tg_op *op, struct tg_column *c, struct tg_text pattern)
{
  char text[TG_TIMEPATTERN_SIZE];
  if (!instant_check(op, c, "to_text")) return NULL;
  if (!pattern.len)
    pattern = tg_text(c->type.kind == TG_DATE ? "%Y-%m-%d" : "%Y-%m-%dT%H:%M:%S.%fZ");
  if (!tg_timepattern_ok(pattern))
    return tg_op_fail(op, TG_CONFIG, "to_text: '%s' has an unknown directive or is too long",
                      tg_text_shown(pattern, text, sizeof text));
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_TEXT_KIND));
  for (uint32_t i = 0; out && i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    if (c->nul && c->nul[i]) continue;
    uint32_t n = tg_timepattern_show(pattern, instant_us(c, i), text);
    out->v.texts[i] = tg_arena_copy(op->arena, tg_text_of(text, n));
    if (!out->v.texts[i].ptr) return tg_op_full(op);
  }
  return out ? tg_op_end(op, out, c->nul) : NULL;
}
