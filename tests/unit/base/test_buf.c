/* The buffer: growing, the cap, one check at the end, JSON strings. */
#include "core/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_is_added_is_there_in_order(void **state)
{
  (void)state;
  struct tg_buf b;
  tg_buf_init(&b, 0);
  assert_string_equal(tg_buf_cstr(&b), "");
  for (int i = 0; i < 1000; i++) tg_buf_printf(&b, "%d,", i);
  tg_buf_char(&b, '.');
  assert_false(b.failed);
  assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4 + 1);
  assert_string_equal(tg_buf_cstr(&b) + b.len - 9, "998,999,.");
  tg_buf_clear(&b);
  assert_int_equal(b.len, 0);
  tg_buf_fini(&b);
}

static void beyond_the_cap_it_has_failed_until_it_is_cleared(void **state)
{
  (void)state;
  struct tg_buf b;
  tg_buf_init(&b, 10);
  tg_buf_str(&b, "01234");
  tg_buf_str(&b, "0123456");
  assert_true(b.failed);
  tg_buf_char(&b, 'x'); /* would fit, but something is missing before it */
  assert_int_equal(b.len, 5);
  assert_string_equal(tg_buf_cstr(&b), "");
  assert_false(tg_buf_reserve(&b, SIZE_MAX));
  tg_buf_clear(&b);
  tg_buf_str(&b, "ok");
  assert_string_equal(tg_buf_cstr(&b), "ok");
  tg_buf_fini(&b);
}

static void json_strings_hold_any_bytes(void **state)
{
  (void)state;
  struct tg_buf b;
  tg_buf_init(&b, 0);
  tg_buf_json(&b, tg_text_of("a\"\\\n\x01\0\xff\xc3\xa9", 9));
  assert_string_equal(tg_buf_cstr(&b), "\"a\\\"\\\\\\n\\u0001\\u0000\xef\xbf\xbd\xc3\xa9\"");
  tg_buf_fini(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_added_is_there_in_order),
      cmocka_unit_test(beyond_the_cap_it_has_failed_until_it_is_cleared),
      cmocka_unit_test(json_strings_hold_any_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
