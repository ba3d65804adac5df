/* Identifiers in SQL: always quoted, never pasted. */
#ifndef TG_PG_QUOTE_H
#define TG_PG_QUOTE_H

#include "core/base/buf.h"
#include "core/data/topic.h"

/* name in double quotes, quotes inside doubled. */
void tg_quote_name(struct tg_buf *sql, struct tg_text name);

/* The topic's table, with its schema when it has one. */
void tg_quote_table(struct tg_buf *sql, const struct tg_topic *topic);

#endif
