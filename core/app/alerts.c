/* One thread a receiver, all on one book. */
#include "core/app/alerts.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/net/fetch.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_ALERTS = 64, TICK_US = 200000, BACKOFF_US = 1000000, DOUBLINGS_MAX = 6 };

static const struct kind {
  const char *name, *severity, *summary;
  bool fades;
  bool shared; /* a fact of the pipeline: every process says the same, without its instance */
} kinds[] = {
    [TG_TROUBLE_WARN] = {"TidegateRuleFailed", "warning", "A rule warns", true, false},
    [TG_TROUBLE_CRITICAL] = {"TidegateRuleFailed", "critical", "A rule failed", true, false},
    [TG_TROUBLE_BREAKER] = {"TidegateBreakerOpen", "critical", "The breaker holds a topic back",
                            false, true},
    [TG_TROUBLE_TABLE] = {"TidegateTableUnusable", "critical", "A topic waits for its table", false,
                          false},
    [TG_TROUBLE_RELOAD] = {"TidegateReloadFailed", "warning",
                           "A reload was refused, or rolled back", false, false},
    [TG_TROUBLE_HALT] = {"TidegatePartitionHalted", "critical", "A partition needs an operator",
                         false, false},
    [TG_TROUBLE_GAP] = {"TidegateEventsLost", "critical",
                        "Events were deleted before they were "
                        "read",
                        true, false},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

struct receiver {
  struct tg_alerts *alerts;
  uint32_t number;
  char name[24]; /* "webhook": of the label and the log */
  char *url;     /* owned; may hold a password: never shown */
  const char *token_file;
  int64_t gather_us, next_us; /* monotonic: not before; gather 0: nothing is due */
  uint32_t failures;          /* in a row */
  unsigned seed;
  struct tg_metric *sent, *failed;
  struct tg_alert list[REQUEST_ALERTS];
  pthread_t thread;
  bool started;
};

struct tg_alerts {
  struct tg_hub *hub;
  const struct tg_config *config;
  char instance[300];
  pthread_mutex_t lock; /* of the book; held for microseconds */
  pthread_cond_t changed;
  struct tg_alertbook *book;
  atomic_bool stopping;
  struct tg_metric *firing, *dropped; /* NULL without receivers */
  struct receiver *receivers[TG_ALERT_RECEIVERS];
  uint32_t count;
};

static struct tg_alert_time now(void)
{
  return (struct tg_alert_time){tg_clock_mono_us(), tg_clock_wall_us()};
}

/* --- what others say --- */

static struct tg_alert_id id_of(const struct tg_trouble *t)
{
  const struct kind *k = &kinds[t->kind];
  return (struct tg_alert_id){.name = k->name,
                              .severity = k->severity,
                              .topic = t->topic,
                              .rule = t->rule,
                              .owner = t->owner,
                              .partition = t->topic ? t->partition : -1,
                              .fades = k->fades};
}

void tg_alerts_raise(struct tg_alerts *a, const struct tg_trouble *t, const char *text)
{
  if (!a) return;
  struct tg_alert_id id = id_of(t);
  pthread_mutex_lock(&a->lock);
  if (!a->count) tg_alertbook_turn(a->book, now()); /* no receiver does */
  bool kept = tg_alertbook_raise(a->book, &id, t->source, text, now());
  pthread_mutex_unlock(&a->lock);
  if (!kept && a->count) tg_metric_add(a->dropped, 1);
}

void tg_alerts_clear(struct tg_alerts *a, const struct tg_trouble *t)
{
  if (!a) return;
  struct tg_alert_id id = id_of(t);
  pthread_mutex_lock(&a->lock);
  tg_alertbook_clear(a->book, &id, t->source, now());
  pthread_mutex_unlock(&a->lock);
}

void tg_alerts_leave(struct tg_alerts *a, enum tg_trouble_kind kind, unsigned source)
{
  if (!a) return;
  pthread_mutex_lock(&a->lock);
  tg_alertbook_leave(a->book, kinds[kind].name, source, now());
  pthread_mutex_unlock(&a->lock);
}

uint32_t tg_alerts_standing(struct tg_alerts *a, struct tg_alert *out, uint32_t max,
                            uint32_t *firing)
{
  *firing = 0;
  if (!a) return 0;
  pthread_mutex_lock(&a->lock);
  tg_alertbook_turn(a->book, now());
  uint32_t n = tg_alertbook_standing(a->book, out, max);
  *firing = tg_alertbook_firing(a->book);
  pthread_mutex_unlock(&a->lock);
  return n;
}

/* --- the request --- */

static void write_pair(struct tg_buf *out, const char *key, const char *value)
{
  if (!*value) return;
  tg_buf_printf(out, ",\"%s\":", key);
  tg_buf_json(out, tg_text(value));
}

static const struct kind *kind_of(const struct tg_alert *a)
{
  for (int k = 0; k < KINDS; k++)
    if (strcmp(kinds[k].name, a->name) == 0 && strcmp(kinds[k].severity, a->severity) == 0)
      return &kinds[k];
  return &kinds[TG_TROUBLE_WARN];
}

static void write_labels(const struct tg_alerts *s, const struct tg_alert *a, struct tg_buf *out)
{
  char partition[16] = "";
  if (a->partition >= 0) snprintf(partition, sizeof partition, "%d", a->partition);
  tg_buf_printf(out, "{\"labels\":{\"alertname\":\"%s\",\"severity\":\"%s\"", a->name, a->severity);
  write_pair(out, "pipeline", s->config->pipeline);
  write_pair(out, "instance", kind_of(a)->shared ? "" : s->instance);
  write_pair(out, "topic", a->topic);
  write_pair(out, "partition", partition);
  write_pair(out, "rule", a->rule);
  write_pair(out, "owner", a->owner);
  tg_buf_char(out, '}');
}

static void write_annotations(const struct tg_config *c, const struct tg_alert *a,
                              struct tg_buf *out)
{
  const char *base = c->alerts.runbook_url;
  char summary[600], url[1200] = "";
  snprintf(summary, sizeof summary, "%s: %s%s%s", kind_of(a)->summary,
           *a->topic ? a->topic : c->pipeline, *a->rule ? ", " : "", a->rule);
  if (base) snprintf(url, sizeof url, "%s#%s", base, a->name);
  for (char *s = strrchr(url, '#'); s && *s; s++) *s = (char)tolower((unsigned char)*s);
  tg_buf_str(out, ",\"annotations\":{\"summary\":");
  tg_buf_json(out, tg_text(summary));
  write_pair(out, "description", a->text);
  write_pair(out, "runbook_url", url);
  tg_buf_char(out, '}');
}

/* What fires ends in the future, unless it is told again before. */
static void write_alert(const struct tg_alerts *s, const struct tg_alert *a, int64_t now_us,
                        struct tg_buf *out)
{
  char starts[32], ends[32];
  int64_t end_us =
      a->state == TG_ALERT_RESOLVED ? a->ended.wall_us : now_us + 4 * s->config->alerts.resend_us;
  write_labels(s, a, out);
  write_annotations(s->config, a, out);
  tg_buf_printf(out, ",\"startsAt\":\"%s\",\"endsAt\":\"%s\"}",
                tg_clock_text(a->began.wall_us, starts), tg_clock_text(end_us, ends));
}

/* --- one receiver --- */

static bool read_token(const struct receiver *r, char *token, size_t size)
{
  FILE *f = r->token_file ? fopen(r->token_file, "r") : NULL;
  if (!f) return false;
  size_t n = fread(token, 1, size - 1, f);
  fclose(f);
  token[n] = '\0';
  token[strcspn(token, "\r\n")] = '\0';
  return *token != '\0';
}

static enum tg_rc post(struct receiver *r, uint32_t count, struct tg_err *err)
{
  struct tg_alerts *a = r->alerts;
  char token[400];
  long status = 0;
  struct tg_buf body, answer = {0};
  tg_buf_init(&body, 4 << 20);
  for (uint32_t i = 0; i < count; i++) {
    tg_buf_str(&body, i ? ",\n" : "[");
    write_alert(a, &r->list[i], tg_clock_wall_us(), &body);
  }
  tg_buf_str(&body, "]\n");
  struct tg_fetch f = {.method = "POST",
                       .url = r->url,
                       .timeout_s = (long)(a->config->alerts.timeout_us / TG_SEC),
                       .body = tg_buf_cstr(&body),
                       .stop = &a->stopping};
  if (read_token(r, token, sizeof token)) f.token = token;
  enum tg_rc rc = body.failed ? tg_err_set(err, TG_RETRY, r->name, "no memory for the request")
                              : tg_fetch(&f, &status, &answer, err);
  if (rc == TG_OK && (status < 200 || status > 299))
    rc =
        tg_err_set(err, TG_RETRY, r->name, "HTTP status %ld: %.120s", status, tg_buf_cstr(&answer));
  tg_buf_fini(&body);
  tg_buf_fini(&answer);
  return rc;
}

/* 1, 2, 4 .. 64 s, a quarter more or less. */
static int64_t backoff_us(struct receiver *r)
{
  int64_t wait = (int64_t)BACKOFF_US << (r->failures < DOUBLINGS_MAX ? r->failures : DOUBLINGS_MAX);
  return wait - wait / 4 + rand_r(&r->seed) % (wait / 2);
}

static void failed(struct receiver *r, const struct tg_err *err)
{
  int64_t wait = backoff_us(r);
  tg_metric_add(r->failed, 1);
  if (!r->failures++)
    tg_log(TG_WARN, "alerts", "%s does not take alerts: %s; tried again and again", r->name,
           err->what);
  r->next_us = tg_clock_mono_us() + wait;
}

static void worked(struct receiver *r, uint32_t count)
{
  tg_metric_add(r->sent, count);
  if (r->failures) tg_log(TG_INFO, "alerts", "%s takes alerts again", r->name);
  r->failures = 0;
  r->next_us = tg_clock_mono_us() + 60 * TG_SEC / r->alerts->config->alerts.rate;
}

static void send(struct receiver *r, uint32_t count)
{
  struct tg_alerts *a = r->alerts;
  struct tg_err err;
  enum tg_rc rc = post(r, count, &err);
  r->gather_us = 0;
  if (atomic_load(&a->stopping)) return;
  if (rc != TG_OK) return failed(r, &err);
  pthread_mutex_lock(&a->lock);
  tg_alertbook_told(a->book, r->number, r->list, count, now());
  pthread_mutex_unlock(&a->lock);
  worked(r, count);
}

/* Copies what is to be told now; the first one waits for company. */
static uint32_t collect(struct receiver *r)
{
  struct tg_alerts *a = r->alerts;
  struct tg_alert_time at = now();
  pthread_mutex_lock(&a->lock);
  tg_alertbook_turn(a->book, at);
  uint32_t n = tg_alertbook_due(a->book, r->number, at, r->list, REQUEST_ALERTS);
  uint32_t firing = tg_alertbook_firing(a->book);
  pthread_mutex_unlock(&a->lock);
  tg_metric_set(a->firing, firing);
  if (n && !r->gather_us) r->gather_us = at.mono_us + a->config->alerts.group_us;
  return at.mono_us >= r->next_us && at.mono_us >= r->gather_us ? n : 0;
}

static void wait_a_tick(struct tg_alerts *a)
{
  struct timespec until = tg_clock_timespec(tg_clock_mono_us() + TICK_US);
  pthread_mutex_lock(&a->lock);
  if (!atomic_load(&a->stopping)) pthread_cond_timedwait(&a->changed, &a->lock, &until);
  pthread_mutex_unlock(&a->lock);
}

static void *receiver_main(void *self)
{
  struct receiver *r = self;
  while (!atomic_load(&r->alerts->stopping)) {
    uint32_t n = collect(r);
    if (n)
      send(r, n);
    else
      wait_a_tick(r->alerts);
  }
  return NULL;
}

/* --- start and stop --- */

static void open_metrics(struct tg_alerts *a)
{
  struct tg_metrics *m = a->hub->metrics;
  a->firing = tg_metrics_slot(m, TG_GAUGE, "alerts_firing", "Alerts that fire", NULL);
  a->dropped = tg_metrics_slot(m, TG_COUNTER, "alerts_dropped_total",
                               "Alerts nobody heard of: there were too many", NULL);
}

/* One more receiver: url is as configured, path is appended. */
static enum tg_rc add(struct tg_alerts *a, struct tg_text url, const char *path, struct tg_err *err)
{
  struct receiver *r = calloc(1, sizeof *r);
  size_t size = url.len + strlen(path) + 1;
  if (!r || !(r->url = malloc(size)))
    return free(r), tg_err_set(err, TG_FATAL, "alerts", "out of memory");
  while (*path && url.len && url.ptr[url.len - 1] == '/') url.len--;
  snprintf(r->url, size, "%.*s%s", TG_TEXT(url), path);
  r->alerts = a;
  r->number = a->count;
  r->seed = (unsigned)tg_clock_mono_us() + r->number;
  a->receivers[a->count++] = r;
  if (*path)
    snprintf(r->name, sizeof r->name, "alertmanager-%u", r->number + 1);
  else
    snprintf(r->name, sizeof r->name, "webhook"), r->token_file = a->config->alerts.token_file;
  const char *const labels[] = {"receiver", r->name, NULL};
  r->sent = tg_metrics_slot(a->hub->metrics, TG_COUNTER, "alerts_sent_total",
                            "Alerts that a receiver has taken, resent ones too", labels);
  r->failed = tg_metrics_slot(a->hub->metrics, TG_COUNTER, "alerts_failures_total",
                              "Requests that a receiver did not take", labels);
  return TG_OK;
}

static enum tg_rc add_all(struct tg_alerts *a, struct tg_err *err)
{
  const struct tg_alert_config *c = &a->config->alerts;
  enum tg_rc rc = TG_OK;
  for (const char *at = c->alertmanager; at && rc == TG_OK && a->count < TG_ALERT_RECEIVERS;) {
    size_t len = strcspn(at, ",");
    rc = add(a, tg_text_trim(tg_text_of(at, len)), "/api/v2/alerts", err);
    at = at[len] ? at + len + 1 : NULL;
  }
  if (rc == TG_OK && c->webhook && a->count < TG_ALERT_RECEIVERS)
    rc = add(a, tg_text_trim(tg_text(c->webhook)), "", err);
  return rc;
}

static void name_instance(struct tg_alerts *a)
{
  char host[200] = "";
  const char *port = strrchr(a->config->http_listen, ':');
  gethostname(host, sizeof host - 1);
  if (a->config->alerts.instance)
    snprintf(a->instance, sizeof a->instance, "%s", a->config->alerts.instance);
  else
    snprintf(a->instance, sizeof a->instance, "%s%.50s", host, port ? port : "");
}

static enum tg_rc start_threads(struct tg_alerts *a, struct tg_err *err)
{
  for (uint32_t i = 0; i < a->count; i++) {
    struct receiver *r = a->receivers[i];
    r->started = tg_thread_start(&r->thread, "tg-alerts", receiver_main, r);
    if (!r->started) return tg_err_set(err, TG_FATAL, "alerts", "cannot start a thread");
  }
  return TG_OK;
}

enum tg_rc tg_alerts_start(struct tg_hub *hub, struct tg_err *err)
{
  const struct tg_alert_config *c = &hub->config->alerts;
  struct tg_alerts *a = calloc(1, sizeof *a);
  if (!a) return tg_err_set(err, TG_FATAL, "alerts", "out of memory");
  a->hub = hub;
  a->config = hub->config;
  pthread_condattr_t clock;
  pthread_mutex_init(&a->lock, NULL);
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&a->changed, &clock);
  pthread_condattr_destroy(&clock);
  name_instance(a);
  if (c->alertmanager || c->webhook) open_metrics(a);
  hub->alerts = a;
  enum tg_rc rc = add_all(a, err);
  struct tg_alert_policy policy = {.for_us = c->for_us,
                                   .keep_us = c->keep_us,
                                   .fade_us = c->fade_us,
                                   .resend_us = c->resend_us,
                                   .receivers = a->count};
  a->book = tg_alertbook_new(&policy);
  if (rc == TG_OK && !a->book) rc = tg_err_set(err, TG_FATAL, "alerts", "out of memory");
  return rc == TG_OK ? start_threads(a, err) : rc;
}

void tg_alerts_stop(struct tg_alerts *a)
{
  if (!a) return;
  pthread_mutex_lock(&a->lock);
  atomic_store(&a->stopping, true);
  pthread_cond_broadcast(&a->changed);
  pthread_mutex_unlock(&a->lock);
  for (uint32_t i = 0; i < a->count; i++) {
    struct receiver *r = a->receivers[i];
    if (r->started) pthread_join(r->thread, NULL);
    free(r->url);
    free(r);
  }
  tg_alertbook_free(a->book);
  pthread_cond_destroy(&a->changed);
  pthread_mutex_destroy(&a->lock);
  a->hub->alerts = NULL;
  free(a);
}
