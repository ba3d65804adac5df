/* Errors: a code for the caller, a place and a line for people. */
#include "core/base/err.h"

#include <stdio.h>

const char *tg_rc_name(enum tg_rc rc)
{
  static const char *const names[] = {
#define X(code, name, text) name,
      TG_RC_LIST(X)
#undef X
  };
  return (unsigned)rc < sizeof names / sizeof *names ? names[rc] : "?";
}

enum tg_rc tg_err_vset(struct tg_err *err, enum tg_rc rc, const char *where, const char *fmt,
                       va_list args)
{
  if (!err) return rc;
  err->rc = rc;
  snprintf(err->where, sizeof err->where, "%s", where ? where : "");
  vsnprintf(err->what, sizeof err->what, fmt, args);
  for (char *p = err->what; *p; p++)
    if (*p == '\n' || *p == '\r') *p = ' ';
  return rc;
}

enum tg_rc tg_err_set(struct tg_err *err, enum tg_rc rc, const char *where, const char *fmt, ...)
{
  va_list args;
  va_start(args, fmt);
  tg_err_vset(err, rc, where, fmt, args);
  va_end(args);
  return rc;
}

void tg_err_clear(struct tg_err *err)
{
  err->rc = TG_OK;
  err->where[0] = err->what[0] = '\0';
}
