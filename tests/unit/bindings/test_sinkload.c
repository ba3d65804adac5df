/* What a topic may say in a pipeline with `sink: kafka` (prelude_sink.lua). */
#include "programs.h"

#define FIELDS "fields = { \"id bigint not null\", \"v text\" }"
#define ENDS   "outputs = { \"out\" }, dead_letter = \"dead\", "

static enum tg_rc load(struct sources *s, const char *script, struct tg_program **p)
{
  *s = (struct sources){.to_kafka = true};
  sources_catalogue(s);
  sources_read(s, TG_FILE_CATALOGUE, "rules/volume/row_count_between.lua");
  sources_add(s, TG_FILE_RULE, "rules/first.lua",
              "return { doc = \"never twice\", state = { key = { \"id\" } },\n"
              "  check = function(_, _, s) return ~s:seen() end }");
  sources_add(s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  return sources_load(s, p);
}

static void refused(const char *script, const char *fault)
{
  struct sources s;
  struct tg_program *p;
  enum tg_rc rc = load(&s, script, &p);
  if (rc == TG_OK) tg_program_free(p);
  assert_int_equal(rc, TG_CONFIG);
  expect_text(s.faults, fault);
}

static void keep_warning(void *self, const struct tg_err *err)
{
  sources_fault(self, err);
}

static void a_topic_needs_outputs_and_dead_letters_and_no_table(void **state)
{
  (void)state;
  struct sources s;
  struct tg_program *p;
  uint32_t count;
  assert_int_equal(load(&s, "return { " ENDS FIELDS " }", &p), TG_OK);
  assert_int_equal(tg_program_topics(p, &count)[0]->table.len, 0);
  tg_program_free(p);
  refused("return { " FIELDS " }", "scripts/orders.lua:1: 'outputs' is missing");
  refused("return { " FIELDS " }", "scripts/orders.lua:1: 'dead_letter' is missing");
  refused("return { " ENDS FIELDS ",\n table = \"orders\" }",
          "scripts/orders.lua:2: table: a pipeline with sink: kafka");
}

static void what_must_be_remembered_is_refused(void **state)
{
  (void)state;
  refused("return { " ENDS FIELDS
          ", key = \"id\",\n dedup = { by = { \"id\" }, within = \"1h\" } }",
          "scripts/orders.lua:2: dedup: what was seen");
  refused("return { " ENDS FIELDS ", key = \"id\", rules = {\n first {} } }",
          "scripts/orders.lua:2: first: what it remembers by key");
  refused("return { " ENDS FIELDS ", rules = {\n row_count_between { min = 1 } } }",
          "scripts/orders.lua:2: row_count_between: windows and clocks");
  refused("return { " ENDS FIELDS ", rules = {\n not_null { \"v\", over = \"1m\" } } }",
          "scripts/orders.lua:2: not_null: windows and clocks");
  refused("return { " ENDS FIELDS ", rules = {\n not_null { \"v\", bake = \"1h\" } } }",
          "scripts/orders.lua:2: not_null: bake");
  refused("return { " ENDS FIELDS ",\n lookups = { fx = { table = \"fx\", key = \"ccy\" } } }",
          "scripts/orders.lua:2: lookups: fx is a table");
}

static void a_tag_that_nobody_sees_is_warned_of(void **state)
{
  (void)state;
  struct sources s;
  struct tg_program *p;
  assert_int_equal(load(&s,
                        "return { " ENDS FIELDS ", rules = {\n not_null { \"v\" },\n"
                        " not_null { \"id\", on_fail = \"quarantine\" } } }",
                        &p),
                   TG_OK);
  tg_program_warnings(p, keep_warning, &s);
  assert_int_equal(s.faults_count, 1);
  expect_text(s.faults, "scripts/orders.lua:2: not_null: on_fail = \"tag\"");
  tg_program_free(p);
}

static void elsewhere_sink_is_the_pipelines(void **state)
{
  (void)state;
  expect_fault("return { table = \"orders\", " FIELDS ",\n sink = \"kafka\" }",
               "scripts/orders.lua:2: 'sink' is a setting of the whole pipeline");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_topic_needs_outputs_and_dead_letters_and_no_table),
      cmocka_unit_test(what_must_be_remembered_is_refused),
      cmocka_unit_test(a_tag_that_nobody_sees_is_warned_of),
      cmocka_unit_test(elsewhere_sink_is_the_pipelines)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
