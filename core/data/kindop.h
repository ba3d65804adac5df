/* What kind of value a row holds: of a typed column mostly the same in every row, of json whatever
 * was written.
 *
 *   integer    a number without fraction: 2, 2.0, numeric 2.00
 *   number     any number, NaN too         string     text, a JSON string
 *   timestamp  timestamptz, timestamp      date       date
 *   object     a JSON object               array      a JSON array, an array column
 *
 * A uuid, an interval or bytes are none of these. */
#ifndef TG_DATA_KINDOP_H
#define TG_DATA_KINDOP_H

#include "core/data/op.h"

/* The bit of a kind's name; 0 when there is none. */
uint32_t tg_kind_bit(struct tg_text name);

/* The names, NULL-terminated. */
extern const char *const tg_kind_names[];

/* True where the value is of one of the kinds. coerce: a text that is written as one counts too
 * (numbers as decimal.h reads them, true and false in any case, times as timeparse.h, JSON). JSON's
 * null is null. */
struct tg_column *tg_kind_test(struct tg_op *op, struct tg_column *c, uint32_t kinds, bool coerce);

#endif
