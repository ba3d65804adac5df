/* Rows that were loaded with issues (`_issues`), until somebody has looked at them.
 *
 *   target table: _issues is not null   -   tidegate.review: accepted by whom, when, why
 *
 * The rows are found by a partial index on (_part, _offset), which is the user's to have
 * (tg_review_index()): every load pays for it. Without one small tables are read as a whole, large
 * ones are refused. The table's rows are never changed.
 * Results are read with tg_pg_rows(), tg_pg_value() and tg_pg_column(). */
#ifndef TG_PG_REVIEW_H
#define TG_PG_REVIEW_H

#include "core/data/topic.h"
#include "core/pg/conn.h"

enum { TG_REVIEW_SCAN_ROWS = 100000 }; /* a larger table needs the index, or `scan` */

struct tg_review_filter {
  const char *pipeline;
  const struct tg_topic *topic; /* with provenance */
  const char *rule;             /* id, or NULL */
  const char *since;            /* an interval: the offsets committed since, or NULL */
  const char *parts, *offsets;  /* of the rows' ids: array literals, or NULL */
  uint32_t limit;               /* 0: all */
  bool scan;                    /* reads a large table as a whole */
};

/* The queue, by id: id, topic, kafka_topic, part, offset, issues. TG_CONFIG: the table is large and
 * has no index, or `since` is no interval. */
enum tg_rc tg_review_list(struct tg_pg *pg, const struct tg_review_filter *f, int64_t deadline_us,
                          struct tg_err *err);

/* The rows of the filter's ids, accepted or not: as above, then row (JSON), reviewed_at, reviewer,
 * reason. */
enum tg_rc tg_review_show(struct tg_pg *pg, const struct tg_review_filter *f, int64_t deadline_us,
                          struct tg_err *err);

struct tg_review_mark {
  const char *user, *reason;
  const char *verb; /* out: for the journal */
  uint64_t count;   /* out: rows */
};

/* Takes the rows of the filter out of the queue, and puts it down in the journal, in one
 * transaction. */
enum tg_rc tg_review_accept(struct tg_pg *pg, const struct tg_review_filter *f,
                            struct tg_review_mark *mark, int64_t deadline_us, struct tg_err *err);

/* Puts the rows of the filter's ids back. */
enum tg_rc tg_review_reopen(struct tg_pg *pg, const struct tg_review_filter *f,
                            struct tg_review_mark *mark, int64_t deadline_us, struct tg_err *err);

/* Makes the index without blocking loads; one that is there already is fine. */
enum tg_rc tg_review_index(struct tg_pg *pg, const struct tg_topic *topic, int64_t deadline_us,
                           struct tg_err *err);

#endif
