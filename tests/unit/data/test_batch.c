/* Batches: order of rows, segments, the caps, and reasons that survive them. */
#include "core/data/batch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <zlib.h>

static struct tg_arena arena;
static struct tg_batch b;
static const struct tg_topic topic = {.name = {"orders", 6}};

static int setup(void **state)
{
  (void)state;
  tg_arena_init(&arena, 4096, 0);
  return tg_batch_init(&b, &topic, &arena, 100000) == TG_OK ? 0 : -1;
}

static int teardown(void **state)
{
  (void)state;
  tg_arena_fini(&arena);
  return 0;
}

static struct tg_event event(uint32_t slot, int64_t offset, const char *value)
{
  struct tg_event e = {.slot = slot, .partition = (int32_t)slot + 10, .offset = offset};
  e.kafka_us = offset % 2 ? 1000 - offset : 1000 + offset;
  e.value = tg_text(value);
  e.size = e.value.len;
  return e;
}

static void add(uint32_t slot, int64_t offset)
{
  struct tg_event e = event(slot, offset, "{}");
  assert_int_equal(tg_batch_add(&b, &e), TG_OK);
}

static void assert_text(struct tg_text t, const char *s)
{
  if (!tg_text_is(t, s)) fail_msg("'%.*s' is not '%s'", TG_TEXT(t), s);
}

static void event_is_copied_with_its_nulls(void **state)
{
  (void)state;
  char value[] = "{\"a\":1}";
  struct tg_event e = event(0, 5, value);
  e.headers = tg_text("");
  assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  value[0] = 'x';
  assert_text(b.events[0].value, "{\"a\":1}");
  assert_null(b.events[0].key.ptr);
  assert_non_null(b.events[0].headers.ptr);
  assert_int_equal(b.events[0].offset, 5);
}

static void rows_are_grouped_by_slot_in_order_of_offset(void **state)
{
  (void)state;
  static const uint32_t slots[] = {3, 1, 3, 7, 1, 3, 1, 7, 7, 3};
  for (uint32_t i = 0; i < 10; i++) add(slots[i], 100 + i);
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  static const int64_t offsets[] = {101, 104, 106, 100, 102, 105, 109, 103, 107, 108};
  for (uint32_t i = 0; i < 10; i++) assert_int_equal(b.events[i].offset, offsets[i]);
  assert_int_equal(b.segments_count, 3);
  const struct tg_segment *s = &b.segments[1];
  assert_int_equal(s->slot, 3);
  assert_int_equal(s->partition, 13);
  assert_int_equal(s->row, 3);
  assert_int_equal(s->rows, 4);
  assert_int_equal(s->from, 100);
  assert_int_equal(s->to, 110);
  assert_int_equal(s->last_offset, 109);
  assert_int_equal(s->last_us, 1000 - 109);
  assert_int_equal(s->kafka_us_max, 1102);
  assert_false(s->gone);
}

static void runs_of_one_slot_far_apart_are_grouped_too(void **state)
{
  (void)state;
  for (uint32_t i = 0; i < 5000; i++) add(i % 97 * 13, i);
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  assert_int_equal(b.segments_count, 97);
  for (uint32_t i = 1; i < b.rows; i++) {
    assert_true(b.events[i - 1].slot <= b.events[i].slot);
    if (b.events[i - 1].slot == b.events[i].slot)
      assert_true(b.events[i - 1].offset < b.events[i].offset);
  }
}

static void grouped_batch_keeps_its_events_where_they_are(void **state)
{
  (void)state;
  add(9, 1), add(9, 2), add(2, 7);
  const struct tg_event *before = b.events;
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  assert_ptr_equal(b.events, before);
  assert_int_equal(b.segments[0].slot, 9);
  assert_int_equal(b.segments_count, 2);
}

static void segment_ends_in_the_crc_of_its_last_record(void **state)
{
  (void)state;
  struct tg_event e = event(0, 1, "value");
  e.key = tg_text("key");
  assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  e = event(1, 1, "value");
  assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  e = event(2, 1, NULL);
  assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  e = event(3, 1, NULL);
  e.key = tg_text("key");
  assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  assert_int_equal(b.segments[0].last_crc, crc32(0, (const Bytef *)"keyvalue", 8));
  assert_int_equal(b.segments[1].last_crc, crc32(0, (const Bytef *)"value", 5));
  assert_int_equal(b.segments[2].last_crc, 0);
  assert_int_equal(b.segments[3].last_crc, crc32(0, (const Bytef *)"key", 3));
}

static void offsets_that_go_back_are_fatal(void **state)
{
  (void)state;
  add(0, 5), add(1, 1), add(0, 5);
  assert_int_equal(tg_batch_seal(&b), TG_FATAL);
}

static void empty_batch_seals(void **state)
{
  (void)state;
  assert_int_equal(arena.bytes_held, 0);
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  assert_int_equal(b.segments_count, 0);
  uint32_t counts[TG_FATES];
  tg_batch_tally(&b, 0, 0, counts);
  assert_int_equal(counts[TG_LOAD], 0);
}

static void serials_are_unique(void **state)
{
  (void)state;
  struct tg_batch other;
  assert_int_equal(tg_batch_init(&other, &topic, &arena, 1), TG_OK);
  assert_true(other.serial > b.serial);
}

static void full_batch_is_left_unchanged(void **state)
{
  (void)state;
  assert_int_equal(tg_batch_init(&b, &topic, &arena, 2), TG_OK);
  add(0, 1), add(0, 2);
  size_t used = arena.bytes_used;
  struct tg_event e = event(0, 3, "{}");
  assert_int_equal(tg_batch_add(&b, &e), TG_FULL);
  assert_int_equal(b.rows, 2);
  assert_int_equal(arena.bytes_used, used);
}

/* Adds until the arena is full, at every cap: the batch and its bytes stay as they were, and it can
 * be sealed or is told to be full again. */
static void every_byte_cap_leaves_the_batch_unchanged(void **state)
{
  (void)state;
  for (size_t cap = 64; cap < 30000; cap += 61) {
    struct tg_arena tiny;
    struct tg_event e = event(0, 0, "{\"some\":\"value\"}");
    e.key = tg_text("a key"), e.headers = tg_text("no real headers");
    tg_arena_init(&tiny, 128, cap);
    assert_int_equal(tg_batch_init(&b, &topic, &tiny, 100), TG_OK);
    while (tg_batch_add(&b, &e) == TG_OK) e.offset++;
    size_t used = tiny.bytes_used;
    uint32_t rows = b.rows;
    assert_int_equal(tg_batch_add(&b, &e), TG_FULL);
    assert_int_equal(tiny.bytes_used, used);
    assert_int_equal(b.rows, rows);
    for (uint32_t i = 0; i < rows; i++) assert_text(b.events[i].key, "a key");
    enum tg_rc rc = tg_batch_seal(&b);
    if (rc == TG_FULL)
      assert_null(b.fates), assert_int_equal(tiny.bytes_used, used);
    else
      assert_int_equal(b.segments_count, rows > 0);
    tg_arena_fini(&tiny);
  }
}

/* --- issues ------------------------------------------------------------------------------------
 */

static void issue(uint32_t row, enum tg_fate fate, const char *reason)
{
  struct tg_issue i = {
      .fate = fate, .stage = TG_STAGE_RULE, .rule = "r", .reason = tg_text(reason)};
  i.field = tg_text("f");
  tg_batch_issue(&b, row, &i);
}

static void sealed(uint32_t rows)
{
  for (uint32_t i = 0; i < rows; i++) add(0, i);
  assert_int_equal(tg_batch_seal(&b), TG_OK);
}

static void strongest_fate_wins_and_all_reasons_stay(void **state)
{
  (void)state;
  sealed(2);
  issue(0, TG_DROP, "test order");
  issue(0, TG_TAG, "odd");
  assert_int_equal(b.fates[0], TG_DROP);
  issue(0, TG_QUARANTINE, "bad");
  issue(0, TG_LATE, "late");
  assert_int_equal(b.fates[0], TG_QUARANTINE);
  const struct tg_issue *i = b.issues[0];
  assert_text(i->reason, "test order");
  assert_text(i->next->reason, "odd");
  assert_text(i->next->next->reason, "bad");
  assert_text(i->next->next->next->reason, "late");
  assert_null(i->next->next->next->next);
  assert_string_equal(i->rule, "r");
  assert_text(i->field, "f");
  assert_null(b.issues[1]);
  assert_int_equal(b.fates[1], TG_LOAD);
  assert_int_equal(b.issues_count, 4);
  assert_int_equal(b.issues_lost, 0);
}

static uint32_t listed(uint32_t row, enum tg_fate fate)
{
  uint32_t n = 0;
  for (const struct tg_issue *i = b.issues[row]; i; i = i->next) n += i->fate == fate;
  return n;
}

static void row_with_many_issues_keeps_the_one_that_decides(void **state)
{
  (void)state;
  sealed(1);
  for (int i = 0; i < 40; i++) issue(0, TG_TAG, "odd");
  assert_int_equal(listed(0, TG_TAG), TG_ISSUES_PER_ROW_MAX);
  issue(0, TG_QUARANTINE, "bad");
  assert_int_equal(listed(0, TG_QUARANTINE), 1);
  assert_int_equal(listed(0, TG_TAG), TG_ISSUES_PER_ROW_MAX - 1);
  assert_int_equal(b.fates[0], TG_QUARANTINE);
  assert_int_equal(b.issues_count, 41);
  assert_int_equal(b.issues_lost, 25);
}

static void reasons_past_the_byte_cap_are_counted(void **state)
{
  (void)state;
  char reason[900];
  sealed(20000);
  memset(reason, 'x', sizeof reason);
  for (uint32_t row = 0; row < b.rows; row++) {
    int n = snprintf(reason, sizeof reason, "%u", row);
    reason[n] = 'x', reason[sizeof reason - 1] = '\0';
    issue(row, TG_QUARANTINE, reason);
    issue(row, TG_TAG, "more");
  }
  assert_int_equal(b.issues_count, 40000);
  assert_true(b.issues_lost > 30000);
  for (uint32_t row = 0; row < b.rows; row++) {
    assert_int_equal(b.fates[row], TG_QUARANTINE);
    assert_non_null(b.issues[row]);
    assert_int_equal(b.issues[row]->fate, TG_QUARANTINE);
    assert_string_equal(b.issues[row]->rule, "r");
    assert_true(b.issues[row]->reason.len > 20);
  }
  assert_text(b.issues[19999]->reason, "reason left out: this load holds no more of them");
}

static void full_arena_still_leaves_a_reason(void **state)
{
  (void)state;
  struct tg_arena tiny;
  tg_arena_init(&tiny, 1024, 24000);
  assert_int_equal(tg_batch_init(&b, &topic, &tiny, 20), TG_OK);
  sealed(20);
  while (tg_arena_alloc(&tiny, 8)) {}
  issue(3, TG_TAG, "odd");
  issue(3, TG_QUARANTINE, "bad");
  issue(3, TG_TAG, "odd");
  issue(4, TG_DROP, "test order");
  assert_int_equal(b.fates[3], TG_QUARANTINE);
  assert_int_equal(b.issues[3]->fate, TG_QUARANTINE);
  assert_int_equal(b.issues[3]->stage, TG_STAGE_RULE);
  assert_null(b.issues[3]->next);
  assert_int_equal(b.issues[4]->fate, TG_DROP);
  assert_true(b.issues[4]->reason.len > 20);
  assert_int_equal(b.issues_lost, 4);
  tg_arena_fini(&tiny);
}

static void rows_of_one_rule_share_their_reason(void **state)
{
  (void)state;
  sealed(2);
  issue(0, TG_TAG, "the same");
  issue(1, TG_TAG, "the same");
  assert_ptr_equal(b.issues[0]->reason.ptr, b.issues[1]->reason.ptr);
}

static void reason_is_one_clean_line(void **state)
{
  (void)state;
  char text[3000];
  sealed(4);
  issue(0, TG_TAG, "a\nb\xff\xc3\xa4");
  assert_text(b.issues[0]->reason, "a\\x0ab\\xff\\xc3\\xa4");
  issue(1, TG_TAG, "f\xc3\xa4lschlich");
  assert_text(b.issues[1]->reason, "f\xc3\xa4lschlich");
  struct tg_issue nul = {.fate = TG_TAG, .reason = {"a\0b", 3}};
  tg_batch_issue(&b, 2, &nul);
  assert_text(b.issues[2]->reason, "a\\x00b");
  for (uint32_t i = 0; i < sizeof text - 1; i++) text[i] = "\xe2\x82\xac"[i % 3];
  text[sizeof text - 1] = '\0';
  issue(3, TG_TAG, text);
  assert_int_equal(b.issues[3]->reason.len, 1023);
  assert_true(tg_text_utf8(b.issues[3]->reason));
}

static void tally_counts_a_segment(void **state)
{
  (void)state;
  add(0, 1), add(0, 2), add(1, 1), add(1, 2), add(1, 3);
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  issue(0, TG_QUARANTINE, "x"), issue(2, TG_TAG, "x"), issue(4, TG_DROP, "x");
  uint32_t counts[TG_FATES];
  tg_batch_tally(&b, b.segments[1].row, b.segments[1].rows, counts);
  assert_int_equal(counts[TG_LOAD], 1);
  assert_int_equal(counts[TG_TAG], 1);
  assert_int_equal(counts[TG_DROP], 1);
  assert_int_equal(counts[TG_QUARANTINE], 0);
}

/* --- headers -----------------------------------------------------------------------------------
 */

static void headers_are_read_and_broken_ones_end(void **state)
{
  (void)state;
  char packed[64];
  uint32_t len = 0, at = 0, n[] = {1, 3, 1, 0xffffffffu};
  memcpy(packed + len, &n[0], 4), len += 4;
  packed[len++] = 'a';
  memcpy(packed + len, &n[1], 4), len += 4;
  memcpy(packed + len, "xyz", 3), len += 3;
  memcpy(packed + len, &n[2], 4), len += 4;
  packed[len++] = 'b';
  memcpy(packed + len, &n[3], 4), len += 4;
  struct tg_header h;
  struct tg_text all = tg_text_of(packed, len);
  assert_true(tg_headers_next(all, &at, &h));
  assert_text(h.name, "a");
  assert_text(h.value, "xyz");
  assert_true(tg_headers_next(all, &at, &h));
  assert_text(h.name, "b");
  assert_null(h.value.ptr);
  assert_false(tg_headers_next(all, &at, &h));
  for (uint32_t cut = 0; cut < 12; cut++) {
    at = 0;
    assert_false(tg_headers_next(tg_text_of(packed, cut), &at, &h));
  }
  at = 0;
  assert_false(tg_headers_next((struct tg_text){NULL, 0}, &at, &h));
}

static void names_of_fates_and_stages(void **state)
{
  (void)state;
  assert_string_equal(tg_fate_name(TG_QUARANTINE), "quarantine");
  assert_string_equal(tg_stage_name(TG_STAGE_LOAD), "load");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(event_is_copied_with_its_nulls),
      T(rows_are_grouped_by_slot_in_order_of_offset),
      T(runs_of_one_slot_far_apart_are_grouped_too),
      T(grouped_batch_keeps_its_events_where_they_are),
      T(segment_ends_in_the_crc_of_its_last_record),
      T(offsets_that_go_back_are_fatal),
      T(empty_batch_seals),
      T(serials_are_unique),
      T(full_batch_is_left_unchanged),
      T(every_byte_cap_leaves_the_batch_unchanged),
      T(strongest_fate_wins_and_all_reasons_stay),
      T(row_with_many_issues_keeps_the_one_that_decides),
      T(reasons_past_the_byte_cap_are_counted),
      T(full_arena_still_leaves_a_reason),
      T(rows_of_one_rule_share_their_reason),
      T(reason_is_one_clean_line),
      T(tally_counts_a_segment),
      T(headers_are_read_and_broken_ones_end),
      T(names_of_fates_and_stages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
