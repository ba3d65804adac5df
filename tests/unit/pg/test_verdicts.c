/* What rules said, written with the load, against a real server. */
#include "core/data/verdict.h"
#include "core/pg/attempt.h" /* before loads.h, which has owners called a and b */
#include "tests/unit/pg/loads.h"

static const struct tg_verdict_note failed = {.rule = "between(amount)",
                                              .version = "2",
                                              .verdict = "fail",
                                              .level = "warn",
                                              .evaluated = 4,
                                              .skipped = 1,
                                              .failed = 3};

static void load_noted(const struct tg_verdict_note *notes, uint32_t count)
{
  load_open(&a);
  load_fill(&a, 0, 0, 2, 2);
  load_ready(&a);
  a.load.batches[0].verdicts = notes, a.load.batches[0].verdicts_count = count;
}

static const char *count_of(void)
{
  return server_value(a.pg, "SELECT count(*) FROM tidegate.verdict");
}

static void verdicts_commit_with_their_load(void **state)
{
  (void)state;
  load_noted(&failed, 1);
  load_must(&a);
  assert_string_equal(
      server_value(a.pg, "SELECT pipeline || ' ' || generation || ' ' || at || ' ' || topic || ' '"
                         " || rule || ' ' || version || ' ' || verdict || ' ' || level || ' ' ||"
                         " shadow || ' ' || evaluated || ' ' || skipped || ' ' || failed"
                         " FROM tidegate.verdict WHERE seen IS NULL AND error IS NULL"),
      "shop f00d 2023-11-14 22:13:20.000001+00 orders between(amount) 2 fail warn false 4 1 3");
  assert_string_equal(
      server_value(a.pg, "SELECT count(*) FROM tidegate.verdict v, jsonb_array_elements(v.ranges) r"
                         " JOIN tidegate.segment s ON s.partition_id = (r->>'partition_id')::int"
                         " AND s.from_offset = (r->>'from')::bigint"
                         " AND s.to_offset = (r->>'to')::bigint"),
      "2");
}

static void load_without_verdicts_writes_none(void **state)
{
  (void)state;
  load_noted(NULL, 0);
  load_must(&a);
  assert_string_equal(count_of(), "0");
}

static void hostile_texts_do_not_stop_a_load(void **state)
{
  (void)state;
  const struct tg_verdict_note notes[] = {
      {.rule = "'); DROP TABLE orders; --",
       .verdict = "fail",
       .level = "none",
       .shadow = true,
       .evaluated = UINT32_MAX,
       .seen = "{\"observed\":\"a\\u0000b\\\\u0000\\\"\",\"max\":1.7976931348623157e+308}",
       .error = "scripts/orders.lua:1: \xff\x01 '\\"},
  };
  load_noted(notes, 1);
  load_must(&a);
  assert_string_equal(server_value(a.pg, "SELECT rule FROM tidegate.verdict"), notes[0].rule);
  assert_string_equal(server_value(a.pg, "SELECT seen->>'observed' FROM tidegate.verdict"),
                      "a\xef\xbf\xbd"
                      "b\\u0000\"");
  assert_string_equal(
      server_value(a.pg, "SELECT (error LIKE 'scripts/orders.lua:1:%''\\\\')::text || shadow"
                         " || evaluated FROM tidegate.verdict"),
      "truetrue4294967295");
}

static void what_leaves_the_load_takes_its_verdicts_along(void **state)
{
  (void)state;
  load_noted(&failed, 1);
  a.load.batches[0].held = true;
  load_must(&a);
  assert_string_equal(count_of(), "0");
  load_noted(&failed, 1);
  for (uint32_t i = 0; i < a.load.batches[0].segments_count; i++)
    a.load.batches[0].segments[i].gone = true;
  load_must(&a);
  assert_string_equal(count_of(), "0");
}

static void one_load_writes_so_many_and_no_more(void **state)
{
  (void)state;
  static struct tg_verdict_note notes[TG_VERDICTS_MAX + 5];
  char expected[16];
  for (int i = 0; i < TG_VERDICTS_MAX + 5; i++) notes[i] = failed;
  load_noted(notes, TG_VERDICTS_MAX + 5);
  load_must(&a);
  snprintf(expected, sizeof expected, "%d", TG_VERDICTS_MAX);
  assert_string_equal(count_of(), expected);
}

static void load_that_is_refused_leaves_no_verdict(void **state)
{
  (void)state;
  server_exec(a.pg, "INSERT INTO tidegate.breaker (pipeline, topic, state)"
                    " VALUES ('shop', 'orders', 'open')");
  load_noted(&failed, 1);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_string_equal(count_of(), "0");
  assert_true(a.load.batches[0].held);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_owners, close_owners)
  const struct CMUnitTest tests[] = {
      T(verdicts_commit_with_their_load),     T(load_without_verdicts_writes_none),
      T(hostile_texts_do_not_stop_a_load),    T(what_leaves_the_load_takes_its_verdicts_along),
      T(one_load_writes_so_many_and_no_more), T(load_that_is_refused_leaves_no_verdict),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
