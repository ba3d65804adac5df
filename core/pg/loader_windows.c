/* COPY of what rules measured over windows. */
#include "core/pg/attempt.h"

#include "core/data/copy.h"

static const char copy_sql[] = "COPY tidegate.summary (pipeline, topic, rule, start_us, over_us, "
                               "merged, data) FROM STDIN (FORMAT binary)";

static bool any_gone(const struct tg_batch *b)
{
  for (uint32_t i = 0; i < b->segments_count; i++)
    if (b->segments[i].gone) return true;
  return false;
}

void tg_attempt_set_apart(struct tg_load *load)
{
  for (uint32_t i = 0; i < load->batches_count; i++) {
    struct tg_batch *b = &load->batches[i];
    if (tg_batch_live(b) && b->windows_count && any_gone(b)) b->held = b->apart = true;
  }
}

static void put_row(const struct tg_attempt *a, const struct tg_batch *b,
                    const struct tg_windowed *w)
{
  struct tg_buf *out = &a->l->piece;
  tg_copy_fields(out, 7);
  tg_copy_bytes(out, tg_text(a->l->conf.pipeline));
  tg_copy_bytes(out, b->topic->name);
  tg_copy_bytes(out, tg_text(w->rule));
  tg_copy_int8(out, w->start_us);
  tg_copy_int8(out, w->over_us);
  tg_copy_bool(out, false);
  tg_copy_bytes(out, w->data);
}

static enum tg_rc put_batch(struct tg_attempt *a, const struct tg_batch *b, uint64_t *sent)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; rc == TG_OK && tg_batch_live(b) && i < b->windows_count; i++) {
    put_row(a, b, &b->windows[i]);
    ++*sent;
    if (a->l->piece.len >= TG_PIECE_BYTES || a->l->piece.failed) rc = tg_attempt_copy_piece(a);
  }
  return rc;
}

static bool any_windows(const struct tg_load *load)
{
  for (uint32_t i = 0; i < load->batches_count; i++)
    if (tg_batch_live(&load->batches[i]) && load->batches[i].windows_count) return true;
  return false;
}

enum tg_rc tg_attempt_copy_windows(struct tg_attempt *a)
{
  uint64_t sent = 0;
  if (!any_windows(a->load)) return TG_OK;
  tg_buf_clear(&a->l->sql);
  tg_buf_printf(&a->l->sql, "%s%s", tg_attempt_begin(a), copy_sql);
  enum tg_rc rc = tg_attempt_copy_start(a, tg_buf_cstr(&a->l->sql));
  tg_buf_clear(&a->l->piece);
  tg_copy_header(&a->l->piece);
  for (uint32_t i = 0; rc == TG_OK && i < a->load->batches_count; i++)
    rc = put_batch(a, &a->load->batches[i], &sent);
  return rc == TG_OK ? tg_attempt_copy_end(a, "tidegate.summary", sent) : rc;
}
