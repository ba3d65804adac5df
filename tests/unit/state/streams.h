/* A stream of rows of one partition, judged by a rule with keyed state in batches of any size: for
 * tests that compare one way of cutting, repeating, saving with another. */
#ifndef TG_TESTS_STREAMS_H
#define TG_TESTS_STREAMS_H

#include "core/state/stateset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { STREAM_ROWS = 600, OPERATIONS = 9 };
#define SEC INT64_C(1000000)

struct stream {
  uint32_t rows;
  int64_t offset[STREAM_ROWS], kafka_us[STREAM_ROWS], time_us[STREAM_ROWS], value[STREAM_ROWS];
  int64_t key[STREAM_ROWS];
  uint8_t key_nul[STREAM_ROWS], value_nul[STREAM_ROWS], live[STREAM_ROWS];
};

struct results { /* per operation and row; INT64_MIN: null */
  int64_t of[OPERATIONS][STREAM_ROWS];
};

struct judge { /* a rule on its partition */
  struct tg_stateset *set;
  struct tg_keyed_conf conf;
  int64_t window_us;
  struct tg_arena arena;
  struct tg_err err;
};

static struct tg_keyed_conf conf_of(uint32_t keys_max, int64_t keep_us)
{
  return (struct tg_keyed_conf){
      .limits = {.keys_max = keys_max, .keep_us = keep_us, .bytes_max = TG_KEYED_BYTES_MAX}};
}

static inline void judge_open(struct judge *j, struct tg_keyed_conf conf, int64_t window_us)
{
  *j = (struct judge){.set = tg_stateset_new(7), .conf = conf, .window_us = window_us};
  tg_arena_init(&j->arena, 1 << 16, 0);
}

static inline void judge_close(struct judge *j)
{
  tg_stateset_free(j->set);
  tg_arena_fini(&j->arena);
}

static inline struct tg_column *ints(struct judge *j, enum tg_kind kind, const int64_t *values,
                                     const uint8_t *nul, uint32_t n)
{
  struct tg_column *c = tg_column_new(&j->arena, tg_type_of(kind), n, nul != NULL);
  memcpy(c->v.ints, values, n * sizeof *values);
  if (nul) memcpy(c->nul, nul, n);
  return c;
}

static inline void take(struct results *out, int op, uint32_t from, const struct tg_column *c)
{
  assert_non_null(c);
  for (uint32_t i = 0; i < c->rows; i++) {
    int64_t v = c->type.kind == TG_BOOL       ? c->v.mask[i]
                : c->type.kind == TG_INTERVAL ? c->v.spans[i].us
                                              : c->v.ints[i];
    out->of[op][from + i] = tg_column_is_null(c, i) ? INT64_MIN : v;
  }
}

/* Judges rows [from, from + n) as one segment; the state is where they begin. */
static inline void judge_rows(struct judge *j, const struct stream *s, uint32_t from, uint32_t n,
                              struct results *out)
{
  struct tg_event *events = tg_arena_zalloc(&j->arena, n + 1, sizeof *events);
  uint8_t *fates = tg_arena_zalloc(&j->arena, n + 1, 1);
  for (uint32_t i = 0; i < n; i++) {
    events[i] = (struct tg_event){.offset = s->offset[from + i], .kafka_us = s->kafka_us[from + i]};
    fates[i] = s->live[from + i] ? TG_LOAD : TG_QUARANTINE;
  }
  struct tg_segment segment = {.rows = n, .from = from};
  struct tg_batch b = {
      .rows = n, .events = events, .fates = fates, .segments = &segment, .segments_count = 1};
  tg_stateset_begin(j->set, from);
  struct tg_keyed *state = tg_stateset_open(j->set, tg_text("rule"), tg_text("1"), &j->conf);
  assert_non_null(state);
  struct tg_keyed_use u = {.b = &b, .key_count = 1, .state = &state};
  u.key[0] = ints(j, TG_INT8, s->key + from, s->key_nul + from, n);
  struct tg_column *times = ints(j, TG_TIMESTAMPTZ, s->time_us + from, NULL, n);
  struct tg_column *values = ints(j, TG_INT8, s->value + from, s->value_nul + from, n);
  struct tg_op op = {.arena = &j->arena, .rows = n, .err = &j->err};
  take(out, 0, from, tg_keyed_count(&u, &op, times, j->window_us));
  take(out, 1, from, tg_keyed_sum(&u, &op, values, times, j->window_us));
  take(out, 2, from, tg_keyed_seen(&u, &op, times, j->window_us));
  take(out, 3, from, tg_keyed_value(&u, &op, TG_KEYOP_PREVIOUS, values));
  take(out, 4, from, tg_keyed_value(&u, &op, TG_KEYOP_LARGEST, values));
  take(out, 5, from, tg_keyed_value(&u, &op, TG_KEYOP_SMALLEST, values));
  take(out, 6, from, tg_keyed_value(&u, &op, TG_KEYOP_RUN, values));
  take(out, 7, from, tg_keyed_ordinal(&u, &op));
}

static inline void expect_same(const struct results *got, const struct results *want, uint32_t rows,
                               const char *what)
{
  for (int op = 0; op < OPERATIONS - 1; op++)
    for (uint32_t i = 0; i < rows; i++)
      if (got->of[op][i] != want->of[op][i])
        fail_msg("%s: %s, row %u: got %lld, expected %lld", what, tg_keyop_name((enum tg_keyop)op),
                 i, (long long)got->of[op][i], (long long)want->of[op][i]);
}

static inline uint32_t draw(uint64_t *seed)
{
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*seed >> 33);
}

/* Times advance by seconds and now and then fall back; offsets have gaps; some keys are hot. */
static inline struct stream *random_stream(uint64_t seed, uint32_t keys)
{
  struct stream *s = calloc(1, sizeof *s);
  int64_t offset = 0, now = 1767225600 * SEC;
  s->rows = STREAM_ROWS;
  for (uint32_t i = 0; i < s->rows; i++) {
    offset += 1 + (draw(&seed) % 4 == 0);
    now += draw(&seed) % 3 * SEC;
    s->offset[i] = offset;
    s->kafka_us[i] = now;
    s->time_us[i] = now - (draw(&seed) % 5 ? 0 : draw(&seed) % 90 * SEC);
    if (draw(&seed) % 200 == 0) s->time_us[i] = now + 1000000 * SEC; /* from the future */
    s->key[i] = draw(&seed) % 3 ? draw(&seed) % keys : draw(&seed) % 3;
    s->value[i] = (int64_t)(draw(&seed) % 3) - 1;
    s->key_nul[i] = draw(&seed) % 30 == 0;
    s->value_nul[i] = draw(&seed) % 10 == 0;
    s->live[i] = draw(&seed) % 20 != 0;
  }
  return s;
}

#endif
