/* Lua values as the bytes of a cell's value, and back:
 *
 *   nil | false | true | whole number | float | text | table: count of the list, its values,
 *   count of named members, name and value in byte order of the names
 *
 * each led by its tag, numbers as in core/state/codec.h. The same value has the same bytes
 * whatever the order of `pairs`; whole numbers and floats stay what they are, NaN and infinities
 * included. */
#ifndef TG_BINDINGS_CELLVALUE_H
#define TG_BINDINGS_CELLVALUE_H

#include "core/base/buf.h"

#include <lua.h>

/* Appends the value at idx. Raises for what has no such form: functions and objects, keys that are
 * neither 1..n nor texts, nesting over 16. May raise without memory. [-0, +0] */
void tg_cellvalue_write(lua_State *L, int idx, struct tg_buf *out);

/* Pushes what these bytes stand for; raises when they are damaged. [-0, +1] */
void tg_cellvalue_push(lua_State *L, struct tg_text bytes);

#endif
