/* SQLSTATE -> class, by the longest prefix in the table; see the header. */
#include "core/pg/sqlstate.h"

#include <stddef.h>
#include <string.h>

static const struct entry {
  const char *prefix;
  enum tg_sql_class class;
} entries[] = {
#define X(prefix, class, text) {prefix, class},
    TG_SQLSTATE_LIST(X)
#undef X
};

static const struct entry *find(const char *sqlstate)
{
  const struct entry *best = NULL;
  size_t longest = 0;
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
    size_t len = strlen(entries[i].prefix);
    if (len <= longest || strncmp(sqlstate, entries[i].prefix, len) != 0) continue;
    best = &entries[i], longest = len;
  }
  return best;
}

enum tg_sql_class tg_sqlstate_class(const char *sqlstate, enum tg_sql_at at, bool has_line)
{
  if (!*sqlstate) return TG_SQL_RETRY;
  const struct entry *e = find(sqlstate);
  bool target = at == TG_AT_TARGET;
  /* "insufficient data left in message": fields shorter than their type, not a broken connection */
  if (target && has_line && strcmp(sqlstate, "08P01") == 0) return TG_SQL_CONFIG;
  if (!e) return target && has_line ? TG_SQL_DATA : TG_SQL_CONFIG;
  if (!target && e->class == TG_SQL_DATA) return TG_SQL_CONFIG;
  return e->class;
}

enum tg_rc tg_sql_class_rc(enum tg_sql_class c)
{
  static const enum tg_rc codes[] = {
#define X(code, rc) rc,
      TG_SQL_CLASS_LIST(X)
#undef X
  };
  return codes[c];
}
