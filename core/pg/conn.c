/* Connecting, session settings and plain statements. The I/O itself is in wire.c. */
#include "core/pg/conn.h"

#include "core/base/clock.h"
#include "core/pg/sqlstate.h"
#include "core/pg/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PASSWORD_BYTES_MAX = 4096, SERVER_VERSION_MIN = 140000 };

struct tg_pg *tg_pg_new(const struct tg_pg_conf *conf)
{
  struct tg_pg *pg = calloc(1, sizeof *pg);
  if (pg) pg->conf = *conf;
  return pg;
}

void tg_pg_free(struct tg_pg *pg)
{
  if (!pg) return;
  tg_pg_drop(pg);
  tg_wire_forget(pg);
  free(pg);
}

/* The failure stays readable. */
void tg_pg_drop(struct tg_pg *pg)
{
  if (pg->conn) PQfinish(pg->conn);
  pg->conn = NULL;
}

bool tg_pg_connected(const struct tg_pg *pg)
{
  return pg->conn != NULL;
}

void tg_pg_stop_flag(struct tg_pg *pg, const _Atomic bool *stop)
{
  pg->stop = stop;
}

/* The first line of the password file, in out. Never shown anywhere. */
static enum tg_rc read_password(const char *path, char *out, size_t size, struct tg_err *err)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return tg_err_set(err, TG_CONFIG, "postgres.password_file", "%s: cannot be opened (errno %d)",
                      path, errno);
  ssize_t n = read(fd, out, size - 1);
  close(fd);
  if (n < 0)
    return tg_err_set(err, TG_CONFIG, "postgres.password_file", "%s: cannot be read (errno %d)",
                      path, errno);
  out[n] = '\0';
  out[strcspn(out, "\r\n")] = '\0';
  if (!*out) return tg_err_set(err, TG_CONFIG, "postgres.password_file", "%s: is empty", path);
  return TG_OK;
}

static void no_notices(void *arg, const PGresult *res)
{
  (void)arg, (void)res;
}

/* Starts connecting. Later keywords win over earlier ones; "dbname" expands to the whole dsn. */
static enum tg_rc start(struct tg_pg *pg, const char *password, struct tg_err *err)
{
  const char *keys[16] = {"keepalives",       "keepalives_idle",  "keepalives_interval",
                          "keepalives_count", "tcp_user_timeout", "dbname",
                          "application_name", "client_encoding"};
  const char *values[16] = {"1", "10", "5", "3", "20000", pg->conf.dsn, pg->conf.name, "UTF8"};
  if (*password) keys[8] = "password", values[8] = password;
  pg->conn = PQconnectStartParams(keys, values, 1);
  if (!pg->conn) return tg_err_set(err, TG_FATAL, "pg", "no memory for a connection");
  if (PQstatus(pg->conn) == CONNECTION_BAD) return TG_OK; /* handshake() tells */
  PQsetErrorVerbosity(pg->conn, PQERRORS_VERBOSE);        /* the only way to see its SQLSTATE */
  PQsetNoticeReceiver(pg->conn, no_notices, NULL);
  return TG_OK;
}

/* A refused connection has no result, only "FATAL:  28P01: password ..": finds the SQLSTATE in it.
 */
static enum tg_rc refused(struct tg_pg *pg, struct tg_err *err)
{
  char text[512], where[16] = "pg";
  snprintf(text, sizeof text, "%s", PQerrorMessage(pg->conn));
  text[strcspn(text, "\n")] = '\0';
  tg_pg_drop(pg);
  const char *at = strstr(text, ":  ");
  enum tg_rc rc = TG_RETRY;
  if (at && strlen(at) > 9 && at[8] == ':') {
    memcpy(pg->sqlstate, at + 3, 5);
    rc = tg_sql_class_rc(tg_sqlstate_class(pg->sqlstate, TG_AT_OWN, false));
    snprintf(where, sizeof where, "pg %s", pg->sqlstate);
  }
  return tg_err_set(err, rc, where, "cannot connect: %s", text);
}

static enum tg_rc handshake(struct tg_pg *pg, int64_t deadline_us, struct tg_err *err)
{
  PostgresPollingStatusType poll_for =
      PQstatus(pg->conn) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (poll_for != PGRES_POLLING_OK) {
    if (poll_for == PGRES_POLLING_FAILED) return refused(pg, err);
    enum tg_rc rc =
        tg_wire_wait(pg, poll_for == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_us, err);
    if (rc != TG_OK) return rc;
    poll_for = PQconnectPoll(pg->conn);
  }
  PQsetErrorVerbosity(pg->conn, PQERRORS_DEFAULT);
  if (PQsetnonblocking(pg->conn, 1) != 0) return tg_wire_lost(pg, err);
  return TG_OK;
}

/* All settings that change what a statement means or how long it may take, and what we must know of
 * the server, in one round trip. $4, $5: our former session there, which may still hold locks or be
 * about to commit. */
static const char settings_sql[] =
    "SELECT pg_is_in_recovery(), current_setting('server_encoding'), pg_backend_pid(),"
    " (SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()),"
    " current_setting('session_replication_role'),"
    " set_config('TimeZone', 'UTC', false), set_config('search_path', 'public', false),"
    " set_config('default_transaction_isolation', 'read committed', false),"
    " set_config('default_transaction_read_only', 'off', false),"
    " set_config('default_transaction_deferrable', 'off', false),"
    " set_config('DateStyle', 'ISO, YMD', false), set_config('IntervalStyle', 'postgres', false),"
    " set_config('bytea_output', 'hex', false), set_config('extra_float_digits', '1', false),"
    " set_config('standard_conforming_strings', 'on', false),"
    " set_config('client_min_messages', 'error', false),"
    " set_config('client_connection_check_interval', '5s', false),"
    " set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false),"
    " set_config('idle_in_transaction_session_timeout', $3, false),"
    " (SELECT bool_or(pg_terminate_backend(pid, 2000)) FROM pg_stat_activity"
    "  WHERE pid = $4::int AND backend_start = $5::timestamptz AND usename = current_user)";

static enum tg_rc set_session(struct tg_pg *pg, int64_t deadline_us, struct tg_err *err)
{
  char statement[32], lock[32], idle[32], pid[16];
  int64_t statement_ms = pg->conf.statement_us / TG_MS;
  snprintf(statement, sizeof statement, "%" PRId64, statement_ms);
  snprintf(lock, sizeof lock, "%" PRId64, pg->conf.lock_us / TG_MS);
  snprintf(idle, sizeof idle, "%" PRId64, statement_ms);
  snprintf(pid, sizeof pid, "%d", pg->pid);
  bool former = pg->pid && !pg->pooled; /* a pooler gives our old session to somebody else */
  const char *params[] = {statement, lock, idle, former ? pid : NULL,
                          former ? pg->backend_start : NULL};
  return tg_pg_query(pg, settings_sql, params, 5, deadline_us, err);
}

static enum tg_rc refuse(struct tg_pg *pg, struct tg_err *err, const char *why)
{
  tg_pg_drop(pg);
  return tg_err_set(err, TG_CONFIG, "postgres.dsn", "%s", why);
}

/* Looks at what the settings query told of the server. */
static enum tg_rc examine(struct tg_pg *pg, struct tg_err *err)
{
  if (PQserverVersion(pg->conn) < SERVER_VERSION_MIN)
    return refuse(pg, err, "the server is older than PostgreSQL 14");
  if (strcmp(tg_pg_value(pg, 0, 0), "t") == 0)
    return refuse(pg, err,
                  "the server is a standby (read only): connect to the primary, or list all hosts "
                  "with target_session_attrs=read-write");
  if (strcmp(tg_pg_value(pg, 0, 1), "UTF8") != 0)
    return refuse(pg, err, "the database's encoding is not UTF8: create it with ENCODING 'UTF8'");
  if (strcmp(tg_pg_value(pg, 0, 4), "origin") != 0)
    return refuse(pg, err,
                  "session_replication_role is not origin: triggers and foreign keys would not "
                  "run; reset it for this role");
  pg->pid = (int32_t)strtol(tg_pg_value(pg, 0, 2), NULL, 10);
  const char *since = tg_pg_value(pg, 0, 3);
  snprintf(pg->backend_start, sizeof pg->backend_start, "%s", since ? since : "");
  pg->pooled = pg->pid != PQbackendPID(pg->conn);
  pg->serial++;
  return TG_OK;
}

static enum tg_rc check_dsn(const char *dsn, struct tg_err *err)
{
  PQconninfoOption *options = PQconninfoParse(dsn, NULL); /* its message may hold the password */
  if (!options)
    return tg_err_set(err, TG_CONFIG, "postgres.dsn",
                      "is not a connection string: expected postgresql://user@host/database or "
                      "key=value pairs");
  PQconninfoFree(options);
  return TG_OK;
}

enum tg_rc tg_pg_connect(struct tg_pg *pg, bool *fresh, struct tg_err *err)
{
  *fresh = false;
  if (pg->conn) return TG_OK;
  char password[PASSWORD_BYTES_MAX] = "";
  int64_t deadline_us = tg_clock_mono_us() + pg->conf.connect_us;
  tg_wire_forget(pg);
  enum tg_rc rc = check_dsn(pg->conf.dsn, err);
  if (rc == TG_OK && pg->conf.password_file)
    rc = read_password(pg->conf.password_file, password, sizeof password, err);
  if (rc == TG_OK) rc = start(pg, password, err);
  explicit_bzero(password, sizeof password);
  if (rc == TG_OK) rc = handshake(pg, deadline_us, err);
  if (rc == TG_OK) rc = set_session(pg, deadline_us, err);
  if (rc == TG_OK) rc = examine(pg, err);
  if (rc != TG_OK) tg_pg_drop(pg);
  *fresh = rc == TG_OK;
  return rc;
}

enum tg_rc tg_pg_query(struct tg_pg *pg, const char *sql, const char *const *params, uint32_t count,
                       int64_t deadline_us, struct tg_err *err)
{
  enum tg_rc rc = tg_wire_send_params(pg, sql, params, count, deadline_us, err);
  return rc == TG_OK ? tg_wire_drain(pg, deadline_us, err) : rc;
}

enum tg_rc tg_pg_script(struct tg_pg *pg, const char *sql, int64_t deadline_us, struct tg_err *err)
{
  enum tg_rc rc = tg_wire_send(pg, sql, deadline_us, err);
  if (rc == TG_OK) rc = tg_wire_drain(pg, deadline_us, err);
  if (rc != TG_OK) tg_wire_rollback(pg, deadline_us);
  return rc;
}

uint32_t tg_pg_rows(const struct tg_pg *pg)
{
  return (uint32_t)PQntuples(pg->result);
}

uint32_t tg_pg_columns(const struct tg_pg *pg)
{
  return (uint32_t)PQnfields(pg->result);
}

const char *tg_pg_value(const struct tg_pg *pg, uint32_t row, uint32_t column)
{
  if (PQgetisnull(pg->result, (int)row, (int)column)) return NULL;
  return PQgetvalue(pg->result, (int)row, (int)column);
}

const char *tg_pg_column(const struct tg_pg *pg, uint32_t column)
{
  return PQfname(pg->result, (int)column);
}

const char *tg_pg_sqlstate(const struct tg_pg *pg)
{
  return pg->sqlstate;
}
