/* Decoding: every type, every refusal with its words, and that one bad event costs only itself. */
#include "core/data/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

enum { FIELDS_MAX = 8, EVENTS_MAX = 16 };

static struct tg_arena arena; /* topics and loads, one test */
static struct tg_topic topic;
static struct tg_field fields[FIELDS_MAX];
static struct tg_batch b;
static struct tg_event events[EVENTS_MAX];
static uint32_t events_count;

static int setup(void **state)
{
  (void)state;
  tg_arena_init(&arena, 64 << 10, 0);
  topic =
      (struct tg_topic){.name = tg_text("orders"), .fields = fields, .event_time = -1, .key = -1};
  events_count = 0;
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  tg_arena_fini(&arena);
  return 0;
}

/* Adds a field line to the topic. */
static void field(const char *line)
{
  struct tg_err err;
  if (tg_field_parse(&arena, tg_text(line), &fields[topic.fields_count++], &err) != TG_OK)
    fail_msg("%s: %s", line, err.what);
}

static struct tg_event *event_text(struct tg_text value)
{
  struct tg_event *e = &events[events_count];
  *e = (struct tg_event){.offset = events_count++, .kafka_us = INT64_C(1767225600000000)};
  e->value = value, e->size = value.len;
  return e;
}

static struct tg_event *event(const char *value)
{
  return event_text(tg_text(value));
}

/* A batch of the events so far, sealed. */
static void seal(uint32_t rows_max)
{
  assert_int_equal(tg_batch_init(&b, &topic, &arena, rows_max), TG_OK);
  for (uint32_t i = 0; i < events_count; i++) assert_int_equal(tg_batch_add(&b, &events[i]), TG_OK);
  assert_int_equal(tg_batch_seal(&b), TG_OK);
}

static void decode(void)
{
  struct tg_err err;
  seal(EVENTS_MAX);
  struct tg_decoder *d = tg_decoder_new(&topic);
  assert_non_null(d);
  assert_int_equal(tg_decoder_run(d, &b, &err), TG_OK);
  tg_decoder_free(d);
}

static const char *shown(uint32_t column, uint32_t row)
{
  static char out[400];
  return tg_column_show(b.columns[column], row, out, sizeof out);
}

static const char *reason_of(uint32_t row)
{
  static char out[700];
  const struct tg_issue *i = b.issues[row];
  if (!i) return "loaded";
  snprintf(out, sizeof out, "%.*s", TG_TEXT(i->reason));
  return out;
}

struct one {
  const char *field, *json, *want, *why; /* want: the value shown, or NULL and why it is refused */
};

static void check_one(const struct one *c)
{
  void *state = NULL;
  setup(&state);
  field(c->field);
  event(c->json);
  decode();
  if (c->want && strcmp(shown(0, 0), c->want) != 0)
    fail_msg("%s of %s: '%s', not '%s' (%s)", c->field, c->json, shown(0, 0), c->want,
             reason_of(0));
  if (c->why && strcmp(reason_of(0), c->why) != 0)
    fail_msg("%s of %s: '%s', not '%s'", c->field, c->json, reason_of(0), c->why);
  assert_int_equal(b.fates[0], c->why ? TG_QUARANTINE : TG_LOAD);
  if (c->why) assert_true(tg_column_is_null(b.columns[0], 0));
  teardown(&state);
}

static void check_all(const struct one *cases, size_t count)
{
  void *state = NULL;
  teardown(&state);
  for (size_t i = 0; i < count; i++) check_one(&cases[i]);
  setup(&state);
}

/* --- types --------------------------------------------------------------------------------------- */

static void text_comes_from_strings_only(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"x text", "{\"x\":\"abc\"}", "abc", NULL},
      {"x text", "{\"x\":\"\"}", "", NULL},
      {"x text", "{\"x\":null}", "null", NULL},
      {"x text", "{}", "null", NULL},
      {"x text", " \n{ \"x\" :\t\"a b\" } \r\n", "a b", NULL},
      {"x text", "{\"x\":\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"}",
       "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80", NULL},
      {"x text", "{\"x\":\"\\u00fc\\\"\\\\\\/\\ud83d\\ude00 end of it\"}",
       "\xc3\xbc\"\\/\xf0\x9f\x98\x80 end of it", NULL},
      {"x text", "{\"x\":\"\\u20ac\\u07ff\\uFFFD\"}", "\xe2\x82\xac\xdf\xbf\xef\xbf\xbd", NULL},
      {"x text", "{\"x\":\"a\\b\\f\\n\\r\\tz\"}", "a\\x08\\x0c\\x0a\\x0d\\x09z", NULL},
      {"x text", "{\"x\":\"[1,{}:\\\"\"}", "[1,{}:\"", NULL},
      {"x text", "{\"x\":12}", NULL, "x: 12 is a number, not text"},
      {"x text", "{\"x\":true}", NULL, "x: true is a boolean, not text"},
      {"x text", "{\"x\":{\"a\":1}}", NULL, "x: {\"a\":1} is an object, not text"},
      {"x text", "{\"x\":[ ]}", NULL, "x: [ ] is an array, not text"},
      {"x text", "{\"x\":\"a\\u0000b\"}", NULL,
       "x: 'a\\u0000b' holds \\u0000, which PostgreSQL cannot store"},
      {"x text not null", "{\"x\":null}", NULL, "x: null in NOT NULL field"},
      {"x text not null", "{}", NULL, "x: null in NOT NULL field: the event does not have it"},
      {"x varchar(3)", "{\"x\":\"abc\"}", "abc", NULL},
      {"x varchar(3)", "{\"x\":\"\xc3\xbc\xc3\xbc\xc3\xbc\"}", "\xc3\xbc\xc3\xbc\xc3\xbc", NULL},
      {"x varchar(3)", "{\"x\":\"\\u00fc\\u00fc\\u00fc\"}", "\xc3\xbc\xc3\xbc\xc3\xbc", NULL},
      {"x varchar(3)", "{\"x\":\"abcd\"}", NULL, "x: 'abcd' has 4 characters, the column takes 3"},
      {"x varchar", "{\"x\":\"abcd\"}", "abcd", NULL},
      {"x varchar(3)", "{\"x\":1}", NULL, "x: 1 is a number, not text"},
  };
  check_all(cases, LENGTH(cases));
}

static void numbers_are_exact_or_refused(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"x int2", "{\"x\":32767}", "32767", NULL},
      {"x int2", "{\"x\":-32768}", "-32768", NULL},
      {"x int2", "{\"x\":32768}", NULL, "x: 32768 is out of range for smallint"},
      {"x int4", "{\"x\":2147483647}", "2147483647", NULL},
      {"x int4", "{\"x\":-2147483649}", NULL, "x: -2147483649 is out of range for integer"},
      {"x int8", "{\"x\":9223372036854775807}", "9223372036854775807", NULL},
      {"x int8", "{\"x\":-9223372036854775808}", "-9223372036854775808", NULL},
      {"x int8", "{\"x\":9223372036854775808}", NULL,
       "x: 9223372036854775808 is out of range for bigint"},
      {"x int8", "{\"x\":9007199254740993}", "9007199254740993", NULL},
      {"x int8", "{\"x\":1.0}", "1", NULL},
      {"x int8", "{\"x\":1e3}", "1000", NULL},
      {"x int8", "{\"x\":-0}", "0", NULL},
      {"x int8", "{\"x\":1.5}", NULL, "x: 1.5 is not a whole number"},
      {"x int8", "{\"x\":1e400}", NULL, "x: 1e400 is out of range for bigint"},
      {"x int8", "{\"x\":\"42\"}", "42", NULL},
      {"x int8", "{\"x\":\"4\\u0032\"}", "42", NULL},
      {"x int8", "{\"x\":\"42 \"}", NULL, "x: '42 ' is not a number"},
      {"x int8", "{\"x\":\"\"}", NULL, "x: '' is not a number"},
      {"x int8", "{\"x\":\"abc\"}", NULL, "x: 'abc' is not a number"},
      {"x int8", "{\"x\":true}", NULL, "x: true is a boolean, not a number"},
      {"x int8", "{\"x\":[1]}", NULL, "x: [1] is an array, not a number"},
      {"x numeric(12,2)", "{\"x\":123.45}", "123.45", NULL},
      {"x numeric(12,2)", "{\"x\":\"123.45\"}", "123.45", NULL},
      {"x numeric(12,2)", "{\"x\":1.005}", "1.01", NULL},
      {"x numeric(12,2)", "{\"x\":-1.005}", "-1.01", NULL},
      {"x numeric(12,2)", "{\"x\":9999999999.99}", "9999999999.99", NULL},
      {"x numeric(12,2)", "{\"x\":9999999999.995}", NULL,
       "x: 9999999999.995 is out of range for numeric(12,2)"},
      {"x numeric(12,2)", "{\"x\":1e10}", NULL, "x: 1e10 is out of range for numeric(12,2)"},
      {"x numeric(12,2)", "{\"x\":\"abc\"}", NULL, "x: 'abc' is not a number"},
      {"x numeric(12,2)", "{\"x\":\"NaN\"}", NULL, "x: 'NaN' is not a number"},
      {"x numeric(18,0)", "{\"x\":999999999999999999}", "999999999999999999", NULL},
      {"x numeric(18,0)", "{\"x\":1000000000000000000}", NULL,
       "x: 1000000000000000000 is out of range for numeric(18,0)"},
      {"x numeric(30,5)", "{\"x\":1234567890123456789012345.123456}",
       "1234567890123456789012345.12346", NULL},
      {"x numeric(30,5)", "{\"x\":1e25}", NULL, "x: 1e25 is out of range for numeric(30,5)"},
      {"x numeric", "{\"x\":0.1000}", "0.1000", NULL},
      {"x numeric", "{\"x\":-1.5e3}", "-1500", NULL},
      {"x numeric", "{\"x\":1e1000000000}", NULL, "x: 1e1000000000 has more than 1000 digits"},
      {"x numeric", "{\"x\":1e-99999}", NULL, "x: 1e-99999 has more than 1000 digits"},
      {"x float8", "{\"x\":0.1}", "0.1", NULL},
      {"x float8", "{\"x\":1e308}", "1e+308", NULL},
      {"x float8", "{\"x\":5e-324}", "4.94065645841247e-324", NULL},
      {"x float8", "{\"x\":\"+2.5\"}", "2.5", NULL},
      {"x float8", "{\"x\":1e309}", NULL, "x: 1e309 is out of range for double precision"},
      {"x float8", "{\"x\":1e-400}", NULL, "x: 1e-400 is out of range for double precision"},
      {"x float8", "{\"x\":\"Infinity\"}", NULL, "x: 'Infinity' is not a number"},
      {"x float8", "{\"x\":\"0x10\"}", NULL, "x: '0x10' is not a number"},
      {"x float4", "{\"x\":0.1}", "0.1", NULL},
      {"x float4", "{\"x\":16777217}", "16777216", NULL},
      {"x float4", "{\"x\":1e39}", NULL, "x: 1e39 is out of range for real"},
  };
  check_all(cases, LENGTH(cases));
}

static void other_types_come_from_their_spelling(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"x bool", "{\"x\":true}", "true", NULL},
      {"x bool", "{\"x\":false}", "false", NULL},
      {"x bool", "{\"x\":null}", "null", NULL},
      {"x bool", "{\"x\":1}", NULL, "x: 1 is a number, not true or false"},
      {"x bool", "{\"x\":\"true\"}", NULL, "x: 'true' is a string, not true or false"},
      {"x bool not null", "{\"x\":null}", NULL, "x: null in NOT NULL field"},
      {"x uuid", "{\"x\":\"7f3c0000-1111-4222-8333-444455556666\"}",
       "7f3c0000-1111-4222-8333-444455556666", NULL},
      {"x uuid", "{\"x\":\"7F3C000011114222833344445555666A\"}",
       "7f3c0000-1111-4222-8333-44445555666a", NULL},
      {"x uuid", "{\"x\":\"{7f3c0000-1111-4222-8333-444455556666}\"}",
       "7f3c0000-1111-4222-8333-444455556666", NULL},
      {"x uuid", "{\"x\":\"7f3c0000-1111-4222-8333-44445555666\"}", NULL,
       "x: '7f3c0000-1111-4222-8333-44445555666' is not a uuid"},
      {"x uuid", "{\"x\":\"7f3c0000-1111-4222-8333-44445555666g\"}", NULL,
       "x: '7f3c0000-1111-4222-8333-44445555666g' is not a uuid"},
      {"x uuid", "{\"x\":7}", NULL, "x: 7 is a number, not a uuid in quotes"},
      {"x timestamptz", "{\"x\":\"2026-11-15T00:00:00.003Z\"}", "2026-11-15T00:00:00.003Z", NULL},
      {"x timestamptz", "{\"x\":\"2026-11-15 02:00:00+02\"}", "2026-11-15T00:00:00Z", NULL},
      {"x timestamptz", "{\"x\":\"99999-01-01T00:00:00Z\"}", NULL,
       "x: '99999-01-01T00:00:00Z' has a year outside 0001 to 9999"},
      {"x timestamptz", "{\"x\":\"yesterday\"}", NULL,
       "x: 'yesterday' is not a timestamp such as 2026-01-31T12:30:00Z"},
      {"x timestamptz", "{\"x\":1700000000}", NULL,
       "x: 1700000000 is a number, not a timestamp in quotes (or say `as epoch_ms`)"},
      {"x timestamp", "{\"x\":\"2026-11-15T01:02:03+05:00\"}", "2026-11-15T01:02:03", NULL},
      {"x date", "{\"x\":\"2026-11-15\"}", "2026-11-15", NULL},
      {"x date", "{\"x\":\"2026-02-30\"}", NULL, "x: '2026-02-30' is a date that does not exist"},
      {"x time", "{\"x\":\"12:30:00.5\"}", "12:30:00.5", NULL},
      {"x time", "{\"x\":\"24:01\"}", NULL, "x: '24:01' has a time of day that does not exist"},
      {"x interval", "{\"x\":\"P1Y2M3DT4H5M6.5S\"}", "P1Y2M3DT4H5M6.5S", NULL},
      {"x interval", "{\"x\":\"1 day 02:00:00\"}", "P1DT2H", NULL},
      {"x interval", "{\"x\":\"soon\"}", NULL,
       "x: 'soon' is not an interval such as P1DT2H or '1 day 02:00:00'"},
      {"x bytea", "{\"x\":\"\\\\x0123ABff\"}", "\\x0123abff", NULL},
      {"x bytea", "{\"x\":\"\\\\x\"}", "\\x", NULL},
      {"x bytea", "{\"x\":\"\\\\x012\"}", NULL,
       "x: '\\x012' is not bytes in PostgreSQL's form \\x0123ab"},
      {"x bytea", "{\"x\":\"AQID\"}", NULL,
       "x: 'AQID' is not bytes in PostgreSQL's form \\x0123ab"},
      {"x inet", "{\"x\":\"10.20.30.40\"}", "10.20.30.40", NULL},
      {"x inet", "{\"x\":\"10.0.0.0/8\"}", "10.0.0.0/8", NULL},
      {"x inet", "{\"x\":\"2001:db8::1\"}", "2001:db8::1", NULL},
      {"x inet", "{\"x\":\"2001:db8::/32\"}", "2001:db8::/32", NULL},
      {"x inet", "{\"x\":\"10.0.0.256\"}", NULL,
       "x: '10.0.0.256' is not an IP address such as 10.0.0.1 or 2001:db8::/32"},
      {"x inet", "{\"x\":\"10.0.0.1/33\"}", NULL,
       "x: '10.0.0.1/33' is not an IP address such as 10.0.0.1 or 2001:db8::/32"},
      {"x inet", "{\"x\":\"::1/129\"}", NULL,
       "x: '::1/129' is not an IP address such as 10.0.0.1 or 2001:db8::/32"},
      {"x inet", "{\"x\":\"10.0.0.1/\"}", NULL,
       "x: '10.0.0.1/' is not an IP address such as 10.0.0.1 or 2001:db8::/32"},
      {"x inet", "{\"x\":\"fe80::1%eth0\"}", NULL,
       "x: 'fe80::1%eth0' is not an IP address such as 10.0.0.1 or 2001:db8::/32"},
      {"x timestamptz as epoch_s", "{\"x\":1767225600}", "2026-01-01T00:00:00Z", NULL},
      {"x timestamptz as epoch_s", "{\"x\":1767225600.25}", "2026-01-01T00:00:00.25Z", NULL},
      {"x timestamptz as epoch_s", "{\"x\":\"1767225600\"}", "2026-01-01T00:00:00Z", NULL},
      {"x timestamptz as epoch_ms", "{\"x\":1767225600003}", "2026-01-01T00:00:00.003Z", NULL},
      {"x timestamptz as epoch_ms", "{\"x\":-1}", "1969-12-31T23:59:59.999Z", NULL},
      {"x timestamptz as epoch_us", "{\"x\":1767225600000003}", "2026-01-01T00:00:00.000003Z",
       NULL},
      {"x timestamptz as epoch_us", "{\"x\":1767225600000003.5}", "2026-01-01T00:00:00.000004Z",
       NULL},
      {"x timestamptz as epoch_ms", "{\"x\":\"2026-01-01\"}", NULL,
       "x: '2026-01-01' is not a number"},
      {"x timestamptz as epoch_ms", "{\"x\":true}", NULL, "x: true is a boolean, not a number"},
      {"x timestamptz as epoch_s", "{\"x\":1767225600003}", NULL,
       "x: 1767225600003 is a time outside the years 0001 to 9999"},
      {"x timestamptz as epoch_s", "{\"x\":1e300}", NULL,
       "x: 1e300 is a time outside the years 0001 to 9999"},
  };
  check_all(cases, LENGTH(cases));
}

static void json_columns_take_the_text_as_written(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"x jsonb", "{\"x\":{\"a\" : [1, 2.50, \"z\"]}}", "{\"a\" : [1, 2.50, \"z\"]}", NULL},
      {"x jsonb", "{\"x\":\"text\"}", "\"text\"", NULL},
      {"x jsonb", "{\"x\":1e2}", "1e2", NULL},
      {"x jsonb", "{\"x\":true}", "true", NULL},
      {"x jsonb", "{\"x\":[]}", "[]", NULL},
      {"x jsonb", "{\"x\":null}", "null", NULL},
      {"x json", "{\"x\":\"\\u0000\"}", "\"\\u0000\"", NULL},
      {"x json", "{\"x\":1e999999}", "1e999999", NULL},
      {"x jsonb", "{\"x\":1e131071}", "1e131071", NULL},
      {"x jsonb", "{\"x\":[1e131072]}", NULL,
       "x: [1e131072] holds a number that jsonb cannot store"},
      {"x jsonb", "{\"x\":1e-16384}", NULL, "x: 1e-16384 holds a number that jsonb cannot store"},
      {"x jsonb", "{\"x\":{\"a\":\"\\u0000\"}}", NULL,
       "x: {\"a\":\"\\u0000\"} holds \\u0000, which jsonb cannot store"},
      {"x jsonb", "{\"x\":{\"\\u0000\":1}}", NULL,
       "x: {\"\\u0000\":1} holds \\u0000, which jsonb cannot store"},
      {"x jsonb", "{\"x\":{\"a\":\"\\\\u0000\"}}", "{\"a\":\"\\\\u0000\"}", NULL},
      {"x jsonb @ d", "{\"d\":{\"os\":\"ios\"}}", "{\"os\":\"ios\"}", NULL},
  };
  check_all(cases, LENGTH(cases));
}

static void assert_payload(uint32_t column, uint32_t row, const char *hex)
{
  char got[600];
  size_t at = 0;
  struct tg_text t = b.columns[column]->v.texts[row];
  for (uint32_t i = 0; i < t.len; i++)
    at += (size_t)snprintf(got + at, sizeof got - at, "%02x", (unsigned char)t.ptr[i]);
  got[at] = '\0';
  assert_string_equal(got, hex);
}

static void arrays_become_what_postgresql_receives(void **state)
{
  (void)state;
  field("i int4[]");
  field("t text[]");
  field("n numeric(5,2)[]");
  field("w numeric[]");
  field("d date[]");
  field("z bool[]");
  field("j jsonb[]");
  field("f float8[]");
  event("{\"i\":[1,null,-1],\"t\":[\"a\",\"\\u00fc\"],\"n\":[1.5],\"w\":[\"10000\"],\"d\":[\"2000-"
        "01-02\"],"
        "\"z\":[true,false,null],\"j\":[{\"a\":1}],\"f\":[1]}");
  event("{\"i\":[],\"t\":null}");
  decode();
  assert_string_equal(reason_of(0), "loaded");
  assert_payload(0, 0,
                 "00000001"
                 "00000001"
                 "00000017"
                 "00000003"
                 "00000001"
                 "00000004"
                 "00000001"
                 "ffffffff"
                 "00000004"
                 "ffffffff");
  assert_payload(1, 0,
                 "00000001"
                 "00000000"
                 "00000019"
                 "00000002"
                 "00000001"
                 "00000001"
                 "61"
                 "00000002"
                 "c3bc");
  assert_payload(2, 0,
                 "00000001"
                 "00000000"
                 "000006a4"
                 "00000001"
                 "00000001"
                 "0000000c"
                 "0002"
                 "0000"
                 "0000"
                 "0002"
                 "0001"
                 "1388");
  assert_payload(3, 0,
                 "00000001"
                 "00000000"
                 "000006a4"
                 "00000001"
                 "00000001"
                 "0000000a"
                 "0001"
                 "0001"
                 "0000"
                 "0000"
                 "0001");
  assert_payload(4, 0,
                 "00000001"
                 "00000000"
                 "0000043a"
                 "00000001"
                 "00000001"
                 "00000004"
                 "00000001");
  assert_payload(5, 0,
                 "00000001"
                 "00000001"
                 "00000010"
                 "00000003"
                 "00000001"
                 "00000001"
                 "01"
                 "00000001"
                 "00"
                 "ffffffff");
  assert_payload(6, 0,
                 "00000001"
                 "00000000"
                 "00000eda"
                 "00000001"
                 "00000001"
                 "00000008"
                 "01"
                 "7b2261223a317d");
  assert_payload(7, 0,
                 "00000001"
                 "00000000"
                 "000002bd"
                 "00000001"
                 "00000001"
                 "00000008"
                 "3ff0000000000000");
  assert_payload(0, 1,
                 "00000000"
                 "00000000"
                 "00000017");
  assert_true(tg_column_is_null(b.columns[1], 1));
}

static void arrays_of_uuids_times_and_spans_have_their_bytes(void **state)
{
  (void)state;
  field("u uuid[]");
  field("t timestamptz[]");
  field("s interval[]");
  field("a inet[]");
  field("h int2[]");
  field("r real[]");
  field("v varchar(2)[]");
  event("{\"u\":[\"00112233-4455-6677-8899-aabbccddeeff\"],\"t\":[\"2000-01-01T00:00:01Z\"],\"s\":["
        "\"P1M-2DT1S\"],"
        "\"a\":[\"1.2.3.4\"],\"h\":[-2],\"r\":[0.5],\"v\":[\"ab\"]}");
  decode();
  assert_string_equal(reason_of(0), "loaded");
  assert_payload(0, 0,
                 "00000001"
                 "00000000"
                 "00000b86"
                 "00000001"
                 "00000001"
                 "00000010"
                 "00112233445566778899aabbccddeeff");
  assert_payload(1, 0,
                 "00000001"
                 "00000000"
                 "000004a0"
                 "00000001"
                 "00000001"
                 "00000008"
                 "00000000000f4240");
  assert_payload(2, 0,
                 "00000001"
                 "00000000"
                 "000004a2"
                 "00000001"
                 "00000001"
                 "00000010"
                 "00000000000f4240"
                 "fffffffe"
                 "00000001");
  assert_payload(3, 0,
                 "00000001"
                 "00000000"
                 "00000365"
                 "00000001"
                 "00000001"
                 "00000008"
                 "02200004"
                 "01020304");
  assert_payload(4, 0,
                 "00000001"
                 "00000000"
                 "00000015"
                 "00000001"
                 "00000001"
                 "00000002"
                 "fffe");
  assert_payload(5, 0,
                 "00000001"
                 "00000000"
                 "000002bc"
                 "00000001"
                 "00000001"
                 "00000004"
                 "3f000000");
  assert_payload(6, 0,
                 "00000001"
                 "00000000"
                 "00000413"
                 "00000001"
                 "00000001"
                 "00000002"
                 "6162");
}

static void bad_elements_are_named_by_number(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"x int4[]", "{\"x\":[1,\"b\"]}", NULL, "x: element 2: 'b' is not a number"},
      {"x int4[]", "{\"x\":[[1]]}", NULL, "x: element 1: [1] is an array, not a number"},
      {"x text[]", "{\"x\":[\"a\",\"b\",\"\\u0000\"]}", NULL,
       "x: element 3: '\\u0000' holds \\u0000, which PostgreSQL cannot store"},
      {"x text[]", "{\"x\":\"a\"}", NULL, "x: 'a' is a string, not an array"},
      {"x text[]", "{\"x\":{}}", NULL, "x: {} is an object, not an array"},
      {"x varchar(2)[]", "{\"x\":[\"abc\"]}", NULL,
       "x: element 1: 'abc' has 3 characters, the column takes 2"},
  };
  check_all(cases, LENGTH(cases));
}

/* --- paths, defaults, sources -------------------------------------------------------------------- */

static void paths_alternates_and_defaults_pick_the_value(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"x text @ a.b.c", "{\"a\":{\"b\":{\"c\":\"deep\"}}}", "deep", NULL},
      {"x text @ a.b.c", "{\"a\":{\"b\":5}}", "null", NULL},
      {"x text @ a.b", "{\"a\":[{\"b\":\"no\"}]}", "null", NULL},
      {"x text @ a|b", "{\"b\":\"second\",\"a\":\"first\"}", "first", NULL},
      {"x text @ a|b", "{\"b\":\"second\"}", "second", NULL},
      {"x text @ a|b", "{\"a\":null,\"b\":\"second\"}", "second", NULL},
      {"x text @ a|b", "{\"a\":null,\"b\":null}", "null", NULL},
      {"x text @ a|c.d", "{\"c\":{\"d\":\"inner\"}}", "inner", NULL},
      {"x int4 @ a|b", "{\"a\":\"no\",\"b\":1}", NULL, "x: 'no' is not a number"},
      {"x text default 'EUR'", "{}", "EUR", NULL},
      {"x text default 'EUR'", "{\"x\":null}", "null", NULL},
      {"x text default 'EUR'", "{\"x\":\"USD\"}", "USD", NULL},
      {"x bool default false", "{}", "false", NULL},
      {"x bool default true", "{}", "true", NULL},
      {"x int8 not null default 7", "{}", "7", NULL},
      {"x int8 not null default 7", "{\"x\":null}", NULL, "x: null in NOT NULL field"},
      {"x numeric(12,2) default 1.5", "{}", "1.50", NULL},
      {"x numeric(30,2) default 1.5", "{}", "1.50", NULL},
      {"x timestamptz default '2026-01-01'", "{}", "2026-01-01T00:00:00Z", NULL},
      {"x jsonb default '{\"a\":1}'", "{}", "{\"a\":1}", NULL},
      {"x int4 computed", "{\"x\":5}", "null", NULL},
      {"x int4 not null computed", "{\"x\":5}", "null", NULL},
  };
  check_all(cases, LENGTH(cases));
}

static void last_of_duplicate_keys_wins(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"x int4", "{\"x\":1,\"x\":2}", "2", NULL},
      {"x int4", "{\"x\":\"bad\",\"y\":0,\"x\":2}", "2", NULL},
      {"x int4", "{\"x\":1,\"x\":null}", "null", NULL},
      {"x int4", "{\"x\":1,\"\\u0078\":3}", "3", NULL},
      {"x int4 @ a.b", "{\"a\":{\"b\":1},\"a\":{\"b\":2}}", "2", NULL},
      {"x int4 @ a.b", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}", "null", NULL},
      {"x int4 @ a.b", "{\"a\":{\"b\":1},\"a\":null}", "null", NULL},
      {"x int4 @ a.b", "{\"a\":{\"b\":1},\"a\":7}", "null", NULL},
      {"x int4 @ a.b", "{\"a\":7,\"a\":{\"b\":1}}", "1", NULL},
      {"x int4 @ a.b.c", "{\"a\":{\"b\":{\"c\":1}},\"a\":{\"b\":{}}}", "null", NULL},
      {"x jsonb @ a", "{\"a\":{\"b\":1},\"a\":{\"c\":2}}", "{\"c\":2}", NULL},
  };
  check_all(cases, LENGTH(cases));
}

static void an_object_and_its_member_can_both_be_fields(void **state)
{
  (void)state;
  field("dev jsonb @ device");
  field("os text @ device.os");
  field("ver text @ device.ver.major");
  event("{\"device\":{\"os\":\"ios\",\"ver\":{\"major\":\"17\"}}}");
  event("{\"device\":\"none\"}");
  event("{\"device\":{\"os\":null}}");
  decode();
  assert_string_equal(shown(0, 0), "{\"os\":\"ios\",\"ver\":{\"major\":\"17\"}}");
  assert_string_equal(shown(1, 0), "ios");
  assert_string_equal(shown(2, 0), "17");
  assert_string_equal(shown(0, 1), "\"none\"");
  assert_string_equal(shown(1, 1), "null");
  assert_string_equal(shown(0, 2), "{\"os\":null}");
}

static void keys_that_need_escapes_are_found(void **state)
{
  (void)state;
  static struct tg_path paths[2] = {{1, {{"a\\b", 3}}}, {1, {{"q\"q", 3}}}};
  field("x text");
  field("y text");
  fields[0].paths = &paths[0], fields[1].paths = &paths[1];
  event("{\"a\\\\b\":\"back\",\"q\\\"q\":\"quote\"}");
  event("{\"a\\b\":\"a backspace, not that key\"}");
  decode();
  assert_string_equal(shown(0, 0), "back");
  assert_string_equal(shown(1, 0), "quote");
  assert_string_equal(shown(0, 1), "null");
}

static void the_message_itself_is_a_source(void **state)
{
  (void)state;
  static const char headers[] = "\1\0\0\0a\1\0\0\0001"
                                "\1\0\0\0a\2\0\0\00042"
                                "\1\0\0\0n\xff\xff\xff\xff";
  field("ts timestamptz @kafka.timestamp");
  field("k text @kafka.key");
  field("o int8 @kafka.offset");
  field("p int4 @kafka.partition");
  field("raw jsonb @kafka.value");
  field("size int4 @kafka.size");
  field("a int4 @kafka.header.a");
  field("n text @kafka.header.n");
  struct tg_event *e = event("{\"z\":1}");
  e->key = tg_text("k1"), e->headers = tg_text_of(headers, sizeof headers - 1);
  e->offset = 77, e->partition = 3;
  e = event("{}");
  e->offset = 78, e->partition = 3, e->kafka_us = -1;
  decode();
  static const char *const want[] = {
      "2026-01-01T00:00:00Z", "k1", "77", "3", "{\"z\":1}", "7", "42", "null"};
  assert_string_equal(reason_of(0), "loaded");
  for (uint32_t i = 0; i < LENGTH(want); i++) assert_string_equal(shown(i, 0), want[i]);
  assert_string_equal(shown(0, 1), "null");
  assert_string_equal(shown(1, 1), "null");
  assert_string_equal(shown(6, 1), "null");
}

static void bytes_of_the_message_are_checked_like_any_text(void **state)
{
  (void)state;
  field("k text @kafka.key");
  field("raw bytea @kafka.key");
  event("{}")->key = tg_text("\xff");
  event("{}")->key = tg_text_of("a\0b", 3);
  event("{}")->key = tg_text("");
  decode();
  assert_string_equal(reason_of(0), "k: '\\xff' is not valid UTF-8");
  assert_string_equal(reason_of(1),
                      "k: 'a\\x00b' holds a NUL character, which PostgreSQL cannot store");
  assert_string_equal(shown(0, 2), "");
  assert_string_equal(shown(1, 2), "\\x");
}

static void raw_value_in_jsonb_holds_no_nul(void **state)
{
  (void)state;
  field("raw jsonb @kafka.value");
  event("{\"a\":[\"\\u0000\"]}");
  event("{\"a\":1}");
  decode();
  assert_string_equal(reason_of(0),
                      "raw: {\"a\":[\"\\u0000\"]} holds \\u0000, which jsonb cannot store");
  assert_string_equal(shown(0, 1), "{\"a\":1}");
}

static void zone_of_the_topic_applies_where_none_is_written(void **state)
{
  (void)state;
  topic.tz_offset_s = 7200;
  field("x timestamptz");
  event("{\"x\":\"2026-01-01T02:00:00\"}");
  event("{\"x\":\"2026-01-01T02:00:00Z\"}");
  decode();
  assert_string_equal(shown(0, 0), "2026-01-01T00:00:00Z");
  assert_string_equal(shown(0, 1), "2026-01-01T02:00:00Z");
}

static void unknown_fields_follow_the_policy(void **state)
{
  (void)state;
  topic.unknown = TG_UNKNOWN_KEEP;
  field("x int4");
  field("y int4 @ d.y");
  field("e_x jsonb computed");
  fields[2].name = tg_text("_extra");
  event("{\"a\":[1, 2],\"x\":1,\"b\":\"\\u00fc\",\"d\":{\"y\":1,\"z\":2}}");
  event("{\"x\":1}");
  event("{\"x\":1,\"a\":\"\\u0000\"}");
  decode();
  assert_string_equal(shown(2, 0), "{\"a\":[1, 2],\"b\":\"\\u00fc\"}");
  assert_string_equal(shown(2, 1), "null");
  assert_string_equal(reason_of(2),
                      "_extra: {\"a\":\"\\u0000\"} holds \\u0000, which jsonb cannot store");
}

static void undeclared_fields_can_be_refused(void **state)
{
  (void)state;
  topic.unknown = TG_UNKNOWN_QUARANTINE;
  field("x int4 @ d.x");
  event("{\"new\":1,\"d\":{\"x\":1,\"other\":2}}");
  event("{\"d\":{\"x\":1,\"other\":2}}");
  decode();
  assert_string_equal(reason_of(0), "'new' is a field that the topic does not declare");
  assert_true(tg_text_is(b.issues[0]->field, "new"));
  assert_true(tg_column_is_null(b.columns[0], 0));
  assert_string_equal(shown(0, 1), "1");
}

/* --- whole events -------------------------------------------------------------------------------- */

static void what_is_not_json_is_refused(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"x int4", "", NULL, "the value is empty"},
      {"x int4", "  ", NULL, "not JSON: nothing but white space at byte 0"},
      {"x int4", "hello", NULL, "not JSON: a value expected at byte 0"},
      {"x int4", "[1]", NULL, "not a JSON object"},
      {"x int4", "5", NULL, "not a JSON object"},
      {"x int4", "null", NULL, "not a JSON object"},
      {"x int4", "[1", NULL, "not JSON: it ends too early at byte 2"},
      {"x int4", "{", NULL, "not JSON: it ends too early at byte 1"},
      {"x int4", "{\"x\":1", NULL, "not JSON: it ends too early at byte 6"},
      {"x int4", "{\"x\":1,}", NULL, "not JSON: a key in quotes expected at byte 7"},
      {"x int4", "{\"x\":1}}", NULL, "not JSON: something behind its end at byte 7"},
      {"x int4", "{\"x\":1} {}", NULL, "not JSON: something behind its end at byte 8"},
      {"x int4", "{\"x\" 1}", NULL, "not JSON: ':' expected at byte 5"},
      {"x int4", "{\"x\":1 \"y\":2}", NULL, "not JSON: ',' or '}' expected at byte 7"},
      {"x int4", "{\"x\":}", NULL, "not JSON: a value expected at byte 5"},
      {"x int4", "{x:1}", NULL, "not JSON: a key in quotes expected at byte 1"},
      {"x int4", "{'x':1}", NULL, "not JSON: a key in quotes expected at byte 1"},
      {"x int4", "{\"x\":01}", NULL, "not JSON: a malformed number at byte 5"},
      {"x int4", "{\"x\":1.}", NULL, "not JSON: a malformed number at byte 5"},
      {"x int4", "{\"x\":.5}", NULL, "not JSON: a value expected at byte 5"},
      {"x int4", "{\"x\":+1}", NULL, "not JSON: a value expected at byte 5"},
      {"x int4", "{\"x\":1e}", NULL, "not JSON: a malformed number at byte 5"},
      {"x int4", "{\"x\":-}", NULL, "not JSON: a malformed number at byte 5"},
      {"x int4", "{\"x\":NaN}", NULL, "not JSON: a value expected at byte 5"},
      {"x int4", "{\"x\":nul}", NULL, "not JSON: a value expected at byte 5"},
      {"x int4", "{\"x\":truex}", NULL, "not JSON: a value expected at byte 5"},
      {"x int4", "{\"x\":true\"a\"}", NULL, "not JSON: a value expected at byte 5"},
      {"x int4", "{\"x\":1\"a\"}", NULL, "not JSON: a malformed number at byte 5"},
      {"x int4", "{\"x\":1,\"x\"\"y\":2}", NULL, "not JSON: ':' expected at byte 10"},
      {"x int4", "{\"x\":\"a}", NULL, "not JSON: a string is not closed at byte 0"},
      {"x int4", "{\"x\":\"a\nb\"}", NULL, "not JSON: a control character in a string at byte 0"},
      {"x int4", "{\"x\":\"\xff\"}", NULL, "not JSON: invalid UTF-8 at byte 0"},
      {"x int4", "{\"x\":\"\xed\xa0\x80\"}", NULL, "not JSON: invalid UTF-8 at byte 0"},
      {"x int4", "{\"x\":\"\xc0\x80\"}", NULL, "not JSON: invalid UTF-8 at byte 0"},
      {"x int4", "{\"x\":\"\\ud800\"}", NULL, "not JSON: a lone surrogate at byte 6"},
      {"x int4", "{\"x\":\"\\udc00\\ud800\"}", NULL, "not JSON: a lone surrogate at byte 6"},
      {"x int4", "{\"x\":\"\\ud800\\u0041\"}", NULL, "not JSON: a lone surrogate at byte 6"},
      {"x int4", "{\"x\":\"\\ud800\\\\udc00\"}", NULL, "not JSON: a lone surrogate at byte 6"},
      {"x int4", "{\"x\":\"\\u12g4\"}", NULL,
       "not JSON: \\u without four hexadecimal digits at byte 6"},
      {"x int4", "{\"x\":\"\\u12\"}", NULL,
       "not JSON: \\u without four hexadecimal digits at byte 6"},
      {"x int4", "{\"x\":\"\\a\"}", NULL, "not JSON: an unknown escape at byte 6"},
      {"x int4", "{\"\\q\":1}", NULL, "not JSON: an unknown escape at byte 2"},
      {"x int4", "\xef\xbb\xbf{\"x\":1}", NULL, "not JSON: it begins with a byte order mark"},
      {"x int4", "{\"x\":1} // note", NULL, "not JSON: something behind its end at byte 8"},
  };
  check_all(cases, LENGTH(cases));
}

/* What nobody asked for must be JSON too. */
static void faults_in_parts_nobody_wants_are_seen(void **state)
{
  (void)state;
  static const struct one cases[] = {
      {"x int4", "{\"x\":1,\"y\":[1,]}", NULL, "not JSON: a value expected at byte 14"},
      {"x int4", "{\"x\":1,\"y\":{\"a\":tru}}", NULL, "not JSON: a value expected at byte 16"},
      {"x int4", "{\"x\":1,\"y\":{\"a\" 1}}", NULL, "not JSON: ':' expected at byte 16"},
      {"x int4", "{\"x\":1,\"y\":[1 2]}", NULL, "not JSON: ',' or ']' expected at byte 14"},
      {"x int4", "{\"x\":1,\"y\":{\"\\x\":1}}", NULL, "not JSON: an unknown escape at byte 13"},
      {"x int4", "{\"x\":1,\"y\":[\"\\ud800\"]}", NULL, "not JSON: a lone surrogate at byte 13"},
      {"x int4", "{\"x\":1,\"y\":[00]}", NULL, "not JSON: a malformed number at byte 12"},
      {"x int4", "{\"x\":1,\"y\":[1}}", NULL, "not JSON: ',' or ']' expected at byte 13"},
      {"x int4", "{\"x\":1,\"y\":\"\\u0000\"}", "1", NULL},
      {"x int4", "{\"x\":1,\"y\":1e999999999}", "1", NULL},
  };
  check_all(cases, LENGTH(cases));
}

static void nesting_is_capped(void **state)
{
  (void)state;
  char text[400];
  field("x jsonb");
  for (int depth = 63; depth <= 64; depth++) {
    char *p = text + sprintf(text, "{\"x\":");
    memset(p, '[', (size_t)depth), p += depth;
    memset(p, ']', (size_t)depth), p += depth;
    *p++ = '}', *p = '\0';
    event_text(tg_arena_copy(&arena, tg_text(text)));
  }
  decode();
  assert_string_equal(reason_of(0), "loaded");
  assert_string_equal(reason_of(1), "not JSON: nested deeper than 64 at byte 68");
}

static void a_nul_byte_is_no_end_of_the_text(void **state)
{
  (void)state;
  field("x int4");
  event_text(tg_text_of("{\"x\":1}\0", 8));
  event_text(tg_text_of("{\"x\":\0001}", 8));
  event_text(tg_text_of("{\"x\":\"a\0b\"}", 11));
  decode();
  assert_string_equal(reason_of(0), "not JSON: something behind its end at byte 7");
  assert_string_equal(reason_of(1), "not JSON: a value expected at byte 5");
  assert_string_equal(reason_of(2), "not JSON: a control character in a string at byte 0");
}

static void tombstones_and_oversize_events_are_refused(void **state)
{
  (void)state;
  field("x int4");
  event_text((struct tg_text){NULL, 0});
  struct tg_event *e = event("{\"x\":1}");
  e->oversize = true, e->size = 10485760;
  event("{\"x\":1}");
  decode();
  assert_string_equal(reason_of(0), "no value (a tombstone)");
  assert_string_equal(reason_of(1), "the value has 10485760 bytes, more than event_bytes_max");
  assert_string_equal(shown(0, 2), "1");
}

static void one_bad_event_costs_only_itself(void **state)
{
  (void)state;
  field("id int8 not null");
  field("t text");
  field("ok bool");
  field("u uuid");
  event("{\"id\":1,\"t\":\"a\",\"ok\":true,\"u\":\"00112233445566778899aabbccddeeff\"}");
  event("{\"id\":2,\"t\":7,\"ok\":\"x\",\"u\":\"00112233445566778899aabbccddeeff\"}");
  event("{\"id\":3,\"t\":\"c\",\"ok\":false,\"u\":\"00112233445566778899aabbccddeeff\"}");
  decode();
  assert_int_equal(b.fates[0], TG_LOAD);
  assert_int_equal(b.fates[1], TG_QUARANTINE);
  assert_int_equal(b.fates[2], TG_LOAD);
  assert_int_equal(b.columns[0]->v.ints[1], 0);
  assert_int_equal(b.columns[0]->nul[1], TG_NULL);
  assert_null(b.columns[1]->v.texts[1].ptr);
  assert_int_equal(b.columns[2]->v.mask[1], TG_UNKNOWN);
  assert_null(b.columns[2]->nul);
  static const struct tg_uuid zero;
  assert_memory_equal(&b.columns[3]->v.uuids[1], &zero, sizeof zero);
  assert_string_equal(shown(1, 2), "c");
  assert_string_equal(reason_of(1), "t: 7 is a number, not text");
  assert_true(tg_text_is(b.issues[1]->field, "t"));
  assert_int_equal(b.issues[1]->stage, TG_STAGE_DECODE);
  assert_non_null(b.issues[1]->next); /* every field at fault is named */
  assert_true(tg_text_is(b.issues[1]->next->reason, "ok: 'x' is a string, not true or false"));
}

static void columns_without_nulls_have_no_nul_bytes(void **state)
{
  (void)state;
  field("a int4");
  field("c int4");
  event("{\"a\":1,\"c\":2}");
  event("{\"a\":1,\"c\":null}");
  decode();
  assert_null(b.columns[0]->nul);
  assert_non_null(b.columns[1]->nul);
}

static void text_without_escapes_is_not_copied(void **state)
{
  (void)state;
  field("x text");
  field("j jsonb");
  event("{\"x\":\"abc\",\"j\":[1]}");
  decode();
  const char *value = b.events[0].value.ptr;
  assert_ptr_equal(b.columns[0]->v.texts[0].ptr, value + 6);
  assert_ptr_equal(b.columns[1]->v.texts[0].ptr, value + 15);
}

static void decoder_is_used_again_for_any_order_of_keys(void **state)
{
  (void)state;
  struct tg_err err;
  field("a int4");
  field("c int4");
  field("d int4");
  struct tg_decoder *d = tg_decoder_new(&topic);
  static const char *const orders[] = {"{\"a\":1,\"c\":2,\"d\":3}", "{\"d\":3,\"c\":2,\"a\":1}",
                                       "{\"c\":2,\"x\":0,\"a\":1,\"y\":[],\"d\":3}",
                                       "{\"a\":1,\"d\":3,\"c\":2}"};
  for (size_t round = 0; round < 8; round++) {
    events_count = 0;
    for (size_t i = 0; i < 4; i++) event(orders[(i + round) % 4]);
    event("{}");
    seal(8);
    assert_int_equal(tg_decoder_run(d, &b, &err), TG_OK);
    for (uint32_t row = 0; row < 4; row++)
      for (uint32_t f = 0; f < 3; f++) assert_int_equal(b.columns[f]->v.ints[row], f + 1);
    for (uint32_t f = 0; f < 3; f++) assert_true(tg_column_is_null(b.columns[f], 4));
  }
  tg_decoder_free(d);
}

static void arena_cap_is_reported_as_full(void **state)
{
  (void)state;
  struct tg_err err;
  field("x text");
  field("y int8[]");
  for (int i = 0; i < 4; i++)
    event("{\"x\":\"\\u0041bcdefghijklmnopqrstuvwxyz\",\"y\":[1,2,3,4,5,6,7,8,9]}");
  struct tg_decoder *d = tg_decoder_new(&topic);
  struct tg_arena small;
  uint32_t full = 0, done = 0;
  for (size_t cap = 512; cap < 64 << 10 && !done; cap += 64) {
    tg_arena_init(&small, 64, cap);
    bool ready = tg_batch_init(&b, &topic, &small, 4) == TG_OK;
    for (uint32_t i = 0; ready && i < 4; i++) ready = tg_batch_add(&b, &events[i]) == TG_OK;
    if (ready && tg_batch_seal(&b) == TG_OK) {
      enum tg_rc rc = tg_decoder_run(d, &b, &err);
      full += rc == TG_FULL, done += rc == TG_OK;
      if (rc == TG_FULL) assert_null(b.columns);
      if (rc == TG_FULL) assert_non_null(strstr(err.what, "load.bytes"));
    }
    tg_arena_fini(&small);
  }
  tg_decoder_free(d);
  assert_true(full > 0);
  assert_true(done > 0);
}

static void large_events_are_read_whole(void **state)
{
  (void)state;
  size_t size = 3 << 20;
  char *text = tg_arena_alloc(&arena, size + 64);
  memset(text, 'a', size);
  memcpy(text, "{\"y\":\"", 6);
  memcpy(text + size - 9, "\",\"x\":42}", 9);
  field("x int4");
  event_text(tg_text_of(text, size));
  decode();
  assert_string_equal(shown(0, 0), "42");
}

static void an_empty_batch_has_empty_columns(void **state)
{
  (void)state;
  field("x int4");
  decode();
  assert_int_equal(b.columns[0]->rows, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(text_comes_from_strings_only),
      T(numbers_are_exact_or_refused),
      T(other_types_come_from_their_spelling),
      T(json_columns_take_the_text_as_written),
      T(arrays_become_what_postgresql_receives),
      T(arrays_of_uuids_times_and_spans_have_their_bytes),
      T(bad_elements_are_named_by_number),
      T(paths_alternates_and_defaults_pick_the_value),
      T(last_of_duplicate_keys_wins),
      T(an_object_and_its_member_can_both_be_fields),
      T(keys_that_need_escapes_are_found),
      T(the_message_itself_is_a_source),
      T(bytes_of_the_message_are_checked_like_any_text),
      T(raw_value_in_jsonb_holds_no_nul),
      T(zone_of_the_topic_applies_where_none_is_written),
      T(unknown_fields_follow_the_policy),
      T(undeclared_fields_can_be_refused),
      T(what_is_not_json_is_refused),
      T(faults_in_parts_nobody_wants_are_seen),
      T(nesting_is_capped),
      T(a_nul_byte_is_no_end_of_the_text),
      T(tombstones_and_oversize_events_are_refused),
      T(one_bad_event_costs_only_itself),
      T(columns_without_nulls_have_no_nul_bytes),
      T(text_without_escapes_is_not_copied),
      T(decoder_is_used_again_for_any_order_of_keys),
      T(arena_cap_is_reported_as_full),
      T(large_events_are_read_whole),
      T(an_empty_batch_has_empty_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
