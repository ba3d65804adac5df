/* What one rule measured over some rows: a summary, or several by name, and how many rows they were
 * made of. Measured apart and merged is the same as measured at once, so that lanes measure their
 * loads and whoever closes a window judges all of it.
 *
 * Bytes:  u8 version (1)   u8 1: a single one without a name   varint rows   varint count
 *         count x { varint length, name   varint length, summary }, names ascending
 *
 * Memory: the arena given. Thread: one at a time. */
#ifndef TG_STATE_MEASURED_H
#define TG_STATE_MEASURED_H

#include "core/state/summary.h"

enum { TG_MEASURED_VERSION = 1, TG_MEASURED_PARTS_MAX = 32, TG_MEASURED_NAME_MAX = 63 };

struct tg_measured_part {
  struct tg_text name; /* empty for the single one */
  struct tg_summary *summary;
};

struct tg_measured {
  uint64_t rows;
  bool single;
  uint32_t count;
  struct tg_measured_part parts[TG_MEASURED_PARTS_MAX]; /* names ascending */
};

/* Puts a part in its place; name and summary are borrowed. False: there are too many, the name is
 * too long, or it is there already. */
bool tg_measured_put(struct tg_measured *m, struct tg_text name, struct tg_summary *summary);

/* m becomes what both measured. TG_CONFIG: they have other parts (another rule made them). */
enum tg_rc tg_measured_merge(struct tg_measured *m, const struct tg_measured *other,
                             struct tg_err *err);

/* Appends the bytes. False when out is full or memory is short. */
bool tg_measured_write(struct tg_measured *m, struct tg_buf *out);

/* TG_DATA: these bytes are none of ours; TG_FULL: the arena is. */
enum tg_rc tg_measured_read(struct tg_arena *arena, struct tg_text bytes, struct tg_measured **out,
                            struct tg_err *err);

#endif
