/* The demo's live view: on a terminal a picture drawn in place, otherwise a line. */
#include "core/app/demo.h"

#include "core/app/ask.h"
#include "core/base/clock.h"
#include "core/pg/quarantine.h"

#include <stdio.h>
#include <stdlib.h>

enum { RULES_SHOWN = 6, RULES_MAX = 64, REASONS_SHOWN = 8, ASK_EVERY_US = 1000000 };

#define BOLD   "\033[1m"
#define DIM    "\033[2m"
#define RED    "\033[1;31m"
#define GREEN  "\033[32m"
#define YELLOW "\033[33m"
#define PLAIN  "\033[0m"
#define EOL    "\033[K\n" /* what an older picture left on the line goes */

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

struct figure {
  char text[32];
};

/* 1234567 -> 1,234,567 */
static struct figure grouped(double n)
{
  char digits[24];
  struct figure f = {""};
  int len = snprintf(digits, sizeof digits, "%.0f", n < 0 ? 0 : n), at = 0;
  for (int i = 0; i < len; i++) {
    if (i && (len - i) % 3 == 0) f.text[at++] = ',';
    f.text[at++] = digits[i];
  }
  f.text[at] = '\0';
  return f;
}

/* --- the head ----------------------------------------------------------------------------------*/

static void draw_rates(const struct tg_demo_view *v)
{
  static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  double most = 1;
  for (uint32_t i = 0; i < TG_DEMO_RATES; i++) most = v->rates[i] > most ? v->rates[i] : most;
  for (uint32_t i = 0; i < TG_DEMO_RATES; i++) {
    double rate = v->rates[(v->rates_next + i) % TG_DEMO_RATES];
    int bar = (int)(rate / most * 7.99);
    printf("%s", bars[bar < 0 ? 0 : bar]);
  }
}

static void draw_head(const struct tg_demo_view *v, struct tg_process *p, uint64_t sent)
{
  int64_t us = tg_clock_mono_us() - v->started_us;
  uint32_t newest = (v->rates_next + TG_DEMO_RATES - 1) % TG_DEMO_RATES;
  printf(BOLD " tidegate demo" PLAIN "   %.1f s   %u lanes   generation %.12s" EOL EOL,
         (double)us / TG_SEC, p->lanes_count, p->generation_name);
  printf("  " BOLD "%10s" PLAIN " events/s   " GREEN, grouped(v->rates[newest]).text);
  draw_rates(v);
  printf(PLAIN EOL "  %10s sent       ", grouped((double)sent).text);
  printf("%s in PostgreSQL" EOL EOL, grouped(v->last_rows).text);
}

/* --- the sections ------------------------------------------------------------------------------*/

static void draw_topic(struct tg_process *p, const struct tg_topic_state *s)
{
  const char *const labels[] = {"topic", s->topic, NULL};
  struct tg_metric *latency =
      tg_metrics_slot(p->metrics, TG_HISTOGRAM, "e2e_latency_seconds", "", labels);
  double tagged = fate(p, s->topic, "tagged");
  printf("  %-12s %11s", s->topic, grouped(fate(p, s->topic, "loaded") + tagged).text);
  printf(" %10s", grouped(tagged).text);
  printf(" %12s", grouped(fate(p, s->topic, "quarantined")).text);
  printf(" %9s", grouped(fate(p, s->topic, "dropped")).text);
  printf(" %9s",
         grouped(tg_metrics_sum(p->metrics, "kafka_consumer_lag_records", "topic", s->topic)).text);
  printf(" %8s ms   ", grouped(tg_metric_quantile(latency, 0.99) * 1000).text);
  if (s->holds & TG_HOLD_BREAKER)
    printf(RED "BREAKER OPEN" PLAIN EOL "  " RED "└ %.100s" PLAIN EOL, s->reason);
  else
    printf(s->holds ? YELLOW "waits" PLAIN EOL : GREEN "ok" PLAIN EOL);
}

static void draw_topics(struct tg_process *p)
{
  struct tg_topic_state s;
  printf(DIM "  %-12s %11s %10s %12s %9s %9s %11s   %s" PLAIN EOL, "TABLE", "ROWS", "TAGGED",
         "QUARANTINED", "DROPPED", "LAG", "P99", "STATE");
  for (uint32_t i = 0; tg_hub_topic(p->hub, i, &s); i++) draw_topic(p, &s);
  printf(EOL);
}

static void keep_reasons(struct tg_demo_view *v, struct tg_pg *pg)
{
  v->reasons_count = 0;
  for (uint32_t r = 0; r < tg_pg_rows(pg) && r < TG_DEMO_REASONS; r++) {
    struct tg_demo_reason *to = &v->reasons[v->reasons_count++];
    const char *rule = tg_pg_value(pg, r, 2), *field = tg_pg_value(pg, r, 3);
    snprintf(to->topic, sizeof to->topic, "%s", tg_pg_value(pg, r, 0));
    snprintf(to->stage, sizeof to->stage, "%s", tg_pg_value(pg, r, 1));
    snprintf(to->what, sizeof to->what, "%s", rule ? rule : field ? field : "the whole event");
    to->rows = strtod(tg_pg_value(pg, r, 4), NULL);
  }
}

/* Asks PostgreSQL once a second what is in the quarantine. */
static void ask_reasons(struct tg_demo_view *v, const struct tg_config *config)
{
  struct tg_err err;
  struct tg_quarantine_filter all = {.pipeline = config->pipeline, .limit = TG_DEMO_REASONS};
  int64_t now = tg_clock_mono_us();
  if (now < v->ask_after_us) return;
  v->ask_after_us = now + ASK_EVERY_US;
  if (!v->pg) v->pg = tg_ask_open(config, &err);
  if (v->pg && tg_quarantine_count(v->pg, &all, tg_ask_deadline(), &err) == TG_OK)
    keep_reasons(v, v->pg);
}

static void draw_reasons(const struct tg_demo_view *v)
{
  printf(DIM "  %-12s %-10s %-36s %12s" PLAIN EOL, "QUARANTINE", "STAGE", "RULE OR FIELD", "ROWS");
  for (uint32_t i = 0; i < v->reasons_count && i < REASONS_SHOWN; i++)
    printf("  %-12s %-10s %-36s %12s" EOL, v->reasons[i].topic, v->reasons[i].stage,
           v->reasons[i].what, grouped(v->reasons[i].rows).text);
  printf(v->reasons_count ? EOL : "  nothing yet" EOL EOL);
}

static void draw_rule(struct tg_process *p, const struct tg_metric_seen *failing)
{
  double judged = tg_metrics_sum(p->metrics, "rule_evaluations_total", "rule", failing->label);
  printf("  %-40.40s %12s", failing->label, grouped(judged).text);
  printf(" %10s   " YELLOW "%5.2f %% fail" PLAIN EOL, grouped(failing->value).text,
         judged > 0 ? 100 * failing->value / judged : 0);
}

static void draw_rules(struct tg_process *p)
{
  struct tg_metric_seen seen[RULES_MAX];
  uint32_t all = tg_metrics_top(p->metrics, "rule_evaluations_total", "rule", seen, RULES_MAX);
  uint32_t failing = tg_metrics_top(p->metrics, "rule_rows_failed_total", "rule", seen, RULES_MAX);
  printf(DIM "  %-40s %12s %10s   %s" PLAIN EOL, "RULE", "JUDGED", "FAILED", "VERDICT");
  for (uint32_t i = 0; i < failing && i < RULES_SHOWN; i++) draw_rule(p, &seen[i]);
  if (failing > RULES_SHOWN) printf("  and %u more that fail" EOL, failing - RULES_SHOWN);
  if (all > failing) printf("  %-64s   " GREEN "pass" PLAIN EOL, "all others");
}

/* --- the whole ---------------------------------------------------------------------------------*/

static void measure(struct tg_demo_view *v, struct tg_process *p)
{
  int64_t now = tg_clock_mono_us();
  double rows = tg_demo_rows(p);
  double rate = v->last_us ? (rows - v->last_rows) / ((double)(now - v->last_us) / TG_SEC) : 0;
  v->last_us = now, v->last_rows = rows;
  v->rates[v->rates_next] = rate;
  v->rates_next = (v->rates_next + 1) % TG_DEMO_RATES;
}

static void draw_line(const struct tg_demo_view *v, uint64_t sent)
{
  uint32_t newest = (v->rates_next + TG_DEMO_RATES - 1) % TG_DEMO_RATES;
  printf("%5.1f s  %llu sent  %.0f in PostgreSQL  %.0f events/s\n",
         (double)(v->last_us - v->started_us) / TG_SEC, (unsigned long long)sent, v->last_rows,
         v->rates[newest]);
}

void tg_demo_draw(struct tg_demo_view *v, struct tg_process *p, uint64_t sent)
{
  measure(v, p);
  if (v->terminal) {
    ask_reasons(v, p->config);
    printf(v->drawn ? "\033[H" : "\033[?25l\033[2J\033[H"); /* the cursor hides */
    v->drawn = true;
    draw_head(v, p, sent);
    draw_topics(p);
    draw_reasons(v);
    draw_rules(p);
    printf(EOL DIM "  Ctrl-C ends it and shows the ledger's balance." PLAIN "\033[K\033[J");
  } else
    draw_line(v, sent);
  fflush(stdout);
}

void tg_demo_draw_end(struct tg_demo_view *v)
{
  if (v->drawn) printf("\033[?25h\n");
  tg_pg_free(v->pg);
  v->pg = NULL;
}
