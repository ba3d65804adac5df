/* New rules that are watched before they act. */
#include "programs.h"

#define MINUTE INT64_C(60000000)

static struct tg_program *program_with(const char *rules)
{
  static char script[2048];
  snprintf(script, sizeof script,
           "return { table = \"orders\", fields = { \"a bigint\", \"b bigint\" }, rules = { %s } }",
           rules);
  return program_of(script);
}

/* Judges one event of this Kafka time whose a is -1. */
static void judge_at(struct run *r, struct tg_program *p, int64_t kafka_us)
{
  uint32_t count;
  const struct tg_topic *topic = tg_program_topics(p, &count)[0];
  struct tg_event e = {.kafka_us = kafka_us, .value = tg_text("{\"a\":-1}"), .size = 1};
  tg_arena_init(&r->arena, 1 << 16, 64 << 20);
  assert_int_equal(tg_batch_init(&r->b, topic, &r->arena, 1), TG_OK);
  assert_int_equal(tg_batch_add(&r->b, &e), TG_OK);
  assert_int_equal(tg_batch_seal(&r->b), TG_OK);
  struct tg_decoder *d = tg_decoder_new(topic);
  assert_int_equal(tg_decoder_run(d, &r->b, &r->err), TG_OK);
  tg_decoder_free(d);
  assert_int_equal(run_judge(r, p), TG_OK);
}

static void expect_shadow(struct tg_program *p, int64_t kafka_us, bool shadow)
{
  struct run r;
  judge_at(&r, p, kafka_us);
  struct tg_verdict_row v = r.judgement.rules[0];
  assert_int_equal(v.shadow, shadow);
  assert_int_equal(v.failed, 1);
  assert_int_equal(v.alarm, TG_ALARM_CRITICAL);
  assert_int_equal(r.judgement.critical, !shadow);
  expect_fates(&r, shadow ? "load" : "quarantine");
  run_close(&r);
}

#define RULE(bake) "between { \"a\", min = 0, on_fail = \"quarantine\", critical = 1" bake " }"

static void first_generation_acts_at_once(void **state)
{
  (void)state;
  struct tg_program *p = program_with(RULE(", bake = \"10m\""));
  expect_shadow(p, MINUTE, false);
  tg_program_free(p);
}

static void new_rule_is_in_shadow_for_its_time_by_kafka(void **state)
{
  (void)state;
  struct tg_program *before = program_with("not_null { \"a\" }");
  struct tg_program *p = program_with(RULE(", bake = \"10m\""));
  tg_program_bake(p, before);
  expect_shadow(p, -1, true); /* a record without a time starts no clock */
  expect_shadow(p, 5 * MINUTE, true);
  expect_shadow(p, 15 * MINUTE - 1, true);
  expect_shadow(p, 15 * MINUTE, false);
  expect_shadow(p, 6 * MINUTE, false); /* once baked, always */
  tg_program_free(p);
  tg_program_free(before);
}

static struct tg_program *program_of_windows(void)
{
  struct sources s = {0};
  sources_add(&s, TG_FILE_RULE, "rules/some.lua",
              "return { doc = \"d\", measure = function(b) return b:count() end,\n"
              "judge = function(m) return m.rows > 0 end }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"orders\", fields = { \"a bigint\" },"
              " rules = { some { over = \"1m\", bake = \"10m\" } } }");
  return sources_program(&s);
}

static void rule_over_windows_bakes_by_their_ends(void **state)
{
  (void)state;
  uint32_t at = 0;
  struct tg_window_rule rule;
  struct tg_program *before = program_with("not_null { \"a\" }");
  struct tg_program *p = program_of_windows();
  assert_true(tg_program_window(p, 0, &at, &rule));
  assert_false(tg_program_shadow(&rule, MINUTE)); /* of the first set */
  tg_program_bake(p, before);
  assert_true(tg_program_shadow(&rule, 5 * MINUTE));
  assert_true(tg_program_shadow(&rule, 15 * MINUTE - 1));
  assert_false(tg_program_shadow(&rule, 15 * MINUTE));
  tg_program_free(p);
  tg_program_free(before);
}

static void rule_without_bake_acts_at_once(void **state)
{
  (void)state;
  struct tg_program *before = program_with("not_null { \"a\" }");
  struct tg_program *p = program_with(RULE(""));
  tg_program_bake(p, before);
  expect_shadow(p, MINUTE, false);
  tg_program_free(p);
  tg_program_free(before);
}

static void rule_that_is_the_same_goes_on_as_it_was(void **state)
{
  (void)state;
  struct tg_program *first = program_with(RULE(", bake = \"10m\""));
  struct tg_program *second = program_with(RULE(", bake = \"10m\"") ", not_null { \"a\" }");
  tg_program_bake(second, first);
  expect_shadow(second, MINUTE, false);
  /* One that bakes goes on baking where it was. */
  struct tg_program *before = program_with("not_null { \"b\" }");
  struct tg_program *third = program_with(RULE(", bake = \"10m\""));
  tg_program_bake(third, before);
  expect_shadow(third, MINUTE, true);
  struct tg_program *fourth = program_with(RULE(", bake = \"10m\""));
  tg_program_bake(fourth, third);
  expect_shadow(fourth, 10 * MINUTE, true);
  expect_shadow(fourth, 11 * MINUTE, false);
  tg_program_free(first);
  tg_program_free(second);
  tg_program_free(before);
  tg_program_free(third);
  tg_program_free(fourth);
}

static void changed_arguments_make_a_new_rule(void **state)
{
  (void)state;
  static const char *const changed[] = {
      "between { \"a\", min = 1, on_fail = \"quarantine\", critical = 1, bake = \"10m\" }",
      "between { \"a\", min = 0, on_fail = \"quarantine\", critical = 1, bake = \"9m\" }",
      "between { \"a\", min = 0, on_fail = \"quarantine\", critical = 1, bake = \"10m\","
      " where = function(b) return b.a:lt(9) end }",
  };
  struct tg_program *before = program_with(RULE(", bake = \"10m\""));
  for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
    struct tg_program *p = program_with(changed[i]);
    tg_program_bake(p, before);
    expect_shadow(p, MINUTE, true);
    tg_program_free(p);
  }
  tg_program_free(before);
}

static void new_topic_has_nothing_to_disturb(void **state)
{
  (void)state;
  struct sources s = {0};
  sources_add(&s, TG_FILE_SCRIPT, "scripts/other.lua",
              "return { table = \"other\", fields = { \"a bigint\" } }");
  struct tg_program *before = sources_program(&s);
  struct tg_program *p = program_with(RULE(", bake = \"10m\""));
  tg_program_bake(p, before);
  expect_shadow(p, MINUTE, false);
  tg_program_free(p);
  tg_program_free(before);
}

static void bake_is_a_duration(void **state)
{
  (void)state;
  expect_fault("return { table = \"orders\", fields = { \"a bigint\" },"
               " rules = { not_null { \"a\", bake = 10 } } }",
               "not_null: bake: a duration such as '90s'");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(first_generation_acts_at_once),
      cmocka_unit_test(new_rule_is_in_shadow_for_its_time_by_kafka),
      cmocka_unit_test(rule_without_bake_acts_at_once),
      cmocka_unit_test(rule_over_windows_bakes_by_their_ends),
      cmocka_unit_test(rule_that_is_the_same_goes_on_as_it_was),
      cmocka_unit_test(changed_arguments_make_a_new_rule),
      cmocka_unit_test(new_topic_has_nothing_to_disturb),
      cmocka_unit_test(bake_is_a_duration),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
