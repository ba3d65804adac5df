/* Shapes of events: names and kinds at the top level, and what differs from what is wanted. */
#include "columns.h"

#include "core/data/eventshape.h"

static struct tg_topic topic = {.name = {"t", 1}, .event_time = -1, .key = -1};
static struct tg_batch b;

static void batch_of(const char *const *events, uint32_t count)
{
  assert_int_equal(tg_batch_init(&b, &topic, &arena, count), TG_OK);
  for (uint32_t i = 0; i < count; i++) {
    struct tg_event e = {.offset = i,
                         .value = events[i] ? tg_text(events[i]) : (struct tg_text){0}};
    assert_int_equal(tg_batch_add(&b, &e), TG_OK);
  }
  assert_int_equal(tg_batch_seal(&b), TG_OK);
  op.rows = count;
}

#define BATCH(...)                                                                                 \
  do {                                                                                             \
    const char *const events_[] = {__VA_ARGS__};                                                   \
    batch_of(events_, sizeof events_ / sizeof *events_);                                           \
  } while (0)

static struct tg_shape_match match(struct tg_shape_want *fields, uint32_t count, bool closed)
{
  struct tg_shape_match m;
  struct tg_shape_wants wants = {fields, count, closed};
  if (!tg_eventshape_match(&op, &b, &wants, &m)) fail_msg("%s", err.what);
  return m;
}

static void names_are_listed_in_byte_order_with_their_kinds(void **state)
{
  (void)state;
  struct tg_shapes s;
  BATCH("{\"b\":1,\"a\":\"x\"}", "{\"a\":null,\"b\":-2e3}", "{}", "[]", NULL, "{\"a\"");
  assert_true(tg_eventshape_read(&op, &b, &s));
  assert_int_equal(s.count, 2);
  assert_int_equal(s.events, 3);
  assert_true(tg_text_is(s.names[0].name, "a"));
  assert_int_equal(s.names[0].kinds, TG_SHAPE_STRING | TG_SHAPE_NULL);
  assert_int_equal(s.names[0].rows, 2);
  assert_int_equal(s.names[1].kinds, TG_SHAPE_INTEGER | TG_SHAPE_NUMBER);
}

static void names_beyond_the_cap_are_counted(void **state)
{
  (void)state;
  static char text[TG_SHAPE_NAMES_MAX * 16];
  struct tg_shapes s;
  size_t at = 0;
  for (int i = 0; i < TG_SHAPE_NAMES_MAX + 3; i++)
    at += (size_t)snprintf(text + at, sizeof text - at, "%c\"n%d\":1", i ? ',' : '{', i);
  snprintf(text + at, sizeof text - at, "}");
  BATCH(text);
  assert_true(tg_eventshape_read(&op, &b, &s));
  assert_int_equal(s.count, TG_SHAPE_NAMES_MAX);
  assert_int_equal(s.unnamed, 3);
}

static void first_fault_of_an_event_is_told(void **state)
{
  (void)state;
  struct tg_shape_want wants[] = {
      {tg_text("a"), TG_SHAPE_NUMBER, false},
      {tg_text("b"), TG_SHAPE_STRING | TG_SHAPE_NULL, true},
  };
  BATCH("{\"a\":1,\"b\":\"x\"}", "{\"b\":null,\"a\":1.5}", "{\"b\":\"x\"}", "{\"a\":\"1\"}",
        "{\"a\":null}", "{\"a\":1,\"c\":2}", "7", "{\"a\":1,\"a\":true}");
  struct tg_shape_match m = match(wants, 2, true);
  assert_column(m.mask, "true true false false false false false false");
  assert_column(m.reasons,
                "null null a: missing a: string is not the type expected a: null is not allowed "
                "c: not expected the event is no JSON object a: boolean is not the type expected");
  assert_int_equal(m.missing, 1);
  assert_int_equal(m.extra, 1);
  m = match(wants, 2, false);
  assert_column(m.mask, "true true false false false true false false");
  assert_int_equal(m.extra, 0);
}

static void nothing_wanted_is_met_by_any_object(void **state)
{
  (void)state;
  BATCH("{\"a\":1}", "{}", "null");
  assert_column(match(NULL, 0, false).mask, "true true false");
  assert_column(match(NULL, 0, true).mask, "false true false");
}

static void whole_numbers_are_not_any_number(void **state)
{
  (void)state;
  struct tg_shape_want want = {tg_text("a"), TG_SHAPE_INTEGER, false};
  BATCH("{\"a\":1}", "{\"a\":-0}", "{\"a\":1.0}", "{\"a\":1e2}");
  assert_column(match(&want, 1, false).mask, "true true false false");
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      T(names_are_listed_in_byte_order_with_their_kinds),
      T(names_beyond_the_cap_are_counted),
      T(first_fault_of_an_event_is_told),
      T(nothing_wanted_is_met_by_any_object),
      T(whole_numbers_are_not_any_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
