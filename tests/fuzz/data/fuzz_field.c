/* Any text as a field line: no crash, a reason for every refusal, and a decoder for everything
 * accepted. */
#include "core/data/decode.h"

#include <stdio.h>
#include <stdlib.h>

static void check(bool holds, const char *what)
{
  if (holds) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static void decode_one(struct tg_arena *a, struct tg_field *f)
{
  struct tg_topic topic = {
      .name = tg_text("fuzz"), .fields = f, .fields_count = 1, .event_time = -1, .key = -1};
  struct tg_event e = {.value = tg_text("{\"a\":1,\"b\":{\"c\":\"x\"}}"), .key = tg_text("k")};
  struct tg_batch b;
  struct tg_err err;
  struct tg_decoder *d = tg_decoder_new(&topic);
  check(d != NULL, "a decoder is made");
  check(tg_batch_init(&b, &topic, a, 1) == TG_OK && tg_batch_add(&b, &e) == TG_OK, "a batch");
  check(tg_batch_seal(&b) == TG_OK && tg_decoder_run(d, &b, &err) == TG_OK, "decoding ends");
  tg_decoder_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct tg_arena arena;
  struct tg_field f;
  struct tg_err err = {0};
  if (!arena.chunk_size) tg_arena_init(&arena, 16 << 10, 0);
  enum tg_rc rc = tg_field_parse(&arena, tg_text_of((const char *)data, size), &f, &err);
  check(rc == TG_OK || (rc == TG_CONFIG && err.what[0]), "a refusal has its reason");
  if (rc == TG_OK) {
    check(tg_name_ok(f.name), "the name may stand for a column");
    decode_one(&arena, &f);
  }
  tg_arena_reset(&arena, 0);
  return 0;
}
