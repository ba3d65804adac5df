/* Fields of comma separated values: quotes, line ends, and what is refused. */
#include "core/data/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* All fields of a text: "a|b/" with / at the end of each line, quoted ones in []; or "why". */
static const char *fields_of(const char *text)
{
  static char out[400];
  struct tg_arena arena;
  struct tg_csv x;
  struct tg_csv_field f;
  size_t n = 0;
  tg_arena_init(&arena, 4096, 1 << 20);
  tg_csv_init(&x, tg_text(text), &arena);
  *out = '\0';
  while (tg_csv_more(&x)) {
    if (!tg_csv_next(&x, &f)) {
      n += (size_t)snprintf(out + n, sizeof out - n, "%s", x.why);
      break;
    }
    n += (size_t)snprintf(out + n, sizeof out - n, f.quoted ? "[%.*s]%s" : "%.*s%s",
                          TG_TEXT(f.text), x.last ? "/" : "|");
  }
  snprintf(out + n, sizeof out - n, " %u", x.line);
  tg_arena_fini(&arena);
  return out;
}

static void fields_end_at_commas_and_lines(void **state)
{
  (void)state;
  assert_string_equal(fields_of("a,b\n1,2\n"), "a|b/1|2/ 3");
  assert_string_equal(fields_of("a,b\r\n1,2"), "a|b/1|2/ 2");
  assert_string_equal(fields_of("\xef\xbb\xbf"
                                "a\n"),
                      "a/ 2");
  assert_string_equal(fields_of("a,,\n\nb"), "a||//b/ 3");
  assert_string_equal(fields_of(""), " 1");
  assert_string_equal(fields_of("a\rb,c"), "a\rb|c/ 1");
}

static void quotes_keep_commas_quotes_and_lines(void **state)
{
  (void)state;
  assert_string_equal(fields_of("\"a,b\",\"c\"\"d\",\"\"\n"), "[a,b]|[c\"d]|[]/ 2");
  assert_string_equal(fields_of("\"x\ny\"\r\nz"), "[x\ny]/z/ 3");
  assert_string_equal(fields_of("a\"b,c"), "a\"b|c/ 1");
  assert_string_equal(fields_of("\"\"\"\""), "[\"]/ 1");
}

static void a_broken_quote_is_refused(void **state)
{
  (void)state;
  assert_string_equal(fields_of("\"a"), "a quoted field has no end 1");
  assert_string_equal(fields_of("\"a\"\""), "a quoted field has no end 1");
  assert_string_equal(fields_of("\""), "a quoted field has no end 1");
  assert_string_equal(fields_of("1,\"a\"b\n"), "1|a quoted field is followed by text 1");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fields_end_at_commas_and_lines),
      cmocka_unit_test(quotes_keep_commas_quotes_and_lines),
      cmocka_unit_test(a_broken_quote_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
