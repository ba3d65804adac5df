/* JSON values as values of every type, arrays included; every refusal by its words. */
#include "tests/unit/data/decoding.h"

/* --- types --- */

static const struct one text_comes_from_strings_only_cases[] = {
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

static void text_comes_from_strings_only(void **state)
{
  (void)state;
  check_all(text_comes_from_strings_only_cases, LENGTH(text_comes_from_strings_only_cases));
}

static const struct one numbers_are_exact_or_refused_cases[] = {
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

static void numbers_are_exact_or_refused(void **state)
{
  (void)state;
  check_all(numbers_are_exact_or_refused_cases, LENGTH(numbers_are_exact_or_refused_cases));
}

static const struct one other_types_come_from_their_spelling_cases[] = {
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
    {"x bytea", "{\"x\":\"AQID\"}", NULL, "x: 'AQID' is not bytes in PostgreSQL's form \\x0123ab"},
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
    {"x timestamptz as epoch_us", "{\"x\":1767225600000003}", "2026-01-01T00:00:00.000003Z", NULL},
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

static void other_types_come_from_their_spelling(void **state)
{
  (void)state;
  check_all(other_types_come_from_their_spelling_cases,
            LENGTH(other_types_come_from_their_spelling_cases));
}

static const struct one json_columns_take_the_text_as_written_cases[] = {
    {"x jsonb", "{\"x\":{\"a\" : [1, 2.50, \"z\"]}}", "{\"a\" : [1, 2.50, \"z\"]}", NULL},
    {"x jsonb", "{\"x\":\"text\"}", "\"text\"", NULL},
    {"x jsonb", "{\"x\":1e2}", "1e2", NULL},
    {"x jsonb", "{\"x\":true}", "true", NULL},
    {"x jsonb", "{\"x\":[]}", "[]", NULL},
    {"x jsonb", "{\"x\":null}", "null", NULL},
    {"x json", "{\"x\":\"\\u0000\"}", "\"\\u0000\"", NULL},
    {"x json", "{\"x\":1e999999}", "1e999999", NULL},
    {"x jsonb", "{\"x\":1e131071}", "1e131071", NULL},
    {"x jsonb", "{\"x\":[1e131072]}", NULL, "x: [1e131072] holds a number that jsonb cannot store"},
    {"x jsonb", "{\"x\":1e-16384}", NULL, "x: 1e-16384 holds a number that jsonb cannot store"},
    {"x jsonb", "{\"x\":{\"a\":\"\\u0000\"}}", NULL,
     "x: {\"a\":\"\\u0000\"} holds \\u0000, which jsonb cannot store"},
    {"x jsonb", "{\"x\":{\"\\u0000\":1}}", NULL,
     "x: {\"\\u0000\":1} holds \\u0000, which jsonb cannot store"},
    {"x jsonb", "{\"x\":{\"a\":\"\\\\u0000\"}}", "{\"a\":\"\\\\u0000\"}", NULL},
    {"x jsonb @ d", "{\"d\":{\"os\":\"ios\"}}", "{\"os\":\"ios\"}", NULL},
};

static void json_columns_take_the_text_as_written(void **state)
{
  (void)state;
  check_all(json_columns_take_the_text_as_written_cases,
            LENGTH(json_columns_take_the_text_as_written_cases));
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

/* Behind the head "1 dimension, nulls or not, oid, count, lower bound 1" come length and bytes. */
static const struct one payload_cases[] = {
    {"x int4[]", "[1,null,-1]",
     "00000001"
     "00000001"
     "00000017"
     "00000003"
     "00000001"
     "00000004"
     "00000001"
     "ffffffff"
     "00000004"
     "ffffffff",
     NULL},
    {"x int4[]", "[]",
     "00000000"
     "00000000"
     "00000017",
     NULL},
    {"x text[]", "[\"a\",\"\\u00fc\"]",
     "00000001"
     "00000000"
     "00000019"
     "00000002"
     "00000001"
     "00000001"
     "61"
     "00000002"
     "c3bc",
     NULL},
    {"x numeric(5,2)[]", "[1.5]",
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
     "1388",
     NULL},
    {"x numeric[]", "[\"10000\"]",
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
     "0001",
     NULL},
    {"x date[]", "[\"2000-01-02\"]",
     "00000001"
     "00000000"
     "0000043a"
     "00000001"
     "00000001"
     "00000004"
     "00000001",
     NULL},
    {"x bool[]", "[true,false,null]",
     "00000001"
     "00000001"
     "00000010"
     "00000003"
     "00000001"
     "00000001"
     "01"
     "00000001"
     "00"
     "ffffffff",
     NULL},
    {"x jsonb[]", "[{\"a\":1}]",
     "00000001"
     "00000000"
     "00000eda"
     "00000001"
     "00000001"
     "00000008"
     "01"
     "7b2261223a317d",
     NULL},
    {"x float8[]", "[1]",
     "00000001"
     "00000000"
     "000002bd"
     "00000001"
     "00000001"
     "00000008"
     "3ff0000000000000",
     NULL},
    {"x uuid[]", "[\"00112233-4455-6677-8899-aabbccddeeff\"]",
     "00000001"
     "00000000"
     "00000b86"
     "00000001"
     "00000001"
     "00000010"
     "00112233445566778899aabbccddeeff",
     NULL},
    {"x timestamptz[]", "[\"2000-01-01T00:00:01Z\"]",
     "00000001"
     "00000000"
     "000004a0"
     "00000001"
     "00000001"
     "00000008"
     "00000000000f4240",
     NULL},
    {"x interval[]", "[\"P1M-2DT1S\"]",
     "00000001"
     "00000000"
     "000004a2"
     "00000001"
     "00000001"
     "00000010"
     "00000000000f4240"
     "fffffffe"
     "00000001",
     NULL},
    {"x inet[]", "[\"1.2.3.4\"]",
     "00000001"
     "00000000"
     "00000365"
     "00000001"
     "00000001"
     "00000008"
     "02200004"
     "01020304",
     NULL},
    {"x int2[]", "[-2]",
     "00000001"
     "00000000"
     "00000015"
     "00000001"
     "00000001"
     "00000002"
     "fffe",
     NULL},
    {"x real[]", "[0.5]",
     "00000001"
     "00000000"
     "000002bc"
     "00000001"
     "00000001"
     "00000004"
     "3f000000",
     NULL},
    {"x varchar(2)[]", "[\"ab\"]",
     "00000001"
     "00000000"
     "00000413"
     "00000001"
     "00000001"
     "00000002"
     "6162",
     NULL},
};

static void arrays_become_what_postgresql_receives(void **state)
{
  char json[128];
  for (size_t i = 0; i < LENGTH(payload_cases); i++) {
    teardown(state);
    setup(state);
    topic.fields_count = 0;
    field(payload_cases[i].field);
    snprintf(json, sizeof json, "{\"x\":%s}", payload_cases[i].json);
    event(json);
    decode();
    assert_string_equal(reason_of(0), "loaded");
    assert_payload(0, 0, payload_cases[i].want);
  }
}

static const struct one bad_elements_are_named_by_number_cases[] = {
    {"x int4[]", "{\"x\":[1,\"b\"]}", NULL, "x: element 2: 'b' is not a number"},
    {"x int4[]", "{\"x\":[[1]]}", NULL, "x: element 1: [1] is an array, not a number"},
    {"x text[]", "{\"x\":[\"a\",\"b\",\"\\u0000\"]}", NULL,
     "x: element 3: '\\u0000' holds \\u0000, which PostgreSQL cannot store"},
    {"x text[]", "{\"x\":\"a\"}", NULL, "x: 'a' is a string, not an array"},
    {"x text[]", "{\"x\":{}}", NULL, "x: {} is an object, not an array"},
    {"x varchar(2)[]", "{\"x\":[\"abc\"]}", NULL,
     "x: element 1: 'abc' has 3 characters, the column takes 2"},
};

static void bad_elements_are_named_by_number(void **state)
{
  (void)state;
  check_all(bad_elements_are_named_by_number_cases, LENGTH(bad_elements_are_named_by_number_cases));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(text_comes_from_strings_only),           T(numbers_are_exact_or_refused),
      T(other_types_come_from_their_spelling),   T(json_columns_take_the_text_as_written),
      T(arrays_become_what_postgresql_receives), T(bad_elements_are_named_by_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
