/* Kinds of values: by type, by number, by JSON token. */
#include "core/data/kindop.h"

#include "core/data/decimal.h"
#include "core/data/jsonop.h"
#include "core/data/jsonread.h"
#include "core/data/textop.h"
#include "core/data/timeparse.h"

#include <math.h>
#include <strings.h>

enum {
  INTEGER = 1,
  NUMBER = 2,
  STRING = 4,
  BOOLEAN = 8,
  TIMESTAMP = 16,
  DATE = 32,
  OBJECT = 64,
  ARRAY = 128
};
enum { DATE_LEN = 10 };

const char *const tg_kind_names[] = {"integer", "number", "string", "boolean", "timestamp",
                                     "date",    "object", "array",  NULL};

uint32_t tg_kind_bit(struct tg_text name)
{
  for (uint32_t i = 0; tg_kind_names[i]; i++)
    if (tg_text_is(name, tg_kind_names[i])) return 1u << i;
  return 0;
}

struct run { /* one column's */
  uint32_t kinds;
  struct tg_jsonindex *index;
};

/* The kinds of a number that is written out. */
static uint32_t kinds_of_number(struct tg_text t)
{
  struct tg_decimal d;
  if (!tg_decimal_parse(t, &d)) return 0;
  return NUMBER | (tg_decimal_is_whole(&d) ? INTEGER : 0);
}

/* The kinds of the JSON value in a text; UINT32_MAX for its null. */
static uint32_t kinds_of_json(struct tg_jsonindex *index, struct tg_text t)
{
  struct tg_jsonspots spots;
  struct tg_jsonread j;
  struct tg_json_value v;
  const char *reason;
  if (tg_jsonindex_run(index, t, &spots, &reason) != TG_OK) return 0;
  tg_jsonread_start(&j, t, spots);
  if (!tg_jsonread_value(&j, 0, &v) || j.next != j.count) return 0;
  switch (v.kind) {
  case TG_JSON_NULL: return UINT32_MAX;
  case TG_JSON_FALSE:
  case TG_JSON_TRUE: return BOOLEAN;
  case TG_JSON_NUMBER: return kinds_of_number(v.raw);
  case TG_JSON_STRING: return STRING;
  case TG_JSON_ARRAY: return ARRAY;
  default: return OBJECT;
  }
}

static int test_json(const void *self, struct tg_text t)
{
  const struct run *run = self;
  uint32_t kinds = kinds_of_json(run->index, t);
  return kinds == UINT32_MAX ? -TG_NULL : (kinds & run->kinds) != 0;
}

static bool is_word(struct tg_text t, const char *word)
{
  return t.len == strlen(word) && strncasecmp(t.ptr, word, t.len) == 0;
}

/* What a text is written as, besides being one. */
static uint32_t kinds_of_text(const struct run *run, struct tg_text t)
{
  int64_t time;
  uint32_t kinds = STRING | kinds_of_number(t);
  if (is_word(t, "true") || is_word(t, "false")) kinds |= BOOLEAN;
  if (run->kinds & TIMESTAMP && !tg_timeparse_timestamptz(t, 0, &time)) kinds |= TIMESTAMP;
  if (run->kinds & DATE && t.len == DATE_LEN && !tg_timeparse_date(t, &time)) kinds |= DATE;
  if (run->kinds & (OBJECT | ARRAY)) kinds |= kinds_of_json(run->index, t) & (OBJECT | ARRAY);
  return kinds;
}

static int test_coerced(const void *self, struct tg_text t)
{
  const struct run *run = self;
  uint32_t kinds = kinds_of_text(run, t);
  return (kinds & run->kinds) != 0;
}

static int test_wide(const void *self, struct tg_text t)
{
  (void)self;
  return (kinds_of_number(t) & INTEGER) != 0;
}

static struct tg_column *test_texts(struct tg_op *op, struct tg_column *c, uint32_t kinds,
                                    tg_text_test *test)
{
  struct run run = {kinds, tg_jsonindex_new()};
  if (!run.index) return tg_op_full(op);
  struct tg_column *out = tg_text_mask(op, c, test, &run);
  tg_jsonindex_free(run.index);
  return out;
}

/* Which numbers have no fraction. */
static struct tg_column *test_whole(struct tg_op *op, struct tg_column *c)
{
  if (tg_type_store(c->type) == TG_STORE_TEXT) return tg_text_mask(op, c, test_wide, NULL);
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_BOOL));
  if (!out) return NULL;
  bool is_float = tg_type_store(c->type) == TG_STORE_FLOAT;
  int64_t unit = is_float ? 1 : tg_decimal_pow10(c->type.scale);
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    bool whole = is_float ? isfinite(c->v.floats[i]) && c->v.floats[i] == floor(c->v.floats[i])
                          : c->v.ints[i] % unit == 0;
    out->v.mask[i] = whole ? TG_TRUE : TG_FALSE;
  }
  return tg_op_end(op, out, c->nul);
}

/* The kinds that every value of a type has. */
static uint32_t kinds_of_type(struct tg_type t)
{
  if (t.array) return ARRAY;
  if (tg_type_is_text(t)) return STRING;
  switch (t.kind) {
  case TG_BOOL: return BOOLEAN;
  case TG_INT2:
  case TG_INT4:
  case TG_INT8: return INTEGER | NUMBER;
  case TG_FLOAT4:
  case TG_FLOAT8:
  case TG_NUMERIC: return NUMBER;
  case TG_TIMESTAMPTZ:
  case TG_TIMESTAMP: return TIMESTAMP;
  case TG_DATE: return DATE;
  default: return 0;
  }
}

struct tg_column *tg_kind_test(struct tg_op *op, struct tg_column *c, uint32_t kinds, bool coerce)
{
  uint8_t *nul;
  uint32_t always = kinds_of_type(c->type);
  bool is = (always & kinds) != 0;
  if (tg_json_is(c->type)) return test_texts(op, c, kinds, test_json);
  if (coerce && !is && always == STRING) return test_texts(op, c, kinds, test_coerced);
  if (always == NUMBER && !is && kinds & INTEGER) return test_whole(op, c);
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_BOOL));
  if (!out || !tg_op_nul(op, tg_arg_column(c), &nul)) return NULL;
  memset(out->v.mask, is ? TG_TRUE : TG_FALSE, op->rows);
  return tg_op_end(op, out, nul);
}
