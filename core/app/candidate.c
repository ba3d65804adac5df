/* Sets on their way to run. */
#include "core/app/candidate.h"

#include "bindings/runner.h"
#include "core/base/log.h"

#include <stdio.h>

void tg_faults_take(void *self, const struct tg_err *err)
{
  struct tg_faults *f = self;
  tg_log_err(TG_ERROR, "scripts", err);
  f->count++;
  if (f->len >= f->size) return;
  int n = snprintf(f->text + f->len, f->size - f->len, "%s: %s\n", err->where, err->what);
  f->len += n > 0 ? (size_t)n : 0;
}

/* Of a set that is taken over all the same. */
static void log_warning(void *self, const struct tg_err *err)
{
  (void)self;
  tg_log_err(TG_WARN, "scripts", err);
}

static void take_test(void *self, const struct tg_test *t)
{
  struct tg_err err;
  char where[sizeof err.where];
  if (t->passed) return;
  snprintf(where, sizeof where, "%s:%d", t->path, t->line);
  tg_err_set(&err, TG_CONFIG, where, "test \"%s\": %s", t->title, t->detail);
  tg_faults_take(self, &err);
}

static enum tg_rc find_files(const struct tg_candidate *c, struct tg_faults *f,
                             struct tg_generation **g)
{
  struct tg_err err;
  if (!c->former && *c->to) return tg_generation_recall(c->running, c->to, tg_faults_take, f, g);
  if (!c->former) return tg_generation_read(c->config, tg_faults_take, f, g);
  *g = tg_generation_copy(c->former);
  if (*g) return TG_OK;
  tg_err_set(&err, TG_RETRY, "reload", "no memory for the files of the set before");
  return tg_faults_take(f, &err), TG_RETRY;
}

enum tg_rc tg_candidate_build(const struct tg_candidate *c, struct tg_faults *f,
                              struct tg_generation **g, struct tg_program **program)
{
  enum tg_rc rc = find_files(c, f, g);
  if (rc != TG_OK) return rc;
  rc = tg_generation_program(*g, tg_faults_take, f, program);
  if (rc == TG_OK) {
    struct tg_test_counts counts;
    struct tg_err err;
    rc = tg_program_test_own(*program, take_test, f, &counts, &err);
    if (rc != TG_OK) tg_faults_take(f, &err);
    if (rc == TG_OK) rc = tg_generation_has_topics(*g, *program, tg_faults_take, f);
    if (rc == TG_OK && (rc = tg_generation_shared(*g, *program, &err)) != TG_OK)
      tg_faults_take(f, &err);
    if (f->count)
      tg_program_free(*program), rc = TG_CONFIG;
    else
      tg_program_warnings(*program, log_warning, NULL);
  }
  if (rc != TG_OK) tg_generation_drop(*g);
  return rc;
}
