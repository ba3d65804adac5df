/* Making statements; see the header. */
#include "core/pg/query.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

void tg_query_param(struct tg_query *q, const char *text, const char *value)
{
  if (!value) return;
  assert(q->count < TG_QUERY_PARAMS);
  q->params[q->count++] = value;
  tg_buf_printf(&q->sql, "%s$%u", text, q->count);
}

void tg_query_number(struct tg_query *q, const char *text, int64_t value)
{
  assert(q->numbers_count < sizeof q->numbers / sizeof *q->numbers);
  char *room = q->numbers[q->numbers_count++];
  snprintf(room, sizeof *q->numbers, "%" PRId64, value);
  tg_query_param(q, text, room);
}

enum tg_rc tg_query_run(struct tg_pg *pg, struct tg_query *q, int64_t deadline_us,
                        struct tg_err *err)
{
  const char *sql = tg_buf_cstr(&q->sql);
  enum tg_rc rc = q->sql.failed ? tg_err_set(err, TG_RETRY, "pg", "no memory for a statement")
                                : tg_pg_query(pg, sql, q->params, q->count, deadline_us, err);
  tg_buf_fini(&q->sql);
  if (rc != TG_OK && strcmp(tg_pg_sqlstate(pg), "22007") == 0)
    return tg_err_set(err, TG_CONFIG, "--since",
                      "this is not an interval: expected '2 hours', '1 day'");
  return rc;
}
