/* Regular expressions: searching, flags, bad patterns, and limits that are never "no match". */
#include "columns.h"
#include "core/data/regex.h"

static struct tg_regex *compiled(const char *pattern, const char *flags)
{
  struct tg_regex *r;
  if (tg_regex_new(tg_text(pattern), flags, &r, &err) != TG_OK) fail_msg("%s", err.what);
  return r;
}

static void matches(const char *pattern, const char *flags, const char *texts, const char *expected)
{
  struct tg_regex *r = compiled(pattern, flags);
  assert_column(tg_regex_match(&op, column("text", texts), r), expected);
  tg_regex_free(r);
}

static void a_match_may_be_anywhere(void **state)
{
  (void)state;
  matches("b+", "", "abc bbb ac '' null", "true true false false null");
  matches("^b", "", "abc bbb", "false true");
  matches("", "", "abc ''", "true true");
  matches("^.$", "", "\xc3\xa9 ab", "true false");
}

static void flags_change_the_pattern(void **state)
{
  (void)state;
  matches("ABC", "i", "abc ABD", "true false");
  matches("a c", "x", "ac a_c", "true false");
  struct tg_regex *r;
  assert_int_equal(tg_regex_new(tg_text("a"), "q", &r, &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "only i m s x exist"));
}

static void bad_patterns_say_where(void **state)
{
  (void)state;
  struct tg_regex *r;
  assert_int_equal(tg_regex_new(tg_text("a(b"), "", &r, &err), TG_CONFIG);
  assert_null(r);
  assert_non_null(strstr(err.what, "pattern 'a(b': missing closing parenthesis at character 4"));
  char deep[400];
  memset(deep, '(', 200), memset(deep + 200, ')', 199), deep[399] = '\0';
  assert_int_equal(tg_regex_new(tg_text(deep), "", &r, &err), TG_CONFIG);
  char *far = tg_arena_alloc(&arena, TG_REGEX_BYTES_MAX + 2);
  memset(far, 'a', TG_REGEX_BYTES_MAX + 1);
  assert_int_equal(tg_regex_new(tg_text_of(far, TG_REGEX_BYTES_MAX + 1), "", &r, &err), TG_CONFIG);
  assert_int_equal(tg_regex_new(tg_text("\xff"), "", &r, &err), TG_CONFIG);
  assert_int_equal(tg_regex_new(tg_text("\\C"), "", &r, &err), TG_CONFIG);
}

static void a_limit_reached_is_a_fault_never_no_match(void **state)
{
  (void)state;
  struct tg_regex *r = compiled("^(a+)+$", "");
  struct tg_column *c =
      column("text", "aaa aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab b null");
  assert_column(tg_regex_match(&op, c, r), "true !a limit was reached false null");
  tg_regex_free(r);
}

static void invalid_utf8_matches_nothing_of_it(void **state)
{
  (void)state;
  struct tg_regex *r = compiled("b", "");
  assert_int_equal(tg_regex_test(r, tg_text("\xff"
                                            "b")),
                   1);
  assert_int_equal(tg_regex_test(r, tg_text("\xff")), 0);
  tg_regex_free(r);
}

static int calls;
static bool late_soon(void *self)
{
  (void)self;
  return ++calls > 5;
}

static void the_deadline_is_asked_for_between_matches(void **state)
{
  (void)state;
  struct tg_regex *r = compiled("x", "");
  struct tg_column *c = column("text", "a b c d e f g h i j k l m n o p");
  op.late = late_soon;
  calls = 0;
  assert_null(tg_regex_match(&op, c, r));
  assert_int_equal(err.rc, TG_AGAIN);
  assert_true(calls < 10);
  tg_regex_free(r);
}

static void other_values_are_read_as_text(void **state)
{
  (void)state;
  struct tg_regex *r = compiled("^1", "");
  assert_column(tg_regex_match(&op, column("integer", "10 2 null"), r), "true false null");
  struct tg_column *json = column("text", "\"1x\" 1.5 [1] null");
  json->type = tg_type_of(TG_JSONB);
  assert_column(tg_regex_match(&op, json, r), "true true false null");
  assert_refused(tg_regex_match(&op, column("bytea", "\\x31"), r), "bytea has no text");
  tg_regex_free(r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(a_match_may_be_anywhere),
      T(flags_change_the_pattern),
      T(bad_patterns_say_where),
      T(a_limit_reached_is_a_fault_never_no_match),
      T(invalid_utf8_matches_nothing_of_it),
      T(the_deadline_is_asked_for_between_matches),
      T(other_values_are_read_as_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
