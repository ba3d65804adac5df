/* Decimals -> digits of base 10000. */
#include "core/data/numeric.h"

#include <endian.h>

enum { BASE = 10000, GROUP = 4, NEGATIVE = 0x4000, GROUPS_MAX = 6 };

#define SHORT_MAX UINT64_C(10000000000000000) /* four groups */

/* PostgreSQL's limits: NUMERIC_MAX_PRECISION does not bind an unsized numeric, these do. */
enum { WHOLE_MAX = 131072, SCALE_MAX = 16383 };

static char *put16(char *out, unsigned v)
{
  uint16_t wire = htobe16((uint16_t)v);
  memcpy(out, &wire, sizeof wire);
  return out + sizeof wire;
}

static char *put_head(char *out, unsigned ndigits, int weight, bool negative, uint32_t scale)
{
  if (!ndigits) weight = 0, negative = false;
  uint64_t head = (uint64_t)ndigits << 48 | (uint64_t)(uint16_t)weight << 32 |
                  (negative ? NEGATIVE << 16 : 0) | scale;
  head = htobe64(head);
  memcpy(out, &head, sizeof head);
  return out + sizeof head;
}

/* Up to four groups at once: packed into 64 bits, most significant first, they are stored with one
 * write of which the bytes behind the last digit do not count. */
static char *put_short(uint64_t v, bool negative, uint32_t scale, char *out)
{
  uint64_t high = v / (BASE * BASE), low = v % (BASE * BASE);
  uint64_t packed = high / BASE << 48 | high % BASE << 32 | low / BASE << 16 | low % BASE;
  if (!packed) return put_head(out, 0, 0, false, scale);
  unsigned lead = (unsigned)__builtin_clzll(packed) / 16;
  unsigned ndigits = GROUP - lead - (unsigned)__builtin_ctzll(packed) / 16;
  int weight = (int)(GROUP - lead) - 1 - (int)((scale + GROUP - 1) / GROUP);
  out = put_head(out, ndigits, weight, negative, scale);
  uint64_t wire = htobe64(packed << (lead * 16));
  memcpy(out, &wire, sizeof wire);
  return out + ndigits * 2;
}

static char *put_long(unsigned __int128 v, bool negative, uint32_t scale, char *out)
{
  uint16_t groups[GROUPS_MAX];
  unsigned n = 0, least = 0;
  for (; v; v /= BASE) groups[n++] = (uint16_t)(v % BASE);
  while (least < n && groups[least] == 0) least++;
  int weight = (int)n - 1 - (int)((scale + GROUP - 1) / GROUP);
  out = put_head(out, n - least, weight, negative, scale);
  while (n > least) out = put16(out, groups[--n]);
  return out;
}

char *tg_numeric_scaled(int64_t scaled, uint32_t scale, char *out)
{
  static const uint16_t lift[] = {1, 1000, 100,
                                  10}; /* to a whole number of groups behind the point */
  uint64_t size = scaled < 0 ? -(uint64_t)scaled : (uint64_t)scaled;
  uint16_t by = lift[scale % GROUP];
  if (size < SHORT_MAX / 1000) return put_short(size * by, scaled < 0, scale, out);
  return put_long((unsigned __int128)size * by, scaled < 0, scale, out);
}

/* A number's text, taken apart; zeros in front of whole are cut. */
struct spelling {
  bool negative;
  struct tg_text whole, fraction;
};

static uint32_t count_digits(const char *p, uint32_t len)
{
  uint32_t n = 0;
  while (n < len && p[n] >= '0' && p[n] <= '9') n++;
  return n;
}

static bool take_apart(struct tg_text t, struct spelling *out)
{
  out->negative = t.len && t.ptr[0] == '-';
  t.ptr += out->negative, t.len -= out->negative;
  out->whole = tg_text_of(t.ptr, count_digits(t.ptr, t.len));
  out->fraction = tg_text_of(t.ptr + t.len, 0);
  uint32_t at = out->whole.len;
  if (!at) return false;
  if (at < t.len && t.ptr[at] == '.') {
    out->fraction = tg_text_of(t.ptr + at + 1, count_digits(t.ptr + at + 1, t.len - at - 1));
    at += 1 + out->fraction.len;
    if (!out->fraction.len) return false;
  }
  while (out->whole.len && out->whole.ptr[0] == '0') out->whole.ptr++, out->whole.len--;
  return at == t.len && out->whole.len <= WHOLE_MAX && out->fraction.len <= SCALE_MAX;
}

/* Digits [from, from + 4) of s, counted from the point (negative: before it), as one group. */
static unsigned group_at(const struct spelling *s, int32_t from)
{
  unsigned v = 0;
  for (int32_t i = from; i < from + GROUP; i++) {
    char c = '0';
    if (i < 0 && i >= -(int32_t)s->whole.len) c = s->whole.ptr[(int32_t)s->whole.len + i];
    if (i >= 0 && i < (int32_t)s->fraction.len) c = s->fraction.ptr[i];
    v = v * 10 + (unsigned)(c - '0');
  }
  return v;
}

char *tg_numeric_text(struct tg_text text, char *out)
{
  struct spelling s;
  if (!text.ptr || !take_apart(text, &s)) return NULL;
  int32_t first = -(int32_t)((s.whole.len + GROUP - 1) / GROUP);
  int32_t end = (int32_t)((s.fraction.len + GROUP - 1) / GROUP);
  while (first < end && group_at(&s, first * GROUP) == 0) first++;
  while (end > first && group_at(&s, (end - 1) * GROUP) == 0) end--;
  out = put_head(out, (unsigned)(end - first), -first - 1, s.negative, s.fraction.len);
  for (int32_t i = first; i < end; i++) out = put16(out, group_at(&s, i * GROUP));
  return out;
}
