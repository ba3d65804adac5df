/* Paths into json: keys, elements, types, what is not there and what is no JSON. */
#include "columns.h"
#include "core/data/jsonop.h"

static struct tg_column *json(const char *const *texts, uint32_t count)
{
  struct tg_column *c = tg_column_new(&arena, type_named("jsonb"), count, true);
  op.rows = count;
  for (uint32_t i = 0; i < count; i++) {
    c->nul[i] = texts[i] ? TG_SOME : TG_NULL;
    if (texts[i]) c->v.texts[i] = tg_arena_copy(&arena, tg_text(texts[i]));
  }
  return c;
}

static struct tg_column *at(struct tg_column *c, const char *path, const char *type)
{
  return tg_json_at(&op, c, tg_text(path), type_named(type));
}

static void keys_and_elements_are_followed(void **state)
{
  (void)state;
  const char *const texts[] = {
      "{\"a\":{\"b\":[10,{\"c\":\"x\"}]}}", "{\"a\":{\"b\":[]}}", "{\"a\":5}", "[1]", "7", NULL};
  struct tg_column *c = json(texts, 6);
  assert_column(at(c, "a.b.1", "integer"), "10 null null null null null");
  assert_column(at(c, "a.b.2.c", "text"), "x null null null null null");
  assert_column(at(c, "a.b", "text"), "[10,{\"c\":\"x\"}] [] null null null null");
  assert_column(at(c, "1", "text"), "null null null 1 null null");
  assert_column(at(c, "0", "text"), "null null null null null null");
}

static void values_are_read_as_their_type(void **state)
{
  (void)state;
  const char *const texts[] = {"{\"v\":1.50}", "{\"v\":\"2\"}", "{\"v\":true}",
                               "{\"v\":null}", "{\"v\":{}}",    "{}"};
  struct tg_column *c = json(texts, 6);
  const char *bad = "!the value cannot be converted";
  char expected[200];
  assert_column(at(c, "v", "text"), "1.50 2 true null {} null");
  snprintf(expected, sizeof expected, "1.50 2.00 %s null %s null", bad, bad);
  assert_column(at(c, "v", "numeric(6,2)"), expected);
  snprintf(expected, sizeof expected, "%s %s true null %s null", bad, bad, bad);
  assert_column(at(c, "v", "boolean"), expected);
}

static void the_last_of_duplicate_keys_holds(void **state)
{
  (void)state;
  const char *const texts[] = {"{\"k\":1,\"k\":2}", "{\"k\":1,\"\\u006b\":3}"};
  assert_column(at(json(texts, 2), "k", "integer"), "2 3");
}

static void escapes_are_undone(void **state)
{
  (void)state;
  const char *const texts[] = {"{\"k\":\"a\\u00e9\\n\\\"\"}", "{\"k\":\"\\u0000\"}"};
  struct tg_column *c = at(json(texts, 2), "k", "text");
  assert_true(tg_text_is(c->v.texts[0], "a\xc3\xa9\n\""));
  assert_int_equal(tg_column_nul(c, 1), TG_CAST);
}

static void what_is_no_json_is_a_fault(void **state)
{
  (void)state;
  struct tg_column *c = column("text", "{\"a\":1} {\"a\": x '' {}_{} {\"b\":1,}");
  assert_column(at(c, "a", "integer"),
                "1 !the text cannot be parsed !the text cannot be parsed !the text cannot be "
                "parsed !the text cannot be parsed !the text cannot be parsed");
}

static void bad_questions_are_refused(void **state)
{
  (void)state;
  const char *const texts[] = {"{}"};
  struct tg_column *c = json(texts, 1);
  assert_refused(at(c, "", "text"), "path '' is not made of 1 to 16 keys");
  assert_refused(at(c, "a..b", "text"), "path 'a..b'");
  assert_refused(at(c, "a.", "text"), "path 'a.'");
  assert_refused(at(c, "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16.17", "text"), "1 to 16 keys");
  assert_refused(at(c, "a", "jsonb"), "not read as jsonb");
  assert_refused(at(column("integer", "1"), "a", "text"), "integer is no json");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(keys_and_elements_are_followed),   T(values_are_read_as_their_type),
      T(the_last_of_duplicate_keys_holds), T(escapes_are_undone),
      T(what_is_no_json_is_a_fault),       T(bad_questions_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
