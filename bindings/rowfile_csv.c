/* Rows of comma separated values, each written as the JSON object that the same row would be. */
#include "bindings/rowfile.h"

#include "core/base/buf.h"
#include "core/data/csv.h"

#include <stdio.h>

/* What a cell can be read as; a column is what fits all of its cells. */
enum kind { NOTHING, WHOLE, NUMBER, BOOLEAN, TEXT };

enum { WHOLE_DIGITS_MAX = 18 }; /* longer ones may be no bigint */

struct cell {
  struct tg_text text;
  enum kind kind;
};

struct table {
  struct tg_rowfile *file;
  struct tg_arena *arena;
  struct tg_csv csv;
  struct cell *cells; /* row after row */
  size_t cells_count, cells_size;
  enum kind kinds[TG_ROWFILE_COLUMNS_MAX];
  struct tg_err *err;
};

static enum tg_rc fault(struct table *t, uint32_t line, const char *why)
{
  char where[32];
  snprintf(where, sizeof where, "line %u", line);
  return tg_err_set(t->err, TG_DATA, where, "%s", why);
}

static enum tg_rc full(struct table *t)
{
  return tg_err_set(t->err, TG_FULL, "rows", "no memory for so many rows");
}

/* Digits from *p on; their number. */
static size_t digits(const char **p, const char *end)
{
  const char *start = *p;
  while (*p < end && **p >= '0' && **p <= '9') ++*p;
  return (size_t)(*p - start);
}

/* WHOLE or NUMBER for what JSON (RFC 8259, 6) takes as a number: 007 and +1 are texts. */
static enum kind number_kind(struct tg_text t)
{
  const char *p = t.ptr, *end = t.ptr + t.len;
  p += p < end && *p == '-';
  bool zero = p < end && *p == '0';
  size_t whole = digits(&p, end);
  if (!whole || (zero && whole > 1)) return TEXT;
  if (p == end) return whole <= WHOLE_DIGITS_MAX ? WHOLE : NUMBER;
  if (*p == '.' && (p++, !digits(&p, end))) return TEXT;
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    p += p < end && (*p == '-' || *p == '+');
    if (!digits(&p, end)) return TEXT;
  }
  return p == end ? NUMBER : TEXT;
}

static enum kind kind_of(const struct tg_csv_field *f)
{
  if (f->quoted) return TEXT;
  if (!f->text.len) return NOTHING;
  if (tg_text_is(f->text, "true") || tg_text_is(f->text, "false")) return BOOLEAN;
  return number_kind(f->text);
}

static enum kind joined(enum kind a, enum kind b)
{
  if (a == NOTHING || b == NOTHING || a == b) return a > b ? a : b;
  return a <= NUMBER && b <= NUMBER ? NUMBER : TEXT;
}

static const char *type_of(enum kind kind)
{
  static const char *const types[] = {[NOTHING] = "text",
                                      [WHOLE] = "bigint",
                                      [NUMBER] = "double precision",
                                      [BOOLEAN] = "boolean",
                                      [TEXT] = "text"};
  return types[kind];
}

/* The first line names the columns. */
static enum tg_rc read_header(struct table *t)
{
  struct tg_rowfile *f = t->file;
  f->columns = tg_arena_zalloc(t->arena, TG_ROWFILE_COLUMNS_MAX, sizeof *f->columns);
  if (!f->columns) return full(t);
  for (t->csv.last = false; !t->csv.last;) {
    struct tg_csv_field name;
    if (f->columns_count == TG_ROWFILE_COLUMNS_MAX) return fault(t, 1, "more than 1000 columns");
    if (!tg_csv_next(&t->csv, &name)) return fault(t, 1, t->csv.why);
    name.text = tg_text_trim(name.text);
    if (!name.text.len) return fault(t, 1, "a column has no name");
    for (uint32_t i = 0; i < f->columns_count; i++) {
      if (tg_text_eq(f->columns[i].name, name.text)) return fault(t, 1, "a column is named twice");
    }
    f->columns[f->columns_count++].name = name.text;
  }
  return TG_OK;
}

static bool add_cell(struct table *t, struct cell cell)
{
  if (t->cells_count == t->cells_size) {
    size_t size = t->cells_size ? t->cells_size * 2 : 1024;
    struct cell *cells = tg_arena_alloc(t->arena, size * sizeof *cells);
    if (!cells) return false;
    if (t->cells_count) memcpy(cells, t->cells, t->cells_count * sizeof *cells);
    t->cells = cells, t->cells_size = size;
  }
  t->cells[t->cells_count++] = cell;
  return true;
}

static enum tg_rc read_row(struct table *t)
{
  char why[80];
  uint32_t line = t->csv.line, columns = t->file->columns_count, n = 0;
  for (t->csv.last = false; !t->csv.last; n++) {
    struct tg_csv_field f;
    if (!tg_csv_next(&t->csv, &f)) return fault(t, line, t->csv.why);
    if (n >= columns) continue;
    enum kind kind = kind_of(&f);
    t->kinds[n] = joined(t->kinds[n], kind);
    if (!add_cell(t, (struct cell){f.text, kind})) return full(t);
  }
  if (n == columns) return TG_OK;
  snprintf(why, sizeof why, "%u fields; the first line has %u", n, columns);
  return fault(t, line, why);
}

/* A row is an object of all columns; text columns hold texts only, whatever a cell looks like. */
static enum tg_rc write_row(struct table *t, const struct cell *cells, struct tg_buf *json)
{
  tg_buf_clear(json);
  for (uint32_t c = 0; c < t->file->columns_count; c++) {
    tg_buf_char(json, c ? ',' : '{');
    tg_buf_json(json, t->file->columns[c].name);
    tg_buf_char(json, ':');
    if (cells[c].kind == NOTHING)
      tg_buf_str(json, "null");
    else if (t->kinds[c] == TEXT)
      tg_buf_json(json, cells[c].text);
    else
      tg_buf_text(json, cells[c].text);
  }
  tg_buf_char(json, '}');
  struct tg_text row = tg_arena_copy(t->arena, tg_buf_view(json));
  if (json->failed || !row.ptr) return full(t);
  t->file->rows[t->file->count++] = row;
  return TG_OK;
}

static enum tg_rc write_rows(struct table *t)
{
  struct tg_rowfile *f = t->file;
  struct tg_buf json;
  enum tg_rc rc = TG_OK;
  size_t rows = t->cells_count / f->columns_count;
  f->rows = tg_arena_zalloc(t->arena, rows, sizeof *f->rows);
  if (rows && !f->rows) return full(t);
  for (uint32_t c = 0; c < f->columns_count; c++) f->columns[c].type = type_of(t->kinds[c]);
  tg_buf_init(&json, 0);
  for (size_t i = 0; rc == TG_OK && i < rows; i++) {
    rc = write_row(t, t->cells + i * f->columns_count, &json);
  }
  tg_buf_fini(&json);
  return rc;
}

enum tg_rc tg_rowfile_csv(struct tg_rowfile *file, struct tg_text text, struct tg_arena *a,
                          struct tg_err *err)
{
  struct table t = {.file = file, .arena = a, .err = err};
  *file = (struct tg_rowfile){0};
  tg_csv_init(&t.csv, text, a);
  enum tg_rc rc = read_header(&t);
  while (rc == TG_OK && tg_csv_more(&t.csv)) rc = read_row(&t);
  return rc == TG_OK ? write_rows(&t) : rc;
}
