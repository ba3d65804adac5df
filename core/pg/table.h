/* Target tables: made from a topic's fields, compared with what exists. DDL runs in short
 * transactions of its own, never inside a load; nothing is ever dropped, narrowed or rewritten. */
#ifndef TG_PG_TABLE_H
#define TG_PG_TABLE_H

#include "core/base/buf.h"
#include "core/data/topic.h"
#include "core/pg/conn.h"

/* The CREATE TABLE statement for a topic, as docs and `tidegate check` show it. */
void tg_table_ddl(const struct tg_topic *topic, struct tg_buf *sql);

enum tg_table_mode {
  TG_TABLE_KEEP, /* change nothing; whatever is missing is a difference */
  TG_TABLE_MAKE, /* make the table if it is not there (*created), add missing nullable columns */
  TG_TABLE_PLAN  /* change nothing; what MAKE would do is no difference */
};

/* Prepares the table and compares it with the fields. TG_CONFIG: they differ; the message names
 * both sides and the ALTER that would help. TG_RETRY: locked, not there. */
enum tg_rc tg_table_prepare(struct tg_pg *pg, const struct tg_topic *topic, enum tg_table_mode mode,
                            bool *created, int64_t deadline_us, struct tg_err *err);

#endif
