/* Borrowed views of bytes, passed by value. A view is not NUL-terminated and owns nothing: it
 * lives as long as the memory it points into (an arena, an event, a literal). ptr NULL means "no
 * text" (null), which differs from the empty text. */
#ifndef TG_BASE_TEXT_H
#define TG_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct tg_text {
  const char *ptr;
  uint32_t len;
};

/* Two printf arguments for "%.*s". */
#define TG_TEXT(t) (int)(t).len, ((t).ptr ? (t).ptr : "")

static inline struct tg_text tg_text_of(const char *ptr, size_t len)
{
  return (struct tg_text){ptr, (uint32_t)len};
}

/* A view of a C string without its NUL. */
static inline struct tg_text tg_text(const char *s)
{
  return (struct tg_text){s, s ? (uint32_t)strlen(s) : 0};
}

static inline bool tg_text_eq(struct tg_text a, struct tg_text b)
{
  return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool tg_text_is(struct tg_text a, const char *s)
{
  return tg_text_eq(a, tg_text(s));
}

/* Byte order, as memcmp; a prefix sorts first. Returns < 0, 0, > 0. */
static inline int tg_text_cmp(struct tg_text a, struct tg_text b)
{
  uint32_t n = a.len < b.len ? a.len : b.len;
  int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
  return c ? c : (a.len > b.len) - (a.len < b.len);
}

/* Without ASCII white space at both ends. */
struct tg_text tg_text_trim(struct tg_text t);

/* Writes t into out (size bytes with the NUL) for people: control bytes and invalid UTF-8 as
 * \xNN, more than 64 characters cut with "...". Returns out. */
char *tg_text_shown(struct tg_text t, char *out, size_t size);
/* The same, cut only where out ends: a line that every database and log takes. */
char *tg_text_line(struct tg_text t, char *out, size_t size);

/* Levenshtein distance of two short texts, at most max + 1; for "did you mean". */
unsigned tg_text_distance(struct tg_text a, struct tg_text b, unsigned max);

/* The name of `names` (NULL-terminated) closest to t within 2 edits (a third of its length at
 * most), or NULL. */
const char *tg_text_nearest(struct tg_text t, const char *const *names);

/* True when the bytes are valid UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool tg_text_utf8(struct tg_text t);

static inline bool tg_text_has_prefix(struct tg_text t, const char *prefix)
{
  size_t len = strlen(prefix);
  return t.len >= len && memcmp(t.ptr, prefix, len) == 0;
}

static inline bool tg_text_has_suffix(struct tg_text t, const char *suffix)
{
  size_t len = strlen(suffix);
  return t.len >= len && memcmp(t.ptr + t.len - len, suffix, len) == 0;
}

/* --- 8 bytes at a time, without a call --- */

static inline uint64_t tg_text_word(const char *p)
{
  uint64_t word;
  memcpy(&word, p, 8);
  return word;
}

static inline uint32_t tg_text_half(const char *p)
{
  uint32_t half;
  memcpy(&half, p, 4);
  return half;
}

/* The last up to 8 bytes as a number that differs for different bytes of one length: reads may
 * overlap, but none needs a loop or leaves the text. */
static inline uint64_t tg_text_tail(struct tg_text t)
{
  if (t.len >= 8) return tg_text_word(t.ptr + t.len - 8);
  if (t.len >= 4) return tg_text_half(t.ptr) | (uint64_t)tg_text_half(t.ptr + t.len - 4) << 32;
  if (t.len == 0) return 0;
  return (uint8_t)t.ptr[0] | (uint64_t)(uint8_t)t.ptr[t.len / 2] << 8 |
         (uint64_t)(uint8_t)t.ptr[t.len - 1] << 16;
}

static inline bool tg_text_ascii(struct tg_text t)
{
  uint64_t all = tg_text_tail(t);
  for (uint32_t i = 0; i + 8 < t.len; i += 8) all |= tg_text_word(t.ptr + i);
  return !(all & UINT64_C(0x8080808080808080));
}

#endif
