/* Columns: memory, nulls, dictionaries, and every type as people see it. */
#include "core/data/column.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct tg_arena arena;

static int setup(void **state)
{
  (void)state;
  tg_arena_init(&arena, 1 << 16, 0);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  tg_arena_fini(&arena);
  return 0;
}

static struct tg_column *column(const char *type, uint32_t rows)
{
  struct tg_type t;
  assert_int_equal(tg_type_parse(tg_text(type), &t, NULL), TG_OK);
  struct tg_column *c = tg_column_new(&arena, t, rows, true);
  assert_non_null(c);
  return c;
}

static void new_column_is_all_zero(void **state)
{
  (void)state;
  static const char *const types[] = {"bool", "int8", "real", "text", "uuid", "interval"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    memset(tg_arena_alloc(&arena, 5000), 0xff, 5000);
    tg_arena_reset(&arena, 0);
    struct tg_column *c = column(types[i], 100);
    assert_int_equal((uintptr_t)c->v.any % 16, 0);
    for (uint32_t j = 0; j < 100 * tg_type_width(c->type); j++) assert_int_equal(c->v.mask[j], 0);
    for (uint32_t j = 0; j < 100; j++) assert_int_equal(c->nul[j], 0);
    assert_int_equal(c->rows, 100);
  }
  assert_null(tg_column_new(&arena, (struct tg_type){.kind = TG_INT8}, 3, false)->nul);
}

/* What the arena held before shows what a bare column leaves to its writer. */
static void bare_column_has_no_nulls_and_any_values(void **state)
{
  (void)state;
  struct tg_arena_mark mark = tg_arena_mark(&arena);
  memset(tg_arena_alloc(&arena, 1000), 7, 1000);
  tg_arena_release(&arena, mark);
  struct tg_column *c = tg_column_bare(&arena, (struct tg_type){.kind = TG_INT8}, 3);
  assert_int_equal(c->rows, 3);
  assert_int_equal(c->type.kind, TG_INT8);
  assert_null(c->dict);
  for (uint32_t row = 0; row < 3; row++) {
    assert_false(tg_column_is_null(c, row));
    assert_int_equal(c->v.ints[row], INT64_C(0x0707070707070707));
  }
  assert_null(tg_column_bare(&arena, (struct tg_type){.kind = TG_BOOL}, 3)->nul);
}

static void full_arena_gives_no_column(void **state)
{
  (void)state;
  struct tg_arena tiny;
  tg_arena_init(&tiny, 1000, 1000);
  assert_null(tg_column_new(&tiny, (struct tg_type){.kind = TG_INT8}, 125, false));
  assert_null(tg_column_bare(&tiny, (struct tg_type){.kind = TG_INT8}, 125));
  tg_arena_fini(&tiny);
}

static void unknown_in_a_mask_is_null(void **state)
{
  (void)state;
  struct tg_column *c = column("bool", 3);
  c->v.mask[1] = TG_UNKNOWN, c->v.mask[2] = TG_UNKNOWN;
  c->nul[2] = TG_DIV_ZERO;
  assert_int_equal(tg_column_nul(c, 0), TG_SOME);
  assert_int_equal(tg_column_nul(c, 1), TG_NULL);
  assert_int_equal(tg_column_nul(c, 2), TG_DIV_ZERO);
  assert_true(tg_column_is_null(c, 1));
  assert_string_equal(tg_nul_text(TG_DIV_ZERO), "division by zero");
}

/* --- dictionaries ------------------------------------------------------------------------------
 */

static struct tg_column *words(uint32_t rows, uint32_t distinct)
{
  struct tg_column *c = column("text", rows);
  for (uint32_t i = 0; i < rows; i++)
    c->v.texts[i] = tg_text(tg_arena_printf(&arena, "a word %u", i * 7919 % distinct));
  return c;
}

static void dictionary_gives_every_row_its_text(void **state)
{
  (void)state;
  struct tg_column *c = words(20000, 400);
  c->nul[17] = TG_NULL, c->v.texts[17] = (struct tg_text){NULL, 0};
  c->v.texts[18] = tg_text("");
  const struct tg_dict *d = tg_column_dict(c, &arena, 500);
  assert_non_null(d);
  assert_int_equal(d->count, 401);
  assert_int_equal(d->codes[17], TG_DICT_NULL);
  for (uint32_t i = 0; i < c->rows; i++)
    if (i != 17) assert_true(tg_text_eq(d->texts[d->codes[i]], c->v.texts[i]));
  assert_ptr_equal(tg_column_dict(c, &arena, 500), d);
  assert_null(tg_column_dict(c, &arena, 400));
}

static void dictionary_keeps_to_max(void **state)
{
  (void)state;
  assert_non_null(tg_column_dict(words(5000, 300), &arena, 300));
  assert_null(tg_column_dict(words(5000, 301), &arena, 300));
  struct tg_column *c = words(900, 900);
  assert_null(tg_column_dict(c, &arena, 899));
  assert_non_null(tg_column_dict(c, &arena, 900));
}

static void hopeless_column_is_given_up_after_a_sample(void **state)
{
  (void)state;
  struct tg_column *c = words(50000, 50000);
  size_t used = arena.bytes_used;
  assert_null(tg_column_dict(c, &arena, 50000));
  assert_int_equal(c->dict_refused, 50000);
  assert_int_equal(arena.bytes_used, used);
}

/* Of each length: one text, and those that differ from it in a single byte. */
static void texts_that_differ_in_one_byte_are_two(void **state)
{
  (void)state;
  enum { LENGTH_MAX = 40 };
  for (uint32_t len = 1; len <= LENGTH_MAX; len++) {
    struct tg_column *c = column("text", len + 2);
    for (uint32_t row = 0; row < len + 2; row++) {
      char *bytes = malloc(len); /* its own block: reading past it is seen */
      memset(bytes, 'a', len);
      if (row < len) bytes[row] = 'b';
      c->v.texts[row] = tg_text_of(bytes, len);
    }
    const struct tg_dict *d = tg_column_dict(c, &arena, len + 2);
    assert_non_null(d);
    assert_int_equal(d->count, len + 1);
    assert_int_equal(d->codes[len], d->codes[len + 1]);
    for (uint32_t row = 0; row < len + 2; row++) free((char *)(uintptr_t)c->v.texts[row].ptr);
  }
}

static void other_types_have_no_dictionary(void **state)
{
  (void)state;
  assert_null(tg_column_dict(column("json", 10), &arena, 10));
  assert_null(tg_column_dict(column("text[]", 10), &arena, 10));
  assert_null(tg_column_dict(column("int8", 10), &arena, 10));
}

static void dictionary_that_does_not_fit_leaves_the_arena(void **state)
{
  (void)state;
  struct tg_column *c = words(5000, 10);
  for (size_t cap = 100; cap < 40000; cap += 777) {
    struct tg_arena tiny;
    tg_arena_init(&tiny, 100, cap);
    c->dict = NULL, c->dict_refused = 0;
    if (!tg_column_dict(c, &tiny, 1000)) assert_int_equal(tiny.bytes_used, 0);
    c->dict = NULL;
    tg_arena_fini(&tiny);
  }
}

/* --- showing -----------------------------------------------------------------------------------
 */

static void assert_shown(const struct tg_column *c, uint32_t row, const char *expected)
{
  char out[200];
  assert_string_equal(tg_column_show(c, row, out, sizeof out), expected);
}

static void assert_int(const char *type, int64_t v, const char *expected)
{
  struct tg_column *c = column(type, 1);
  c->v.ints[0] = v;
  assert_shown(c, 0, expected);
}

static void integers_and_numerics_are_exact(void **state)
{
  (void)state;
  assert_int("bigint", INT64_MIN, "-9223372036854775808");
  assert_int("numeric(12,2)", 12345, "123.45");
  assert_int("numeric(12,2)", -5, "-0.05");
  assert_int("numeric(12,2)", 0, "0.00");
  assert_int("numeric(5,0)", -70, "-70");
  assert_int("numeric(18,18)", -999999999999999999, "-0.999999999999999999");
}

static void times_are_rfc_3339(void **state)
{
  (void)state;
  assert_int("timestamptz", 1767225600000000, "2026-01-01T00:00:00Z");
  assert_int("timestamptz", 1767225600000001, "2026-01-01T00:00:00.000001Z");
  assert_int("timestamptz", 1767225600500000, "2026-01-01T00:00:00.5Z");
  assert_int("timestamptz", -1, "1969-12-31T23:59:59.999999Z");
  assert_int("timestamp", 951782400000000, "2000-02-29T00:00:00");
  assert_int("timestamptz", -62135596800000000, "0001-01-01T00:00:00Z");
  assert_int("timestamptz", 253402300799999999, "9999-12-31T23:59:59.999999Z");
  assert_int("date", 0, "1970-01-01");
  assert_int("date", -719162, "0001-01-01");
  assert_int("date", 2932896, "9999-12-31");
  assert_int("time", 86399999999, "23:59:59.999999");
  assert_int("time", 3600000000, "01:00:00");
}

static void assert_span(int32_t months, int32_t days, int64_t us, const char *expected)
{
  struct tg_column *c = column("interval", 1);
  c->v.spans[0] = (struct tg_span){.us = us, .days = days, .months = months};
  assert_shown(c, 0, expected);
}

static void intervals_are_iso_8601(void **state)
{
  (void)state;
  assert_span(0, 0, 0, "PT0S");
  assert_span(14, 3, 0, "P1Y2M3D");
  assert_span(0, 0, 3600000000, "PT1H");
  assert_span(0, 0, 90500000, "PT1M30.5S");
  assert_span(0, 0, -500000, "PT-0.5S");
  assert_span(-1, -2, -3661000001, "P-1M-2DT-1H-1M-1.000001S");
  assert_span(0, 1, 1000000, "P1DT1S");
}

static void floats_are_shortest(void **state)
{
  (void)state;
  struct tg_column *c = column("double precision", 6), *r = column("real", 1);
  static const double values[] = {0.1, 1e300, -0.0, 3, INFINITY, NAN};
  memcpy(c->v.floats, values, sizeof values);
  assert_shown(c, 0, "0.1");
  assert_shown(c, 1, "1e+300");
  assert_shown(c, 2, "-0");
  assert_shown(c, 3, "3");
  assert_shown(c, 4, "Infinity");
  assert_shown(c, 5, "NaN");
  r->v.floats[0] = (double)0.1f;
  assert_shown(r, 0, "0.1");
}

static void assert_payload(const char *type, const char *bytes, size_t len, const char *expected)
{
  struct tg_column *c = column(type, 1);
  c->v.texts[0] = tg_text_of(bytes, len);
  assert_shown(c, 0, expected);
}
#define PAYLOAD(type, bytes, expected) assert_payload(type, bytes, sizeof bytes - 1, expected)

static void texts_and_bytes_are_escaped_and_cut(void **state)
{
  (void)state;
  PAYLOAD("text", "a\nb", "a\\x0ab");
  PAYLOAD("numeric", "123456789012345678901.5", "123456789012345678901.5");
  PAYLOAD("bytea", "\x00\xff", "\\x00ff");
  PAYLOAD("text", "1234567890123456789012345678901234567890123456789012345678901234 and more",
          "1234567890123456789012345678901234567890123456789012345678901234...");
  char small[9];
  struct tg_column *c = column("text", 1);
  c->v.texts[0] = tg_text("a longer text");
  tg_column_show(c, 0, small, sizeof small);
  assert_true(strlen(small) < sizeof small);
}

static void addresses_are_readable(void **state)
{
  (void)state;
  PAYLOAD("inet", "\x02\x20\x00\x04\x0a\x00\x00\x01", "10.0.0.1");
  PAYLOAD("inet", "\x02\x08\x00\x04\x0a\x00\x00\x00", "10.0.0.0/8");
  PAYLOAD("inet", "\x03\x80\x00\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", "::1");
  PAYLOAD("inet", "\x02\x20", "\\x0220");
}

static void arrays_are_readable(void **state)
{
  (void)state;
  PAYLOAD("text[]", "\0\0\0\0\0\0\0\0\0\0\0\x19", "{}");
  PAYLOAD(
      "int4[]",
      "\0\0\0\1\0\0\0\1\0\0\0\x17\0\0\0\3\0\0\0\1\0\0\0\4\0\0\0\7\xff\xff\xff\xff\0\0\0\4\xff\xff"
      "\xff\xfe",
      "{7,null,-2}");
  PAYLOAD("text[]", "\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\1\0\0\0\1\0\0\0\2hi", "{\"hi\"}");
  PAYLOAD("numeric[]",
          "\0\0\0\1\0\0\0\0\0\0\x06\xa4\0\0\0\2\0\0\0\1"
          "\0\0\0\x0e\0\3\0\1\0\0\0\3\0\1\x09\x29\x1a\x7c"
          "\0\0\0\x0a\0\1\xff\xff\x40\0\0\2\1\xf4",
          "{12345.678,-0.05}");
  PAYLOAD("timestamptz[]",
          "\0\0\0\1\0\0\0\0\0\0\x04\xa0\0\0\0\1\0\0\0\1\0\0\0\x08\0\x02\xea\x47\x0a\xe8\x60\0",
          "{2026-01-01T00:00:00Z}");
  PAYLOAD("int4[]", "\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\1\0\0\0\1\0\0\0\x09\0", "{}");
}

static void nulls_and_faults_are_named(void **state)
{
  (void)state;
  struct tg_column *c = column("bigint", 2), *m = column("bool", 3);
  c->nul[0] = TG_NULL, c->nul[1] = TG_OVERFLOW;
  m->v.mask[0] = TG_TRUE, m->v.mask[2] = TG_UNKNOWN;
  assert_shown(c, 0, "null");
  assert_shown(c, 1, "out of range");
  assert_shown(m, 0, "true");
  assert_shown(m, 1, "false");
  assert_shown(m, 2, "null");
}

static void uuids_have_their_dashes(void **state)
{
  (void)state;
  struct tg_column *c = column("uuid", 1);
  for (uint8_t i = 0; i < 16; i++) c->v.uuids[0].bytes[i] = (uint8_t)(i * 17);
  assert_shown(c, 0, "00112233-4455-6677-8899-aabbccddeeff");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(new_column_is_all_zero),
      T(bare_column_has_no_nulls_and_any_values),
      T(full_arena_gives_no_column),
      T(unknown_in_a_mask_is_null),
      T(dictionary_gives_every_row_its_text),
      T(dictionary_keeps_to_max),
      T(hopeless_column_is_given_up_after_a_sample),
      T(texts_that_differ_in_one_byte_are_two),
      T(other_types_have_no_dictionary),
      T(dictionary_that_does_not_fit_leaves_the_arena),
      T(integers_and_numerics_are_exact),
      T(times_are_rfc_3339),
      T(intervals_are_iso_8601),
      T(floats_are_shortest),
      T(texts_and_bytes_are_escaped_and_cut),
      T(addresses_are_readable),
      T(arrays_are_readable),
      T(nulls_and_faults_are_named),
      T(uuids_have_their_dashes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
