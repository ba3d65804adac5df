/* Rows named on the command line by their ids: _part:_offset, as 7:1842. */
#ifndef TG_APP_ROWIDS_H
#define TG_APP_ROWIDS_H

#include "core/app/cli.h"

/* False: word is no id. */
bool tg_rowid_read(const char *word, int32_t *part, int64_t *offset);

/* The words of args from the second on, as two array literals of PostgreSQL. Begins as {0}. */
struct tg_rowids {
  struct tg_buf parts, offsets;
  uint32_t count;
};
/* False: one is no id, which was told. */
bool tg_rowids_take(struct tg_rowids *ids, const struct tg_args *args);
void tg_rowids_fini(struct tg_rowids *ids);

#endif
