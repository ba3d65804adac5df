/* Exact decimals: grammar, rounding, ranges, digits. */
#include "core/data/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static struct tg_decimal decimal(const char *text)
{
  struct tg_decimal d;
  if (!tg_decimal_parse(tg_text(text), &d)) fail_msg("'%s' is not taken for a number", text);
  return d;
}

static void what_is_no_number_is_refused(void **state)
{
  (void)state;
  static const char *const bad[] = {"",     "-",     "+",        ".",     "e5",      "1e",
                                    "1e+",  "1.2.3", "1 ",       " 1",    "0x1",     "NaN",
                                    "nan",  "inf",   "-.e1",     "1,5",   "--1",     "+-1",
                                    "1e5.", "1_0",   "\xd9\xa1", "1e1e1", "Infinity"};
  struct tg_decimal d;
  for (size_t i = 0; i < LENGTH(bad); i++)
    if (tg_decimal_parse(tg_text(bad[i]), &d)) fail_msg("'%s' is taken for a number", bad[i]);
  assert_false(tg_decimal_parse(tg_text_of("1\0002", 3), &d));
}

static void scaled_values_are_rounded_half_away_from_zero(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    uint32_t scale;
    int64_t want;
  } cases[] = {
      {"0", 0, 0},
      {"-0", 2, 0},
      {"000", 2, 0},
      {"1", 0, 1},
      {"+1", 0, 1},
      {"007", 1, 70},
      {".5", 1, 5},
      {"5.", 1, 50},
      {"123.45", 2, 12345},
      {"-123.45", 2, -12345},
      {"1.005", 2, 101},
      {"1.0049999999999999999999999999", 2, 100},
      {"-1.005", 2, -101},
      {"0.5", 0, 1},
      {"-0.5", 0, -1},
      {"0.4999", 0, 0},
      {"1.5", 0, 2},
      {"2.5", 0, 3},
      {"9.995", 2, 1000},
      {"0.05", 1, 1},
      {"0.04", 1, 0},
      {"0.005", 1, 0},
      {"1e3", 0, 1000},
      {"1E+3", 2, 100000},
      {"1.5e1", 0, 15},
      {"12345e-2", 2, 12345},
      {"5e-1", 0, 1},
      {"5e-2", 0, 0},
      {"0.00001e5", 0, 1},
      {"1000000000000000000000e-20", 0, 10},
      {"1e-999999999999", 18, 0},
      {"0e999999999999", 18, 0},
      {"9223372036854775807", 0, INT64_MAX},
      {"-9223372036854775808", 0, INT64_MIN},
      {"92233720368547758.07", 2, INT64_MAX},
      {"9223372036854775807.4", 0, INT64_MAX},
  };
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct tg_decimal d = decimal(cases[i].text);
    int64_t got = 77;
    if (!tg_decimal_scaled(&d, cases[i].scale, &got) || got != cases[i].want)
      fail_msg("%s at scale %u: %lld, not %lld", cases[i].text, cases[i].scale, (long long)got,
               (long long)cases[i].want);
  }
}

static void scaled_values_beyond_int64_are_refused(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    uint32_t scale;
  } cases[] = {{"9223372036854775808", 0},
               {"-9223372036854775809", 0},
               {"18446744073709551616", 0},
               {"9223372036854775807.5", 0},
               {"99999999999999999999", 0},
               {"1e19", 0},
               {"10", 18},
               {"1e999999999999", 0},
               {"0.1e1000000", 0},
               {"18446744073709551615.9", 0},
               {"184467440737095516159", 0}};
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct tg_decimal d = decimal(cases[i].text);
    int64_t got;
    if (tg_decimal_scaled(&d, cases[i].scale, &got))
      fail_msg("%s at scale %u fits: %lld", cases[i].text, cases[i].scale, (long long)got);
  }
}

static void whole_numbers_are_told_from_fractions(void **state)
{
  (void)state;
  static const char *const whole[] = {"1",     "1.0", "1.000", "1e3",    "1.5e1",
                                      "10e-1", "0",   "0.0",   "-0.0e5", "0e-9"};
  static const char *const broken[] = {"1.5", "1e-1", "0.1", "1.05e1", "15e-1", "1e-1000000"};
  for (size_t i = 0; i < LENGTH(whole); i++) {
    struct tg_decimal d = decimal(whole[i]);
    if (!tg_decimal_is_whole(&d)) fail_msg("%s is whole", whole[i]);
  }
  for (size_t i = 0; i < LENGTH(broken); i++) {
    struct tg_decimal d = decimal(broken[i]);
    if (tg_decimal_is_whole(&d)) fail_msg("%s is not whole", broken[i]);
  }
}

/* What PostgreSQL 15 says to '..'::numeric: 1e131071 and 1e-16383 are the last that it takes. */
static void numeric_holds_what_postgresql_holds(void **state)
{
  (void)state;
  static const char *const fits[] = {"1e131071", "9.9e131071",   "1e-16383",
                                     "0e131999", "0.001e131074", "123"};
  static const char *const beyond[] = {"1e131072",  "1e-16384",    "0e-16384",
                                       "10e131071", "1e999999999", "1.5e-16383"};
  for (size_t i = 0; i < LENGTH(fits); i++) {
    struct tg_decimal d = decimal(fits[i]);
    if (!tg_decimal_fits_numeric(&d)) fail_msg("%s fits", fits[i]);
  }
  for (size_t i = 0; i < LENGTH(beyond); i++) {
    struct tg_decimal d = decimal(beyond[i]);
    if (tg_decimal_fits_numeric(&d)) fail_msg("%s does not fit", beyond[i]);
  }
}

static void digits_are_normalised(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    uint16_t precision, scale; /* 0, 0: not sized */
    const char *want;          /* NULL: too many */
  } cases[] = {
      {"1", 0, 0, "1"},
      {"-1", 0, 0, "-1"},
      {"007.50", 0, 0, "7.50"},
      {"-0", 0, 0, "0"},
      {"-0.00", 0, 0, "0.00"},
      {".5", 0, 0, "0.5"},
      {"1e3", 0, 0, "1000"},
      {"1.50e1", 0, 0, "15.0"},
      {"1e-3", 0, 0, "0.001"},
      {"12e-3", 0, 0, "0.012"},
      {"0e5", 0, 0, "0"},
      {"123456789012345678901234567890.123", 0, 0, "123456789012345678901234567890.123"},
      {"1e1000", 0, 0, NULL},
      {"1e-1001", 0, 0, NULL},
      {"1e1000000000", 0, 0, NULL},
      {"1", 20, 2, "1.00"},
      {"1.005", 20, 2, "1.01"},
      {"-1.005", 20, 2, "-1.01"},
      {"-0.004", 20, 2, "0.00"},
      {"999999999999999999.995", 20, 2, NULL},
      {"999999999999999999.994", 20, 2, "999999999999999999.99"},
      {"9.995", 20, 2, "10.00"},
      {"1e18", 20, 2, NULL},
      {"1e17", 20, 2, "100000000000000000.00"},
      {"0.01", 19, 21, NULL},
      {"0.0099", 19, 21, "0.009900000000000000000"},
      {"0.0000123", 19, 21, "0.000012300000000000000"},
      {"1e-2000", 20, 2, "0.00"},
      {"9.9", 19, 0, "10"},
  };
  char out[TG_DECIMAL_TEXT_MAX];
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct tg_decimal d = decimal(cases[i].text);
    struct tg_type t = {.kind = TG_NUMERIC, .sized = cases[i].precision > 0};
    t.precision = cases[i].precision, t.scale = cases[i].scale;
    uint32_t len = tg_decimal_digits(&d, t, out);
    const char *want = cases[i].want ? cases[i].want : "";
    if (!tg_text_is(tg_text_of(out, len), want))
      fail_msg("%s: '%.*s', not '%s'", cases[i].text, (int)len, out, want);
  }
}

static void a_thousand_digits_are_the_most(void **state)
{
  (void)state;
  char text[1100], out[TG_DECIMAL_TEXT_MAX];
  memset(text, '9', sizeof text);
  struct tg_decimal d;
  assert_true(tg_decimal_parse(tg_text_of(text, 1000), &d));
  assert_int_equal(tg_decimal_digits(&d, (struct tg_type){.kind = TG_NUMERIC}, out), 1000);
  struct tg_type widest = {.kind = TG_NUMERIC, .sized = true, .precision = 1000, .scale = 1000};
  text[0] = '.';
  assert_true(tg_decimal_parse(tg_text_of(text, 1001), &d));
  assert_int_equal(tg_decimal_digits(&d, widest, out), 1002);
  assert_true(tg_decimal_parse(tg_text_of(text, 1002), &d));
  assert_int_equal(tg_decimal_digits(&d, widest, out), 0); /* rounds to 1 */
  text[0] = '9';
  assert_true(tg_decimal_parse(tg_text_of(text, 1001), &d));
  assert_int_equal(tg_decimal_digits(&d, (struct tg_type){.kind = TG_NUMERIC}, out), 0);
}

static void scaled_values_are_shown_with_their_scale(void **state)
{
  (void)state;
  static const struct {
    int64_t v;
    uint32_t scale;
    const char *want;
  } cases[] = {{0, 0, "0"},
               {0, 2, "0.00"},
               {5, 2, "0.05"},
               {-5, 2, "-0.05"},
               {12345, 2, "123.45"},
               {-100, 2, "-1.00"},
               {1, 18, "0.000000000000000001"},
               {INT64_MAX, 0, "9223372036854775807"},
               {INT64_MIN, 0, "-9223372036854775808"},
               {INT64_MIN, 18, "-9.223372036854775808"}};
  char out[TG_DECIMAL_SHOWN];
  for (size_t i = 0; i < LENGTH(cases); i++) {
    assert_int_equal(tg_decimal_show(cases[i].v, cases[i].scale, out), strlen(cases[i].want));
    assert_string_equal(out, cases[i].want);
  }
}

/* Every text over a small alphabet: the short way either says nothing or what the long one says. */
static void the_short_way_agrees_with_the_long_one(void **state)
{
  (void)state;
  static const char alphabet[] = "0159.-+e ";
  enum { LETTERS = sizeof alphabet - 1, LENGTH_MAX = 6 };
  uint32_t taken = 0;
  for (uint32_t n = 0; n < 531441; n++) { /* LETTERS ^ LENGTH_MAX */
    char text[LENGTH_MAX];
    uint32_t code = n, scale = n % 4;
    for (uint32_t i = 0; i < LENGTH_MAX; i++, code /= LETTERS) text[i] = alphabet[code % LETTERS];
    struct tg_text t = tg_text_of(text, n % (LENGTH_MAX + 1));
    struct tg_decimal d;
    int64_t quick, exact;
    if (!tg_decimal_short(t, scale, &quick)) continue;
    if (!tg_decimal_parse(t, &d) || !tg_decimal_scaled(&d, scale, &exact) || quick != exact)
      fail_msg("'%.*s' at scale %u is %lld in short", TG_TEXT(t), scale, (long long)quick);
    taken++;
  }
  assert_true(taken > 1000);
}

static void the_short_way_ends_before_int64_does(void **state)
{
  (void)state;
  int64_t v;
  assert_true(tg_decimal_short(tg_text("-99999999999999999"), 0, &v) && v == -99999999999999999);
  assert_true(tg_decimal_short(tg_text("99999999999999.999"), 3, &v) && v == 99999999999999999);
  assert_false(tg_decimal_short(tg_text("9999999999999999999"), 0, &v));
  assert_false(tg_decimal_short(tg_text("99999999999"), 8, &v));
  assert_false(tg_decimal_short(tg_text("1.005"), 2, &v));
  assert_false(tg_decimal_short(tg_text("1e3"), 2, &v));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_no_number_is_refused),
      cmocka_unit_test(scaled_values_are_rounded_half_away_from_zero),
      cmocka_unit_test(scaled_values_beyond_int64_are_refused),
      cmocka_unit_test(whole_numbers_are_told_from_fractions),
      cmocka_unit_test(numeric_holds_what_postgresql_holds),
      cmocka_unit_test(digits_are_normalised),
      cmocka_unit_test(a_thousand_digits_are_the_most),
      cmocka_unit_test(scaled_values_are_shown_with_their_scale),
      cmocka_unit_test(the_short_way_agrees_with_the_long_one),
      cmocka_unit_test(the_short_way_ends_before_int64_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
