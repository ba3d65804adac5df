/* COPY BINARY: columns -> the bytes that PostgreSQL reads, in pieces.
 *
 *   header   "PGCOPY\n\377\r\n\0"  int32 flags 0  int32 extension length 0
 *   row      int16 field count, then per field int32 length (-1 = null) and that many bytes; big
 *   endian
 *   trailer  int16 -1
 * Source: PostgreSQL manual, COPY, "Binary Format"; the types' own *_send functions.
 *
 * Encoding is pure: the same rows can be encoded again after others were masked out. */
#ifndef TG_DATA_COPY_H
#define TG_DATA_COPY_H

#include "core/base/buf.h"
#include "core/data/batch.h"

/* The column list of the COPY statement for a topic, quoted, without parentheses: stored fields,
 * then _part, _offset, _issues with provenance. */
void tg_copy_columns(const struct tg_topic *topic, struct tg_buf *sql);

/* A name as an identifier of SQL: in double quotes, its own doubled. */
void tg_copy_name(struct tg_text name, struct tg_buf *sql);

void tg_copy_header(struct tg_buf *out);
void tg_copy_trailer(struct tg_buf *out);

/* The rows of a batch that are still to be encoded. */
struct tg_copy_span {
  uint32_t row, end; /* the next one, and behind the last one */
  uint64_t written;  /* rows appended so far */
};

/* Appends the span's rows whose fate is LOAD or TAG and whose segment is not gone, until `out`
 * holds at least piece bytes or the span is empty. Check out->failed after it: no memory, or the
 * cap of out; out then ends with a whole row, and span->row did not fit. _issues has an element
 * "rule: reason" for each issue of fate TAG, and is null without one. b: sealed and decoded; its
 * values are taken as they are, within the range of their types. */
void tg_copy_rows(const struct tg_batch *b, struct tg_copy_span *span, size_t piece,
                  struct tg_buf *out);

/* Single fields, for tables that are not made of batches (quarantine, verdicts). */
void tg_copy_fields(struct tg_buf *out, int16_t count);
void tg_copy_null(struct tg_buf *out);
void tg_copy_bool(struct tg_buf *out, bool v);
void tg_copy_int4(struct tg_buf *out, int32_t v);
void tg_copy_int8(struct tg_buf *out, int64_t v);
void tg_copy_bytes(struct tg_buf *out, struct tg_text v); /* text, bytea; null when v.ptr is NULL */
void tg_copy_timestamptz(struct tg_buf *out, int64_t unix_us);
void tg_copy_jsonb(struct tg_buf *out, struct tg_text json);

#endif
