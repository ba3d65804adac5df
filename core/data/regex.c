/* Regular expressions over text columns. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/data/regex.h"
#include "core/data/parseop.h"
#include "core/data/textop.h"

#include <pcre2.h>
#include <stdlib.h>

enum { MATCH_STEPS_MAX = 1000000, MATCH_HEAP_KIB = 16 * 1024, NESTING_MAX = 100, ERROR_SIZE = 160 };
enum { STACK_BYTES = 32 * 1024, STACK_BYTES_MAX = 1024 * 1024 };

struct tg_regex {
  pcre2_code *code;
  pcre2_match_data *match;
  pcre2_match_context *limits;
  pcre2_jit_stack *stack;
  bool jit;
};

static bool flag_bits(const char *flags, uint32_t *bits)
{
  for (; *flags; flags++) {
    switch (*flags) {
    case 'i': *bits |= PCRE2_CASELESS; break;
    case 'm': *bits |= PCRE2_MULTILINE; break;
    case 's': *bits |= PCRE2_DOTALL; break;
    case 'x': *bits |= PCRE2_EXTENDED; break;
    default: return false;
    }
  }
  return true;
}

static enum tg_rc compile(struct tg_regex *r, struct tg_text pattern, uint32_t bits,
                          struct tg_err *err)
{
  int code = 0;
  PCRE2_SIZE at = 0;
  pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
  if (!ctx) return tg_err_set(err, TG_FULL, "", "no memory for a pattern");
  pcre2_set_max_pattern_length(ctx, TG_REGEX_BYTES_MAX);
  pcre2_set_parens_nest_limit(ctx, NESTING_MAX);
  bits |= PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
  r->code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, bits, &code, &at, ctx);
  pcre2_compile_context_free(ctx);
  if (r->code) return TG_OK;
  PCRE2_UCHAR text[ERROR_SIZE] = {0};
  char shown[ERROR_SIZE * 2];
  pcre2_get_error_message(code, text, sizeof text);
  return tg_err_set(err, TG_CONFIG, "", "pattern '%s': %s at character %zu",
                    tg_text_shown(pattern, shown, sizeof shown), (char *)text, (size_t)at + 1);
}

static bool prepare(struct tg_regex *r)
{
  r->limits = pcre2_match_context_create(NULL);
  r->match = pcre2_match_data_create(1, NULL);
  if (!r->limits || !r->match) return false;
  pcre2_set_match_limit(r->limits, MATCH_STEPS_MAX);
  pcre2_set_heap_limit(r->limits, MATCH_HEAP_KIB);
  if (pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) != 0)
    return true; /* not allowed: interpreted */
  r->jit = true;
  r->stack = pcre2_jit_stack_create(STACK_BYTES, STACK_BYTES_MAX, NULL);
  if (r->stack) pcre2_jit_stack_assign(r->limits, NULL, r->stack);
  return true;
}

enum tg_rc tg_regex_new(struct tg_text pattern, const char *flags, struct tg_regex **out,
                        struct tg_err *err)
{
  uint32_t bits = 0;
  *out = NULL;
  if (!flag_bits(flags, &bits))
    return tg_err_set(err, TG_CONFIG, "", "flags '%s': only i m s x exist", flags);
  struct tg_regex *r = calloc(1, sizeof *r);
  if (!r) return tg_err_set(err, TG_FULL, "", "no memory for a pattern");
  enum tg_rc rc = compile(r, pattern, bits, err);
  if (rc == TG_OK && !prepare(r)) rc = tg_err_set(err, TG_FULL, "", "no memory for a pattern");
  if (rc == TG_OK)
    *out = r;
  else
    tg_regex_free(r);
  return rc;
}

void tg_regex_free(struct tg_regex *r)
{
  if (!r) return;
  pcre2_jit_stack_free(r->stack);
  pcre2_match_context_free(r->limits);
  pcre2_match_data_free(r->match);
  pcre2_code_free(r->code);
  free(r);
}

int tg_regex_test(const struct tg_regex *r, struct tg_text t)
{
  PCRE2_SPTR text = (PCRE2_SPTR)t.ptr;
  int rc = r->jit ? pcre2_jit_match(r->code, text, t.len, 0, 0, r->match, r->limits)
                  : pcre2_match(r->code, text, t.len, 0, 0, r->match, r->limits);
  if (rc >= 0) return 1;
  return rc == PCRE2_ERROR_NOMATCH ? 0 : -TG_LIMIT;
}

struct run { /* one column's matching: stops for good when the deadline passes */
  const struct tg_regex *regex;
  struct tg_op *op;
  bool *late;
};

static int test(const void *self, struct tg_text t)
{
  const struct run *run = self;
  if (*run->late || tg_op_late(run->op)) {
    *run->late = true;
    return 0;
  }
  return tg_regex_test(run->regex, t);
}

struct tg_column *tg_regex_match(struct tg_op *op, struct tg_column *c, const struct tg_regex *r)
{
  bool late = false;
  struct run run = {r, op, &late};
  if (!tg_type_is_text(c->type) && !(c = tg_parse_text(op, c, tg_text("")))) return NULL;
  struct tg_column *out = tg_text_mask(op, c, test, &run);
  return late ? NULL : out;
}
