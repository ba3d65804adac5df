/* Case mapping: UTF-8 in, UTF-8 out. */
#include "core/data/casemap.h"

#include "core/data/casemap_own.h"

/* The range that may hold the code point: the last one that does not begin behind it. */
static const struct tg_case_range *find(const struct tg_case_range *list, uint32_t count,
                                        uint32_t code)
{
  uint32_t low = 0;
  while (count > 1) {
    uint32_t half = count / 2;
    low += list[low + half].first <= code ? half : 0;
    count -= half;
  }
  return &list[low];
}

uint32_t tg_casemap_code(enum tg_case to, uint32_t code)
{
  bool upper = to == TG_CASE_UPPER;
  if (code < 0x80) {
    char first = upper ? 'a' : 'A';
    bool letter = code >= (uint32_t)first && code < (uint32_t)first + 26;
    return letter ? code ^ 0x20 : code;
  }
  const struct tg_case_range *r =
      find(upper ? tg_case_to_upper : tg_case_to_lower,
           upper ? tg_case_to_upper_count : tg_case_to_lower_count, code);
  bool in = code >= r->first && code <= r->last && (code - r->first) % r->step == 0;
  return in ? (uint32_t)((int32_t)code + r->delta) : code;
}

/* The code point at i of valid UTF-8 and its bytes; anything else is one byte and no code point. */
static uint32_t decode(struct tg_text t, uint32_t i, uint32_t *bytes)
{
  const unsigned char *p = (const unsigned char *)t.ptr + i;
  uint32_t need = *p < 0x80 ? 1 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;
  *bytes = 1;
  if (need == 1) return *p;
  if (!need || t.len - i < need) return UINT32_MAX;
  uint32_t code = *p & (0x7fu >> need);
  for (uint32_t k = 1; k < need; k++) {
    if ((p[k] & 0xc0) != 0x80) return UINT32_MAX;
    code = code << 6 | (p[k] & 0x3f);
  }
  *bytes = need;
  return code;
}

static uint32_t encode(uint32_t c, char *out)
{
  uint32_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  if (n == 1) return out[0] = (char)c, 1;
  for (uint32_t k = n - 1; k > 0; k--, c >>= 6) out[k] = (char)(0x80 | (c & 0x3f));
  out[0] = (char)(0xf00u >> n | c);
  return n;
}

struct tg_text tg_casemap_text(enum tg_case to, struct tg_arena *a, struct tg_text t)
{
  uint32_t n = 0, bytes;
  char *out = tg_arena_bytes(a, (size_t)t.len + t.len / 2); /* two bytes become three at most */
  if (!out || t.len > UINT32_MAX / 3 * 2) return (struct tg_text){NULL, 0};
  for (uint32_t i = 0; i < t.len; i += bytes) {
    uint32_t code = decode(t, i, &bytes);
    if (code == UINT32_MAX)
      out[n++] = t.ptr[i];
    else
      n += encode(tg_casemap_code(to, code), out + n);
  }
  return tg_text_of(out, n);
}
