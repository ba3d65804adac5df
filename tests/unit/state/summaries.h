/* Summaries made of texts, for tests: "1 2 null 4" of a type, all rows or some. */
#ifndef TG_TESTS_SUMMARIES_H
#define TG_TESTS_SUMMARIES_H

#include "core/state/summary.h"
#include "tests/unit/data/columns.h"

static inline struct tg_summary *summary_empty(enum tg_summary_kind kind, uint32_t cap)
{
  struct tg_summary *s = tg_summary_new(&arena, kind, cap);
  assert_non_null(s);
  return s;
}

static inline void summary_take(struct tg_summary *s, struct tg_column *a, struct tg_column *b,
                                const uint8_t *live)
{
  struct tg_column *const c[2] = {a, b};
  if (a) op.rows = a->rows;
  if (!tg_summary_add(s, &op, c, live)) fail_msg("%s: %s", tg_summary_name(s->kind), err.what);
}

/* column() does not parse json: its values are taken as they are. */
static inline struct tg_column *values_of(const char *type, const char *values)
{
  bool json = strcmp(type, "jsonb") == 0;
  struct tg_column *c = column(json ? "text" : type, values);
  if (json) c->type = tg_type_of(TG_JSONB);
  return c;
}

static inline struct tg_summary *summary_of(enum tg_summary_kind kind, const char *type,
                                            const char *values)
{
  struct tg_summary *s = summary_empty(kind, 0);
  summary_take(s, values_of(type, values), NULL, NULL);
  return s;
}

/* The error of a summary that is refused. */
static inline const char *summary_refused(enum tg_summary_kind kind, const char *type,
                                          const char *values)
{
  struct tg_column *const c[2] = {values_of(type, values), NULL};
  if (tg_summary_add(summary_empty(kind, 0), &op, c, NULL)) fail_msg("was not refused");
  return err.what;
}

static inline void summary_join(struct tg_summary *s, const struct tg_summary *other)
{
  if (tg_summary_merge(s, other, &err) != TG_OK) fail_msg("%s", err.what);
}

static inline struct tg_text summary_bytes(struct tg_summary *s)
{
  struct tg_buf out;
  tg_buf_init(&out, 0);
  assert_true(tg_summary_write(s, &out));
  struct tg_text bytes = tg_arena_copy(&arena, tg_buf_view(&out));
  tg_buf_fini(&out);
  return bytes;
}

static inline const char *summary_hex(struct tg_summary *s)
{
  static char out[4096];
  struct tg_text bytes = summary_bytes(s);
  size_t at = 0;
  for (uint32_t i = 0; i < bytes.len && at < sizeof out - 3; i++)
    at += (size_t)snprintf(out + at, sizeof out - at, "%02x", (uint8_t)bytes.ptr[i]);
  return out;
}

static inline struct tg_summary *summary_reread(struct tg_text bytes)
{
  struct tg_summary *s = NULL;
  if (tg_summary_read(&arena, bytes, &s, &err) != TG_OK) fail_msg("%s", err.what);
  return s;
}

/* Same random numbers everywhere. */
static inline uint64_t random_next(uint64_t *seed)
{
  uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}
static inline double random_unit(uint64_t *seed)
{
  return ((double)(random_next(seed) >> 11) + 0.5) * 0x1p-53;
}

static inline struct tg_column *floats_of(const double *x, uint32_t n)
{
  struct tg_column *c = tg_column_new(&arena, tg_type_of(TG_FLOAT8), n, false);
  memcpy(c->v.floats, x, n * sizeof *x);
  return c;
}
static inline struct tg_column *ints_of(const int64_t *x, uint32_t n)
{
  struct tg_column *c = tg_column_new(&arena, tg_type_of(TG_INT8), n, false);
  memcpy(c->v.ints, x, n * sizeof *x);
  return c;
}

#define assert_near(got, want, relative) assert_near_at(got, want, relative, __FILE__, __LINE__)
static inline void assert_near_at(double got, double want, double relative, const char *file,
                                  int line)
{
  double far = got > want ? got - want : want - got, size = want < 0 ? -want : want;
  if (got == want || far <= relative * size) return;
  print_error("%s:%d: expected %.17g, got %.17g\n", file, line, want, got);
  _fail(file, line);
}

#endif
