/* The canary: two sets on the same events. */
#include "core/app/canary.h"

#include <ftw.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define SCRIPT(body)                                                                               \
  "return { table = \"t\", fields = { \"id bigint not null\", \"v text\" }, " body " }\n"

static struct world {
  char root[64], scripts[96];
  struct tg_config config;
  struct tg_samples *samples;
  struct tg_generation *now, *next;
  struct tg_canary_jump worst;
  json_t *list;
} w;

static void fault(void *self, const struct tg_err *err)
{
  (void)self;
  fail_msg("%s: %s", err->where, err->what);
}

static void script(const char *text)
{
  char path[160];
  snprintf(path, sizeof path, "%s/t.lua", w.scripts);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

static struct tg_generation *read_set(const char *text)
{
  struct tg_generation *g;
  script(text);
  assert_int_equal(tg_generation_read(&w.config, fault, NULL, &g), TG_OK);
  return g;
}

/* n events, of which `bad` are no events of the topic. */
static void events(int n, int bad)
{
  static const struct tg_topic topic = {.name = {"t", 1}};
  struct tg_arena arena;
  struct tg_batch b;
  char value[64];
  tg_arena_init(&arena, 1 << 16, 0);
  assert_int_equal(tg_batch_init(&b, &topic, &arena, 10000), TG_OK);
  for (int i = 0; i < n; i++) {
    snprintf(value, sizeof value, i < bad ? "{\"id\":\"?\"}" : "{\"id\":%d,\"v\":\"a\"}", i);
    struct tg_event e = {.slot = 0, .partition = 5, .offset = i, .kafka_us = 1000 + i};
    e.value = tg_text(value), e.size = e.value.len;
    assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  }
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  tg_samples_keep(w.samples, &b);
  tg_arena_fini(&arena);
}

static const json_t *compare(const char *now, const char *next, int64_t time_us)
{
  struct tg_buf out;
  tg_buf_init(&out, 0);
  w.now = read_set(now), w.next = read_set(next);
  struct tg_canary c = {.samples = w.samples, .now = w.now, .next = w.next, .time_us = time_us};
  tg_canary_run(&c, &out, &w.worst);
  w.list = json_loadb(out.ptr, out.len, 0, NULL);
  if (!w.list) fail_msg("no JSON: %s", tg_buf_cstr(&out));
  tg_buf_fini(&out);
  return json_array_get(w.list, 0);
}

static long long at(const json_t *o, const char *group, const char *key)
{
  return json_integer_value(json_object_get(group ? json_object_get(o, group) : o, key));
}

static int setup(void **state)
{
  (void)state;
  snprintf(w.root, sizeof w.root, "/tmp/tg-canary.XXXXXX");
  if (!mkdtemp(w.root)) return -1;
  snprintf(w.scripts, sizeof w.scripts, "%s/scripts", w.root);
  mkdir(w.scripts, 0755);
  w.config = (struct tg_config){.scripts = w.scripts,
                                .load_rows = 50000,
                                .lua_memory_bytes = 32 << 20,
                                .lua_deadline_us = 2000000,
                                .output_bytes_max = 1000000};
  w.samples = tg_samples_new();
  return w.samples ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

static int teardown(void **state)
{
  (void)state;
  tg_samples_free(w.samples);
  tg_generation_drop(w.now);
  tg_generation_drop(w.next);
  json_decref(w.list);
  int rc = nftw(w.root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  w = (struct world){0};
  return rc;
}

static void equal_sets_differ_in_nothing(void **state)
{
  (void)state;
  events(200, 50);
  const json_t *t = compare(SCRIPT(""), SCRIPT(""), TG_CANARY_US);
  assert_int_equal(at(t, NULL, "rows"), 200);
  assert_int_equal(at(t, NULL, "otherwise"), 0);
  assert_int_equal(at(t, "was", "quarantine"), 50);
  assert_int_equal(at(t, "is", "quarantine"), 50);
  assert_int_equal(json_array_size(json_object_get(t, "columns")), 0);
  assert_int_equal(json_array_size(json_object_get(t, "rules")), 0);
  assert_int_equal(json_array_size(json_object_get(t, "examples")), 0);
  assert_int_equal(w.worst.rows, 0);
}

static void rows_that_would_be_dropped_are_counted_and_shown(void **state)
{
  (void)state;
  events(300, 0);
  const json_t *t = compare(
      SCRIPT(""), SCRIPT("transform = function(b) b:drop(b.id:lt(40), \"old\") end"), TG_CANARY_US);
  assert_int_equal(at(t, NULL, "otherwise"), 40);
  assert_int_equal(at(t, "is", "drop"), 40);
  const json_t *examples = json_object_get(t, "examples"), *e = json_array_get(examples, 1);
  assert_int_equal(json_array_size(examples), 3);
  assert_int_equal(at(e, NULL, "partition"), 5);
  assert_int_equal(at(e, NULL, "offset"), 1);
  assert_string_equal(json_string_value(json_object_get(e, "is")), "drop");
}

static void values_that_differ_are_told_by_column(void **state)
{
  (void)state;
  events(300, 0);
  const json_t *t =
      compare(SCRIPT(""), SCRIPT("transform = function(b) b.v = b.v .. \"!\" end"), TG_CANARY_US);
  const json_t *columns = json_object_get(t, "columns"), *c = json_array_get(columns, 0);
  assert_int_equal(at(t, NULL, "otherwise"), 0);
  assert_int_equal(json_array_size(columns), 1);
  assert_int_equal(at(c, NULL, "rows"), 300);
  assert_string_equal(json_string_value(json_object_get(json_object_get(c, "example"), "is")),
                      "a!");
}

static void the_largest_jump_of_the_quarantine_is_told(void **state)
{
  (void)state;
  events(400, 10);
  compare(SCRIPT(""), SCRIPT("transform = function(b) b:quarantine(b.id:ge(300), \"no\") end"),
          TG_CANARY_US);
  assert_string_equal(w.worst.topic, "t");
  assert_int_equal(w.worst.rows, 400);
  assert_int_equal(w.worst.before, 10);
  assert_int_equal(w.worst.after, 110);
}

static void few_events_are_no_jump(void **state)
{
  (void)state;
  events(TG_CANARY_ROWS_MIN - 1, 0);
  const json_t *t =
      compare(SCRIPT(""), SCRIPT("transform = function(b) b:quarantine(b.id:ge(0), \"no\") end"),
              TG_CANARY_US);
  assert_int_equal(at(t, "is", "quarantine"), TG_CANARY_ROWS_MIN - 1);
  assert_int_equal(w.worst.rows, 0);
}

/* Its time ends each call of it, and then the comparison. */
static void a_script_that_never_ends_is_not_compared(void **state)
{
  (void)state;
  events(200, 0);
  const json_t *t = compare(
      SCRIPT(""), SCRIPT("transform = function(b) if b.rows > 0 then while true do end end end"),
      100000);
  assert_non_null(json_object_get(t, "not_compared"));
  assert_null(json_object_get(t, "rows"));
  assert_int_equal(w.worst.rows, 0);
}

static void without_events_nothing_is_compared(void **state)
{
  (void)state;
  assert_null(compare(SCRIPT(""), SCRIPT(""), TG_CANARY_US));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(equal_sets_differ_in_nothing),
      TEST(rows_that_would_be_dropped_are_counted_and_shown),
      TEST(values_that_differ_are_told_by_column),
      TEST(the_largest_jump_of_the_quarantine_is_told),
      TEST(few_events_are_no_jump),
      TEST(a_script_that_never_ends_is_not_compared),
      TEST(without_events_nothing_is_compared),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
