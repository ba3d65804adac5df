/* tidegate eval: a topic's script on sample events, one line of JSON an event: where it would end,
 * and why. With --rule: one rule over a recorded series, a line a batch (series.h). */
#include "core/app/cli.h"
#include "core/app/generation.h"
#include "core/app/series.h"
#include "core/base/clock.h"
#include "core/data/decode.h"
#include "core/data/load.h"
#include "core/state/stateset.h"

#include <inttypes.h>
#include <stdlib.h>

enum { ROWS_MAX = 10000, LOAD_BYTES = 256 << 20 };

struct eval {
  struct tg_program *program;
  const struct tg_topic *const *topics;
  uint32_t topics_count, topic;
  struct tg_load load;
  struct tg_decoder *decoder;
  struct tg_stateset *state; /* rules begin with an empty memory */
};

static void add_values(struct tg_buf *out, const struct tg_batch *b, uint32_t row)
{
  char shown[256];
  tg_buf_str(out, ",\"row\":{");
  for (uint32_t f = 0; b->columns && f < b->topic->fields_count; f++) {
    tg_buf_str(out, f ? "," : "");
    tg_buf_json(out, b->topic->fields[f].name);
    tg_buf_char(out, ':');
    if (!b->columns[f] || tg_column_is_null(b->columns[f], row))
      tg_buf_str(out, "null");
    else
      tg_buf_json(out, tg_text(tg_column_show(b->columns[f], row, shown, sizeof shown)));
  }
  tg_buf_char(out, '}');
}

static void print_row(struct tg_buf *out, const struct tg_batch *b, uint32_t row)
{
  tg_buf_clear(out);
  tg_buf_printf(out, "{\"event\":%lld,\"fate\":\"%s\",\"issues\":[",
                (long long)b->events[row].offset, tg_fate_name((enum tg_fate)b->fates[row]));
  for (const struct tg_issue *i = b->issues ? b->issues[row] : NULL; i; i = i->next) {
    tg_buf_printf(out, "{\"stage\":\"%s\",\"rule\":", tg_stage_name(i->stage));
    tg_buf_json(out, tg_text(i->rule ? i->rule : ""));
    tg_buf_str(out, ",\"field\":");
    tg_buf_json(out, i->field);
    tg_buf_str(out, ",\"reason\":");
    tg_buf_json(out, i->reason);
    tg_buf_printf(out, "}%s", i->next ? "," : "");
  }
  tg_buf_char(out, ']');
  if (b->fates[row] != TG_QUARANTINE) add_values(out, b, row);
  printf("%s}\n", tg_buf_cstr(out));
}

static void print_rules(const struct tg_judgement *j)
{
  for (uint32_t r = 0; r < j->count; r++) {
    const struct tg_verdict_row *v = &j->rules[r];
    bool vacuous = v->verdict == TG_VERDICT_PASS && v->evaluated == 0;
    fprintf(stderr,
            "%-5s %-40s evaluated %" PRIu64 ", skipped %" PRIu64 ", failed %" PRIu64 "%s%s%s%s%s\n",
            tg_verdict_name(v->verdict), v->rule, v->evaluated, v->skipped, v->failed,
            v->later  ? " (judged when its window is over)"
            : vacuous ? " (nothing to judge)"
                      : "",
            v->seen ? " " : "", v->seen ? v->seen : "", v->error ? ": " : "",
            v->error ? v->error : "");
  }
  if (j->critical) fprintf(stderr, "critical: the breaker would open: %s\n", j->critical_why);
}

static enum tg_rc judge(struct eval *e, struct tg_err *err)
{
  struct tg_batch *b = &e->load.batches[e->topic];
  struct tg_judgement j = {0};
  struct tg_buf out;
  enum tg_rc rc = tg_batch_seal(b);
  if (rc == TG_OK && b->segments_count) b->segments[0].state = e->state;
  if (rc == TG_OK) rc = tg_decoder_run(e->decoder, b, err);
  if (rc == TG_OK) rc = tg_program_run(e->program, b, &j, NULL, NULL, err);
  if (rc == TG_FULL) return tg_err_set(err, TG_FATAL, "eval", "the events do not fit into memory");
  if (rc != TG_OK) return rc;
  tg_buf_init(&out, 0);
  for (uint32_t row = 0; row < b->rows; row++) print_row(&out, b, row);
  tg_buf_fini(&out);
  print_rules(&j);
  return TG_OK;
}

/* One event a line. */
static enum tg_rc read_events(struct eval *e, FILE *f, struct tg_err *err)
{
  char *line = NULL;
  size_t size = 0;
  ssize_t len;
  enum tg_rc rc = tg_load_open(&e->load, e->topics, e->topics_count);
  for (int64_t n = 0; rc == TG_OK && (len = getline(&line, &size, f)) > 0; n++) {
    while (len && (line[len - 1] == '\n' || line[len - 1] == '\r')) len--;
    struct tg_event event = {.offset = n,
                             .kafka_us = tg_clock_wall_us(),
                             .size = (uint32_t)len,
                             .value = tg_text_of(line, (size_t)len)};
    rc = tg_load_add(&e->load, e->topic, &event);
  }
  free(line);
  return rc == TG_FULL ? tg_err_set(err, TG_DATA, "eval", "more than %d events", ROWS_MAX) : rc;
}

static enum tg_rc find_topic(struct eval *e, const char *name, struct tg_err *err)
{
  e->topics = tg_program_topics(e->program, &e->topics_count);
  for (e->topic = 0; e->topic < e->topics_count; e->topic++)
    if (tg_text_is(e->topics[e->topic]->name, name)) return TG_OK;
  return tg_err_set(err, TG_CONFIG, "eval", "there is no scripts/%s.lua", name);
}

static enum tg_rc eval(struct tg_generation *g, const char *topic, FILE *f, struct tg_err *err)
{
  struct eval e = {0};
  enum tg_rc rc = tg_generation_program(g, tg_cli_fault, NULL, &e.program);
  if (rc != TG_OK) return tg_err_set(err, rc, "eval", "the scripts are faulty");
  rc = find_topic(&e, topic, err);
  if (rc == TG_OK) rc = tg_load_init(&e.load, ROWS_MAX, LOAD_BYTES, err);
  if (rc == TG_OK) e.decoder = tg_decoder_new(e.topics[e.topic]);
  e.state = tg_stateset_new(0);
  if (rc == TG_OK && (!e.decoder || !e.state))
    rc = tg_err_set(err, TG_FATAL, "eval", "out of memory");
  if (rc == TG_OK) rc = read_events(&e, f, err);
  if (rc == TG_OK) rc = judge(&e, err);
  tg_decoder_free(e.decoder);
  tg_stateset_free(e.state);
  tg_load_fini(&e.load);
  tg_program_free(e.program);
  return rc;
}

static enum tg_rc eval_rule(struct tg_generation *g, const struct tg_series_conf *conf, FILE *f,
                            struct tg_err *err)
{
  struct tg_program *p;
  enum tg_rc rc = tg_generation_program(g, tg_cli_fault, NULL, &p);
  if (rc != TG_OK) return tg_err_set(err, rc, "eval", "the scripts are faulty");
  rc = tg_series_run(p, conf, f, err);
  tg_program_free(p);
  return rc;
}

static int run(const struct tg_config *config, const struct tg_series_conf *series,
               const char *topic, FILE *f)
{
  struct tg_generation *g;
  struct tg_err err;
  if (tg_generation_read(config, tg_cli_fault, NULL, &g) != TG_OK) return TG_EXIT_CONFIG;
  enum tg_rc rc = series->rule ? eval_rule(g, series, f, &err) : eval(g, topic, f, &err);
  tg_generation_drop(g);
  return rc == TG_OK ? TG_EXIT_OK : tg_cli_fail(&err);
}

/* A rule needs no configuration, a topic does. */
static int open_config(struct tg_config *config, const char *path, bool rule)
{
  return rule ? tg_cli_folders(config, path) : tg_cli_config(config, path);
}

int tg_command_eval(int argc, char **argv)
{
  const char *path = NULL, *input = NULL;
  struct tg_series_conf series = {0};
  const struct tg_option options[] = {
      TG_OPT_TEXT("config", "FILE",
                  "whose scripts and rules (default: $TIDEGATE_CONFIG, ./tidegate.yaml)", path),
      TG_OPT_TEXT("input", "FILE", "events, one JSON object a line (default: stdin)", input),
      TG_OPT_TEXT("rule", "NAME", "this rule instead of a topic", series.rule),
      TG_OPT_TEXT("params", "JSON", "its arguments: an object", series.params),
      TG_OPT_TEXT("types", "JSON",
                  "types of columns, {\"x\": \"numeric(12,2)\"} (default: as the values are)",
                  series.types),
      TG_OPT_TEXT("time", "COLUMN", "when Kafka got a row (default: one a second)", series.time),
      TG_OPT_NUMBER("batch", "ROWS", "rows of a batch (default: one batch of all)", series.batch),
      TG_OPT_FLAG("json", "one JSON object a batch", series.json),
      {0}};
  struct tg_args args;
  struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  if (args.words_count != !series.rule) {
    fprintf(stderr, "tidegate eval: name one topic, or a rule with --rule\n");
    return TG_EXIT_USAGE;
  }
  if ((code = open_config(&config, path, series.rule)) >= 0) return code;
  FILE *f = input ? fopen(input, "r") : stdin;
  if (!f) fprintf(stderr, "error: %s: cannot be read\n", input);
  code = f ? run(&config, &series, args.words[0], f) : TG_EXIT_FAILURE;
  tg_config_fini(&config);
  if (f && f != stdin) fclose(f);
  return code;
}
