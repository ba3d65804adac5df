/* /status.json: what runs, how fresh, how right, what stands. */
#include "core/app/endpoint.h"
#include "core/app/relay.h"
#include "core/app/reload.h"
#include "core/app/standing.h"

#include "core/base/clock.h"

#include <stdio.h>

enum { RULES_SHOWN = 5 };

static double total(struct tg_process *p, const char *name, const char *topic, const char *key,
                    const char *value)
{
  const char *const labels[] = {"topic", topic, key, value, NULL};
  return tg_metric_get(tg_metrics_slot(p->metrics, TG_COUNTER, name, "", labels));
}

static void write_lanes(struct tg_process *p, struct tg_buf *out)
{
  tg_buf_str(out, "\"lanes\":[");
  for (uint32_t i = 0; i < p->lanes_count; i++)
    tg_buf_printf(
        out, "%s{\"lane\":%u,\"assigned\":%u,\"reading\":%u,\"halted\":%u,\"lua_bytes\":%lld}",
        i ? "," : "", i, atomic_load(&p->lanes[i].assigned), atomic_load(&p->lanes[i].reading),
        atomic_load(&p->lanes[i].halted), (long long)atomic_load(&p->lanes[i].lua_bytes));
  tg_buf_str(out, "],");
}

static void write_time(const char *name, int64_t us, struct tg_buf *out)
{
  char text[32];
  if (us)
    tg_buf_printf(out, ",\"%s\":\"%s\"", name, tg_clock_text(us, text));
  else
    tg_buf_printf(out, ",\"%s\":null", name);
}

static void write_text(const char *name, const char *text, struct tg_buf *out)
{
  tg_buf_printf(out, ",\"%s\":", name);
  tg_buf_json(out, tg_text(text));
}

/* Its state, and once PostgreSQL knows it what it waits for. */
static void write_breaker(const struct tg_topic_state *s, struct tg_buf *out)
{
  const struct tg_breakerrow *row = &s->row;
  struct tg_buf next;
  tg_buf_printf(out, ",\"breaker\":\"%s\"", tg_breaker_state_name(s->breaker));
  if (s->breaker == TG_CLOSED || s->trips) return;
  tg_buf_init(&next, 0);
  tg_breakers_next(row, &next);
  write_time("breaker_since", row->since_us, out);
  write_time("breaker_probe_at", row->probe_us, out);
  write_text("breaker_rule", row->rule, out);
  write_text("breaker_generation", row->generation, out);
  tg_buf_printf(out, ",\"breaker_failures\":%u,\"breaker_ranges\":%u,\"breaker_ranges_through\":%u",
                row->failures, s->ranges_count, s->ranges_through);
  write_text("hold_by", row->hold_by, out);
  write_text("hold_reason", row->hold_reason, out);
  write_time("hold_until", row->hold_until_us, out);
  write_text("next", tg_buf_cstr(&next), out);
  tg_buf_fini(&next);
}

/* By the stage that refused them. */
static void write_rejected(struct tg_process *p, const char *topic, struct tg_buf *out)
{
  static const char *const stages[] = {"decode", "transform", "rule", "load"};
  tg_buf_str(out, ",\"quarantined_by\":{");
  for (int s = 0; s < 4; s++)
    tg_buf_printf(out, "%s\"%s\":%.0f", s ? "," : "", stages[s],
                  total(p, "quarantined_total", topic, "stage", stages[s]));
  tg_buf_char(out, '}');
}

static void write_topic(struct tg_process *p, const struct tg_topic_state *s, struct tg_buf *out)
{
  static const char *const fates[] = {"loaded", "tagged", "quarantined", "late", "dropped"};
  const char *const labels[] = {"topic", s->topic, NULL};
  double lag, seconds;
  struct tg_metric *latency =
      tg_metrics_slot(p->metrics, TG_HISTOGRAM, "e2e_latency_seconds", "", labels);
  tg_buf_str(out, "{\"topic\":");
  tg_buf_json(out, tg_text(s->topic));
  for (int f = 0; f < 5; f++)
    tg_buf_printf(out, ",\"%s\":%.0f", fates[f],
                  total(p, "rows_total", s->topic, "fate", fates[f]));
  lag = tg_standing_lag(p, s->topic, &seconds);
  tg_buf_printf(out, ",\"lag_records\":%.0f,\"lag_seconds\":%.3f", lag, seconds);
  tg_buf_printf(out, ",\"latency_p50_seconds\":%.4f,\"latency_p99_seconds\":%.4f",
                tg_metric_quantile(latency, 0.5), tg_metric_quantile(latency, 0.99));
  write_rejected(p, s->topic, out);
  tg_buf_printf(out, ",\"waits\":%s", s->holds ? "true" : "false");
  tg_buf_str(out, ",\"reason\":");
  tg_buf_json(out, tg_text(s->holds ? s->reason : ""));
  write_breaker(s, out);
  tg_buf_char(out, '}');
}

static double plain(struct tg_process *p, const char *name)
{
  return tg_metric_get(tg_metrics_slot(p->metrics, TG_COUNTER, name, "", NULL));
}

/* Since the start: load transactions, verdicts, and the rules that most rows failed. */
static void write_totals(struct tg_process *p, struct tg_buf *out)
{
  static const char *const verdicts[] = {"pass", "fail", "error", "skip", "shadow"};
  struct tg_metric_seen seen[RULES_SHOWN];
  tg_buf_printf(out,
                ",\"loads\":{\"committed\":%.0f,\"retried\":%.0f,\"unknown\":%.0f,\"fenced\":%.0f}",
                tg_metrics_sum(p->metrics, "pg_transactions_total", "outcome", "committed"),
                tg_metrics_sum(p->metrics, "pg_transactions_total", "outcome", "retried"),
                plain(p, "pg_commit_unknown_total"), plain(p, "fenced_total"));
  tg_buf_str(out, ",\"verdicts\":{");
  for (int v = 0; v < 5; v++)
    tg_buf_printf(out, "%s\"%s\":%.0f", v ? "," : "", verdicts[v],
                  tg_metrics_sum(p->metrics, "rule_verdicts_total", "verdict", verdicts[v]));
  tg_buf_str(out, "},\"rules_failed\":[");
  uint32_t n = tg_metrics_top(p->metrics, "rule_rows_failed_total", "rule", seen, RULES_SHOWN);
  for (uint32_t i = 0; i < n; i++) {
    tg_buf_str(out, i ? ",{\"rule\":" : "{\"rule\":");
    tg_buf_json(out, tg_text(seen[i].label));
    tg_buf_printf(out, ",\"rows\":%.0f}", seen[i].value);
  }
  tg_buf_str(out, "],");
}

static void write_lookups(struct tg_process *p, struct tg_buf *out)
{
  pthread_mutex_lock(&p->lock);
  struct tg_generation *g = tg_generation_ref(p->generation);
  pthread_mutex_unlock(&p->lock);
  tg_lookups_write(g->lookups, out);
  tg_generation_drop(g);
}

void tg_endpoint_status(struct tg_process *p, struct tg_buf *out)
{
  struct tg_topic_state s;
  char started[32], reloaded[32];
  pthread_mutex_lock(&p->lock);
  tg_buf_printf(out, "{\"version\":\"%s\",\"pipeline\":", TG_VERSION);
  tg_buf_json(out, tg_text(p->config->pipeline));
  tg_buf_printf(out,
                ",\"generation\":\"%s\",\"started_at\":\"%s\",\"reloaded_at\":\"%s\",\"last_"
                "reload\":\"%s\",\"last_reload_faults\":",
                p->generation_name, tg_clock_text(p->started_us, started),
                tg_clock_text(p->reloaded_us, reloaded), tg_reload_result(p));
  tg_buf_json(out, tg_text(p->reload_text));
  tg_buf_printf(out, ",\"generation_from\":\"%s\"", tg_reload_source(p));
  pthread_mutex_unlock(&p->lock);
  write_totals(p, out);
  tg_standing_write(p, out);
  tg_buf_char(out, ',');
  write_lanes(p, out);
  tg_buf_str(out, "\"members\":");
  tg_members_write(&p->keeper.members, out);
  tg_buf_char(out, ',');
  if (p->hub->relay) tg_relay_status(p->hub->relay, out), tg_buf_char(out, ',');
  tg_buf_str(out, "\"topics\":[");
  for (uint32_t i = 0; tg_hub_topic(p->hub, i, &s); i++) {
    if (i) tg_buf_char(out, ',');
    write_topic(p, &s, out);
  }
  tg_buf_str(out, "],\"windows\":");
  tg_windowview_write(&p->keeper.windows.view, out);
  tg_buf_str(out, ",\"lookups\":");
  write_lookups(p, out);
  tg_buf_str(out, "}\n");
}
