/* Arrays: lengths, elements by place, membership of any element; every kind of element. */
#include "columns.h"
#include "core/data/arrayop.h"
#include "core/data/element.h"

/* An array column: rows of words as column() takes them; NULL: a null array, "": an empty one. */
static struct tg_column *arrays(const char *element, const char *const *rows, uint32_t count)
{
  struct tg_type type = type_named(element);
  type.array = true;
  struct tg_column *c = tg_column_new(&arena, type, count, true);
  for (uint32_t i = 0; i < count; i++) {
    c->nul[i] = rows[i] ? TG_SOME : TG_NULL;
    if (!rows[i]) continue;
    struct tg_column *e = column(element, rows[i]);
    struct tg_buf buf;
    char head[TG_ARRAY_HEAD];
    tg_buf_init(&buf, 0);
    if (e->rows) {
      tg_array_head(head, e->type, e->rows, true);
      tg_buf_add(&buf, head, sizeof head);
    } else {
      tg_buf_add(&buf, "\0\0\0\0\0\0\0\0\0\0\0\x17", 12);
    }
    for (uint32_t k = 0; k < e->rows; k++) {
      if (tg_column_is_null(e, k))
        tg_buf_add(&buf, "\xff\xff\xff\xff", 4);
      else
        tg_element_put(&buf, e, k);
    }
    c->v.texts[i] = tg_arena_copy(&arena, tg_buf_view(&buf));
    tg_buf_fini(&buf);
  }
  op.rows = count;
  return c;
}

static void elements_are_counted_and_taken_by_place(void **state)
{
  (void)state;
  const char *const rows[] = {"a bb null", "", NULL, "x"};
  struct tg_column *c = arrays("text", rows, 4);
  assert_column(tg_array_length(&op, c), "3 0 null 1");
  assert_column(tg_array_at(&op, c, 1), "a null null x");
  assert_column(tg_array_at(&op, c, 2), "bb null null null");
  assert_column(tg_array_at(&op, c, 3), "null null null null");
  assert_column(tg_array_at(&op, c, -1), "null null null x");
  assert_column(tg_array_at(&op, c, -3), "a null null null");
  assert_column(tg_array_at(&op, c, 0), "null null null null");
  assert_column(tg_array_at(&op, c, INT64_MIN), "null null null null");
  assert_column(tg_array_at(&op, c, INT64_MAX), "null null null null");
}

static const struct {
  const char *type, *values, *second;
} kinds[] = {
    {"smallint", "1 -32768", "-32768"},
    {"integer", "1 -2147483648", "-2147483648"},
    {"bigint", "1 -9223372036854775808", "-9223372036854775808"},
    {"boolean", "false true", "true"},
    {"real", "1 -1.5", "-1.5"},
    {"double precision", "1 -1.5e300", "-1.5e+300"},
    {"numeric(18,4)", "1 -12345678901234.5678", "-12345678901234.5678"},
    {"numeric(6,2)", "1 -0.05", "-0.05"},
    {"numeric(18,0)", "1 999999999999999999", "999999999999999999"},
    {"numeric(6,2)", "1 0", "0.00"},
    {"varchar(9)", "a b", "b"},
    {"uuid", "00000000-0000-4000-8000-000000000001 00000000-0000-4000-8000-000000000002",
     "00000000-0000-4000-8000-000000000002"},
    {"date", "2026-01-01 1969-12-31", "1969-12-31"},
    {"timestamptz", "2026-01-01T00:00:00Z 1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5Z"},
    {"time", "12:00 23:59:59", "23:59:59"},
};

static void every_kind_of_element_comes_out_as_it_went_in(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    const char *const rows[] = {kinds[i].values};
    assert_column(tg_array_at(&op, arrays(kinds[i].type, rows, 1), 2), kinds[i].second);
  }
}

static void any_element_may_be_the_member(void **state)
{
  (void)state;
  const char *const rows[] = {"1 2 3", "", NULL, "null 5", "4"};
  struct tg_literal set[] = {{.kind = TG_LIT_INT, .i = 2}, {.kind = TG_LIT_INT, .i = 5}};
  assert_column(tg_array_any_in(&op, arrays("integer", rows, 5), set, 2),
                "true false null true false");
  assert_column(tg_array_any_in(&op, arrays("integer", rows, 5), set, 0),
                "false false null false false");
  const char *const texts[] = {"a b", "c"};
  struct tg_literal b = {.kind = TG_LIT_TEXT, .t = tg_text("b")};
  assert_column(tg_array_any_in(&op, arrays("text", texts, 2), &b, 1), "true false");
}

static void a_payload_cut_short_reads_as_null(void **state)
{
  (void)state;
  const char *const rows[] = {"abcdef ghi"};
  struct tg_column *c = arrays("text", rows, 1);
  for (uint32_t len = c->v.texts[0].len; len-- > 0;) {
    c->v.texts[0].len = len;
    assert_column(tg_array_at(&op, c, 2), "null");
  }
}

static void other_types_are_refused(void **state)
{
  (void)state;
  const char *const rows[] = {""};
  assert_refused(tg_array_length(&op, column("text", "a")), "length needs an array, this is text");
  assert_refused(tg_array_at(&op, arrays("interval", rows, 1), 1),
                 "at cannot take interval[] apart");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(elements_are_counted_and_taken_by_place),
      T(every_kind_of_element_comes_out_as_it_went_in),
      T(any_element_may_be_the_member),
      T(a_payload_cut_short_reads_as_null),
      T(other_types_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
