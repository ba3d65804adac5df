/* tidegate partitions: where each stands, a new beginning, taking over another name's. */
#include "core/app/ask.h"
#include "core/app/cli.h"
#include "core/base/clock.h"
#include "core/kafka/consumer.h"
#include "core/pg/partition.h"

#include <ctype.h>

struct call {
  const struct tg_config *config;
  const struct tg_args *args;
  const char *from_pipeline, *from_cluster;
  bool yes, json;
};

static int answer(struct tg_pg *pg, enum tg_rc rc, bool json, const struct tg_err *err)
{
  uint32_t rows = rc == TG_OK ? tg_pg_rows(pg) : 0;
  if (rows) tg_ask_print(pg, json, stdout);
  if (rc != TG_OK) return tg_cli_fail(err);
  if (!rows) fprintf(stderr, "there is no such partition in the ledger\n");
  return rows ? TG_EXIT_OK : TG_EXIT_NOTHING;
}

static struct tg_partition_of named(const struct call *c)
{
  const struct tg_args *args = c->args;
  return (struct tg_partition_of){.pipeline = c->config->pipeline,
                                  .topic = args->words_count > 1 ? args->words[1] : NULL,
                                  .part = args->words_count > 2 ? args->words[2] : NULL};
}

static int list(const struct call *c, struct tg_pg *pg)
{
  struct tg_err err;
  struct tg_partition_of of = named(c);
  enum tg_rc rc = tg_partition_list(pg, &of, tg_ask_deadline(), &err);
  return answer(pg, rc, c->json, &err);
}

/* Shows what it is about and asks for --yes. */
static int unconfirmed(struct tg_pg *pg, const struct tg_partition_of *of, const char *what)
{
  struct tg_err err;
  enum tg_rc rc = tg_partition_list(pg, of, tg_ask_deadline(), &err);
  int code = answer(pg, rc, false, &err);
  if (code != TG_EXIT_OK) return code;
  fprintf(stderr, "nothing was changed. %s; with --yes it is done\n", what);
  return TG_EXIT_FAILURE;
}

static int restart(const struct call *c, struct tg_pg *pg)
{
  struct tg_err err;
  struct tg_partition_of of = named(c);
  if (!c->yes)
    return unconfirmed(pg, &of,
                       "These would be read again from Kafka's first record on; rows that are "
                       "loaded stay, and come a second time where Kafka still has them");
  enum tg_rc rc = tg_partition_restart(pg, &of, tg_ask_deadline(), &err);
  return answer(pg, rc, c->json, &err);
}

static void on_parts(void *self, const struct tg_topart *parts, uint32_t count)
{
  (void)self, (void)parts, (void)count;
}
static void on_revoked(void *self, bool lost)
{
  (void)self, (void)lost;
}

/* The id of the cluster behind kafka.brokers, copied to id. */
static enum tg_rc ask_cluster(const struct tg_config *c, char *id, size_t size, struct tg_err *err)
{
  struct tg_consumer_conf conf = {.brokers = c->brokers,
                                  .group = c->pipeline,
                                  .client_id = "tidegate-partitions",
                                  .properties = c->properties,
                                  .properties_count = c->properties_count,
                                  .queue_kbytes = c->queue_kbytes,
                                  .event_bytes_max = (uint32_t)c->event_bytes_max,
                                  .fetch_wait_us = 10 * TG_MS,
                                  .session_us = c->session_us};
  struct tg_consumer_on on = {.assigned = on_parts, .revoked = on_revoked};
  struct tg_consumer *consumer = NULL;
  enum tg_rc rc = tg_consumer_new(&conf, &on, &consumer, err);
  if (rc != TG_OK) return rc;
  const char *cluster = tg_consumer_cluster(consumer, 10 * TG_SEC);
  if (cluster)
    snprintf(id, size, "%s", cluster);
  else
    rc = tg_err_set(err, TG_RETRY, "kafka.brokers", "no broker of %s answers", c->brokers);
  tg_consumer_close(consumer);
  return rc;
}

static int adopt(const struct call *c, struct tg_pg *pg)
{
  struct tg_err err;
  char cluster[200];
  enum tg_rc rc = ask_cluster(c->config, cluster, sizeof cluster, &err);
  if (rc != TG_OK) return tg_cli_fail(&err);
  struct tg_partition_of to = {.pipeline = c->config->pipeline, .cluster_id = cluster}, from = to;
  from.topic = c->args->words[1];
  if (c->from_pipeline) from.pipeline = c->from_pipeline;
  if (c->from_cluster) from.cluster_id = c->from_cluster;
  if (!c->yes)
    return unconfirmed(pg, &from,
                       "Those of the other name would go on under this pipeline and cluster; "
                       "whoever reads them under the old one is fenced. The offsets must be those "
                       "of the same records");
  rc = tg_partition_adopt(pg, &from, &to, tg_ask_deadline(), &err);
  return answer(pg, rc, c->json, &err);
}

static int run(const struct call *c)
{
  struct tg_err err;
  struct tg_pg *pg = tg_ask_open(c->config, &err);
  if (!pg) return tg_cli_fail(&err);
  char verb = *c->args->words[0];
  int code = verb == 'l' ? list(c, pg) : verb == 'r' ? restart(c, pg) : adopt(c, pg);
  tg_pg_free(pg);
  return code;
}

static bool is_number(const char *s)
{
  size_t len = 0;
  while (isdigit((unsigned char)s[len])) len++;
  return len && len < 10 && !s[len];
}

static bool is_verb(const struct call *c)
{
  const struct tg_args *args = c->args;
  uint32_t n = args->words_count;
  const char *verb = n ? args->words[0] : "";
  bool part = n < 3 || is_number(args->words[2]), from = c->from_pipeline || c->from_cluster;
  if (strcmp(verb, "list") == 0 && part && !from) return true;
  if (strcmp(verb, "restart") == 0 && n >= 2 && part && !from) return true;
  if (strcmp(verb, "adopt") == 0 && n == 2 && from) return true;
  fprintf(stderr,
          "tidegate partitions: `list [KAFKA_TOPIC [PARTITION]]`, `restart KAFKA_TOPIC [PARTITION]`"
          " or `adopt KAFKA_TOPIC` with --from-pipeline or --from-cluster\n");
  return false;
}

int tg_command_partitions(int argc, char **argv)
{
  const char *path = NULL;
  struct call c = {0};
  const struct tg_option options[] = {
      TG_OPT_CONFIG(path),
      TG_OPT_TEXT("from-pipeline", "NAME", "adopt: loaded as", c.from_pipeline),
      TG_OPT_TEXT("from-cluster", "ID", "adopt: loaded from", c.from_cluster),
      TG_OPT_FLAG("yes", "do it; without it only shown", c.yes),
      TG_OPT_FLAG("json", "one JSON object a row", c.json),
      {0}};
  struct tg_args args;
  struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  c.args = &args, c.config = &config;
  if (code < 0 && !is_verb(&c)) return TG_EXIT_USAGE;
  if (code < 0) code = tg_cli_config(&config, path);
  if (code >= 0) return code;
  code = run(&c);
  tg_config_fini(&config);
  return code;
}
