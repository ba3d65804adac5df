/* Single column operations, CPU nanoseconds per row: the lower quartile of some rounds over one
 * batch of the shape of the reference event (docs/PERFORMANCE.md). Usage: ops_bench [rows] */
#include "core/data/arith.h"
#include "core/data/cast.h"
#include "core/data/choose.h"
#include "core/data/compare.h"
#include "core/data/lookup.h"
#include "core/data/mask.h"
#include "core/data/member.h"
#include "core/data/parseop.h"
#include "core/data/regex.h"
#include "core/data/textop.h"
#include "core/data/timeop.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 41, ROWS_DEFAULT = 50000, LOOKUP_ROWS = 65536 };

static struct tg_arena home, scratch;
static struct tg_err err;
static struct tg_op op;
static struct tg_column *ints, *amounts, *floats, *few, *many, *times, *mask_a, *mask_b;
static struct tg_regex *ip;
static struct tg_lookup *by_text, *by_int;
static struct tg_literal set_texts[8], set_ints[8];

static int64_t now_ns(void)
{
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct tg_column *new_column(const char *type_name, bool with_nul)
{
  struct tg_type type;
  if (tg_type_parse(tg_text(type_name), &type, &err) != TG_OK) exit(2);
  return tg_column_new(&home, type, op.rows, with_nul);
}

static uint32_t next_random(void)
{
  static uint64_t seed = 42;
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33);
}

static void fill(void)
{
  static const char *const kinds[] = {"view", "click", "cart", "purchase", "refund", "login"};
  ints = new_column("bigint", false), amounts = new_column("numeric(12,2)", true);
  floats = new_column("float8", false), times = new_column("timestamptz", false);
  few = new_column("text", false), many = new_column("text", false);
  for (uint32_t i = 0; i < op.rows; i++) {
    uint32_t r = next_random();
    ints->v.ints[i] = r % 100000, floats->v.floats[i] = r / 1000.0;
    amounts->nul[i] = r % 37 == 0;
    amounts->v.ints[i] = amounts->nul[i] ? 0 : r % 1000000;
    times->v.ints[i] = INT64_C(1760000000000000) + i * INT64_C(3000);
    few->v.texts[i] = tg_arena_copy(&home, tg_text(kinds[r % 6]));
    many->v.texts[i] =
        tg_text(tg_arena_printf(&home, "10.%u.%u.%u", r % 256, (r >> 8) % 256, (r >> 16) % 256));
  }
  mask_a = tg_compare(&op, TG_GT, tg_arg_column(ints), tg_arg_int(50000));
  mask_b = tg_compare(&op, TG_LT, tg_arg_column(amounts), tg_arg_int(5000));
  for (int i = 0; i < 8; i++) {
    set_texts[i] = (struct tg_literal){.kind = TG_LIT_TEXT, .t = tg_text(kinds[i % 5])};
    set_ints[i] = (struct tg_literal){.kind = TG_LIT_INT, .i = i * 1000003};
  }
}

/* A lookup of many rows, by address or by number. */
static struct tg_lookup *make_lookup(bool texts)
{
  struct tg_lookup_column columns[] = {{.name = tg_text("key")}, {.name = tg_text("value")}};
  struct tg_lookup_shape shape = {
      .name = "bench", .columns = columns, .keys_count = 1, .columns_count = 2};
  struct tg_lookup *made = NULL;
  shape.bytes_max = 256 << 20;
  struct tg_lookupmake *m = tg_lookupmake_new(&shape);
  enum tg_rc rc = m ? TG_OK : TG_FATAL;
  for (uint32_t i = 0; rc == TG_OK && i < LOOKUP_ROWS; i++) {
    char key[32], value[32];
    if (texts)
      snprintf(key, sizeof key, "10.%u.%u.7", i % 256, i >> 8);
    else
      snprintf(key, sizeof key, "%u", i);
    snprintf(value, sizeof value, "%u.25", i);
    struct tg_lookup_cell cells[] = {{tg_text(key), false}, {tg_text(value), false}};
    rc = tg_lookupmake_add(m, cells, &err);
  }
  if (rc == TG_OK) rc = tg_lookupmake_end(m, "bench", &made, &err);
  tg_lookupmake_free(m);
  if (rc != TG_OK) fprintf(stderr, "lookup: %s\n", err.what), exit(2);
  return made;
}

static struct tg_column *ask(struct tg_lookup *l, struct tg_column *key)
{
  struct tg_found found;
  return tg_lookup_find(&op, l, &key, 1, &found) ? tg_lookup_get(&op, &found, 1) : NULL;
}
static struct tg_column *ask_few(void)
{
  return ask(by_text, few);
}
static struct tg_column *ask_many(void)
{
  return ask(by_text, many);
}
static struct tg_column *ask_ints(void)
{
  return ask(by_int, ints);
}

#define A(c) tg_arg_column(c)
static struct tg_bounds bounds = {.has_min = true,
                                  .has_max = true,
                                  .min = {.lit = {TG_LIT_INT, .i = 1}},
                                  .max = {.lit = {TG_LIT_FLOAT, .f = 5000.5}}};

static struct tg_column *int_between(void)
{
  return tg_compare_between(&op, ints, &bounds);
}
static struct tg_column *amount_between(void)
{
  return tg_compare_between(&op, amounts, &bounds);
}
static struct tg_column *float_between(void)
{
  return tg_compare_between(&op, floats, &bounds);
}
static struct tg_column *int_int(void)
{
  return tg_compare(&op, TG_LT, A(ints), A(ints));
}
static struct tg_column *int_numeric(void)
{
  return tg_compare(&op, TG_LT, A(ints), A(amounts));
}
static struct tg_column *is_null(void)
{
  return tg_mask_null(&op, amounts, true);
}
static struct tg_column *mask_and(void)
{
  return tg_mask_and(&op, mask_a, mask_b);
}
static struct tg_column *mask_not(void)
{
  return tg_mask_not(&op, mask_a);
}
static struct tg_column *eq_few(void)
{
  return tg_compare(&op, TG_EQ, A(few), tg_arg_text(tg_text("purchase")));
}
static struct tg_column *eq_many(void)
{
  return tg_compare(&op, TG_EQ, A(many), tg_arg_text(tg_text("10.1.2.3")));
}
static struct tg_column *in_few(void)
{
  return tg_member_of(&op, few, set_texts, 8);
}
static struct tg_column *in_many(void)
{
  return tg_member_of(&op, many, set_texts, 8);
}
static struct tg_column *in_ints(void)
{
  return tg_member_of(&op, ints, set_ints, 8);
}
static struct tg_column *regex_few(void)
{
  return tg_regex_match(&op, few, ip);
}
static struct tg_column *regex_many(void)
{
  return tg_regex_match(&op, many, ip);
}
static struct tg_column *upper_few(void)
{
  return tg_text_upper(&op, few);
}
static struct tg_column *upper_many(void)
{
  return tg_text_upper(&op, many);
}
static struct tg_column *len_many(void)
{
  return tg_text_len(&op, many, false);
}
static struct tg_column *concat(void)
{
  return tg_text_concat(&op, A(few), A(many));
}
static struct tg_column *add_ints(void)
{
  return tg_arith(&op, TG_ADD, A(ints), A(ints));
}
static struct tg_column *mul_amounts(void)
{
  return tg_arith(&op, TG_MUL, A(amounts), tg_arg_float(1.19));
}
static struct tg_column *div_amounts(void)
{
  return tg_arith(&op, TG_DIV, A(amounts), A(ints));
}
static struct tg_column *round_amounts(void)
{
  return tg_arith_unary(&op, TG_ROUND, amounts, 1);
}
static struct tg_column *add_floats(void)
{
  return tg_arith(&op, TG_ADD, A(floats), A(floats));
}
static struct tg_column *when_ints(void)
{
  return tg_choose_when(&op, mask_a, A(ints), tg_arg_int(0));
}
static struct tg_column *default_amounts(void)
{
  return tg_choose_default(&op, amounts, tg_arg_int(0));
}
static struct tg_column *trunc_times(void)
{
  return tg_time_trunc(&op, times, tg_text("hour"), tg_text(""));
}
static struct tg_column *parse_many(void)
{
  return tg_parse_test(&op, many, tg_text("inet"));
}

static const struct {
  const char *name;
  struct tg_column *(*run)(void);
  double target; /* 0: none */
} benches[] = {
    {"int between", int_between, 1.5},
    {"numeric between, nulls", amount_between, 1.5},
    {"float between", float_between, 0},
    {"int lt int", int_int, 0},
    {"int lt numeric", int_numeric, 0},
    {"is_null", is_null, 0.8},
    {"mask and", mask_and, 0.1},
    {"mask not", mask_not, 0.1},
    {"text eq, 6 values", eq_few, 4},
    {"text eq, all distinct", eq_many, 4},
    {"is_in, 6 texts", in_few, 11},
    {"is_in, distinct texts", in_many, 11},
    {"is_in, ints", in_ints, 11},
    {"matches, 6 texts", regex_few, 0},
    {"matches ip, distinct", regex_many, 47},
    {"upper, 6 texts", upper_few, 0},
    {"upper, distinct", upper_many, 0},
    {"len", len_many, 0},
    {"concat", concat, 0},
    {"int + int", add_ints, 0},
    {"numeric * 1.19", mul_amounts, 0},
    {"numeric / int", div_amounts, 0},
    {"numeric round", round_amounts, 0},
    {"float + float", add_floats, 0},
    {"when", when_ints, 0},
    {"default", default_amounts, 0},
    {"trunc hour", trunc_times, 0},
    {"parses inet, distinct", parse_many, 0},
    {"lookup, 6 texts", ask_few, 0},
    {"lookup, distinct texts", ask_many, 0},
    {"lookup, ints", ask_ints, 0},
};

static int by_size(const void *x, const void *y)
{
  double a = *(const double *)x, b = *(const double *)y;
  return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
  double took[ROUNDS];
  tg_arena_init(&home, 1 << 20, 0), tg_arena_init(&scratch, 1 << 20, 0);
  op = (struct tg_op){.arena = &home, .home = &home, .err = &err};
  op.rows = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : ROWS_DEFAULT;
  fill();
  by_text = make_lookup(true), by_int = make_lookup(false);
  if (tg_regex_new(tg_text("^\\d{1,3}(\\.\\d{1,3}){3}$"), "", &ip, &err) != TG_OK) return 2;
  op.arena = &scratch;
  printf("%u rows, ns per row\n", op.rows);
  for (size_t k = 0; k < sizeof benches / sizeof *benches; k++) {
    for (int i = 0; i < ROUNDS; i++) {
      int64_t start = now_ns();
      if (!benches[k].run()) return fprintf(stderr, "%s: %s\n", benches[k].name, err.what), 1;
      took[i] = (double)(now_ns() - start) / op.rows;
      tg_arena_reset(&scratch, 0);
    }
    qsort(took, ROUNDS, sizeof *took, by_size);
    printf("%-24s %7.2f", benches[k].name, took[ROUNDS / 4]);
    if (benches[k].target > 0) printf("   target %5.1f", benches[k].target);
    printf("\n");
  }
  tg_regex_free(ip);
  tg_lookup_drop(by_text), tg_lookup_drop(by_int);
  tg_arena_fini(&home), tg_arena_fini(&scratch);
  return 0;
}
