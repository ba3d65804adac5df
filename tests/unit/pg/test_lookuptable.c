/* Lookups on a real server: every type, one moment, the caps, and what is refused. */
#include "tests/unit/pg/server.h"

#include "core/pg/lookuptable.h"

enum { COLUMNS_MAX = 16 };

static struct tg_pg_conf conf;
static struct tg_pg *pg;
static struct tg_err err;
static struct tg_lookup *made;
static struct tg_lookup_column columns[COLUMNS_MAX];
static struct tg_lookup_source source;

static int open_one(void **state)
{
  (void)state;
  conf = server_conf("tidegate lookups");
  pg = server_connect(&conf);
  server_exec(pg, "DROP TABLE IF EXISTS fx CASCADE; DROP SCHEMA IF EXISTS \"Shop\" CASCADE");
  made = NULL;
  memset(columns, 0, sizeof columns);
  source = (struct tg_lookup_source){
      .name = tg_text("rates"), .table = tg_text("fx"), .columns = columns, .keys_count = 1};
  return 0;
}

static int close_one(void **state)
{
  (void)state;
  tg_lookup_drop(made);
  tg_pg_free(pg);
  return 0;
}

/* "k v w": the columns, the first one the key. */
static void ask_for(const char *names)
{
  source.columns_count = 0;
  while (*names) {
    size_t len = strcspn(names, " ");
    columns[source.columns_count++] = (struct tg_lookup_column){.name = tg_text_of(names, len)};
    names += len + (names[len] == ' ');
  }
}

static enum tg_rc read_table(size_t bytes_max)
{
  tg_lookup_drop(made);
  made = NULL;
  tg_err_clear(&err);
  return tg_lookuptable_read(pg, &source, bytes_max, soon(), &made, &err);
}

static void must_read(void)
{
  server_must(read_table(4 << 20), &err);
}

static void refused(enum tg_rc rc, const char *words)
{
  assert_int_equal(read_table(4 << 20), rc);
  if (!strstr(err.what, words)) fail_msg("'%s' is not in: %s", words, err.what);
}

static const char *shown(uint32_t column, uint32_t row)
{
  static char text[128];
  return tg_column_show(made->columns[column], row, text, sizeof text);
}

static void each_type_arrives_as_it_is(void **state)
{
  (void)state;
  static const char *const cases[][4] = {
      {"smallint", "'-7'", "smallint", "-7"},
      {"bigint", "'9223372036854775807'", "bigint", "9223372036854775807"},
      {"numeric(12,4)", "'12.5'", "numeric(12,4)", "12.5000"},
      {"numeric", "'0.125'", "numeric(18,3)", "0.125"},
      {"real", "'0.5'", "real", "0.5"},
      {"double precision", "'0.1'", "double precision", "0.1"},
      {"boolean", "'t'", "boolean", "true"},
      {"text", "'a\"b'", "text", "a\"b"},
      {"varchar(9)", "'x'", "character varying(9)", "x"},
      {"uuid", "'00000000-0000-4000-8000-00000000000a'", "uuid",
       "00000000-0000-4000-8000-00000000000a"},
      {"date", "'2026-02-03'", "date", "2026-02-03"},
      {"timestamptz", "'2026-02-03 04:05:06.5+02'", "timestamp with time zone",
       "2026-02-03T02:05:06.5Z"},
      {"timestamp", "'2026-02-03 04:05:06'", "timestamp without time zone", "2026-02-03T04:05:06"},
      {"time", "'04:05:06'", "time without time zone", "04:05:06"},
      {"jsonb", "'{\"a\": 1}'", "jsonb", "{\"a\": 1}"},
      {"integer[]", "'{1,2}'", "text", "{1,2}"},
      {"point", "'(1,2)'", "text", "(1,2)"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char sql[256], type[64];
    snprintf(sql, sizeof sql,
             "DROP TABLE IF EXISTS fx; CREATE TABLE fx (k text, v %s); INSERT INTO fx VALUES "
             "('a', %s), ('b', NULL)",
             cases[i][0], cases[i][1]);
    server_exec(pg, sql);
    ask_for("k v");
    must_read();
    assert_int_equal(made->rows, 2);
    assert_string_equal(tg_type_name(made->columns[1]->type, type, sizeof type), cases[i][2]);
    assert_string_equal(shown(1, 0), cases[i][3]);
    assert_true(tg_column_is_null(made->columns[1], 1));
  }
}

static void a_declared_type_goes_before_the_tables_own(void **state)
{
  (void)state;
  server_exec(pg, "CREATE DOMAIN euro AS numeric(8,2)");
  server_exec(pg, "CREATE TABLE fx (k int, v double precision, d euro)");
  server_exec(pg, "INSERT INTO fx VALUES (1, 0.25, 2)");
  ask_for("k v d");
  columns[1].typed = true;
  server_must(tg_type_parse(tg_text("numeric(8,3)"), &columns[1].type, &err), &err);
  must_read();
  assert_string_equal(shown(1, 0), "0.250");
  assert_string_equal(shown(2, 0), "2.00");
  server_exec(pg, "DROP DOMAIN euro CASCADE");
}

static void many_rows_are_one_moment(void **state)
{
  (void)state;
  struct tg_column key = {.type = {.kind = TG_INT4}, .rows = 1};
  int64_t wanted = 70000;
  struct tg_arena arena;
  struct tg_op op = {.arena = &arena, .rows = 1, .err = &err};
  struct tg_column *keys[] = {&key};
  struct tg_found found;
  server_exec(pg,
              "CREATE TABLE \"fx\" AS SELECT n AS k, n * 2 AS v FROM generate_series(1, 70001) n");
  ask_for("k v");
  server_must(read_table(64 << 20), &err);
  assert_int_equal(made->rows, 70001);
  tg_arena_init(&arena, 4096, 0);
  key.v.ints = &wanted;
  assert_true(tg_lookup_find(&op, made, keys, 1, &found));
  assert_int_equal(tg_lookup_get(&op, &found, 1)->v.ints[0], 140000);
  tg_arena_fini(&arena);
}

static void its_version_is_the_servers_time(void **state)
{
  (void)state;
  char sql[256];
  server_exec(pg, "CREATE TABLE fx (k text)");
  ask_for("k");
  must_read();
  snprintf(sql, sizeof sql,
           "SELECT '%s'::timestamptz BETWEEN now() - interval '1 minute' AND now()", made->version);
  server_exec(pg, sql);
  assert_string_equal(tg_pg_value(pg, 0, 0), "t");
}

static void a_condition_narrows_it(void **state)
{
  (void)state;
  server_exec(pg, "CREATE SCHEMA \"Shop\"; CREATE TABLE \"Shop\".fx (\"K\" text, v int)");
  server_exec(pg, "INSERT INTO \"Shop\".fx VALUES ('a', 1), ('a', 2), ('b', 3)");
  source.schema = tg_text("Shop");
  source.where = tg_text("v > 1 -- the newest");
  ask_for("K v");
  must_read();
  assert_int_equal(made->rows, 2);
}

static void what_is_not_there_is_named(void **state)
{
  (void)state;
  ask_for("k v");
  refused(TG_CONFIG, "lookup 'rates': there is no table \"fx\"");
  server_exec(pg, "CREATE TABLE fx (k text, value int)");
  refused(TG_CONFIG, "lookup 'rates': there is no column v");
  assert_int_equal(tg_lookuptable_probe(pg, &source, soon(), &err), TG_CONFIG);
  ask_for("k value");
  server_must(tg_lookuptable_probe(pg, &source, soon(), &err), &err);
}

static void bad_rows_are_named(void **state)
{
  (void)state;
  server_exec(pg, "CREATE TABLE fx (k text, v int); INSERT INTO fx VALUES ('a', 1), ('a', 2)");
  ask_for("k v");
  refused(TG_DATA, "the key a is there twice");
  server_exec(pg, "UPDATE fx SET k = NULL");
  refused(TG_DATA, "the key 'k' is null");
}

static void the_cap_is_named_and_the_session_lives(void **state)
{
  (void)state;
  server_exec(pg, "CREATE TABLE fx AS SELECT n::text AS k, repeat('x', 100) AS v FROM "
                  "generate_series(1, 30000) n");
  ask_for("k v");
  assert_int_equal(read_table(1 << 20), TG_CONFIG);
  assert_non_null(strstr(err.what, "needs more than 1024 KiB"));
  assert_non_null(strstr(err.what, "lookups.bytes"));
  server_must(read_table(16 << 20), &err);
}

static void a_condition_is_no_second_statement(void **state)
{
  (void)state;
  server_exec(pg, "CREATE TABLE fx (k text)");
  ask_for("k");
  source.where = tg_text("true); DROP TABLE fx; SELECT (1");
  refused(TG_CONFIG, "multiple commands");
  source.where = tg_text("k = ");
  refused(TG_CONFIG, "lookup 'rates': ");
  source.where = tg_text("");
  must_read();
}

static void missing_rights_name_the_grant(void **state)
{
  (void)state;
  server_exec(pg, "CREATE TABLE fx (k text)");
  server_exec(pg, "DROP ROLE IF EXISTS stranger; CREATE ROLE stranger; SET ROLE stranger");
  ask_for("k");
  refused(TG_CONFIG, "GRANT SELECT on it to this role");
  server_exec(pg, "RESET ROLE; DROP ROLE stranger");
}

int main(void)
{
#define ONE(f) cmocka_unit_test_setup_teardown(f, open_one, close_one)
  const struct CMUnitTest tests[] = {
      ONE(each_type_arrives_as_it_is),
      ONE(a_declared_type_goes_before_the_tables_own),
      ONE(many_rows_are_one_moment),
      ONE(its_version_is_the_servers_time),
      ONE(a_condition_narrows_it),
      ONE(what_is_not_there_is_named),
      ONE(bad_rows_are_named),
      ONE(the_cap_is_named_and_the_session_lives),
      ONE(a_condition_is_no_second_statement),
      ONE(missing_rights_name_the_grant),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
