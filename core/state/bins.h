/* The bins of one sign of a DDSketch (see quantiles.h): a window of consecutive bins that follows
 * the largest magnitude. */
#ifndef TG_STATE_BINS_H
#define TG_STATE_BINS_H

#include "core/base/arena.h"
#include "core/state/pack.h"

enum { TG_BINS_MAX = 2048 };

struct tg_bins {
  int32_t low;          /* number of the first bin */
  uint32_t count, size; /* bins, room */
  uint64_t *n;          /* values in bin low + i */
};

/* The bin of a magnitude; false when it is too small to be told from 0. */
bool tg_bins_number(double magnitude, int32_t *bin);
/* The magnitude that stands for a bin. */
double tg_bins_value(int32_t bin);

/* Counts n values in a bin. False when the arena is full. */
bool tg_bins_put(struct tg_bins *b, struct tg_arena *arena, int32_t bin, uint64_t n);
bool tg_bins_merge(struct tg_bins *b, struct tg_arena *arena, const struct tg_bins *other);
void tg_bins_write(const struct tg_bins *b, struct tg_buf *out);
/* Adds all counts to *sum. False: sum overflows. Sets in->bad for what no writer writes. */
bool tg_bins_read(struct tg_bins *b, struct tg_arena *arena, struct tg_unpack *in, uint64_t *sum);

#endif
