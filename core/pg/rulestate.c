/* Reading rule state. */
#include "core/pg/rulestate.h"

#include "core/pg/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static enum tg_rc visit_row(struct tg_pg *pg, uint32_t i, struct tg_buf *bytes,
                            tg_rulestate_visit *visit, void *self, struct tg_err *err)
{
  tg_buf_clear(bytes);
  if (!tg_hex_read(bytes, tg_pg_value(pg, i, 4)))
    return tg_err_set(err, TG_RETRY, "pg", "no memory for the state of rule %s",
                      tg_pg_value(pg, i, 0));
  struct tg_saved_state row = {.rule = tg_text(tg_pg_value(pg, i, 0)),
                               .declared = tg_text(tg_pg_value(pg, i, 1)),
                               .base = strcmp(tg_pg_value(pg, i, 2), "base") == 0,
                               .bytes = tg_buf_view(bytes)};
  return visit(self, &row, err);
}

static enum tg_rc check_end(struct tg_pg *pg, uint32_t i, const struct tg_claim *claim,
                            struct tg_err *err)
{
  int64_t to = strtoll(tg_pg_value(pg, i, 3), NULL, 10);
  if (to <= claim->next) return TG_OK;
  return tg_err_set(err, TG_RETRY, "pg",
                    "rule %s of %s[%d] remembers up to offset %" PRId64 ", the ledger ends at "
                    "%" PRId64 ": the owner before has just committed, or tidegate.segment was "
                    "changed by hand",
                    tg_pg_value(pg, i, 0), claim->topic, claim->partition, to, claim->next);
}

enum tg_rc tg_rulestate_read(struct tg_pg *pg, const struct tg_claim *claim,
                             tg_rulestate_visit *visit, void *self, int64_t deadline_us,
                             struct tg_err *err)
{
  char id[16];
  struct tg_buf bytes;
  const char *params[] = {id};
  snprintf(id, sizeof id, "%d", claim->partition_id);
  enum tg_rc rc = tg_pg_query(pg,
                              "SELECT rule, declared, kind, to_offset, state"
                              " FROM tidegate.rule_state WHERE partition_id = $1::int"
                              " ORDER BY rule, from_offset",
                              params, 1, deadline_us, err);
  tg_buf_init(&bytes, 0);
  for (uint32_t i = 0; rc == TG_OK && i < tg_pg_rows(pg); i++) {
    rc = check_end(pg, i, claim, err);
    if (rc == TG_OK) rc = visit_row(pg, i, &bytes, visit, self, err);
  }
  tg_buf_fini(&bytes);
  return rc;
}
