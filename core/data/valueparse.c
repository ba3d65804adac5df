/* One small parser per type, found by the column's type. */
#include "core/data/valueparse.h"

#include "core/data/decimal.h"
#include "core/data/inetparse.h"
#include "core/data/jsonread.h"
#include "core/data/timeparse.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_SIZE = 288 };

enum tg_rc tg_value_refuse(struct tg_valueparse *p, struct tg_text text, const char *fmt, ...)
{
  char shown[SHOWN_SIZE];
  const char *quote = p->bare ? "" : "'";
  tg_text_shown(text, shown, sizeof shown);
  int n = snprintf(p->reason, sizeof p->reason, "%s%s%s ", quote, shown, quote);
  va_list args;
  va_start(args, fmt);
  vsnprintf(p->reason + n, sizeof p->reason - (size_t)n, fmt, args);
  va_end(args);
  return TG_DATA;
}

void tg_value_null(struct tg_column *c, uint32_t row)
{
  uint32_t width = tg_type_width(c->type);
  if (tg_type_store(c->type) == TG_STORE_MASK) {
    c->v.mask[row] = TG_UNKNOWN;
    return;
  }
  memset((char *)c->v.any + (size_t)row * width, 0, width);
  c->nul[row] = TG_NULL;
}

/* --- numbers --- */

static const char *type_name(struct tg_type t, char out[64])
{
  return tg_type_name(t, out, 64);
}

static enum tg_rc refuse_range(struct tg_valueparse *p, struct tg_text text, struct tg_type t)
{
  char name[64];
  return tg_value_refuse(p, text, "is out of range for %s", type_name(t, name));
}

static enum tg_rc parse_int(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                            uint32_t row)
{
  int64_t max = out->type.kind == TG_INT2   ? INT16_MAX
                : out->type.kind == TG_INT4 ? INT32_MAX
                                            : INT64_MAX;
  struct tg_decimal d;
  int64_t v;
  if (!tg_decimal_short(text, 0, &v)) {
    if (!tg_decimal_parse(text, &d)) return tg_value_refuse(p, text, "is not a number");
    if (!tg_decimal_is_whole(&d)) return tg_value_refuse(p, text, "is not a whole number");
    if (!tg_decimal_scaled(&d, 0, &v)) return refuse_range(p, text, out->type);
  }
  if (v > max || v < -max - 1) return refuse_range(p, text, out->type);
  out->v.ints[row] = v;
  return TG_OK;
}

static bool parse_nonfinite(struct tg_text text, double *out)
{
  if (tg_text_is(text, "NaN")) return *out = (double)NAN, true;
  if (tg_text_is(text, "Infinity")) return *out = HUGE_VAL, true;
  if (tg_text_is(text, "-Infinity")) return *out = -HUGE_VAL, true;
  return false;
}

static enum tg_rc parse_float(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                              uint32_t row)
{
  struct tg_decimal d;
  if (p->nonfinite && parse_nonfinite(text, &out->v.floats[row])) return TG_OK;
  if (!tg_decimal_parse(text, &d)) return tg_value_refuse(p, text, "is not a number");
  if (!tg_jsonindex_double(text, out->type.kind == TG_FLOAT4, &out->v.floats[row]))
    return refuse_range(p, text, out->type);
  return TG_OK;
}

/* A numeric that is held as its digits. */
static enum tg_rc parse_wide(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                             uint32_t row)
{
  char digits[TG_DECIMAL_TEXT_MAX];
  struct tg_decimal d;
  if (!tg_decimal_parse(text, &d)) return tg_value_refuse(p, text, "is not a number");
  uint32_t len = tg_decimal_digits(&d, out->type, digits);
  if (!len && out->type.sized) return refuse_range(p, text, out->type);
  if (!len) return tg_value_refuse(p, text, "has more than %d digits", TG_NUMERIC_DIGITS_MAX);
  out->v.texts[row] = tg_arena_copy(p->arena, tg_text_of(digits, len));
  return out->v.texts[row].ptr ? TG_OK : TG_FULL;
}

static enum tg_rc parse_numeric(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                                uint32_t row)
{
  struct tg_decimal d;
  int64_t v;
  if (tg_type_store(out->type) == TG_STORE_TEXT) return parse_wide(p, text, out, row);
  int64_t limit = tg_decimal_pow10(out->type.precision);
  if (!tg_decimal_short(text, out->type.scale, &v)) {
    if (!tg_decimal_parse(text, &d)) return tg_value_refuse(p, text, "is not a number");
    if (!tg_decimal_scaled(&d, out->type.scale, &v)) return refuse_range(p, text, out->type);
  }
  if (v >= limit || v <= -limit) return refuse_range(p, text, out->type);
  out->v.ints[row] = v;
  return TG_OK;
}

enum tg_rc tg_value_epoch(struct tg_valueparse *p, struct tg_text text, enum tg_epoch epoch,
                          struct tg_column *out, uint32_t row)
{
  static const uint8_t scales[] = {[TG_EPOCH_S] = 6, [TG_EPOCH_MS] = 3, [TG_EPOCH_US] = 0};
  struct tg_decimal d;
  int64_t us;
  if (!tg_decimal_parse(text, &d)) return tg_value_refuse(p, text, "is not a number");
  if (!tg_decimal_scaled(&d, scales[epoch], &us) || us < TG_TIME_MIN_US || us >= TG_TIME_LIMIT_US)
    return tg_value_refuse(p, text, "is a time outside the years 0001 to 9999");
  bool day = out->type.kind == TG_DATE;
  out->v.ints[row] = !day ? us : us / TG_DAY_US - (us % TG_DAY_US < 0);
  return TG_OK;
}

/* --- text, json, bytes --- */

static uint32_t count_chars(struct tg_text t)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < t.len; i++) n += (t.ptr[i] & 0xc0) != 0x80;
  return n;
}

static enum tg_rc parse_text(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                             uint32_t row)
{
  struct tg_type t = out->type;
  if (!p->utf8 && !tg_text_utf8(text)) return tg_value_refuse(p, text, "is not valid UTF-8");
  if (text.len && memchr(text.ptr, '\0', text.len))
    return tg_value_refuse(p, text, "holds a NUL character, which PostgreSQL cannot store");
  if (t.kind == TG_VARCHAR && t.sized && text.len > t.chars_max && count_chars(text) > t.chars_max)
    return tg_value_refuse(p, text, "has %u characters, the column takes %u", count_chars(text),
                           t.chars_max);
  out->v.texts[row] = text.ptr ? text : tg_text("");
  return TG_OK;
}

static enum tg_rc parse_json(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                             uint32_t row)
{
  struct tg_jsonspots spots;
  struct tg_jsonread j = {0};
  struct tg_json_value v;
  assert(p->index);
  enum tg_rc rc = tg_jsonindex_run(p->index, text, &spots, &j.reason);
  if (rc == TG_FULL) return rc;
  if (rc == TG_OK) tg_jsonread_start(&j, text, spots);
  bool good = rc == TG_OK && tg_jsonread_value(&j, 0, &v) &&
              (j.next == j.count || tg_jsonread_fault(&j, "something behind its end"));
  if (!good) return tg_value_refuse(p, text, "is not JSON: %s at byte %u", j.reason, j.fault_at);
  if (out->type.kind == TG_JSONB && v.flags & TG_JSON_NUL)
    return tg_value_refuse(p, text, "holds \\u0000, which jsonb cannot store");
  if (out->type.kind == TG_JSONB && v.flags & TG_JSON_HUGE)
    return tg_value_refuse(p, text, "holds a number that jsonb cannot store");
  out->v.texts[row] = text;
  return TG_OK;
}

/* 0 to 15, or -1. */
static int hex_digit(char c)
{
  static const int8_t digits[256] = {
      ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
      ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
      ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
      ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};
  return digits[(unsigned char)c] - 1;
}

/* Two digits as a byte, or a negative number. */
static int hex_byte(const char *p)
{
  return hex_digit(p[0]) * 16 | hex_digit(p[1]);
}

static enum tg_rc parse_bytea(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                              uint32_t row)
{
  if (text.len < 2 || memcmp(text.ptr, "\\x", 2) != 0)
    return tg_value_refuse(p, text, "is not bytes in PostgreSQL's form \\x0123ab");
  uint32_t len = text.len / 2 - 1;
  char *bytes = tg_arena_bytes(p->arena, len);
  if (!bytes) return TG_FULL;
  bool good = text.len % 2 == 0;
  for (uint32_t i = 0; good && i < len; i++) {
    int byte = hex_byte(text.ptr + 2 + 2 * (size_t)i);
    good = byte >= 0;
    bytes[i] = (char)byte;
  }
  if (!good) return tg_value_refuse(p, text, "is not bytes in PostgreSQL's form \\x0123ab");
  out->v.texts[row] = tg_text_of(bytes, len);
  return TG_OK;
}

static enum tg_rc parse_inet(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                             uint32_t row)
{
  uint8_t bytes[TG_INET_BYTES_MAX];
  uint32_t len = tg_inet_parse(text, bytes);
  if (!len)
    return tg_value_refuse(p, text, "is not an IP address such as 10.0.0.1 or 2001:db8::/32");
  out->v.texts[row] = tg_arena_copy(p->arena, tg_text_of((const char *)bytes, len));
  return out->v.texts[row].ptr ? TG_OK : TG_FULL;
}

/* --- the rest --- */

/* PostgreSQL's spellings: true, yes, on, 1, their opposites; any case, any clear beginning. */
static int read_bool(struct tg_text t)
{
  static const struct {
    const char *name;
    uint32_t least;
    bool value;
  } words[] = {{"true", 1, true}, {"false", 1, false}, {"yes", 1, true}, {"no", 1, false},
               {"on", 2, true},   {"off", 2, false},   {"1", 1, true},   {"0", 1, false}};
  char lower[8];
  if (t.len >= sizeof lower) return -1;
  for (uint32_t i = 0; i < t.len; i++) {
    char c = t.ptr[i];
    lower[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
  }
  for (uint32_t i = 0; i < sizeof words / sizeof *words; i++)
    if (t.len >= words[i].least && t.len <= strlen(words[i].name) &&
        memcmp(lower, words[i].name, t.len) == 0)
      return words[i].value;
  return -1;
}

static enum tg_rc parse_bool(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                             uint32_t row)
{
  int v = read_bool(tg_text_trim(text));
  if (v < 0) return tg_value_refuse(p, text, "is not true or false");
  out->v.mask[row] = v ? TG_TRUE : TG_FALSE;
  return TG_OK;
}

/* The usual form: 8-4-4-4-12 digits. */
static bool read_uuid_usual(const char *p, struct tg_uuid *out)
{
  static const uint8_t at[16] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
  int worst = 0;
  for (uint32_t i = 0; i < 16; i++) {
    int byte = hex_byte(p + at[i]);
    worst |= byte;
    out->bytes[i] = (uint8_t)byte;
  }
  return worst >= 0 && p[8] == '-' && p[13] == '-' && p[18] == '-' && p[23] == '-';
}

/* 32 hexadecimal digits, a hyphen allowed behind every fourth, braces around all: PostgreSQL's
 * rule. */
static bool read_uuid(struct tg_text t, struct tg_uuid *out)
{
  if (t.len == 36 && read_uuid_usual(t.ptr, out)) return true;
  if (t.len > 2 && t.ptr[0] == '{' && t.ptr[t.len - 1] == '}') t.ptr++, t.len -= 2;
  uint32_t at = 0;
  for (uint32_t i = 0; i < 16; i++) {
    if (t.len - at < 2) return false;
    int byte = hex_byte(t.ptr + at);
    if (byte < 0) return false;
    out->bytes[i] = (uint8_t)byte;
    at += 2;
    if (i % 2 == 1 && i < 15 && at < t.len && t.ptr[at] == '-') at++;
  }
  return at == t.len;
}

static enum tg_rc parse_uuid(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                             uint32_t row)
{
  struct tg_uuid v;
  if (!read_uuid(text, &v)) return tg_value_refuse(p, text, "is not a uuid");
  out->v.uuids[row] = v;
  return TG_OK;
}

static enum tg_rc parse_time(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                             uint32_t row)
{
  const char *why;
  int64_t v = 0;
  switch (out->type.kind) {
  case TG_TIMESTAMPTZ: why = tg_timeparse_timestamptz(text, p->zone_s, &v); break;
  case TG_TIMESTAMP: why = tg_timeparse_timestamp(text, &v); break;
  case TG_DATE: why = tg_timeparse_date(text, &v); break;
  default: why = tg_timeparse_time(text, &v); break;
  }
  if (why) return tg_value_refuse(p, text, "%s", why);
  out->v.ints[row] = v;
  return TG_OK;
}

static enum tg_rc parse_interval(struct tg_valueparse *p, struct tg_text text,
                                 struct tg_column *out, uint32_t row)
{
  const char *why = tg_timeparse_interval(text, &out->v.spans[row]);
  return why ? tg_value_refuse(p, text, "%s", why) : TG_OK;
}

enum tg_rc tg_value_parse(struct tg_valueparse *p, struct tg_text text, struct tg_column *out,
                          uint32_t row)
{
  if (out->type.array) return tg_value_refuse(p, text, "is not an array");
  switch (out->type.kind) {
  case TG_BOOL: return parse_bool(p, text, out, row);
  case TG_INT2:
  case TG_INT4:
  case TG_INT8: return parse_int(p, text, out, row);
  case TG_FLOAT4:
  case TG_FLOAT8: return parse_float(p, text, out, row);
  case TG_NUMERIC: return parse_numeric(p, text, out, row);
  case TG_TEXT_KIND:
  case TG_VARCHAR: return parse_text(p, text, out, row);
  case TG_UUID: return parse_uuid(p, text, out, row);
  case TG_DATE:
  case TG_TIMESTAMPTZ:
  case TG_TIMESTAMP:
  case TG_TIME: return parse_time(p, text, out, row);
  case TG_INTERVAL: return parse_interval(p, text, out, row);
  case TG_BYTEA: return parse_bytea(p, text, out, row);
  case TG_JSON:
  case TG_JSONB: return parse_json(p, text, out, row);
  case TG_INET: return parse_inet(p, text, out, row);
  }
  return tg_value_refuse(p, text, "has no type");
}
