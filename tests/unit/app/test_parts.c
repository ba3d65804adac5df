/* Partitions of a lane: rewinds go back to what was handed over, and are told by their epoch. */
#include "core/app/parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct tg_topart assigned[] = {{.topic = "orders", .partition = 0},
                                            {.topic = "orders", .partition = 1},
                                            {.topic = "gone", .partition = 0}};

static void start(struct tg_parts *p)
{
  *p = (struct tg_parts){0};
  assert_true(tg_parts_reset(p, assigned, 3));
}

static void an_assignment_starts_unclaimed_under_a_new_epoch(void **state)
{
  (void)state;
  struct tg_parts p;
  struct tg_topart list[3];
  start(&p);
  assert_int_equal(p.count, 3);
  assert_int_equal(p.list[0].state, TG_PART_NEW);
  assert_int_equal(tg_parts_assignment(&p, list), 0);
  uint32_t before = p.epoch;
  assert_true(tg_parts_reset(&p, assigned, 1));
  assert_true(p.epoch > before);
  assert_int_equal(p.count, 1);
  tg_parts_fini(&p);
}

static void a_rewind_goes_back_to_what_was_handed_over(void **state)
{
  (void)state;
  struct tg_parts p;
  start(&p);
  p.list[0] = (struct tg_part){
      .state = TG_PART_READING, .committed = 10, .sealed = 20, .next = 35, .eof = 40, .epoch = 1};
  tg_parts_rewind(&p);
  assert_int_equal(p.list[0].next, 20);
  assert_int_equal(p.list[0].sealed, 20);
  assert_int_equal(p.list[0].eof, -1);
  assert_int_equal(p.list[0].epoch, p.epoch);
  tg_parts_fini(&p);
}

static void the_list_names_what_is_read_and_pauses_what_is_held(void **state)
{
  (void)state;
  struct tg_parts p;
  struct tg_topart list[3];
  start(&p);
  for (int i = 0; i < 3; i++) {
    p.list[i].state = TG_PART_READING;
    p.list[i].next = 100 + i;
    p.list[i].topic_index = i < 2 ? 0 : -1;
  }
  p.list[1].held = true;
  assert_int_equal(tg_parts_assignment(&p, list), 3);
  assert_int_equal(list[0].offset, 100);
  assert_false(list[0].paused);
  assert_true(list[1].paused);
  assert_true(list[2].paused); /* no script reads it */
  p.list[0].state = TG_PART_FENCED;
  assert_int_equal(tg_parts_assignment(&p, list), 2);
  tg_parts_fini(&p);
}

/* Until the seam is passed, whatever is read again begins at its record. */
static void reading_begins_at_the_seam(void **state)
{
  (void)state;
  struct tg_parts p;
  struct tg_topart list[3];
  start(&p);
  for (int i = 0; i < 3; i++) {
    p.list[i].state = TG_PART_READING;
    p.list[i].next = p.list[i].sealed = 100;
  }
  p.list[1].seam.offset = 97;
  tg_parts_rewind(&p);
  assert_int_equal(tg_parts_assignment(&p, list), 3);
  assert_int_equal(list[0].offset, 100);
  assert_int_equal(list[1].offset, 97);
  tg_parts_fini(&p);
}

static void only_claimed_partitions_are_released(void **state)
{
  (void)state;
  const bool claimed[] = {false, true, true, false, true};
  for (int s = TG_PART_NEW; s <= TG_PART_HALTED; s++) {
    struct tg_part p = {.state = (enum tg_part_state)s};
    assert_int_equal(tg_part_claimed(&p), claimed[s]);
  }
}

static void topics_are_found_by_the_kafka_topics_they_read(void **state)
{
  (void)state;
  struct tg_text names[] = {tg_text("orders"), tg_text("orders-eu")};
  struct tg_topic orders = {
      .name = tg_text("orders"), .kafka_topics = names, .kafka_topics_count = 2};
  const struct tg_topic *topics[] = {&orders};
  assert_int_equal(tg_parts_topic(topics, 1, "orders-eu"), 0);
  assert_int_equal(tg_parts_topic(topics, 1, "payments"), -1);
}

static void lag_counts_from_the_last_loaded_record_or_from_the_end(void **state)
{
  (void)state;
  int64_t records, us;
  struct tg_part p = {.committed = 10, .fresh_us = 1000};
  assert_false(tg_part_lag(&p, -1, 5000, &records, &us));
  assert_true(tg_part_lag(&p, 15, 5000, &records, &us));
  assert_int_equal(records, 5);
  assert_int_equal(us, 4000);
  assert_true(tg_part_lag(&p, 15, 6000, &records, &us)); /* nothing was loaded since: it grows */
  assert_int_equal(us, 5000);
  assert_true(tg_part_lag(&p, 10, 7000, &records, &us));
  assert_int_equal(records, 0);
  assert_int_equal(us, 0);
  assert_true(tg_part_lag(&p, 11, 7100, &records, &us)); /* came after a silence */
  assert_int_equal(us, 100);
  p.fresh_us = 9000; /* a producer's clock is ahead */
  assert_true(tg_part_lag(&p, 11, 7100, &records, &us));
  assert_int_equal(us, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_assignment_starts_unclaimed_under_a_new_epoch),
      cmocka_unit_test(a_rewind_goes_back_to_what_was_handed_over),
      cmocka_unit_test(the_list_names_what_is_read_and_pauses_what_is_held),
      cmocka_unit_test(reading_begins_at_the_seam),
      cmocka_unit_test(lag_counts_from_the_last_loaded_record_or_from_the_end),
      cmocka_unit_test(only_claimed_partitions_are_released),
      cmocka_unit_test(topics_are_found_by_the_kafka_topics_they_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
