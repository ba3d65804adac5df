/* Column types: PostgreSQL's names and meanings, and how a value of each is held in memory.
 *
 *   store        C value             types
 *   MASK         uint8_t             bool            0 false, 1 null, 2 true (see mask.h)
 *   INT          int64_t             int2 int4 int8; numeric(p<=18,s) scaled by 10^s; timestamptz,
 *   timestamp: us
 *                                    since 1970-01-01; time: us since midnight; date: days since
 *                                    1970-01-01
 *   FLOAT        double              float4 float8
 *   TEXT         struct tg_text      text varchar json jsonb (UTF-8); numeric wider than 18 digits
 *   or without
 *                                    (p,s): its decimal digits; bytea: the bytes; inet and arrays:
 *                                    the payload
 *                                    that COPY BINARY sends, built at decode
 *   UUID         struct tg_uuid      16 bytes
 *   SPAN         struct tg_span      interval: months, days, us, as PostgreSQL keeps it */
#ifndef TG_DATA_TYPE_H
#define TG_DATA_TYPE_H

#include "core/base/err.h"
#include "core/base/text.h"

/* (kind, PostgreSQL's name, oid, array's oid, store) */
#define TG_KIND_LIST(X)                                                                            \
  X(TG_BOOL, "boolean", 16, 1000, TG_STORE_MASK)                                                   \
  X(TG_INT2, "smallint", 21, 1005, TG_STORE_INT)                                                   \
  X(TG_INT4, "integer", 23, 1007, TG_STORE_INT)                                                    \
  X(TG_INT8, "bigint", 20, 1016, TG_STORE_INT)                                                     \
  X(TG_FLOAT4, "real", 700, 1021, TG_STORE_FLOAT)                                                  \
  X(TG_FLOAT8, "double precision", 701, 1022, TG_STORE_FLOAT)                                      \
  X(TG_NUMERIC, "numeric", 1700, 1231, TG_STORE_INT)                                               \
  X(TG_TEXT_KIND, "text", 25, 1009, TG_STORE_TEXT)                                                 \
  X(TG_VARCHAR, "character varying", 1043, 1015, TG_STORE_TEXT)                                    \
  X(TG_UUID, "uuid", 2950, 2951, TG_STORE_UUID)                                                    \
  X(TG_DATE, "date", 1082, 1182, TG_STORE_INT)                                                     \
  X(TG_TIMESTAMPTZ, "timestamp with time zone", 1184, 1185, TG_STORE_INT)                          \
  X(TG_TIMESTAMP, "timestamp without time zone", 1114, 1115, TG_STORE_INT)                         \
  X(TG_TIME, "time without time zone", 1083, 1183, TG_STORE_INT)                                   \
  X(TG_INTERVAL, "interval", 1186, 1187, TG_STORE_SPAN)                                            \
  X(TG_BYTEA, "bytea", 17, 1001, TG_STORE_TEXT)                                                    \
  X(TG_JSON, "json", 114, 199, TG_STORE_TEXT)                                                      \
  X(TG_JSONB, "jsonb", 3802, 3807, TG_STORE_TEXT)                                                  \
  X(TG_INET, "inet", 869, 1041, TG_STORE_TEXT)

enum tg_kind {
#define X(kind, name, oid, array_oid, store) kind,
  TG_KIND_LIST(X)
#undef X
};

enum tg_store {
  TG_STORE_MASK,
  TG_STORE_INT,
  TG_STORE_FLOAT,
  TG_STORE_TEXT,
  TG_STORE_UUID,
  TG_STORE_SPAN
};

enum { TG_NUMERIC_INT_DIGITS = 18, TG_NUMERIC_DIGITS_MAX = 1000 };

struct tg_type {
  enum tg_kind kind;
  bool array;         /* one-dimensional array of kind */
  bool sized;         /* numeric(p,s) or varchar(n) was given */
  uint16_t precision; /* numeric: total digits */
  uint16_t scale;     /* numeric: digits behind the point */
  uint32_t chars_max; /* varchar: characters */
};

struct tg_uuid {
  uint8_t bytes[16];
};
struct tg_span {
  int64_t us;
  int32_t days, months;
};

/* How a value of this type is held. */
enum tg_store tg_type_store(struct tg_type t);

/* Bytes of one held value. */
uint32_t tg_type_width(struct tg_type t);

/* Parses "numeric(12,2)", "varchar(20)", "text[]", any of PostgreSQL's aliases (int, int8, bool,
 * float8, timestamptz ..), any case. TG_CONFIG with a suggestion when it is not a type. */
enum tg_rc tg_type_parse(struct tg_text text, struct tg_type *out, struct tg_err *err);

/* PostgreSQL's own spelling, as format_type() prints it, in out (64 bytes are enough). Returns
 * out. */
char *tg_type_name(struct tg_type t, char *out, size_t size);

uint32_t tg_type_oid(struct tg_type t);
bool tg_type_eq(struct tg_type a, struct tg_type b);

/* True for int2 int4 int8 float4 float8 numeric (not arrays). */
bool tg_type_is_number(struct tg_type t);
/* True for text and varchar. */
bool tg_type_is_text(struct tg_type t);
/* True for timestamptz timestamp date time. */
bool tg_type_is_time(struct tg_type t);

#endif
