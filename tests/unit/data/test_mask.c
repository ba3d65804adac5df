/* Three-valued logic: the tables of SQL, faults, every length, random masks against a reference. */
#include "columns.h"
#include "core/data/mask.h"

static void operators_follow_the_tables_of_sql(void **state)
{
  (void)state;
  struct tg_column *a = column("boolean", "true true true false false false null null null");
  struct tg_column *b = column("boolean", "true false null true false null true false null");
  assert_column(tg_mask_and(&op, a, b), "true false null false false false null false null");
  assert_column(tg_mask_or(&op, a, b), "true true true true false null true null null");
  assert_column(tg_mask_not(&op, b), "false true null false true null false true null");
}

static void a_fault_is_never_lost(void **state)
{
  (void)state;
  struct tg_column *a = column("boolean", "!division true false");
  struct tg_column *b = column("boolean", "false !out null");
  const char *both = "!division by zero !out of range false";
  assert_column(tg_mask_and(&op, a, b), both);
  assert_column(tg_mask_or(&op, a, b), "!division by zero !out of range null");
  assert_column(tg_mask_not(&op, tg_mask_not(&op, a)), "!division by zero true false");
}

static void the_larger_fault_wins(void **state)
{
  (void)state;
  struct tg_column *a = column("boolean", "!division !out");
  struct tg_column *b = column("boolean", "!out !division");
  assert_column(tg_mask_and(&op, a, b), "!division by zero !division by zero");
}

static void null_tests_are_never_unknown(void **state)
{
  (void)state;
  struct tg_column *c = column("integer", "1 null 3");
  assert_column(tg_mask_null(&op, c, true), "false true false");
  assert_column(tg_mask_null(&op, c, false), "true false true");
  c = column("boolean", "true null false");
  assert_column(tg_mask_null(&op, c, true), "false true false");
  assert_column(tg_mask_null(&op, column("integer", "1 2 3"), false), "true true true");
  assert_column(tg_mask_null(&op, column("integer", "1 !out null"), true),
                "false !out of range true");
}

static void the_tally_leaves_faults_out(void **state)
{
  (void)state;
  struct tg_column *m = column("boolean", "true false null !out true");
  struct tg_tally t = tg_mask_tally(m);
  assert_int_equal(t.is_true, 2);
  assert_int_equal(t.is_false, 1);
  assert_int_equal(t.unknown, 1);
  assert_int_equal(t.faults, 1);
}

static struct tg_column *random_mask(uint32_t rows, uint32_t *seed, bool faults)
{
  struct tg_column *c = tg_column_new(&arena, tg_type_of(TG_BOOL), rows, faults);
  for (uint32_t i = 0; i < rows; i++) {
    *seed = *seed * 1664525u + 1013904223u;
    c->v.mask[i] = (uint8_t)((*seed >> 16) % 3);
    if (!faults || (*seed >> 24) % 5) continue;
    c->nul[i] = (uint8_t)(TG_OVERFLOW + (*seed >> 20) % 3);
    c->v.mask[i] = TG_UNKNOWN;
  }
  return c;
}

/* By cases, not by min and max. */
static uint8_t and_of(uint8_t a, uint8_t b)
{
  if (a == TG_FALSE || b == TG_FALSE) return TG_FALSE;
  return a == TG_TRUE && b == TG_TRUE ? TG_TRUE : TG_UNKNOWN;
}

static uint8_t or_of(uint8_t a, uint8_t b)
{
  if (a == TG_TRUE || b == TG_TRUE) return TG_TRUE;
  return a == TG_FALSE && b == TG_FALSE ? TG_FALSE : TG_UNKNOWN;
}

static void check_random(uint32_t rows, uint32_t *seed)
{
  struct tg_column *a = random_mask(rows, seed, rows % 2), *b = random_mask(rows, seed, rows % 3);
  op.rows = rows;
  struct tg_column *and = tg_mask_and(&op, a, b), * or = tg_mask_or(&op, a, b);
  for (uint32_t i = 0; i < rows; i++) {
    uint8_t x = a->nul ? a->nul[i] : 0, y = b->nul ? b->nul[i] : 0, most = x > y ? x : y;
    assert_int_equal(and->v.mask[i], and_of(a->v.mask[i], b->v.mask[i]));
    assert_int_equal(or->v.mask[i], or_of(a->v.mask[i], b->v.mask[i]));
    assert_int_equal(and->nul ? and->nul[i] : 0, most);
    assert_int_equal(or->nul ? or->nul[i] : 0, most);
  }
}

static void random_masks_agree_with_a_reference(void **state)
{
  (void)state;
  uint32_t seed = 1;
  for (uint32_t rows = 0; rows < 70; rows++) check_random(rows, &seed);
  check_random(5001, &seed);
}

static void a_full_arena_is_said(void **state)
{
  (void)state;
  struct tg_column *m = column("boolean", "true false");
  tg_arena_bytes(&arena, 60000);
  arena.bytes_max = arena.bytes_held;
  op.rows = 70000;
  assert_null(tg_mask_not(&op, m));
  assert_int_equal(err.rc, TG_FULL);
}

static bool yes(void *self)
{
  (void)self;
  return true;
}

static void a_deadline_stops_it(void **state)
{
  (void)state;
  struct tg_column *m = column("boolean", "true false");
  op.late = yes;
  assert_null(tg_mask_not(&op, m));
  assert_int_equal(err.rc, TG_AGAIN);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(operators_follow_the_tables_of_sql),
      T(a_fault_is_never_lost),
      T(the_larger_fault_wins),
      T(null_tests_are_never_unknown),
      T(the_tally_leaves_faults_out),
      T(random_masks_agree_with_a_reference),
      T(a_full_arena_is_said),
      T(a_deadline_stops_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
