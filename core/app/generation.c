/* Generations: a file set with counted references. */
#include "core/app/generation.h"

#include <stdlib.h>

enum { CHUNK = 64 << 10 };

struct tg_generation *tg_generation_new(const struct tg_config *config)
{
  struct tg_generation *g = calloc(1, sizeof *g);
  if (!g) return NULL;
  tg_arena_init(&g->arena, CHUNK, 0);
  atomic_init(&g->references, 1);
  g->config = config;
  return g;
}

enum tg_rc tg_generation_read(const struct tg_config *config, tg_config_fault *fault, void *self,
                              struct tg_generation **out)
{
  struct tg_generation *g = tg_generation_new(config);
  struct tg_err err;
  if (!g)
    return tg_err_set(&err, TG_FATAL, "scripts", "out of memory"), fault(self, &err), TG_FATAL;
  enum tg_rc rc = tg_fileset_read(config, &g->arena, &g->files, fault, self);
  if (rc != TG_OK) tg_generation_drop(g), g = NULL;
  *out = g;
  return rc;
}

struct tg_generation *tg_generation_copy(const struct tg_generation *g)
{
  struct tg_generation *copy = tg_generation_new(g->config);
  struct tg_buf json;
  tg_buf_init(&json, 0);
  tg_fileset_json(&g->files, &json);
  if (copy &&
      tg_fileset_of_json(tg_buf_view(&json), &g->files, &copy->arena, &copy->files) != TG_OK)
    tg_generation_drop(copy), copy = NULL;
  tg_buf_fini(&json);
  return copy;
}

struct tg_generation *tg_generation_ref(struct tg_generation *g)
{
  atomic_fetch_add(&g->references, 1);
  return g;
}

void tg_generation_drop(struct tg_generation *g)
{
  if (!g || atomic_fetch_sub(&g->references, 1) != 1) return;
  tg_lookups_free(g->lookups);
  tg_bakes_free(g->bakes);
  tg_arena_fini(&g->arena);
  free(g);
}

static struct tg_program_conf conf_of(const struct tg_generation *g)
{
  return (struct tg_program_conf){.memory_max = g->config->lua_memory_bytes,
                                  .rows_max = g->config->load_rows,
                                  .to_kafka = g->config->sink == TG_SINK_KAFKA,
                                  .output_bytes_max = (uint32_t)g->config->output_bytes_max,
                                  .deadline_us = g->config->lua_deadline_us};
}

enum tg_rc tg_generation_covered(struct tg_generation *g, struct tg_coverage *coverage,
                                 tg_config_fault *fault, void *self, struct tg_program **out)
{
  struct tg_program_conf conf = conf_of(g);
  conf.coverage = coverage;
  return tg_program_new(&g->files, &conf, fault, self, out);
}

enum tg_rc tg_generation_elder(const struct tg_generation *g, const struct tg_fileset *files,
                               tg_config_fault *fault, void *self, struct tg_program **out)
{
  struct tg_program_conf conf = conf_of(g);
  return tg_program_new(files, &conf, fault, self, out);
}

enum tg_rc tg_generation_program(struct tg_generation *g, tg_config_fault *fault, void *self,
                                 struct tg_program **out)
{
  return tg_generation_covered(g, NULL, fault, self, out);
}

static bool note_reads(struct tg_generation *g, const struct tg_topic *const *topics,
                       uint32_t count)
{
  uint32_t all = 0;
  for (uint32_t t = 0; t < count; t++) all += topics[t]->kafka_topics_count;
  g->reads = tg_arena_zalloc(&g->arena, all + 1, sizeof *g->reads);
  if (!g->reads) return false;
  for (uint32_t t = 0; t < count; t++)
    for (uint32_t k = 0; k < topics[t]->kafka_topics_count; k++) {
      struct tg_reads *r = &g->reads[g->reads_count++];
      r->topic = tg_arena_printf(&g->arena, "%.*s", TG_TEXT(topics[t]->name));
      r->kafka = tg_arena_printf(&g->arena, "%.*s", TG_TEXT(topics[t]->kafka_topics[k]));
      if (!r->topic || !r->kafka) return false;
    }
  return true;
}

enum tg_rc tg_generation_shared(struct tg_generation *g, const struct tg_program *p,
                                struct tg_err *err)
{
  uint32_t count;
  const struct tg_topic *const *topics = tg_program_topics(p, &count);
  g->lookups = tg_lookups_new(topics, count);
  g->bakes = tg_bakes_new(p);
  bool good = g->lookups && g->bakes && note_reads(g, topics, count);
  return good ? TG_OK : tg_err_set(err, TG_FATAL, "scripts", "out of memory");
}

enum tg_rc tg_generation_has_topics(const struct tg_generation *g, const struct tg_program *p,
                                    tg_config_fault *fault, void *self)
{
  uint32_t count;
  struct tg_err err;
  tg_program_topics(p, &count);
  if (count) return TG_OK;
  tg_err_set(&err, TG_CONFIG, "scripts", "there is no topic script (NAME.lua) in %s",
             g->config->scripts);
  return fault(self, &err), TG_CONFIG;
}
