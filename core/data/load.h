/* A load is one PostgreSQL transaction: one batch per topic of a lane, at most rows_max events
 * and bytes_max bytes together. It is recycled: its arena keeps the memory of the largest load
 * seen.
 *
 *   worker: open -> add -> seal, decode, transform, judge --- hand over ---> writer: COPY, COMMIT
 *             ^-------------------------- hand back ------------------------------'
 *
 * Rows that must not be written again (fenced segments, held topics, rows that PostgreSQL
 * refused) are marked in place (segment.gone, batch.held, fates) and the rest is encoded again. */
#ifndef TG_DATA_LOAD_H
#define TG_DATA_LOAD_H

#include "core/base/buf.h"
#include "core/data/batch.h"

struct tg_load {
  struct tg_arena arena;
  struct tg_batch
      *batches; /* one per topic of the program; room for batches_max of them, on the heap */
  uint32_t
      *rows_before; /* per batch: rows in the previous load, the size the next one starts with */
  uint32_t batches_count, batches_max;
  size_t
      bytes_later; /* an estimate of what decode, seal and reasons will need for the rows so far */
  uint32_t rows, rows_max;
  void *program;          /* the program that judged it; the lane's business */
  const char *generation; /* its sha256, 64 hex digits; borrowed from the program */
  int64_t opened_us;      /* monotonic; when the first event came */
  uint64_t number;        /* per lane, ascending */
  struct tg_buf states;   /* what the rules of its segments remember, row by row */
};

/* bytes_max caps the arena: raw events, columns, reasons. It must hold the largest event twice and
 * more. */
enum tg_rc tg_load_init(struct tg_load *l, uint32_t rows_max, size_t bytes_max, struct tg_err *err);
void tg_load_fini(struct tg_load *l);

/* Empties the load for count topics (borrowed). TG_FATAL without memory. */
enum tg_rc tg_load_open(struct tg_load *l, const struct tg_topic *const *topics, uint32_t count);

/* The program has changed while the load was being filled: its events, none of them sealed, stay
 * where they are and are other topics' from now on: batch i's those of topic now[i]. No two batches
 * may become one. TG_FATAL without memory: it is good for tg_load_open() only. */
enum tg_rc tg_load_turn(struct tg_load *l, const struct tg_topic *const *topics, uint32_t count,
                        const uint32_t *now);

/* What a rule remembers of a segment: all of it (base), or what the segment changed. */
struct tg_load_state {
  uint32_t batch, segment; /* numbers of them in the load */
  bool base;
  struct tg_text rule, declared; /* the rule's id, the hash of its declaration */
  struct tg_text bytes;
};
/* Appends a row, copied; it lives until the load is opened again. False without memory. */
bool tg_load_state_add(struct tg_load *l, const struct tg_load_state *row);
/* Reads the row at *at (0 at first) and moves on; false at the end. */
bool tg_load_state_next(const struct tg_load *l, size_t *at, struct tg_load_state *out);

/* Appends an event to the batch of topic number `topic`. TG_FULL: hand the load over first; it
 * is unchanged. Events are refused before the cap, where decoding those that are in would need
 * the rest of it. A TG_FULL of an empty load means that the event does not fit at all. opened_us
 * stays the caller's to set. */
enum tg_rc tg_load_add(struct tg_load *l, uint32_t topic, const struct tg_event *event);

#endif
