/* Columns out of texts and back, for tests of column operations: "1 null 3", "true false null",
 * "!overflow" for a fault. Words are separated by one space; ' ' in a text is written as _. */
#ifndef TG_TESTS_COLUMNS_H
#define TG_TESTS_COLUMNS_H

#include "core/data/op.h"
#include "core/data/valueparse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct tg_arena arena;
static struct tg_err err;
static struct tg_op op = {.arena = &arena, .err = &err};

static inline int arena_setup(void **state)
{
  (void)state;
  tg_arena_init(&arena, 1 << 16, 0);
  op = (struct tg_op){.arena = &arena, .err = &err};
  return 0;
}

static inline int arena_teardown(void **state)
{
  (void)state;
  tg_arena_fini(&arena);
  return 0;
}

static inline uint32_t words(const char *text)
{
  uint32_t n = *text != '\0';
  for (; *text; text++) n += *text == ' ';
  return n;
}

static inline struct tg_type type_named(const char *name)
{
  struct tg_type type = {0};
  if (tg_type_parse(tg_text(name), &type, &err) != TG_OK) fail_msg("%s: %s", name, err.what);
  return type;
}

static inline uint8_t fault_named(struct tg_text word)
{
  for (uint8_t nul = TG_NULL; nul <= TG_TYPE; nul++)
    if (strncmp(tg_nul_text((enum tg_nul)nul), word.ptr + 1, word.len - 1) == 0) return nul;
  return TG_MISS;
}

/* Also sets op.rows: the columns of one test have the same rows. */
static inline struct tg_column *column(const char *type_name, const char *text)
{
  struct tg_valueparse parse = {.arena = &arena};
  struct tg_column *c =
      tg_column_new(&arena, type_named(type_name), words(text), strpbrk(text, "n!") != NULL);
  op.rows = c->rows;
  for (uint32_t i = 0; i < c->rows; i++) {
    struct tg_text word = tg_arena_copy(&arena, tg_text_of(text, strcspn(text, " ")));
    text += word.len + (text[word.len] == ' ');
    bool null = tg_text_is(word, "null"), mask = c->type.kind == TG_BOOL;
    if (mask && (null || *word.ptr == '!')) c->v.mask[i] = TG_UNKNOWN;
    if (*word.ptr == '!' || (null && !mask)) c->nul[i] = null ? TG_NULL : fault_named(word);
    if (*word.ptr == '!' || null) continue;
    for (uint32_t k = 0; k < word.len; k++)
      if (word.ptr[k] == '_') ((char *)(uintptr_t)word.ptr)[k] = ' ';
    if (tg_text_is(word, "''")) word.len = 0;
    if (c->type.kind == TG_FLOAT8 && (tg_text_is(word, "NaN") || tg_text_is(word, "Infinity"))) {
      c->v.floats[i] = strtod(word.ptr, NULL);
      continue;
    }
    if (tg_value_parse(&parse, word, c, i) != TG_OK) fail_msg("%s: %s", type_name, parse.reason);
  }
  return c;
}

static inline struct tg_arg arg(const char *type_name, const char *text)
{
  return tg_arg_column(column(type_name, text));
}

static inline const char *shown(const struct tg_column *c)
{
  static char out[4096];
  size_t len = 0;
  out[0] = '\0';
  for (uint32_t i = 0; i < c->rows && len < sizeof out - 700; i++) {
    char value[640];
    enum tg_nul nul = tg_column_nul(c, i);
    if (nul > TG_NULL)
      snprintf(value, sizeof value, "!%s", tg_nul_text(nul));
    else
      tg_column_show(c, i, value, sizeof value);
    len += (size_t)snprintf(out + len, sizeof out - len, "%s%s", i ? " " : "", value);
  }
  return out;
}

#define assert_column(c, expected) assert_column_at(c, expected, __FILE__, __LINE__)
static inline void assert_column_at(const struct tg_column *c, const char *expected,
                                    const char *file, int line)
{
  if (!c) {
    print_error("%s:%d: expected %s\n  failed: %s\n", file, line, expected, err.what);
    _fail(file, line);
  }
  if (strcmp(shown(c), expected) == 0) return;
  print_error("%s:%d: expected %s\n  got %s\n", file, line, expected, shown(c));
  _fail(file, line);
}

#define assert_refused(c, what) assert_refused_at(c, what, __FILE__, __LINE__)
static inline void assert_refused_at(const struct tg_column *c, const char *what, const char *file,
                                     int line)
{
  if (!c && strstr(err.what, what)) return;
  print_error("%s:%d: expected to be refused with %s\n  got %s\n", file, line, what,
              c ? shown(c) : err.what);
  _fail(file, line);
}

#define T(f) cmocka_unit_test_setup_teardown(f, arena_setup, arena_teardown)

#endif
