/* Times written as text -> microseconds, days, intervals. No time zone database: offsets only.
 *
 *   timestamp  date, then 'T', 't' or one space, then time, then an offset or none
 *   date       2026-01-31 or 20260131; years 0001 to 9999
 *   time       12:30, 12:30:59, 12:30:59.123456789, 1230, 123059; '.' or ',' before the fraction;
 *              24:00:00 and second 60 roll over
 *   offset     Z, z, +02:00, +0200, +02, at most 15:59; one space may stand before it
 *   interval   ISO 8601 P1Y2M3W4DT5H6M7.5S, or PostgreSQL's "1 year 2 mons 3 days -04:05:06.7"
 *
 * Fractions have 1 to 9 digits and are rounded to microseconds exactly as PostgreSQL does.
 * Functions return NULL, or why the text is refused: a constant that completes "'abc' ..". */
#ifndef TG_DATA_TIMEPARSE_H
#define TG_DATA_TIMEPARSE_H

#include "core/data/type.h"

/* 0001-01-01 and the instant after 9999-12-31, in microseconds and days since 1970-01-01. */
#define TG_TIME_MIN_US   INT64_C(-62135596800000000)
#define TG_TIME_LIMIT_US INT64_C(253402300800000000)
#define TG_DAY_US        INT64_C(86400000000)

/* An instant. zone_s: the offset, seconds east of UTC, of texts without one. */
const char *tg_timeparse_timestamptz(struct tg_text t, int32_t zone_s, int64_t *us);

/* The date and time as written; an offset is checked and ignored, as PostgreSQL does. */
const char *tg_timeparse_timestamp(struct tg_text t, int64_t *us);

/* The date as written; a time and an offset behind it are checked and ignored, as PostgreSQL
 * does. */
const char *tg_timeparse_date(struct tg_text t, int64_t *days);

/* Microseconds since midnight, 24:00:00 included. */
const char *tg_timeparse_time(struct tg_text t, int64_t *us);

const char *tg_timeparse_interval(struct tg_text t, struct tg_span *out);

/* Days since 1970-01-01 of a date of the proleptic Gregorian calendar, and back. Source: Howard
 * Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil. */
int64_t tg_timeparse_days(int64_t year, unsigned month, unsigned day);

#endif
