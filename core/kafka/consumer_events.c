/* What librdkafka calls back: assignments, errors, results of commits. All of it runs inside
 * tg_consumer_poll() and tg_consumer_close(), on the owner's thread. */
#include "core/kafka/consumer_own.h"

#include "core/base/clock.h"
#include "core/base/log.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t probe_every_us = 5 * TG_SEC;

/* What the caller must do about a client-wide error. Standing ones last until a broker answers
 * again; the rest are events. Not listed: standing, retry. */
static const struct {
  rd_kafka_resp_err_t code;
  enum tg_rc rc;
  bool standing, breaks; /* breaks: a partition with this error is dead */
} classes[] = {
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, TG_DATA, false, true},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, TG_DATA, false, true},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, TG_RETRY, false, true},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, TG_RETRY, false, true},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, TG_RETRY, false, true},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, TG_CONFIG, false, true},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, TG_CONFIG, false, false},
    {RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL, TG_CONFIG, false, false},
    {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, TG_RETRY, false, false},
    /* A damaged or undecodable record batch: the library may skip it and go on behind it. */
    {RD_KAFKA_RESP_ERR__BAD_MSG, TG_CONFIG, false, true},
    {RD_KAFKA_RESP_ERR__BAD_COMPRESSION, TG_CONFIG, false, true},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, TG_CONFIG, false, true},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, TG_CONFIG, false, true},
    {RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, TG_CONFIG, false, true},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, TG_CONFIG, true, false},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, TG_CONFIG, true, false},
    {RD_KAFKA_RESP_ERR__SSL, TG_CONFIG, true, false},
};

static size_t class_of(rd_kafka_resp_err_t code)
{
  size_t i = 0;
  while (i < sizeof classes / sizeof *classes && classes[i].code != code) i++;
  return i;
}

static bool is_known(size_t class)
{
  return class < sizeof classes / sizeof *classes;
}

static bool is_connection(rd_kafka_resp_err_t code)
{
  return code == RD_KAFKA_RESP_ERR__TRANSPORT || code == RD_KAFKA_RESP_ERR__RESOLVE ||
         code == RD_KAFKA_RESP_ERR__TIMED_OUT;
}

static void tell_trouble(struct tg_consumer *c, enum tg_rc rc, rd_kafka_resp_err_t code,
                         const char *text)
{
  struct tg_err err;
  char where[64];
  snprintf(where, sizeof where, "kafka %s", rd_kafka_err2name(code));
  tg_err_set(&err, rc, where, "%s", text);
  if (c->on.trouble) c->on.trouble(c->on.self, &err);
}

void tg_consumer_trouble(struct tg_consumer *c, rd_kafka_resp_err_t code, const char *text)
{
  size_t class = class_of(code);
  enum tg_rc rc = is_known(class) ? classes[class].rc : TG_RETRY;
  if (!code) {
    c->trouble = code;
    tell_trouble(c, TG_OK, code, "the brokers answer again");
    return;
  }
  if (is_known(class) && !classes[class].standing) {
    tell_trouble(c, rc, code, text);
    return;
  }
  bool less = c->trouble == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && is_connection(code);
  if (c->trouble == code || less) return;
  c->trouble = code;
  c->probe_us = tg_clock_mono_us() + probe_every_us;
  tell_trouble(c, rc, code, text);
}

void tg_consumer_lose(struct tg_consumer *c, const char *why)
{
  bool held = c->group;
  if (!c->fatal) snprintf(c->fatal_text, sizeof c->fatal_text, "%s", why);
  c->fatal = true;
  tg_consumer_forget(c);
  if (c->group) rd_kafka_topic_partition_list_destroy(c->group);
  c->group = NULL;
  if (held) c->on.revoked(c->on.self, true);
}

static void lose_fatal(struct tg_consumer *c)
{
  char text[256] = "";
  rd_kafka_resp_err_t code = rd_kafka_fatal_error(c->rk, text, sizeof text);
  char why[320];
  snprintf(why, sizeof why, "%s: %s", rd_kafka_err2name(code), text);
  c->fenced = code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
  tg_consumer_lose(c, why);
}

static void tell_broken(struct tg_consumer *c, struct tg_part *p, rd_kafka_resp_err_t code,
                        const char *text)
{
  struct tg_err err;
  char where[300];
  snprintf(where, sizeof where, "%s[%d]@%lld", p->topic, p->partition, (long long)p->next);
  tg_err_set(&err, classes[class_of(code)].rc, where, "%s: %s", rd_kafka_err2name(code), text);
  p->dead = true;
  if (c->on.broken) c->on.broken(c->on.self, p->slot, &err);
}

/* A topic gone: when it comes back it may be another one, and reading on would skip its first
 * records. */
static bool is_gone(rd_kafka_resp_err_t code)
{
  return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

/* Breaks all partitions of a topic. Returns whether one was assigned. */
static bool break_topic(struct tg_consumer *c, struct tg_text topic, rd_kafka_resp_err_t code,
                        const char *text)
{
  uint64_t serial = c->serial;
  bool found = false;
  for (uint32_t i = 0; serial == c->serial && i < c->parts_count; i++) {
    struct tg_part *p = &c->parts[i];
    if (!tg_text_is(topic, p->topic)) continue;
    found = true;
    if (!p->dead) tell_broken(c, p, code, text);
  }
  return found;
}

void tg_consumer_failed(struct tg_consumer *c, const rd_kafka_message_t *msg)
{
  if (msg->err == RD_KAFKA_RESP_ERR__FATAL) {
    lose_fatal(c);
    return;
  }
  const char *topic = msg->rkt ? rd_kafka_topic_name(msg->rkt) : "";
  const char *text = rd_kafka_message_errstr(msg);
  size_t class = class_of(msg->err);
  struct tg_part *p = tg_consumer_part(c, topic, msg->partition);
  bool breaks = is_known(class) && classes[class].breaks;
  /* The partition of an error about a topic is not to be trusted: 2.0.2 says 0. */
  if (is_gone(msg->err) && break_topic(c, tg_text(topic), msg->err, text)) return;
  if (p && p->dead) return;
  if (p && breaks)
    tell_broken(c, p, msg->err, text);
  else
    tg_consumer_trouble(c, msg->err, text);
}

/* The client-wide report of a topic gone comes first, and has the topic only in its text: "topic
 * [partition]: .." */
static bool break_named(struct tg_consumer *c, rd_kafka_resp_err_t code, const char *text)
{
  const char *end = is_gone(code) ? strstr(text, " [") : NULL;
  return end && break_topic(c, tg_text_of(text, (size_t)(end - text)), code, text);
}

static void on_error(rd_kafka_t *rk, int number, const char *text, void *opaque)
{
  (void)rk;
  struct tg_consumer *c = opaque;
  rd_kafka_resp_err_t code = (rd_kafka_resp_err_t)number;
  if (code == RD_KAFKA_RESP_ERR__FATAL)
    lose_fatal(c);
  else if (!break_named(c, code, text))
    tg_consumer_trouble(c, code, text);
}

/* Nothing is fetched until the owner names offsets: an empty assignment answers the group. */
static void assigned(struct tg_consumer *c, const rd_kafka_topic_partition_list_t *list)
{
  uint32_t count = (uint32_t)list->cnt;
  rd_kafka_topic_partition_list_t *nothing = rd_kafka_topic_partition_list_new(0);
  struct tg_topart *parts = calloc(count ? count : 1, sizeof *parts);
  for (uint32_t i = 0; i < count && parts; i++)
    parts[i] =
        (struct tg_topart){.topic = list->elems[i].topic, .partition = list->elems[i].partition};
  if (parts) {
    c->group = rd_kafka_topic_partition_list_copy(list);
    c->on.assigned(c->on.self, parts, count);
  } else {
    tg_consumer_lose(c, "no memory for an assignment");
  }
  rd_kafka_assign(c->rk, nothing);
  rd_kafka_topic_partition_list_destroy(nothing);
  free(parts);
}

static void revoked(struct tg_consumer *c)
{
  bool held = c->group, lost = rd_kafka_assignment_lost(c->rk);
  if (c->group) rd_kafka_topic_partition_list_destroy(c->group);
  c->group = NULL;
  if (held) c->on.revoked(c->on.self, lost);
  rd_kafka_assign(c->rk, NULL);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
  (void)rk;
  struct tg_consumer *c = opaque;
  tg_consumer_forget(c);
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS && !c->fatal)
    assigned(c, list);
  else
    revoked(c);
}

static void on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *list, void *opaque)
{
  (void)rk, (void)opaque;
  tg_log(TG_DEBUG, "kafka", "commit of %d partitions for lag tools: %s", list ? list->cnt : 0,
         rd_kafka_err2name(code));
}

void tg_consumer_hook(rd_kafka_conf_t *conf, struct tg_consumer *c)
{
  rd_kafka_conf_set_opaque(conf, c);
  rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
  rd_kafka_conf_set_error_cb(conf, on_error);
  rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
}
