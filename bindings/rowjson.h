/* A row of a decoded batch as a JSON object of all its fields, in the order of their declaration:
 * the same row is the same bytes. Numbers are numbers, numeric with all its digits, floats with ten
 * of them; json stays what it is; other types are the texts that messages show. */
#ifndef TG_BINDINGS_ROWJSON_H
#define TG_BINDINGS_ROWJSON_H

#include "core/base/buf.h"
#include "core/data/batch.h"

/* Appends it; out->failed says when there was no room. */
void tg_rowjson_write(const struct tg_batch *b, uint32_t row, struct tg_buf *out);

#endif
