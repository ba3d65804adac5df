/* The grammar of field lines: what it means and what it refuses, by the words of the refusal. */
#include "core/data/topic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tg_arena arena;
static struct tg_field f;
static struct tg_err err;

static int setup(void **state)
{
  (void)state;
  tg_arena_init(&arena, 4096, 0);
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  tg_arena_fini(&arena);
  return 0;
}

static void parse(const char *line)
{
  tg_err_clear(&err);
  if (tg_field_parse(&arena, tg_text(line), &f, &err) != TG_OK) fail_msg("%s: %s", line, err.what);
}

static void assert_refused(const char *line, const char *words)
{
  tg_err_clear(&err);
  assert_int_equal(tg_field_parse(&arena, tg_text(line), &f, &err), TG_CONFIG);
  if (!strstr(err.what, words)) fail_msg("'%s' gave '%s', not '%s'", line, err.what, words);
}

#define assert_text(t, s)                                                                          \
  do {                                                                                             \
    if (!tg_text_is(t, s)) fail_msg("'%.*s' is not '%s'", TG_TEXT(t), s);                          \
  } while (0)

static void plain_field_reads_its_own_name(void **state)
{
  (void)state;
  parse("customer_id bigint");
  assert_text(f.name, "customer_id");
  assert_int_equal(f.type.kind, TG_INT8);
  assert_int_equal(f.source, TG_FROM_VALUE);
  assert_int_equal(f.paths_count, 1);
  assert_int_equal(f.paths[0].count, 1);
  assert_text(f.paths[0].steps[0], "customer_id");
  assert_false(f.not_null || f.unstored || f.has_default);
  assert_int_equal(f.epoch, TG_EPOCH_NONE);
}

static void options_come_in_any_order(void **state)
{
  (void)state;
  parse("  t\ttimestamp with time zone  unstored @ a.b | c as EPOCH_MS NOT  NULL ");
  assert_int_equal(f.type.kind, TG_TIMESTAMPTZ);
  assert_true(f.not_null && f.unstored);
  assert_int_equal(f.epoch, TG_EPOCH_MS);
  assert_int_equal(f.paths_count, 2);
  assert_int_equal(f.paths[0].count, 2);
  assert_text(f.paths[0].steps[1], "b");
  assert_text(f.paths[1].steps[0], "c");
  parse("price numeric( 12 , 2 ) default -1.50 @price.amount|price");
  assert_int_equal(f.type.precision, 12);
  assert_true(f.has_default);
  assert_text(f.default_text, "-1.50");
  assert_int_equal(f.paths_count, 2);
}

static void quotes_hold_what_would_end_a_word(void **state)
{
  (void)state;
  parse("x text default 'it''s @ home' @ \"a.b\".\"c \"\"d\"\"\".e");
  assert_text(f.default_text, "it's @ home");
  assert_int_equal(f.paths[0].count, 3);
  assert_text(f.paths[0].steps[0], "a.b");
  assert_text(f.paths[0].steps[1], "c \"d\"");
  parse("x text default ''");
  assert_true(f.has_default && f.default_text.ptr);
  assert_int_equal(f.default_text.len, 0);
  parse("x text @ \"kafka\".key");
  assert_int_equal(f.source, TG_FROM_VALUE);
  assert_text(f.paths[0].steps[0], "kafka");
}

static void message_parts_have_their_own_sources(void **state)
{
  (void)state;
  static const struct {
    const char *line;
    enum tg_source source;
  } cases[] = {
      {"a timestamptz @kafka.timestamp", TG_FROM_TIMESTAMP},
      {"a text @ kafka.key", TG_FROM_KEY},
      {"a bigint @kafka.offset", TG_FROM_OFFSET},
      {"a integer @kafka.partition", TG_FROM_PARTITION},
      {"a bytea @kafka.value", TG_FROM_RAW},
      {"a int8 @kafka.size", TG_FROM_SIZE},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    parse(cases[i].line);
    assert_int_equal(f.source, cases[i].source);
    assert_int_equal(f.paths_count, 0);
  }
  parse("trace text @kafka.header.x-trace.id not null");
  assert_int_equal(f.source, TG_FROM_HEADER);
  assert_text(f.header, "x-trace.id");
  assert_true(f.not_null);
}

static void computed_field_has_no_source(void **state)
{
  (void)state;
  parse("amount_eur numeric(12,2) computed");
  assert_int_equal(f.source, TG_FROM_NOWHERE);
  assert_int_equal(f.paths_count, 0);
  assert_refused("a text computed @ b", "the transform sets it");
  assert_refused("a text computed default 'x'", "the transform sets it");
}

static void reserved_names_are_refused_with_a_way_out(void **state)
{
  (void)state;
  assert_refused("_part integer", "rename it with @");
  assert_refused("count bigint", "rename it with @: \"event_count .. @ count\"");
  assert_refused("topic text", "batch API");
  assert_refused("ctid text", "system column");
  assert_refused("order-id text", "rename it with @");
  assert_refused("1st text", "rename it with @");
  assert_refused("pg_x text", "pg_*");
  parse("event_count bigint @ count");
}

static void wrong_lines_say_what_was_expected(void **state)
{
  (void)state;
  assert_refused("", "begins with a name");
  assert_refused("@ a", "begins with a name");
  assert_refused("a", "type is missing");
  assert_refused("a not null", "type is missing");
  assert_refused("a bigintt", "did you mean bigint");
  assert_refused("a char(3)", "use text or varchar(n)");
  assert_refused("a text not nul", "not expected here");
  assert_refused("a text default", "literal is missing");
  assert_refused("a text default x", "in quotes ('x')");
  assert_refused("a text default 'x", "closing ' is missing");
  assert_refused("a text default null", "null anyway");
  assert_refused("a bigint default 'x'", "not a value of type bigint");
  assert_refused("a text default 1", "not a value of type text");
  assert_refused("a boolean default 1", "not a value of type boolean");
  assert_refused("a bigint default 1e", "in quotes");
  assert_refused("a text[] default 'x'", "array takes no default");
  assert_refused("a text @", "step of the path");
  assert_refused("a text @ b..c", "step of the path");
  assert_refused("a text @ b|", "step of the path");
  assert_refused("a text @ \"b", "closing \" is missing");
  assert_refused("a text @ b @ c", "alternates");
  assert_refused("a text @kafka.foo", "not known");
  assert_refused("a text @kafka.header.", "not known");
  assert_refused("a integer @kafka.offset", "bigint");
  assert_refused("a text[] @kafka.key", "not an array");
  assert_refused("a timestamptz as epoch", "epoch_s, epoch_ms or epoch_us");
  assert_refused("a bigint as epoch_ms", "timestamptz");
  assert_refused("a timestamptz as epoch_ms as epoch_s", "twice");
  assert_refused("a text unstored unstored", "twice");
  assert_refused("a text not null not null", "twice");
  assert_refused("a text defalt 'x'", "not a type");
  assert_refused("a text unstored defaul 'x'", "did you mean default");
  assert_refused("a \xff", "UTF-8");
}

static void default_is_a_value_of_its_type(void **state)
{
  (void)state;
  static const char *const good[] = {"a smallint default -32768",
                                     "a numeric(4,2) default 12.34",
                                     "a timestamptz default '2026-01-01T00:00:00Z'",
                                     "a uuid default "
                                     "'00112233-4455-6677-8899-aabbccddeeff'",
                                     "a jsonb default '{\"x\": [1]}'",
                                     "a boolean default TRUE",
                                     "a varchar(2) default 'ab'",
                                     "a interval default 'PT1H'",
                                     "a inet default '10.0.0.1'",
                                     "a date default '2026-01-31'"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) parse(good[i]);
  assert_refused("a smallint default 40000", "default '40000'");
  assert_refused("a numeric(4,2) default 123.4", "default '123.4'");
  assert_refused("a timestamptz default 'yesterday'", "default 'yesterday'");
  assert_refused("a date default '2026-02-30'", "default '2026-02-30'");
  assert_refused("a uuid default 'x'", "default 'x'");
  assert_refused("a jsonb default '{'", "default '{'");
  assert_refused("a varchar(2) default 'abc'", "default 'abc'");
}

static void caps_hold(void **state)
{
  (void)state;
  assert_refused("a text @ a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", "at most 16 steps");
  parse("a text @ a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a");
  assert_refused("a text @ a|a|a|a|a|a|a|a|a", "at most 8 alternates");
  parse("a text @ a|a|a|a|a|a|a|a");
  char line[5000];
  memset(line, ' ', sizeof line);
  line[sizeof line - 1] = '\0';
  assert_refused(line, "at most 4096");
  parse("n23456789012345678901234567890123456789012345678901234567890123 text");
  assert_refused("n234567890123456789012345678901234567890123456789012345678901234 text",
                 "63 bytes");
}

static void full_arena_is_told(void **state)
{
  (void)state;
  struct tg_arena tiny;
  tg_arena_init(&tiny, 16, 16);
  tg_err_clear(&err);
  assert_int_equal(tg_field_parse(&tiny, tg_text("a_long_name text @ b.c"), &f, &err), TG_FATAL);
  tg_arena_fini(&tiny);
}

static void fields_are_found_by_name(void **state)
{
  (void)state;
  struct tg_field fields[] = {{.name = tg_text("a")}, {.name = tg_text("b")}};
  struct tg_topic t = {.fields = fields, .fields_count = 2};
  assert_int_equal(tg_topic_field(&t, tg_text("b")), 1);
  assert_int_equal(tg_topic_field(&t, tg_text("c")), -1);
}

static void names_of_others_are_not_ok(void **state)
{
  (void)state;
  static const char *const bad[] = {
      "", "a b", "a\"b", "9a", "pg_class", "tidegate", "information_schema", "$a", "\xc3\xa4"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (tg_name_ok(tg_text(bad[i]))) fail_msg("%s", bad[i]);
  assert_true(tg_name_ok(tg_text("Orders_2$")));
  assert_true(tg_name_ok(tg_text("_x")));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plain_field_reads_its_own_name),
      cmocka_unit_test(options_come_in_any_order),
      cmocka_unit_test(quotes_hold_what_would_end_a_word),
      cmocka_unit_test(message_parts_have_their_own_sources),
      cmocka_unit_test(computed_field_has_no_source),
      cmocka_unit_test(reserved_names_are_refused_with_a_way_out),
      cmocka_unit_test(wrong_lines_say_what_was_expected),
      cmocka_unit_test(default_is_a_value_of_its_type),
      cmocka_unit_test(caps_hold),
      cmocka_unit_test(full_arena_is_told),
      cmocka_unit_test(fields_are_found_by_name),
      cmocka_unit_test(names_of_others_are_not_ok),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
