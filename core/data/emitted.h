/* What a batch emits to Kafka: records made from its columns when transform asks for them, written
 * with the load (pg/loader_outbox.c) for rows whose final fate is LOAD or TAG, and packed there:
 *
 *   u32 size of what follows | u32 number | u32 kind | i64 offset | i64 time, us since 1970 or -1
 *   text topic | text key | text value | text headers      text: u32 length, ffffffff = null; bytes
 *
 * little endian; headers as tg_headers_next() reads them. (offset, number) names a record of a
 * partition once and for all. */
#ifndef TG_DATA_EMITTED_H
#define TG_DATA_EMITTED_H

#include "core/base/buf.h"
#include "core/data/batch.h"
#include "core/data/op.h"

enum {
  TG_EMITS_MAX = 64,
  TG_EMIT_OVERHEAD = 256
}; /* calls a batch; bytes of a record beside its
                                                       texts: ids, framing */

struct tg_emitted { /* one record; texts in the batch's arena */
  uint32_t row;
  struct tg_text key, value, headers;
};

struct tg_emit { /* one call: at most one record a row, rows ascending */
  struct tg_emit *next;
  const char *topic;
  uint32_t number;
  struct tg_emitted *list;
  uint32_t count;
};

struct tg_emit_part { /* a member of the value, or a header */
  struct tg_text name;
  const struct tg_column *text; /* text, json or bytea */
  bool quoted;                  /* as a JSON string; else as it reads */
};

struct tg_emit_spec {
  const char *topic;             /* lives as long as the program */
  const struct tg_column *mask;  /* NULL: all rows */
  const struct tg_column *key;   /* text or bytea; NULL: no key */
  const struct tg_column *value; /* text, json or bytea; NULL: a JSON object of members */
  const struct tg_emit_part *members, *headers;
  uint32_t members_count, headers_count;
  uint32_t bytes_max; /* of a record; the row of a larger one goes to the quarantine */
};

/* Adds the records of all live rows for which mask is true. Rows with a fault in what they emit, or
 * with a record that is too large, go to the quarantine. False: op->err; TG_FULL: b's arena. */
bool tg_emit_rows(struct tg_batch *b, const struct tg_emit_spec *spec, struct tg_op *op);

/* Adds what a view emitted. rows: as in tg_view_keep(). */
void tg_emit_adopt(struct tg_batch *b, struct tg_emit *emits, const uint32_t *rows);

enum tg_record_kind { TG_RECORD_EMITTED, TG_RECORD_DEAD_LETTER };

struct tg_packed { /* a record in the outbox */
  uint32_t number, kind;
  int64_t offset, us;
  struct tg_text topic, key, value, headers;
};

void tg_packed_add(struct tg_buf *out, const struct tg_packed *r);
/* Reads the record at *at; TG_AGAIN at the end, TG_DATA: the bytes are damaged. */
enum tg_rc tg_packed_next(struct tg_text bytes, size_t *at, struct tg_packed *out);

/* Appends a header to a packed list. value.ptr NULL: null. */
void tg_headers_add(struct tg_buf *out, struct tg_text name, struct tg_text value);

#endif
