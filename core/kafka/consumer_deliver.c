/* Messages to the owner: which slot, the record's view, what is a repeat, in order and never
 * twice. */
#include "core/kafka/consumer_own.h"

#include "core/base/log.h"

#include <inttypes.h>

static int compare(const struct tg_part *p, const char *topic, int32_t partition)
{
  int order = strcmp(p->topic, topic);
  return order ? order : (p->partition > partition) - (p->partition < partition);
}

struct tg_part *tg_consumer_part(struct tg_consumer *c, const char *topic, int32_t partition)
{
  uint32_t low = 0, high = c->parts_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int order = compare(&c->parts[middle], topic, partition);
    if (order == 0) return &c->parts[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* The partition of a message. The topic's handle is stable as long as it is assigned. */
static inline struct tg_part *part_of(struct tg_consumer *c, const rd_kafka_message_t *msg)
{
  if (msg->rkt == c->last_rkt && msg->partition == c->last_partition) return c->last;
  if (!msg->rkt) return NULL;
  c->last = tg_consumer_part(c, rd_kafka_topic_name(msg->rkt), msg->partition);
  c->last_rkt = msg->rkt, c->last_partition = msg->partition;
  return c->last;
}

static void pack_text(struct tg_buf *out, const void *bytes, size_t size)
{
  uint32_t length = bytes ? (uint32_t)size : UINT32_MAX;
  tg_buf_add(out, &length, sizeof length);
  if (bytes) tg_buf_add(out, bytes, size);
}

/* Packs the headers as core/data/batch.h says; false without memory. */
static bool pack_headers(struct tg_buf *out, const rd_kafka_message_t *msg)
{
  rd_kafka_headers_t *headers;
  tg_buf_clear(out);
  if (rd_kafka_message_headers(msg, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  const char *name;
  const void *value;
  size_t size;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; i++) {
    pack_text(out, name, strlen(name));
    pack_text(out, value, size);
  }
  return !out->failed;
}

static int64_t stamp_us(const rd_kafka_message_t *msg)
{
  rd_kafka_timestamp_type_t type;
  int64_t ms = rd_kafka_message_timestamp(msg, &type), us;
  if (type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) return 0;
  if (__builtin_mul_overflow(ms, 1000, &us)) return ms < 0 ? INT64_MIN : INT64_MAX;
  return us;
}

/* Cuts what no load could hold: value and key to their first 64 KiB, headers altogether. */
static void cut(struct tg_event *e)
{
  e->oversize = true;
  if (e->value.len > TG_CUT_BYTES) e->value.len = TG_CUT_BYTES;
  if (e->key.len > TG_CUT_BYTES) e->key.len = TG_CUT_BYTES;
  e->headers = (struct tg_text){0};
}

static bool view(struct tg_consumer *c, const struct tg_part *p, const rd_kafka_message_t *msg,
                 struct tg_event *e)
{
  if (!pack_headers(&c->packed, msg)) return false;
  *e = (struct tg_event){.slot = p->slot,
                         .partition = msg->partition,
                         .offset = msg->offset,
                         .kafka_us = stamp_us(msg),
                         .size = (uint32_t)msg->len,
                         .key = tg_text_of(msg->key, msg->key_len),
                         .value = tg_text_of(msg->payload, msg->len)};
  if (c->packed.len) e->headers = tg_buf_view(&c->packed);
  if ((uint64_t)msg->len + msg->key_len + c->packed.len > c->event_bytes_max) cut(e);
  return true;
}

/* A record below what the owner has. A repeat is harmless and dropped. One below the first
 * delivered since the assignment means that the library began too late: that hole must not stay. */
static void went_back(struct tg_consumer *c, struct tg_part *p, int64_t offset)
{
  if (p->first >= 0 && offset >= p->first) {
    tg_log(TG_WARN, "kafka", "%s[%d]: offset %" PRId64 " came again and was dropped", p->topic,
           p->partition, offset);
    return;
  }
  if (p->first < 0) return; /* before the offset asked for: librdkafka skips into a record batch */
  struct tg_err err;
  char where[300];
  snprintf(where, sizeof where, "%s[%d]@%" PRId64, p->topic, p->partition, offset);
  tg_err_set(&err, TG_CONFIG, where,
             "came after offset %" PRId64 ", with which reading began: the client skipped records; "
             "stop this lane, it must read again from its committed offset",
             p->first);
  p->dead = true;
  if (c->on.broken) c->on.broken(c->on.self, p->slot, &err);
}

static enum tg_rc deliver_record(struct tg_consumer *c, struct tg_part *p,
                                 const rd_kafka_message_t *msg, struct tg_err *err)
{
  if (msg->offset < p->next) return went_back(c, p, msg->offset), TG_OK;
  struct tg_event e;
  if (!view(c, p, msg, &e))
    return tg_err_set(err, TG_FATAL, p->topic, "no memory for the headers of offset %" PRId64,
                      msg->offset);
  uint64_t serial = c->serial;
  if (!c->on.record(c->on.self, &e)) return TG_AGAIN;
  if (serial != c->serial) return TG_OK; /* the owner assigned anew: p is gone */
  if (p->first < 0) p->first = msg->offset;
  p->next = msg->offset + 1;
  return TG_OK;
}

static void deliver_eof(struct tg_consumer *c, struct tg_part *p, int64_t offset)
{
  if (offset < p->next) return;
  p->next = offset;
  if (c->on.eof) c->on.eof(c->on.self, p->slot, offset);
}

static enum tg_rc deliver_one(struct tg_consumer *c, const rd_kafka_message_t *msg,
                              struct tg_err *err)
{
  if (msg->err && msg->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
    return tg_consumer_failed(c, msg), TG_OK;
  struct tg_part *p = part_of(c, msg);
  if (!p || p->dead) return TG_OK;
  if (c->trouble) tg_consumer_trouble(c, RD_KAFKA_RESP_ERR_NO_ERROR, NULL);
  if (msg->err) return deliver_eof(c, p, msg->offset), TG_OK;
  return deliver_record(c, p, msg, err);
}

enum tg_rc tg_consumer_deliver(struct tg_consumer *c, uint32_t *most, struct tg_err *err)
{
  while (c->head < c->count) {
    if (c->paused || *most == 0) return TG_AGAIN;
    rd_kafka_message_t *msg = c->msgs[c->head];
    uint64_t serial = c->serial;
    enum tg_rc rc = deliver_one(c, msg, err);
    if (rc != TG_OK) return rc;
    if (serial != c->serial) return TG_OK; /* everything in hand is void and destroyed, msg too */
    if (!msg->err) --*most;
    rd_kafka_message_destroy(msg);
    c->head++;
  }
  c->head = c->count = 0;
  return TG_OK;
}
