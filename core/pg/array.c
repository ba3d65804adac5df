/* Array and text literals; see the header. */
#include "core/pg/array.h"

#include <inttypes.h>

void tg_array_begin(struct tg_buf *b)
{
  tg_buf_char(b, '{');
}

static void separate(struct tg_buf *b)
{
  if (b->len && b->ptr[b->len - 1] != '{') tg_buf_char(b, ',');
}

void tg_array_int(struct tg_buf *b, int64_t value)
{
  separate(b);
  tg_buf_printf(b, "%" PRId64, value);
}

void tg_array_null(struct tg_buf *b)
{
  separate(b);
  tg_buf_str(b, "NULL");
}

void tg_array_text(struct tg_buf *b, struct tg_text value)
{
  separate(b);
  tg_buf_char(b, '"');
  for (uint32_t i = 0; i < value.len; i++) {
    if (value.ptr[i] == '"' || value.ptr[i] == '\\') tg_buf_char(b, '\\');
    tg_buf_char(b, value.ptr[i]);
  }
  tg_buf_char(b, '"');
}

void tg_array_end(struct tg_buf *b)
{
  tg_buf_char(b, '}');
}

void tg_sql_literal(struct tg_buf *b, struct tg_text text)
{
  tg_buf_char(b, '\'');
  for (uint32_t i = 0; i < text.len; i++) {
    if (text.ptr[i] == '\'') tg_buf_char(b, '\'');
    tg_buf_char(b, text.ptr[i]);
  }
  tg_buf_char(b, '\'');
}
