/* A column is one field for all rows of a batch, or the result of an operation on such columns.
 *
 *   values   one array, its element type chosen by tg_type_store()
 *   nul      one byte a row: 0 a value, 1 null, >= 2 a fault: a null that an operation made out of
 *   non-null
 *            input, and why. NULL pointer: every row has a value. An operation's result takes the
 *            larger byte of
 *            its operands, so that a fault is never lost on the way.
 *
 * Boolean columns are masks in Kleene logic: one byte a row, 0 false, 1 null, 2 true, so that
 * `and` is min, `or` is max, `not` is 2 - x and 50,000 rows cost a few microseconds. Their `nul`
 * holds faults only (else NULL).
 *
 * Memory: the arena they were made in; a column has no destructor. What the values point to
 * (text) lives in the same arena or in one that lives longer. Values of null rows are zero /
 * false / {NULL, 0}: never garbage. */
#ifndef TG_DATA_COLUMN_H
#define TG_DATA_COLUMN_H

#include "core/base/arena.h"
#include "core/data/type.h"

enum { TG_FALSE = 0, TG_UNKNOWN = 1, TG_TRUE = 2 };

/* (code, byte, text) of `nul`; the text completes "amount_eur: ..." */
#define TG_NUL_LIST(X)                                                                             \
  X(TG_SOME, 0, "a value")                                                                         \
  X(TG_NULL, 1, "null")                                                                            \
  X(TG_OVERFLOW, 2, "out of range")                                                                \
  X(TG_DIV_ZERO, 3, "division by zero")                                                            \
  X(TG_CAST, 4, "the value cannot be converted")                                                   \
  X(TG_PARSE, 5, "the text cannot be parsed")                                                      \
  X(TG_MISS, 6, "not found in the lookup")                                                         \
  X(TG_LIMIT, 7, "a limit was reached")                                                            \
  X(TG_TYPE, 8, "the value has another type")

enum tg_nul {
#define X(code, byte, text) code = byte,
  TG_NUL_LIST(X)
#undef X
};

struct tg_column {
  struct tg_type type;
  uint32_t rows;
  uint8_t *nul; /* may be NULL, see above */
  union {
    void *any;
    uint8_t *mask;
    int64_t *ints;
    double *floats;
    struct tg_text *texts;
    struct tg_uuid *uuids;
    struct tg_span *spans;
  } v;
  struct tg_dict *dict;  /* distinct values and a code per row; NULL until tg_column_dict() */
  uint32_t dict_refused; /* the largest `max` that tg_column_dict() has found too small */
};

/* The distinct values of a text column. codes[row] indexes texts; null rows have code
 * TG_DICT_NULL. */
enum { TG_DICT_NULL = 0xffffffffu };
struct tg_dict {
  uint32_t count;
  struct tg_text *texts;
  uint32_t *codes;
};

/* A column of rows zeroed values (all false for masks, no nulls) in the arena; with_nul
 * allocates nul zeroed. NULL at the arena's cap. */
struct tg_column *tg_column_new(struct tg_arena *a, struct tg_type type, uint32_t rows,
                                bool with_nul);

/* The same for a writer of every row: what the values are is not said yet, and nul (which only
 * masks go without) tells of no null. */
struct tg_column *tg_column_bare(struct tg_arena *a, struct tg_type type, uint32_t rows);

/* True when the row is null or a fault. */
static inline bool tg_column_is_null(const struct tg_column *c, uint32_t row)
{
  if (c->nul && c->nul[row]) return true;
  return c->type.kind == TG_BOOL && !c->type.array && c->v.mask[row] == TG_UNKNOWN;
}

/* The fault of a row, or TG_SOME / TG_NULL. */
static inline enum tg_nul tg_column_nul(const struct tg_column *c, uint32_t row)
{
  if (c->nul && c->nul[row]) return (enum tg_nul)c->nul[row];
  return tg_column_is_null(c, row) ? TG_NULL : TG_SOME;
}

const char *tg_nul_text(enum tg_nul nul);

/* Builds c->dict when the column is text and has at most max distinct values (sampling first);
 * NULL when it would not pay or does not fit the arena. Cached in the column. */
const struct tg_dict *tg_column_dict(struct tg_column *c, struct tg_arena *a, uint32_t max);

/* One value as people and JSON-free messages show it ("123.45", "2026-01-01T00:00:00Z", "null"),
 * at most size - 1 bytes, escaped and cut as tg_text_shown() does. Returns out. */
char *tg_column_show(const struct tg_column *c, uint32_t row, char *out, size_t size);

#endif
