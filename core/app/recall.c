/* Sets of before, from tidegate.generation. */
#include "core/app/generation.h"

#include "core/base/clock.h"
#include "core/pg/state.h"

#include <stdio.h>
#include <string.h>

enum { LISTED = 5 };

/* "16401cc2d5ee (2026-11-23 03:51:36+00), ..": when it was taken over first. */
static void list(const struct tg_pg *pg, struct tg_buf *out)
{
  for (uint32_t i = 0; i < tg_pg_rows(pg) && i < LISTED; i++)
    tg_buf_printf(out, "%s%.12s (%s)", i ? ", " : " ", tg_pg_value(pg, i, 0),
                  tg_pg_value(pg, i, 1));
  if (tg_pg_rows(pg) > LISTED) tg_buf_str(out, ", .. in tidegate.generation");
}

static enum tg_rc none(struct tg_pg *pg, const char *pipeline, const char *begin,
                       struct tg_err *err)
{
  struct tg_buf names;
  tg_buf_init(&names, 0);
  enum tg_rc rc = tg_generation_find(pg, pipeline, "", tg_clock_mono_us() + TG_RECALL_US, err);
  if (rc == TG_OK) {
    list(pg, &names);
    rc = tg_err_set(err, TG_CONFIG, "reload --to",
                    "no set that was taken over has a name that begins with %.64s; the newest:%s",
                    begin, tg_buf_cstr(&names));
  }
  tg_buf_fini(&names);
  return rc;
}

static enum tg_rc several(struct tg_pg *pg, const char *begin, struct tg_err *err)
{
  struct tg_buf names;
  tg_buf_init(&names, 0);
  list(pg, &names);
  tg_err_set(err, TG_CONFIG, "reload --to", "several names begin with %.64s; give more of it:%s",
             begin, tg_buf_cstr(&names));
  tg_buf_fini(&names);
  return TG_CONFIG;
}

/* The one name that begins so; sha256: 65 bytes. */
static enum tg_rc find(struct tg_pg *pg, const char *pipeline, const char *begin, char *sha256,
                       struct tg_err *err)
{
  if (strspn(begin, "0123456789abcdef") != strlen(begin))
    return tg_err_set(err, TG_CONFIG, "reload --to",
                      "'%.64s' is not the beginning of a set's name: hex digits, as `generation` "
                      "of `tidegate status` shows them",
                      begin);
  enum tg_rc rc = tg_generation_find(pg, pipeline, begin, tg_clock_mono_us() + TG_RECALL_US, err);
  if (rc != TG_OK) return rc;
  if (tg_pg_rows(pg) == 0) return none(pg, pipeline, begin, err);
  if (tg_pg_rows(pg) > 1) return several(pg, begin, err);
  snprintf(sha256, 65, "%s", tg_pg_value(pg, 0, 0));
  return TG_OK;
}

static enum tg_rc take(struct tg_generation *g, const struct tg_generation *now, const char *sha256,
                       struct tg_text json, struct tg_err *err)
{
  enum tg_rc rc = tg_fileset_of_json(json, &now->files, &g->arena, &g->files);
  if (rc == TG_RETRY)
    return tg_err_set(err, rc, "reload --to", "no memory for the files of %.12s", sha256);
  if (rc == TG_OK && strcmp(g->files.sha256, sha256) == 0) return TG_OK;
  return tg_err_set(err, TG_CONFIG, "reload --to",
                    "what tidegate.generation keeps of %.12s does not add up to that name: it was "
                    "changed, or made by a program with another catalogue",
                    sha256);
}

static enum tg_rc recall(struct tg_pg *pg, const struct tg_generation *now, const char *begin,
                         struct tg_generation *g, struct tg_err *err)
{
  const char *pipeline = now->config->pipeline;
  char sha256[65];
  bool fresh;
  struct tg_buf json;
  if (now->config->sink == TG_SINK_KAFKA)
    return tg_err_set(err, TG_CONFIG, "reload --to",
                      "a pipeline with `sink: kafka` keeps no earlier sets: put the files back, "
                      "then `tidegate reload`");
  tg_buf_init(&json, 0);
  enum tg_rc rc = tg_pg_connect(pg, &fresh, err);
  if (rc == TG_OK) rc = find(pg, pipeline, begin, sha256, err);
  if (rc == TG_OK)
    rc = tg_generation_files(pg, pipeline, sha256, &json, tg_clock_mono_us() + TG_RECALL_US, err);
  if (rc == TG_OK) rc = take(g, now, sha256, tg_buf_view(&json), err);
  tg_buf_fini(&json);
  return rc;
}

enum tg_rc tg_generation_recall(const struct tg_generation *now, const char *begin,
                                tg_config_fault *fault, void *self, struct tg_generation **out)
{
  const struct tg_config *c = now->config;
  struct tg_pg_conf conf = {.dsn = c->owner_dsn ? c->owner_dsn : c->dsn,
                            .password_file = c->password_file,
                            .name = "tidegate reload",
                            .connect_us = 5 * TG_SEC,
                            .statement_us = TG_RECALL_US,
                            .lock_us = 2 * TG_SEC};
  struct tg_err err;
  struct tg_pg *pg = tg_pg_new(&conf);
  struct tg_generation *g = tg_generation_new(c);
  enum tg_rc rc = tg_err_set(&err, TG_RETRY, "reload --to", "out of memory");
  if (pg && g) rc = recall(pg, now, begin, g, &err);
  if (rc != TG_OK) {
    fault(self, &err);
    tg_generation_drop(g);
    g = NULL;
  }
  tg_pg_free(pg);
  *out = g;
  return rc;
}

static void forget_fault(void *self, const struct tg_err *err)
{
  (void)self, (void)err;
}

bool tg_generation_on_disk(const struct tg_generation *g)
{
  struct tg_generation *disk;
  if (tg_generation_read(g->config, forget_fault, NULL, &disk) != TG_OK) return false;
  bool same = strcmp(disk->files.sha256, g->files.sha256) == 0;
  tg_generation_drop(disk);
  return same;
}
