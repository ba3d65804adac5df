/* What all column operations share: every one of them meets a full arena at each of its
 * allocations, a passed deadline, and columns that are kept elsewhere. */
#include "columns.h"
#include "core/data/arith.h"
#include "core/data/cast.h"
#include "core/data/choose.h"
#include "core/data/compare.h"
#include "core/data/jsonop.h"
#include "core/data/mask.h"
#include "core/data/member.h"
#include "core/data/parseop.h"
#include "core/data/regex.h"
#include "core/data/textop.h"
#include "core/data/timeop.h"

enum { ROWS = 100 };

static struct tg_arena small;
static struct tg_column *ints, *nums, *floats, *texts, *times, *mask, *doc;
static struct tg_regex *regex;

static struct tg_column *fill(const char *type, const char *a, const char *b)
{
  char all[ROWS * 32] = "";
  size_t len = 0;
  for (int i = 0; i < ROWS; i++)
    len += (size_t)snprintf(all + len, sizeof all - len, "%s%s", i ? " " : "",
                            i % 3   ? a
                            : i % 2 ? b
                                    : "null");
  return column(type, all);
}

static int setup(void **state)
{
  arena_setup(state);
  ints = fill("integer", "7", "-1"), nums = fill("numeric(12,2)", "1.50", "-2"),
  floats = fill("float8", "0.5", "3");
  texts = fill("text", "abc", "12"), mask = fill("boolean", "true", "false"),
  doc = fill("text", "{\"a\":1}", "{}");
  times = fill("timestamptz", "2026-01-01T00:00:00Z", "1999-12-31T00:00:00Z");
  return tg_regex_new(tg_text("b"), "", &regex, &err) == TG_OK ? 0 : -1;
}

static int teardown(void **state)
{
  tg_regex_free(regex);
  return arena_teardown(state);
}

#define A(c) tg_arg_column(c)
static const struct tg_literal members[] = {{.kind = TG_LIT_TEXT, .t = {"abc", 3}},
                                            {.kind = TG_LIT_INT, .i = 7}};
static const struct tg_bounds bounds = {.has_min = true,
                                        .has_max = true,
                                        .min = {.lit = {.kind = TG_LIT_INT, .i = 1}},
                                        .max = {.lit = {.kind = TG_LIT_INT, .i = 5}}};

static struct tg_column *f_and(void)
{
  return tg_mask_and(&op, mask, mask);
}
static struct tg_column *f_null(void)
{
  return tg_mask_null(&op, mask, true);
}
static struct tg_column *f_range(void)
{
  return tg_compare(&op, TG_LT, A(ints), tg_arg_int(3));
}
static struct tg_column *f_is(void)
{
  return tg_compare(&op, TG_IS, A(ints), A(nums));
}
static struct tg_column *f_text(void)
{
  return tg_compare(&op, TG_EQ, A(texts), tg_arg_text(tg_text("abc")));
}
static struct tg_column *f_time(void)
{
  return tg_compare(&op, TG_EQ, A(times), tg_arg_text(tg_text("2026-01-01")));
}
static struct tg_column *f_between(void)
{
  return tg_compare_between(&op, floats, &bounds);
}
static struct tg_column *f_add(void)
{
  return tg_arith(&op, TG_ADD, A(ints), A(nums));
}
static struct tg_column *f_div(void)
{
  return tg_arith(&op, TG_DIV, A(nums), A(floats));
}
static struct tg_column *f_pick(void)
{
  return tg_arith_pick(&op, true, A(ints), A(nums));
}
static struct tg_column *f_when(void)
{
  return tg_choose_when(&op, mask, A(ints), A(floats));
}
static struct tg_column *f_default(void)
{
  return tg_choose_default(&op, texts, tg_arg_text(tg_text("x")));
}
static struct tg_column *f_cast(void)
{
  return tg_cast_to(&op, nums, tg_type_of(TG_NUMERIC), true);
}
static struct tg_column *f_upper(void)
{
  return tg_text_upper(&op, texts);
}
static struct tg_column *f_concat(void)
{
  return tg_text_concat(&op, A(texts), tg_arg_int(5));
}
static struct tg_column *f_replace(void)
{
  return tg_text_replace(&op, texts, tg_text("b"), tg_text("bb"));
}
static struct tg_column *f_split(void)
{
  return tg_text_split(&op, texts, tg_text("b"), 2);
}
static struct tg_column *f_like(void)
{
  return tg_text_like(&op, texts, tg_text("a%"));
}
static struct tg_column *f_member(void)
{
  return tg_member_of(&op, texts, members, 2);
}
static struct tg_column *f_ints(void)
{
  return tg_member_of(&op, ints, members, 2);
}
static struct tg_column *f_regex(void)
{
  return tg_regex_match(&op, texts, regex);
}
static struct tg_column *f_parse(void)
{
  return tg_parse_column(&op, texts, tg_text("integer"));
}
static struct tg_column *f_parses(void)
{
  return tg_parse_test(&op, texts, tg_text("integer"));
}
static struct tg_column *f_show(void)
{
  return tg_parse_text(&op, times, tg_text(""));
}
static struct tg_column *f_diff(void)
{
  return tg_arith(&op, TG_SUB, A(times), A(times));
}
static struct tg_column *f_shift(void)
{
  return tg_time_add(&op, times, tg_text("1h"));
}
static struct tg_column *f_trunc(void)
{
  return tg_time_trunc(&op, times, tg_text("day"), tg_text(""));
}
static struct tg_column *f_json(void)
{
  return tg_json_at(&op, doc, tg_text("a"), tg_type_of(TG_INT8));
}

static struct tg_column *(*const all[])(void) = {
    f_and,   f_null,    f_range,  f_is,    f_text,   f_time,    f_between, f_add,  f_div,    f_pick,
    f_when,  f_default, f_cast,   f_upper, f_concat, f_replace, f_split,   f_like, f_member, f_ints,
    f_regex, f_parse,   f_parses, f_show,  f_diff,   f_shift,   f_trunc,   f_json,
};
enum { ALL = sizeof all / sizeof *all };

/* Runs operation k with at most `bytes` for its results. */
static struct tg_column *within(size_t k, size_t bytes)
{
  tg_arena_init(&small, 64, bytes);
  op.arena = op.home = &small;
  tg_err_clear(&err);
  texts->dict = NULL, texts->dict_refused = 0, doc->dict = NULL, doc->dict_refused = 0;
  return all[k]();
}

static void a_full_arena_is_met_at_every_allocation(void **state)
{
  (void)state;
  for (size_t k = 0; k < ALL; k++) {
    struct tg_column *c = NULL;
    size_t bytes = 64, failures = 0;
    for (; !c && bytes < 1 << 20; bytes += 64) {
      c = within(k, bytes);
      if (!c && err.rc != TG_FULL) fail_msg("operation %zu with %zu bytes: %s", k, bytes, err.what);
      failures += !c;
      if (c) assert_int_equal(strlen(shown(c)) > 0, 1);
      tg_arena_fini(&small);
    }
    if (!c || !failures)
      fail_msg("operation %zu: %zu failures, then %s", k, failures, c ? "a result" : "none");
  }
  texts->dict = doc->dict = NULL;
}

static bool yes(void *self)
{
  (void)self;
  return true;
}

static void a_passed_deadline_stops_every_operation(void **state)
{
  (void)state;
  op.late = yes;
  for (size_t k = 0; k < ALL; k++) {
    struct tg_column *c = within(k, 0);
    if (c || err.rc != TG_AGAIN) fail_msg("operation %zu went on", k);
    tg_arena_fini(&small);
  }
  texts->dict = doc->dict = NULL;
}

static void a_kept_column_needs_nothing_of_the_old_arena(void **state)
{
  (void)state;
  struct tg_arena other;
  tg_arena_init(&small, 64, 0), tg_arena_init(&other, 4096, 0);
  op.arena = &small;
  op.rows = 4;
  struct tg_column *c = tg_text_upper(&op, column("text", "a null '' !out"));
  struct tg_column *n = tg_arith(&op, TG_ADD, A(column("integer", "1 null 3 !out")), tg_arg_int(1));
  struct tg_column *kept = tg_op_keep(&other, c), *sum = tg_op_keep(&other, n);
  tg_arena_fini(&small);
  assert_column(kept, "A null  !out of range");
  assert_non_null(kept->v.texts[2].ptr);
  assert_column(sum, "2 null 4 !out of range");
  tg_arena_init(&small, 64, 64);
  assert_null(tg_op_keep(&small, sum));
  tg_arena_fini(&small), tg_arena_fini(&other);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_full_arena_is_met_at_every_allocation, setup, teardown),
      cmocka_unit_test_setup_teardown(a_passed_deadline_stops_every_operation, setup, teardown),
      cmocka_unit_test_setup_teardown(a_kept_column_needs_nothing_of_the_old_arena, setup,
                                      teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
