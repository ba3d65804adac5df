/* Summaries: what a batch, a window or a topic looked like, small enough to be kept and sent, and
 * mergeable: a summary of two parts is that of the whole, however it was cut.
 *
 *   kind        tells                                          file
 *   ROWS        rows seen, and how many of them a mask held in here
 *   MOMENTS     count mean variance skewness kurtosis           moments.h
 *   SUM         count and sum                                   sum.h
 *   MIN, MAX    count and the extreme value                     extreme.h
 *   DISTINCT    count and different values                      distinct.h
 *   QUANTILES   count and any quantile                          quantiles.h
 *   COUNTS      how often each value occurs                     counts.h
 *   COMOMENTS   how two columns vary together                   comoments.h
 *
 * Bytes, little endian:  u8 version (1)   u8 kind   the kind's own.
 * The same contents give the same bytes. What a reader does not know, or what no writer can have
 * written, is refused; nothing larger than the kind's cap is ever allocated.
 *
 * Memory: everything lives in the arena it was made in and dies with it. Thread: one at a time. */
#ifndef TG_STATE_SUMMARY_H
#define TG_STATE_SUMMARY_H

#include "core/state/comoments.h"
#include "core/state/counts.h"
#include "core/state/distinct.h"
#include "core/state/extreme.h"
#include "core/state/moments.h"
#include "core/state/quantiles.h"
#include "core/state/sum.h"

enum { TG_SUMMARY_VERSION = 1 };

/* (code, byte, name, columns it takes); a byte is never used again for something else */
#define TG_SUMMARY_LIST(X)                                                                         \
  X(TG_SUMMARY_ROWS, 1, "count", 0)                                                                \
  X(TG_SUMMARY_MOMENTS, 2, "moments", 1)                                                           \
  X(TG_SUMMARY_SUM, 3, "sum", 1)                                                                   \
  X(TG_SUMMARY_MIN, 4, "min", 1)                                                                   \
  X(TG_SUMMARY_MAX, 5, "max", 1)                                                                   \
  X(TG_SUMMARY_DISTINCT, 6, "distinct", 1)                                                         \
  X(TG_SUMMARY_QUANTILES, 7, "quantiles", 1)                                                       \
  X(TG_SUMMARY_COUNTS, 8, "counts", 1)                                                             \
  X(TG_SUMMARY_COMOMENTS, 9, "comoments", 2)

enum tg_summary_kind {
#define X(code, byte, name, columns) code = byte,
  TG_SUMMARY_LIST(X)
#undef X
};

struct tg_rowcount {
  uint64_t rows, value; /* rows seen; those for which the mask was true */
};

struct tg_summary {
  enum tg_summary_kind kind;
  struct tg_arena *arena; /* borrowed */
  union {
    struct tg_rowcount rows;
    struct tg_moments moments;
    struct tg_sum sum;
    struct tg_extreme extreme;
    struct tg_distinct distinct;
    struct tg_quantiles quantiles;
    struct tg_counts counts;
    struct tg_comoments comoments;
  } u;
};

/* "moments", .. */
const char *tg_summary_name(enum tg_summary_kind kind);

/* An empty summary in the arena; NULL when it is full. cap: of different values (DISTINCT: told
 * apart exactly; COUNTS: kept), 0 for the default. */
struct tg_summary *tg_summary_new(struct tg_arena *arena, enum tg_summary_kind kind, uint32_t cap);

/* Adds the rows of a batch: c[0] (ROWS: a mask, or NULL for all rows), and c[1] for COMOMENTS.
 * live: a byte a row, 0 leaves it out; NULL: all rows. Nulls and faults are left out too.
 * False with op->err: TG_CONFIG (the type has no such figure), TG_DATA (a json value), TG_FULL,
 * TG_AGAIN; the summary is then not to be used. */
bool tg_summary_add(struct tg_summary *s, struct tg_op *op, struct tg_column *const c[2],
                    const uint8_t *live);

/* s becomes the summary of both. TG_CONFIG: of different kinds; TG_FULL. */
enum tg_rc tg_summary_merge(struct tg_summary *s, const struct tg_summary *other,
                            struct tg_err *err);

/* Appends the bytes. False when out is full or memory is short. Not const: values are sorted. */
bool tg_summary_write(struct tg_summary *s, struct tg_buf *out);

/* TG_DATA: these bytes are no summary. */
enum tg_rc tg_summary_read(struct tg_arena *arena, struct tg_text bytes, struct tg_summary **out,
                           struct tg_err *err);

/* Values (ROWS: rows) that it was made of. */
uint64_t tg_summary_count(const struct tg_summary *s);

#endif
