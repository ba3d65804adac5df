/* Any bytes as an event of a topic with a field of every type. What is accepted must be what
 * PostgreSQL takes: valid UTF-8 without NUL, numbers within their types, times within their years;
 * what is refused leaves only nulls. */
#include "core/data/copy.h"
#include "core/data/decode.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIELDS_MAX = 32, TIME_YEARS = 10000, CHUNK = 16 << 10 };

static const char *const lines[] = {
    "b bool",
    "i2 int2",
    "i4 int4",
    "i8 int8",
    "f4 float4",
    "f8 float8",
    "n numeric(12,2)",
    "w numeric(30,5)",
    "z numeric",
    "t text @ t|t2",
    "v varchar(3)",
    "u uuid",
    "d date",
    "tz timestamptz",
    "ts timestamp",
    "ti time",
    "iv interval",
    "by bytea",
    "j json",
    "jb jsonb",
    "ip inet",
    "a int8[]",
    "at text[]",
    "an numeric[]",
    "o jsonb @ o",
    "oo text @ o.o",
    "ooo text @ o.o.o",
    "e timestamptz as epoch_ms",
    "k jsonb @kafka.key",
};
enum { LINES = sizeof lines / sizeof *lines };

static struct tg_arena arena, load;
static struct tg_field fields[FIELDS_MAX];
static struct tg_topic topic;
static struct tg_decoder *decoders[2];
static struct tg_topic keeping;

static void check(bool holds, const char *what)
{
  if (holds) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void start(void)
{
  struct tg_err err;
  tg_arena_init(&arena, 16 << 10, 0);
  tg_arena_init(&load, CHUNK, 0);
  for (uint32_t i = 0; i < LINES; i++)
    check(tg_field_parse(&arena, tg_text(lines[i]), &fields[i], &err) == TG_OK, lines[i]);
  fields[LINES] = (struct tg_field){.name = tg_text("_extra"), .type = {.kind = TG_JSONB}};
  fields[LINES].source = TG_FROM_NOWHERE;
  topic = (struct tg_topic){.name = tg_text("fuzz"), .fields = fields, .fields_count = LINES};
  topic.event_time = topic.key = -1, topic.provenance = true;
  keeping = topic;
  keeping.fields_count++, keeping.unknown = TG_UNKNOWN_KEEP;
  decoders[0] = tg_decoder_new(&topic), decoders[1] = tg_decoder_new(&keeping);
  check(decoders[0] && decoders[1], "a decoder is made");
}

static void check_int(struct tg_type t, int64_t v)
{
  static const int64_t day = INT64_C(86400000000);
  const int64_t years = TIME_YEARS * 366;
  switch (t.kind) {
  case TG_INT2: check(v >= INT16_MIN && v <= INT16_MAX, "int2 in range"); break;
  case TG_INT4: check(v >= INT32_MIN && v <= INT32_MAX, "int4 in range"); break;
  case TG_NUMERIC: check(v > -1000000000000 && v < 1000000000000, "numeric in range"); break;
  case TG_DATE: check(v > -years && v < years, "date in range"); break;
  case TG_TIME: check(v >= 0 && v <= day, "time in range"); break;
  case TG_TIMESTAMP:
  case TG_TIMESTAMPTZ: check(v > -years * day && v < years * day, "time stamp in range"); break;
  default: break;
  }
}

static void check_text(struct tg_type t, struct tg_text v)
{
  check(v.ptr != NULL, "a text that is not null");
  if (t.array || t.kind == TG_BYTEA || t.kind == TG_INET) return;
  check(tg_text_utf8(v), "text is UTF-8");
  check(!v.len || !memchr(v.ptr, '\0', v.len), "text holds no NUL");
  check(t.kind != TG_VARCHAR || v.len <= 4 * t.chars_max, "varchar is short");
  check(t.kind != TG_JSONB || v.len > 0, "jsonb is not empty");
}

static void check_value(const struct tg_column *c, uint32_t row)
{
  char shown[300];
  tg_column_show(c, row, shown, sizeof shown);
  if (tg_column_is_null(c, row)) return;
  if (tg_type_store(c->type) == TG_STORE_INT) check_int(c->type, c->v.ints[row]);
  if (tg_type_store(c->type) == TG_STORE_TEXT) check_text(c->type, c->v.texts[row]);
}

static void check_row(const struct tg_batch *b, uint32_t row)
{
  bool refused = b->fates[row] == TG_QUARANTINE;
  check(refused == (b->issues[row] != NULL), "a refused row has a reason");
  if (refused) check(tg_text_utf8(b->issues[row]->reason), "a reason is UTF-8");
  for (uint32_t i = 0; i < b->topic->fields_count; i++) {
    if (refused) check(tg_column_is_null(b->columns[i], row), "a refused row is null");
    check_value(b->columns[i], row);
  }
}

/* The next load's memory holds this everywhere. */
static void soil(int byte)
{
  tg_arena_reset(&load, 0);
  memset(tg_arena_alloc(&load, CHUNK), byte, CHUNK);
  tg_arena_reset(&load, 0);
}

/* out: what PostgreSQL is sent. */
static void run(struct tg_decoder *d, const struct tg_topic *t, struct tg_text value,
                struct tg_buf *out)
{
  struct tg_err err;
  struct tg_batch b;
  struct tg_copy_span span = {.end = 2};
  struct tg_event good = {.offset = 0, .value = tg_text("{\"t\":\"ok\"}")};
  struct tg_event bad = {
      .offset = 1, .value = value, .size = value.len, .key = tg_text_of(value.ptr, value.len / 2)};
  check(tg_batch_init(&b, t, &load, 2) == TG_OK, "a batch");
  check(tg_batch_add(&b, &good) == TG_OK && tg_batch_add(&b, &bad) == TG_OK, "events fit");
  check(tg_batch_seal(&b) == TG_OK && tg_decoder_run(d, &b, &err) == TG_OK, "decoding ends");
  check(b.fates[0] == TG_LOAD, "the good row is loaded");
  for (uint32_t row = 0; row < 2; row++) check_row(&b, row);
  tg_copy_rows(&b, &span, SIZE_MAX, out);
  check(!out->failed && span.written == 1 + (b.fates[1] == TG_LOAD),
        "what is accepted can be encoded");
}

static void run_twice(struct tg_decoder *d, const struct tg_topic *t, struct tg_text value)
{
  struct tg_buf out[2];
  for (int i = 0; i < 2; i++) {
    tg_buf_init(&out[i], 0);
    soil(i ? 0x55 : 0xaa);
    run(d, t, value, &out[i]);
  }
  check(tg_text_eq(tg_buf_view(&out[0]), tg_buf_view(&out[1])), "every cell is written");
  for (int i = 0; i < 2; i++) tg_buf_fini(&out[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (!decoders[0]) start();
  struct tg_text value = tg_text_of((const char *)data, size);
  run_twice(decoders[0], &topic, value);
  run_twice(decoders[1], &keeping, value);
  return 0;
}
