/* Lua values as JSON text, for the events of inline tests; and JSON as Lua values, for arguments
 * that come from outside. */
#ifndef TG_BINDINGS_LUAJSON_H
#define TG_BINDINGS_LUAJSON_H

#include "core/base/buf.h"

#include <lua.h>

struct json_t;

/* Appends the value at idx. `null` (the light userdata NULL or the object at null_idx) and nil
 * become null, tables with elements 1..n lists, other tables objects with their keys in byte
 * order. False: *why says what has no JSON form (functions, NaN, keys that are not texts, nesting
 * over 64). Needs the stack to grow; may raise without memory. [-0, +0] */
bool tg_luajson_write(lua_State *L, int idx, int null_idx, struct tg_buf *out, const char **why);

/* Pushes a JSON value: null as the value at null_idx, objects and lists as tables, the texts
 * "$inf", "$-inf" and "$nan" as the numbers that JSON cannot write. Raises at nesting over 64 and
 * without memory. [-0, +1] */
void tg_luajson_push(lua_State *L, const struct json_t *value, int null_idx);

#endif
