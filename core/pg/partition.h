/* Partitions as an operator sees and changes them: where each chain stands, a new beginning,
 * another name. What changes a row takes its claim away in the same statement: a process that
 * reads the partition is fenced by its next load, claims again and finds what was changed. Results
 * are read with tg_pg_rows(), tg_pg_value() and tg_pg_column(). */
#ifndef TG_PG_PARTITION_H
#define TG_PG_PARTITION_H

#include "core/pg/conn.h"

struct tg_partition_of {
  const char *pipeline;
  const char *cluster_id; /* list: NULL: every one; restart: not looked at */
  const char *topic;      /* Kafka's; NULL: every one */
  const char *part;       /* a number as text; NULL: every one */
};

/* Rows: topic, part, incarnation, partition_id, cluster_id, first_offset, next_offset, gaps,
 * owner, released, claimed_at. */
enum tg_rc tg_partition_list(struct tg_pg *pg, const struct tg_partition_of *of,
                             int64_t deadline_us, struct tg_err *err);

/* Begins the next incarnation of these partitions: they are read from Kafka's first record on,
 * under new ids. What the old ones loaded stays. Rows: topic, part, incarnation. */
enum tg_rc tg_partition_restart(struct tg_pg *pg, const struct tg_partition_of *of,
                                int64_t deadline_us, struct tg_err *err);

/* The chains of from->topic under from->pipeline and from->cluster_id become those of to->pipeline
 * and to->cluster_id. Rows: part, incarnation, next_offset. TG_CONFIG: the new owner has chains of
 * that topic already. */
enum tg_rc tg_partition_adopt(struct tg_pg *pg, const struct tg_partition_of *from,
                              const struct tg_partition_of *to, int64_t deadline_us,
                              struct tg_err *err);

#endif
