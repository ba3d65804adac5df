/* The transactional producer. */
#include "core/kafka/emitter.h"

#include "core/base/clock.h"
#include "core/base/fault.h"
#include "core/kafka/kafkaconf.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  INIT_MS = 15000,
  CALL_MS = 8000,    /* one step of a transaction */
  SLOW_US = 5000000, /* what took longer may have been repeated inside librdkafka */
  ASK_MS = 5000,
  TOPIC_NAME_MAX = 249, /* bytes: Kafka's limit */
  TOPICS_MAX = 256
};

struct tg_emitter {
  rd_kafka_t *rk;          /* producer */
  rd_kafka_t *reader;      /* reads the group's offsets, read_committed; never joins */
  _Atomic uint32_t closed; /* connections of rk that ended; by librdkafka's threads */
  char *topics[TOPICS_MAX];
  uint32_t topics_count; /* known to exist */
  rd_kafka_resp_err_t failed;
  char failure[256];     /* the first delivery that failed */
  struct tg_buf headers; /* of the record being passed */
};

/* message.timeout.ms < transaction.timeout.ms: a record that is not delivered fails before the
 * broker ends its transaction. */
static const struct tg_kafkapair defaults[] = {
    {"linger.ms", "5"},
    {"compression.codec", "lz4"},
    {"partitioner", "murmur2_random"},
    {"queue.buffering.max.kbytes", "32768"},
    {"log.connection.close", "false"},
    {"socket.keepalive.enable", "true"},
    {"socket.nagle.disable", "true"},
    {NULL, NULL},
};
static const struct tg_kafkapair pinned[] = {
    {"enable.idempotence", "true"},
    {"message.timeout.ms", "9000"},
    {"transaction.timeout.ms", "12000"},
    {NULL, NULL},
};
static const struct tg_kafkapair reading[] = {
    {"isolation.level", "read_committed"},
    {"enable.auto.commit", "false"},
    {"log.connection.close", "false"},
    {NULL, NULL},
};

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *msg, void *opaque)
{
  (void)rk;
  struct tg_emitter *e = opaque;
  if (!msg->err || e->failed) return;
  e->failed = msg->err;
  snprintf(e->failure, sizeof e->failure, "%s[%d]: %s", rd_kafka_topic_name(msg->rkt),
           msg->partition, rd_kafka_err2str(msg->err));
}

static int close_socket(int fd, void *opaque)
{
  struct tg_emitter *e = opaque;
  atomic_fetch_add(&e->closed, 1);
  return close(fd);
}

static enum tg_rc users(const struct tg_emitter_conf *c, rd_kafka_conf_t *conf, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; i < c->properties_count && rc == TG_OK; i++)
    rc = tg_kafkaconf_set(conf, c->properties[2 * i], c->properties[2 * i + 1], err);
  if (rc == TG_OK) rc = tg_kafkaconf_set(conf, "bootstrap.servers", c->brokers, err);
  rd_kafka_conf_set_log_cb(conf, tg_kafkaconf_log);
  return rc;
}

/* Takes conf. */
static enum tg_rc make(rd_kafka_type_t type, rd_kafka_conf_t *conf, rd_kafka_t **out,
                       struct tg_err *err)
{
  char why[256] = "";
  *out = rd_kafka_new(type, conf, why, sizeof why);
  if (*out) return TG_OK;
  rd_kafka_conf_destroy(conf);
  return tg_err_set(err, TG_CONFIG, "kafka", "librdkafka refuses the configuration: %s", why);
}

static enum tg_rc make_producer(const struct tg_emitter_conf *c, const char *id,
                                struct tg_emitter *e, struct tg_err *err)
{
  char bytes[16];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  snprintf(bytes, sizeof bytes, "%u", c->record_bytes_max + 65536);
  enum tg_rc rc = tg_kafkaconf_all(conf, defaults, err);
  if (rc == TG_OK) rc = users(c, conf, err);
  if (rc == TG_OK) rc = tg_kafkaconf_all(conf, pinned, err);
  if (rc == TG_OK) rc = tg_kafkaconf_set(conf, "message.max.bytes", bytes, err);
  if (rc == TG_OK) rc = tg_kafkaconf_set(conf, "transactional.id", id, err);
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_conf_set_closesocket_cb(conf, close_socket);
  rd_kafka_conf_set_opaque(conf, e);
  if (rc != TG_OK) return rd_kafka_conf_destroy(conf), rc;
  return make(RD_KAFKA_PRODUCER, conf, &e->rk, err);
}

static enum tg_rc make_reader(const struct tg_emitter_conf *c, struct tg_emitter *e,
                              struct tg_err *err)
{
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  enum tg_rc rc = users(c, conf, err);
  if (rc == TG_OK) rc = tg_kafkaconf_all(conf, reading, err);
  if (rc == TG_OK) rc = tg_kafkaconf_set(conf, "group.id", c->group, err);
  if (rc != TG_OK) return rd_kafka_conf_destroy(conf), rc;
  return make(RD_KAFKA_CONSUMER, conf, &e->reader, err);
}

static bool is_fencing(rd_kafka_resp_err_t code)
{
  switch (code) {
  case RD_KAFKA_RESP_ERR__FENCED:
  case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
  case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
  case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
  case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
  case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID: return true;
  default: return false;
  }
}

static bool is_refusal(rd_kafka_resp_err_t code)
{
  switch (code) {
  case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
  case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
  case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
  case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
  case RD_KAFKA_RESP_ERR__AUTHENTICATION:
  case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE: return true;
  default: return false;
  }
}

/* Frees error. What the caller does never depends on more than the code: a spent emitter is thrown
 * away. */
static enum tg_rc failed(rd_kafka_error_t *error, const char *what, struct tg_err *err)
{
  if (!error) return TG_OK;
  rd_kafka_resp_err_t code = rd_kafka_error_code(error);
  enum tg_rc rc = is_fencing(code) ? TG_FENCED : is_refusal(code) ? TG_CONFIG : TG_RETRY;
  tg_err_set(err, rc, "kafka", "%s: %s (%s)", what, rd_kafka_error_string(error),
             rd_kafka_err2name(code));
  rd_kafka_error_destroy(error);
  return rc;
}

enum tg_rc tg_emitter_new(const struct tg_emitter_conf *conf, struct tg_emitter **out,
                          struct tg_err *err)
{
  struct tg_emitter *e = calloc(1, sizeof *e);
  if (!e) return tg_err_set(err, TG_RETRY, "kafka", "no memory for a producer");
  enum tg_rc rc = make_producer(conf, conf->id, e, err);
  if (rc == TG_OK) rc = make_reader(conf, e, err);
  if (rc == TG_OK) rc = failed(rd_kafka_init_transactions(e->rk, INIT_MS), "init", err);
  if (rc != TG_OK) return tg_emitter_free(e), rc;
  *out = e;
  return TG_OK;
}

void tg_emitter_free(struct tg_emitter *e)
{
  if (!e) return;
  if (e->rk) {
    rd_kafka_purge(e->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(e->rk, 50); /* serves the purged records' reports */
    rd_kafka_destroy(e->rk);
  }
  if (e->reader) rd_kafka_destroy(e->reader);
  for (uint32_t i = 0; i < e->topics_count; i++) free(e->topics[i]);
  tg_buf_fini(&e->headers);
  free(e);
}

enum tg_rc tg_emitter_fence(const struct tg_emitter_conf *conf, const char *id, struct tg_err *err)
{
  struct tg_emitter *e = calloc(1, sizeof *e);
  if (!e) return tg_err_set(err, TG_RETRY, "kafka", "no memory for a producer");
  enum tg_rc rc = make_producer(conf, id, e, err);
  if (rc == TG_OK) rc = failed(rd_kafka_init_transactions(e->rk, INIT_MS), "init", err);
  tg_emitter_free(e);
  return rc;
}

/* --- offsets and topics --- */

static rd_kafka_topic_partition_list_t *list_of(const struct tg_topart *parts, uint32_t count)
{
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
  for (uint32_t i = 0; i < count; i++)
    rd_kafka_topic_partition_list_add(list, parts[i].topic, parts[i].partition)->offset =
        parts[i].offset;
  return list;
}

enum tg_rc tg_emitter_offsets(struct tg_emitter *e, struct tg_topart *parts, uint32_t count,
                              struct tg_err *err)
{
  rd_kafka_topic_partition_list_t *list = list_of(parts, count);
  rd_kafka_resp_err_t code = rd_kafka_committed(e->reader, list, CALL_MS);
  for (uint32_t i = 0; !code && i < count; i++) {
    const rd_kafka_topic_partition_t *p = &list->elems[i];
    code = p->err;
    parts[i].offset = p->offset >= 0 ? p->offset : -1;
  }
  rd_kafka_topic_partition_list_destroy(list);
  if (!code) return TG_OK;
  return tg_err_set(err, is_refusal(code) ? TG_CONFIG : TG_RETRY, "kafka",
                    "the group's offsets cannot be read: %s", rd_kafka_err2str(code));
}

static bool is_there(const struct rd_kafka_metadata *m, const char *topic)
{
  for (int i = 0; i < m->topic_cnt; i++)
    if (strcmp(m->topics[i].topic, topic) == 0) return !m->topics[i].err;
  return false;
}

enum tg_rc tg_emitter_topic(struct tg_emitter *e, const char *topic, struct tg_err *err)
{
  const struct rd_kafka_metadata *answer;
  for (uint32_t i = 0; i < e->topics_count; i++)
    if (strcmp(e->topics[i], topic) == 0) return TG_OK;
  /* All topics are listed: asking for one may create it. */
  rd_kafka_resp_err_t code = rd_kafka_metadata(e->rk, 1, NULL, &answer, ASK_MS);
  if (code) return tg_err_set(err, TG_RETRY, topic, "is not known yet: %s", rd_kafka_err2str(code));
  bool there = is_there(answer, topic);
  rd_kafka_metadata_destroy(answer);
  if (!there)
    return tg_err_set(err, TG_CONFIG, topic,
                      "there is no such topic, or no right to see it: create it, outputs are never "
                      "made by themselves");
  char *name = e->topics_count < TOPICS_MAX ? strdup(topic) : NULL;
  if (name) e->topics[e->topics_count++] = name;
  return TG_OK;
}

/* --- transactions --- */

enum tg_rc tg_emitter_begin(struct tg_emitter *e, struct tg_err *err)
{
  char text[256];
  rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(e->rk, text, sizeof text);
  if (fatal)
    return tg_err_set(err, is_fencing(fatal) ? TG_FENCED : TG_RETRY, "kafka",
                      "the producer cannot go on: %s", text);
  e->failed = 0;
  return failed(rd_kafka_begin_transaction(e->rk), "begin", err);
}

static rd_kafka_headers_t *headers_of(struct tg_text packed)
{
  struct tg_header h;
  uint32_t at = 0;
  rd_kafka_headers_t *list = rd_kafka_headers_new(16);
  while (tg_headers_next(packed, &at, &h))
    rd_kafka_header_add(list, h.name.ptr, h.name.len, h.value.ptr, h.value.ptr ? h.value.len : 0);
  return list;
}

static rd_kafka_resp_err_t produce(struct tg_emitter *e, const struct tg_emission *r)
{
  rd_kafka_headers_t *headers = headers_of(r->headers);
  rd_kafka_resp_err_t code = rd_kafka_producev(
      e->rk, RD_KAFKA_V_TOPIC(r->topic), RD_KAFKA_V_KEY(r->key.ptr, r->key.len),
      RD_KAFKA_V_VALUE((void *)r->value.ptr, r->value.len), RD_KAFKA_V_HEADERS(headers),
      RD_KAFKA_V_TIMESTAMP(r->us >= 0 ? r->us / 1000 : 0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_END);
  if (code) rd_kafka_headers_destroy(headers);
  return code;
}

enum tg_rc tg_emitter_send(struct tg_emitter *e, const struct tg_emission *r, struct tg_err *err)
{
  int64_t until_us = tg_clock_mono_us() + CALL_MS * INT64_C(1000);
  rd_kafka_poll(e->rk, 0);
  for (;;) {
    rd_kafka_resp_err_t code = tg_fault("relay.produce") ? RD_KAFKA_RESP_ERR__FAIL : produce(e, r);
    if (!code) return TG_OK;
    if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || tg_clock_mono_us() > until_us)
      return tg_err_set(err, is_refusal(code) ? TG_CONFIG : TG_RETRY, r->topic,
                        "cannot be produced to: %s", rd_kafka_err2str(code));
    rd_kafka_poll(e->rk, 50);
  }
}

enum tg_rc tg_emitter_pass(struct tg_emitter *e, const struct tg_origin *o,
                           const struct tg_packed *p, uint64_t *bytes, struct tg_err *err)
{
  char topic[TOPIC_NAME_MAX + 1];
  snprintf(topic, sizeof topic, "%.*s", TG_TEXT(p->topic));
  tg_origin_headers(&e->headers, o, p);
  if (e->headers.failed) return tg_err_set(err, TG_RETRY, "kafka", "no memory for headers");
  struct tg_emission r = {.topic = topic,
                          .key = p->key,
                          .value = p->value,
                          .headers = tg_buf_view(&e->headers),
                          .us = p->us};
  *bytes = (uint64_t)p->key.len + p->value.len + r.headers.len;
  enum tg_rc rc = tg_emitter_topic(e, topic, err);
  return rc == TG_OK ? tg_emitter_send(e, &r, err) : rc;
}

static enum tg_rc flush(struct tg_emitter *e, struct tg_err *err)
{
  rd_kafka_resp_err_t code = rd_kafka_flush(e->rk, CALL_MS);
  if (e->failed)
    return tg_err_set(err, is_refusal(e->failed) ? TG_CONFIG : TG_RETRY, "kafka",
                      "a record was not delivered: %s", e->failure);
  if (code)
    return tg_err_set(err, TG_RETRY, "kafka", "%d records are not acknowledged: %s",
                      rd_kafka_outq_len(e->rk), rd_kafka_err2str(code));
  return TG_OK;
}

static enum tg_rc send_offsets(struct tg_emitter *e, const struct tg_topart *offsets,
                               uint32_t count, struct tg_text member, struct tg_err *err)
{
  rd_kafka_consumer_group_metadata_t *who = NULL;
  enum tg_rc rc =
      failed(rd_kafka_consumer_group_metadata_read(&who, member.ptr, member.len), "member", err);
  if (rc != TG_OK) return rc;
  rd_kafka_topic_partition_list_t *list = list_of(offsets, count);
  rc = failed(rd_kafka_send_offsets_to_transaction(e->rk, list, who, CALL_MS), "send offsets", err);
  rd_kafka_topic_partition_list_destroy(list);
  rd_kafka_consumer_group_metadata_destroy(who);
  return rc;
}

/* Offsets and commit, once each, as far as anybody can tell: what librdkafka repeated after a time,
 * or on a new connection, may still be on its way, and then end, or join, a later transaction. */
static enum tg_rc end(struct tg_emitter *e, const struct tg_topart *offsets, uint32_t count,
                      struct tg_text member, struct tg_err *err)
{
  int64_t began_us = tg_clock_mono_us();
  uint32_t closed = atomic_load(&e->closed);
  enum tg_rc rc = send_offsets(e, offsets, count, member, err);
  if (rc != TG_OK) return rc;
  if (tg_fault("relay.after_offsets"))
    return tg_err_set(err, TG_RETRY, "kafka", "fault point after the offsets");
  rc = failed(rd_kafka_commit_transaction(e->rk, CALL_MS), "commit", err);
  if (rc != TG_OK) return rc;
  if (tg_fault("relay.commit_lost"))
    return tg_err_set(err, TG_RETRY, "kafka", "fault point: the commit's answer is lost");
  int64_t took_us = tg_clock_mono_us() - began_us;
  if (took_us > SLOW_US)
    return tg_err_set(err, TG_RETRY, "kafka", "offsets and commit took %.1f s: they may come twice",
                      (double)took_us / 1e6);
  if (atomic_load(&e->closed) != closed)
    return tg_err_set(err, TG_RETRY, "kafka",
                      "a connection ended under offsets and commit: they may come twice");
  return TG_OK;
}

enum tg_rc tg_emitter_commit(struct tg_emitter *e, const struct tg_topart *offsets, uint32_t count,
                             struct tg_text member, struct tg_err *err)
{
  enum tg_rc rc = flush(e, err);
  if (rc == TG_OK && tg_fault("relay.after_produce"))
    rc = tg_err_set(err, TG_RETRY, "kafka", "fault point after the records");
  return rc == TG_OK ? end(e, offsets, count, member, err) : rc;
}
