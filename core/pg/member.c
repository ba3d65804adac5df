/* Who runs what. */
#include "core/pg/member.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define EPOCH_US(column) "(extract(epoch FROM " column ") * 1000000)::bigint"

static void take_row(struct tg_pg *pg, uint32_t row, struct tg_member *m)
{
  snprintf(m->name, sizeof m->name, "%s", tg_pg_value(pg, row, 0));
  snprintf(m->generation, sizeof m->generation, "%s", tg_pg_value(pg, row, 1));
  m->since_us = strtoll(tg_pg_value(pg, row, 2), NULL, 10);
  m->seen_us = strtoll(tg_pg_value(pg, row, 3), NULL, 10);
  m->self = tg_pg_value(pg, row, 4)[0] == 't';
}

enum tg_rc tg_member_say(struct tg_pg *pg, const struct tg_member_key *key, struct tg_member *list,
                         uint32_t *count, int64_t deadline_us, struct tg_err *err)
{
  char run[24], within[24], most[12];
  snprintf(run, sizeof run, "%" PRId64, key->run);
  snprintf(within, sizeof within, "%d s", TG_MEMBER_AWAY_S);
  snprintf(most, sizeof most, "%d", TG_MEMBERS_MAX);
  const char *params[] = {key->pipeline, run, key->name, key->generation, within, most};
  enum tg_rc rc = tg_pg_query(
      pg,
      "SELECT name, generation, " EPOCH_US("since") ", " EPOCH_US(
          "seen_at") ", self"
                     " FROM tidegate.member_v1($1, $2::bigint, $3, $4, $5::interval, $6::int)",
      params, 6, deadline_us, err);
  *count = rc == TG_OK ? (uint32_t)tg_pg_rows(pg) : 0;
  if (*count > TG_MEMBERS_MAX) *count = TG_MEMBERS_MAX;
  for (uint32_t i = 0; i < *count; i++) take_row(pg, i, &list[i]);
  return rc;
}

enum tg_rc tg_member_leave(struct tg_pg *pg, const struct tg_member_key *key, int64_t deadline_us,
                           struct tg_err *err)
{
  char run[24];
  snprintf(run, sizeof run, "%" PRId64, key->run);
  const char *params[] = {key->pipeline, run};
  return tg_pg_query(pg, "DELETE FROM tidegate.member WHERE pipeline = $1 AND run = $2::bigint",
                     params, 2, deadline_us, err);
}
