/* The inside of batch and column objects, shared by batchobj.c and the columnlib_*.c; everybody
 * else uses batchobj.h.
 *
 * A column object is userdata { use, column }: `use` is the number of the tg_batchobj_push() it
 * belongs to, and the object is dead when that is not the current one any more. It has no
 * finaliser; the column lives in the scratch arena, or in the batch's.
 *
 * A mask made by a script is entered in a list with its line until something uses it. */
#ifndef TG_BINDINGS_COLUMNOBJ_H
#define TG_BINDINGS_COLUMNOBJ_H

#include "bindings/batchobj.h"
#include "core/data/compare.h"

#include <lauxlib.h>

enum { TG_MASKS_UNUSED_MAX = 1024 };

struct tg_handle {
  uint64_t use;
  struct tg_column *c;
  int32_t slot; /* entry of an unused mask, or -1 */
  bool field;   /* a column of the batch: its dictionary outlives the call */
};

struct tg_unused {    /* where a mask was made */
  const char *source; /* chunk name; lives as long as the running function */
  uint64_t number;    /* ascending; 0: free */
  int line;
};

/* One per VM: what is going on. */
struct tg_live {
  uint64_t use; /* of the batch that is alive; 0: none */
  uint64_t uses, masks;
  struct tg_batch *b;
  enum tg_phase phase;
  struct tg_column *
      *read;           /* by field: what a rule sees in its place; NULL, or NULL in it: itself */
  const uint8_t *rows; /* 1 for the rows that a measure looks at; NULL: all of them */
  bool untried;        /* a lookup was asked whose table nobody has read */
  bool full;           /* the batch's own arena had no room */
  struct tg_err err;
  char line[160];                /* what tg_batchobj_close() returns */
  const struct tg_column *where; /* of a check: rows that summaries and groups see; NULL: all */
  struct tg_unused unused[TG_MASKS_UNUSED_MAX];
};

struct tg_live *tg_live(lua_State *L);
/* The same; raises when no batch is alive. */
struct tg_live *tg_live_check(lua_State *L);

/* The object at idx; raises when it is no column or a dead one. Marks a mask as used. */
struct tg_handle *tg_handle_check(lua_State *L, int idx);
/* Pushes an object. [-0, +1] */
void tg_handle_push(lua_State *L, struct tg_column *c, bool field);

/* A column or a literal at idx; raises for anything else. */
struct tg_arg tg_arg_check(lua_State *L, int idx);
/* True for nil and none. */
static inline bool tg_arg_absent(lua_State *L, int idx)
{
  return lua_isnoneornil(L, idx);
}
struct tg_text tg_arg_text_check(lua_State *L, int idx);
/* The text at idx, or an empty one. */
struct tg_text tg_arg_text_opt(lua_State *L, int idx);

/* min, max, exclusive_min, exclusive_max from idx on; nil: no bound. */
struct tg_bounds tg_bounds_check(lua_State *L, int idx);

/* The values of the list at idx, in op's arena; their texts stay with the list. Raises for
 * anything else. */
struct tg_literal *tg_arg_set_check(lua_State *L, int idx, struct tg_op *op, uint32_t *count);

/* An operation on `first` (may be NULL), its results in the scratch arena. Raises when no batch is
 * alive. */
struct tg_op tg_op_begin(lua_State *L, const struct tg_handle *first);
/* Pushes the result; raises op's error, with the name of the operation, for NULL. Returns 1. */
int tg_op_done(lua_State *L, struct tg_op *op, const char *name, struct tg_column *c);

/* Makes the metatables and the state of this VM. [-0, +0] */
void tg_columnobj_open(lua_State *L);

/* Sets `lookup` in the table on top, and its metatables. [-0, +0] */
void tg_lookuplib_open(lua_State *L);

/* Pushes the sentinel `null`. */
void tg_null_push(lua_State *L);
bool tg_null_test(lua_State *L, int idx);

#endif
