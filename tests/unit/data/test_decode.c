/* Which value a field takes, whole events that are refused, and that each costs only itself. */
#include "tests/unit/data/decoding.h"

#include <math.h>

/* --- paths, defaults, sources --- */

static const struct one paths_alternates_and_defaults_pick_the_value_cases[] = {
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

static void paths_alternates_and_defaults_pick_the_value(void **state)
{
  (void)state;
  check_all(paths_alternates_and_defaults_pick_the_value_cases,
            LENGTH(paths_alternates_and_defaults_pick_the_value_cases));
}

static const struct one last_of_duplicate_keys_wins_cases[] = {
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

static void last_of_duplicate_keys_wins(void **state)
{
  (void)state;
  check_all(last_of_duplicate_keys_wins_cases, LENGTH(last_of_duplicate_keys_wins_cases));
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

/* --- whole events --- */

static const struct one what_is_not_json_is_refused_cases[] = {
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
    {"x int4", "{\"x\":1\001}", NULL, "not JSON: a malformed number at byte 5"},
    {"x int4", "{\"x\":\"a\nb\"}", NULL, "not JSON: a control character in a string at byte 0"},
    {"x int4", "{\"x\":\"\xff\"}", NULL, "not JSON: invalid UTF-8 at byte 0"},
    {"x int4", "{\"x\":\"\xed\xa0\x80\"}", NULL, "not JSON: invalid UTF-8 at byte 0"},
    {"x int4", "{\"x\":\"\xc0\x80\"}", NULL, "not JSON: invalid UTF-8 at byte 0"},
    {"x int4", "{\"x\":\"\\ud800\"}", NULL, "x: not JSON: a lone surrogate at byte 6"},
    {"x int4", "{\"x\":\"\\udc00\\ud800\"}", NULL, "x: not JSON: a lone surrogate at byte 6"},
    {"x int4", "{\"x\":\"\\ud800\\u0041\"}", NULL, "x: not JSON: a lone surrogate at byte 6"},
    {"x int4", "{\"x\":\"\\ud800\\\\udc00\"}", NULL, "x: not JSON: a lone surrogate at byte 6"},
    {"x int4", "{\"x\":\"\\u12g4\"}", NULL,
     "x: not JSON: \\u without four hexadecimal digits at byte 6"},
    {"x int4", "{\"x\":\"\\u12\"}", NULL,
     "x: not JSON: \\u without four hexadecimal digits at byte 6"},
    {"x int4", "{\"x\":\"\\a\"}", NULL, "x: not JSON: an unknown escape at byte 6"},
    {"x int4", "{\"\\q\":1}", NULL, "not JSON: an unknown escape at byte 2"},
    {"x int4", "\xef\xbb\xbf{\"x\":1}", NULL, "not JSON: it begins with a byte order mark"},
    {"x int4", "{\"x\":1} // note", NULL, "not JSON: something behind its end at byte 8"},
};

static void what_is_not_json_is_refused(void **state)
{
  (void)state;
  check_all(what_is_not_json_is_refused_cases, LENGTH(what_is_not_json_is_refused_cases));
}

/* What nobody asked for must be JSON too. */
static const struct one faults_in_parts_nobody_wants_are_seen_cases[] = {
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

static void faults_in_parts_nobody_wants_are_seen(void **state)
{
  (void)state;
  check_all(faults_in_parts_nobody_wants_are_seen_cases,
            LENGTH(faults_in_parts_nobody_wants_are_seen_cases));
}

static void nesting_is_capped(void **state)
{
  (void)state;
  char text[400];
  field("x jsonb");
  for (int depth = 63; depth <= 64; depth++) {
    char *p = text + snprintf(text, sizeof text, "{\"x\":");
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

static void long_text_without_escapes_is_not_copied(void **state)
{
  (void)state;
  field("x text");
  field("j jsonb");
  event("{\"x\":\"a text of forty-nine bytes, which is one too many\",\"j\":[1]}");
  decode();
  const char *value = b.events[0].value.ptr;
  assert_int_equal(b.columns[0]->v.texts[0].len, 49);
  assert_ptr_equal(b.columns[0]->v.texts[0].ptr, value + 6);
  assert_ptr_equal(b.columns[1]->v.texts[0].ptr, value + 61);
}

static void short_texts_lie_side_by_side(void **state)
{
  (void)state;
  field("x text");
  field("y text");
  event("{\"x\":\"abc\",\"y\":\"\"}");
  event("{\"x\":\"defg\",\"y\":\"a text of forty-eight bytes, which still packed.\"}");
  decode();
  const char *first = b.columns[0]->v.texts[0].ptr;
  assert_memory_equal(first, "abc", 3);
  assert_non_null(b.columns[1]->v.texts[0].ptr);
  assert_int_equal(b.columns[1]->v.texts[0].len, 0);
  assert_true(b.columns[0]->v.texts[1].ptr - first <= 4);
  assert_memory_equal(b.columns[0]->v.texts[1].ptr, "defg", 4);
  assert_int_equal(b.columns[1]->v.texts[1].len, 48);
  assert_ptr_equal(b.columns[1]->v.texts[1].ptr, b.columns[0]->v.texts[1].ptr + 4);
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

/* The second event's key is guessed from the first one's. */
static void a_guessed_key_is_told_from_any_other_of_its_length(void **state)
{
  for (uint32_t len = 1; len < 40; len++)
    for (uint32_t at = 0; at <= len; at++) {
      char name[48], line[64], usual[64], other[64];
      teardown(state), setup(state);
      memset(name, 'k', len), name[len] = '\0';
      snprintf(line, sizeof line, "x int4 @ %s", name);
      snprintf(usual, sizeof usual, "{\"%s\":1}", name);
      name[at] = 'j', name[len + (at == len)] = '\0';
      snprintf(other, sizeof other, "{\"%s\":2}", name);
      field(line);
      event(usual), event(other), event(usual);
      decode();
      assert_int_equal(b.columns[0]->v.ints[0], 1);
      assert_true(tg_column_is_null(b.columns[0], 1));
      assert_int_equal(b.columns[0]->v.ints[2], 1);
    }
}

static void nonfinite_floats_are_taken_only_where_that_is_asked_for(void **state)
{
  (void)state;
  struct tg_err err;
  field("a float8");
  event("{\"a\":\"NaN\"}");
  event("{\"a\":\"-Infinity\"}");
  event("{\"a\":\"Infinity\"}");
  event("{\"a\":\"inf\"}");
  for (int asked = 0; asked < 2; asked++) {
    struct tg_decoder *d = tg_decoder_new(&topic);
    if (asked) tg_decoder_take_nonfinite(d);
    seal(8);
    assert_int_equal(tg_decoder_run(d, &b, &err), TG_OK);
    for (uint32_t row = 0; row < 4; row++)
      assert_int_equal(b.fates[row], asked && row < 3 ? TG_LOAD : TG_QUARANTINE);
    tg_decoder_free(d);
  }
  assert_true(isnan(b.columns[0]->v.floats[0]));
  assert_true(isinf(b.columns[0]->v.floats[1]) && b.columns[0]->v.floats[1] < 0);
  assert_true(isinf(b.columns[0]->v.floats[2]) && b.columns[0]->v.floats[2] > 0);
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

/* All cells as text; those without a value must be zeros underneath. */
static void show_all(char *out, size_t size)
{
  static const char zeros[16];
  size_t len = 0;
  for (uint32_t f = 0; f < topic.fields_count; f++)
    for (uint32_t row = 0; row < b.rows; row++) {
      const struct tg_column *c = b.columns[f];
      uint32_t width = tg_type_width(c->type);
      const char *cell = (const char *)c->v.any + (size_t)row * width;
      if (tg_type_store(c->type) == TG_STORE_MASK) assert_in_range(c->v.mask[row], 0, TG_TRUE);
      if (c->nul && tg_column_is_null(c, row)) assert_memory_equal(cell, zeros, width);
      len += (size_t)snprintf(out + len, size - len, "%s\n", shown(f, row));
      assert_true(len < size);
    }
}

static void what_memory_held_before_reaches_no_cell(void **state)
{
  (void)state;
  static char seen[2][8192];
  static const char *const lines[] = {
      "b bool", "i int4 default 7", "n numeric(30,2)", "t text",
      "u uuid", "v interval",       "c int8 computed", "k text @ kafka.header.k"};
  for (size_t i = 0; i < LENGTH(lines); i++) field(lines[i]);
  event("{\"b\":true,\"i\":1,\"n\":1.5,\"t\":\"x\",\"v\":\"1 day\","
        "\"u\":\"00000000-0000-0000-0000-000000000001\"}");
  event("{}");
  event("{\"b\":null,\"i\":null,\"n\":null,\"t\":null,\"u\":null,\"v\":null}");
  event("{\"b\":false,\"i\":2,\"n\":\"bad\",\"t\":\"y\"}");
  event("{\"i\":2.5,\"u\":\"bad\",\"v\":\"bad\"}");
  event("{");
  event_text((struct tg_text){NULL, 0});
  event("{\"t\":\"long enough that it stays where the event is\"}");
  for (int i = 0; i < 2; i++) {
    struct tg_arena_mark mark = tg_arena_mark(&arena);
    memset(tg_arena_alloc(&arena, 32 << 10), i ? 0x55 : 0xaa, 32 << 10);
    tg_arena_release(&arena, mark);
    decode();
    show_all(seen[i], sizeof seen[i]);
  }
  assert_string_equal(seen[0], seen[1]);
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
      T(long_text_without_escapes_is_not_copied),
      T(short_texts_lie_side_by_side),
      T(decoder_is_used_again_for_any_order_of_keys),
      T(a_guessed_key_is_told_from_any_other_of_its_length),
      T(nonfinite_floats_are_taken_only_where_that_is_asked_for),
      T(arena_cap_is_reported_as_full),
      T(large_events_are_read_whole),
      T(what_memory_held_before_reaches_no_cell),
      T(an_empty_batch_has_empty_columns),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
