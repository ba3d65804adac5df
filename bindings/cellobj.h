/* The object `s` that a judge is given: the cell of its rule, and models in it (docs/LUA.md).
 * Objects are dead when the batch they were made for is. */
#ifndef TG_BINDINGS_CELLOBJ_H
#define TG_BINDINGS_CELLOBJ_H

#include "core/state/cell.h"

#include <lua.h>

/* Pushes `s` for a cell with an open overlay; nil for NULL. A batch is alive. [-0, +1] */
void tg_cellobj_push(lua_State *L, struct tg_cell *cell);

/* Makes the metatables of this VM. [-0, +0] */
void tg_cellobj_open(lua_State *L);

#endif
