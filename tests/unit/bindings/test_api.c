/* docs/API.md is what the table that registers the API says. To write it anew:
 * TG_WRITE=1 build/dev/tests/test_api */
#include "bindings/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char PATH[] = TG_SOURCE_DIR "/docs/API.md";

static void read_file(struct tg_buf *out)
{
  char piece[4096];
  FILE *f = fopen(PATH, "r");
  if (!f) fail_msg("%s is missing", PATH);
  for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;) tg_buf_add(out, piece, n);
  fclose(f);
}

static void the_document_is_up_to_date(void **state)
{
  (void)state;
  struct tg_buf made, kept;
  tg_buf_init(&made, 0), tg_buf_init(&kept, 0);
  tg_api_markdown(&made);
  if (getenv("TG_WRITE")) {
    FILE *f = fopen(PATH, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(made.ptr, 1, made.len, f), made.len);
    assert_int_equal(fclose(f), 0);
  }
  read_file(&kept);
  if (!tg_text_eq(tg_buf_view(&made), tg_buf_view(&kept)))
    fail_msg("%s is not what bindings/ registers: run this test with TG_WRITE=1", PATH);
  tg_buf_fini(&made), tg_buf_fini(&kept);
}

static void every_entry_is_documented(void **state)
{
  (void)state;
  const struct tg_api *const lists[] = {
      tg_api_batch, tg_api_globals, tg_api_operators, tg_api_logic,  tg_api_math, tg_api_text,
      tg_api_time,  tg_api_cast,    tg_api_nested,    tg_api_lookup, tg_api_cell, tg_api_model};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    for (const struct tg_api *a = lists[i]; a->name; a++) {
      assert_true(a->signature && *a->signature);
      if (!a->doc || a->doc[strlen(a->doc) - 1] != '.') fail_msg("%s: no sentence", a->name);
    }
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_document_is_up_to_date),
      cmocka_unit_test(every_entry_is_documented),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
