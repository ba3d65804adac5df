/* The positions of everything in a JSON text that is neither white space nor inside a string:
 * brackets, colons, commas, opening quotes and first bytes of other values. simdjson's first stage
 * finds them with vector instructions chosen at run time, and checks the whole text on the way:
 * UTF-8, control bytes in strings, closed strings. What the positions mean is up to the reader
 * (jsonread.h).
 *
 *   {"a": [1, true]}        at = 0 1 4 6 7 8 10 14 15, count 9, and at[count] = 16, the length
 *
 * Memory: one block, grown to the largest text seen, owned by the index. Thread: one at a time. */
#ifndef TG_DATA_JSONINDEX_H
#define TG_DATA_JSONINDEX_H

#include "core/base/err.h"
#include "core/base/text.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tg_jsonindex;

/* NULL without memory. */
struct tg_jsonindex *tg_jsonindex_new(void);
void tg_jsonindex_free(struct tg_jsonindex *x);

struct tg_jsonspots {
  const uint32_t *at; /* count + 1 of them; borrowed until the next run */
  uint32_t count;
};

/* TG_DATA: *reason says what is wrong (a constant). TG_FULL: no memory for a text of this size. */
enum tg_rc tg_jsonindex_run(struct tg_jsonindex *x, struct tg_text json, struct tg_jsonspots *out,
                            const char **reason);

/* The double (or with single = true the float) nearest to a decimal number, whatever the locale.
 * False when it is beyond the type's range, or so small that it would become zero. */
bool tg_jsonindex_double(struct tg_text number, bool single, double *out);

#ifdef __cplusplus
}
#endif

#endif
