/* JSON Schema: each keyword with documents that satisfy it and documents that do not (checked
 * against Python's jsonschema, but for numbers that a double cannot tell apart); refusals; caps. */
#include "columns.h"
#include "core/data/jsonschema.h"

struct sample {
  const char *schema;
  const char *const *valid, *const *invalid; /* NULL-terminated */
};

#define L(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct sample samples[] = {
    {"true", L("1", "{}"), L(NULL)},
    {"false", L(NULL), L("1", "{}")},
    {"{}", L("null", "[]"), L(NULL)},
    {"{\"type\":\"integer\"}", L("1", "1.0", "-3", "1e2"), L("1.5", "\"1\"", "true", "null")},
    {"{\"type\":\"number\"}", L("1", "1.5"), L("\"1\"", "[]")},
    {"{\"type\":[\"string\",\"null\"]}", L("\"a\"", "null"), L("1", "{}")},
    {"{\"type\":\"boolean\"}", L("true", "false"), L("0", "null")},
    {"{\"type\":\"object\"}", L("{}"), L("[]")},
    {"{\"enum\":[1,\"a\",{\"b\":[1,2],\"c\":null}]}",
     L("1", "1.0", "\"a\"", "\"\\u0061\"", "{\"c\":null,\"b\":[1,2]}"),
     L("2", "\"A\"", "{\"b\":[2,1],\"c\":null}", "{\"b\":[1,2]}")},
    {"{\"const\":0}", L("0", "-0.0", "0e9"), L("false", "null", "\"\"", "1")},
    {"{\"const\":{\"a\":1}}", L("{\"a\":1.0}"), L("{\"a\":true}", "{\"a\":1,\"b\":2}")},
    {"{\"minimum\":0.1,\"maximum\":0.3}", L("0.1", "0.3", "0.30", "1e-1", "\"x\""),
     L("0.0999999999999999999999", "0.3000000000000000000001", "-0.1", "0")},
    {"{\"exclusiveMinimum\":-1,\"exclusiveMaximum\":1}", L("0", "-0.999", "0.999"),
     L("-1", "1", "1.0", "-1e0")},
    {"{\"minimum\":-2.5}", L("-2.5", "-2", "0"), L("-2.51", "-3", "-1e1")},
    {"{\"maximum\":12345678901234567890}", L("12345678901234567890"), L("12345678901234567891")},
    {"{\"multipleOf\":0.01}", L("0.07", "4.35", "-1.1", "0", "19.99"), L("0.075", "0.001")},
    {"{\"multipleOf\":3}", L("9", "-6", "0", "3e1"), L("10", "1.5", "0.3")},
    {"{\"multipleOf\":1e2}", L("100", "1000"), L("150", "10")},
    {"{\"minLength\":2,\"maxLength\":3}",
     L("\"ab\"",
       "\"\xc3\xa4"
       "\xc3\xb6"
       "\xc3\xbc"
       "\"",
       "1", "\"\\u00e4b\""),
     L("\"a\"", "\"abcd\"", "\"\"")},
    {"{\"pattern\":\"b+\"}", L("\"abc\"", "1"), L("\"ac\"", "\"\"")},
    {"{\"format\":\"ipv4\"}", L("\"1.2.3.4\"", "5"), L("\"1.2.3\"", "\"\"")},
    {"{\"format\":\"date-time\"}", L("\"2026-01-31T12:30:00Z\"", "\"2026-01-31T12:30:00.5+02:00\""),
     L("\"2026-01-31T12:30:00\"", "\"2026-02-31T12:30:00Z\"", "\"x\"")},
    {"{\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":false}}",
     L("{}", "{\"a\":1}", "{\"c\":1}", "[]"), L("{\"a\":\"1\"}", "{\"b\":1}")},
    {"{\"required\":[\"a\",\"b\"]}", L("{\"a\":1,\"b\":null}", "[]"), L("{\"a\":1}", "{}")},
    {"{\"required\":[\"\\u0061\"]}", L("{\"a\":1}", "{\"\\u0061\":1}"), L("{\"b\":1}")},
    {"{\"properties\":{\"a\":true},\"additionalProperties\":false}", L("{\"a\":1}", "{}"),
     L("{\"b\":1}", "{\"a\":1,\"b\":1}")},
    {"{\"patternProperties\":{\"^x\":{\"type\":\"integer\"}},\"additionalProperties\":{\"type\":"
     "\"string\"}}",
     L("{\"xa\":1,\"b\":\"s\"}"), L("{\"xa\":\"s\"}", "{\"b\":1}")},
    {"{\"minProperties\":1,\"maxProperties\":2}", L("{\"a\":1}", "{\"a\":1,\"b\":2}"),
     L("{}", "{\"a\":1,\"b\":2,\"c\":3}")},
    {"{\"items\":{\"type\":\"integer\"}}", L("[]", "[1,2]", "{}"), L("[1,\"a\"]")},
    {"{\"prefixItems\":[{\"type\":\"integer\"},{\"type\":\"string\"}],\"items\":false}",
     L("[1,\"a\"]", "[1]", "[]"), L("[\"a\"]", "[1,2]", "[1,\"a\",null]")},
    {"{\"contains\":{\"type\":\"integer\"}}", L("[1]", "[\"a\",2]", "{}"), L("[]", "[\"a\"]")},
    {"{\"contains\":{\"type\":\"integer\"},\"minContains\":2,\"maxContains\":3}",
     L("[1,2]", "[1,\"a\",2,3]"), L("[1]", "[1,2,3,4]")},
    {"{\"contains\":{\"type\":\"integer\"},\"minContains\":0}", L("[]", "[\"a\"]"), L(NULL)},
    {"{\"minItems\":1,\"maxItems\":2}", L("[1]", "[1,2]"), L("[]", "[1,2,3]")},
    {"{\"uniqueItems\":true}",
     L("[1,2]", "[1,true]", "[0,false]", "[[1],[2]]", "[{\"a\":1},{\"a\":2}]", "[\"1\",1]"),
     L("[1,1.0]", "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]", "[\"a\",\"\\u0061\"]", "[1,2,1]")},
    {"{\"uniqueItems\":false}", L("[1,1]"), L(NULL)},
    {"{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}", L("1", "2"), L("0", "3")},
    {"{\"anyOf\":[{\"type\":\"integer\"},{\"minimum\":5}]}", L("1", "5.5"), L("1.5")},
    {"{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":5}]}", L("1", "5.5"), L("1.5", "6")},
    {"{\"not\":{\"type\":\"integer\"}}", L("1.5", "\"a\""), L("1")},
    {"{\"if\":{\"minimum\":10},\"then\":{\"multipleOf\":10},\"else\":{\"multipleOf\":2}}",
     L("20", "4"), L("15", "3")},
    {"{\"if\":{\"minimum\":10},\"else\":false}", L("10", "\"a\""), L("9")},
    {"{\"then\":false,\"else\":false}", L("1"), L(NULL)},
    {"{\"$defs\":{\"p\":{\"type\":\"integer\",\"minimum\":1}},\"items\":{\"$ref\":\"#/$defs/p\"}}",
     L("[1,2]"), L("[0]", "[\"a\"]")},
    {"{\"properties\":{\"next\":{\"$ref\":\"#\"},\"v\":{\"type\":\"integer\"}},\"required\":[\"v\"]"
     "}",
     L("{\"v\":1,\"next\":{\"v\":2}}"), L("{\"v\":1,\"next\":{}}", "{\"next\":{\"v\":1}}")},
    {"{\"$ref\":\"#/$defs/a~1b~0c\",\"$defs\":{\"a/b~c\":{\"type\":\"string\"}},\"maxLength\":2}",
     L("\"ab\""), L("1", "\"abc\"")},
    {"{\"properties\":{\"a\":{\"$ref\":\"#/properties/b\"},\"b\":{\"type\":\"integer\"}}}",
     L("{\"a\":1}"), L("{\"a\":\"x\"}")},
    {"{\"title\":\"t\",\"description\":\"d\",\"default\":1,\"examples\":[1],\"$comment\":\"c\",\"$"
     "schema\":\"https://json-schema.org/draft/2020-12/"
     "schema\",\"deprecated\":true,\"type\":\"integer\"}",
     L("1"), L("\"a\"")},
};

static struct tg_jsonschema *compiled(const char *text)
{
  struct tg_jsonschema *s;
  if (tg_jsonschema_new(tg_text(text), &s, &err) != TG_OK) fail_msg("%s: %s", text, err.what);
  return s;
}

static struct tg_column *texts(const char *const *list)
{
  uint32_t n = 0;
  while (list[n]) n++;
  struct tg_column *c = tg_column_new(&arena, tg_type_of(TG_TEXT_KIND), n, false);
  for (uint32_t i = 0; i < n; i++) c->v.texts[i] = tg_arena_copy(&arena, tg_text(list[i]));
  op.rows = n;
  return c;
}

static uint32_t wrong;

static void expect(const struct sample *s, const char *const *documents, uint8_t want)
{
  struct tg_jsonschema *schema = compiled(s->schema);
  struct tg_column *m = tg_jsonschema_column(&op, texts(documents), schema);
  for (uint32_t i = 0; m && i < m->rows; i++) {
    if (m->v.mask[i] == want && tg_column_nul(m, i) == TG_SOME) continue;
    print_error("%s: %s expected %u, got %u, %s\n", s->schema, documents[i], want, m->v.mask[i],
                tg_nul_text(tg_column_nul(m, i)));
    wrong++;
  }
  assert_non_null(m);
  tg_jsonschema_free(schema);
}

static void each_keyword_asserts(void **state)
{
  (void)state;
  wrong = 0;
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
    expect(&samples[i], samples[i].valid, TG_TRUE);
    expect(&samples[i], samples[i].invalid, TG_FALSE);
  }
  assert_int_equal(wrong, 0);
}

static void what_is_no_schema_is_refused(void **state)
{
  static const char *const schemas[][2] = {
      {"{\"typ\":1}",
       "the schema at #: the keyword 'typ' is not checked here; did you mean 'type'"},
      {"{\"items\":{\"dependentRequired\":{}}}", "the schema at #/items: the keyword"},
      {"{\"type\":\"float\"}", "there is no type 'float'"},
      {"{\"type\":[]}", "type is empty"},
      {"{\"minimum\":\"1\"}", "minimum is a number"},
      {"{\"multipleOf\":0.0}", "multipleOf is above 0"},
      {"{\"multipleOf\":-1}", "multipleOf is above 0"},
      {"{\"minLength\":-1}", "minLength is a whole number"},
      {"{\"maxItems\":1.5}", "maxItems is a whole number"},
      {"{\"pattern\":\"(\"}", "pattern '('"},
      {"{\"format\":\"uri\"}", "the format 'uri' is not checked here"},
      {"{\"format\":\"postal_code\"}", "the format 'postal_code' is not checked here"},
      {"{\"required\":\"a\"}", "required is a list"},
      {"{\"required\":[1]}", "required is a list of names"},
      {"{\"properties\":[1]}", "properties is an object"},
      {"{\"properties\":{\"a\":1}}", "the schema at #/properties/a: a schema is an object"},
      {"{\"allOf\":[]}", "allOf is empty"},
      {"{\"anyOf\":{\"a\":1}}", "anyOf is a list"},
      {"{\"enum\":[1],\"const\":1}", "enum and const together"},
      {"{\"uniqueItems\":1}", "uniqueItems is true or false"},
      {"{\"$ref\":\"http://a/b\"}", "a pointer within the document"},
      {"{\"$ref\":\"#/$defs/x\"}", "there is no '#/$defs/x'"},
      {"{", "the schema is no JSON"},
      {"1", "a schema is an object, true or false"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
    struct tg_jsonschema *s;
    enum tg_rc rc = tg_jsonschema_new(tg_text(schemas[i][0]), &s, &err);
    if (rc != TG_CONFIG || !strstr(err.what, schemas[i][1]))
      fail_msg("%s: expected %s, got %d %s", schemas[i][0], schemas[i][1], rc, err.what);
    assert_null(s);
  }
}

static void an_empty_table_of_lua_is_an_empty_list(void **state)
{
  (void)state;
  struct tg_jsonschema *s = compiled("{\"required\":{},\"enum\":{}}");
  assert_column(tg_jsonschema_column(&op, texts(L("{}", "1")), s), "false false");
  tg_jsonschema_free(s);
}

static void a_document_past_the_caps_is_not_judged(void **state)
{
  (void)state;
  struct tg_jsonschema *s = compiled("{\"anyOf\":[{\"$ref\":\"#\"}]}");
  assert_column(tg_jsonschema_column(&op, texts(L("1")), s), "!a limit was reached");
  tg_jsonschema_free(s);
  s = compiled("{\"allOf\":[{\"items\":{\"$ref\":\"#\"}},{\"items\":{\"$ref\":\"#\"}},"
               "{\"items\":{\"$ref\":\"#\"}}]}");
  assert_column(tg_jsonschema_column(&op, texts(L("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", "[1]")), s),
                "!a limit was reached true");
  tg_jsonschema_free(s);
  s = compiled("{\"pattern\":\"(a+)+$\"}");
  assert_column(tg_jsonschema_column(
                    &op, texts(L("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"")), s),
                "!a limit was reached");
  tg_jsonschema_free(s);
}

static void texts_and_json_columns_are_judged(void **state)
{
  (void)state;
  struct tg_jsonschema *s = compiled("{\"type\":\"integer\"}");
  struct tg_column *c = column("text", "1 x '' null 2.5");
  assert_column(tg_jsonschema_column(&op, c, s), "true false false null false");
  c->type = tg_type_of(TG_JSONB);
  assert_column(tg_jsonschema_column(&op, c, s), "true false false null false");
  assert_refused(tg_jsonschema_column(&op, column("bigint", "1"), s),
                 "matches_schema needs text, this is bigint");
  tg_jsonschema_free(s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(each_keyword_asserts),
      T(what_is_no_schema_is_refused),
      T(an_empty_table_of_lua_is_an_empty_list),
      T(a_document_past_the_caps_is_not_judged),
      T(texts_and_json_columns_are_judged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
