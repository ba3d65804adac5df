/* PostgreSQL's type names, their sizes in memory and their spelling. */
#include "core/data/type.h"

#include <assert.h>
#include <stdio.h>

enum { NAME_SIZE = 64, ARGS_MAX = 2, VARCHAR_MAX = 10485760 };

static const struct {
  const char *name;
  uint32_t oid, array_oid;
  enum tg_store store;
} kinds[] = {
#define X(kind, name, oid, array_oid, store) [kind] = {name, oid, array_oid, store},
    TG_KIND_LIST(X)
#undef X
};

static const struct {
  const char *name;
  enum tg_kind kind;
} aliases[] = {
    {"bool", TG_BOOL},
    {"boolean", TG_BOOL},
    {"int2", TG_INT2},
    {"smallint", TG_INT2},
    {"int", TG_INT4},
    {"int4", TG_INT4},
    {"integer", TG_INT4},
    {"int8", TG_INT8},
    {"bigint", TG_INT8},
    {"float4", TG_FLOAT4},
    {"real", TG_FLOAT4},
    {"float", TG_FLOAT8},
    {"float8", TG_FLOAT8},
    {"double precision", TG_FLOAT8},
    {"numeric", TG_NUMERIC},
    {"decimal", TG_NUMERIC},
    {"dec", TG_NUMERIC},
    {"text", TG_TEXT_KIND},
    {"varchar", TG_VARCHAR},
    {"character varying", TG_VARCHAR},
    {"char varying", TG_VARCHAR},
    {"uuid", TG_UUID},
    {"date", TG_DATE},
    {"timestamptz", TG_TIMESTAMPTZ},
    {"timestamp with time zone", TG_TIMESTAMPTZ},
    {"timestamp", TG_TIMESTAMP},
    {"timestamp without time zone", TG_TIMESTAMP},
    {"time", TG_TIME},
    {"time without time zone", TG_TIME},
    {"interval", TG_INTERVAL},
    {"bytea", TG_BYTEA},
    {"json", TG_JSON},
    {"jsonb", TG_JSONB},
    {"inet", TG_INET},
};
enum { ALIASES = sizeof aliases / sizeof *aliases };

/* Names people try that are no type here, and what to write instead. */
static const struct {
  const char *name, *instead;
} refused[] = {
    {"char", "text or varchar(n); char(n) pads with spaces"},
    {"character", "text or varchar(n); char(n) pads with spaces"},
    {"bpchar", "text or varchar(n)"},
    {"string", "text"},
    {"name", "text"},
    {"citext", "text"},
    {"enum", "text"},
    {"xml", "text"},
    {"double", "double precision"},
    {"number", "numeric(p,s) or double precision"},
    {"long", "bigint"},
    {"short", "smallint"},
    {"tinyint", "smallint"},
    {"byte", "smallint"},
    {"int1", "smallint"},
    {"int16", "smallint"},
    {"int32", "integer"},
    {"int64", "bigint"},
    {"uint8", "smallint"},
    {"uint16", "integer"},
    {"uint32", "bigint"},
    {"uint64", "numeric(20,0)"},
    {"serial", "integer"},
    {"bigserial", "bigint"},
    {"smallserial", "smallint"},
    {"money", "numeric(18,2)"},
    {"bytes", "bytea"},
    {"blob", "bytea"},
    {"binary", "bytea"},
    {"datetime", "timestamptz"},
    {"timetz", "time or timestamptz"},
    {"time with time zone", "time or timestamptz"},
    {"cidr", "inet"},
    {"object", "jsonb"},
    {"map", "jsonb"},
    {"struct", "jsonb"},
    {"array", "text[], bigint[], .. or jsonb"},
};
enum { REFUSED = sizeof refused / sizeof *refused };

enum tg_store tg_type_store(struct tg_type t)
{
  if (t.array) return TG_STORE_TEXT;
  if (t.kind == TG_NUMERIC && (!t.sized || t.precision > TG_NUMERIC_INT_DIGITS))
    return TG_STORE_TEXT;
  return kinds[t.kind].store;
}

uint32_t tg_type_width(struct tg_type t)
{
  switch (tg_type_store(t)) {
  case TG_STORE_MASK: return sizeof(uint8_t);
  case TG_STORE_INT: return sizeof(int64_t);
  case TG_STORE_FLOAT: return sizeof(double);
  case TG_STORE_TEXT: return sizeof(struct tg_text);
  case TG_STORE_UUID: return sizeof(struct tg_uuid);
  case TG_STORE_SPAN: return sizeof(struct tg_span);
  }
  assert(false);
  return 0;
}

/* A type as it is written, taken apart: "Timestamp(3) with  time zone []". */
struct spelling {
  char name[NAME_SIZE]; /* lower case, single spaces: "timestamp with time zone" */
  uint32_t args[ARGS_MAX];
  uint32_t args_count;
  bool array;
};

static char lower(char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_space(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* Reads "(12, 2)" at *at and moves behind it. */
static bool read_args(struct tg_text t, uint32_t *at, struct spelling *out)
{
  uint32_t i = *at + 1;
  for (;; i++) {
    while (i < t.len && is_space(t.ptr[i])) i++;
    if (i == t.len || !is_digit(t.ptr[i]) || out->args_count == ARGS_MAX) return false;
    uint32_t v = 0;
    for (; i < t.len && is_digit(t.ptr[i]); i++) {
      if (v > VARCHAR_MAX) return false;
      v = v * 10 + (uint32_t)(t.ptr[i] - '0');
    }
    out->args[out->args_count++] = v;
    while (i < t.len && is_space(t.ptr[i])) i++;
    if (i == t.len) return false;
    if (t.ptr[i] == ')') break;
    if (t.ptr[i] != ',') return false;
  }
  *at = i + 1;
  return true;
}

/* Cuts "[]" off the end. */
static bool cut_array(struct tg_text *t)
{
  if (!t->len || t->ptr[t->len - 1] != ']') return false;
  struct tg_text inner = tg_text_trim(tg_text_of(t->ptr, t->len - 1));
  if (!inner.len || inner.ptr[inner.len - 1] != '[') return false;
  *t = tg_text_trim(tg_text_of(inner.ptr, inner.len - 1));
  return true;
}

static bool take_apart(struct tg_text t, struct spelling *out)
{
  uint32_t len = 0;
  *out = (struct spelling){.array = cut_array(&t)};
  for (uint32_t i = 0; i < t.len;) {
    char c = t.ptr[i];
    if (c == '(') {
      if (out->args_count || !read_args(t, &i, out)) return false;
      c = ' ';
    } else
      i++;
    if (is_space(c)) c = ' ';
    if (c == ' ' && (!len || out->name[len - 1] == ' ')) continue;
    if (len == NAME_SIZE - 1) return false;
    out->name[len++] = lower(c);
  }
  if (len && out->name[len - 1] == ' ') len--;
  out->name[len] = '\0';
  return len > 0;
}

static enum tg_rc unknown(struct tg_text text, const char *name, struct tg_err *err)
{
  char shown[80];
  const char *names[ALIASES + 1] = {NULL};
  for (int i = 0; i < REFUSED; i++)
    if (!strcmp(refused[i].name, name))
      return tg_err_set(err, TG_CONFIG, "type", "'%s' is not a type here: use %s",
                        tg_text_shown(text, shown, sizeof shown), refused[i].instead);
  for (int i = 0; i < ALIASES; i++) names[i] = aliases[i].name;
  const char *near = tg_text_nearest(tg_text(name), names);
  if (near)
    return tg_err_set(err, TG_CONFIG, "type", "'%s' is not a type; did you mean %s?",
                      tg_text_shown(text, shown, sizeof shown), near);
  return tg_err_set(err, TG_CONFIG, "type",
                    "'%s' is not a type; types are PostgreSQL's: text, bigint, numeric(p,s), "
                    "timestamptz, ..",
                    tg_text_shown(text, shown, sizeof shown));
}

static enum tg_rc sized_numeric(const struct spelling *s, struct tg_type *out, struct tg_err *err)
{
  uint32_t precision = s->args[0], scale = s->args_count > 1 ? s->args[1] : 0;
  if (precision < 1 || precision > TG_NUMERIC_DIGITS_MAX)
    return tg_err_set(err, TG_CONFIG, "type", "numeric precision %u is not between 1 and %d",
                      precision, TG_NUMERIC_DIGITS_MAX);
  if (scale > precision)
    return tg_err_set(err, TG_CONFIG, "type",
                      "numeric(%u,%u): the scale is larger than the precision", precision, scale);
  out->sized = true;
  out->precision = (uint16_t)precision, out->scale = (uint16_t)scale;
  return TG_OK;
}

static enum tg_rc sized_varchar(const struct spelling *s, struct tg_type *out, struct tg_err *err)
{
  if (s->args_count != 1 || s->args[0] < 1 || s->args[0] > VARCHAR_MAX)
    return tg_err_set(err, TG_CONFIG, "type", "varchar takes one length from 1 to %d: varchar(20)",
                      VARCHAR_MAX);
  out->sized = true;
  out->chars_max = s->args[0];
  return TG_OK;
}

static enum tg_rc sized_float(const struct spelling *s, struct tg_type *out, struct tg_err *err)
{
  if (strcmp(s->name, "float") != 0 || s->args_count != 1 || s->args[0] < 1 || s->args[0] > 53)
    return tg_err_set(err, TG_CONFIG, "type", "only float(1) to float(53) takes a size: use %s",
                      kinds[out->kind].name);
  out->kind = s->args[0] <= 24 ? TG_FLOAT4 : TG_FLOAT8;
  return TG_OK;
}

static enum tg_rc set_size(const struct spelling *s, struct tg_type *out, struct tg_err *err)
{
  switch (out->kind) {
  case TG_NUMERIC: return sized_numeric(s, out, err);
  case TG_VARCHAR: return sized_varchar(s, out, err);
  case TG_FLOAT4:
  case TG_FLOAT8: return sized_float(s, out, err);
  default:
    return tg_err_set(err, TG_CONFIG, "type", "%s takes no size: write %s", s->name,
                      kinds[out->kind].name);
  }
}

enum tg_rc tg_type_parse(struct tg_text text, struct tg_type *out, struct tg_err *err)
{
  struct spelling s;
  char shown[80];
  text = tg_text_trim(text);
  *out = (struct tg_type){.kind = TG_TEXT_KIND};
  if (!take_apart(text, &s))
    return tg_err_set(err, TG_CONFIG, "type",
                      "'%s' cannot be read as a type, such as text, numeric(12,2) or bigint[]",
                      tg_text_shown(text, shown, sizeof shown));
  int i = 0;
  while (i < ALIASES && strcmp(aliases[i].name, s.name) != 0) i++;
  if (i == ALIASES && strchr(s.name, '['))
    return tg_err_set(err, TG_CONFIG, "type",
                      "'%s': arrays have one dimension and no length: bigint[]; use jsonb for more",
                      tg_text_shown(text, shown, sizeof shown));
  if (i == ALIASES) return unknown(text, s.name, err);
  out->kind = aliases[i].kind;
  out->array = s.array;
  return s.args_count ? set_size(&s, out, err) : TG_OK;
}

char *tg_type_name(struct tg_type t, char *out, size_t size)
{
  char args[24] = "";
  if (t.sized && t.kind == TG_NUMERIC) snprintf(args, sizeof args, "(%u,%u)", t.precision, t.scale);
  if (t.sized && t.kind == TG_VARCHAR) snprintf(args, sizeof args, "(%u)", t.chars_max);
  snprintf(out, size, "%s%s%s", kinds[t.kind].name, args, t.array ? "[]" : "");
  return out;
}

uint32_t tg_type_oid(struct tg_type t)
{
  return t.array ? kinds[t.kind].array_oid : kinds[t.kind].oid;
}

bool tg_type_eq(struct tg_type a, struct tg_type b)
{
  return a.kind == b.kind && a.array == b.array && a.sized == b.sized &&
         a.precision == b.precision && a.scale == b.scale && a.chars_max == b.chars_max;
}

bool tg_type_is_number(struct tg_type t)
{
  return !t.array && t.kind >= TG_INT2 && t.kind <= TG_NUMERIC;
}

bool tg_type_is_text(struct tg_type t)
{
  return !t.array && (t.kind == TG_TEXT_KIND || t.kind == TG_VARCHAR);
}

bool tg_type_is_time(struct tg_type t)
{
  return !t.array && t.kind >= TG_DATE && t.kind <= TG_TIME;
}
