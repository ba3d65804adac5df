/* Samples: the newest events of each topic, within their bytes, each once. */
#include "core/app/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct world {
  struct tg_samples *samples;
  struct tg_arena arena, out;
  struct tg_batch b;
  uint32_t slots; /* of the loads */
};

static const struct tg_topic orders = {.name = {"orders", 6}}, other = {.name = {"other", 5}};
static char big[1 << 20];

static int setup(void **state)
{
  struct world *w = calloc(1, sizeof *w);
  w->samples = tg_samples_new();
  w->slots = 1;
  tg_arena_init(&w->arena, 1 << 16, 0);
  tg_arena_init(&w->out, 1 << 16, 0);
  memset(big, 'x', sizeof big);
  *state = w;
  return w->samples ? 0 : -1;
}

static int teardown(void **state)
{
  struct world *w = *state;
  tg_samples_free(w->samples);
  tg_arena_fini(&w->arena);
  tg_arena_fini(&w->out);
  free(w);
  return 0;
}

/* A load of the topic: of each slot the offsets from .. to - 1, values of `size` letters. */
static void keep(struct world *w, const struct tg_topic *topic, int64_t from, int64_t to,
                 size_t size)
{
  struct tg_batch b;
  tg_arena_reset(&w->arena, 0);
  assert_int_equal(tg_batch_init(&b, topic, &w->arena, 100000), TG_OK);
  for (uint32_t s = 0; s < w->slots; s++)
    for (int64_t o = from; o < to; o++) {
      struct tg_event e = {.slot = s, .partition = (int32_t)s + 10, .offset = o, .kafka_us = o};
      e.value = tg_text_of(big, size), e.key = tg_text("k"), e.size = (uint32_t)size;
      assert_int_equal(tg_batch_add(&b, &e), TG_OK);
    }
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  tg_samples_keep(w->samples, &b);
}

static const struct tg_batch *fill(struct world *w, const struct tg_topic *topic, uint32_t rows)
{
  tg_arena_reset(&w->out, 0);
  assert_int_equal(tg_batch_init(&w->b, topic, &w->out, TG_SAMPLES_EVENTS), TG_OK);
  assert_int_equal(tg_samples_fill(w->samples, topic->name, rows, &w->b), TG_OK);
  return &w->b;
}

static void an_event_comes_back_as_it_was(void **state)
{
  struct world *w = *state;
  struct tg_batch b;
  struct tg_event e = {.partition = 3, .offset = 7, .kafka_us = 99, .size = 4};
  e.value = tg_text("body"), e.headers = tg_text("h");
  assert_int_equal(tg_batch_init(&b, &orders, &w->arena, 10), TG_OK);
  assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  e.offset = 8, e.value = (struct tg_text){NULL, 0}, e.key = tg_text("");
  assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  e.offset = 9, e.oversize = true;
  assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  tg_samples_keep(w->samples, &b);
  const struct tg_batch *got = fill(w, &orders, 10);
  assert_int_equal(got->rows, 2);
  assert_true(tg_text_is(got->events[0].value, "body"));
  assert_true(tg_text_is(got->events[0].headers, "h"));
  assert_null(got->events[0].key.ptr);
  assert_int_equal(got->events[0].kafka_us, 99);
  assert_int_equal(got->events[0].partition, 3);
  assert_null(got->events[1].value.ptr);
  assert_non_null(got->events[1].key.ptr);
  assert_int_equal(got->events[1].key.len, 0);
}

static void the_newest_are_kept(void **state)
{
  struct world *w = *state;
  for (int64_t from = 0; from < 5000; from += 100) keep(w, &orders, from, from + 100, 20);
  assert_int_equal(tg_samples_count(w->samples, orders.name), TG_SAMPLES_EVENTS);
  const struct tg_batch *got = fill(w, &orders, TG_SAMPLES_EVENTS);
  assert_int_equal(got->rows, TG_SAMPLES_EVENTS);
  assert_int_equal(got->events[0].offset, 4000);
  assert_int_equal(got->events[got->rows - 1].offset, 4999);
  assert_int_equal(fill(w, &orders, 10)->events[0].offset, 4990);
}

static void of_a_large_load_each_partition_has_its_part(void **state)
{
  struct world *w = *state;
  w->slots = 4;
  keep(w, &orders, 0, 2500, 20);
  const struct tg_batch *got = fill(w, &orders, TG_SAMPLES_EVENTS);
  assert_int_equal(got->rows, 1000);
  assert_int_equal(got->segments_count, 4);
  for (uint32_t i = 0; i < 4; i++) {
    assert_int_equal(got->segments[i].rows, 250);
    assert_int_equal(got->segments[i].to, 2500);
  }
}

static void an_event_that_came_twice_is_there_once(void **state)
{
  struct world *w = *state;
  w->slots = 2;
  keep(w, &orders, 50, 100, 20);
  keep(w, &orders, 0, 80, 20); /* read again from further back */
  const struct tg_batch *got = fill(w, &orders, TG_SAMPLES_EVENTS);
  assert_int_equal(got->rows, 200);
  assert_int_equal(got->segments[1].from, 0);
  assert_int_equal(got->segments[1].to, 100);
}

static void all_topics_keep_to_their_bytes(void **state)
{
  struct world *w = *state;
  for (int64_t o = 0; o < 20; o++) keep(w, &orders, o, o + 1, 500000);
  uint32_t alone = tg_samples_count(w->samples, orders.name);
  assert_in_range(alone, 4, TG_SAMPLES_BYTES / 500000);
  assert_int_equal(fill(w, &orders, 100)->events[alone - 1].offset, 19);
  keep(w, &other, 0, 3, 500000);
  for (int64_t o = 20; o < 40; o++) keep(w, &orders, o, o + 1, 500000);
  uint32_t both =
      tg_samples_count(w->samples, orders.name) + tg_samples_count(w->samples, other.name);
  assert_in_range(both, 4, TG_SAMPLES_BYTES / 500000);
  keep(w, &orders, 50, 51, TG_SAMPLES_BYTES / 4); /* larger than all its room */
  assert_int_equal(fill(w, &orders, 100)->events[0].offset < 50, true);
}

static bool is_other(void *self, const char *topic)
{
  (void)self;
  return strcmp(topic, "other") == 0;
}

static void a_topic_that_is_gone_is_forgotten(void **state)
{
  struct world *w = *state;
  keep(w, &orders, 0, 5, 20);
  keep(w, &other, 0, 5, 20);
  tg_samples_forget(w->samples, is_other, NULL);
  assert_int_equal(tg_samples_count(w->samples, orders.name), 0);
  assert_int_equal(tg_samples_count(w->samples, other.name), 5);
  assert_int_equal(fill(w, &orders, 10)->rows, 0);
  keep(w, &orders, 0, 5, 20);
  assert_int_equal(tg_samples_count(w->samples, orders.name), 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(an_event_comes_back_as_it_was),
      TEST(the_newest_are_kept),
      TEST(of_a_large_load_each_partition_has_its_part),
      TEST(an_event_that_came_twice_is_there_once),
      TEST(all_topics_keep_to_their_bytes),
      TEST(a_topic_that_is_gone_is_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
