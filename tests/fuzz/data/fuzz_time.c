/* Any text as a time, an interval, a decimal, an address: no crash, results in range, and what a
 * type accepts it accepts again in the form in which it is shown. */
#include "core/data/decimal.h"
#include "core/data/inetparse.h"
#include "core/data/timeparse.h"
#include "core/data/valueparse.h"

#include <stdio.h>
#include <stdlib.h>

static void check(bool holds, const char *what)
{
  if (holds) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void check_times(struct tg_text t)
{
  struct tg_span span;
  int64_t v = 0, days = 0, us = 0;
  if (!tg_timeparse_timestamptz(t, 0, &v))
    check(v >= TG_TIME_MIN_US && v < TG_TIME_LIMIT_US, "timestamptz in range");
  const char *stamp = tg_timeparse_timestamp(t, &us), *date = tg_timeparse_date(t, &days);
  if (!stamp) check(!date, "a timestamp has a date");
  if (!stamp)
    check(us - days * TG_DAY_US >= 0 && us - days * TG_DAY_US <= TG_DAY_US,
          "the day of a timestamp");
  if (!tg_timeparse_time(t, &v)) check(v >= 0 && v <= TG_DAY_US, "time in range");
  (void)!tg_timeparse_interval(t, &span);
}

static void check_decimal(struct tg_text t)
{
  char digits[TG_DECIMAL_TEXT_MAX], shown[TG_DECIMAL_SHOWN];
  struct tg_decimal d, again;
  int64_t v = 0, w = 0;
  if (!tg_decimal_parse(t, &d)) return;
  (void)tg_decimal_is_whole(&d), (void)tg_decimal_fits_numeric(&d);
  uint32_t len = tg_decimal_digits(&d, (struct tg_type){.kind = TG_NUMERIC}, digits);
  if (len) check(tg_decimal_parse(tg_text_of(digits, len), &again), "digits are a number");
  if (!tg_decimal_scaled(&d, 4, &v)) return;
  if (len) check(tg_decimal_scaled(&again, 4, &w) && v == w, "digits are the same number");
  tg_decimal_show(v, 4, shown);
  check(tg_decimal_parse(tg_text(shown), &again), "a shown number is a number");
  check(tg_decimal_scaled(&again, 4, &w) && v == w, "a shown number is the same number");
}

/* What is shown of an accepted value is accepted again as the same value, where the form can be
 * read. */
static void check_values(struct tg_arena *a, struct tg_text t)
{
  static const enum tg_kind kinds[] = {
      TG_BOOL,      TG_INT2, TG_INT8,     TG_FLOAT8, TG_UUID, TG_DATE,     TG_TIMESTAMPTZ,
      TG_TIMESTAMP, TG_TIME, TG_INTERVAL, TG_BYTEA,  TG_INET, TG_TEXT_KIND};
  char shown[300], again[300];
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    struct tg_column *c = tg_column_new(a, (struct tg_type){.kind = kinds[i]}, 2, true);
    struct tg_valueparse p = {.arena = a};
    if (tg_value_parse(&p, t, c, 0) != TG_OK) {
      check(p.reason[0] && tg_text_utf8(tg_text(p.reason)), "a refusal has its reason");
      continue;
    }
    tg_column_show(c, 0, shown, sizeof shown);
    if (t.len > 40 || kinds[i] == TG_TEXT_KIND || kinds[i] == TG_INTERVAL) continue;
    check(tg_value_parse(&p, tg_text(shown), c, 1) == TG_OK, shown);
    tg_column_show(c, 1, again, sizeof again);
    check(strcmp(shown, again) == 0, again);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct tg_arena arena;
  uint8_t inet[TG_INET_BYTES_MAX];
  if (!arena.chunk_size) tg_arena_init(&arena, 16 << 10, 0);
  struct tg_text t = tg_text_of((const char *)data, size);
  check_times(t);
  check_decimal(t);
  tg_inet_parse(t, inet);
  check_values(&arena, t);
  tg_arena_reset(&arena, 0);
  return 0;
}
