/* Rules that judge events before transform, those that do not decode too. */
#include "programs.h"

#define SHAPED "return { table = \"orders\", fields = { \"id bigint not null\", \"a bigint\" },\n"

static struct tg_program *program_with(const char *body, const char *rule)
{
  struct sources s = {0};
  sources_catalogue(&s);
  sources_read(&s, TG_FILE_CATALOGUE, "rules/schema/decode_ok.lua");
  sources_read(&s, TG_FILE_CATALOGUE, "rules/schema/schema_matches.lua");
  if (rule) sources_add(&s, TG_FILE_RULE, "rules/mine.lua", rule);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", body);
  return sources_program(&s);
}

static void events_that_do_not_decode_are_judged(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(
      SHAPED "rules = { decode_ok { critical = \"50%\", min_rows = 2 }, not_null { \"a\" } } }",
      NULL);
  RUN(&r, p, "{\"id\":1,\"a\":1}", "{\"id\":\"x\"}", "broken", "{\"id\":4}");
  expect_fates(&r, "load quarantine quarantine tag");
  struct tg_verdict_row v = r.judgement.rules[0];
  assert_string_equal(v.rule, "decode_ok");
  assert_int_equal(v.evaluated, 4);
  assert_int_equal(v.failed, 2);
  assert_int_equal(v.alarm, TG_ALARM_CRITICAL);
  assert_true(r.judgement.critical);
  /* The others see what is alive. */
  assert_int_equal(r.judgement.rules[1].evaluated, 2);
  assert_int_equal(r.b.issues[1]->stage, TG_STAGE_DECODE);
  assert_int_equal(r.b.issues[1]->next->stage, TG_STAGE_RULE);
  assert_true(tg_text_eq(r.b.issues[1]->next->reason, r.b.issues[1]->reason));
  run_close(&r);
  tg_program_free(p);
}

static void transform_does_not_change_what_they_see(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(
      SHAPED
      "transform = function(b) b.a = b.a + 100 end,\nrules = { between { \"a\", max = 50 } } }",
      "return { topics = { \"orders\" }, doc = \"d\", on = \"event\",\n"
      "check = function(b) return b.a:lt(50) end, on_fail = \"quarantine\" }");
  RUN(&r, p, "{\"id\":1,\"a\":1}", "{\"id\":2,\"a\":60}", "broken");
  expect_fates(&r, "tag quarantine quarantine");
  assert_int_equal(r.judgement.rules[0].evaluated, 1); /* between: after transform, row 2 is gone */
  assert_int_equal(r.judgement.rules[0].failed, 1);
  assert_int_equal(r.judgement.rules[1].evaluated, 2);
  assert_int_equal(r.judgement.rules[1].failed, 1);
  run_close(&r);
  tg_program_free(p);
}

static void fault_of_one_field_is_told_from_the_others(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p =
      program_with(SHAPED "}", "return { topics = { \"orders\" }, doc = \"d\", on = \"event\",\n"
                               "check = function(b) return b:fault(\"a\"):is_null() end }");
  RUN(&r, p, "{\"id\":1,\"a\":\"x\"}", "{\"id\":\"x\"}", "{\"id\":3}");
  assert_int_equal(r.judgement.rules[0].failed, 1);
  expect_fates(&r, "quarantine quarantine load");
  run_close(&r);
  tg_program_free(p);
}

static void fields_that_were_met_are_listed(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(
      SHAPED "}", "return { topics = { \"orders\" }, doc = \"d\", on = \"event\",\n"
                  "over = \"batch\", measure = function(b)\n"
                  "  local out = { b:seen().events }\n"
                  "  for _, f in ipairs(b:seen()) do\n"
                  "    out[#out + 1] = f.name .. \":\" .. table.concat(f.types, \"|\") .. f.rows\n"
                  "  end\n"
                  "  return { list = out }\n"
                  "end,\n"
                  "judge = function(m) return true, m.list end }");
  RUN(&r, p, "{\"id\":1,\"z\":null}", "{\"id\":2.5,\"a\":[1],\"a\":{}}", "[1]", "broken",
      "{\"z\":\"t\",\"\\u0061\":true} ", "{}");
  assert_string_equal(
      r.judgement.rules[0].seen,
      "{\"observed\":[4,\"a:boolean|array|object3\",\"id:integer|number2\",\"z:null|string2\"]}");
  run_close(&r);
  tg_program_free(p);
}

static void level_of_a_check_is_the_least_that_a_failing_row_raises(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = program_with(
      SHAPED
      "rules = { schema_matches { { id = \"integer\", a = \"integer?\" }, mostly = 0.1 } } }",
      NULL);
  RUN(&r, p, "{\"id\":1}", "{\"id\":2,\"b\":1}");
  assert_int_equal(r.judgement.rules[0].alarm, TG_ALARM_WARN);
  run_close(&r);
  RUN(&r, p, "{\"id\":1}", "{\"a\":1}");
  assert_int_equal(r.judgement.rules[0].alarm, TG_ALARM_CRITICAL);
  assert_true(r.judgement.critical);
  run_close(&r);
  RUN(&r, p, "{\"id\":1}", "{\"id\":2}");
  assert_int_equal(r.judgement.rules[0].alarm, TG_ALARM_NONE);
  run_close(&r);
  tg_program_free(p);
}

static void on_is_event_or_nothing(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_program *p;
  sources_add(&s, TG_FILE_RULE, "rules/mine.lua",
              "return { doc = \"d\", params = {}, on = \"row\", check = function(b) end }");
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, "on is \"event\" (decoded rows before transform), not 'row'");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_that_do_not_decode_are_judged),
      cmocka_unit_test(transform_does_not_change_what_they_see),
      cmocka_unit_test(fault_of_one_field_is_told_from_the_others),
      cmocka_unit_test(fields_that_were_met_are_listed),
      cmocka_unit_test(level_of_a_check_is_the_least_that_a_failing_row_raises),
      cmocka_unit_test(on_is_event_or_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
