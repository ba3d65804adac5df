/* Case mappings against those of Python (Unicode 14), texts that grow and shrink, broken bytes. */
#include "columns.h"
#include "core/data/casemap.h"
#include "core/data/textop.h"

static void code_points_map_one_to_one(void **state)
{
  static const uint32_t pairs[][2] = {
      /* upper, lower */
      {'A', 'a'},       {'Z', 'z'},         {0xc9, 0xe9},       {0x100, 0x101},  {0x130 + 2, 0x133},
      {0x178, 0xff},    {0x3a3, 0x3c3},     {0x410, 0x430},     {0x531, 0x561},  {0x1e00, 0x1e01},
      {0x10a0, 0x2d00}, {0x10400, 0x10428}, {0x1e921, 0x1e943}, {0x2c62, 0x26b}, {0xff21, 0xff41}};
  (void)state;
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    assert_int_equal(tg_casemap_code(TG_CASE_LOWER, pairs[i][0]), pairs[i][1]);
    assert_int_equal(tg_casemap_code(TG_CASE_UPPER, pairs[i][1]), pairs[i][0]);
    assert_int_equal(tg_casemap_code(TG_CASE_LOWER, pairs[i][1]), pairs[i][1]);
    assert_int_equal(tg_casemap_code(TG_CASE_UPPER, pairs[i][0]), pairs[i][0]);
  }
}

static void what_has_no_case_stays(void **state)
{
  static const uint32_t codes[] = {0,    '1',  '@',  '[',    '`',     '{',
                                   0x7f, 0xd7, 0xdf, 0x4e00, 0x1f600, 0x10ffff};
  (void)state;
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    assert_int_equal(tg_casemap_code(TG_CASE_LOWER, codes[i]), codes[i]);
    assert_int_equal(tg_casemap_code(TG_CASE_UPPER, codes[i]), codes[i]);
  }
}

static void every_code_point_stays_one(void **state)
{
  (void)state;
  for (uint32_t code = 0; code < 0x110000; code++) {
    uint32_t lower = tg_casemap_code(TG_CASE_LOWER, code),
             upper = tg_casemap_code(TG_CASE_UPPER, code);
    if (lower >= 0x110000 || upper >= 0x110000) fail_msg("%x", code);
    if (tg_casemap_code(TG_CASE_LOWER, lower) != lower) fail_msg("lower of %x has a lower", code);
  }
}

static void texts_may_grow_and_shrink(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "\xc3\x89t\xc3\xa9 \xc8\xba \xe2\x84\xaa \xd0\x96 '' null");
  assert_column(tg_text_unicode(&op, c, false), "\xc3\xa9t\xc3\xa9 \xe2\xb1\xa5 k \xd0\xb6  null");
  assert_column(tg_text_unicode(&op, column("text", "\xe2\xb1\xa5 \xc3\xbf \xc3\x9f a1"), true),
                "\xc8\xba \xc5\xb8 \xc3\x9f A1");
  assert_refused(tg_text_unicode(&op, column("bigint", "1"), true), "upper needs text");
}

static void bytes_that_are_not_utf8_stay(void **state)
{
  (void)state;
  const char *broken[] = {"\xff\x41", "\xc3", "\xe2\x84", "\xc3\x41", "\xf0\x90\x90"};
  const char *lower[] = {"\xff\x61", "\xc3", "\xe2\x84", "\xc3\x61", "\xf0\x90\x90"};
  for (int i = 0; i < 5; i++) {
    struct tg_text t =
        tg_casemap_text(TG_CASE_LOWER, &arena, tg_arena_copy(&arena, tg_text(broken[i])));
    assert_true(tg_text_is(t, lower[i]));
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(code_points_map_one_to_one), T(what_has_no_case_stays),       T(every_code_point_stays_one),
      T(texts_may_grow_and_shrink),  T(bytes_that_are_not_utf8_stay),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
