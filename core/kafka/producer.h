/* A plain producer: the demo's and the generator's way into Kafka. Keyed records keep their order
 * per key.
 * Thread: one. */
#ifndef TG_KAFKA_PRODUCER_H
#define TG_KAFKA_PRODUCER_H

#include "core/base/err.h"
#include "core/base/text.h"

struct tg_producer;

enum tg_rc tg_producer_new(const char *brokers, const char *const *properties,
                           uint32_t properties_count, struct tg_producer **out, struct tg_err *err);

struct tg_record {
  const char *topic;
  int32_t partition;         /* -1: by key */
  struct tg_text key, value; /* copied */
  int64_t timestamp_us;      /* 0: now */
};

/* Waits while the queue is full, not past deadline_us (monotonic): TG_AGAIN then. */
enum tg_rc tg_producer_send(struct tg_producer *p, const struct tg_record *r, int64_t deadline_us,
                            struct tg_err *err);

/* Waits until everything sent is acknowledged. TG_RETRY: something was not delivered in time. */
enum tg_rc tg_producer_flush(struct tg_producer *p, int64_t deadline_us, struct tg_err *err);

/* Makes a topic and waits until it is known; fine when it exists. */
enum tg_rc tg_producer_topic(struct tg_producer *p, const char *topic, int32_t partitions,
                             int64_t timeout_us, struct tg_err *err);

/* Frees it; unsent records are dropped. */
void tg_producer_free(struct tg_producer *p);

#endif
