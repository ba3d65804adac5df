/* Rows of tidegate.verdict: notes as a JSON list, then one INSERT that makes rows of it.
 *
 *   tg_verdictlist_add ..   tg_verdictlist_insert   -> "INSERT .. jsonb_to_recordset('[{..},..]')"
 *
 * Whatever texts the notes hold, PostgreSQL takes the rows: what jsonb refuses is replaced, long
 * errors are cut, times that it does not know are null. A window that has its row already keeps
 * it. */
#ifndef TG_PG_VERDICTLIST_H
#define TG_PG_VERDICTLIST_H

#include "core/base/buf.h"
#include "core/data/verdict.h"

/* Appends a note to the list (empty at first). at_us: Kafka time, below 0: not known. ranges: a
 * JSON list of offsets. */
void tg_verdictlist_add(struct tg_buf *list, const struct tg_verdict_note *v, struct tg_text topic,
                        int64_t at_us, const char *ranges);

/* Appends the statement, with a semicolon behind. The list is not empty; it gets its end here. */
void tg_verdictlist_insert(struct tg_buf *sql, const char *pipeline, const char *generation,
                           struct tg_buf *list);

#endif
