/* The smallest or the largest value of any type that is ordered (core/data/order.h; NaN is the
 * greatest number). A text longer than TG_EXTREME_BYTES_MAX is kept cut. */
#ifndef TG_STATE_EXTREME_H
#define TG_STATE_EXTREME_H

#include "core/data/datum.h"
#include "core/data/op.h"
#include "core/state/pack.h"

enum { TG_EXTREME_BYTES_MAX = 8192 };

struct tg_extreme {
  uint64_t count;
  bool greatest;         /* max, else min */
  struct tg_datum value; /* valid when count > 0; its bytes in the summary's arena */
};

/* Adds the seen rows of c, copying into arena. False with op->err: TG_CONFIG (values without an
 * order), TG_DATA (json values of several kinds), TG_FULL, TG_AGAIN. */
bool tg_extreme_add(struct tg_extreme *e, struct tg_arena *arena, struct tg_op *op,
                    const struct tg_column *c, const uint8_t *live);
/* False when the arena is full. */
bool tg_extreme_merge(struct tg_extreme *e, struct tg_arena *arena, const struct tg_extreme *other);
void tg_extreme_write(const struct tg_extreme *e, struct tg_buf *out);
/* Copies into arena; sets in->bad for what no writer writes, or no room. */
void tg_extreme_read(struct tg_extreme *e, struct tg_arena *arena, struct tg_unpack *in);

#endif
