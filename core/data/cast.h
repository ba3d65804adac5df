/* From one type to another.
 *
 * Assignment (a field takes a column) widens freely and checks the range: int to int, int to
 * numeric, numeric to numeric (rounded half away from zero), any number to float, date to
 * timestamp, text to varchar(n). What would lose meaning (float to numeric, numeric to int,
 * timestamp to date) is only done when asked for. A value that does not fit is the fault
 * TG_OVERFLOW of its row. */
#ifndef TG_DATA_CAST_H
#define TG_DATA_CAST_H

#include "core/data/op.h"

/* c as `type`, under the rules of assignment, or of an explicit cast. c itself when it is that type
 * already. TG_CONFIG: there is no such conversion; the message says what to do. */
struct tg_column *tg_cast_to(struct tg_op *op, struct tg_column *c, struct tg_type type,
                             bool asked);

/* Both operands as columns of one type that holds the values of both (for when, default, least ..).
 * */
bool tg_cast_unify(struct tg_op *op, struct tg_arg a, struct tg_arg b, struct tg_column *out[2]);

/* A number as a column of doubles. */
struct tg_column *tg_cast_float(struct tg_op *op, struct tg_arg a);

/* A numeric held as digits as one held as integers; faults where 18 digits are not enough. */
struct tg_column *tg_cast_narrow(struct tg_op *op, struct tg_column *c);

#endif
