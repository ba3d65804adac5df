/* The consumer against a mock cluster. An empty group there waits 3 s for members: all owners join
 * before the first test, each in a group of its own, and wait for theirs together. */
#include "world.h"

static struct tg_mock *mock;
static const char *brokers;

/* Topics of 2 partitions with `count` records in each, and owners that the group gives both to. */
static struct joined {
  const char *topic;
  int count;
  struct owner *owner; /* NULL: taken */
} joined[] = {
    {"order", 3000, NULL}, {"full", 4000, NULL},  {"most", 500, NULL},  {"again", 3000, NULL},
    {"pause", 4000, NULL}, {"held", 50, NULL},    {"range", 100, NULL}, {"foreign", 10, NULL},
    {"inside", 0, NULL},   {"share", 1000, NULL}, {"large", 0, NULL},   {"marks", 30, NULL},
    {"ends", 20, NULL},    {"quick", 50, NULL},
};
enum { JOINED = sizeof joined / sizeof *joined };

static int setup(void **state)
{
  (void)state;
  struct tg_err err;
  if (tg_mock_new(&mock, &err) != TG_OK) return -1;
  brokers = tg_mock_brokers(mock);
  for (int i = 0; i < JOINED; i++) {
    struct joined *j = &joined[i];
    if (tg_mock_topic(mock, j->topic, 2, &err) != TG_OK) return -1;
    for (int32_t p = 0; p < 2 && j->count; p++) fill(brokers, j->topic, p, 0, j->count);
    j->owner = owner_new(brokers, j->topic, j->topic);
  }
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  for (int i = 0; i < JOINED; i++)
    if (joined[i].owner) owner_free(joined[i].owner);
  tg_mock_free(mock);
  return 0;
}

/* The topic's owner, now the caller's. */
static struct owner *take(const char *topic)
{
  for (int i = 0; i < JOINED; i++) {
    struct owner *o = joined[i].owner;
    if (!o || strcmp(joined[i].topic, topic) != 0) continue;
    joined[i].owner = NULL;
    return o;
  }
  fail_msg("nobody has joined for %s", topic);
  return NULL;
}

/* It, once both partitions are its own. */
static struct owner *start(const char *topic)
{
  struct owner *o = take(topic);
  POLL_UNTIL(o, o->assigned == 1);
  assert_int_equal(o->parts_count, 2);
  return o;
}

static void records_come_in_order_and_only_after_assign(void **state)
{
  (void)state;
  struct owner *o = start("order");
  for (int i = 0; i < 20; i++) assert_int_equal(tg_consumer_poll(o->c, 20000, 1000, NULL), TG_OK);
  assert_int_equal(o->seen_count, 0);
  assert_int_equal(owner_assign(o, 2, 0), TG_OK);
  POLL_UNTIL(o, o->eof[1] == 3000 && o->eof[2] == 3000);
  assert_int_equal(check_run(o, 1, 0, 0), 3000);
  assert_int_equal(check_run(o, 2, 0, 0), 3000);
  assert_int_equal(o->last.kafka_us, 1700000000000000);
  assert_int_equal(o->last.size, 5);
  assert_null(o->last.key.ptr);
  assert_int_equal(tg_consumer_high(o->c, "order", 0), 3000);
  owner_free(o);
}

static void a_full_owner_loses_and_repeats_nothing(void **state)
{
  (void)state;
  struct owner *o = start("full");
  o->room = 7;
  assert_int_equal(owner_assign(o, 2, 0), TG_OK);
  for (int i = 0; o->eof[1] != 4000 || o->eof[2] != 4000; i++) {
    assert_true(i < 20000);
    assert_int_equal(tg_consumer_poll(o->c, 1000, 500, NULL), TG_OK);
    if (!o->room && i % 3 == 0) o->room = 333;
  }
  assert_true(o->refused > 3);
  assert_int_equal(check_run(o, 1, 0, 0), 4000);
  assert_int_equal(check_run(o, 2, 0, 0), 4000);
  owner_free(o);
}

static void no_poll_delivers_more_than_asked(void **state)
{
  (void)state;
  struct owner *o = start("most");
  assert_int_equal(owner_assign(o, 2, 0), TG_OK);
  while (o->eof[1] != 500 || o->eof[2] != 500) {
    uint32_t before = o->seen_count;
    assert_int_equal(tg_consumer_poll(o->c, 20000, 7, NULL), TG_OK);
    assert_true(o->seen_count - before <= 7);
  }
  assert_int_equal(o->seen_count, 1000);
  owner_free(o);
}

static void an_earlier_offset_is_read_again_from_exactly_there(void **state)
{
  (void)state;
  struct owner *o = start("again");
  assert_int_equal(owner_assign(o, 2, 1000), TG_OK);
  POLL_UNTIL(o, o->seen_count >= 100);
  for (int round = 0; round < 10; round++) {
    uint32_t before = o->seen_count;
    int64_t from = 900 - 50 * round;
    o->room = 400; /* leaves messages in hand */
    assert_int_equal(owner_assign(o, 2, from), TG_OK);
    POLL_UNTIL(o, o->room == 0);
    check_run(o, 1, before, from);
    check_run(o, 2, before, from);
  }
  uint32_t before = o->seen_count;
  o->room = UINT32_MAX, o->eof[1] = o->eof[2] = -1;
  assert_int_equal(owner_assign(o, 2, 2500), TG_OK);
  POLL_UNTIL(o, o->eof[1] == 3000 && o->eof[2] == 3000);
  assert_int_equal(check_run(o, 1, before, 2500), 500);
  assert_int_equal(check_run(o, 2, before, 2500), 500);
  owner_free(o);
}

static void a_paused_consumer_delivers_nothing_and_goes_on_where_it_was(void **state)
{
  (void)state;
  struct owner *o = start("pause");
  assert_int_equal(owner_assign(o, 2, 0), TG_OK);
  POLL_UNTIL(o, o->seen_count >= 500);
  tg_consumer_pause(o->c, true);
  tg_consumer_pause(o->c, true);
  uint32_t before = o->seen_count;
  /* More polls than messages fit in hand: the prefetched ones are given up, too. */
  for (int i = 0; i < 2500; i++) assert_int_equal(tg_consumer_poll(o->c, 0, 1000, NULL), TG_OK);
  assert_int_equal(o->seen_count, before);
  tg_consumer_pause(o->c, false);
  POLL_UNTIL(o, o->eof[1] == 4000 && o->eof[2] == 4000);
  assert_int_equal(check_run(o, 1, 0, 0), 4000);
  assert_int_equal(check_run(o, 2, 0, 0), 4000);
  owner_free(o);
}

static void a_held_partition_stays_silent(void **state)
{
  (void)state;
  struct owner *o = start("held");
  struct tg_topart parts[] = {{"held", 1, 2, 10, false}, {"held", 0, 1, 0, true}};
  assert_int_equal(tg_consumer_assign(o->c, parts, 2, NULL), TG_OK);
  POLL_UNTIL(o, o->eof[2] == 50);
  for (int i = 0; i < 20; i++) assert_int_equal(tg_consumer_poll(o->c, 20000, 1000, NULL), TG_OK);
  assert_int_equal(o->seen_count, 40);
  assert_int_equal(check_run(o, 2, 0, 10), 40);
  assert_int_equal(o->eof[1], -1);
  owner_free(o);
}

static void out_of_range_breaks_the_partition_until_the_next_assign(void **state)
{
  (void)state;
  struct owner *o = start("range");
  struct tg_topart parts[] = {{"range", 0, 1, 5000, false}, {"range", 1, 2, 0, false}};
  assert_int_equal(tg_consumer_assign(o->c, parts, 2, NULL), TG_OK);
  POLL_UNTIL(o, o->broken == 1 && o->eof[2] == 100);
  assert_int_equal(o->err.rc, TG_DATA);
  assert_non_null(strstr(o->err.where, "range[0]@5000"));
  assert_int_equal(check_run(o, 2, 0, 0), 100);
  assert_int_equal(o->seen_count, 100);
  parts[0].offset = 0, parts[1].offset = 100;
  assert_int_equal(tg_consumer_assign(o->c, parts, 2, NULL), TG_OK);
  POLL_UNTIL(o, o->eof[1] == 100);
  assert_int_equal(check_run(o, 1, 0, 0), 100);
  assert_int_equal(o->seen_count, 200);
  assert_int_equal(o->broken, 1);
  owner_free(o);
}

/* librdkafka ends the process when a partition is to stop that is about to stop already. */
static void assignments_may_follow_each_other_at_once(void **state)
{
  (void)state;
  struct owner *o = start("quick");
  for (int round = 0; round < 300; round++) {
    assert_int_equal(owner_assign(o, 2, 0), TG_OK);
    if (round % 3 == 0) assert_int_equal(tg_consumer_poll(o->c, 0, 1, NULL), TG_OK);
  }
  uint32_t before = o->seen_count;
  assert_int_equal(owner_assign(o, 2, 0), TG_OK);
  POLL_UNTIL(o, o->eof[1] == 50 && o->eof[2] == 50);
  assert_int_equal(check_run(o, 1, before, 0), 50);
  assert_int_equal(check_run(o, 2, before, 0), 50);
  owner_free(o);
}

static void what_the_group_did_not_give_is_refused(void **state)
{
  (void)state;
  struct tg_err err;
  struct owner *o = start("foreign");
  struct tg_topart parts[] = {{"foreign", 0, 1, 0, false}, {"foreign", 2, 3, 0, false}};
  assert_int_equal(tg_consumer_assign(o->c, parts, 2, &err), TG_FENCED);
  assert_non_null(strstr(err.where, "foreign[2]"));
  parts[1] = parts[0];
  assert_int_equal(tg_consumer_assign(o->c, parts, 2, &err), TG_CONFIG);
  parts[0].offset = -2;
  assert_int_equal(tg_consumer_assign(o->c, parts, 1, &err), TG_CONFIG);
  for (int i = 0; i < 10; i++) assert_int_equal(tg_consumer_poll(o->c, 20000, 1000, NULL), TG_OK);
  assert_int_equal(o->seen_count, 0);
  owner_free(o);
}

static void assigning_inside_a_callback_is_refused(void **state)
{
  (void)state;
  struct owner *o = take("inside");
  o->try_inside = true;
  POLL_UNTIL(o, o->assigned == 1);
  assert_int_equal(o->assign_inside, TG_AGAIN);
  owner_free(o);
}

static void two_members_share_and_a_close_moves_partitions(void **state)
{
  (void)state;
  struct owner *a = start("share");
  assert_int_equal(owner_assign(a, 2, 0), TG_OK);
  POLL_UNTIL(a, a->seen_count >= 10);
  struct owner *b = owner_new(brokers, "share", "share");
  int64_t until_us = tg_clock_mono_us() + 60 * TG_SEC;
  while (a->parts_count != 1 || b->parts_count != 1) {
    assert_true(tg_clock_mono_us() < until_us);
    assert_int_equal(tg_consumer_poll(a->c, 10000, 1000, NULL), TG_OK);
    assert_int_equal(tg_consumer_poll(b->c, 10000, 1000, NULL), TG_OK);
  }
  assert_true(a->revoked >= 1); /* the group may rebalance more than once while b joins */
  assert_int_equal(a->lost, 0);
  assert_int_not_equal(a->parts[0], b->parts[0]);
  /* The old assignment is dead: nothing of it comes, and it cannot be taken up again. */
  uint32_t before = a->seen_count;
  struct tg_topart theirs = {"share", b->parts[0], 9, 0, false};
  for (int i = 0; i < 10; i++) assert_int_equal(tg_consumer_poll(a->c, 10000, 1000, NULL), TG_OK);
  assert_int_equal(a->seen_count, before);
  assert_int_equal(tg_consumer_assign(a->c, &theirs, 1, NULL), TG_FENCED);
  owner_free(b);
  POLL_UNTIL(a, a->parts_count == 2);
  a->eof[1] = a->eof[2] = -1, before = a->seen_count;
  assert_int_equal(owner_assign(a, 2, 0), TG_OK);
  POLL_UNTIL(a, a->eof[1] == 1000 && a->eof[2] == 1000);
  assert_int_equal(check_run(a, 1, before, 0), 1000);
  assert_int_equal(check_run(a, 2, before, 0), 1000);
  owner_free(a);
}

static void a_large_value_is_cut_and_marked(void **state)
{
  (void)state;
  struct owner *o = start("large");
  struct tg_producer *p;
  struct tg_err err;
  const char *properties[] = {"message.max.bytes", "4000000"};
  enum { SIZE = 3 << 20 };
  char *big = malloc(SIZE);
  memset(big, 'x', SIZE);
  assert_int_equal(tg_producer_new(brokers, properties, 1, &p, &err), TG_OK);
  int64_t deadline_us = tg_clock_mono_us() + 30 * TG_SEC;
  assert_int_equal(tg_producer_send(p,
                                    &(struct tg_record){.topic = "large",
                                                        .partition = 0,
                                                        .key = tg_text("k"),
                                                        .value = tg_text_of(big, SIZE)},
                                    deadline_us, &err),
                   TG_OK);
  assert_int_equal(tg_producer_flush(p, deadline_us, &err), TG_OK);
  tg_producer_free(p);
  free(big);
  assert_int_equal(owner_assign(o, 1, 0), TG_OK);
  POLL_UNTIL(o, o->seen_count == 1);
  assert_true(o->last.oversize);
  assert_int_equal(o->last.size, SIZE);
  assert_int_equal(o->last.value.len, 64 << 10);
  assert_int_equal(o->last.key.len, 1);
  owner_free(o);
}

static void watermarks_and_cluster_are_known(void **state)
{
  (void)state;
  struct tg_err err;
  struct tg_watermarks marks;
  struct tg_topart asked = {.topic = "marks", .partition = 1};
  struct owner *o = start("marks");
  assert_int_equal(tg_consumer_watermarks(o->c, &asked, 5 * TG_SEC, &marks, &err), TG_OK);
  assert_int_equal(marks.low, 0);
  assert_int_equal(marks.high, 30);
  assert_int_equal(tg_consumer_high(o->c, "marks", 7), -1);
  assert_non_null(tg_consumer_cluster(o->c, 5 * TG_SEC));
  struct tg_topart part = {"marks", 0, 1, 3, false};
  tg_consumer_commit(o->c, &part, 1);
  owner_free(o);
}

/* One that does not exist leaves the others their answers. */
static void the_ends_of_many_are_asked_at_once(void **state)
{
  (void)state;
  struct tg_err err;
  struct owner *o = start("ends");
  struct tg_logend ends[] = {{"ends", 1, 7, 7}, {"ends", 9, 7, 7}, {"marks", 0, 7, 7}};
  assert_int_equal(tg_consumer_logends(o->c, ends, 3, 5 * TG_SEC, &err), TG_OK);
  assert_int_equal(ends[0].low, 0);
  assert_int_equal(ends[0].stable, 20);
  assert_int_equal(ends[1].low, -1);
  assert_int_equal(ends[1].stable, -1);
  assert_int_equal(ends[2].low, 0);
  assert_int_equal(ends[2].stable, 30);
  owner_free(o);
}

static void unreachable_brokers_are_told_and_closing_ends(void **state)
{
  (void)state;
  struct owner *o = owner_new("127.0.0.1:1", "nobody", "nothing");
  POLL_UNTIL(o, o->troubles > 0);
  assert_int_equal(o->err.rc, TG_RETRY);
  assert_null(tg_consumer_cluster(o->c, 50 * TG_MS));
  owner_free(o);
}

static void pinned_and_unknown_properties_are_refused(void **state)
{
  (void)state;
  struct tg_err err;
  assert_int_equal(tg_consumer_property("auto.offset.reset", "latest", &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "silently"));
  assert_int_equal(tg_consumer_property("group.id", "x", &err), TG_CONFIG);
  assert_int_equal(tg_consumer_property("session.timeout.ms", "10000", &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "kafka.session_timeout"));
  assert_int_equal(tg_consumer_property("group.instance.id", "x", &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "kafka.instance"));
  assert_int_equal(
      tg_consumer_property("partition.assignment.strategy", "cooperative-sticky", &err), TG_CONFIG);
  assert_int_equal(tg_consumer_property("sasl.pasword", "x", &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "'sasl.password'"));
  assert_int_equal(tg_consumer_property("fetch.max.byte", "x", &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "'fetch.max.bytes'"));
  assert_int_equal(tg_consumer_property("fetch.max.bytes", "many", &err), TG_CONFIG);
  assert_int_equal(tg_consumer_property("security.protocol", "sasl_ssl", &err), TG_OK);
  assert_int_equal(tg_consumer_property("debug", "consumer", &err), TG_OK);
}

static void risks_of_the_linked_version_are_told(void **state)
{
  (void)state;
  const char *const *risks = tg_consumer_risks();
  assert_non_null(risks[0]);
  assert_non_null(tg_consumer_version());
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_come_in_order_and_only_after_assign),
      cmocka_unit_test(a_full_owner_loses_and_repeats_nothing),
      cmocka_unit_test(no_poll_delivers_more_than_asked),
      cmocka_unit_test(an_earlier_offset_is_read_again_from_exactly_there),
      cmocka_unit_test(a_paused_consumer_delivers_nothing_and_goes_on_where_it_was),
      cmocka_unit_test(a_held_partition_stays_silent),
      cmocka_unit_test(out_of_range_breaks_the_partition_until_the_next_assign),
      cmocka_unit_test(what_the_group_did_not_give_is_refused),
      cmocka_unit_test(assignments_may_follow_each_other_at_once),
      cmocka_unit_test(assigning_inside_a_callback_is_refused),
      cmocka_unit_test(two_members_share_and_a_close_moves_partitions),
      cmocka_unit_test(a_large_value_is_cut_and_marked),
      cmocka_unit_test(watermarks_and_cluster_are_known),
      cmocka_unit_test(the_ends_of_many_are_asked_at_once),
      cmocka_unit_test(unreachable_brokers_are_told_and_closing_ends),
      cmocka_unit_test(pinned_and_unknown_properties_are_refused),
      cmocka_unit_test(risks_of_the_linked_version_are_told),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
