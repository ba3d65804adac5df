/* The breaker of a topic as PostgreSQL keeps it: tidegate.breaker and its ranges. What it does next
 * is decided elsewhere (core/flow/breaker.h); loads look at it in advance (TG002).
 *
 *   begin (the row is locked)   write | cut | decide | clear ..   the caller's COMMIT
 *
 * Times: microseconds since 1970 by the server's clock, 0 = null. */
#ifndef TG_PG_BREAKERROW_H
#define TG_PG_BREAKERROW_H

#include "core/pg/conn.h"

struct tg_breakerrow {
  char topic[250]; /* the script's name */
  char state[16], before[16];
  int64_t now_us; /* out: the server's clock */
  int64_t since_us, cooldown_us, probe_us, hold_until_us;
  bool changed;
  uint32_t failures;
  char reason[512], rule[160], generation[65]; /* of what opened it */
  char hold_by[64], hold_reason[256];
};

struct tg_breakerrow_key {
  const char *pipeline, *topic;
  int64_t deadline_us;
};

/* Reads the row and locks it until the transaction ends, which the caller has begun; a topic
 * without one gets one that is closed. */
enum tg_rc tg_breakerrow_lock(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                              struct tg_breakerrow *row, struct tg_err *err);
/* Reads it; a topic without one is closed. */
enum tg_rc tg_breakerrow_read(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                              struct tg_breakerrow *row, struct tg_err *err);
/* evidence: JSON; NULL: what there is stays. */
enum tg_rc tg_breakerrow_write(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                               const struct tg_breakerrow *row, const char *evidence,
                               struct tg_err *err);

/* False: no set of scripts of the pipeline ever had such a topic. */
enum tg_rc tg_breakerrow_known(struct tg_pg *pg, const struct tg_breakerrow_key *key, bool *known,
                               struct tg_err *err);

/* Every breaker of a pipeline that is not closed. */
typedef void tg_breakerrow_visit(void *self, const struct tg_breakerrow *row);
enum tg_rc tg_breakerrow_list(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                              tg_breakerrow_visit *visit, void *self, struct tg_err *err);

/* --- ranges --- */

enum tg_range_verdict { TG_RANGE_NONE, TG_RANGE_ACCEPT, TG_RANGE_QUARANTINE, TG_RANGE_WHOLE };
const char *tg_range_verdict_name(enum tg_range_verdict verdict); /* "accept" ..; NONE: NULL */

struct tg_range { /* of one partition */
  int32_t partition_id, partition;
  int64_t from, to;
  uint32_t cut; /* those of one number were one batch */
  enum tg_range_verdict verdict;
  char decided_by[48];
  bool at_end;   /* nothing is left behind it that could be tried */
  int64_t next;  /* out of list: the chain's end */
  int64_t tried; /* out of list: rows committed behind it */
  char kafka_topic[250];
};

enum { TG_RANGES_MAX = 10000 }; /* of one topic that are looked at */

/* Adds the ranges of a batch; count 0: an empty one at the end of every partition of the Kafka
 * topics. */
struct tg_breakerrow_cut {
  const struct tg_range *ranges;
  uint32_t count;
  const struct tg_text *kafka;
  uint32_t kafka_count;
};
enum tg_rc tg_breakerrow_cut(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                             const struct tg_breakerrow_cut *cut, struct tg_err *err);

/* The ranges in *out (malloc'd, the caller's; NULL when there are none), by cut and partition. */
enum tg_rc tg_breakerrow_ranges(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                                struct tg_range **out, uint32_t *count, struct tg_err *err);

/* Gives all ranges that are not through this verdict. */
enum tg_rc tg_breakerrow_decide(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                                enum tg_range_verdict verdict, const char *by, struct tg_err *err);
/* Notes that these partitions stand at their end behind their ranges. ids: "{3,7}". */
enum tg_rc tg_breakerrow_at_end(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                                const char *ids, struct tg_err *err);
enum tg_rc tg_breakerrow_clear(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                               struct tg_err *err);

#endif
