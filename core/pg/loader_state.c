/* COPY of what the rules of a load's segments remember. */
#include "core/pg/attempt.h"

#include "core/base/fault.h"
#include "core/data/copy.h"
#include "core/pg/array.h"
#include "core/pg/quote.h"

static const char copy_sql[] = "COPY tidegate.rule_state (partition_id, rule, from_offset, "
                               "to_offset, declared, kind, state) FROM STDIN (FORMAT binary)";

/* The segment of a row, NULL when it is not part of the load any more. */
static const struct tg_segment *segment_of(const struct tg_load *load,
                                           const struct tg_load_state *row)
{
  const struct tg_batch *b = &load->batches[row->batch];
  const struct tg_segment *s = &b->segments[row->segment];
  return tg_segment_live(b, s) ? s : NULL;
}

/* Removes the rows that the bases of this load replace; nothing when it has none. */
static void add_removal(struct tg_attempt *a)
{
  struct tg_load_state row;
  struct tg_buf *sql = &a->l->sql, *ids = &a->l->text, *rules = &a->l->piece;
  bool any = false;
  tg_buf_clear(ids), tg_buf_clear(rules);
  tg_array_begin(ids), tg_array_begin(rules);
  for (size_t at = 0; tg_load_state_next(a->load, &at, &row);) {
    const struct tg_segment *s = row.base ? segment_of(a->load, &row) : NULL;
    if (!s) continue;
    tg_array_int(ids, s->partition_id);
    tg_array_text(rules, row.rule);
    any = true;
  }
  tg_array_end(ids), tg_array_end(rules);
  if (!any) return;
  tg_buf_str(sql, "DELETE FROM tidegate.rule_state r USING unnest(");
  tg_sql_literal(sql, tg_buf_view(ids));
  tg_buf_str(sql, "::int[],");
  tg_sql_literal(sql, tg_buf_view(rules));
  tg_buf_str(sql, "::text[]) AS w(id, rule) WHERE r.partition_id = w.id AND r.rule = w.rule; ");
}

static void put_row(struct tg_buf *out, const struct tg_segment *s, const struct tg_load_state *row)
{
  tg_copy_fields(out, 7);
  tg_copy_int4(out, s->partition_id);
  tg_copy_bytes(out, row->rule);
  tg_copy_int8(out, s->from);
  tg_copy_int8(out, s->to);
  tg_copy_bytes(out, row->declared);
  tg_copy_bytes(out, tg_text(row->base ? "base" : "delta"));
  tg_copy_bytes(out, row->bytes);
}

static bool any_live(const struct tg_load *load)
{
  struct tg_load_state row;
  for (size_t at = 0; tg_load_state_next(load, &at, &row);)
    if (segment_of(load, &row)) return true;
  return false;
}

enum tg_rc tg_attempt_copy_state(struct tg_attempt *a)
{
  struct tg_load_state row;
  uint64_t sent = 0;
  if (!any_live(a->load) || tg_fault("no.state")) return TG_OK;
  tg_buf_clear(&a->l->sql);
  tg_buf_str(&a->l->sql, tg_attempt_begin(a));
  add_removal(a);
  tg_buf_str(&a->l->sql, copy_sql);
  if (a->l->sql.failed || a->l->text.failed || a->l->piece.failed)
    return tg_err_set(a->err, TG_RETRY, "pg", "no memory for the rules' state");
  enum tg_rc rc = tg_attempt_copy_start(a, tg_buf_cstr(&a->l->sql));
  tg_buf_clear(&a->l->piece);
  tg_copy_header(&a->l->piece);
  for (size_t at = 0; rc == TG_OK && tg_load_state_next(a->load, &at, &row);) {
    const struct tg_segment *s = segment_of(a->load, &row);
    if (!s) continue;
    put_row(&a->l->piece, s, &row);
    sent++;
    if (a->l->piece.len >= TG_PIECE_BYTES || a->l->piece.failed) rc = tg_attempt_copy_piece(a);
  }
  return rc == TG_OK ? tg_attempt_copy_end(a, "tidegate.rule_state", sent) : rc;
}
