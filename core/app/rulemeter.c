/* The metrics of one rule. */
#include "core/app/rulemeter.h"

#include "core/base/clock.h"

void tg_rulemeter_open(struct tg_rulemeter *m, struct tg_metrics *metrics, const char *rule)
{
  const char *const labels[] = {"rule", rule, NULL};
  const struct {
    struct tg_metric **slot;
    const char *name, *help;
  } plain[] = {
      {&m->judged, "rule_evaluations_total", "Rows judged by a rule"},
      {&m->failed, "rule_rows_failed_total", "Rows that failed a rule"},
      {&m->skipped, "rule_rows_skipped_total", "Rows that a rule left out"},
      {&m->seconds, "rule_duration_seconds_total", "CPU time of a rule"},
  };
  for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
    *plain[i].slot = tg_metrics_slot(metrics, TG_COUNTER, plain[i].name, plain[i].help, labels);
  for (int v = TG_VERDICT_PASS; v <= TG_VERDICT_SKIP + 1; v++) {
    bool shadow = v > TG_VERDICT_SKIP;
    const char *verdict = shadow ? "shadow" : tg_verdict_name((enum tg_verdict)v);
    const char *const both[] = {"rule", rule, "verdict", verdict, NULL};
    *(shadow ? &m->shadow : &m->verdicts[v]) =
        tg_metrics_slot(metrics, TG_COUNTER, "rule_verdicts_total",
                        "Verdicts of a rule; shadow: not pass, but in shadow, where nothing "
                        "follows",
                        both);
  }
}

void tg_rulemeter_add(const struct tg_rulemeter *m, const struct tg_verdict_row *v)
{
  bool shadowed = v->shadow && v->verdict != TG_VERDICT_PASS;
  double rows = v->counted ? 0 : 1; /* counted as they came */
  tg_metric_add(m->judged, rows * (double)v->evaluated);
  tg_metric_add(m->failed, rows * (double)v->failed);
  tg_metric_add(m->skipped, rows * (double)v->skipped);
  tg_metric_add(m->seconds, (double)v->cpu_us / TG_SEC);
  if (v->later && v->verdict == TG_VERDICT_SKIP) return;
  tg_metric_add(shadowed ? m->shadow : m->verdicts[v->verdict], 1);
}
