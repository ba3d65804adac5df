/* Target tables: the statement that makes one, and what an existing one must be like.
 *
 * A column may be wider than its field (text for varchar(20), numeric for numeric(12,2)) but never
 * narrower: COPY would refuse or round what the field allows. */
#include "core/pg/table.h"

#include "core/data/copy.h"
#include "core/pg/wire.h"

#include <stdarg.h>
#include <stdio.h>

enum { DIFFERENCES_SHOWN = 4, TYPE_SIZE = 64, NAME_MAX_BYTES = 512, STATEMENT_MAX = 1 << 20 };

static const struct tg_field provenance[] = {
    {.name = {"_part", 5}, .type = {.kind = TG_INT4}, .not_null = true},
    {.name = {"_offset", 7}, .type = {.kind = TG_INT8}, .not_null = true},
    {.name = {"_issues", 7}, .type = {.kind = TG_TEXT_KIND, .array = true}},
};
enum { PROVENANCE = sizeof provenance / sizeof *provenance };

/* The i-th column the table must have; NULL behind the last. Unstored fields are left out with
 * *skip. */
static const struct tg_field *wanted(const struct tg_topic *t, uint32_t i, bool *skip)
{
  *skip = i < t->fields_count && t->fields[i].unstored;
  if (i < t->fields_count) return &t->fields[i];
  i -= t->fields_count;
  return t->provenance && i < PROVENANCE ? &provenance[i] : NULL;
}

/* --- statements ------------------------------------------------------------------------------- */

static void put_table(const struct tg_topic *t, struct tg_buf *sql)
{
  if (t->schema.len) {
    tg_copy_name(t->schema, sql);
    tg_buf_char(sql, '.');
  }
  tg_copy_name(t->table, sql);
}

static void put_column(const struct tg_field *f, struct tg_buf *sql)
{
  char type[TYPE_SIZE];
  tg_copy_name(f->name, sql);
  tg_buf_printf(sql, " %s%s", tg_type_name(f->type, type, sizeof type),
                f->not_null ? " NOT NULL" : "");
}

/* between: what stands before each column. */
static void put_create(const struct tg_topic *t, const char *between, struct tg_buf *sql)
{
  const struct tg_field *f;
  bool skip, first = true;
  tg_buf_str(sql, "CREATE TABLE IF NOT EXISTS ");
  put_table(t, sql);
  tg_buf_str(sql, " (");
  for (uint32_t i = 0; (f = wanted(t, i, &skip)); i++) {
    if (skip) continue;
    tg_buf_str(sql, first ? between + 1 : between);
    put_column(f, sql);
    first = false;
  }
}

void tg_table_ddl(const struct tg_topic *topic, struct tg_buf *sql)
{
  put_create(topic, ",\n  ", sql);
  tg_buf_str(sql, "\n)");
}

/* --- the catalog ------------------------------------------------------------------------------ */

/* What one call to prepare works with. */
struct work {
  struct tg_pg *pg;
  const struct tg_topic *topic;
  enum tg_table_mode mode;
  int64_t deadline_us;
  struct tg_err *err;
  struct tg_buf table; /* quoted, with its schema */
  struct tg_buf oid;   /* of the table, decimal; empty: not there */
  struct tg_buf text;  /* the differences, or a statement */
  struct tg_buf add;   /* ALTER TABLE that adds what may be added; empty: nothing */
  uint32_t differences;
};

static enum tg_rc query(struct work *w, const char *sql, const char *const *params, uint32_t count)
{
  return tg_pg_query(w->pg, sql, params, count, w->deadline_us, w->err);
}

__attribute__((format(printf, 2, 3))) static enum tg_rc refuse(struct work *w, const char *fmt, ...)
{
  char where[128];
  va_list args;
  snprintf(where, sizeof where, "table %s", tg_buf_cstr(&w->table));
  va_start(args, fmt);
  enum tg_rc rc = tg_err_vset(w->err, TG_CONFIG, where, fmt, args);
  va_end(args);
  return rc;
}

/* Looks the table up, through search_path when the topic names no schema. */
static enum tg_rc find(struct work *w)
{
  const char *params[] = {tg_buf_cstr(&w->table)};
  enum tg_rc rc = query(w, "SELECT pg_catalog.to_regclass($1)::oid", params, 1);
  if (rc != TG_OK) return rc;
  const char *oid = tg_pg_value(w->pg, 0, 0);
  tg_buf_clear(&w->oid);
  tg_buf_str(&w->oid, oid ? oid : "");
  return TG_OK;
}

/* What a relation that is no table to load into is called, or NULL. */
static const char *unfit(char kind, char persistence)
{
  switch (kind) {
  case 'v': return "a view";
  case 'm': return "a materialized view";
  case 'f': return "a foreign table";
  case 'r':
  case 'p': break;
  default: return "not a table";
  }
  if (persistence == 'u') return "an unlogged table, which a crash of the server empties";
  return persistence == 't' ? "a temporary table" : NULL;
}

static enum tg_rc check_relation(struct work *w)
{
  const char *params[] = {tg_buf_cstr(&w->oid)};
  enum tg_rc rc = query(w,
                        "SELECT relkind, relpersistence, has_any_column_privilege(oid, 'INSERT'), "
                        "current_user FROM pg_catalog.pg_class WHERE oid = $1::oid",
                        params, 1);
  if (rc != TG_OK) return rc;
  if (tg_pg_rows(w->pg) == 0)
    return tg_err_set(w->err, TG_RETRY, "pg", "table %s was dropped while it was looked at",
                      tg_buf_cstr(&w->table));
  const char *what = unfit(*tg_pg_value(w->pg, 0, 0), *tg_pg_value(w->pg, 0, 1));
  if (what) return refuse(w, "it is %s; rows are loaded into permanent tables only", what);
  if (*tg_pg_value(w->pg, 0, 2) != 't')
    return refuse(w, "this role may not insert: GRANT INSERT ON %s TO \"%s\"",
                  tg_buf_cstr(&w->table), tg_pg_value(w->pg, 0, 3));
  return TG_OK;
}

/* --- comparing -------------------------------------------------------------------------------- */

enum { AT_NAME, AT_TYPE, AT_OID, AT_NOT_NULL, AT_FILLED, AT_GENERATED, AT_IDENTITY };

static enum tg_rc read_columns(struct work *w)
{
  const char *params[] = {tg_buf_cstr(&w->oid)};
  return query(w,
               "SELECT attname, pg_catalog.format_type(atttypid, atttypmod), atttypid::oid, "
               "attnotnull, atthasdef, attgenerated <> '', attidentity <> '' "
               "FROM pg_catalog.pg_attribute "
               "WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
               params, 1);
}

static bool is_set(const struct work *w, uint32_t row, uint32_t column)
{
  return *tg_pg_value(w->pg, row, column) == 't';
}

/* Starts the next difference in w->text; false when enough are shown. */
static bool differs(struct work *w)
{
  if (++w->differences > DIFFERENCES_SHOWN) return false;
  if (w->text.len) tg_buf_str(&w->text, "; ");
  return true;
}

static void put_alter(struct work *w)
{
  tg_buf_printf(&w->text, ": ALTER TABLE %s ", tg_buf_cstr(&w->table));
}

/* True when a column of type have takes every value of type want, sent as want. */
static bool is_wide_enough(struct tg_type have, struct tg_type want)
{
  bool same = have.kind == want.kind && have.array == want.array;
  bool texts = have.array == want.array && (have.kind == TG_TEXT_KIND || have.kind == TG_VARCHAR) &&
               (want.kind == TG_TEXT_KIND || want.kind == TG_VARCHAR);
  if (!same && !texts) return false;
  if (!have.sized) return true;
  if (!want.sized) return false;
  if (have.kind == TG_VARCHAR) return have.chars_max >= want.chars_max;
  return have.scale >= want.scale && have.precision - have.scale >= want.precision - want.scale;
}

static bool type_suits(const struct work *w, uint32_t row, struct tg_type want)
{
  struct tg_type have;
  char oid[16];
  if (tg_type_parse(tg_text(tg_pg_value(w->pg, row, AT_TYPE)), &have, NULL) != TG_OK) return false;
  snprintf(oid, sizeof oid, "%u", tg_type_oid(have)); /* a domain may be called text, too */
  return strcmp(oid, tg_pg_value(w->pg, row, AT_OID)) == 0 && is_wide_enough(have, want);
}

static void check_type(struct work *w, const struct tg_field *f, uint32_t row)
{
  char type[TYPE_SIZE];
  if (type_suits(w, row, f->type) || !differs(w)) return;
  tg_type_name(f->type, type, sizeof type);
  tg_buf_printf(&w->text, "column %.*s is %s, the field is %s", TG_TEXT(f->name),
                tg_pg_value(w->pg, row, AT_TYPE), type);
  put_alter(w);
  tg_buf_str(&w->text, "ALTER COLUMN ");
  tg_copy_name(f->name, &w->text);
  tg_buf_printf(&w->text, " TYPE %s", type);
}

static void check_null(struct work *w, const struct tg_field *f, uint32_t row)
{
  if (f->not_null || !is_set(w, row, AT_NOT_NULL) || !differs(w)) return;
  tg_buf_printf(&w->text, "column %.*s is NOT NULL, the field may be null (write not null)",
                TG_TEXT(f->name));
  put_alter(w);
  tg_buf_str(&w->text, "ALTER COLUMN ");
  tg_copy_name(f->name, &w->text);
  tg_buf_str(&w->text, " DROP NOT NULL");
}

static void check_filled(struct work *w, const struct tg_field *f, uint32_t row)
{
  bool generated = is_set(w, row, AT_GENERATED);
  if ((!generated && !is_set(w, row, AT_IDENTITY)) || !differs(w)) return;
  tg_buf_printf(&w->text, "column %.*s is filled by PostgreSQL (%s): declare the field unstored",
                TG_TEXT(f->name), generated ? "generated" : "identity");
}

/* A field without a column: added when that is allowed and harmless, else a difference. */
static void check_missing(struct work *w, const struct tg_field *f)
{
  if (w->mode != TG_TABLE_KEEP && !f->not_null) {
    if (w->add.len)
      tg_buf_char(&w->add, ',');
    else
      tg_buf_printf(&w->add, "ALTER TABLE %s", tg_buf_cstr(&w->table));
    tg_buf_str(&w->add, " ADD COLUMN IF NOT EXISTS ");
    put_column(f, &w->add);
    return;
  }
  if (!differs(w)) return;
  tg_buf_printf(&w->text, "column %.*s is missing", TG_TEXT(f->name));
  put_alter(w);
  tg_buf_str(&w->text, "ADD COLUMN ");
  put_column(f, &w->text);
}

static void check_field(struct work *w, const struct tg_field *f)
{
  uint32_t row = 0, rows = tg_pg_rows(w->pg);
  while (row < rows && !tg_text_is(f->name, tg_pg_value(w->pg, row, AT_NAME))) row++;
  if (row == rows) return check_missing(w, f);
  check_type(w, f, row);
  check_null(w, f, row);
  check_filled(w, f, row);
}

static bool is_wanted(const struct tg_topic *t, const char *name)
{
  const struct tg_field *f;
  bool skip;
  for (uint32_t i = 0; (f = wanted(t, i, &skip)); i++)
    if (!skip && tg_text_is(f->name, name)) return true;
  return false;
}

/* A column that no field fills must be able to do without. */
static void check_extra(struct work *w, uint32_t row)
{
  const char *name = tg_pg_value(w->pg, row, AT_NAME);
  bool fills_itself =
      is_set(w, row, AT_FILLED) || is_set(w, row, AT_GENERATED) || is_set(w, row, AT_IDENTITY);
  if (!is_set(w, row, AT_NOT_NULL) || fills_itself || is_wanted(w->topic, name)) return;
  if (!differs(w)) return;
  tg_buf_printf(&w->text, "column %s is NOT NULL without a default and no field fills it", name);
  put_alter(w);
  tg_buf_str(&w->text, "ALTER COLUMN ");
  tg_copy_name(tg_text(name), &w->text);
  tg_buf_str(&w->text, " DROP NOT NULL");
}

/* Fills text and differences, and add. */
static enum tg_rc compare(struct work *w)
{
  const struct tg_field *f;
  bool skip;
  enum tg_rc rc = read_columns(w);
  if (rc != TG_OK) return rc;
  tg_buf_clear(&w->text);
  tg_buf_clear(&w->add);
  w->differences = 0;
  for (uint32_t i = 0; (f = wanted(w->topic, i, &skip)); i++)
    if (!skip) check_field(w, f);
  for (uint32_t row = 0; row < tg_pg_rows(w->pg); row++) check_extra(w, row);
  if (w->differences > DIFFERENCES_SHOWN)
    tg_buf_printf(&w->text, "; and %u more", w->differences - DIFFERENCES_SHOWN);
  if (!w->differences) return TG_OK;
  return refuse(w, "it differs from the fields of topic %.*s: %s", TG_TEXT(w->topic->name),
                tg_buf_cstr(&w->text));
}

/* --- changing --------------------------------------------------------------------------------- */

/* Begins a transaction in which this process alone changes the table. */
static enum tg_rc begin(struct work *w)
{
  const char *params[] = {tg_buf_cstr(&w->table)};
  enum tg_rc rc = tg_pg_script(w->pg, "BEGIN", w->deadline_us, w->err);
  if (rc != TG_OK) return rc;
  return query(w, "SELECT pg_advisory_xact_lock(hashtextextended('tidegate.table ' || $1, 0))",
               params, 1);
}

/* Commits, or rolls back after a failure. A unique violation (data) in the catalog means that
 * somebody made the same thing without our lock: the next attempt finds it there. */
static enum tg_rc end(struct work *w, enum tg_rc rc)
{
  if (rc == TG_OK) rc = tg_pg_script(w->pg, "COMMIT", w->deadline_us, w->err);
  if (rc != TG_OK && tg_pg_connected(w->pg)) tg_wire_rollback(w->pg, w->deadline_us);
  if (rc == TG_DATA) rc = w->err->rc = TG_RETRY;
  return rc;
}

static enum tg_rc make_table(struct work *w, bool *created)
{
  enum tg_rc rc = begin(w);
  if (rc == TG_OK) rc = find(w);
  bool missing = rc == TG_OK && !w->oid.len;
  if (missing) {
    tg_buf_clear(&w->text);
    tg_table_ddl(w->topic, &w->text);
    rc = tg_pg_script(w->pg, tg_buf_cstr(&w->text), w->deadline_us, w->err);
  }
  if (rc == TG_OK) rc = find(w);
  rc = end(w, rc);
  *created = missing && rc == TG_OK;
  return rc;
}

/* Adds what compare() found missing, then compares again. */
static enum tg_rc add_columns(struct work *w)
{
  enum tg_rc rc = begin(w);
  if (rc == TG_OK) rc = tg_pg_script(w->pg, tg_buf_cstr(&w->add), w->deadline_us, w->err);
  rc = end(w, rc);
  w->mode = TG_TABLE_KEEP;
  return rc == TG_OK ? compare(w) : rc;
}

static enum tg_rc not_there(struct work *w)
{
  tg_buf_clear(&w->text);
  put_create(w->topic, ", ", &w->text);
  return refuse(w, "it does not exist: %s)", tg_buf_cstr(&w->text));
}

static enum tg_rc prepare(struct work *w, bool *created)
{
  enum tg_rc rc = find(w);
  if (rc == TG_OK && !w->oid.len && w->mode == TG_TABLE_PLAN) return TG_OK;
  if (rc == TG_OK && !w->oid.len)
    rc = w->mode == TG_TABLE_MAKE ? make_table(w, created) : not_there(w);
  if (rc == TG_OK && !w->oid.len)
    rc = refuse(w, "it was made but is not found: the schema is not in search_path");
  if (rc == TG_OK) rc = check_relation(w);
  if (rc == TG_OK) rc = compare(w);
  if (rc == TG_OK && w->add.len && w->mode == TG_TABLE_MAKE) rc = add_columns(w);
  return rc;
}

enum tg_rc tg_table_prepare(struct tg_pg *pg, const struct tg_topic *topic, enum tg_table_mode mode,
                            bool *created, int64_t deadline_us, struct tg_err *err)
{
  struct work w = {pg, topic, mode, deadline_us, err, {0}, {0}, {0}, {0}, 0};
  tg_buf_init(&w.table, NAME_MAX_BYTES);
  tg_buf_init(&w.oid, TYPE_SIZE);
  tg_buf_init(&w.text, STATEMENT_MAX);
  tg_buf_init(&w.add, STATEMENT_MAX);
  *created = false;
  put_table(topic, &w.table);
  tg_buf_cstr(&w.table);
  enum tg_rc rc = prepare(&w, created);
  if (w.table.failed || w.oid.failed || w.text.failed || w.add.failed)
    rc = tg_err_set(err, TG_RETRY, "pg", "no memory to compare table %.*s", TG_TEXT(topic->table));
  tg_buf_fini(&w.table);
  tg_buf_fini(&w.oid);
  tg_buf_fini(&w.text);
  tg_buf_fini(&w.add);
  return rc;
}
