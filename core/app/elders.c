/* Elders: programs of sets of before. */
#include "core/app/elders.h"

#include "core/base/log.h"
#include "core/pg/state.h"

#include <stdio.h>
#include <string.h>

enum { CHUNK = 64 << 10 };

/* --- the set --- */

static enum tg_rc read_set(struct tg_elder *e, const struct tg_bakes_query *q, struct tg_err *err)
{
  struct tg_buf json;
  tg_buf_init(&json, 0);
  enum tg_rc rc = tg_generation_files(q->pg, q->pipeline, e->sha256, &json, q->deadline_us, err);
  if (rc == TG_OK) {
    rc = tg_fileset_of_json(tg_buf_view(&json), q->set, &e->arena, &e->files);
    memcpy(e->files.sha256, e->sha256, sizeof e->files.sha256);
    if (rc == TG_DATA)
      tg_err_set(err, rc, "bake", "tidegate.generation does not have %.12s", e->sha256);
    else if (rc != TG_OK)
      tg_err_set(err, rc, "bake", "no memory for the files of %.12s", e->sha256);
  }
  tg_buf_fini(&json);
  return rc;
}

enum tg_rc tg_elders_find(struct tg_bakes *bakes, const struct tg_bakes_query *q,
                          const char *sha256, int8_t *index, struct tg_err *err)
{
  *index = -1;
  if (!*sha256 || strcmp(sha256, q->set->sha256) == 0) return TG_OK;
  for (uint32_t i = 0; i < bakes->elders_count; i++)
    if (strcmp(bakes->elders[i].sha256, sha256) == 0) return *index = (int8_t)i, TG_OK;
  if (bakes->elders_count == TG_ELDERS_MAX) {
    tg_log(TG_WARN, "bake", "rules of %d generations act already: not those of %.12s",
           TG_ELDERS_MAX, sha256);
    return TG_OK;
  }
  struct tg_elder *e = &bakes->elders[bakes->elders_count];
  *e = (struct tg_elder){0};
  snprintf(e->sha256, sizeof e->sha256, "%s", sha256);
  tg_arena_init(&e->arena, CHUNK, 0);
  enum tg_rc rc = read_set(e, q, err);
  if (rc == TG_OK) return *index = (int8_t)bakes->elders_count++, TG_OK;
  tg_arena_fini(&e->arena);
  if (rc != TG_DATA) return rc;
  tg_log_err(TG_WARN, "bake", err);
  return TG_OK;
}

/* --- the programs --- */

static void log_fault(void *self, const struct tg_err *err)
{
  (void)self;
  tg_log(TG_WARN, "bake", "the set that acted before cannot be loaded: %s: %s", err->where,
         err->what);
}

/* Whether the rule has an elder now, for the log of the lane that comes first. */
static void tell(const struct tg_bake *bake, const char *sha256, const char *why)
{
  if (!why)
    tg_log(TG_INFO, "bake", "%.*s: %s of generation %.12s acts while the new one bakes",
           TG_TEXT(bake->topic->name), bake->rule, sha256);
  else
    tg_log(TG_WARN, "bake", "%.*s: nobody acts while %s bakes: %s", TG_TEXT(bake->topic->name),
           bake->rule, why);
}

static void bind_one(const struct tg_bakes *bakes, struct tg_program *p, uint32_t elder,
                     struct tg_program *old, bool first)
{
  struct tg_bake bake;
  for (uint32_t i = 0; i < bakes->count && tg_program_baking(p, i, &bake); i++) {
    if (bakes->elder_of[i] != (int8_t)elder) continue;
    const char *why = tg_program_elder(p, i, old);
    if (first) tell(&bake, bakes->elders[elder].sha256, why);
  }
}

bool tg_elders_bind(const struct tg_generation *g, struct tg_program *p,
                    struct tg_program **programs)
{
  struct tg_bakes *bakes = g->bakes;
  if (!bakes || !atomic_load(&bakes->ready)) return false;
  bool first = bakes->elders_count && !atomic_exchange(&bakes->told, true);
  for (uint32_t i = 0; i < bakes->elders_count; i++) {
    const struct tg_fileset *files = &bakes->elders[i].files;
    if (tg_generation_elder(g, files, log_fault, NULL, &programs[i]) == TG_OK)
      bind_one(bakes, p, i, programs[i], first);
    else
      programs[i] = NULL;
  }
  return true;
}

void tg_elders_drop(struct tg_program **programs)
{
  for (uint32_t i = 0; i < TG_ELDERS_MAX; i++) {
    tg_program_free(programs[i]);
    programs[i] = NULL;
  }
}
