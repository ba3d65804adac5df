/* What a failure of PostgreSQL means for the caller: one table from SQLSTATE to class
 * (docs/POSTGRES.md, "Failures").
 *
 * The longest prefix that matches decides; an unknown state is a configuration error, except on the
 * COPY of a target table, where an error with a line is the row's fault (a trigger may raise
 * whatever it likes). */
#ifndef TG_PG_SQLSTATE_H
#define TG_PG_SQLSTATE_H

#include "core/base/err.h"

#include <stdbool.h>

/* (class, code for the caller) */
#define TG_SQL_CLASS_LIST(X)                                                                       \
  X(TG_SQL_DATA, TG_DATA)                                                                          \
  X(TG_SQL_RETRY, TG_RETRY)                                                                        \
  X(TG_SQL_ONCE, TG_RETRY) /* may be a passing one, once */                                        \
  X(TG_SQL_CONFIG, TG_CONFIG)                                                                      \
  X(TG_SQL_FENCED, TG_FENCED)

enum tg_sql_class {
#define X(code, rc) code,
  TG_SQL_CLASS_LIST(X)
#undef X
};

/* (SQLSTATE or its beginning, class, what it is) */
#define TG_SQLSTATE_LIST(X)                                                                        \
  X("08", TG_SQL_RETRY, "connection exception")                                                    \
  X("0A000", TG_SQL_CONFIG, "feature not supported")                                               \
  X("22", TG_SQL_DATA, "data exception")                                                           \
  X("22P03", TG_SQL_CONFIG, "binary format: the table's types are not what we encode")             \
  X("22P04", TG_SQL_CONFIG, "COPY format: the table's columns are not what we encode")             \
  X("23", TG_SQL_DATA, "constraint violation")                                                     \
  X("25006", TG_SQL_RETRY, "read-only transaction: a failover, the connection is dropped")         \
  X("25P03", TG_SQL_RETRY, "idle in transaction timeout")                                          \
  X("28", TG_SQL_CONFIG, "invalid authorization")                                                  \
  X("3D000", TG_SQL_CONFIG, "no such database")                                                    \
  X("40001", TG_SQL_RETRY, "serialization failure")                                                \
  X("40P01", TG_SQL_RETRY, "deadlock")                                                             \
  X("42", TG_SQL_CONFIG, "syntax error or access rule violation")                                  \
  X("44000", TG_SQL_DATA, "check option of a view")                                                \
  X("53", TG_SQL_RETRY, "insufficient resources")                                                  \
  X("54000", TG_SQL_DATA, "program limit, an index row too big")                                   \
  X("54001", TG_SQL_DATA, "too complex, JSON nested too deep")                                     \
  X("55P03", TG_SQL_RETRY, "lock timeout")                                                         \
  X("57014", TG_SQL_RETRY, "statement timeout or cancel")                                          \
  X("57P01", TG_SQL_RETRY, "administrator's shutdown")                                             \
  X("57P02", TG_SQL_RETRY, "crash shutdown")                                                       \
  X("57P03", TG_SQL_RETRY, "cannot connect now")                                                   \
  X("57P05", TG_SQL_RETRY, "idle session timeout")                                                 \
  X("58030", TG_SQL_RETRY, "I/O error")                                                            \
  X("P0001", TG_SQL_DATA, "raised by a trigger")                                                   \
  X("TG001", TG_SQL_FENCED, "a claim was lost or the chain goes on elsewhere")                     \
  X("TG002", TG_SQL_FENCED, "a breaker was opened")                                                \
  X("TG003", TG_SQL_CONFIG, "the topic belongs to another cluster")                                \
  X("XX000", TG_SQL_ONCE, "internal error")

/* What was being done when it failed. */
enum tg_sql_at {
  TG_AT_TARGET, /* COPY into a table of the user */
  TG_AT_OWN     /* anything of tidegate's own: its tables, functions, BEGIN, COMMIT */
};

/* sqlstate: "" when the connection broke without one. has_line: the error names a line of the COPY.
 */
enum tg_sql_class tg_sqlstate_class(const char *sqlstate, enum tg_sql_at at, bool has_line);

enum tg_rc tg_sql_class_rc(enum tg_sql_class c);

#endif
