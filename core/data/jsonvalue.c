/* What each column type takes from JSON. Strings are looked at as text by valueparse.c. */
#include "core/data/jsonvalue.h"

#include "core/data/element.h"

#include <stdio.h>

enum { PACK_BYTES = 8 << 10 };

/* The string's characters: a view when it has no escapes, else a copy in the arena. */
static enum tg_rc string_text(struct tg_jsonvalue *s, const struct tg_json_value *v,
                              struct tg_text *out)
{
  *out = v->raw;
  if (!(v->flags & TG_JSON_ESCAPES)) return TG_OK;
  char *bytes = tg_arena_bytes(s->parse.arena, v->raw.len);
  if (!bytes) return TG_FULL;
  *out = tg_text_of(bytes, tg_jsonread_unescape(v->raw, bytes));
  return TG_OK;
}

static const char *kind_name(enum tg_json_kind kind)
{
  static const char *const names[] = {"nothing",  "null",     "a boolean", "a boolean",
                                      "a number", "a string", "an array",  "an object"};
  return names[kind];
}

static enum tg_rc refuse_kind(struct tg_jsonvalue *s, const struct tg_json_value *v,
                              const char *wanted)
{
  return tg_value_refuse(&s->parse, v->raw, "is %s, not %s", kind_name(v->kind), wanted);
}

enum tg_rc tg_jsonvalue_check(struct tg_valueparse *p, struct tg_text text, uint32_t flags,
                              enum tg_kind kind)
{
  if (kind != TG_JSONB) return TG_OK;
  p->bare = true;
  if (flags & TG_JSON_NUL)
    return tg_value_refuse(p, text, "holds \\u0000, which jsonb cannot store");
  if (flags & TG_JSON_HUGE)
    return tg_value_refuse(p, text, "holds a number that jsonb cannot store");
  return TG_OK;
}

static enum tg_rc store_json(struct tg_jsonvalue *s, const struct tg_json_value *v,
                             struct tg_column *out, uint32_t row)
{
  struct tg_text text = tg_jsonvalue_text(v);
  enum tg_rc rc = tg_jsonvalue_check(&s->parse, text, v->flags, out->type.kind);
  if (rc == TG_OK) out->v.texts[row] = text;
  return rc;
}

static enum tg_rc store_text(struct tg_jsonvalue *s, const struct tg_json_value *v,
                             struct tg_column *out, uint32_t row)
{
  struct tg_text text;
  if (v->kind != TG_JSON_STRING) return refuse_kind(s, v, "text");
  if (v->flags & TG_JSON_NUL)
    return tg_value_refuse(&s->parse, v->raw, "holds \\u0000, which PostgreSQL cannot store");
  enum tg_rc rc = string_text(s, v, &text);
  return rc == TG_OK ? tg_value_parse(&s->parse, text, out, row) : rc;
}

static enum tg_rc store_bool(struct tg_jsonvalue *s, const struct tg_json_value *v,
                             struct tg_column *out, uint32_t row)
{
  if (v->kind != TG_JSON_TRUE && v->kind != TG_JSON_FALSE)
    return tg_value_refuse(&s->parse, v->raw, "is %s, not true or false", kind_name(v->kind));
  out->v.mask[row] = v->kind == TG_JSON_TRUE ? TG_TRUE : TG_FALSE;
  return TG_OK;
}

/* A number, or a string that spells one. */
static enum tg_rc store_number(struct tg_jsonvalue *s, const struct tg_json_value *v,
                               struct tg_column *out, uint32_t row)
{
  struct tg_text text = v->raw;
  if (v->kind == TG_JSON_NUMBER) return tg_value_parse(&s->parse, text, out, row);
  if (v->kind != TG_JSON_STRING) return refuse_kind(s, v, "a number");
  enum tg_rc rc = string_text(s, v, &text);
  return rc == TG_OK ? tg_value_parse(&s->parse, text, out, row) : rc;
}

static enum tg_rc store_epoch(struct tg_jsonvalue *s, const struct tg_json_value *v,
                              enum tg_epoch epoch, struct tg_column *out, uint32_t row)
{
  struct tg_text text = v->raw;
  if (v->kind != TG_JSON_NUMBER && v->kind != TG_JSON_STRING) return refuse_kind(s, v, "a number");
  enum tg_rc rc = v->kind == TG_JSON_STRING ? string_text(s, v, &text) : TG_OK;
  return rc == TG_OK ? tg_value_epoch(&s->parse, text, epoch, out, row) : rc;
}

/* --- arrays --- */

struct cell { /* a column of one row */
  struct tg_column column;
  uint8_t nul;
  union {
    uint8_t mask;
    int64_t integer;
    double number;
    struct tg_text text;
    struct tg_uuid uuid;
    struct tg_span span;
  } value;
};

static void cell_clear(struct cell *c, struct tg_type array)
{
  memset(c, 0, sizeof *c);
  c->column = (struct tg_column){.type = array, .rows = 1, .nul = &c->nul, .v.any = &c->value};
  c->column.type.array = false;
}

/* Puts "element 3: " before the reason. */
static enum tg_rc refuse_element(struct tg_valueparse *p, uint32_t number)
{
  char reason[TG_REASON_SIZE];
  memcpy(reason, p->reason, sizeof reason);
  snprintf(p->reason, sizeof p->reason, "element %u: %.*s", number, TG_REASON_SIZE - 32, reason);
  return TG_DATA;
}

static enum tg_rc put_element(struct tg_jsonvalue *s, const struct tg_json_value *v,
                              enum tg_epoch epoch, struct tg_type array)
{
  struct cell cell;
  enum tg_rc rc = TG_OK;
  cell_clear(&cell, array);
  if (v->kind == TG_JSON_NULL)
    tg_value_null(&cell.column, 0);
  else
    rc = tg_jsonvalue_store(s, v, epoch, &cell.column, 0);
  if (rc == TG_OK) tg_element_put(&s->scratch, &cell.column, 0);
  return rc;
}

/* The elements of the array at token, behind room for the head. The document was read to its end
 * before: reading it again cannot fail. */
static enum tg_rc put_elements(struct tg_jsonvalue *s, uint32_t token, enum tg_epoch epoch,
                               struct tg_type array)
{
  char head[TG_ARRAY_HEAD] = {0};
  struct tg_json_value v;
  uint32_t count = 0;
  bool nulls = false;
  struct tg_jsonread before = s->json;
  s->json.next = token + 1;
  tg_buf_clear(&s->scratch);
  tg_buf_add(&s->scratch, head, sizeof head);
  enum tg_rc rc = TG_OK;
  bool more = !tg_jsonread_take(&s->json, ']');
  while (more && rc == TG_OK && tg_jsonread_value(&s->json, 1, &v) && ++count) {
    nulls |= v.kind == TG_JSON_NULL;
    rc = put_element(s, &v, epoch, array);
    if (rc == TG_OK && !tg_jsonread_more(&s->json, ']', &more)) break;
  }
  s->json = before;
  if (rc == TG_DATA) return refuse_element(&s->parse, count);
  if (rc != TG_OK || s->scratch.failed) return TG_FULL;
  if (count) tg_array_head(s->scratch.ptr, array, count, nulls);
  return TG_OK;
}

static enum tg_rc store_array(struct tg_jsonvalue *s, const struct tg_json_value *v,
                              enum tg_epoch epoch, struct tg_column *out, uint32_t row)
{
  if (v->kind != TG_JSON_ARRAY) return refuse_kind(s, v, "an array");
  enum tg_rc rc = put_elements(s, v->token, epoch, out->type);
  if (rc != TG_OK) return rc;
  struct tg_text payload = tg_buf_view(&s->scratch);
  if (payload.len == TG_ARRAY_HEAD) { /* no elements: no dimensions */
    tg_array_head(s->scratch.ptr, out->type, 0, false);
    memset(s->scratch.ptr, 0, 4);
    payload.len = 12;
  }
  out->v.texts[row] = tg_arena_copy(s->parse.arena, payload);
  return out->v.texts[row].ptr ? TG_OK : TG_FULL;
}

/* --- any --- */

static const char *wanted_name(enum tg_kind kind)
{
  switch (kind) {
  case TG_UUID: return "a uuid in quotes";
  case TG_DATE: return "a date in quotes";
  case TG_TIME: return "a time in quotes";
  case TG_INTERVAL: return "an interval in quotes";
  case TG_BYTEA: return "bytes in quotes";
  case TG_INET: return "an address in quotes";
  default: return "a timestamp in quotes (or say `as epoch_ms`)";
  }
}

static enum tg_rc store_string(struct tg_jsonvalue *s, const struct tg_json_value *v,
                               struct tg_column *out, uint32_t row)
{
  struct tg_text text;
  if (v->kind != TG_JSON_STRING) return refuse_kind(s, v, wanted_name(out->type.kind));
  enum tg_rc rc = string_text(s, v, &text);
  return rc == TG_OK ? tg_value_parse(&s->parse, text, out, row) : rc;
}

static bool pack_more(struct tg_jsonvalue *s)
{
  char *room = tg_arena_bytes(s->parse.arena, PACK_BYTES);
  if (!room) return false;
  s->pack = room, s->pack_end = room + PACK_BYTES;
  return true;
}

/* A text without escapes; a long one stays where it is. */
static enum tg_rc store_plain(struct tg_jsonvalue *s, const struct tg_json_value *v,
                              struct tg_text *out)
{
  *out = v->raw;
  if (v->raw.len > TG_PACKED_MAX) return TG_OK;
  if (s->pack_end - s->pack < TG_PACKED_MAX && !pack_more(s)) return TG_FULL;
  return tg_jsonvalue_pack(s, v, out) ? TG_OK : TG_FULL;
}

enum tg_rc tg_jsonvalue_store(struct tg_jsonvalue *s, const struct tg_json_value *v,
                              enum tg_epoch epoch, struct tg_column *out, uint32_t row)
{
  s->parse.bare = v->kind != TG_JSON_STRING;
  s->parse.utf8 = true;
  if (out->type.array) return store_array(s, v, epoch, out, row);
  if (epoch != TG_EPOCH_NONE) return store_epoch(s, v, epoch, out, row);
  switch (out->type.kind) {
  case TG_TEXT_KIND:
    if (v->kind == TG_JSON_STRING && !v->flags) return store_plain(s, v, &out->v.texts[row]);
    return store_text(s, v, out, row);
  case TG_VARCHAR: return store_text(s, v, out, row);
  case TG_BOOL: return store_bool(s, v, out, row);
  case TG_JSON:
  case TG_JSONB: return store_json(s, v, out, row);
  case TG_INT2:
  case TG_INT4:
  case TG_INT8:
  case TG_FLOAT4:
  case TG_FLOAT8:
  case TG_NUMERIC: return store_number(s, v, out, row);
  default: return store_string(s, v, out, row);
  }
}
