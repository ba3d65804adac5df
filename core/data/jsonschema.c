/* Compiling a schema: one function a keyword, in one table. */
#include "core/data/jsonschema.h"

#include "core/data/jsoncanon.h"
#include "core/data/jsonschema_own.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_SIZE = 160, ARENA_CHUNK = 16 * 1024, SCRATCH_MAX = 64 * 1024 * 1024 };

struct compiling {
  struct tg_jsonschema *s;
  struct tg_jsonread j;
  struct tg_json_value root;
  struct tg_err *err;
};

typedef struct tg_schema_node node;
typedef struct tg_json_value value;
struct keyword;
typedef bool keyword_fn(struct compiling *c, node *n, const value *v, const struct keyword *k);

struct keyword {
  const char *name;
  keyword_fn *read;
  size_t at; /* where in the node, or which bound or size */
};

static node *compile(struct compiling *c, const value *v, const char *place);

__attribute__((format(printf, 3, 4))) static bool fail(struct compiling *c, const node *n,
                                                       const char *fmt, ...)
{
  char text[SHOWN_SIZE * 2];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  tg_err_set(c->err, TG_CONFIG, "", "the schema at %.*s: %s", TG_TEXT(n->place), text);
  return false;
}

static bool full(struct compiling *c)
{
  tg_err_set(c->err, TG_FULL, "", "no memory for a schema");
  return false;
}

struct listing {
  struct tg_jsonwalk w;
  uint32_t count;
};

/* Goes through a list; an empty table of Lua reads as an empty object. */
static bool open_list(struct compiling *c, const node *n, const value *v, const char *name,
                      struct listing *out)
{
  value each;
  bool nested = v->kind == TG_JSON_ARRAY || v->kind == TG_JSON_OBJECT;
  if (nested) out->w = tg_jsonwalk_into(&c->j, v);
  if (!nested || (out->w.object && out->w.more)) return fail(c, n, "%s is a list", name);
  struct tg_jsonwalk ahead = out->w;
  for (out->count = 0; tg_jsonwalk_next(&ahead, &each); ++out->count) continue;
  return true;
}

static bool skip(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  (void)c, (void)n, (void)v, (void)k;
  return true;
}

static bool read_schema(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  const char *place = tg_arena_printf(&c->s->arena, "%.*s/%s", TG_TEXT(n->place), k->name);
  node *child = place ? compile(c, v, place) : NULL;
  memcpy((char *)n + k->at, &child, sizeof child);
  return child || (place ? false : full(c));
}

static bool read_schemas(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  struct listing l;
  struct tg_schema_list list = {.given = true};
  value each;
  if (!open_list(c, n, v, k->name, &l)) return false;
  if (!(list.count = l.count)) return fail(c, n, "%s is empty", k->name);
  list.at = tg_arena_zalloc(&c->s->arena, list.count, sizeof *list.at);
  for (uint32_t i = 0; list.at && tg_jsonwalk_next(&l.w, &each); i++) {
    const char *place = tg_arena_printf(&c->s->arena, "%.*s/%s/%u", TG_TEXT(n->place), k->name, i);
    if (!place) return full(c);
    if (!(list.at[i] = compile(c, &each, place))) return false;
  }
  memcpy((char *)n + k->at, &list, sizeof list);
  return list.at || full(c);
}

static bool read_bound(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  struct tg_schema_bound *b = &n->bounds[k->at];
  if (v->kind != TG_JSON_NUMBER || !tg_decimal_parse(v->raw, &b->d))
    return fail(c, n, "%s is a number", k->name);
  b->given = true;
  bool zero = true;
  for (uint32_t i = 0; i < b->d.whole.len; i++) zero &= b->d.whole.ptr[i] == '0';
  for (uint32_t i = 0; i < b->d.fraction.len; i++) zero &= b->d.fraction.ptr[i] == '0';
  if (k->at == TG_BOUND_MULTIPLE && (b->d.negative || zero))
    return fail(c, n, "%s is above 0", k->name);
  return true;
}

static bool read_size(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  struct tg_decimal d;
  int64_t size;
  uint32_t *sizes = k->name[1] == 'i' ? n->least : n->most; /* minItems, maxItems */
  if (v->kind != TG_JSON_NUMBER || !tg_decimal_parse(v->raw, &d) || !tg_decimal_is_whole(&d) ||
      d.negative || !tg_decimal_scaled(&d, 0, &size))
    return fail(c, n, "%s is a whole number from 0", k->name);
  sizes[k->at] = size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
  return true;
}

static bool read_type_name(struct compiling *c, node *n, const value *v)
{
  static const char *const names[] = {"null",   "boolean", "integer", "number",
                                      "string", "array",   "object"};
  static const uint32_t bits[] = {1 << TG_JSON_NULL,   1 << TG_JSON_TRUE | 1 << TG_JSON_FALSE,
                                  TG_SCHEMA_INTEGER,   1 << TG_JSON_NUMBER,
                                  1 << TG_JSON_STRING, 1 << TG_JSON_ARRAY,
                                  1 << TG_JSON_OBJECT};
  char shown[SHOWN_SIZE];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (v->kind != TG_JSON_STRING || !tg_text_is(v->raw, names[i])) continue;
    n->types |= bits[i];
    return true;
  }
  return fail(c, n, "there is no type '%s'", tg_text_shown(v->raw, shown, sizeof shown));
}

static bool read_type(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  struct listing l;
  value each;
  if (v->kind == TG_JSON_STRING) return read_type_name(c, n, v);
  if (!open_list(c, n, v, k->name, &l)) return false;
  if (!l.count) return fail(c, n, "type is empty");
  while (tg_jsonwalk_next(&l.w, &each))
    if (!read_type_name(c, n, &each)) return false;
  return true;
}

static bool keep_value(struct compiling *c, const value *v, struct tg_text *out)
{
  struct tg_buf *buf = &c->s->canon;
  tg_buf_clear(buf);
  if (!tg_jsoncanon_write(&c->s->arena, &c->j, v, buf)) return full(c);
  *out = tg_arena_copy(&c->s->arena, tg_buf_view(buf));
  return out->ptr || full(c);
}

static bool read_enum(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  struct listing l = {.count = 1};
  value each = *v;
  bool constant = k->at;
  if (n->has_values) return fail(c, n, "enum and const together");
  if (!constant && !open_list(c, n, v, k->name, &l)) return false;
  n->has_values = true;
  n->values = tg_arena_zalloc(&c->s->arena, l.count + 1, sizeof *n->values);
  if (!n->values) return full(c);
  for (; n->values_count < l.count; n->values_count++) {
    if (!constant && !tg_jsonwalk_next(&l.w, &each)) break;
    if (!keep_value(c, &each, &n->values[n->values_count])) return false;
  }
  return true;
}

static bool read_regex(struct compiling *c, const node *n, struct tg_text raw,
                       struct tg_regex **out)
{
  struct tg_err why;
  struct tg_text pattern = tg_jsoncanon_text(&c->s->arena, raw);
  if (!pattern.ptr) return full(c);
  if (tg_regex_new(pattern, "", out, &why) == TG_OK) return true;
  return fail(c, n, "%s", why.what);
}

static bool read_pattern(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  if (v->kind != TG_JSON_STRING) return fail(c, n, "%s is a text", k->name);
  return read_regex(c, n, v->raw, &n->pattern);
}

static bool read_format(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  char shown[SHOWN_SIZE];
  n->with_zone = v->kind == TG_JSON_STRING && tg_text_is(v->raw, "date-time");
  if (v->kind != TG_JSON_STRING) return fail(c, n, "%s is a text", k->name);
  n->format = tg_format_find(n->with_zone ? tg_text("iso8601") : v->raw);
  if (n->format && !n->format->country) return true;
  return fail(c, n, "the format '%s' is not checked here",
              tg_text_shown(v->raw, shown, sizeof shown));
}

static bool read_flag(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  n->unique = v->kind == TG_JSON_TRUE;
  return n->unique || v->kind == TG_JSON_FALSE || fail(c, n, "%s is true or false", k->name);
}

static bool read_required(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  struct listing l;
  value each;
  if (!open_list(c, n, v, k->name, &l)) return false;
  n->required = tg_arena_zalloc(&c->s->arena, l.count + 1, sizeof *n->required);
  if (!n->required) return full(c);
  while (tg_jsonwalk_next(&l.w, &each)) {
    if (each.kind != TG_JSON_STRING) return fail(c, n, "required is a list of names");
    struct tg_text name = tg_jsoncanon_text(&c->s->arena, each.raw);
    if (!name.ptr) return full(c);
    n->required[n->required_count++] = name;
  }
  return true;
}

/* One member of properties or patternProperties. */
static bool read_member(struct compiling *c, node *n, const struct tg_jsonwalk *w, const value *v,
                        struct tg_schema_member *out)
{
  bool pattern = out >= n->patterns && out < n->patterns + n->patterns_count;
  const char *group = pattern ? "patternProperties" : "properties";
  const char *place =
      tg_arena_printf(&c->s->arena, "%.*s/%s/%.*s", TG_TEXT(n->place), group, TG_TEXT(w->key));
  out->key = tg_jsoncanon_text(&c->s->arena, w->key);
  if (!place || !out->key.ptr) return full(c);
  if (pattern && !read_regex(c, n, w->key, &out->pattern)) return false;
  return (out->node = compile(c, v, place)) != NULL;
}

static bool read_members(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  struct tg_schema_member *list;
  uint32_t count = 0;
  value each;
  if (v->kind != TG_JSON_OBJECT) return fail(c, n, "%s is an object", k->name);
  for (struct tg_jsonwalk w = tg_jsonwalk_into(&c->j, v); tg_jsonwalk_next(&w, &each);) count++;
  if (!(list = tg_arena_zalloc(&c->s->arena, count + 1, sizeof *list))) return full(c);
  if (k->at)
    n->patterns = list, n->patterns_count = count;
  else
    n->properties = list, n->properties_count = count;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(&c->j, v); tg_jsonwalk_next(&w, &each); list++)
    if (!read_member(c, n, &w, &each, list)) return false;
  return true;
}

static bool read_ref(struct compiling *c, node *n, const value *v, const struct keyword *k)
{
  if (v->kind != TG_JSON_STRING || !v->raw.len || v->raw.ptr[0] != '#' ||
      (v->raw.len > 1 && v->raw.ptr[1] != '/'))
    return fail(c, n, "%s is a pointer within the document, such as #/$defs/name", k->name);
  n->ref_to = tg_jsoncanon_text(&c->s->arena, v->raw);
  return n->ref_to.ptr || full(c);
}

static const struct keyword keywords[] = {
    {"type", read_type, 0},
    {"enum", read_enum, 0},
    {"const", read_enum, 1},
    {"minimum", read_bound, TG_BOUND_MIN},
    {"maximum", read_bound, TG_BOUND_MAX},
    {"exclusiveMinimum", read_bound, TG_BOUND_XMIN},
    {"exclusiveMaximum", read_bound, TG_BOUND_XMAX},
    {"multipleOf", read_bound, TG_BOUND_MULTIPLE},
    {"minLength", read_size, TG_SIZE_LENGTH},
    {"maxLength", read_size, TG_SIZE_LENGTH},
    {"minItems", read_size, TG_SIZE_ITEMS},
    {"maxItems", read_size, TG_SIZE_ITEMS},
    {"minProperties", read_size, TG_SIZE_PROPERTIES},
    {"maxProperties", read_size, TG_SIZE_PROPERTIES},
    {"minContains", read_size, TG_SIZE_CONTAINS},
    {"maxContains", read_size, TG_SIZE_CONTAINS},
    {"uniqueItems", read_flag, 0},
    {"pattern", read_pattern, 0},
    {"format", read_format, 0},
    {"required", read_required, 0},
    {"properties", read_members, 0},
    {"patternProperties", read_members, 1},
    {"additionalProperties", read_schema, offsetof(node, additional)},
    {"items", read_schema, offsetof(node, items)},
    {"contains", read_schema, offsetof(node, contains)},
    {"not", read_schema, offsetof(node, no)},
    {"if", read_schema, offsetof(node, when)},
    {"then", read_schema, offsetof(node, then)},
    {"else", read_schema, offsetof(node, otherwise)},
    {"allOf", read_schemas, offsetof(node, all)},
    {"anyOf", read_schemas, offsetof(node, any)},
    {"oneOf", read_schemas, offsetof(node, one)},
    {"prefixItems", read_schemas, offsetof(node, prefix)},
    {"$ref", read_ref, 0},
    {"$defs", skip, 0},
    {"definitions", skip, 0},
    {"title", skip, 0},
    {"description", skip, 0},
    {"default", skip, 0},
    {"examples", skip, 0},
    {"deprecated", skip, 0},
    {"readOnly", skip, 0},
    {"writeOnly", skip, 0},
    {"$comment", skip, 0},
    {"$schema", skip, 0},
    {"$id", skip, 0},
    {"contentEncoding", skip, 0},
    {"contentMediaType", skip, 0},
    {"contentSchema", skip, 0},
};
enum { KEYWORDS = sizeof keywords / sizeof *keywords };

static bool read_keyword(struct compiling *c, node *n, struct tg_text name, const value *v)
{
  char shown[SHOWN_SIZE];
  const char *names[KEYWORDS + 1] = {0};
  for (uint32_t i = 0; i < KEYWORDS; i++) {
    names[i] = keywords[i].name;
    if (tg_text_is(name, names[i])) return keywords[i].read(c, n, v, &keywords[i]);
  }
  const char *near = tg_text_nearest(name, names);
  return fail(c, n, "the keyword '%s' is not checked here%s%s%s",
              tg_text_shown(name, shown, sizeof shown), near ? "; did you mean '" : "",
              near ? near : "", near ? "'?" : "");
}

static node *new_node(struct compiling *c, const char *place)
{
  node *n = tg_arena_zalloc(&c->s->arena, 1, sizeof *n);
  if (!n || c->s->nodes_count == TG_SCHEMA_NODES_MAX) return full(c), NULL;
  n->place = tg_text(place);
  for (int i = 0; i < TG_SIZES; i++) n->most[i] = UINT32_MAX;
  n->least[TG_SIZE_CONTAINS] = 1;
  n->next = c->s->nodes, c->s->nodes = n, c->s->nodes_count++;
  return n;
}

static node *compile(struct compiling *c, const value *v, const char *place)
{
  value each;
  node *n = new_node(c, place);
  if (!n) return NULL;
  n->never = v->kind == TG_JSON_FALSE;
  if (n->never || v->kind == TG_JSON_TRUE) return n;
  bool list = v->kind == TG_JSON_ARRAY;
  struct tg_jsonwalk w = {0};
  if (list || v->kind == TG_JSON_OBJECT) w = tg_jsonwalk_into(&c->j, v);
  if ((list && w.more) || (!list && v->kind != TG_JSON_OBJECT))
    return fail(c, n, "a schema is an object, true or false"), NULL;
  while (tg_jsonwalk_next(&w, &each))
    if (!read_keyword(c, n, w.key, &each)) return NULL;
  return n;
}

/* --- $ref --- */

/* Takes one step of a JSON pointer (RFC 6901) from the front, unescaped into out. */
static struct tg_text take_step(struct tg_text *pointer, char *out)
{
  uint32_t n = 0, i = 1; /* behind the slash */
  for (; i < pointer->len && pointer->ptr[i] != '/'; i++) {
    char ch = pointer->ptr[i];
    bool escaped = ch == '~' && i + 1 < pointer->len;
    if (escaped) ch = pointer->ptr[++i] == '1' ? '/' : '~';
    out[n++] = ch;
  }
  *pointer = tg_text_of(pointer->ptr + i, pointer->len - i);
  return tg_text_of(out, n);
}

/* The member or element called step; false when there is none. */
static bool step_into(struct compiling *c, value *v, struct tg_text step)
{
  value each;
  char number[16];
  uint32_t i = 0;
  if (v->kind != TG_JSON_OBJECT && v->kind != TG_JSON_ARRAY) return false;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(&c->j, v); tg_jsonwalk_next(&w, &each); i++) {
    snprintf(number, sizeof number, "%u", i);
    struct tg_text key = w.object ? tg_jsoncanon_text(&c->s->arena, w.key) : tg_text(number);
    if (!key.ptr || !tg_text_eq(key, step)) continue;
    *v = each;
    return true;
  }
  return false;
}

static bool resolve(struct compiling *c, node *n)
{
  char shown[SHOWN_SIZE];
  for (node *other = c->s->nodes; other && !n->ref; other = other->next)
    if (tg_text_eq(other->place, n->ref_to)) n->ref = other;
  if (n->ref) return true;
  struct tg_text rest = tg_text_of(n->ref_to.ptr + 1, n->ref_to.len - 1);
  value v = c->root;
  char *step = tg_arena_bytes(&c->s->arena, rest.len);
  const char *place = tg_arena_printf(&c->s->arena, "%.*s", TG_TEXT(n->ref_to));
  if (!step || !place) return full(c);
  while (rest.len)
    if (!step_into(c, &v, take_step(&rest, step)))
      return fail(c, n, "$ref: there is no '%s'", tg_text_shown(n->ref_to, shown, sizeof shown));
  return (n->ref = compile(c, &v, place)) != NULL;
}

/* Compiling what is referred to may bring new references: each at the head of the list. */
static bool resolve_all(struct compiling *c)
{
  bool found = true;
  while (found) {
    found = false;
    for (node *n = c->s->nodes; n && !found; n = n->next) {
      if (!n->ref_to.len || n->ref) continue;
      if (!resolve(c, n)) return false;
      found = true;
    }
  }
  return true;
}

enum tg_rc tg_jsonschema_new(struct tg_text json, struct tg_jsonschema **out, struct tg_err *err)
{
  struct tg_jsonschema *s = calloc(1, sizeof *s);
  struct compiling c = {.s = s, .err = err};
  *out = NULL;
  if (!s) return tg_err_set(err, TG_FULL, "", "no memory for a schema");
  tg_arena_init(&s->arena, ARENA_CHUNK, 0);
  tg_arena_init(&s->scratch, ARENA_CHUNK, SCRATCH_MAX);
  tg_buf_init(&s->canon, SCRATCH_MAX);
  s->index = tg_jsonindex_new();
  struct tg_text copy = tg_arena_copy(&s->arena, json);
  tg_err_clear(err);
  if (!s->index || !copy.ptr)
    full(&c);
  else if (json.len > TG_JSONSCHEMA_BYTES_MAX)
    tg_err_set(err, TG_CONFIG, "", "a schema has at most %d bytes", TG_JSONSCHEMA_BYTES_MAX);
  else if (!tg_jsonwalk_open(s->index, copy, &c.j, &c.root))
    tg_err_set(err, TG_CONFIG, "", "the schema is no JSON");
  else if ((s->root = compile(&c, &c.root, "#")) && resolve_all(&c))
    return *out = s, TG_OK;
  tg_jsonschema_free(s);
  return err->rc;
}

void tg_jsonschema_free(struct tg_jsonschema *s)
{
  if (!s) return;
  for (node *n = s->nodes; n; n = n->next) {
    tg_regex_free(n->pattern);
    for (uint32_t i = 0; i < n->patterns_count; i++) tg_regex_free(n->patterns[i].pattern);
  }
  tg_jsonindex_free(s->index);
  tg_buf_fini(&s->canon);
  tg_arena_fini(&s->scratch);
  tg_arena_fini(&s->arena);
  free(s);
}
