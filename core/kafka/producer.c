/* The plain producer: idempotent, batched for 10 ms, lz4. */
#include "core/kafka/producer.h"

#include "core/base/clock.h"
#include "core/kafka/kafkaconf.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { POLL_MS = 50, ASK_MS = 1000 };

struct tg_producer {
  rd_kafka_t *rk;
  uint64_t failed;   /* deliveries refused since the last flush */
  char failure[256]; /* the first of them */
};

/* murmur2: the same key goes to the same partition as from Java's clients. */
static const struct tg_kafkapair defaults[] = {
    {"linger.ms", "10"},
    {"compression.codec", "lz4"},
    {"partitioner", "murmur2_random"},
    {"queue.buffering.max.kbytes", "65536"},
    {"message.timeout.ms", "60000"},
    {"log.connection.close", "false"},
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
    {NULL, NULL},
};

static int wait_ms(int64_t deadline_us)
{
  return tg_kafkaconf_ms(deadline_us - tg_clock_mono_us());
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *msg, void *opaque)
{
  (void)rk;
  struct tg_producer *p = opaque;
  if (!msg->err) return;
  if (!p->failed++)
    snprintf(p->failure, sizeof p->failure, "%s[%d]: %s", rd_kafka_topic_name(msg->rkt),
             msg->partition, rd_kafka_err2str(msg->err));
}

static enum tg_rc make_conf(const char *brokers, const char *const *properties, uint32_t count,
                            rd_kafka_conf_t *conf, struct tg_err *err)
{
  enum tg_rc rc = tg_kafkaconf_all(conf, defaults, err);
  for (uint32_t i = 0; i < count && rc == TG_OK; i++)
    rc = tg_kafkaconf_set(conf, properties[2 * i], properties[2 * i + 1], err);
  if (rc == TG_OK) rc = tg_kafkaconf_set(conf, "bootstrap.servers", brokers, err);
  if (rc == TG_OK) rc = tg_kafkaconf_set(conf, "enable.idempotence", "true", err);
  rd_kafka_conf_set_log_cb(conf, tg_kafkaconf_log);
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  return rc;
}

enum tg_rc tg_producer_new(const char *brokers, const char *const *properties,
                           uint32_t properties_count, struct tg_producer **out, struct tg_err *err)
{
  char why[256] = "";
  struct tg_producer *p = calloc(1, sizeof *p);
  rd_kafka_conf_t *conf = p ? rd_kafka_conf_new() : NULL;
  if (!conf) return free(p), tg_err_set(err, TG_FATAL, "kafka", "no memory for a producer");
  enum tg_rc rc = make_conf(brokers, properties, properties_count, conf, err);
  rd_kafka_conf_set_opaque(conf, p);
  if (rc == TG_OK) {
    p->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!p->rk)
      rc = tg_err_set(err, TG_CONFIG, "kafka", "librdkafka refuses the configuration: %s", why);
  }
  if (rc != TG_OK) {
    rd_kafka_conf_destroy(conf);
    free(p);
    return rc;
  }
  *out = p;
  return TG_OK;
}

static rd_kafka_resp_err_t produce(struct tg_producer *p, const struct tg_record *r)
{
  return rd_kafka_producev(p->rk, RD_KAFKA_V_TOPIC(r->topic), RD_KAFKA_V_PARTITION(r->partition),
                           RD_KAFKA_V_KEY(r->key.ptr, r->key.len),
                           RD_KAFKA_V_VALUE((void *)r->value.ptr, r->value.len),
                           RD_KAFKA_V_TIMESTAMP(r->timestamp_us / 1000),
                           RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
}

/* The class of a failure to produce. */
static enum tg_rc refused(struct tg_producer *p, const char *topic, rd_kafka_resp_err_t code,
                          struct tg_err *err)
{
  char text[256];
  rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(p->rk, text, sizeof text);
  if (fatal) return tg_err_set(err, TG_FATAL, topic, "the producer cannot go on: %s", text);
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    return tg_err_set(err, TG_DATA, topic, "the record is larger than message.max.bytes");
  return tg_err_set(err, TG_CONFIG, topic, "cannot be produced to: %s", rd_kafka_err2str(code));
}

enum tg_rc tg_producer_send(struct tg_producer *p, const struct tg_record *r, int64_t deadline_us,
                            struct tg_err *err)
{
  rd_kafka_poll(p->rk, 0);
  for (;;) {
    rd_kafka_resp_err_t code = produce(p, r);
    if (!code) return TG_OK;
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return refused(p, r->topic, code, err);
    int left_ms = wait_ms(deadline_us);
    if (!left_ms)
      return tg_err_set(err, TG_AGAIN, r->topic,
                        "the producer's queue is full: brokers are slower");
    rd_kafka_poll(p->rk, left_ms < POLL_MS ? left_ms : POLL_MS);
  }
}

enum tg_rc tg_producer_flush(struct tg_producer *p, int64_t deadline_us, struct tg_err *err)
{
  rd_kafka_resp_err_t code = rd_kafka_flush(p->rk, wait_ms(deadline_us));
  uint64_t failed = p->failed;
  p->failed = 0;
  if (failed)
    return tg_err_set(err, TG_RETRY, "kafka", "%" PRIu64 " records were not delivered, first %s",
                      failed, p->failure);
  if (code)
    return tg_err_set(err, TG_RETRY, "kafka", "%d records are not acknowledged yet: %s",
                      rd_kafka_outq_len(p->rk), rd_kafka_err2str(code));
  return TG_OK;
}

static bool is_ready(const struct rd_kafka_metadata_topic *t)
{
  if (t->err || !t->partition_cnt) return false;
  for (int i = 0; i < t->partition_cnt; i++)
    if (t->partitions[i].leader < 0) return false;
  return true;
}

/* True when the topic has leaders. All topics are listed: asking for one may create it. */
static bool is_known(struct tg_producer *p, const char *topic, int64_t deadline_us)
{
  const struct rd_kafka_metadata *answer;
  int ms = wait_ms(deadline_us);
  bool known = false;
  if (rd_kafka_metadata(p->rk, 1, NULL, &answer, ms < ASK_MS ? ms : ASK_MS)) return false;
  for (int i = 0; i < answer->topic_cnt && !known; i++)
    known = strcmp(answer->topics[i].topic, topic) == 0 && is_ready(&answer->topics[i]);
  rd_kafka_metadata_destroy(answer);
  return known;
}

static enum tg_rc read_created(rd_kafka_event_t *event, const char *topic, struct tg_err *err)
{
  size_t count = 0;
  const rd_kafka_CreateTopics_result_t *result =
      event ? rd_kafka_event_CreateTopics_result(event) : NULL;
  if (!result) return tg_err_set(err, TG_RETRY, topic, "no answer to its creation in time");
  if (rd_kafka_event_error(event))
    return tg_err_set(err, TG_RETRY, topic, "cannot be created: %s",
                      rd_kafka_event_error_string(event));
  const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(result, &count);
  rd_kafka_resp_err_t code = count ? rd_kafka_topic_result_error(topics[0]) : 0;
  if (!code || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return TG_OK;
  const char *why = rd_kafka_topic_result_error_string(topics[0]);
  return tg_err_set(err, TG_CONFIG, topic, "cannot be created: %s",
                    why ? why : rd_kafka_err2str(code));
}

static enum tg_rc create(struct tg_producer *p, const char *topic, int32_t partitions,
                         int64_t deadline_us, struct tg_err *err)
{
  char why[256] = "";
  rd_kafka_NewTopic_t *new = rd_kafka_NewTopic_new(topic, partitions, -1, why, sizeof why);
  if (!new) return tg_err_set(err, TG_CONFIG, topic, "cannot be created: %s", why);
  rd_kafka_queue_t *queue = rd_kafka_queue_new(p->rk);
  rd_kafka_AdminOptions_t *options =
      rd_kafka_AdminOptions_new(p->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  int ms = wait_ms(deadline_us);
  rd_kafka_AdminOptions_set_request_timeout(options, ms ? ms : 1, why, sizeof why);
  rd_kafka_CreateTopics(p->rk, &new, 1, options, queue);
  rd_kafka_event_t *event = rd_kafka_queue_poll(queue, ms);
  enum tg_rc rc = read_created(event, topic, err);
  if (event) rd_kafka_event_destroy(event);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_queue_destroy(queue);
  rd_kafka_NewTopic_destroy(new);
  return rc;
}

enum tg_rc tg_producer_topic(struct tg_producer *p, const char *topic, int32_t partitions,
                             int64_t timeout_us, struct tg_err *err)
{
  int64_t deadline_us = tg_clock_mono_us() + timeout_us;
  if (is_known(p, topic, deadline_us)) return TG_OK;
  enum tg_rc rc = create(p, topic, partitions, deadline_us, err);
  if (rc != TG_OK) return rc;
  while (wait_ms(deadline_us) > 0) {
    if (is_known(p, topic, deadline_us)) return TG_OK;
    rd_kafka_poll(p->rk, POLL_MS);
  }
  return tg_err_set(err, TG_RETRY, topic, "was created but has no leaders yet");
}

void tg_producer_free(struct tg_producer *p)
{
  if (!p) return;
  rd_kafka_purge(p->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(p->rk, POLL_MS); /* serves the purged records' reports */
  rd_kafka_destroy(p->rk);
  free(p);
}
