/* The producer against a mock cluster. */
#include "world.h"

static struct tg_mock *mock;

static int setup(void **state)
{
  (void)state;
  struct tg_err err;
  return tg_mock_new(&mock, &err) == TG_OK ? 0 : -1;
}

static int teardown(void **state)
{
  (void)state;
  tg_mock_free(mock);
  return 0;
}

static struct tg_producer *producer(const char *brokers, const char *const *properties,
                                    uint32_t count)
{
  struct tg_producer *p;
  struct tg_err err;
  if (tg_producer_new(brokers, properties, count, &p, &err) != TG_OK) fail_msg("%s", err.what);
  return p;
}

static void a_full_queue_says_so_at_the_deadline(void **state)
{
  (void)state;
  const char *properties[] = {"queue.buffering.max.messages", "10"};
  struct tg_producer *p = producer("127.0.0.1:1", properties, 1);
  struct tg_err err;
  enum tg_rc rc = TG_OK;
  int sent = 0;
  for (; rc == TG_OK && sent < 100; sent++)
    rc = tg_producer_send(
        p,
        &(struct tg_record){
            .topic = "t", .partition = 0, .key = tg_text("k"), .value = tg_text("v")},
        tg_clock_mono_us() + 100 * TG_MS, &err);
  assert_int_equal(rc, TG_AGAIN);
  assert_int_equal(sent, 11);
  assert_int_equal(tg_producer_flush(p, tg_clock_mono_us() + 50 * TG_MS, &err), TG_RETRY);
  tg_producer_free(p);
}

static void an_undelivered_record_fails_the_flush_once(void **state)
{
  (void)state;
  const char *properties[] = {"message.timeout.ms", "200"};
  struct tg_producer *p = producer("127.0.0.1:1", properties, 1);
  struct tg_err err;
  int64_t deadline_us = tg_clock_mono_us() + 20 * TG_SEC;
  assert_int_equal(tg_producer_send(p,
                                    &(struct tg_record){.topic = "t",
                                                        .partition = 0,
                                                        .key = tg_text("k"),
                                                        .value = tg_text("v")},
                                    deadline_us, &err),
                   TG_OK);
  assert_int_equal(tg_producer_flush(p, deadline_us, &err), TG_RETRY);
  assert_non_null(strstr(err.what, "1 records were not delivered, first t["));
  assert_int_equal(tg_producer_flush(p, deadline_us, &err), TG_OK);
  tg_producer_free(p);
}

static void a_record_above_the_limit_is_at_fault(void **state)
{
  (void)state;
  const char *properties[] = {"message.max.bytes", "2000"};
  struct tg_producer *p = producer(tg_mock_brokers(mock), properties, 1);
  struct tg_err err;
  char big[3000] = "";
  assert_int_equal(tg_producer_send(p,
                                    &(struct tg_record){.topic = "t",
                                                        .partition = 0,
                                                        .key = tg_text("k"),
                                                        .value = tg_text_of(big, sizeof big)},
                                    tg_clock_mono_us() + TG_SEC, &err),
                   TG_DATA);
  tg_producer_free(p);
}

static void a_topic_that_exists_is_fine(void **state)
{
  (void)state;
  struct tg_producer *p = producer(tg_mock_brokers(mock), NULL, 0);
  struct tg_err err;
  assert_int_equal(tg_mock_topic(mock, "there", 4, &err), TG_OK);
  assert_int_equal(tg_producer_topic(p, "there", 4, 10 * TG_SEC, &err), TG_OK);
  tg_producer_free(p);
}

static void a_wrong_property_is_named(void **state)
{
  (void)state;
  struct tg_producer *p = NULL;
  struct tg_err err;
  const char *properties[] = {"linger.mss", "5"};
  assert_int_equal(tg_producer_new("127.0.0.1:1", properties, 1, &p, &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "'linger.ms'"));
  assert_null(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_full_queue_says_so_at_the_deadline),
      cmocka_unit_test(an_undelivered_record_fails_the_flush_once),
      cmocka_unit_test(a_record_above_the_limit_is_at_fault),
      cmocka_unit_test(a_topic_that_exists_is_fine),
      cmocka_unit_test(a_wrong_property_is_named),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
