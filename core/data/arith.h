/* Arithmetic on columns, exact where the operands are.
 *
 *   int   . int       int8; `/` gives numeric with 6 decimals, `//` and `%` round down as in Lua
 *   numeric, int      numeric(18, s), computed in 128 bits; s as below
 *   float with any    float8
 *
 *   + - %   s = the larger scale          *   s = sum of the scales, at most 18 (then rounded)
 *   /       s = the larger scale + 6, at most 18, rounded half away from zero       //   s = 0
 *
 * Out of range is the fault TG_OVERFLOW, a divisor of zero TG_DIV_ZERO; the other rows are not
 * affected. Time and intervals: see timeop.h, which tg_arith hands them to. */
#ifndef TG_DATA_ARITH_H
#define TG_DATA_ARITH_H

#include "core/data/op.h"

enum tg_arith { TG_ADD, TG_SUB, TG_MUL, TG_DIV, TG_IDIV, TG_MOD };

/* At least one operand is a column. TG_CONFIG when the types cannot be calculated with. */
struct tg_column *tg_arith(struct tg_op *op, enum tg_arith what, struct tg_arg a, struct tg_arg b);

enum tg_unary { TG_NEG, TG_ABS, TG_FLOOR, TG_ROUND };

/* places: digits kept behind the point, for TG_ROUND (0..18); half goes away from zero. */
struct tg_column *tg_arith_unary(struct tg_op *op, enum tg_unary what, struct tg_column *a,
                                 uint32_t places);

/* The smaller or larger of two, nulls left out as in SQL. */
struct tg_column *tg_arith_pick(struct tg_op *op, bool greatest, struct tg_arg a, struct tg_arg b);

#endif
