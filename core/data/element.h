/* Elements of arrays, as COPY BINARY and array_recv() want them, and the head of a one-dimensional
 * array.
 *
 *   int32 dimensions (0 = empty, and nothing follows)   int32 has nulls   int32 oid of the elements
 *   int32 count   int32 lower bound 1   then per element int32 length (-1 = null) and that many
 * bytes Source: PostgreSQL, src/backend/utils/adt/arrayfuncs.c, array_recv(). Big endian. */
#ifndef TG_DATA_ELEMENT_H
#define TG_DATA_ELEMENT_H

#include "core/base/buf.h"
#include "core/data/column.h"

enum { TG_ARRAY_HEAD = 20 };

/* Writes the head for count > 0 elements at out. */
void tg_array_head(char out[TG_ARRAY_HEAD], struct tg_type element, uint32_t count, bool has_nulls);

/* Appends one value of a column (no array) with its length. */
void tg_element_put(struct tg_buf *out, const struct tg_column *c, uint32_t row);

#endif
