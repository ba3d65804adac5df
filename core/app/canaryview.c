/* Lines of a canary. */
#include "core/app/canaryview.h"

#include "core/base/text.h"

#include <stdint.h>

static long long number(const json_t *o, const char *key)
{
  return json_integer_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
  const char *s = json_string_value(json_object_get(o, key));
  return s ? s : "";
}

/* For a terminal: what data and scripts say holds no control bytes then. */
static void put(const char *s, FILE *out)
{
  char line[600];
  fputs(tg_text_line(tg_text(s), line, sizeof line), out);
}

static void print_place(const json_t *o, FILE *out)
{
  fprintf(out, "partition %lld, offset %lld", number(o, "partition"), number(o, "offset"));
}

static void print_verdict(const json_t *v, FILE *out)
{
  if (json_is_null(v)) {
    fputs("not there", out);
    return;
  }
  fprintf(out, "%s, %lld failed", text(v, "verdict"), number(v, "failed"));
  if (*text(v, "error")) fputs(": ", out), put(text(v, "error"), out);
}

static void print_rule(const json_t *r, FILE *out)
{
  fputs("  rule ", out);
  put(text(r, "rule"), out);
  fputs(": ", out);
  print_verdict(json_object_get(r, "was"), out);
  fputs(" -> ", out);
  print_verdict(json_object_get(r, "is"), out);
  fputc('\n', out);
}

static void print_value(const json_t *example, const char *key, FILE *out)
{
  const char *s = json_string_value(json_object_get(example, key));
  put(s ? s : "null", out);
}

static void print_column(const json_t *c, FILE *out)
{
  const json_t *example = json_object_get(c, "example");
  fputs("  column ", out);
  put(text(c, "column"), out);
  fprintf(out, ": %lld loaded values differ, as in ", number(c, "rows"));
  print_place(example, out);
  fputs(": ", out);
  print_value(example, "was", out);
  fputs(" -> ", out);
  print_value(example, "is", out);
  fputc('\n', out);
}

static void print_example(const json_t *e, FILE *out)
{
  fputs("  ", out);
  print_place(e, out);
  fprintf(out, ": %s -> %s", text(e, "was"), text(e, "is"));
  if (*text(e, "reason")) fputs(": ", out), put(text(e, "reason"), out);
  fputc('\n', out);
}

/* ": load 1000 -> 988, quarantine 0 -> 12": the fates whose counts differ. */
static void print_counts(const json_t *was, json_t *is, FILE *out)
{
  const char *fate, *mark = ": ";
  json_t *n;
  json_object_foreach(is, fate, n)
  {
    if (number(was, fate) == json_integer_value(n)) continue;
    fprintf(out, "%s%s %lld -> %lld", mark, fate, number(was, fate),
            (long long)json_integer_value(n));
    mark = ", ";
  }
}

static void print_head(const json_t *t, FILE *out)
{
  const json_t *emits = json_object_get(t, "emits");
  fprintf(out, "%lld of its newest %lld events end otherwise", number(t, "otherwise"),
          number(t, "rows"));
  print_counts(json_object_get(t, "was"), json_object_get(t, "is"), out);
  if (number(emits, "was") != number(emits, "is"))
    fprintf(out, "; emitted %lld -> %lld", number(emits, "was"), number(emits, "is"));
  fputc('\n', out);
  if (!*text(t, "critical")) return;
  fputs("  the breaker would open: ", out);
  put(text(t, "critical"), out);
  fputc('\n', out);
}

static void print_topic(const json_t *t, FILE *out)
{
  const json_t *item;
  size_t i;
  fputs("canary: ", out);
  put(text(t, "topic"), out);
  fputs(": ", out);
  if (*text(t, "not_compared")) {
    fputs("not compared: ", out);
    put(text(t, "not_compared"), out);
    fputc('\n', out);
    return;
  }
  print_head(t, out);
  json_array_foreach(json_object_get(t, "rules"), i, item) print_rule(item, out);
  json_array_foreach(json_object_get(t, "columns"), i, item) print_column(item, out);
  json_array_foreach(json_object_get(t, "examples"), i, item) print_example(item, out);
}

void tg_canaryview_print(const json_t *list, FILE *out)
{
  const json_t *item;
  size_t i;
  json_array_foreach(list, i, item) print_topic(item, out);
}
