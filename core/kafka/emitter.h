/* A transactional producer: records and the offsets of the group that they were made from become
 * visible together, or not at all. The committed offset of a partition so says: everything before
 * it is out.
 *
 *   new: ends whatever its transactional id has begun before, and fences who has it
 *   begin -> send .. -> commit(offsets, who the group's member is)
 *
 * After any failure the emitter is spent: free it and make a new one of the same id, which ends the
 * transaction; then read the offsets again, since a commit that failed may have happened. A slow
 * commit counts as failed, and one under which a connection ended: librdkafka repeats it then, and
 * stays on a protocol in which a late end of one transaction may end the next one; a new epoch
 * makes that impossible. docs/KAFKA.md, "Outputs".
 *
 * Thread: one. */
#ifndef TG_KAFKA_EMITTER_H
#define TG_KAFKA_EMITTER_H

#include "core/data/records.h"
#include "core/kafka/consumer.h"

struct tg_emitter;

struct tg_emitter_conf {
  const char *brokers;
  const char *const *properties; /* key, value, .. */
  uint32_t properties_count;     /* pairs */
  const char *group;             /* whose offsets are committed */
  const char *id;                /* transactional id */
  uint32_t record_bytes_max;
};

/* conf: borrowed for the call. Waits up to 15 s for the transaction that somebody of this id left
 * open. TG_RETRY: the brokers are not there, or not ready; TG_CONFIG: they refuse us. */
enum tg_rc tg_emitter_new(const struct tg_emitter_conf *conf, struct tg_emitter **out,
                          struct tg_err *err);

/* NULL is fine. What was not committed is aborted by whoever comes next. */
void tg_emitter_free(struct tg_emitter *e);

/* Ends what a dead process has begun under its id, and fences it should it live. */
enum tg_rc tg_emitter_fence(const struct tg_emitter_conf *conf, const char *id, struct tg_err *err);

/* The committed offsets of the group: parts[i].offset, -1 where there is none. Waits while a
 * transaction that would change them is open. */
enum tg_rc tg_emitter_offsets(struct tg_emitter *e, struct tg_topart *parts, uint32_t count,
                              struct tg_err *err);

/* TG_CONFIG: there is no such topic. Asked once a topic. */
enum tg_rc tg_emitter_topic(struct tg_emitter *e, const char *topic, struct tg_err *err);

enum tg_rc tg_emitter_begin(struct tg_emitter *e, struct tg_err *err);

struct tg_emission { /* texts: copied */
  const char *topic;
  struct tg_text key, value; /* ptr NULL: null */
  struct tg_text headers;    /* packed (core/data/batch.h) */
  int64_t us;                /* since 1970; -1: now */
};
/* By key to a partition, as Java's clients do. Waits while the queue is full. */
enum tg_rc tg_emitter_send(struct tg_emitter *e, const struct tg_emission *r, struct tg_err *err);

/* Sends p with the headers that say where it comes from. *bytes: its size. TG_CONFIG also: there is
 * no such topic. */
enum tg_rc tg_emitter_pass(struct tg_emitter *e, const struct tg_origin *o,
                           const struct tg_packed *p, uint64_t *bytes, struct tg_err *err);

/* Waits until all records are with the brokers, then commits them and the offsets. member: of
 * tg_consumer_member(), from before begin. TG_FENCED: the group does not know that member any more,
 * or another process has our id. */
enum tg_rc tg_emitter_commit(struct tg_emitter *e, const struct tg_topart *offsets, uint32_t count,
                             struct tg_text member, struct tg_err *err);

#endif
