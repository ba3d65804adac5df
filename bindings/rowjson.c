/* Rows as JSON. */
#include "bindings/rowjson.h"

#include "core/data/column.h"

#include <inttypes.h>
#include <math.h>

enum { SHOWN_BYTES = 640 };

static void write_float(double f, struct tg_buf *out)
{
  if (isfinite(f))
    tg_buf_printf(out, "%.10g", f);
  else
    tg_buf_str(out, isnan(f) ? "\"NaN\"" : f > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

static void write_value(const struct tg_column *c, uint32_t row, struct tg_buf *out)
{
  char shown[SHOWN_BYTES];
  bool plain = !c->type.array;
  bool json = c->type.kind == TG_JSON || c->type.kind == TG_JSONB;
  if (tg_column_is_null(c, row))
    tg_buf_str(out, "null");
  else if (plain && c->type.kind == TG_BOOL)
    tg_buf_str(out, c->v.mask[row] == TG_TRUE ? "true" : "false");
  else if (plain && c->type.kind == TG_NUMERIC)
    tg_buf_str(out, tg_column_show(c, row, shown, sizeof shown));
  else if (plain && tg_type_is_number(c->type) && tg_type_store(c->type) == TG_STORE_INT)
    tg_buf_printf(out, "%" PRId64, c->v.ints[row]);
  else if (plain && tg_type_is_number(c->type))
    write_float(c->v.floats[row], out);
  else if (plain && json)
    tg_buf_text(out, c->v.texts[row]);
  else if (plain && tg_type_is_text(c->type))
    tg_buf_json(out, c->v.texts[row]);
  else
    tg_buf_json(out, tg_text(tg_column_show(c, row, shown, sizeof shown)));
}

void tg_rowjson_write(const struct tg_batch *b, uint32_t row, struct tg_buf *out)
{
  for (uint32_t f = 0; f < b->topic->fields_count; f++) {
    tg_buf_str(out, f ? ", " : "{");
    tg_buf_json(out, b->topic->fields[f].name);
    tg_buf_str(out, ": ");
    write_value(b->columns[f], row, out);
  }
  tg_buf_char(out, '}');
}
