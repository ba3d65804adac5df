/* For every event: index it, walk its object once and note where each wanted value is, then convert
 * field by field. Nothing is converted before the walk has seen the last byte: what is stored comes
 * from valid JSON, and duplicate keys have settled. */
#include "core/data/decode.h"

#include "core/base/clock.h"
#include "core/data/jsonvalue.h"
#include "core/data/keytree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TREE_CHUNK = 16 << 10, KEY_SIZE = 1 << 10, MESSAGE_SIZE = 512, SHOWN_SIZE = 288 };

struct plan { /* how one field is filled */
  const struct tg_field *field;
  struct tg_key **keys;       /* one per path, in order */
  struct tg_key *only;        /* the one, where no more are given; else NULL */
  struct tg_column *fallback; /* the default, one row; NULL when there is none */
  char *fallback_fault;       /* why the default is no value of the type */
  struct tg_text
      fallback_text; /* a text default in the present batch's arena; ptr NULL: not yet copied */
  struct tg_column *column; /* of the present batch */
  bool text;                /* it takes strings as they are */
  bool nulls;               /* it has some */
};

struct tg_decoder {
  const struct tg_topic *topic;
  struct tg_arena arena;       /* the tree, the plans */
  struct tg_jsonindex *index;  /* of the event */
  struct tg_jsonindex *others; /* of json in keys, headers and defaults */
  struct tg_key root;
  struct plan *plans;
  struct tg_jsonvalue values;
  struct tg_batch *batch;
  uint64_t stamp;          /* of the present event */
  const struct tg_key *at; /* whose text is being read; NULL: none that a field wants */
  struct tg_buf extra;     /* its undeclared members, when they are kept */
  uint32_t extra_flags;
  struct tg_text unknown; /* its first undeclared key, as written; ptr NULL: none */
};

/* --- making --- */

static bool plan_default(struct tg_decoder *d, struct plan *p)
{
  const struct tg_field *f = p->field;
  struct tg_valueparse *parse = &d->values.parse;
  if (!f->has_default) return true;
  if (!(p->fallback = tg_column_new(&d->arena, f->type, 1, true))) return false;
  parse->arena = &d->arena, parse->bare = parse->utf8 = false;
  enum tg_rc rc = tg_value_parse(parse, f->default_text, p->fallback, 0);
  if (rc == TG_DATA)
    return (p->fallback_fault = tg_arena_printf(&d->arena, "default %s", parse->reason));
  return rc == TG_OK;
}

static bool plan_field(struct tg_decoder *d, struct plan *p)
{
  const struct tg_field *f = p->field;
  uint32_t count = f->source == TG_FROM_VALUE ? f->paths_count : 0;
  if (!(p->keys = tg_arena_zalloc(&d->arena, count, sizeof(struct tg_key *)))) return false;
  for (uint32_t i = 0; i < count; i++)
    if (!(p->keys[i] = tg_key_add(&d->arena, &d->root, &f->paths[i]))) return false;
  p->only = count == 1 ? p->keys[0] : NULL;
  p->text = f->type.kind == TG_TEXT_KIND && !f->type.array && f->epoch == TG_EPOCH_NONE;
  return plan_default(d, p);
}

static bool plan_all(struct tg_decoder *d)
{
  const struct tg_topic *t = d->topic;
  if (!(d->index = tg_jsonindex_new()) || !(d->others = tg_jsonindex_new())) return false;
  if (!(d->plans = tg_arena_zalloc(&d->arena, t->fields_count, sizeof *d->plans))) return false;
  d->values.parse.index = d->others;
  d->values.parse.zone_s = t->tz_offset_s;
  for (uint32_t i = 0; i < t->fields_count; i++) {
    d->plans[i].field = &t->fields[i];
    if (!plan_field(d, &d->plans[i])) return false;
  }
  return tg_key_seal(&d->arena, &d->root);
}

struct tg_decoder *tg_decoder_new(const struct tg_topic *topic)
{
  struct tg_decoder *d = calloc(1, sizeof *d);
  if (!d) return NULL;
  d->topic = topic;
  tg_arena_init(&d->arena, TREE_CHUNK, 0);
  tg_buf_init(&d->extra, 0);
  tg_buf_init(&d->values.scratch, 0);
  if (plan_all(d)) return d;
  tg_decoder_free(d);
  return NULL;
}

void tg_decoder_free(struct tg_decoder *d)
{
  if (!d) return;
  tg_buf_fini(&d->values.scratch);
  tg_buf_fini(&d->extra);
  if (d->others) tg_jsonindex_free(d->others);
  if (d->index) tg_jsonindex_free(d->index);
  tg_arena_fini(&d->arena);
  free(d);
}

void tg_decoder_take_nonfinite(struct tg_decoder *d)
{
  d->values.parse.nonfinite = true;
}

/* --- refusing --- */

__attribute__((format(printf, 4, 5))) static enum tg_rc
refuse(struct tg_decoder *d, uint32_t row, struct tg_text field, const char *fmt, ...)
{
  char reason[MESSAGE_SIZE];
  va_list args;
  va_start(args, fmt);
  vsnprintf(reason, sizeof reason, fmt, args);
  va_end(args);
  struct tg_issue issue = {
      .fate = TG_QUARANTINE, .stage = TG_STAGE_DECODE, .field = field, .reason = tg_text(reason)};
  tg_batch_issue(d->batch, row, &issue);
  return TG_DATA;
}

static enum tg_rc refuse_all(struct tg_decoder *d, uint32_t row, const char *reason)
{
  return refuse(d, row, (struct tg_text){NULL, 0}, "%s", reason);
}

/* The name of the field that wants this key; ptr NULL: none does. */
static struct tg_text field_at(const struct tg_decoder *d, const struct tg_key *k)
{
  for (uint32_t f = 0; k && f < d->topic->fields_count; f++) {
    const struct plan *p = &d->plans[f];
    uint32_t count = p->field->source == TG_FROM_VALUE ? p->field->paths_count : 0;
    for (uint32_t i = 0; i < count; i++)
      if (p->keys[i] == k) return p->field->name;
  }
  return (struct tg_text){NULL, 0};
}

static enum tg_rc refuse_json(struct tg_decoder *d, uint32_t row)
{
  struct tg_text none = {NULL, 0}, value = d->batch->events[row].value;
  const struct tg_jsonread *j = &d->values.json;
  bool mark = value.len >= 3 && memcmp(value.ptr, "\xef\xbb\xbf", 3) == 0;
  if (mark) return refuse(d, row, none, "not JSON: it begins with a byte order mark");
  struct tg_text field = field_at(d, d->at);
  return refuse(d, row, field, "%.*s%snot JSON: %s at byte %u", TG_TEXT(field),
                field.ptr ? ": " : "", j->reason, j->fault_at);
}

/* --- walking the object --- */

static bool walk_object(struct tg_decoder *d, struct tg_key *parent, uint32_t depth);

/* True when the key that k names, its colon and two tokens more are next. */
static inline bool key_ahead(const struct tg_jsonread *j, const struct tg_key *k)
{
  if (j->count - j->next < 4) return false;
  const uint32_t *at = j->at + j->next;
  const char *p = j->text + at[0];
  return *p == '"' && tg_key_at(k, p + 1) && j->text[at[1]] == ':';
}

/* Behind such a key: takes it with its value and a comma in one step, when the value is a string to
 * which there is nothing. Most members are like that. */
static inline bool take_string(struct tg_jsonread *j, struct tg_json_value *out)
{
  const uint32_t *at = j->at + j->next;
  const char *from = j->text + at[2], *to = j->text + at[3];
  if (!j->plain || *from != '"' || *to != ',' || to[-1] != '"' || to - from < 2) return false;
  *out = (struct tg_json_value){.raw = tg_text_of(from + 1, (size_t)(to - from) - 2),
                                .token = j->next + 2,
                                .kind = TG_JSON_STRING};
  j->next += 4;
  return true;
}

/* Reads a key; *k: the child that it names, NULL when it is not wanted. */
static bool read_key(struct tg_decoder *d, struct tg_key *parent, struct tg_text *raw,
                     struct tg_key **k)
{
  char name[KEY_SIZE];
  struct tg_jsonread *j = &d->values.json;
  uint32_t before = j->flags;
  j->flags = 0;
  bool good = tg_jsonread_key(j, raw), escapes = j->flags & TG_JSON_ESCAPES;
  j->flags |= before;
  if (!good) return false;
  bool longer = escapes && raw->len > sizeof name;
  struct tg_text text = *raw;
  if (escapes && !longer) text = tg_text_of(name, tg_jsonread_unescape(*raw, name));
  *k = longer ? NULL : tg_key_find(parent, text);
  return true;
}

/* An undeclared member of the event itself: kept, or its name for the refusal. */
static void note_unknown(struct tg_decoder *d, struct tg_text key, const struct tg_json_value *v)
{
  if (!d->unknown.ptr) d->unknown = key;
  if (d->topic->unknown != TG_UNKNOWN_KEEP) return;
  tg_buf_char(&d->extra, d->extra.len ? ',' : '{');
  tg_buf_char(&d->extra, '"');
  tg_buf_text(&d->extra, key);
  tg_buf_str(&d->extra, "\":");
  tg_buf_text(&d->extra, tg_jsonvalue_text(v));
  d->extra_flags |= v->flags;
}

static bool walk_unknown(struct tg_decoder *d, struct tg_key *parent, struct tg_text key,
                         uint32_t depth)
{
  struct tg_json_value v;
  if (!tg_jsonread_value(&d->values.json, depth, &v)) return false;
  if (parent == &d->root && d->topic->unknown != TG_UNKNOWN_IGNORE) note_unknown(d, key, &v);
  return true;
}

/* An object of which members are wanted, and perhaps itself. */
static bool walk_inner(struct tg_decoder *d, struct tg_key *k, uint32_t depth)
{
  struct tg_jsonread *j = &d->values.json;
  const char *from = j->text + j->at[j->next];
  uint32_t before = j->flags;
  j->flags = 0;
  k->value.kind = TG_JSON_OBJECT, k->value.token = j->next;
  if (!walk_object(d, k, depth)) return false;
  k->value.raw = tg_text_of(from, (size_t)(j->text + j->at[j->next - 1] + 1 - from));
  k->value.flags = j->flags;
  j->flags |= before;
  return true;
}

static bool walk_value(struct tg_decoder *d, struct tg_key *k, uint32_t depth)
{
  struct tg_jsonread *j = &d->values.json;
  if (k->children && tg_jsonread_peek(j) == '{') return walk_inner(d, k, depth);
  bool string = tg_jsonread_peek(j) == '"';
  if (tg_jsonread_value(j, depth, &k->value)) return true;
  d->at = string ? k : NULL;
  return false;
}

/* One member and what separates it from the next; *guess: where the key expected here is
 * remembered. */
static inline bool walk_member(struct tg_decoder *d, struct tg_key *parent, struct tg_key ***guess,
                               uint32_t depth, bool *more)
{
  struct tg_jsonread *j = &d->values.json;
  struct tg_text raw;
  struct tg_key *k = **guess;
  bool guessed = k && key_ahead(j, k);
  if (!guessed && !read_key(d, parent, &raw, &k)) return false;
  if (!k) return walk_unknown(d, parent, raw, depth) && tg_jsonread_more(j, '}', more);
  **guess = k;
  *guess = &k->then;
  if (k->stamp == d->stamp) tg_key_forget(k);
  k->stamp = d->stamp;
  if (guessed && take_string(j, &k->value)) return true;
  if (guessed) j->next += 2;
  return walk_value(d, k, depth) && tg_jsonread_more(j, '}', more);
}

static bool walk_object(struct tg_decoder *d, struct tg_key *parent, uint32_t depth)
{
  struct tg_jsonread *j = &d->values.json;
  struct tg_key **guess = &parent->guess;
  j->next++;
  bool more = !tg_jsonread_take(j, '}');
  while (more)
    if (!walk_member(d, parent, &guess, depth + 1, &more)) return false;
  return true;
}

/* --- filling fields --- */

static enum tg_rc refuse_field(struct tg_decoder *d, const struct plan *p, uint32_t row,
                               const char *reason)
{
  struct tg_text name = p->field->name;
  return refuse(d, row, name, "%.*s: %s", TG_TEXT(name), reason);
}

static enum tg_rc store_null(struct tg_decoder *d, struct plan *p, uint32_t row, const char *why)
{
  tg_value_null(p->column, row);
  p->nulls = true;
  if (!p->field->not_null || p->field->source == TG_FROM_NOWHERE) return TG_OK;
  return refuse_field(d, p, row, why);
}

/* A load may outlive the decoder that made it, so that a text default is copied once per batch. */
static enum tg_rc store_default_text(struct tg_decoder *d, struct plan *p, uint32_t row)
{
  if (!p->fallback_text.ptr)
    p->fallback_text = tg_arena_copy(d->values.parse.arena, p->fallback->v.texts[0]);
  p->column->v.texts[row] = p->fallback_text;
  return p->fallback_text.ptr ? TG_OK : TG_FULL;
}

static enum tg_rc store_default(struct tg_decoder *d, struct plan *p, uint32_t row)
{
  if (!p->fallback)
    return store_null(d, p, row, "null in NOT NULL field: the event does not have it");
  if (p->fallback_fault) return refuse_field(d, p, row, p->fallback_fault);
  if (tg_type_store(p->field->type) == TG_STORE_TEXT) return store_default_text(d, p, row);
  uint32_t width = tg_type_width(p->field->type);
  memcpy((char *)p->column->v.any + (size_t)row * width, p->fallback->v.any, width);
  return TG_OK;
}

static enum tg_rc store_path(struct tg_decoder *d, struct plan *p, uint32_t row)
{
  bool present = false;
  for (uint32_t i = 0; i < p->field->paths_count; i++) {
    const struct tg_key *k = p->keys[i];
    if (k->stamp != d->stamp) continue;
    if (k->value.kind != TG_JSON_NULL)
      return tg_jsonvalue_store(&d->values, &k->value, p->field->epoch, p->column, row);
    present = true;
  }
  return present ? store_null(d, p, row, "null in NOT NULL field") : store_default(d, p, row);
}

static enum tg_rc store_extra(struct tg_decoder *d, struct plan *p, uint32_t row)
{
  struct tg_valueparse *parse = &d->values.parse;
  if (!d->extra.len) return store_null(d, p, row, "null in NOT NULL field");
  tg_buf_char(&d->extra, '}');
  if (d->extra.failed) return TG_FULL;
  struct tg_text text = tg_buf_view(&d->extra);
  enum tg_rc rc = tg_jsonvalue_check(parse, text, d->extra_flags, p->field->type.kind);
  if (rc != TG_OK) return rc;
  p->column->v.texts[row] = tg_arena_copy(parse->arena, text);
  return p->column->v.texts[row].ptr ? TG_OK : TG_FULL;
}

/* Bytes that Kafka holds beside the value. */
static enum tg_rc store_bytes(struct tg_decoder *d, struct plan *p, uint32_t row,
                              struct tg_text bytes)
{
  d->values.parse.bare = d->values.parse.utf8 = false;
  if (p->field->epoch != TG_EPOCH_NONE)
    return tg_value_epoch(&d->values.parse, bytes, p->field->epoch, p->column, row);
  if (p->field->type.kind != TG_BYTEA || p->field->type.array)
    return tg_value_parse(&d->values.parse, bytes, p->column, row);
  p->column->v.texts[row] = bytes;
  return TG_OK;
}

static enum tg_rc store_number(struct tg_decoder *d, struct plan *p, uint32_t row, int64_t v)
{
  char digits[24];
  if (p->field->type.kind == TG_INT8 && !p->field->type.array) {
    p->column->v.ints[row] = v;
    return TG_OK;
  }
  snprintf(digits, sizeof digits, "%lld", (long long)v);
  struct tg_text text = tg_arena_copy(d->values.parse.arena, tg_text(digits));
  return text.ptr ? store_bytes(d, p, row, text) : TG_FULL;
}

static enum tg_rc store_timestamp(struct tg_decoder *d, struct plan *p, uint32_t row, int64_t us)
{
  char shown[32];
  bool same = p->field->type.kind == TG_TIMESTAMPTZ || p->field->type.kind == TG_TIMESTAMP;
  if (us < 0) return store_default(d, p, row); /* Kafka has none */
  if (same && !p->field->type.array) {
    p->column->v.ints[row] = us;
    return TG_OK;
  }
  struct tg_text text = tg_arena_copy(d->values.parse.arena, tg_text(tg_clock_text(us, shown)));
  return text.ptr ? store_bytes(d, p, row, text) : TG_FULL;
}

static enum tg_rc store_header(struct tg_decoder *d, struct plan *p, uint32_t row,
                               struct tg_text headers)
{
  struct tg_header h, last = {0};
  uint32_t at = 0;
  while (tg_headers_next(headers, &at, &h))
    if (tg_text_eq(h.name, p->field->header)) last = h;
  if (!last.name.ptr) return store_default(d, p, row);
  if (!last.value.ptr)
    return store_null(d, p, row, "null in NOT NULL field: the header has no value");
  return store_bytes(d, p, row, last.value);
}

static enum tg_rc store_raw(struct tg_decoder *d, struct plan *p, uint32_t row,
                            struct tg_text value)
{
  struct tg_type t = p->field->type;
  if (t.array || (t.kind != TG_JSON && t.kind != TG_JSONB)) return store_bytes(d, p, row, value);
  enum tg_rc rc = tg_jsonvalue_check(&d->values.parse, value, d->values.json.flags, t.kind);
  if (rc == TG_OK) p->column->v.texts[row] = value;
  return rc;
}

static enum tg_rc store_field(struct tg_decoder *d, struct plan *p, uint32_t row)
{
  const struct tg_event *e = &d->batch->events[row];
  const struct tg_topic *t = d->topic;
  if (t->unknown == TG_UNKNOWN_KEEP && p->field == &t->fields[t->fields_count - 1])
    return store_extra(d, p, row);
  switch (p->field->source) {
  case TG_FROM_VALUE: return store_path(d, p, row);
  case TG_FROM_TIMESTAMP: return store_timestamp(d, p, row, e->kafka_us);
  case TG_FROM_KEY: return e->key.ptr ? store_bytes(d, p, row, e->key) : store_default(d, p, row);
  case TG_FROM_OFFSET: return store_number(d, p, row, e->offset);
  case TG_FROM_PARTITION: return store_number(d, p, row, e->partition);
  case TG_FROM_SIZE: return store_number(d, p, row, e->size);
  case TG_FROM_RAW: return store_raw(d, p, row, e->value);
  case TG_FROM_HEADER: return store_header(d, p, row, e->headers);
  case TG_FROM_NOWHERE: break;
  }
  return store_default(d, p, row);
}

/* --- rows --- */

/* Most fields are one member of the object, and there. */
static inline enum tg_rc fill_field(struct tg_decoder *d, struct plan *p, uint32_t row)
{
  const struct tg_key *k = p->only;
  if (!k || k->stamp != d->stamp || k->value.kind == TG_JSON_NULL) return store_field(d, p, row);
  if (p->text && tg_jsonvalue_pack(&d->values, &k->value, &p->column->v.texts[row])) return TG_OK;
  return tg_jsonvalue_store(&d->values, &k->value, p->field->epoch, p->column, row);
}

static enum tg_rc fill_fields(struct tg_decoder *d, uint32_t row)
{
  enum tg_rc worst = TG_OK;
  char *reason = d->values.parse.reason;
  reason[0] = '\0';
  for (uint32_t i = 0; i < d->topic->fields_count; i++) {
    struct plan *p = &d->plans[i];
    enum tg_rc rc = fill_field(d, p, row);
    if (rc == TG_OK) continue;
    if (rc == TG_FULL) return rc;
    if (reason[0]) refuse_field(d, p, row, reason);
    reason[0] = '\0';
    worst = TG_DATA;
  }
  return worst;
}

static enum tg_rc walk(struct tg_decoder *d, uint32_t row, struct tg_text value)
{
  struct tg_jsonread *j = &d->values.json;
  struct tg_jsonspots spots;
  *j = (struct tg_jsonread){0};
  d->at = NULL;
  enum tg_rc rc = tg_jsonindex_run(d->index, value, &spots, &j->reason);
  if (rc == TG_DATA) return refuse_json(d, row);
  if (rc != TG_OK) return rc;
  tg_jsonread_start(j, value, spots);
  d->stamp++;
  d->unknown = (struct tg_text){NULL, 0};
  d->extra_flags = 0;
  tg_buf_clear(&d->extra);
  bool object = tg_jsonread_peek(j) == '{';
  struct tg_json_value other;
  bool good = object ? walk_object(d, &d->root, 0) : tg_jsonread_value(j, 0, &other);
  if (good && j->next < j->count) good = tg_jsonread_fault(j, "something behind its end");
  if (!good) return refuse_json(d, row);
  return object ? TG_OK : refuse_all(d, row, "not a JSON object");
}

static enum tg_rc refuse_unknown(struct tg_decoder *d, uint32_t row)
{
  char shown[SHOWN_SIZE];
  tg_text_shown(d->unknown, shown, sizeof shown);
  return refuse(d, row, tg_text(shown), "'%s' is a field that the topic does not declare", shown);
}

static enum tg_rc decode_row(struct tg_decoder *d, uint32_t row)
{
  const struct tg_event *e = &d->batch->events[row];
  if (e->oversize)
    return refuse(d, row, (struct tg_text){NULL, 0},
                  "the value has %u bytes, more than event_bytes_max", e->size);
  if (e->offset < d->batch->refused_to)
    return refuse_all(d, row,
                      "the process ended twice with this record alone: it was not looked at again");
  if (!e->value.ptr) return refuse_all(d, row, "no value (a tombstone)");
  if (!e->value.len) return refuse_all(d, row, "the value is empty");
  enum tg_rc rc = walk(d, row, e->value);
  if (rc != TG_OK) return rc;
  rc = fill_fields(d, row);
  if (rc == TG_FULL || !d->unknown.ptr || d->topic->unknown != TG_UNKNOWN_QUARANTINE) return rc;
  return refuse_unknown(d, row);
}

static void null_row(struct tg_decoder *d, uint32_t row)
{
  for (uint32_t i = 0; i < d->topic->fields_count; i++) {
    tg_value_null(d->plans[i].column, row);
    d->plans[i].nulls = true;
  }
}

static bool make_columns(struct tg_decoder *d, struct tg_batch *b, struct tg_column **columns)
{
  for (uint32_t i = 0; i < d->topic->fields_count; i++) {
    columns[i] = tg_column_bare(b->arena, d->topic->fields[i].type, b->rows);
    if (!columns[i]) return false;
    d->plans[i].column = columns[i], d->plans[i].nulls = false;
    d->plans[i].fallback_text = (struct tg_text){NULL, 0};
  }
  return true;
}

static enum tg_rc decode_rows(struct tg_decoder *d)
{
  for (uint32_t row = 0; row < d->batch->rows; row++) {
    enum tg_rc rc = decode_row(d, row);
    if (rc == TG_DATA) null_row(d, row);
    if (rc == TG_FULL) return rc;
  }
  return TG_OK;
}

enum tg_rc tg_decoder_run(struct tg_decoder *d, struct tg_batch *b, struct tg_err *err)
{
  uint32_t count = d->topic->fields_count;
  struct tg_column **columns = tg_arena_zalloc(b->arena, count, sizeof(struct tg_column *));
  d->batch = b, d->values.parse.arena = b->arena;
  d->values.pack = d->values.pack_end = NULL;
  bool full = !columns || !make_columns(d, b, columns) || decode_rows(d) != TG_OK;
  d->batch = NULL;
  if (full) {
    return tg_err_set(err, TG_FULL, "decode",
                      "%u events of %.*s and their columns need more memory than load.bytes",
                      b->rows, TG_TEXT(d->topic->name));
  }
  for (uint32_t i = 0; i < count; i++)
    if (!d->plans[i].nulls) columns[i]->nul = NULL;
  b->columns = columns;
  return TG_OK;
}
