/* tidegate.outbox: what loads have committed for Kafka (loader_outbox.c writes it), on its way
 * there. Whoever emits a partition notes its transactional id in tidegate.partition.relay, so that
 * a successor can end what a dead one has begun (docs/EXACTLY_ONCE.md, "Outputs"). */
#ifndef TG_PG_OUTBOX_H
#define TG_PG_OUTBOX_H

#include "core/base/buf.h"
#include "core/pg/conn.h"

enum { TG_RELAY_ID_BYTES_MAX = 255 };

struct tg_outgoing { /* a claimed partition, as its relay sees it */
  int32_t partition_id;
  int64_t claim_id;
  int64_t out;   /* in for ends: everything before it is in Kafka */
  int64_t end;   /* out of ends: the end of its chain */
  int64_t start; /* out of ends: where the segment begins that `out` lies in */
  bool pending;  /* out of ends: the outbox has records of segments in [start, end) */
};

/* The transactional ids under which somebody emits or emitted those of these partitions whose claim
 * is still the one given, once each, with their NULs, into ids; ours may be one. */
enum tg_rc tg_outbox_formers(struct tg_pg *pg, const struct tg_outgoing *parts, uint32_t count,
                             struct tg_buf *ids, int64_t deadline_us, struct tg_err *err);

/* Of the partitions whose claim is still the one given: take notes `mine` as their relay; let_go
 * notes '' where it is `mine`. (Another lane of the process may have claimed one meanwhile and emit
 * it under the same name.) */
enum tg_rc tg_outbox_take(struct tg_pg *pg, const struct tg_outgoing *parts, uint32_t count,
                          const char *mine, int64_t deadline_us, struct tg_err *err);
enum tg_rc tg_outbox_let_go(struct tg_pg *pg, const struct tg_outgoing *parts, uint32_t count,
                            const char *mine, int64_t deadline_us, struct tg_err *err);

/* Fills end, start and pending of all. Of partitions that somebody else has claimed meanwhile
 * nothing is due: end = out. */
enum tg_rc tg_outbox_ends(struct tg_pg *pg, struct tg_outgoing *parts, uint32_t count,
                          int64_t deadline_us, struct tg_err *err);

struct tg_outbox_row { /* a piece */
  int64_t from;        /* of its segment */
  int32_t piece;
  const char *generation; /* borrowed until the next statement */
  struct tg_text data;    /* packed records (core/data/emitted.h); borrowed for the call */
};

/* Pages through the pieces of a partition's segments in [p->start, p->end), in order: those behind
 * *after (from, piece), at most a few. TG_AGAIN of visit ends the page early and is passed on.
 * *last: the page was the last one. */
typedef enum tg_rc tg_outbox_visit(void *self, const struct tg_outbox_row *row, struct tg_err *err);
struct tg_outbox_page {
  const struct tg_outgoing *part;
  int64_t from; /* in: begin behind this piece (from = part->start, piece = -1 at first); out */
  int32_t piece;
  bool last;
  tg_outbox_visit *visit;
  void *self;
};
enum tg_rc tg_outbox_read(struct tg_pg *pg, struct tg_outbox_page *page, int64_t deadline_us,
                          struct tg_err *err);

/* Deletes the segments that end at or before `out`. */
enum tg_rc tg_outbox_delete(struct tg_pg *pg, const struct tg_outgoing *parts, uint32_t count,
                            int64_t deadline_us, struct tg_err *err);

#endif
