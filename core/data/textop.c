/* Operations on text columns. */
#include "core/data/textop.h"
#include "core/data/casemap.h"
#include "core/data/parseop.h"

#include <stdio.h>

enum { NAME_SIZE = 64, NUMBER_SIZE = 40 };

bool tg_text_check(struct tg_op *op, const struct tg_column *c, const char *what)
{
  char name[NAME_SIZE];
  if (tg_type_is_text(c->type)) return true;
  tg_op_fail(op, TG_CONFIG, "%s needs text, this is %s", what,
             tg_type_name(c->type, name, sizeof name));
  return false;
}

struct texts { /* of rows, or of a dictionary */
  const struct tg_text *at;
  uint32_t count;
};

struct verdicts {
  uint8_t *mask, *faults;
};

struct tester {
  tg_text_test *test;
  const void *self;
};

static void test_one(const struct tester *t, struct tg_text text, uint8_t *mask, uint8_t *fault)
{
  int r = text.ptr ? t->test(t->self, text) : 0;
  *fault = r < 0 ? (uint8_t)-r : TG_SOME;
  *mask = r > 0 ? TG_TRUE : TG_FALSE;
}

static bool test_texts(struct tg_op *op, const struct tester *t, struct texts texts,
                       struct verdicts out)
{
  for (uint32_t i = 0; i < texts.count; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    test_one(t, texts.at[i], &out.mask[i], &out.faults[i]);
  }
  return true;
}

/* Spreads the verdicts of distinct values over the rows. */
static bool test_dict(struct tg_op *op, const struct tester *t, const struct tg_dict *dict,
                      struct verdicts out)
{
  uint8_t *each = tg_op_alloc(op, dict->count, 2), *mask = out.mask, *faults = out.faults;
  if (!each) return false;
  const uint8_t *bad = each + dict->count;
  struct verdicts distinct = {each, each + dict->count};
  if (!test_texts(op, t, (struct texts){dict->texts, dict->count}, distinct)) return false;
  const uint32_t *codes = dict->codes;
  uint32_t rows = op->rows;
  for (uint32_t i = 0; i < rows; i++) {
    bool null = codes[i] == TG_DICT_NULL;
    mask[i] = null ? TG_FALSE : each[codes[i]];
    faults[i] = null ? TG_SOME : bad[codes[i]];
  }
  return true;
}

struct tg_column *tg_text_mask(struct tg_op *op, struct tg_column *c, tg_text_test *test,
                               const void *self)
{
  struct tg_column *out = tg_op_raw(op, tg_type_of(TG_BOOL));
  uint8_t *nul, *faults = tg_op_alloc(op, op->rows, 1);
  if (!out || !faults) return NULL;
  struct tester t = {test, self};
  struct verdicts all = {out->v.mask, faults};
  const struct tg_dict *dict = tg_op_dict(op, c);
  bool done = dict ? test_dict(op, &t, dict, all)
                   : test_texts(op, &t, (struct texts){c->v.texts, op->rows}, all);
  if (!done || !tg_op_nul_max(op, c->nul, faults, &nul)) return NULL;
  return tg_op_end(op, out, nul);
}

struct changer {
  tg_text_change *change;
  const void *self;
};

static bool map_texts(struct tg_op *op, const struct changer *c, struct texts texts,
                      struct tg_text *out)
{
  for (uint32_t i = 0; i < texts.count; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return false;
    if (!texts.at[i].ptr) continue;
    out[i] = c->change(c->self, op->arena, texts.at[i]);
    if (!out[i].ptr) return tg_op_full(op) != NULL;
  }
  return true;
}

struct tg_column *tg_text_map(struct tg_op *op, struct tg_column *c, tg_text_change *change,
                              const void *self)
{
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_TEXT_KIND));
  if (!out) return NULL;
  struct changer by = {change, self};
  out->nul = c->nul;
  const struct tg_dict *dict = tg_op_dict(op, c);
  if (!dict)
    return map_texts(op, &by, (struct texts){c->v.texts, op->rows}, out->v.texts) ? out : NULL;
  struct tg_text *each = tg_op_alloc(op, dict->count, sizeof *each);
  if (!each || !map_texts(op, &by, (struct texts){dict->texts, dict->count}, each)) return NULL;
  for (uint32_t i = 0; i < op->rows; i++)
    if (dict->codes[i] != TG_DICT_NULL) out->v.texts[i] = each[dict->codes[i]];
  return out;
}

static uint32_t chars(struct tg_text t)
{
  uint32_t n = 0;
  if (tg_text_ascii(t)) return t.len;
  for (uint32_t i = 0; i < t.len; i++) n += ((unsigned char)t.ptr[i] & 0xc0) != 0x80;
  return n;
}

struct tg_column *tg_text_len(struct tg_op *op, struct tg_column *c, bool bytes)
{
  if (!tg_text_check(op, c, "len")) return NULL;
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_INT8));
  if (!out) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    out->v.ints[i] = bytes ? c->v.texts[i].len : chars(c->v.texts[i]);
  }
  return tg_op_end(op, out, c->nul);
}

struct fold {
  char first, last;
  int by;
};

static struct tg_text fold_case(const void *self, struct tg_arena *a, struct tg_text t)
{
  const struct fold *f = self;
  char *p = tg_arena_bytes(a, t.len);
  if (!p) return (struct tg_text){NULL, 0};
  for (uint32_t i = 0; i < t.len; i++) {
    char ch = t.ptr[i];
    p[i] = (char)(ch >= f->first && ch <= f->last ? ch + f->by : ch);
  }
  return tg_text_of(p, t.len);
}

struct tg_column *tg_text_lower(struct tg_op *op, struct tg_column *c)
{
  static const struct fold fold = {'A', 'Z', 'a' - 'A'};
  return tg_text_check(op, c, "lower") ? tg_text_map(op, c, fold_case, &fold) : NULL;
}

struct tg_column *tg_text_upper(struct tg_op *op, struct tg_column *c)
{
  static const struct fold fold = {'a', 'z', 'A' - 'a'};
  return tg_text_check(op, c, "upper") ? tg_text_map(op, c, fold_case, &fold) : NULL;
}

static struct tg_text map_case(const void *self, struct tg_arena *a, struct tg_text t)
{
  return tg_casemap_text(*(const enum tg_case *)self, a, t);
}

struct tg_column *tg_text_unicode(struct tg_op *op, struct tg_column *c, bool upper)
{
  enum tg_case to = upper ? TG_CASE_UPPER : TG_CASE_LOWER;
  return tg_text_check(op, c, upper ? "upper" : "lower") ? tg_text_map(op, c, map_case, &to) : NULL;
}

static struct tg_text trim(const void *self, struct tg_arena *a, struct tg_text t)
{
  (void)self, (void)a;
  return tg_text_trim(t);
}

struct tg_column *tg_text_trimmed(struct tg_op *op, struct tg_column *c)
{
  return tg_text_check(op, c, "trim") ? tg_text_map(op, c, trim, NULL) : NULL;
}

/* Byte offset behind the first n characters. */
static uint32_t skip_chars(struct tg_text t, int64_t n)
{
  uint32_t i = 0;
  while (i < t.len && n > 0) {
    for (i++; i < t.len && ((unsigned char)t.ptr[i] & 0xc0) == 0x80; i++) continue;
    n--;
  }
  return i;
}

struct slice {
  int64_t from, to;
};

static struct tg_text sub(const void *self, struct tg_arena *a, struct tg_text t)
{
  (void)a;
  struct slice s = *(const struct slice *)self;
  int64_t n = s.from < 0 || s.to < 0 ? chars(t) : 0;
  if (s.from < 0) s.from += n + 1;
  if (s.to < 0) s.to += n + 1;
  if (s.from < 1) s.from = 1;
  if (s.to < s.from) return tg_text_of(t.ptr, 0);
  uint32_t start = skip_chars(t, s.from - 1);
  struct tg_text rest = tg_text_of(t.ptr + start, t.len - start);
  return tg_text_of(rest.ptr, skip_chars(rest, s.to - s.from + 1));
}

struct tg_column *tg_text_sub(struct tg_op *op, struct tg_column *c, int64_t from, int64_t to)
{
  const int64_t far = UINT32_MAX; /* no text is longer; keeps the sums in range */
  struct slice s = {from < -far  ? -far
                    : from > far ? far
                                 : from,
                    to < -far  ? -far
                    : to > far ? far
                               : to};
  return tg_text_check(op, c, "sub") ? tg_text_map(op, c, sub, &s) : NULL;
}

static int starts(const void *self, struct tg_text t)
{
  const struct tg_text *with = self;
  return t.len >= with->len && memcmp(t.ptr, with->ptr, with->len) == 0;
}

struct tg_column *tg_text_starts(struct tg_op *op, struct tg_column *c, struct tg_text with)
{
  return tg_text_check(op, c, "starts") ? tg_text_mask(op, c, starts, &with) : NULL;
}

static int ends(const void *self, struct tg_text t)
{
  const struct tg_text *with = self;
  return t.len >= with->len && memcmp(t.ptr + t.len - with->len, with->ptr, with->len) == 0;
}

struct tg_column *tg_text_ends(struct tg_op *op, struct tg_column *c, struct tg_text with)
{
  return tg_text_check(op, c, "ends") ? tg_text_mask(op, c, ends, &with) : NULL;
}

static int contains(const void *self, struct tg_text t)
{
  const struct tg_text *part = self;
  return part->len == 0 || memmem(t.ptr, t.len, part->ptr, part->len) != NULL;
}

struct tg_column *tg_text_contains(struct tg_op *op, struct tg_column *c, struct tg_text part)
{
  return tg_text_check(op, c, "contains") ? tg_text_mask(op, c, contains, &part) : NULL;
}

static struct tg_text next_char(struct tg_text t)
{
  uint32_t n = skip_chars(t, 1);
  return tg_text_of(t.ptr + n, t.len - n);
}

/* Greedy matching with one place to come back to: the last %, as in wildcard matchers without
 * recursion. */
static int like(const void *self, struct tg_text t)
{
  struct tg_text p = *(const struct tg_text *)self, back_p = {NULL, 0}, back_t = t;
  while (t.len || p.len) {
    if (p.len && *p.ptr == '%') {
      p.ptr++, p.len--;
      back_p = p, back_t = t;
      continue;
    }
    bool escaped = p.len > 1 && *p.ptr == '\\';
    if (p.len && t.len && !escaped && *p.ptr == '_') {
      p.ptr++, p.len--, t = next_char(t);
      continue;
    }
    if (p.len && t.len && p.ptr[escaped] == *t.ptr) {
      p.ptr += 1 + escaped, p.len -= 1u + escaped, t.ptr++, t.len--;
      continue;
    }
    if (!back_p.ptr || !back_t.len) return 0;
    back_t = next_char(back_t);
    p = back_p, t = back_t;
  }
  return 1;
}

struct tg_column *tg_text_like(struct tg_op *op, struct tg_column *c, struct tg_text pattern)
{
  if (!tg_type_is_text(c->type)) c = tg_parse_text(op, c, tg_text(""));
  return c ? tg_text_mask(op, c, like, &pattern) : NULL;
}

struct cleanliness {
  bool control, nul; /* allowed */
};

/* Valid UTF-8 without what is not allowed. C1 controls are U+0080 to U+009F. */
static int is_clean(const void *self, struct tg_text t)
{
  const struct cleanliness *allow = self;
  for (uint32_t i = 0; i < t.len; i++) {
    unsigned char c = (unsigned char)t.ptr[i];
    bool c1 = c == 0xc2 && i + 1 < t.len && (unsigned char)t.ptr[i + 1] < 0xa0;
    bool blank = c == '\t' || c == '\n' || c == '\r';
    if (c == 0 ? !allow->nul : !allow->control && !blank && (c < ' ' || c == 0x7f || c1)) return 0;
  }
  return tg_text_utf8(t);
}

struct tg_column *tg_text_clean(struct tg_op *op, struct tg_column *c, bool control, bool nul)
{
  struct cleanliness allow = {control, nul};
  return tg_text_check(op, c, "is_clean") ? tg_text_mask(op, c, is_clean, &allow) : NULL;
}

struct change {
  struct tg_text from, to;
};

static uint32_t occurrences(struct tg_text t, struct tg_text part)
{
  uint32_t n = 0;
  const char *p;
  while (t.len && (p = memmem(t.ptr, t.len, part.ptr, part.len))) {
    n++;
    t = tg_text_of(p + part.len, (size_t)(t.ptr + t.len - p) - part.len);
  }
  return n;
}

static struct tg_text replace(const void *self, struct tg_arena *a, struct tg_text t)
{
  const struct change *c = self;
  uint64_t n = occurrences(t, c->from), size = t.len + n * c->to.len - n * c->from.len;
  if (!n) return t;
  char *out = size < UINT32_MAX ? tg_arena_bytes(a, size) : NULL, *to = out;
  const char *p;
  while (out && t.len && (p = memmem(t.ptr, t.len, c->from.ptr, c->from.len))) {
    size_t before = (size_t)(p - t.ptr);
    memcpy(to, t.ptr, before);
    memcpy(to + before, c->to.ptr, c->to.len);
    to += before + c->to.len;
    t = tg_text_of(p + c->from.len, t.len - before - c->from.len);
  }
  if (out && t.len) memcpy(to, t.ptr, t.len);
  return tg_text_of(out, out ? size : 0);
}

struct tg_column *tg_text_replace(struct tg_op *op, struct tg_column *c, struct tg_text from,
                                  struct tg_text to)
{
  struct change change = {from, to};
  if (!from.len) return tg_op_fail(op, TG_CONFIG, "replace: the text to replace is empty");
  return tg_text_check(op, c, "replace") ? tg_text_map(op, c, replace, &change) : NULL;
}

/* The n-th piece; ptr NULL when there are fewer. */
static struct tg_text piece(struct tg_text t, struct tg_text sep, uint32_t n)
{
  for (;; n--) {
    const char *p = memmem(t.ptr, t.len, sep.ptr, sep.len);
    if (n == 1) return p ? tg_text_of(t.ptr, (size_t)(p - t.ptr)) : t;
    if (!p) return (struct tg_text){NULL, 0};
    t = tg_text_of(p + sep.len, (size_t)(t.ptr + t.len - p) - sep.len);
  }
}

struct tg_column *tg_text_split(struct tg_op *op, struct tg_column *c, struct tg_text sep,
                                uint32_t n)
{
  if (!tg_text_check(op, c, "split")) return NULL;
  if (!sep.len || !n)
    return tg_op_fail(op, TG_CONFIG, "split needs a separator and a number from 1");
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_TEXT_KIND));
  uint8_t *nul, *faults = tg_op_alloc(op, op->rows, 1);
  if (!out || !faults) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    faults[i] = TG_SOME;
    if (!c->v.texts[i].ptr) continue;
    out->v.texts[i] = piece(c->v.texts[i], sep, n);
    faults[i] = out->v.texts[i].ptr ? TG_SOME : TG_PARSE;
  }
  return tg_op_nul_max(op, c->nul, faults, &nul) ? tg_op_end(op, out, nul) : NULL;
}

/* Text of row i of an operand; one: the text of a literal. */
static struct tg_text text_at(struct tg_arg a, struct tg_text one, uint32_t i)
{
  return a.c ? a.c->v.texts[i] : one;
}

static bool concat_arg(struct tg_op *op, struct tg_arg a, struct tg_text *one)
{
  char name[NAME_SIZE];
  *one = a.lit.t;
  if (a.c ? tg_type_is_text(a.c->type) : a.lit.kind == TG_LIT_TEXT || a.lit.kind == TG_LIT_NULL)
    return true;
  if (!a.c && a.lit.kind == TG_LIT_INT) {
    char *s = tg_arena_printf(op->arena, "%lld", (long long)a.lit.i);
    *one = tg_text(s);
    return s || tg_op_full(op);
  }
  tg_op_fail(op, TG_CONFIG, ".. needs text, this is %s: write :to_text()",
             tg_arg_name(a, name, sizeof name));
  return false;
}

struct tg_column *tg_text_concat(struct tg_op *op, struct tg_arg a, struct tg_arg b)
{
  struct tg_text left, right;
  uint8_t *nul;
  if (!concat_arg(op, a, &left) || !concat_arg(op, b, &right)) return NULL;
  struct tg_column *out = tg_op_new(op, tg_type_of(TG_TEXT_KIND));
  if (!out || !tg_op_nul2(op, a, b, &nul)) return NULL;
  for (uint32_t i = 0; i < op->rows; i++) {
    if (i % TG_OP_BLOCK_ROWS == 0 && tg_op_late(op)) return NULL;
    if (nul && nul[i]) continue;
    struct tg_text x = text_at(a, left, i), y = text_at(b, right, i);
    char *p = tg_arena_bytes(op->arena, (size_t)x.len + y.len);
    if (!p || (uint64_t)x.len + y.len > UINT32_MAX) return tg_op_full(op);
    if (x.len) memcpy(p, x.ptr, x.len);
    if (y.len) memcpy(p + x.len, y.ptr, y.len);
    out->v.texts[i] = tg_text_of(p, (size_t)x.len + y.len);
  }
  return tg_op_end(op, out, nul);
}
