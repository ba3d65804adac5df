/* Which keys were probably seen within a window, in a few bits a key: rotating Bloom filters.
 *
 *      [ oldest    ][ middle    ][ newest ..   ]       each takes keys for half a window
 *      newest_us <= clock - window: it leaves          or until keys_max / 2 are in it
 *
 * A key goes into the filter of its time, and was seen when any filter has it whose newest time is
 * within the window. No key seen within the window is missed: a filter leaves when all of it is
 * older, so that three are in use at a time. The price: a key may be found for half a window
 * longer than the window, one that came late for a whole one; what is later than the window goes
 * to the clock's filter. A fourth is for times beyond the clock. When all are full the oldest
 * leaves early, its keys are counted as evicted; the newest keys_max keys are always there. Events
 * from the future push out others like them, not what is of today.
 *
 * A key that was never seen is taken for a seen one with a probability of at most fpp: each filter
 * has fpp / 4 when it is full, with log2(4 / fpp) / ln 2 bits a key and log2(4 / fpp) hash
 * functions (B. Bloom 1970), which are h + i h' of one hash (Kirsch, Mitzenmacher: Less hashing,
 * same performance, 2006). Which keys these are depends on the keys alone: the hash has no seed,
 * as every process and every owner of the partition must find the same. Who may choose keys can
 * make some that are taken for seen.
 *
 * Changes can be taken back, as those of a table of keys (keytable.h): a log tells which bits each
 * key has set first; filters that left are kept until what dropped them is final.
 *
 * As bytes (codec.h): keys_max, fpp, clock, evicted, made, count of filters, and of each filter
 *   number | start | newest | keys | in a base: bytes, the set bits as varints of the distance to
 *   the bit before, or all words when that is shorter (a flag tells); in a delta: how many hashes,
 *   each hash of a key that set bits since begin
 * A base and the deltas behind it give the same bits. Pure; one thread at a time. */
#ifndef TG_STATE_BLOOM_H
#define TG_STATE_BLOOM_H

#include "core/base/buf.h"
#include "core/base/text.h"

#define TG_BLOOM_FPP_MIN 1e-6
#define TG_BLOOM_FPP_MAX 0.1

enum { TG_BLOOM_FILTERS = 4, TG_BLOOM_KEYS_MAX = 10000000 };

struct tg_bloom_filter {
  uint64_t number; /* counted from 1 */
  int64_t start_us, newest_us;
  uint64_t keys;   /* that set a bit */
  uint64_t *words; /* owned */
};

struct tg_bloom_overlay {
  int64_t from;
  size_t log_at;
  struct tg_bloom_filter filters[TG_BLOOM_FILTERS];
  uint32_t count;
  int64_t clock_us;
  uint64_t evicted, made;
};

struct tg_bloom {
  uint32_t keys_max;
  double fpp;
  int64_t window_us;          /* 0: for ever */
  uint32_t hashes, keys_each; /* of one filter */
  uint64_t bits;
  struct tg_bloom_filter filters[TG_BLOOM_FILTERS]; /* by their start */
  uint32_t count;
  int64_t clock_us; /* the largest time so far */
  uint64_t evicted, made;
  bool touched; /* since begin */
  struct tg_buf log;
  struct tg_bloom_overlay *overlays;
  uint32_t overlays_count, overlays_size;
};

/* keys_max: 1 .. TG_BLOOM_KEYS_MAX; fpp: TG_BLOOM_FPP_MIN .. TG_BLOOM_FPP_MAX. Takes no memory. */
void tg_bloom_init(struct tg_bloom *b, uint32_t keys_max, double fpp, int64_t window_us);
void tg_bloom_fini(struct tg_bloom *b);

/* As those of a table of keys. */
bool tg_bloom_begin(struct tg_bloom *b, int64_t from);
void tg_bloom_rollback(struct tg_bloom *b, int64_t from);
void tg_bloom_commit(struct tg_bloom *b, int64_t to);

/* Tells whether the key was probably seen less than a window before us, and remembers it. now_us:
 * not later than us; moves the clock when it is later. False without memory. */
bool tg_bloom_meet(struct tg_bloom *b, struct tg_text key, int64_t us, int64_t now_us, bool *seen);

/* Bytes of all filters. */
size_t tg_bloom_bytes(const struct tg_bloom *b);
uint64_t tg_bloom_keys(const struct tg_bloom *b);

/* Appends all of b, or what changed since begin. */
void tg_bloom_save(const struct tg_bloom *b, bool all, struct tg_buf *out);
/* Makes b what a base says, or applies a delta; no overlay may be open. TG_DATA: not such bytes;
 * TG_RETRY: no memory. b can only be given up then. */
enum tg_rc tg_bloom_load(struct tg_bloom *b, bool all, struct tg_text bytes);

#endif
