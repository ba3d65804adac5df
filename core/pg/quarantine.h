/* Reading the quarantine, and what is decided about its rows. Results are read with tg_pg_rows(),
 * tg_pg_value() and tg_pg_column(); bytea values come as text where they are UTF-8, else as \x and
 * hex.
 *
 *   new -> replayed    judged again and loaded, dropped or late (replay.h); for good
 *   new -> discarded   by an operator, and back (tg_quarantine_move)
 *
 * The id of a row is _part:_offset, the columns of the row that it would have become. */
#ifndef TG_PG_QUARANTINE_H
#define TG_PG_QUARANTINE_H

#include "core/pg/query.h"

enum { TG_QUARANTINE_LIMIT_MAX = 10000, TG_QUARANTINE_EXPIRE_MAX = 5000 };

struct tg_quarantine_filter { /* NULL or 0: any */
  const char *pipeline;
  const char *topic; /* the script's name */
  const char *rule, *stage, *status;
  const char *match;           /* in the reason */
  const char *since;           /* anything that PostgreSQL takes as an interval: "2 hours" */
  const char *parts, *offsets; /* of the rows' ids: array literals of the same length */
  uint32_t attempts_below;     /* replayed fewer times in vain */
  uint32_t limit;              /* rows; list and count: at most TG_QUARANTINE_LIMIT_MAX */
};

/* Newest first: id, created_at, topic, kafka_topic, part, offset, stage, rule, field, reason,
 * status, attempts, value_size. TG_CONFIG when `since` is no interval. */
enum tg_rc tg_quarantine_list(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                              int64_t deadline_us, struct tg_err *err);

/* The same filter counted: topic, stage, rule, field, rows, newest; most rows first. */
enum tg_rc tg_quarantine_count(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                               int64_t deadline_us, struct tg_err *err);

struct tg_quarantine_key { /* one event: by its id, or as Kafka names it */
  const char *pipeline;
  const char *kafka_topic; /* NULL: part is _part of the id */
  int32_t part;
  int64_t offset;
};

/* Everything about one event: the columns of list, then issues, headers, key, value, kafka_ts,
 * generation, partition_id. No row: it is not in the quarantine. */
enum tg_rc tg_quarantine_show(struct tg_pg *pg, const struct tg_quarantine_key *key,
                              int64_t deadline_us, struct tg_err *err);

struct tg_quarantine_move {
  const char *from, *to;     /* status: new and discarded, or the other way round */
  const char *verb;          /* for the journal: "discarded" */
  const char *user, *reason; /* who, why */
};
/* Moves the rows of filter (its status is not looked at, its limit is) and puts it down in the
 * journal, in one transaction; rows that a replay has locked just now are left out. *moved: how
 * many. */
enum tg_rc tg_quarantine_move(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                              const struct tg_quarantine_move *move, uint64_t *moved,
                              int64_t deadline_us, struct tg_err *err);

/* Removes rows that were replayed or discarded longer than keep_us ago, up to
 * TG_QUARANTINE_EXPIRE_MAX of them. *rows: how many. */
enum tg_rc tg_quarantine_expire(struct tg_pg *pg, const char *pipeline, int64_t keep_us,
                                uint64_t *rows, int64_t deadline_us, struct tg_err *err);

/* Appends " WHERE .." for rows of tidegate.quarantine, or of tidegate.rejected, named q. */
void tg_quarantine_where(struct tg_query *q, const struct tg_quarantine_filter *filter);

#endif
