/* File sets: named by content, refused when others could change them. */
#include "core/app/fileset.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct home {
  char root[64], scripts[96], rules[96];
  struct tg_arena arena;
  struct tg_config config;
  char faults[4096];
};

static void take(void *self, const struct tg_err *err)
{
  struct home *h = self;
  size_t len = strlen(h->faults);
  snprintf(h->faults + len, sizeof h->faults - len, "%s: %s\n", err->where, err->what);
}

static void put(struct home *h, const char *name, const char *text)
{
  char path[256];
  snprintf(path, sizeof path, "%s/%s", h->root, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
  chmod(path, 0644);
}

static int setup(void **state)
{
  struct home *h = calloc(1, sizeof *h);
  snprintf(h->root, sizeof h->root, "/tmp/tg-fileset.XXXXXX");
  if (!mkdtemp(h->root)) return -1;
  snprintf(h->scripts, sizeof h->scripts, "%s/scripts", h->root);
  snprintf(h->rules, sizeof h->rules, "%s/rules", h->root);
  mkdir(h->scripts, 0755);
  mkdir(h->rules, 0755);
  h->config.scripts = h->scripts, h->config.rules = h->rules;
  tg_arena_init(&h->arena, 4096, 0);
  *state = h;
  return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

static int teardown(void **state)
{
  struct home *h = *state;
  int rc = nftw(h->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  tg_arena_fini(&h->arena);
  free(h);
  return rc;
}

static enum tg_rc read_set(struct home *h, struct tg_fileset *set)
{
  h->faults[0] = '\0';
  return tg_fileset_read(&h->config, &h->arena, set, take, h);
}

static void files_are_ordered_and_named_by_content(void **state)
{
  struct home *h = *state;
  struct tg_fileset a, b;
  put(h, "scripts/orders.lua", "return {}");
  put(h, "rules/x.lua", "return 1");
  put(h, "rules/notes.txt", "no");
  put(h, "rules/.hidden.lua", "no");
  assert_int_equal(read_set(h, &a), TG_OK);
  assert_int_equal(a.count, 2);
  assert_string_equal(a.files[0].path, "rules/x.lua");
  assert_string_equal(a.files[1].path, "scripts/orders.lua");
  assert_int_equal(strlen(a.sha256), 64);
  put(h, "rules/x.lua", "return 2");
  assert_int_equal(read_set(h, &b), TG_OK);
  assert_string_not_equal(a.sha256, b.sha256);
}

static void files_that_tests_and_lookups_read_belong_to_the_set(void **state)
{
  struct home *h = *state;
  struct tg_fileset a, b;
  put(h, "scripts/orders.lua", "return {}");
  put(h, "scripts/codes.csv", "code\nDE\n");
  put(h, "rules/rows.ndjson", "{}");
  put(h, "rules/rows.golden.json", "{}");
  put(h, "rules/other.json", "no");
  put(h, "rules/.csv", "no");
  put(h, "rules/csv", "no");
  assert_int_equal(read_set(h, &a), TG_OK);
  assert_int_equal(a.count, 4);
  assert_string_equal(a.files[1].path, "rules/rows.golden.json");
  assert_string_equal(a.files[2].path, "rules/rows.ndjson");
  assert_int_equal(a.files[2].kind, TG_FILE_DATA);
  assert_string_equal(a.files[3].path, "scripts/codes.csv");
  put(h, "rules/rows.ndjson", "{\"x\":1}");
  assert_int_equal(read_set(h, &b), TG_OK);
  assert_string_not_equal(a.sha256, b.sha256);
}

static void moving_a_byte_between_files_changes_the_name(void **state)
{
  struct home *h = *state;
  struct tg_fileset a, b;
  put(h, "scripts/a.lua", "x");
  put(h, "scripts/b.lua", "yz");
  assert_int_equal(read_set(h, &a), TG_OK);
  put(h, "scripts/a.lua", "xy");
  put(h, "scripts/b.lua", "z");
  assert_int_equal(read_set(h, &b), TG_OK);
  assert_string_not_equal(a.sha256, b.sha256);
}

static void a_file_that_others_may_change_is_refused(void **state)
{
  struct home *h = *state;
  struct tg_fileset set;
  char path[160];
  put(h, "scripts/orders.lua", "return {}");
  snprintf(path, sizeof path, "%s/orders.lua", h->scripts);
  chmod(path, 0646);
  assert_int_equal(read_set(h, &set), TG_CONFIG);
  assert_non_null(strstr(h->faults, "scripts/orders.lua: others may change it; chmod go-w"));
}

static void a_missing_folder_of_scripts_is_told(void **state)
{
  struct home *h = *state;
  struct tg_fileset set;
  h->config.scripts = "/nowhere";
  assert_int_equal(read_set(h, &set), TG_CONFIG);
  assert_non_null(strstr(h->faults, "cannot be read"));
}

static void a_mounted_folder_is_read_through_its_links(void **state)
{
  struct home *h = *state;
  struct tg_fileset set;
  char link[160];
  char data[160];
  snprintf(data, sizeof data, "%s/..2026_11", h->scripts);
  mkdir(data, 0755);
  put(h, "scripts/..2026_11/orders.lua", "return {}");
  snprintf(link, sizeof link, "%s/..data", h->scripts);
  assert_int_equal(symlink("..2026_11", link), 0);
  snprintf(link, sizeof link, "%s/orders.lua", h->scripts);
  assert_int_equal(symlink("..data/orders.lua", link), 0);
  assert_int_equal(read_set(h, &set), TG_OK);
  assert_int_equal(set.count, 1);
  assert_string_equal(set.files[0].path, "scripts/orders.lua");
}

static void the_set_as_json_keeps_every_byte(void **state)
{
  struct home *h = *state;
  struct tg_fileset set;
  struct tg_buf json;
  tg_buf_init(&json, 0);
  put(h, "scripts/a.lua", "return \"x\"\n\t");
  assert_int_equal(read_set(h, &set), TG_OK);
  tg_fileset_json(&set, &json);
  assert_string_equal(tg_buf_cstr(&json), "{\"scripts/a.lua\":\"return \\\"x\\\"\\n\\t\"}");
  tg_buf_fini(&json);
}

static void a_kept_set_is_the_same_again(void **state)
{
  struct home *h = *state;
  struct tg_fileset set, again;
  struct tg_buf json;
  char bundled[96], below[128];
  tg_buf_init(&json, 0);
  snprintf(bundled, sizeof bundled, "%s/bundled", h->root);
  mkdir(bundled, 0755);
  h->config.catalogue = bundled;
  put(h, "bundled/zeta.lua", "return 0");
  put(h, "rules/alpha.lua", "return 1");
  put(h, "scripts/a.lua", "return \"\xc3\xa4\"\n");
  put(h, "scripts/rates.csv", "a,b\r\n");
  snprintf(below, sizeof below, "%s/lib", h->scripts);
  mkdir(below, 0755);
  put(h, "scripts/lib/m.lua", "return 2");
  assert_int_equal(read_set(h, &set), TG_OK);
  tg_fileset_json(&set, &json);
  assert_int_equal(tg_fileset_of_json(tg_buf_view(&json), &set, &h->arena, &again), TG_OK);
  assert_string_equal(again.sha256, set.sha256);
  assert_int_equal(again.count, set.count);
  for (uint32_t i = 0; i < set.count; i++) {
    assert_string_equal(again.files[i].path, set.files[i].path);
    assert_int_equal(again.files[i].kind, set.files[i].kind);
    assert_int_equal(again.files[i].size, set.files[i].size);
  }
  assert_int_equal(tg_fileset_of_json(tg_text("[]"), &set, &h->arena, &again), TG_DATA);
  assert_int_equal(tg_fileset_of_json(tg_text("{\"a"), &set, &h->arena, &again), TG_DATA);
  assert_int_equal(tg_fileset_of_json(tg_text(""), &set, &h->arena, &again), TG_DATA);
  assert_int_equal(tg_fileset_of_json(tg_text("{\"scripts/a.lua\": 3}"), &set, &h->arena, &again),
                   TG_OK);
  assert_string_not_equal(again.sha256, set.sha256);
  tg_buf_fini(&json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
  const struct CMUnitTest tests[] = {
      TEST(files_are_ordered_and_named_by_content),
      TEST(files_that_tests_and_lookups_read_belong_to_the_set),
      TEST(moving_a_byte_between_files_changes_the_name),
      TEST(a_file_that_others_may_change_is_refused),
      TEST(a_missing_folder_of_scripts_is_told),
      TEST(a_mounted_folder_is_read_through_its_links),
      TEST(the_set_as_json_keeps_every_byte),
      TEST(a_kept_set_is_the_same_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
