/* Reading the quarantine in pieces; see the header. */
#include "core/pg/rejected.h"

#include "core/pg/hex.h"

#include <stdlib.h>

enum column {
  PARTITION_ID,
  PART,
  OFFSET,
  KAFKA_US,
  VALUE_SIZE,
  KAFKA_TOPIC,
  HEADERS,
  KEY,
  VALUE,
  TOPIC,
  STAGE,
  RULE,
  FIELD,
  REASON,
  ISSUES,
  GENERATION,
  STATUS,
  CREATED_AT,
  ATTEMPTS
};

static const char columns[] =
    "partition_id, part, \"offset\", (extract(epoch FROM kafka_ts) * 1000000)::bigint, value_size,"
    " kafka_topic, headers, key, value, topic, stage, rule, field, reason, issues, generation,"
    " status, created_at, attempts";

/* Sizes are known without reading the values, so the cap costs nothing. */
static void make(struct tg_query *q, const struct tg_rejected_piece *piece)
{
  tg_buf_printf(&q->sql,
                "SELECT %s FROM (SELECT c.*, sum(bytes) OVER (ORDER BY partition_id, \"offset\")"
                " - bytes AS before FROM (SELECT q.*, p.part, p.topic AS kafka_topic,"
                " coalesce(octet_length(q.value), 0) + coalesce(octet_length(q.key), 0)"
                " + coalesce(pg_column_size(q.headers), 0) AS bytes FROM tidegate.quarantine q"
                " JOIN tidegate.partition p ON p.id = q.partition_id",
                columns);
  tg_quarantine_where(q, piece->filter);
  tg_query_number(q, " AND (q.partition_id, q.\"offset\") > (", piece->after_part);
  tg_query_number(q, ", ", piece->after_offset);
  tg_buf_printf(&q->sql, ") ORDER BY q.partition_id, q.\"offset\" LIMIT %u%s) c) d",
                piece->rows_max, piece->lock ? " FOR UPDATE OF q SKIP LOCKED" : "");
  tg_query_number(q, " WHERE before < ", (int64_t)piece->bytes_max);
  tg_buf_str(&q->sql, " ORDER BY partition_id, \"offset\"");
}

static int64_t integer(const struct tg_pg *pg, uint32_t row, enum column c, int64_t none)
{
  const char *text = tg_pg_value(pg, row, c);
  return text ? strtoll(text, NULL, 10) : none;
}

/* Bytes of a column behind those in room, which has enough for it. */
static bool take_bytes(struct tg_buf *room, const char *text, struct tg_text *out)
{
  size_t at = room->len;
  *out = (struct tg_text){NULL, 0};
  if (!text) return true;
  if (!tg_hex_read(room, text)) return false;
  *out = tg_text_of(room->ptr + at, room->len - at);
  return true;
}

static enum tg_rc visit_row(struct tg_pg *pg, uint32_t i, const struct tg_rejected_piece *piece,
                            struct tg_buf *room, struct tg_err *err)
{
  const char *key = tg_pg_value(pg, i, KEY), *value = tg_pg_value(pg, i, VALUE);
  struct tg_rejected r = {.partition_id = (int32_t)integer(pg, i, PARTITION_ID, 0),
                          .part = (int32_t)integer(pg, i, PART, 0),
                          .offset = integer(pg, i, OFFSET, 0),
                          .kafka_us = integer(pg, i, KAFKA_US, -1),
                          .value_size = (uint32_t)integer(pg, i, VALUE_SIZE, 0),
                          .kafka_topic = tg_pg_value(pg, i, KAFKA_TOPIC),
                          .headers = tg_pg_value(pg, i, HEADERS),
                          .topic = tg_pg_value(pg, i, TOPIC),
                          .stage = tg_pg_value(pg, i, STAGE),
                          .rule = tg_pg_value(pg, i, RULE),
                          .field = tg_pg_value(pg, i, FIELD),
                          .reason = tg_pg_value(pg, i, REASON),
                          .issues = tg_pg_value(pg, i, ISSUES),
                          .generation = tg_pg_value(pg, i, GENERATION),
                          .status = tg_pg_value(pg, i, STATUS),
                          .created_at = tg_pg_value(pg, i, CREATED_AT),
                          .attempts = tg_pg_value(pg, i, ATTEMPTS)};
  tg_buf_clear(room);
  bool good = tg_buf_reserve(room, (key ? strlen(key) : 0) + (value ? strlen(value) : 0) + 1) &&
              take_bytes(room, key, &r.key) && take_bytes(room, value, &r.value);
  return good ? piece->visit(piece->self, &r, err)
              : tg_err_set(err, TG_RETRY, "quarantine", "no memory for a row");
}

static enum tg_rc visit_all(struct tg_pg *pg, struct tg_rejected_piece *piece, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  struct tg_buf room;
  tg_buf_init(&room, 0);
  for (uint32_t i = 0; rc == TG_OK && i < tg_pg_rows(pg); i++) {
    rc = visit_row(pg, i, piece, &room, err);
    if (rc != TG_OK) break;
    piece->after_part = (int32_t)integer(pg, i, PARTITION_ID, 0);
    piece->after_offset = integer(pg, i, OFFSET, 0);
    piece->rows++;
  }
  tg_buf_fini(&room);
  return rc == TG_FULL && piece->rows ? TG_OK : rc;
}

enum tg_rc tg_rejected_read(struct tg_pg *pg, struct tg_rejected_piece *piece, int64_t deadline_us,
                            struct tg_err *err)
{
  struct tg_query q = {0};
  make(&q, piece);
  piece->rows = 0;
  enum tg_rc rc = tg_query_run(pg, &q, deadline_us, err);
  return rc == TG_OK ? visit_all(pg, piece, err) : rc;
}
