/* Loads: caps over all topics together, idle topics for nothing, memory that is recycled. */
#include "core/data/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { TOPICS = 50 };

static struct tg_load load;
static struct tg_field fields[] = {{.type = {.kind = TG_INT8}}, {.type = {.kind = TG_TEXT_KIND}}};
static const struct tg_topic topic = {.fields = fields, .fields_count = 2};
static const struct tg_topic *topics[TOPICS];

static int setup(void **state)
{
  (void)state;
  for (int i = 0; i < TOPICS; i++) topics[i] = &topic;
  return tg_load_init(&load, 1000, 1 << 20, NULL) == TG_OK ? 0 : -1;
}

static int teardown(void **state)
{
  (void)state;
  tg_load_fini(&load);
  return 0;
}

static struct tg_event event(int64_t offset, uint32_t size)
{
  static char value[1 << 20];
  memset(value, 'v', size);
  return (struct tg_event){.offset = offset, .size = size, .value = {value, size}};
}

/* Adds events of that size to topic t until the load is full; returns how many went in. */
static uint32_t fill(uint32_t t, uint32_t size, uint32_t most)
{
  uint32_t n = 0;
  for (enum tg_rc rc = TG_OK; n < most; n++) {
    struct tg_event e = event(n, size);
    if ((rc = tg_load_add(&load, t, &e)) != TG_OK) break;
  }
  return n;
}

static void idle_topics_cost_nothing(void **state)
{
  (void)state;
  assert_int_equal(tg_load_open(&load, topics, TOPICS), TG_OK);
  assert_int_equal(load.batches_count, TOPICS);
  assert_int_equal(load.arena.bytes_held, 0);
  assert_int_equal(fill(7, 10, 1), 1);
  assert_null(load.batches[8].events);
  assert_int_equal(load.batches[7].rows, 1);
  assert_true(load.arena.bytes_used < 10000);
}

static void rows_are_capped_over_all_topics(void **state)
{
  (void)state;
  assert_int_equal(tg_load_open(&load, topics, 2), TG_OK);
  assert_int_equal(fill(0, 2, 600), 600);
  assert_int_equal(fill(1, 2, 600), 400);
  assert_int_equal(load.rows, 1000);
  size_t used = load.arena.bytes_used;
  struct tg_event e = event(1, 2);
  assert_int_equal(tg_load_add(&load, 0, &e), TG_FULL);
  assert_int_equal(load.rows, 1000);
  assert_int_equal(load.batches[0].rows, 600);
  assert_int_equal(load.arena.bytes_used, used);
}

/* What a decoder takes: a column per field, and the text once more. */
static bool decodes(struct tg_batch *b)
{
  bool good = true;
  for (uint32_t i = 0; i < b->topic->fields_count; i++)
    good = good && tg_column_new(b->arena, b->topic->fields[i].type, b->rows, true);
  for (uint32_t i = 0; i < b->rows; i++)
    good = good && tg_arena_copy(b->arena, b->events[i].value).ptr;
  return good;
}

static void events_are_refused_while_decoding_them_still_fits(void **state)
{
  (void)state;
  static const uint32_t sizes[] = {1, 100, 900, 3000, 20000};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_int_equal(tg_load_open(&load, topics, 2), TG_OK);
    uint32_t n = fill(0, sizes[i], 100000);
    assert_true(n > 5);
    if (n < load.rows_max) assert_true((size_t)n * sizes[i] > (1 << 20) / 4);
    assert_int_equal(tg_batch_seal(&load.batches[0]), TG_OK);
    assert_true(decodes(&load.batches[0]));
  }
}

static void event_larger_than_the_load_is_full_at_once(void **state)
{
  (void)state;
  assert_int_equal(tg_load_open(&load, topics, 1), TG_OK);
  struct tg_event e = event(0, (1 << 20) - 100);
  assert_int_equal(tg_load_add(&load, 0, &e), TG_FULL);
  assert_int_equal(load.rows, 0);
  assert_int_equal(fill(0, 600000, 5), 1);
}

static void second_load_takes_nothing_from_the_system(void **state)
{
  (void)state;
  size_t held = 0;
  for (int round = 0; round < 4; round++) {
    assert_int_equal(tg_load_open(&load, topics, 3), TG_OK);
    assert_int_equal(load.rows, 0);
    for (uint32_t t = 0; t < 3; t++) assert_int_equal(fill(t, 300, 300), 300);
    for (uint32_t t = 0; t < 3; t++) {
      assert_int_equal(tg_batch_seal(&load.batches[t]), TG_OK);
      assert_true(decodes(&load.batches[t]));
    }
    if (round == 2) held = load.arena.bytes_held;
    if (round == 3) assert_int_equal(load.arena.bytes_held, held);
  }
}

static void array_starts_with_the_size_of_the_load_before(void **state)
{
  (void)state;
  assert_int_equal(tg_load_open(&load, topics, 1), TG_OK);
  assert_int_equal(fill(0, 1, 700), 700);
  assert_int_equal(tg_load_open(&load, topics, 1), TG_OK);
  assert_int_equal(fill(0, 1, 1), 1);
  assert_int_equal(load.batches[0].events_size, 700);
  assert_int_equal(fill(0, 1, 999), 999);
  assert_int_equal(load.rows, 1000);
}

/* Chunks kept from a load of small events must not stand in the way of one large allocation. */
static void full_arena_of_small_chunks_still_gives_a_large_one(void **state)
{
  (void)state;
  assert_int_equal(tg_load_open(&load, topics, 1), TG_OK);
  while (tg_arena_alloc(&load.arena, 100)) {}
  assert_true(load.arena.bytes_held > (1 << 20) - (32 << 10));
  assert_int_equal(tg_load_open(&load, topics, 1), TG_OK);
  assert_int_equal(fill(0, 800000, 1), 1);
  assert_true(load.arena.bytes_held <= 1 << 20);
}

static void topics_may_change_between_loads(void **state)
{
  (void)state;
  assert_int_equal(tg_load_open(&load, topics, 2), TG_OK);
  assert_int_equal(fill(1, 1, 100), 100);
  assert_int_equal(tg_load_open(&load, topics, TOPICS), TG_OK);
  assert_int_equal(fill(TOPICS - 1, 1, 100), 100);
  assert_int_equal(tg_load_open(&load, topics, 0), TG_OK);
  assert_int_equal(load.batches_count, 0);
  assert_int_equal(tg_load_open(&load, topics, 1), TG_OK);
  assert_int_equal(load.batches[0].rows, 0);
}

static void what_rules_remember_is_kept_until_the_load_is_opened_again(void **state)
{
  (void)state;
  static char large[5 << 20];
  char rule[] = "v", bytes[] = "some\0bytes";
  struct tg_load_state row = {.batch = 1, .segment = 2, .base = true, .declared = tg_text("d")},
                       got;
  row.rule = tg_text(rule), row.bytes = tg_text_of(bytes, sizeof bytes);
  size_t at = 0;
  assert_int_equal(tg_load_open(&load, topics, 1), TG_OK);
  assert_false(tg_load_state_next(&load, &at, &got));
  assert_true(tg_load_state_add(&load, &row));
  rule[0] = '?', bytes[0] = '?'; /* a copy was kept */
  row.rule = tg_text("w"), row.base = false, row.bytes = tg_text_of(large, sizeof large);
  assert_true(tg_load_state_add(&load, &row));
  assert_true(tg_load_state_next(&load, &at, &got));
  assert_true(tg_text_is(got.rule, "v") && tg_text_is(got.declared, "d") && got.base);
  assert_true(tg_text_eq(got.bytes, tg_text_of("some\0bytes", 11)));
  assert_int_equal(got.batch, 1);
  assert_int_equal(got.segment, 2);
  assert_true(tg_load_state_next(&load, &at, &got));
  assert_true(tg_text_is(got.rule, "w") && !got.base && got.bytes.len == sizeof large);
  assert_false(tg_load_state_next(&load, &at, &got));
  assert_int_equal(tg_load_open(&load, topics, 1), TG_OK);
  at = 0;
  assert_false(tg_load_state_next(&load, &at, &got));
  assert_int_equal(load.states.size, 0); /* a large base is not held on to */
}

static void events_turn_to_the_topics_of_another_program(void **state)
{
  (void)state;
  static struct tg_field more[] = {
      {.type = {.kind = TG_INT8}}, {.type = {.kind = TG_INT8}}, {.type = {.kind = TG_INT8}}};
  static const struct tg_topic wide = {.fields = more, .fields_count = 3};
  const struct tg_topic *others[TOPICS];
  const uint32_t now[] = {TOPICS - 1, 5, 0};
  for (int i = 0; i < TOPICS; i++) others[i] = &wide;
  assert_int_equal(tg_load_open(&load, topics, 3), TG_OK);
  assert_int_equal(fill(0, 10, 300), 300);
  assert_int_equal(fill(2, 20, 200), 200);
  size_t used = load.arena.bytes_used, later = load.bytes_later;
  assert_int_equal(tg_load_turn(&load, others, TOPICS, now), TG_OK);
  assert_int_equal(load.batches_count, TOPICS);
  assert_int_equal(load.rows, 500);
  assert_int_equal(load.arena.bytes_used, used);
  assert_int_equal(load.batches[TOPICS - 1].rows, 300);
  assert_int_equal(load.batches[0].rows, 200);
  assert_int_equal(load.batches[5].rows, 0);
  assert_ptr_equal(load.batches[0].topic, &wide);
  for (uint32_t i = 0; i < 200; i++) {
    assert_int_equal(load.batches[0].events[i].offset, i);
    assert_int_equal(load.batches[0].events[i].value.len, 20);
  }
  uint32_t old_row = 13 + (8 + 1) + (tg_type_width(fields[1].type) + 1), new_row = 13 + 3 * (8 + 1);
  assert_int_equal(load.bytes_later, later + 500 * ((size_t)new_row - old_row));
  assert_int_equal(fill(0, 20, 600), 500); /* 1,000 rows, as before */
  assert_int_equal(load.batches[0].rows, 700);
  const uint32_t back[TOPICS] = {[0] = 1, [TOPICS - 1] = 0};
  assert_int_equal(tg_load_turn(&load, topics, 2, back), TG_OK);
  assert_int_equal(load.batches[0].rows, 300);
  assert_int_equal(load.batches[1].rows, 700);
  assert_int_equal(load.bytes_later, later + 500 * (old_row + 20));
}

static void caps_of_nothing_are_refused(void **state)
{
  (void)state;
  struct tg_load l;
  struct tg_err err;
  assert_int_equal(tg_load_init(&l, 0, 100, &err), TG_FATAL);
  assert_int_equal(tg_load_init(&l, 100, 0, &err), TG_FATAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(idle_topics_cost_nothing),
      T(rows_are_capped_over_all_topics),
      T(events_are_refused_while_decoding_them_still_fits),
      T(event_larger_than_the_load_is_full_at_once),
      T(second_load_takes_nothing_from_the_system),
      T(array_starts_with_the_size_of_the_load_before),
      T(full_arena_of_small_chunks_still_gives_a_large_one),
      T(topics_may_change_between_loads),
      T(what_rules_remember_is_kept_until_the_load_is_opened_again),
      T(events_turn_to_the_topics_of_another_program),
      T(caps_of_nothing_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
