/* Exact decimals: the text of a number -> scaled int64, normalised digits or int64, and back. Never
 * through double.
 *
 *   [+-] digits [. digits] [e [+-] digits]      at least one digit before or behind the point
 *
 * A decimal is a set of views into its text; nothing is copied. Rounding is PostgreSQL's for
 * numeric: half away from zero. Exponents are read up to +-TG_DECIMAL_EXPONENT_MAX, what lies
 * beyond counts as that. */
#ifndef TG_DATA_DECIMAL_H
#define TG_DATA_DECIMAL_H

#include "core/data/type.h"

enum {
  TG_DECIMAL_EXPONENT_MAX = 1000000,
  TG_DECIMAL_TEXT_MAX = 2 * TG_NUMERIC_DIGITS_MAX + 8,
  TG_DECIMAL_SHOWN = 40
};

struct tg_decimal { /* the value is 0.<whole><fraction> * 10^point */
  bool negative;
  struct tg_text whole, fraction; /* borrowed; whole has no leading zeros */
  int32_t point;                  /* digits before the point, exponent included; may be negative */
};

/* False when t is not a number in this grammar. */
bool tg_decimal_parse(struct tg_text t, struct tg_decimal *out);

/* False when a digit behind the point is not zero. */
bool tg_decimal_is_whole(const struct tg_decimal *d);

/* True when PostgreSQL's numeric holds it: at most 131072 digits before the point and 16383 behind
 * it. */
bool tg_decimal_fits_numeric(const struct tg_decimal *d);

/* value * 10^scale, rounded. False beyond int64. */
bool tg_decimal_scaled(const struct tg_decimal *d, uint32_t scale, int64_t *out);

/* The same straight from a text, as most are: up to 18 bytes, no exponent, nothing to round.
 * False: parse it. */
bool tg_decimal_short(struct tg_text t, uint32_t scale, int64_t *out);

/* Digits as numeric shows them, "-12.50", in out (TG_DECIMAL_TEXT_MAX bytes, not NUL-terminated):
 * type.sized rounds to type.scale and allows type.precision digits; else all digits are kept, at
 * most TG_NUMERIC_DIGITS_MAX. Returns the length, 0 when there are too many digits. */
uint32_t tg_decimal_digits(const struct tg_decimal *d, struct tg_type type, char *out);

/* A scaled int64 as text, "-0.05", scale <= 18, in out (TG_DECIMAL_SHOWN bytes, with a NUL).
 * Returns its length. */
uint32_t tg_decimal_show(int64_t scaled, uint32_t scale, char *out);

/* 10^n for n <= 18. */
int64_t tg_decimal_pow10(uint32_t n);

#endif
