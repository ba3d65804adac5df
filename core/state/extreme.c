/* Smallest and largest values. */
#include "core/state/extreme.h"
#include "core/data/order.h"
#include "core/state/number.h"

enum { NAME_SIZE = 64, NONE = UINT32_MAX };

static bool is_json(struct tg_type t)
{
  return !t.array && (t.kind == TG_JSON || t.kind == TG_JSONB);
}

static bool keep(struct tg_extreme *e, struct tg_arena *arena, const struct tg_datum *d)
{
  struct tg_datum kept = *d;
  if (!tg_datum_shorten(arena, &kept, TG_EXTREME_BYTES_MAX)) return false;
  if (kept.tail.len && !(kept.tail = tg_arena_copy(arena, kept.tail)).ptr) return false;
  e->value = kept;
  return true;
}

static bool better(const struct tg_extreme *e, const struct tg_datum *d)
{
  if (!e->count) return true;
  int c = tg_datum_order(d, &e->value);
  return e->greatest ? c > 0 : c < 0;
}

static uint32_t best_row(const struct tg_extreme *e, const struct tg_column *c, const uint8_t *live,
                         uint64_t *seen)
{
  uint32_t best = NONE;
  int sign = e->greatest ? 1 : -1;
  for (uint32_t i = 0; i < c->rows; i++) {
    if (!tg_number_seen(c, live, i)) continue;
    ++*seen;
    if (best == NONE || tg_order_rows(c, i, c, best) * sign > 0) best = i;
  }
  return best;
}

static enum tg_order order_of(const struct tg_datum *d)
{
  struct tg_datum_row row;
  return tg_datum_row(d, &row) ? tg_order_of(row.c.type) : TG_ORDER_NONE;
}

static bool fail_json(struct tg_op *op, const struct tg_column *c, uint32_t row)
{
  char shown[NAME_SIZE * 2];
  tg_op_fail(op, TG_DATA, "row %u: %s cannot be ordered with the values before it", row + 1,
             tg_column_show(c, row, shown, sizeof shown));
  return false;
}

static bool add_json(struct tg_extreme *e, struct tg_arena *arena, struct tg_op *op,
                     const struct tg_column *c, const uint8_t *live)
{
  struct tg_datum d;
  for (uint32_t i = 0; i < c->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    if (!tg_number_seen(c, live, i)) continue;
    if (!tg_datum_of(op->arena, c, i, &d)) return tg_op_full(op) != NULL;
    enum tg_order order = order_of(&d);
    if (order == TG_ORDER_NONE || (e->count && order != order_of(&e->value)))
      return fail_json(op, c, i);
    if (better(e, &d) && !keep(e, arena, &d)) return tg_op_full(op) != NULL;
    e->count++;
  }
  return true;
}

bool tg_extreme_add(struct tg_extreme *e, struct tg_arena *arena, struct tg_op *op,
                    const struct tg_column *c, const uint8_t *live)
{
  char name[NAME_SIZE];
  struct tg_datum d;
  uint64_t seen = 0;
  if (is_json(c->type)) return add_json(e, arena, op, c, live);
  if (tg_order_of(c->type) == TG_ORDER_NONE) {
    tg_op_fail(op, TG_CONFIG, "%s has no order", tg_type_name(c->type, name, sizeof name));
    return false;
  }
  uint32_t row = best_row(e, c, live, &seen);
  if (row == NONE) return true;
  if (!tg_datum_of(op->arena, c, row, &d)) return tg_op_full(op) != NULL;
  if (better(e, &d) && !keep(e, arena, &d)) return tg_op_full(op) != NULL;
  e->count += seen;
  return true;
}

bool tg_extreme_merge(struct tg_extreme *e, struct tg_arena *arena, const struct tg_extreme *other)
{
  if (!other->count) return true;
  if (better(e, &other->value) && !keep(e, arena, &other->value)) return false;
  e->count += other->count;
  return true;
}

void tg_extreme_write(const struct tg_extreme *e, struct tg_buf *out)
{
  tg_pack_varint(out, e->count);
  if (!e->count) return;
  tg_buf_add(out, e->value.head, e->value.head_len);
  tg_buf_text(out, e->value.tail);
}

void tg_extreme_read(struct tg_extreme *e, struct tg_arena *arena, struct tg_unpack *in)
{
  struct tg_datum d;
  uint64_t count = tg_unpack_varint(in);
  if (!count || in->bad) return;
  size_t size = tg_datum_read(in->at, (size_t)(in->end - in->at), &d);
  tg_unpack_bytes(in, size);
  if (!size || size > TG_EXTREME_BYTES_MAX || !keep(e, arena, &d)) in->bad = true;
  e->count = in->bad ? 0 : count;
}
