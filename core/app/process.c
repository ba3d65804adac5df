/* Start, signals, reload, stop. */
#include "core/app/process.h"

#include "bindings/runner.h"
#include "core/app/alerts.h"
#include "core/app/budget.h"
#include "core/app/canary.h"
#include "core/app/elders.h"
#include "core/app/endpoint.h"
#include "core/app/logmeter.h"
#include "core/app/notify.h"
#include "core/app/relay.h"
#include "core/base/clock.h"
#include "core/base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { CANARY_BYTES_MAX = 4 << 20 };

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

/* Faults of scripts: to the log, and to the text that a waiting caller gets. */
struct faults {
  char *text;
  size_t size, len;
  uint32_t count;
  char generation[65];  /* of a reload: the set asked for, once it is built */
  struct tg_buf canary; /* .. and what the canary says */
};

static void take_fault(void *self, const struct tg_err *err)
{
  struct faults *f = self;
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
  take_fault(self, &err);
}

/* Reads, loads and tests a set: the one whose name begins with `to`, or that on disk. */
static enum tg_rc build(const struct tg_process *p, const char *to, struct faults *f,
                        struct tg_generation **g, struct tg_program **program)
{
  enum tg_rc rc = *to ? tg_generation_recall(p->generation, to, take_fault, f, g)
                      : tg_generation_read(p->config, take_fault, f, g);
  if (rc != TG_OK) return rc;
  rc = tg_generation_program(*g, take_fault, f, program);
  if (rc == TG_OK) {
    struct tg_test_counts counts;
    struct tg_err err;
    rc = tg_program_test_own(*program, take_test, f, &counts, &err);
    if (rc != TG_OK) take_fault(f, &err);
    if (rc == TG_OK) rc = tg_generation_has_topics(*g, *program, take_fault, f);
    if (rc == TG_OK && (rc = tg_generation_shared(*g, *program, &err)) != TG_OK)
      take_fault(f, &err);
    if (f->count)
      tg_program_free(*program), rc = TG_CONFIG;
    else
      tg_program_warnings(*program, log_warning, NULL);
  }
  if (rc != TG_OK) tg_generation_drop(*g);
  return rc;
}

static void open_metrics(struct tg_process *p)
{
  const char *const good[] = {"result", "ok", NULL}, *const bad[] = {"result", "refused", NULL};
  struct tg_metrics *m = p->metrics;
  p->reload_ok = tg_metrics_slot(m, TG_GAUGE, "last_reload_successful",
                                 "1 when the last reload was taken over", NULL);
  p->reload_time = tg_metrics_slot(m, TG_GAUGE, "last_reload_timestamp_seconds",
                                   "When the running set was taken over", NULL);
  p->reloads_good = tg_metrics_slot(m, TG_COUNTER, "reloads_total", "Reloads by result", good);
  p->reloads_bad = tg_metrics_slot(m, TG_COUNTER, "reloads_total", "Reloads by result", bad);
}

static void show_generation(struct tg_process *p)
{
  if (*p->generation_name) tg_metrics_forget(p->metrics, "sha256", p->generation_name);
  snprintf(p->generation_name, sizeof p->generation_name, "%s", p->generation->files.sha256);
  const char *const labels[] = {"sha256", p->generation_name, NULL};
  tg_metric_set(tg_metrics_slot(p->metrics, TG_GAUGE, "generation_info",
                                "The set of scripts and rules that runs", labels),
                1);
  p->reloaded_us = tg_clock_wall_us();
  tg_metric_set(p->reload_ok, 1);
  tg_metric_set(p->reload_time, (double)p->reloaded_us / TG_SEC);
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
  struct faults f = {.text = p->reload_text, .size = sizeof p->reload_text};
  for (uint32_t i = 0; i < p->config->lanes; i++) {
    enum tg_rc rc = tg_generation_program(p->generation, take_fault, &f, &programs[i]);
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

/* From the first output on the group's offsets are the relay's, for good. With `sink: kafka` there
 * is none: they are the lanes'. */
static bool any_outputs(const struct tg_process *p, const struct tg_program *program)
{
  uint32_t count;
  if (p->config->sink == TG_SINK_KAFKA) return false;
  const struct tg_topic *const *topics = tg_program_topics(program, &count);
  for (uint32_t t = 0; t < count; t++)
    if (tg_topic_emits(topics[t])) return true;
  return false;
}

static enum tg_rc start(struct tg_process *p, struct tg_err *err)
{
  struct faults f = {.text = p->reload_text, .size = sizeof p->reload_text};
  struct tg_program *program;
  enum tg_rc rc = build(p, "", &f, &p->generation, &program);
  if (rc != TG_OK)
    return p->generation = NULL,
           tg_err_set(err, rc, "scripts", "%u faults in scripts and rules", f.count);
  show_generation(p);
  if (any_outputs(p, program)) atomic_store(&p->hub->emits, true);
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
  open_metrics(p);
  enum tg_rc rc = start(p, err);
  if (rc != TG_OK) return tg_process_stop(p), rc;
  tg_notify("READY=1");
  tg_log(TG_INFO, "process", "running: %u lanes, generation %.12s", p->lanes_count,
         p->generation_name);
  return TG_OK;
}

static void free_swaps(struct tg_process *p, struct tg_swap **swaps)
{
  for (uint32_t i = 0; swaps && i < p->lanes_count; i++) tg_swap_free(swaps[i]);
  free(swaps);
}

/* What lanes ran before. */
static void free_worn(struct tg_process *p)
{
  for (uint32_t i = 0; i < p->lanes_count; i++)
    tg_swap_free(atomic_exchange(&p->lanes[i].worn, NULL));
}

/* A program of the new set for every lane, made before anybody takes the set over: all or none. */
static enum tg_rc make_swaps(struct tg_process *p, struct tg_generation *g, struct faults *f,
                             struct tg_swap ***out)
{
  struct tg_swap **swaps = calloc(p->lanes_count + 1, sizeof *swaps);
  enum tg_rc rc = swaps ? TG_OK : TG_FATAL;
  for (uint32_t i = 0; i < p->lanes_count && rc == TG_OK; i++) {
    swaps[i] = calloc(1, sizeof **swaps);
    rc = swaps[i] ? tg_generation_program(g, take_fault, f, &swaps[i]->program) : TG_FATAL;
    if (rc == TG_OK) swaps[i]->generation = tg_generation_ref(g);
  }
  if (rc != TG_OK) free_swaps(p, swaps), swaps = NULL;
  *out = swaps;
  return rc;
}

/* Takes the swaps; those that an earlier reload left behind are freed. The keeper knows by now
 * whose rules act while new ones bake. */
static void hand_out(struct tg_process *p, struct tg_swap **swaps)
{
  for (uint32_t i = 0; i < p->lanes_count; i++) {
    struct tg_swap *s = swaps[i];
    s->elders_bound = tg_elders_bind(s->generation, s->program, s->elders);
    atomic_fetch_add(&p->hub->swaps_due, 1);
    swaps[i] = atomic_exchange(&p->lanes[i].next, swaps[i]);
    if (swaps[i]) atomic_fetch_sub(&p->hub->swaps_due, 1);
  }
  atomic_store(&p->hub->reloaded, true);
  free_swaps(p, swaps);
}

/* More rows refused than an operator lets pass unseen? */
static enum tg_rc judge_jump(const struct tg_process *p, const struct tg_canary_jump *w,
                             struct tg_err *err)
{
  double points = w->rows ? 100.0 * (w->after - w->before) / w->rows : 0;
  if (!p->config->canary_percent || points <= p->config->canary_percent) return TG_OK;
  return tg_err_set(err, TG_CONFIG, "canary",
                    "topic %.100s: of its newest %u events %u would be quarantined, %u are now; "
                    "more than reload.canary_percent (%u); `tidegate reload --force` takes the set "
                    "all the same",
                    w->topic, w->rows, w->after, w->before, p->config->canary_percent);
}

/* What would change, for whoever asked. */
static enum tg_rc canary(struct tg_process *p, const struct tg_reload_order *order,
                         struct tg_generation *g, struct faults *f)
{
  struct tg_canary c = {
      .samples = p->hub->samples, .now = p->generation, .next = g, .time_us = TG_CANARY_US};
  struct tg_canary_jump worst = {0};
  struct tg_err err;
  tg_canary_run(&c, &f->canary, &worst);
  if (order->force || judge_jump(p, &worst, &err) == TG_OK) return TG_OK;
  return take_fault(f, &err), TG_CONFIG;
}

static bool in_set(void *self, const char *topic)
{
  uint32_t count;
  const struct tg_topic *const *topics = tg_program_topics(self, &count);
  for (uint32_t t = 0; t < count; t++)
    if (tg_text_is(topics[t]->name, topic)) return true;
  return false;
}

/* Hands the set to the keeper and the lanes. g, program: taken when TG_OK. */
static enum tg_rc take_over(struct tg_process *p, struct tg_generation *g,
                            struct tg_program *program, struct faults *f)
{
  struct tg_swap **swaps = NULL;
  struct tg_err err = {0};
  bool emits = any_outputs(p, program);
  enum tg_rc rc = make_swaps(p, g, f, &swaps);
  if (rc == TG_FATAL) {
    tg_err_set(&err, rc, "reload", "out of memory");
    take_fault(f, &err);
  }
  if (rc == TG_OK) {
    rc = tg_keeper_adopt(&p->keeper, tg_generation_ref(g), program, &err);
    if (rc != TG_OK) take_fault(f, &err), tg_generation_drop(g);
  }
  if (rc != TG_OK) return free_swaps(p, swaps), rc;
  if (emits) atomic_store(&p->hub->emits, true);
  tg_samples_forget(p->hub->samples, in_set, swaps[0]->program);
  hand_out(p, swaps);
  pthread_mutex_lock(&p->lock);
  struct tg_generation *before = p->generation;
  p->generation = g;
  pthread_mutex_unlock(&p->lock);
  tg_generation_drop(before);
  return TG_OK;
}

static enum tg_rc reload(struct tg_process *p, const struct tg_reload_order *order,
                         struct faults *f)
{
  struct tg_generation *g;
  struct tg_program *program;
  enum tg_rc rc = build(p, order->to, f, &g, &program);
  if (rc != TG_OK) return rc;
  snprintf(f->generation, sizeof f->generation, "%s", g->files.sha256);
  rc = canary(p, order, g, f);
  if (rc == TG_OK && !order->dry && (rc = take_over(p, g, program, f)) == TG_OK) return TG_OK;
  tg_program_free(program);
  tg_generation_drop(g);
  return rc;
}

/* The manager wants to know since when, to tell the READY=1 that follows from an older one. */
static void notify_reloading(void)
{
  char lines[64];
  snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)tg_clock_mono_us());
  tg_notify(lines);
}

static void tell(struct tg_process *p, enum tg_rc rc, const char *note)
{
  const struct tg_trouble t = {.kind = TG_TROUBLE_RELOAD, .source = TG_SOURCE_PROCESS};
  if (rc == TG_OK)
    tg_alerts_clear(p->hub->alerts, &t);
  else
    tg_alerts_raise(p->hub->alerts, &t, note);
}

/* Why the set that was just taken over is not what lies on disk. */
static void note_recall(struct tg_process *p, const struct tg_reload_order *order)
{
  bool away = *order->to && !tg_generation_on_disk(p->generation);
  pthread_mutex_lock(&p->lock);
  *p->recalled = '\0';
  if (away)
    snprintf(p->recalled, sizeof p->recalled, "put back by %s with `tidegate reload --to`",
             *order->by ? order->by : "somebody");
  pthread_mutex_unlock(&p->lock);
}

/* For journal and log. */
static void describe(const struct tg_process *p, const struct tg_reload_order *order, char *note,
                     size_t size)
{
  snprintf(note, size, "generation %s%s%s%s", p->generation_name,
           *order->to ? ", an earlier one (--to)" : "", *order->by ? ", by " : "", order->by);
}

/* Alert, journal, log. */
static void tell_reload(struct tg_process *p, const struct tg_reload_order *order, enum tg_rc rc,
                        const struct faults *f)
{
  char note[256];
  if (rc == TG_OK)
    describe(p, order, note, sizeof note);
  else
    snprintf(note, sizeof note, "refused, %u faults: %.180s", f->count, f->text);
  tell(p, rc, note);
  tg_hub_note(p->hub, "reload", NULL, note);
  tg_log(rc == TG_OK ? TG_INFO : TG_ERROR, "reload", "%s", note);
}

/* For whoever waits; under the lock. */
static void give_answer(struct tg_process *p, const struct tg_reload_order *order, enum tg_rc rc,
                        struct faults *f)
{
  struct tg_reload_answer *a = &p->answer;
  a->rc = rc, a->dry = order->dry;
  snprintf(a->running, sizeof a->running, "%s", p->generation_name);
  snprintf(a->generation, sizeof a->generation, "%s", f->generation);
  snprintf(a->text, sizeof a->text, "%s", f->text);
  tg_buf_fini(&a->canary);
  a->canary = f->canary;
  f->canary = (struct tg_buf){0};
}

/* What metrics and status show; under the lock. */
static void show_reload(struct tg_process *p, enum tg_rc rc, const char *text)
{
  tg_metric_add(rc == TG_OK ? p->reloads_good : p->reloads_bad, 1);
  if (rc == TG_OK)
    show_generation(p);
  else
    tg_metric_set(p->reload_ok, 0);
  p->reload_rc = rc;
  snprintf(p->reload_text, sizeof p->reload_text, "%s", text);
}

/* Reloads and keeps the result for whoever waits. */
static void do_reload(struct tg_process *p, const struct tg_reload_order *order, uint64_t upto)
{
  char text[sizeof p->reload_text] = "";
  struct faults f = {.text = text, .size = sizeof text, .canary = {.max = CANARY_BYTES_MAX}};
  if (!order->dry) notify_reloading();
  enum tg_rc rc = reload(p, order, &f);
  if (!order->dry) tg_notify("READY=1");
  if (rc == TG_OK && !order->dry) note_recall(p, order);
  pthread_mutex_lock(&p->lock);
  if (!order->dry) show_reload(p, rc, text);
  give_answer(p, order, rc, &f);
  p->reloads_done = upto;
  pthread_cond_broadcast(&p->changed);
  pthread_mutex_unlock(&p->lock);
  if (!order->dry) tell_reload(p, order, rc, &f);
}

static bool same_order(const struct tg_reload_order *a, const struct tg_reload_order *b)
{
  return strcmp(a->to, b->to) == 0 && strcmp(a->by, b->by) == 0 && a->dry == b->dry &&
         a->force == b->force;
}

void tg_reload_answer_fini(struct tg_reload_answer *a)
{
  tg_buf_fini(&a->canary);
}

static void copy_answer(const struct tg_reload_answer *from, struct tg_reload_answer *to)
{
  *to = *from;
  to->canary = (struct tg_buf){0};
  tg_buf_text(&to->canary, tg_buf_view(&from->canary));
}

/* Under the lock; done: the reloads that were done once this one is. False: another one waits. */
static bool put_order(struct tg_process *p, const struct tg_reload_order *order, uint64_t *done)
{
  static const struct tg_reload_order plain;
  if (!order) order = &plain;
  if (p->reloads_taken < p->reloads_wanted && !same_order(order, &p->order)) return false;
  p->order = *order;
  *done = ++p->reloads_wanted;
  return true;
}

enum tg_rc tg_process_reload_wait(struct tg_process *p, const struct tg_reload_order *order,
                                  struct tg_reload_answer *answer, int64_t timeout_us)
{
  struct timespec until;
  uint64_t mine = 0;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += timeout_us / TG_SEC;
  *answer = (struct tg_reload_answer){.rc = TG_AGAIN, .dry = order && order->dry};
  pthread_mutex_lock(&p->lock);
  bool put = put_order(p, order, &mine);
  while (p->reloads_done < mine && !atomic_load(&p->hub->stopping))
    if (pthread_cond_timedwait(&p->changed, &p->lock, &until) == ETIMEDOUT) break;
  if (put && p->reloads_done >= mine)
    copy_answer(&p->answer, answer);
  else
    snprintf(answer->text, sizeof answer->text, "%s",
             put ? "no answer in time\n" : "another reload is under way; try again\n");
  snprintf(answer->running, sizeof answer->running, "%s", p->generation_name);
  pthread_mutex_unlock(&p->lock);
  return answer->rc;
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
  static const struct tg_reload_order plain;
  pthread_mutex_lock(&p->lock);
  struct tg_reload_order order = p->order;
  uint64_t wanted = p->reloads_wanted, taken = p->reloads_taken;
  p->reloads_taken = wanted;
  pthread_mutex_unlock(&p->lock);
  free_worn(p);
  if (hup && (taken == wanted || !same_order(&order, &plain))) do_reload(p, &plain, taken);
  if (taken < wanted) do_reload(p, &order, wanted);
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
  tg_generation_drop(p->generation);
  tg_reload_answer_fini(&p->answer);
  if (p->hub) tg_samples_free(p->hub->samples);
  tg_hub_free(p->hub);
  tg_metrics_free(p->metrics);
  pthread_mutex_destroy(&p->lock);
  pthread_cond_destroy(&p->changed);
  *p = (struct tg_process){.signals = -1};
}
