/* A view is a batch that a script may change without changing the batch behind it, over all of its
 * rows or some.
 *
 *   tg_view_all   the same events and columns; own fates and issues
 *   tg_view_rows  chosen rows, gathered: what one half of a batch is when a guilty row is looked
 * for
 *
 * A view of rows has no segments. Everything is made in the batch's arena. */
#ifndef TG_BINDINGS_VIEW_H
#define TG_BINDINGS_VIEW_H

#include "core/data/batch.h"

/* TG_FULL at the arena's cap. */
enum tg_rc tg_view_all(struct tg_batch *b, struct tg_batch *view, struct tg_err *err);
/* rows: ascending row numbers of b. */
enum tg_rc tg_view_rows(struct tg_batch *b, const uint32_t *rows, uint32_t count,
                        struct tg_batch *view, struct tg_err *err);

/* Makes b what the view became: columns, fates, issues, records for Kafka. rows: as given to
 * tg_view_rows(), NULL for a view of all. Rows that are not in the view become null in all columns.
 * TG_FULL: b is unchanged. */
enum tg_rc tg_view_keep(struct tg_batch *b, const struct tg_batch *view, const uint32_t *rows,
                        struct tg_err *err);

#endif
