/* Rows of the quarantine as NDJSON; see the header. */
#include "core/app/quarantineexport.h"

#include "core/base/clock.h"
#include "core/pg/rejected.h"

#include <openssl/evp.h>

enum { PIECE_ROWS = 5000, PIECE_BYTES = 16 << 20 };

struct writing {
  FILE *to;
  struct tg_buf line;
};

static void add_text(struct tg_buf *out, const char *key, const char *value)
{
  tg_buf_printf(out, ",\"%s\":", key);
  if (value)
    tg_buf_json(out, tg_text(value));
  else
    tg_buf_str(out, "null");
}

/* Values that are JSON already. */
static void add_json(struct tg_buf *out, const char *key, const char *value)
{
  tg_buf_printf(out, ",\"%s\":%s", key, value ? value : "null");
}

static void add_base64(struct tg_buf *out, struct tg_text bytes)
{
  size_t size = (bytes.len + (size_t)2) / 3 * 4;
  if (!tg_buf_reserve(out, size + 1)) return; /* a NUL is put behind it */
  out->len += (size_t)EVP_EncodeBlock((unsigned char *)out->ptr + out->len,
                                      (const unsigned char *)bytes.ptr, (int)bytes.len);
}

static void add_bytes(struct tg_buf *out, const char *key, struct tg_text bytes)
{
  bool text = tg_text_utf8(bytes);
  tg_buf_printf(out, ",\"%s%s\":", key, text ? "" : "_base64");
  if (!bytes.ptr) {
    tg_buf_str(out, "null");
  } else if (text) {
    tg_buf_json(out, bytes);
  } else {
    tg_buf_char(out, '"');
    add_base64(out, bytes);
    tg_buf_char(out, '"');
  }
}

static enum tg_rc put(void *self, const struct tg_rejected *r, struct tg_err *err)
{
  struct writing *w = self;
  struct tg_buf *out = &w->line;
  tg_buf_clear(out);
  tg_buf_printf(out, "{\"id\":\"%d:%lld\"", r->partition_id, (long long)r->offset);
  add_text(out, "topic", r->topic);
  add_text(out, "kafka_topic", r->kafka_topic);
  tg_buf_printf(out, ",\"part\":%d,\"offset\":%lld", r->part, (long long)r->offset);
  add_text(out, "created_at", r->created_at);
  add_text(out, "status", r->status);
  add_json(out, "attempts", r->attempts);
  add_text(out, "stage", r->stage);
  add_text(out, "rule", r->rule);
  add_text(out, "field", r->field);
  add_text(out, "reason", r->reason);
  add_json(out, "issues", r->issues);
  add_text(out, "generation", r->generation);
  if (r->kafka_us >= 0)
    tg_buf_printf(out, ",\"kafka_us\":%lld", (long long)r->kafka_us);
  else
    add_json(out, "kafka_us", NULL);
  add_json(out, "headers", r->headers);
  tg_buf_printf(out, ",\"value_size\":%u", r->value_size);
  add_bytes(out, "key", r->key);
  add_bytes(out, "value", r->value);
  tg_buf_str(out, "}\n");
  if (out->failed) return tg_err_set(err, TG_FATAL, "export", "out of memory");
  if (fwrite(out->ptr, 1, out->len, w->to) == out->len) return TG_OK;
  return tg_err_set(err, TG_FATAL, "--out", "cannot be written: is the disk full?");
}

enum tg_rc tg_quarantine_export(struct tg_pg *pg, const struct tg_quarantine_filter *filter,
                                FILE *to, uint64_t *rows, struct tg_err *err)
{
  struct writing w = {.to = to};
  struct tg_rejected_piece piece = {.filter = filter,
                                    .visit = put,
                                    .self = &w,
                                    .rows_max = PIECE_ROWS,
                                    .bytes_max = PIECE_BYTES,
                                    .after_offset = -1};
  uint64_t left = filter->limit ? filter->limit : UINT64_MAX;
  enum tg_rc rc = TG_OK;
  *rows = 0;
  do {
    if (piece.rows_max > left) piece.rows_max = (uint32_t)left;
    rc = tg_rejected_read(pg, &piece, tg_clock_mono_us() + 60 * TG_SEC, err);
    *rows += rc == TG_OK ? piece.rows : 0;
    left -= rc == TG_OK ? piece.rows : 0;
  } while (rc == TG_OK && piece.rows && left);
  tg_buf_fini(&w.line);
  return rc;
}
