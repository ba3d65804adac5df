/* What a judge keeps between batches: values, models, and when they are dropped. */
#include "programs.h"

#include "bindings/trial.h"

#include <jansson.h>
#include <math.h>

/* A kind `kept` of one column x, whose judge has this body. */
static struct tg_program *keeping(const char *judge)
{
  static char text[4096];
  struct sources s = {0};
  snprintf(text, sizeof text,
           "return { doc = \"d\", params = { \"column column\" },\n"
           "measure = function(b, p) return { value = b[p.column]:not_null():count() } end,\n"
           "judge = function(m, p, s)\n%s\nend }",
           judge);
  sources_add(&s, TG_FILE_RULE, "rules/kept.lua", text);
  return sources_program(&s);
}

struct session {
  struct tg_program *p;
  struct tg_trial t;
};

static void open_session(struct session *s, const char *judge)
{
  struct tg_err err = {0};
  json_t *params = json_pack("{s:s}", "column", "x");
  s->p = keeping(judge);
  assert_int_equal(tg_trial_open(&s->t, s->p, 1, &err), TG_OK);
  assert_int_equal(tg_trial_column(&s->t, tg_text("x"), "bigint", &err), TG_OK);
  assert_int_equal(tg_trial_bind(&s->t, "kept", params, NULL, &err), TG_OK);
  if (s->t.run.error) fail_msg("%s", s->t.run.error);
  json_decref(params);
}

static void close_session(struct session *s)
{
  tg_trial_close(&s->t);
  tg_program_free(s->p);
}

/* Judges a batch of so many rows; the verdict, or why there is none. */
static const char *judge(struct session *s, uint32_t count)
{
  static const char *const verdicts[] = {[TG_VERDICT_PASS] = "pass",
                                         [TG_VERDICT_FAIL] = "fail",
                                         [TG_VERDICT_ERROR] = "error",
                                         [TG_VERDICT_SKIP] = "skip"};
  struct tg_err err;
  struct tg_text rows[16];
  struct tg_test_batch batch = {.rows = rows, .count = count};
  for (uint32_t i = 0; i < count; i++) rows[i] = tg_text("{\"x\":1}");
  if (tg_trial_judge(&s->t, &batch, &err) != TG_OK) fail_msg("%s: %s", err.where, err.what);
  return s->t.run.error ? s->t.run.error : verdicts[s->t.run.verdict];
}

static void expect(struct session *s, uint32_t count, const char *answer)
{
  const char *got = judge(s, count);
  if (!strstr(got, answer)) fail_msg("'%s' is not '%s'", got, answer);
}

static void a_value_is_there_at_the_next_batch(void **state)
{
  (void)state;
  struct session s;
  open_session(&s, "local n = (s:get() or 0) + m.value\n s:set(n)\n return n <= 3, n");
  expect(&s, 1, "pass");
  expect(&s, 2, "pass");
  expect(&s, 1, "fail");
  close_session(&s);
}

static void values_come_back_as_they_were(void **state)
{
  (void)state;
  struct session s;
  open_session(&s,
               "local v = s:get()\n"
               "if not v then\n"
               "  s:set({ 1, 2.0, 'a\\0\\255', true, null, {}, list = { 1, { b = -0.0 } },\n"
               "    inf = 1/0, nan = 0/0, min = math.mininteger, [''] = 'empty' })\n"
               "  return true\n"
               "end\n"
               "return math.type(v[1]) == 'integer' and math.type(v[2]) == 'float'\n"
               "  and v[3] == 'a\\0\\255' and v[4] == true and v[5] == null and next(v[6]) == nil\n"
               "  and 1 / v.list[2].b == -1/0 and v.inf == 1/0 and v.nan ~= v.nan\n"
               "  and v.min == math.mininteger and v[''] == 'empty' and #v == 6");
  expect(&s, 1, "pass");
  expect(&s, 1, "pass");
  close_session(&s);
}

static void the_bytes_do_not_depend_on_the_order_of_a_table(void **state)
{
  (void)state;
  struct session a, b;
  open_session(&a, "local t = {}\n for i = 1, 40 do t['k' .. i] = i end\n s:set(t)\n return true");
  open_session(&b, "local t = { drop = 1 }\n for i = 40, 1, -1 do t['k' .. i] = i end\n"
                   "t.drop = nil\n s:set(t)\n return true");
  expect(&a, 1, "pass");
  expect(&b, 1, "pass");
  assert_true(tg_text_eq(tg_cell_bytes(a.t.run.rule.cell), tg_cell_bytes(b.t.run.rule.cell)));
  close_session(&a);
  close_session(&b);
}

static void nil_takes_the_value_away(void **state)
{
  (void)state;
  struct session s;
  open_session(&s, "local v = s:get()\n s:set(v == nil and 1 or nil)\n return v == nil");
  expect(&s, 1, "pass");
  expect(&s, 1, "fail");
  expect(&s, 1, "pass");
  close_session(&s);
}

static void a_judge_that_raises_keeps_nothing(void **state)
{
  (void)state;
  struct session s;
  open_session(&s, "local n = (s:get() or 0) + 1\n s:set(n)\n s:ewma{}:learn(m.value)\n"
                   "if m.value == 2 then error('two') end\n"
                   "return s:ewma{}:count() == n, n");
  expect(&s, 1, "pass");
  struct tg_buf before = {0};
  tg_buf_text(&before, tg_cell_bytes(s.t.run.rule.cell));
  expect(&s, 2, "two");
  assert_true(tg_text_eq(tg_buf_view(&before), tg_cell_bytes(s.t.run.rule.cell)));
  expect(&s, 1, "pass");
  tg_buf_fini(&before);
  close_session(&s);
}

static void what_cannot_be_kept_is_refused(void **state)
{
  (void)state;
  static const char *const bodies[][2] = {
      {"s:set(print) return true", "function"},
      {"s:set({ [1] = 1, [3] = 3 }) return true", "without a gap"},
      {"s:set({ [true] = 1 }) return true", "without a gap"},
      {"local t = {} t.t = t s:set(t) return true", "nested over 16"},
      {"s:set(('x'):rep(70000)) return true", "at most 64 KiB"},
      {"s:set(('x'):rep(65520)) return true", "larger than 64 KiB"},
      {"s:ewma{ alpha = 2 } return true", "alpha = 2"},
      {"s:ewma{ smooth = 2 } return true", "no setting 'smooth'"},
      {"s:ewma{ warmup = -1 } return true", "warmup is a whole number"},
      {"s:ewma{ k = 'x' } return true", "k is a number"},
      {"s:ewma{ direction = 'left' } return true", "direction is"},
      {"s:holt_winters{} return true", "period"},
      {"s:ewma{ k = 3 } s:ewma{ k = 4 } return true", "in use with other settings"},
      {"s:ewma{}:judge('x') return true", "number expected"},
      {"s.ewma({}) return true", "tidegate.cell"},
  };
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
    struct session s;
    struct tg_err err = {0};
    struct tg_text row = tg_text("{\"x\":1}");
    struct tg_test_batch batch = {.rows = &row, .count = 1};
    open_session(&s, bodies[i][0]);
    enum tg_rc rc = tg_trial_judge(&s.t, &batch, &err);
    const char *got = rc != TG_OK ? err.what : s.t.run.error ? s.t.run.error : "no error";
    if (!strstr(got, bodies[i][1]))
      fail_msg("%s: '%s' without '%s'", bodies[i][0], got, bodies[i][1]);
    close_session(&s);
  }
}

static void objects_die_with_their_batch(void **state)
{
  (void)state;
  struct session s;
  open_session(&s, "rawset(m, 's', s)\n"
                   "local old = rawget(p, 'old')\n"
                   "if old then old.m:learn(1) end\n"
                   "rawset(p, 'old', { m = s:ewma{} })\n return true");
  expect(&s, 1, "pass");
  expect(&s, 1, "handed over");
  close_session(&s);
}

static void models_judge_and_learn(void **state)
{
  (void)state;
  struct session s;
  open_session(&s, "local verdict, seen = s:ewma{ warmup = 3, k = 2 }:judge(m.value)\n"
                   "if verdict == false and not (seen.value == 9 and seen.expected < 2\n"
                   "  and seen.low < seen.expected and seen.high < 9 and seen.score > 2) then\n"
                   "  error('what was seen')\n"
                   "end\n"
                   "return verdict, seen");
  for (int i = 0; i < 3; i++) expect(&s, 1 + (uint32_t)i % 2, "skip");
  expect(&s, 1, "pass");
  expect(&s, 9, "fail");
  close_session(&s);
}

static void a_batch_of_a_topic_is_no_window_for_it(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_program *p;
  sources_add(&s, TG_FILE_RULE, "rules/kept.lua",
              "return { doc = \"d\", params = { \"column column\" },\n"
              "measure = function(b, p) return { value = b[p.column]:not_null():count() } end,\n"
              "over = \"batch\", judge = function(m, p, s) return s:ewma{}:judge(m.value) end }");
  sources_add(
      &s, TG_FILE_SCRIPT, "scripts/orders.lua",
      "return { table = \"orders\", fields = { \"x bigint\" }, rules = { kept { \"x\" } } }");
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  if (!strstr(s.faults, "keeps state between batches")) fail_msg("%s", s.faults);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_value_is_there_at_the_next_batch),
      cmocka_unit_test(values_come_back_as_they_were),
      cmocka_unit_test(the_bytes_do_not_depend_on_the_order_of_a_table),
      cmocka_unit_test(nil_takes_the_value_away),
      cmocka_unit_test(a_judge_that_raises_keeps_nothing),
      cmocka_unit_test(what_cannot_be_kept_is_refused),
      cmocka_unit_test(objects_die_with_their_batch),
      cmocka_unit_test(models_judge_and_learn),
      cmocka_unit_test(a_batch_of_a_topic_is_no_window_for_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
