/* The inside of a consumer, shared by consumer.c (life, assignment, polling), consumer_deliver.c
 * (messages to the owner) and consumer_events.c (what librdkafka calls back). Internal to
 * core/kafka.
 *
 * Messages move  librdkafka's queue -> msgs[] -> owner.  What the owner did not take stays in
 * msgs[] and comes first at the next poll. `next` of a part counts only what the owner took, so
 * that everything else may be thrown away and read again: that is what an assignment, a
 * revocation and a long pause do. */
#ifndef TG_KAFKA_CONSUMER_OWN_H
#define TG_KAFKA_CONSUMER_OWN_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/kafka/kafkaconf.h"

enum {
  TG_CONSUMER_FETCH = 1024, /* messages taken from librdkafka at once */
  TG_CONSUMER_SPARE =
      1024, /* polls that a pause outlasts before the prefetched records are given up */
  TG_CONSUMER_HELD = TG_CONSUMER_FETCH + TG_CONSUMER_SPARE
};

struct tg_part {     /* one assigned partition */
  const char *topic; /* in the parts' arena */
  int32_t partition;
  uint32_t slot;
  int64_t next;  /* the first offset that the owner has not got */
  int64_t first; /* the first offset delivered since the assignment, -1 before */
  bool held;     /* the owner wants nothing of it */
  bool dead;     /* broken: nothing until the next assignment */
};

struct tg_consumer {
  rd_kafka_t *rk;
  rd_kafka_queue_t *queue;
  struct tg_consumer_on on;
  uint32_t event_bytes_max;
  rd_kafka_topic_partition_list_t *group; /* what the group gave us, NULL: nothing */
  struct tg_arena arena;                  /* parts and their topics; dies with each assignment */
  struct tg_part *parts;                  /* sorted by topic, partition */
  uint32_t parts_count;
  const rd_kafka_topic_t
      *last_rkt; /* cache of the last look-up: records come in runs of one partition */
  int32_t last_partition;
  struct tg_part *last;
  rd_kafka_message_t *msgs[TG_CONSUMER_HELD]; /* [head, count) wait for the owner */
  uint32_t head, count;
  uint64_t serial;      /* grows whenever messages in hand become void */
  struct tg_buf packed; /* headers of the record being delivered */
  bool paused;          /* by the owner */
  bool stalled;         /* paused so long that nothing is assigned in librdkafka */
  bool calling;         /* inside librdkafka, where callbacks run */
  bool fatal;
  bool fenced; /* that is why: another member has the name */
  char fatal_text[320];
  rd_kafka_resp_err_t trouble; /* last told, 0: fine */
  int64_t probe_us;            /* monotonic: when to look whether the trouble is over */
  char *cluster;
};

/* Throws away messages in hand; they were never delivered. */
void tg_consumer_drop(struct tg_consumer *c);

/* Forgets the assignment and everything fetched for it. librdkafka is not told. */
void tg_consumer_forget(struct tg_consumer *c);

/* The assigned partition, or NULL. */
struct tg_part *tg_consumer_part(struct tg_consumer *c, const char *topic, int32_t partition);

/* Gives waiting messages to the owner, at most *most records (counted down). Returns TG_OK when
 * none is left, TG_AGAIN when the owner is full or *most is reached, TG_FATAL without memory. */
enum tg_rc tg_consumer_deliver(struct tg_consumer *c, uint32_t *most, struct tg_err *err);

/* An error of a message: broken, trouble or fatal. */
void tg_consumer_failed(struct tg_consumer *c, const rd_kafka_message_t *msg);

/* Tells the owner once that a trouble began (code, text) or ended (code 0). */
void tg_consumer_trouble(struct tg_consumer *c, rd_kafka_resp_err_t code, const char *text);

/* Hooks the callbacks into conf. */
void tg_consumer_hook(rd_kafka_conf_t *conf, struct tg_consumer *c);

/* The group is lost for this client: told as revoked(lost), once. */
void tg_consumer_lose(struct tg_consumer *c, const char *why);

#endif
