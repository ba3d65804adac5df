/* From a row of the quarantine to the event that it was. */
#include "core/app/replayread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tg_buf room;
static struct tg_err err;

static enum tg_rc read_headers(const char *json, struct tg_event *e)
{
  struct tg_rejected r = {
      .part = 3, .offset = 42, .kafka_us = 7, .value_size = 2, .value = {"{}", 2}, .headers = json};
  return tg_replay_event(&r, 5, &room, e, &err);
}

static void assert_header(const struct tg_event *e, uint32_t *at, struct tg_header want)
{
  struct tg_header h;
  assert_true(tg_headers_next(e->headers, at, &h));
  assert_true(tg_text_eq(h.name, want.name));
  assert_int_equal(h.value.ptr == NULL, want.value.ptr == NULL);
  assert_true(tg_text_eq(h.value, want.value));
}

static void place_time_and_headers_are_those_recorded(void **state)
{
  (void)state;
  struct tg_event e;
  struct tg_header h;
  uint32_t at = 0;
  assert_int_equal(read_headers("[[\"a\", \"x\"], [\"a\", {\"hex\": \"00fF\"}], [\"b\", null],"
                                " [{\"hex\": \"ff\"}, \"\"]]",
                                &e),
                   TG_OK);
  assert_int_equal(e.slot, 5);
  assert_int_equal(e.partition, 3);
  assert_int_equal(e.offset, 42);
  assert_int_equal(e.kafka_us, 7);
  assert_false(e.oversize);
  assert_header(&e, &at, (struct tg_header){{"a", 1}, {"x", 1}});
  assert_header(&e, &at, (struct tg_header){{"a", 1}, {"\0\xff", 2}});
  assert_header(&e, &at, (struct tg_header){{"b", 1}, {NULL, 0}});
  assert_header(&e, &at, (struct tg_header){{"\xff", 1}, {"", 0}});
  assert_false(tg_headers_next(e.headers, &at, &h));
}

static void headers_changed_by_hand_are_refused(void **state)
{
  (void)state;
  static const char *const bad[] = {"{}",
                                    "[1]",
                                    "[[\"a\"]]",
                                    "[[\"a\", 1]]",
                                    "[[\"a\", {\"hex\": \"0\"}]]",
                                    "[[\"a\", {\"hex\": \"zz\"}]]",
                                    "[[\"a\", {}]]",
                                    "x"};
  struct tg_event e;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(read_headers(bad[i], &e), TG_DATA);
  assert_int_equal(read_headers(NULL, &e), TG_OK);
  assert_int_equal(e.headers.len, 0);
}

static void what_was_cut_is_told(void **state)
{
  (void)state;
  struct tg_event e;
  struct tg_rejected r = {.value_size = 100, .value = {"{}", 2}};
  assert_int_equal(tg_replay_event(&r, 0, &room, &e, &err), TG_OK);
  assert_true(e.oversize);
  assert_int_equal(e.size, 100);
  struct tg_rejected tombstone = {.value_size = 0};
  assert_int_equal(tg_replay_event(&tombstone, 0, &room, &e, &err), TG_OK);
  assert_false(e.oversize);
  assert_null(e.value.ptr);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(place_time_and_headers_are_those_recorded),
      cmocka_unit_test(headers_changed_by_hand_are_refused),
      cmocka_unit_test(what_was_cut_is_told),
  };
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  tg_buf_fini(&room);
  return failed;
}
