/* The partitions a lane holds, by slot: where each stands on its way from Kafka to the ledger.
 *
 *   committed <= sealed <= next        offsets, always "next to read"
 *   |            |         `- behind the last event taken from Kafka
 *   |            `- end of the last segment handed to the writer: the next segment's `from`
 *   `- the chain's end in PostgreSQL, as far as the lane knows
 *
 * The table is made anew with every assignment (eager: everything is revoked first). An epoch
 * numbers the reading of a partition from one assign on: what was read before a rewind carries
 * the older epoch and is void.
 * Thread: the worker. */
#ifndef TG_APP_PARTS_H
#define TG_APP_PARTS_H

#include "core/app/logmeter.h"
#include "core/app/seam.h"
#include "core/kafka/consumer.h"
#include "core/pg/state.h"

enum tg_part_state {
  TG_PART_NEW,     /* assigned by the group, not claimed yet */
  TG_PART_READING, /* claimed, offsets known */
  TG_PART_DOUBT,   /* claimed; Kafka may lack what comes next: asked after retry_us */
  TG_PART_FENCED,  /* somebody else claimed it: claim again after retry_us */
  TG_PART_HALTED   /* the operator must act; looked at again after retry_us */
};

struct tg_part {
  char topic[TG_TOPIC_BYTES_MAX + 1];
  int32_t partition;
  int32_t topic_index; /* of the program's topics, -1: no script reads it */
  enum tg_part_state state;
  bool held;             /* it is not read now: paused */
  bool alerted;          /* an alert says that it is halted */
  bool barred;           /* its topic is held */
  bool trying;           /* its topic's breaker is half open, and this is its range (probe.h) */
  struct tg_range range; /* of it */
  int64_t limit;         /* events from here on are read later; INT64_MAX: none */
  int32_t partition_id;
  int64_t claim_id;
  uint32_t epoch;      /* of the reading it is in */
  uint32_t void_epoch; /* segments of this epoch or older were dropped already */
  int64_t committed, sealed, next;
  int64_t fresh_us;           /* wall: the newest loaded record's, or when it was the end */
  struct tg_seam seam;        /* offset -1: passed, or nothing to compare */
  int64_t eof;                /* end of partition seen at this offset, or -1 */
  int64_t idle_us;            /* monotonic: last event or seal */
  int64_t retry_us;           /* monotonic: DOUBT, FENCED, HALTED: when to act */
  bool careful;               /* processes ended on its data: its records are tried alone */
  uint32_t piece;             /* careful: at most so many of them together; 0: any */
  int64_t careful_to;         /* careful until the chain is here; -1: until it moves */
  int64_t refused_to;         /* records below this offset ended processes; 0: none did */
  uint32_t fences;            /* times fenced since it was assigned */
  struct tg_stateset *memory; /* what its rules remember; owned, NULL until it is READING */
  struct tg_metric *consumed, *bytes, *lag, *lag_s;
  struct tg_logmetrics log;
};

struct tg_parts {
  struct tg_part *list; /* owned */
  uint32_t count, size;
  uint32_t epoch; /* the newest handed out */
  uint32_t alone; /* slot of the one careful partition that is read now, plus one; 0: none */
};

/* True when the partition must wait: another one is tried alone, or its own turn has not come. */
static inline bool tg_part_waits(const struct tg_parts *p, uint32_t slot)
{
  return p->alone ? p->alone != slot + 1 : p->list[slot].careful;
}

/* What of the partition is not loaded yet: records, and microseconds that they may be late. The
 * last loaded record's age is too much for a partition that was silent: they came after it was last
 * loaded to its end. high: its end, -1: not known; now_us: wall. False, and nothing: not known. */
bool tg_part_lag(struct tg_part *p, int64_t high, int64_t now_us, int64_t *records, int64_t *us);

void tg_parts_fini(struct tg_parts *p);

/* Forgets all partitions. */
void tg_parts_clear(struct tg_parts *p);

/* Replaces the table by what the group assigned. False without memory: the table is empty. */
bool tg_parts_reset(struct tg_parts *p, const struct tg_topart *assigned, uint32_t count);

/* True when the lane holds a claim on it. */
static inline bool tg_part_claimed(const struct tg_part *p)
{
  return p->state == TG_PART_READING || p->state == TG_PART_DOUBT || p->state == TG_PART_HALTED;
}

/* Gives every partition the number of its topic in the program. */
void tg_parts_bind(struct tg_parts *p, const struct tg_topic *const *topics, uint32_t count);

/* Back to the end of what was handed over, under a new epoch: for everything that is read again. */
void tg_parts_rewind(struct tg_parts *p);

/* The list to assign: every partition that is READING, paused when its topic is held; from the
 * seam's record on while that is not passed. out holds p->count entries. */
uint32_t tg_parts_assignment(const struct tg_parts *p, struct tg_topart *out);

/* Number of the topic in the program that reads this Kafka topic, or -1. */
int32_t tg_parts_topic(const struct tg_topic *const *topics, uint32_t count,
                       const char *kafka_topic);

#endif
