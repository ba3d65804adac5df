/* Any file as a lookup: no crash, a place and a reason for every refusal, and each row of what was
 * accepted is found by its own key. The first byte chooses .csv or .jsonl and the declared types.
 * */
#include "core/data/lookupfile.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES_MAX = 4 << 20 };

static void check(bool holds, const char *what)
{
  if (holds) return;
  fprintf(stderr, "broken: %s\n", what);
  abort();
}

static struct tg_lookup_column column(const char *name, const char *type)
{
  struct tg_lookup_column c = {.name = tg_text(name), .typed = type != NULL};
  struct tg_err err;
  if (type) check(tg_type_parse(tg_text(type), &c.type, &err) == TG_OK, "types are types");
  return c;
}

static void find_all(struct tg_lookup *l)
{
  static struct tg_arena arena;
  struct tg_err err = {0};
  struct tg_op op = {.arena = &arena, .rows = l->rows, .err = &err};
  struct tg_found found;
  if (!arena.chunk_size) tg_arena_init(&arena, 64 << 10, 0);
  check(tg_lookup_find(&op, l, l->columns, l->keys_count, &found), "its own keys meet");
  for (uint32_t i = 0; i < l->rows; i++) check(found.rows[i] == i, "a row is found by its key");
  for (uint32_t c = l->keys_count; c < l->columns_count; c++)
    check(tg_lookup_get(&op, &found, c) != NULL, "values are given");
  tg_arena_reset(&arena, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const types[] = {NULL, "text", "bigint", "numeric(9,2)", "uuid", "date"};
  if (size == 0) return 0;
  struct tg_lookup_column columns[] = {column("k", types[data[0] / 2 % 6]), column("j", NULL),
                                       column("v", types[data[0] / 12 % 6])};
  struct tg_lookup_source source = {
      .name = tg_text("fuzz"), .columns = columns, .keys_count = 1 + data[0] / 72 % 2};
  source.columns_count = 3;
  struct tg_lookupfile file = {data[0] % 2 ? "scripts/f.csv" : "scripts/f.jsonl",
                               tg_text_of((const char *)data + 1, size - 1)};
  struct tg_lookup *l = NULL;
  struct tg_err err = {0};
  enum tg_rc rc = tg_lookupfile_read(&file, &source, BYTES_MAX, &l, &err);
  check(rc == TG_OK || rc == TG_DATA || rc == TG_CONFIG, "a file is at fault, or too large");
  check((rc == TG_OK) == (l != NULL), "a snapshot comes with TG_OK only");
  if (rc == TG_OK)
    find_all(l);
  else
    check(strncmp(err.where, file.path, strlen(file.path)) == 0 && *err.what, "a fault is placed");
  tg_lookup_drop(l);
  return 0;
}
