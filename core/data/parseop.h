/* Texts as values, and values as texts, once per distinct text where a column repeats itself.
 *
 * A format is a type's name ("integer", "numeric(12,2)", "timestamptz") or a pattern of times with
 * a % in it (timepattern.h), which gives a timestamptz. */
#ifndef TG_DATA_PARSEOP_H
#define TG_DATA_PARSEOP_H

#include "core/data/op.h"

/* What does not parse is the fault TG_PARSE. TG_CONFIG: no such format, or c is not text. */
struct tg_column *tg_parse_column(struct tg_op *op, struct tg_column *c, struct tg_text format);

/* A mask: which texts parse. */
struct tg_column *tg_parse_test(struct tg_op *op, struct tg_column *c, struct tg_text format);

/* Any scalar as text: numbers plainly, booleans true and false, times in RFC 3339 or by a pattern,
 * json as written but strings as they read. Text is c itself. */
struct tg_column *tg_parse_text(struct tg_op *op, struct tg_column *c, struct tg_text pattern);

#endif
