/* bytea as text: "\x0aff". */
#ifndef TG_PG_HEX_H
#define TG_PG_HEX_H

#include "core/base/buf.h"

/* Appends the bytes that text spells. False: it is no such text, or out is full. */
bool tg_hex_read(struct tg_buf *out, const char *text);

/* Appends "\x.." for bytes. */
void tg_hex_write(struct tg_buf *out, struct tg_text bytes);

#endif
