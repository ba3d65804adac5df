/* A growable byte buffer on the heap, reused across loads. Appending never fails silently: after
 * a failed allocation or at the cap `failed` stays set and further appends do nothing, so that a
 * writer checks once. */
#ifndef TG_BASE_BUF_H
#define TG_BASE_BUF_H

#include "core/base/text.h"

#include <stddef.h>

struct tg_buf {
  char *ptr;   /* owned */
  size_t len;  /* bytes written */
  size_t size; /* bytes allocated */
  size_t max;  /* cap in bytes, 0 = none */
  bool failed; /* an append did not fit or found no memory */
};

void tg_buf_init(struct tg_buf *b, size_t max);
void tg_buf_fini(struct tg_buf *b);
static inline void tg_buf_clear(struct tg_buf *b)
{
  b->len = 0, b->failed = false;
}

/* Room for n more bytes; false sets failed. */
bool tg_buf_reserve(struct tg_buf *b, size_t n);

void tg_buf_add(struct tg_buf *b, const void *bytes, size_t n);
static inline void tg_buf_text(struct tg_buf *b, struct tg_text t)
{
  tg_buf_add(b, t.ptr, t.len);
}
static inline void tg_buf_str(struct tg_buf *b, const char *s)
{
  tg_buf_add(b, s, strlen(s));
}
void tg_buf_char(struct tg_buf *b, char c);
__attribute__((format(printf, 2, 3))) void tg_buf_printf(struct tg_buf *b, const char *fmt, ...);

/* t as a JSON string with its quotes; invalid UTF-8 becomes U+FFFD. */
void tg_buf_json(struct tg_buf *b, struct tg_text t);

/* The bytes with a NUL behind them (not counted in len); "" when failed. Borrowed until the next
 * append. */
const char *tg_buf_cstr(struct tg_buf *b);

static inline struct tg_text tg_buf_view(const struct tg_buf *b)
{
  return tg_text_of(b->ptr, b->len);
}

#endif
