/* A generation's scripts and rules: loading them in order, trying them on no rows, holding what
 * came out. */
#include "bindings/program.h"

#include "bindings/coverage.h"
#include "bindings/evaluate.h"
#include "bindings/lookupread.h"
#include "bindings/script.h"

#include <assert.h>
#include <lauxlib.h>
#include <stdlib.h>

enum {
  ARENA_CHUNK_BYTES = 64 << 10,
  ARENA_BYTES_MAX = 64 << 20,
  SCRATCH_CHUNK_BYTES = 1 << 20,
  ROWS_MAX = 50000
};

static const enum tg_file_kind ORDER[] = {TG_FILE_CATALOGUE, TG_FILE_RULE, TG_FILE_SCRIPT};

static enum tg_rc load_kind(struct tg_program *p, enum tg_file_kind kind, struct tg_err *err)
{
  for (uint32_t i = 0; i < p->files.count; i++) {
    if (p->files.files[i].kind != kind) continue;
    enum tg_rc rc = tg_loader_file(p, &p->files.files[i], err);
    if (rc != TG_OK) return rc;
  }
  return TG_OK;
}

static enum tg_rc load_files(struct tg_program *p, struct tg_err *err)
{
  enum tg_rc rc = tg_prelude_open(p, err);
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

static void watch_lines(struct tg_program *p, struct tg_coverage *coverage)
{
  tg_vm_set_line_hook(p->vm, coverage ? tg_coverage_hook : NULL, coverage);
}

static enum tg_rc build(struct tg_program *p, struct tg_err *err)
{
  struct tg_vm_conf conf = {.memory_max = p->conf.memory_max, .deadline_us = p->conf.deadline_us};
  enum tg_rc rc = tg_vm_new(&conf, &p->vm, err);
  if (rc != TG_OK) return rc;
  tg_vm_set_scratch(p->vm, &p->scratch);
  watch_lines(p, p->conf.coverage);
  rc = load_files(p, err);
  watch_lines(p, NULL);
  if (rc == TG_OK) rc = list_topics(p, err);
  if (rc == TG_OK) rc = try_all(p, err);
  watch_lines(p, p->conf.coverage);
  return rc;
}

/* The files outlive the call: the VM may have to be built again. */
static bool keep_files(struct tg_program *p, const struct tg_fileset *files)
{
  p->files = *files;
  p->files.files = tg_arena_zalloc(&p->arena, files->count, sizeof *p->files.files);
  for (uint32_t i = 0; p->files.files && i < files->count; i++) {
    const struct tg_source_file *from = &files->files[i];
    struct tg_source_file *to = &p->files.files[i];
    to->kind = from->kind, to->size = from->size;
    to->path = tg_arena_printf(&p->arena, "%s", from->path);
    to->text = tg_arena_copy(&p->arena, tg_text_of(from->text, from->size)).ptr;
    if (!to->path || !to->text) return false;
  }
  return p->files.files != NULL;
}

static struct tg_program *program_alloc(const struct tg_fileset *files,
                                        const struct tg_program_conf *conf)
{
  struct tg_program *p = calloc(1, sizeof *p);
  if (!p) return NULL;
  p->conf = *conf;
  if (!p->conf.rows_max) p->conf.rows_max = ROWS_MAX;
  p->warnings_end = &p->warnings;
  tg_arena_init(&p->arena, ARENA_CHUNK_BYTES, ARENA_BYTES_MAX);
  tg_arena_init(&p->scratch, SCRATCH_CHUNK_BYTES, conf->memory_max);
  if (keep_files(p, files)) return p;
  tg_program_free(p);
  return NULL;
}

enum tg_rc tg_program_new(const struct tg_fileset *files, const struct tg_program_conf *conf,
                          tg_program_fault *fault, void *self, struct tg_program **out)
{
  struct tg_err err;
  struct tg_program *p = program_alloc(files, conf);
  if (!p) {
    tg_err_set(&err, TG_CONFIG, "scripts", "no memory for a program of %u files", files->count);
    if (fault) fault(self, &err);
    return TG_CONFIG;
  }
  p->fault = fault, p->fault_self = self;
  p->loading = true;
  enum tg_rc rc = build(p, &err);
  if (rc != TG_OK) tg_loader_fault(p, &err);
  p->loading = false, p->fault = NULL;
  if (p->faults) {
    tg_program_free(p);
    return TG_CONFIG;
  }
  *out = p;
  return TG_OK;
}

/* Exchanges the VMs of two programs of the same files, with everything that refers to them. */
static void swap_vms(struct tg_program *p, struct tg_program *fresh)
{
  struct tg_vm *vm = p->vm;
  p->vm = fresh->vm, fresh->vm = vm;
  p->prelude = fresh->prelude;
  tg_vm_set_scratch(p->vm, &p->scratch);
  for (uint32_t i = 0; i < p->scripts_count; i++) {
    const struct tg_script *from = fresh->scripts[i];
    struct tg_script *to = p->scripts[i];
    to->transform = from->transform;
    for (uint32_t r = 0; r < to->rules_count; r++) {
      tg_ruleload_move(&to->rules[r], &from->rules[r]);
    }
  }
}

/* Topics and rules stay where they are, as loads refer to them: loading is deterministic, so that
 * a second program of the same files has the same ones. */
static enum tg_rc revive(struct tg_program *p)
{
  struct tg_program *fresh;
  enum tg_rc rc = tg_program_new(&p->files, &p->conf, NULL, NULL, &fresh);
  if (rc != TG_OK) return TG_FATAL;
  assert(fresh->scripts_count == p->scripts_count);
  swap_vms(p, fresh);
  tg_program_free(fresh);
  return TG_DATA;
}

enum tg_rc tg_program_call(struct tg_program *p, lua_CFunction body, void *argument,
                           struct tg_err *err)
{
  enum tg_rc rc = tg_loader_run(p, body, argument, err);
  if (rc != TG_FATAL || p->loading || p->testing) return rc;
  rc = revive(p);
  err->rc = rc;
  return rc;
}

void tg_program_free(struct tg_program *p)
{
  if (!p) return;
  for (uint32_t i = 0; i < p->scripts_count; i++) {
    const struct tg_script *s = p->scripts[i];
    for (uint32_t r = 0; r < s->rules_count; r++) tg_cell_free(s->rules[r].cell);
    tg_lookupread_drop(&p->scripts[i]->topic);
  }
  tg_vm_free(p->vm);
  tg_arena_fini(&p->scratch);
  tg_arena_fini(&p->arena);
  free(p);
}

void tg_program_warnings(const struct tg_program *p, tg_program_fault *tell, void *self)
{
  struct tg_err err;
  for (const struct tg_warning *w = p->warnings; w; w = w->next) {
    tg_err_set(&err, TG_OK, w->where, "%s", w->what);
    tell(self, &err);
  }
}

void tg_program_limit(struct tg_program *p, int64_t deadline_us)
{
  p->conf.deadline_us = deadline_us;
  tg_vm_set_deadline(p->vm, deadline_us);
}

const char *tg_program_sha256(const struct tg_program *p)
{
  return p->files.sha256;
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

const char *tg_verdict_name(enum tg_verdict verdict)
{
  static const char *const names[] = {[TG_VERDICT_PASS] = "pass",
                                      [TG_VERDICT_FAIL] = "fail",
                                      [TG_VERDICT_ERROR] = "error",
                                      [TG_VERDICT_SKIP] = "skip"};
  return names[verdict];
}

const char *tg_alarm_name(enum tg_alarm alarm)
{
  static const char *const names[] = {
      [TG_ALARM_NONE] = "none", [TG_ALARM_WARN] = "warn", [TG_ALARM_CRITICAL] = "critical"};
  return names[alarm];
}
