/* Lookups out of files: comma separated values as RFC 4180 writes them, or one JSON object a
 * line. */
#include "core/data/lookupfile.h"

#include "core/data/csv.h"
#include "core/data/jsonread.h"

#include <stdio.h>
#include <stdlib.h>

struct reading {
  const struct tg_lookupfile *file;
  const struct tg_lookup_source *source;
  struct tg_lookupmake *make;
  struct tg_arena arena; /* of one row */
  struct tg_lookup_cell cells[TG_LOOKUP_COLUMNS_MAX];
  uint32_t line;
  struct tg_err *err;
};

__attribute__((format(printf, 2, 3))) static enum tg_rc fault(struct reading *r, const char *fmt,
                                                              ...)
{
  char where[160];
  va_list args;
  va_start(args, fmt);
  snprintf(where, sizeof where, "%.120s:%u", r->file->path, r->line);
  enum tg_rc rc = tg_err_vset(r->err, TG_DATA, where, fmt, args);
  va_end(args);
  return rc;
}

static int32_t column_of(const struct reading *r, struct tg_text name)
{
  for (uint32_t c = 0; c < r->source->columns_count; c++)
    if (tg_text_eq(r->source->columns[c].name, name)) return (int32_t)c;
  return -1;
}

static enum tg_rc add_row(struct reading *r)
{
  struct tg_err err;
  enum tg_rc rc = tg_lookupmake_add(r->make, r->cells, &err);
  return rc == TG_OK ? rc : fault(r, "%s", err.what);
}

static enum tg_rc end(struct reading *r, struct tg_lookup **out)
{
  struct tg_err err;
  enum tg_rc rc = tg_lookupmake_end(r->make, "file", out, &err);
  return rc == TG_OK ? rc : tg_err_set(r->err, rc, r->file->path, "%s", err.what);
}

/* --- comma separated -------------------------------------------------------------------------- */

enum { FIELDS_MAX = 1024 };

/* The first line: which column of the file is which of the lookup; -1 is left out. */
static enum tg_rc csv_header(struct reading *r, struct tg_csv *x, int32_t *map, uint32_t *count)
{
  uint32_t seen = 0;
  for (*count = 0, x->last = false; !x->last; ++*count) {
    struct tg_csv_field name;
    if (*count == FIELDS_MAX) return fault(r, "more than %d columns", FIELDS_MAX);
    if (!tg_csv_next(x, &name)) return fault(r, "%s", x->why);
    map[*count] = column_of(r, tg_text_trim(name.text));
    seen += map[*count] >= 0;
  }
  for (uint32_t c = 0; seen < r->source->columns_count && c < r->source->columns_count; c++) {
    uint32_t f = 0;
    while (f < *count && map[f] != (int32_t)c) f++;
    if (f == *count)
      return fault(r, "there is no column '%.*s'", TG_TEXT(r->source->columns[c].name));
  }
  return TG_OK;
}

/* A line; an empty field is null, "" an empty text. */
static enum tg_rc csv_row(struct reading *r, struct tg_csv *x, const int32_t *map, uint32_t count)
{
  uint32_t f = 0;
  for (x->last = false; !x->last; f++) {
    struct tg_csv_field field;
    if (!tg_csv_next(x, &field)) return fault(r, "%s", x->why);
    if (f >= count || map[f] < 0) continue;
    if (!field.quoted && field.text.len == 0) field.text.ptr = NULL;
    r->cells[map[f]] = (struct tg_lookup_cell){field.text, false};
  }
  return f == count ? add_row(r) : fault(r, "%u fields; the first line has %u", f, count);
}

static enum tg_rc read_csv(struct reading *r)
{
  struct tg_csv x;
  int32_t map[FIELDS_MAX];
  uint32_t count;
  tg_csv_init(&x, r->file->text, &r->arena);
  enum tg_rc rc = csv_header(r, &x, map, &count);
  while (rc == TG_OK && tg_csv_more(&x)) {
    r->line = x.line;
    rc = csv_row(r, &x, map, count);
    tg_arena_reset(&r->arena, 0);
  }
  return rc;
}

/* --- one JSON object a line ------------------------------------------------------------------- */

static bool take_value(struct reading *r, const struct tg_json_value *v, struct tg_lookup_cell *out)
{
  *out = (struct tg_lookup_cell){.text = v->raw};
  if (v->kind == TG_JSON_NULL) out->text = (struct tg_text){NULL, 0};
  out->quoted = v->kind >= TG_JSON_STRING;
  if (v->kind != TG_JSON_STRING || !(v->flags & TG_JSON_ESCAPES)) return true;
  char *plain = tg_arena_bytes(&r->arena, v->raw.len);
  if (plain) out->text = tg_text_of(plain, tg_jsonread_unescape(v->raw, plain));
  return plain && !(v->flags & TG_JSON_NUL);
}

/* The members of the object; those nobody asked for are left out. */
static bool read_members(struct reading *r, struct tg_jsonread *j)
{
  bool more = !tg_jsonread_take(j, '}');
  while (more) {
    struct tg_text key;
    struct tg_json_value v;
    if (!tg_jsonread_key(j, &key) || !tg_jsonread_value(j, 1, &v)) return false;
    int32_t c = column_of(r, key);
    if (c >= 0 && !take_value(r, &v, &r->cells[c])) {
      j->reason = "a text holds \\u0000";
      return false;
    }
    if (!tg_jsonread_more(j, '}', &more)) return false;
  }
  return true;
}

static enum tg_rc jsonl_row(struct reading *r, struct tg_jsonindex *index, struct tg_text line)
{
  struct tg_jsonspots spots;
  struct tg_jsonread j;
  const char *reason = "";
  memset(r->cells, 0, sizeof r->cells);
  if (tg_jsonindex_run(index, line, &spots, &reason) != TG_OK) return fault(r, "%s", reason);
  tg_jsonread_start(&j, line, spots);
  if (!tg_jsonread_take(&j, '{')) return fault(r, "a JSON object is due on each line");
  if (!read_members(r, &j)) return fault(r, "%s", j.reason);
  if (j.next < j.count) return fault(r, "something follows the object");
  return add_row(r);
}

static enum tg_rc read_jsonl(struct reading *r)
{
  struct tg_jsonindex *index = tg_jsonindex_new();
  struct tg_text rest = r->file->text;
  enum tg_rc rc = index ? TG_OK : fault(r, "no memory");
  for (r->line = 1; rc == TG_OK && rest.len; r->line++) {
    const char *end = memchr(rest.ptr, '\n', rest.len);
    size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
    struct tg_text line = tg_arena_copy(&r->arena, tg_text_trim(tg_text_of(rest.ptr, len)));
    if (!line.ptr)
      rc = fault(r, "no memory for a line");
    else if (line.len)
      rc = jsonl_row(r, index, line);
    rest = tg_text_of(rest.ptr + len + (end != NULL), rest.len - len - (end != NULL));
    tg_arena_reset(&r->arena, 0);
  }
  tg_jsonindex_free(index);
  return rc;
}

enum tg_rc tg_lookupfile_read(const struct tg_lookupfile *file,
                              const struct tg_lookup_source *source, size_t bytes_max,
                              struct tg_lookup **out, struct tg_err *err)
{
  struct reading r = {.file = file, .source = source, .line = 1, .err = err};
  size_t len = strlen(file->path);
  bool csv = len > 4 && strcmp(file->path + len - 4, ".csv") == 0;
  tg_arena_init(&r.arena, 64 << 10, bytes_max);
  r.make = tg_lookup_source_make(source, bytes_max);
  enum tg_rc rc = r.make ? (csv ? read_csv(&r) : read_jsonl(&r)) : fault(&r, "no memory");
  if (rc == TG_OK) rc = end(&r, out);
  tg_lookupmake_free(r.make);
  tg_arena_fini(&r.arena);
  return rc;
}
