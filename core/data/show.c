/* How one value of a column looks in a message: times in RFC 3339, numerics exactly, wire payloads
 * taken apart. */
#include "core/data/column.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_SIZE = 320 };

#define US_PER_SEC   INT64_C(1000000)
#define US_PER_DAY   (86400 * US_PER_SEC)
#define DAYS_TO_2000 10957 /* from 1970-01-01 */

/* A line being written; what does not fit is left out, the end result is cut anyway. */
struct line {
  char text[LINE_SIZE];
  uint32_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *l, const char *fmt, ...)
{
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(l->text + l->len, LINE_SIZE - l->len, fmt, args);
  va_end(args);
  if (n > 0) l->len += (uint32_t)n < LINE_SIZE - l->len ? (uint32_t)n : LINE_SIZE - 1 - l->len;
}

static void put_text(struct line *l, struct tg_text t)
{
  uint32_t n = t.len < LINE_SIZE - 1 - l->len ? t.len : LINE_SIZE - 1 - l->len;
  if (n) memcpy(l->text + l->len, t.ptr, n);
  l->len += n;
}

/* --- numbers -----------------------------------------------------------------------------------
 */

static void put_scaled(struct line *l, int64_t v, uint32_t scale)
{
  char digits[24];
  uint64_t size = v < 0 ? -(uint64_t)v : (uint64_t)v;
  if (v < 0) put(l, "-");
  int n = snprintf(digits, sizeof digits, "%0*" PRIu64, (int)scale + 1, size);
  put(l, "%.*s", n - (int)scale, digits);
  if (scale) put(l, ".%s", digits + n - scale);
}

/* The shortest decimal that reads back as the same number. */
static void put_float(struct line *l, double v, bool single)
{
  char text[40];
  if (isnan(v)) return put(l, "NaN");
  if (isinf(v)) return put(l, v < 0 ? "-Infinity" : "Infinity");
  int most = single ? 9 : 17;
  for (int digits = single ? 6 : 15; digits <= most; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, v);
    double back = single ? (double)strtof(text, NULL) : strtod(text, NULL);
    if (back == v) break;
  }
  put(l, "%s", text);
}

/* --- times -------------------------------------------------------------------------------------
 */

/* Proleptic Gregorian date of a day number; Howard Hinnant, "chrono-Compatible Low-Level Date
 * Algorithms". */
static void put_date(struct line *l, int64_t days)
{
  days += 719468; /* from 0000-03-01 */
  int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  int64_t of_era = days - era * 146097;
  int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  int64_t month = (5 * of_year + 2) / 153;
  int64_t day = of_year - (153 * month + 2) / 5 + 1;
  month += month < 10 ? 3 : -9;
  year += era * 400 + (month <= 2);
  put(l, "%04" PRId64 "-%02" PRId64 "-%02" PRId64, year, month, day);
}

/* ".5", ".000001" or nothing. */
static void put_fraction(struct line *l, int64_t us)
{
  if (!us) return;
  put(l, ".%06" PRId64, us);
  while (l->len && l->text[l->len - 1] == '0') l->len--;
}

static void put_time(struct line *l, int64_t us)
{
  int64_t s = us / US_PER_SEC;
  put(l, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, s / 3600, s / 60 % 60, s % 60);
  put_fraction(l, us % US_PER_SEC);
}

static void put_timestamp(struct line *l, int64_t us, const char *zone)
{
  int64_t days = us / US_PER_DAY, rest = us % US_PER_DAY;
  if (rest < 0) rest += US_PER_DAY, days--;
  put_date(l, days);
  put(l, "T");
  put_time(l, rest);
  put(l, "%s", zone);
}

static void put_span_part(struct line *l, int64_t n, char unit)
{
  if (n) put(l, "%" PRId64 "%c", n, unit);
}

/* ISO 8601 with a sign on each part: P1Y-2DT3H-0.5S. */
static void put_span(struct line *l, struct tg_span v)
{
  int64_t s = v.us / US_PER_SEC, us = v.us % US_PER_SEC;
  put(l, "P");
  put_span_part(l, v.months / 12, 'Y');
  put_span_part(l, v.months % 12, 'M');
  put_span_part(l, v.days, 'D');
  if (!v.us && (v.months || v.days)) return;
  put(l, "T");
  put_span_part(l, s / 3600, 'H');
  put_span_part(l, s / 60 % 60, 'M');
  if (s % 60 == 0 && us == 0 && v.us) return;
  put(l, "%s%" PRId64, v.us < 0 && s % 60 == 0 && us ? "-" : "", s % 60);
  put_fraction(l, us < 0 ? -us : us);
  put(l, "S");
}

/* --- bytes -------------------------------------------------------------------------------------
 */

static void put_uuid(struct line *l, const uint8_t *b)
{
  for (int i = 0; i < 16; i++)
    put(l, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
}

static void put_bytea(struct line *l, struct tg_text t)
{
  put(l, "\\x");
  for (uint32_t i = 0; i < t.len && l->len < LINE_SIZE - 1; i++) put(l, "%02x", (uint8_t)t.ptr[i]);
}

/* Family (2 = IPv4, 3 = IPv6), bits, 0, length, address. */
static void put_inet(struct line *l, struct tg_text t)
{
  char text[INET6_ADDRSTRLEN];
  uint8_t head[4] = {0};
  if (t.len >= 4) memcpy(head, t.ptr, 4);
  bool v4 = head[0] == 2 && t.len == 8, v6 = head[0] == 3 && t.len == 20;
  if (!v4 && !v6) return put_bytea(l, t);
  inet_ntop(v4 ? AF_INET : AF_INET6, t.ptr + 4, text, sizeof text);
  put(l, "%s", text);
  if (head[1] != (v4 ? 32 : 128)) put(l, "/%u", head[1]);
}

/* --- payloads of COPY BINARY -------------------------------------------------------------------
 */

static uint64_t big_endian(const char *p, uint32_t len)
{
  uint64_t v = 0;
  for (uint32_t i = 0; i < len && i < 8; i++) v = v << 8 | (uint8_t)p[i];
  return v;
}

/* ndigits, weight, sign, dscale, base-10000 digits. */
static void put_wire_numeric(struct line *l, struct tg_text t)
{
  int ndigits = (int)big_endian(t.ptr, 2), weight = (int16_t)big_endian(t.ptr + 2, 2);
  unsigned sign = (unsigned)big_endian(t.ptr + 4, 2), scale = (unsigned)big_endian(t.ptr + 6, 2);
  if (sign & 0x8000)
    return put(l, sign == 0xc000 ? "NaN" : sign == 0xd000 ? "Infinity" : "-Infinity");
  if (sign) put(l, "-");
  if (weight < 0) put(l, "0");
  for (int i = 0; i <= weight && l->len < LINE_SIZE - 1; i++)
    put(l, i ? "%04d" : "%d", i < ndigits ? (int)big_endian(t.ptr + 8 + i * 2, 2) : 0);
  if (!scale) return;
  put(l, ".");
  uint32_t end = l->len + scale;
  for (int i = weight + 1; l->len < end && l->len < LINE_SIZE - 1; i++)
    put(l, "%04d", i >= 0 && i < ndigits ? (int)big_endian(t.ptr + 8 + i * 2, 2) : 0);
  if (l->len > end) l->len = end;
}

/* An element of an array, as it is sent. */
static void put_element(struct line *l, enum tg_kind kind, struct tg_text t)
{
  uint64_t bits = big_endian(t.ptr, t.len);
  float single;
  double number;
  memcpy(&single, &(uint32_t){(uint32_t)bits}, sizeof single);
  memcpy(&number, &bits, sizeof number);
  switch (kind) {
  case TG_BOOL: return put(l, bits ? "true" : "false");
  case TG_INT2: return put(l, "%d", (int16_t)bits);
  case TG_INT4: return put(l, "%d", (int32_t)bits);
  case TG_INT8: return put(l, "%" PRId64, (int64_t)bits);
  case TG_FLOAT4: return put_float(l, (double)single, true);
  case TG_FLOAT8: return put_float(l, number, false);
  case TG_NUMERIC: return t.len >= 8 ? put_wire_numeric(l, t) : put_bytea(l, t);
  case TG_UUID: return t.len == 16 ? put_uuid(l, (const uint8_t *)t.ptr) : put_bytea(l, t);
  case TG_DATE: return put_date(l, (int32_t)bits + DAYS_TO_2000);
  case TG_TIME: return put_time(l, (int64_t)bits);
  case TG_TIMESTAMP: return put_timestamp(l, (int64_t)bits + DAYS_TO_2000 * US_PER_DAY, "");
  case TG_TIMESTAMPTZ: return put_timestamp(l, (int64_t)bits + DAYS_TO_2000 * US_PER_DAY, "Z");
  case TG_INET: return put_inet(l, t);
  case TG_TEXT_KIND:
  case TG_VARCHAR: return put(l, "\"%.*s\"", TG_TEXT(t));
  default: return put_bytea(l, t);
  }
}

/* ndim, has nulls, element oid, (length, lower bound), then per element length and bytes. */
static void put_array(struct line *l, enum tg_kind kind, struct tg_text t)
{
  put(l, "{");
  for (uint32_t at = 20; t.len >= 4 && at <= t.len - 4 && l->len < LINE_SIZE - 1;) {
    uint32_t len = (uint32_t)big_endian(t.ptr + at, 4);
    at += 4;
    if (at > 24) put(l, ",");
    if (len == UINT32_MAX) {
      put(l, "null");
      continue;
    }
    if (len > t.len - at) break;
    put_element(l, kind, tg_text_of(t.ptr + at, len));
    at += len;
  }
  put(l, "}");
}

/* --- columns -----------------------------------------------------------------------------------
 */

static void put_int(struct line *l, struct tg_type t, int64_t v)
{
  switch (t.kind) {
  case TG_NUMERIC: return put_scaled(l, v, t.scale);
  case TG_DATE: return put_date(l, v);
  case TG_TIME: return put_time(l, v);
  case TG_TIMESTAMP: return put_timestamp(l, v, "");
  case TG_TIMESTAMPTZ: return put_timestamp(l, v, "Z");
  default: return put(l, "%" PRId64, v);
  }
}

static void put_held_text(struct line *l, struct tg_type t, struct tg_text v)
{
  if (t.array)
    put_array(l, t.kind, v);
  else if (t.kind == TG_BYTEA)
    put_bytea(l, v);
  else if (t.kind == TG_INET)
    put_inet(l, v);
  else
    put_text(l, v);
}

char *tg_column_show(const struct tg_column *c, uint32_t row, char *out, size_t size)
{
  struct line l = {.len = 0};
  enum tg_nul nul = tg_column_nul(c, row);
  if (nul != TG_SOME) {
    put(&l, "%s", tg_nul_text(nul));
    return tg_text_shown(tg_text_of(l.text, l.len), out, size);
  }
  switch (tg_type_store(c->type)) {
  case TG_STORE_MASK: put(&l, "%s", c->v.mask[row] == TG_TRUE ? "true" : "false"); break;
  case TG_STORE_INT: put_int(&l, c->type, c->v.ints[row]); break;
  case TG_STORE_FLOAT: put_float(&l, c->v.floats[row], c->type.kind == TG_FLOAT4); break;
  case TG_STORE_TEXT: put_held_text(&l, c->type, c->v.texts[row]); break;
  case TG_STORE_UUID: put_uuid(&l, c->v.uuids[row].bytes); break;
  case TG_STORE_SPAN: put_span(&l, c->v.spans[row]); break;
  }
  return tg_text_shown(tg_text_of(l.text, l.len), out, size);
}
