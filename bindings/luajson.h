/* Lua values as JSON text, for the events of inline tests. */
#ifndef TG_BINDINGS_LUAJSON_H
#define TG_BINDINGS_LUAJSON_H

#include "core/base/buf.h"

#include <lua.h>

/* Appends the value at idx. `null` (the light userdata NULL or the object at null_idx) and nil
 * become null, tables with elements 1..n lists, other tables objects with their keys in byte
 * order. False: *why says what has no JSON form (functions, NaN, keys that are not texts, nesting
 * over 64). Needs the stack to grow; may raise without memory. [-0, +0] */
bool tg_luajson_write(lua_State *L, int idx, int null_idx, struct tg_buf *out, const char **why);

#endif
