/* Reading, or deciding, until when a rule is in shadow. */
#include "core/pg/baked.h"

#include "core/pg/array.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum tg_rc tg_baked_read(struct tg_pg *pg, struct tg_baked *b, int64_t deadline_us,
                         struct tg_err *err)
{
  char fingerprint[20], bake[24];
  struct tg_buf names;
  tg_buf_init(&names, 0);
  tg_array_begin(&names);
  for (uint32_t i = 0; i < b->kafka_count; i++) tg_array_text(&names, b->kafka[i]);
  tg_array_end(&names);
  snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, b->fingerprint);
  snprintf(bake, sizeof bake, "%" PRId64, b->bake_us);
  const char *params[] = {b->pipeline, b->topic, b->rule, fingerprint, bake, tg_buf_cstr(&names)};
  enum tg_rc rc = tg_err_set(err, TG_RETRY, "pg", "no memory to ask for the bake of %s", b->rule);
  if (!names.failed)
    rc = tg_pg_query(pg,
                     "SELECT until_us, coalesce(elder, '')"
                     " FROM tidegate.bake_v2($1, $2, $3, $4, $5::bigint, $6::text[])",
                     params, 6, deadline_us, err);
  if (rc == TG_OK) b->until_us = strtoll(tg_pg_value(pg, 0, 0), NULL, 10);
  if (rc == TG_OK) snprintf(b->elder, sizeof b->elder, "%s", tg_pg_value(pg, 0, 1));
  tg_buf_fini(&names);
  return rc;
}
