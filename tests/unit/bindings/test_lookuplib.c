/* Lookups as scripts see them: declared by topics, read from files, given by tests, asked by
 * column. */
#include "programs.h"

#include "bindings/runner.h"
#include "core/data/lookup.h"

#define FIELDS                                                                                     \
  "  fields = {\n    \"id bigint not null\",\n    \"amount numeric(12,2)\",\n"                     \
  "    \"currency text\",\n    \"eur numeric(12,2) computed\",\n    \"tier text computed\" },\n"
#define TOPIC(rest) "return {\n  table = \"orders\",\n" FIELDS rest "}\n"
#define RATES_CSV   "ccy,name,rate\nEUR,Euro,1\nUSD,\"Dollar, US\",0.9\r\nCHF,Franc,\n"
#define RATES_FILE                                                                                 \
  "  lookups = { rates = { file = \"rates.csv\", key = \"ccy\", value = \"rate\" } },\n"
#define TO_EUR "  transform = function(b) b.eur = b.amount * lookup.rates[b.currency] end,\n"

static struct sources with_file(const char *script, const char *path, const char *text)
{
  struct sources s = {0};
  sources_catalogue(&s);
  sources_read(&s, TG_FILE_CATALOGUE, "rules/referential/exists_in.lua");
  sources_read(&s, TG_FILE_CATALOGUE, "rules/volume/row_count_matches.lua");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  if (path) sources_add(&s, TG_FILE_DATA, path, text);
  return s;
}

static struct tg_program *load(const char *script, const char *path, const char *text)
{
  struct sources s = with_file(script, path, text);
  return sources_program(&s);
}

static void refused(const char *script, const char *path, const char *text, const char *fault)
{
  struct sources s = with_file(script, path, text);
  struct tg_program *p;
  enum tg_rc rc = sources_load(&s, &p);
  if (rc == TG_OK) tg_program_free(p);
  assert_int_equal(rc, TG_CONFIG);
  expect_text(s.faults, fault);
}

static void expect_shown(const struct run *r, uint32_t field, uint32_t row, const char *value)
{
  char shown[128];
  assert_string_equal(tg_column_show(r->b.columns[field], row, shown, sizeof shown), value);
}

static void a_file_is_read_with_the_scripts(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = load(TOPIC(RATES_FILE TO_EUR), "scripts/rates.csv", RATES_CSV);
  RUN(&r, p, "{\"id\":1,\"amount\":10,\"currency\":\"USD\"}",
      "{\"id\":2,\"amount\":10,\"currency\":\"ZZZ\"}", "{\"id\":3,\"amount\":10}",
      "{\"id\":4,\"amount\":10,\"currency\":\"CHF\"}");
  expect_fates(&r, "load quarantine load load");
  expect_shown(&r, 3, 0, "9.00");
  expect_shown(&r, 3, 2, "null");
  expect_shown(&r, 3, 3, "null");
  expect_reason(&r, 1, "eur: not found in the lookup");
  run_close(&r);
  tg_program_free(p);
}

static void a_miss_may_be_taken_by_a_default(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = load(TOPIC(RATES_FILE "  transform = function(b)\n"
                                               "    b.eur = lookup.rates[b.currency]:default(7)\n"
                                               "    b:drop(~lookup.rates:has(b.currency), \"?\")\n"
                                               "  end,\n"),
                              "scripts/rates.csv", RATES_CSV);
  RUN(&r, p, "{\"id\":1,\"currency\":\"USD\"}", "{\"id\":2,\"currency\":\"ZZZ\"}", "{\"id\":3}");
  expect_fates(&r, "load drop load");
  expect_shown(&r, 3, 0, "0.90");
  expect_shown(&r, 3, 2, "7.00");
  run_close(&r);
  tg_program_free(p);
}

static void several_values_are_asked_by_name(void **state)
{
  (void)state;
  struct run r;
  static const char script[] = TOPIC(
      "  lookups = { people = { file = \"lists/people.jsonl\", key = \"id\",\n"
      "                         value = { \"tier\", \"rate numeric(4,1)\" } } },\n"
      "  transform = function(b)\n    local found = lookup.people[b.id]\n"
      "    b.tier = found.tier:default(\"none\")\n    b.eur = found.rate:default(0)\n  end,\n");
  static const char lines[] =
      "{\"id\": 7, \"tier\": \"go\\u006cd\", \"rate\": 1.5, \"else\": [1]}\n\n"
      "{\"rate\": null, \"id\": 8, \"tier\": \"free\"}";
  struct tg_program *p = load(script, "scripts/lists/people.jsonl", lines);
  RUN(&r, p, "{\"id\":7}", "{\"id\":8}", "{\"id\":9}");
  expect_fates(&r, "load load load");
  expect_shown(&r, 4, 0, "gold");
  expect_shown(&r, 3, 0, "1.50");
  expect_shown(&r, 4, 1, "free");
  expect_shown(&r, 3, 1, "0.00");
  expect_shown(&r, 4, 2, "none");
  run_close(&r);
  tg_program_free(p);
}

static void values_are_copied_out_of_the_snapshot(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = load(
      TOPIC("  lookups = { rates = { file = \"rates.csv\", key = \"ccy\", value = \"name\" } },\n"
            "  transform = function(b) b.tier = lookup.rates[b.currency] end,\n"),
      "scripts/rates.csv", RATES_CSV);
  RUN(&r, p, "{\"id\":1,\"currency\":\"USD\"}");
  tg_lookup_drop(r.b.topic->lookups[0].given);
  r.b.topic->lookups[0].given = NULL;
  expect_shown(&r, 4, 0, "Dollar, US");
  run_close(&r);
  tg_program_free(p);
}

static void faults_of_files_name_the_line(void **state)
{
  (void)state;
  static const char script[] = TOPIC(RATES_FILE);
  refused(script, NULL, NULL, "lookup 'rates': there is no file scripts/rates.csv");
  refused(script, "scripts/rates.csv", "ccy,price\n", "rates.csv:1: there is no column 'rate'");
  refused(script, "scripts/rates.csv", "ccy,rate\nEUR,1\nUSD\n",
          "rates.csv:3: 1 fields; the first line has 2");
  refused(script, "scripts/rates.csv", "ccy,rate\nEUR,\"1\n\nUSD,1\n",
          "rates.csv:2: a quoted field has no end");
  refused(script, "scripts/rates.csv", "ccy,rate\n\"a\"b,1\n",
          "a quoted field is followed by text");
  refused(script, "scripts/rates.csv", "ccy,rate\nEUR,1\nEUR,2\n", "the key EUR is there twice");
  refused(script, "scripts/rates.csv", "ccy,rate\n,1\n", "rates.csv:2: ");
}

static void faults_of_json_lines_name_the_line(void **state)
{
  (void)state;
#define JSONL "  lookups = { r = { file = \"r.jsonl\", key = \"k\", value = \"v integer\" } },\n"
  refused(TOPIC(JSONL), "scripts/r.jsonl", "{\"k\":1,\"v\":1}\n[1]\n",
          "r.jsonl:2: a JSON object is due");
  refused(TOPIC(JSONL), "scripts/r.jsonl", "{\"k\":1,\"v\":1}\n{\"k\":2,\"v\":tru}\n",
          "r.jsonl:2: ");
  refused(TOPIC(JSONL), "scripts/r.jsonl", "{\"k\":1} {}\n", "r.jsonl:1: something follows");
  refused(TOPIC(JSONL), "scripts/r.jsonl", "{\"k\":1,\"v\":\"x\"}\n", "row 1: v: 'x'");
  refused(TOPIC(JSONL), "scripts/r.jsonl", "{\"k\":\"a\\u0000\",\"v\":1}\n", "holds \\u0000");
}

static void declarations_are_checked(void **state)
{
  (void)state;
#define LOOKUP(spec) TOPIC("  lookups = {\n    r = { " spec " },\n  },\n")
  static const char *const cases[][2] = {
      {LOOKUP("key = \"k\""), "scripts/orders.lua:10: lookup 'r': say either table"},
      {LOOKUP("table = \"t\""), "key is missing"},
      {LOOKUP("table = \"t\", file = \"f.csv\", key = \"k\""), "say either table"},
      {LOOKUP("table = \"t\", key = \"k\", values = \"v\""),
       "unknown key 'values'; did you mean 'value'"},
      {LOOKUP("table = \"a-b\", key = \"k\""), "table: a table such as"},
      {LOOKUP("table = \"t\", key = \"k txt\""), "'txt' is not a type"},
      {LOOKUP("table = \"t\", key = {}"), "key: one column or a list of at most 8"},
      {LOOKUP("table = \"t\", key = \"k\", value = { \"v\", \"k\" }"), "'k' is named twice"},
      {LOOKUP("table = \"t\", key = \"k\", refresh = \"fast\""), "refresh: a duration"},
      {LOOKUP("table = \"t\", key = \"k\", refresh = \"1ms\""), "less than a second"},
      {LOOKUP("table = \"t\", key = \"k\", refresh = \"5m\", stale_after = \"9m\""),
       "stale_after is less than twice refresh"},
      {LOOKUP("table = \"t\", key = \"k\", on_stale = \"ignore\""),
       "on_stale is 'error', 'warn' or"},
      {LOOKUP("table = \"t\", key = \"k\", where = 7"), "where is a condition in SQL"},
      {LOOKUP("file = \"../f.csv\", key = \"k\""), "below the folder of scripts"},
      {LOOKUP("file = \"f.txt\", key = \"k\""), "a .csv or .jsonl file"},
      {LOOKUP("file = \"f.csv\", key = \"k\", refresh = \"5m\""), "refresh is for tables"},
      {LOOKUP("table = \"t\", key = \"k double precision\""), "which cannot be one"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    refused(cases[i][0], NULL, NULL, cases[i][1]);
}

#define FX(policy)                                                                                 \
  "  lookups = { rates = { table = \"fx\", key = \"ccy\", value = \"rate\"" policy " } },\n"

static void tables_are_declared_with_their_policy(void **state)
{
  (void)state;
  struct tg_program *p = load(TOPIC("  lookups = { rates = { table = \"shop.fx\", key = \"ccy\",\n"
                                    "    value = \"rate\", refresh = \"10s\", where = \"x > 1\",\n"
                                    "    on_stale = \"skip\" } },\n"),
                              NULL, NULL);
  uint32_t count;
  const struct tg_topic *t = tg_program_topics(p, &count)[0];
  const struct tg_lookup_source *s = t->lookups;
  assert_int_equal(t->lookups_count, 1);
  assert_true(tg_text_is(s->schema, "shop") && tg_text_is(s->table, "fx"));
  assert_true(tg_text_is(s->where, "x > 1") && s->single);
  assert_int_equal(s->refresh_us, 10000000);
  assert_int_equal(s->stale_after_us, 30000000);
  assert_int_equal(s->on_stale, TG_ON_STALE_SKIP);
  assert_null(s->given);
  tg_program_free(p);
}

static void a_table_nobody_has_read_is_no_fault_of_the_script(void **state)
{
  (void)state;
  struct run r;
  static const char script[] =
      TOPIC(FX("") TO_EUR "  rules = { exists_in { \"currency\", \"rates\" } },\n");
  struct tg_program *p = load(script, NULL, NULL);
  RUN(&r, p, "{\"id\":1,\"amount\":10,\"currency\":\"USD\"}");
  expect_fates(&r, "quarantine");
  expect_reason(&r, 0, "lookup 'rates' reads a table, which is not read here");
  assert_true(r.judgement.critical);
  run_close(&r);
  tg_program_free(p);
}

static void what_can_be_seen_without_rows_is_seen_at_load(void **state)
{
  (void)state;
  refused(TOPIC("  lookups = { p = { table = \"t\", key = \"id\", value = { \"tier\" } } },\n"
                "  transform = function(b) b.tier = lookup.p[b.id].tire end,\n"),
          NULL, NULL, "lookup 'p' has no value 'tire'");
  refused(TOPIC("  lookups = { p = { table = \"t\", key = \"id\", value = \"v\" } },\n"
                "  transform = function(b) b.tier = lookup.q[b.id] end,\n"),
          NULL, NULL, "there is no lookup 'q'; did you mean 'p'?");
  refused(TOPIC("  lookups = { p = { table = \"t\", key = \"id text\", value = \"v text\" } },\n"
                "  transform = function(b) b.tier = lookup.p[b.id] end,\n"),
          NULL, NULL, "its key 'id' is text, the column asked for is bigint");
  refused(TOPIC(FX("") "  rules = { exists_in { \"currency\", \"rate\" } },\n"), NULL, NULL,
          "lookup: the topic has no lookup 'rate'; did you mean 'rates'?");
}

/* The snapshot of a topic's first lookup, out of "USD 0.5;EUR 1". */
static struct tg_lookup_use use_of(const struct tg_program *p, const char *rows,
                                   enum tg_lookup_state how)
{
  uint32_t count;
  struct tg_err err;
  const struct tg_lookup_source *s = tg_program_topics(p, &count)[0]->lookups;
  struct tg_lookup_use use = {s->name, NULL, s->single, how, 90000000};
  struct tg_lookupmake *m = tg_lookup_source_make(s, 1 << 20);
  assert_non_null(m);
  while (*rows) {
    size_t key = strcspn(rows, " "), all = strcspn(rows, ";");
    struct tg_lookup_cell cells[2] = {{tg_text_of(rows, key), true},
                                      {tg_text_of(rows + key + 1, all - key - 1), false}};
    assert_int_equal(tg_lookupmake_add(m, cells, &err), TG_OK);
    rows += all + (rows[all] == ';');
  }
  assert_int_equal(tg_lookupmake_end(m, "v", &use.lookup, &err), TG_OK);
  tg_lookupmake_free(m);
  return use;
}

static void judged_with(struct run *r, struct tg_program *p, struct tg_lookup_use use)
{
  static const char *const events[] = {"{\"id\":1,\"amount\":10,\"currency\":\"USD\"}",
                                       "{\"id\":2,\"amount\":10,\"currency\":\"ZZZ\"}"};
  struct tg_lookup_set set = {&use, 1};
  run_open(r, p, events, 2);
  r->b.lookups = &set;
  assert_int_equal(run_judge(r, p), TG_OK);
  r->b.lookups = NULL;
  tg_lookup_set_drop(&set);
}

static void each_batch_sees_its_own_snapshot(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = load(TOPIC(FX("") TO_EUR), NULL, NULL);
  static const char *const rows[] = {"USD 0.5;EUR 1", "USD 0.25"}, *const seen[] = {"5.00", "2.50"};
  for (int i = 0; i < 2; i++) {
    judged_with(&r, p, use_of(p, rows[i], TG_LOOKUP_FRESH));
    expect_fates(&r, "load quarantine");
    expect_shown(&r, 3, 0, seen[i]);
    run_close(&r);
  }
  tg_program_free(p);
}

static void a_stale_lookup_keeps_data_out(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p = load(TOPIC(FX("") TO_EUR), NULL, NULL);
  judged_with(&r, p, use_of(p, "USD 0.5", TG_LOOKUP_REFUSED));
  assert_true(r.judgement.critical);
  expect_text(r.judgement.critical_why, "lookup 'rates' is stale: it was read 90 s ago");
  run_close(&r);
  tg_program_free(p);
  p = load(TOPIC(FX("") "  rules = { exists_in { \"currency\", \"rates\" } },\n"), NULL, NULL);
  judged_with(&r, p, use_of(p, "USD 0.5", TG_LOOKUP_REFUSED));
  assert_true(r.judgement.critical);
  assert_int_equal(r.judgement.rules[0].verdict, TG_VERDICT_ERROR);
  run_close(&r);
  tg_program_free(p);
}

static void a_skipped_lookup_answers_null(void **state)
{
  (void)state;
  struct run r;
  struct tg_program *p =
      load(TOPIC(FX("") TO_EUR "  rules = { exists_in { \"currency\", \"rates\" },\n"
                               "    row_count_matches { \"rates\" } },\n"),
           NULL, NULL);
  judged_with(&r, p, use_of(p, "USD 0.5", TG_LOOKUP_SKIPPED));
  expect_fates(&r, "load load");
  expect_shown(&r, 3, 0, "null");
  assert_int_equal(r.judgement.rules[0].evaluated, 0);
  assert_int_equal(r.judgement.rules[1].verdict, TG_VERDICT_SKIP);
  run_close(&r);
  tg_program_free(p);
}

static void traps_say_what_to_write(void **state)
{
  (void)state;
#define SCRIPT(body) TOPIC(RATES_FILE "  transform = function(b) " body " end,\n")
  static const char *const cases[][2] = {
      {SCRIPT("b.eur = lookup.rates.EUR"), "ask it with a column"},
      {SCRIPT("b.eur = lookup.rates[7]"), "column"},
      {SCRIPT("lookup.rates = 7"), "lookups are not changed by scripts"},
      {SCRIPT("lookup.rates.x = 7"), "lookups are not changed by scripts"},
      {SCRIPT("b.eur = lookup.rates:get(b.currency, b.id)"), "it has 1 key columns, not 2"},
      {SCRIPT("b.eur = lookup.rates:get()"), "it has 1 key columns, not 0"},
      {SCRIPT("b.eur = lookup.rates[b.id]"),
       "its key 'ccy' is text, the column asked for is bigint"},
      {SCRIPT("b.eur = lookup.rates:sum(\"name\")"), "lookup 'rates' has no value 'name'"},
      {SCRIPT("lookup.rates:has(b.currency)"), "made here and never used"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    refused(cases[i][0], "scripts/rates.csv", RATES_CSV, cases[i][1]);
}

static void nothing_of_a_lookup_outlives_its_batch(void **state)
{
  (void)state;
  static const char script[] = "local kept\n" TOPIC(
      RATES_FILE "  transform = function(b)\n    if kept then b.eur = kept[b.currency] end\n"
                 "    kept = lookup.rates\n  end,\n");
  struct run r;
  struct tg_program *p = load(script, "scripts/rates.csv", RATES_CSV);
  RUN(&r, p, "{\"id\":1,\"currency\":\"USD\"}");
  expect_reason(&r, 0, "batch used after it was handed over");
  run_close(&r);
  tg_program_free(p);
}

struct tests {
  char failed[4096];
};

static void take_test(void *self, const struct tg_test *t)
{
  struct tests *all = self;
  size_t used = strlen(all->failed);
  if (!t->passed)
    snprintf(all->failed + used, sizeof all->failed - used, "%s: %s\n", t->title, t->detail);
}

static void tests_give_lookups(void **state)
{
  (void)state;
  static const char script[] = TOPIC(
      FX("") TO_EUR
      "  tests = {\n"
      "    { \"by key\", lookups = { rates = { EUR = 1, USD = 0.9, CHF = null } },\n"
      "      events = { { id = 1, amount = 10, currency = \"USD\" } }, rows = { { eur = 9 } } },\n"
      "    { \"by rows\", lookups = { rates = { { ccy = \"USD\", rate = 0.125 } } },\n"
      "      events = { { id = 1, amount = 10, currency = \"USD\" } }, rows = { { eur = 1.25 } } "
      "},\n"
      "    { \"unknown\", lookups = { rate = {} }, events = {}, rows = {} },\n"
      "    { \"column\", lookups = { rates = { { ccy = \"A\", prize = 1 } } }, events = {}, rows = "
      "{} },\n"
      "    { \"twice\", lookups = { rates = { { ccy = \"A\" }, { ccy = \"A\" } } }, events = {}, "
      "rows = {} },\n"
      "  },\n");
  struct tests all = {""};
  struct tg_test_counts counts;
  struct tg_err err;
  struct tg_program *p = load(script, NULL, NULL);
  assert_int_equal(tg_program_test(p, "orders", take_test, &all, &counts, &err), TG_OK);
  assert_int_equal(counts.failed, 3);
  expect_text(all.failed, "the topic has no lookup 'rate'; did you mean 'rates'?");
  expect_text(all.failed, "there is no column 'prize'");
  expect_text(all.failed, "the key A is there twice");
  tg_program_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_is_read_with_the_scripts),
      cmocka_unit_test(a_miss_may_be_taken_by_a_default),
      cmocka_unit_test(several_values_are_asked_by_name),
      cmocka_unit_test(values_are_copied_out_of_the_snapshot),
      cmocka_unit_test(faults_of_files_name_the_line),
      cmocka_unit_test(faults_of_json_lines_name_the_line),
      cmocka_unit_test(declarations_are_checked),
      cmocka_unit_test(tables_are_declared_with_their_policy),
      cmocka_unit_test(a_table_nobody_has_read_is_no_fault_of_the_script),
      cmocka_unit_test(what_can_be_seen_without_rows_is_seen_at_load),
      cmocka_unit_test(each_batch_sees_its_own_snapshot),
      cmocka_unit_test(a_stale_lookup_keeps_data_out),
      cmocka_unit_test(a_skipped_lookup_answers_null),
      cmocka_unit_test(traps_say_what_to_write),
      cmocka_unit_test(nothing_of_a_lookup_outlives_its_batch),
      cmocka_unit_test(tests_give_lookups),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
