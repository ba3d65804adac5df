/* Lookups out of tables: the catalog says the types, a cursor gives the rows as text. */
#include "core/pg/lookuptable.h"

#include "core/pg/quote.h"
#include "core/pg/wire.h"

#include <stdio.h>

enum { FETCH_ROWS = 2000, SQL_MAX = 1 << 20 };

struct reading {
  struct tg_pg *pg;
  struct tg_lookup_source source;                         /* a copy whose types are all known */
  struct tg_lookup_column columns[TG_LOOKUP_COLUMNS_MAX]; /* of source */
  struct tg_type types[TG_LOOKUP_COLUMNS_MAX];            /* of the table */
  struct tg_buf sql;
  int64_t deadline_us;
  struct tg_err *err;
};

/* Says which lookup it is about. */
static enum tg_rc blame(struct reading *r, enum tg_rc rc)
{
  struct tg_err err = *r->err;
  bool denied = strcmp(tg_pg_sqlstate(r->pg), "42501") == 0;
  return tg_err_set(r->err, rc, err.where, "lookup '%.*s': %s%s", TG_TEXT(r->source.name), err.what,
                    denied ? ": GRANT SELECT on it to this role" : "");
}

static enum tg_rc missing(struct reading *r, const char *what, struct tg_text name)
{
  return tg_err_set(r->err, TG_CONFIG, "pg", "lookup '%.*s': there is no %s %.*s",
                    TG_TEXT(r->source.name), what, TG_TEXT(name));
}

static void put_table(struct reading *r)
{
  struct tg_topic topic = {.schema = r->source.schema, .table = r->source.table};
  tg_quote_table(&r->sql, &topic);
}

/* The type of a column as the server spells it; text where it is none of ours (enums, arrays). */
static struct tg_type type_of(const char *spelled)
{
  struct tg_type type;
  struct tg_err err;
  bool known = tg_type_parse(tg_text(spelled), &type, &err) == TG_OK && !type.array;
  return known ? type : tg_type_of(TG_TEXT_KIND);
}

static bool take_type(struct reading *r, uint32_t column)
{
  struct tg_lookup_column *c = &r->columns[column];
  for (uint32_t row = 0; row < tg_pg_rows(r->pg); row++) {
    if (!tg_text_is(c->name, tg_pg_value(r->pg, row, 0))) continue;
    r->types[column] = type_of(tg_pg_value(r->pg, row, 1));
    if (!c->typed) c->type = r->types[column];
    c->typed = true;
    return true;
  }
  return false;
}

/* Reads the catalog. A domain counts as what it is made of. */
static enum tg_rc read_types(struct reading *r)
{
  tg_buf_clear(&r->sql);
  put_table(r);
  const char *const params[] = {tg_buf_cstr(&r->sql)};
  enum tg_rc rc = tg_pg_query(
      r->pg,
      "SELECT a.attname, CASE t.typtype WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod)"
      " ELSE format_type(a.atttypid, a.atttypmod) END FROM pg_attribute a"
      " JOIN pg_type t ON t.oid = a.atttypid"
      " WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped",
      params, 1, r->deadline_us, r->err);
  if (rc != TG_OK) return blame(r, rc);
  if (tg_pg_rows(r->pg) == 0) return missing(r, "table", tg_buf_view(&r->sql));
  for (uint32_t c = 0; c < r->source.columns_count; c++)
    if (!take_type(r, c)) return missing(r, "column", r->columns[c].name);
  return TG_OK;
}

/* As text that our parser reads: booleans as words, times as ISO 8601. */
static void put_column(struct reading *r, uint32_t column)
{
  enum tg_kind kind = r->types[column].kind;
  bool json = kind == TG_BOOL || kind == TG_TIMESTAMPTZ || kind == TG_TIMESTAMP;
  tg_buf_str(&r->sql, json ? "to_jsonb(" : "");
  tg_quote_name(&r->sql, r->columns[column].name);
  tg_buf_str(&r->sql, json ? ") #>> '{}'" : "::text");
}

static void put_select(struct reading *r)
{
  tg_buf_str(&r->sql, "SELECT ");
  for (uint32_t c = 0; c < r->source.columns_count; c++) {
    if (c) tg_buf_str(&r->sql, ", ");
    put_column(r, c);
  }
  tg_buf_str(&r->sql, " FROM ");
  put_table(r);
  if (r->source.where.len) tg_buf_printf(&r->sql, " WHERE (%.*s\n)", TG_TEXT(r->source.where));
}

/* One statement; so a condition cannot smuggle in another. */
static enum tg_rc ask(struct reading *r, const char *sql)
{
  enum tg_rc rc = tg_pg_query(r->pg, sql, NULL, 0, r->deadline_us, r->err);
  return rc == TG_OK ? rc : blame(r, rc == TG_DATA ? TG_CONFIG : rc);
}

static enum tg_rc take_rows(struct reading *r, struct tg_lookupmake *m)
{
  struct tg_lookup_cell cells[TG_LOOKUP_COLUMNS_MAX];
  enum tg_rc rc = TG_OK;
  for (uint32_t row = 0; rc == TG_OK && row < tg_pg_rows(r->pg); row++) {
    for (uint32_t c = 0; c < r->source.columns_count; c++)
      cells[c] = (struct tg_lookup_cell){.text = tg_text(tg_pg_value(r->pg, row, c))};
    rc = tg_lookupmake_add(m, cells, r->err);
  }
  return rc;
}

static enum tg_rc fetch(struct reading *r, struct tg_lookupmake *m)
{
  char sql[64];
  enum tg_rc rc;
  snprintf(sql, sizeof sql, "FETCH %d FROM tidegate_lookup", FETCH_ROWS);
  do {
    rc = ask(r, sql);
    if (rc == TG_OK) rc = take_rows(r, m);
  } while (rc == TG_OK && tg_pg_rows(r->pg) == FETCH_ROWS);
  return rc;
}

/* Within a transaction: version, cursor, rows. */
static enum tg_rc read_rows(struct reading *r, struct tg_lookupmake *m, char *version, size_t size)
{
  enum tg_rc rc = ask(r, "SELECT to_jsonb(now() AT TIME ZONE 'UTC') #>> '{}'");
  if (rc != TG_OK) return rc;
  snprintf(version, size, "%sZ", tg_pg_value(r->pg, 0, 0));
  tg_buf_clear(&r->sql);
  tg_buf_str(&r->sql, "DECLARE tidegate_lookup NO SCROLL CURSOR FOR ");
  put_select(r);
  rc = ask(r, tg_buf_cstr(&r->sql));
  return rc == TG_OK ? fetch(r, m) : rc;
}

static void open_reading(struct reading *r, struct tg_pg *pg, const struct tg_lookup_source *source,
                         int64_t deadline_us, struct tg_err *err)
{
  *r = (struct reading){.pg = pg, .source = *source, .deadline_us = deadline_us, .err = err};
  memcpy(r->columns, source->columns, source->columns_count * sizeof *r->columns);
  r->source.columns = r->columns;
  tg_buf_init(&r->sql, SQL_MAX);
}

enum tg_rc tg_lookuptable_read(struct tg_pg *pg, const struct tg_lookup_source *source,
                               size_t bytes_max, int64_t deadline_us, struct tg_lookup **out,
                               struct tg_err *err)
{
  struct reading r;
  struct tg_lookupmake *m = NULL;
  char version[TG_LOOKUP_VERSION_SIZE];
  open_reading(&r, pg, source, deadline_us, err);
  enum tg_rc rc = read_types(&r);
  if (rc == TG_OK && !(m = tg_lookup_source_make(&r.source, bytes_max)))
    rc = tg_err_set(err, TG_RETRY, "lookups", "no memory for lookup '%.*s'", TG_TEXT(source->name));
  if (rc == TG_OK) rc = ask(&r, "BEGIN READ ONLY");
  if (rc == TG_OK) {
    rc = read_rows(&r, m, version, sizeof version);
    if (tg_pg_connected(pg)) tg_wire_rollback(pg, deadline_us);
  }
  if (rc == TG_OK) rc = tg_lookupmake_end(m, version, out, err);
  tg_lookupmake_free(m);
  tg_buf_fini(&r.sql);
  return rc;
}

enum tg_rc tg_lookuptable_probe(struct tg_pg *pg, const struct tg_lookup_source *source,
                                int64_t deadline_us, struct tg_err *err)
{
  struct reading r;
  open_reading(&r, pg, source, deadline_us, err);
  enum tg_rc rc = read_types(&r);
  if (rc == TG_OK) {
    tg_buf_clear(&r.sql);
    put_select(&r);
    tg_buf_str(&r.sql, " LIMIT 0");
    rc = ask(&r, tg_buf_cstr(&r.sql));
  }
  tg_buf_fini(&r.sql);
  return rc;
}
