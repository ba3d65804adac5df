/* Notes of verdicts -> one INSERT. */
#include "core/pg/verdictlist.h"

#include "core/pg/array.h"

#include <inttypes.h>

enum { ERROR_BYTES_MAX = 2000 };
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

static void add_time(struct tg_buf *json, const char *key, int64_t us, bool known)
{
  if (known && us >= 0 && us <= YEAR_9999)
    tg_buf_printf(json, "\"%s\":%lld", key, (long long)us);
  else
    tg_buf_printf(json, "\"%s\":null", key);
}

void tg_verdictlist_add(struct tg_buf *list, const struct tg_verdict_note *v, struct tg_text topic,
                        int64_t at_us, const char *ranges)
{
  bool window = v->stop_us > 0 && v->stop_us <= YEAR_9999;
  tg_buf_char(list, list->len ? ',' : '[');
  tg_buf_char(list, '{');
  add_time(list, "at", at_us, true);
  tg_buf_str(list, ",\"topic\":");
  tg_buf_json(list, topic);
  add_text(list, "rule", v->rule);
  add_text(list, "version", v->version);
  add_text(list, "verdict", v->verdict);
  add_text(list, "level", v->level);
  add_text(list, "error", v->error);
  tg_buf_printf(list,
                ",\"shadow\":%s,\"evaluated\":%" PRIu64 ",\"skipped\":%" PRIu64
                ",\"failed\":%" PRIu64 ",\"seen\":",
                v->shadow ? "true" : "false", v->evaluated, v->skipped, v->failed);
  add_json(list, v->seen ? v->seen : "null");
  tg_buf_printf(list, ",\"ranges\":%s,", ranges);
  add_time(list, "window_start", v->start_us, window);
  tg_buf_char(list, ',');
  add_time(list, "window_end", v->stop_us, window);
  tg_buf_char(list, '}');
}

void tg_verdictlist_insert(struct tg_buf *sql, const char *pipeline, const char *generation,
                           struct tg_buf *list)
{
  tg_buf_char(list, ']');
  tg_buf_str(sql, "INSERT INTO tidegate.verdict (pipeline, generation, at, topic, rule, version,"
                  " verdict, level, shadow, evaluated, skipped, failed, seen, error, ranges,"
                  " window_start, window_end) SELECT ");
  tg_sql_literal(sql, tg_text(pipeline));
  tg_buf_char(sql, ',');
  tg_sql_literal(sql, tg_text(generation));
  tg_buf_str(sql, ",tidegate.us_v1(x.at), x.topic, x.rule, x.version, x.verdict, x.level,"
                  " x.shadow, x.evaluated, x.skipped, x.failed, x.seen, x.error, x.ranges,"
                  " tidegate.us_v1(x.window_start), tidegate.us_v1(x.window_end)"
                  " FROM jsonb_to_recordset(");
  tg_sql_literal(sql, tg_buf_view(list));
  tg_buf_str(sql, ") AS x (at bigint, topic text, rule text, version text, verdict text,"
                  " level text, shadow boolean, evaluated bigint, skipped bigint, failed bigint,"
                  " seen jsonb, error text, ranges jsonb, window_start bigint, window_end bigint)"
                  " ON CONFLICT DO NOTHING; ");
}
