/* Ids of rows; see the header. */
#include "core/app/rowids.h"

#include "core/pg/array.h"

#include <stdlib.h>

bool tg_rowid_read(const char *word, int32_t *part, int64_t *offset)
{
  char *end;
  long p = strtol(word, &end, 10);
  if (end == word || *end != ':' || p < 0 || p > INT32_MAX) return false;
  const char *at = end + 1;
  *part = (int32_t)p;
  *offset = strtoll(at, &end, 10);
  return end != at && !*end;
}

bool tg_rowids_take(struct tg_rowids *ids, const struct tg_args *args)
{
  tg_array_begin(&ids->parts), tg_array_begin(&ids->offsets);
  for (uint32_t i = 1; i < args->words_count; i++, ids->count++) {
    int32_t part;
    int64_t offset;
    if (!tg_rowid_read(args->words[i], &part, &offset)) {
      fprintf(stderr, "tidegate %s: '%s' is no id: `list` shows them, as 7:1842\n", args->command,
              args->words[i]);
      return false;
    }
    tg_array_int(&ids->parts, part), tg_array_int(&ids->offsets, offset);
  }
  tg_array_end(&ids->parts), tg_array_end(&ids->offsets);
  return true;
}

void tg_rowids_fini(struct tg_rowids *ids)
{
  tg_buf_fini(&ids->parts), tg_buf_fini(&ids->offsets);
}
