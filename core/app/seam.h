/* The seam between what the ledger has and what Kafka gives now. At a claim reading begins one
 * record early: the record that the ledger's last row names is read again, compared, and dropped.
 *
 *   ledger   .. last record @41 | [next = 45)          42..44 were invisible: control, aborted
 *   Kafka    .. @41 same time, same CRC                 the seam holds: go on at 45
 *            .. @41 another time or CRC, or @43         torn: truncated, or another topic
 *            .. @45 or later comes first                unknown: @41 was compacted or deleted
 *            .. nothing; only first offset and end      tg_seam_marks() decides
 *
 * Pure: no clock, no I/O. */
#ifndef TG_APP_SEAM_H
#define TG_APP_SEAM_H

#include "core/data/batch.h"

struct tg_seam {
  int64_t offset; /* of the ledger's last record; -1: nothing to compare */
  int64_t us;     /* its Kafka time; -1: it had none */
  uint32_t crc;   /* of its key and value, as far as they were kept */
};

enum tg_seam_is {
  TG_SEAM_HOLDS,   /* the record is the one: drop it, go on */
  TG_SEAM_UNKNOWN, /* the record is not there any more; this one is new */
  TG_SEAM_TORN     /* the ledger has other records than this log */
};

/* e: the first record that came. next: the chain's end. */
enum tg_seam_is tg_seam_record(const struct tg_seam *s, int64_t next, const struct tg_event *e);

enum tg_marks_say {
  TG_MARKS_GO_ON,    /* what comes next is there, or will come */
  TG_MARKS_GAP,      /* records from next to low were deleted before they were read */
  TG_MARKS_TRUNCATED /* the log ends before what was loaded */
};

/* low, high: first offset and end of the partition, asked from the broker. */
enum tg_marks_say tg_seam_marks(int64_t next, int64_t low, int64_t high);

#endif
