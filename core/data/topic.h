/* A topic as its script declares it: fields, table and policies. Pure data: the script loader
 * (bindings/) makes it, the decoder, the encoder and PostgreSQL's side read it. Everything lives
 * in the program that loaded it. */
#ifndef TG_DATA_TOPIC_H
#define TG_DATA_TOPIC_H

#include "core/base/arena.h"
#include "core/data/type.h"

enum { TG_FIELDS_MAX = 1000, TG_PATH_DEPTH_MAX = 16, TG_PATHS_MAX = 8, TG_NAME_BYTES_MAX = 63 };
enum { TG_OUTPUTS_MAX = 32 };

enum tg_source {
  TG_FROM_VALUE,     /* a path in the JSON value */
  TG_FROM_TIMESTAMP, /* @kafka.timestamp */
  TG_FROM_KEY,       /* @kafka.key */
  TG_FROM_OFFSET,    /* @kafka.offset */
  TG_FROM_PARTITION, /* @kafka.partition */
  TG_FROM_RAW,       /* @kafka.value: the whole value */
  TG_FROM_SIZE,      /* @kafka.size: bytes of the value */
  TG_FROM_HEADER,    /* @kafka.header.NAME: the last header of that name */
  TG_FROM_NOWHERE    /* computed: only the transform sets it */
};

enum tg_epoch { TG_EPOCH_NONE, TG_EPOCH_S, TG_EPOCH_MS, TG_EPOCH_US };

struct tg_path {
  uint32_t count;
  struct tg_text steps[TG_PATH_DEPTH_MAX]; /* object keys, outermost first */
};

struct tg_field {
  struct tg_text name;
  struct tg_type type;
  bool not_null, unstored, has_default;
  enum tg_source source;
  enum tg_epoch epoch; /* as epoch_s | epoch_ms | epoch_us */
  struct tg_text default_text;
  struct tg_text header; /* TG_FROM_HEADER */
  struct tg_path *paths; /* alternates, first that is present and not null wins */
  uint32_t paths_count;
};

enum tg_unknown { TG_UNKNOWN_IGNORE, TG_UNKNOWN_KEEP, TG_UNKNOWN_QUARANTINE };

struct tg_lookup_source;

struct tg_topic {
  struct tg_text name;          /* the script's name, "orders" */
  struct tg_text *kafka_topics; /* Kafka topics it reads; usually just its name */
  uint32_t kafka_topics_count;
  struct tg_text schema, table; /* target; schema may be empty: search_path */
  struct tg_field *fields;
  uint32_t fields_count;
  int32_t event_time;      /* index into fields, or -1 */
  int32_t key;             /* index into fields, or -1 */
  enum tg_unknown unknown; /* KEEP: a further stored field `_extra jsonb` is the last of fields */
  bool provenance;         /* _part, _offset, _issues columns */
  bool on_gap_skip;
  int32_t tz_offset_s;     /* zone of times without one; 0 = UTC */
  struct tg_text *outputs; /* Kafka topics that transform may emit to */
  uint32_t outputs_count;
  struct tg_text dead_letter; /* Kafka topic that quarantined events go to as well; or empty */
  uint32_t output_bytes_max;  /* of a record for Kafka */
  struct tg_lookup_source *lookups; /* lookup.h */
  uint32_t lookups_count;
  void *program; /* the loader's own, opaque here */
};

/* Parses one line of `fields` in the grammar of docs/LUA.md:
 *   name type [not null] [default literal] [@ path[|path..]] [as epoch_ms|epoch_s|epoch_us]
 *   [computed] [unstored]
 * What follows the type comes in any order. A literal is 'text' ('' is one quote), a number,
 * true or false; a path's steps are separated by dots, and one with a dot, bar or space in it,
 * or a first step named kafka, stands in double quotes. `@kafka.timestamp`, key, offset,
 * partition, value, size and header.NAME are the message's own parts. Texts are copied into the
 * arena. TG_CONFIG with what is wrong and what was expected; TG_FATAL: the arena is full. */
enum tg_rc tg_field_parse(struct tg_arena *a, struct tg_text line, struct tg_field *out,
                          struct tg_err *err);

/* True when its events may make records for Kafka. */
static inline bool tg_topic_emits(const struct tg_topic *t)
{
  return t->outputs_count > 0 || t->dead_letter.len > 0;
}

/* Index of the field of that name, or -1. */
int32_t tg_topic_field(const struct tg_topic *t, struct tg_text name);

/* True when name may stand for a table, column or schema: a letter or _, then letters, digits, _
 * or $, at most 63 bytes; not pg_*, information_schema, tidegate. */
bool tg_name_ok(struct tg_text name);

#endif
