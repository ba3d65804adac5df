/* The consumer's configuration: what is pinned and why (docs/KAFKA.md tells it at length). */
#include "core/kafka/kafkaconf.h"

#include <stdio.h>

#define OFFSETS "offsets live in PostgreSQL; Kafka's never decide where reading starts"
#define BUDGET  "the prefetch queue is part of tidegate's memory budget; set `memory`"
#define PARTED  "partitions move only as a whole; other strategies lose claims or abort the process"

/* value NULL: refused but set elsewhere, or not at all. */
static const struct pinned {
  const char *key, *value, *why;
} pinned[] = {
    {"bootstrap.servers", NULL, "set kafka.brokers"},
    {"metadata.broker.list", NULL, "set kafka.brokers"},
    {"group.id", NULL, "the group is the pipeline's name: claims in PostgreSQL hang on it"},
    {"group.instance.id", NULL,
     "all lanes would share it and fence each other; set kafka.instance"},
    {"group.protocol", NULL, PARTED},
    {"group.protocol.type", NULL, PARTED},
    {"group.remote.assignor", NULL, PARTED},
    {"client.id", NULL, "tidegate names each lane's client"},
    {"test.mock.num.brokers", NULL, "it replaces kafka.brokers by an empty cluster"},
    {"partition.assignment.strategy", "range,roundrobin", PARTED},
    {"enable.auto.commit", "false", OFFSETS},
    {"auto.commit.enable", NULL, OFFSETS},
    {"auto.commit.interval.ms", NULL, OFFSETS},
    {"enable.auto.offset.store", "false", OFFSETS},
    {"offset.store.method", NULL, OFFSETS},
    {"auto.offset.reset", "error", "any other value moves past lost records silently"},
    {"allow.auto.create.topics", "false", "a misspelt topic would be created and read as empty"},
    {"isolation.level", "read_committed", "records of aborted transactions must not be loaded"},
    {"enable.partition.eof", "true", "the ledger advances over transaction markers by it"},
    {"check.crcs", "true", "a damaged record must not be loaded"},
    {"socket.nagle.disable", "true", "latency; before librdkafka 2.10 the default delays requests"},
    {"session.timeout.ms", NULL, "set kafka.session_timeout"},
    {"heartbeat.interval.ms", NULL, "it follows kafka.session_timeout"},
    {"max.poll.interval.ms", "60000", "a stuck lane must lose its partitions"},
    {"topic.metadata.refresh.interval.ms", "5000", "re-created topics are noticed by it"},
    {"statistics.interval.ms", "0", "nothing reads the statistics"},
    {"queued.max.messages.kbytes", NULL, BUDGET},
    {"queued.min.messages", NULL, BUDGET},
    {"fetch.queue.backoff.ms", NULL, BUDGET},
};

/* Ours unless the user says otherwise. A record batch larger than the fetch limits still
 * arrives, alone; only receive.message.max.bytes cuts it off. */
static const struct tg_kafkapair defaults[] = {
    {"socket.keepalive.enable", "true"},
    {"log.connection.close", "false"},
    {"max.partition.fetch.bytes", "1048576"},
    {"fetch.max.bytes", "16777216"},
    {"receive.message.max.bytes", "134217728"},
    {"reconnect.backoff.max.ms", "5000"},
    {NULL, NULL},
};

enum {
  VERSION_QUEUE_BACKOFF = 0x02020000, /* 2.2.0 has fetch.queue.backoff.ms */
  HEARTBEAT_MAX_MS = 1000             /* by its answer others' coming and going is noticed */
};

static enum tg_rc check_pinned(const char *key, struct tg_err *err)
{
  for (size_t i = 0; i < sizeof pinned / sizeof *pinned; i++)
    if (strcmp(pinned[i].key, key) == 0)
      return tg_err_set(err, TG_CONFIG, "kafka.properties", "'%s' cannot be set: %s; remove it",
                        key, pinned[i].why);
  return TG_OK;
}

enum tg_rc tg_consumer_property(const char *key, const char *value, struct tg_err *err)
{
  enum tg_rc rc = check_pinned(key, err);
  if (rc != TG_OK) return rc;
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  if (!conf) return tg_err_set(err, TG_FATAL, "kafka", "no memory for a configuration");
  rc = tg_kafkaconf_set(conf, key, value, err);
  rd_kafka_conf_destroy(conf);
  return rc;
}

static enum tg_rc set_users(const struct tg_consumer_conf *c, rd_kafka_conf_t *conf,
                            struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; i < c->properties_count && rc == TG_OK; i++) {
    const char *key = c->properties[2 * i];
    rc = check_pinned(key, err);
    if (rc == TG_OK) rc = tg_kafkaconf_set(conf, key, c->properties[2 * i + 1], err);
  }
  return rc;
}

/* Before 2.2 the fetcher sleeps up to a second once the queue is full by count: only bytes may
 * fill it. */
static enum tg_rc set_queue(const struct tg_consumer_conf *c, rd_kafka_conf_t *conf,
                            struct tg_err *err)
{
  char kbytes[16];
  snprintf(kbytes, sizeof kbytes, "%u", c->queue_kbytes ? c->queue_kbytes : 1);
  enum tg_rc rc = tg_kafkaconf_set(conf, "queued.max.messages.kbytes", kbytes, err);
  if (rc != TG_OK) return rc;
  if (rd_kafka_version() < VERSION_QUEUE_BACKOFF)
    return tg_kafkaconf_set(conf, "queued.min.messages", "10000000", err);
  return tg_kafkaconf_set(conf, "fetch.queue.backoff.ms", "10", err);
}

/* How long the group waits for us, and how often we tell it that we live: once a second, three
 * times as often at least. */
static enum tg_rc set_session(const struct tg_consumer_conf *c, rd_kafka_conf_t *conf,
                              struct tg_err *err)
{
  char session[16], heartbeat[16];
  int ms = tg_kafkaconf_ms(c->session_us);
  snprintf(session, sizeof session, "%d", ms);
  snprintf(heartbeat, sizeof heartbeat, "%d",
           ms / 3 < HEARTBEAT_MAX_MS ? ms / 3 : HEARTBEAT_MAX_MS);
  enum tg_rc rc = tg_kafkaconf_set(conf, "session.timeout.ms", session, err);
  if (rc == TG_OK) rc = tg_kafkaconf_set(conf, "heartbeat.interval.ms", heartbeat, err);
  if (rc == TG_OK && c->instance)
    rc = tg_kafkaconf_set(conf, "group.instance.id", c->instance, err);
  return rc;
}

static enum tg_rc set_own(const struct tg_consumer_conf *c, rd_kafka_conf_t *conf,
                          struct tg_err *err)
{
  char wait[16];
  snprintf(wait, sizeof wait, "%d", tg_kafkaconf_ms(c->fetch_wait_us));
  const struct tg_kafkapair own[] = {
      {"bootstrap.servers", c->brokers},
      {"group.id", c->group},
      {"client.id", c->client_id},
      {NULL, NULL},
  };
  enum tg_rc rc = tg_kafkaconf_set(conf, "fetch.wait.max.ms", wait, err);
  if (rc == TG_OK) rc = tg_kafkaconf_all(conf, own, err);
  if (rc == TG_OK) rc = set_session(c, conf, err);
  if (rc == TG_OK) rc = set_queue(c, conf, err);
  for (size_t i = 0; i < sizeof pinned / sizeof *pinned && rc == TG_OK; i++)
    if (pinned[i].value) rc = tg_kafkaconf_set(conf, pinned[i].key, pinned[i].value, err);
  return rc;
}

enum tg_rc tg_consumer_conf_make(const struct tg_consumer_conf *c, rd_kafka_conf_t **out,
                                 struct tg_err *err)
{
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  if (!conf) return tg_err_set(err, TG_FATAL, "kafka", "no memory for a configuration");
  enum tg_rc rc = tg_kafkaconf_all(conf, defaults, err);
  if (rc == TG_OK) rc = set_users(c, conf, err);
  if (rc == TG_OK) rc = set_own(c, conf, err);
  if (rc != TG_OK) {
    rd_kafka_conf_destroy(conf);
    return rc;
  }
  rd_kafka_conf_set_log_cb(conf, tg_kafkaconf_log);
  *out = conf;
  return TG_OK;
}
