/* What consumer and producer share about librdkafka's configuration: setting a property with an
 * error that helps, and sending the library's log to ours. Internal to core/kafka. */
#ifndef TG_KAFKA_KAFKACONF_H
#define TG_KAFKA_KAFKACONF_H

#include "core/base/err.h"
#include "core/kafka/consumer.h"

#include <librdkafka/rdkafka.h>

struct tg_kafkapair { /* a property and its value */
  const char *key, *value;
};

/* Sets one property. TG_CONFIG: unknown (with the nearest known name) or a value librdkafka
 * refuses. Its text names values only of numbers and choices, never secrets. */
enum tg_rc tg_kafkaconf_set(rd_kafka_conf_t *conf, const char *key, const char *value,
                            struct tg_err *err);

/* Sets a list that ends in {NULL, NULL}. */
enum tg_rc tg_kafkaconf_all(rd_kafka_conf_t *conf, const struct tg_kafkapair *pairs,
                            struct tg_err *err);

/* librdkafka's log_cb: any thread. */
void tg_kafkaconf_log(const rd_kafka_t *rk, int level, const char *fac, const char *text);

/* A wait in whole milliseconds, rounded up, so that a short one does not become a busy loop. */
int tg_kafkaconf_ms(int64_t us);

/* The consumer's configuration: defaults, the user's properties, the pinned ones. *out is owned
 * by the caller. */
enum tg_rc tg_consumer_conf_make(const struct tg_consumer_conf *c, rd_kafka_conf_t **out,
                                 struct tg_err *err);

#endif
