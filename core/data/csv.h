/* Comma separated values as RFC 4180 writes them, field by field. Lines end with LF or CRLF; a
 * quoted field may hold commas, quotes written twice, and line ends. A byte order mark is passed
 * over. Pure: text in, views of it (quoted fields: copies in the arena) out. */
#ifndef TG_DATA_CSV_H
#define TG_DATA_CSV_H

#include "core/base/arena.h"
#include "core/base/text.h"

struct tg_csv {
  const char *p, *end;
  struct tg_arena *arena; /* borrowed; of the quoted fields */
  uint32_t line;          /* where p stands, from 1 */
  bool last;              /* the field just read was the last one of its line */
  const char *why;        /* after a failure */
};

struct tg_csv_field {
  struct tg_text text;
  bool quoted;
};

/* text: borrowed for as long as fields are read and used. */
void tg_csv_init(struct tg_csv *x, struct tg_text text, struct tg_arena *arena);

/* Whether there is a further line. */
static inline bool tg_csv_more(const struct tg_csv *x)
{
  return x->p < x->end;
}

/* The next field; x->last says whether its line ends with it. False with x->why: a quoted field has
 * no end or is followed by text, or the arena is full. */
bool tg_csv_next(struct tg_csv *x, struct tg_csv_field *out);

#endif
