/* Numbers as they are written, and whether they fit a type. */
#ifndef TG_DATA_NUMBERTEXT_H
#define TG_DATA_NUMBERTEXT_H

#include "core/data/op.h"

/* How numbers are written: "1,234.5e-3" has decimal "." and group ",". */
struct tg_numerals {
  struct tg_text decimal; /* not empty, no digit, sign or e */
  struct tg_text group;   /* as decimal, and another text; empty: none */
};

/* True where the whole text is a number: sign, digits (all in groups of three, or in none),
 * fraction, exponent; at least one digit before or behind the decimal mark. Numbers are true.
 * TG_CONFIG: c is neither text nor a number. */
struct tg_column *tg_number_parses(struct tg_op *op, struct tg_column *c,
                                   const struct tg_numerals *numerals);

/* True where the number is a value of `type` (smallint, integer, bigint or numeric(p,s)) without
 * overflow and without rounding; NaN and infinities are not. A float counts as its shortest
 * decimal. TG_CONFIG: another type, c is no number. */
struct tg_column *tg_number_fits(struct tg_op *op, struct tg_column *c, struct tg_text type);

#endif
