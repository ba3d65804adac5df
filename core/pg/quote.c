/* Identifiers in SQL. */
#include "core/pg/quote.h"

void tg_quote_name(struct tg_buf *sql, struct tg_text name)
{
  tg_buf_char(sql, '"');
  for (uint32_t i = 0; i < name.len; i++) {
    if (name.ptr[i] == '"') tg_buf_char(sql, '"');
    tg_buf_char(sql, name.ptr[i]);
  }
  tg_buf_char(sql, '"');
}

void tg_quote_table(struct tg_buf *sql, const struct tg_topic *topic)
{
  if (topic->schema.len) {
    tg_quote_name(sql, topic->schema);
    tg_buf_char(sql, '.');
  }
  tg_quote_name(sql, topic->table);
}
