/* Values inside json columns. */
#include "core/data/jsonop.h"
#include "core/data/jsonread.h"
#include "core/data/valueparse.h"

enum { SHOWN_SIZE = 128 };

struct steps {
  struct tg_text at[TG_JSON_STEPS_MAX];
  uint32_t count;
};

struct reading { /* one column's */
  struct tg_op *op;
  struct steps steps;
  struct tg_type type;
  bool strict; /* values of another kind of JSON are faults */
  struct tg_jsonindex *index;
  struct tg_valueparse parse;
};

static bool split_path(struct tg_op *op, struct tg_text path, struct steps *out)
{
  char shown[SHOWN_SIZE];
  struct tg_text rest = path;
  for (out->count = 0; out->count < TG_JSON_STEPS_MAX; out->count++) {
    const char *dot = rest.len ? memchr(rest.ptr, '.', rest.len) : NULL;
    struct tg_text step = dot ? tg_text_of(rest.ptr, (size_t)(dot - rest.ptr)) : rest;
    if (!step.len) break;
    out->at[out->count] = step;
    if (!dot) return ++out->count, true;
    rest = tg_text_of(dot + 1, rest.len - step.len - 1);
  }
  tg_op_fail(op, TG_CONFIG, "path '%s' is not made of 1 to %d keys joined by dots",
             tg_text_shown(path, shown, sizeof shown), TG_JSON_STEPS_MAX);
  return false;
}

/* A key as written against a step as it reads. */
static bool is_key(struct reading *r, struct tg_text raw, struct tg_text step)
{
  if (!raw.len || !memchr(raw.ptr, '\\', raw.len)) return tg_text_eq(raw, step);
  char *plain = tg_arena_bytes(r->op->arena, raw.len);
  return plain && tg_text_eq(tg_text_of(plain, tg_jsonread_unescape(raw, plain)), step);
}

/* Reads the object at j.next; *out is the last member called step, kind NONE when there is none. */
static bool find_member(struct reading *r, struct tg_jsonread *j, uint32_t depth,
                        struct tg_text step, struct tg_json_value *out)
{
  bool more = !tg_jsonread_take(j, '}');
  while (more) {
    struct tg_text key;
    struct tg_json_value v;
    if (!tg_jsonread_key(j, &key) || !tg_jsonread_value(j, depth, &v)) return false;
    if (is_key(r, key, step)) *out = v;
    if (!tg_jsonread_more(j, '}', &more)) return false;
  }
  return true;
}

/* 0 when step is no number. */
static uint32_t element_number(struct tg_text step)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < step.len; i++) {
    if (step.ptr[i] < '0' || step.ptr[i] > '9' || n > 100000000) return 0;
    n = n * 10 + (uint32_t)(step.ptr[i] - '0');
  }
  return n;
}

static bool find_element(struct tg_jsonread *j, uint32_t depth, uint32_t number,
                         struct tg_json_value *out)
{
  bool more = !tg_jsonread_take(j, ']');
  for (uint32_t n = 1; more; n++) {
    struct tg_json_value v;
    if (!tg_jsonread_value(j, depth, &v)) return false;
    if (n == number) *out = v;
    if (!tg_jsonread_more(j, ']', &more)) return false;
  }
  return true;
}

/* Goes down the path; false when the text is no JSON. */
static bool walk(struct reading *r, struct tg_text text, struct tg_json_value *out)
{
  struct tg_jsonspots spots;
  struct tg_jsonread j;
  const char *reason;
  if (tg_jsonindex_run(r->index, text, &spots, &reason) != TG_OK) return false;
  tg_jsonread_start(&j, text, spots);
  if (!tg_jsonread_value(&j, 0, out) || j.next != j.count) return false;
  for (uint32_t i = 0; i < r->steps.count; i++) {
    struct tg_json_value in = *out;
    *out = (struct tg_json_value){.kind = TG_JSON_NONE};
    j.next = in.token + 1;
    bool sound = true;
    if (in.kind == TG_JSON_OBJECT) sound = find_member(r, &j, i + 1, r->steps.at[i], out);
    if (in.kind == TG_JSON_ARRAY)
      sound = find_element(&j, i + 1, element_number(r->steps.at[i]), out);
    if (!sound) return false;
  }
  return true;
}

/* A string as it reads; ptr NULL when the arena is full. */
static struct tg_text plain_text(struct reading *r, const struct tg_json_value *v)
{
  if (v->kind != TG_JSON_STRING || !(v->flags & TG_JSON_ESCAPES)) return v->raw;
  char *p = tg_arena_bytes(r->op->arena, v->raw.len);
  return tg_text_of(p, p ? tg_jsonread_unescape(v->raw, p) : 0);
}

static bool same_kind(struct tg_type type, uint8_t kind)
{
  if (tg_type_is_text(type)) return kind == TG_JSON_STRING;
  if (type.kind == TG_BOOL) return kind == TG_JSON_TRUE || kind == TG_JSON_FALSE;
  return kind == TG_JSON_NUMBER;
}

/* Stores the value; the nul byte of the row, or UINT8_MAX when the arena is full. */
static uint8_t store(struct reading *r, const struct tg_json_value *v, struct tg_column *out,
                     uint32_t row)
{
  if (v->kind == TG_JSON_NONE || v->kind == TG_JSON_NULL) return TG_NULL;
  if (r->strict && !same_kind(r->type, v->kind)) return TG_TYPE;
  bool nested = v->kind == TG_JSON_ARRAY || v->kind == TG_JSON_OBJECT;
  bool text = tg_type_is_text(r->type);
  if (nested && !text) return TG_CAST;
  if (v->kind == TG_JSON_STRING && (v->flags & TG_JSON_NUL)) return TG_CAST;
  struct tg_text plain = plain_text(r, v);
  if (!plain.ptr) return UINT8_MAX;
  enum tg_rc rc = tg_value_parse(&r->parse, plain, out, row);
  if (rc == TG_FULL) return UINT8_MAX;
  return rc == TG_OK ? TG_SOME : TG_CAST;
}

static bool read_rows(struct reading *r, const struct tg_column *c, struct tg_column *out,
                      uint8_t *nul)
{
  for (uint32_t i = 0; i < c->rows; i++) {
    struct tg_json_value v = {.kind = TG_JSON_NONE};
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(r->op)) return false;
    nul[i] = c->nul ? c->nul[i] : TG_SOME;
    if (nul[i]) continue;
    nul[i] = walk(r, c->v.texts[i], &v) ? store(r, &v, out, i) : TG_PARSE;
    if (nul[i] == UINT8_MAX) return tg_op_full(r->op) != NULL;
  }
  return true;
}

static struct tg_column *read_column(struct reading *r, const struct tg_column *c)
{
  struct tg_column *out = tg_op_new(r->op, r->type);
  uint8_t *nul = tg_op_alloc(r->op, r->op->rows, 1);
  if (!out || !nul) return NULL;
  if (!(r->index = tg_jsonindex_new())) return tg_op_full(r->op);
  bool done = read_rows(r, c, out, nul);
  tg_jsonindex_free(r->index);
  return done ? tg_op_end(r->op, out, nul) : NULL;
}

bool tg_json_is(struct tg_type type)
{
  return !type.array && (type.kind == TG_JSON || type.kind == TG_JSONB);
}

struct tg_column *tg_json_values(struct tg_op *op, struct tg_column *c, struct tg_type type)
{
  struct reading r = {.op = op, .type = type, .strict = true};
  r.parse = (struct tg_valueparse){.arena = op->arena, .zone_s = op->zone_s};
  return read_column(&r, c);
}

struct tg_column *tg_json_at(struct tg_op *op, struct tg_column *c, struct tg_text path,
                             struct tg_type type)
{
  char name[SHOWN_SIZE];
  struct reading r = {.op = op, .type = type, .parse = {.arena = op->arena, .zone_s = op->zone_s}};
  if (!tg_json_is(c->type) && !tg_type_is_text(c->type))
    return tg_op_fail(op, TG_CONFIG, "%s is no json", tg_type_name(c->type, name, sizeof name));
  if (type.array || type.kind == TG_JSON || type.kind == TG_JSONB || type.kind == TG_BYTEA)
    return tg_op_fail(op, TG_CONFIG, "values are not read as %s; as text they stay as written",
                      tg_type_name(type, name, sizeof name));
  return split_path(op, path, &r.steps) ? read_column(&r, c) : NULL;
}

struct tg_column *tg_json_text(struct tg_op *op, struct tg_column *c)
{
  struct reading r = {.op = op,
                      .type = tg_type_of(TG_TEXT_KIND),
                      .parse = {.arena = op->arena, .zone_s = op->zone_s}};
  return read_column(&r, c);
}
