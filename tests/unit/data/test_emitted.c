/* The packed form of records. */
#include "core/data/emitted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct tg_packed full = {.number = 7,
                                      .kind = TG_RECORD_DEAD_LETTER,
                                      .offset = INT64_MAX,
                                      .us = -1,
                                      .topic = {"out", 3},
                                      .key = {"k\0y", 3},
                                      .value = {"", 0},
                                      .headers = {NULL, 0}};

static void records_come_back_as_they_were(void **state)
{
  (void)state;
  struct tg_buf out;
  struct tg_packed r;
  size_t at = 0;
  tg_buf_init(&out, 0);
  tg_packed_add(&out, &full);
  tg_packed_add(&out, &(struct tg_packed){.topic = tg_text("t"), .offset = 1, .us = 2});
  assert_int_equal(tg_packed_next(tg_buf_view(&out), &at, &r), TG_OK);
  assert_int_equal(r.number, 7);
  assert_int_equal(r.kind, TG_RECORD_DEAD_LETTER);
  assert_true(r.offset == INT64_MAX && r.us == -1);
  assert_true(tg_text_is(r.topic, "out") && r.key.len == 3 && memcmp(r.key.ptr, "k\0y", 3) == 0);
  assert_true(r.value.ptr && r.value.len == 0);
  assert_null(r.headers.ptr);
  assert_int_equal(tg_packed_next(tg_buf_view(&out), &at, &r), TG_OK);
  assert_true(r.offset == 1 && r.us == 2 && !r.key.ptr && !r.value.ptr);
  assert_int_equal(tg_packed_next(tg_buf_view(&out), &at, &r), TG_AGAIN);
  tg_buf_fini(&out);
}

static void a_cut_record_is_damaged_wherever_it_is_cut(void **state)
{
  (void)state;
  struct tg_buf out;
  tg_buf_init(&out, 0);
  tg_packed_add(&out, &full);
  for (size_t len = 1; len < out.len; len++) {
    struct tg_packed r;
    size_t at = 0;
    char *exact = malloc(len); /* so that a byte too many is noticed */
    memcpy(exact, out.ptr, len);
    assert_int_equal(tg_packed_next(tg_text_of(exact, len), &at, &r), TG_DATA);
    free(exact);
  }
  tg_buf_fini(&out);
}

static void a_wrong_length_inside_is_damage(void **state)
{
  (void)state;
  struct tg_buf out;
  tg_buf_init(&out, 0);
  tg_packed_add(&out, &full);
  for (size_t i = 0; i < out.len; i++) { /* any byte: read in bounds, whatever it says */
    struct tg_packed r;
    size_t at = 0;
    char *copy = malloc(out.len);
    memcpy(copy, out.ptr, out.len);
    copy[i] = (char)0x7f;
    (void)tg_packed_next(tg_text_of(copy, out.len), &at, &r);
    free(copy);
  }
  size_t at = 0, topic = 4 + 8 + 16;
  struct tg_packed r;
  out.ptr[topic] = 4; /* one byte into what follows */
  assert_int_equal(tg_packed_next(tg_buf_view(&out), &at, &r), TG_DATA);
  tg_buf_fini(&out);
}

static void headers_are_read_as_they_were_added(void **state)
{
  (void)state;
  struct tg_buf out;
  struct tg_header h;
  uint32_t at = 0;
  tg_buf_init(&out, 0);
  tg_headers_add(&out, tg_text("a"), tg_text("1"));
  tg_headers_add(&out, tg_text("none"), (struct tg_text){NULL, 0});
  assert_true(tg_headers_next(tg_buf_view(&out), &at, &h));
  assert_true(tg_text_is(h.name, "a") && tg_text_is(h.value, "1"));
  assert_true(tg_headers_next(tg_buf_view(&out), &at, &h));
  assert_true(tg_text_is(h.name, "none") && !h.value.ptr);
  assert_false(tg_headers_next(tg_buf_view(&out), &at, &h));
  tg_buf_fini(&out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(records_come_back_as_they_were),
                                     cmocka_unit_test(a_cut_record_is_damaged_wherever_it_is_cut),
                                     cmocka_unit_test(a_wrong_length_inside_is_damage),
                                     cmocka_unit_test(headers_are_read_as_they_were_added)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
