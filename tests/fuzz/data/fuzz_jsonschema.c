/* Any bytes as a schema, and what stands behind the first line feed as a document. Compiling ends
 * with a schema or a reason; judging gives the same answer twice. */
#include "core/data/jsonschema.h"

#include <stdio.h>
#include <stdlib.h>

static void check(bool holds, const char *what)
{
  if (holds) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct tg_arena arena;
  struct tg_err err;
  struct tg_jsonschema *schema;
  const char *text = (const char *)data, *end = size ? memchr(text, '\n', size) : NULL;
  if (!end) return 0;
  tg_arena_init(&arena, 4096, 0);
  struct tg_op op = {.arena = &arena, .rows = 1, .err = &err};
  struct tg_text value =
      tg_arena_copy(&arena, tg_text_of(end + 1, size - 1 - (size_t)(end - text)));
  enum tg_rc rc = tg_jsonschema_new(tg_text_of(text, (size_t)(end - text)), &schema, &err);
  check((rc == TG_OK) == (schema != NULL), "a schema or an error");
  check(rc == TG_OK || *err.what, "an error has a reason");
  if (schema) {
    struct tg_column c = {.type = {.kind = TG_TEXT_KIND}, .rows = 1, .v.texts = &value};
    struct tg_column *a = tg_jsonschema_column(&op, &c, schema);
    struct tg_column *b = tg_jsonschema_column(&op, &c, schema);
    check(a && b && a->v.mask[0] == b->v.mask[0], "the same answer twice");
  }
  tg_jsonschema_free(schema);
  tg_arena_fini(&arena);
  return 0;
}
