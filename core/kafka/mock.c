/* The embedded broker: librdkafka's mock cluster in a client of its own. */
#include "core/kafka/mock.h"

#include "core/kafka/kafkaconf.h"

#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

struct tg_mock {
  rd_kafka_t *rk; /* the cluster's book keeper; it talks to nobody */
  rd_kafka_mock_cluster_t *cluster;
};

enum tg_rc tg_mock_new(struct tg_mock **out, struct tg_err *err)
{
  char why[256] = "";
  struct tg_mock *m = calloc(1, sizeof *m);
  rd_kafka_conf_t *conf = m ? rd_kafka_conf_new() : NULL;
  if (!conf) return free(m), tg_err_set(err, TG_FATAL, "mock broker", "no memory");
  rd_kafka_conf_set_log_cb(conf, tg_kafkaconf_log);
  rd_kafka_conf_set(conf, "log_level", "4", NULL, 0); /* it misses bootstrap.servers: rightly */
  m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  if (!m->rk) rd_kafka_conf_destroy(conf);
  if (m->rk) m->cluster = rd_kafka_mock_cluster_new(m->rk, 1);
  if (!m->cluster) {
    tg_mock_free(m);
    return tg_err_set(err, TG_FATAL, "mock broker", "cannot be started: %s",
                      *why ? why : "no free port on 127.0.0.1?");
  }
  *out = m;
  return TG_OK;
}

const char *tg_mock_brokers(const struct tg_mock *m)
{
  return rd_kafka_mock_cluster_bootstraps(m->cluster);
}

enum tg_rc tg_mock_topic(struct tg_mock *m, const char *name, int32_t partitions,
                         struct tg_err *err)
{
  rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(m->cluster, name, partitions, 1);
  if (!code) return TG_OK;
  return tg_err_set(err, TG_CONFIG, name, "topic of %d partitions cannot be made: %s", partitions,
                    rd_kafka_err2str(code));
}

void tg_mock_free(struct tg_mock *m)
{
  if (!m) return;
  if (m->cluster) rd_kafka_mock_cluster_destroy(m->cluster);
  if (m->rk) rd_kafka_destroy(m->rk);
  free(m);
}
