/* The demo's live view, and the balance at its end. */
#include "core/app/demo.h"

#include "core/app/ask.h"
#include "core/base/clock.h"
#include "core/pg/ledger.h"
#include "core/pg/quarantine.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const fates[] = {"loaded", "tagged", "quarantined", "late", "dropped"};

static double fate(struct tg_process *p, const char *topic, const char *name)
{
  const char *const labels[] = {"topic", topic, "fate", name, NULL};
  return tg_metric_get(tg_metrics_slot(p->metrics, TG_COUNTER, "rows_total", "", labels));
}

double tg_demo_rows(struct tg_process *p)
{
  double sum = 0;
  struct tg_topic_state s;
  for (uint32_t i = 0; tg_hub_topic(p->hub, i, &s); i++)
    for (int f = 0; f < 5; f++) sum += fate(p, s.topic, fates[f]);
  return sum;
}

static void draw_topic(struct tg_process *p, const struct tg_topic_state *s)
{
  const char *const labels[] = {"topic", s->topic, NULL};
  struct tg_metric *latency =
      tg_metrics_slot(p->metrics, TG_HISTOGRAM, "e2e_latency_seconds", "", labels);
  printf("  %-10s %11.0f %8.0f %12.0f %8.0f %9.0f %8.0f ms  %s\n", s->topic,
         fate(p, s->topic, "loaded") + fate(p, s->topic, "tagged"), fate(p, s->topic, "tagged"),
         fate(p, s->topic, "quarantined"), fate(p, s->topic, "dropped"),
         tg_metrics_sum(p->metrics, "kafka_consumer_lag_records", "topic", s->topic),
         tg_metric_quantile(latency, 0.99) * 1000,
         s->holds & TG_HOLD_BREAKER ? "BREAKER OPEN"
         : s->holds                 ? "waits"
                                    : "ok");
  if (s->holds & TG_HOLD_BREAKER) printf("             %.100s\n", s->reason);
}

/* Rules that failed rows, by number of rows: name and count, most first. */
static void draw_rules(struct tg_process *p)
{
  struct tg_metric_seen top[5] = {{{0}, 0}};
  uint32_t n = tg_metrics_top(p->metrics, "rule_rows_failed_total", "rule", top, 5);
  printf("\n  rules that failed rows: %s", n ? "" : "none yet");
  for (uint32_t i = 0; i < n; i++) printf("%s%s %.0f", i ? ", " : "", top[i].label, top[i].value);
  printf("\n");
}

void tg_demo_draw(struct tg_demo_view *v, struct tg_process *p, uint64_t sent)
{
  int64_t now = tg_clock_mono_us();
  double rows = tg_demo_rows(p),
         rate = v->last_us ? (rows - v->last_rows) / ((double)(now - v->last_us) / TG_SEC) : 0;
  struct tg_topic_state s;
  v->last_us = now, v->last_rows = rows;
  if (!v->terminal) {
    printf("%5.1f s  %llu sent  %.0f in PostgreSQL  %.0f events/s\n",
           (double)(now - v->started_us) / TG_SEC, (unsigned long long)sent, rows, rate);
    fflush(stdout);
    return;
  }
  printf("\033[H\033[2Jtidegate demo  %5.1f s   %.0f events/s   %llu sent   %.0f in PostgreSQL   "
         "generation %.12s\n\n",
         (double)(now - v->started_us) / TG_SEC, rate, (unsigned long long)sent, rows,
         p->generation_name);
  printf("  %-10s %11s %8s %12s %8s %9s %11s  %s\n", "topic", "rows loaded", "tagged",
         "quarantined", "dropped", "lag", "p99", "state");
  for (uint32_t i = 0; tg_hub_topic(p->hub, i, &s); i++) draw_topic(p, &s);
  draw_rules(p);
  printf("\n  Ctrl-C ends it and shows the ledger's balance.\n");
  fflush(stdout);
}

static bool show_balance(struct tg_pg *pg, uint64_t sent, struct tg_err *err)
{
  bool even = true;
  long long in = 0;
  if (tg_ledger_balance(pg, "demo", tg_ask_deadline(), err) != TG_OK) return false;
  printf("\nthe ledger's balance: in = loaded + quarantined + late + dropped\n");
  for (uint32_t r = 0; r < tg_pg_rows(pg); r++) {
    bool row_even = tg_pg_value(pg, r, 9)[0] == 't' && tg_pg_value(pg, r, 10)[0] == '0';
    printf("  %-10s %9s = %s + %s + %s + %s   %s\n", tg_pg_value(pg, r, 0), tg_pg_value(pg, r, 3),
           tg_pg_value(pg, r, 4), tg_pg_value(pg, r, 6), tg_pg_value(pg, r, 7),
           tg_pg_value(pg, r, 8), row_even ? "ok" : "UNEVEN");
    even &= row_even;
    in += strtoll(tg_pg_value(pg, r, 3), NULL, 10);
  }
  printf("  sent %llu, in the ledger %lld%s\n", (unsigned long long)sent, in,
         in == (long long)sent
             ? ""
             : ": what is missing waits in Kafka (stopped, or held by a breaker)");
  return even && in <= (long long)sent;
}

static void show_reasons(struct tg_pg *pg, struct tg_err *err)
{
  const struct tg_quarantine_filter all = {.pipeline = "demo"},
                                    some = {.pipeline = "demo", .limit = 8};
  if (tg_quarantine_count(pg, &all, tg_ask_deadline(), err) != TG_OK) return;
  printf("\nquarantine, by stage and rule:\n");
  tg_ask_print(pg, false, stdout);
  if (tg_quarantine_list(pg, &some, tg_ask_deadline(), err) != TG_OK) return;
  printf("\nits newest:\n");
  for (uint32_t r = 0; r < tg_pg_rows(pg); r++)
    printf("  %s[%s]@%s  %s\n", tg_pg_value(pg, r, 2), tg_pg_value(pg, r, 3), tg_pg_value(pg, r, 4),
           tg_pg_value(pg, r, 8));
}

bool tg_demo_balance(const struct tg_config *config, uint64_t sent)
{
  struct tg_err err = {0};
  struct tg_pg *pg = tg_ask_open(config, &err);
  bool even = pg && show_balance(pg, sent, &err);
  if (even) show_reasons(pg, &err);
  if (err.rc != TG_OK) fprintf(stderr, "error: %s: %s\n", err.where, err.what);
  tg_pg_free(pg);
  return even;
}
