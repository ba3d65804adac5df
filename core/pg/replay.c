/* The end of a replay; see the header. */
#include "core/pg/replay.h"

#include "core/base/clock.h"
#include "core/base/fault.h"
#include "core/pg/array.h"
#include "core/pg/attempt.h"
#include "core/pg/sqlstate.h"

#include <stdio.h>

static void add_offsets(struct tg_buf *sql, const struct tg_batch *b, const struct tg_segment *s)
{
  tg_buf_char(sql, '\'');
  tg_array_begin(sql);
  for (uint32_t r = s->row; r < s->row + s->rows; r++)
    if (b->fates[r] != TG_QUARANTINE) tg_array_int(sql, b->events[r].offset);
  tg_array_end(sql);
  tg_buf_char(sql, '\'');
}

static void add_text(struct tg_buf *json, const char *key, struct tg_text value)
{
  tg_buf_str(json, key);
  if (value.len)
    tg_buf_json(json, value);
  else
    tg_buf_str(json, "null");
}

static void add_refused(struct tg_loader *l, const struct tg_event *e, const struct tg_issue *list)
{
  static const struct tg_issue lost = {.stage = TG_STAGE_RULE};
  struct tg_buf *json = &l->piece;
  const struct tg_issue *i = tg_issue_deciding(list);
  if (!i) i = &lost;
  tg_buf_printf(json, "%s{\"at\":%lld", json->len > 1 ? "," : "", (long long)e->offset);
  add_text(json, ",\"stage\":", tg_text(tg_stage_name(i->stage)));
  add_text(json, ",\"rule\":", tg_text(i->rule ? i->rule : ""));
  add_text(json, ",\"field\":", i->field);
  add_text(json, ",\"reason\":", i->reason.ptr ? i->reason : tg_text("the reason was left out"));
  tg_buf_str(json, ",\"issues\":");
  struct tg_text issues = tg_attempt_issues(&l->text, list);
  tg_buf_text(json, issues.ptr ? issues : tg_text("null"));
  tg_buf_char(json, '}');
  if (l->text.failed) json->failed = true;
}

/* The call for one partition. l->piece and l->text are used on the way. */
static void add_call(struct tg_loader *l, const struct tg_load *load, const struct tg_segment *s)
{
  const struct tg_batch *b = &load->batches[0];
  struct tg_buf *sql = &l->sql, *json = &l->piece;
  uint32_t counts[TG_FATES];
  tg_batch_tally(b, s->row, s->rows, counts);
  tg_buf_printf(sql, "SELECT tidegate.replay_v1(%d,", s->partition_id);
  tg_sql_literal(sql, b->topic->name);
  tg_buf_char(sql, ',');
  tg_sql_literal(sql, tg_text(load->generation));
  tg_buf_char(sql, ',');
  add_offsets(sql, b, s);
  tg_buf_printf(sql, ",%u,%u,%u,%u,", counts[TG_LOAD] + counts[TG_TAG], counts[TG_TAG],
                counts[TG_LATE], counts[TG_DROP]);
  tg_buf_clear(json);
  tg_buf_char(json, '{');
  tg_attempt_drops(json, b, s);
  tg_buf_char(json, '}');
  tg_sql_literal(sql, tg_buf_view(json));
  tg_buf_char(sql, ',');
  if (b->lookups_used.len)
    tg_sql_literal(sql, b->lookups_used);
  else
    tg_buf_str(sql, "NULL");
  tg_buf_char(sql, ',');
  tg_buf_clear(json);
  tg_buf_char(json, '[');
  for (uint32_t r = s->row; r < s->row + s->rows; r++)
    if (b->fates[r] == TG_QUARANTINE) add_refused(l, &b->events[r], b->issues[r]);
  tg_buf_char(json, ']');
  tg_sql_literal(sql, tg_buf_view(json));
  tg_buf_str(sql, "); ");
  if (json->failed) sql->failed = true;
}

static enum tg_rc run(struct tg_attempt *a, const char *sql)
{
  enum tg_rc rc = tg_wire_send(a->l->pg, sql, a->deadline_us, a->err);
  return rc == TG_OK ? tg_wire_drain(a->l->pg, a->deadline_us, a->err) : rc;
}

static enum tg_rc copy(struct tg_attempt *a, struct tg_batch *b)
{
  enum tg_rc rc = tg_attempt_check_at_once(a);
  if (rc == TG_OK && tg_attempt_live(b, 0, b->rows)) rc = tg_attempt_isolate(a, b);
  return rc;
}

/* The ledger rows, the statuses and COMMIT in one message. */
static enum tg_rc finish(struct tg_attempt *a)
{
  struct tg_loader *l = a->l;
  const struct tg_batch *b = &a->load->batches[0];
  tg_buf_clear(&l->sql);
  for (uint32_t i = 0; i < b->segments_count; i++) add_call(l, a->load, &b->segments[i]);
  tg_buf_str(&l->sql, "COMMIT");
  const char *sql = tg_buf_cstr(&l->sql);
  if (l->sql.failed) return tg_err_set(a->err, TG_RETRY, "pg", "no memory for the ledger rows");
  if (tg_fault("replay.before_commit")) return tg_wire_lost(l->pg, a->err);
  a->report->unknown = true;
  enum tg_rc rc = run(a, sql);
  a->report->unknown = !tg_pg_connected(l->pg);
  if (rc != TG_OK || strcmp(tg_wire_tag(l->pg), "COMMIT") == 0) return rc;
  return tg_err_set(a->err, TG_RETRY, "pg", "COMMIT was answered with '%s': nothing was written",
                    tg_wire_tag(l->pg));
}

/* What the operator is told. */
static enum tg_rc explain(struct tg_attempt *a, enum tg_rc rc)
{
  const char *state = tg_pg_sqlstate(a->l->pg);
  struct tg_text name = a->load->batches[0].topic->name;
  if (a->report->unknown)
    return tg_err_set(a->err, TG_RETRY, "pg",
                      "the connection broke at COMMIT: replay again; what was committed is not "
                      "replayed twice");
  if (strcmp(state, "TG002") == 0)
    return tg_err_set(a->err, TG_CONFIG, "pg TG002",
                      "the breaker of %.*s is not closed: nothing is replayed into it meanwhile; "
                      "`tidegate breaker status %.*s` says why",
                      TG_TEXT(name), TG_TEXT(name));
  return rc;
}

enum tg_rc tg_replay_write(struct tg_loader *l, struct tg_load *load,
                           struct tg_loader_report *report, struct tg_err *err)
{
  struct tg_attempt a = {.l = l,
                         .load = load,
                         .report = report,
                         .err = err,
                         .deadline_us = tg_clock_mono_us() + l->conf.transaction_us,
                         .begun = true};
  *report = (struct tg_loader_report){.topic = -1};
  enum tg_rc rc = copy(&a, &load->batches[0]);
  if (rc == TG_OK && tg_fault("no.replay_status")) rc = run(&a, "COMMIT; BEGIN");
  if (rc == TG_OK) rc = finish(&a);
  if (rc == TG_OK) return rc;
  rc = explain(&a, rc);
  if (tg_pg_connected(l->pg)) tg_wire_rollback(l->pg, a.deadline_us);
  return rc;
}
