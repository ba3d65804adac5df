/* Lines of JSON objects: first their places, then what their values are. */
#include "bindings/rowfile.h"

#include "core/data/timeparse.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* What a column's values were, so far. */
enum kinds { WHOLE = 1, NUMBER = 2, TEXT = 4, BOOLEAN = 8, OTHER = 16 };

struct seen {
  struct tg_text name;
  uint32_t kinds;
};

struct reading {
  struct tg_rowfile *file;
  struct tg_arena *arena;
  json_t *index; /* column name -> number */
  struct seen *seen;
  const char *time; /* column that says when a row happened, or NULL */
  uint32_t line;
};

static const char *type_of(uint32_t kinds)
{
  switch (kinds) {
  case 0:
  case TEXT: return "text";
  case WHOLE: return "bigint";
  case NUMBER:
  case WHOLE | NUMBER: return "double precision";
  case BOOLEAN: return "boolean";
  default: return "jsonb";
  }
}

static uint32_t kind_of(const json_t *value)
{
  switch (json_typeof(value)) {
  case JSON_NULL: return 0;
  case JSON_INTEGER: return WHOLE;
  case JSON_REAL: return NUMBER;
  case JSON_STRING: return TEXT;
  case JSON_TRUE:
  case JSON_FALSE: return BOOLEAN;
  default: return OTHER;
  }
}

static enum tg_rc fault(const struct reading *r, struct tg_err *err, const char *why)
{
  char where[32];
  snprintf(where, sizeof where, "line %u", r->line);
  return tg_err_set(err, TG_DATA, where, "%s", why);
}

static enum tg_rc full(struct tg_err *err)
{
  return tg_err_set(err, TG_FULL, "rows", "no memory for so many rows");
}

/* The column of that name, new when it was not met before. */
static enum tg_rc find(struct reading *r, const char *name, uint32_t *column, struct tg_err *err)
{
  json_t *known = json_object_get(r->index, name);
  uint32_t count = r->file->columns_count;
  *column = known ? (uint32_t)json_integer_value(known) : count;
  if (known) return TG_OK;
  if (count == TG_ROWFILE_COLUMNS_MAX) return fault(r, err, "more than 1000 different names");
  struct tg_text copy = tg_arena_copy(r->arena, tg_text(name));
  if (!copy.ptr || json_object_set_new(r->index, name, json_integer(count))) return full(err);
  r->seen[count] = (struct seen){copy, 0};
  r->file->columns_count++;
  return TG_OK;
}

/* When the row happened; one that does not say happened with the one before. */
static enum tg_rc note_time(struct reading *r, const json_t *value, struct tg_err *err)
{
  uint32_t row = r->file->count;
  int64_t *us = &r->file->times_us[row];
  *us = row ? us[-1] : 0;
  if (!value || json_is_null(value)) return TG_OK;
  const char *text = json_string_value(value);
  if (text && !tg_timeparse_timestamptz(tg_text(text), 0, us)) return TG_OK;
  return fault(r, err, "the time is no text such as \"2026-01-01T00:00:00Z\"");
}

static enum tg_rc note_row(struct reading *r, struct tg_text row, struct tg_err *err)
{
  json_error_t why;
  const char *name;
  uint32_t column;
  json_t *value, *object = json_loadb(row.ptr, row.len, JSON_ALLOW_NUL, &why);
  enum tg_rc rc = TG_OK;
  if (!object && json_error_code(&why) == json_error_numeric_overflow) {
    object = json_loadb(row.ptr, row.len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &why);
  }
  if (!object) return fault(r, err, why.text);
  if (!json_is_object(object)) rc = fault(r, err, "not a JSON object");
  json_object_foreach(object, name, value)
  {
    rc = find(r, name, &column, err);
    if (rc != TG_OK) break;
    r->seen[column].kinds |= kind_of(value);
  }
  if (rc == TG_OK && r->time) rc = note_time(r, json_object_get(object, r->time), err);
  json_decref(object);
  return rc;
}

static uint32_t count_lines(const char *text, size_t size)
{
  uint32_t lines = 1;
  const char *end = text + size;
  while ((text = memchr(text, '\n', (size_t)(end - text)))) lines++, text++;
  return lines;
}

static enum tg_rc read_lines(struct reading *r, const char *text, size_t size, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (const char *end = text + size; rc == TG_OK && text < end;) {
    const char *stop = memchr(text, '\n', (size_t)(end - text));
    size_t len = (size_t)((stop ? stop : end) - text);
    struct tg_text row = tg_text_trim(tg_text_of(text, len));
    text += len + 1;
    r->line++;
    if (!row.len) continue;
    rc = note_row(r, row, err);
    r->file->rows[r->file->count++] = row;
  }
  return rc;
}

static enum tg_rc name_columns(const struct reading *r, struct tg_err *err)
{
  struct tg_rowfile *f = r->file;
  f->columns = tg_arena_zalloc(r->arena, f->columns_count, sizeof *f->columns);
  if (!f->columns) return full(err);
  for (uint32_t i = 0; i < f->columns_count; i++) {
    f->columns[i] = (struct tg_rowfile_column){r->seen[i].name, type_of(r->seen[i].kinds)};
  }
  return TG_OK;
}

enum tg_rc tg_rowfile_read(struct tg_rowfile *file, struct tg_text text, const char *time,
                           struct tg_arena *a, struct tg_err *err)
{
  struct reading r = {.file = file, .arena = a, .index = json_object(), .time = time};
  uint32_t lines = text.len ? count_lines(text.ptr, text.len) : 0;
  *file = (struct tg_rowfile){0};
  enum tg_rc rc = lines > TG_ROWFILE_ROWS_MAX ? fault(&r, err, "a file has too many lines") : TG_OK;
  if (rc == TG_OK) {
    file->rows = tg_arena_zalloc(a, lines, sizeof *file->rows);
    r.seen = calloc(TG_ROWFILE_COLUMNS_MAX, sizeof *r.seen);
    if (time) file->times_us = tg_arena_zalloc(a, lines, sizeof *file->times_us);
    if (!file->rows || !r.seen || !r.index || (time && !file->times_us)) rc = full(err);
  }
  if (rc == TG_OK) rc = read_lines(&r, text.ptr, text.len, err);
  if (rc == TG_OK) rc = name_columns(&r, err);
  free(r.seen);
  json_decref(r.index);
  return rc;
}
