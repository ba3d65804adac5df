/* An embedded Kafka cluster for the demo: librdkafka's mock broker. No transactions, 5 MiB a
 * partition, nothing on disk. librdkafka gives no ABI promise for it: this is the only file that
 * knows it. */
#ifndef TG_KAFKA_MOCK_H
#define TG_KAFKA_MOCK_H

#include "core/base/err.h"

#include <stdint.h>

struct tg_mock;

enum tg_rc tg_mock_new(struct tg_mock **out, struct tg_err *err);
const char *tg_mock_brokers(const struct tg_mock *m); /* "127.0.0.1:port", borrowed */
enum tg_rc tg_mock_topic(struct tg_mock *m, const char *name, int32_t partitions,
                         struct tg_err *err);
void tg_mock_free(struct tg_mock *m);

#endif
