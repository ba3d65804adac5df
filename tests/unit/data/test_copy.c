/* COPY BINARY, byte by byte, against the facts of PostgreSQL's manual and *_send functions. */
#include "core/data/copy.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { ROWS = 4 };

static struct tg_arena arena;
static struct tg_buf out;
static struct tg_batch b;
static struct tg_topic topic;
static struct tg_field fields[4];
static struct tg_column *columns[4];

/* Rows 0..3: offsets 100, 101 of partition id 7, offsets 5, 6 of partition id 8. */
static int setup(void **state)
{
  (void)state;
  tg_arena_init(&arena, 1 << 16, 0);
  tg_buf_init(&out, 0);
  topic = (struct tg_topic){.fields = fields};
  assert_int_equal(tg_batch_init(&b, &topic, &arena, ROWS), TG_OK);
  for (uint32_t i = 0; i < ROWS; i++) {
    struct tg_event e = {.slot = i / 2, .offset = i < 2 ? 100 + i : 3 + i};
    assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  }
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  b.segments[0].partition_id = 7, b.segments[1].partition_id = 8;
  b.columns = columns;
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  tg_buf_fini(&out);
  tg_arena_fini(&arena);
  return 0;
}

static struct tg_column *field(const char *name, const char *type)
{
  struct tg_field *f = &fields[topic.fields_count];
  *f = (struct tg_field){.name = tg_text(name)};
  assert_int_equal(tg_type_parse(tg_text(type), &f->type, NULL), TG_OK);
  return columns[topic.fields_count++] = tg_column_new(&arena, f->type, ROWS, true);
}

static void assert_hex(const char *hex)
{
  char seen[2000] = "";
  assert_true(out.len < sizeof seen / 2);
  for (size_t i = 0; i < out.len; i++) snprintf(seen + i * 2, 3, "%02x", (unsigned char)out.ptr[i]);
  assert_string_equal(seen, hex);
}

static uint64_t copy(uint32_t row, uint32_t count)
{
  struct tg_copy_span span = {.row = row, .end = row + count};
  tg_copy_rows(&b, &span, SIZE_MAX, &out);
  assert_int_equal(span.row, row + count);
  assert_false(out.failed);
  return span.written;
}

/* One column, row 0 only: the field behind the field count. */
static void assert_field(const char *hex)
{
  char expected[500];
  tg_buf_clear(&out);
  assert_int_equal(copy(0, 1), 1);
  snprintf(expected, sizeof expected, "0001%s", hex);
  assert_hex(expected);
  topic.fields_count = 0;
}

static void header_and_trailer(void **state)
{
  (void)state;
  tg_copy_header(&out);
  assert_hex("5047434f50590aff0d0a00"
             "00000000"
             "00000000");
  tg_buf_clear(&out);
  tg_copy_trailer(&out);
  assert_hex("ffff");
}

static void int_field(const char *type, int64_t v, const char *hex)
{
  field("x", type)->v.ints[0] = v;
  assert_field(hex);
}

static void integers(void **state)
{
  (void)state;
  int_field("int2", -32768, "000000028000");
  int_field("int4", INT32_MIN, "0000000480000000");
  int_field("int4", 258, "0000000400000102");
  int_field("int8", INT64_MAX, "000000087fffffffffffffff");
  int_field("int8", -1, "00000008ffffffffffffffff");
}

static void times_count_from_2000(void **state)
{
  (void)state;
  int_field("timestamptz", 1767225600000000, "000000080002ea470ae86000");
  int_field("timestamp", 946684800000000, "000000080000000000000000");
  int_field("timestamptz", 946684799999999, "00000008ffffffffffffffff");
  int_field("date", 10957, "0000000400000000");
  int_field("date", 0, "00000004ffffd533");
  int_field("time", 86399999999, "00000008000000141dd75fff");
}

static void numerics(void **state)
{
  (void)state;
  int_field("numeric(12,3)", 12345678, "0000000e0003000100000003000109291a7c");
  int_field("numeric(12,2)", -5, "0000000a0001ffff4000000201f4");
  int_field("numeric(12,2)", 0, "000000080000000000000002");
  field("x", "numeric")->v.texts[0] = tg_text("12345.678");
  assert_field("0000000e0003000100000003000109291a7c");
  field("x", "numeric(38,2)")->v.texts[0] = tg_text("-0.05");
  assert_field("0000000a0001ffff4000000201f4");
}

static void floats(void **state)
{
  (void)state;
  static const struct {
    const char *type;
    double v;
    const char *hex;
  } cases[] = {
      {"real", 1.5, "000000043fc00000"},
      {"real", INFINITY, "000000047f800000"},
      {"float8", 1.5, "000000083ff8000000000000"},
      {"float8", -0.0, "000000088000000000000000"},
      {"float8", -INFINITY, "00000008fff0000000000000"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    field("x", cases[i].type)->v.floats[0] = cases[i].v;
    assert_field(cases[i].hex);
  }
}

static void booleans(void **state)
{
  (void)state;
  field("x", "bool")->v.mask[0] = TG_TRUE;
  assert_field("0000000101");
  field("x", "bool")->v.mask[0] = TG_FALSE;
  assert_field("0000000100");
  field("x", "bool")->v.mask[0] = TG_UNKNOWN;
  assert_field("ffffffff");
}

static void texts(void **state)
{
  (void)state;
  static const struct {
    const char *type, *text, *hex;
  } cases[] = {
      {"text", "a\xc3\xa4", "0000000361c3a4"}, {"varchar(3)", "", "00000000"},
      {"json", "{}", "000000027b7d"},          {"jsonb", "{}", "00000003017b7d"},
      {"bytea", "\\x", "000000025c78"},        {"text[]", "payload", "000000077061796c6f6164"},
      {"inet", "\x02 ", "000000020220"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    field("x", cases[i].type)->v.texts[0] = tg_text(cases[i].text);
    assert_field(cases[i].hex);
  }
}

static void uuid_and_interval(void **state)
{
  (void)state;
  struct tg_column *c = field("x", "uuid");
  for (uint8_t i = 0; i < 16; i++) c->v.uuids[0].bytes[i] = i;
  assert_field("00000010000102030405060708090a0b0c0d0e0f");
  field("x", "interval")->v.spans[0] = (struct tg_span){.us = -1, .days = 2, .months = -3};
  assert_field("00000010ffffffffffffffff00000002fffffffd");
}

static void nulls_and_faults_have_no_bytes(void **state)
{
  (void)state;
  static const char *const types[] = {"int8", "text", "jsonb", "numeric", "numeric(5,1)", "uuid"};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    field("x", types[i])->nul[0] = i % 2 ? TG_NULL : TG_CAST;
    assert_field("ffffffff");
  }
  field("x", "int8");
  columns[0] = NULL;
  assert_field("ffffffff");
}

static void unstored_fields_stay_out(void **state)
{
  (void)state;
  field("a", "int2")->v.ints[0] = 1;
  field("b", "int2"), fields[1].unstored = true;
  field("c", "int2")->v.ints[0] = 3;
  copy(0, 1);
  assert_hex("0002"
             "000000020001"
             "000000020003");
}

static void provenance_names_the_event(void **state)
{
  (void)state;
  topic.provenance = true;
  field("a", "int2");
  assert_int_equal(copy(1, 2), 2);
  assert_hex("0004"
             "000000020000"
             "0000000400000007"
             "000000080000000000000065"
             "ffffffff"
             "0004"
             "000000020000"
             "0000000400000008"
             "000000080000000000000005"
             "ffffffff");
}

static void issue(uint32_t row, enum tg_fate fate, const char *rule, const char *reason)
{
  struct tg_issue i = {.fate = fate, .rule = rule, .reason = tg_text(reason)};
  tg_batch_issue(&b, row, &i);
}

static void tags_become_a_text_array(void **state)
{
  (void)state;
  topic.provenance = true;
  issue(0, TG_TAG, "r", "odd");
  issue(0, TG_LOAD, "q", "no tag");
  issue(0, TG_TAG, NULL, "z");
  copy(0, 1);
  assert_hex("0003"
             "0000000400000007"
             "000000080000000000000064"
             "00000023"
             "00000001"
             "00000000"
             "00000019"
             "00000002"
             "00000001"
             "00000006"
             "723a206f6464"
             "00000001"
             "7a");
}

static void only_rows_to_load_are_written(void **state)
{
  (void)state;
  field("a", "int2");
  for (int i = 0; i < ROWS; i++) columns[0]->v.ints[i] = i;
  issue(0, TG_QUARANTINE, "r", "bad");
  issue(2, TG_TAG, "r", "odd");
  issue(3, TG_DROP, "r", "test");
  assert_int_equal(copy(0, 4), 2);
  assert_hex("0001"
             "000000020001"
             "0001"
             "000000020002");
}

static void gone_segments_are_left_out(void **state)
{
  (void)state;
  field("a", "int2");
  for (int i = 0; i < ROWS; i++) columns[0]->v.ints[i] = i;
  b.segments[0].gone = true;
  assert_int_equal(copy(0, 4), 2);
  assert_hex("0001"
             "000000020002"
             "0001"
             "000000020003");
  tg_buf_clear(&out);
  b.segments[1].gone = true;
  assert_int_equal(copy(1, 3), 0);
  assert_int_equal(out.len, 0);
}

static void pieces_join_to_the_whole(void **state)
{
  (void)state;
  topic.provenance = true;
  struct tg_column *c = field("a", "text");
  for (int i = 0; i < ROWS; i++) c->v.texts[i] = tg_text("some text of a row");
  issue(1, TG_TAG, "rule", "reason");
  assert_int_equal(copy(0, ROWS), ROWS);
  for (size_t piece = 1; piece < out.len + 10; piece += 7) {
    struct tg_buf one, all;
    struct tg_copy_span span = {.end = ROWS};
    tg_buf_init(&one, 0), tg_buf_init(&all, 0);
    while (span.row < ROWS) {
      tg_buf_clear(&one);
      tg_copy_rows(&b, &span, piece, &one);
      tg_buf_text(&all, tg_buf_view(&one));
    }
    assert_int_equal(span.written, ROWS);
    assert_int_equal(all.len, out.len);
    assert_memory_equal(all.ptr, out.ptr, out.len);
    tg_buf_fini(&one), tg_buf_fini(&all);
  }
}

static void full_buffer_ends_with_a_whole_row(void **state)
{
  (void)state;
  topic.provenance = true;
  field("a", "text");
  for (int i = 0; i < ROWS; i++) columns[0]->v.texts[i] = tg_text("some text of a row");
  issue(1, TG_TAG, "rule", "reason");
  copy(0, ROWS);
  for (size_t cap = 0; cap < out.len + 200; cap++) {
    struct tg_buf small;
    struct tg_copy_span span = {.end = ROWS};
    tg_buf_init(&small, cap + 1);
    tg_copy_rows(&b, &span, SIZE_MAX, &small);
    assert_int_equal(span.row, span.written);
    assert_int_equal(small.failed, span.row < ROWS);
    assert_true(small.len <= out.len);
    assert_memory_equal(small.ptr ? small.ptr : "", out.ptr, small.len);
    tg_buf_fini(&small);
  }
}

static void column_list_is_quoted(void **state)
{
  (void)state;
  field("a", "text"), field("hidden", "text"), fields[1].unstored = true;
  field("B\"x", "text");
  tg_copy_columns(&topic, &out);
  assert_string_equal(tg_buf_cstr(&out), "\"a\", \"B\"\"x\"");
  topic.provenance = true;
  tg_buf_clear(&out);
  tg_copy_columns(&topic, &out);
  assert_string_equal(tg_buf_cstr(&out), "\"a\", \"B\"\"x\", \"_part\", \"_offset\", \"_issues\"");
}

static void single_fields(void **state)
{
  (void)state;
  tg_copy_fields(&out, 7);
  tg_copy_int4(&out, 1);
  tg_copy_int8(&out, -1);
  tg_copy_null(&out);
  tg_copy_bytes(&out, tg_text("ab"));
  tg_copy_bytes(&out, tg_text(""));
  tg_copy_bytes(&out, (struct tg_text){NULL, 0});
  tg_copy_timestamptz(&out, 946684800000001);
  tg_copy_jsonb(&out, tg_text("1"));
  tg_copy_jsonb(&out, (struct tg_text){NULL, 0});
  assert_hex("0007"
             "0000000400000001"
             "00000008ffffffffffffffff"
             "ffffffff"
             "000000026162"
             "00000000"
             "ffffffff"
             "000000080000000000000001"
             "000000020131"
             "ffffffff");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(header_and_trailer),
      T(integers),
      T(times_count_from_2000),
      T(numerics),
      T(floats),
      T(booleans),
      T(texts),
      T(uuid_and_interval),
      T(nulls_and_faults_have_no_bytes),
      T(unstored_fields_stay_out),
      T(provenance_names_the_event),
      T(tags_become_a_text_array),
      T(only_rows_to_load_are_written),
      T(gone_segments_are_left_out),
      T(pieces_join_to_the_whole),
      T(full_buffer_ends_with_a_whole_row),
      T(column_list_is_quoted),
      T(single_fields),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
