/* The growable byte buffer. */
#include "core/base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void tg_buf_init(struct tg_buf *b, size_t max)
{
  *b = (struct tg_buf){.max = max};
}

void tg_buf_fini(struct tg_buf *b)
{
  free(b->ptr);
  *b = (struct tg_buf){0};
}

static size_t grown(const struct tg_buf *b, size_t need)
{
  size_t size = b->size ? b->size : 256;
  while (size < need) size = size > SIZE_MAX / 2 ? need : size * 2;
  return b->max && size > b->max ? b->max : size;
}

bool tg_buf_reserve(struct tg_buf *b, size_t n)
{
  if (b->failed) return false;
  if (n <= b->size - b->len) return true;
  size_t need;
  b->failed = __builtin_add_overflow(b->len, n, &need) || (b->max && need > b->max);
  if (b->failed) return false;
  size_t size = grown(b, need);
  char *p = realloc(b->ptr, size);
  b->failed = !p;
  if (!p) return false;
  b->ptr = p, b->size = size;
  return true;
}

void tg_buf_add(struct tg_buf *b, const void *bytes, size_t n)
{
  if (!n || !tg_buf_reserve(b, n)) return;
  memcpy(b->ptr + b->len, bytes, n);
  b->len += n;
}

void tg_buf_char(struct tg_buf *b, char c)
{
  tg_buf_add(b, &c, 1);
}

void tg_buf_printf(struct tg_buf *b, const char *fmt, ...)
{
  va_list args, again;
  va_start(args, fmt);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, fmt, args);
  if (n >= 0 && tg_buf_reserve(b, (size_t)n + 1)) {
    vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, again);
    b->len += (size_t)n;
  }
  va_end(again);
  va_end(args);
}

static void json_char(struct tg_buf *b, unsigned char c)
{
  static const char *const named[] = {
      ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r"};
  if (c == '"' || c == '\\')
    tg_buf_char(b, '\\'), tg_buf_char(b, (char)c);
  else if (c >= 0x20)
    tg_buf_char(b, (char)c);
  else if (c <= '\r' && named[c])
    tg_buf_str(b, named[c]);
  else
    tg_buf_printf(b, "\\u%04x", c);
}

void tg_buf_json(struct tg_buf *b, struct tg_text t)
{
  tg_buf_char(b, '"');
  for (uint32_t i = 0; i < t.len;) {
    uint32_t n = 1;
    unsigned char c = (unsigned char)t.ptr[i];
    if (c < 0x80)
      json_char(b, c);
    else {
      n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
      bool good = n <= t.len - i && tg_text_utf8(tg_text_of(t.ptr + i, n));
      if (good)
        tg_buf_add(b, t.ptr + i, n);
      else
        tg_buf_str(b, "\xef\xbf\xbd"), n = 1;
    }
    i += n;
  }
  tg_buf_char(b, '"');
}

const char *tg_buf_cstr(struct tg_buf *b)
{
  if (!tg_buf_reserve(b, 1)) return "";
  b->ptr[b->len] = '\0';
  return b->ptr;
}
