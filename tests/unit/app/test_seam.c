/* Is this log the one that was loaded? By the ledger's last record, and by first offset and end. */
#include "core/app/seam.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum { NEXT = 45 };

static struct tg_event record(int64_t offset)
{
  return (struct tg_event){
      .offset = offset, .kafka_us = 1700, .key = tg_text("k"), .value = tg_text("value")};
}

/* The ledger's last record is @41; 42 to 44 were invisible. */
static struct tg_seam seam(void)
{
  struct tg_event last = record(41);
  return (struct tg_seam){.offset = 41, .us = 1700, .crc = tg_event_crc(&last)};
}

static void assert_is(struct tg_event e, enum tg_seam_is want)
{
  struct tg_seam s = seam();
  assert_int_equal(tg_seam_record(&s, NEXT, &e), want);
}

static void the_same_record_holds(void **state)
{
  (void)state;
  assert_is(record(41), TG_SEAM_HOLDS);
}

static void another_time_key_or_value_tears(void **state)
{
  (void)state;
  struct tg_event time = record(41), key = record(41), value = record(41), tombstone = record(41);
  time.kafka_us++;
  key.key = tg_text("l");
  value.value = tg_text("valuf");
  tombstone.value = (struct tg_text){NULL, 0};
  assert_is(time, TG_SEAM_TORN);
  assert_is(key, TG_SEAM_TORN);
  assert_is(value, TG_SEAM_TORN);
  assert_is(tombstone, TG_SEAM_TORN);
}

static void a_record_where_none_was_seen_tears(void **state)
{
  (void)state;
  assert_is(record(42), TG_SEAM_TORN);
  assert_is(record(44), TG_SEAM_TORN);
}

static void a_record_behind_the_chain_says_nothing(void **state)
{
  (void)state;
  struct tg_event other = record(45);
  other.value = tg_text("new");
  assert_is(other, TG_SEAM_UNKNOWN);
  assert_is(record(1000), TG_SEAM_UNKNOWN);
}

static void a_record_without_time_is_told_by_its_bytes(void **state)
{
  (void)state;
  struct tg_seam s = seam();
  struct tg_event same = record(41), other = record(41);
  s.us = -1;
  other.value = tg_text("other");
  assert_int_equal(tg_seam_record(&s, NEXT, &same), TG_SEAM_HOLDS);
  assert_int_equal(tg_seam_record(&s, NEXT, &other), TG_SEAM_TORN);
}

/* event_bytes_max was changed: what was cut then is whole now, or the reverse. */
static void what_may_have_been_cut_is_told_by_its_time(void **state)
{
  (void)state;
  char *long_value = calloc(1, TG_CUT_BYTES + 1);
  struct tg_event whole = record(41), cut = record(41), short_one = record(41);
  whole.value = tg_text_of(long_value, TG_CUT_BYTES + 1);
  cut.value = tg_text_of(long_value, TG_CUT_BYTES), cut.oversize = true;
  short_one.value = tg_text_of(long_value, TG_CUT_BYTES);
  assert_is(whole, TG_SEAM_HOLDS);
  assert_is(cut, TG_SEAM_HOLDS);
  assert_is(short_one, TG_SEAM_TORN);
  whole.kafka_us++, cut.kafka_us++;
  assert_is(whole, TG_SEAM_TORN);
  assert_is(cut, TG_SEAM_TORN);
  free(long_value);
}

static void first_offset_and_end_tell_the_rest(void **state)
{
  (void)state;
  assert_int_equal(tg_seam_marks(45, 0, 45), TG_MARKS_GO_ON);  /* nothing new yet */
  assert_int_equal(tg_seam_marks(45, 45, 45), TG_MARKS_GO_ON); /* everything deleted, all loaded */
  assert_int_equal(tg_seam_marks(45, 0, 100), TG_MARKS_GO_ON);
  assert_int_equal(tg_seam_marks(45, 46, 100), TG_MARKS_GAP);
  assert_int_equal(tg_seam_marks(45, 100, 100), TG_MARKS_GAP); /* deleted, and nothing came since */
  assert_int_equal(tg_seam_marks(45, 0, 44), TG_MARKS_TRUNCATED);
  assert_int_equal(tg_seam_marks(45, 0, 0), TG_MARKS_TRUNCATED);
  assert_int_equal(tg_seam_marks(0, 0, 0), TG_MARKS_GO_ON);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_record_holds),
      cmocka_unit_test(another_time_key_or_value_tears),
      cmocka_unit_test(a_record_where_none_was_seen_tears),
      cmocka_unit_test(a_record_behind_the_chain_says_nothing),
      cmocka_unit_test(a_record_without_time_is_told_by_its_bytes),
      cmocka_unit_test(what_may_have_been_cut_is_told_by_its_time),
      cmocka_unit_test(first_offset_and_end_tell_the_rest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
