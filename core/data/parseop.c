/* Texts as values of any type, and back. */
#include "core/data/parseop.h"
#include "core/data/cast.h"
#include "core/data/jsonop.h"
#include "core/data/literal.h"
#include "core/data/order.h"
#include "core/data/textop.h"
#include "core/data/timeop.h"
#include "core/data/timepattern.h"
#include "core/data/valueparse.h"

#include <stdlib.h>

enum { NAME_SIZE = 64, SHOWN_SIZE = 400 };

struct texts { /* of rows, or of a dictionary */
  const struct tg_text *at;
  uint32_t count;
};

struct format {
  bool is_pattern;
  struct tg_text pattern;
  struct tg_type type;
};

static bool format_of(struct tg_op *op, struct tg_column *c, struct tg_text text,
                      struct format *out)
{
  char shown[SHOWN_SIZE];
  if (!tg_text_check(op, c, "parse")) return false;
  *out = (struct format){.pattern = text, .type = tg_type_of(TG_TIMESTAMPTZ)};
  out->is_pattern = text.len && memchr(text.ptr, '%', text.len);
  if (out->is_pattern && tg_timepattern_ok(text)) return true;
  if (out->is_pattern || tg_type_parse(text, &out->type, op->err) != TG_OK) {
    tg_op_fail(op, TG_CONFIG, "'%s' is neither a type nor a pattern such as %%Y-%%m-%%d",
               tg_text_shown(text, shown, sizeof shown));
    return false;
  }
  bool json = out->type.kind == TG_JSON || out->type.kind == TG_JSONB;
  if (!json && !out->type.array) return true;
  tg_op_fail(op, TG_CONFIG, "texts are not parsed as %s",
             tg_type_name(out->type, shown, sizeof shown));
  return false;
}

/* Parses texts into the rows of out; false when full or late. */
static bool parse_texts(struct tg_op *op, const struct format *f, struct texts texts,
                        struct tg_column *out, uint8_t *faults)
{
  struct tg_valueparse p = {.arena = op->arena, .zone_s = op->zone_s};
  for (uint32_t i = 0; i < texts.count; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    faults[i] = TG_SOME;
    if (!texts.at[i].ptr) continue;
    enum tg_rc rc = TG_OK;
    if (f->is_pattern)
      rc = tg_timepattern_parse(f->pattern, texts.at[i], op->zone_s, &out->v.ints[i]) ? TG_OK
                                                                                      : TG_DATA;
    else
      rc = tg_value_parse(&p, texts.at[i], out, i);
    if (rc == TG_FULL) return tg_op_full(op) != NULL;
    faults[i] = rc == TG_OK ? TG_SOME : TG_PARSE;
  }
  return true;
}

static struct tg_column *parse_dict(struct tg_op *op, const struct format *f,
                                    const struct tg_dict *dict, uint8_t *faults)
{
  struct tg_op each = *op;
  each.rows = dict->count;
  struct tg_column *values = tg_op_new(&each, f->type), *out = tg_op_new(op, f->type);
  uint8_t *bad = tg_op_alloc(op, dict->count, 1);
  if (!values || !out || !bad ||
      !parse_texts(op, f, (struct texts){dict->texts, dict->count}, values, bad))
    return NULL;
  uint32_t width = tg_type_width(f->type);
  for (uint32_t i = 0; i < op->rows; i++) {
    uint32_t code = dict->codes[i];
    faults[i] = TG_SOME;
    if (code == TG_DICT_NULL) continue;
    faults[i] = bad[code];
    memcpy((char *)out->v.any + (size_t)i * width, (char *)values->v.any + (size_t)code * width,
           width);
  }
  return out;
}

/* The values; *nul gets nulls and faults. */
static struct tg_column *parse_all(struct tg_op *op, struct tg_column *c, const struct format *f,
                                   uint8_t **nul)
{
  uint8_t *faults = tg_op_alloc(op, op->rows, 1);
  const struct tg_dict *dict = tg_op_dict(op, c);
  struct tg_column *out = NULL;
  if (!faults) return NULL;
  if (dict) {
    out = parse_dict(op, f, dict, faults);
  } else {
    out = tg_op_new(op, f->type);
    if (out && !parse_texts(op, f, (struct texts){c->v.texts, op->rows}, out, faults)) return NULL;
  }
  return out && tg_op_nul_max(op, c->nul, faults, nul) ? out : NULL;
}

struct tg_column *tg_parse_column(struct tg_op *op, struct tg_column *c, struct tg_text format)
{
  struct format f;
  uint8_t *nul;
  if (!format_of(op, c, format, &f)) return NULL;
  struct tg_column *out = parse_all(op, c, &f, &nul);
  return out ? tg_op_end(op, out, nul) : NULL;
}

struct tg_column *tg_parse_test(struct tg_op *op, struct tg_column *c, struct tg_text format)
{
  struct format f;
  uint8_t *nul;
  if (!format_of(op, c, format, &f) || !parse_all(op, c, &f, &nul)) return NULL;
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_BOOL));
  if (!out) return NULL;
  for (uint32_t i = 0; i < op->rows; i++)
    out->v.mask[i] = nul && nul[i] == TG_PARSE ? TG_FALSE : TG_TRUE;
  return tg_op_end(op, out, c->nul);
}

struct tg_column *tg_parse_text(struct tg_op *op, struct tg_column *c, struct tg_text pattern)
{
  char shown[SHOWN_SIZE];
  uint8_t *nul;
  enum tg_order order = tg_order_of(c->type);
  if (order == TG_ORDER_TEXT) return c;
  if (order == TG_ORDER_INSTANT) return tg_time_text(op, c, pattern);
  if (tg_json_is(c->type)) return tg_json_text(op, c);
  if (order == TG_ORDER_NONE || order == TG_ORDER_BYTES)
    return tg_op_fail(op, TG_CONFIG, "%s has no text", tg_type_name(c->type, shown, sizeof shown));
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_TEXT_KIND));
  if (!out || !tg_op_nul(op, tg_arg_column(c), &nul)) return NULL;
  bool wide = order == TG_ORDER_NUMBER && tg_type_store(c->type) == TG_STORE_TEXT;
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    if (nul && nul[i]) continue;
    struct tg_text t = wide ? c->v.texts[i] : tg_text(tg_column_show(c, i, shown, sizeof shown));
    out->v.texts[i] = tg_arena_copy(op->arena, t);
    if (!out->v.texts[i].ptr) return tg_op_full(op);
  }
  return tg_op_end(op, out, nul);
}
