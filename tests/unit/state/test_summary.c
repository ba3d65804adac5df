#include "tests/unit/state/summaries.h"

enum { ROWS = 3000, KINDS = 9 };

static const enum tg_summary_kind every[KINDS] = {
    TG_SUMMARY_ROWS,      TG_SUMMARY_MOMENTS, TG_SUMMARY_SUM,
    TG_SUMMARY_MIN,       TG_SUMMARY_MAX,     TG_SUMMARY_DISTINCT,
    TG_SUMMARY_QUANTILES, TG_SUMMARY_COUNTS,  TG_SUMMARY_COMOMENTS};

/* Whole numbers, so that every figure of every kind is exact and bytes can be compared. */
static struct tg_column *numbers(uint64_t seed, uint32_t spread)
{
  int64_t x[ROWS];
  for (int i = 0; i < ROWS; i++) x[i] = (int64_t)(random_next(&seed) % spread) - spread / 2;
  return ints_of(x, ROWS);
}

static struct tg_column *slice(const struct tg_column *c, uint32_t from, uint32_t to)
{
  return ints_of(c->v.ints + from, to - from);
}

static struct tg_summary *take(enum tg_summary_kind kind, uint32_t cap, struct tg_column *a,
                               struct tg_column *b)
{
  struct tg_summary *s = summary_empty(kind, cap);
  summary_take(s, kind == TG_SUMMARY_ROWS ? NULL : a, b, NULL);
  return s;
}

static double figure(struct tg_summary *s)
{
  double x = 0;
  switch (s->kind) {
  case TG_SUMMARY_ROWS: return (double)s->u.rows.value;
  case TG_SUMMARY_MOMENTS: tg_moments_kurtosis(&s->u.moments, &x); return x;
  case TG_SUMMARY_SUM: return tg_sum_value(&s->u.sum);
  case TG_SUMMARY_DISTINCT: return tg_distinct_estimate(&s->u.distinct);
  case TG_SUMMARY_QUANTILES: tg_quantiles_at(&s->u.quantiles, 0.3, &x); return x;
  case TG_SUMMARY_COUNTS: return tg_counts_distinct(&s->u.counts);
  case TG_SUMMARY_COMOMENTS: tg_comoments_correlation(&s->u.comoments, &x); return x;
  default: return (double)s->u.extreme.count;
  }
}

/* Cut in three, merged in either order. caps: 0, or small enough to be passed. */
static void merge_is_whole(uint32_t cap, uint32_t spread)
{
  struct tg_column *a = numbers(7, spread), *b = numbers(8, spread);
  for (int k = 0; k < KINDS; k++) {
    op.rows = ROWS;
    struct tg_summary *whole = take(every[k], cap, a, b), *parts[3];
    for (uint32_t i = 0; i < 3; i++) {
      op.rows = ROWS / 3;
      struct tg_column *x = slice(a, i * ROWS / 3, (i + 1) * ROWS / 3);
      struct tg_column *y = slice(b, i * ROWS / 3, (i + 1) * ROWS / 3);
      parts[i] = take(every[k], cap, x, y);
    }
    struct tg_summary *left = summary_reread(summary_bytes(parts[0]));
    summary_join(left, parts[1]);
    summary_join(left, parts[2]);
    summary_join(parts[1], parts[2]);
    summary_join(parts[0], parts[1]);
    bool floats = every[k] == TG_SUMMARY_MOMENTS || every[k] == TG_SUMMARY_COMOMENTS;
    assert_near(figure(left), figure(whole), floats ? 1e-11 : 0);
    assert_near(figure(parts[0]), figure(whole), floats ? 1e-11 : 0);
    assert_int_equal(tg_summary_count(left), ROWS);
    if (floats) continue;
    assert_true(tg_text_eq(summary_bytes(left), summary_bytes(whole)));
    assert_true(tg_text_eq(summary_bytes(parts[0]), summary_bytes(whole)));
  }
}

static void merge_of_parts_is_the_whole(void **state)
{
  (void)state;
  merge_is_whole(0, 1000);
}

static void merge_past_the_cap_is_the_whole(void **state)
{
  (void)state;
  merge_is_whole(50, 100000);
}

static void empty_summaries_merge_both_ways(void **state)
{
  (void)state;
  for (int k = 0; k < KINDS; k++) {
    op.rows = ROWS;
    struct tg_summary *s = take(every[k], 0, numbers(1, 100), numbers(2, 100));
    struct tg_summary *none = summary_empty(every[k], 0);
    struct tg_text before = summary_bytes(s);
    summary_join(s, none);
    assert_true(tg_text_eq(summary_bytes(s), before));
    summary_join(none, s);
    assert_true(tg_text_eq(summary_bytes(none), before));
  }
}

static void bytes_are_read_back(void **state)
{
  (void)state;
  for (int k = 0; k < KINDS; k++) {
    for (uint32_t cap = 0; cap <= 10; cap += 10) {
      op.rows = ROWS;
      struct tg_summary *s = take(every[k], cap, numbers(1, 100), numbers(2, 100));
      struct tg_text bytes = summary_bytes(s);
      assert_true(tg_text_eq(summary_bytes(summary_reread(bytes)), bytes));
    }
  }
}

/* A copy with its exact size, so that AddressSanitizer sees a read past the end. */
static enum tg_rc read_copy(struct tg_text bytes, uint32_t flip, uint8_t with)
{
  struct tg_summary *s;
  char *copy = malloc(bytes.len + 1);
  memcpy(copy, bytes.ptr, bytes.len);
  if (flip < bytes.len) copy[flip] = (char)(copy[flip] ^ with);
  struct tg_text view = tg_text_of(copy, bytes.len);
  enum tg_rc rc = tg_summary_read(&arena, view, &s, &err);
  if (rc == TG_OK) figure(s), summary_bytes(s);
  free(copy);
  return rc;
}

static void cut_bytes_are_refused(void **state)
{
  (void)state;
  for (int k = 0; k < KINDS; k++) {
    op.rows = 60;
    struct tg_column *c = slice(numbers(1, 100), 0, 60);
    struct tg_text bytes = summary_bytes(take(every[k], 0, c, c));
    for (uint32_t len = 0; len < bytes.len; len++)
      assert_int_equal(read_copy(tg_text_of(bytes.ptr, len), UINT32_MAX, 0), TG_DATA);
    struct tg_text more = tg_text_of(bytes.ptr, bytes.len);
    char *longer = tg_arena_bytes(&arena, bytes.len + 1);
    memcpy(longer, more.ptr, more.len);
    longer[more.len] = 0;
    assert_int_equal(read_copy(tg_text_of(longer, more.len + 1), UINT32_MAX, 0), TG_DATA);
  }
}

static void changed_bytes_do_no_harm(void **state)
{
  (void)state;
  for (int k = 0; k < KINDS; k++) {
    for (uint32_t cap = 0; cap <= 10; cap += 10) {
      op.rows = 60;
      struct tg_column *c = slice(numbers(1, 100), 0, 60);
      struct tg_text bytes = summary_bytes(take(every[k], cap, c, c));
      uint32_t step = bytes.len / 300 + 1;
      for (uint32_t i = 0; i < bytes.len; i += step) {
        struct tg_arena_mark mark = tg_arena_mark(&arena);
        read_copy(bytes, i, 0xff);
        read_copy(bytes, i, 0x01);
        read_copy(bytes, i, 0x80);
        tg_arena_release(&arena, mark);
      }
    }
  }
}

static void other_versions_and_kinds_are_refused(void **state)
{
  (void)state;
  struct tg_summary *s;
  assert_int_equal(tg_summary_read(&arena, tg_text_of("\2\1\0\0", 4), &s, &err), TG_DATA);
  assert_int_equal(tg_summary_read(&arena, tg_text_of("\1\12\0\0", 4), &s, &err), TG_DATA);
  assert_int_equal(tg_summary_read(&arena, tg_text_of("\1\1\5\6", 4), &s, &err), TG_DATA);
  assert_int_equal(tg_summary_read(&arena, tg_text_of("\1\1\6\5", 4), &s, &err), TG_OK);
}

static void kinds_do_not_mix(void **state)
{
  (void)state;
  struct tg_summary *a = summary_empty(TG_SUMMARY_MIN, 0), *b = summary_empty(TG_SUMMARY_MAX, 0);
  assert_int_equal(tg_summary_merge(a, b, &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "max cannot be merged with min"));
}

static void rows_that_are_not_live_are_not_seen(void **state)
{
  (void)state;
  const uint8_t live[] = {1, 0, 1, 1};
  struct tg_summary *s = summary_empty(TG_SUMMARY_SUM, 0);
  summary_take(s, column("bigint", "1 10 null 100"), NULL, live);
  assert_int_equal(tg_summary_count(s), 2);
  assert_near(tg_sum_value(&s->u.sum), 101, 0);
  s = summary_empty(TG_SUMMARY_ROWS, 0);
  summary_take(s, column("boolean", "true true null true"), NULL, live);
  assert_int_equal(s->u.rows.rows, 3);
  assert_int_equal(s->u.rows.value, 2);
}

static void bytes_are_golden(void **state)
{
  (void)state;
  const char *x = "1 2 2 null -3";
  assert_string_equal(summary_hex(summary_of(TG_SUMMARY_SUM, "numeric(6,2)", x)),
                      "010304"
                      "02c8000000000000000000000000000000"
                      "00");
  assert_string_equal(summary_hex(summary_of(TG_SUMMARY_MIN, "bigint", x)),
                      "01040403fdffffffffffffff");
  assert_string_equal(summary_hex(summary_of(TG_SUMMARY_MAX, "text", "a bb b")),
                      "01050307020000006262");
  assert_string_equal(summary_hex(summary_of(TG_SUMMARY_QUANTILES, "bigint", x)),
                      "0107040100fdffffffffffffff7f"
                      "0401"
                      "00");
  assert_string_equal(summary_hex(summary_of(TG_SUMMARY_ROWS, "boolean", "true false null")),
                      "01010301");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(merge_of_parts_is_the_whole),
      T(merge_past_the_cap_is_the_whole),
      T(empty_summaries_merge_both_ways),
      T(bytes_are_read_back),
      T(cut_bytes_are_refused),
      T(changed_bytes_do_no_harm),
      T(other_versions_and_kinds_are_refused),
      T(kinds_do_not_mix),
      T(rows_that_are_not_live_are_not_seen),
      T(bytes_are_golden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
