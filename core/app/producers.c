/* Settings and metrics of transactional producers. */
#include "core/app/producers.h"

struct tg_emitter_conf tg_producers_conf(const struct tg_config *c, const char *id)
{
  return (struct tg_emitter_conf){.brokers = c->brokers,
                                  .properties = c->properties,
                                  .properties_count = c->properties_count,
                                  .group = c->pipeline,
                                  .id = id,
                                  .record_bytes_max = (uint32_t)c->output_bytes_max};
}

struct tg_output_metrics tg_producers_metrics(struct tg_metrics *m)
{
  const char *const good[] = {"outcome", "committed", NULL}, *const bad[] = {"outcome", "failed",
                                                                             NULL};
  const char *help = "Kafka transactions of outputs by outcome";
  return (struct tg_output_metrics){
      .records = tg_metrics_slot(m, TG_COUNTER, "output_records_total",
                                 "Records committed to output topics", NULL),
      .bytes = tg_metrics_slot(m, TG_COUNTER, "output_bytes_total", "Bytes of those records", NULL),
      .committed = tg_metrics_slot(m, TG_COUNTER, "output_transactions_total", help, good),
      .failed = tg_metrics_slot(m, TG_COUNTER, "output_transactions_total", help, bad),
      .recycled = tg_metrics_slot(m, TG_COUNTER, "output_producers_recycled_total",
                                  "Producers made anew after a failed transaction", NULL)};
}
