/* One face for all kinds of summaries. */
#include "core/state/summary.h"

#include <stdio.h>

static const struct {
  enum tg_summary_kind kind;
  const char *name;
} kinds[] = {
#define X(code, byte, name, columns) {code, name},
    TG_SUMMARY_LIST(X)
#undef X
};

const char *tg_summary_name(enum tg_summary_kind kind)
{
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (kinds[i].kind == kind) return kinds[i].name;
  return NULL;
}

struct tg_summary *tg_summary_new(struct tg_arena *arena, enum tg_summary_kind kind, uint32_t cap)
{
  struct tg_summary *s = tg_arena_zalloc(arena, 1, sizeof *s);
  if (!s) return NULL;
  s->kind = kind;
  s->arena = arena;
  if (kind == TG_SUMMARY_MAX) s->u.extreme.greatest = true;
  if (kind == TG_SUMMARY_QUANTILES) s->u.quantiles.arena = arena;
  if (kind == TG_SUMMARY_DISTINCT) {
    uint32_t max = cap ? cap : TG_DISTINCT_EXACT;
    s->u.distinct.exact_max = max < TG_DISTINCT_EXACT_MAX ? max : TG_DISTINCT_EXACT_MAX;
  }
  if (kind == TG_SUMMARY_COUNTS) {
    uint32_t max = cap ? cap : TG_COUNTS_CAP;
    s->u.counts.cap = max < TG_COUNTS_CAP_MAX ? max : TG_COUNTS_CAP_MAX;
  }
  return s;
}

static void add_rows(struct tg_rowcount *r, uint32_t rows, const struct tg_column *mask,
                     const uint8_t *live)
{
  for (uint32_t i = 0; i < rows; i++) {
    if (live && !live[i]) continue;
    r->rows++;
    r->value += !mask || (mask->v.mask[i] == TG_TRUE && !(mask->nul && mask->nul[i]));
  }
}

bool tg_summary_add(struct tg_summary *s, struct tg_op *op, struct tg_column *const c[2],
                    const uint8_t *live)
{
  const struct tg_column *pair[2] = {c[0], c[1]};
  switch (s->kind) {
  case TG_SUMMARY_ROWS: add_rows(&s->u.rows, op->rows, c[0], live); return true;
  case TG_SUMMARY_MOMENTS: return tg_moments_add(&s->u.moments, op, c[0], live);
  case TG_SUMMARY_SUM: return tg_sum_add(&s->u.sum, op, c[0], live);
  case TG_SUMMARY_MIN:
  case TG_SUMMARY_MAX: return tg_extreme_add(&s->u.extreme, s->arena, op, c[0], live);
  case TG_SUMMARY_DISTINCT: return tg_distinct_add(&s->u.distinct, s->arena, op, c[0], live);
  case TG_SUMMARY_QUANTILES: return tg_quantiles_add(&s->u.quantiles, op, c[0], live);
  case TG_SUMMARY_COUNTS: return tg_counts_add(&s->u.counts, s->arena, op, c[0], live);
  case TG_SUMMARY_COMOMENTS: return tg_comoments_add(&s->u.comoments, op, pair, live);
  }
  return false;
}

static bool merge(struct tg_summary *s, const struct tg_summary *b)
{
  switch (s->kind) {
  case TG_SUMMARY_ROWS:
    s->u.rows.rows += b->u.rows.rows, s->u.rows.value += b->u.rows.value;
    return true;
  case TG_SUMMARY_MOMENTS: tg_moments_merge(&s->u.moments, &b->u.moments); return true;
  case TG_SUMMARY_SUM: tg_sum_merge(&s->u.sum, &b->u.sum); return true;
  case TG_SUMMARY_MIN:
  case TG_SUMMARY_MAX: return tg_extreme_merge(&s->u.extreme, s->arena, &b->u.extreme);
  case TG_SUMMARY_DISTINCT: return tg_distinct_merge(&s->u.distinct, s->arena, &b->u.distinct);
  case TG_SUMMARY_QUANTILES: return tg_quantiles_merge(&s->u.quantiles, &b->u.quantiles);
  case TG_SUMMARY_COUNTS: return tg_counts_merge(&s->u.counts, s->arena, &b->u.counts);
  case TG_SUMMARY_COMOMENTS: tg_comoments_merge(&s->u.comoments, &b->u.comoments); return true;
  }
  return false;
}

enum tg_rc tg_summary_merge(struct tg_summary *s, const struct tg_summary *other,
                            struct tg_err *err)
{
  if (s->kind != other->kind)
    return tg_err_set(err, TG_CONFIG, "summary", "%s cannot be merged with %s",
                      tg_summary_name(other->kind), tg_summary_name(s->kind));
  if (merge(s, other)) return TG_OK;
  return tg_err_set(err, TG_FULL, "summary", "no memory left to merge %s",
                    tg_summary_name(s->kind));
}

bool tg_summary_write(struct tg_summary *s, struct tg_buf *out)
{
  bool good = true;
  tg_pack_u8(out, TG_SUMMARY_VERSION);
  tg_pack_u8(out, (uint8_t)s->kind);
  switch (s->kind) {
  case TG_SUMMARY_ROWS:
    tg_pack_varint(out, s->u.rows.rows);
    tg_pack_varint(out, s->u.rows.value);
    break;
  case TG_SUMMARY_MOMENTS: tg_moments_write(&s->u.moments, out); break;
  case TG_SUMMARY_SUM: tg_sum_write(&s->u.sum, out); break;
  case TG_SUMMARY_MIN:
  case TG_SUMMARY_MAX: tg_extreme_write(&s->u.extreme, out); break;
  case TG_SUMMARY_DISTINCT: good = tg_distinct_write(&s->u.distinct, out); break;
  case TG_SUMMARY_QUANTILES: good = tg_quantiles_write(&s->u.quantiles, out); break;
  case TG_SUMMARY_COUNTS: good = tg_counts_write(&s->u.counts, out); break;
  case TG_SUMMARY_COMOMENTS: tg_comoments_write(&s->u.comoments, out); break;
  }
  return good && !out->failed;
}

static void read_body(struct tg_summary *s, struct tg_unpack *in)
{
  switch (s->kind) {
  case TG_SUMMARY_ROWS:
    s->u.rows.rows = tg_unpack_varint(in);
    s->u.rows.value = tg_unpack_count(in, s->u.rows.rows);
    break;
  case TG_SUMMARY_MOMENTS: tg_moments_read(&s->u.moments, in); break;
  case TG_SUMMARY_SUM: tg_sum_read(&s->u.sum, in); break;
  case TG_SUMMARY_MIN:
  case TG_SUMMARY_MAX: tg_extreme_read(&s->u.extreme, s->arena, in); break;
  case TG_SUMMARY_DISTINCT: tg_distinct_read(&s->u.distinct, s->arena, in); break;
  case TG_SUMMARY_QUANTILES: tg_quantiles_read(&s->u.quantiles, in); break;
  case TG_SUMMARY_COUNTS: tg_counts_read(&s->u.counts, s->arena, in); break;
  case TG_SUMMARY_COMOMENTS: tg_comoments_read(&s->u.comoments, in); break;
  }
}

enum tg_rc tg_summary_read(struct tg_arena *arena, struct tg_text bytes, struct tg_summary **out,
                           struct tg_err *err)
{
  struct tg_unpack in = tg_unpack_of(bytes);
  uint8_t version = tg_unpack_u8(&in), kind = tg_unpack_u8(&in);
  if (in.bad || version != TG_SUMMARY_VERSION || !tg_summary_name((enum tg_summary_kind)kind))
    return tg_err_set(err, TG_DATA, "summary", "%u bytes are no summary of version %d", bytes.len,
                      TG_SUMMARY_VERSION);
  struct tg_summary *s = tg_summary_new(arena, (enum tg_summary_kind)kind, 0);
  if (!s) return tg_err_set(err, TG_FULL, "summary", "no memory left to read one");
  read_body(s, &in);
  *out = s;
  if (!in.bad && in.at == in.end) return TG_OK;
  return tg_err_set(err, TG_DATA, "summary", "%u bytes are a damaged summary (%s)", bytes.len,
                    tg_summary_name(s->kind));
}

uint64_t tg_summary_count(const struct tg_summary *s)
{
  switch (s->kind) {
  case TG_SUMMARY_ROWS: return s->u.rows.rows;
  case TG_SUMMARY_MOMENTS: return s->u.moments.count;
  case TG_SUMMARY_SUM: return s->u.sum.count;
  case TG_SUMMARY_MIN:
  case TG_SUMMARY_MAX: return s->u.extreme.count;
  case TG_SUMMARY_DISTINCT: return s->u.distinct.count;
  case TG_SUMMARY_QUANTILES: return s->u.quantiles.count;
  case TG_SUMMARY_COUNTS: return s->u.counts.count;
  case TG_SUMMARY_COMOMENTS: return s->u.comoments.a.count;
  }
  return 0;
}
