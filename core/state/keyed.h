/* Keyed state of one rule in one partition: what `s:count_within(..)` and its like remember.
 *
 *   rule "card_velocity", partition 3
 *     step 0  count_within   keytable: card -> times
 *     step 1  previous       keytable: card -> last value        one step per call in `check`
 *
 * An operation looks at the rows of a batch, segment by segment in offset order, and gives every
 * row what was known *before* it (or with it, where said), then remembers the row. Rows that are
 * not live, that `where` leaves out or whose key is null give null and leave no trace.
 *
 *   count_within  rows of the key with a time in (t - window, t], this one included
 *   sum_within    the sum of their values; whole numbers and numeric exactly
 *   previous      the key's last value that was not null
 *   largest, smallest   of the key's values before this row
 *   run           how many rows of the key, up to this one, had this value without another between
 *   seen          whether the key was seen at a smaller offset, not longer than `window` ago
 *   maybe_seen    the same in a few bits a key, wrongly true of one new key in so many (bloom.h)
 *   ordinal       1 for the key's first row
 *   age           time since the first row of all
 *
 * A window holds at most TG_KEYED_RING_MAX rows of a key exactly; beyond it the oldest are
 * forgotten, so that counts and sums stay at the newest TG_KEYED_RING_MAX and the row itself. Rows
 * may come late: each is counted at its own time, as long as that is within `keep` of the key's
 * newest.
 *
 * Results depend on the rows and their offsets alone, not on how batches cut them (keytable.h says
 * how bounds keep to that). Errors are those of op.h; TG_DATA: more keys than keys_max where the
 * rule wants an error. After an error the state is whatever was reached: begin again.
 * Pure; one thread at a time. */
#ifndef TG_STATE_KEYED_H
#define TG_STATE_KEYED_H

#include "core/data/batch.h"
#include "core/data/op.h"
#include "core/state/bloom.h"
#include "core/state/keytable.h"

enum {
  TG_KEYED_STEPS_MAX = 8,
  TG_KEYED_RING_MAX = 4096,  /* rows of a key in a window */
  TG_KEYED_TEXT_MAX = 4096,  /* bytes of a remembered text */
  TG_KEYED_COLUMNS_MAX = 16, /* of a key */
  TG_KEYED_KEYS_MAX = 10000000,
  TG_KEYED_BYTES_MAX = 256 << 20 /* of one rule in one partition */
};

/* (code, name); the numbers are part of what is saved: new ones at the end */
#define TG_KEYOP_LIST(X)                                                                           \
  X(TG_KEYOP_COUNT, "count_within")                                                                \
  X(TG_KEYOP_SUM, "sum_within")                                                                    \
  X(TG_KEYOP_PREVIOUS, "previous")                                                                 \
  X(TG_KEYOP_LARGEST, "largest")                                                                   \
  X(TG_KEYOP_SMALLEST, "smallest")                                                                 \
  X(TG_KEYOP_RUN, "run")                                                                           \
  X(TG_KEYOP_SEEN, "seen")                                                                         \
  X(TG_KEYOP_ORDINAL, "ordinal")                                                                   \
  X(TG_KEYOP_AGE, "age")                                                                           \
  X(TG_KEYOP_MAYBE, "maybe_seen")

enum tg_keyop {
#define X(code, name) code,
  TG_KEYOP_LIST(X)
#undef X
      TG_KEYOPS
};
const char *tg_keyop_name(enum tg_keyop op);

struct tg_keyed_conf {
  struct tg_keytable_limits limits; /* of each step */
  bool full_is_error;               /* a key too many is an error; nothing is pushed out */
  bool forget;                      /* every segment begins with nothing, and nothing is saved */
};

struct tg_keystep {
  enum tg_keyop op;
  struct tg_type type;      /* of the values remembered */
  struct tg_keytable table; /* not of MAYBE */
  struct tg_bloom bloom;    /* of MAYBE alone */
};

struct tg_keyed {
  struct tg_keyed_conf conf;
  uint64_t seed;
  struct tg_keystep steps[TG_KEYED_STEPS_MAX];
  uint32_t steps_count;
  bool open; /* an evaluation is under way; it began at `from` */
  int64_t from;
  bool changed;      /* a step began anew, because the rule asks for something else now */
  bool based;        /* the database has a base that deltas can follow */
  int64_t base_from; /* a base not committed yet, or -1 */
  size_t delta_bytes, base_bytes; /* written since the base; of the base */
  uint32_t deltas;
};

void tg_keystep_fini(struct tg_keystep *s);
void tg_keyed_init(struct tg_keyed *k, const struct tg_keyed_conf *conf, uint64_t seed);
void tg_keyed_fini(struct tg_keyed *k);

/* The state is that at offset `from` again, and a segment's evaluation begins. False without
 * memory. */
bool tg_keyed_begin(struct tg_keyed *k, int64_t from);
void tg_keyed_rollback(struct tg_keyed *k, int64_t from);
void tg_keyed_commit(struct tg_keyed *k, int64_t to);

/* One evaluation of a rule over a batch. */
struct tg_keyed_use {
  const struct tg_batch *b;
  struct tg_column *key[TG_KEYED_COLUMNS_MAX];
  uint32_t key_count;      /* 0: the partition is one key */
  const uint8_t *rows;     /* 1 per row that the rule looks at; NULL: every live one */
  struct tg_keyed **state; /* one per segment of b, each begun */
  uint32_t step;           /* number of the next operation; 0 at first */
  struct tg_text *keys;    /* made by the first operation, in its arena */
  uint8_t *nul;            /* why a row has no key */
};

/* times: a column of instants; NULL: the records' Kafka timestamps. window_us > 0; for seen 0: for
 * ever. */
struct tg_column *tg_keyed_count(struct tg_keyed_use *u, struct tg_op *op, struct tg_column *times,
                                 int64_t window_us);
struct tg_column *tg_keyed_sum(struct tg_keyed_use *u, struct tg_op *op, struct tg_column *values,
                               struct tg_column *times, int64_t window_us);
struct tg_column *tg_keyed_seen(struct tg_keyed_use *u, struct tg_op *op, struct tg_column *times,
                                int64_t window_us);
/* fpp: the share of new keys that may be taken for seen. TG_CONFIG: impossible, or the rule wants
 * an error for a key too many, which filters cannot tell. */
struct tg_column *tg_keyed_maybe(struct tg_keyed_use *u, struct tg_op *op, struct tg_column *times,
                                 int64_t window_us, double fpp);
/* PREVIOUS, LARGEST, SMALLEST: a column of c's type; RUN: bigint. */
struct tg_column *tg_keyed_value(struct tg_keyed_use *u, struct tg_op *op, enum tg_keyop what,
                                 struct tg_column *c);
struct tg_column *tg_keyed_ordinal(struct tg_keyed_use *u, struct tg_op *op);
struct tg_column *tg_keyed_age(struct tg_keyed_use *u, struct tg_op *op, struct tg_column *times);

#endif
