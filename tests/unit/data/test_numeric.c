/* numeric on the wire, byte by byte; what PostgreSQL makes of the bytes is shown by
 * pg/test_roundtrip. */
#include "core/data/numeric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_bytes(const char *out, const char *end, const char *hex)
{
  char seen[4096] = "";
  assert_true((size_t)(end - out) < sizeof seen / 2);
  for (const char *p = out; p < end; p++)
    snprintf(seen + (p - out) * 2, 3, "%02x", (unsigned char)*p);
  assert_string_equal(seen, hex);
}

static const struct {
  int64_t scaled;
  uint32_t scale;
  const char *text, *hex;
} cases[] = {
    {12345678, 3, "12345.678", "0003000100000003000109291a7c"},
    {-5, 2, "-0.05", "0001ffff4000000201f4"},
    {0, 2, "0.00", "0000000000000002"},
    {0, 2, "-0.00", "0000000000000002"},
    {0, 0, "0", "0000000000000000"},
    {1, 0, "1", "00010000000000000001"},
    {10000, 0, "10000", "00010001000000000001"},
    {100000000, 0, "100000000", "00010002000000000001"},
    {123400000000, 4, "12340000.0000",
     "0001000100000004"
     "04d2"},
    {1, 18, "0.000000000000000001", "0001fffb000000120064"},
    {-999999999999999999, 18, "-0.999999999999999999", "0005ffff40000012270f270f270f270f26ac"},
    {999999999999999999, 0, "999999999999999999",
     "000500040000000000"
     "63270f270f270f270f"},
    {999999999999999999, 1, "99999999999999999.9", "00060004000000010009270f270f270f270f2328"},
    {1000000000000000000, 17, "10.00000000000000000", "0001000000000011000a"},
    {10010000, 4, "1001.0000", "000100000000000403e9"},
    {100000001, 4, "10000.0001", "0003000100000004000100000001"},
};
enum { CASES = sizeof cases / sizeof *cases };

static void scaled_integers_give_golden_bytes(void **state)
{
  (void)state;
  for (int i = 0; i < CASES; i++) {
    char out[TG_NUMERIC_SCALED_BYTES];
    assert_bytes(out, tg_numeric_scaled(cases[i].scaled, cases[i].scale, out), cases[i].hex);
  }
}

static void texts_give_the_same_bytes(void **state)
{
  (void)state;
  for (int i = 0; i < CASES; i++) {
    struct tg_text t = tg_text(cases[i].text);
    char *out = malloc(tg_numeric_bytes(t));
    assert_bytes(out, tg_numeric_text(t, out), cases[i].hex);
    free(out);
  }
}

static void leading_zeros_are_left_out(void **state)
{
  (void)state;
  struct tg_text t = tg_text("-0000000012.5");
  char out[64];
  assert_bytes(out, tg_numeric_text(t, out),
               "000200004000000100"
               "0c1388");
}

static void extremes_of_int64_fit(void **state)
{
  (void)state;
  static const int64_t values[] = {INT64_MIN, INT64_MAX, INT64_MIN + 1};
  for (size_t i = 0; i < 3; i++) {
    for (uint32_t scale = 0; scale <= 18; scale++) {
      char scaled[TG_NUMERIC_SCALED_BYTES], text[64], digits[64], whole[64];
      uint64_t size = values[i] < 0 ? -(uint64_t)values[i] : (uint64_t)values[i];
      int n = snprintf(digits, sizeof digits, "%020llu", (unsigned long long)size);
      snprintf(text, sizeof text, "%s%.*s%s%s", values[i] < 0 ? "-" : "", n - (int)scale, digits,
               scale ? "." : "", digits + n - scale);
      char *end = tg_numeric_text(tg_text(text), whole);
      char *other = tg_numeric_scaled(values[i], scale, scaled);
      assert_int_equal(end - whole, other - scaled);
      assert_memory_equal(whole, scaled, (size_t)(end - whole));
    }
  }
}

static void what_is_no_plain_decimal_is_refused(void **state)
{
  (void)state;
  static const char *const bad[] = {"",    "-",  ".",  ".5",    "5.",  "+1", "1e5",
                                    "NaN", " 1", "1 ", "1.2.3", "--1", "0x1"};
  char out[64];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (tg_numeric_text(tg_text(bad[i]), out)) fail_msg("'%s' was taken", bad[i]);
  assert_null(tg_numeric_text((struct tg_text){NULL, 0}, out));
}

static void digits_past_numerics_limits_are_refused(void **state)
{
  (void)state;
  enum { MOST = 131073 };
  char *text = malloc(MOST), *out = malloc(MOST + 16);
  memset(text, '9', MOST);
  assert_null(tg_numeric_text(tg_text_of(text, MOST), out));
  assert_int_equal(tg_numeric_text(tg_text_of(text, MOST - 1), out) - out, 8 + 2 * 32768);
  text[1] = '.';
  assert_null(tg_numeric_text(tg_text_of(text, 2 + 16384), out));
  assert_non_null(tg_numeric_text(tg_text_of(text, 2 + 16383), out));
  free(text);
  free(out);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scaled_integers_give_golden_bytes),
      cmocka_unit_test(texts_give_the_same_bytes),
      cmocka_unit_test(leading_zeros_are_left_out),
      cmocka_unit_test(extremes_of_int64_fit),
      cmocka_unit_test(what_is_no_plain_decimal_is_refused),
      cmocka_unit_test(digits_past_numerics_limits_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
