/* Type names: every alias, sizes, arrays, and the way out of each refusal. */
#include "core/data/type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tg_type parsed(const char *text)
{
  struct tg_type t;
  struct tg_err err = {0};
  if (tg_type_parse(tg_text(text), &t, &err) != TG_OK) fail_msg("%s: %s", text, err.what);
  return t;
}

static void assert_refused(const char *text, const char *words)
{
  struct tg_type t;
  struct tg_err err = {0};
  assert_int_equal(tg_type_parse(tg_text(text), &t, &err), TG_CONFIG);
  if (!strstr(err.what, words)) fail_msg("'%s' gave '%s', not '%s'", text, err.what, words);
}

static void every_alias_has_postgres_name_and_oid(void **state)
{
  (void)state;
  static const struct {
    const char *text, *name;
    uint32_t oid;
  } cases[] = {
      {"bool", "boolean", 16},
      {"boolean", "boolean", 16},
      {"int2", "smallint", 21},
      {"smallint", "smallint", 21},
      {"int", "integer", 23},
      {"INT4", "integer", 23},
      {"Integer", "integer", 23},
      {"int8", "bigint", 20},
      {"bigint", "bigint", 20},
      {"real", "real", 700},
      {"float4", "real", 700},
      {"float(24)", "real", 700},
      {"float(25)", "double precision", 701},
      {"float", "double precision", 701},
      {"float8", "double precision", 701},
      {" double \t precision ", "double precision", 701},
      {"numeric", "numeric", 1700},
      {"decimal(5)", "numeric(5,0)", 1700},
      {"dec(5 , 2)", "numeric(5,2)", 1700},
      {"numeric(1000,1000)", "numeric(1000,1000)", 1700},
      {"text", "text", 25},
      {"varchar", "character varying", 1043},
      {"varchar(20)", "character varying(20)", 1043},
      {"character varying ( 20 )", "character varying(20)", 1043},
      {"char varying(1)", "character varying(1)", 1043},
      {"uuid", "uuid", 2950},
      {"date", "date", 1082},
      {"timestamptz", "timestamp with time zone", 1184},
      {"timestamp with time zone", "timestamp with time zone", 1184},
      {"timestamp", "timestamp without time zone", 1114},
      {"time", "time without time zone", 1083},
      {"time without time zone", "time without time zone", 1083},
      {"interval", "interval", 1186},
      {"bytea", "bytea", 17},
      {"json", "json", 114},
      {"jsonb", "jsonb", 3802},
      {"inet", "inet", 869},
      {"text[]", "text[]", 1009},
      {"numeric(12,2) [ ]", "numeric(12,2)[]", 1231},
      {"timestamp with time zone[]", "timestamp with time zone[]", 1185},
      {"varchar(3)[]", "character varying(3)[]", 1015},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char name[64];
    struct tg_type t = parsed(cases[i].text);
    assert_string_equal(tg_type_name(t, name, sizeof name), cases[i].name);
    assert_int_equal(tg_type_oid(t), cases[i].oid);
    assert_true(tg_type_eq(t, parsed(name)));
  }
}

static void store_follows_type_and_size(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    enum tg_store store;
    uint32_t width;
  } cases[] = {
      {"bool", TG_STORE_MASK, 1},          {"smallint", TG_STORE_INT, 8},
      {"numeric(18,18)", TG_STORE_INT, 8}, {"numeric(19,0)", TG_STORE_TEXT, 16},
      {"numeric", TG_STORE_TEXT, 16},      {"real", TG_STORE_FLOAT, 8},
      {"uuid", TG_STORE_UUID, 16},         {"interval", TG_STORE_SPAN, 16},
      {"bool[]", TG_STORE_TEXT, 16},       {"inet", TG_STORE_TEXT, 16},
      {"date", TG_STORE_INT, 8},           {"bytea", TG_STORE_TEXT, 16},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(tg_type_store(parsed(cases[i].text)), cases[i].store);
    assert_int_equal(tg_type_width(parsed(cases[i].text)), cases[i].width);
  }
}

static void refusals_say_what_to_write(void **state)
{
  (void)state;
  assert_refused("char(3)", "text or varchar(n)");
  assert_refused("char", "text or varchar(n)");
  assert_refused("character(3)", "text or varchar(n)");
  assert_refused("string", "use text");
  assert_refused("int64", "use bigint");
  assert_refused("uint64", "numeric(20,0)");
  assert_refused("datetime", "use timestamptz");
  assert_refused("serial", "use integer");
  assert_refused("bigin", "did you mean bigint?");
  assert_refused("timestamptzz", "did you mean timestamptz?");
  assert_refused("geometry", "is not a type; types are");
  assert_refused("", "cannot be read");
  assert_refused("[]", "cannot be read");
  assert_refused("numeric(0)", "not between 1 and 1000");
  assert_refused("numeric(1001)", "not between 1 and 1000");
  assert_refused("numeric(5,6)", "larger than the precision");
  assert_refused("numeric(5,-2)", "cannot be read");
  assert_refused("numeric(5", "cannot be read");
  assert_refused("numeric()", "cannot be read");
  assert_refused("numeric(1,2,3)", "cannot be read");
  assert_refused("numeric(99999999999999999999)", "cannot be read");
  assert_refused("varchar(0)", "length from 1");
  assert_refused("varchar(10485761)", "length from 1");
  assert_refused("varchar(1,2)", "length from 1");
  assert_refused("timestamptz(3)", "takes no size");
  assert_refused("real(3)", "use real");
  assert_refused("float(54)", "float(1) to float(53)");
  assert_refused("text(3)", "takes no size");
  assert_refused("text[][]", "one dimension");
  assert_refused("text[3]", "one dimension");
  assert_refused("a text that is far too long to be the name of any type that exists anywhere",
                 "cannot be read");
}

static void families_leave_arrays_out(void **state)
{
  (void)state;
  assert_true(tg_type_is_number(parsed("int2")) && tg_type_is_number(parsed("numeric")));
  assert_false(tg_type_is_number(parsed("bool")) || tg_type_is_number(parsed("text")));
  assert_false(tg_type_is_number(parsed("int2[]")));
  assert_true(tg_type_is_text(parsed("varchar(3)")) && tg_type_is_text(parsed("text")));
  assert_false(tg_type_is_text(parsed("json")) || tg_type_is_text(parsed("text[]")));
  assert_true(tg_type_is_time(parsed("date")) && tg_type_is_time(parsed("time")));
  assert_false(tg_type_is_time(parsed("interval")) || tg_type_is_time(parsed("uuid")));
}

static void sizes_make_types_differ(void **state)
{
  (void)state;
  assert_false(tg_type_eq(parsed("numeric"), parsed("numeric(5,2)")));
  assert_false(tg_type_eq(parsed("numeric(5,1)"), parsed("numeric(5,2)")));
  assert_false(tg_type_eq(parsed("varchar(1)"), parsed("varchar(2)")));
  assert_false(tg_type_eq(parsed("text"), parsed("text[]")));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_alias_has_postgres_name_and_oid),
      cmocka_unit_test(store_follows_type_and_size),
      cmocka_unit_test(refusals_say_what_to_write),
      cmocka_unit_test(families_leave_arrays_out),
      cmocka_unit_test(sizes_make_types_differ),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
