/* Values inside json columns.
 *
 * A path is keys joined by dots, "device.os"; a step that is a number counts the elements of an
 * array from 1. Of duplicate keys the last one holds. What is not there, and JSON's null, is
 * null. */
#ifndef TG_DATA_JSONOP_H
#define TG_DATA_JSONOP_H

#include "core/data/op.h"

enum { TG_JSON_STEPS_MAX = 16 };

/* The value at path as `type` (text: strings as they read, anything else as written). A value
 * that is not of the type is the fault TG_CAST, a text that is not JSON the fault TG_PARSE. c:
 * json, jsonb or text. TG_CONFIG: another type, a bad path. */
struct tg_column *tg_json_at(struct tg_op *op, struct tg_column *c, struct tg_text path,
                             struct tg_type type);

/* The documents themselves as `type`: JSON's numbers for a number, strings for a text, true and
 * false for a boolean; a value of another kind is the fault TG_TYPE, one that `type` cannot hold
 * TG_CAST. c: json or jsonb. */
struct tg_column *tg_json_values(struct tg_op *op, struct tg_column *c, struct tg_type type);

/* True for json and jsonb (not arrays). */
bool tg_json_is(struct tg_type type);

/* The documents as text: a string as it reads, anything else as written; JSON's null is null. */
struct tg_column *tg_json_text(struct tg_op *op, struct tg_column *c);

#endif
