/* One value of a column as words of 64 bits, which a key table remembers.
 *
 *   numbers, times, floats (bits), booleans   1 word
 *   uuid, interval                            2
 *   text, bytea, json, arrays ..              length, then the bytes, padded with zeroes */
#ifndef TG_STATE_KEYVALUE_H
#define TG_STATE_KEYVALUE_H

#include "core/state/keyed.h"

enum { TG_KEYVALUE_WORDS_MAX = 1 + TG_KEYED_TEXT_MAX / 8 };

/* The type without what does not matter to values: varchar(20) is varchar. */
struct tg_type tg_keyvalue_type(struct tg_type type);

/* The value of a row; equal values have equal words. TG_SOME, or why there is none: null, a fault,
 * TG_LIMIT for a text above TG_KEYED_TEXT_MAX. */
uint8_t tg_keyvalue_read(const struct tg_column *c, uint32_t row, int64_t *words, uint32_t *count);

/* Writes a value that was read from such a column; texts are copied into the arena. False: full. */
bool tg_keyvalue_write(struct tg_column *out, uint32_t row, const int64_t *words,
                       struct tg_arena *arena);

/* -1, 0, 1 of two values of numbers or times; NaN is the greatest. */
int tg_keyvalue_order(struct tg_type type, const int64_t *a, const int64_t *b);

/* True when `count` words can be a value of this type. */
bool tg_keyvalue_fits(struct tg_type type, const int64_t *words, uint32_t count);

#endif
