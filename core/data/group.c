/* Groups: numbering values, numbering pairs of numbers. */
#include "core/data/group.h"
#include "core/data/hash.h"
#include "core/data/literal.h"

#include <math.h>

/* Words and their numbers: open addressing, slots hold number + 1. */
struct numbering {
  uint64_t *words; /* by number */
  uint32_t *slots;
  uint32_t mask, count;
};

static bool numbering_new(struct tg_op *op, uint32_t rows, struct numbering *out)
{
  out->count = 0, out->mask = 15;
  while (out->mask < (uint64_t)rows * 2) out->mask = out->mask * 2 + 1;
  out->words = tg_op_alloc(op, (size_t)rows + 1, sizeof *out->words);
  out->slots = tg_op_alloc(op, (size_t)out->mask + 1, sizeof *out->slots);
  if (!out->words || !out->slots) return false;
  memset(out->slots, 0, ((size_t)out->mask + 1) * sizeof *out->slots);
  return true;
}

static uint32_t number_of(struct numbering *n, uint64_t word)
{
  uint32_t at = (uint32_t)tg_hash_word(word) & n->mask;
  for (; n->slots[at]; at = (at + 1) & n->mask)
    if (n->words[n->slots[at] - 1] == word) return n->slots[at] - 1;
  n->words[n->count] = word;
  n->slots[at] = ++n->count;
  return n->count - 1;
}

/* Values that are no words: texts that differ too much, wide numerics, uuids, json. */
struct values {
  struct tg_datum *items;
  uint32_t *slots;
  uint32_t mask, count;
};

static bool values_new(struct tg_op *op, uint32_t rows, struct values *out)
{
  out->count = 0, out->mask = 15;
  while (out->mask < (uint64_t)rows * 2) out->mask = out->mask * 2 + 1;
  out->items = tg_op_alloc(op, (size_t)rows + 1, sizeof *out->items);
  out->slots = tg_op_alloc(op, (size_t)out->mask + 1, sizeof *out->slots);
  if (!out->items || !out->slots) return false;
  memset(out->slots, 0, ((size_t)out->mask + 1) * sizeof *out->slots);
  return true;
}

static bool value_has(const struct values *v, const struct tg_datum *d)
{
  uint32_t at = (uint32_t)tg_datum_hash(d) & v->mask;
  for (; v->slots[at]; at = (at + 1) & v->mask)
    if (tg_datum_eq(&v->items[v->slots[at] - 1], d)) return true;
  return false;
}

static uint32_t value_number(struct values *v, const struct tg_datum *d)
{
  uint32_t at = (uint32_t)tg_datum_hash(d) & v->mask;
  for (; v->slots[at]; at = (at + 1) & v->mask)
    if (tg_datum_eq(&v->items[v->slots[at] - 1], d)) return v->slots[at] - 1;
  v->items[v->count] = *d;
  v->slots[at] = ++v->count;
  return v->count - 1;
}

static bool number_values(struct tg_op *op, const struct tg_column *c, uint64_t *out)
{
  struct values v;
  struct tg_datum d;
  if (!values_new(op, op->rows, &v)) return false;
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    if (!tg_datum_of(op->arena, c, i, &d)) return tg_op_full(op) != NULL;
    out[i] = tg_datum_tag(&d) == TG_DATUM_NULL ? TG_GROUP_NONE : value_number(&v, &d);
  }
  return true;
}

static uint64_t float_word(double x)
{
  uint64_t word;
  if (isnan(x)) return UINT64_MAX;
  if (x == 0) x = 0;
  memcpy(&word, &x, sizeof word);
  return word;
}

/* A word for each row; equal values have equal words. NULL rows are marked in nul. */
static bool words_of(struct tg_op *op, struct tg_column *c, uint64_t *out)
{
  enum tg_store store = tg_type_store(c->type);
  const struct tg_dict *dict = store == TG_STORE_TEXT ? tg_op_dict(op, c) : NULL;
  uint32_t rows = op->rows;
  if (dict) {
    for (uint32_t i = 0; i < rows; i++) out[i] = dict->codes[i];
  } else if (store == TG_STORE_INT) {
    memcpy(out, c->v.ints, rows * sizeof *out);
  } else if (store == TG_STORE_FLOAT) {
    for (uint32_t i = 0; i < rows; i++) out[i] = float_word(c->v.floats[i]);
  } else if (store == TG_STORE_MASK) {
    for (uint32_t i = 0; i < rows; i++) out[i] = c->v.mask[i];
  } else {
    return number_values(op, c, out);
  }
  return true;
}

static bool is_json_null(const struct tg_column *c, uint32_t row)
{
  bool json = !c->type.array && (c->type.kind == TG_JSON || c->type.kind == TG_JSONB);
  return json && tg_text_is(c->v.texts[row], "null");
}

/* Why a row has no value here: TG_SOME, TG_NULL or a fault. */
static uint8_t lack(const struct tg_column *c, uint32_t row)
{
  enum tg_nul nul = tg_column_nul(c, row);
  return (uint8_t)(nul == TG_SOME && is_json_null(c, row) ? TG_NULL : nul);
}

/* Joins the numbers of one more column to the ids. words: of that column. */
static bool join(struct tg_op *op, struct tg_group *g, uint32_t column, const uint64_t *words)
{
  struct numbering values, pairs;
  const struct tg_column *c = g->columns[column];
  if (!numbering_new(op, op->rows, &values) || !numbering_new(op, op->rows, &pairs)) return false;
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    uint8_t why = lack(c, i);
    bool out = why > TG_NULL || (why && g->columns_count == 1);
    if (out && why > g->nul[i]) g->nul[i] = why;
    if (g->nul[i]) continue;
    uint64_t value = why ? TG_GROUP_NONE : number_of(&values, words[i]);
    g->ids[i] = number_of(&pairs, (uint64_t)g->ids[i] << 32 | value);
  }
  return true;
}

/* Numbers by first row, sizes. */
static void settle(struct tg_group *g, uint32_t *renumbered)
{
  memset(renumbered, 0xff, ((size_t)g->rows + 1) * sizeof *renumbered);
  for (uint32_t i = 0; i < g->rows; i++) {
    if (g->nul[i]) {
      g->ids[i] = TG_GROUP_NONE;
      continue;
    }
    uint32_t *id = &renumbered[g->ids[i]];
    if (*id == TG_GROUP_NONE) {
      g->first[g->count] = i, g->sizes[g->count] = 0;
      *id = g->count++;
    }
    g->ids[i] = *id;
    g->sizes[*id]++;
  }
}

static struct tg_group *group_new(struct tg_op *op, struct tg_column *const *columns,
                                  uint32_t count)
{
  size_t rows = (size_t)op->rows + 1;
  struct tg_group *g = tg_op_alloc(op, 1, sizeof *g);
  if (!g) return NULL;
  *g = (struct tg_group){.columns_count = count, .rows = op->rows};
  memcpy(g->columns, columns, count * sizeof(struct tg_column *));
  g->ids = tg_op_alloc(op, rows, sizeof *g->ids);
  g->sizes = tg_op_alloc(op, rows, sizeof *g->sizes);
  g->first = tg_op_alloc(op, rows, sizeof *g->first);
  g->nul = tg_op_alloc(op, rows, 1);
  if (!g->ids || !g->sizes || !g->first || !g->nul) return NULL;
  memset(g->ids, 0, rows * sizeof *g->ids);
  memset(g->nul, 0, rows);
  return g;
}

struct tg_group *tg_group_of(struct tg_op *op, struct tg_column *const *columns, uint32_t count,
                             const uint8_t *live)
{
  struct tg_group *g = group_new(op, columns, count);
  uint64_t *words = g ? tg_op_alloc(op, (size_t)op->rows + 1, sizeof *words) : NULL;
  uint32_t *renumbered = words ? tg_op_alloc(op, (size_t)op->rows + 1, sizeof *renumbered) : NULL;
  if (!renumbered) return NULL;
  for (uint32_t i = 0; live && i < op->rows; i++) g->nul[i] = live[i] ? TG_SOME : TG_NULL;
  for (uint32_t k = 0; k < count; k++)
    if (!words_of(op, g->columns[k], words) || !join(op, g, k, words)) return NULL;
  settle(g, renumbered);
  return g;
}

static struct tg_column *end(struct tg_op *op, const struct tg_group *g, struct tg_column *out)
{
  return tg_op_end(op, out, g->nul);
}

struct tg_column *tg_group_occurrences(struct tg_op *op, const struct tg_group *g)
{
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_INT8));
  for (uint32_t i = 0; out && i < g->rows; i++)
    if (!g->nul[i]) out->v.ints[i] = g->sizes[g->ids[i]];
  return out ? end(op, g, out) : NULL;
}

struct tg_column *tg_group_ordinal(struct tg_op *op, const struct tg_group *g)
{
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_INT8));
  uint32_t *met = tg_op_alloc(op, (size_t)g->count + 1, sizeof *met);
  if (!out || !met) return NULL;
  memset(met, 0, ((size_t)g->count + 1) * sizeof *met);
  for (uint32_t i = 0; i < g->rows; i++)
    if (!g->nul[i]) out->v.ints[i] = ++met[g->ids[i]];
  return end(op, g, out);
}

struct tg_column *tg_group_previous(struct tg_op *op, const struct tg_group *g,
                                    const struct tg_column *c)
{
  size_t width = tg_type_width(c->type);
  struct tg_column *out = tg_op_new(op, c->type);
  uint8_t *nul = tg_op_alloc(op, (size_t)g->rows + 1, 1);
  uint32_t *last = tg_op_alloc(op, (size_t)g->count + 1, sizeof *last);
  if (!out || !nul || !last) return NULL;
  memset(last, 0xff, ((size_t)g->count + 1) * sizeof *last);
  for (uint32_t i = 0; i < g->rows; i++) {
    uint32_t from = g->nul[i] ? TG_GROUP_NONE : last[g->ids[i]];
    nul[i] = g->nul[i] ? g->nul[i] : from == TG_GROUP_NONE ? TG_NULL : TG_SOME;
    if (from != TG_GROUP_NONE)
      memcpy((char *)out->v.any + i * width, (const char *)c->v.any + from * width, width);
    if (!g->nul[i] && !lack(c, i)) last[g->ids[i]] = i;
  }
  return tg_op_end(op, out, nul);
}

/* --- tuples --- */

bool tg_group_datum(struct tg_op *op, const struct tg_group *g, uint32_t id, struct tg_datum *out)
{
  struct tg_datum parts[TG_GROUP_COLUMNS_MAX];
  for (uint32_t k = 0; k < g->columns_count; k++)
    if (!tg_datum_of(op->arena, g->columns[k], g->first[id], &parts[k]))
      return tg_op_full(op) != NULL;
  if (g->columns_count == 1)
    *out = parts[0];
  else if (!tg_datum_tuple(op->arena, parts, g->columns_count, out))
    return tg_op_full(op) != NULL;
  return true;
}

/* A literal as a value of its column, false when it cannot be one. */
static bool literal_datum(struct tg_op *op, struct tg_literal lit, const struct tg_column *like,
                          struct tg_datum *out)
{
  struct tg_err ignored = {0};
  struct tg_op once = *op;
  once.rows = 1, once.err = &ignored;
  bool json = like->type.kind == TG_JSON || like->type.kind == TG_JSONB;
  struct tg_type type = json ? tg_type_of(TG_TEXT_KIND) : like->type;
  struct tg_column *one = tg_literal_column(&once, lit, type);
  return one && tg_datum_of(op->arena, one, 0, out);
}

/* Tuples of literals as datums; those that cannot be are left out. UINT32_MAX: no memory. */
static uint32_t tuple_datums(struct tg_op *op, const struct tg_group *g,
                             const struct tg_literal *tuples, uint32_t count, struct tg_datum *out)
{
  struct tg_datum parts[TG_GROUP_COLUMNS_MAX];
  uint32_t n = 0, width = g->columns_count;
  for (uint32_t i = 0; i < count; i++) {
    bool good = true;
    for (uint32_t k = 0; good && k < width; k++)
      good = literal_datum(op, tuples[i * width + k], g->columns[k], &parts[k]);
    if (!good) continue;
    if (width == 1) out[n] = parts[0];
    if (width > 1 && !tg_datum_tuple(op->arena, parts, width, &out[n])) return UINT32_MAX;
    n++;
  }
  return n;
}

struct tg_column *tg_group_is_in(struct tg_op *op, const struct tg_group *g,
                                 const struct tg_literal *tuples, uint32_t count)
{
  struct values set;
  struct tg_datum d;
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_BOOL));
  struct tg_datum *members = tg_op_alloc(op, (size_t)count + 1, sizeof *members);
  uint8_t *hit = tg_op_alloc(op, (size_t)g->count + 1, 1);
  if (!out || !members || !hit || !values_new(op, count, &set)) return NULL;
  uint32_t n = tuple_datums(op, g, tuples, count, members);
  if (n == UINT32_MAX) return tg_op_full(op);
  for (uint32_t i = 0; i < n; i++) value_number(&set, &members[i]);
  for (uint32_t id = 0; id < g->count; id++) {
    if (id % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    if (!tg_group_datum(op, g, id, &d)) return NULL;
    hit[id] = value_has(&set, &d) ? TG_TRUE : TG_FALSE;
  }
  for (uint32_t i = 0; i < g->rows; i++)
    if (!g->nul[i]) out->v.mask[i] = hit[g->ids[i]];
  return end(op, g, out);
}
