/* Time zones by name: what clocks show where, from the files of the IANA tz database.
 *
 *   "TZif" version 2 or later (RFC 8536): a block of 32-bit times, skipped
 *   | a block of 64-bit times: when the offset from UTC changed, and to what
 *   | "\nCET-1CEST,M3.5.0,M10.5.0/3\n": the rule for all times after the last of them (POSIX TZ)
 *
 * Local times are microseconds since 1970-01-01 as a clock on the wall shows them. When clocks are
 * put forward some local times never come, when they are put back some come twice; tg_zone_first()
 * takes the moment at which the local time is first reached or passed in both cases.
 *
 *   UTC    00:00        01:00        02:00          00:00        01:00        02:00
 *   Berlin 01:00        03:00        04:00          02:00        02:00        03:00
 *   02:30 is reached at 01:00, as 03:00             02:30 is reached at 00:30, not again at 01:30
 *
 * Pure: whoever has the bytes of a file calls tg_zone_read(). A zone is never changed. */
#ifndef TG_DATA_ZONE_H
#define TG_DATA_ZONE_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/text.h"

enum { TG_ZONE_BYTES_MAX = 1 << 18 };

struct tg_zone;

/* A zone from the bytes of its file, in the arena. TG_DATA: they are none of it, with leap seconds,
 * or of version 1; TG_FULL: the arena. */
enum tg_rc tg_zone_read(struct tg_arena *arena, struct tg_text bytes, const struct tg_zone **out,
                        struct tg_err *err);

/* "UTC" or an offset such as "+01:00" or "-03:30" (14:59 at most) as a zone. NULL when it is none,
 * or the arena is full. */
const struct tg_zone *tg_zone_fixed(struct tg_arena *arena, struct tg_text name);

/* What clocks show at an instant. */
int64_t tg_zone_local(const struct tg_zone *z, int64_t us);

/* The first instant at which clocks show that local time or a later one. */
int64_t tg_zone_first(const struct tg_zone *z, int64_t local_us);

/* The day of an instant by local time, counted from 1970-01-01: the last one whose midnight has
 * been reached. *from_us: when that was. */
int64_t tg_zone_day(const struct tg_zone *z, int64_t us, int64_t *from_us);

#endif
