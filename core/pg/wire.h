/* The inside of a connection, for the files of core/pg only: statements in pieces, COPY IN,
 * failures in detail.
 *
 *   tg_wire_send("BEGIN; COPY ..") -> tg_wire_next() until PGRES_COPY_IN -> tg_wire_put() .. ->
 * tg_wire_end()
 *
 * libpq is used non-blocking: every wait is a poll() with a deadline that also looks at the stop
 * flag. After a missed deadline the state of the session is not known, so the connection is
 * dropped. */
#ifndef TG_PG_WIRE_H
#define TG_PG_WIRE_H

#include "core/pg/conn.h"

#include <libpq-fe.h>

struct tg_pg {
  struct tg_pg_conf conf;   /* its texts are borrowed */
  const _Atomic bool *stop; /* or NULL */
  PGconn *conn;             /* NULL: not connected */
  PGresult *result;         /* of the last statement, or NULL */
  PGresult *failed;         /* the last failure, or NULL */
  char sqlstate[6];         /* of the last failure */
  uint64_t serial;          /* counts connections, 0 = none yet */
  int32_t pid;              /* of the server's process */
  char backend_start[40];   /* of it, as text */
  bool pooled;              /* between us and the server is a pooler */
};

/* Waits until the socket is ready for poll's events. TG_RETRY: the deadline or the stop flag came
 * first; the connection is dropped. */
enum tg_rc tg_wire_wait(struct tg_pg *pg, short events, int64_t deadline_us, struct tg_err *err);

/* Drops the connection and says why it broke: TG_RETRY. */
enum tg_rc tg_wire_lost(struct tg_pg *pg, struct tg_err *err);

/* Frees the result and the failure of the last statement. */
void tg_wire_forget(struct tg_pg *pg);

/* Sends sql as one message (simple protocol) and flushes it. */
enum tg_rc tg_wire_send(struct tg_pg *pg, const char *sql, int64_t deadline_us, struct tg_err *err);

/* As send, one statement with parameters (extended protocol). */
enum tg_rc tg_wire_send_params(struct tg_pg *pg, const char *sql, const char *const *params,
                               uint32_t count, int64_t deadline_us, struct tg_err *err);

/* Waits for the next result, which replaces the previous one. TG_OK: *status is not an error;
 * TG_AGAIN: there are no more; otherwise the statement failed and the code is its class. */
enum tg_rc tg_wire_next(struct tg_pg *pg, ExecStatusType *status, int64_t deadline_us,
                        struct tg_err *err);

/* Takes all results that are left; the last one stays, or the first failure. */
enum tg_rc tg_wire_drain(struct tg_pg *pg, int64_t deadline_us, struct tg_err *err);

/* Sends a piece of COPY data. An error of the server shows only in tg_wire_end(). */
enum tg_rc tg_wire_put(struct tg_pg *pg, struct tg_text piece, int64_t deadline_us,
                       struct tg_err *err);

/* Ends the COPY; *rows is the server's count. Takes all results of the message. */
enum tg_rc tg_wire_end(struct tg_pg *pg, uint64_t *rows, int64_t deadline_us, struct tg_err *err);

/* Sends ROLLBACK when a transaction is open; drops the connection when that fails. */
void tg_wire_rollback(struct tg_pg *pg, int64_t deadline_us);

/* A field of the last failure (PG_DIAG_..), "" when it has none. Borrowed until the next statement.
 */
const char *tg_wire_field(const struct tg_pg *pg, int code);

/* "COMMIT", "COPY 5", .. of the last result. */
const char *tg_wire_tag(const struct tg_pg *pg);

#endif
