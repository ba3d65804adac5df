/* Golden files on disk: where they go, and that a file is whole or as it was. */
#include "core/app/golden.h"

#include "core/app/fileset.h"

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
  struct tg_config config;
};

static int setup(void **state)
{
  struct home *h = calloc(1, sizeof *h);
  snprintf(h->root, sizeof h->root, "/tmp/tg-golden.XXXXXX");
  if (!mkdtemp(h->root)) return -1;
  snprintf(h->scripts, sizeof h->scripts, "%s/topics", h->root);
  snprintf(h->rules, sizeof h->rules, "%s/mine", h->root);
  mkdir(h->scripts, 0755);
  mkdir(h->rules, 0755);
  h->config.scripts = h->scripts, h->config.rules = h->rules;
  *state = h;
  return 0;
}

static int teardown(void **state)
{
  struct home *h = *state;
  char path[200];
  snprintf(path, sizeof path, "%s/a.golden.json", h->rules);
  unlink(path);
  snprintf(path, sizeof path, "%s/a.golden.json", h->scripts);
  unlink(path);
  int rc = rmdir(h->scripts) || rmdir(h->rules) || rmdir(h->root); /* nothing else is left */
  free(h);
  return rc;
}

static void expect_file(const char *folder, const char *text)
{
  char path[200], got[100] = "";
  struct stat st;
  snprintf(path, sizeof path, "%s/a.golden.json", folder);
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  got[fread(got, 1, sizeof got - 1, f)] = '\0';
  fclose(f);
  assert_string_equal(got, text);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 022, 0);
}

static void a_file_is_written_below_its_folder_and_written_anew(void **state)
{
  struct home *h = *state;
  struct tg_err err;
  const char *rule = "rules/a.golden.json", *topic = "scripts/a.golden.json";
  assert_int_equal(tg_golden_write(&h->config, rule, false, tg_text("one\n"), &err), TG_OK);
  expect_file(h->rules, "one\n");
  assert_int_equal(tg_golden_write(&h->config, rule, false, tg_text("2\n"), &err), TG_OK);
  expect_file(h->rules, "2\n");
  assert_int_equal(tg_golden_write(&h->config, topic, false, tg_text(""), &err), TG_OK);
  expect_file(h->scripts, "");
}

static void a_file_that_cannot_be_written_is_named(void **state)
{
  struct home *h = *state;
  struct tg_err err;
  const char *path = "rules/none/a.golden.json";
  assert_int_equal(tg_golden_write(&h->config, path, false, tg_text("x"), &err), TG_CONFIG);
  assert_string_equal(err.where, path);
  assert_non_null(strstr(err.what, "cannot be written (errno 2)"));
  assert_int_equal(tg_golden_write(&h->config, "rules/a.golden.json", true, tg_text("x"), &err),
                   TG_CONFIG); /* there is no catalogue */
}

static void a_file_larger_than_the_set_takes_is_refused(void **state)
{
  struct home *h = *state;
  struct tg_err err;
  char *text = calloc(1, TG_FILE_BYTES_MAX + 1);
  assert_non_null(text);
  const char *path = "rules/a.golden.json";
  struct tg_text large = tg_text_of(text, TG_FILE_BYTES_MAX + 1);
  assert_int_equal(tg_golden_write(&h->config, path, false, tg_text("x"), &err), TG_OK);
  assert_int_equal(tg_golden_write(&h->config, path, false, large, &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "would be larger than 1024 KiB"));
  expect_file(h->rules, "x");
  free(text);
}

static void a_build_server_says_so(void **state)
{
  (void)state;
  const char *const off[] = {"", "0", "false"}, *const on[] = {"true", "1", "yes"};
  unsetenv("CI");
  assert_false(tg_golden_on_ci());
  for (size_t i = 0; i < 3; i++) {
    setenv("CI", off[i], 1);
    assert_false(tg_golden_on_ci());
    setenv("CI", on[i], 1);
    assert_true(tg_golden_on_ci());
  }
  unsetenv("CI");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
  const struct CMUnitTest tests[] = {
      T(a_file_is_written_below_its_folder_and_written_anew),
      T(a_file_that_cannot_be_written_is_named),
      T(a_file_larger_than_the_set_takes_is_refused),
      T(a_build_server_says_so),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
