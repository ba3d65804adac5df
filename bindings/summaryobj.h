/* Summaries as Lua sees them: c:moments(), m.mean, m:q(0.9) ..
 *
 * A summary object is userdata (batch serial, pointer) like a column: the summary lives in the
 * scratch arena of the running call, and the object raises when its batch is gone. */
#ifndef TG_BINDINGS_SUMMARYOBJ_H
#define TG_BINDINGS_SUMMARYOBJ_H

#include "core/state/summary.h"

#include <lua.h>

/* Makes the metatable. [-0, +0] */
void tg_summaryobj_open(lua_State *L);

/* Pushes an object; needs a live batch, and s must live as long as it. [-0, +1] */
void tg_summaryobj_push(lua_State *L, struct tg_summary *s);
/* The summary at idx; raises when it is none or its batch is gone. */
struct tg_summary *tg_summaryobj_check(lua_State *L, int idx);
/* The same, NULL when idx is no summary object. */
struct tg_summary *tg_summaryobj_test(lua_State *L, int idx);

/* Makes a summary of c[0] and c[1] (may be NULL) over the rows that the running measure sees, and
 * pushes it; raises what it raises. Returns 1. */
int tg_summaryobj_make(lua_State *L, enum tg_summary_kind kind, struct tg_column *const c[2],
                       uint32_t cap);

/* How many different values to keep, at idx; 0 when it is nil. Raises past `most`. */
uint32_t tg_summaryobj_cap(lua_State *L, int idx, lua_Integer most);

/* b:count([mask]), in columnlib_summary.c. */
int tg_columnlib_count(lua_State *L);

/* The rows that summaries and groups see (NULL: all): what the engine restricts a measure to, else
 * the live ones. Raises without memory. */
const uint8_t *tg_summaryobj_rows(lua_State *L);

#endif
