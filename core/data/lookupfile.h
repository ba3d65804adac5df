/* Lookups out of files: .csv as RFC 4180 writes it (its first line names the columns; an empty
 * field is null, "" an empty text), or .jsonl, one JSON object a line with the columns as
 * members. */
#ifndef TG_DATA_LOOKUPFILE_H
#define TG_DATA_LOOKUPFILE_H

#include "core/data/lookup.h"

/* Reads the file's text; path tells its kind and stands in messages. *out: one reference, the
 * caller's. TG_DATA with path:line in err->where; TG_CONFIG: more than bytes_max, or a key of a
 * type that cannot be one. */
struct tg_lookupfile {
  const char *path;
  struct tg_text text;
};
enum tg_rc tg_lookupfile_read(const struct tg_lookupfile *file,
                              const struct tg_lookup_source *source, size_t bytes_max,
                              struct tg_lookup **out, struct tg_err *err);

#endif
