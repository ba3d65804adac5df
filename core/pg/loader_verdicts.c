/* The verdicts of a load: one INSERT of at most TG_VERDICTS_MAX rows, part of the final message. */
#include "core/pg/attempt.h"

#include "core/data/verdict.h"
#include "core/pg/array.h"

enum { RANGES_MAX = 256, ERROR_BYTES_MAX = 2000 };
#define YEAR_9999 INT64_C(253402300799000000) /* microseconds since 1970 */

static void add_text(struct tg_buf *json, const char *key, const char *text)
{
  tg_buf_printf(json, ",\"%s\":", key);
  struct tg_text t = tg_text(text ? text : "");
  if (t.len > ERROR_BYTES_MAX) t.len = ERROR_BYTES_MAX;
  if (text)
    tg_buf_json(json, t);
  else
    tg_buf_str(json, "null");
}

/* JSON as it is but for \u0000, which jsonb refuses. */
static void add_json(struct tg_buf *json, const char *text)
{
  for (; *text; text++) {
    if (*text != '\\') {
      tg_buf_char(json, *text);
    } else if (strncmp(text, "\\u0000", 6) == 0) {
      tg_buf_str(json, "\\ufffd");
      text += 5;
    } else {
      tg_buf_char(json, *text);
      if (text[1]) tg_buf_char(json, *++text);
    }
  }
}

/* The newest Kafka time of what is loaded; null when records have none. */
static void add_time(struct tg_buf *json, const struct tg_batch *b)
{
  int64_t us = -1;
  for (uint32_t i = 0; i < b->segments_count; i++) {
    const struct tg_segment *s = &b->segments[i];
    if (tg_segment_live(b, s) && s->rows && s->kafka_us_max > us) us = s->kafka_us_max;
  }
  if (us < 0 || us > YEAR_9999)
    tg_buf_str(json, "null");
  else
    tg_buf_printf(json, "%lld", (long long)us);
}

static void add_ranges(struct tg_buf *json, const struct tg_batch *b)
{
  uint32_t count = 0;
  tg_buf_str(json, ",\"ranges\":[");
  for (uint32_t i = 0; i < b->segments_count && count < RANGES_MAX; i++) {
    const struct tg_segment *s = &b->segments[i];
    if (!tg_segment_live(b, s) || !s->rows) continue;
    tg_buf_printf(json, "%s{\"partition_id\":%d,\"part\":%d,\"from\":%lld,\"to\":%lld}",
                  count++ ? "," : "", s->partition_id, s->partition, (long long)s->from,
                  (long long)s->to);
  }
  tg_buf_char(json, ']');
}

static void add_note(struct tg_buf *json, const struct tg_batch *b, const struct tg_verdict_note *v)
{
  tg_buf_str(json, json->len > 1 ? ",{\"at\":" : "{\"at\":");
  add_time(json, b);
  tg_buf_str(json, ",\"topic\":");
  tg_buf_json(json, b->topic->name);
  add_text(json, "rule", v->rule);
  add_text(json, "version", v->version);
  add_text(json, "verdict", v->verdict);
  add_text(json, "level", v->level);
  add_text(json, "error", v->error);
  tg_buf_printf(json, ",\"shadow\":%s,\"evaluated\":%u,\"skipped\":%u,\"failed\":%u,\"seen\":",
                v->shadow ? "true" : "false", v->evaluated, v->skipped, v->failed);
  add_json(json, v->seen ? v->seen : "null");
  add_ranges(json, b);
  tg_buf_char(json, '}');
}

static bool any_rows(const struct tg_batch *b)
{
  for (uint32_t i = 0; i < b->segments_count; i++)
    if (tg_segment_live(b, &b->segments[i]) && b->segments[i].rows) return true;
  return false;
}

/* The notes as a JSON list in json; returns how many. */
static uint32_t make_list(struct tg_buf *json, const struct tg_load *load)
{
  uint32_t count = 0;
  tg_buf_clear(json);
  tg_buf_char(json, '[');
  for (uint32_t i = 0; i < load->batches_count; i++) {
    const struct tg_batch *b = &load->batches[i];
    if (!b->verdicts_count || !any_rows(b)) continue;
    for (uint32_t v = 0; v < b->verdicts_count && count < TG_VERDICTS_MAX; v++, count++)
      add_note(json, b, &b->verdicts[v]);
  }
  tg_buf_char(json, ']');
  return count;
}

void tg_attempt_verdicts(struct tg_attempt *a, struct tg_buf *sql)
{
  struct tg_loader *l = a->l;
  if (!make_list(&l->text, a->load)) return;
  tg_buf_str(sql, "INSERT INTO tidegate.verdict (pipeline, generation, at, topic, rule, version,"
                  " verdict, level, shadow, evaluated, skipped, failed, seen, error, ranges)"
                  " SELECT ");
  tg_sql_literal(sql, tg_text(l->conf.pipeline));
  tg_buf_char(sql, ',');
  tg_sql_literal(sql, tg_text(a->load->generation ? a->load->generation : ""));
  tg_buf_str(sql, ",timestamptz 'epoch' + x.at * interval '1 microsecond', x.topic, x.rule,"
                  " x.version, x.verdict, x.level, x.shadow, x.evaluated, x.skipped, x.failed,"
                  " x.seen, x.error, x.ranges FROM jsonb_to_recordset(");
  tg_sql_literal(sql, tg_buf_view(&l->text));
  tg_buf_str(sql, ") AS x (at bigint, topic text, rule text, version text, verdict text,"
                  " level text, shadow boolean, evaluated bigint, skipped bigint, failed bigint,"
                  " seen jsonb, error text, ranges jsonb); ");
}
