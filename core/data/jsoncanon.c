/* Canonical JSON. */
#include "core/data/jsoncanon.h"

#include "core/data/decimal.h"

#include <stdlib.h>

struct member {
  struct tg_text key;
  struct tg_json_value value;
  uint32_t number; /* in the object */
};

struct tg_text tg_jsoncanon_text(struct tg_arena *a, struct tg_text raw)
{
  if (!raw.len || !memchr(raw.ptr, '\\', raw.len)) return raw;
  char *plain = tg_arena_bytes(a, raw.len);
  return tg_text_of(plain, plain ? tg_jsonread_unescape(raw, plain) : 0);
}

static void write_number(struct tg_text raw, struct tg_buf *out)
{
  struct tg_decimal d;
  if (!tg_decimal_parse(raw, &d)) return; /* read before: it is a number */
  struct tg_text parts[] = {d.whole, d.fraction};
  int64_t point = d.point;
  size_t from = out->len;
  tg_buf_str(out, d.negative ? "n-" : "n");
  size_t digits = out->len;
  for (int k = 0; k < 2; k++) {
    for (uint32_t i = 0; i < parts[k].len; i++) {
      if (out->len == digits && parts[k].ptr[i] == '0')
        point--;
      else
        tg_buf_char(out, parts[k].ptr[i]);
    }
  }
  while (out->len > digits && out->ptr[out->len - 1] == '0') out->len--;
  if (out->len == digits && !out->failed) out->len = from, tg_buf_str(out, "n"), point = 0;
  tg_buf_printf(out, "e%lld;", (long long)point);
}

static bool write_string(struct tg_arena *a, struct tg_text raw, struct tg_buf *out)
{
  struct tg_text plain = tg_jsoncanon_text(a, raw);
  tg_buf_printf(out, "s%u:", plain.len);
  tg_buf_text(out, plain);
  return plain.ptr != NULL;
}

static int by_key(const void *x, const void *y)
{
  const struct member *a = x, *b = y;
  int c = tg_text_cmp(a->key, b->key);
  return c ? c : (a->number > b->number) - (a->number < b->number);
}

/* The members of an object, sorted; NULL without memory. */
static struct member *sorted(struct tg_arena *a, const struct tg_jsonread *j,
                             const struct tg_json_value *v, uint32_t *count)
{
  struct tg_json_value value;
  uint32_t n = 0;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(j, v); tg_jsonwalk_next(&w, &value);) n++;
  struct member *list = tg_arena_zalloc(a, n + 1, sizeof *list);
  n = 0;
  for (struct tg_jsonwalk w = tg_jsonwalk_into(j, v); list && tg_jsonwalk_next(&w, &value); n++) {
    list[n] = (struct member){tg_jsoncanon_text(a, w.key), value, n};
    if (!list[n].key.ptr) return NULL;
  }
  if (list) qsort(list, n, sizeof *list, by_key);
  *count = n;
  return list;
}

static bool write_object(struct tg_arena *a, const struct tg_jsonread *j,
                         const struct tg_json_value *v, struct tg_buf *out)
{
  uint32_t count = 0;
  struct member *list = sorted(a, j, v, &count);
  if (!list) return false;
  tg_buf_char(out, '{');
  for (uint32_t i = 0; i < count; i++) {
    if (i + 1 < count && tg_text_eq(list[i].key, list[i + 1].key)) continue;
    tg_buf_printf(out, "s%u:", list[i].key.len);
    tg_buf_text(out, list[i].key);
    if (!tg_jsoncanon_write(a, j, &list[i].value, out)) return false;
  }
  tg_buf_char(out, '}');
  return true;
}

bool tg_jsoncanon_write(struct tg_arena *a, const struct tg_jsonread *j,
                        const struct tg_json_value *v, struct tg_buf *out)
{
  struct tg_json_value element;
  bool good = true;
  switch (v->kind) {
  case TG_JSON_TRUE: tg_buf_char(out, 't'); break;
  case TG_JSON_FALSE: tg_buf_char(out, 'f'); break;
  case TG_JSON_NULL: tg_buf_char(out, 'z'); break;
  case TG_JSON_NUMBER: write_number(v->raw, out); break;
  case TG_JSON_STRING: good = write_string(a, v->raw, out); break;
  case TG_JSON_OBJECT: good = write_object(a, j, v, out); break;
  default:
    tg_buf_char(out, '[');
    for (struct tg_jsonwalk w = tg_jsonwalk_into(j, v); good && tg_jsonwalk_next(&w, &element);)
      good = tg_jsoncanon_write(a, j, &element, out);
    tg_buf_char(out, ']');
  }
  return good && !out->failed;
}
