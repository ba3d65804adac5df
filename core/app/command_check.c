/* tidegate check: every fault of configuration, scripts and rules at once; with --connect also
 * servers and tables. */
#include "core/app/cli.h"
#include "core/app/generation.h"
#include "core/app/producers.h"
#include "core/base/clock.h"
#include "core/pg/lookuptable.h"
#include "core/pg/table.h"

struct report {
  uint32_t faults;
  bool json;
};

static void print(const struct report *r, const struct tg_err *err, bool warning)
{
  if (!r->json) {
    fprintf(stderr, "%s: %s: %s\n", warning ? "warning" : "error", err->where, err->what);
    return;
  }
  struct tg_buf b;
  tg_buf_init(&b, 0);
  tg_buf_str(&b, "{\"where\":");
  tg_buf_json(&b, tg_text(err->where));
  tg_buf_str(&b, ",\"what\":");
  tg_buf_json(&b, tg_text(err->what));
  printf("%s%s}\n", tg_buf_cstr(&b), warning ? ",\"warning\":true" : "");
  tg_buf_fini(&b);
}

static void take(void *self, const struct tg_err *err)
{
  struct report *r = self;
  r->faults++;
  print(r, err, false);
}

static void take_warning(void *self, const struct tg_err *err)
{
  print(self, err, true);
}

static void check_lookups(struct tg_pg *pg, const struct tg_topic *topic, struct report *r)
{
  struct tg_err err;
  for (uint32_t i = 0; i < topic->lookups_count; i++) {
    if (!topic->lookups[i].table.len) continue;
    int64_t deadline = tg_clock_mono_us() + 10 * TG_SEC;
    if (tg_lookuptable_probe(pg, &topic->lookups[i], deadline, &err) != TG_OK) take(r, &err);
  }
}

static void check_tables(const struct tg_config *c, const struct tg_program *p, struct report *r)
{
  struct tg_pg_conf conf = {.dsn = c->dsn,
                            .password_file = c->password_file,
                            .name = "tidegate check",
                            .connect_us = 10 * TG_SEC,
                            .statement_us = 10 * TG_SEC,
                            .lock_us = TG_SEC};
  struct tg_pg *pg = tg_pg_new(&conf);
  struct tg_err err;
  bool fresh, created;
  enum tg_table_mode mode = c->create_tables ? TG_TABLE_PLAN : TG_TABLE_KEEP;
  uint32_t count;
  const struct tg_topic *const *topics = tg_program_topics(p, &count);
  enum tg_rc rc =
      pg ? tg_pg_connect(pg, &fresh, &err) : tg_err_set(&err, TG_FATAL, "check", "out of memory");
  if (rc != TG_OK) take(r, &err);
  for (uint32_t t = 0; rc == TG_OK && t < count; t++) {
    if (tg_table_prepare(pg, topics[t], mode, &created, tg_clock_mono_us() + 10 * TG_SEC, &err) !=
        TG_OK)
      take(r, &err);
    check_lookups(pg, topics[t], r);
  }
  tg_pg_free(pg);
}

/* With `sink: kafka`: may we write in transactions, and are the topics there? */
static void check_outputs(const struct tg_config *c, const struct tg_program *p, struct report *r)
{
  char id[256];
  uint32_t count;
  struct tg_err err;
  struct tg_emitter *e = NULL;
  const struct tg_topic *const *topics = tg_program_topics(p, &count);
  snprintf(id, sizeof id, "%.200s-check", c->pipeline);
  struct tg_emitter_conf conf = tg_producers_conf(c, id);
  if (tg_emitter_new(&conf, &e, &err) != TG_OK) return take(r, &err);
  for (uint32_t t = 0; t < count; t++) {
    for (uint32_t k = 0; k < topics[t]->outputs_count; k++)
      if (tg_emitter_topic(e, topics[t]->outputs[k].ptr, &err) != TG_OK) take(r, &err);
    if (tg_emitter_topic(e, topics[t]->dead_letter.ptr, &err) != TG_OK) take(r, &err);
  }
  tg_emitter_free(e);
}

static bool assigned_nothing(void *self, const struct tg_event *e)
{
  return (void)self, (void)e, true;
}
static void on_parts(void *self, const struct tg_topart *parts, uint32_t count)
{
  (void)self, (void)parts, (void)count;
}
static void on_revoked(void *self, bool lost)
{
  (void)self, (void)lost;
}
static void on_slot(void *self, uint32_t slot, int64_t offset)
{
  (void)self, (void)slot, (void)offset;
}
static void on_broken(void *self, uint32_t slot, const struct tg_err *err)
{
  (void)self, (void)slot, (void)err;
}
static void on_trouble(void *self, const struct tg_err *err)
{
  (void)self, (void)err;
}

static void check_brokers(const struct tg_config *c, struct report *r)
{
  struct tg_consumer_conf conf = {.brokers = c->brokers,
                                  .group = c->pipeline,
                                  .client_id = "tidegate-check",
                                  .properties = c->properties,
                                  .properties_count = c->properties_count,
                                  .queue_kbytes = c->queue_kbytes,
                                  .event_bytes_max = (uint32_t)c->event_bytes_max,
                                  .fetch_wait_us = 10 * TG_MS,
                                  .session_us = c->session_us};
  struct tg_consumer_on on = {NULL,    on_parts,  on_revoked, assigned_nothing,
                              on_slot, on_broken, on_trouble};
  struct tg_consumer *consumer = NULL;
  struct tg_err err;
  enum tg_rc rc = tg_consumer_new(&conf, &on, &consumer, &err);
  if (rc == TG_OK && !tg_consumer_cluster(consumer, 10 * TG_SEC))
    rc = tg_err_set(&err, TG_RETRY, "kafka.brokers", "no broker of %s answers", c->brokers);
  if (rc != TG_OK) take(r, &err);
  tg_consumer_close(consumer);
}

static void check_scripts(const struct tg_config *c, bool connect, struct report *r)
{
  struct tg_generation *g;
  struct tg_program *p;
  if (tg_generation_read(c, take, r, &g) != TG_OK) return;
  if (tg_generation_program(g, take, r, &p) == TG_OK) {
    tg_program_warnings(p, take_warning, r);
    bool ask = tg_generation_has_topics(g, p, take, r) == TG_OK && connect;
    if (ask && c->sink == TG_SINK_POSTGRES) check_tables(c, p, r);
    if (ask && c->sink == TG_SINK_KAFKA) check_outputs(c, p, r);
    tg_program_free(p);
  }
  tg_generation_drop(g);
}

int tg_command_check(int argc, char **argv)
{
  const char *path = NULL;
  bool connect = false;
  struct report r = {0};
  const struct tg_option options[] = {
      TG_OPT_CONFIG(path),
      TG_OPT_FLAG("connect", "also ask the brokers, the database and its tables", connect),
      TG_OPT_FLAG("json", "one JSON object a fault or warning", r.json),
      {0}};
  struct tg_args args;
  struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  const char *file = tg_cli_config_path(path);
  bool good = tg_config_load(&config, file, take, &r) == TG_OK;
  if (config.scripts) check_scripts(&config, connect && good, &r);
  if (connect && good) check_brokers(&config, &r);
  tg_config_fini(&config);
  if (!r.faults)
    printf(r.json ? "" : "%s: no fault found\n", file);
  else
    fprintf(stderr, "%u fault%s\n", r.faults, r.faults == 1 ? "" : "s");
  return r.faults ? TG_EXIT_CONFIG : TG_EXIT_OK;
}
