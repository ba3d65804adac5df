/* Values as words. */
#include "core/state/keyvalue.h"

#include "core/data/order.h"

struct tg_type tg_keyvalue_type(struct tg_type type)
{
  struct tg_type out = {.kind = type.kind, .array = type.array};
  if (type.kind == TG_NUMERIC && type.sized && !type.array)
    out.sized = true, out.precision = type.precision, out.scale = type.scale;
  return out;
}

static uint32_t text_words(uint32_t len)
{
  return 1 + (len + 7) / 8;
}

static uint8_t read_text(struct tg_text t, int64_t *words, uint32_t *count)
{
  if (t.len > TG_KEYED_TEXT_MAX) return TG_LIMIT;
  *count = text_words(t.len);
  words[0] = t.len;
  words[*count - 1] = *count > 1 ? 0 : words[0];
  if (t.len) memcpy(words + 1, t.ptr, t.len);
  return TG_SOME;
}

uint8_t tg_keyvalue_read(const struct tg_column *c, uint32_t row, int64_t *words, uint32_t *count)
{
  uint8_t nul = (uint8_t)tg_column_nul(c, row);
  double d;
  *count = 1;
  if (nul) return nul;
  switch (tg_type_store(c->type)) {
  case TG_STORE_TEXT: return read_text(c->v.texts[row], words, count);
  case TG_STORE_MASK: words[0] = c->v.mask[row]; break;
  case TG_STORE_UUID: memcpy(words, &c->v.uuids[row], 16), *count = 2; break;
  case TG_STORE_SPAN: memcpy(words, &c->v.spans[row], 16), *count = 2; break;
  case TG_STORE_FLOAT:
    d = c->v.floats[row] + 0.0; /* -0 is 0 */
    if (d != d) d = __builtin_nan("");
    memcpy(words, &d, 8);
    break;
  default: words[0] = c->v.ints[row]; break;
  }
  return TG_SOME;
}

bool tg_keyvalue_write(struct tg_column *out, uint32_t row, const int64_t *words,
                       struct tg_arena *arena)
{
  switch (tg_type_store(out->type)) {
  case TG_STORE_TEXT:
    out->v.texts[row] =
        tg_arena_copy(arena, tg_text_of((const char *)(words + 1), (size_t)words[0]));
    return out->v.texts[row].ptr != NULL;
  case TG_STORE_MASK: out->v.mask[row] = (uint8_t)words[0]; break;
  case TG_STORE_UUID: memcpy(&out->v.uuids[row], words, 16); break;
  case TG_STORE_SPAN: memcpy(&out->v.spans[row], words, 16); break;
  case TG_STORE_FLOAT: memcpy(&out->v.floats[row], words, 8); break;
  default: out->v.ints[row] = words[0]; break;
  }
  return true;
}

int tg_keyvalue_order(struct tg_type type, const int64_t *a, const int64_t *b)
{
  double x, y;
  if (tg_type_store(type) != TG_STORE_FLOAT) return tg_order_ints(*a, *b);
  memcpy(&x, a, 8), memcpy(&y, b, 8);
  return tg_order_floats(x, y);
}

bool tg_keyvalue_fits(struct tg_type type, const int64_t *words, uint32_t count)
{
  switch (tg_type_store(type)) {
  case TG_STORE_TEXT:
    return count && words[0] >= 0 && words[0] <= TG_KEYED_TEXT_MAX &&
           count == text_words((uint32_t)words[0]);
  case TG_STORE_MASK: return count == 1 && words[0] >= TG_FALSE && words[0] <= TG_TRUE;
  case TG_STORE_UUID:
  case TG_STORE_SPAN: return count == 2;
  default: return count == 1;
  }
}
