/* The load transaction: who is called when, and what a failure makes of the load. */
#include "core/pg/loader.h"

#include "core/base/clock.h"
#include "core/base/fault.h"
#include "core/pg/attempt.h"
#include "core/pg/sqlstate.h"

#include <stdio.h>
#include <stdlib.h>

enum { HEALED_MAX = 3 };

struct tg_loader *tg_loader_new(const struct tg_loader_conf *conf, struct tg_pg *pg)
{
  struct tg_loader *l = calloc(1, sizeof *l);
  if (!l) return NULL;
  l->conf = *conf;
  l->pg = pg;
  tg_buf_init(&l->piece, TG_PIECE_BYTES_MAX);
  tg_buf_init(&l->sql, TG_PIECE_BYTES_MAX);
  tg_buf_init(&l->text, TG_PIECE_BYTES_MAX);
  return l;
}

void tg_loader_free(struct tg_loader *l)
{
  if (!l) return;
  tg_buf_fini(&l->piece);
  tg_buf_fini(&l->sql);
  tg_buf_fini(&l->text);
  free(l->isolate);
  free(l);
}

/* Forgets what was known of another load. */
static enum tg_rc recall(struct tg_attempt *a)
{
  struct tg_loader *l = a->l;
  if (l->load == a->load->number && l->isolate_count == a->load->batches_count && l->isolate)
    return TG_OK;
  bool *isolate = calloc(a->load->batches_count + 1, sizeof *isolate);
  if (!isolate) return tg_err_set(a->err, TG_RETRY, "pg", "no memory for a load");
  free(l->isolate);
  l->isolate = isolate;
  l->isolate_count = a->load->batches_count;
  l->load = a->load->number;
  l->unknown = l->slow = false;
  l->healed = l->late = 0;
  return TG_OK;
}

static bool anything_left(const struct tg_load *load)
{
  for (uint32_t i = 0; i < load->batches_count; i++)
    for (uint32_t j = 0; j < load->batches[i].segments_count; j++)
      if (tg_segment_live(&load->batches[i], &load->batches[i].segments[j])) return true;
  return false;
}

/* Counts what a committed load has written. */
static void count_written(struct tg_attempt *a)
{
  uint32_t counts[TG_FATES];
  for (uint32_t i = 0; i < a->load->batches_count; i++) {
    const struct tg_batch *b = &a->load->batches[i];
    for (uint32_t j = 0; j < b->segments_count; j++) {
      if (!tg_segment_live(b, &b->segments[j])) continue;
      tg_batch_tally(b, b->segments[j].row, b->segments[j].rows, counts);
      a->report->rows += counts[TG_LOAD] + counts[TG_TAG];
      a->report->quarantined += counts[TG_QUARANTINE];
    }
  }
}

/* Connected, and our claims are this session's. *committed: there is nothing left to do. */
static enum tg_rc prepare(struct tg_attempt *a, bool *committed)
{
  bool fresh = false;
  *committed = false;
  enum tg_rc rc = tg_pg_connect(a->l->pg, &fresh, a->err);
  if (rc != TG_OK || a->l->pg->serial == a->l->serial) return rc;
  rc = tg_attempt_renew(a, committed);
  if (rc == TG_OK) a->l->serial = a->l->pg->serial;
  return rc;
}

static enum tg_rc hold(struct tg_attempt *a, uint32_t batch, enum tg_rc rc)
{
  a->load->batches[batch].held = true;
  a->report->topic = (int32_t)batch;
  return rc;
}

/* An internal error may be a passing one, once. */
static enum tg_rc internal_error(struct tg_loader *l)
{
  return ++l->internal == 1 ? TG_RETRY : TG_CONFIG;
}

/* Somebody holds a lock on the table. A former owner's session that is stuck is ended; else the
 * topic waits. */
static enum tg_rc locked(struct tg_attempt *a, uint32_t batch)
{
  uint32_t ended = 0;
  struct tg_attempt quiet = *a;
  quiet.err = NULL; /* the lock is what has to be told */
  if (tg_attempt_evict(&quiet, &ended) == TG_OK && ended) return TG_AGAIN;
  return tg_pg_connected(a->l->pg) ? hold(a, batch, TG_RETRY) : TG_RETRY;
}

/* A failure while rows went into a target table. */
static enum tg_rc target_failed(struct tg_attempt *a, uint32_t batch, enum tg_rc rc)
{
  struct tg_pg *pg = a->l->pg;
  struct tg_batch *b = &a->load->batches[batch];
  const char *state = tg_pg_sqlstate(pg);
  tg_attempt_judge_time(a, (int32_t)batch);
  if (!tg_pg_connected(pg)) return TG_RETRY;
  tg_wire_rollback(pg, a->deadline_us);
  if (a->l->slow) return TG_AGAIN;
  if (!*state) return hold(a, batch, rc); /* rows were swallowed */
  if (rc == TG_DATA && a->l->isolate[batch]) {
    tg_err_set(a->err, TG_CONFIG, "pg", "too many rows of %.*s are refused; the last one: %s %s",
               TG_TEXT(b->topic->name), state, tg_wire_field(pg, PG_DIAG_MESSAGE_PRIMARY));
    return hold(a, batch, TG_CONFIG);
  }
  if (strcmp(state, "55P03") == 0) return locked(a, batch);
  switch (tg_sqlstate_class(state, TG_AT_TARGET, tg_attempt_line(pg, b) > 0)) {
  case TG_SQL_DATA:
    if (a->l->isolate[batch]) return TG_RETRY; /* no memory to remember the row */
    a->l->isolate[batch] = true;
    return TG_AGAIN;
  case TG_SQL_RETRY: return TG_RETRY;
  case TG_SQL_ONCE: return internal_error(a->l) == TG_RETRY ? TG_RETRY : hold(a, batch, TG_CONFIG);
  default: return hold(a, batch, TG_CONFIG);
  }
}

/* Somebody holds what tidegate's own tables need: keys of a former owner's open transaction. Its
 * session is ended when it may be; then the load goes again at once. */
static enum tg_rc blocked(struct tg_attempt *a)
{
  uint32_t ended = 0;
  struct tg_attempt quiet = *a;
  quiet.err = NULL; /* the lock is what has to be told */
  tg_wire_rollback(a->l->pg, a->deadline_us);
  return tg_attempt_evict(&quiet, &ended) == TG_OK && ended ? TG_AGAIN : TG_RETRY;
}

/* A failure in tidegate's own tables. */
static enum tg_rc own_failed(struct tg_attempt *a, enum tg_rc rc)
{
  struct tg_pg *pg = a->l->pg;
  tg_attempt_judge_time(a, -1);
  if (!tg_pg_connected(pg)) return TG_RETRY;
  if (strcmp(tg_pg_sqlstate(pg), "55P03") == 0) return blocked(a);
  tg_wire_rollback(pg, a->deadline_us);
  if (a->l->slow) return TG_AGAIN;
  if (*tg_pg_sqlstate(pg) && tg_sqlstate_class(tg_pg_sqlstate(pg), TG_AT_OWN, false) == TG_SQL_ONCE)
    return internal_error(a->l);
  return rc == TG_DATA ? TG_CONFIG : rc;
}

/* Keeps the state that made the attempt fail; what is done about it asks the server again. */
static void keep_state(struct tg_attempt *a)
{
  snprintf(a->report->sqlstate, sizeof a->report->sqlstate, "%s", tg_pg_sqlstate(a->l->pg));
}

static bool any_isolated(const struct tg_loader *l)
{
  for (uint32_t i = 0; i < l->isolate_count; i++)
    if (l->isolate[i]) return true;
  return false;
}

static enum tg_rc copy_batches(struct tg_attempt *a)
{
  if (any_isolated(a->l)) {
    enum tg_rc rc = tg_attempt_check_at_once(a);
    if (rc != TG_OK) return keep_state(a), own_failed(a, rc);
  }
  for (uint32_t i = 0; i < a->load->batches_count; i++) {
    struct tg_batch *b = &a->load->batches[i];
    if (tg_attempt_live(b, 0, b->rows) == 0) continue;
    enum tg_rc rc = a->l->isolate[i] ? tg_attempt_isolate(a, b) : tg_attempt_copy(a, b);
    if (rc != TG_OK) return keep_state(a), target_failed(a, i, rc);
  }
  return TG_OK;
}

/* A deferred constraint failed: of the table that the error names, or of any (a partition has
 * another name). */
static enum tg_rc constraint_failed(struct tg_attempt *a, enum tg_rc rc)
{
  struct tg_load *load = a->load;
  struct tg_text table = tg_text(tg_wire_field(a->l->pg, PG_DIAG_TABLE_NAME));
  bool named = false, more = false;
  if (!tg_pg_connected(a->l->pg)) return TG_RETRY;
  if (tg_sqlstate_class(tg_pg_sqlstate(a->l->pg), TG_AT_TARGET, false) != TG_SQL_DATA)
    return own_failed(a, rc);
  for (uint32_t i = 0; i < load->batches_count; i++)
    named |= tg_batch_live(&load->batches[i]) && tg_text_eq(load->batches[i].topic->table, table);
  for (uint32_t i = 0; i < load->batches_count; i++) {
    struct tg_batch *b = &load->batches[i];
    if (!tg_batch_live(b) || a->l->isolate[i]) continue;
    if (named && !tg_text_eq(b->topic->table, table)) continue;
    a->l->isolate[i] = more = true;
  }
  rc = own_failed(a, rc);
  return more ? TG_AGAIN : rc;
}

/* TG001. When all claims turn out to be ours and at the chain's end, the session alone was out of
 * date. */
static enum tg_rc fenced(struct tg_attempt *a)
{
  bool committed = false;
  tg_wire_rollback(a->l->pg, a->deadline_us);
  enum tg_rc rc = tg_attempt_renew(a, &committed);
  if (rc != TG_OK) return rc;
  if (committed) return TG_OK;
  if (a->report->fenced) return a->l->healed = 0, TG_AGAIN;
  if (++a->l->healed < HEALED_MAX) return TG_AGAIN;
  a->l->healed = 0;
  tg_pg_drop(a->l->pg);
  return tg_err_set(a->err, TG_RETRY, "pg TG001",
                    "the claims are ours, yet the ledger refuses them");
}

/* TG002: DETAIL lists the topics. */
static enum tg_rc breaker_opened(struct tg_attempt *a)
{
  const char *at = tg_wire_field(a->l->pg, PG_DIAG_MESSAGE_DETAIL);
  bool any = false;
  while (*at) {
    struct tg_text name = tg_text_of(at, strcspn(at, ","));
    for (uint32_t i = 0; i < a->load->batches_count; i++) {
      struct tg_batch *b = &a->load->batches[i];
      if (!tg_batch_live(b) || !tg_text_eq(b->topic->name, name)) continue;
      b->held = any = true;
      a->report->topic = (int32_t)i;
    }
    at += name.len + (at[name.len] == ',');
  }
  tg_wire_rollback(a->l->pg, a->deadline_us);
  return any ? TG_AGAIN : TG_CONFIG;
}

/* The final message failed after `step` of its statements. */
static enum tg_rc finish_failed(struct tg_attempt *a, uint32_t step, enum tg_rc rc)
{
  struct tg_pg *pg = a->l->pg;
  if (a->report->unknown) a->l->unknown = true;
  if (!tg_pg_connected(pg)) return tg_attempt_judge_time(a, -1), TG_RETRY;
  if (strcmp(tg_pg_sqlstate(pg), "TG001") == 0) return fenced(a);
  if (strcmp(tg_pg_sqlstate(pg), "TG002") == 0) return breaker_opened(a);
  if (strcmp(tg_pg_sqlstate(pg), "55P03") == 0) return blocked(a);
  return step == 0 ? constraint_failed(a, rc) : own_failed(a, rc);
}

/* Without the outbox records are sent when the rows are committed: what tests show to be wrong. */
static enum tg_rc emit_late(struct tg_attempt *a)
{
  if (tg_fault("pg.after_commit")) return TG_OK;
  return tg_fault("no.outbox") ? tg_attempt_copy_outbox(a, false) : TG_OK;
}

static enum tg_rc attempt(struct tg_attempt *a)
{
  uint32_t step = 0;
  int64_t start_us = tg_clock_mono_us();
  enum tg_rc rc = copy_batches(a);
  if (rc != TG_OK) return rc;
  rc = tg_attempt_copy_quarantine(a);
  if (rc == TG_OK) rc = tg_attempt_copy_state(a);
  if (rc == TG_OK) rc = tg_attempt_copy_windows(a);
  if (rc == TG_OK && !tg_fault("no.outbox")) rc = tg_attempt_copy_outbox(a, true);
  if (rc != TG_OK) return keep_state(a), own_failed(a, rc);
  int64_t copied_us = tg_clock_mono_us();
  a->report->copy_us = copied_us - start_us;
  rc = tg_attempt_finish(a, &step);
  a->report->commit_us = tg_clock_mono_us() - copied_us;
  if (rc == TG_OK) return emit_late(a);
  keep_state(a);
  return finish_failed(a, step, rc);
}

enum tg_rc tg_loader_write(struct tg_loader *l, struct tg_load *load,
                           struct tg_loader_report *report, struct tg_err *err)
{
  struct tg_attempt a = {.l = l,
                         .load = load,
                         .report = report,
                         .err = err,
                         .deadline_us = tg_clock_mono_us() + l->conf.transaction_us};
  bool committed = false;
  *report = (struct tg_loader_report){.topic = -1};
  enum tg_rc rc = recall(&a);
  if (rc != TG_OK) return rc;
  if (!anything_left(load)) return tg_attempt_next(&a);
  rc = prepare(&a, &committed);
  if (rc != TG_OK) return keep_state(&a), rc;
  if (!committed) tg_attempt_set_apart(load);
  if (!committed && l->slow) return tg_attempt_split(&a);
  if (!committed && anything_left(load)) rc = attempt(&a);
  if (rc != TG_OK) return rc;
  count_written(&a);
  l->internal = l->healed = l->late = 0;
  l->unknown = l->slow = false;
  return tg_attempt_next(&a);
}
