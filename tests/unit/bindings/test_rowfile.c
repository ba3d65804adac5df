/* Rows of a file: their columns and types, and what is refused. */
#include "bindings/rowfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct tg_arena arena;

static int setup(void **state)
{
  (void)state;
  tg_arena_init(&arena, 4096, 1 << 20);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  tg_arena_fini(&arena);
  return 0;
}

static struct tg_rowfile read_good(const char *text, const char *time)
{
  struct tg_rowfile f;
  struct tg_err err;
  if (tg_rowfile_read(&f, tg_text(text), time, &arena, &err) != TG_OK) {
    fail_msg("%s: %s", err.where, err.what);
  }
  return f;
}

static void assert_fault(const char *text, const char *time, const char *want)
{
  struct tg_rowfile f;
  struct tg_err err;
  char got[800];
  assert_int_equal(tg_rowfile_read(&f, tg_text(text), time, &arena, &err), TG_DATA);
  snprintf(got, sizeof got, "%s: %s", err.where, err.what);
  if (!strstr(got, want)) fail_msg("'%s', not '%s'", got, want);
}

static void assert_column(const struct tg_rowfile *f, uint32_t i, const char *name,
                          const char *type)
{
  assert_true(i < f->columns_count);
  if (!tg_text_is(f->columns[i].name, name)) fail_msg("column %u is not %s", i, name);
  assert_string_equal(f->columns[i].type, type);
}

static void types_are_those_of_the_values(void **state)
{
  (void)state;
  struct tg_rowfile f =
      read_good("{\"w\":1,\"n\":1,\"t\":\"2026-01-01\",\"b\":true,\"j\":[1],\"m\":1,\"x\":null}\n"
                "{\"w\":-2,\"n\":1.5,\"t\":null,\"b\":false,\"j\":{},\"m\":\"a\",\"late\":0.5}\n",
                NULL);
  assert_int_equal(f.count, 2);
  assert_int_equal(f.columns_count, 8);
  assert_column(&f, 0, "w", "bigint");
  assert_column(&f, 1, "n", "double precision");
  assert_column(&f, 2, "t", "text");
  assert_column(&f, 3, "b", "boolean");
  assert_column(&f, 4, "j", "jsonb");
  assert_column(&f, 5, "m", "jsonb");
  assert_column(&f, 6, "x", "text");
  assert_column(&f, 7, "late", "double precision");
  assert_null(f.times_us);
}

static void a_number_beyond_64_bits_is_a_float(void **state)
{
  (void)state;
  struct tg_rowfile f = read_good("{\"x\":123456789012345678901234567890}", NULL);
  assert_column(&f, 0, "x", "double precision");
}

static void empty_lines_are_passed_over(void **state)
{
  (void)state;
  struct tg_rowfile f = read_good("\n  {\"a\":1}\r\n\n\n{}\n", NULL);
  assert_int_equal(f.count, 2);
  assert_true(tg_text_is(f.rows[0], "{\"a\":1}"));
  assert_int_equal(read_good("", NULL).count, 0);
}

static void a_row_without_a_time_happened_with_the_one_before(void **state)
{
  (void)state;
  struct tg_rowfile f = read_good("{\"t\":\"1970-01-01T00:00:01Z\"}\n{}\n"
                                  "{\"t\":\"1970-01-01 00:00:03\"}\n",
                                  "t");
  assert_int_equal(f.times_us[0], 1000000);
  assert_int_equal(f.times_us[1], 1000000);
  assert_int_equal(f.times_us[2], 3000000);
}

static void faults_name_their_line(void **state)
{
  (void)state;
  assert_fault("{}\n\n[1]\n", NULL, "line 3: not a JSON object");
  assert_fault("{}\n{\"a\":}\n", NULL, "line 2: ");
  assert_fault("{}\n{\"t\":\"soon\"}\n", "t", "line 2: the time is no text such as");
  assert_fault("{\"t\":17}\n", "t", "line 1: the time is no text such as");
}

static void more_names_than_a_topic_may_have_are_refused(void **state)
{
  (void)state;
  static char text[32768] = "{";
  size_t at = 1;
  for (int i = 0; i <= TG_ROWFILE_COLUMNS_MAX; i++) {
    at += (size_t)snprintf(text + at, sizeof text - at, "%s\"c%d\":1", i ? "," : "", i);
  }
  snprintf(text + at, sizeof text - at, "}");
  assert_fault(text, NULL, "line 1: more than 1000 different names");
}

/* The rows of comma separated values, one a line, behind "name type|name type:"; or the fault. */
static const char *csv_rows(const char *text)
{
  static char out[800];
  struct tg_rowfile f;
  struct tg_err err;
  size_t n = 0;
  if (tg_rowfile_csv(&f, tg_text(text), &arena, &err) != TG_OK) {
    snprintf(out, sizeof out, "%s: %s", err.where, err.what);
    return out;
  }
  for (uint32_t i = 0; i < f.columns_count; i++) {
    n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s %s", i ? "|" : "",
                          TG_TEXT(f.columns[i].name), f.columns[i].type);
  }
  n += (size_t)snprintf(out + n, sizeof out - n, ":");
  for (uint32_t i = 0; i < f.count; i++)
    n += (size_t)snprintf(out + n, sizeof out - n, "%s%.*s", i ? "\n" : "", TG_TEXT(f.rows[i]));
  return out;
}

static void a_csv_column_is_what_fits_all_its_cells(void **state)
{
  (void)state;
  assert_string_equal(csv_rows("w,n,b,t\n1,1,true,x\n-20,2.50,false,7\n,1e3,,\n"),
                      "w bigint|n double precision|b boolean|t text:"
                      "{\"w\":1,\"n\":1,\"b\":true,\"t\":\"x\"}\n"
                      "{\"w\":-20,\"n\":2.50,\"b\":false,\"t\":\"7\"}\n"
                      "{\"w\":null,\"n\":1e3,\"b\":null,\"t\":null}");
  assert_string_equal(csv_rows("a,b\ntrue,\n1,\n"), "a text|b text:{\"a\":\"true\",\"b\":null}\n"
                                                    "{\"a\":\"1\",\"b\":null}");
  assert_string_equal(csv_rows("a\n"), "a text:");
}

static void csv_texts_that_look_like_numbers_stay_texts(void **state)
{
  (void)state;
  const char *const texts[] = {"007", "+1", "1.", ".5", "1e", "-", "0x1", "1 ", "NaN", "1.5.2"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    char text[40];
    snprintf(text, sizeof text, "a\n%s\n", texts[i]);
    if (!strstr(csv_rows(text), "a text:{\"a\":\"")) fail_msg("%s: %s", texts[i], csv_rows(text));
  }
  assert_string_equal(csv_rows("a\n\"7\"\n"), "a text:{\"a\":\"7\"}");
  assert_string_equal(csv_rows("a\n\"\"\n"), "a text:{\"a\":\"\"}");
  assert_string_equal(csv_rows("\"a \"\"b\"\"\"\n0\n-0\n"),
                      "a \"b\" bigint:{\"a \\\"b\\\"\":0}\n{\"a \\\"b\\\"\":-0}");
  assert_string_equal(csv_rows("a\n9999999999999999999\n"),
                      "a double precision:{\"a\":9999999999999999999}");
}

static void a_broken_csv_line_is_named(void **state)
{
  (void)state;
  assert_string_equal(csv_rows("a,b\n1,2\n1\n"), "line 3: 1 fields; the first line has 2");
  assert_string_equal(csv_rows("a\n1,2\n"), "line 2: 2 fields; the first line has 1");
  assert_string_equal(csv_rows("a,b\n\"x\ny\",1\n\"z,2\n"), "line 4: a quoted field has no end");
  assert_string_equal(csv_rows("a,\n"), "line 1: a column has no name");
  assert_string_equal(csv_rows("a, a\n"), "line 1: a column is named twice");
  assert_string_equal(csv_rows(""), "line 1: a column has no name");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(types_are_those_of_the_values),
      T(a_number_beyond_64_bits_is_a_float),
      T(empty_lines_are_passed_over),
      T(a_row_without_a_time_happened_with_the_one_before),
      T(faults_name_their_line),
      T(more_names_than_a_topic_may_have_are_refused),
      T(a_csv_column_is_what_fits_all_its_cells),
      T(csv_texts_that_look_like_numbers_stay_texts),
      T(a_broken_csv_line_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
