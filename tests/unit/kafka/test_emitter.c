/* Transactions against a mock cluster, which answers them but isolates nothing. */
#include "world.h"

#include "core/kafka/emitter.h"

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

static enum tg_rc send(struct tg_emitter *e, const char *value, struct tg_err *err)
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
  must(send(e, "small", &err), &err);
  assert_int_equal(send(e, big, &err), TG_CONFIG);
  tg_emitter_free(e);
}

static void a_second_one_of_the_same_id_begins_anew(void **state)
{
  (void)state;
  struct tg_err err;
  struct tg_emitter_conf conf = conf_of("mine");
  struct tg_emitter *e = emitter("dead");
  must(tg_emitter_begin(e, &err), &err);
  must(send(e, "half", &err), &err);
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

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_missing_topic_is_the_operators),
                                     cmocka_unit_test(partitions_without_an_offset_say_so),
                                     cmocka_unit_test(a_record_above_the_limit_is_refused),
                                     cmocka_unit_test(a_second_one_of_the_same_id_begins_anew),
                                     cmocka_unit_test(settings_that_break_the_promise_are_refused)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
