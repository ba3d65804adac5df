/* Measures by name: what they take of a batch and tell of it. */
#include "programs.h"

#include "bindings/runner.h"

#define FIELDS "fields = { \"id bigint not null\", \"amount numeric(12,2)\", \"kind text\" }"

static struct sources world(const char *metric)
{
  static char script[2048];
  struct sources s = {0};
  sources_add(&s, TG_FILE_RULE, "rules/metric.lua",
              "return { doc = \"d\", params = { \"metric measure\" },\n"
              "measure = function(b, p) return p.metric.take(b) end,\n"
              "over = \"batch\", judge = function(m, p) return within(p.metric.value(m)) end,\n"
              "tests = {} }");
  snprintf(script, sizeof script,
           "return { table = \"orders\", " FIELDS ", rules = { metric { %s, over = \"batch\" } } }",
           metric);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  return s;
}

static void tells(const char *metric, double expected)
{
  struct run r;
  struct sources s = world(metric);
  struct tg_program *p = sources_program(&s);
  RUN(&r, p, "{\"id\":1,\"amount\":1,\"kind\":\"a\"}", "{\"id\":2}",
      "{\"id\":3,\"amount\":4.5,\"kind\":\"a\"}");
  double got = r.judgement.rules[0].observed_number;
  if (!(got >= expected && got <= expected))
    fail_msg("%s: expected %.17g, got %.17g", metric, expected, got);
  run_close(&r);
  tg_program_free(p);
}

static void refused(const char *metric, const char *fault)
{
  struct sources s = world(metric);
  struct tg_program *p;
  enum tg_rc rc = sources_load(&s, &p);
  if (rc == TG_OK) tg_program_free(p);
  assert_int_equal(rc, TG_CONFIG);
  expect_text(s.faults, fault);
}

static void each_tells_its_figure(void **state)
{
  (void)state;
  tells("measure.rows()", 3);
  tells("measure.mean \"amount\"", 2.75);
  tells("measure.sum \"amount\"", 5.5);
  tells("measure.min \"amount\"", 1);
  tells("measure.max \"amount\"", 4.5);
  tells("measure.median \"id\"", 2);
  tells("measure.stdev \"id\"", 1);
  tells("measure.quantile(\"id\", 1)", 3);
  tells("measure.null_rate \"amount\"", 1. / 3);
  tells("measure.distinct \"kind\"", 1);
  tells("measure.distinct_ratio \"kind\"", 0.5);
  tells("measure.share(function(b) return b.amount:gt(2) end)", 0.5);
  tells("measure.ratio(\"amount\", \"id\")", 5.5 / 4);
}

static void json_forms_are_the_same(void **state)
{
  (void)state;
  tells("{ mean = \"amount\" }", 2.75);
  tells("{ rows = true }", 3);
  tells("{ quantile = { \"id\", 0.5 } }", 2);
}

static void mistakes_are_found_at_load(void **state)
{
  (void)state;
  refused("measure.men \"amount\"", "there is no measure 'men'; did you mean 'mean'?");
  refused("{ men = \"amount\" }", "there is no measure 'men'; did you mean 'mean'?");
  refused("{ mean = 5 }", "measure.mean: the name of a column (text) is due, not 5");
  refused("measure.quantile(\"id\", 2)", "a quantile from 0 to 1 is due, not 2");
  refused("measure.mean \"amuont\"", "orders has no field 'amuont'; did you mean 'amount'?");
  refused("measure.mean \"kind\"", "numbers are needed, this is text");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_tells_its_figure),
      cmocka_unit_test(json_forms_are_the_same),
      cmocka_unit_test(mistakes_are_found_at_load),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
