/* Measures over windows: one batch becomes pieces, pieces become a verdict. */
#include "programs.h"

#include "core/state/measured.h"

#define MINUTE INT64_C(60000000)

#define TOPIC                                                                                      \
  "return { table = \"orders\", fields = { \"id bigint not null\", \"amount float8\" },"           \
  " rules = { timed { over = \"1m\"%s } } }"

/* A topic with one rule: measure(b) and judge(m, p, s, t) are these. */
static struct tg_program *world(const char *measure, const char *judge, const char *more)
{
  static char rule[2048], script[512];
  struct sources s = {0};
  snprintf(rule, sizeof rule,
           "return { doc = \"d\",\n measure = function(b) %s end,\n"
           " judge = function(m, p, s, t) %s end,\n tests = {} }\n",
           measure, judge);
  snprintf(script, sizeof script, TOPIC, more);
  sources_add(&s, TG_FILE_RULE, "rules/timed.lua", rule);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  return sources_program(&s);
}

/* Judges `rows` events whose amounts are 1, 2, .. and that Kafka got at these times. */
static void run_at(struct run *r, struct tg_program *p, const int64_t *kafka_us, uint32_t rows)
{
  static char texts[1024][40];
  const char *events[1024];
  assert_true(rows <= 1024);
  for (uint32_t i = 0; i < rows; i++) {
    snprintf(texts[i], sizeof texts[i], "{\"id\":%u,\"amount\":%u}", i, i + 1);
    events[i] = texts[i];
  }
  run_open(r, p, events, rows);
  for (uint32_t i = 0; i < rows; i++) r->b.events[i].kafka_us = kafka_us[i];
  enum tg_rc rc = run_judge(r, p);
  if (rc != TG_OK) fail_msg("%s: %s", r->err.where, r->err.what);
}

#define RUN_AT(r, p, ...)                                                                          \
  do {                                                                                             \
    const int64_t times_[] = {__VA_ARGS__};                                                        \
    run_at(r, p, times_, sizeof times_ / sizeof *times_);                                          \
  } while (0)

static double sum_of(struct run *r, uint32_t window)
{
  struct tg_measured *m;
  struct tg_err err;
  if (tg_measured_read(&r->arena, r->b.windows[window].data, &m, &err) != TG_OK)
    fail_msg("%s", err.what);
  assert_true(m->single);
  return tg_sum_value(&m->parts[0].summary->u.sum);
}

#define SUM  "return b.amount:sum()"
#define PASS "return true"

static void expect_sum(struct run *r, uint32_t window, int64_t start_us, double sum)
{
  double got = sum_of(r, window);
  assert_int_equal(r->b.windows[window].start_us, start_us);
  assert_int_equal(r->b.windows[window].over_us, MINUTE);
  if (got < sum || got > sum) fail_msg("window %u: expected %g, got %g", window, sum, got);
}

static void a_batch_over_three_windows_gives_three_pieces(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world(SUM, PASS, "");
  RUN_AT(&r, p, 2 * MINUTE, 0, MINUTE - 1, MINUTE, 2 * MINUTE + 5, 0);
  assert_int_equal(r.b.windows_count, 3);
  expect_sum(&r, 0, 0, 2 + 3 + 6);
  expect_sum(&r, 1, MINUTE, 4);
  expect_sum(&r, 2, 2 * MINUTE, 1 + 5);
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_SKIP);
  run_close(&r);
  tg_program_free(p);
}

static void rows_that_where_leaves_out_are_not_measured(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world(SUM, PASS, ", where = \"amount ~= 2\"");
  RUN_AT(&r, p, 0, 0, 0, MINUTE);
  assert_int_equal(r.b.windows_count, 2);
  expect_sum(&r, 0, 0, 1 + 3);
  expect_sum(&r, 1, MINUTE, 4);
  run_close(&r);
  tg_program_free(p);
}

static void rows_that_do_not_live_make_no_window(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world(SUM, PASS, "");
  const char *const events[] = {"{\"id\":1,\"amount\":1}", "{\"amount\":2}"};
  run_open(&r, p, events, 2);
  r.b.events[0].kafka_us = 0, r.b.events[1].kafka_us = MINUTE;
  assert_int_equal(run_judge(&r, p), TG_OK);
  assert_int_equal(r.b.windows_count, 1);
  expect_sum(&r, 0, 0, 1);
  run_close(&r);
  tg_program_free(p);
}

/* Kafka times before 1970 are those of records without one. */
static void a_time_before_1970_is_the_first_window(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world(SUM, PASS, "");
  RUN_AT(&r, p, -1, -5 * MINUTE, 0);
  assert_int_equal(r.b.windows_count, 1);
  expect_sum(&r, 0, 0, 6);
  run_close(&r);
  tg_program_free(p);
}

static void what_cannot_be_merged_is_refused_at_load(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
      {"return b.amount:sum().value or 0", "which can be merged, not number; over = \"batch\""},
      {"return \"text\"", "which can be merged, not string"},
      {"return { n = 1 }", "which can be merged, not number in n"},
      {"return { [1.5] = b:count() }", "a key that is no text"},
      {"local t = {} for i = 1, 33 do t[i] = b:count() end return t", "at most 32 summaries"},
      {"return { [(\"n\"):rep(64)] = b:count() }", "at most 63 bytes"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char rule[512], script[256];
    struct sources s = {0};
    struct tg_program *p;
    snprintf(rule, sizeof rule,
             "return { doc = \"d\", measure = function(b) %s end,"
             " judge = function() return true end, tests = {} }",
             cases[i][0]);
    snprintf(script, sizeof script, TOPIC, "");
    sources_add(&s, TG_FILE_RULE, "rules/timed.lua", rule);
    sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
    assert_int_equal(sources_load(&s, &p), TG_CONFIG);
    expect_text(s.faults, cases[i][1]);
  }
}

/* A measure that raises for some data only: nothing of it is half measured. */
static void a_measure_that_raises_leaves_no_piece(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world("if b:count().rows == 1 then error(\"one\", 0) end " SUM, PASS, "");
  RUN_AT(&r, p, 0, 0, MINUTE);
  assert_int_equal(r.b.windows_count, 0);
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_ERROR);
  expect_text(r.judgement.rules[0].error, "one");
  run_close(&r);
  tg_program_free(p);
}

/* 512 windows in a batch pass, one more is an error that says what to do. */
static void windows_of_one_batch_have_an_end(void **state)
{
  (void)state;
  static int64_t times[513];
  struct run r;
  struct tg_program *p = world(SUM, PASS, "");
  for (int i = 0; i < 513; i++) times[i] = (512 - i) * MINUTE;
  run_at(&r, p, times, 512);
  assert_int_equal(r.b.windows_count, 512);
  expect_sum(&r, 0, MINUTE, 512);
  run_close(&r);
  run_at(&r, p, times, 513);
  assert_int_equal(r.b.windows_count, 0);
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_ERROR);
  expect_text(r.judgement.rules[0].error, "more than 512 windows: choose a larger `over`");
  run_close(&r);
  tg_program_free(p);
}

/* --- judging --- */

static struct tg_window_case case_of(const struct tg_program *p)
{
  uint32_t at = 0;
  struct tg_window_rule rule;
  assert_true(tg_program_window(p, 0, &at, &rule));
  return (struct tg_window_case){.rule = rule.rule, .facts = TG_FACTS_NONE};
}

/* What the first piece holds. */
static const struct tg_measured *measured_of(struct run *r)
{
  struct tg_measured *m;
  assert_int_equal(tg_measured_read(&r->arena, r->b.windows[0].data, &m, &r->err), TG_OK);
  return m;
}

static struct tg_verdict_row judge(struct run *r, struct tg_program *p, struct tg_window_case *c)
{
  struct tg_verdict_row v;
  enum tg_rc rc = tg_program_judge_window(p, c, &r->arena, &v, &r->err);
  if (rc != TG_OK) fail_msg("%s: %s", r->err.where, r->err.what);
  return v;
}

static void what_is_remembered_is_kept_by_id_and_version(void **state)
{
  (void)state;
  const char *const versions[][2] = {
      {"", "timed"}, {", version = 2", "timed@2"}, {", version = \"b\", id = \"x\"", "x@b"}};
  for (size_t i = 0; i < 3; i++) {
    uint32_t at = 0;
    struct tg_window_rule rule;
    struct tg_program *p = world("return { b:count() }", "s:set(1) return true", versions[i][0]);
    assert_true(tg_program_window(p, 0, &at, &rule));
    assert_string_equal(rule.kept_as, versions[i][1]);
    tg_program_free(p);
  }
}

static void a_piece_is_judged_by_its_names_and_times(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world("return { total = b.amount:sum(), b:count() }",
                               "return t.stop - t.start == 60000000 and t.newest == nil,"
                               " (m.total.value or 0) * 100 + m[1].rows",
                               "");
  RUN_AT(&r, p, 0, 0, 0);
  struct tg_window_case c = case_of(p);
  c.measured = measured_of(&r), c.facts.start_us = 0, c.facts.stop_us = MINUTE;
  struct tg_verdict_row v = judge(&r, p, &c);
  assert_int_equal(v.verdict, TG_VERDICT_PASS);
  assert_string_equal(v.seen, "{\"observed\":603}");
  run_close(&r);
  tg_program_free(p);
}

#define COUNTS "local n = (s:get() or 0) + 1 s:set(n) return n < 3, n"

/* A judgement that was rolled back, or tried at load, leaves nothing: only what is given counts. */
static void only_saved_state_counts(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world(SUM, COUNTS, "");
  RUN_AT(&r, p, 0);
  struct tg_window_case c = case_of(p);
  c.measured = measured_of(&r);
  assert_string_equal(judge(&r, p, &c).seen, "{\"observed\":1}");
  assert_string_equal(judge(&r, p, &c).seen, "{\"observed\":1}");
  c.state = tg_arena_copy(&r.arena, c.state_after);
  assert_string_equal(judge(&r, p, &c).seen, "{\"observed\":2}");
  c.state = tg_arena_copy(&r.arena, c.state_after);
  assert_int_equal(judge(&r, p, &c).verdict, TG_VERDICT_FAIL);
  run_close(&r);
  tg_program_free(p);
}

static void a_judge_that_raises_keeps_nothing(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world(
      SUM, "s:set((s:get() or 0) + 1) if s:get() == 2 then error(\"two\", 0) end return true", "");
  RUN_AT(&r, p, 0);
  struct tg_window_case c = case_of(p);
  c.measured = measured_of(&r);
  assert_int_equal(judge(&r, p, &c).verdict, TG_VERDICT_PASS);
  c.state = tg_arena_copy(&r.arena, c.state_after);
  struct tg_verdict_row v = judge(&r, p, &c);
  assert_int_equal(v.verdict, TG_VERDICT_ERROR);
  expect_text(v.error, "two");
  assert_int_equal(c.state_after.len, c.state.len);
  assert_memory_equal(c.state_after.ptr, c.state.ptr, c.state.len);
  run_close(&r);
  tg_program_free(p);
}

static void more_than_64_kib_of_state_is_an_error(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p =
      world(SUM, "if m.count > 0 then s:set((\"x\"):rep(65536)) end return true", "");
  RUN_AT(&r, p, 0);
  struct tg_window_case c = case_of(p);
  c.measured = measured_of(&r);
  struct tg_verdict_row v = judge(&r, p, &c);
  assert_int_equal(v.verdict, TG_VERDICT_ERROR);
  expect_text(v.error, "at most 64 KiB");
  run_close(&r);
  tg_program_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_batch_over_three_windows_gives_three_pieces),
      cmocka_unit_test(rows_that_where_leaves_out_are_not_measured),
      cmocka_unit_test(rows_that_do_not_live_make_no_window),
      cmocka_unit_test(a_time_before_1970_is_the_first_window),
      cmocka_unit_test(what_cannot_be_merged_is_refused_at_load),
      cmocka_unit_test(a_measure_that_raises_leaves_no_piece),
      cmocka_unit_test(windows_of_one_batch_have_an_end),
      cmocka_unit_test(what_is_remembered_is_kept_by_id_and_version),
      cmocka_unit_test(a_piece_is_judged_by_its_names_and_times),
      cmocka_unit_test(only_saved_state_counts),
      cmocka_unit_test(a_judge_that_raises_keeps_nothing),
      cmocka_unit_test(more_than_64_kib_of_state_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
