/* Transactions against a mock cluster, which answers them but isolates nothing. */
#include "world.h"

#include "core/kafka/emitter.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

static struct tg_mock *mock;

static int setup(void **state)
{
  (void)state;
  struct tg_err err;
  if (tg_mock_new(&mock, &err) != TG_OK) return -1;
  return tg_mock_topic(mock, "out", 1, &err) == TG_OK ? 0 : -1;
}

static int teardown(void **state)
{
  (void)state;
  tg_mock_free(mock);
  return 0;
}

static struct tg_emitter_conf conf_of(const char *id)
{
  return (struct tg_emitter_conf){
      .brokers = tg_mock_brokers(mock), .group = "g", .id = id, .record_bytes_max = 10000};
}

static struct tg_emitter *emitter(const char *id)
{
  struct tg_emitter_conf conf = conf_of(id);
  struct tg_emitter *e;
  struct tg_err err;
  if (tg_emitter_new(&conf, &e, &err) != TG_OK) fail_msg("%s", err.what);
  return e;
}

static void must(enum tg_rc rc, const struct tg_err *err)
{
  if (rc != TG_OK) fail_msg("%s: %s", err->where, err->what);
}

static enum tg_rc put(struct tg_emitter *e, const char *value, struct tg_err *err)
{
  return tg_emitter_send(
      e, &(struct tg_emission){.topic = "out", .value = tg_text(value), .us = -1}, err);
}

static void a_missing_topic_is_the_operators(void **state)
{
  (void)state;
  struct tg_err err;
  struct tg_emitter *e = emitter("one");
  must(tg_emitter_topic(e, "out", &err), &err);
  assert_int_equal(tg_emitter_topic(e, "nowhere", &err), TG_CONFIG);
  assert_string_equal(err.where, "nowhere");
  tg_emitter_free(e);
}

static void partitions_without_an_offset_say_so(void **state)
{
  (void)state;
  struct tg_err err;
  struct tg_emitter *e = emitter("one");
  struct tg_topart part = {.topic = "out", .partition = 0, .offset = 7};
  must(tg_emitter_offsets(e, &part, 1, &err), &err);
  assert_int_equal(part.offset, -1);
  tg_emitter_free(e);
}

static void a_record_above_the_limit_is_refused(void **state)
{
  (void)state;
  static char big[100000];
  struct tg_err err;
  struct tg_emitter *e = emitter("one");
  memset(big, 'x', sizeof big - 1);
  must(tg_emitter_begin(e, &err), &err);
  must(put(e, "small", &err), &err);
  assert_int_equal(put(e, big, &err), TG_CONFIG);
  tg_emitter_free(e);
}

static void a_second_one_of_the_same_id_begins_anew(void **state)
{
  (void)state;
  struct tg_err err;
  struct tg_emitter_conf conf = conf_of("mine");
  struct tg_emitter *e = emitter("dead");
  must(tg_emitter_begin(e, &err), &err);
  must(put(e, "half", &err), &err);
  must(tg_emitter_fence(&conf, "dead", &err), &err);
  struct tg_emitter *again = emitter("dead");
  must(tg_emitter_begin(again, &err), &err);
  tg_emitter_free(again);
  tg_emitter_free(e);
}

static void settings_that_break_the_promise_are_refused(void **state)
{
  (void)state;
  struct tg_err err;
  struct tg_emitter *e = NULL;
  struct tg_emitter_conf conf = conf_of("one");
  const char *properties[] = {"acks", "1"};
  conf.properties = properties, conf.properties_count = 1;
  assert_int_equal(tg_emitter_new(&conf, &e, &err), TG_CONFIG); /* librdkafka: acks must be all */
  assert_null(e);
}

/* The member of a group, as a consumer writes it. */
static struct tg_text nobody(struct tg_buf *out)
{
  void *bytes;
  size_t size;
  rd_kafka_consumer_group_metadata_t *who = rd_kafka_consumer_group_metadata_new("g");
  assert_null(rd_kafka_consumer_group_metadata_write(who, &bytes, &size));
  tg_buf_init(out, 0);
  tg_buf_add(out, bytes, size);
  rd_kafka_mem_free(NULL, bytes);
  rd_kafka_consumer_group_metadata_destroy(who);
  return tg_buf_view(out);
}

/* One transaction against a cluster of its own that first answers requests of this kind as told. */
static enum tg_rc transact(int16_t kind, rd_kafka_resp_err_t first, struct tg_err *err)
{
  struct tg_buf member;
  struct tg_emitter *e;
  rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), NULL, 0);
  rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, 1);
  struct tg_emitter_conf conf = conf_of("lost");
  struct tg_topart to = {.topic = "out", .partition = 0, .offset = 7};
  conf.brokers = rd_kafka_mock_cluster_bootstraps(cluster);
  rd_kafka_mock_topic_create(cluster, "out", 1, 1);
  must(tg_emitter_new(&conf, &e, err), err);
  must(tg_emitter_begin(e, err), err);
  must(put(e, "x", err), err);
  rd_kafka_mock_push_request_errors(cluster, kind, 1, first);
  enum tg_rc rc = tg_emitter_commit(e, &to, 1, nobody(&member), err);
  tg_buf_fini(&member);
  tg_emitter_free(e);
  rd_kafka_mock_cluster_destroy(cluster);
  rd_kafka_destroy(rk);
  return rc;
}

/* librdkafka repeats them on a new connection and is content: the first may still be on its way. */
static void a_connection_that_ends_under_a_commit_makes_it_doubtful(void **state)
{
  (void)state;
  enum { TXN_OFFSET_COMMIT = 28, END_TXN = 26 }; /* Kafka's protocol, API keys */
  struct tg_err err;
  must(transact(END_TXN, RD_KAFKA_RESP_ERR_NO_ERROR, &err), &err);
  assert_int_equal(transact(END_TXN, RD_KAFKA_RESP_ERR__TRANSPORT, &err), TG_RETRY);
  assert_non_null(strstr(err.what, "a connection ended"));
  assert_int_equal(transact(TXN_OFFSET_COMMIT, RD_KAFKA_RESP_ERR__TRANSPORT, &err), TG_RETRY);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_missing_topic_is_the_operators),
      cmocka_unit_test(partitions_without_an_offset_say_so),
      cmocka_unit_test(a_record_above_the_limit_is_refused),
      cmocka_unit_test(a_second_one_of_the_same_id_begins_anew),
      cmocka_unit_test(a_connection_that_ends_under_a_commit_makes_it_doubtful),
      cmocka_unit_test(settings_that_break_the_promise_are_refused)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
