/* Rows of the quarantine as they are, in the order of partition and offset, piece by piece: for
 * those who judge or copy all of them. */
#ifndef TG_PG_REJECTED_H
#define TG_PG_REJECTED_H

#include "core/pg/quarantine.h"

struct tg_rejected { /* borrowed for the visit */
  int32_t partition_id, part;
  int64_t offset, kafka_us; /* -1: the record has no time */
  uint32_t value_size;      /* as it came; larger than value.len when that was cut */
  struct tg_text key, value;
  const char *kafka_topic, *headers; /* headers: JSON [[name, value], ..], or NULL */
  /* what was said of it */
  const char *topic, *stage, *rule, *field, *reason, *issues, *generation, *status, *created_at,
      *attempts;
};

/* TG_FULL: this one is not taken, and no further one. */
typedef enum tg_rc tg_rejected_visit(void *self, const struct tg_rejected *r, struct tg_err *err);

struct tg_rejected_piece {
  const struct tg_quarantine_filter *filter;
  tg_rejected_visit *visit;
  void *self;
  uint32_t rows_max;
  size_t bytes_max; /* of keys, values and headers; one row there always is */
  bool lock;        /* the rows stay locked until the transaction ends; locked ones are left out */
  int32_t after_part; /* in, out: the row taken last; 0, -1 at first */
  int64_t after_offset;
  uint32_t rows; /* out: taken; 0 and TG_OK: there are no more */
};

/* Visits the next piece. Codes: the connection's, or visit's; TG_FULL only when it did not take the
 * first one. */
enum tg_rc tg_rejected_read(struct tg_pg *pg, struct tg_rejected_piece *piece, int64_t deadline_us,
                            struct tg_err *err);

#endif
