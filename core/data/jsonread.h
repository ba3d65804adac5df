/* Reading JSON value by value over the positions of jsonindex.h. Everything read or stepped over is
 * checked to the letter of RFC 8259: grammar, numbers, escapes, paired surrogates, nesting up to
 * TG_JSON_DEPTH_MAX.
 *
 *   tg_jsonread_start(&j, text, spots)     j.next = the first token
 *   tg_jsonread_value(&j, depth, &v)       the value there; arrays and objects as a whole
 *
 * On a fault functions return false and j.reason (a constant) and j.fault_at (byte) say what is
 * wrong. */
#ifndef TG_DATA_JSONREAD_H
#define TG_DATA_JSONREAD_H

#include "core/data/jsonindex.h"

enum { TG_JSON_DEPTH_MAX = 64 };

enum tg_json_kind {
  TG_JSON_NONE, /* no value */
  TG_JSON_NULL,
  TG_JSON_FALSE,
  TG_JSON_TRUE,
  TG_JSON_NUMBER,
  TG_JSON_STRING,
  TG_JSON_ARRAY,
  TG_JSON_OBJECT
};

/* What the text of a value holds, anywhere inside it. */
enum {
  TG_JSON_ESCAPES = 1, /* a backslash */
  TG_JSON_NUL = 2,     /* \u0000, which PostgreSQL's text and jsonb refuse */
  TG_JSON_HUGE = 4     /* a number beyond PostgreSQL's numeric, which jsonb refuses */
};

struct tg_json_value {
  struct tg_text raw; /* as written; a string without its quotes */
  uint32_t token;     /* its first one, as j.next */
  enum tg_json_kind kind;
  uint32_t flags; /* no byte: a store to one may alias all, and everything would be read again */
};

struct tg_jsonread {
  const char *text;
  const uint32_t *at;
  uint32_t count; /* tokens; at[count] is the text's length */
  uint32_t next;
  uint32_t flags; /* of everything read so far */
  bool plain;     /* no backslash in all of text: strings need no look at their escapes */
  const char *reason;
  uint32_t fault_at;
};

void tg_jsonread_start(struct tg_jsonread *j, struct tg_text text, struct tg_jsonspots spots);

/* The byte of the next token, or 0 at the end. */
static inline char tg_jsonread_peek(const struct tg_jsonread *j)
{
  return j->next < j->count ? j->text[j->at[j->next]] : '\0';
}

/* Takes the token c; false when something else is next, without a fault. */
static inline bool tg_jsonread_take(struct tg_jsonread *j, char c)
{
  if (tg_jsonread_peek(j) != c) return false;
  j->next++;
  return true;
}

/* Reads the value at j.next, which stands within depth arrays and objects. */
bool tg_jsonread_value(struct tg_jsonread *j, uint32_t depth, struct tg_json_value *out);

/* Takes a string to which there is nothing: no backslash in all of the text, no white space behind
 * it. False: nothing is taken, tg_jsonread_value reads what is there. */
static inline bool tg_jsonread_string(struct tg_jsonread *j, struct tg_json_value *out);

/* Reads the key at j.next and its colon; *raw is its text as written. Its flags join j.flags. */
bool tg_jsonread_key(struct tg_jsonread *j, struct tg_text *raw);

/* Behind a member of an object (close '}') or array (close ']'): true in *more when a comma was
 * taken. */
static inline bool tg_jsonread_more(struct tg_jsonread *j, char close, bool *more);

/* Says what is wrong at the next token; returns false. */
bool tg_jsonread_fault(struct tg_jsonread *j, const char *reason);

/* A checked string as it reads, at most raw.len bytes, into out. Returns the length. */
uint32_t tg_jsonread_unescape(struct tg_text raw, char *out);

/* --- the hot ones --- */

static inline bool tg_jsonread_string(struct tg_jsonread *j, struct tg_json_value *out)
{
  if (!j->plain || j->next >= j->count) return false;
  const char *from = j->text + j->at[j->next], *to = j->text + j->at[j->next + 1];
  if (*from != '"' || to - from < 2 || to[-1] != '"') return false;
  out->raw = tg_text_of(from + 1, (size_t)(to - from) - 2);
  out->token = j->next++;
  out->kind = TG_JSON_STRING;
  out->flags = 0;
  return true;
}

static inline bool tg_jsonread_more(struct tg_jsonread *j, char close, bool *more)
{
  char c = tg_jsonread_peek(j);
  *more = c == ',';
  if (c == ',' || c == close) return j->next++, true;
  return tg_jsonread_fault(j, close == '}' ? "',' or '}' expected" : "',' or ']' expected");
}

#endif
