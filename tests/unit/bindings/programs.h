/* Programs made of texts, for the tests of the loader and the evaluator. */
#ifndef TG_TEST_PROGRAMS_H
#define TG_TEST_PROGRAMS_H

#include "bindings/program.h"
#include "core/data/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { FILES_MAX = 40, FAULTS_BYTES = 16384 };

struct sources {
  struct tg_source_file files[FILES_MAX];
  char *owned[FILES_MAX];
  uint32_t count;
  size_t memory_max;
  int64_t deadline_us;
  bool to_kafka;
  char faults[FAULTS_BYTES]; /* "where: what\n" each */
  uint32_t faults_count;
};

static inline void sources_add(struct sources *s, enum tg_file_kind kind, const char *path,
                               const char *text)
{
  assert_true(s->count < FILES_MAX);
  s->files[s->count++] = (struct tg_source_file){kind, path, text, strlen(text)};
}

/* A file of the repository. */
static inline void sources_read(struct sources *s, enum tg_file_kind kind, const char *path)
{
  char full[512];
  snprintf(full, sizeof full, "%s/%s", TG_SOURCE_DIR, path);
  FILE *f = fopen(full, "rb");
  assert_non_null(f);
  char *text = calloc(1, 65536);
  assert_non_null(text);
  size_t size = fread(text, 1, 65535, f);
  fclose(f);
  assert_true(size > 0);
  s->owned[s->count] = text;
  sources_add(s, kind, path, text);
}

static inline void sources_catalogue(struct sources *s)
{
  static const char *const paths[] = {
      "rules/accuracy/between.lua",        "rules/accuracy/compare.lua",
      "rules/completeness/not_null.lua",   "rules/validity/in_set.lua",
      "rules/validity/length_between.lua", "rules/validity/matches_regex.lua"};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    sources_read(s, TG_FILE_CATALOGUE, paths[i]);
  }
}

static inline void sources_fault(void *self, const struct tg_err *err)
{
  struct sources *s = self;
  size_t used = strlen(s->faults);
  snprintf(s->faults + used, sizeof s->faults - used, "%s: %s\n", err->where, err->what);
  s->faults_count++;
}

static inline enum tg_rc sources_load(struct sources *s, struct tg_program **out)
{
  struct tg_fileset set = {.files = s->files, .count = s->count, .sha256 = "0123"};
  struct tg_program_conf conf = {.to_kafka = s->to_kafka,
                                 .memory_max = s->memory_max ? s->memory_max : 32 << 20,
                                 .deadline_us = s->deadline_us ? s->deadline_us : 2000000};
  *out = NULL;
  enum tg_rc rc = tg_program_new(&set, &conf, sources_fault, s, out);
  for (uint32_t i = 0; i < s->count; i++) free(s->owned[i]);
  return rc;
}

/* Fails the test with the faults when it does not load. */
static inline struct tg_program *sources_program(struct sources *s)
{
  struct tg_program *p;
  enum tg_rc rc = sources_load(s, &p);
  if (rc != TG_OK) fail_msg("does not load: %s", s->faults);
  return p;
}

/* A program of the catalogue and one topic `orders` with this text. */
static inline struct tg_program *program_of(const char *script)
{
  struct sources s = {0};
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  return sources_program(&s);
}

static inline void expect_text(const char *haystack, const char *needle)
{
  if (!strstr(haystack, needle)) fail_msg("'%s' is not in:\n%s", needle, haystack);
}

/* What loading this topic (with the catalogue) reports. */
static inline void expect_fault(const char *script, const char *fault)
{
  struct sources s = {0};
  struct tg_program *p;
  sources_catalogue(&s);
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua", script);
  enum tg_rc rc = sources_load(&s, &p);
  if (rc == TG_OK) tg_program_free(p);
  assert_int_equal(rc, TG_CONFIG);
  expect_text(s.faults, fault);
}

/* A batch with its own arena. */
struct run {
  struct tg_arena arena;
  struct tg_batch b;
  struct tg_judgement judgement;
  struct tg_err err;
};

/* Decodes the events (JSON texts, NULL-terminated) as the first topic's. */
static inline void run_open(struct run *r, const struct tg_program *p, const char *const *events,
                            uint32_t count)
{
  uint32_t topics;
  const struct tg_topic *topic = tg_program_topics(p, &topics)[0];
  tg_arena_init(&r->arena, 1 << 16, 64 << 20);
  assert_int_equal(tg_batch_init(&r->b, topic, &r->arena, count), TG_OK);
  for (uint32_t i = 0; i < count; i++) {
    struct tg_event e = {.offset = i, .value = tg_text(events[i]), .size = 1};
    assert_int_equal(tg_batch_add(&r->b, &e), TG_OK);
  }
  assert_int_equal(tg_batch_seal(&r->b), TG_OK);
  struct tg_decoder *d = tg_decoder_new(topic);
  assert_non_null(d);
  assert_int_equal(tg_decoder_run(d, &r->b, &r->err), TG_OK);
  tg_decoder_free(d);
}

static inline enum tg_rc run_judge(struct run *r, struct tg_program *p)
{
  return tg_program_run(p, &r->b, &r->judgement, NULL, NULL, &r->err);
}

static inline void run_close(struct run *r)
{
  tg_arena_fini(&r->arena);
}

#define RUN(r, p, ...)                                                                             \
  do {                                                                                             \
    const char *const events_[] = {__VA_ARGS__};                                                   \
    run_open(r, p, events_, sizeof events_ / sizeof *events_);                                     \
    enum tg_rc rc_ = run_judge(r, p);                                                              \
    if (rc_ != TG_OK) fail_msg("%s: %s", (r)->err.where, (r)->err.what);                           \
  } while (0)

/* "load tag quarantine" */
static inline void expect_fates(const struct run *r, const char *fates)
{
  char text[1024] = "";
  for (uint32_t i = 0; i < r->b.rows; i++) {
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "",
             tg_fate_name((enum tg_fate)r->b.fates[i]));
  }
  assert_string_equal(text, fates);
}

/* The first reason of a row holds this text. */
static inline void expect_reason(const struct run *r, uint32_t row, const char *part)
{
  char text[1200];
  const struct tg_issue *issue = r->b.issues[row];
  assert_non_null(issue);
  snprintf(text, sizeof text, "%.*s", TG_TEXT(issue->reason));
  expect_text(text, part);
}

#endif
