/* A bump allocator in chunks: many small allocations that die together. Reset keeps the chunks,
 * so that a recycled arena allocates nothing from the system once it has seen its largest load.
 *
 *   chunk -> chunk -> chunk        each ends in TG_ARENA_PAD readable bytes, which simdjson needs
 *   behind a text
 *
 * Thread: one at a time; handing over the owner hands over the arena. Memory: bytes_max caps the
 * sum of the chunks (0 = no cap); past it allocation returns NULL and the arena stays as it was. */
#ifndef TG_BASE_ARENA_H
#define TG_BASE_ARENA_H

#include "core/base/text.h"

#include <stddef.h>

enum { TG_ARENA_PAD = 64 };

struct tg_arena_chunk;

struct tg_arena {
  struct tg_arena_chunk *first; /* all chunks, oldest first */
  struct tg_arena_chunk *now;   /* the one being filled */
  size_t chunk_size;            /* size of a new chunk, larger for a larger request */
  size_t bytes_max;             /* cap over all chunks, 0 = none */
  size_t bytes_held;            /* what all chunks hold now */
  size_t bytes_used;            /* handed out since the last reset */
};

void tg_arena_init(struct tg_arena *a, size_t chunk_size, size_t bytes_max);
void tg_arena_fini(struct tg_arena *a);

/* size bytes aligned to 16 (uninitialised), or NULL at the cap or without memory. size 0 gives a
 * unique pointer. */
void *tg_arena_alloc(struct tg_arena *a, size_t size);

/* As alloc for count * size (overflow-checked), zeroed. */
void *tg_arena_zalloc(struct tg_arena *a, size_t count, size_t size);

/* Unaligned bytes, for text that is packed tightly. */
char *tg_arena_bytes(struct tg_arena *a, size_t size);

/* A copy of t in the arena; {NULL, 0} at the cap, and for a null text. An empty text stays
 * non-null. */
struct tg_text tg_arena_copy(struct tg_arena *a, struct tg_text t);

/* printf into the arena; NULL at the cap. */
__attribute__((format(printf, 2, 3))) char *tg_arena_printf(struct tg_arena *a, const char *fmt,
                                                            ...);

/* Frees everything handed out, keeps the chunks (keep_bytes of them at most, 0 = all). */
void tg_arena_reset(struct tg_arena *a, size_t keep_bytes);

/* A place to come back to: everything allocated after tg_arena_mark() is freed by
 * tg_arena_release(). */
struct tg_arena_mark {
  struct tg_arena_chunk *chunk;
  size_t used;
  size_t bytes_used;
};
struct tg_arena_mark tg_arena_mark(const struct tg_arena *a);
void tg_arena_release(struct tg_arena *a, struct tg_arena_mark mark);

#endif
