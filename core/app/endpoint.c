/* Routes of the HTTP endpoint, and what each shows. */
#include "core/app/endpoint.h"

#include "core/app/budget.h"
#include "core/app/reload.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/kafka/consumer.h"
#include "core/net/http.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
  TICK_MAX_US = 30000000,
  PG_MAX_US = 30000000,
  KAFKA_GRACE_US = 30000000,
  RELOAD_US = 60000000
};

struct tg_endpoint {
  struct tg_process *process;
  struct tg_http *http;
};

struct check {
  const char *name;
  bool good;
  char why[160];
};

static void check_lanes(struct tg_process *p, struct check *c)
{
  int64_t now = tg_clock_mono_us();
  *c = (struct check){"threads", true, "every lane ticks"};
  for (uint32_t i = 0; i < p->lanes_count && c->good; i++) {
    int64_t age = now - atomic_load(&p->lanes[i].tick_us);
    c->good = age < TICK_MAX_US;
    if (!c->good)
      snprintf(c->why, sizeof c->why, "lane %u has not moved for %lld s", i,
               (long long)(age / TG_SEC));
  }
}

static void check_assignment(struct tg_process *p, struct check *c)
{
  uint32_t assigned = 0, reading = 0, halted = 0;
  for (uint32_t i = 0; i < p->lanes_count; i++) {
    assigned += atomic_load(&p->lanes[i].assigned);
    reading += atomic_load(&p->lanes[i].reading);
    halted += atomic_load(&p->lanes[i].halted);
  }
  *c = (struct check){"assignment", assigned > 0 && reading == assigned, ""};
  snprintf(c->why, sizeof c->why, "%u partitions assigned, %u claimed%s", assigned, reading,
           halted ? "; some are halted: the log and tidegate.journal say what to do" : "");
}

static void check_postgres(struct tg_process *p, struct check *c)
{
  long long at = atomic_load(&p->hub->pg_ok_us);
  if (p->config->sink == TG_SINK_KAFKA)
    return (void)(*c = (struct check){"postgres", true, "not used: sink is kafka"});
  *c = (struct check){"postgres", at && tg_clock_mono_us() - at < PG_MAX_US, "answers"};
  if (!c->good)
    snprintf(c->why, sizeof c->why, at ? "no answer for %lld s" : "no answer yet",
             (long long)(tg_clock_mono_us() - at) / TG_SEC);
}

static void check_kafka(struct tg_process *p, struct check *c)
{
  long long bad = atomic_load(&p->hub->kafka_bad_us);
  *c = (struct check){"kafka", !bad || tg_clock_mono_us() - bad < KAFKA_GRACE_US, "reachable"};
  if (!c->good)
    snprintf(c->why, sizeof c->why, "brokers away for %lld s",
             (long long)(tg_clock_mono_us() - bad) / TG_SEC);
}

static void check_topics(struct tg_process *p, struct check *c)
{
  struct tg_topic_state s;
  *c = (struct check){"topics", true, "no topic waits"};
  for (uint32_t i = 0; c->good && tg_hub_topic(p->hub, i, &s); i++) {
    c->good = s.holds == 0;
    if (!c->good) snprintf(c->why, sizeof c->why, "%.40s waits: %.100s", s.topic, s.reason);
  }
}

static void write_checks(struct tg_http_answer *a, const struct check *checks, int count,
                         bool verbose)
{
  bool good = true;
  for (int i = 0; i < count; i++) good &= checks[i].good;
  a->status = good ? 200 : 503;
  tg_buf_printf(&a->body, "{\"status\":\"%s\"", good ? "ok" : "unavailable");
  for (int i = 0; i < count && (verbose || !good); i++) {
    if (!verbose && checks[i].good) continue;
    tg_buf_printf(&a->body, ",\"%s\":{\"ok\":%s,\"why\":", checks[i].name,
                  checks[i].good ? "true" : "false");
    tg_buf_json(&a->body, tg_text(checks[i].why));
    tg_buf_char(&a->body, '}');
  }
  tg_buf_str(&a->body, "}\n");
}

static void get_livez(struct tg_endpoint *e, const struct tg_http_request *q,
                      struct tg_http_answer *a)
{
  struct check c[1];
  check_lanes(e->process, &c[0]);
  write_checks(a, c, 1, q->query && strcmp(q->query, "verbose") == 0);
}

static void get_readyz(struct tg_endpoint *e, const struct tg_http_request *q,
                       struct tg_http_answer *a)
{
  struct check c[5];
  check_lanes(e->process, &c[0]);
  check_assignment(e->process, &c[1]);
  check_postgres(e->process, &c[2]);
  check_kafka(e->process, &c[3]);
  check_topics(e->process, &c[4]);
  write_checks(a, c, 5, q->query && strcmp(q->query, "verbose") == 0);
}

/* What parts of the process take, of those that know it. */
static void refresh_budget(struct tg_process *p)
{
  uint64_t used[TG_BUDGET_PARTS] = {
      [TG_BUDGET_STATE] = p->hub->state_room.bytes, [TG_BUDGET_LOOKUPS] = p->hub->lookups_bytes};
  for (uint32_t i = 0; i < p->lanes_count; i++)
    used[TG_BUDGET_SCRIPTS] += (uint64_t)atomic_load(&p->lanes[i].lua_bytes);
  for (int part = TG_BUDGET_SCRIPTS; part <= TG_BUDGET_LOOKUPS; part++) {
    const char *const labels[] = {"part", tg_budget_name(part), NULL};
    tg_metric_set(tg_metrics_slot(p->metrics, TG_GAUGE, "memory_used_bytes",
                                  "What a part of the process takes", labels),
                  (double)used[part]);
  }
}

/* process_* as Prometheus clients name them; memory of the lanes. Read when asked for. */
static void refresh(struct tg_process *p)
{
  long pages = 0, resident = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f) {
    if (fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
    fclose(f);
  }
  refresh_budget(p);
  struct tg_metrics *m = p->metrics;
  tg_metric_set(
      tg_metrics_slot(m, TG_GAUGE, "process_resident_memory_bytes", "Resident memory", NULL),
      (double)resident * (double)sysconf(_SC_PAGESIZE));
  tg_metric_set(
      tg_metrics_slot(m, TG_COUNTER, "process_cpu_seconds_total", "CPU time of the process", NULL),
      (double)tg_clock_process_us() / TG_SEC);
  tg_metric_set(
      tg_metrics_slot(m, TG_GAUGE, "process_start_time_seconds", "Start of the process", NULL),
      (double)p->started_us / TG_SEC);
  const char *const build[] = {"version", TG_VERSION, "librdkafka", tg_consumer_version(), NULL};
  tg_metric_set(tg_metrics_slot(m, TG_GAUGE, "build_info", "Versions", build), 1);
  for (uint32_t i = 0; i < p->lanes_count; i++) {
    char lane[12];
    snprintf(lane, sizeof lane, "%u", i);
    const char *const labels[] = {"lane", lane, NULL};
    tg_metric_set(
        tg_metrics_slot(m, TG_GAUGE, "lua_memory_bytes", "Memory of a lane's scripts", labels),
        (double)atomic_load(&p->lanes[i].lua_bytes));
    tg_metric_set(tg_metrics_slot(m, TG_GAUGE, "kafka_partitions_halted",
                                  "Partitions that wait for an operator", labels),
                  (double)atomic_load(&p->lanes[i].halted));
  }
}

static void get_metrics(struct tg_endpoint *e, const struct tg_http_request *q,
                        struct tg_http_answer *a)
{
  bool openmetrics = q->accept && strstr(q->accept, "application/openmetrics-text");
  a->content_type = openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                : "text/plain; version=0.0.4; charset=utf-8";
  refresh(e->process);
  tg_metrics_write(e->process->metrics, &a->body, openmetrics);
  if (openmetrics) tg_buf_str(&a->body, "# EOF\n");
}

static void get_version(struct tg_endpoint *e, const struct tg_http_request *q,
                        struct tg_http_answer *a)
{
  (void)e, (void)q;
  tg_buf_printf(&a->body, "{\"version\":\"%s\",\"librdkafka\":\"%s\"}\n", TG_VERSION,
                tg_consumer_version());
}

static void get_status(struct tg_endpoint *e, const struct tg_http_request *q,
                       struct tg_http_answer *a)
{
  (void)q;
  tg_endpoint_status(e->process, &a->body);
}

/* The token is read at each call, so that it can be changed without a restart. */
static bool allowed(const struct tg_config *c, const struct tg_http_request *q)
{
  char token[512] = "";
  FILE *f = c->http_token_file ? fopen(c->http_token_file, "r") : NULL;
  if (!f) return false;
  size_t n = fread(token, 1, sizeof token - 1, f);
  fclose(f);
  while (n && (token[n - 1] == '\n' || token[n - 1] == '\r')) token[--n] = '\0';
  return tg_http_bearer(q->authorization, token);
}

/* {"to": "16401c", "by": "ann", "dry_run": false, "force": false}, each may be missing; an empty
 * body is an empty object. */
static bool take_order(struct tg_text body, struct tg_reload_order *order)
{
  const char *to = NULL, *by = NULL;
  int dry = false, force = false;
  *order = (struct tg_reload_order){0};
  if (!tg_text_trim(body).len) return true;
  json_t *o = json_loadb(body.ptr, body.len, 0, NULL);
  bool good = json_unpack(o, "{s?s,s?s,s?b,s?b!}", "to", &to, "by", &by, "dry_run", &dry, "force",
                          &force) == 0;
  good = good && !(to && (!*to || strlen(to) >= sizeof order->to));
  order->dry = dry, order->force = force;
  if (good && to) snprintf(order->to, sizeof order->to, "%s", to);
  if (good && by) tg_text_line(tg_text(by), order->by, sizeof order->by);
  json_decref(o);
  return good;
}

/* Result, what runs now, what was asked for, what is wrong with it, what it would change. */
static void write_answer(struct tg_reload_answer *r, struct tg_buf *out)
{
  const char *result = r->rc != TG_OK ? "refused" : r->dry ? "dry-run" : "ok";
  tg_buf_printf(out,
                "{\"result\":\"%s\",\"generation\":\"%s\",\"wanted\":\"%s\",\"faults\":", result,
                r->running, r->generation);
  tg_buf_json(out, tg_text(r->text));
  bool known = r->canary.len && !r->canary.failed;
  tg_buf_printf(out, ",\"canary\":%s}\n", known ? tg_buf_cstr(&r->canary) : "[]");
}

static void post_reload(struct tg_endpoint *e, const struct tg_http_request *q,
                        struct tg_http_answer *a)
{
  struct tg_reload_answer answer;
  struct tg_reload_order order;
  if (q->origin || !q->content_type || strncmp(q->content_type, "application/json", 16) != 0) {
    a->status = 415;
    tg_buf_str(&a->body, "{\"error\":\"send Content-Type: application/json, and no Origin\"}\n");
    return;
  }
  if (!allowed(e->process->config, q)) {
    a->status = 401;
    tg_buf_str(&a->body, "{\"error\":\"a bearer token is needed: http.token_file\"}\n");
    return;
  }
  if (!take_order(q->body, &order)) {
    a->status = 400;
    tg_buf_str(&a->body,
               "{\"error\":\"the body is an object of `to`, the beginning of an earlier "
               "set's name (1 to 64 hex digits), `by`, who asks, and the flags `dry_run` and "
               "`force`; each may be missing\"}\n");
    return;
  }
  enum tg_rc rc = tg_reload_wait(e->process, &order, &answer, RELOAD_US);
  a->status = rc == TG_OK ? 200 : rc == TG_AGAIN ? 504 : 422;
  write_answer(&answer, &a->body);
  tg_reload_answer_fini(&answer);
}

static const struct {
  const char *method, *path;
  void (*run)(struct tg_endpoint *, const struct tg_http_request *, struct tg_http_answer *);
} routes[] = {
    {"GET", "/metrics", get_metrics},   {"GET", "/livez", get_livez},
    {"GET", "/healthz", get_livez},     {"GET", "/readyz", get_readyz},
    {"GET", "/version", get_version},   {"GET", "/status.json", get_status},
    {"POST", "/-/reload", post_reload},
};

static void handle(void *self, const struct tg_http_request *q, struct tg_http_answer *a)
{
  a->status = 404;
  const char *method = strcmp(q->method, "HEAD") == 0 ? "GET" : q->method;
  for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
    if (strcmp(routes[i].path, q->path) != 0) continue;
    a->status = 405;
    if (strcmp(routes[i].method, method) != 0) continue;
    a->status = 200;
    routes[i].run(self, q, a);
    return;
  }
  tg_buf_printf(&a->body, "{\"error\":\"%s\"}\n",
                a->status == 404 ? "there is no such page" : "method not allowed");
}

enum tg_rc tg_endpoint_new(struct tg_process *p, struct tg_endpoint **out, struct tg_err *err)
{
  struct tg_endpoint *e = calloc(1, sizeof *e);
  if (!e) return tg_err_set(err, TG_FATAL, "http", "out of memory");
  e->process = p;
  enum tg_rc rc = tg_http_new(p->config->http_listen, handle, e, &e->http, err);
  if (rc != TG_OK) return free(e), rc;
  tg_log(TG_INFO, "http", "listening on port %u", tg_http_port(e->http));
  *out = e;
  return TG_OK;
}

uint16_t tg_endpoint_port(const struct tg_endpoint *e)
{
  return tg_http_port(e->http);
}

void tg_endpoint_free(struct tg_endpoint *e)
{
  if (!e) return;
  tg_http_free(e->http);
  free(e);
}
