/* Levels of a check over windows: rows become counts per window, merged counts become a verdict. */
#include "programs.h"

#include "core/state/measured.h"

#define MINUTE INT64_C(60000000)

#define BETWEEN "between { \"amount\", min = 0, over = \"1m\", on_fail = \"quarantine\""

/* A topic with this rule; its amounts are positive where `good` below is 1. */
static struct tg_program *world(const char *rule)
{
  static char script[1024];
  snprintf(script, sizeof script,
           "return { table = \"orders\", fields = { \"id bigint not null\", \"amount float8\" },"
           " rules = { %s } }",
           rule);
  return program_of(script);
}

enum { ROWS_MAX = 1024 };

/* kind of each row: 'g'ood, 'b'ad, 'n'ull, 'x' does not decode; ten of them in each minute. */
static void open_kinds(struct run *r, struct tg_program *p, const char *kinds)
{
  static char texts[ROWS_MAX][48];
  const char *events[ROWS_MAX];
  uint32_t rows = (uint32_t)strlen(kinds);
  assert_true(rows <= ROWS_MAX);
  for (uint32_t i = 0; i < rows; i++) {
    const char *amount = kinds[i] == 'g' ? "1" : kinds[i] == 'b' ? "-1" : "null";
    snprintf(texts[i], sizeof texts[i], "{\"id\":%s,\"amount\":%s}", kinds[i] == 'x' ? "null" : "1",
             amount);
    events[i] = texts[i];
  }
  run_open(r, p, events, rows);
  for (uint32_t i = 0; i < rows; i++) r->b.events[i].kafka_us = i / 10 * MINUTE + i;
}

static struct tg_verdict_row run_kinds(struct run *r, struct tg_program *p, const char *kinds)
{
  open_kinds(r, p, kinds);
  if (run_judge(r, p) != TG_OK) fail_msg("%s: %s", r->err.where, r->err.what);
  return r->judgement.rules[0];
}

static void expect_piece(struct run *r, uint32_t at, int64_t minute, uint64_t rows, uint64_t failed)
{
  struct tg_measured *m;
  const struct tg_windowed *w = &r->b.windows[at];
  assert_true(at < r->b.windows_count);
  assert_int_equal(tg_measured_read(&r->arena, w->data, &m, &r->err), TG_OK);
  assert_true(m->single);
  assert_int_equal(w->start_us, minute * MINUTE);
  assert_int_equal(w->over_us, MINUTE);
  assert_int_equal(m->rows, rows);
  assert_int_equal(m->parts[0].summary->u.rows.rows, rows);
  assert_int_equal(m->parts[0].summary->u.rows.value, failed);
}

static void rows_are_counted_in_the_window_of_their_time(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world(BETWEEN ", critical = \"50%\" }");
  struct tg_verdict_row v = run_kinds(&r, p,
                                      "gggbbnnggg"
                                      "gggggggggg"
                                      "bbxb");
  assert_int_equal(v.verdict, TG_VERDICT_SKIP);
  assert_true(v.later);
  assert_int_equal(v.alarm, TG_ALARM_NONE);
  assert_int_equal(v.evaluated, 21); /* told at once: rows, not yet what they mean */
  assert_int_equal(v.failed, 5);
  assert_int_equal(r.b.windows_count, 3);
  expect_piece(&r, 0, 0, 8, 2);
  expect_piece(&r, 1, 1, 10, 0);
  expect_piece(&r, 2, 2, 3, 3);
  assert_int_equal(r.b.fates[3], TG_QUARANTINE); /* work by row goes on at once */
  assert_int_equal(r.b.fates[5], TG_LOAD);
  run_close(&r);
  tg_program_free(p);
}

static void windows_that_nothing_was_judged_in_leave_no_piece(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world(BETWEEN ", critical = 1 }");
  run_kinds(&r, p,
            "nnnnnnnnnn"
            "g");
  assert_int_equal(r.b.windows_count, 1);
  expect_piece(&r, 0, 1, 1, 0);
  run_close(&r);
  tg_program_free(p);
}

static void windows_that_come_back_are_one_piece(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = world(BETWEEN " }");
  open_kinds(&r, p, "gbgbgb");
  const int64_t times[] = {MINUTE, 0, 2 * MINUTE, MINUTE + 1, -1, MINUTE - 1};
  for (uint32_t i = 0; i < 6; i++) r.b.events[i].kafka_us = times[i];
  assert_int_equal(run_judge(&r, p), TG_OK);
  assert_int_equal(r.b.windows_count, 3);
  expect_piece(&r, 0, 1, 2, 1);
  expect_piece(&r, 1, 0, 3, 2); /* a record without a time is in the first window */
  expect_piece(&r, 2, 2, 1, 0);
  run_close(&r);
  tg_program_free(p);
}

/* A batch that alone has as many failing rows as `critical` counts is held back at once: more rows
 * cannot take them away. In two windows half as many each are not. */
static void a_count_that_one_batch_reaches_is_critical_at_once(void **state)
{
  (void)state;
  static const struct {
    const char *more, *kinds;
    bool critical;
  } cases[] = {
      {"critical = 3", "gggbbgbggg", true},
      {"critical = 3", "gggbbggggg", false},
      {"critical = 3",
       "gggggggbbg"
       "bbgg",
       false},
      {"critical = 3",
       "gggggggbbg"
       "bbgb",
       true},
      {"critical = 3, min_rows = 6", "bbbgg", false},
      {"critical = 3, min_rows = 6", "bbbggg", true},
      {"critical = \"1%\", min_rows = 1", "bbbbbb", false}, /* a share of the window is not known */
      {"warn = 1", "bbbbbb", false},
      {"critical = 3, over = \"batch\"",
       "gggggggbbg"
       "bbgg",
       true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char rule[256];
    struct run r;
    bool batch = strstr(cases[i].more, "batch") != NULL;
    snprintf(rule, sizeof rule, "between { \"amount\", min = 0, %s %s }",
             batch ? "" : "over = \"1m\",", cases[i].more);
    struct tg_program *p = world(rule);
    struct tg_verdict_row v = run_kinds(&r, p, cases[i].kinds);
    if (r.judgement.critical != cases[i].critical) fail_msg("case %zu", i);
    assert_int_equal(v.alarm, cases[i].critical ? TG_ALARM_CRITICAL : TG_ALARM_NONE);
    assert_int_equal(v.verdict, cases[i].critical ? TG_VERDICT_FAIL : TG_VERDICT_SKIP);
    assert_int_equal(r.b.windows_count != 0, !batch);
    run_close(&r);
    tg_program_free(p);
  }
}

static void a_check_that_raises_is_an_error_without_a_piece(void **state)
{
  (void)state;
  struct run r;
  struct sources s = {0};
  sources_add(&s, TG_FILE_RULE, "rules/row_raises.lua",
              "return { doc = \"d\", params = {}, check = function(b)\n"
              " if b:count().rows > 0 then error(\"one\", 0) end\n"
              " return b.amount:ge(0) end, tests = {} }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", fields = { \"id bigint not null\", \"amount float8\" },"
              " rules = { row_raises { over = \"1m\", critical = 1 } } }");
  struct tg_program *p = sources_program(&s);
  struct tg_verdict_row v = run_kinds(&r, p, "gg");
  assert_int_equal(v.verdict, TG_VERDICT_ERROR);
  assert_int_equal(r.b.windows_count, 0);
  assert_true(r.judgement.critical);
  run_close(&r);
  tg_program_free(p);
}

static void a_batch_over_more_than_512_windows_is_an_error(void **state)
{
  (void)state;
  static char kinds[514];
  struct run r;
  struct tg_program *p = world(BETWEEN " }");
  memset(kinds, 'g', 513);
  for (uint32_t windows = 512; windows <= 513; windows++) {
    open_kinds(&r, p, kinds);
    for (uint32_t i = 0; i < 513; i++) r.b.events[i].kafka_us = i % windows * MINUTE;
    assert_int_equal(run_judge(&r, p), TG_OK);
    assert_int_equal(r.judgement.rules[0].verdict,
                     windows == 512 ? TG_VERDICT_SKIP : TG_VERDICT_ERROR);
    if (windows == 512) assert_int_equal(r.b.windows_count, 512);
    if (windows == 513) expect_text(r.judgement.rules[0].error, "choose a larger `over`");
    run_close(&r);
  }
  tg_program_free(p);
}

/* --- judging --- */

/* The counts of these batches, merged as the keeper does, judged. */
static struct tg_verdict_row judge_merged(const char *rule, const char *const *batches,
                                          uint32_t count)
{
  struct tg_program *p = world(rule);
  struct run r;
  struct tg_arena arena;
  struct tg_measured *all = NULL, *one;
  struct tg_verdict_row v;
  struct tg_err err;
  uint32_t at = 0;
  struct tg_window_rule found;
  tg_arena_init(&arena, 1 << 12, 1 << 20);
  for (uint32_t i = 0; i < count; i++) {
    run_kinds(&r, p, batches[i]);
    assert_int_equal(r.b.windows_count, 1);
    assert_int_equal(tg_measured_read(&arena, r.b.windows[0].data, &one, &err), TG_OK);
    if (all) assert_int_equal(tg_measured_merge(all, one, &err), TG_OK);
    if (!all) all = one;
    run_close(&r);
  }
  assert_true(tg_program_window(p, 0, &at, &found));
  struct tg_window_case c = {.rule = found.rule, .measured = all, .facts = TG_FACTS_NONE};
  assert_int_equal(found.over_us, MINUTE);
  assert_int_equal(tg_program_judge_window(p, &c, &arena, &v, &err), TG_OK);
  v.rule = v.version = v.owner = NULL;
  tg_arena_fini(&arena);
  tg_program_free(p);
  return v;
}

/* 30 rows, 3 of them failing, in batches of which none says that. */
static void levels_are_judged_over_all_batches_of_a_window(void **state)
{
  (void)state;
  static const char *const batches[] = {"ggggggggbg", "gggggggggg", "bggggggggb"};
  static const struct {
    const char *more;
    enum tg_alarm alarm;
    enum tg_verdict verdict;
  } cases[] = {
      {"critical = 3", TG_ALARM_CRITICAL, TG_VERDICT_FAIL},
      {"critical = 4", TG_ALARM_WARN, TG_VERDICT_FAIL}, /* mostly is 1 */
      {"critical = 4, mostly = 0.9", TG_ALARM_NONE, TG_VERDICT_PASS},
      {"critical = 4, mostly = 0.91", TG_ALARM_WARN, TG_VERDICT_FAIL},
      {"warn = 3, mostly = 0", TG_ALARM_WARN, TG_VERDICT_FAIL},
      {"warn = 4, mostly = 0", TG_ALARM_NONE, TG_VERDICT_PASS},
      {"critical = \"10%\", min_rows = 30, mostly = 0", TG_ALARM_CRITICAL, TG_VERDICT_FAIL},
      {"critical = \"10.1%\", min_rows = 30, mostly = 0", TG_ALARM_NONE, TG_VERDICT_PASS},
      {"critical = \"10%\", min_rows = 31, mostly = 0", TG_ALARM_NONE, TG_VERDICT_PASS},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char rule[256];
    snprintf(rule, sizeof rule, BETWEEN ", %s }", cases[i].more);
    struct tg_verdict_row v = judge_merged(rule, batches, 3);
    assert_int_equal(v.evaluated, 30);
    assert_int_equal(v.failed, 3);
    assert_true(v.counted);
    if (v.alarm != cases[i].alarm || v.verdict != cases[i].verdict)
      fail_msg("%s: alarm %d verdict %d", cases[i].more, v.alarm, v.verdict);
  }
}

/* What a measure left behind under the same name before a reload is not judged by levels. */
static void what_a_measure_left_is_not_judged(void **state)
{
  (void)state;
  struct tg_program *p = world(BETWEEN ", critical = 1 }");
  struct tg_arena arena;
  struct tg_window_rule found;
  struct tg_verdict_row v;
  struct tg_err err;
  uint32_t at = 0;
  tg_arena_init(&arena, 1 << 12, 1 << 20);
  struct tg_measured m = {.rows = 3, .single = true};
  assert_true(tg_measured_put(&m, tg_text(""), tg_summary_new(&arena, TG_SUMMARY_SUM, 0)));
  assert_true(tg_program_window(p, 0, &at, &found));
  struct tg_window_case c = {.rule = found.rule, .measured = &m, .facts = TG_FACTS_NONE};
  assert_int_equal(tg_program_judge_window(p, &c, &arena, &v, &err), TG_OK);
  assert_int_equal(v.verdict, TG_VERDICT_SKIP);
  expect_text(v.error, "another rule of that id");
  tg_arena_fini(&arena);
  tg_program_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_counted_in_the_window_of_their_time),
      cmocka_unit_test(windows_that_nothing_was_judged_in_leave_no_piece),
      cmocka_unit_test(windows_that_come_back_are_one_piece),
      cmocka_unit_test(a_count_that_one_batch_reaches_is_critical_at_once),
      cmocka_unit_test(a_check_that_raises_is_an_error_without_a_piece),
      cmocka_unit_test(a_batch_over_more_than_512_windows_is_an_error),
      cmocka_unit_test(levels_are_judged_over_all_batches_of_a_window),
      cmocka_unit_test(what_a_measure_left_is_not_judged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
