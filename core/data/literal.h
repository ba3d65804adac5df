/* Literals of scripts as values of a column's type: numbers exactly, texts parsed as what they are
 * compared with.
 *
 * A number is digits * 10^-scale. A Lua float becomes its shortest decimal: 0.1 is one tenth, as
 * written, and not the double next to it. */
#ifndef TG_DATA_LITERAL_H
#define TG_DATA_LITERAL_H

#include "core/data/op.h"

struct tg_number {
  int64_t digits;
  int32_t scale; /* may be negative: 1e300 is 1, -300 */
};

/* False for what is no finite number. */
bool tg_literal_number(struct tg_literal lit, struct tg_number *out);

/* The largest integer not above n * 10^scale, held within +-2^100; *exact when nothing was cut. */
__int128 tg_number_floor(struct tg_number n, int32_t scale, bool *exact);

/* 10^n, n in 0..38. */
__int128 tg_pow10(uint32_t n);

/* Parses a text literal as a value of `type` (time types, uuid, interval) into a column of one row
 * in op->arena. NULL with TG_CONFIG when it is none. */
struct tg_column *tg_literal_value(struct tg_op *op, struct tg_text text, struct tg_type type);

/* A column of op->rows rows that all hold the literal, of the type that suits it next to `like` (a
 * numeric beside a numeric, a timestamp beside a timestamp; a null literal gives nulls of type
 * `like`). */
struct tg_column *tg_literal_column(struct tg_op *op, struct tg_literal lit, struct tg_type like);

#endif
