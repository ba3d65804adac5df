/* What every operation on columns shares: its operands, where its result goes, when it must stop.
 *
 * An operation takes columns and literals and returns a new column of op->rows rows in op->arena,
 * or NULL with op->err filled. It never changes an operand; a result may share the operand's `nul`
 * and the bytes of its texts. Null and fault bytes propagate: the result's byte is the larger one
 * of its operands.
 *
 * Errors: TG_FULL the arena's cap; TG_AGAIN the deadline has passed; TG_CONFIG these types do not
 * go together (the script's mistake); TG_DATA the data made it impossible (a match limit).
 * Pure: no Lua, no clock; the deadline is asked for through `late`. */
#ifndef TG_DATA_OP_H
#define TG_DATA_OP_H

#include "core/data/column.h"

enum { TG_OP_BLOCK_ROWS = 1024 }; /* rows between two looks at the deadline */

struct tg_op {
  struct tg_arena *arena; /* results and temporaries */
  struct tg_arena *
      home; /* for the dictionary cached in the first operand: lives as long as that; NULL: arena */
  uint32_t rows;            /* of the batch, and so of every column */
  bool (*late)(void *self); /* has the deadline passed; NULL: there is none */
  void *self;
  int32_t zone_s; /* of times written without an offset, seconds east of UTC */
  struct tg_err *err;
};

enum tg_lit { TG_LIT_NULL, TG_LIT_INT, TG_LIT_FLOAT, TG_LIT_TEXT, TG_LIT_BOOL };

/* A value written in a script. text: borrowed for the call. */
struct tg_literal {
  enum tg_lit kind;
  bool b;
  int64_t i;
  double f;
  struct tg_text t;
};

/* An operand: a column, or a literal when c is NULL. */
struct tg_arg {
  struct tg_column *c;
  struct tg_literal lit;
};

static inline struct tg_arg tg_arg_column(struct tg_column *c)
{
  return (struct tg_arg){.c = c};
}
static inline struct tg_arg tg_arg_int(int64_t i)
{
  return (struct tg_arg){.lit = {.kind = TG_LIT_INT, .i = i}};
}
static inline struct tg_arg tg_arg_float(double f)
{
  return (struct tg_arg){.lit = {.kind = TG_LIT_FLOAT, .f = f}};
}
static inline struct tg_arg tg_arg_text(struct tg_text t)
{
  return (struct tg_arg){.lit = {.kind = TG_LIT_TEXT, .t = t}};
}
static inline struct tg_arg tg_arg_bool(bool b)
{
  return (struct tg_arg){.lit = {.kind = TG_LIT_BOOL, .b = b}};
}
static inline struct tg_arg tg_arg_null(void)
{
  return (struct tg_arg){.lit = {.kind = TG_LIT_NULL}};
}

/* Fills op->err and returns NULL, so that an operation can `return tg_op_fail(..)`. */
__attribute__((format(printf, 3, 4))) struct tg_column *tg_op_fail(struct tg_op *op, enum tg_rc rc,
                                                                   const char *fmt, ...);
/* tg_op_fail for the arena's cap. */
struct tg_column *tg_op_full(struct tg_op *op);

/* True when the deadline has passed; op->err says so. */
bool tg_op_late(struct tg_op *op);

/* A result column of zeroed values without nul; NULL when late or full. */
struct tg_column *tg_op_new(struct tg_op *op, struct tg_type type);

/* The same with values left as they are, for operations that write every row (loops that store
 * bytes keep op->rows in a variable: a byte may alias it, and the loop is then not vectorised). */
struct tg_column *tg_op_raw(struct tg_op *op, struct tg_type type);

/* Bytes from the arena, or NULL with op->err set. */
void *tg_op_alloc(struct tg_op *op, size_t count, size_t size);

/* The nul bytes of an operand, with the unknowns of a mask in them; *out NULL when there are none.
 * May be shared. False: the arena is full. */
bool tg_op_nul(struct tg_op *op, struct tg_arg a, uint8_t **out);
/* The larger byte of both, row by row. */
bool tg_op_nul2(struct tg_op *op, struct tg_arg a, struct tg_arg b, uint8_t **out);
bool tg_op_nul_max(struct tg_op *op, uint8_t *a, uint8_t *b, uint8_t **out);

/* Ends an operation: values of rows with a nul byte become zero (masks: unknown, only faults stay
 * in nul). nul may be NULL. Returns out, or NULL when the arena is full. */
struct tg_column *tg_op_end(struct tg_op *op, struct tg_column *out, uint8_t *nul);

/* A nul that may be written to: out->nul itself when it is our own copy, else made. NULL when full.
 * */
uint8_t *tg_op_own_nul(struct tg_op *op, struct tg_column *out, const uint8_t *shared);

/* The dictionary of a text column when working per distinct value pays; NULL otherwise (no error).
 * */
const struct tg_dict *tg_op_dict(struct tg_op *op, struct tg_column *c);

/* A copy of c and of the texts it points to in another arena; NULL when that is full. */
struct tg_column *tg_op_keep(struct tg_arena *to, const struct tg_column *c);

/* A type by kind alone, and numeric(18, scale). */
static inline struct tg_type tg_type_of(enum tg_kind kind)
{
  return (struct tg_type){.kind = kind};
}
static inline struct tg_type tg_type_numeric(uint32_t scale)
{
  return (struct tg_type){.kind = TG_NUMERIC,
                          .sized = true,
                          .precision = TG_NUMERIC_INT_DIGITS,
                          .scale = (uint16_t)scale};
}

/* "numeric(12,2)" of an operand, "a text literal" .., in out. Returns out. */
char *tg_arg_name(struct tg_arg a, char *out, size_t size);

#endif
