/* Views of bytes: trimming, showing them to people, near misses, UTF-8. */
#include "core/base/text.h"

#include <limits.h>
#include <stdio.h>

static bool is_space(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

struct tg_text tg_text_trim(struct tg_text t)
{
  while (t.len && is_space(t.ptr[0])) t.ptr++, t.len--;
  while (t.len && is_space(t.ptr[t.len - 1])) t.len--;
  return t;
}

/* Length of the well-formed UTF-8 character at p, or 0 (RFC 3629, table 3-7 of Unicode). */
static uint32_t utf8_len(const unsigned char *p, uint32_t left)
{
  if (p[0] < 0x80) return 1;
  if (p[0] < 0xc2 || p[0] > 0xf4) return 0;
  uint32_t n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
  if (left < n) return 0;
  unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
  unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
  if (p[1] < low || p[1] > high) return 0;
  for (uint32_t i = 2; i < n; i++)
    if ((p[i] & 0xc0) != 0x80) return 0;
  return n;
}

bool tg_text_utf8(struct tg_text t)
{
  const unsigned char *p = (const unsigned char *)t.ptr;
  for (uint32_t i = 0; i < t.len;) {
    uint32_t n = utf8_len(p + i, t.len - i);
    if (!n) return false;
    i += n;
  }
  return true;
}

/* Writes one character or an escape at out; returns the bytes written. */
static size_t show_one(struct tg_text t, uint32_t i, uint32_t n, char *out)
{
  unsigned char c = (unsigned char)t.ptr[i];
  if (n == 0 || c < 0x20 || c == 0x7f) return (size_t)snprintf(out, 5, "\\x%02x", c);
  memcpy(out, t.ptr + i, n);
  return n;
}

static char *show(struct tg_text t, char *out, size_t size, unsigned most)
{
  size_t len = 0;
  unsigned shown = 0;
  for (uint32_t i = 0; i < t.len; shown++) {
    if (shown == most || len + 8 > size) {
      memcpy(out + len, "...", size - len < 4 ? 0 : 3);
      len += size - len < 4 ? 0 : 3;
      break;
    }
    uint32_t n = utf8_len((const unsigned char *)t.ptr + i, t.len - i);
    len += show_one(t, i, n, out + len);
    i += n ? n : 1;
  }
  out[len] = '\0';
  return out;
}

char *tg_text_shown(struct tg_text t, char *out, size_t size)
{
  return show(t, out, size, 64);
}

char *tg_text_line(struct tg_text t, char *out, size_t size)
{
  return show(t, out, size, UINT_MAX);
}

enum { NAME_MAX_LEN = 64 };

unsigned tg_text_distance(struct tg_text a, struct tg_text b, unsigned max)
{
  unsigned row[NAME_MAX_LEN + 1];
  if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN) return max + 1;
  for (uint32_t j = 0; j <= b.len; j++) row[j] = j;
  for (uint32_t i = 1; i <= a.len; i++) {
    unsigned diagonal = row[0];
    row[0] = i;
    for (uint32_t j = 1; j <= b.len; j++) {
      unsigned above = row[j];
      unsigned best = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
      if (above + 1 < best) best = above + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      diagonal = above;
      row[j] = best;
    }
  }
  return row[b.len] > max ? max + 1 : row[b.len];
}

const char *tg_text_nearest(struct tg_text t, const char *const *names)
{
  unsigned best = t.len / 3 < 2 ? (t.len + 2) / 3 : 2;
  const char *found = NULL;
  for (; *names; names++) {
    unsigned d = tg_text_distance(t, tg_text(*names), best);
    if (d <= best && (!found || d < best)) best = d, found = *names;
  }
  return found;
}
