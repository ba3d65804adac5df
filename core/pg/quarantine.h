/* Reading the quarantine. Results are read with tg_pg_rows(), tg_pg_value() and tg_pg_column();
 * bytea values come as text where they are UTF-8, else as \x and hex. */
#ifndef TG_PG_QUARANTINE_H
#define TG_PG_QUARANTINE_H

#include "core/pg/conn.h"

enum { TG_QUARANTINE_LIMIT_MAX = 10000 };

struct tg_quarantine_filter { /* NULL or 0: any */
  const char *pipeline;
  const char *topic; /* the script's name */
  const char *rule, *stage, *status;
  const char *since; /* anything that PostgreSQL takes as an interval: "2 hours", "1 day" */
  uint32_t limit;    /* rows, at most TG_QUARANTINE_LIMIT_MAX, which is also the default */
};

/* Newest first: created_at, topic, kafka_topic, part, offset, stage, rule, field, reason, status,
 * attempts, value_size. TG_CONFIG when `since` is no interval. */
enum tg_rc tg_quarantine_list(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                              int64_t deadline_us, struct tg_err *err);

/* The same filter counted: topic, stage, rule, field, rows, newest; most rows first. */
enum tg_rc tg_quarantine_count(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                               int64_t deadline_us, struct tg_err *err);

struct tg_quarantine_key { /* one event, as Kafka names it */
  const char *pipeline, *kafka_topic;
  int32_t part;
  int64_t offset;
};

/* Everything about one event: the columns of list, then issues, headers, key, value, kafka_ts,
 * generation, partition_id. No row: it is not in the quarantine. */
enum tg_rc tg_quarantine_show(struct tg_pg *pg, const struct tg_quarantine_key *key,
                              int64_t deadline_us, struct tg_err *err);

#endif
