/* Text as a value of every type: what keys, headers and defaults are made of. */
#include "core/data/valueparse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static struct tg_arena arena;
static struct tg_jsonindex *index_;

static int setup(void **state)
{
  (void)state;
  tg_arena_init(&arena, 64 << 10, 0);
  index_ = tg_jsonindex_new();
  return index_ ? 0 : -1;
}

static int teardown(void **state)
{
  (void)state;
  tg_jsonindex_free(index_);
  tg_arena_fini(&arena);
  return 0;
}

struct one {
  const char *type, *text, *want, *why;
};

static void check_all(const struct one *cases, size_t count)
{
  char shown[300];
  for (size_t i = 0; i < count; i++) {
    const struct one *c = &cases[i];
    struct tg_type type;
    struct tg_err err;
    struct tg_valueparse p = {.arena = &arena, .index = index_};
    assert_int_equal(tg_type_parse(tg_text(c->type), &type, &err), TG_OK);
    struct tg_column *column = tg_column_new(&arena, type, 2, true);
    enum tg_rc rc = tg_value_parse(&p, tg_text(c->text), column, 1);
    if (c->why && (rc != TG_DATA || strcmp(p.reason, c->why) != 0))
      fail_msg("%s of %s: '%s', not '%s'", c->type, c->text, p.reason, c->why);
    if (c->why) continue;
    if (rc != TG_OK) fail_msg("%s: %s", c->type, p.reason);
    assert_string_equal(tg_column_show(column, 1, shown, sizeof shown), c->want);
    assert_false(tg_column_is_null(column, 0));
  }
}

static void booleans_have_postgresqls_spellings(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"bool", "true", "true", NULL},
      {"bool", "t", "true", NULL},
      {"bool", "TRUE", "true", NULL},
      {"bool", "tr", "true", NULL},
      {"bool", "yes", "true", NULL},
      {"bool", "y", "true", NULL},
      {"bool", "on", "true", NULL},
      {"bool", "1", "true", NULL},
      {"bool", " true ", "true", NULL},
      {"bool", "false", "false", NULL},
      {"bool", "f", "false", NULL},
      {"bool", "No", "false", NULL},
      {"bool", "n", "false", NULL},
      {"bool", "off", "false", NULL},
      {"bool", "of", "false", NULL},
      {"bool", "0", "false", NULL},
      {"bool", "o", NULL, "'o' is not true or false"},
      {"bool", "", NULL, "'' is not true or false"},
      {"bool", "2", NULL, "'2' is not true or false"},
      {"bool", "10", NULL, "'10' is not true or false"},
      {"bool", "truest", NULL, "'truest' is not true or false"},
      {"bool", "falsehood", NULL, "'falsehood' is not true or false"},
  };
  check_all(cases, LENGTH(cases));
}

static void every_type_reads_text(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"int2", "-32768", "-32768", NULL},
      {"int4", "2147483648", NULL, "'2147483648' is out of range for integer"},
      {"int8", "12e2", "1200", NULL},
      {"float8", "-1.5e3", "-1500", NULL},
      {"numeric(6,2)", "9999.994", "9999.99", NULL},
      {"numeric(6,2)", "9999.995", NULL, "'9999.995' is out of range for numeric(6,2)"},
      {"numeric", "00120.50", "120.50", NULL},
      {"text", "", "", NULL},
      {"varchar(2)", "abc", NULL, "'abc' has 3 characters, the column takes 2"},
      {"text", "\xc3\x28", NULL, "'\\xc3(' is not valid UTF-8"},
      {"uuid", "7f3c-0000-1111-4222-8333-4444-5555-6666", "7f3c0000-1111-4222-8333-444455556666",
       NULL},
      {"uuid", "7f3-c0000-1111-4222-8333-444455556666", NULL,
       "'7f3-c0000-1111-4222-8333-444455556666' is not a uuid"},
      {"uuid", "7f3c0000-1111-4222-8333-444455556666-", NULL,
       "'7f3c0000-1111-4222-8333-444455556666-' is not a uuid"},
      {"uuid", "{7f3c0000-1111-4222-8333-444455556666", NULL,
       "'{7f3c0000-1111-4222-8333-444455556666' is not a uuid"},
      {"uuid", "", NULL, "'' is not a uuid"},
      {"date", "2026-01-31", "2026-01-31", NULL},
      {"timestamptz", "2026-01-31T00:00:00+01:00", "2026-01-30T23:00:00Z", NULL},
      {"timestamp", "2026-01-31 00:00", "2026-01-31T00:00:00", NULL},
      {"time", "1230", "12:30:00", NULL},
      {"interval", "2h", "PT2H", NULL},
      {"bytea", "\\xDEADbeef", "\\xdeadbeef", NULL},
      {"bytea", "\\xDEADbee", NULL, "'\\xDEADbee' is not bytes in PostgreSQL's form \\x0123ab"},
      {"bytea", "\\x0g", NULL, "'\\x0g' is not bytes in PostgreSQL's form \\x0123ab"},
      {"inet", "::ffff:1.2.3.4", "::ffff:1.2.3.4", NULL},
      {"inet", "1.2.3.4/0", "1.2.3.4/0", NULL},
      {"inet", "1.2.3", NULL, "'1.2.3' is not an IP address such as 10.0.0.1 or 2001:db8::/32"},
      {"inet", "01.2.3.4", NULL,
       "'01.2.3.4' is not an IP address such as 10.0.0.1 or 2001:db8::/32"},
      {"inet", "1.2.3.4/08", NULL,
       "'1.2.3.4/08' is not an IP address such as 10.0.0.1 or 2001:db8::/32"},
      {"jsonb", "{\"a\": [1]}", "{\"a\": [1]}", NULL},
      {"jsonb", " 5 ", " 5 ", NULL},
      {"jsonb", "{a}", NULL, "'{a}' is not JSON: a key in quotes expected at byte 1"},
      {"jsonb", "1 2", NULL, "'1 2' is not JSON: something behind its end at byte 2"},
      {"jsonb", "", NULL, "'' is not JSON: nothing but white space at byte 0"},
      {"jsonb", "\"\\u0000\"", NULL, "'\"\\u0000\"' holds \\u0000, which jsonb cannot store"},
      {"jsonb", "1e131072", NULL, "'1e131072' holds a number that jsonb cannot store"},
      {"json", "\"\\u0000\"", "\"\\u0000\"", NULL},
      {"int4[]", "{1}", NULL, "'{1}' is not an array"},
  };
  check_all(cases, LENGTH(cases));
}

static void reasons_show_long_values_shortened(void **state)
{
  (void)state;
  char text[2000];
  memset(text, 'x', sizeof text);
  struct tg_valueparse p = {.arena = &arena};
  struct tg_column *c = tg_column_new(&arena, (struct tg_type){.kind = TG_INT4}, 1, true);
  assert_int_equal(tg_value_parse(&p, tg_text_of(text, sizeof text), c, 0), TG_DATA);
  assert_true(strlen(p.reason) < 100);
  assert_non_null(strstr(p.reason, "xxx...' is not a number"));
}

static void text_is_borrowed_and_bytes_are_owned(void **state)
{
  (void)state;
  const char *text = "abc";
  struct tg_valueparse p = {.arena = &arena};
  struct tg_column *c = tg_column_new(&arena, (struct tg_type){.kind = TG_TEXT_KIND}, 1, true);
  assert_int_equal(tg_value_parse(&p, tg_text(text), c, 0), TG_OK);
  assert_ptr_equal(c->v.texts[0].ptr, text);
}

static void arena_cap_is_full_and_no_fault_of_the_data(void **state)
{
  (void)state;
  static const struct {
    enum tg_kind kind;
    const char *text;
  } cases[] = {{TG_NUMERIC, "1.5"}, {TG_BYTEA, "\\x01"}, {TG_INET, "1.2.3.4"}};
  struct tg_arena none;
  tg_arena_init(&none, 1, 1);
  assert_non_null(tg_arena_bytes(&none, 1));
  for (size_t i = 0; i < LENGTH(cases); i++) {
    struct tg_valueparse p = {.arena = &none};
    struct tg_column *c = tg_column_new(&arena, (struct tg_type){.kind = cases[i].kind}, 1, true);
    assert_int_equal(tg_value_parse(&p, tg_text(cases[i].text), c, 0), TG_FULL);
  }
  tg_arena_fini(&none);
}

static void null_rows_hold_nothing(void **state)
{
  (void)state;
  static const enum tg_kind kinds[] = {TG_INT8, TG_FLOAT8, TG_UUID, TG_INTERVAL, TG_TEXT_KIND};
  static const char zeros[64];
  for (size_t i = 0; i < LENGTH(kinds); i++) {
    struct tg_column *c = tg_column_new(&arena, (struct tg_type){.kind = kinds[i]}, 2, true);
    uint32_t width = tg_type_width(c->type);
    memset(c->v.any, 0x55, 2 * (size_t)width);
    tg_value_null(c, 1);
    assert_true(tg_column_is_null(c, 1));
    assert_memory_equal((char *)c->v.any + width, zeros, width);
    assert_int_equal(*(char *)c->v.any, 0x55);
  }
  struct tg_column *mask = tg_column_new(&arena, (struct tg_type){.kind = TG_BOOL}, 2, false);
  tg_value_null(mask, 1);
  assert_int_equal(mask->v.mask[1], TG_UNKNOWN);
  assert_int_equal(mask->v.mask[0], TG_FALSE);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(booleans_have_postgresqls_spellings),        T(every_type_reads_text),
      T(reasons_show_long_values_shortened),         T(text_is_borrowed_and_bytes_are_owned),
      T(arena_cap_is_full_and_no_fault_of_the_data), T(null_rows_hold_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
