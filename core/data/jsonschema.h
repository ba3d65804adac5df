/* JSON Schema, draft 2020-12: compiled once, then asked of any number of documents.
 *
 *   asserts    type enum const; minimum maximum exclusiveMinimum exclusiveMaximum multipleOf;
 *              minLength maxLength pattern format; properties required additionalProperties
 *              patternProperties minProperties maxProperties; items prefixItems contains
 *              minContains maxContains minItems maxItems uniqueItems; allOf anyOf oneOf not
 *              if then else; $ref within the document
 *   annotates  title description default examples deprecated readOnly writeOnly $comment $schema
 *              $id $defs definitions contentEncoding contentMediaType contentSchema
 *
 * Another keyword is refused: what is not checked must not look checked. Numbers compare exactly.
 * `pattern` is PCRE2's syntax (regex.h). `format` is email hostname ipv4 ipv6 uuid date duration
 * date-time, or another name of format.h.
 *
 * Caps: 10,000 schemas, 64 KiB of text; 128 nested schemas and 100,000 steps for one document,
 * past which it is not judged. Source: json-schema.org, draft 2020-12, Core and Validation. */
#ifndef TG_DATA_JSONSCHEMA_H
#define TG_DATA_JSONSCHEMA_H

#include "core/data/op.h"

struct tg_jsonschema;

enum { TG_JSONSCHEMA_BYTES_MAX = 64 * 1024 };

/* TG_CONFIG: what is wrong, with its place ("#/properties/a"); TG_FULL without memory. */
enum tg_rc tg_jsonschema_new(struct tg_text json, struct tg_jsonschema **out, struct tg_err *err);
void tg_jsonschema_free(struct tg_jsonschema *s);

/* A mask: which texts, or json values, satisfy the schema; a text that is no JSON does not. A
 * document past the caps is the fault TG_LIMIT. TG_CONFIG: c is neither text nor json. One thread
 * at a time. */
struct tg_column *tg_jsonschema_column(struct tg_op *op, struct tg_column *c,
                                       struct tg_jsonschema *s);

#endif
