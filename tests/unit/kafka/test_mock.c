/* The embedded broker. */
#include "world.h"

static void it_listens_on_loopback_and_dies_quietly(void **state)
{
  (void)state;
  struct tg_mock *m;
  struct tg_err err;
  assert_int_equal(tg_mock_new(&m, &err), TG_OK);
  assert_memory_equal(tg_mock_brokers(m), "127.0.0.1:", 10);
  tg_mock_free(m);
  tg_mock_free(NULL);
}

static void a_topic_cannot_be_made_twice(void **state)
{
  (void)state;
  struct tg_mock *m;
  struct tg_err err;
  assert_int_equal(tg_mock_new(&m, &err), TG_OK);
  assert_int_equal(tg_mock_topic(m, "t", 16, &err), TG_OK);
  assert_int_equal(tg_mock_topic(m, "t", 16, &err), TG_CONFIG);
  assert_string_equal(err.where, "t");
  tg_mock_free(m);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_listens_on_loopback_and_dies_quietly),
      cmocka_unit_test(a_topic_cannot_be_made_twice),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
