/* Batches and columns as Lua sees them.
 *
 * A column object is userdata holding (batch serial, pointer): it has no finaliser and raises
 * "batch used after it was handed over" when its batch is gone. Masks (boolean columns) that are
 * made and never used raise at the end of the call. */
#ifndef TG_BINDINGS_BATCHOBJ_H
#define TG_BINDINGS_BATCHOBJ_H

#include "core/data/batch.h"

#include <lua.h>

/* What the running code may do with a batch. */
enum tg_phase { TG_PHASE_TRANSFORM, TG_PHASE_RULE };

/* Registers the metatables and the API's globals (when, least, greatest, null ..) into the table on
 * top. [-0, +0] */
void tg_batchobj_open(lua_State *L);

/* Pushes a batch object; valid until tg_batchobj_close(). [-0, +1] */
void tg_batchobj_push(lua_State *L, struct tg_batch *b, enum tg_phase phase);
/* Restricts the summaries of the current batch to rows that are not 0 here (NULL: all rows), until
 * it is closed. rows: borrowed. */
void tg_batchobj_measure(lua_State *L, const uint8_t *rows);
/* The same for a check: summaries and groups see the live rows for which this mask is true. */
void tg_batchobj_where(lua_State *L, const struct tg_column *where);
/* Ends the validity of all objects of the current batch. Returns the number of masks made and never
 * used; *line gets where the first of them was made ("scripts/orders.lua:12"), static per VM. */
uint32_t tg_batchobj_close(lua_State *L, const char **line);

/* True when a script was stopped because the batch's own arena is full (assigned columns live
 * there): the evaluator's TG_FULL. Since the last push. */
bool tg_batchobj_full(lua_State *L);
/* True when a script was stopped because it asked a lookup whose table nobody has read: a trial has
 * then seen all it can. Since the last push. */
bool tg_batchobj_untried(lua_State *L);

/* Pushes a column of the current batch. [-0, +1] */
void tg_column_push(lua_State *L, struct tg_column *c);
/* The column at idx; raises an argument error when it is not a live column. Marks a mask as used.
 * */
struct tg_column *tg_column_check(lua_State *L, int idx);
/* The same, NULL when idx is not a column object. */
struct tg_column *tg_column_test(lua_State *L, int idx);
/* The mask at idx: a boolean column; raises "a boolean column is due here .. use :lt" for a Lua
 * boolean. */
struct tg_column *tg_mask_check(lua_State *L, int idx);

#endif
