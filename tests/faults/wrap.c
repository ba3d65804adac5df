/* What the program's calls of libpq, librdkafka and the allocator come to in test builds. A failure
 * is what the library's manual says it looks like; the real call is not made, except where a
 * failure tells nothing about what was done (commit). */
#include "tests/faults/calls.h"

#include <errno.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FAILS(kind)                                                                                \
  tg_call_fails(kind, __func__ + sizeof "__wrap_" - 1, __builtin_return_address(0))

/* type __wrap_NAME(params): the real one, or `failure`. */
#define WRAP(kind, type, name, params, args, failure)                                              \
  type __real_##name params;                                                                       \
  type __wrap_##name params;                                                                       \
  type __wrap_##name params                                                                        \
  {                                                                                                \
    return FAILS(kind) ? (failure) : __real_##name args;                                           \
  }

/* --- libpq */

WRAP("pg", PGconn *, PQconnectStartParams,
     (const char *const *keys, const char *const *values, int expand), (keys, values, expand), NULL)
WRAP("pg", PostgresPollingStatusType, PQconnectPoll, (PGconn * c), (c), PGRES_POLLING_FAILED)
WRAP("pg", int, PQsetnonblocking, (PGconn * c, int on), (c, on), -1)
WRAP("pg", int, PQsendQuery, (PGconn * c, const char *sql), (c, sql), 0)
WRAP("pg", int, PQsendQueryParams,
     (PGconn * c, const char *sql, int n, const Oid *types, const char *const *values,
      const int *lengths, const int *formats, int format),
     (c, sql, n, types, values, lengths, formats, format), 0)
WRAP("pg", int, PQflush, (PGconn * c), (c), -1)
WRAP("pg", int, PQconsumeInput, (PGconn * c), (c), 0)
WRAP("pg", int, PQputCopyData, (PGconn * c, const char *bytes, int size), (c, bytes, size), -1)
WRAP("pg", int, PQputCopyEnd, (PGconn * c, const char *why), (c, why), -1)

/* A result is missing only when the connection is gone. */
PGresult *__real_PQgetResult(PGconn *c);
PGresult *__wrap_PQgetResult(PGconn *c);
PGresult *__wrap_PQgetResult(PGconn *c)
{
  if (FAILS("pg")) shutdown(PQsocket(c), SHUT_RDWR);
  return __real_PQgetResult(c);
}

/* --- librdkafka: consumer */

#define DOWN RD_KAFKA_RESP_ERR__TRANSPORT

static rd_kafka_t *refused(rd_kafka_conf_t *conf, char *why, size_t size)
{
  (void)conf; /* stays the caller's */
  snprintf(why, size, "no client can be made");
  return NULL;
}

WRAP("kafka", rd_kafka_t *, rd_kafka_new,
     (rd_kafka_type_t type, rd_kafka_conf_t *conf, char *why, size_t size), (type, conf, why, size),
     refused(conf, why, size))
WRAP("kafka", rd_kafka_resp_err_t, rd_kafka_subscribe,
     (rd_kafka_t * rk, const rd_kafka_topic_partition_list_t *topics), (rk, topics), DOWN)
WRAP("kafka", rd_kafka_resp_err_t, rd_kafka_assign,
     (rd_kafka_t * rk, const rd_kafka_topic_partition_list_t *parts), (rk, parts), DOWN)
WRAP("kafka", ssize_t, rd_kafka_consume_batch_queue,
     (rd_kafka_queue_t * queue, int ms, rd_kafka_message_t **out, size_t size),
     (queue, ms, out, size), -1)
WRAP("kafka", rd_kafka_resp_err_t, rd_kafka_query_watermark_offsets,
     (rd_kafka_t * rk, const char *topic, int32_t part, int64_t *low, int64_t *high, int ms),
     (rk, topic, part, low, high, ms), DOWN)
WRAP("kafka", rd_kafka_resp_err_t, rd_kafka_offsets_for_times,
     (rd_kafka_t * rk, rd_kafka_topic_partition_list_t *times, int ms), (rk, times, ms), DOWN)
WRAP("kafka", rd_kafka_resp_err_t, rd_kafka_get_watermark_offsets,
     (rd_kafka_t * rk, const char *topic, int32_t part, int64_t *low, int64_t *high),
     (rk, topic, part, low, high), DOWN)
WRAP("kafka", rd_kafka_resp_err_t, rd_kafka_commit,
     (rd_kafka_t * rk, const rd_kafka_topic_partition_list_t *offsets, int async),
     (rk, offsets, async), DOWN)
WRAP("kafka", rd_kafka_resp_err_t, rd_kafka_metadata,
     (rd_kafka_t * rk, int all, rd_kafka_topic_t *only, const struct rd_kafka_metadata **out,
      int ms),
     (rk, all, only, out, ms), DOWN)
WRAP("kafka", rd_kafka_resp_err_t, rd_kafka_committed,
     (rd_kafka_t * rk, rd_kafka_topic_partition_list_t *parts, int ms), (rk, parts, ms), DOWN)
WRAP("kafka", char *, rd_kafka_clusterid, (rd_kafka_t * rk, int ms), (rk, ms), NULL)
WRAP("kafka", rd_kafka_consumer_group_metadata_t *, rd_kafka_consumer_group_metadata,
     (rd_kafka_t * rk), (rk), NULL)

/* --- librdkafka: transactions */

static rd_kafka_error_t *down(void)
{
  return rd_kafka_error_new(DOWN, "made to fail");
}

WRAP("kafka", rd_kafka_error_t *, rd_kafka_init_transactions, (rd_kafka_t * rk, int ms), (rk, ms),
     down())
WRAP("kafka", rd_kafka_error_t *, rd_kafka_begin_transaction, (rd_kafka_t * rk), (rk), down())
WRAP("kafka", rd_kafka_resp_err_t, rd_kafka_flush, (rd_kafka_t * rk, int ms), (rk, ms),
     RD_KAFKA_RESP_ERR__TIMED_OUT)
WRAP("kafka", rd_kafka_error_t *, rd_kafka_send_offsets_to_transaction,
     (rd_kafka_t * rk, const rd_kafka_topic_partition_list_t *offsets,
      const rd_kafka_consumer_group_metadata_t *who, int ms),
     (rk, offsets, who, ms), down())
WRAP("kafka", rd_kafka_error_t *, rd_kafka_consumer_group_metadata_write,
     (const rd_kafka_consumer_group_metadata_t *who, void **out, size_t *size), (who, out, size),
     down())
WRAP("kafka", rd_kafka_error_t *, rd_kafka_consumer_group_metadata_read,
     (rd_kafka_consumer_group_metadata_t * *who, const void *bytes, size_t size),
     (who, bytes, size), down())

/* Committed, and nobody says so. */
rd_kafka_error_t *__real_rd_kafka_commit_transaction(rd_kafka_t *rk, int ms);
rd_kafka_error_t *__wrap_rd_kafka_commit_transaction(rd_kafka_t *rk, int ms);
rd_kafka_error_t *__wrap_rd_kafka_commit_transaction(rd_kafka_t *rk, int ms)
{
  bool fails = FAILS("kafka");
  rd_kafka_error_t *error = __real_rd_kafka_commit_transaction(rk, ms);
  return fails && !error ? down() : error;
}

/* --- the allocator */

static void *none(void)
{
  errno = ENOMEM;
  return NULL;
}

WRAP("alloc", void *, malloc, (size_t size), (size), none())
WRAP("alloc", void *, calloc, (size_t count, size_t size), (count, size), none())
WRAP("alloc", void *, realloc, (void *at, size_t size), (at, size), none())
WRAP("alloc", char *, strdup, (const char *text), (text), none())
