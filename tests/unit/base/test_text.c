/* Views of bytes: order, trimming, what people are shown, UTF-8. */
#include "core/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_prefix_sorts_first(void **state)
{
  (void)state;
  assert_true(tg_text_cmp(tg_text("ab"), tg_text("abc")) < 0);
  assert_true(tg_text_cmp(tg_text("b"), tg_text("abc")) > 0);
  assert_true(tg_text_cmp(tg_text("\xff"), tg_text("a")) > 0);
  assert_int_equal(tg_text_cmp(tg_text(""), (struct tg_text){0}), 0);
}

static void a_suffix_is_found_at_the_end_only(void **state)
{
  (void)state;
  assert_true(tg_text_has_suffix(tg_text("a.lua"), ".lua"));
  assert_true(tg_text_has_suffix(tg_text(".lua"), ".lua"));
  assert_false(tg_text_has_suffix(tg_text("a.lua~"), ".lua"));
  assert_false(tg_text_has_suffix(tg_text("lua"), ".lua"));
}

/* Texts of every length up to 40, each byte of which makes a difference. */
static void every_byte_counts_for_tail_and_ascii(void **state)
{
  (void)state;
  char room[48];
  for (uint32_t len = 0; len <= 40; len++) {
    memset(room, 'a', sizeof room);
    room[len] = '\xc3';
    struct tg_text t = tg_text_of(room, len);
    uint64_t tail = tg_text_tail(t);
    assert_true(tg_text_ascii(t));
    for (uint32_t at = 0; at < len; at++) {
      room[at] = '\xc3';
      assert_false(tg_text_ascii(t));
      assert_int_equal(tg_text_tail(t) != tail, at + 8 >= len);
      room[at] = 'a';
    }
  }
}

static void white_space_goes_at_both_ends(void **state)
{
  (void)state;
  assert_true(tg_text_is(tg_text_trim(tg_text(" \t a b \r\n")), "a b"));
  assert_true(tg_text_is(tg_text_trim(tg_text(" \n ")), ""));
  assert_null(tg_text_trim((struct tg_text){0}).ptr);
}

static void what_is_shown_is_one_short_line(void **state)
{
  (void)state;
  char out[128], small[8];
  assert_string_equal(tg_text_shown(tg_text("a\nb\x1b\xff"), out, sizeof out), "a\\x0ab\\x1b\\xff");
  char longer[200];
  memset(longer, 'x', sizeof longer);
  tg_text_shown(tg_text_of(longer, sizeof longer), out, sizeof out);
  assert_in_range(strlen(out), 64, 67);
  assert_string_equal(out + strlen(out) - 3, "...");
  tg_text_shown(tg_text("0123456789"), small, sizeof small);
  assert_true(strlen(small) < sizeof small);
}

static void a_line_is_cut_only_where_its_room_ends_and_never_inside_a_character(void **state)
{
  (void)state;
  char longer[301], out[512], small[16];
  memset(longer, 'x', 300), longer[300] = '\0';
  assert_string_equal(tg_text_line(tg_text(longer), out, sizeof out), longer);
  assert_string_equal(tg_text_line(tg_text("a\n\xc3\xa9\xff"), out, sizeof out),
                      "a\\x0a\xc3\xa9\\xff");
  assert_string_equal(tg_text_line(tg_text("12345678\xc3\xa9xyz"), small, sizeof small),
                      "12345678\xc3\xa9...");
}

static void typing_errors_find_their_name(void **state)
{
  (void)state;
  const char *const names[] = {"load.rows", "load.bytes", "lanes", NULL};
  assert_string_equal(tg_text_nearest(tg_text("load.row"), names), "load.rows");
  assert_string_equal(tg_text_nearest(tg_text("lane"), names), "lanes");
  assert_null(tg_text_nearest(tg_text("memory"), names));
  assert_int_equal(tg_text_distance(tg_text("kitten"), tg_text("sitting"), 5), 3);
  assert_int_equal(tg_text_distance(tg_text("kitten"), tg_text("sitting"), 1), 2);
}

static void only_valid_utf8_passes(void **state)
{
  (void)state;
  static const char *const good[] = {
      "", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8c\x8a", "\xf4\x8f\xbf\xbf"};
  static const char *const bad[] = {"\x80",
                                    "\xc3",
                                    "\xc0\xaf",
                                    "\xe0\x80\xaf",
                                    "\xed\xa0\x80",
                                    "\xf4\x90\x80\x80",
                                    "\xf8\x88\x80\x80\x80",
                                    "a\xe2\x82"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    assert_true(tg_text_utf8(tg_text(good[i])));
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(tg_text_utf8(tg_text(bad[i])));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_prefix_sorts_first),
      cmocka_unit_test(a_suffix_is_found_at_the_end_only),
      cmocka_unit_test(every_byte_counts_for_tail_and_ascii),
      cmocka_unit_test(white_space_goes_at_both_ends),
      cmocka_unit_test(what_is_shown_is_one_short_line),
      cmocka_unit_test(a_line_is_cut_only_where_its_room_ends_and_never_inside_a_character),
      cmocka_unit_test(typing_errors_find_their_name),
      cmocka_unit_test(only_valid_utf8_passes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
