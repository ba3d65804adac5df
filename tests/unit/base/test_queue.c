/* The queue: order, bounds, deadlines, closing; and many items between threads. */
#include "core/base/queue.h"

#include "core/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct tg_queue queue;

static int open_queue(void **state)
{
  (void)state;
  return tg_queue_init(&queue, 3) ? 0 : -1;
}

static int close_queue(void **state)
{
  (void)state;
  tg_queue_fini(&queue);
  return 0;
}

static void items_come_out_in_order_around_the_ring(void **state)
{
  (void)state;
  int items[20];
  for (int i = 0, out = 0; i < 20; i++) {
    assert_true(tg_queue_push(&queue, &items[i], 0));
    if (i % 3 == 0) continue; /* sometimes two are inside, sometimes three */
    while (tg_queue_count(&queue) > 1) assert_ptr_equal(tg_queue_pop(&queue, 0), &items[out++]);
  }
}

static void a_full_queue_refuses_and_keeps_its_items(void **state)
{
  (void)state;
  int items[4];
  for (int i = 0; i < 3; i++) assert_true(tg_queue_push(&queue, &items[i], 0));
  assert_false(tg_queue_push(&queue, &items[3], 0));
  assert_false(tg_queue_push(&queue, &items[3], tg_clock_mono_us() + TG_MS));
  assert_int_equal(tg_queue_count(&queue), 3);
  for (int i = 0; i < 3; i++) assert_ptr_equal(tg_queue_pop(&queue, 0), &items[i]);
}

static void an_empty_queue_gives_nothing_at_the_deadline(void **state)
{
  (void)state;
  int64_t start_us = tg_clock_mono_us();
  assert_null(tg_queue_pop(&queue, 0));
  assert_null(tg_queue_pop(&queue, start_us + 20 * TG_MS));
  assert_true(tg_clock_mono_us() - start_us >= 20 * TG_MS);
}

static void a_closed_queue_is_drained_and_takes_no_more(void **state)
{
  (void)state;
  int item;
  assert_true(tg_queue_push(&queue, &item, 0));
  assert_false(tg_queue_closed(&queue));
  tg_queue_close(&queue);
  assert_true(tg_queue_closed(&queue));
  assert_false(tg_queue_push(&queue, &item, INT64_MAX));
  assert_ptr_equal(tg_queue_pop(&queue, INT64_MAX), &item);
  assert_null(tg_queue_pop(&queue, INT64_MAX));
}

static void *pop_for_ever(void *out)
{
  *(void **)out = tg_queue_pop(&queue, INT64_MAX);
  return NULL;
}

static void closing_wakes_whoever_waits(void **state)
{
  (void)state;
  pthread_t thread;
  void *got = &thread;
  assert_int_equal(pthread_create(&thread, NULL, pop_for_ever, &got), 0);
  tg_queue_close(&queue);
  pthread_join(thread, NULL);
  assert_null(got);
}

enum { PRODUCERS = 3, EACH = 20000 };

static void *produce(void *items)
{
  for (int i = 0; i < EACH; i++)
    if (!tg_queue_push(&queue, (int *)items + i, INT64_MAX)) return items;
  return NULL;
}

static void nothing_is_lost_doubled_or_overtaken_between_threads(void **state)
{
  (void)state;
  static int items[PRODUCERS][EACH], next[PRODUCERS];
  pthread_t threads[PRODUCERS];
  for (int p = 0; p < PRODUCERS; p++)
    assert_int_equal(pthread_create(&threads[p], NULL, produce, items[p]), 0);
  for (int n = 0; n < PRODUCERS * EACH; n++) {
    int *item = tg_queue_pop(&queue, tg_clock_mono_us() + 30 * TG_SEC);
    assert_non_null(item);
    int p = (int)((item - items[0]) / EACH);
    assert_ptr_equal(item, &items[p][next[p]]);
    next[p]++;
  }
  for (int p = 0; p < PRODUCERS; p++) {
    void *failed;
    pthread_join(threads[p], &failed);
    assert_null(failed);
    assert_int_equal(next[p], EACH);
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_queue, close_queue)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(items_come_out_in_order_around_the_ring),
      TEST(a_full_queue_refuses_and_keeps_its_items),
      TEST(an_empty_queue_gives_nothing_at_the_deadline),
      TEST(a_closed_queue_is_drained_and_takes_no_more),
      TEST(closing_wakes_whoever_waits),
      TEST(nothing_is_lost_doubled_or_overtaken_between_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
