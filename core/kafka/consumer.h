/* The consumer of one lane: a group member whose offsets live in PostgreSQL, not in Kafka.
 *
 * Kafka's group only divides partitions. An assignment is told to the owner and nothing is
 * fetched until the owner names the offsets (tg_consumer_assign, always the whole list: partial
 * calls and seeks lose or repeat records on old librdkafka). Pinned settings, and why each:
 * docs/KAFKA.md.
 *
 * Thread: one, the lane's worker. Callbacks run inside tg_consumer_poll() and tg_consumer_close().
 */
#ifndef TG_KAFKA_CONSUMER_H
#define TG_KAFKA_CONSUMER_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/data/batch.h"

struct tg_consumer;

struct tg_topart { /* one topic-partition */
  const char *topic;
  int32_t partition;
  uint32_t slot;  /* the owner's number for it, given back with every record */
  int64_t offset; /* assign: the first offset to read */
  bool paused;    /* assign: hold it, fetch nothing */
};

/* What the owner is told. Texts and lists are borrowed for the call. */
struct tg_consumer_on {
  void *self;
  /* The group gave us exactly these (slot and offset unset). The owner claims them and calls
   * tg_consumer_assign later. */
  void (*assigned)(void *self, const struct tg_topart *parts, uint32_t count);
  /* Everything is taken back; lost: without asking (session over, fenced instance), others may
   * own it already. On return nothing more of it is delivered. */
  void (*revoked)(void *self, bool lost);
  /* One record. Event's texts are borrowed: copy them. Returns false when the owner is full:
   * delivery stops after it, and this record counts as delivered only when true was returned; it
   * is given again on the next poll. */
  bool (*record)(void *self, const struct tg_event *event);
  /* End of partition: everything before offset was delivered or is invisible (control, aborted). */
  void (*eof)(void *self, uint32_t slot, int64_t offset);
  /* This partition is dead until the next assign, nothing more of it is delivered. rc TG_DATA: the
   * offset is not in the log: ask the watermarks. TG_CONFIG: damaged records, no right to read.
   * TG_RETRY: its topic is gone (for a moment, or re-created): check the seam, assign again. */
  void (*broken)(void *self, uint32_t slot, const struct tg_err *err);
  /* The client is in trouble or fine again (brokers down, topic unknown): for health and logs. */
  void (*trouble)(void *self, const struct tg_err *err);
};

struct tg_consumer_conf {
  const char *brokers, *group, *client_id;
  const char *const
      *properties; /* key, value, .., NULL: handed to librdkafka; pinned keys are refused */
  uint32_t properties_count; /* pairs */
  uint32_t queue_kbytes;     /* prefetch budget; RSS is about 2.3 times it on librdkafka < 2.2 */
  uint32_t event_bytes_max;  /* larger values are cut to 64 KiB and marked oversize */
  int64_t fetch_wait_us;     /* fetch.wait.max.ms */
  int64_t session_us;        /* session.timeout.ms: how long the group waits for a silent member */
  const char *instance; /* group.instance.id of a static member, NULL: a member like any other */
};

/* Checks a property a user gave: TG_CONFIG with the reason for pinned or unknown keys. */
enum tg_rc tg_consumer_property(const char *key, const char *value, struct tg_err *err);

/* conf and on are copied (on->self borrowed). TG_CONFIG: a setting librdkafka refuses. */
enum tg_rc tg_consumer_new(const struct tg_consumer_conf *conf, const struct tg_consumer_on *on,
                           struct tg_consumer **out, struct tg_err *err);

/* Subscribes to exactly these topics (again after a reload). */
enum tg_rc tg_consumer_subscribe(struct tg_consumer *c, const char *const *topics, uint32_t count,
                                 struct tg_err *err);

/* Waits up to timeout_us for the first message, then delivers what is there: at most `most`
 * records.
 * The client cannot go on, `revoked(lost)` was called first: TG_FENCED when the group has another
 * member under its instance's name, which a new client may take back; TG_FATAL else. */
enum tg_rc tg_consumer_poll(struct tg_consumer *c, int64_t timeout_us, uint32_t most,
                            struct tg_err *err);

/* Reads exactly these from their offsets, all at once; replaces what was assigned. count 0: holds
 * nothing.
 * TG_AGAIN: inside a callback of poll or close. TG_FENCED: the group did not give one of them
 * (or took it back); what was assigned then stays. TG_CONFIG: a negative offset, one twice. */
enum tg_rc tg_consumer_assign(struct tg_consumer *c, const struct tg_topart *parts, uint32_t count,
                              struct tg_err *err);

/* Stops and restarts delivery of all assigned partitions (back-pressure). Idempotent. What was
 * prefetched is kept for about 1,000 polls, then given up and read again later. Poll on while
 * paused: it waits, and tells what the group does. */
void tg_consumer_pause(struct tg_consumer *c, bool paused);

/* First offset and end of a partition, from the broker. high is the last stable offset. */
struct tg_watermarks {
  int64_t low, high;
};
enum tg_rc tg_consumer_watermarks(struct tg_consumer *c, const struct tg_topart *part,
                                  int64_t timeout_us, struct tg_watermarks *out,
                                  struct tg_err *err);

/* First offsets and last stable offsets of many partitions: two requests to each of their leaders,
 * whatever their number. Needs no group. Thread: waits up to twice the timeout, so it is not for
 * lanes. Those that a broker does not tell are -1; what of a topic is gone is among them. */
struct tg_logend {
  const char *topic; /* in */
  int32_t partition;
  int64_t low, stable; /* out */
};
enum tg_rc tg_consumer_logends(struct tg_consumer *c, struct tg_logend *list, uint32_t count,
                               int64_t timeout_us, struct tg_err *err);

/* The cached real end of a partition (high watermark), or -1: for lag. */
int64_t tg_consumer_high(struct tg_consumer *c, const char *topic, int32_t partition);

/* Asynchronous commit to Kafka for lag tools; the result is only logged. offset = next to read. */
void tg_consumer_commit(struct tg_consumer *c, const struct tg_topart *parts, uint32_t count);

/* Appends who this member of the group is now, its generation included: what a transaction that
 * commits the group's offsets must name (emitter.h). TG_AGAIN: it is no member yet. */
enum tg_rc tg_consumer_member(struct tg_consumer *c, struct tg_buf *out, struct tg_err *err);

/* The cluster's id, NULL when no broker answered within the time. Owned by the consumer. */
const char *tg_consumer_cluster(struct tg_consumer *c, int64_t timeout_us);

/* Leaves the group (revoked is called), frees everything. NULL is fine. */
void tg_consumer_close(struct tg_consumer *c);

/* One line for every known risk of the librdkafka linked, newest fix first; NULL-terminated. */
const char *const *tg_consumer_risks(void);
const char *tg_consumer_version(void);

#endif
