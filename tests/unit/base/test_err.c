/* Errors are one line, cut with a mark when too long. */
#include "core/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void an_error_says_what_where_and_returns_its_code(void **state)
{
  (void)state;
  struct tg_err err;
  assert_int_equal(tg_err_set(&err, TG_DATA, "orders[3]@18", "field %s: %d", "n", 7), TG_DATA);
  assert_int_equal(err.rc, TG_DATA);
  assert_string_equal(err.where, "orders[3]@18");
  assert_string_equal(err.what, "field n: 7");
  assert_int_equal(tg_err_set(NULL, TG_RETRY, "x", "y"), TG_RETRY);
  tg_err_clear(&err);
  assert_int_equal(err.rc, TG_OK);
  assert_string_equal(err.what, "");
}

static void too_long_a_text_is_cut_within_its_room(void **state)
{
  (void)state;
  struct tg_err err;
  char longer[2000];
  memset(longer, 'x', sizeof longer - 1);
  longer[sizeof longer - 1] = '\0';
  tg_err_set(&err, TG_CONFIG, longer, "%s", longer);
  assert_true(strlen(err.where) < sizeof err.where);
  assert_true(strlen(err.what) < sizeof err.what);
}

static void every_code_has_a_name(void **state)
{
  (void)state;
  for (int rc = TG_OK; rc <= TG_FATAL; rc++) assert_true(*tg_rc_name((enum tg_rc)rc) != '\0');
  assert_string_equal(tg_rc_name(TG_FENCED), "fenced");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_error_says_what_where_and_returns_its_code),
      cmocka_unit_test(too_long_a_text_is_cut_within_its_room),
      cmocka_unit_test(every_code_has_a_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
