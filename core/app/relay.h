/* The relay: the thread that brings what loads have committed for Kafka (tidegate.outbox) there.
 *
 *   lane's worker: the partitions it holds, its member of the group ---> relay
 *   outbox of a partition, in order ---> one Kafka transaction a lane: records + group's offsets
 *                                        ---> outbox emptied
 *
 * The group's committed offset of a partition says: everything before it is out. It moves over
 * ranges that emitted nothing too. Behind the ledger: the outbox has the rest. Ahead of it (the
 * database went back): what is judged again below it is not emitted again. After any failure the
 * producer is made anew, and the offsets are read again. docs/EXACTLY_ONCE.md, "Outputs".
 *
 * Sleeps while hub->emits is false. Thread: start and stop main; tell, let_go and nudge any. */
#ifndef TG_APP_RELAY_H
#define TG_APP_RELAY_H

#include "core/app/hub.h"

struct tg_relay;

/* Starts the thread and sets hub->relay. */
enum tg_rc tg_relay_start(struct tg_hub *hub, struct tg_err *err);

/* When the lanes have stopped: waits for the thread, frees everything. NULL is fine. */
void tg_relay_stop(struct tg_relay *r);

struct tg_relay_part {
  char topic[TG_TOPIC_BYTES_MAX + 1];
  int32_t partition, partition_id;
  int64_t claim_id;
};

/* What the lane holds from now on, in place of what it held. parts: taken, from malloc; member: of
 * tg_consumer_member(), copied. False: no memory, nothing was told. */
bool tg_relay_tell(struct tg_relay *r, uint32_t lane, struct tg_relay_part *parts, uint32_t count,
                   struct tg_text member);

/* The lane holds nothing any more. Waits at most timeout_us until no transaction names its
 * partitions and their next owner need not end ours; 0: does not wait. */
void tg_relay_let_go(struct tg_relay *r, uint32_t lane, int64_t timeout_us);

/* Something was committed. */
void tg_relay_nudge(struct tg_relay *r);

/* Whether transactions fail now; why, cut to size. */
bool tg_relay_fails(struct tg_relay *r, char *why, size_t size);

/* The part of /status.json: "outputs":{..} */
void tg_relay_status(struct tg_relay *r, struct tg_buf *out);

#endif
