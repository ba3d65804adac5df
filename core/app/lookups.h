/* The lookups that a generation reads from PostgreSQL: of each the newest snapshot.
 *
 *   keeper: tg_lookups_refresh() ---> newest snapshot --- tg_lookups_lend() ---> a lane's batch
 *
 * A batch keeps the snapshots it was lent until it is judged, whatever is refreshed meanwhile. A
 * lane never waits: a topic is held (TG_HOLD_LOOKUP) until all of its lookups were read once, and a
 * reload reads those of the new set before it is taken over.
 *
 * Thread: any; a mutex inside, never held while PostgreSQL is asked. */
#ifndef TG_APP_LOOKUPS_H
#define TG_APP_LOOKUPS_H

#include "core/app/hub.h"
#include "core/data/batch.h"
#include "core/data/lookup.h"
#include "core/pg/conn.h"

struct tg_lookups;

/* Of these topics, whose texts are copied. NULL without memory. */
struct tg_lookups *tg_lookups_new(const struct tg_topic *const *topics, uint32_t count);
void tg_lookups_free(struct tg_lookups *l); /* NULL is fine */

/* Holds the topics whose lookups were not all read yet. */
void tg_lookups_hold(struct tg_lookups *l, struct tg_hub *hub);

/* The keeper's turn, also while PostgreSQL is away: ages as metrics, a journal entry when one
 * becomes stale. */
void tg_lookups_watch(struct tg_lookups *l, struct tg_hub *hub);

/* Reads what is due, releases topics that have all they wait for. A failure is logged and tried
 * again in 1, 2, 4 .. 30 s, at the latest when the next refresh is due. */
void tg_lookups_refresh(struct tg_lookups *l, struct tg_hub *hub, struct tg_pg *pg);

/* Reads all of them now. The first failure ends it. */
enum tg_rc tg_lookups_read(struct tg_lookups *l, struct tg_hub *hub, struct tg_pg *pg,
                           struct tg_err *err);

/* Removes the metrics of lookups that `next` has no more. */
void tg_lookups_retire(struct tg_lookups *l, const struct tg_lookups *next, struct tg_hub *hub);

/* Appends a JSON list of what was read: version, rows, age, whether it is stale. */
void tg_lookups_write(struct tg_lookups *l, struct tg_buf *out);

/* Visits those that are stale: read once, and too long ago. */
typedef void tg_lookups_visit(void *self, const char *topic, struct tg_text name, int64_t age_us);
void tg_lookups_stale(struct tg_lookups *l, tg_lookups_visit *visit, void *self);

/* Lends the batch its topic's snapshots (b->lookups) and notes their versions (b->lookups_used).
 * TG_FULL: the batch's arena; nothing is lent. */
enum tg_rc tg_lookups_lend(struct tg_lookups *l, struct tg_batch *b, struct tg_err *err);
void tg_lookups_return(struct tg_batch *b);

#endif
