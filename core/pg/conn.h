/* A PostgreSQL connection that never blocks past a deadline and pins its session settings
 * (docs/POSTGRES.md). Thread: one at a time. */
#ifndef TG_PG_CONN_H
#define TG_PG_CONN_H

#include "core/base/err.h"
#include "core/base/text.h"

struct tg_pg;
struct pg_result; /* libpq's, seen through tg_pg_value() */

struct tg_pg_conf {
  const char *dsn;                           /* any libpq string */
  const char *password_file;                 /* or NULL; read at each connect */
  const char *name;                          /* application_name: "tidegate shop lane 0" */
  int64_t connect_us, statement_us, lock_us; /* limits */
};

/* conf: borrowed for the life of the connection. Does not connect yet. */
struct tg_pg *tg_pg_new(const struct tg_pg_conf *conf);
void tg_pg_free(struct tg_pg *pg);

/* Connects when it is not connected. TG_RETRY: the server is not there; TG_CONFIG: it refuses us
 * (password, database, encoding, a standby, a transaction pooler ..). *fresh: a new connection was
 * made (claims must be renewed). */
enum tg_rc tg_pg_connect(struct tg_pg *pg, bool *fresh, struct tg_err *err);
bool tg_pg_connected(const struct tg_pg *pg);
void tg_pg_drop(struct tg_pg *pg); /* closes it at once */

/* One statement with text parameters ($1..; NULL = null); its result replaces the previous one and
 * stays until the next call. deadline_us monotonic. The class of a failure by SQLSTATE: sqlstate.h.
 */
enum tg_rc tg_pg_query(struct tg_pg *pg, const char *sql, const char *const *params, uint32_t count,
                       int64_t deadline_us, struct tg_err *err);
/* Several statements in one message, no parameters. The last result stays. */
enum tg_rc tg_pg_script(struct tg_pg *pg, const char *sql, int64_t deadline_us, struct tg_err *err);

uint32_t tg_pg_rows(const struct tg_pg *pg);
uint32_t tg_pg_columns(const struct tg_pg *pg);
const char *tg_pg_value(const struct tg_pg *pg, uint32_t row,
                        uint32_t column); /* NULL = null; borrowed */
const char *tg_pg_column(const struct tg_pg *pg, uint32_t column);
const char *
tg_pg_sqlstate(const struct tg_pg *pg); /* of the last failure, "" when the connection broke */

/* Bytes the process waits for, so that a stop can interrupt: when *stop becomes true, calls end
 * with TG_RETRY soon. */
void tg_pg_stop_flag(struct tg_pg *pg, const _Atomic bool *stop);

#endif
