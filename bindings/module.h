/* The entry of the Lua module `tidegate` (docs/LUA.md, section Testing). */
#ifndef TG_BINDINGS_MODULE_H
#define TG_BINDINGS_MODULE_H

#include <lua.h>

/* Called by `require "tidegate"` in a stock Lua 5.4. [-0, +1] the module's table */
int luaopen_tidegate(lua_State *L);

#endif
