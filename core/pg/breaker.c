/* A breaker's persistent state. Loads look at it in advance (TG002). */
#include "core/pg/state.h"

#include <stdio.h>

enum tg_rc tg_breaker_set(struct tg_pg *pg, const struct tg_breaker *b, const char *evidence,
                          int64_t deadline_us, struct tg_err *err)
{
  const char *params[] = {b->pipeline, b->topic, b->open ? "open" : "closed", b->reason, evidence};
  return tg_pg_query(pg,
                     "INSERT INTO tidegate.breaker (pipeline, topic, state, reason, evidence) "
                     "VALUES ($1, $2, $3, $4, $5::jsonb) ON CONFLICT (pipeline, topic) DO UPDATE "
                     "SET state = excluded.state, reason = excluded.reason, "
                     "evidence = excluded.evidence, changed_at = now()",
                     params, 5, deadline_us, err);
}

enum tg_rc tg_breaker_get(struct tg_pg *pg, struct tg_breaker *b, int64_t deadline_us,
                          struct tg_err *err)
{
  const char *params[] = {b->pipeline, b->topic};
  b->open = false;
  b->reason[0] = '\0';
  enum tg_rc rc = tg_pg_query(pg,
                              "SELECT reason FROM tidegate.breaker "
                              "WHERE pipeline = $1 AND topic = $2 AND state = 'open'",
                              params, 2, deadline_us, err);
  if (rc != TG_OK || tg_pg_rows(pg) == 0) return rc;
  const char *why = tg_pg_value(pg, 0, 0);
  b->open = true;
  snprintf(b->reason, sizeof b->reason, "%s", why ? why : "");
  return TG_OK;
}
