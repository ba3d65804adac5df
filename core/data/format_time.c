/* Calendars, clocks, durations and cron lines. */
#include "core/data/format_own.h"
#include "core/data/timeparse.h"

static int32_t number_at(struct tg_text t, uint32_t from, uint32_t len)
{
  return from + len <= t.len ? tg_small_number(tg_text_of(t.ptr + from, len)) : -1;
}

int tg_format_date(const struct tg_formatting *how, struct tg_text t)
{
  int64_t days;
  (void)how;
  return t.len == 10 && t.ptr[4] == '-' && tg_timeparse_date(t, &days) == NULL;
}

int tg_format_iso8601(const struct tg_formatting *how, struct tg_text t)
{
  int64_t us;
  (void)how;
  bool has_time = t.len > 10 && (memchr(t.ptr, 'T', t.len) || memchr(t.ptr, 't', t.len) ||
                                 memchr(t.ptr, ' ', t.len));
  return has_time && tg_timeparse_timestamptz(t, 0, &us) == NULL;
}

int tg_format_time(const struct tg_formatting *how, struct tg_text t)
{
  int32_t hour = number_at(t, 0, 2), minute = number_at(t, 3, 2);
  (void)how;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || t.ptr[2] != ':') return 0;
  if (t.len == 5) return 1;
  int32_t second = number_at(t, 6, 2);
  if (second < 0 || second > 59 || t.ptr[5] != ':') return 0;
  return t.len == 8 || (t.len > 9 && t.ptr[8] == '.' && tg_all(tg_rest(t, 9), tg_is_digit));
}

/* --- duration --- */

/* The end of digits[.digits] at i, or i when there are none; *fraction tells of a point. */
static uint32_t number_end(struct tg_text t, uint32_t i, bool *fraction)
{
  uint32_t from = i;
  while (i < t.len && tg_is_digit(t.ptr[i])) i++;
  *fraction = i > from && i < t.len && (t.ptr[i] == '.' || t.ptr[i] == ',');
  if (!*fraction) return i;
  uint32_t digits = ++i;
  while (i < t.len && tg_is_digit(t.ptr[i])) i++;
  return i > digits ? i : from;
}

int tg_format_duration(const struct tg_formatting *how, struct tg_text t)
{
  const char *units = "YMWD";
  uint32_t i = 1, count = 0;
  bool fraction = false, in_time = false;
  (void)how;
  if (!t.len || t.ptr[0] != 'P') return 0;
  while (i < t.len) {
    if (t.ptr[i] == 'T') {
      if (in_time) return 0;
      in_time = true, units = "HMS", count = 0, i++;
      continue;
    }
    if (fraction) return 0; /* only the last number may have one */
    uint32_t end = number_end(t, i, &fraction);
    if (end == i || end >= t.len || !t.ptr[end]) return 0;
    const char *unit = strchr(units, t.ptr[end]);
    if (!unit) return 0;
    units = unit + 1, i = end + 1, count++;
  }
  return count > 0;
}

/* --- cron --- */

struct cron_field {
  int32_t min, max;
  const char *names; /* of three letters, the first one for min */
};

static const struct cron_field cron_fields[] = {
    {0, 59, ""},
    {0, 23, ""},
    {1, 31, ""},
    {1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
    {0, 7, "SUNMONTUEWEDTHUFRISAT"},
};
enum { CRON_FIELDS = sizeof cron_fields / sizeof *cron_fields };

/* The number or name, or -1. */
static int32_t cron_value(const struct cron_field *f, struct tg_text t)
{
  if (t.len == 3)
    for (const char *name = f->names; *name; name += 3)
      if (tg_upper(t.ptr[0]) == name[0] && tg_upper(t.ptr[1]) == name[1] &&
          tg_upper(t.ptr[2]) == name[2])
        return f->min + (int32_t)(name - f->names) / 3;
  int32_t v = tg_small_number(t);
  return v >= f->min && v <= f->max ? v : -1;
}

/* Splits t at the first c; *second has ptr NULL without one. */
static struct tg_text split(struct tg_text t, char c, struct tg_text *second)
{
  const char *at = t.len ? memchr(t.ptr, c, t.len) : NULL;
  *second = (struct tg_text){NULL, 0};
  if (!at) return t;
  struct tg_text first = tg_first(t, (uint32_t)(at - t.ptr));
  *second = tg_rest(t, first.len + 1);
  return first;
}

/* "*", "5", "1-5", and a step behind "*" or a range. */
static bool is_cron_range(const struct cron_field *f, struct tg_text t)
{
  struct tg_text step, to, range = split(t, '/', &step);
  struct tg_text from = split(range, '-', &to);
  if (step.ptr && (tg_small_number(step) < 1 || tg_small_number(step) > f->max)) return false;
  if (tg_text_is(range, "*")) return true;
  int32_t low = cron_value(f, from);
  if (!to.ptr) return low >= 0 && !step.ptr;
  return low >= 0 && low <= cron_value(f, to);
}

static bool is_cron_field(const struct cron_field *f, struct tg_text t)
{
  struct tg_text rest = t;
  while (rest.ptr) {
    struct tg_text next, part = split(rest, ',', &next);
    if (!is_cron_range(f, part)) return false;
    rest = next;
  }
  return true;
}

static bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

int tg_format_cron(const struct tg_formatting *how, struct tg_text t)
{
  uint32_t i = 0;
  (void)how;
  for (uint32_t field = 0; field < CRON_FIELDS; field++) {
    uint32_t from = i;
    while (i < t.len && !is_blank(t.ptr[i])) i++;
    if (i == from || !is_cron_field(&cron_fields[field], tg_text_of(t.ptr + from, i - from)))
      return 0;
    uint32_t end = i;
    while (i < t.len && is_blank(t.ptr[i])) i++;
    if (field + 1 == CRON_FIELDS && i > end) return 0;
  }
  return i == t.len;
}
