/* b:emit: what becomes a record, what is refused. */
#include "programs.h"

#include "core/data/emitted.h"

static struct run r;

#define TOPIC(body)                                                                                \
  "return { table = \"orders\", outputs = { \"large\", \"all\" },\n"                               \
  "  fields = { \"id bigint\", \"name text\", \"amount numeric(8,2)\", \"ok boolean\","            \
  " \"f double precision\", \"doc jsonb\", \"at timestamptz\", \"tags text[]\" },\n"               \
  "  transform = function(b) " body " end }"

static const char ROW[] = "{\"id\":1,\"name\":\"a\\\"b\",\"amount\":1.50,\"ok\":true,\"f\":0.5,"
                          "\"doc\":{\"x\":[1]},\"at\":\"2026-01-02T03:04:05Z\"}";
static const char NONE[] = "{\"id\":2}";
static const char BIG[] = "{\"id\":3,\"name\":\"c\",\"amount\":99}";

static const struct tg_emitted *record(uint32_t call, uint32_t i)
{
  const struct tg_emit *e = r.b.emits;
  while (e && call--) e = e->next;
  assert_non_null(e);
  assert_true(i < e->count);
  return &e->list[i];
}

static void value_is(const struct tg_emitted *x, const char *value)
{
  char text[1024];
  snprintf(text, sizeof text, "%.*s", TG_TEXT(x->value));
  assert_string_equal(text, value);
}

static void values_keep_their_json_form(void **state)
{
  (void)state;
  struct tg_program *p =
      program_of(TOPIC("b:emit(\"all\", { key = b.id, value = { \"id\", \"name\", zero = 0, amount "
                       "= b.amount, ok = b.ok, f = b.f, doc = b.doc, at = b.at, big = "
                       "b.amount:gt(1), text = \"1\" } })"));
  RUN(&r, p, ROW, NONE);
  value_is(record(0, 0),
           "{\"id\":1,\"name\":\"a\\\"b\",\"amount\":1.50,\"at\":"
           "\"2026-01-02T03:04:05.000000Z\",\"big\":true,\"doc\":{\"x\":[1]},\"f\":0.5,"
           "\"ok\":true,\"text\":\"1\",\"zero\":0}");
  value_is(record(0, 1), "{\"id\":2,\"name\":null,\"amount\":null,\"at\":null,\"big\":null,"
                         "\"doc\":null,\"f\":null,\"ok\":null,\"text\":\"1\",\"zero\":0}");
  assert_true(tg_text_is(record(0, 1)->key, "2"));
  run_close(&r);
  tg_program_free(p);
}

static void a_mask_chooses_rows_and_calls_are_numbered(void **state)
{
  (void)state;
  struct tg_program *p = program_of(
      TOPIC("b:emit(\"large\", b.amount:ge(50), { value = b.name, headers = { id = b.id } })"
            " b:emit(\"all\", nil, { key = b.name, value = null })"));
  struct tg_header h;
  uint32_t at = 0;
  RUN(&r, p, ROW, NONE, BIG);
  assert_int_equal(r.b.emits_count, 2);
  assert_int_equal(r.b.emits->count, 1); /* null in the mask chooses nothing */
  assert_int_equal(record(0, 0)->row, 2);
  value_is(record(0, 0), "c");
  assert_null(record(0, 0)->key.ptr);
  assert_true(tg_headers_next(record(0, 0)->headers, &at, &h));
  assert_true(tg_text_is(h.name, "id") && tg_text_is(h.value, "3"));
  assert_int_equal(r.b.emits->next->number, 1);
  assert_int_equal(r.b.emits->next->count, 3);
  assert_null(record(1, 0)->value.ptr); /* a tombstone */
  assert_null(record(1, 1)->key.ptr);
  run_close(&r);
  tg_program_free(p);
}

static void rows_that_are_gone_emit_nothing_and_values_are_of_the_moment(void **state)
{
  (void)state;
  struct tg_program *p = program_of(TOPIC("b:drop(b.id:eq(2), \"two\") b:emit(\"all\", { value = "
                                          "b.name }) b.name = \"later\""));
  RUN(&r, p, ROW, NONE, BIG);
  assert_int_equal(r.b.emits->count, 2);
  value_is(record(0, 1), "c");
  run_close(&r);
  tg_program_free(p);
}

static void a_fault_in_a_value_quarantines_the_row(void **state)
{
  (void)state;
  struct tg_program *p =
      program_of(TOPIC("b:emit(\"all\", { value = { q = b.amount / (b.id - 1) } })"));
  RUN(&r, p, ROW, BIG);
  expect_fates(&r, "quarantine load");
  expect_reason(&r, 0, "emit to all: q: division by zero");
  assert_int_equal(r.b.emits->count, 1);
  run_close(&r);
  tg_program_free(p);
}

static void numbers_that_json_has_not_are_texts(void **state)
{
  (void)state;
  struct tg_program *p = program_of(
      TOPIC("b:emit(\"all\", { value = { f = b.f + math.huge, m = b.f - math.huge } })"));
  RUN(&r, p, "{\"f\":-1.5}");
  value_is(record(0, 0), "{\"f\":\"Infinity\",\"m\":\"-Infinity\"}");
  run_close(&r);
  tg_program_free(p);
}

static void a_row_that_makes_transform_raise_takes_its_records_with_it(void **state)
{
  (void)state;
  struct tg_program *p = program_of(
      TOPIC("b:emit(\"all\", { value = b.id }) b:tag(b:map_rows({ \"id\" }, "
            "function(r) if r.id == 2 then error(\"two\") end return false end), \"t\")"));
  RUN(&r, p, ROW, NONE, BIG);
  expect_fates(&r, "load quarantine load");
  assert_int_equal(r.b.emits_count, 1); /* what failed attempts emitted is forgotten */
  assert_int_equal(r.b.emits->count, 2);
  assert_int_equal(record(0, 1)->row, 2);
  value_is(record(0, 1), "3");
  run_close(&r);
  tg_program_free(p);
}

static void mistakes_are_found_at_load(void **state)
{
  (void)state;
  expect_fault(TOPIC("b:emit(\"larg\", { value = b.id })"), "did you mean 'large'?");
  expect_fault(TOPIC("b:emit(\"other\", { value = b.id })"), "outputs = { \"other\" }");
  expect_fault(TOPIC("b:emit(\"all\", {})"), "value is missing");
  expect_fault(TOPIC("b:emit(\"all\", { vlaue = b.id })"), "'vlaue' is none of them");
  expect_fault(TOPIC("b:emit(\"all\", true, { value = b.id })"), "a boolean column is due here");
  expect_fault(TOPIC("b:emit(\"all\", { value = { \"nme\" } })"), "did you mean 'name'?");
  expect_fault(TOPIC("b:emit(\"all\", { value = { t = b.tags } })"), "has no text");
  expect_fault(TOPIC("b:emit(\"all\", { value = b.id, headers = { [\"tg-id\"] = \"x\" } })"),
               "tidegate's own");
  expect_fault("return { table = \"t\", fields = { \"x int\" }, outputs = { \"a b\" } }",
               "a list of 1 to 32 Kafka topics");
  expect_fault("return { table = \"t\", fields = { \"x int\" }, outputs = { \"orders\" } }",
               "the topic reads 'orders' itself");
  expect_fault("return { table = \"t\", fields = { \"x int\" }, dead_letter = \"orders\" }",
               "dead_letter: the topic reads 'orders' itself");
}

static void a_mask_used_by_emit_is_used(void **state)
{
  (void)state;
  struct tg_program *p =
      program_of(TOPIC("local m = b.id:gt(1) b:emit(\"all\", m, { value = { m = b.id:gt(2) } })"));
  RUN(&r, p, BIG);
  value_is(record(0, 0), "{\"m\":true}");
  run_close(&r);
  tg_program_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_keep_their_json_form),
      cmocka_unit_test(a_mask_chooses_rows_and_calls_are_numbered),
      cmocka_unit_test(rows_that_are_gone_emit_nothing_and_values_are_of_the_moment),
      cmocka_unit_test(a_fault_in_a_value_quarantines_the_row),
      cmocka_unit_test(numbers_that_json_has_not_are_texts),
      cmocka_unit_test(a_row_that_makes_transform_raise_takes_its_records_with_it),
      cmocka_unit_test(mistakes_are_found_at_load),
      cmocka_unit_test(a_mask_used_by_emit_is_used)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
