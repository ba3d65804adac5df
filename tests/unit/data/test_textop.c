/* Text operations: code points, empty and null texts, once per distinct value and row by row. */
#include "columns.h"
#include "core/data/member.h"
#include "core/data/textop.h"

static void case_is_ascii_only(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "aZ9 \xc3\xa9\xc3\x89x '' null");
  assert_column(tg_text_upper(&op, c), "AZ9 \xc3\xa9\xc3\x89X  null");
  assert_column(tg_text_lower(&op, c), "az9 \xc3\xa9\xc3\x89x  null");
}

static void trim_takes_white_space_at_both_ends(void **state)
{
  (void)state;
  assert_column(tg_text_trimmed(&op, column("text", "_a_b_ __ '' null x")), "a b   null x");
}

static void length_counts_code_points_or_bytes(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "abc \xc3\xa9\xf0\x9f\x98\x80 '' null");
  assert_column(tg_text_len(&op, c, false), "3 2 0 null");
  assert_column(tg_text_len(&op, c, true), "3 6 0 null");
  assert_refused(tg_text_len(&op, column("integer", "1"), false),
                 "len needs text, this is integer");
}

static void sub_counts_as_lua_does_but_in_code_points(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "\xc3\xa9"
                                       "bcd '' null");
  assert_column(tg_text_sub(&op, c, 1, 2), "\xc3\xa9"
                                           "b  null");
  assert_column(tg_text_sub(&op, c, 2, -1), "bcd  null");
  assert_column(tg_text_sub(&op, c, -2, -1), "cd  null");
  assert_column(tg_text_sub(&op, c, 3, 2), "  null");
  assert_column(tg_text_sub(&op, c, -100, 1), "\xc3\xa9  null");
  assert_column(tg_text_sub(&op, c, 0, INT64_MAX), "\xc3\xa9"
                                                   "bcd  null");
  assert_column(tg_text_sub(&op, c, INT64_MIN, INT64_MIN), "  null");
}

static void ends_and_parts_are_found(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "abc cab '' null");
  assert_column(tg_text_starts(&op, c, tg_text("ab")), "true false false null");
  assert_column(tg_text_ends(&op, c, tg_text("ab")), "false true false null");
  assert_column(tg_text_contains(&op, c, tg_text("ab")), "true true false null");
  assert_column(tg_text_contains(&op, c, tg_text("")), "true true true null");
  assert_column(tg_text_starts(&op, c, tg_text("abcabcabc")), "false false false null");
}

static void like_is_sql(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "abc a%c a_c [a] '' \xc3\xa9 a\\");
  assert_column(tg_text_like(&op, c, tg_text("a_c")), "true true true false false false false");
  assert_column(tg_text_like(&op, c, tg_text("a\\%c")), "false true false false false false false");
  assert_column(tg_text_like(&op, c, tg_text("%c")), "true true true false false false false");
  assert_column(tg_text_like(&op, c, tg_text("%")), "true true true true true true true");
  assert_column(tg_text_like(&op, c, tg_text("_")), "false false false false false true false");
  assert_column(tg_text_like(&op, c, tg_text("[a]")), "false false false true false false false");
  assert_column(tg_text_like(&op, c, tg_text("")), "false false false false true false false");
  assert_column(tg_text_like(&op, c, tg_text("%a%b%")), "true false false false false false false");
}

static void like_takes_no_more_than_square_time(void **state)
{
  (void)state;
  char text[2001] = {0};
  memset(text, 'a', 2000);
  struct tg_column *c = column("text", text);
  assert_column(tg_text_like(&op, c, tg_text("%a%a%a%a%a%a%a%a%a%a%b")), "false");
}

static void replace_changes_every_occurrence(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "a-b-c -- x '' null");
  assert_column(tg_text_replace(&op, c, tg_text("-"), tg_text("+.")), "a+.b+.c +.+. x  null");
  assert_column(tg_text_replace(&op, c, tg_text("-"), tg_text("")), "abc  x  null");
  assert_refused(tg_text_replace(&op, c, tg_text(""), tg_text("x")), "is empty");
}

static void a_missing_piece_is_a_fault(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "a,b,c a ,, '' null");
  assert_column(tg_text_split(&op, c, tg_text(","), 1), "a a   null");
  assert_column(tg_text_split(&op, c, tg_text(","), 2),
                "b !the text cannot be parsed  !the text cannot be parsed null");
  assert_refused(tg_text_split(&op, c, tg_text(""), 1), "needs a separator");
}

static void concat_joins_texts_and_whole_numbers(void **state)
{
  (void)state;
  struct tg_arg a = arg("text", "a '' null !out"), b = arg("text", "x y z z");
  assert_column(tg_text_concat(&op, a, b), "ax y null !out of range");
  assert_column(tg_text_concat(&op, tg_arg_text(tg_text("<")), a), "<a < null !out of range");
  assert_column(tg_text_concat(&op, a, tg_arg_int(7)), "a7 7 null !out of range");
  assert_column(tg_text_concat(&op, a, tg_arg_null()), "null null null !out of range");
  assert_refused(tg_text_concat(&op, a, arg("integer", "1 2 3 4")), ".. needs text");
}

/* Enough rows for a dictionary, with nulls between. */
static struct tg_column *repeated(uint32_t rows, uint32_t distinct)
{
  struct tg_column *c = tg_column_new(&arena, type_named("text"), rows, true);
  op.rows = rows;
  for (uint32_t i = 0; i < rows; i++) {
    if (i % 7 == 3)
      c->nul[i] = TG_NULL;
    else
      c->v.texts[i] = tg_text(tg_arena_printf(&arena, "Value-%u", i % distinct));
  }
  return c;
}

static void distinct_values_and_rows_give_the_same(void **state)
{
  (void)state;
  enum { ROWS = 5000 };
  struct tg_column *few = repeated(ROWS, 10), *many = repeated(ROWS, 10);
  assert_non_null(tg_column_dict(few, &arena, 100));
  many->dict_refused = UINT32_MAX;
  struct tg_column *x = tg_text_upper(&op, few), *y = tg_text_upper(&op, many);
  struct tg_literal set[] = {{.kind = TG_LIT_TEXT, .t = tg_text("Value-3")},
                             {.kind = TG_LIT_INT, .i = 3}};
  struct tg_column *in_x = tg_member_of(&op, few, set, 2), *in_y = tg_member_of(&op, many, set, 2);
  assert_null(many->dict);
  for (uint32_t i = 0; i < ROWS; i++) {
    assert_int_equal(tg_column_nul(x, i), tg_column_nul(y, i));
    assert_true(tg_text_eq(x->v.texts[i], y->v.texts[i]));
    assert_int_equal(in_x->v.mask[i], in_y->v.mask[i]);
    assert_int_equal(in_x->v.mask[i], i % 7 == 3 ? TG_UNKNOWN : i % 10 == 3 ? TG_TRUE : TG_FALSE);
  }
}

static void membership_is_by_value_and_kind(void **state)
{
  (void)state;
  struct tg_literal set[] = {{.kind = TG_LIT_INT, .i = 1},
                             {.kind = TG_LIT_FLOAT, .f = 2.5},
                             {.kind = TG_LIT_TEXT, .t = tg_text("1")},
                             {.kind = TG_LIT_NULL},
                             {.kind = TG_LIT_INT, .i = INT64_MAX},
                             {.kind = TG_LIT_INT, .i = INT64_MIN}};
  assert_column(tg_member_of(&op, column("numeric(6,2)", "1.00 2.50 2.51 null"), set, 6),
                "true true false null");
  assert_column(tg_member_of(&op, column("numeric(6,2)", "1.00 2.50 2.51 null"), set, 4),
                "true true false null");
  assert_column(
      tg_member_of(&op, column("bigint", "1 9223372036854775807 -9223372036854775808 0"), set, 6),
      "true true true false");
  assert_column(tg_member_of(&op, column("float8", "1 2.5 3 null"), set, 4),
                "true true false null");
  assert_column(tg_member_of(&op, column("text", "1 2.5 '' null"), set, 4),
                "true false false null");
  assert_column(tg_member_of(&op, column("text", "1 2.5 '' null"), set, 0),
                "false false false null");
  assert_column(tg_member_of(&op, column("integer", "1 null"), set, 0), "false null");
  struct tg_literal days[] = {{.kind = TG_LIT_TEXT, .t = tg_text("2026-01-01")}};
  assert_column(tg_member_of(&op, column("date", "2026-01-01 2026-01-02"), days, 1), "true false");
}

static int calls;
static bool late_after_a_while(void *self)
{
  (void)self;
  return ++calls > 3;
}

static void the_deadline_is_asked_for_between_blocks(void **state)
{
  (void)state;
  struct tg_column *c = repeated(TG_OP_BLOCK_ROWS * 10, TG_OP_BLOCK_ROWS * 10);
  c->dict_refused = UINT32_MAX;
  calls = 0;
  op.late = late_after_a_while;
  assert_null(tg_text_upper(&op, c));
  assert_int_equal(err.rc, TG_AGAIN);
  assert_int_equal(calls, 4);
}

static void no_rows_are_fine(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "");
  assert_column(tg_text_upper(&op, c), "");
  assert_column(tg_text_concat(&op, tg_arg_column(c), tg_arg_column(c)), "");
  assert_column(tg_text_like(&op, c, tg_text("%")), "");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(case_is_ascii_only),
      T(trim_takes_white_space_at_both_ends),
      T(length_counts_code_points_or_bytes),
      T(sub_counts_as_lua_does_but_in_code_points),
      T(ends_and_parts_are_found),
      T(like_is_sql),
      T(like_takes_no_more_than_square_time),
      T(replace_changes_every_occurrence),
      T(a_missing_piece_is_a_fault),
      T(concat_joins_texts_and_whole_numbers),
      T(distinct_values_and_rows_give_the_same),
      T(membership_is_by_value_and_kind),
      T(the_deadline_is_asked_for_between_blocks),
      T(no_rows_are_fine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
