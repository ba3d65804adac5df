/* The cost of rules: a sample is decoded, transformed and judged some times; the least counts. */
#include "core/app/rulecost.h"

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/data/decode.h"
#include "core/data/load.h"
#include "core/state/stateset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOAD_BYTES = 512 << 20, RULES_MAX = 10000 };
#define START_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

struct sample {
  const struct tg_rulecost_conf *conf;
  struct tg_program *p;
  const struct tg_topic *const *topics;
  uint32_t topics_count, topic;
  struct tg_load load;
  struct tg_decoder *decoder;
  FILE *input;
  int64_t *least_us; /* one a rule */
  const char **names;
  uint32_t rules_count, rows;
  uint32_t *over;
};

/* --- events --- */

/* A value of the field's type that differs from row to row, as JSON. */
static void add_value(struct tg_buf *out, const struct tg_field *f, uint32_t row)
{
  static const char *const words[] = {"EUR", "USD", "new", "paid",
                                      "a longer text, as people write"};
  if (f->type.array) {
    tg_buf_str(out, "[]");
  } else if (f->epoch != TG_EPOCH_NONE) {
    tg_buf_printf(out, "%u", 1767225600 + row);
  } else if (f->type.kind == TG_BOOL) {
    tg_buf_str(out, row % 3 ? "true" : "false");
  } else if (tg_type_is_number(f->type)) {
    tg_buf_printf(out, "%u", row * 7919 % 100);
  } else if (f->type.kind == TG_UUID) {
    tg_buf_printf(out, "\"00000000-0000-4000-8000-%012x\"", row);
  } else if (f->type.kind == TG_JSON || f->type.kind == TG_JSONB) {
    tg_buf_printf(out, "{\"n\":%u}", row);
  } else if (tg_type_is_time(f->type)) {
    tg_buf_printf(out, "\"2026-01-%02uT%02u:%02u:00Z\"", row % 28 + 1, row % 24, row % 60);
  } else if (tg_type_is_text(f->type)) {
    tg_buf_printf(out, "\"%s\"", words[row % 5]);
  } else {
    tg_buf_str(out, "null");
  }
}

static void make_event(const struct tg_topic *topic, uint32_t row, struct tg_buf *out)
{
  const char *between = "{";
  tg_buf_clear(out);
  for (uint32_t i = 0; i < topic->fields_count; i++) {
    const struct tg_field *f = &topic->fields[i];
    if (f->source != TG_FROM_VALUE || !f->paths_count || f->paths[0].count != 1) continue;
    tg_buf_str(out, between);
    tg_buf_json(out, f->paths[0].steps[0]);
    tg_buf_char(out, ':');
    add_value(out, f, row);
    between = ",";
  }
  tg_buf_str(out, *between == '{' ? "{}" : "}");
}

static enum tg_rc add_event(struct sample *s, uint32_t row, struct tg_text value)
{
  struct tg_event event = {
      .offset = row, .kafka_us = START_US + row * 1000, .size = value.len, .value = value};
  return tg_load_add(&s->load, s->topic, &event);
}

static enum tg_rc make_events(struct sample *s)
{
  struct tg_buf value;
  enum tg_rc rc = TG_OK;
  tg_buf_init(&value, 0);
  for (uint32_t row = 0; rc == TG_OK && row < TG_COST_ROWS; row++) {
    make_event(s->topics[s->topic], row, &value);
    rc = add_event(s, row, tg_buf_view(&value));
  }
  tg_buf_fini(&value);
  return rc;
}

static enum tg_rc read_events(struct sample *s)
{
  char *line = NULL;
  size_t size = 0;
  ssize_t len;
  enum tg_rc rc = TG_OK;
  rewind(s->input);
  for (uint32_t row = 0; rc == TG_OK && row < TG_COST_ROWS; row++) {
    if ((len = getline(&line, &size, s->input)) <= 0) break;
    rc = add_event(s, row, tg_text_trim(tg_text_of(line, (size_t)len)));
  }
  free(line);
  return rc;
}

/* --- measuring --- */

static void note(struct sample *s, const struct tg_judgement *j, bool first)
{
  for (uint32_t i = 0; i < j->count && i < RULES_MAX; i++) {
    int64_t us = j->rules[i].cpu_us;
    if (first || us < s->least_us[i]) s->least_us[i] = us;
    s->names[i] = j->rules[i].rule;
  }
  s->rules_count = j->count < RULES_MAX ? j->count : RULES_MAX;
}

static enum tg_rc one_round(struct sample *s, bool first, struct tg_err *err)
{
  struct tg_judgement j = {0};
  struct tg_stateset *state = tg_stateset_new(0);
  enum tg_rc rc = tg_load_open(&s->load, s->topics, s->topics_count);
  if (rc == TG_OK) rc = s->input ? read_events(s) : make_events(s);
  struct tg_batch *b = &s->load.batches[s->topic];
  if (rc == TG_OK) rc = tg_batch_seal(b);
  for (uint32_t i = 0; rc == TG_OK && i < b->segments_count; i++) b->segments[i].state = state;
  if (state && rc == TG_OK) tg_stateset_begin(state, 0);
  if (rc == TG_OK) rc = tg_decoder_run(s->decoder, b, err);
  if (rc == TG_OK) rc = tg_program_run(s->p, b, &j, NULL, NULL, err);
  if (rc == TG_OK) note(s, &j, first);
  s->rows = b->rows;
  tg_stateset_free(state);
  return rc == TG_FULL ? tg_err_set(err, TG_FATAL, "cost", "the sample does not fit") : rc;
}

static void print_rule(const struct sample *s, uint32_t i)
{
  double ns = (double)s->least_us[i] * 1000 / (s->rows ? s->rows : 1);
  bool over = s->conf->budget_ns && ns > (double)s->conf->budget_ns;
  struct tg_text topic = s->topics[s->topic]->name;
  *s->over += over;
  if (s->conf->json) {
    struct tg_buf out;
    tg_buf_init(&out, 0);
    tg_buf_str(&out, "{\"topic\":"), tg_buf_json(&out, topic);
    tg_buf_str(&out, ",\"rule\":"), tg_buf_json(&out, tg_text(s->names[i]));
    printf("%s,\"ns_per_row\":%.1f,\"rows\":%u}\n", tg_buf_cstr(&out), ns, s->rows);
    tg_buf_fini(&out);
  } else {
    printf("%8.1f ns/row  %.*s  %s%s\n", ns, TG_TEXT(topic), s->names[i],
           over ? "  over the budget" : "");
  }
}

static void print_sum(const struct sample *s)
{
  int64_t sum = 0;
  for (uint32_t i = 0; i < s->rules_count; i++) sum += s->least_us[i];
  double ns = (double)sum * 1000 / (s->rows ? s->rows : 1);
  if (s->conf->json) return;
  printf("%8.1f ns/row  %.*s  all %u rules: %.2f CPU-s per million events\n\n", ns,
         TG_TEXT(s->topics[s->topic]->name), s->rules_count, ns / 1000);
}

static enum tg_rc measure_topic(struct sample *s, struct tg_err *err)
{
  s->decoder = tg_decoder_new(s->topics[s->topic]);
  enum tg_rc rc = s->decoder ? TG_OK : tg_err_set(err, TG_FATAL, "cost", "no memory");
  for (int i = 0; rc == TG_OK && i < TG_COST_ROUNDS; i++) rc = one_round(s, i == 0, err);
  tg_decoder_free(s->decoder);
  for (uint32_t i = 0; rc == TG_OK && i < s->rules_count; i++) print_rule(s, i);
  if (rc == TG_OK && s->rules_count) print_sum(s);
  return rc;
}

static enum tg_rc measure_all(struct sample *s, struct tg_err *err)
{
  bool any = false;
  enum tg_rc rc = TG_OK;
  for (s->topic = 0; rc == TG_OK && s->topic < s->topics_count; s->topic++) {
    const char *only = s->conf->topic;
    if (only && !tg_text_is(s->topics[s->topic]->name, only)) continue;
    any = true;
    rc = measure_topic(s, err);
  }
  if (rc != TG_OK || any) return rc;
  return tg_err_set(err, TG_CONFIG, "cost", "there is no topic '%s'",
                    s->conf->topic ? s->conf->topic : "");
}

enum tg_rc tg_rulecost_print(struct tg_program *p, const struct tg_rulecost_conf *conf,
                             uint32_t *over, struct tg_err *err)
{
  struct sample s = {.conf = conf, .p = p, .over = over};
  *over = 0;
  if (conf->input && !conf->topic) {
    return tg_err_set(err, TG_CONFIG, "--input", "say with --topic what its events are of");
  }
  if (conf->input && !(s.input = fopen(conf->input, "r"))) {
    return tg_err_set(err, TG_CONFIG, conf->input, "cannot be read");
  }
  s.topics = tg_program_topics(p, &s.topics_count);
  s.least_us = calloc(RULES_MAX, sizeof *s.least_us);
  s.names = calloc(RULES_MAX, sizeof *s.names);
  enum tg_rc rc = s.least_us && s.names ? tg_load_init(&s.load, TG_COST_ROWS, LOAD_BYTES, err)
                                        : tg_err_set(err, TG_FATAL, "cost", "no memory");
  if (rc == TG_OK) rc = measure_all(&s, err);
  tg_load_fini(&s.load);
  free(s.names);
  free(s.least_us);
  if (s.input) fclose(s.input);
  return rc;
}
