/* Summaries that come back from the database: whatever the bytes, reading them ends and holds what
 * they can hold; what was believed is written and read again as the same bytes, is merged with
 * itself, and answers what judges ask. */
#include "core/state/measured.h"
#include "core/state/points.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES = 64 << 20 };

static void must(bool good)
{
  if (!good) abort();
}

/* The same contents give the same bytes. */
static void write_again(struct tg_arena *arena, struct tg_measured *m)
{
  struct tg_buf one, two;
  struct tg_measured *again;
  struct tg_err err;
  tg_buf_init(&one, 0), tg_buf_init(&two, 0);
  must(tg_measured_write(m, &one));
  must(tg_measured_read(arena, tg_buf_view(&one), &again, &err) == TG_OK);
  must(tg_measured_write(again, &two));
  must(one.len == two.len && memcmp(one.ptr, two.ptr, one.len) == 0);
  tg_buf_fini(&one), tg_buf_fini(&two);
}

static void ask_quantiles(struct tg_arena *arena, struct tg_quantiles *q)
{
  struct tg_points p = {0};
  uint64_t total = 0;
  double x;
  tg_quantiles_nearest(q, 0.9, &x);
  if (!tg_quantiles_at(q, 0.5, &x) || !(p.at = tg_quantiles_points(q, arena, &p.count))) return;
  for (uint32_t i = 0; i < p.count; i++) total += p.at[i].n;
  must(total == q->count);
}

static void ask_counts(struct tg_counts *c)
{
  uint32_t count;
  const struct tg_counted *list = tg_counts_list(c, &count);
  for (uint32_t i = 0; list && i < count; i++) must(tg_counts_of(c, &list[i].value) >= 1);
  tg_counts_other(c), tg_counts_entropy(c), tg_counts_distinct(c);
}

static void ask(struct tg_arena *arena, struct tg_summary *s)
{
  double x;
  int64_t n;
  tg_summary_count(s);
  switch (s->kind) {
  case TG_SUMMARY_ROWS: must(s->u.rows.value <= s->u.rows.rows); break;
  case TG_SUMMARY_MOMENTS:
    tg_moments_variance(&s->u.moments, &x);
    tg_moments_skewness(&s->u.moments, &x), tg_moments_kurtosis(&s->u.moments, &x);
    break;
  case TG_SUMMARY_SUM:
    tg_sum_value(&s->u.sum), tg_sum_mean(&s->u.sum), tg_sum_integer(&s->u.sum, &n);
    break;
  case TG_SUMMARY_MIN:
  case TG_SUMMARY_MAX: break;
  case TG_SUMMARY_DISTINCT: tg_distinct_estimate(&s->u.distinct); break;
  case TG_SUMMARY_QUANTILES: ask_quantiles(arena, &s->u.quantiles); break;
  case TG_SUMMARY_COUNTS: ask_counts(&s->u.counts); break;
  case TG_SUMMARY_COMOMENTS:
    tg_comoments_correlation(&s->u.comoments, &x), tg_comoments_covariance(&s->u.comoments, &x);
    break;
  }
}

/* data: what tidegate.summary holds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct tg_measured *m, *other;
  struct tg_arena arena;
  struct tg_err err;
  struct tg_text bytes = tg_text_of((const char *)data, size);
  tg_arena_init(&arena, 16 << 10, ARENA_BYTES);
  if (tg_measured_read(&arena, bytes, &m, &err) == TG_OK &&
      tg_measured_read(&arena, bytes, &other, &err) == TG_OK) {
    write_again(&arena, m);
    for (uint32_t i = 0; i < m->count; i++) ask(&arena, m->parts[i].summary);
    enum tg_rc rc = tg_measured_merge(m, other, &err);
    must(rc == TG_OK || rc == TG_FULL);
    if (rc == TG_OK) write_again(&arena, m);
  }
  tg_arena_fini(&arena);
  return 0;
}
