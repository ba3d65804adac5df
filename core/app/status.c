/* /status.json: what runs, how fresh, how right, what stands. */
#include "core/app/endpoint.h"
#include "core/app/relay.h"

#include "core/base/clock.h"

#include <stdio.h>

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

static void write_topic(struct tg_process *p, const struct tg_topic_state *s, struct tg_buf *out)
{
  static const char *const fates[] = {"loaded", "tagged", "quarantined", "late", "dropped"};
  const char *const labels[] = {"topic", s->topic, NULL};
  struct tg_metric *latency =
      tg_metrics_slot(p->metrics, TG_HISTOGRAM, "e2e_latency_seconds", "", labels);
  tg_buf_str(out, "{\"topic\":");
  tg_buf_json(out, tg_text(s->topic));
  for (int f = 0; f < 5; f++)
    tg_buf_printf(out, ",\"%s\":%.0f", fates[f],
                  total(p, "rows_total", s->topic, "fate", fates[f]));
  tg_buf_printf(out, ",\"lag_records\":%.0f,\"lag_seconds\":%.3f",
                tg_metrics_sum(p->metrics, "kafka_consumer_lag_records", "topic", s->topic),
                tg_metrics_most(p->metrics, "kafka_consumer_lag_seconds", "topic", s->topic));
  tg_buf_printf(out, ",\"latency_p50_seconds\":%.4f,\"latency_p99_seconds\":%.4f",
                tg_metric_quantile(latency, 0.5), tg_metric_quantile(latency, 0.99));
  tg_buf_printf(out, ",\"waits\":%s", s->holds ? "true" : "false");
  tg_buf_str(out, ",\"reason\":");
  tg_buf_json(out, tg_text(s->holds ? s->reason : ""));
  write_breaker(s, out);
  tg_buf_char(out, '}');
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
                tg_clock_text(p->reloaded_us, reloaded), p->reload_rc == TG_OK ? "ok" : "refused");
  tg_buf_json(out, tg_text(p->reload_text));
  pthread_mutex_unlock(&p->lock);
  tg_buf_char(out, ',');
  write_lanes(p, out);
  tg_relay_status(p->hub->relay, out);
  tg_buf_str(out, ",\"topics\":[");
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
