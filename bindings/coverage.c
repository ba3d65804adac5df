/* Executable lines and how often they ran. */
#include "bindings/coverage.h"

#include "bindings/protolines.h"
#include "bindings/vm.h"
#include "core/base/grow.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

/* One function's code on one line. */
struct place {
  uint32_t line, first, last; /* first..last: the function's lines */
  uint64_t hits;
};

struct file {
  char *path; /* owned */
  enum tg_file_kind kind;
  bool tested, full;    /* full: no memory for a place */
  struct place *places; /* owned; by line, then function, none twice */
  uint32_t count, size;
};

struct tg_coverage {
  struct file *files;
  uint32_t count, size;
  uint32_t newest; /* the file that ran last: most often it goes on */
};

struct tg_coverage *tg_coverage_new(void)
{
  return calloc(1, sizeof(struct tg_coverage));
}

void tg_coverage_free(struct tg_coverage *c)
{
  for (uint32_t i = 0; c && i < c->count; i++) {
    free(c->files[i].path);
    free(c->files[i].places);
  }
  if (c) free(c->files);
  free(c);
}

static int by_place(const void *x, const void *y)
{
  const struct place *a = x, *b = y;
  if (a->line != b->line) return a->line < b->line ? -1 : 1;
  if (a->first != b->first) return a->first < b->first ? -1 : 1;
  return a->last == b->last ? 0 : a->last < b->last ? -1 : 1;
}

static void add_place(void *self, uint32_t line, uint32_t first, uint32_t last)
{
  struct file *f = self;
  if (f->count) {
    const struct place *p = &f->places[f->count - 1]; /* most often the line of the one before */
    if (p->line == line && p->first == first && p->last == last) return;
  }
  f->full |= !tg_grow(&f->places, f->count, &f->size, sizeof *f->places);
  if (f->full) return;
  f->places[f->count++] = (struct place){.line = line, .first = first, .last = last};
}

static void sort_places(struct file *f)
{
  uint32_t kept = 0;
  if (f->count) qsort(f->places, f->count, sizeof *f->places, by_place);
  for (uint32_t i = 0; i < f->count; i++) {
    bool same = kept && by_place(&f->places[kept - 1], &f->places[i]) == 0;
    if (!same) f->places[kept++] = f->places[i];
  }
  f->count = kept;
}

static struct file *find(struct tg_coverage *c, const char *path)
{
  if (c->newest < c->count && strcmp(c->files[c->newest].path, path) == 0)
    return &c->files[c->newest];
  for (uint32_t i = 0; i < c->count; i++) {
    if (strcmp(c->files[i].path, path) == 0) return c->newest = i, &c->files[i];
  }
  return NULL;
}

void tg_coverage_chunk(lua_State *L, struct tg_coverage *c, const struct tg_source_file *file)
{
  if (find(c, file->path)) return;
  if (!tg_grow(&c->files, c->count, &c->size, sizeof *c->files))
    luaL_error(L, "no memory for coverage");
  struct file *f = &c->files[c->count];
  *f = (struct file){.path = strdup(file->path), .kind = file->kind};
  if (!f->path) luaL_error(L, "no memory for coverage");
  c->count++;
  if (!tg_protolines(L, add_place, f)) luaL_error(L, "coverage: this Lua writes other bytecode");
  if (f->full) luaL_error(L, "no memory for coverage");
  sort_places(f);
}

/* Chunks of the loader itself are no files of the set. */
static bool is_ours(const char *source)
{
  return *source != '@' || strncmp(source, "@prelude_", 9) == 0;
}

void tg_coverage_hook(lua_State *L, lua_Debug *ar)
{
  if (!lua_getinfo(L, "Sl", ar) || is_ours(ar->source)) return;
  struct file *f = find(tg_vm_line_self(L), ar->source + 1);
  struct place key = {.line = (uint32_t)ar->currentline,
                      .first = (uint32_t)ar->linedefined,
                      .last = (uint32_t)ar->lastlinedefined};
  if (!f || !f->count) return;
  struct place *p = bsearch(&key, f->places, f->count, sizeof *f->places, by_place);
  if (p) p->hits++;
}

void tg_coverage_tested(struct tg_coverage *c, const char *path)
{
  struct file *f = find(c, path);
  if (f) f->tested = true;
}

uint32_t tg_coverage_count(const struct tg_coverage *c)
{
  return c->count;
}

bool tg_coverage_line(const struct tg_coverage *c, uint32_t i, uint32_t *at,
                      struct tg_covered_line *out)
{
  const struct file *f = &c->files[i];
  if (*at >= f->count) return false;
  *out = (struct tg_covered_line){f->places[*at].line, f->places[*at].hits};
  for (++*at; *at < f->count && f->places[*at].line == out->line; ++*at) {
    if (f->places[*at].hits < out->hits) out->hits = f->places[*at].hits;
  }
  return true;
}

struct tg_covered_file tg_coverage_file(const struct tg_coverage *c, uint32_t i)
{
  const struct file *f = &c->files[i];
  struct tg_covered_file out = {.path = f->path, .kind = f->kind, .tested = f->tested};
  struct tg_covered_line line;
  for (uint32_t at = 0; tg_coverage_line(c, i, &at, &line);) {
    out.lines++;
    out.run += line.hits > 0;
  }
  return out;
}
