/* What encoding costs: 1,000,000 rows of 14 columns into COPY BINARY, in pieces of 256 KiB as the
 * loader asks for them. Prints nanoseconds of CPU a row; run the release build. */
#include "core/base/clock.h"
#include "core/data/copy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 50000, LOADS = 20, PIECE = 256 << 10 };

static const char *const lines[] = {
    "order_id uuid not null",
    "ordered_at timestamptz not null",
    "customer_id bigint not null",
    "amount numeric(12,2)",
    "tax numeric(12,4)",
    "currency text",
    "country text",
    "items jsonb",
    "quantity integer",
    "weight double precision",
    "paid boolean",
    "due date",
    "note varchar(200)",
    "channel text",
};
enum { FIELDS = sizeof lines / sizeof *lines };

static void fill_texts(struct tg_column *c, struct tg_arena *a)
{
  bool json = c->type.kind == TG_JSONB;
  for (uint32_t i = 0; i < c->rows; i++)
    c->v.texts[i] = tg_text(json ? tg_arena_printf(a, "[{\"sku\":\"A-%u\",\"n\":%u}]", i, i % 7)
                                 : tg_arena_printf(a, "text %u", i % 1000));
}

static void fill(struct tg_column *c, struct tg_arena *a)
{
  enum tg_store store = tg_type_store(c->type);
  if (store == TG_STORE_TEXT) fill_texts(c, a);
  for (uint32_t i = 0; i < c->rows; i++) {
    if (store == TG_STORE_INT) c->v.ints[i] = (int64_t)i * 7919 % 1000003;
    if (store == TG_STORE_FLOAT) c->v.floats[i] = i / 7.0;
    if (store == TG_STORE_MASK) c->v.mask[i] = i % 2 ? TG_TRUE : TG_FALSE;
    if (c->nul) c->nul[i] = i % 10 == 0;
  }
}

static bool make(struct tg_batch *b, struct tg_topic *topic, struct tg_arena *a)
{
  struct tg_err err;
  struct tg_event e = {.value = tg_text("{}")};
  topic->fields = tg_arena_zalloc(a, FIELDS, sizeof *topic->fields);
  topic->fields_count = FIELDS, topic->provenance = true;
  for (uint32_t i = 0; i < FIELDS; i++)
    if (tg_field_parse(a, tg_text(lines[i]), &topic->fields[i], &err) != TG_OK) return false;
  if (tg_batch_init(b, topic, a, ROWS) != TG_OK) return false;
  for (; e.offset < ROWS; e.offset++)
    if (tg_batch_add(b, &e) != TG_OK) return false;
  if (tg_batch_seal(b) != TG_OK) return false;
  b->columns = tg_arena_zalloc(a, FIELDS, sizeof *b->columns);
  for (uint32_t i = 0; i < FIELDS; i++) {
    b->columns[i] = tg_column_new(a, topic->fields[i].type, ROWS, !topic->fields[i].not_null);
    fill(b->columns[i], a);
  }
  return true;
}

int main(void)
{
  struct tg_arena arena;
  struct tg_topic topic = {.event_time = -1};
  struct tg_batch b;
  struct tg_buf out;
  uint64_t written = 0, bytes = 0;
  tg_arena_init(&arena, 1 << 20, 0);
  tg_buf_init(&out, 0);
  if (!make(&b, &topic, &arena)) return EXIT_FAILURE;
  int64_t before = tg_clock_thread_us();
  for (int load = 0; load < LOADS; load++) {
    struct tg_copy_span span = {.end = ROWS};
    for (; span.row < ROWS && !out.failed; bytes += out.len) {
      tg_buf_clear(&out);
      tg_copy_rows(&b, &span, PIECE, &out);
    }
    written += span.written;
  }
  int64_t us = tg_clock_thread_us() - before;
  printf("copy: %" PRIu64 " rows, %d columns, %" PRIu64 " bytes: %.1f ns a row\n", written,
         FIELDS + 3, bytes, 1000.0 * (double)us / (double)written);
  tg_buf_fini(&out);
  tg_arena_fini(&arena);
  return written == (uint64_t)ROWS * LOADS ? EXIT_SUCCESS : EXIT_FAILURE;
}
