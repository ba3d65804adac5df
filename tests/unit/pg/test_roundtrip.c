/* What COPY BINARY sends is what PostgreSQL stores: every type, with its extremes, read back as
 * text. */
#include "tests/unit/pg/server.h"

#include "core/data/copy.h"
#include "core/pg/table.h"
#include "core/pg/wire.h"

#include <math.h>

static struct tg_pg_conf conf;
static struct tg_pg *pg;
static struct tg_err err;
static struct tg_arena arena;
static struct tg_field fields[40];
static struct tg_column *columns[40];
static struct tg_topic topic;
static struct tg_batch b;

static int open_one(void **state)
{
  (void)state;
  conf = server_conf("tidegate roundtrip");
  pg = server_connect(&conf);
  server_exec(pg, "DROP TABLE IF EXISTS trip");
  tg_arena_init(&arena, 1 << 16, 0);
  topic = (struct tg_topic){.name = tg_text("trip"), .table = tg_text("trip"), .fields = fields};
  return 0;
}

static int close_one(void **state)
{
  (void)state;
  tg_pg_free(pg);
  tg_arena_fini(&arena);
  return 0;
}

static void rows(uint32_t count)
{
  server_must(tg_batch_init(&b, &topic, &arena, count), &err);
  for (uint32_t i = 0; i < count; i++) {
    struct tg_event e = {.offset = 1000 + i};
    server_must(tg_batch_add(&b, &e), &err);
  }
  server_must(tg_batch_seal(&b), &err);
  b.segments[0].partition_id = 77;
  b.columns = columns;
}

static struct tg_column *field(const char *name, const char *type)
{
  struct tg_field *f = &fields[topic.fields_count];
  *f = (struct tg_field){.name = tg_text(name)};
  server_must(tg_type_parse(tg_text(type), &f->type, &err), &err);
  return columns[topic.fields_count++] = tg_column_new(&arena, f->type, b.rows, true);
}

/* Makes the table from the fields and copies the batch into it, piece by piece. */
static void load(size_t piece)
{
  struct tg_buf out, sql;
  struct tg_copy_span span = {.end = b.rows};
  uint64_t loaded = 0;
  bool created;
  ExecStatusType status;
  tg_buf_init(&out, 0), tg_buf_init(&sql, 0);
  server_must(tg_table_prepare(pg, &topic, true, &created, soon(), &err), &err);
  tg_buf_str(&sql, "COPY trip (");
  tg_copy_columns(&topic, &sql);
  tg_buf_str(&sql, ") FROM STDIN (FORMAT binary)");
  server_must(tg_wire_send(pg, tg_buf_cstr(&sql), soon(), &err), &err);
  server_must(tg_wire_next(pg, &status, soon(), &err), &err);
  assert_int_equal(status, PGRES_COPY_IN);
  tg_copy_header(&out);
  while (span.row < b.rows) {
    tg_copy_rows(&b, &span, piece, &out);
    assert_false(out.failed);
    server_must(tg_wire_put(pg, tg_buf_view(&out), soon(), &err), &err);
    tg_buf_clear(&out);
  }
  tg_copy_trailer(&out);
  server_must(tg_wire_put(pg, tg_buf_view(&out), soon(), &err), &err);
  server_must(tg_wire_end(pg, &loaded, soon(), &err), &err);
  assert_int_equal(loaded, span.written);
  tg_buf_fini(&out), tg_buf_fini(&sql);
}

static void assert_stored(const char *type, const char *expected)
{
  load(SIZE_MAX);
  const char *stored = server_value(pg, "SELECT x::text FROM trip");
  if (strcmp(stored, expected) != 0) fail_msg("%s: stored '%s', not '%s'", type, stored, expected);
  server_exec(pg, "DROP TABLE trip");
  topic.fields_count = 0;
}

static void integers_and_times(void **state)
{
  (void)state;
  static const struct {
    const char *type;
    int64_t v;
    const char *expected;
  } cases[] = {
      {"smallint", INT16_MIN, "-32768"},
      {"smallint", INT16_MAX, "32767"},
      {"integer", INT32_MIN, "-2147483648"},
      {"integer", INT32_MAX, "2147483647"},
      {"bigint", INT64_MIN, "-9223372036854775808"},
      {"bigint", INT64_MAX, "9223372036854775807"},
      {"numeric(12,2)", 12345, "123.45"},
      {"numeric(12,2)", -5, "-0.05"},
      {"numeric(12,2)", 0, "0.00"},
      {"numeric(12,2)", 1000000, "10000.00"},
      {"numeric(18,0)", 999999999999999999, "999999999999999999"},
      {"numeric(18,0)", -100000000, "-100000000"},
      {"numeric(18,18)", 1, "0.000000000000000001"},
      {"numeric(18,18)", -999999999999999999, "-0.999999999999999999"},
      {"numeric(18,17)", 999999999999999999, "9.99999999999999999"},
      {"numeric(5,3)", 12000, "12.000"},
      {"date", -719162, "0001-01-01"},
      {"date", 2932896, "9999-12-31"},
      {"date", -1, "1969-12-31"},
      {"date", 11016, "2000-02-29"},
      {"timestamptz", -62135596800000000, "0001-01-01 00:00:00+00"},
      {"timestamptz", 253402300799999999, "9999-12-31 23:59:59.999999+00"},
      {"timestamptz", -1, "1969-12-31 23:59:59.999999+00"},
      {"timestamptz", 1767225600000000, "2026-01-01 00:00:00+00"},
      {"timestamp", 946684799999999, "1999-12-31 23:59:59.999999"},
      {"time", 0, "00:00:00"},
      {"time", 86399999999, "23:59:59.999999"},
      {"time", 86400000000, "24:00:00"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rows(1);
    field("x", cases[i].type)->v.ints[0] = cases[i].v;
    assert_stored(cases[i].type, cases[i].expected);
  }
}

static void floats_booleans_and_fixed_sizes(void **state)
{
  (void)state;
  static const struct {
    const char *type;
    double v;
    const char *expected;
  } cases[] = {
      {"real", (double)0.1f, "0.1"},
      {"real", -INFINITY, "-Infinity"},
      {"double precision", 0.1, "0.1"},
      {"double precision", -0.0, "-0"},
      {"double precision", NAN, "NaN"},
      {"double precision", 1.7976931348623157e308, "1.7976931348623157e+308"},
      {"double precision", 5e-324, "5e-324"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rows(1);
    field("x", cases[i].type)->v.floats[0] = cases[i].v;
    assert_stored(cases[i].type, cases[i].expected);
  }
  rows(1);
  field("x", "bool")->v.mask[0] = TG_TRUE;
  assert_stored("bool", "true");
  field("x", "bool")->v.mask[0] = TG_FALSE;
  assert_stored("bool", "false");
  field("x", "bool")->v.mask[0] = TG_UNKNOWN;
  assert_stored("bool", "null");
  struct tg_column *c = field("x", "uuid");
  for (uint8_t i = 0; i < 16; i++) c->v.uuids[0].bytes[i] = (uint8_t)(0xff - i);
  assert_stored("uuid", "fffefdfc-fbfa-f9f8-f7f6-f5f4f3f2f1f0");
}

static void intervals(void **state)
{
  (void)state;
  static const struct {
    struct tg_span v;
    const char *expected;
  } cases[] = {
      {{.us = 0}, "00:00:00"},
      {{.us = -1, .days = -2, .months = -15}, "-1 years -3 mons -2 days -00:00:00.000001"},
      {{.us = 3661500000, .days = 2, .months = 14}, "1 year 2 mons 2 days 01:01:01.5"},
      {{.us = 90000000000000}, "25000:00:00"},
      {{.days = INT32_MIN}, "-2147483648 days"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rows(1);
    field("x", "interval")->v.spans[0] = cases[i].v;
    assert_stored("interval", cases[i].expected);
  }
}

static void stored_text(const char *type, const char *bytes, size_t len, const char *expected)
{
  rows(1);
  field("x", type)->v.texts[0] = tg_text_of(bytes, len);
  assert_stored(type, expected);
}
#define STORED(type, bytes, expected) stored_text(type, bytes, sizeof bytes - 1, expected)

static void texts(void **state)
{
  (void)state;
  STORED("text", "", "");
  STORED("text", "\xf0\x9f\x8c\x8a tide \xc3\xa4", "\xf0\x9f\x8c\x8a tide \xc3\xa4");
  STORED("text", "a\tb\n\\N\"'", "a\tb\n\\N\"'");
  STORED("varchar(4)", "\xf0\x9f\x8c\x8a\xf0\x9f\x8c\x8a\xf0\x9f\x8c\x8a\xf0\x9f\x8c\x8a",
         "\xf0\x9f\x8c\x8a\xf0\x9f\x8c\x8a\xf0\x9f\x8c\x8a\xf0\x9f\x8c\x8a");
  STORED("bytea", "\0\xff\0", "\\x00ff00");
  STORED("bytea", "", "\\x");
  STORED("json", "{\"b\": 1,  \"a\":[null]}", "{\"b\": 1,  \"a\":[null]}");
  STORED("jsonb", "{\"b\": 1,  \"a\":[null], \"b\":2}", "{\"a\": [null], \"b\": 2}");
  STORED("jsonb", "1.10", "1.10");
  STORED("jsonb", "\"\"", "\"\"");
}

static void wide_numerics(void **state)
{
  (void)state;
  static const char *const same[] = {
      "0",
      "0.00",
      "1",
      "-1",
      "10000",
      "100000000000000000000000",
      "0.0001",
      "0.00001",
      "12345678901234567890.12345678901234567890",
      "-9999999999999999999999.9999",
      "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
      "234567890",
      "0."
      "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
      "50000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
      "0",
      "1.50000000"};
  for (size_t i = 0; i < sizeof same / sizeof *same; i++)
    stored_text("numeric", same[i], strlen(same[i]), same[i]);
  STORED("numeric", "-0.00", "0.00");
  STORED("numeric(20,2)", "-12345678901234567.05", "-12345678901234567.05");
}

static void addresses(void **state)
{
  (void)state;
  STORED("inet", "\x02\x20\x00\x04\x0a\x00\x00\x01", "10.0.0.1/32");
  STORED("inet", "\x02\x08\x00\x04\x0a\x01\x02\x03", "10.1.2.3/8");
  STORED("inet", "\x02\x00\x00\x04\x00\x00\x00\x00", "0.0.0.0/0");
  STORED("inet", "\x03\x80\x00\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", "::1/128");
  STORED("inet", "\x03\x40\x00\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "2001:db8::1/64");
}

static void arrays(void **state)
{
  (void)state;
  STORED("text[]", "\0\0\0\0\0\0\0\0\0\0\0\x19", "{}");
  STORED(
      "int4[]",
      "\0\0\0\1\0\0\0\1\0\0\0\x17\0\0\0\3\0\0\0\1\0\0\0\4\0\0\0\7\xff\xff\xff\xff\0\0\0\4\xff\xff"
      "\xff\xfe",
      "{7,NULL,-2}");
  STORED("text[]", "\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\0\0\0\0\3a,b",
         "{\"\",\"a,b\"}");
  STORED(
      "numeric(9,3)[]",
      "\0\0\0\1\0\0\0\0\0\0\x06\xa4\0\0\0\1\0\0\0\1\0\0\0\x0e\0\3\0\1\0\0\0\3\0\1\x09\x29\x1a\x7c",
      "{12345.678}");
}

static void tags_become_issues(void **state)
{
  (void)state;
  topic.provenance = true;
  rows(3);
  field("x", "integer");
  struct tg_issue tag = {.fate = TG_TAG, .rule = "between(amount)"};
  tag.reason = tg_text("amount: 7 \"is\" {odd}, \xc3\xa4\n");
  tg_batch_issue(&b, 1, &tag);
  tag.rule = NULL, tag.reason = tg_text("second");
  tg_batch_issue(&b, 1, &tag);
  tag.fate = TG_QUARANTINE;
  tg_batch_issue(&b, 2, &tag);
  load(SIZE_MAX);
  assert_string_equal(server_value(pg, "SELECT string_agg(_part || '/' || _offset || '/' || "
                                       "coalesce(cardinality(_issues), -1), ' ' ORDER BY _offset) "
                                       "FROM trip"),
                      "77/1000/-1 77/1001/2");
  assert_string_equal(server_value(pg, "SELECT _issues[1] || '|' || _issues[2] FROM trip "
                                       "WHERE _issues IS NOT NULL"),
                      "between(amount): amount: 7 \"is\" {odd}, \\xc3\\xa4\\x0a|second");
}

static const char *const all_types[] = {
    "bool",    "int2",     "int4",    "int8", "float4", "float8",      "numeric(9,2)",
    "numeric", "text",     "varchar", "uuid", "date",   "timestamptz", "timestamp",
    "time",    "interval", "bytea",   "json", "jsonb",  "inet",        "text[]"};
enum { TYPES = sizeof all_types / sizeof *all_types, MANY = 5000 };

/* A valid payload for the stores that hold text. */
static struct tg_text sample(struct tg_type t)
{
  if (t.array) return tg_text_of("\0\0\0\0\0\0\0\0\0\0\0\x19", 12);
  if (t.kind == TG_INET) return tg_text_of("\x02\x20\x00\x04\x0a\x00\x00\x01", 8);
  return t.kind == TG_NUMERIC ? tg_text("12.5") : tg_text("[]");
}

static void all_types_side_by_side_with_nulls_in_small_pieces(void **state)
{
  (void)state;
  rows(MANY);
  topic.provenance = true;
  for (uint32_t i = 0; i < TYPES; i++) {
    char name[8];
    snprintf(name, sizeof name, "c%02u", i);
    struct tg_column *c = field(tg_arena_printf(&arena, "%s", name), all_types[i]);
    for (uint32_t row = 0; row < MANY; row++) {
      c->nul[row] = (row + i) % 3 == 0;
      if (tg_type_store(c->type) == TG_STORE_TEXT && !c->nul[row])
        c->v.texts[row] = sample(c->type);
    }
  }
  load(1000);
  assert_string_equal(server_value(pg, "SELECT count(*) FROM trip"), "5000");
  for (uint32_t i = 0; i < TYPES; i++) {
    char sql[80], expected[16];
    snprintf(sql, sizeof sql, "SELECT count(c%02u) FROM trip", i);
    snprintf(expected, sizeof expected, "%u",
             MANY - (MANY + (i % 3 == 0   ? 2
                             : i % 3 == 1 ? 0
                                          : 1)) /
                        3);
    assert_string_equal(server_value(pg, sql), expected);
  }
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_one, close_one)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(integers_and_times),
      T(floats_booleans_and_fixed_sizes),
      T(intervals),
      T(texts),
      T(wide_numerics),
      T(addresses),
      T(arrays),
      T(tags_become_issues),
      T(all_types_side_by_side_with_nulls_in_small_pieces),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
