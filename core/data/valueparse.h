/* One value written as text -> one row of a column of any type: JSON strings and numbers, Kafka
 * keys and headers, defaults. What each type takes: docs/DECODE.md.
 *
 * Rows come in empty (zeroed) and stay so on a fault. Text, json and jsonb columns keep a view of
 * the given text, which therefore must live as long as the column; everything else is copied or
 * computed. */
#ifndef TG_DATA_VALUEPARSE_H
#define TG_DATA_VALUEPARSE_H

#include "core/data/column.h"
#include "core/data/jsonindex.h"
#include "core/data/topic.h"

enum { TG_REASON_SIZE = 384 };

struct tg_valueparse {
  struct tg_arena *arena;     /* for what does not fit the row itself; borrowed */
  struct tg_jsonindex *index; /* for json and jsonb; borrowed, NULL where these cannot come */
  int32_t zone_s;             /* offset of timestamps without one, seconds east of UTC */
  bool bare;      /* show values in reasons without quotes: they are JSON numbers or words */
  bool utf8;      /* the text is known to be valid UTF-8 */
  bool nonfinite; /* "NaN", "Infinity" and "-Infinity" are values of floating-point columns */
  char reason[TG_REASON_SIZE]; /* "'abc' is not a number": one line, set with TG_DATA */
};

/* Parses text as a value of out->type into row. TG_DATA with p->reason; TG_FULL at the arena's cap.
 * Arrays are refused: they have no text form here. */
enum tg_rc tg_value_parse(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                          uint32_t row);

/* Parses a count of seconds, milliseconds or microseconds since 1970 into a timestamptz, timestamp
 * or date. */
enum tg_rc tg_value_epoch(struct tg_valueparse *p, struct tg_text text, enum tg_epoch epoch,
                          struct tg_column *out, uint32_t row);

/* Sets p->reason to the shown text and what is wrong with it; returns TG_DATA. */
__attribute__((format(printf, 3, 4))) enum tg_rc
tg_value_refuse(struct tg_valueparse *p, struct tg_text text, const char *fmt, ...);

/* Makes the row null, whatever it holds. */
void tg_value_null(struct tg_column *c, uint32_t row);

#endif
