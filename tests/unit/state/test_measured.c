/* Sets of summaries by name: merged, written, read, refused. */
#include "core/state/measured.h"

#include "tests/unit/state/summaries.h"

#define GOLDEN "0101ac020100050101ac0205"

/* rows, a sum of "sum" and the count of different values in "kinds". */
static struct tg_measured *measured(uint64_t rows, const char *values)
{
  struct tg_measured *m = tg_arena_zalloc(&arena, 1, sizeof *m);
  assert_non_null(m);
  m->rows = rows;
  assert_true(tg_measured_put(m, tg_text("sum"), summary_of(TG_SUMMARY_SUM, "bigint", values)));
  assert_true(
      tg_measured_put(m, tg_text("kinds"), summary_of(TG_SUMMARY_DISTINCT, "bigint", values)));
  return m;
}

static struct tg_measured *single(uint64_t rows, const char *values)
{
  struct tg_measured *m = tg_arena_zalloc(&arena, 1, sizeof *m);
  assert_non_null(m);
  m->rows = rows, m->single = true;
  assert_true(tg_measured_put(m, tg_text(""), summary_of(TG_SUMMARY_SUM, "bigint", values)));
  return m;
}

static struct tg_text bytes_of(struct tg_measured *m)
{
  struct tg_buf out;
  tg_buf_init(&out, 0);
  assert_true(tg_measured_write(m, &out));
  struct tg_text bytes = tg_arena_copy(&arena, tg_buf_view(&out));
  tg_buf_fini(&out);
  return bytes;
}

static struct tg_measured *reread(struct tg_text bytes)
{
  struct tg_measured *m = NULL;
  if (tg_measured_read(&arena, bytes, &m, &err) != TG_OK) fail_msg("%s", err.what);
  return m;
}

static void assert_same_bytes(struct tg_text a, struct tg_text b)
{
  assert_int_equal(a.len, b.len);
  assert_memory_equal(a.ptr, b.ptr, a.len);
}

static void refused(const char *bytes, size_t len)
{
  struct tg_measured *m = NULL;
  assert_int_equal(tg_measured_read(&arena, tg_text_of(bytes, len), &m, &err), TG_DATA);
}

/* Lanes measure apart what a process of one lane measures at once. */
static void merged_parts_are_the_whole(void **state)
{
  (void)state;
  struct tg_measured *a = measured(3, "1 2 null"), *b = measured(2, "2 5");
  assert_int_equal(tg_measured_merge(a, b, &err), TG_OK);
  assert_same_bytes(bytes_of(a), bytes_of(measured(5, "1 2 null 2 5")));
}

static void pieces_read_back_merge_in_either_order(void **state)
{
  (void)state;
  struct tg_text first = bytes_of(measured(2, "1 2")), second = bytes_of(measured(1, "7"));
  struct tg_measured *a = reread(first), *b = reread(second);
  assert_int_equal(tg_measured_merge(a, reread(second), &err), TG_OK);
  assert_int_equal(tg_measured_merge(b, reread(first), &err), TG_OK);
  assert_same_bytes(bytes_of(a), bytes_of(b));
  assert_int_equal(a->rows, 3);
}

static void parts_stand_in_the_order_of_their_names(void **state)
{
  (void)state;
  struct tg_measured *m = measured(1, "1");
  assert_true(tg_text_is(m->parts[0].name, "kinds"));
  assert_true(tg_text_is(m->parts[1].name, "sum"));
}

static void a_rule_that_measures_something_else_does_not_merge(void **state)
{
  (void)state;
  struct tg_measured *m = measured(1, "1"), *other = single(1, "1");
  assert_int_equal(tg_measured_merge(m, other, &err), TG_CONFIG);
  assert_int_equal(tg_measured_merge(other, m, &err), TG_CONFIG);
  struct tg_measured *named = tg_arena_zalloc(&arena, 1, sizeof *named);
  assert_true(tg_measured_put(named, tg_text(""), summary_of(TG_SUMMARY_SUM, "bigint", "1")));
  assert_int_equal(tg_measured_merge(named, other, &err), TG_CONFIG);
  struct tg_measured *kind = tg_arena_zalloc(&arena, 1, sizeof *kind);
  kind->single = true;
  assert_true(tg_measured_put(kind, tg_text(""), summary_of(TG_SUMMARY_MAX, "bigint", "1")));
  assert_int_equal(tg_measured_merge(kind, other, &err), TG_CONFIG);
  assert_int_equal(other->rows, 1);
}

static void names_and_parts_have_an_end(void **state)
{
  (void)state;
  char name[TG_MEASURED_NAME_MAX + 2];
  struct tg_summary *s = summary_of(TG_SUMMARY_SUM, "bigint", "1");
  struct tg_measured *m = tg_arena_zalloc(&arena, 1, sizeof *m);
  memset(name, 'n', sizeof name);
  assert_false(tg_measured_put(m, tg_text_of(name, TG_MEASURED_NAME_MAX + 1), s));
  assert_true(tg_measured_put(m, tg_text_of(name, TG_MEASURED_NAME_MAX), s));
  assert_false(tg_measured_put(m, tg_text_of(name, TG_MEASURED_NAME_MAX), s));
  for (int i = 1; i < TG_MEASURED_PARTS_MAX; i++) {
    const char *more = tg_arena_printf(&arena, "p%02d", i);
    assert_true(tg_measured_put(m, tg_text(more), s));
  }
  assert_false(tg_measured_put(m, tg_text("z"), s));
  assert_int_equal(reread(bytes_of(m))->count, TG_MEASURED_PARTS_MAX);
}

/* Pieces of an older program are read by a newer one. */
static void bytes_are_golden(void **state)
{
  (void)state;
  struct tg_measured *m = tg_arena_zalloc(&arena, 1, sizeof *m);
  char hex[128] = "";
  m->rows = 300, m->single = true;
  struct tg_summary *s = summary_empty(TG_SUMMARY_ROWS, 0);
  s->u.rows = (struct tg_rowcount){300, 5};
  assert_true(tg_measured_put(m, tg_text(""), s));
  struct tg_text bytes = bytes_of(m);
  for (uint32_t i = 0; i < bytes.len; i++)
    snprintf(hex + 2 * i, sizeof hex - 2 * i, "%02x", (uint8_t)bytes.ptr[i]);
  assert_string_equal(hex, GOLDEN);
}

static void cut_bytes_are_refused(void **state)
{
  (void)state;
  struct tg_text bytes = bytes_of(measured(3, "1 2 3"));
  for (uint32_t len = 0; len < bytes.len; len++) refused(bytes.ptr, len);
}

static void bytes_with_more_behind_them_are_refused(void **state)
{
  (void)state;
  char more[256];
  struct tg_text bytes = bytes_of(single(1, "1"));
  assert_true(bytes.len < sizeof more);
  memcpy(more, bytes.ptr, bytes.len);
  more[bytes.len] = 0;
  refused(more, bytes.len + 1);
}

/* Whatever a byte becomes, it is read or refused; what is read can be written. */
static void changed_bytes_do_no_harm(void **state)
{
  (void)state;
  char changed[512];
  struct tg_text bytes = bytes_of(measured(3, "1 2 3"));
  assert_true(bytes.len < sizeof changed);
  for (uint32_t at = 0; at < bytes.len; at++) {
    for (int to = 0; to < 256; to += 5) {
      struct tg_measured *m = NULL;
      memcpy(changed, bytes.ptr, bytes.len);
      changed[at] = (char)to;
      enum tg_rc rc = tg_measured_read(&arena, tg_text_of(changed, bytes.len), &m, &err);
      if (rc == TG_OK) bytes_of(m);
    }
  }
}

static void other_versions_are_refused(void **state)
{
  (void)state;
  char changed[256];
  struct tg_text bytes = bytes_of(single(1, "1"));
  memcpy(changed, bytes.ptr, bytes.len);
  changed[0] = 2;
  refused(changed, bytes.len);
  assert_non_null(strstr(err.what, "no measure of version 1"));
  changed[0] = 1, changed[1] = 2; /* neither single nor not */
  refused(changed, bytes.len);
}

/* Names that do not ascend would be two of one name, or two spellings of one piece. */
static void names_that_do_not_ascend_are_refused(void **state)
{
  (void)state;
  struct tg_text bytes = bytes_of(measured(1, "1"));
  char changed[256];
  memcpy(changed, bytes.ptr, bytes.len);
  char *kinds = memchr(changed, 'k', bytes.len);
  assert_non_null(kinds);
  *kinds = 'z';
  refused(changed, bytes.len);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(merged_parts_are_the_whole),
      T(pieces_read_back_merge_in_either_order),
      T(parts_stand_in_the_order_of_their_names),
      T(a_rule_that_measures_something_else_does_not_merge),
      T(names_and_parts_have_an_end),
      T(bytes_are_golden),
      T(cut_bytes_are_refused),
      T(bytes_with_more_behind_them_are_refused),
      T(changed_bytes_do_no_harm),
      T(other_versions_are_refused),
      T(names_that_do_not_ascend_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
