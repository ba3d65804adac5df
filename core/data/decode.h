/* Decoding: the bytes of every event of a sealed batch -> typed columns, by the topic's fields.
 *
 * One walk over each event's JSON object; numbers stay exact (their digits are read, never a
 * double); the last of duplicate keys wins, as in jsonb. A record at fault costs only itself: its
 * row gets fate QUARANTINE, an issue of stage decode for every field at fault, and nulls in all
 * columns. Never blocks; memory comes from the load's arena, and from the decoder's own buffers,
 * which grow to the largest event seen.
 *
 * Refused: not JSON, not an object, invalid UTF-8, lone surrogates, NUL in text or jsonb, nesting
 * over 64, a value that is not of the field's type or out of its range, null in NOT NULL, oversize
 * events. What each type takes: docs/DECODE.md. */
#ifndef TG_DATA_DECODE_H
#define TG_DATA_DECODE_H

#include "core/data/batch.h"

struct tg_decoder;

#ifdef __cplusplus
extern "C" {
#endif

/* One per lane and topic (it remembers the order of keys). topic: borrowed. NULL without memory. */
struct tg_decoder *tg_decoder_new(const struct tg_topic *topic);
void tg_decoder_free(struct tg_decoder *d);

/* Takes the strings "NaN", "Infinity" and "-Infinity" as values of real and double precision
 * fields, which events may not hold: for tables that tests write. */
void tg_decoder_take_nonfinite(struct tg_decoder *d);

/* Decodes all rows of b into b->columns. TG_FULL: the arena's cap; b then has no columns and must
 * be cut smaller. */
enum tg_rc tg_decoder_run(struct tg_decoder *d, struct tg_batch *b, struct tg_err *err);

#ifdef __cplusplus
}
#endif

#endif
