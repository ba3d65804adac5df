/* Field lines: any bytes are taken or refused with a reason, and what is taken is within its caps. */
#include "core/data/topic.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct tg_field *f)
{
  assert(tg_name_ok(f->name));
  assert(f->paths_count <= TG_PATHS_MAX);
  assert((f->source == TG_FROM_VALUE) == (f->paths_count > 0));
  for (uint32_t i = 0; i < f->paths_count; i++)
    assert(f->paths[i].count >= 1 && f->paths[i].count <= TG_PATH_DEPTH_MAX);
  assert(!f->has_default || tg_text_utf8(f->default_text));
}

/* PostgreSQL's spelling of a type is read as the same type. */
static void check_type(struct tg_type t)
{
  struct tg_type again;
  char name[64];
  assert(tg_type_parse(tg_text(tg_type_name(t, name, sizeof name)), &again, NULL) == TG_OK);
  assert(tg_type_eq(t, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
  struct tg_arena arena;
  struct tg_field f;
  struct tg_err err = {.rc = TG_OK};
  tg_arena_init(&arena, 1 << 16, 1 << 20);
  enum tg_rc rc = tg_field_parse(&arena, tg_text_of((const char *)bytes, size), &f, &err);
  if (rc == TG_OK)
    check(&f), check_type(f.type);
  else
    assert(rc == err.rc && err.what[0]);
  tg_arena_fini(&arena);
  return 0;
}
