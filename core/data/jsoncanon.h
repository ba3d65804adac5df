/* JSON values in a form in which equal values have equal bytes: numbers by value (1, 1.0 and 10e-1
 * are the same), strings as they read, objects with their keys sorted and the last of duplicates.
 *
 *   number n[-]digits e exponent ;     string s length : bytes     array [ .. ]     object { key
 *   value .. }     t f z for true, false, null */
#ifndef TG_DATA_JSONCANON_H
#define TG_DATA_JSONCANON_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/data/jsonwalk.h"

/* Appends a value that j has read. Keys are sorted in the arena. False without memory. */
bool tg_jsoncanon_write(struct tg_arena *a, const struct tg_jsonread *j,
                        const struct tg_json_value *v, struct tg_buf *out);

/* A string or key, as written, as it reads; ptr NULL without memory. May be a view of raw. */
struct tg_text tg_jsoncanon_text(struct tg_arena *a, struct tg_text raw);

#endif
