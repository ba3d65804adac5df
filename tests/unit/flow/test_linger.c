/* When a load is due: soon in a stream and after a pause, once a second in a trickle. */
#include "core/flow/linger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MS = 1000, LINGER = 50 * MS, BEGIN = 90000 * MS, COMMIT = 20 * MS };

struct stream {
  int64_t every_us, from_us,
      until_us; /* an event every so often, from the first to before the last */
  int64_t linger_us;
  int64_t longest_us; /* that an event waited until its load was handed over */
  uint32_t loads, rows;
};

/* A lane that takes events as they come and hands loads over when they are due; the writer has each
 * for COMMIT. Continues with g. */
static void play(struct tg_linger *g, struct stream *s)
{
  int64_t next_us = s->from_us, opened_us = 0, free_us = 0;
  uint32_t rows = 0;
  for (int64_t now = s->from_us; now < s->until_us || rows; now += MS) {
    for (; next_us <= now && next_us < s->until_us; next_us += s->every_us)
      if (!rows++) opened_us = next_us;
    if (!rows || now < free_us || now < tg_linger_due_us(g, rows, opened_us, s->linger_us))
      continue;
    tg_linger_handed(g, rows, now);
    if (now - opened_us > s->longest_us) s->longest_us = now - opened_us;
    s->loads++, s->rows += rows, rows = 0, free_us = now + COMMIT;
  }
}

static void the_first_of_all_waits_for_its_linger_only(void **state)
{
  (void)state;
  const struct tg_linger g = {0};
  assert_int_equal(tg_linger_due_us(&g, 1, 20 * MS, LINGER), 20 * MS + LINGER);
}

static void a_load_after_a_pause_waits_for_its_linger_only(void **state)
{
  (void)state;
  struct tg_linger g = {0};
  tg_linger_handed(&g, 1, BEGIN);
  assert_int_equal(tg_linger_due_us(&g, 1, BEGIN + 5000 * MS, LINGER), BEGIN + 5000 * MS + LINGER);
  assert_int_equal(tg_linger_due_us(&g, 1, BEGIN + 980 * MS, LINGER), BEGIN + 1030 * MS);
}

static void single_events_make_loads_a_second_apart(void **state)
{
  (void)state;
  struct tg_linger g = {0};
  tg_linger_handed(&g, 1, BEGIN);
  assert_int_equal(tg_linger_due_us(&g, 1, BEGIN + 1, LINGER), BEGIN + 1000 * MS);
  assert_int_equal(tg_linger_due_us(&g, 1, BEGIN + 940 * MS, LINGER), BEGIN + 1000 * MS);
}

static void no_event_of_a_stream_waits_for_longer_than_its_linger(void **state)
{
  (void)state;
  for (int64_t rate = 20; rate <= 5000; rate += rate < 100 ? 1 : 13)
    for (int64_t linger = 10 * MS; linger <= LINGER; linger += 20 * MS) {
      struct tg_linger g = {0};
      struct stream s = {.every_us = 1000 * MS / rate,
                         .from_us = BEGIN,
                         .until_us = BEGIN + 5000 * MS,
                         .linger_us = linger};
      play(&g, &s);
      if (s.longest_us > linger + MS && s.longest_us > COMMIT + MS)
        fail_msg("%lld events/s, linger %lld us: one waited %lld us", (long long)rate,
                 (long long)linger, (long long)s.longest_us);
    }
}

/* The stream has paid ahead, also for few of them. */
static void the_last_events_before_a_pause_wait_for_no_others(void **state)
{
  (void)state;
  for (int64_t late = 0; late < 900; late += 7) {
    struct tg_linger g = {0};
    struct stream s = {
        .every_us = MS, .from_us = BEGIN, .until_us = BEGIN + 3000 * MS, .linger_us = LINGER};
    play(&g, &s);
    s.from_us = s.until_us + late * MS, s.until_us = s.from_us + 3 * MS;
    play(&g, &s);
    assert_int_equal(s.rows, 3003);
    assert_in_range(s.longest_us, LINGER, LINGER + MS);
  }
}

static void the_fewer_events_the_fewer_loads(void **state)
{
  (void)state;
  const struct {
    int64_t rate, loads; /* a second */
  } cases[] = {{1, 1}, {2, 1}, {5, 1}, {10, 4}, {15, 7}, {20, 11}, {1000, 20}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct tg_linger g = {0};
    struct stream s = {.every_us = 1000 * MS / cases[i].rate,
                       .from_us = BEGIN,
                       .until_us = BEGIN + 60000 * MS,
                       .linger_us = LINGER};
    play(&g, &s);
    if (s.loads > 60 * cases[i].loads + 1)
      fail_msg("%lld events/s: %u loads a minute", (long long)cases[i].rate, s.loads);
    assert_in_range(s.longest_us, LINGER, 1000 * MS);
  }
}

static void a_longer_linger_holds_for_few_rows_too(void **state)
{
  (void)state;
  struct tg_linger g = {0};
  tg_linger_handed(&g, 1, BEGIN);
  assert_int_equal(tg_linger_due_us(&g, 1, BEGIN + 1, 7000 * MS), BEGIN + 1 + 7000 * MS);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_of_all_waits_for_its_linger_only),
      cmocka_unit_test(a_load_after_a_pause_waits_for_its_linger_only),
      cmocka_unit_test(single_events_make_loads_a_second_apart),
      cmocka_unit_test(no_event_of_a_stream_waits_for_longer_than_its_linger),
      cmocka_unit_test(the_last_events_before_a_pause_wait_for_no_others),
      cmocka_unit_test(the_fewer_events_the_fewer_loads),
      cmocka_unit_test(a_longer_linger_holds_for_few_rows_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
