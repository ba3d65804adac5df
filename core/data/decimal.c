/* Decimal text read digit by digit. Every loop is bounded by the text's length or by the digits of
 * the result. */
#include "core/data/decimal.h"

#include <assert.h>

enum { INT64_DIGITS = 19, NUMERIC_WHOLE_MAX = 131072, NUMERIC_FRACTION_MAX = 16383 };

int64_t tg_decimal_pow10(uint32_t n)
{
  static const int64_t powers[] = {1,
                                   10,
                                   100,
                                   1000,
                                   10000,
                                   100000,
                                   1000000,
                                   10000000,
                                   100000000,
                                   1000000000,
                                   10000000000,
                                   100000000000,
                                   1000000000000,
                                   10000000000000,
                                   100000000000000,
                                   1000000000000000,
                                   10000000000000000,
                                   100000000000000000,
                                   1000000000000000000};
  assert(n <= TG_NUMERIC_INT_DIGITS);
  return powers[n];
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* Takes the run of digits at the front of t. */
static struct tg_text take_digits(struct tg_text *t)
{
  uint32_t n = 0;
  while (n < t->len && is_digit(t->ptr[n])) n++;
  struct tg_text digits = {t->ptr, n};
  t->ptr += n, t->len -= n;
  return digits;
}

static bool take_sign(struct tg_text *t)
{
  if (!t->len || (*t->ptr != '-' && *t->ptr != '+')) return false;
  bool negative = *t->ptr == '-';
  t->ptr++, t->len--;
  return negative;
}

/* The number behind an 'e'; false when there is none. */
static bool take_exponent(struct tg_text *t, int32_t *out)
{
  t->ptr++, t->len--;
  bool negative = take_sign(t);
  struct tg_text digits = take_digits(t);
  int32_t e = 0;
  for (uint32_t i = 0; i < digits.len; i++) {
    e = e * 10 + (digits.ptr[i] - '0');
    if (e > TG_DECIMAL_EXPONENT_MAX) e = TG_DECIMAL_EXPONENT_MAX;
  }
  *out = negative ? -e : e;
  return digits.len > 0;
}

bool tg_decimal_parse(struct tg_text t, struct tg_decimal *out)
{
  int32_t exponent = 0;
  out->negative = take_sign(&t);
  struct tg_text whole = take_digits(&t);
  uint32_t digits = whole.len;
  out->fraction = (struct tg_text){t.ptr, 0};
  if (t.len && *t.ptr == '.') {
    t.ptr++, t.len--;
    out->fraction = take_digits(&t);
    digits += out->fraction.len;
  }
  if (t.len && (*t.ptr == 'e' || *t.ptr == 'E') && !take_exponent(&t, &exponent)) return false;
  while (whole.len && *whole.ptr == '0') whole.ptr++, whole.len--;
  out->whole = whole;
  out->point = (int32_t)(whole.len > INT32_MAX / 2 ? INT32_MAX / 2 : whole.len) + exponent;
  return digits && !t.len;
}

static uint32_t digits_count(const struct tg_decimal *d)
{
  return d->whole.len + d->fraction.len;
}

/* Digit number i of whole and fraction together; zeros on both sides of them. */
static uint32_t digit_at(const struct tg_decimal *d, int64_t i)
{
  if (i < 0 || i >= digits_count(d)) return 0;
  char c = i < d->whole.len ? d->whole.ptr[i] : d->fraction.ptr[i - d->whole.len];
  return (uint32_t)(c - '0');
}

/* Index of the first digit that is not zero, or the count of digits. */
static uint32_t first_digit(const struct tg_decimal *d)
{
  uint32_t i = 0, n = digits_count(d);
  while (i < n && !digit_at(d, i)) i++;
  return i;
}

bool tg_decimal_is_whole(const struct tg_decimal *d)
{
  for (int64_t i = d->point < 0 ? 0 : d->point; i < digits_count(d); i++)
    if (digit_at(d, i)) return false;
  return true;
}

bool tg_decimal_fits_numeric(const struct tg_decimal *d)
{
  int64_t n = digits_count(d), first = first_digit(d);
  return n - d->point <= NUMERIC_FRACTION_MAX &&
         (first == n || d->point - first <= NUMERIC_WHOLE_MAX);
}

bool tg_decimal_short(struct tg_text t, uint32_t scale, int64_t *out)
{
  if (t.len > TG_NUMERIC_INT_DIGITS) return false;
  const char *p = t.ptr, *end = p + t.len, *point = NULL;
  bool negative = p < end && *p == '-';
  int64_t v = 0;
  p += negative;
  const char *digits = p;
  for (; p < end && (is_digit(*p) || (*p == '.' && !point)); p++) {
    if (*p == '.')
      point = p;
    else
      v = v * 10 + (*p - '0');
  }
  uint32_t behind = point ? (uint32_t)(end - point - 1) : 0;
  if (p != end || p - digits - (point != NULL) < 1 || behind > scale) return false;
  if ((uint32_t)(p - digits) + scale - behind > TG_NUMERIC_INT_DIGITS) return false;
  v *= tg_decimal_pow10(scale - behind);
  *out = negative ? -v : v;
  return true;
}

/* The digits before index `end` as a number, rounded by the digit there. False beyond uint64. */
static bool accumulate(const struct tg_decimal *d, int64_t end, uint64_t *out)
{
  uint64_t v = 0;
  for (int64_t i = 0; i < end; i++) {
    if (i >= digits_count(d) && !v) break;
    if (v > (UINT64_MAX - 9) / 10) return false;
    v = v * 10 + digit_at(d, i);
  }
  *out = v + (digit_at(d, end) >= 5);
  return true;
}

bool tg_decimal_scaled(const struct tg_decimal *d, uint32_t scale, int64_t *out)
{
  uint64_t v;
  if (!accumulate(d, (int64_t)d->point + scale, &v)) return false;
  if (v > (uint64_t)INT64_MAX + d->negative) return false;
  *out = (int64_t)(d->negative ? 0 - v : v);
  return true;
}

/* Adds one in the last place. The first digit is a spare zero that takes the carry. */
static void round_up(char *digits, uint32_t n)
{
  while (n-- && ++digits[n] > '9') digits[n] = '0';
}

static uint32_t leading_zeros(const char *digits, uint32_t n)
{
  uint32_t zeros = 0;
  while (zeros < n && digits[zeros] == '0') zeros++;
  return zeros;
}

/* Writes digits, of which the last `scale` stand behind the point. */
static uint32_t write_digits(bool negative, struct tg_text digits, uint32_t scale, char *out)
{
  uint32_t len = 0, zeros = leading_zeros(digits.ptr, digits.len);
  uint32_t whole = digits.len - scale;
  if (negative && zeros < digits.len) out[len++] = '-';
  for (uint32_t i = zeros < whole ? zeros : whole - 1; i < whole; i++) out[len++] = digits.ptr[i];
  if (!scale) return len;
  out[len++] = '.';
  memcpy(out + len, digits.ptr + whole, scale);
  return len + scale;
}

uint32_t tg_decimal_digits(const struct tg_decimal *d, struct tg_type type, char *out)
{
  char digits[TG_DECIMAL_TEXT_MAX];
  int64_t n = digits_count(d), first = first_digit(d);
  int64_t whole = first < n && d->point > first ? d->point - first : 0;
  int64_t scale = type.sized ? type.scale : n > d->point ? n - d->point : 0;
  if (whole > TG_NUMERIC_DIGITS_MAX || scale > TG_NUMERIC_DIGITS_MAX) return 0;
  uint32_t len = 0;
  digits[len++] = '0';
  for (int64_t i = d->point - whole; i < d->point + scale; i++)
    digits[len++] = (char)('0' + digit_at(d, i));
  if (type.sized && digit_at(d, d->point + scale) >= 5) round_up(digits, len);
  uint32_t digits_max = type.sized ? type.precision : TG_NUMERIC_DIGITS_MAX;
  if (len - leading_zeros(digits, len) > digits_max) return 0;
  return write_digits(d->negative, tg_text_of(digits, len), (uint32_t)scale, out);
}

uint32_t tg_decimal_show(int64_t scaled, uint32_t scale, char *out)
{
  char digits[2 * TG_NUMERIC_INT_DIGITS + 2];
  uint32_t at = sizeof digits;
  uint64_t v = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;
  assert(scale <= TG_NUMERIC_INT_DIGITS);
  while (v || sizeof digits - at <= scale) digits[--at] = (char)('0' + v % 10), v /= 10;
  struct tg_text all = tg_text_of(digits + at, sizeof digits - at);
  uint32_t len = write_digits(scaled < 0, all, scale, out);
  out[len] = '\0';
  return len;
}
