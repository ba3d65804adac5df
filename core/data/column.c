/* Columns: making them and finding the distinct values of a text column. How a value is shown:
 * show.c. */
#include "core/data/column.h"

#include <assert.h>

enum { SAMPLE_ROWS = 1024 };

static size_t aligned(size_t size)
{
  return (size + 15) & ~(size_t)15;
}

/* One allocation holds the column, its values and its nul, so that arena chunks are filled evenly.
 */
static struct tg_column *column_at(char *p, struct tg_type type, uint32_t rows)
{
  struct tg_column *c = (struct tg_column *)(void *)p;
  *c = (struct tg_column){.type = type, .rows = rows};
  c->v.any = p + aligned(sizeof *c);
  return c;
}

static size_t values_end(struct tg_type type, uint32_t rows)
{
  return aligned(sizeof(struct tg_column)) + aligned((size_t)rows * tg_type_width(type));
}

struct tg_column *tg_column_new(struct tg_arena *a, struct tg_type type, uint32_t rows,
                                bool with_nul)
{
  size_t end = values_end(type, rows);
  char *p = tg_arena_zalloc(a, end + (with_nul ? rows : 0), 1);
  if (!p) return NULL;
  struct tg_column *c = column_at(p, type, rows);
  if (with_nul) c->nul = (uint8_t *)p + end;
  return c;
}

struct tg_column *tg_column_bare(struct tg_arena *a, struct tg_type type, uint32_t rows)
{
  size_t end = values_end(type, rows);
  bool with_nul = tg_type_store(type) != TG_STORE_MASK;
  char *p = tg_arena_alloc(a, end + (with_nul ? rows : 0));
  if (!p) return NULL;
  struct tg_column *c = column_at(p, type, rows);
  if (with_nul) c->nul = memset(p + end, TG_SOME, rows);
  return c;
}

const char *tg_nul_text(enum tg_nul nul)
{
  static const char *const texts[] = {
#define X(code, byte, text) [byte] = text,
      TG_NUL_LIST(X)
#undef X
  };
  assert((unsigned)nul < sizeof texts / sizeof *texts);
  return texts[nul];
}

/* The distinct values while they are collected: open addressing, slots hold index + 1, 0 is free.
 */
struct distinct {
  struct tg_dict *dict;
  uint32_t *slots, *hashes;
  uint32_t mask, max;
  uint64_t seed;
};

/* Multiplies 8 bytes at a time; the seed keeps crafted values from meeting in one slot. */
static inline uint32_t hash_text(uint64_t seed, struct tg_text t)
{
  const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
  uint64_t h = (seed ^ t.len) * odd;
  for (uint32_t i = 0; i + 8 < t.len; i += 8) {
    h = (h ^ tg_text_word(t.ptr + i)) * odd;
    h ^= h >> 32;
  }
  h = (h ^ tg_text_tail(t)) * odd;
  return (uint32_t)(h >> 32);
}

static inline bool same_text(struct tg_text a, struct tg_text b)
{
  if (a.len != b.len || tg_text_tail(a) != tg_text_tail(b)) return false;
  return a.len <= 8 || memcmp(a.ptr, b.ptr, a.len - 8) == 0;
}

/* The code of t, a new one if needed; TG_DICT_NULL when there are too many. */
static uint32_t code_of(struct distinct *d, struct tg_text t)
{
  uint32_t hash = hash_text(d->seed, t);
  uint32_t at = hash & d->mask;
  for (; d->slots[at]; at = (at + 1) & d->mask) {
    uint32_t code = d->slots[at] - 1;
    if (d->hashes[code] == hash && same_text(d->dict->texts[code], t)) return code;
  }
  if (d->dict->count == d->max) return TG_DICT_NULL;
  uint32_t code = d->dict->count++;
  d->dict->texts[code] = t;
  d->hashes[code] = hash;
  d->slots[at] = code + 1;
  return code;
}

/* False when the rows have more distinct values than allowed. */
static bool collect(struct distinct *d, const struct tg_column *c)
{
  for (uint32_t row = 0; row < c->rows; row++) {
    d->dict->codes[row] = TG_DICT_NULL;
    if (tg_column_is_null(c, row)) continue;
    uint32_t code = code_of(d, c->v.texts[row]);
    if (code == TG_DICT_NULL) return false;
    d->dict->codes[row] = code;
    /* A sample in which every second value is new promises no repetition worth having. */
    if (row == SAMPLE_ROWS - 1 && d->dict->count > SAMPLE_ROWS / 2) return false;
  }
  return true;
}

static struct tg_dict *dict_new(struct tg_arena *a, uint32_t rows, uint32_t max)
{
  struct tg_dict *dict = tg_arena_zalloc(a, 1, sizeof *dict);
  struct tg_text *texts = tg_arena_alloc(a, (size_t)max * sizeof *texts);
  uint32_t *codes = tg_arena_alloc(a, (size_t)rows * sizeof *codes);
  if (!dict || !texts || !codes) return NULL;
  dict->texts = texts, dict->codes = codes;
  return dict;
}

/* Fills dict with the help of tables that are given back at once. */
static bool dict_fill(struct tg_dict *dict, const struct tg_column *c, struct tg_arena *a,
                      uint32_t max)
{
  struct distinct d = {.dict = dict, .max = max, .seed = (uintptr_t)c, .mask = 15};
  while (d.mask < (uint64_t)max * 2) d.mask = d.mask * 2 + 1;
  struct tg_arena_mark mark = tg_arena_mark(a);
  d.slots = tg_arena_zalloc(a, (size_t)d.mask + 1, sizeof *d.slots);
  d.hashes = tg_arena_alloc(a, (size_t)max * sizeof *d.hashes);
  bool good = d.slots && d.hashes && collect(&d, c);
  tg_arena_release(a, mark);
  return good;
}

const struct tg_dict *tg_column_dict(struct tg_column *c, struct tg_arena *a, uint32_t max)
{
  if (!tg_type_is_text(c->type)) return NULL;
  if (c->dict) return c->dict->count <= max ? c->dict : NULL;
  if (max > c->rows) max = c->rows;
  if (max <= c->dict_refused) return NULL;
  struct tg_arena_mark mark = tg_arena_mark(a);
  struct tg_dict *dict = dict_new(a, c->rows, max);
  if (dict && dict_fill(dict, c, a, max)) return c->dict = dict;
  tg_arena_release(a, mark);
  c->dict_refused = max;
  return NULL;
}
