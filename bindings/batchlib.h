/* What a batch can do: the methods of b. */
#ifndef TG_BINDINGS_BATCHLIB_H
#define TG_BINDINGS_BATCHLIB_H

#include "bindings/columnobj.h"

/* The batch object at idx; raises when it is none or dead. */
struct tg_batch *tg_batchlib_check(lua_State *L, int idx);

/* The events' Kafka timestamps as a timestamptz column; NULL when full. */
struct tg_column *tg_batchlib_timestamps(struct tg_op *op, const struct tg_batch *b);

/* Replaces field number `field` by v; rows with a fault, or a null that is not allowed, go to the
 * quarantine. Raises when the types do not fit. */
void tg_batchlib_assign(lua_State *L, uint32_t field, struct tg_arg v, bool is_field);

/* The field called name, or -1. */
int32_t tg_batchlib_field(const struct tg_batch *b, struct tg_text name);
/* What a script sees of that field. */
struct tg_column *tg_batchlib_column(lua_State *L, const struct tg_batch *b, int32_t field);
/* Raises "no field 'x'; did you mean 'y'?". */
int tg_batchlib_no_field(lua_State *L, const struct tg_batch *b, struct tg_text name);

/* eventlib.c: what rules that judge events ask a batch. */
int tg_eventlib_fault(lua_State *L);
int tg_eventlib_columns(lua_State *L);
int tg_eventlib_seen(lua_State *L);
int tg_eventlib_shape(lua_State *L);

/* emitlib.c */
int tg_emitlib_emit(lua_State *L);

extern const char TG_BATCH_OBJECT[]; /* name of the metatable */

#endif
