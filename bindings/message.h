/* What a script raised, as an error: any type of error object becomes one short line, with file and
 * line.
 *
 *   "scripts/orders.lua:12: no such column"  ->  where "scripts/orders.lua:12", what "no such
 * column"
 *
 * A __tostring of an error object runs protected, under the deadline, and never while the deadline
 * is being raised. */
#ifndef TG_BINDINGS_MESSAGE_H
#define TG_BINDINGS_MESSAGE_H

#include "core/base/err.h"

#include <lua.h>
#include <stdbool.h>

/* Fills err (code TG_DATA) from the error object on top of the stack. Meant for a message handler:
 * the stack that raised must still stand, it is searched for the line. Does not raise unless memory
 * is out. [-0, +0] */
void tg_message_read(lua_State *L, struct tg_err *err);

/* The same for a text that names its place itself (a syntax error); no stack is searched, nothing
 * is run. */
void tg_message_parse(const char *text, size_t len, struct tg_err *err);

/* "file:line" of the innermost Lua function that runs, into out; false when there is none.
 * Allocates nothing. */
bool tg_message_where(lua_State *L, char *out, size_t size);

#endif
