/* PostgreSQL's numeric on the wire: digits of base 10000, grouped from the decimal point outwards.
 *
 *   int16 ndigits   int16 weight   int16 sign   int16 dscale   ndigits x int16 digit
 *   value = sum of digit[i] * 10000^(weight - i); sign 0x4000 is negative;
 *   zeros at both ends are left out; zero has no digits
 * Source: PostgreSQL, src/backend/utils/adt/numeric.c, numeric_send(). */
#ifndef TG_DATA_NUMERIC_H
#define TG_DATA_NUMERIC_H

#include "core/base/text.h"

enum { TG_NUMERIC_SCALED_BYTES = 8 + 2 * 6 }; /* the most that tg_numeric_scaled() writes */

/* Writes scaled / 10^scale (scale 0..18) at out; returns the end. */
char *tg_numeric_scaled(int64_t scaled, uint32_t scale, char *out);

/* Writes the number spelled "[-]digits[.digits]" at out (tg_numeric_bytes(text) bytes of room); its
 * digits behind the point are the scale. Returns the end, NULL when it is not spelled so or numeric
 * cannot hold it. */
char *tg_numeric_text(struct tg_text text, char *out);
static inline size_t tg_numeric_bytes(struct tg_text text)
{
  return (size_t)text.len + 16;
}

#endif
