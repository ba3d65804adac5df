/* Start, signals, stop. */
#include "core/app/process.h"

#include "core/app/alerts.h"
#include "core/app/budget.h"
#include "core/app/candidate.h"
#include "core/app/endpoint.h"
#include "core/app/logmeter.h"
#include "core/app/notify.h"
#include "core/app/relay.h"
#include "core/app/reload.h"
#include "core/app/rollback.h"
#include "core/app/samples.h"
#include "core/base/clock.h"
#include "core/base/log.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void handled(sigset_t *set)
{
  sigemptyset(set);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGINT);
  sigaddset(set, SIGHUP);
}

void tg_process_block_signals(void)
{
  sigset_t set;
  handled(&set);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
}

/* What every part may take: a line of the log, and metrics beside which what is taken stands. */
static void show_budget(struct tg_process *p)
{
  char line[300];
  tg_budget_print(p->config, line, sizeof line);
  tg_log(TG_INFO, "memory", "%s", line);
  for (int part = 0; part < TG_BUDGET_PARTS; part++) {
    const char *const labels[] = {"part", tg_budget_name(part), NULL};
    tg_metric_set(tg_metrics_slot(p->metrics, TG_GAUGE, "memory_limit_bytes",
                                  "The most that a part of the process may take", labels),
                  (double)tg_budget_bytes(p->config, part));
  }
}

static enum tg_rc make_programs(struct tg_process *p, struct tg_program **programs,
                                struct tg_err *err)
{
  struct tg_faults f = {.text = p->reload_text, .size = sizeof p->reload_text};
  for (uint32_t i = 0; i < p->config->lanes; i++) {
    enum tg_rc rc = tg_generation_program(p->generation, tg_faults_take, &f, &programs[i]);
    if (rc != TG_OK)
      return tg_err_set(err, rc, "lanes", "the scripts' VM of lane %u cannot be made: %s", i,
                        f.text);
  }
  return TG_OK;
}

/* All programs are made before the first lane starts: lanes that join Kafka's group at the same
 * moment get their partitions at once, one that comes later takes them away from the others. */
static enum tg_rc start_lanes(struct tg_process *p, struct tg_err *err)
{
  struct tg_program **programs = calloc(p->config->lanes, sizeof *programs);
  p->lanes = calloc(p->config->lanes, sizeof *p->lanes);
  if (!p->lanes || !programs)
    return free(programs), tg_err_set(err, TG_FATAL, "lanes", "out of memory");
  enum tg_rc rc = make_programs(p, programs, err);
  for (uint32_t i = 0; i < p->config->lanes && rc == TG_OK; i++) {
    p->lanes_count++;
    rc = tg_lane_start(&p->lanes[i], p->hub, i, p->generation, programs[i], err);
    programs[i] = NULL;
  }
  for (uint32_t i = 0; i < p->config->lanes; i++) tg_program_free(programs[i]);
  free(programs);
  return rc;
}

static enum tg_rc start(struct tg_process *p, struct tg_err *err)
{
  struct tg_faults f = {.text = p->reload_text, .size = sizeof p->reload_text};
  const struct tg_candidate disk = {.config = p->config, .to = ""};
  struct tg_program *program;
  enum tg_rc rc = tg_candidate_build(&disk, &f, &p->generation, &program);
  if (rc != TG_OK)
    return p->generation = NULL,
           tg_err_set(err, rc, "scripts", "%u faults in scripts and rules", f.count);
  tg_reload_show(p);
  tg_hub_run(p->hub, p->generation_name, false);
  tg_watch_tried(&p->watch, p->generation_name);
  if (tg_outputs_any(p->config, program)) atomic_store(&p->hub->emits, true);
  show_budget(p);
  p->keeper_started = true;
  rc = tg_alerts_start(p->hub, err);
  if (rc == TG_OK) rc = tg_keeper_start(&p->keeper, p->hub, p->generation, program, err);
  if (rc == TG_OK && p->config->sink == TG_SINK_POSTGRES) rc = tg_relay_start(p->hub, err);
  if (rc == TG_OK) rc = tg_logmeter_start(p->hub, err);
  if (rc == TG_OK) rc = start_lanes(p, err);
  if (rc == TG_OK && *p->config->http_listen) rc = tg_endpoint_new(p, &p->endpoint, err);
  return rc;
}

enum tg_rc tg_process_start(struct tg_process *p, const struct tg_config *config,
                            struct tg_err *err)
{
  *p = (struct tg_process){
      .config = config, .started_us = tg_clock_wall_us(), .tick_us = tg_clock_mono_us()};
  sigset_t set;
  handled(&set);
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->changed, NULL);
  p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  p->metrics = tg_metrics_new();
  p->hub = p->metrics ? tg_hub_new(config, p->metrics) : NULL;
  if (p->hub) p->hub->samples = tg_samples_new();
  if (!p->hub || !p->hub->samples || p->signals < 0)
    return tg_process_stop(p), tg_err_set(err, TG_FATAL, "process", "out of memory or files");
  tg_reload_open(p);
  enum tg_rc rc = start(p, err);
  if (rc != TG_OK) return tg_process_stop(p), rc;
  tg_notify("READY=1");
  tg_log(TG_INFO, "process", "running: %u lanes, generation %.12s", p->lanes_count,
         p->generation_name);
  return TG_OK;
}

static enum tg_rc check_lanes(struct tg_process *p, struct tg_err *err)
{
  for (uint32_t i = 0; i < p->lanes_count; i++)
    if (atomic_load(&p->lanes[i].ended) != TG_OK) return *err = p->lanes[i].err, TG_FATAL;
  return TG_AGAIN;
}

static bool lanes_tick(struct tg_process *p, int64_t now)
{
  for (uint32_t i = 0; i < p->lanes_count; i++)
    if (now - atomic_load(&p->lanes[i].tick_us) > 30 * TG_SEC) return false;
  return true;
}

static void watchdog(struct tg_process *p)
{
  int64_t now = tg_clock_mono_us(), every = tg_notify_watchdog_us();
  if (every && now - p->tick_us >= every && lanes_tick(p, now)) {
    tg_notify("WATCHDOG=1");
    p->tick_us = now;
  }
}

enum tg_rc tg_process_turn(struct tg_process *p, int64_t timeout_us, struct tg_err *err)
{
  struct pollfd fd = {.fd = p->signals, .events = POLLIN};
  struct signalfd_siginfo info;
  poll(&fd, 1, (int)(timeout_us / TG_MS));
  bool hup = false;
  while (read(p->signals, &info, sizeof info) == (ssize_t)sizeof info) {
    if (info.ssi_signo != SIGHUP) return TG_OK;
    hup = true;
  }
  tg_reload_turn(p, hup);
  watchdog(p);
  return check_lanes(p, err);
}

/* From now on a further signal ends the process at once. */
static void unblock_signals(void)
{
  sigset_t set;
  handled(&set);
  signal(SIGTERM, SIG_DFL);
  signal(SIGINT, SIG_DFL);
  signal(SIGHUP, SIG_IGN);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void tg_process_stop(struct tg_process *p)
{
  tg_notify("STOPPING=1");
  if (p->signals >= 0) close(p->signals);
  unblock_signals();
  if (p->hub) atomic_store(&p->hub->stopping, true);
  pthread_mutex_lock(&p->lock);
  pthread_cond_broadcast(&p->changed);
  pthread_mutex_unlock(&p->lock);
  tg_endpoint_free(p->endpoint);
  for (uint32_t i = 0; i < p->lanes_count; i++) tg_lane_stop(&p->lanes[i]);
  if (p->hub) tg_logmeter_stop(p->hub->logmeter);
  if (p->hub) tg_relay_stop(p->hub->relay);
  if (p->keeper_started) tg_keeper_stop(&p->keeper);
  if (p->hub) tg_alerts_stop(p->hub->alerts);
  free(p->lanes);
  tg_rollback_disarm(p);
  tg_generation_drop(p->generation);
  tg_reload_answer_fini(&p->answer);
  if (p->hub) tg_samples_free(p->hub->samples);
  tg_hub_free(p->hub);
  tg_metrics_free(p->metrics);
  pthread_mutex_destroy(&p->lock);
  pthread_cond_destroy(&p->changed);
  *p = (struct tg_process){.signals = -1};
}
