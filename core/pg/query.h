/* A statement made of the parts that are asked for, so that the planner sees no more; values are
 * always parameters. Begins as {0}. */
#ifndef TG_PG_QUERY_H
#define TG_PG_QUERY_H

#include "core/base/buf.h"
#include "core/pg/conn.h"

enum { TG_QUERY_PARAMS = 16 };

struct tg_query {
  struct tg_buf sql;
  const char *params[TG_QUERY_PARAMS]; /* borrowed, but for numbers */
  uint32_t count;
  char numbers[4][24];
  uint32_t numbers_count;
};

/* Appends text, then value as the next parameter ("$3"); nothing when it is NULL. */
void tg_query_param(struct tg_query *q, const char *text, const char *value);
void tg_query_number(struct tg_query *q, const char *text, int64_t value);

/* Runs the statement and frees it. TG_CONFIG, too, when an interval is none. */
enum tg_rc tg_query_run(struct tg_pg *pg, struct tg_query *q, int64_t deadline_us,
                        struct tg_err *err);

#endif
