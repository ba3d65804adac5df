/* tidegate.window, summary and cell: what lanes measured, and who judges it (docs/POSTGRES.md).
 *
 *   tg_window_begin     BEGIN, and the lock of the topic's row: the lease. Nobody waits for it
 *   tg_window_progress  how far the partitions are
 *   tg_window_take      all pieces of the topic leave the table ..
 *   tg_window_put       .. and those whose window is not over go back, merged
 *   tg_window_tell      rows of tidegate.verdict
 *   tg_window_end       COMMIT: pieces, verdicts, cells and breaker move together
 *
 * A process that dies or stops in between loses the lock with its session, and nothing has
 * happened. Loads write the pieces (loader_copy.c). */
#ifndef TG_PG_WINDOW_H
#define TG_PG_WINDOW_H

#include "core/base/buf.h"
#include "core/pg/conn.h"

struct tg_window_topic {
  const char *pipeline, *topic; /* the script's name */
  const struct tg_text *kafka;  /* the Kafka topics it reads */
  uint32_t kafka_count;
  int64_t deadline_us; /* monotonic, of each call */
};

/* Wall clocks are the server's: it is one for all processes, and runs before any event came. */
struct tg_window_lease {
  int64_t closed_us; /* windows that ended by then were judged; INT64_MIN: none was */
  int64_t since_us;  /* wall clock: when the pipeline first looked at the topic */
  int64_t now_us;    /* wall clock */
};

/* TG_AGAIN: somebody else holds the lease. */
enum tg_rc tg_window_begin(struct tg_pg *pg, const struct tg_window_topic *t,
                           struct tg_window_lease *lease, struct tg_err *err);

/* One partition's progress; INT64_MIN: not known. None that was never claimed. */
typedef void tg_window_progress_visit(void *self, int64_t newest_us, int64_t moved_us,
                                      int64_t event_us);
enum tg_rc tg_window_progress(struct tg_pg *pg, const struct tg_window_topic *t,
                              tg_window_progress_visit *visit, void *self, struct tg_err *err);

/* What of a rule waits to be judged, and when it was judged. */
struct tg_window_pending {
  struct tg_text rule;      /* borrowed for the call */
  uint32_t open;            /* windows */
  uint32_t fresh;           /* pieces that nobody merged yet */
  int64_t start_us, end_us; /* of the oldest window; INT64_MIN: there is none */
  int64_t judged_us;        /* wall clock of its newest judgement; INT64_MIN: never */
};
typedef void tg_window_pending_visit(void *self, const struct tg_window_pending *p);
enum tg_rc tg_window_pending(struct tg_pg *pg, const struct tg_window_topic *t,
                             tg_window_pending_visit *visit, void *self, struct tg_err *err);

/* One piece; texts and bytes are borrowed for the call. A code other than TG_OK ends the visit. */
struct tg_window_piece {
  struct tg_text rule, data;
  int64_t start_us, over_us;
};
typedef enum tg_rc tg_window_visit(void *self, const struct tg_window_piece *piece,
                                   struct tg_err *err);
enum tg_rc tg_window_take(struct tg_pg *pg, const struct tg_window_topic *t, tg_window_visit *visit,
                          void *self, struct tg_err *err);
enum tg_rc tg_window_put(struct tg_pg *pg, const struct tg_window_topic *t,
                         const struct tg_window_piece *piece, struct tg_err *err);

/* What is kept of a rule between judgements. */
struct tg_window_cell {
  struct tg_text data; /* what it remembers; borrowed */
  int64_t judged_us;   /* wall clock of its newest judgement; INT64_MIN: it is new */
  char told[24];       /* by the clock: verdict and level told last */
};

/* Appends what the rule remembers to out, where cell->data lies then. */
enum tg_rc tg_window_recall(struct tg_pg *pg, const struct tg_window_topic *t, const char *rule,
                            struct tg_buf *out, struct tg_window_cell *cell, struct tg_err *err);
enum tg_rc tg_window_remember(struct tg_pg *pg, const struct tg_window_topic *t, const char *rule,
                              const struct tg_window_cell *cell, struct tg_err *err);

/* Writes the notes of a list (verdictlist.h) and empties it. */
enum tg_rc tg_window_tell(struct tg_pg *pg, const struct tg_window_topic *t, const char *generation,
                          struct tg_buf *list, struct tg_err *err);

/* COMMIT with the new watermark (INT64_MIN: as it was). */
enum tg_rc tg_window_end(struct tg_pg *pg, const struct tg_window_topic *t, int64_t closed_us,
                         struct tg_err *err);
void tg_window_rollback(struct tg_pg *pg, const struct tg_window_topic *t);

#endif
