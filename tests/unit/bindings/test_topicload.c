/* Topic scripts: what they may say, and that every fault is told with its line. */
#include "programs.h"

#include "core/data/topic.h"

#define FIELDS                                                                                     \
  "fields = { \"id bigint not null\", \"amount numeric(12,2)\", \"at timestamptz @ ts\" }"

static void topic_keeps_what_its_script_says(void **state)
{
  (void)state;
  struct tg_program *p = program_of("return {\n"
                                    "  topics = { \"shop.orders\", \"shop.orders2\" },\n"
                                    "  table = \"sales.orders\", " FIELDS ",\n"
                                    "  event_time = \"at\", key = \"id\", unknown = \"keep\",\n"
                                    "  on_gap = \"skip\", tz = \"-02:30\", provenance = false }");
  uint32_t count;
  const struct tg_topic *t = tg_program_topics(p, &count)[0];
  assert_int_equal(count, 1);
  assert_true(tg_text_is(t->name, "orders"));
  assert_int_equal(t->kafka_topics_count, 2);
  assert_true(tg_text_is(t->kafka_topics[1], "shop.orders2"));
  assert_true(tg_text_is(t->schema, "sales"));
  assert_true(tg_text_is(t->table, "orders"));
  assert_int_equal(t->fields_count, 4);
  assert_true(tg_text_is(t->fields[3].name, "_extra"));
  assert_int_equal(t->event_time, 2);
  assert_int_equal(t->key, 0);
  assert_int_equal(t->unknown, TG_UNKNOWN_KEEP);
  assert_true(t->on_gap_skip);
  assert_false(t->provenance);
  assert_int_equal(t->tz_offset_s, -9000);
  tg_program_free(p);
}

static void topic_reads_its_own_name_by_default(void **state)
{
  (void)state;
  uint32_t count;
  struct tg_program *p = program_of("return { table = \"orders\", " FIELDS " }");
  const struct tg_topic *t = tg_program_topics(p, &count)[0];
  assert_int_equal(t->kafka_topics_count, 1);
  assert_true(tg_text_is(t->kafka_topics[0], "orders"));
  assert_int_equal(t->schema.len, 0);
  assert_int_equal(t->event_time, -1);
  assert_true(t->provenance);
  tg_program_free(p);
}

static void all_faults_of_all_files_are_told_at_once(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_program *p;
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/a.lua",
              "return {\n"
              "  tabel = \"a\",\n"
              "  table = \"a\",\n"
              "  fields = {\n"
              "    \"id bigint\",\n"
              "    \"x nonsense\",\n"
              "    \"id text\",\n"
              "    \"_mine text\",\n"
              "    \"rows text\",\n"
              "  },\n"
              "  event_time = \"when\",\n"
              "  rules = {\n"
              "    not_null { \"idd\" },\n"
              "    between { \"id\", mim = 0, max = 1 },\n"
              "  },\n"
              "}\n");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/b.lua", "return {\n  table = \"b\",,\n}\n");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/c.lua", "local x = nil\nreturn x.y\n");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/d.lua", "return 7\n");
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, "scripts/a.lua:2: unknown key 'tabel' in a topic; did you mean 'table'?");
  expect_text(s.faults, "scripts/a.lua:6: ");
  expect_text(s.faults, "scripts/a.lua:7: the field 'id' is declared twice");
  expect_text(s.faults, "scripts/a.lua:8: field '_mine'");
  expect_text(s.faults, "scripts/a.lua:9: field 'rows'");
  expect_text(s.faults, "scripts/a.lua:11: event_time: there is no column 'when'");
  expect_text(s.faults,
              "scripts/a.lua:13: not_null: column: there is no column 'idd'; did you mean 'id'?");
  expect_text(s.faults, "scripts/a.lua:14: between has no argument 'mim'; did you mean 'min'?");
  expect_text(s.faults, "scripts/b.lua:2: ");
  expect_text(s.faults, "scripts/c.lua:2: ");
  expect_text(s.faults, "scripts/d.lua:1: a topic file returns a table, not 7");
}

static void keys_that_come_later_are_refused(void **state)
{
  (void)state;
  static const char *const keys[] = {"partition_by", "retention", "lateness", "tables"};
  char script[400], fault[100];
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    snprintf(script, sizeof script, "return { table = \"orders\", " FIELDS ",\n  %s = {} }",
             keys[i]);
    snprintf(fault, sizeof fault, "scripts/orders.lua:2: '%s' is not available yet", keys[i]);
    expect_fault(script, fault);
  }
  expect_fault("return { table = \"orders\", " FIELDS ",\n mode = \"upsert\" }", "mode: ");
}

static void required_keys_are_asked_for(void **state)
{
  (void)state;
  expect_fault("return { table = \"orders\" }", "'fields' is missing");
  expect_fault("return { " FIELDS " }", "'table' is missing");
  expect_fault("return { table = \"orders\", fields = {} }", "at least one field");
  expect_fault("return { table = \"pg_class\", " FIELDS " }", "table: ");
  expect_fault("return { table = 7, " FIELDS " }", "table: ");
  expect_fault("return { table = \"a.b.c\", " FIELDS " }", "table: ");
}

static void wrong_values_are_told(void **state)
{
  (void)state;
  expect_fault("return { table = \"o\", " FIELDS ", unknown = \"drop\" }", "unknown: one of");
  expect_fault("return { table = \"o\", " FIELDS ", topics = {} }", "topics: ");
  expect_fault("return { table = \"o\", " FIELDS ", tz = \"Mars\" }", "tz: ");
  expect_fault("return { table = \"o\", " FIELDS ", event_time = \"id\" }", "'id' is bigint");
  expect_fault("return { table = \"o\", " FIELDS ", transform = \"x\" }", "transform: ");
  expect_fault("return { table = \"o\", " FIELDS ", rules = { 7 } }", "rules[1] is 7");
  expect_fault("return { table = \"o\", fields = { \"id bigint\", x = 1 } }", "plain list");
  expect_fault("return { table = \"o\", fields = { 7 } }", "a field is a text");
  expect_fault("return { table = \"o\", [1] = 2, " FIELDS " }", "named keys");
}

static void two_scripts_cannot_read_one_kafka_topic(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_program *p;
  sources_add(&s, TG_FILE_SCRIPT, "scripts/a.lua", "return { table = \"a\", " FIELDS " }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/b.lua",
              "return { table = \"b\", topics = { \"a\" }, " FIELDS " }");
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, "scripts/b.lua:1: the Kafka topic 'a' is read by scripts/a.lua already");
}

static void misspelt_name_is_suggested(void **state)
{
  (void)state;
  expect_fault("return { table = \"o\", " FIELDS
               ",\n  rules = {\n    betwen { \"id\", min = 0 } } }",
               "scripts/orders.lua:3: there is no 'betwen'; did you mean 'between'?");
  expect_fault("return { table = \"o\", " FIELDS ", transform = os.exit }", "os");
  expect_fault("x = 1\nreturn { table = \"o\", " FIELDS " }", "scripts/orders.lua:1: ");
}

static void script_that_runs_for_ever_at_load_is_a_fault(void **state)
{
  (void)state;
  struct sources s = {.deadline_us = 500000};
  struct tg_program *p;
  sources_add(&s, TG_FILE_SCRIPT, "scripts/a.lua", "while true do end\n");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/b.lua", "return 7\n");
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, "scripts/a.lua:1: ");
  expect_text(s.faults, "scripts/b.lua:1: ");
}

static void script_that_eats_memory_at_load_is_a_fault(void **state)
{
  (void)state;
  struct sources s = {.memory_max = 4 << 20};
  struct tg_program *p;
  sources_add(&s, TG_FILE_SCRIPT, "scripts/a.lua",
              "local t = {}\nfor i = 1, 1e9 do t[i] = { i } end\nreturn t\n");
  assert_int_equal(sources_load(&s, &p), TG_CONFIG);
  expect_text(s.faults, "lua.memory");
}

static void modules_below_scripts_can_be_required(void **state)
{
  (void)state;
  struct sources s = {0};
  struct run r;
  sources_add(&s, TG_FILE_MODULE, "scripts/lib/more.lua", "return { one = require(\"lib.one\") }");
  sources_add(&s, TG_FILE_MODULE, "scripts/lib/one.lua", "return 1");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "local more = require \"lib.more\"\n"
              "return { table = \"orders\", " FIELDS ",\n"
              "  transform = function(b) b.amount = b.amount + more.one end }");
  struct tg_program *p = sources_program(&s);
  RUN(&r, p, "{\"id\":1,\"amount\":1}");
  assert_int_equal(r.b.columns[1]->v.ints[0], 200);
  run_close(&r);
  tg_program_free(p);
}

static void only_modules_can_be_required(void **state)
{
  (void)state;
  static const char *const names[][2] = {{"io", "there is no file"},
                                         {"../etc", "a name such as"},
                                         {"", "a name such as"},
                                         {"a..b", "a name such as"},
                                         {"a.", "a name such as"},
                                         {"orders", "there is no file"},
                                         {"lib.self", "needs itself"},
                                         {"lib.bad", "scripts/lib/bad.lua:1"},
                                         {"lib.raises", "scripts/lib/raises.lua:1: no"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct sources s = {0};
    struct tg_program *p;
    char text[200];
    snprintf(text, sizeof text, "\nrequire \"%s\"", names[i][0]);
    sources_add(&s, TG_FILE_MODULE, "scripts/lib/self.lua", "return require \"lib.self\"");
    sources_add(&s, TG_FILE_MODULE, "scripts/lib/bad.lua", "return (");
    sources_add(&s, TG_FILE_MODULE, "scripts/lib/raises.lua", "error(\"no\")");
    sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", text);
    assert_int_equal(sources_load(&s, &p), TG_CONFIG);
    expect_text(s.faults, names[i][1]);
  }
}

static void misspelt_column_in_transform_is_found_at_load(void **state)
{
  (void)state;
  expect_fault("return { table = \"o\", " FIELDS ",\n"
               "  transform = function(b)\n"
               "    b.amount = b.amuont + 1\n"
               "  end }",
               "scripts/orders.lua:3: ");
}

/* The warnings of a program, a line each. */
static void expect_warnings(const char *script, const char *lines)
{
  struct sources told = {0};
  struct tg_program *p = program_of(script);
  tg_program_warnings(p, sources_fault, &told);
  assert_string_equal(told.faults, lines);
  tg_program_free(p);
}

static void a_topic_without_an_active_rule_is_a_warning(void **state)
{
  (void)state;
  static const char none[] = "no rule is active on orders: what is decoded is loaded as it comes\n";
  char lines[256];
  snprintf(lines, sizeof lines, "scripts/orders.lua:1: %s", none);
  expect_warnings("return { table = \"o\", " FIELDS " }", lines);
  expect_warnings("return { table = \"o\", " FIELDS ",\n"
                  "  dedup = { by = { \"id\" }, within = \"1h\" } }",
                  lines);
  snprintf(lines, sizeof lines, "scripts/orders.lua:2: %s", none);
  expect_warnings("return { table = \"o\", " FIELDS ",\n"
                  "  rules = { not_null { \"id\", shadow = true } } }",
                  lines);
  expect_warnings("return { table = \"o\", " FIELDS ",\n"
                  "  rules = { not_null { \"id\" }, not_null { \"amount\", shadow = true } } }",
                  "");
}

static void a_rule_that_joins_by_itself_is_active(void **state)
{
  (void)state;
  struct sources s = {0}, told = {0};
  sources_add(&s, TG_FILE_RULE, "rules/own.lua",
              "return { doc = \"Own.\", topics = { \"orders\" }, params = {},\n"
              "  check = function(b) return b.id:not_null() end }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", "return { table = \"o\", " FIELDS " }");
  struct tg_program *p = sources_program(&s);
  tg_program_warnings(p, sources_fault, &told);
  assert_string_equal(told.faults, "");
  tg_program_free(p);
}

static void what_a_rule_finds_odd_is_a_warning_where_it_is_applied(void **state)
{
  (void)state;
  struct sources s = {0}, told = {0};
  sources_add(&s, TG_FILE_RULE, "rules/near.lua",
              "return { doc = \"Near.\", params = { \"column column\", \"max number\" },\n"
              "  check = function(b, p) return b[p.column]:cast(\"float8\"):le(p.max) end,\n"
              "  validate = function(p, _, settings)\n"
              "    if p.max > settings.rows_max then return nil, settings.on_fail end\n"
              "  end }");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "return { table = \"o\", " FIELDS ",\n"
              "  rules = {\n    near { \"id\", 50001, on_fail = \"drop\" },\n"
              "    near { \"id\", 50000 },\n  } }");
  struct tg_program *p = sources_program(&s);
  tg_program_warnings(p, sources_fault, &told);
  assert_string_equal(told.faults, "scripts/orders.lua:3: near: drop\n");
  tg_program_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(topic_keeps_what_its_script_says),
      cmocka_unit_test(topic_reads_its_own_name_by_default),
      cmocka_unit_test(all_faults_of_all_files_are_told_at_once),
      cmocka_unit_test(keys_that_come_later_are_refused),
      cmocka_unit_test(required_keys_are_asked_for),
      cmocka_unit_test(wrong_values_are_told),
      cmocka_unit_test(two_scripts_cannot_read_one_kafka_topic),
      cmocka_unit_test(misspelt_name_is_suggested),
      cmocka_unit_test(script_that_runs_for_ever_at_load_is_a_fault),
      cmocka_unit_test(script_that_eats_memory_at_load_is_a_fault),
      cmocka_unit_test(modules_below_scripts_can_be_required),
      cmocka_unit_test(only_modules_can_be_required),
      cmocka_unit_test(misspelt_column_in_transform_is_found_at_load),
      cmocka_unit_test(a_topic_without_an_active_rule_is_a_warning),
      cmocka_unit_test(a_rule_that_joins_by_itself_is_active),
      cmocka_unit_test(what_a_rule_finds_odd_is_a_warning_where_it_is_applied),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
