/* Array literals of PostgreSQL: {1,NULL,"a \"b\""}. */
#ifndef TG_PG_ARRAY_H
#define TG_PG_ARRAY_H

#include "core/base/buf.h"

void tg_array_begin(struct tg_buf *b);
void tg_array_int(struct tg_buf *b, int64_t value);
void tg_array_null(struct tg_buf *b);
void tg_array_text(struct tg_buf *b, struct tg_text value);
void tg_array_end(struct tg_buf *b);

/* text as a literal of SQL with its quotes (standard_conforming_strings is pinned to on). */
void tg_sql_literal(struct tg_buf *b, struct tg_text text);

#endif
