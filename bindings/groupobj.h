/* Groups as Lua sees them: k = key(b.a, b.b), k:occurrences() .. A group object is userdata (batch
 * serial, pointer) like a column; the group lives in the scratch arena of the running call. */
#ifndef TG_BINDINGS_GROUPOBJ_H
#define TG_BINDINGS_GROUPOBJ_H

#include <lua.h>

/* Makes the metatable. [-0, +0] */
void tg_groupobj_open(lua_State *L);

#endif
