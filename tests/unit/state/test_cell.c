/* Cells: overlays, values, models by name, bytes from outside. */
#include "core/state/cell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct tg_model *model(struct tg_cell *cell, const char *name, enum tg_model_kind kind)
{
  struct tg_model_conf conf = tg_model_conf(kind);
  struct tg_model *m;
  struct tg_err err;
  if (tg_cell_model(cell, tg_text(name), &conf, &m, &err) != TG_OK) fail_msg("%s", err.what);
  return m;
}

static void learn(struct tg_cell *cell, const char *name, int count)
{
  struct tg_model *m = model(cell, name, TG_MODEL_EWMA);
  for (int i = 0; i < count; i++) tg_model_learn(m, i % 7);
}

static void set(struct tg_cell *cell, const char *value)
{
  assert_int_equal(tg_cell_set(cell, tg_text(value), NULL), TG_OK);
}

static bool holds(const struct tg_cell *cell, const char *value)
{
  struct tg_text got = tg_cell_value(cell);
  return value ? got.ptr && tg_text_is(got, value) : !got.ptr;
}

static void a_dropped_overlay_changes_nothing(void **state)
{
  (void)state;
  struct tg_cell *cell = tg_cell_new();
  tg_cell_begin(cell);
  set(cell, "one");
  learn(cell, "m", 60);
  assert_int_equal(tg_cell_commit(cell, NULL), TG_OK);
  tg_cell_begin(cell);
  set(cell, "two");
  learn(cell, "m", 60);
  learn(cell, "other", 1);
  tg_cell_drop(cell);
  tg_cell_begin(cell);
  assert_true(holds(cell, "one"));
  assert_int_equal(tg_model_learned(model(cell, "m", TG_MODEL_EWMA)), 60);
  assert_int_equal(tg_model_learned(model(cell, "other", TG_MODEL_EWMA)), 0);
  tg_cell_free(cell);
}

static void beginning_again_drops_what_was_open(void **state)
{
  (void)state;
  struct tg_cell *cell = tg_cell_new();
  tg_cell_begin(cell);
  set(cell, "lost");
  tg_cell_begin(cell);
  assert_true(holds(cell, NULL));
  tg_cell_free(cell);
}

static void judging_twice_gives_the_same_bytes(void **state)
{
  (void)state;
  struct tg_cell *once = tg_cell_new(), *twice = tg_cell_new();
  for (int batch = 0; batch < 5; batch++) {
    tg_cell_begin(once);
    learn(once, "m", 10);
    tg_cell_commit(once, NULL);
    tg_cell_begin(twice);
    learn(twice, "m", 10);
    tg_cell_begin(twice);
    learn(twice, "m", 10);
    tg_cell_commit(twice, NULL);
  }
  assert_true(tg_text_eq(tg_cell_bytes(once), tg_cell_bytes(twice)));
  tg_cell_free(once);
  tg_cell_free(twice);
}

static void models_that_were_not_asked_for_are_kept(void **state)
{
  (void)state;
  struct tg_cell *cell = tg_cell_new();
  tg_cell_begin(cell);
  learn(cell, "a", 3);
  learn(cell, "b", 4);
  tg_cell_commit(cell, NULL);
  tg_cell_begin(cell);
  learn(cell, "b", 1);
  tg_cell_commit(cell, NULL);
  tg_cell_begin(cell);
  assert_int_equal(tg_model_learned(model(cell, "a", TG_MODEL_EWMA)), 3);
  assert_int_equal(tg_model_learned(model(cell, "b", TG_MODEL_EWMA)), 5);
  tg_cell_free(cell);
}

static void other_settings_start_anew(void **state)
{
  (void)state;
  struct tg_cell *cell = tg_cell_new();
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_EWMA);
  struct tg_model *m;
  tg_cell_begin(cell);
  learn(cell, "m", 3);
  tg_cell_commit(cell, NULL);
  tg_cell_begin(cell);
  conf.k = 5;
  assert_int_equal(tg_cell_model(cell, tg_text("m"), &conf, &m, NULL), TG_OK);
  assert_int_equal(tg_model_learned(m), 0);
  conf.k = 6;
  assert_int_equal(tg_cell_model(cell, tg_text("m"), &conf, &m, NULL), TG_CONFIG);
  assert_int_equal(tg_cell_commit(cell, NULL), TG_OK);
  tg_cell_begin(cell);
  assert_int_equal(tg_model_learned(model(cell, "m", TG_MODEL_WELFORD)), 0);
  tg_cell_free(cell);
}

static void a_value_can_be_taken_away(void **state)
{
  (void)state;
  struct tg_cell *cell = tg_cell_new();
  for (int again = 0; again < 2; again++) {
    tg_cell_begin(cell);
    assert_true(holds(cell, NULL));
    set(cell, "");
    assert_true(holds(cell, ""));
    tg_cell_commit(cell, NULL);
    tg_cell_begin(cell);
    assert_true(holds(cell, ""));
    assert_int_equal(tg_cell_set(cell, tg_text(NULL), NULL), TG_OK);
    assert_true(holds(cell, NULL));
    tg_cell_commit(cell, NULL);
  }
  tg_cell_free(cell);
}

static void too_large_a_cell_stays_as_it_was(void **state)
{
  (void)state;
  struct tg_cell *cell = tg_cell_new();
  struct tg_err err;
  char *large = calloc(1, TG_CELL_BYTES_MAX + 1);
  tg_cell_begin(cell);
  set(cell, "kept");
  assert_int_equal(tg_cell_set(cell, tg_text_of(large, TG_CELL_BYTES_MAX + 1), &err), TG_FULL);
  assert_true(holds(cell, NULL) || holds(cell, "kept"));
  set(cell, "kept");
  tg_cell_commit(cell, NULL);
  tg_cell_begin(cell);
  assert_int_equal(tg_cell_set(cell, tg_text_of(large, TG_CELL_BYTES_MAX), &err), TG_OK);
  assert_int_equal(tg_cell_commit(cell, &err), TG_FULL); /* its frame is in addition */
  assert_non_null(strstr(err.what, "64 KiB"));
  tg_cell_begin(cell);
  assert_true(holds(cell, "kept"));
  tg_cell_free(cell);
  free(large);
}

static void a_rule_has_so_many_models(void **state)
{
  (void)state;
  struct tg_cell *cell = tg_cell_new();
  struct tg_model_conf conf = tg_model_conf(TG_MODEL_EWMA);
  struct tg_model *m;
  char name[] = "m00", long_name[TG_CELL_NAME_MAX + 1];
  tg_cell_begin(cell);
  for (int i = 0; i < TG_CELL_MODELS_MAX; i++) {
    name[1] = (char)('0' + i / 10), name[2] = (char)('0' + i % 10);
    model(cell, name, TG_MODEL_EWMA);
  }
  assert_int_equal(tg_cell_model(cell, tg_text("one more"), &conf, &m, NULL), TG_FULL);
  memset(long_name, 'x', sizeof long_name);
  struct tg_text bad[] = {tg_text(""), tg_text_of("a\0b", 3),
                          tg_text_of(long_name, sizeof long_name)};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(tg_cell_model(cell, bad[i], &conf, &m, NULL), TG_CONFIG);
  }
  tg_cell_free(cell);
}

static void a_restart_changes_nothing(void **state)
{
  (void)state;
  struct tg_cell *calm = tg_cell_new(), *restless = tg_cell_new();
  for (int batch = 0; batch < 20; batch++) {
    tg_cell_begin(calm);
    learn(calm, "m", batch);
    set(calm, batch % 2 ? "odd" : "even");
    tg_cell_commit(calm, NULL);
    tg_cell_begin(restless);
    learn(restless, "m", batch);
    set(restless, batch % 2 ? "odd" : "even");
    tg_cell_commit(restless, NULL);
    struct tg_cell *next = tg_cell_new();
    assert_int_equal(tg_cell_restore(next, tg_cell_bytes(restless), NULL), TG_OK);
    tg_cell_free(restless);
    restless = next;
  }
  assert_true(tg_text_eq(tg_cell_bytes(calm), tg_cell_bytes(restless)));
  tg_cell_free(calm);
  tg_cell_free(restless);
}

static void damaged_bytes_leave_the_cell_as_it_was(void **state)
{
  (void)state;
  struct tg_cell *from = tg_cell_new(), *cell = tg_cell_new();
  tg_cell_begin(from);
  learn(from, "m", 60);
  set(from, "value");
  tg_cell_commit(from, NULL);
  struct tg_text bytes = tg_cell_bytes(from);
  char *copy = malloc(bytes.len + 1);
  for (uint32_t cut = 1; cut < bytes.len; cut++) {
    assert_int_equal(tg_cell_restore(cell, tg_text_of(bytes.ptr, cut), NULL), TG_DATA);
    assert_int_equal(tg_cell_bytes(cell).len, 0);
  }
  for (uint32_t i = 0; i < bytes.len * 8; i++) {
    memcpy(copy, bytes.ptr, bytes.len);
    copy[i / 8] = (char)(copy[i / 8] ^ (char)(1u << (i % 8)));
    if (tg_cell_restore(cell, tg_text_of(copy, bytes.len), NULL) != TG_OK) continue;
    tg_cell_begin(cell);
    learn(cell, "m", 3);
    tg_cell_commit(cell, NULL);
  }
  copy[bytes.len] = 0;
  memcpy(copy, bytes.ptr, bytes.len);
  assert_int_equal(tg_cell_restore(cell, tg_text_of(copy, bytes.len + 1), NULL), TG_DATA);
  free(copy);
  tg_cell_free(from);
  tg_cell_free(cell);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_dropped_overlay_changes_nothing),
      cmocka_unit_test(beginning_again_drops_what_was_open),
      cmocka_unit_test(judging_twice_gives_the_same_bytes),
      cmocka_unit_test(models_that_were_not_asked_for_are_kept),
      cmocka_unit_test(other_settings_start_anew),
      cmocka_unit_test(a_value_can_be_taken_away),
      cmocka_unit_test(too_large_a_cell_stays_as_it_was),
      cmocka_unit_test(a_rule_has_so_many_models),
      cmocka_unit_test(a_restart_changes_nothing),
      cmocka_unit_test(damaged_bytes_leave_the_cell_as_it_was),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
