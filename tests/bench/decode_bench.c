/* CPU seconds for decoding 1,000,000 reference events (docs/DECODE.md) into 14 columns, in loads of
 * 50,000:
 *   decode_bench [rounds]
 * The events are the same in every run. Each round decodes all of them; the best and the median are
 * printed. */
#include "core/base/clock.h"
#include "core/data/decode.h"
#include "core/data/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { EVENTS = 1000000, LOAD_ROWS = 50000, EVENT_SIZE = 512, ROUNDS_MAX = 99 };
#define LOAD_BYTES ((size_t)128 << 20)

static const char *const field_lines[] = {
    "event_id    uuid           not null",
    "event_time  timestamptz    not null",
    "user_id     bigint         not null",
    "session_id  text",
    "event_type  text",
    "amount      numeric(12,2)",
    "currency    text",
    "country     text",
    "ip          text",
    "os          text           @ device.os",
    "ver         text           @ device.ver",
    "items       integer        @ items_count",
    "is_test     boolean",
    "channel     text",
};
enum { FIELDS = sizeof field_lines / sizeof *field_lines };

static uint64_t seed;

/* splitmix64, Sebastiano Vigna (public domain). */
static uint64_t next_random(void)
{
  uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

static const char *pick(const char *const *names, uint32_t count)
{
  return names[next_random() % count];
}

static size_t put_items(char *out, size_t size)
{
  size_t at = (size_t)snprintf(out, size, "\"items\":[");
  uint64_t items = 1 + next_random() % 2;
  for (uint64_t i = 0; i < items; i++)
    at += (size_t)snprintf(out + at, size - at, "%s{\"sku\":\"SKU-%05u\",\"qty\":%u}", i ? "," : "",
                           (unsigned)(next_random() % 100000), (unsigned)(1 + next_random() % 4));
  at += (size_t)snprintf(out + at, size - at, "],");
  return at;
}

/* One event of the reference shape: about 350 bytes. */
static size_t make_event(uint32_t number, char *out)
{
  static const char *const types[] = {"view", "click", "cart", "purchase", "refund", "login"};
  static const char *const currencies[] = {"EUR", "USD", "GBP", "SEK", "CHF"};
  static const char *const countries[] = {"DE", "FR", "US", "GB", "SE", "CH", "ES", "IT"};
  static const char *const systems[] = {"ios", "android", "windows", "macos", "linux"};
  static const char *const channels[] = {"web", "app", "store"};
  char amount[24], when[32];
  uint64_t a = next_random(), b = next_random();
  snprintf(amount, sizeof amount, "%u.%02u", (unsigned)(next_random() % 1000),
           (unsigned)(next_random() % 100));
  if (next_random() % 1000 < 27) snprintf(amount, sizeof amount, "null");
  tg_clock_text(INT64_C(1794700800000000) + (int64_t)number * 3000, when);
  int n = snprintf(
      out, EVENT_SIZE,
      "{\"event_id\":\"%08x-%04x-4%03x-%04x-%012" PRIx64 "\",\"event_time\":\"%s\",\"user_id\":%u,"
      "\"session_id\":\"s-%08x\",\"event_type\":\"%s\",\"amount\":%s,\"currency\":\"%s\","
      "\"country\":\"%s\",\"ip\":\"10.%u.%u.%u\",\"device\":{\"os\":\"%s\",\"ver\":\"%u.%u.1\"},",
      (unsigned)(a & 0xffffffff), (unsigned)(a >> 32 & 0xffff), (unsigned)(a >> 48 & 0xfff),
      (unsigned)(0x8000 | (b & 0x3fff)), b >> 16, when, (unsigned)(next_random() % 100000),
      (unsigned)next_random(), pick(types, 6), amount, pick(currencies, 5), pick(countries, 8),
      (unsigned)(a & 255), (unsigned)(b & 255), (unsigned)(a >> 8 & 255), pick(systems, 5),
      (unsigned)(10 + next_random() % 8), (unsigned)(next_random() % 10));
  size_t at = (size_t)n + put_items(out + n, EVENT_SIZE - (size_t)n);
  at += (size_t)snprintf(out + at, EVENT_SIZE - at,
                         "\"items_count\":2,\"is_test\":%s,\"channel\":\"%s\"}",
                         next_random() % 50 ? "false" : "true", pick(channels, 3));
  return at;
}

static void fail(const char *what)
{
  fprintf(stderr, "decode_bench: %s\n", what);
  exit(1);
}

static void make_topic(struct tg_arena *a, struct tg_topic *t, struct tg_field *fields)
{
  struct tg_err err;
  for (uint32_t i = 0; i < FIELDS; i++)
    if (tg_field_parse(a, tg_text(field_lines[i]), &fields[i], &err) != TG_OK) fail(err.what);
  *t = (struct tg_topic){.name = tg_text("reference"), .fields = fields, .fields_count = FIELDS};
  t->event_time = t->key = -1;
}

static void fill_load(struct tg_load *l, const struct tg_topic *topic, uint32_t from)
{
  char text[EVENT_SIZE];
  if (tg_load_open(l, &topic, 1) != TG_OK) fail("the load cannot be opened");
  for (uint32_t i = from; i < from + LOAD_ROWS; i++) {
    size_t size = make_event(i, text);
    struct tg_event e = {.offset = i, .value = tg_text_of(text, size), .size = (uint32_t)size};
    if (tg_load_add(l, 0, &e) != TG_OK) fail("an event does not fit the load");
  }
  if (tg_batch_seal(&l->batches[0]) != TG_OK) fail("the batch cannot be sealed");
}

/* Microseconds of CPU for all events. */
static int64_t run_round(struct tg_load *l, const struct tg_topic *topic, struct tg_decoder *d,
                         uint64_t *bytes)
{
  struct tg_err err;
  int64_t us = 0;
  seed = 1, *bytes = 0;
  for (uint32_t from = 0; from < EVENTS; from += LOAD_ROWS) {
    fill_load(l, topic, from);
    struct tg_batch *b = &l->batches[0];
    for (uint32_t i = 0; i < b->rows; i++) *bytes += b->events[i].value.len;
    int64_t start = tg_clock_thread_us();
    if (tg_decoder_run(d, b, &err) != TG_OK) fail(err.what);
    us += tg_clock_thread_us() - start;
    if (b->issues_count) fail("an event was refused");
  }
  return us;
}

static int by_size(const void *a, const void *b)
{
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
  long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 5;
  static int64_t us[ROUNDS_MAX];
  static struct tg_field fields[FIELDS];
  struct tg_arena arena;
  struct tg_topic topic;
  struct tg_load load;
  struct tg_err err;
  uint64_t bytes = 0;
  if (rounds < 1 || rounds > ROUNDS_MAX) fail("1 to 99 rounds");
  tg_arena_init(&arena, 16 << 10, 0);
  make_topic(&arena, &topic, fields);
  struct tg_decoder *d = tg_decoder_new(&topic);
  if (!d || tg_load_init(&load, LOAD_ROWS, LOAD_BYTES, &err) != TG_OK) fail("no memory");
  for (long i = 0; i < rounds; i++) us[i] = run_round(&load, &topic, d, &bytes);
  qsort(us, (size_t)rounds, sizeof *us, by_size);
  printf(
      "decode: %.3f CPU-s per 1M events (best %.3f, %ld rounds), %.0f bytes an event, %u columns\n",
      (double)us[rounds / 2] / 1e6, (double)us[0] / 1e6, rounds, (double)bytes / EVENTS,
      (unsigned)FIELDS);
  tg_load_fini(&load);
  tg_decoder_free(d);
  tg_arena_fini(&arena);
  return 0;
}
