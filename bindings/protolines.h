/* The lines on which a chunk has code: of its main function and of every function inside, called or
 * not. Lua tells the lines of a function that exists (lua_getinfo, 'L') and has no call for those
 * that were never made; what lua_dump() writes holds all of them:
 *
 *   header | function: where defined | code | constants | upvalues | functions .. | lines of code
 *
 * Source: ldump.c and lundump.c of Lua 5.4, whose format has a version that is looked at. */
#ifndef TG_BINDINGS_PROTOLINES_H
#define TG_BINDINGS_PROTOLINES_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

/* One instruction stands on `line`, in the function of lines first..last (0..0: the main one).
 * Called again and again for the same line. */
typedef void tg_protolines_visit(void *self, uint32_t line, uint32_t first, uint32_t last);

/* The function on top of the stack. The return that Lua puts behind a function's last line is left
 * out: a function that returns by itself never gets there. False: its bytes are of another version
 * of Lua, or there is no memory for them. [-0, +0] */
bool tg_protolines(lua_State *L, tg_protolines_visit *visit, void *self);

#endif
