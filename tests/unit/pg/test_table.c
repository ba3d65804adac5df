/* Target tables on a real server: made, widened, compared, and every refusal with its way out. */
#include "tests/unit/pg/server.h"

#include "core/pg/table.h"

static struct tg_pg_conf conf;
static struct tg_pg *pg;
static struct tg_err err;
static struct tg_arena arena;
static struct tg_field fields[8];
static struct tg_topic topic;
static bool created;

static int open_one(void **state)
{
  (void)state;
  conf = server_conf("tidegate table");
  pg = server_connect(&conf);
  server_exec(pg, "DROP TABLE IF EXISTS orders CASCADE; DROP SCHEMA IF EXISTS \"Shop\" CASCADE");
  tg_arena_init(&arena, 4096, 0);
  topic = (struct tg_topic){.name = tg_text("orders"), .table = tg_text("orders")};
  topic.fields = fields;
  return 0;
}

static int close_one(void **state)
{
  (void)state;
  tg_pg_free(pg);
  tg_arena_fini(&arena);
  return 0;
}

static void field(const char *line)
{
  server_must(tg_field_parse(&arena, tg_text(line), &fields[topic.fields_count++], &err), &err);
}

static enum tg_rc prepare(bool create)
{
  tg_err_clear(&err);
  return tg_table_prepare(pg, &topic, create, &created, soon(), &err);
}

static void assert_fits(const char *sql, const char *line)
{
  server_exec(pg, sql);
  topic.fields_count = 0;
  field(line);
  enum tg_rc rc = prepare(false);
  if (rc != TG_OK) fail_msg("%s for %s: %s", sql, line, err.what);
  server_exec(pg, "DROP TABLE orders");
}

static void assert_differs(const char *sql, const char *line, const char *words)
{
  server_exec(pg, sql);
  topic.fields_count = 0;
  field(line);
  if (prepare(true) != TG_CONFIG) fail_msg("%s was taken for %s", sql, line);
  if (!strstr(err.what, words)) fail_msg("%s for %s gave '%s'", sql, line, err.what);
  if (!strstr(err.where, "orders")) fail_msg("where is '%s'", err.where);
  server_exec(pg, "DROP TABLE IF EXISTS orders");
}

static void statement_shows_every_stored_column(void **state)
{
  (void)state;
  struct tg_buf sql;
  tg_buf_init(&sql, 0);
  topic.schema = tg_text("Shop"), topic.provenance = true;
  field("id uuid not null"), field("amount numeric(12,2)"), field("hidden text unstored");
  field("tags text[]");
  tg_table_ddl(&topic, &sql);
  assert_string_equal(tg_buf_cstr(&sql), "CREATE TABLE IF NOT EXISTS \"Shop\".\"orders\" (\n"
                                         "  \"id\" uuid NOT NULL,\n"
                                         "  \"amount\" numeric(12,2),\n"
                                         "  \"tags\" text[],\n"
                                         "  \"_part\" integer NOT NULL,\n"
                                         "  \"_offset\" bigint NOT NULL,\n"
                                         "  \"_issues\" text[]\n)");
  tg_buf_fini(&sql);
}

static void table_is_made_once(void **state)
{
  (void)state;
  topic.provenance = true;
  field("id uuid not null"), field("note varchar(20)"), field("x text unstored");
  server_must(prepare(true), &err);
  assert_true(created);
  server_must(prepare(true), &err);
  assert_false(created);
  server_must(prepare(false), &err);
  assert_string_equal(
      server_value(pg, "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || "
                       "' ' || attnotnull, ', ' ORDER BY attnum) FROM pg_attribute "
                       "WHERE attrelid = 'orders'::regclass AND attnum > 0"),
      "id uuid true, note character varying(20) false, _part integer true, _offset bigint true, "
      "_issues text[] false");
}

static void schema_and_names_keep_their_case(void **state)
{
  (void)state;
  server_exec(pg, "CREATE SCHEMA \"Shop\"");
  topic.schema = tg_text("Shop"), topic.table = tg_text("Big$Orders");
  field("Amount integer");
  server_must(prepare(true), &err);
  assert_true(created);
  assert_string_equal(server_value(pg, "SELECT \"Amount\" IS NULL FROM \"Shop\".\"Big$Orders\""),
                      "no row");
}

static void every_type_comes_back_as_it_was_made(void **state)
{
  (void)state;
  static const char *const types[] = {
      "bool",         "int2", "int4",     "int8",       "float4", "float8", "numeric",
      "numeric(5,2)", "text", "varchar",  "varchar(7)", "uuid",   "date",   "timestamptz",
      "timestamp",    "time", "interval", "bytea",      "json",   "jsonb",  "inet"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    for (int array = 0; array < 2; array++) {
      char line[64];
      snprintf(line, sizeof line, "x %s%s", types[i], array ? "[]" : "");
      topic.fields_count = 0;
      field(line);
      server_must(prepare(true), &err);
      server_must(prepare(false), &err);
      server_exec(pg, "DROP TABLE orders");
    }
  }
}

static void missing_table_is_refused_when_it_may_not_be_made(void **state)
{
  (void)state;
  field("id uuid not null");
  assert_int_equal(prepare(false), TG_CONFIG);
  assert_non_null(
      strstr(err.what, "CREATE TABLE IF NOT EXISTS \"orders\" ( \"id\" uuid NOT NULL)"));
  assert_string_equal(server_value(pg, "SELECT to_regclass('orders')"), "null");
}

static void missing_schema_is_a_configuration_error(void **state)
{
  (void)state;
  topic.schema = tg_text("nowhere");
  field("id uuid");
  assert_int_equal(prepare(true), TG_CONFIG);
  assert_non_null(strstr(err.what, "nowhere"));
  assert_string_equal(server_value(pg, "SELECT 1"), "1"); /* the transaction was rolled back */
}

static void nullable_columns_are_added(void **state)
{
  (void)state;
  server_exec(pg, "CREATE TABLE orders (id integer, _part integer, _offset bigint);"
                  "INSERT INTO orders VALUES (1)");
  topic.provenance = true;
  field("id integer"), field("note text"), field("tags text[]");
  assert_int_equal(prepare(false), TG_CONFIG);
  assert_non_null(strstr(err.what, "column note is missing: ALTER TABLE \"orders\" ADD COLUMN "
                                   "\"note\" text"));
  server_must(prepare(true), &err);
  assert_false(created);
  assert_string_equal(
      server_value(pg, "SELECT count(note) + count(tags) + count(_issues) FROM orders"), "0");
}

static void nothing_is_added_to_a_table_that_differs(void **state)
{
  (void)state;
  server_exec(pg, "CREATE TABLE orders (id integer)");
  field("id text"), field("note text");
  assert_int_equal(prepare(true), TG_CONFIG);
  assert_string_equal(server_value(pg, "SELECT count(*) FROM pg_attribute WHERE attnum > 0 AND "
                                       "attrelid = 'orders'::regclass"),
                      "1");
}

static void missing_not_null_column_is_refused(void **state)
{
  (void)state;
  assert_differs("CREATE TABLE orders (x integer)", "id uuid not null",
                 "column id is missing: ALTER TABLE \"orders\" ADD COLUMN \"id\" uuid NOT NULL");
}

static void wider_columns_fit(void **state)
{
  (void)state;
  assert_fits("CREATE TABLE orders (x text)", "x varchar(20)");
  assert_fits("CREATE TABLE orders (x varchar)", "x text");
  assert_fits("CREATE TABLE orders (x varchar(21))", "x varchar(20)");
  assert_fits("CREATE TABLE orders (x numeric)", "x numeric(12,2)");
  assert_fits("CREATE TABLE orders (x numeric(14,3))", "x numeric(12,2)");
  assert_fits("CREATE TABLE orders (x text[])", "x varchar(20)[]");
  assert_fits("CREATE TABLE orders (x integer NOT NULL)", "x integer not null");
  assert_fits("CREATE TABLE orders (x integer)", "x integer not null");
  assert_fits("CREATE TABLE orders (x integer, y integer NOT NULL DEFAULT 1)", "x integer");
  assert_fits("CREATE TABLE orders (x integer, y integer NOT NULL GENERATED ALWAYS AS (1) STORED)",
              "x integer");
  assert_fits("CREATE TABLE orders (x integer, y serial, z integer GENERATED ALWAYS AS IDENTITY)",
              "x integer");
  assert_fits("CREATE TABLE orders (x integer) PARTITION BY RANGE (x)", "x integer");
  assert_fits("CREATE TABLE orders (y text, x integer); ALTER TABLE orders DROP y", "x integer");
}

static void narrower_or_other_columns_differ(void **state)
{
  (void)state;
  assert_differs("CREATE TABLE orders (x integer)", "x bigint",
                 "column x is integer, the field is bigint: ALTER TABLE \"orders\" ALTER COLUMN "
                 "\"x\" TYPE bigint");
  assert_differs("CREATE TABLE orders (x bigint)", "x integer", "column x is bigint");
  assert_differs("CREATE TABLE orders (x varchar(19))", "x varchar(20)", "character varying(19)");
  assert_differs("CREATE TABLE orders (x varchar(19))", "x text", "character varying(19)");
  assert_differs("CREATE TABLE orders (x numeric(12,1))", "x numeric(12,2)", "numeric(12,1)");
  assert_differs("CREATE TABLE orders (x numeric(12,3))", "x numeric(12,2)", "numeric(12,3)");
  assert_differs("CREATE TABLE orders (x numeric(12,2))", "x numeric", "numeric(12,2)");
  assert_differs("CREATE TABLE orders (x numeric(5,-2))", "x numeric(5,0)", "numeric(5,-2)");
  assert_differs("CREATE TABLE orders (x char(3))", "x text", "character(3)");
  assert_differs("CREATE TABLE orders (x timestamptz(3))", "x timestamptz",
                 "timestamp(3) with time zone");
  assert_differs("CREATE TABLE orders (x timestamp)", "x timestamptz", "without time zone");
  assert_differs("CREATE TABLE orders (x interval(0))", "x interval", "interval(0)");
  assert_differs("CREATE TABLE orders (x json)", "x jsonb", "is json, the field is jsonb");
  assert_differs("CREATE TABLE orders (x text[])", "x text", "text[]");
  assert_differs("CREATE TABLE orders (x cidr)", "x inet", "is cidr");
  assert_differs("CREATE TABLE orders (x integer NOT NULL)", "x integer",
                 "is NOT NULL, the field may be null (write not null): ALTER TABLE \"orders\" "
                 "ALTER COLUMN \"x\" DROP NOT NULL");
  assert_differs("CREATE TABLE orders (x integer, y text NOT NULL)", "x integer",
                 "column y is NOT NULL without a default and no field fills it");
  assert_differs("CREATE TABLE orders (x integer GENERATED ALWAYS AS (1) STORED)", "x integer",
                 "filled by PostgreSQL (generated)");
  assert_differs("CREATE TABLE orders (x integer GENERATED BY DEFAULT AS IDENTITY)",
                 "x integer not null", "filled by PostgreSQL (identity)");
}

static void domain_that_borrows_a_name_differs(void **state)
{
  (void)state;
  server_exec(pg,
              "DROP SCHEMA IF EXISTS d CASCADE; CREATE SCHEMA d; CREATE DOMAIN d.money2 AS text");
  assert_differs("CREATE TABLE orders (x d.money2)", "x text", "column x is d.money2");
}

static void only_permanent_tables_are_taken(void **state)
{
  (void)state;
  field("x integer");
  server_exec(pg, "CREATE VIEW orders AS SELECT 1 AS x");
  assert_int_equal(prepare(true), TG_CONFIG);
  assert_non_null(strstr(err.what, "a view"));
  server_exec(pg, "DROP VIEW orders; CREATE UNLOGGED TABLE orders (x integer)");
  assert_int_equal(prepare(true), TG_CONFIG);
  assert_non_null(strstr(err.what, "unlogged"));
  server_exec(pg, "DROP TABLE orders; CREATE TEMP TABLE orders (x integer)");
  assert_int_equal(prepare(true), TG_CONFIG);
  assert_non_null(strstr(err.what, "temporary"));
  server_exec(pg, "DROP TABLE orders; CREATE MATERIALIZED VIEW orders AS SELECT 1 AS x");
  assert_int_equal(prepare(true), TG_CONFIG);
  assert_non_null(strstr(err.what, "materialized"));
  server_exec(pg, "DROP MATERIALIZED VIEW orders; CREATE SEQUENCE orders");
  assert_int_equal(prepare(true), TG_CONFIG);
  assert_non_null(strstr(err.what, "not a table"));
  server_exec(pg, "DROP SEQUENCE orders");
}

static void missing_right_to_insert_names_the_grant(void **state)
{
  (void)state;
  server_exec(pg, "DROP ROLE IF EXISTS poor; CREATE ROLE poor; CREATE TABLE orders (x integer);"
                  "SET ROLE poor");
  field("x integer");
  assert_int_equal(prepare(true), TG_CONFIG);
  assert_non_null(strstr(err.what, "GRANT INSERT ON \"orders\" TO \"poor\""));
  server_exec(pg, "RESET ROLE; DROP ROLE poor");
}

static void many_differences_are_counted(void **state)
{
  (void)state;
  server_exec(pg, "CREATE TABLE orders (a text, b text, c text, d text, e text, f text)");
  field("a integer"), field("b integer"), field("c integer"), field("d integer");
  field("e integer"), field("f integer");
  assert_int_equal(prepare(true), TG_CONFIG);
  assert_non_null(strstr(err.what, "column d is text"));
  assert_null(strstr(err.what, "column e is text"));
  assert_non_null(strstr(err.what, "and 2 more"));
  assert_null(strchr(err.what, '\n'));
}

static void locked_table_is_tried_again(void **state)
{
  (void)state;
  struct tg_pg *other = server_connect(&conf);
  server_exec(pg, "CREATE TABLE orders (x integer)");
  server_exec(other, "BEGIN; LOCK TABLE orders IN ACCESS SHARE MODE");
  field("x integer"), field("y integer");
  assert_int_equal(prepare(true), TG_RETRY);
  assert_string_equal(tg_pg_sqlstate(pg), "55P03");
  server_exec(other, "COMMIT");
  server_must(prepare(true), &err);
  tg_pg_free(other);
}

static void two_that_make_the_same_table_take_turns(void **state)
{
  (void)state;
  struct tg_pg *other = server_connect(&conf);
  field("x integer");
  server_exec(other, "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('tidegate.table "
                     "\"orders\"', 0))");
  assert_int_equal(prepare(true), TG_RETRY);
  assert_false(created);
  server_exec(other, "CREATE TABLE orders (x integer); COMMIT");
  server_must(prepare(true), &err);
  assert_false(created);
  tg_pg_free(other);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_one, close_one)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(statement_shows_every_stored_column),
      T(table_is_made_once),
      T(schema_and_names_keep_their_case),
      T(every_type_comes_back_as_it_was_made),
      T(missing_table_is_refused_when_it_may_not_be_made),
      T(missing_schema_is_a_configuration_error),
      T(nullable_columns_are_added),
      T(nothing_is_added_to_a_table_that_differs),
      T(missing_not_null_column_is_refused),
      T(wider_columns_fit),
      T(narrower_or_other_columns_differ),
      T(domain_that_borrows_a_name_differs),
      T(only_permanent_tables_are_taken),
      T(missing_right_to_insert_names_the_grant),
      T(many_differences_are_counted),
      T(locked_table_is_tried_again),
      T(two_that_make_the_same_table_take_turns),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
