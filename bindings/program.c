/* A generation's scripts and rules: loading them in order, trying them on no rows, holding what
 * came out. */
#include "bindings/program.h"

#include "bindings/evaluate.h"
#include "bindings/script.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_CHUNK_BYTES = 64 << 10, SCRATCH_CHUNK_BYTES = 1 << 20 };

static const enum tg_file_kind ORDER[] = {TG_FILE_CATALOGUE, TG_FILE_RULE, TG_FILE_SCRIPT};

static enum tg_rc load_kind(struct tg_program *p, enum tg_file_kind kind, struct tg_err *err)
{
  for (uint32_t i = 0; i < p->files->count; i++) {
    if (p->files->files[i].kind != kind) continue;
    enum tg_rc rc = tg_loader_file(p, &p->files->files[i], err);
    if (rc != TG_OK) return rc;
  }
  return TG_OK;
}

static enum tg_rc load_files(struct tg_program *p, struct tg_err *err)
{
  enum tg_rc rc = tg_loader_open(p, err);
  for (size_t i = 0; rc == TG_OK && i < sizeof ORDER / sizeof *ORDER; i++) {
    rc = load_kind(p, ORDER[i], err);
  }
  return rc == TG_OK ? tg_loader_call(p, "topics", "join_active", err) : rc;
}

/* Topics in a row, as tg_load_open() takes them. */
static enum tg_rc list_topics(struct tg_program *p, struct tg_err *err)
{
  p->topics = tg_arena_zalloc(&p->arena, p->scripts_count, sizeof *p->topics);
  if (!p->topics) return tg_err_set(err, TG_FATAL, "scripts", "no memory for the topics");
  for (uint32_t i = 0; i < p->scripts_count; i++) p->topics[i] = &p->scripts[i]->topic;
  return TG_OK;
}

/* What only running can show: transform and every rule meet a batch of the declared columns without
 * rows. */
static enum tg_rc try_all(struct tg_program *p, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; rc == TG_OK && i < p->scripts_count; i++) {
    if (!p->scripts[i]->broken) rc = tg_evaluate_try(p, p->scripts[i], err);
  }
  return rc;
}

static enum tg_rc build(struct tg_program *p, struct tg_err *err)
{
  struct tg_vm_conf conf = {.memory_max = p->conf.memory_max, .deadline_us = p->conf.deadline_us};
  enum tg_rc rc = tg_vm_new(&conf, &p->vm, err);
  if (rc == TG_OK) {
    tg_vm_set_scratch(p->vm, &p->scratch);
    rc = load_files(p, err);
  }
  if (rc == TG_OK) rc = list_topics(p, err);
  if (rc == TG_OK) rc = try_all(p, err);
  return rc;
}

enum tg_rc tg_program_new(const struct tg_fileset *files, const struct tg_program_conf *conf,
                          tg_program_fault *fault, void *self, struct tg_program **out)
{
  struct tg_err err;
  struct tg_program *p = calloc(1, sizeof *p);
  if (!p) return TG_FATAL;
  p->conf = *conf, p->files = files, p->fault = fault, p->fault_self = self;
  snprintf(p->sha256, sizeof p->sha256, "%s", files->sha256);
  tg_arena_init(&p->arena, ARENA_CHUNK_BYTES, conf->memory_max);
  tg_arena_init(&p->scratch, SCRATCH_CHUNK_BYTES, conf->memory_max);
  enum tg_rc rc = build(p, &err);
  if (rc != TG_OK) tg_loader_fault(p, &err);
  if (rc == TG_OK && p->faults) rc = TG_CONFIG;
  p->files = NULL, p->fault = NULL;
  if (rc == TG_OK) {
    *out = p;
  } else {
    tg_program_free(p);
    rc = TG_CONFIG;
  }
  return rc;
}

void tg_program_free(struct tg_program *p)
{
  if (!p) return;
  tg_vm_free(p->vm);
  tg_arena_fini(&p->scratch);
  tg_arena_fini(&p->arena);
  free(p);
}

const char *tg_program_sha256(const struct tg_program *p)
{
  return p->sha256;
}

const struct tg_topic *const *tg_program_topics(const struct tg_program *p, uint32_t *count)
{
  *count = p->scripts_count;
  return p->topics;
}

size_t tg_program_memory(const struct tg_program *p)
{
  return tg_vm_memory(p->vm);
}
