/* Patterns of times, as strptime(3) and strftime(3) have them; English names, no locale.
 *
 *   %Y year, 4 digits   %y 2 digits (69-99: 19xx)   %m month   %b %B its name   %d day
 *   %j day of the year   %a %A weekday's name   %u weekday 1-7 from Monday   %w 0-6 from Sunday
 *   %U %W week of the year, from its first Sunday, Monday   %G %V year and week of ISO 8601
 *   %H hour   %I hour of 12   %p AM PM   %M minute   %S second   %f fraction, 1-6 digits
 *   %z +02:00, +0200 or Z   %Z UTC or GMT   %% a percent sign
 *
 * Reading takes the whole text, one or more spaces for every space of the pattern, and fewer digits
 * than two where a number has two; a date that does not exist is refused. What the pattern lacks is
 * 1970-01-01 00:00:00. A week counts where there is a weekday, before month and day; %G and %V go
 * together and need one. */
#ifndef TG_DATA_TIMEPATTERN_H
#define TG_DATA_TIMEPATTERN_H

#include "core/base/text.h"

enum { TG_TIMEPATTERN_SIZE = 256 };

/* True when only the directives above stand in it and its texts fit TG_TIMEPATTERN_SIZE. */
bool tg_timepattern_ok(struct tg_text pattern);

/* zone_s: of texts without %z, seconds east of UTC. */
bool tg_timepattern_parse(struct tg_text pattern, struct tg_text text, int32_t zone_s, int64_t *us);

/* Writes the instant in UTC; returns the length. The pattern must be ok. */
uint32_t tg_timepattern_show(struct tg_text pattern, int64_t us, char out[TG_TIMEPATTERN_SIZE]);

/* The calendar day of a day number, and its inverse is tg_timeparse_days(). */
struct tg_day {
  int64_t year;
  uint32_t month, day;
};
struct tg_day tg_timepattern_day(int64_t days);

#endif
