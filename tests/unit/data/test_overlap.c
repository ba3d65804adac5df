/* Ranges that meet, touch, repeat, and those that are not judged. */
#include "columns.h"
#include "core/data/overlap.h"

static struct tg_column *apart(const char *lower, const char *upper, const char *by,
                               enum tg_gaps gaps)
{
  struct tg_ranges r = {.gaps = gaps};
  r.lower = column("bigint", lower), r.upper = column("bigint", upper);
  if (by) r.by = column("text", by);
  return tg_overlap_free(&op, &r);
}

static void the_range_that_meets_another_is_false(void **state)
{
  (void)state;
  assert_column(apart("1 3 5", "3 6 7", NULL, TG_GAPS_ALLOWED), "true false true");
  assert_column(apart("5 3 1", "7 6 3", NULL, TG_GAPS_ALLOWED), "true false true");
  assert_column(apart("1 2 9", "10 3 12", NULL, TG_GAPS_ALLOWED), "false true true");
  assert_column(apart("1 5", "3 7", NULL, TG_GAPS_ALLOWED), "true true");
}

static void a_range_ends_after_it_begins(void **state)
{
  (void)state;
  assert_column(apart("1 5 9", "1 4 10", NULL, TG_GAPS_ALLOWED), "false false true");
}

static void ranges_that_begin_together_are_all_false(void **state)
{
  (void)state;
  assert_column(apart("1 1 1 5", "2 3 4 6", NULL, TG_GAPS_ALLOWED), "false false false true");
}

static void gaps_may_be_forbidden_or_required(void **state)
{
  (void)state;
  assert_column(apart("1 3 6", "3 5 7", NULL, TG_GAPS_FORBIDDEN), "true false true");
  assert_column(apart("1 3 6", "3 5 7", NULL, TG_GAPS_REQUIRED), "false true true");
}

static void groups_do_not_meet_each_other(void **state)
{
  (void)state;
  assert_column(apart("1 2 1 2", "3 4 3 4", "a b b a", TG_GAPS_ALLOWED), "false true false true");
}

static void nulls_are_not_judged_and_in_nobodys_way(void **state)
{
  (void)state;
  assert_column(apart("1 2 null 5", "4 null 3 6", NULL, TG_GAPS_ALLOWED), "true null null true");
  assert_column(apart("1 2", "4 3", "a null", TG_GAPS_ALLOWED), "true null");
  uint8_t rows[] = {1, 0, 1};
  struct tg_ranges r = {.rows = rows};
  r.lower = column("bigint", "1 2 5"), r.upper = column("bigint", "4 3 6");
  assert_column(tg_overlap_free(&op, &r), "true null true");
}

static void what_does_not_compare_is_refused(void **state)
{
  (void)state;
  struct tg_ranges r = {.lower = column("bigint", "1"), .upper = column("text", "2")};
  assert_refused(tg_overlap_free(&op, &r), "ranges from bigint to text do not compare");
  struct tg_column *json = column("text", "1");
  json->type = tg_type_of(TG_JSONB);
  r = (struct tg_ranges){
      .lower = column("bigint", "1"), .upper = column("bigint", "2"), .by = json};
  assert_refused(tg_overlap_free(&op, &r), "jsonb makes no groups");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(the_range_that_meets_another_is_false),
      T(a_range_ends_after_it_begins),
      T(ranges_that_begin_together_are_all_false),
      T(gaps_may_be_forbidden_or_required),
      T(groups_do_not_meet_each_other),
      T(nulls_are_not_judged_and_in_nobodys_way),
      T(what_does_not_compare_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
