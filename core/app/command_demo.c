/* tidegate demo: the main job with embedded servers, until Ctrl-C or --seconds. */
#include "core/app/cli.h"
#include "core/app/demo.h"
#include "core/base/clock.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DRAW_US = 500000, DRAIN_US = 15000000, JOIN_US = 30000000, TURN_US = 50000 };

struct demo {
  char folder[32], config_path[64], scripts[4096], flights[4200];
  struct tg_demo_pg pg;
  struct tg_mock *mock;
  struct tg_feeder feeder;
  struct tg_config config;
  struct tg_process process;
  struct tg_demo_view view;
  int64_t seconds, rate;
  bool bad;
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

/* The example topics: beside the program, or of the source tree it was built in. */
static enum tg_rc find_scripts(struct demo *d, struct tg_err *err)
{
  static const char *const places[] = {"/../share/tidegate/scripts", "/scripts", "/../../scripts"};
  char self[3000];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  self[n > 0 ? n : 0] = '\0';
  char *slash = strrchr(self, '/');
  if (slash) *slash = '\0';
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    snprintf(d->scripts, sizeof d->scripts, "%s%s", self, places[i]);
    snprintf(d->flights, sizeof d->flights, "%s/data/flights.ndjson.gz", d->scripts);
    if (access(d->flights, R_OK) == 0) return TG_OK;
  }
  return tg_err_set(err, TG_CONFIG, "demo",
                    "the example topics (scripts/) are not beside the program");
}

static enum tg_rc write_config(struct demo *d, struct tg_err *err)
{
  snprintf(d->config_path, sizeof d->config_path, "%s/tidegate.yaml", d->folder);
  FILE *f = fopen(d->config_path, "w");
  if (!f) return tg_err_set(err, TG_CONFIG, "demo", "%s cannot be written", d->config_path);
  /* The embedded broker gives members that join a whole session to do so. */
  fprintf(f,
          "pipeline: demo\nkafka:\n  brokers: %s\n  session_timeout: 6s\npostgres:\n  dsn: "
          "%s\nscripts: %s\nrules: "
          "%s/rules\nlanes: 2\n"
          "http:\n  listen: 127.0.0.1:0\nlog:\n  level: %s\n",
          tg_mock_brokers(d->mock), d->pg.dsn, d->scripts, d->folder,
          d->view.terminal ? "error" : "warn");
  return fclose(f) == 0
             ? TG_OK
             : tg_err_set(err, TG_CONFIG, "demo", "%s cannot be written", d->config_path);
}

static enum tg_rc start_servers(struct demo *d, struct tg_err *err)
{
  enum tg_rc rc = find_scripts(d, err);
  if (rc == TG_OK) rc = tg_demo_pg_start(&d->pg, d->folder, err);
  if (rc == TG_OK) rc = tg_mock_new(&d->mock, err);
  static const char *const topics[] = {"flights", "orders", "payments"};
  for (int i = 0; i < 3 && rc == TG_OK; i++)
    rc = tg_mock_topic(d->mock, topics[i], TG_DEMO_PARTITIONS, err);
  return rc == TG_OK ? write_config(d, err) : rc;
}

/* Events sent before anybody reads would only show how long joining the group takes. TG_AGAIN: a
 * signal came first. */
static enum tg_rc await_partitions(struct demo *d, struct tg_err *err)
{
  int64_t until = tg_clock_mono_us() + JOIN_US;
  enum tg_rc rc = TG_AGAIN;
  for (uint32_t reading = 0; rc == TG_AGAIN && reading < 3 * TG_DEMO_PARTITIONS;) {
    if (tg_clock_mono_us() > until)
      return tg_err_set(err, TG_RETRY, "demo", "the partitions were not assigned in time");
    rc = tg_process_turn(&d->process, TURN_US, err);
    reading = 0;
    for (uint32_t i = 0; i < d->process.lanes_count; i++)
      reading += atomic_load(&d->process.lanes[i].reading);
  }
  return rc == TG_AGAIN ? TG_OK : rc == TG_OK ? TG_AGAIN : rc;
}

static enum tg_rc start(struct demo *d, struct tg_err *err)
{
  enum tg_rc rc = start_servers(d, err);
  if (rc == TG_OK && tg_config_load(&d->config, d->config_path, tg_cli_fault, NULL) != TG_OK)
    rc = tg_err_set(err, TG_CONFIG, "demo", "its own configuration is faulty");
  if (rc != TG_OK) return rc;
  tg_log_setup(d->config.log_level, TG_LOG_AUTO, 2);
  if ((rc = tg_process_start(&d->process, &d->config, err)) != TG_OK) return rc;
  if ((rc = await_partitions(d, err)) != TG_OK) return rc;
  d->feeder = (struct tg_feeder){.brokers = tg_mock_brokers(d->mock),
                                 .flights_path = d->flights,
                                 .rate = d->rate,
                                 .bad = d->bad};
  return tg_feeder_start(&d->feeder, err);
}

/* True when everything sent has reached the ledger; behind an open breaker: everything of the
 * other topics. */
static bool drained(struct demo *d)
{
  struct tg_topic_state s;
  double lag = 0;
  bool held = false;
  for (uint32_t i = 0; tg_hub_topic(d->process.hub, i, &s); i++) {
    held |= s.holds != 0;
    if (!s.holds)
      lag += tg_metrics_sum(d->process.metrics, "kafka_consumer_lag_records", "topic", s.topic);
  }
  if (held) return lag == 0;
  return tg_demo_rows(&d->process) >= (double)atomic_load(&d->feeder.sent);
}

static enum tg_rc watch(struct demo *d, int64_t until_us, bool draining, struct tg_err *err)
{
  enum tg_rc rc = TG_AGAIN;
  while (rc == TG_AGAIN && tg_clock_mono_us() < until_us) {
    rc = tg_process_turn(&d->process, DRAW_US, err);
    tg_demo_draw(&d->view, &d->process, atomic_load(&d->feeder.sent));
    if (draining && drained(d)) break;
  }
  return rc == TG_AGAIN ? TG_OK : rc;
}

static int run(struct demo *d)
{
  struct tg_err err = {0};
  enum tg_rc rc = start(d, &err);
  int64_t now = tg_clock_mono_us();
  d->view.started_us = now;
  if (rc == TG_OK) rc = watch(d, d->seconds ? now + d->seconds * TG_SEC : INT64_MAX, false, &err);
  tg_feeder_stop(&d->feeder);
  if (rc == TG_OK && d->feeder.err.rc != TG_OK) rc = d->feeder.err.rc, err = d->feeder.err;
  if (rc == TG_OK) rc = watch(d, tg_clock_mono_us() + DRAIN_US, true, &err);
  tg_demo_draw_end(&d->view);
  if (d->process.hub) tg_process_stop(&d->process);
  uint64_t sent = atomic_load(&d->feeder.sent);
  if (rc == TG_OK && !tg_demo_balance(&d->config, sent))
    rc = tg_err_set(&err, TG_FATAL, "demo", "the ledger is not even");
  tg_config_fini(&d->config);
  tg_mock_free(d->mock);
  tg_demo_pg_stop(&d->pg);
  return rc == TG_OK || rc == TG_AGAIN ? TG_EXIT_OK : tg_cli_fail(&err);
}

int tg_command_demo(int argc, char **argv)
{
  static struct demo d = {.rate = 2000};
  const struct tg_option options[] = {
      TG_OPT_NUMBER("seconds", "N", "end after N seconds (default: at Ctrl-C)", d.seconds),
      TG_OPT_NUMBER("rate", "N",
                    "events a second over all topics (default 2000), three times that in bursts",
                    d.rate),
      TG_OPT_FLAG("bad", "payments go bad after 5 s: the breaker opens", d.bad),
      {0}};
  struct tg_args args;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  tg_process_block_signals();
  snprintf(d.folder, sizeof d.folder, "/tmp/tidegate-demo.XXXXXX");
  if (!mkdtemp(d.folder))
    return fprintf(stderr, "error: /tmp: a folder cannot be made\n"), TG_EXIT_FAILURE;
  chmod(d.folder, 0755);
  d.view.terminal = isatty(1);
  printf("starting PostgreSQL and an embedded Kafka broker in %s ..\n", d.folder);
  fflush(stdout);
  code = run(&d);
  nftw(d.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  return code;
}
