/* Rows grouped by the values of one or more columns: exact, and in the order of the rows.
 *
 * Each column's values get numbers (texts that repeat already have them), two columns' numbers
 * make a pair that gets a number again: a table holds 64-bit words, never a hash of a value.
 * Values are equal as in datum.h. Of a single column null rows are in no group; in a tuple null
 * equals null. A fault is in no group.
 *
 * Rows that are not live are in no group either: what is asked of them is null.
 * Memory: op's arena, about 40 bytes a row. */
#ifndef TG_DATA_GROUP_H
#define TG_DATA_GROUP_H

#include "core/data/datum.h"
#include "core/data/op.h"

enum { TG_GROUP_COLUMNS_MAX = 16 };
#define TG_GROUP_NONE UINT32_MAX

struct tg_group {
  uint32_t columns_count, rows;
  struct tg_column *columns[TG_GROUP_COLUMNS_MAX];
  uint32_t count;  /* groups, numbered by their first row */
  uint32_t *ids;   /* by row, or TG_GROUP_NONE */
  uint32_t *sizes; /* by group */
  uint32_t *first; /* by group: its first row */
  uint8_t *nul;    /* by row: why it is in no group; NULL: no row is */
};

/* live: 0 leaves a row out; NULL: all rows. NULL with op->err set. */
struct tg_group *tg_group_of(struct tg_op *op, struct tg_column *const *columns, uint32_t count,
                             const uint8_t *live);

/* How many rows the row's group has. */
struct tg_column *tg_group_occurrences(struct tg_op *op, const struct tg_group *g);
/* The how-manieth row of its group it is, from 1. */
struct tg_column *tg_group_ordinal(struct tg_op *op, const struct tg_group *g);
/* The last value of c in an earlier row of the group that is not null; null when there is none. */
struct tg_column *tg_group_previous(struct tg_op *op, const struct tg_group *g,
                                    const struct tg_column *c);
/* True where the row's values are one of the tuples: count x columns_count literals. A literal that
 * cannot be a value of its column matches nothing. */
struct tg_column *tg_group_is_in(struct tg_op *op, const struct tg_group *g,
                                 const struct tg_literal *tuples, uint32_t count);

/* The values of a group as one datum: of a single column its own, else a TUPLE. False with op->err
 * set when the arena is full. */
bool tg_group_datum(struct tg_op *op, const struct tg_group *g, uint32_t id, struct tg_datum *out);

#endif
