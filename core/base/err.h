/* Errors say what the CALLER must do (the code), where it happened and what (one line each).
 * A leaf fills the error and returns its code; whoever decides what to do logs it, once. */
#ifndef TG_BASE_ERR_H
#define TG_BASE_ERR_H

#include <stdarg.h>

/* (code, name, what the caller does) */
#define TG_RC_LIST(X)                                                                              \
  X(TG_OK, "ok", "go on")                                                                          \
  X(TG_AGAIN, "again", "nothing yet, ask later")                                                   \
  X(TG_FULL, "full", "a cap was reached: flush first")                                             \
  X(TG_DATA, "data", "the record is at fault: quarantine it")                                      \
  X(TG_RETRY, "retry", "the world is at fault: back off and try again")                            \
  X(TG_FENCED, "fenced", "somebody else owns it: drop everything of that partition")               \
  X(TG_CONFIG, "config", "the operator must act")                                                  \
  X(TG_FATAL, "fatal", "stop the process")

enum tg_rc {
#define X(code, name, text) code,
  TG_RC_LIST(X)
#undef X
};

struct tg_err {
  enum tg_rc rc;
  char where[128]; /* "scripts/orders.lua:12", "pg 23505", "orders[3]@1842" */
  char what[640];  /* one line, no secrets, values shortened */
};

#define TG_CHECKED __attribute__((warn_unused_result))

/* "ok", "data", .. */
const char *tg_rc_name(enum tg_rc rc);

/* Fills err (may be NULL) and returns rc, so that a leaf can `return tg_err_set(..)`. Too long a
 * text is cut. */
__attribute__((format(printf, 4, 5))) enum tg_rc
tg_err_set(struct tg_err *err, enum tg_rc rc, const char *where, const char *fmt, ...);

enum tg_rc tg_err_vset(struct tg_err *err, enum tg_rc rc, const char *where, const char *fmt,
                       va_list args);

void tg_err_clear(struct tg_err *err);

#endif
