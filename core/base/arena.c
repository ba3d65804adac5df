/* The bump allocator behind loads, temporaries of scripts and parsed files. */
#include "core/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct tg_arena_chunk {
  struct tg_arena_chunk *next;
  size_t size, used; /* usable bytes, without header and pad */
  _Alignas(16) char bytes[];
};

void tg_arena_init(struct tg_arena *a, size_t chunk_size, size_t bytes_max)
{
  *a = (struct tg_arena){.chunk_size = chunk_size, .bytes_max = bytes_max};
}

static void free_from(struct tg_arena *a, struct tg_arena_chunk *c)
{
  while (c) {
    struct tg_arena_chunk *next = c->next;
    a->bytes_held -= c->size;
    free(c);
    c = next;
  }
}

void tg_arena_fini(struct tg_arena *a)
{
  free_from(a, a->first);
  a->first = a->now = NULL;
  a->bytes_used = 0;
}

static struct tg_arena_chunk *chunk_new(struct tg_arena *a, size_t need)
{
  size_t size = need > a->chunk_size ? need : a->chunk_size;
  if (size > SIZE_MAX - sizeof(struct tg_arena_chunk) - TG_ARENA_PAD) return NULL;
  if (a->bytes_max && (size > a->bytes_max || a->bytes_held > a->bytes_max - size)) return NULL;
  struct tg_arena_chunk *c = malloc(sizeof *c + size + TG_ARENA_PAD);
  if (!c) return NULL;
  c->size = size, c->used = 0;
  memset(c->bytes + size, 0, TG_ARENA_PAD);
  a->bytes_held += size;
  return c;
}

/* Moves on to a chunk with room for need: a kept one behind `now`, or a new one put there. */
static struct tg_arena_chunk *chunk_next(struct tg_arena *a, size_t need)
{
  struct tg_arena_chunk **link = a->now ? &a->now->next : &a->first;
  struct tg_arena_chunk *c = *link;
  if (!c || c->size < need) {
    struct tg_arena_chunk *fresh = chunk_new(a, need);
    if (!fresh &&
        c) { /* what lies behind `now` is empty: at the cap it makes way for a chunk that fits */
      free_from(a, c);
      *link = c = NULL;
      fresh = chunk_new(a, need);
    }
    if (!fresh) return NULL;
    fresh->next = c;
    *link = c = fresh;
  }
  c->used = 0;
  a->now = c;
  return c;
}

static void *take(struct tg_arena *a, size_t size, size_t align)
{
  if (size > SIZE_MAX / 2) return NULL;
  struct tg_arena_chunk *c = a->now;
  size_t at = c ? (c->used + align - 1) & ~(align - 1) : 0;
  if (!c || at + size > c->size) {
    if (!(c = chunk_next(a, size))) return NULL;
    at = 0;
  }
  c->used = at + size;
  a->bytes_used += size;
  return c->bytes + at;
}

void *tg_arena_alloc(struct tg_arena *a, size_t size)
{
  return take(a, size ? size : 1, 16);
}

char *tg_arena_bytes(struct tg_arena *a, size_t size)
{
  return take(a, size ? size : 1, 1);
}

void *tg_arena_zalloc(struct tg_arena *a, size_t count, size_t size)
{
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) return NULL;
  void *p = tg_arena_alloc(a, total);
  return p ? memset(p, 0, total) : NULL;
}

struct tg_text tg_arena_copy(struct tg_arena *a, struct tg_text t)
{
  char *p = t.ptr ? tg_arena_bytes(a, t.len) : NULL;
  if (!p) return (struct tg_text){NULL, 0};
  if (t.len) memcpy(p, t.ptr, t.len);
  return tg_text_of(p, t.len);
}

char *tg_arena_printf(struct tg_arena *a, const char *fmt, ...)
{
  va_list args, again;
  va_start(args, fmt);
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, fmt, args);
  char *p = n < 0 ? NULL : tg_arena_bytes(a, (size_t)n + 1);
  if (p) vsnprintf(p, (size_t)n + 1, fmt, again);
  va_end(again);
  va_end(args);
  return p;
}

void tg_arena_reset(struct tg_arena *a, size_t keep_bytes)
{
  a->now = NULL;
  a->bytes_used = 0;
  if (!keep_bytes) return;
  size_t kept = 0;
  struct tg_arena_chunk **link = &a->first;
  while (*link && kept + (*link)->size <= keep_bytes) kept += (*link)->size, link = &(*link)->next;
  free_from(a, *link);
  *link = NULL;
}

struct tg_arena_mark tg_arena_mark(const struct tg_arena *a)
{
  return (struct tg_arena_mark){a->now, a->now ? a->now->used : 0, a->bytes_used};
}

void tg_arena_release(struct tg_arena *a, struct tg_arena_mark mark)
{
  a->now = mark.chunk;
  if (a->now) a->now->used = mark.used;
  a->bytes_used = mark.bytes_used;
}
