/* One value on its own, in a form in which equal values have equal bytes: what groups, sets of
 * distinct values and counts are made of.
 *
 *   u8 tag, then    WHOLE i64   DECIMAL u8 scale, i64   FLOAT f64   TIME-LIKE i64   UUID 16 bytes
 *                   INTERVAL i128 microseconds (months of 30 days)
 *                   the others: u32 length and that many bytes.          All little endian.
 *
 * Numbers are held by value: 1, 1.0 and 1.00 are WHOLE 1, numeric 0.50 and the json number 0.5 are
 * DECIMAL 5 of scale 1; a float that is no whole number stays a FLOAT, and all NaNs are one. Json
 * strings, numbers and booleans are what they hold, json's null is null. Text 1 is never number 1.
 *
 * Memory: the bytes of texts are borrowed from the column (or from the arena for json strings with
 * escapes). */
#ifndef TG_DATA_DATUM_H
#define TG_DATA_DATUM_H

#include "core/data/column.h"

enum tg_datum_tag {
  TG_DATUM_NULL,
  TG_DATUM_FALSE,
  TG_DATUM_TRUE,
  TG_DATUM_WHOLE,
  TG_DATUM_DECIMAL,
  TG_DATUM_FLOAT,
  TG_DATUM_WIDE, /* digits of a numeric that is neither WHOLE nor DECIMAL */
  TG_DATUM_TEXT,
  TG_DATUM_BYTES,
  TG_DATUM_UUID,
  TG_DATUM_DATE,
  TG_DATUM_TIMESTAMPTZ,
  TG_DATUM_TIMESTAMP,
  TG_DATUM_TIME,
  TG_DATUM_INTERVAL,
  TG_DATUM_JSON,   /* an object or an array, as written */
  TG_DATUM_OPAQUE, /* inet, arrays: PostgreSQL's bytes */
  TG_DATUM_LONG,   /* a text of which only the beginning was kept, behind 16 bytes of hash */
  TG_DATUM_TUPLE,  /* several values, one behind the other */
  TG_DATUM_TAGS
};

struct tg_datum {
  uint8_t head[24]; /* the tag and what has a fixed size */
  uint8_t head_len;
  struct tg_text tail; /* the bytes behind a length */
};

/* The value of a row; nulls and faults are NULL. False when the arena is full. */
bool tg_datum_of(struct tg_arena *arena, const struct tg_column *c, uint32_t row,
                 struct tg_datum *out);

/* The same for all processes; 128 bits of it are unlikely to be met twice. */
uint64_t tg_datum_hash(const struct tg_datum *d);

static inline enum tg_datum_tag tg_datum_tag(const struct tg_datum *d)
{
  return (enum tg_datum_tag)d->head[0];
}
static inline size_t tg_datum_size(const struct tg_datum *d)
{
  return (size_t)d->head_len + d->tail.len;
}
static inline bool tg_datum_eq(const struct tg_datum *a, const struct tg_datum *b)
{
  return a->head_len == b->head_len && memcmp(a->head, b->head, a->head_len) == 0 &&
         tg_text_eq(a->tail, b->tail);
}

/* A value that takes at most max bytes (>= 64): a longer one is replaced by its beginning and a
 * hash. False when the arena is full. */
bool tg_datum_shorten(struct tg_arena *arena, struct tg_datum *d, size_t max);

/* Several values as one; its bytes in the arena. False when that is full. */
bool tg_datum_tuple(struct tg_arena *arena, const struct tg_datum *parts, uint32_t count,
                    struct tg_datum *out);
/* Takes the first value of a tuple's tail; false when there is none left. */
bool tg_datum_next(struct tg_text *tail, struct tg_datum *out);

/* Writes tg_datum_size(d) bytes at out. */
void tg_datum_put(const struct tg_datum *d, uint8_t *out);
/* Reads one value; its tail points into bytes. Returns its size, 0 when these are none. */
size_t tg_datum_read(const uint8_t *bytes, size_t size, struct tg_datum *out);

/* A total order: by value where two values compare (see order.h), else by tag, else by bytes. */
int tg_datum_order(const struct tg_datum *a, const struct tg_datum *b);

/* The value as a column of one row that lives in *out. False for what only has bytes (NULL, JSON,
 * OPAQUE, LONG): then show the tail. */
struct tg_datum_row {
  struct tg_column c;
  union {
    uint8_t mask;
    int64_t i;
    double f;
    struct tg_text text;
    struct tg_uuid uuid;
    struct tg_span span;
  } v;
};
bool tg_datum_row(const struct tg_datum *d, struct tg_datum_row *out);

/* As people see it, as tg_column_show() does. Returns out. */
char *tg_datum_show(const struct tg_datum *d, char *out, size_t size);

#endif
