/* From a candidate to the set that runs. */
#include "core/app/reload.h"

#include "core/app/alerts.h"
#include "core/app/canary.h"
#include "core/app/candidate.h"
#include "core/app/elders.h"
#include "core/app/notify.h"
#include "core/app/rollback.h"
#include "core/base/clock.h"
#include "core/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { CANARY_BYTES_MAX = 4 << 20 };

struct reloading {
  const struct tg_reload_order *order;
  const struct tg_generation *former; /* to go back to; NULL: no rollback */
  struct tg_faults faults;
  char generation[65];  /* the set asked for, once it is built */
  struct tg_buf canary; /* what the canary says */
};

/* --- what shows it --- */

void tg_reload_open(struct tg_process *p)
{
  const char *const good[] = {"result", "ok", NULL}, *const bad[] = {"result", "refused", NULL};
  const char *const back[] = {"result", "rolled_back", NULL};
  struct tg_metrics *m = p->metrics;
  p->reload_ok = tg_metrics_slot(m, TG_GAUGE, "last_reload_successful",
                                 "1 when the last reload was taken over", NULL);
  p->reload_time = tg_metrics_slot(m, TG_GAUGE, "last_reload_timestamp_seconds",
                                   "When the running set was taken over", NULL);
  p->reloads_good = tg_metrics_slot(m, TG_COUNTER, "reloads_total", "Reloads by result", good);
  p->reloads_bad = tg_metrics_slot(m, TG_COUNTER, "reloads_total", "Reloads by result", bad);
  p->rollbacks = tg_metrics_slot(m, TG_COUNTER, "reloads_total", "Reloads by result", back);
}

const char *tg_reload_result(const struct tg_process *p)
{
  if (p->rolled_back) return "rolled_back";
  return p->reload_rc == TG_OK ? "ok" : "refused";
}

void tg_reload_show(struct tg_process *p)
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

const char *tg_reload_source(const struct tg_process *p)
{
  if (!*p->recalled) return "disk";
  return p->rolled_back ? "memory" : "database";
}

/* --- to the lanes --- */

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
static enum tg_rc make_swaps(struct tg_process *p, struct tg_generation *g, struct tg_faults *f,
                             struct tg_swap ***out)
{
  struct tg_swap **swaps = calloc(p->lanes_count + 1, sizeof *swaps);
  enum tg_rc rc = swaps ? TG_OK : TG_FATAL;
  for (uint32_t i = 0; i < p->lanes_count && rc == TG_OK; i++) {
    swaps[i] = calloc(1, sizeof **swaps);
    rc = swaps[i] ? tg_generation_program(g, tg_faults_take, f, &swaps[i]->program) : TG_FATAL;
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
static enum tg_rc canary(struct tg_process *p, struct tg_generation *g, struct reloading *r)
{
  struct tg_canary c = {
      .samples = p->hub->samples, .now = p->generation, .next = g, .time_us = TG_CANARY_US};
  struct tg_canary_jump worst = {0};
  struct tg_err err;
  tg_canary_run(&c, &r->canary, &worst);
  if (r->order->force || judge_jump(p, &worst, &err) == TG_OK) return TG_OK;
  return tg_faults_take(&r->faults, &err), TG_CONFIG;
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
                            struct tg_program *program, struct reloading *r)
{
  struct tg_swap **swaps = NULL;
  struct tg_faults *f = &r->faults;
  struct tg_err err = {0};
  bool emits = tg_outputs_any(p->config, program);
  enum tg_rc rc = make_swaps(p, g, f, &swaps);
  if (rc == TG_FATAL) {
    tg_err_set(&err, rc, "reload", "out of memory");
    tg_faults_take(f, &err);
  }
  if (rc == TG_OK) {
    rc = tg_keeper_adopt(&p->keeper, tg_generation_ref(g), program, &err);
    if (rc != TG_OK) tg_faults_take(f, &err), tg_generation_drop(g);
  }
  if (rc != TG_OK) return free_swaps(p, swaps), rc;
  if (emits) atomic_store(&p->hub->emits, true);
  tg_rollback_arm(p, g, !r->former && !r->order->force);
  tg_samples_forget(p->hub->samples, in_set, swaps[0]->program);
  hand_out(p, swaps);
  pthread_mutex_lock(&p->lock);
  struct tg_generation *before = p->generation;
  p->generation = g;
  pthread_mutex_unlock(&p->lock);
  tg_generation_drop(before);
  return TG_OK;
}

static enum tg_rc reload(struct tg_process *p, struct reloading *r)
{
  const struct tg_candidate c = {
      .config = p->config, .running = p->generation, .to = r->order->to, .former = r->former};
  struct tg_generation *g;
  struct tg_program *program;
  enum tg_rc rc = tg_candidate_build(&c, &r->faults, &g, &program);
  if (rc != TG_OK) return rc;
  snprintf(r->generation, sizeof r->generation, "%s", g->files.sha256);
  rc = r->former ? TG_OK : canary(p, g, r);
  if (rc == TG_OK && !r->order->dry && (rc = take_over(p, g, program, r)) == TG_OK) return TG_OK;
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
static void tell_reload(struct tg_process *p, const struct reloading *r, enum tg_rc rc)
{
  char note[256];
  if (rc == TG_OK)
    describe(p, r->order, note, sizeof note);
  else
    snprintf(note, sizeof note, "refused, %u faults: %.180s", r->faults.count, r->faults.text);
  tell(p, rc, note);
  tg_hub_note(p->hub, "reload", NULL, note);
  tg_log(rc == TG_OK ? TG_INFO : TG_ERROR, "reload", "%s", note);
}

/* For whoever waits; under the lock. */
static void give_answer(struct tg_process *p, struct reloading *r, enum tg_rc rc)
{
  struct tg_reload_answer *a = &p->answer;
  a->rc = rc, a->dry = r->order->dry;
  snprintf(a->running, sizeof a->running, "%s", p->generation_name);
  snprintf(a->generation, sizeof a->generation, "%s", r->generation);
  snprintf(a->text, sizeof a->text, "%s", r->faults.text);
  tg_buf_fini(&a->canary);
  a->canary = r->canary;
  r->canary = (struct tg_buf){0};
}

/* What metrics and status show; under the lock. */
static void show_result(struct tg_process *p, enum tg_rc rc, const char *text)
{
  tg_metric_add(rc == TG_OK ? p->reloads_good : p->reloads_bad, 1);
  if (rc == TG_OK)
    tg_reload_show(p);
  else
    tg_metric_set(p->reload_ok, 0);
  p->reload_rc = rc;
  p->rolled_back = false;
  snprintf(p->reload_text, sizeof p->reload_text, "%s", text);
}

/* Tells the service manager. */
static enum tg_rc announce(struct tg_process *p, struct reloading *r)
{
  if (r->order->dry) return reload(p, r);
  notify_reloading();
  enum tg_rc rc = reload(p, r);
  tg_notify("READY=1");
  return rc;
}

/* Reloads and keeps the result for whoever waits for the reloads up to number `upto`, if anybody
 * does. */
static void do_reload(struct tg_process *p, const struct tg_reload_order *order, uint64_t upto)
{
  char text[sizeof p->reload_text] = "";
  struct reloading r = {.order = order,
                        .faults = {.text = text, .size = sizeof text},
                        .canary = {.max = CANARY_BYTES_MAX}};
  enum tg_rc rc = announce(p, &r);
  if (rc == TG_OK && !order->dry) note_recall(p, order);
  if (!order->dry && !*order->to) tg_watch_tried(&p->watch, r.generation);
  pthread_mutex_lock(&p->lock);
  if (!order->dry) show_result(p, rc, text);
  if (upto > p->reloads_done) give_answer(p, &r, rc);
  p->reloads_done = upto;
  pthread_cond_broadcast(&p->changed);
  pthread_mutex_unlock(&p->lock);
  tg_buf_fini(&r.canary);
  if (!order->dry) tell_reload(p, &r, rc);
}

static bool same_order(const struct tg_reload_order *a, const struct tg_reload_order *b)
{
  return strcmp(a->to, b->to) == 0 && strcmp(a->by, b->by) == 0 && a->dry == b->dry &&
         a->force == b->force;
}

/* --- the set before --- */

/* What metrics and status show of a new set that was taken back; under the lock. */
static void show_rollback(struct tg_process *p, const char *why)
{
  tg_reload_show(p);
  tg_metric_set(p->reload_ok, 0);
  tg_metric_add(p->rollbacks, 1);
  p->reload_rc = TG_CONFIG;
  p->rolled_back = true;
  snprintf(p->reload_text, sizeof p->reload_text, "%s\n", why);
  snprintf(p->recalled, sizeof p->recalled, "rolled back: %.200s", why);
}

/* Back to the set before the newest, which holds back a topic. */
static void roll_back(struct tg_process *p, const char *why)
{
  static const struct tg_reload_order order = {.force = true};
  char text[1024] = "", note[512], bad[65];
  struct reloading r = {.order = &order,
                        .former = p->rollback.former,
                        .faults = {.text = text, .size = sizeof text},
                        .canary = {.max = CANARY_BYTES_MAX}};
  snprintf(bad, sizeof bad, "%s", p->generation_name);
  enum tg_rc rc = announce(p, &r);
  tg_buf_fini(&r.canary);
  if (rc == TG_OK) {
    pthread_mutex_lock(&p->lock);
    show_rollback(p, why);
    pthread_mutex_unlock(&p->lock);
  }
  snprintf(note, sizeof note, "%.12s %s to %s: %.300s%s%.100s", bad,
           rc == TG_OK ? "was rolled back" : "cannot be rolled back",
           rc == TG_OK ? p->generation_name : "the set before", why, *text ? ": " : "", text);
  tell(p, TG_CONFIG, note);
  tg_hub_note(p->hub, "reload", NULL, note);
  tg_log(TG_ERROR, "reload", "%s", note);
}

void tg_reload_turn(struct tg_process *p, bool hup)
{
  static const struct tg_reload_order plain, watched = {.by = "reload.watch"};
  pthread_mutex_lock(&p->lock);
  struct tg_reload_order order = p->order;
  uint64_t wanted = p->reloads_wanted, taken = p->reloads_taken;
  char why[400];
  p->reloads_taken = wanted;
  pthread_mutex_unlock(&p->lock);
  free_worn(p);
  if (hup && (taken == wanted || !same_order(&order, &plain))) do_reload(p, &plain, taken);
  if (taken < wanted) do_reload(p, &order, wanted);
  if (tg_watch_due(&p->watch, p->config)) do_reload(p, &watched, wanted);
  if (tg_rollback_due(p, why, sizeof why)) roll_back(p, why);
}

/* --- other threads --- */

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

enum tg_rc tg_reload_wait(struct tg_process *p, const struct tg_reload_order *order,
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
