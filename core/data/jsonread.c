/* The grammar of JSON over simdjson's positions. A token ends before the next one; only white space
 * may stand between them, and the first stage has seen to that for strings: what follows a closing
 * quote is a token. */
#include "core/data/jsonread.h"

#include "core/data/decimal.h"

/* Numbers shorter than this and without an exponent fit numeric anyway. */
enum { NUMBER_CHECKED_FROM = 16000 };

void tg_jsonread_start(struct tg_jsonread *j, struct tg_text text, struct tg_jsonspots spots)
{
  *j = (struct tg_jsonread){.text = text.ptr, .at = spots.at, .count = spots.count};
  j->plain = !memchr(text.ptr, '\\', text.len);
}

static bool fault_at(struct tg_jsonread *j, const char *p, const char *reason)
{
  j->reason = reason;
  j->fault_at = (uint32_t)(p - j->text);
  return false;
}

bool tg_jsonread_fault(struct tg_jsonread *j, const char *reason)
{
  bool end = j->next >= j->count;
  return fault_at(j, j->text + j->at[end ? j->count : j->next], end ? "it ends too early" : reason);
}

/* --- tokens --- */

static bool is_space(char c)
{
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The token at j.next with the white space behind it cut off: seldom there is any. */
static struct tg_text token_text(const struct tg_jsonread *j)
{
  const char *from = j->text + j->at[j->next], *to = j->text + j->at[j->next + 1];
  if ((unsigned char)to[-1] <= ' ')
    while (is_space(to[-1])) to--;
  return tg_text_of(from, (size_t)(to - from));
}

/* Takes the quotes off a token. The first stage has paired them; nothing is taken for granted. */
static bool unquote(struct tg_jsonread *j, struct tg_text *t)
{
  if (t->len < 2 || t->ptr[t->len - 1] != '"') return tg_jsonread_fault(j, "a malformed string");
  t->ptr++, t->len -= 2;
  return true;
}

/* --- strings --- */

static int hex_digit(char c)
{
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The code unit of \uXXXX at p, or -1. */
static int code_unit(const char *p, const char *end)
{
  if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return -1;
  int v = 0;
  for (int i = 2; i < 6; i++) {
    int digit = hex_digit(p[i]);
    if (digit < 0) return -1;
    v = v * 16 + digit;
  }
  return v;
}

static bool is_high(int unit)
{
  return unit >= 0xd800 && unit < 0xdc00;
}
static bool is_low(int unit)
{
  return unit >= 0xdc00 && unit < 0xe000;
}

/* Checks the escape at p; returns its length, 0 when it is none. */
static uint32_t check_escape(struct tg_jsonread *j, const char *p, const char *end)
{
  if (p[1] != 'u')
    return memchr("\"\\/bfnrt", p[1], 8) ? 2 : (fault_at(j, p, "an unknown escape"), 0);
  int unit = code_unit(p, end);
  if (unit < 0) return fault_at(j, p, "\\u without four hexadecimal digits"), 0;
  if (unit == 0) j->flags |= TG_JSON_NUL;
  if (is_high(unit) && is_low(code_unit(p + 6, end))) return 12;
  if (is_high(unit) || is_low(unit)) return fault_at(j, p, "a lone surrogate"), 0;
  return 6;
}

/* Short texts without a call: eight bytes at a time. */
static const char *find_backslash(const char *p, const char *end)
{
  const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
  for (; end - p >= 8; p += 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    word ^= ones * '\\';
    if ((word - ones) & ~word & highs) break;
  }
  while (p < end && *p != '\\') p++;
  return p;
}

static bool check_escapes(struct tg_jsonread *j, struct tg_text raw)
{
  const char *end = raw.ptr + raw.len;
  const char *p = find_backslash(raw.ptr, end);
  if (p == end) return true;
  j->flags |= TG_JSON_ESCAPES;
  while (p < end) {
    uint32_t n = check_escape(j, p, end);
    if (!n) return false;
    p = find_backslash(p + n, end);
  }
  return true;
}

static inline bool check_string(struct tg_jsonread *j, struct tg_text raw)
{
  return j->plain || check_escapes(j, raw);
}

static char simple_escape(char c)
{
  switch (c) {
  case 'b': return '\b';
  case 'f': return '\f';
  case 'n': return '\n';
  case 'r': return '\r';
  case 't': return '\t';
  default: return c;
  }
}

static uint32_t put_utf8(uint32_t c, char *out)
{
  if (c < 0x80) return out[0] = (char)c, 1;
  if (c < 0x800) return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
  if (c < 0x10000) {
    out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 63));
    return out[2] = (char)(0x80 | (c & 63)), 3;
  }
  out[0] = (char)(0xf0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 63));
  out[2] = (char)(0x80 | (c >> 6 & 63)), out[3] = (char)(0x80 | (c & 63));
  return 4;
}

uint32_t tg_jsonread_unescape(struct tg_text raw, char *out)
{
  const char *p = raw.ptr, *end = raw.ptr + raw.len;
  uint32_t len = 0;
  while (p < end) {
    const char *stop = find_backslash(p, end);
    memcpy(out + len, p, (size_t)(stop - p));
    len += (uint32_t)(stop - p);
    if ((p = stop) == end) break;
    if (p[1] != 'u') {
      out[len++] = simple_escape(p[1]);
      p += 2;
      continue;
    }
    uint32_t c = (uint32_t)code_unit(p, end);
    p += 6;
    if (is_high((int)c))
      c = 0x10000 + ((c & 0x3ff) << 10) + ((uint32_t)code_unit(p, end) & 0x3ff), p += 6;
    len += put_utf8(c, out + len);
  }
  return len;
}

/* --- numbers and words --- */

static const char *skip_digits(const char *p, const char *end)
{
  while (p < end && *p >= '0' && *p <= '9') p++;
  return p;
}

/* Behind the 'e' of a number; NULL without digits there. */
static const char *exponent_end(const char *p, const char *end)
{
  if (p < end && (*p == '+' || *p == '-')) p++;
  const char *digits = p;
  p = skip_digits(p, end);
  return p == digits ? NULL : p;
}

/* The end of the JSON number at the front of [p, end), or NULL. */
static const char *number_end(const char *p, const char *end, bool *exponent)
{
  if (p < end && *p == '-') p++;
  const char *whole = p;
  p = skip_digits(p, end);
  if (p == whole || (*whole == '0' && p - whole > 1)) return NULL;
  if (p < end && *p == '.') {
    const char *fraction = ++p;
    if ((p = skip_digits(p, end)) == fraction) return NULL;
  }
  *exponent = p < end && (*p | 0x20) == 'e';
  return *exponent ? exponent_end(p + 1, end) : p;
}

static bool is_huge(struct tg_text number)
{
  struct tg_decimal d;
  return tg_decimal_parse(number, &d) && !tg_decimal_fits_numeric(&d);
}

static bool read_number(struct tg_jsonread *j, struct tg_json_value *out)
{
  const char *end = out->raw.ptr + out->raw.len;
  bool exponent = false;
  if (number_end(out->raw.ptr, end, &exponent) != end)
    return tg_jsonread_fault(j, "a malformed number");
  if ((exponent || out->raw.len >= NUMBER_CHECKED_FROM) && is_huge(out->raw))
    j->flags |= TG_JSON_HUGE;
  out->kind = TG_JSON_NUMBER;
  return true;
}

static bool is_word(struct tg_text t, const char word[4], char last)
{
  uint32_t len = last ? 5 : 4;
  return t.len == len && memcmp(t.ptr, word, 4) == 0 && (!last || t.ptr[4] == last);
}

static bool read_word(struct tg_jsonread *j, struct tg_json_value *out)
{
  if (is_word(out->raw, "true", 0))
    out->kind = TG_JSON_TRUE;
  else if (is_word(out->raw, "fals", 'e'))
    out->kind = TG_JSON_FALSE;
  else if (is_word(out->raw, "null", 0))
    out->kind = TG_JSON_NULL;
  else
    return tg_jsonread_fault(j, "a value expected");
  return true;
}

/* --- arrays, objects, values --- */

bool tg_jsonread_key(struct tg_jsonread *j, struct tg_text *raw)
{
  if (tg_jsonread_peek(j) != '"') return tg_jsonread_fault(j, "a key in quotes expected");
  *raw = token_text(j);
  if (!unquote(j, raw)) return false;
  j->next++;
  if (!tg_jsonread_take(j, ':')) return tg_jsonread_fault(j, "':' expected");
  return check_string(j, *raw);
}

static inline bool skip_key(struct tg_jsonread *j)
{
  struct tg_json_value plain;
  struct tg_text key;
  if (!tg_jsonread_string(j, &plain)) return tg_jsonread_key(j, &key);
  return tg_jsonread_take(j, ':') || tg_jsonread_fault(j, "':' expected");
}

static bool skip_object(struct tg_jsonread *j, uint32_t depth)
{
  struct tg_json_value member;
  bool more = !tg_jsonread_take(j, '}');
  while (more)
    if (!skip_key(j) || !tg_jsonread_value(j, depth, &member) || !tg_jsonread_more(j, '}', &more))
      return false;
  return true;
}

static bool skip_array(struct tg_jsonread *j, uint32_t depth)
{
  struct tg_json_value element;
  bool more = !tg_jsonread_take(j, ']');
  while (more)
    if (!tg_jsonread_value(j, depth, &element) || !tg_jsonread_more(j, ']', &more)) return false;
  return true;
}

static bool skip_container(struct tg_jsonread *j, uint32_t depth, struct tg_json_value *out)
{
  const char *from = j->text + j->at[j->next];
  if (depth >= TG_JSON_DEPTH_MAX) return tg_jsonread_fault(j, "nested deeper than 64");
  j->next++;
  out->kind = *from == '{' ? TG_JSON_OBJECT : TG_JSON_ARRAY;
  if (!(*from == '{' ? skip_object(j, depth + 1) : skip_array(j, depth + 1))) return false;
  out->raw = tg_text_of(from, (size_t)(j->text + j->at[j->next - 1] + 1 - from));
  return true;
}

static bool read_scalar(struct tg_jsonread *j, char first, struct tg_json_value *out)
{
  out->raw = token_text(j);
  bool number = first == '-' || (first >= '0' && first <= '9');
  if (first == '"') {
    out->kind = TG_JSON_STRING;
    if (!unquote(j, &out->raw) || !check_string(j, out->raw)) return false;
  } else if (!(number ? read_number(j, out) : read_word(j, out))) {
    return false;
  }
  j->next++;
  return true;
}

bool tg_jsonread_value(struct tg_jsonread *j, uint32_t depth, struct tg_json_value *out)
{
  if (tg_jsonread_string(j, out)) return true;
  uint32_t before = j->flags;
  char first = tg_jsonread_peek(j);
  j->flags = 0;
  out->token = j->next;
  bool good = first == '\0'                  ? tg_jsonread_fault(j, "a value expected")
              : first == '{' || first == '[' ? skip_container(j, depth, out)
                                             : read_scalar(j, first, out);
  out->flags = j->flags;
  j->flags |= before;
  return good;
}
