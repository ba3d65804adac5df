/* Configuration: every fault at once, with its place; defaults, units, secrets. */
#include "core/app/budget.h"
#include "core/app/property.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct faults {
  char text[8192];
  uint32_t count;
};

static void take(void *self, const struct tg_err *err)
{
  struct faults *f = self;
  size_t len = strlen(f->text);
  snprintf(f->text + len, sizeof f->text - len, "%s: %s\n", err->where, err->what);
  f->count++;
}

/* Files of a folder of their own: path, text, .., NULL. The first is the main one. */
static enum tg_rc load_files(struct tg_config *c, struct faults *f, const char *const *files)
{
  char folder[] = "/tmp/tg-config.XXXXXX", path[256], sub[256], main_path[256];
  assert_non_null(mkdtemp(folder));
  snprintf(sub, sizeof sub, "%s/conf.d", folder);
  assert_int_equal(mkdir(sub, 0700), 0);
  for (uint32_t i = 0; files[i]; i += 2) {
    snprintf(path, sizeof path, "%s/%s", folder, files[i]);
    if (i == 0) snprintf(main_path, sizeof main_path, "%s", path);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(files[i + 1], out);
    fclose(out);
  }
  *f = (struct faults){0};
  enum tg_rc rc = tg_config_load(c, main_path, take, f);
  for (uint32_t i = 0; files[i]; i += 2) {
    snprintf(path, sizeof path, "%s/%s", folder, files[i]);
    unlink(path);
  }
  rmdir(sub), rmdir(folder);
  return rc;
}

/* Loads yaml from a file of its own; the caller frees the configuration. */
static enum tg_rc load(struct tg_config *c, const char *yaml, struct faults *f)
{
  const char *const files[] = {"tidegate.yaml", yaml, NULL};
  return load_files(c, f, files);
}

static const char good[] = "pipeline: shop\nkafka: { brokers: 'localhost:9092' }\n";

static void defaults_fill_what_is_not_said(void **state)
{
  (void)state;
  struct tg_config c;
  struct faults f;
  assert_int_equal(load(&c, good, &f), TG_OK);
  assert_string_equal(f.text, "");
  assert_int_equal(c.load_rows, 50000);
  assert_int_equal(c.load_bytes, 24 << 20);
  assert_int_equal(c.load_linger_us, 50000);
  assert_true(c.lanes >= 1);
  assert_true(c.queue_kbytes >= 8192 && c.memory_bytes > 0);
  uint64_t parts = tg_budget_bytes(&c, TG_BUDGET_BASE) + tg_budget_bytes(&c, TG_BUDGET_LOADS) +
                   tg_budget_bytes(&c, TG_BUDGET_QUEUES) +
                   tg_budget_bytes(&c, TG_BUDGET_SCRIPTS) / 4;
  assert_in_range(parts, c.memory_bytes - (1 << 20), c.memory_bytes);
  assert_non_null(strstr(c.scripts, "/scripts"));
  tg_config_fini(&c);
}

static void a_load_must_hold_the_largest_event_twice(void **state)
{
  (void)state;
  struct tg_config c;
  struct faults f;
  char text[256];
  snprintf(text, sizeof text, "%sload: { bytes: 2MiB }\nevent_bytes_max: 1025KiB\n", good);
  assert_int_equal(load(&c, text, &f), TG_CONFIG);
  assert_non_null(strstr(f.text, "event_bytes_max, 1025 KiB"));
  tg_config_fini(&c);
  snprintf(text, sizeof text, "%sload: { bytes: 2MiB }\nevent_bytes_max: 1MiB\n", good);
  assert_int_equal(load(&c, text, &f), TG_OK);
  tg_config_fini(&c);
}

static void a_later_file_wins_setting_by_setting(void **state)
{
  (void)state;
  struct tg_config c;
  struct faults f;
  const char *const files[] = {
      "main.yaml",
      "pipeline: shop\nload: { rows: 10 }\ninclude: [conf.d/*.yaml, last.yaml]\n"
      "kafka: { brokers: 'a:1', properties: { client.rack: r1, broker.address.family: v4 "
      "} }\n",
      "conf.d/20.yaml",
      "load: { rows: 30, linger: 70ms }\nscripts: here\n",
      "conf.d/10.yaml",
      "load: { rows: 20, linger: 60ms }\n",
      "conf.d/ignored.txt",
      "nonsense\n",
      "last.yaml",
      "kafka: { properties: { client.rack: r2 } }\n",
      NULL};
  enum tg_rc rc = load_files(&c, &f, files);
  assert_string_equal(f.text, "");
  assert_int_equal(rc, TG_OK);
  assert_int_equal(c.load_rows, 30);
  assert_int_equal(c.load_linger_us, 70000);
  assert_string_equal(c.brokers, "a:1");
  assert_non_null(strstr(c.scripts, "/conf.d/here"));
  assert_int_equal(c.properties_count, 2);
  assert_string_equal(c.properties[1], "r2");
  assert_string_equal(c.properties[3], "v4");
  tg_config_fini(&c);
}

static void faults_name_the_file_they_are_in(void **state)
{
  (void)state;
  struct tg_config c;
  struct faults f;
  const char *const files[] = {
      "main.yaml", "pipeline: shop\ninclude: [a.yaml, none.yaml, conf.d/*.yaml]\nlanes: 0\n",
      "a.yaml",
      "lanes: 1\nlanes: 2\ninclude: b.yaml\nkafka: { properties: { client.rack: a, client.rack: b "
      "} }\n",
      NULL};
  assert_int_equal(load_files(&c, &f, files), TG_CONFIG);
  assert_non_null(strstr(f.text, "/main.yaml:3:8: lanes: 0 is out of range"));
  assert_non_null(strstr(f.text, "/a.yaml:2:1: `lanes` is given twice"));
  assert_non_null(strstr(f.text, "/a.yaml:3:10: include: only the main file includes others"));
  assert_non_null(strstr(f.text, "kafka.properties: `client.rack` is given twice"));
  assert_non_null(strstr(f.text, "/main.yaml:2:19: include: "));
  assert_non_null(strstr(f.text, "/none.yaml cannot be read"));
  assert_null(strstr(f.text, "conf.d"));
  assert_non_null(strstr(f.text, "/main.yaml: `kafka.brokers` is missing"));
  tg_config_fini(&c);
}

static void an_address_nobody_can_listen_on_is_a_fault(void **state)
{
  (void)state;
  static const char *const bad[] = {"nonsense", "127.0.0.1", "host:99999", "host:", "a:b"};
  struct tg_config c;
  struct faults f;
  char text[256];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    snprintf(text, sizeof text, "%shttp: { listen: '%s' }\n", good, bad[i]);
    assert_int_equal(load(&c, text, &f), TG_CONFIG);
    assert_non_null(strstr(f.text, ":3:17: http.listen: '"));
    tg_config_fini(&c);
  }
  snprintf(text, sizeof text, "%shttp: { listen: '[::1]:0' }\n", good);
  assert_int_equal(load(&c, text, &f), TG_OK);
  tg_config_fini(&c);
}

static void every_fault_is_told_with_line_and_column(void **state)
{
  (void)state;
  struct tg_config c;
  struct faults f;
  assert_int_equal(load(&c,
                        "pipeline: shop\n"
                        "kafka:\n  brokers: b:1\n  broker: b:2\n"
                        "load: { rows: many, lingr: 50ms, bytes: 1 }\n"
                        "log: { level: loud }\n"
                        "lanes: 0\n"
                        "lanes: 2\n",
                        &f),
                   TG_CONFIG);
  assert_int_equal(f.count, 7);
  assert_non_null(
      strstr(f.text, ":4:3: there is no setting `kafka.broker`; did you mean `kafka.brokers`?"));
  assert_non_null(strstr(f.text, ":5:15: load.rows: 'many' is not a whole number"));
  assert_non_null(strstr(f.text, "did you mean `load.linger`?"));
  assert_non_null(strstr(f.text, "load.bytes: 1 is out of range"));
  assert_non_null(strstr(f.text, ":6:15: log.level: 'loud' is none of debug, info, warn, error"));
  assert_non_null(strstr(f.text, ":7:8: lanes: 0 is out of range"));
  assert_non_null(strstr(f.text, "`lanes` is given twice"));
  tg_config_fini(&c);
}

static void a_nul_character_ends_no_text(void **state)
{
  (void)state;
  struct tg_config c;
  struct faults f;
  assert_int_equal(load(&c, "pipeline: \"\\u0000x\"\nkafka: { brokers: b }\n", &f), TG_CONFIG);
  assert_non_null(strstr(f.text, ":1:11: pipeline: holds a NUL character"));
  tg_config_fini(&c);
}

static void missing_settings_and_broken_yaml_are_told(void **state)
{
  (void)state;
  struct tg_config c;
  struct faults f;
  assert_int_equal(load(&c, "lanes: 1\n", &f), TG_CONFIG);
  assert_non_null(strstr(f.text, "`pipeline` is missing"));
  assert_non_null(strstr(f.text, "`kafka.brokers` is missing"));
  tg_config_fini(&c);
  assert_int_equal(load(&c, "pipeline: [shop\nkafka: }\n", &f), TG_CONFIG);
  assert_non_null(strstr(f.text, "not YAML"));
  tg_config_fini(&c);
  f = (struct faults){0};
  assert_int_equal(tg_config_load(&c, "/nowhere/tidegate.yaml", take, &f), TG_CONFIG);
  assert_non_null(strstr(f.text, "cannot be read"));
  tg_config_fini(&c);
}

static void variables_are_replaced_in_values(void **state)
{
  (void)state;
  struct tg_config c;
  struct faults f;
  setenv("TG_TEST_BROKER", "host:1", 1);
  unsetenv("TG_TEST_NONE");
  assert_int_equal(
      load(&c, "pipeline: '${TG_TEST_NONE:-shop}'\nkafka: { brokers: '${TG_TEST_BROKER},b:2' }\n",
           &f),
      TG_OK);
  assert_string_equal(c.pipeline, "shop");
  assert_string_equal(c.brokers, "host:1,b:2");
  tg_config_fini(&c);
  assert_int_equal(
      load(&c, "pipeline: '${TG_TEST_NONE:?say which}'\nkafka: { brokers: '${TG_TEST_NONE}' }\n",
           &f),
      TG_CONFIG);
  assert_non_null(strstr(f.text, "TG_TEST_NONE: say which"));
  assert_non_null(strstr(f.text, "the variable TG_TEST_NONE is not set"));
  tg_config_fini(&c);
}

static void pinned_kafka_properties_are_refused_with_the_reason(void **state)
{
  (void)state;
  struct tg_config c;
  struct faults f;
  assert_int_equal(load(&c,
                        "pipeline: shop\nkafka:\n  brokers: b:1\n  properties:\n"
                        "    enable.auto.commit: true\n    client.rack: a\n",
                        &f),
                   TG_CONFIG);
  assert_int_equal(f.count, 1);
  assert_non_null(strstr(f.text, ":5:5: kafka.properties: "));
  assert_int_equal(c.properties_count, 1);
  tg_config_fini(&c);
}

static void a_password_is_never_shown(void **state)
{
  (void)state;
  static const struct {
    const char *dsn, *shown;
  } cases[] = {{"host=h password=secret user=u", "host=h password=*** user=u"},
               {"postgresql://u:secret@h/db", "postgresql://u:***@h/db"},
               {"postgresql://u@h/db?password=secret&x=1", "postgresql://u@h/db?password=***&x=1"},
               {"host=h user=u", "host=h user=u"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct tg_config c;
    struct faults f;
    char yaml[256];
    snprintf(yaml, sizeof yaml, "%spostgres: { dsn: '%s' }\n", good, cases[i].dsn);
    assert_int_equal(load(&c, yaml, &f), TG_OK);
    assert_string_equal(c.dsn_shown, cases[i].shown);
    tg_config_fini(&c);
  }
}

static void receivers_of_alerts_are_urls_and_never_shown(void **state)
{
  (void)state;
  static const struct {
    const char *urls, *fault;
  } cases[] = {
      {"alertmanager: 'http://a:9093, https://u:s3cret@b/'", NULL},
      {"webhook: 'https://h/s3cret'", NULL},
      {"alertmanager: 'http://a,s3cret:9093'", "alerts.alertmanager: URL 2 does not begin with"},
      {"alertmanager: 'http://a,'", "URL 2 does not begin with"},
      {"alertmanager: 'http://a,http://b,http://c,http://d'", "4 URLs; at most 3"},
      {"webhook: 'http://'", "URL 1 does not begin with"},
      {"webhook: 'file:///s3cret'", "URL 1 does not begin with"},
      {"webhook: 'http://a,http://b'", "alerts.webhook: 2 URLs; at most 1"},
      {"rate: 0", "alerts.rate"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct tg_config c;
    struct faults f;
    char text[256];
    snprintf(text, sizeof text, "%salerts: { %s }\n", good, cases[i].urls);
    assert_int_equal(load(&c, text, &f), cases[i].fault ? TG_CONFIG : TG_OK);
    if (cases[i].fault) assert_non_null(strstr(f.text, cases[i].fault));
    assert_null(strstr(f.text, "s3cret"));
    tg_config_fini(&c);
  }
}

static void a_budget_too_small_for_the_loads_is_refused(void **state)
{
  (void)state;
  struct tg_config c;
  struct faults f;
  assert_int_equal(load(&c, "pipeline: s\nkafka: { brokers: b }\nlanes: 4\nmemory: 100MiB\n", &f),
                   TG_CONFIG);
  assert_non_null(strstr(f.text, "memory: 4 lanes"));
  tg_config_fini(&c);
}

static void units_are_exact_and_overflow_is_refused(void **state)
{
  (void)state;
  int64_t n;
  assert_true(tg_duration_parse(tg_text("2h"), &n) && n == INT64_C(7200000000));
  assert_true(tg_duration_parse(tg_text("50ms"), &n) && n == 50000);
  assert_false(tg_duration_parse(tg_text("50"), &n));
  assert_false(tg_duration_parse(tg_text("ms"), &n));
  assert_false(tg_duration_parse(tg_text("99999999999999999d"), &n));
  assert_true(tg_size_parse(tg_text("64KiB"), &n) && n == 65536);
  assert_true(tg_size_parse(tg_text("100"), &n) && n == 100);
  assert_false(tg_size_parse(tg_text("1 MiB"), &n));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults_fill_what_is_not_said),
      cmocka_unit_test(a_load_must_hold_the_largest_event_twice),
      cmocka_unit_test(a_later_file_wins_setting_by_setting),
      cmocka_unit_test(faults_name_the_file_they_are_in),
      cmocka_unit_test(an_address_nobody_can_listen_on_is_a_fault),
      cmocka_unit_test(every_fault_is_told_with_line_and_column),
      cmocka_unit_test(a_nul_character_ends_no_text),
      cmocka_unit_test(missing_settings_and_broken_yaml_are_told),
      cmocka_unit_test(variables_are_replaced_in_values),
      cmocka_unit_test(pinned_kafka_properties_are_refused_with_the_reason),
      cmocka_unit_test(a_password_is_never_shown),
      cmocka_unit_test(receivers_of_alerts_are_urls_and_never_shown),
      cmocka_unit_test(a_budget_too_small_for_the_loads_is_refused),
      cmocka_unit_test(units_are_exact_and_overflow_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
