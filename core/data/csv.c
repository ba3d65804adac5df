/* Fields of comma separated values. */
#include "core/data/csv.h"

void tg_csv_init(struct tg_csv *x, struct tg_text text, struct tg_arena *arena)
{
  *x = (struct tg_csv){.p = text.ptr, .end = text.ptr + text.len, .arena = arena, .line = 1};
  if (text.len >= 3 && memcmp(x->p, "\xef\xbb\xbf", 3) == 0) x->p += 3;
}

static bool fault(struct tg_csv *x, const char *why)
{
  x->why = why;
  return false;
}

/* Behind a field: a comma, the end of the line or of the text. */
static bool end_field(struct tg_csv *x)
{
  x->last = true;
  if (x->p < x->end && *x->p == ',') return x->p++, x->last = false, true;
  if (x->p < x->end && *x->p == '\r') x->p++;
  if (x->p == x->end) return true;
  if (*x->p != '\n') return false;
  x->p++, x->line++;
  return true;
}

/* "a ""quoted"" text": its bytes without the quotes. */
static bool quoted_field(struct tg_csv *x, struct tg_text *out)
{
  const char *stop = x->p + 1;
  while (stop < x->end && (*stop != '"' || (stop + 1 < x->end && stop[1] == '"')))
    stop += *stop == '"' ? 2 : 1;
  if (stop >= x->end) return fault(x, "a quoted field has no end");
  char *to = tg_arena_bytes(x->arena, (size_t)(stop - x->p));
  size_t n = 0;
  if (!to) return fault(x, "no memory for a field");
  for (x->p++; x->p < stop; x->p++) {
    x->p += *x->p == '"';
    x->line += *x->p == '\n';
    to[n++] = *x->p;
  }
  x->p++;
  *out = tg_text_of(to, n);
  return end_field(x) || fault(x, "a quoted field is followed by text");
}

static bool plain_field(struct tg_csv *x, struct tg_text *out)
{
  const char *start = x->p;
  while (x->p < x->end && *x->p != ',' && *x->p != '\n') x->p++;
  size_t len = (size_t)(x->p - start);
  bool crlf = len && start[len - 1] == '\r' && (x->p == x->end || *x->p == '\n');
  *out = tg_text_of(start, len - crlf);
  return end_field(x) || fault(x, "a field has no end");
}

bool tg_csv_next(struct tg_csv *x, struct tg_csv_field *out)
{
  out->quoted = x->p < x->end && *x->p == '"';
  return (out->quoted ? quoted_field : plain_field)(x, &out->text);
}
