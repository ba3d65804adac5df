/* What the tests of decoding share: a topic of field lines, events, their rows after decoding. */
#ifndef TG_TESTS_UNIT_DATA_DECODING_H
#define TG_TESTS_UNIT_DATA_DECODING_H

#include "core/data/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

enum { FIELDS_MAX = 8, EVENTS_MAX = 16 };

static struct tg_arena arena; /* topics and loads, one test */
static struct tg_topic topic;
static struct tg_field fields[FIELDS_MAX];
static struct tg_batch b;
static struct tg_event events[EVENTS_MAX];
static uint32_t events_count;

static int setup(void **state)
{
  (void)state;
  tg_arena_init(&arena, 64 << 10, 0);
  topic =
      (struct tg_topic){.name = tg_text("orders"), .fields = fields, .event_time = -1, .key = -1};
  events_count = 0;
  return 0;
}

static int teardown(void **state)
{
  (void)state;
  tg_arena_fini(&arena);
  return 0;
}

/* Adds a field line to the topic. */
static inline void field(const char *line)
{
  struct tg_err err;
  if (tg_field_parse(&arena, tg_text(line), &fields[topic.fields_count++], &err) != TG_OK)
    fail_msg("%s: %s", line, err.what);
}

static struct tg_event *event_text(struct tg_text value)
{
  struct tg_event *e = &events[events_count];
  *e = (struct tg_event){.offset = events_count++, .kafka_us = INT64_C(1767225600000000)};
  e->value = value, e->size = value.len;
  return e;
}

static struct tg_event *event(const char *value)
{
  return event_text(tg_text(value));
}

/* A batch of the events so far, sealed. */
static void seal(uint32_t rows_max)
{
  assert_int_equal(tg_batch_init(&b, &topic, &arena, rows_max), TG_OK);
  for (uint32_t i = 0; i < events_count; i++) assert_int_equal(tg_batch_add(&b, &events[i]), TG_OK);
  assert_int_equal(tg_batch_seal(&b), TG_OK);
}

static void decode(void)
{
  struct tg_err err;
  seal(EVENTS_MAX);
  struct tg_decoder *d = tg_decoder_new(&topic);
  assert_non_null(d);
  assert_int_equal(tg_decoder_run(d, &b, &err), TG_OK);
  tg_decoder_free(d);
}

static const char *shown(uint32_t column, uint32_t row)
{
  static char out[400];
  return tg_column_show(b.columns[column], row, out, sizeof out);
}

static const char *reason_of(uint32_t row)
{
  static char out[700];
  const struct tg_issue *i = b.issues[row];
  if (!i) return "loaded";
  snprintf(out, sizeof out, "%.*s", TG_TEXT(i->reason));
  return out;
}

struct one {
  const char *field, *json, *want, *why; /* want: the value shown, or NULL and why it is refused */
};

static void check_one(const struct one *c)
{
  void *state = NULL;
  setup(&state);
  field(c->field);
  event(c->json);
  decode();
  if (c->want && strcmp(shown(0, 0), c->want) != 0)
    fail_msg("%s of %s: '%s', not '%s' (%s)", c->field, c->json, shown(0, 0), c->want,
             reason_of(0));
  if (c->why && strcmp(reason_of(0), c->why) != 0)
    fail_msg("%s of %s: '%s', not '%s'", c->field, c->json, reason_of(0), c->why);
  assert_int_equal(b.fates[0], c->why ? TG_QUARANTINE : TG_LOAD);
  if (c->why) assert_true(tg_column_is_null(b.columns[0], 0));
  teardown(&state);
}

static void check_all(const struct one *cases, size_t count)
{
  void *state = NULL;
  teardown(&state);
  for (size_t i = 0; i < count; i++) check_one(&cases[i]);
  setup(&state);
}

#endif
