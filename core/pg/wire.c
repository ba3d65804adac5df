/* Non-blocking libpq with deadlines; see the header. */
#include "core/pg/wire.h"

#include "core/base/clock.h"
#include "core/pg/sqlstate.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { STOP_SLICE_MS = 50 };

/* Milliseconds that poll may wait for, at least 1: short when a stop flag must be looked at. */
static int slice_ms(const struct tg_pg *pg, int64_t deadline_us)
{
  int64_t ms = (deadline_us - tg_clock_mono_us()) / TG_MS + 1;
  if (pg->stop && ms > STOP_SLICE_MS) return STOP_SLICE_MS;
  return ms > INT_MAX ? INT_MAX : (int)ms;
}

enum tg_rc tg_wire_wait(struct tg_pg *pg, short events, int64_t deadline_us, struct tg_err *err)
{
  for (;;) {
    const char *why = pg->stop && *pg->stop               ? "stopped while waiting for the server"
                      : tg_clock_mono_us() >= deadline_us ? "no answer from the server in time"
                                                          : NULL;
    if (why) {
      tg_pg_drop(pg);
      return tg_err_set(err, TG_RETRY, "pg", "%s", why);
    }
    struct pollfd p = {.fd = PQsocket(pg->conn), .events = events};
    int n = poll(&p, 1, slice_ms(pg, deadline_us));
    if (n > 0 || (n < 0 && errno != EINTR)) return TG_OK; /* libpq tells what is wrong */
  }
}

/* Writes what libpq has buffered. Reads as well when something comes in, or both sides could wait
 * for ever. */
static enum tg_rc flush(struct tg_pg *pg, int64_t deadline_us, struct tg_err *err)
{
  int left;
  while ((left = PQflush(pg->conn)) > 0) {
    enum tg_rc rc = tg_wire_wait(pg, POLLOUT | POLLIN, deadline_us, err);
    if (rc != TG_OK) return rc;
    if (!PQconsumeInput(pg->conn)) return tg_wire_lost(pg, err);
  }
  return left == 0 ? TG_OK : tg_wire_lost(pg, err);
}

enum tg_rc tg_wire_lost(struct tg_pg *pg, struct tg_err *err)
{
  char what[256] = "";
  if (pg->conn) snprintf(what, sizeof what, "%s", PQerrorMessage(pg->conn));
  what[strcspn(what, "\n")] = '\0';
  tg_pg_drop(pg);
  return tg_err_set(err, TG_RETRY, "pg", "the connection was lost%s%s", *what ? ": " : "", what);
}

void tg_wire_forget(struct tg_pg *pg)
{
  PQclear(pg->result);
  PQclear(pg->failed);
  pg->result = pg->failed = NULL;
  pg->sqlstate[0] = '\0';
}

enum tg_rc tg_wire_send(struct tg_pg *pg, const char *sql, int64_t deadline_us, struct tg_err *err)
{
  tg_wire_forget(pg);
  if (!pg->conn) return tg_err_set(err, TG_RETRY, "pg", "not connected");
  if (!PQsendQuery(pg->conn, sql)) return tg_wire_lost(pg, err);
  return flush(pg, deadline_us, err);
}

enum tg_rc tg_wire_send_params(struct tg_pg *pg, const char *sql, const char *const *params,
                               uint32_t count, int64_t deadline_us, struct tg_err *err)
{
  tg_wire_forget(pg);
  if (!pg->conn) return tg_err_set(err, TG_RETRY, "pg", "not connected");
  if (!PQsendQueryParams(pg->conn, sql, (int)count, NULL, params, NULL, NULL, 0))
    return tg_wire_lost(pg, err);
  return flush(pg, deadline_us, err);
}

/* Keeps res as the failure and says it in err. */
static enum tg_rc fail(struct tg_pg *pg, PGresult *res, struct tg_err *err)
{
  const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
  const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
  char where[16];
  PQclear(pg->failed);
  pg->failed = res;
  snprintf(pg->sqlstate, sizeof pg->sqlstate, "%s", state ? state : "");
  const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
  bool last_words = severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
  bool broken = last_words || PQstatus(pg->conn) == CONNECTION_BAD;
  if (broken && !message) return tg_wire_lost(pg, err);
  snprintf(where, sizeof where, "pg %s", pg->sqlstate);
  enum tg_rc rc = tg_sql_class_rc(tg_sqlstate_class(pg->sqlstate, TG_AT_OWN, false));
  tg_err_set(err, rc, where, "%s", message ? message : PQresultErrorMessage(res));
  /* a server that turned read-only answers everything with an error: look for the new one */
  if (broken || strcmp(pg->sqlstate, "25006") == 0) tg_pg_drop(pg);
  return rc;
}

/* Waits until PQgetResult would not block. */
static enum tg_rc await_result(struct tg_pg *pg, int64_t deadline_us, struct tg_err *err)
{
  while (PQisBusy(pg->conn)) {
    enum tg_rc rc = tg_wire_wait(pg, POLLIN, deadline_us, err);
    if (rc != TG_OK) return rc;
    if (!PQconsumeInput(pg->conn)) return TG_OK; /* PQgetResult now makes the error */
  }
  return TG_OK;
}

enum tg_rc tg_wire_next(struct tg_pg *pg, ExecStatusType *status, int64_t deadline_us,
                        struct tg_err *err)
{
  if (!pg->conn) return tg_err_set(err, TG_RETRY, "pg", "not connected");
  enum tg_rc rc = await_result(pg, deadline_us, err);
  if (rc != TG_OK) return rc;
  PGresult *res = PQgetResult(pg->conn);
  if (!res) return PQstatus(pg->conn) == CONNECTION_BAD ? tg_wire_lost(pg, err) : TG_AGAIN;
  *status = PQresultStatus(res);
  if (*status == PGRES_FATAL_ERROR || *status == PGRES_BAD_RESPONSE ||
      *status == PGRES_NONFATAL_ERROR)
    return fail(pg, res, err);
  PQclear(pg->result);
  pg->result = res;
  return TG_OK;
}

enum tg_rc tg_wire_drain(struct tg_pg *pg, int64_t deadline_us, struct tg_err *err)
{
  enum tg_rc first = TG_OK, rc;
  for (;;) {
    ExecStatusType status = PGRES_COMMAND_OK;
    rc = tg_wire_next(pg, &status, deadline_us, first == TG_OK ? err : NULL);
    if (rc == TG_AGAIN) return first;
    if (rc != TG_OK && first == TG_OK) first = rc;
    if (!pg->conn) return first;
    if (rc == TG_OK && status == PGRES_COPY_IN) PQputCopyEnd(pg->conn, "no data was meant to come");
  }
}

enum tg_rc tg_wire_put(struct tg_pg *pg, struct tg_text piece, int64_t deadline_us,
                       struct tg_err *err)
{
  if (!pg->conn) return tg_err_set(err, TG_RETRY, "pg", "not connected");
  if (PQputCopyData(pg->conn, piece.ptr, (int)piece.len) != 1) return tg_wire_lost(pg, err);
  return flush(pg, deadline_us, err);
}

enum tg_rc tg_wire_end(struct tg_pg *pg, uint64_t *rows, int64_t deadline_us, struct tg_err *err)
{
  if (!pg->conn) return tg_err_set(err, TG_RETRY, "pg", "not connected");
  if (PQputCopyEnd(pg->conn, NULL) != 1) return tg_wire_lost(pg, err);
  enum tg_rc rc = flush(pg, deadline_us, err);
  if (rc != TG_OK) return rc;
  rc = tg_wire_drain(pg, deadline_us, err);
  if (rc == TG_OK) *rows = strtoull(PQcmdTuples(pg->result), NULL, 10);
  return rc;
}

void tg_wire_rollback(struct tg_pg *pg, int64_t deadline_us)
{
  if (pg->conn && PQtransactionStatus(pg->conn) == PQTRANS_ACTIVE)
    (void)tg_wire_drain(pg, deadline_us, NULL); /* the message's end is still on its way */
  if (!pg->conn || PQtransactionStatus(pg->conn) == PQTRANS_IDLE) return;
  PGresult *failed = pg->failed; /* outlives the ROLLBACK: the caller still reads it */
  char state[sizeof pg->sqlstate];
  memcpy(state, pg->sqlstate, sizeof state);
  pg->failed = NULL;
  enum tg_rc rc = tg_wire_send(pg, "ROLLBACK", deadline_us, NULL);
  if (rc == TG_OK) rc = tg_wire_drain(pg, deadline_us, NULL);
  if (rc != TG_OK) tg_pg_drop(pg);
  PQclear(pg->failed);
  pg->failed = failed;
  memcpy(pg->sqlstate, state, sizeof state);
}

const char *tg_wire_field(const struct tg_pg *pg, int code)
{
  const char *field = pg->failed ? PQresultErrorField(pg->failed, code) : NULL;
  return field ? field : "";
}

const char *tg_wire_tag(const struct tg_pg *pg)
{
  return pg->result ? PQcmdStatus(pg->result) : "";
}
