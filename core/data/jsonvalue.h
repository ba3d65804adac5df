/* A JSON value -> one row of a column of any type, arrays included. Strict: text comes from strings
 * only, booleans from true and false, numbers from numbers or strings that spell one exactly
 * (docs/DECODE.md). */
#ifndef TG_DATA_JSONVALUE_H
#define TG_DATA_JSONVALUE_H

#include "core/base/buf.h"
#include "core/data/jsonread.h"
#include "core/data/valueparse.h"

enum { TG_PACKED_MAX = 48 };

struct tg_jsonvalue {
  struct tg_valueparse parse; /* arena, zone, reason */
  struct tg_jsonread json;    /* the document that values come from */
  struct tg_buf scratch;      /* arrays are put together here */
  char *pack, *pack_end;      /* room in the arena for short texts; NULL at the start of a batch */
};

/* Stores v, which is not null and was read from s->json, in row. Text without escapes becomes a
 * view of the document. epoch: numbers are times since 1970.  TG_DATA with s->parse.reason; TG_FULL
 * at the arena's cap. */
enum tg_rc tg_jsonvalue_store(struct tg_jsonvalue *s, const struct tg_json_value *v,
                              enum tg_epoch epoch, struct tg_column *out, uint32_t row);

/* The same for a short string as it is, into a text column: it is copied beside the ones before.
 * Who goes through a column finds it in the processor's cache then, not spread over the events:
 * measured with 50 rules, half of their time, a third of the encoding. The copy has one size,
 * without a call: TG_ARENA_PAD bytes behind an event can be read. False: tg_jsonvalue_store. */
static inline bool tg_jsonvalue_pack(struct tg_jsonvalue *s, const struct tg_json_value *v,
                                     struct tg_text *out)
{
  uint32_t len = v->raw.len;
  if (v->kind != TG_JSON_STRING || v->flags || len > TG_PACKED_MAX) return false;
  if (s->pack_end - s->pack < TG_PACKED_MAX) return false;
  memcpy(s->pack, v->raw.ptr, TG_PACKED_MAX);
  *out = tg_text_of(s->pack, len);
  s->pack += len;
  return true;
}

/* The whole text of v: of a string with its quotes. */
static inline struct tg_text tg_jsonvalue_text(const struct tg_json_value *v)
{
  if (v->kind != TG_JSON_STRING) return v->raw;
  return tg_text_of(v->raw.ptr - 1, (size_t)v->raw.len + 2);
}

/* Refuses, as a value of a json or jsonb column, what jsonb cannot store. flags: of the JSON in
 * text. */
enum tg_rc tg_jsonvalue_check(struct tg_valueparse *p, struct tg_text text, uint32_t flags,
                              enum tg_kind kind);

#endif
