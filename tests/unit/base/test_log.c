/* Lines of the log: one a call, whole in every format, not too many from one place. */
#include "core/base/log.h"

#include "core/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static FILE *file;
static char said[1 << 16];

static int open_file(void **state)
{
  (void)state;
  file = tmpfile();
  return file ? 0 : -1;
}

static int close_file(void **state)
{
  (void)state;
  tg_log_setup(TG_INFO, TG_LOG_TEXT, 2);
  return fclose(file);
}

static void format(enum tg_log_format f)
{
  tg_log_setup(TG_INFO, f, fileno(file));
}

/* Everything logged since the last call. */
static const char *all(void)
{
  ssize_t n = pread(fileno(file), said, sizeof said - 1, 0);
  assert_true(n >= 0);
  said[n] = '\0';
  assert_int_equal(ftruncate(fileno(file), 0), 0);
  assert_int_equal(lseek(fileno(file), 0, SEEK_SET), 0);
  return said;
}

static uint32_t count(const char *text, char c)
{
  uint32_t n = 0;
  for (; *text; text++) n += *text == c;
  return n;
}

/* Behind the JSON string that begins at s. */
static const char *behind_string(const char *s)
{
  assert_int_equal(*s++, '"');
  for (; *s != '"'; s++) {
    assert_true((unsigned char)*s >= ' ');
    if (*s == '\\') s++;
  }
  return s + 1;
}

/* One whole JSON line of five known keys; the length of its message is returned. */
static size_t assert_json(const char *line)
{
  static const char *const keys[] = {"{\"time\":", ",\"level\":", ",\"subject\":", ",\"message\":"};
  size_t len = 0;
  assert_true(strlen(line) <= 2048);
  assert_true(tg_text_utf8(tg_text(line)));
  for (int i = 0; i < 4; i++) {
    assert_memory_equal(line, keys[i], strlen(keys[i]));
    const char *end = behind_string(line + strlen(keys[i]));
    len = (size_t)(end - line) - strlen(keys[i]) - 2;
    line = end;
  }
  assert_string_equal(line, "}\n");
  return len;
}

static void a_line_says_when_how_bad_what_about_and_what(void **state)
{
  (void)state;
  format(TG_LOG_TEXT);
  tg_log(TG_WARN, "lane 0", "%d partitions", 3);
  assert_string_equal(all() + 9, "warn  lane 0: 3 partitions\n");
  format(TG_LOG_LOGFMT);
  tg_log(TG_ERROR, "kafka", "\"away\"");
  assert_non_null(strstr(all(), "level=error subject=\"kafka\" msg=\"\\\"away\\\"\"\n"));
  format(TG_LOG_JSON);
  tg_log(TG_INFO, "kafka", "tab\t");
  assert_json(all());
  assert_non_null(strstr(said, "\"message\":\"tab\\t\"}\n"));
}

static void lines_below_the_level_are_not_written(void **state)
{
  (void)state;
  format(TG_LOG_TEXT);
  tg_log(TG_DEBUG, "test", "nobody wants to know");
  assert_string_equal(all(), "");
}

static void a_long_json_line_is_cut_in_its_text(void **state)
{
  (void)state;
  char text[1500];
  const char *const fill[] = {"x", "\"", "\x01", "\xc3\xa4", "\xf0\x9f\x98\x80", "\xff"};
  format(TG_LOG_JSON);
  for (size_t f = 0; f < sizeof fill / sizeof *fill; f++) {
    for (size_t i = 0; i < sizeof text - 1; i++) text[i] = fill[f][i % strlen(fill[f])];
    text[sizeof text - 1] = '\0';
    tg_log(TG_INFO, "test", "%s", text);
    assert_true(assert_json(all()) > 900);
    tg_log(TG_INFO, text, "%s", text);
    assert_true(assert_json(all()) > 100);
  }
}

static void a_long_text_line_ends_with_a_newline(void **state)
{
  (void)state;
  char text[3000];
  memset(text, 'x', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  format(TG_LOG_TEXT);
  tg_log(TG_INFO, text, "%s", text);
  size_t len = strlen(all());
  assert_true(len > 1000 && len <= 2048);
  assert_int_equal(said[len - 1], '\n');
}

static void a_burst_from_one_place_is_counted_not_written(void **state)
{
  (void)state;
  static struct tg_log_site site;
  format(TG_LOG_TEXT);
  for (int i = 0; i < 3 * TG_LOG_BURST; i++) tg_log_at(&site, TG_INFO, "test", "again");
  uint32_t lines = count(all(), '\n');
  assert_true(lines >= TG_LOG_BURST && lines <= 2 * TG_LOG_BURST); /* a second may begin anew */
  site =
      (struct tg_log_site){.second = site.second - 1, .lines = TG_LOG_BURST + 5, .suppressed = 5};
  tg_log_at(&site, TG_INFO, "test", "again");
  assert_non_null(strstr(all(), "again (5 lines like this suppressed)\n"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_file, close_file)
  const struct CMUnitTest tests[] = {
      T(a_line_says_when_how_bad_what_about_and_what),  T(lines_below_the_level_are_not_written),
      T(a_long_json_line_is_cut_in_its_text),           T(a_long_text_line_ends_with_a_newline),
      T(a_burst_from_one_place_is_counted_not_written),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
