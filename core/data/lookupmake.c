/* Making a snapshot: rows of texts are kept as they come; at the end each column gets its type, the
 * values are parsed, the keys hashed. */
#include "core/data/lookup.h"
#include "core/data/lookupkey.h"
#include "core/data/valueparse.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHUNK_BYTES = 64 << 10, ROWS_MAX = 1 << 28, SHOWN = 96 };

struct tg_lookupmake {
  struct tg_lookup *lookup; /* in the making; its arena holds names, texts, columns */
  struct tg_type *types;
  bool *typed;
  char name[80];
  size_t bytes_max;
  struct tg_arena raw; /* the cells until the end */
  struct tg_lookup_cell **rows;
  uint32_t rows_size;
};

static enum tg_rc full(const struct tg_lookupmake *m, struct tg_err *err)
{
  return tg_err_set(err, TG_CONFIG, "lookups",
                    "lookup '%s' needs more than %zu KiB: take fewer rows (where) or columns, or "
                    "raise lookups.bytes",
                    m->name, m->bytes_max >> 10);
}

static bool copy_shape(struct tg_lookupmake *m, const struct tg_lookup_shape *shape)
{
  struct tg_lookup *l = m->lookup;
  l->keys_count = shape->keys_count, l->columns_count = shape->columns_count;
  l->names = tg_arena_zalloc(&l->arena, shape->columns_count, sizeof *l->names);
  l->columns = tg_arena_zalloc(&l->arena, shape->columns_count, sizeof(void *));
  m->types = tg_arena_zalloc(&m->raw, shape->columns_count, sizeof *m->types);
  m->typed = tg_arena_zalloc(&m->raw, shape->columns_count, sizeof *m->typed);
  if (!l->names || !l->columns || !m->types || !m->typed) return false;
  for (uint32_t i = 0; i < shape->columns_count; i++) {
    l->names[i] = tg_arena_copy(&l->arena, shape->columns[i].name);
    m->types[i] = shape->columns[i].type;
    m->typed[i] = shape->columns[i].typed;
    if (!l->names[i].ptr) return false;
  }
  return true;
}

struct tg_lookupmake *tg_lookupmake_new(const struct tg_lookup_shape *shape)
{
  struct tg_lookupmake *m = calloc(1, sizeof *m);
  if (m) m->lookup = calloc(1, sizeof *m->lookup);
  if (!m || !m->lookup) return free(m), NULL;
  tg_text_shown(tg_text(shape->name), m->name, sizeof m->name);
  m->bytes_max = shape->bytes_max;
  atomic_init(&m->lookup->references, 1);
  tg_arena_init(&m->lookup->arena, CHUNK_BYTES, shape->bytes_max);
  tg_arena_init(&m->raw, CHUNK_BYTES, shape->bytes_max);
  if (copy_shape(m, shape)) return m;
  tg_lookupmake_free(m);
  return NULL;
}

struct tg_lookupmake *tg_lookup_source_make(const struct tg_lookup_source *s, size_t bytes_max)
{
  struct tg_lookup_shape shape = {.name = s->name.ptr,
                                  .columns = s->columns,
                                  .keys_count = s->keys_count,
                                  .columns_count = s->columns_count,
                                  .bytes_max = bytes_max};
  return tg_lookupmake_new(&shape);
}

void tg_lookupmake_free(struct tg_lookupmake *m)
{
  if (!m) return;
  tg_lookup_drop(m->lookup);
  tg_arena_fini(&m->raw);
  free(m->rows);
  free(m);
}

static bool grow(struct tg_lookupmake *m)
{
  if (m->lookup->rows < m->rows_size) return true;
  uint32_t size = m->rows_size ? m->rows_size * 2 : 256;
  if (size > ROWS_MAX || size * sizeof *m->rows > m->bytes_max) return false;
  struct tg_lookup_cell **rows = realloc(m->rows, size * sizeof *rows);
  if (!rows) return false;
  m->rows = rows, m->rows_size = size;
  return true;
}

enum tg_rc tg_lookupmake_add(struct tg_lookupmake *m, const struct tg_lookup_cell *cells,
                             struct tg_err *err)
{
  struct tg_lookup *l = m->lookup;
  struct tg_lookup_cell *row = tg_arena_alloc(&m->raw, l->columns_count * sizeof *row);
  if (!row || !grow(m)) return full(m, err);
  for (uint32_t i = 0; i < l->columns_count; i++) {
    row[i] = cells[i];
    if (i < l->keys_count && !cells[i].text.ptr)
      return tg_err_set(err, TG_DATA, "lookups", "lookup '%s': row %u: the key '%.*s' is null",
                        m->name, l->rows + 1, TG_TEXT(l->names[i]));
    row[i].text = tg_arena_copy(&l->arena, cells[i].text);
    if (cells[i].text.ptr && !row[i].text.ptr) return full(m, err);
  }
  m->rows[l->rows++] = row;
  return TG_OK;
}

/* --- types ------------------------------------------------------------------------------------ */

/* Digits before and behind the point of "-12.50"; false for what is not written so. A number that
 * begins with a needless 0 is a code, not a number. */
static bool decimal(struct tg_text t, uint32_t *whole, uint32_t *behind)
{
  uint32_t i = t.len && t.ptr[0] == '-', start = i, point;
  while (i < t.len && t.ptr[i] >= '0' && t.ptr[i] <= '9') i++;
  *whole = i - start, *behind = 0;
  if (*whole == 0 || (*whole > 1 && t.ptr[start] == '0')) return false;
  if (i == t.len) return true;
  if (t.ptr[i] != '.') return false;
  point = ++i;
  while (i < t.len && t.ptr[i] >= '0' && t.ptr[i] <= '9') i++;
  *behind = i - point;
  return i == t.len && *behind > 0;
}

/* numeric(18,s) that holds all values of a column exactly, bigint when none has a fraction; false
 * when there is none. */
static bool number_type(const struct tg_lookupmake *m, uint32_t column, bool keep_scale,
                        struct tg_type *out)
{
  uint32_t whole_max = 1, behind_max = 0, whole, behind;
  for (uint32_t r = 0; r < m->lookup->rows; r++) {
    const struct tg_lookup_cell *cell = &m->rows[r][column];
    if (!cell->text.ptr) continue;
    if (cell->quoted || !decimal(cell->text, &whole, &behind)) return false;
    if (whole > whole_max) whole_max = whole;
    if (behind > behind_max) behind_max = behind;
  }
  if (whole_max + behind_max > TG_NUMERIC_INT_DIGITS) return false;
  *out = behind_max || keep_scale ? tg_type_numeric(behind_max) : tg_type_of(TG_INT8);
  return true;
}

static bool all_boolean(const struct tg_lookupmake *m, uint32_t column)
{
  for (uint32_t r = 0; r < m->lookup->rows; r++) {
    const struct tg_lookup_cell *cell = &m->rows[r][column];
    bool word = tg_text_is(cell->text, "true") || tg_text_is(cell->text, "false");
    if (cell->text.ptr && (cell->quoted || !word)) return false;
  }
  return true;
}

static bool all_null(const struct tg_lookupmake *m, uint32_t column)
{
  for (uint32_t r = 0; r < m->lookup->rows; r++)
    if (m->rows[r][column].text.ptr) return false;
  return true;
}

/* A declared type; a numeric without one that 18 digits can hold is calculated with faster. */
static struct tg_type type_of(const struct tg_lookupmake *m, uint32_t column)
{
  struct tg_type type = m->types[column];
  bool loose = m->typed[column] && type.kind == TG_NUMERIC && !type.array && !type.sized;
  if (m->typed[column] && !loose) return type;
  if (!loose) type = tg_type_of(TG_TEXT_KIND);
  if (!loose && all_null(m, column)) return type;
  if (number_type(m, column, loose, &type)) return type;
  if (!loose && all_boolean(m, column)) return tg_type_of(TG_BOOL);
  return type;
}

/* --- values ----------------------------------------------------------------------------------- */

static enum tg_rc bad_value(const struct tg_lookupmake *m, uint32_t column, uint32_t row,
                            const char *why, struct tg_err *err)
{
  return tg_err_set(err, TG_DATA, "lookups", "lookup '%s': row %u: %.*s: %s", m->name, row + 1,
                    TG_TEXT(m->lookup->names[column]), why);
}

/* json comes from a parser or from the server already: it is kept as it is. */
static enum tg_rc put(struct tg_lookupmake *m, struct tg_valueparse *parse, uint32_t column,
                      uint32_t row)
{
  struct tg_column *c = m->lookup->columns[column];
  struct tg_text text = m->rows[row][column].text;
  if (!text.ptr) return tg_value_null(c, row), TG_OK;
  if (c->type.kind != TG_JSON && c->type.kind != TG_JSONB)
    return tg_value_parse(parse, text, c, row);
  c->v.texts[row] = text;
  return TG_OK;
}

static enum tg_rc make_column(struct tg_lookupmake *m, uint32_t column, struct tg_err *err)
{
  struct tg_lookup *l = m->lookup;
  struct tg_valueparse parse = {.arena = &l->arena};
  struct tg_type type = type_of(m, column);
  char name[64];
  if (column < l->keys_count && !tg_lookupkey_type(type))
    return tg_err_set(
        err, TG_CONFIG, "lookups", "lookup '%s': the key '%.*s' is %s, %s", m->name,
        TG_TEXT(l->names[column]), tg_type_name(type, name, sizeof name),
        "which cannot be one: take text, whole numbers, numeric(18,s), uuid or times");
  l->columns[column] = tg_column_new(&l->arena, type, l->rows, true);
  if (!l->columns[column]) return full(m, err);
  for (uint32_t row = 0; row < l->rows; row++) {
    enum tg_rc rc = put(m, &parse, column, row);
    if (rc == TG_FULL) return full(m, err);
    if (rc != TG_OK) return bad_value(m, column, row, parse.reason, err);
  }
  return TG_OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

static bool same_keys(const struct tg_lookup *l, uint32_t a, uint32_t b)
{
  uint32_t k = 0;
  while (k < l->keys_count && tg_lookupkey_same(l->columns[k], a, l->columns[k], b)) k++;
  return k == l->keys_count;
}

static enum tg_rc add_key(struct tg_lookupmake *m, uint32_t row, struct tg_err *err)
{
  struct tg_lookup *l = m->lookup;
  char shown[SHOWN];
  uint64_t h = 0;
  for (uint32_t k = 0; k < l->keys_count; k++) h = tg_lookupkey_hash(h, l->columns[k], row);
  uint32_t at = (uint32_t)h & l->mask;
  for (; l->slots[at]; at = (at + 1) & l->mask)
    if ((l->slots[at] ^ h) >> 32 == 0 && same_keys(l, tg_lookupkey_row(l->slots[at]), row))
      return tg_err_set(err, TG_DATA, "lookups",
                        "lookup '%s': the key %s is there twice (rows %u and %u): a key finds one "
                        "row",
                        m->name, tg_column_show(l->columns[0], row, shown, sizeof shown),
                        tg_lookupkey_row(l->slots[at]) + 1, row + 1);
  l->slots[at] = tg_lookupkey_slot(h, row);
  return TG_OK;
}

static enum tg_rc make_slots(struct tg_lookupmake *m, struct tg_err *err)
{
  struct tg_lookup *l = m->lookup;
  enum tg_rc rc = TG_OK;
  l->mask = 15;
  while (l->mask / 2 < l->rows) l->mask = l->mask * 2 + 1;
  l->slots = tg_arena_zalloc(&l->arena, (size_t)l->mask + 1, sizeof *l->slots);
  if (!l->slots) return full(m, err);
  for (uint32_t row = 0; rc == TG_OK && row < l->rows; row++) rc = add_key(m, row, err);
  return rc;
}

enum tg_rc tg_lookupmake_end(struct tg_lookupmake *m, const char *version, struct tg_lookup **out,
                             struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t c = 0; rc == TG_OK && c < m->lookup->columns_count; c++)
    rc = make_column(m, c, err);
  if (rc == TG_OK) rc = make_slots(m, err);
  if (rc != TG_OK) return rc;
  snprintf(m->lookup->version, sizeof m->lookup->version, "%s", version);
  *out = m->lookup;
  m->lookup = NULL;
  return TG_OK;
}
