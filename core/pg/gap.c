/* Jumping over a gap. */
#include "core/pg/gap.h"

#include <inttypes.h>
#include <stdio.h>

static const char jump_sql[] =
    "WITH noted AS (INSERT INTO tidegate.gap (partition_id, from_offset, to_offset, reason)"
    "  VALUES ($1::int, $2::bigint, $3::bigint, 'deleted from Kafka before it was read')"
    "  ON CONFLICT DO NOTHING)"
    " SELECT tidegate.advance_v1($5, $6, '{}', ARRAY[$1::int], ARRAY[$4::bigint],"
    "  ARRAY[$2::bigint], ARRAY[$3::bigint], '{0}', '{0}', '{0}', '{0}', '{0}', '{0}', NULL,"
    "  '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}')";

enum tg_rc tg_gap_jump(struct tg_pg *pg, const char *pipeline, const char *generation,
                       const struct tg_claim *c, int64_t deadline_us, struct tg_err *err)
{
  char id[16], from[32], to[32], claim[32];
  snprintf(id, sizeof id, "%d", c->partition_id);
  snprintf(from, sizeof from, "%" PRId64, c->next);
  snprintf(to, sizeof to, "%" PRId64, c->first_offset);
  snprintf(claim, sizeof claim, "%" PRId64, c->claim_id);
  const char *params[] = {id, from, to, claim, pipeline, generation};
  return tg_pg_query(pg, jump_sql, params, 6, deadline_us, err);
}
