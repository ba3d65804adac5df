/* Samples: the newest raw events of each topic, on which a reload shows what would change
 * (canary.h).
 *
 *   half  [ e e e e e e e e ]   full: TG_SAMPLES_EVENTS of them, or its share of the bytes
 *   half  [ e e e . . . . . ]   is being filled; once full, the other one is emptied and filled
 *
 * so that what is kept is never moved. All topics together take at most TG_SAMPLES_BYTES, each the
 * same share. A lane adds the tail of every load it hands over, each partition's part of it, and
 * never waits: when somebody else is at it, that load is left out. Oversize events are left out,
 * too.
 *
 * Thread: any; a mutex inside. */
#ifndef TG_APP_SAMPLES_H
#define TG_APP_SAMPLES_H

#include "core/data/batch.h"

enum { TG_SAMPLES_EVENTS = 1000, TG_SAMPLES_BYTES = 4 << 20 };

struct tg_samples;

/* NULL without memory. */
struct tg_samples *tg_samples_new(void);
void tg_samples_free(struct tg_samples *s); /* NULL is fine */

/* Keeps the tail of a sealed batch, copied. s NULL: nothing. */
void tg_samples_keep(struct tg_samples *s, const struct tg_batch *b);

/* Are there any, of whatever topic? */
bool tg_samples_any(struct tg_samples *s);

/* How many there are of the topic, at most TG_SAMPLES_EVENTS. */
uint32_t tg_samples_count(struct tg_samples *s, struct tg_text topic);

/* Adds the newest `rows` of the topic to an empty batch, each once, and seals it: partitions apart,
 * offsets ascending; the same rows in the same order, as long as nothing was kept in between. The
 * slots of its segments are made up. TG_FULL: the batch's arena; TG_RETRY: no memory. */
enum tg_rc tg_samples_fill(struct tg_samples *s, struct tg_text topic, uint32_t rows,
                           struct tg_batch *b);

/* Forgets the topics that wanted() does not want any more. */
void tg_samples_forget(struct tg_samples *s, bool (*wanted)(void *self, const char *topic),
                       void *self);

#endif
