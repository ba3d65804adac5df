/* A compiled schema, as jsonschema.c makes it and jsonschema_check.c reads it. */
#ifndef TG_DATA_JSONSCHEMA_OWN_H
#define TG_DATA_JSONSCHEMA_OWN_H

#include "core/base/buf.h"
#include "core/data/decimal.h"
#include "core/data/format.h"
#include "core/data/jsonschema.h"
#include "core/data/jsonwalk.h"
#include "core/data/regex.h"

enum { TG_SCHEMA_NODES_MAX = 10000, TG_SCHEMA_DEPTH_MAX = 128, TG_SCHEMA_STEPS_MAX = 100000 };
enum { TG_SCHEMA_INTEGER = 1 << 15 }; /* in `types`, beside 1 << enum tg_json_kind */

struct tg_schema_node;

struct tg_schema_list { /* of schemas: allOf, prefixItems .. */
  struct tg_schema_node **at;
  uint32_t count;
  bool given;
};

struct tg_schema_member { /* of properties and patternProperties */
  struct tg_text key;
  struct tg_regex *pattern; /* NULL: key */
  struct tg_schema_node *node;
};

struct tg_schema_bound {
  bool given;
  struct tg_decimal d;
};

enum { TG_BOUND_MIN, TG_BOUND_MAX, TG_BOUND_XMIN, TG_BOUND_XMAX, TG_BOUND_MULTIPLE, TG_BOUNDS };
enum { TG_SIZE_LENGTH, TG_SIZE_ITEMS, TG_SIZE_PROPERTIES, TG_SIZE_CONTAINS, TG_SIZES };

struct tg_schema_node {
  struct tg_text place;   /* "#/properties/a" */
  bool never;             /* the schema `false` */
  uint32_t types;         /* 0: any */
  struct tg_text *values; /* enum and const, canonical */
  uint32_t values_count;
  bool has_values, unique;
  struct tg_schema_bound bounds[TG_BOUNDS];
  uint32_t least[TG_SIZES], most[TG_SIZES];
  struct tg_regex *pattern;
  const struct tg_format *format;
  bool with_zone; /* of format: a date-time has an offset */
  struct tg_schema_member *properties, *patterns;
  uint32_t properties_count, patterns_count;
  struct tg_text *required;
  uint32_t required_count;
  struct tg_schema_node *additional, *items, *contains, *no, *when, *then, *otherwise, *ref;
  struct tg_schema_list all, any, one, prefix;
  struct tg_text ref_to;       /* the pointer of $ref; empty: none */
  struct tg_schema_node *next; /* of all nodes */
};

struct tg_jsonschema {
  struct tg_arena arena;   /* nodes and texts */
  struct tg_arena scratch; /* of one document */
  struct tg_buf canon;
  struct tg_jsonindex *index; /* of the schema while it is compiled, then of documents */
  struct tg_schema_node *root, *nodes;
  uint32_t nodes_count;
};

#endif
