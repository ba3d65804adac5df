/* Shapes of events: one pass over the top level of their JSON. */
#include "core/data/eventshape.h"
#include "core/data/jsonread.h"

#include <stdio.h>
#include <stdlib.h>

enum { REASON_SIZE = 200, SHOWN_SIZE = 128 };

struct reading {
  struct tg_op *op;
  struct tg_jsonindex *index;
  struct tg_jsonread json;
};

const char *tg_shape_text(uint8_t bit)
{
  switch (bit) {
#define X(code, value, name)                                                                       \
  case code: return name;
    TG_SHAPE_LIST(X)
#undef X
  default: return "";
  }
}

static uint8_t kind_of(const struct tg_json_value *v)
{
  switch (v->kind) {
  case TG_JSON_NULL: return TG_SHAPE_NULL;
  case TG_JSON_FALSE:
  case TG_JSON_TRUE: return TG_SHAPE_BOOLEAN;
  case TG_JSON_STRING: return TG_SHAPE_STRING;
  case TG_JSON_ARRAY: return TG_SHAPE_ARRAY;
  case TG_JSON_OBJECT: return TG_SHAPE_OBJECT;
  default: break;
  }
  for (uint32_t i = 0; i < v->raw.len; i++) {
    char c = v->raw.ptr[i];
    if (c == '.' || c == 'e' || c == 'E') return TG_SHAPE_NUMBER;
  }
  return TG_SHAPE_INTEGER;
}

/* A name as it reads; ptr NULL when the arena is full. */
static struct tg_text plain(struct tg_op *op, struct tg_text raw)
{
  if (!raw.len || !memchr(raw.ptr, '\\', raw.len)) return raw.len ? raw : tg_text("");
  char *p = tg_arena_bytes(op->arena, raw.len);
  return p ? tg_text_of(p, tg_jsonread_unescape(raw, p)) : (struct tg_text){NULL, 0};
}

/* Takes the opening bracket of an object; false when the event is none. */
static bool open_event(struct reading *r, struct tg_text value)
{
  struct tg_jsonspots spots;
  const char *reason;
  if (!value.ptr || tg_jsonindex_run(r->index, value, &spots, &reason) != TG_OK) return false;
  tg_jsonread_start(&r->json, value, spots);
  return tg_jsonread_take(&r->json, '{');
}

/* The next member; *more is false behind the last. */
static bool next_member(struct reading *r, struct tg_text *name, uint8_t *kind, bool *more)
{
  struct tg_text raw;
  struct tg_json_value v;
  if (!tg_jsonread_key(&r->json, &raw) || !tg_jsonread_value(&r->json, 1, &v)) return false;
  *name = plain(r->op, raw);
  *kind = kind_of(&v);
  return name->ptr && tg_jsonread_more(&r->json, '}', more);
}

/* --- reading --- */

static int by_name(const void *a, const void *b)
{
  const struct tg_shape_name *x = a, *y = b;
  uint32_t len = x->name.len < y->name.len ? x->name.len : y->name.len;
  int c = len ? memcmp(x->name.ptr, y->name.ptr, len) : 0;
  return c ? c : (x->name.len > y->name.len) - (x->name.len < y->name.len);
}

/* Names are few and come in the same order in every event: the search begins behind the last. */
static struct tg_shape_name *find(struct tg_shapes *s, struct tg_text name, uint32_t *hint)
{
  for (uint32_t k = 0; k < s->count; k++) {
    uint32_t at = *hint + k < s->count ? *hint + k : *hint + k - s->count;
    if (!tg_text_eq(s->names[at].name, name)) continue;
    *hint = at + 1 < s->count ? at + 1 : 0;
    return &s->names[at];
  }
  if (s->count == TG_SHAPE_NAMES_MAX) return NULL;
  s->names[s->count] = (struct tg_shape_name){.name = name};
  *hint = 0;
  return &s->names[s->count++];
}

static bool read_event(struct reading *r, struct tg_shapes *s)
{
  uint32_t hint = 0;
  bool more = !tg_jsonread_take(&r->json, '}');
  s->events++;
  while (more) {
    struct tg_text name;
    uint8_t kind;
    if (!next_member(r, &name, &kind, &more)) return false;
    struct tg_shape_name *n = find(s, name, &hint);
    if (n) n->rows++, n->kinds |= kind;
    if (!n) s->unnamed++;
  }
  return true;
}

bool tg_eventshape_read(struct tg_op *op, const struct tg_batch *b, struct tg_shapes *out)
{
  struct reading r = {.op = op, .index = tg_jsonindex_new()};
  *out = (struct tg_shapes){0};
  out->names = tg_op_alloc(op, TG_SHAPE_NAMES_MAX, sizeof *out->names);
  bool done = out->names && r.index;
  for (uint32_t i = 0; done && i < b->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0) done = !tg_op_late(op);
    if (done && open_event(&r, b->events[i].value) && !read_event(&r, out)) out->events--;
  }
  tg_jsonindex_free(r.index);
  if (done) qsort(out->names, out->count, sizeof *out->names, by_name);
  if (!r.index) tg_op_full(op);
  return done;
}

/* --- matching --- */

struct matching {
  struct reading r;
  const struct tg_shape_wants *wants;
  uint8_t *kinds; /* by want: what the event has there, 0: nothing */
  struct tg_shape_match *out;
};

static uint32_t want_of(const struct matching *m, struct tg_text name, uint32_t *hint)
{
  for (uint32_t k = 0; k < m->wants->count; k++) {
    uint32_t at = (*hint + k) % m->wants->count;
    if (!tg_text_eq(m->wants->fields[at].name, name)) continue;
    *hint = at + 1;
    return at;
  }
  return UINT32_MAX;
}

/* Fills m->kinds, and *stray with the first name that nobody wants. */
static bool gather(struct matching *m, struct tg_text *stray)
{
  uint32_t hint = 0;
  bool more = !tg_jsonread_take(&m->r.json, '}');
  memset(m->kinds, 0, m->wants->count);
  while (more) {
    struct tg_text name;
    uint8_t kind;
    if (!next_member(&m->r, &name, &kind, &more)) return false;
    uint32_t at = want_of(m, name, &hint);
    if (at != UINT32_MAX) m->kinds[at] = kind;
    if (at == UINT32_MAX && !stray->ptr) *stray = name;
  }
  return true;
}

static bool allowed(const struct tg_shape_want *want, uint8_t kind)
{
  if (kind == TG_SHAPE_INTEGER && want->kinds & TG_SHAPE_NUMBER) return true;
  return (want->kinds & kind) != 0;
}

/* The first fault among the wanted fields, as text; false when there is none. */
static bool wanted_fault(struct matching *m, char reason[REASON_SIZE])
{
  char shown[SHOWN_SIZE];
  for (uint32_t i = 0; i < m->wants->count; i++) {
    const struct tg_shape_want *want = &m->wants->fields[i];
    uint8_t kind = m->kinds[i];
    if (kind ? allowed(want, kind) : want->may_be_absent) continue;
    tg_text_shown(want->name, shown, sizeof shown);
    if (!kind) {
      snprintf(reason, REASON_SIZE, "%s: missing", shown);
      m->out->missing++;
    } else if (kind == TG_SHAPE_NULL) {
      snprintf(reason, REASON_SIZE, "%s: null is not allowed", shown);
    } else {
      snprintf(reason, REASON_SIZE, "%s: %s is not the type expected", shown, tg_shape_text(kind));
    }
    return true;
  }
  return false;
}

static bool fault_of(struct matching *m, struct tg_text event, char reason[REASON_SIZE])
{
  char shown[SHOWN_SIZE];
  struct tg_text stray = {NULL, 0};
  if (!open_event(&m->r, event) || !gather(m, &stray)) {
    snprintf(reason, REASON_SIZE, "the event is no JSON object");
    return true;
  }
  if (wanted_fault(m, reason)) return true;
  if (!m->wants->closed || !stray.ptr) return false;
  tg_text_shown(stray, shown, sizeof shown);
  snprintf(reason, REASON_SIZE, "%s: not expected", shown);
  m->out->extra++;
  return true;
}

static bool match_row(struct matching *m, const struct tg_batch *b, uint32_t row)
{
  char reason[REASON_SIZE];
  bool bad = fault_of(m, b->events[row].value, reason);
  m->out->mask->v.mask[row] = bad ? TG_FALSE : TG_TRUE;
  m->out->reasons->nul[row] = bad ? TG_SOME : TG_NULL;
  if (!bad) return true;
  struct tg_text kept = tg_arena_copy(m->r.op->arena, tg_text(reason));
  m->out->reasons->v.texts[row] = kept;
  return kept.ptr != NULL;
}

bool tg_eventshape_match(struct tg_op *op, const struct tg_batch *b,
                         const struct tg_shape_wants *wants, struct tg_shape_match *out)
{
  struct matching m = {.wants = wants, .out = out};
  *out = (struct tg_shape_match){.mask = tg_op_new(op, tg_type_of(TG_BOOL))};
  out->reasons = tg_column_new(op->arena, tg_type_of(TG_TEXT_KIND), op->rows, true);
  m.kinds = tg_op_alloc(op, wants->count, 1);
  m.r = (struct reading){.op = op, .index = tg_jsonindex_new()};
  bool good = out->mask && out->reasons && m.kinds && m.r.index, late = false;
  for (uint32_t i = 0; good && i < b->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0) late = tg_op_late(op);
    good = !late && match_row(&m, b, i);
  }
  tg_jsonindex_free(m.r.index);
  if (!good && !late) tg_op_full(op);
  return good;
}
