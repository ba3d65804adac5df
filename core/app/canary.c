/* Old against new on the same events: run() makes both sides of a topic, write_topic() tells. */
#include "core/app/canary.h"

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/data/decode.h"
#include "core/data/order.h"
#include "core/state/stateset.h"

#include <stdio.h>
#include <stdlib.h>

enum {
  CHUNK = 1 << 20,
  ROWS_LEAST = 8,
  EXAMPLES_MAX = 3,
  RULES_MAX = 50,
  COLUMNS_MAX = 20,
  VALUE_BYTES = 80,
  REASON_BYTES = 240,
  CALL_LEAST_US = 1000
};

struct side { /* one set, one topic */
  struct tg_program *program;
  const struct tg_topic *topic;
  struct tg_arena arena;
  struct tg_batch batch;
  struct tg_judgement judged;
  struct tg_stateset **memory; /* one a segment, on the heap */
};

struct run {
  const struct tg_canary *c;
  struct side old, new;
  int64_t until_us;
  struct tg_buf *out;
  struct tg_canary_jump *worst;
};

/* --- one side --- */

static void close_side(struct side *s)
{
  for (uint32_t i = 0; s->memory && i < s->batch.segments_count; i++)
    tg_stateset_free(s->memory[i]);
  free(s->memory);
  s->memory = NULL;
  s->batch = (struct tg_batch){0};
  tg_arena_reset(&s->arena, 0);
}

/* What rules remember begins empty and is thrown away. */
static enum tg_rc remember(struct side *s)
{
  struct tg_batch *b = &s->batch;
  s->memory = calloc(b->segments_count + 1, sizeof *s->memory);
  for (uint32_t i = 0; s->memory && i < b->segments_count; i++) {
    if (!(s->memory[i] = tg_stateset_new(i + 1))) return TG_RETRY;
    tg_stateset_begin(s->memory[i], b->segments[i].from);
    b->segments[i].state = s->memory[i];
  }
  return s->memory ? TG_OK : TG_RETRY;
}

/* A script gets what is left of the time, at most lua.deadline. */
static void shorten(struct run *r)
{
  int64_t left = r->until_us - tg_clock_mono_us(), most = r->c->next->config->lua_deadline_us;
  if (left < CALL_LEAST_US) left = CALL_LEAST_US;
  if (left > most) left = most;
  tg_program_limit(r->old.program, left);
  tg_program_limit(r->new.program, left);
}

static void between(void *self)
{
  shorten(self);
}

static enum tg_rc judge(struct run *r, struct side *s, struct tg_err *err)
{
  struct tg_decoder *d = tg_decoder_new(s->topic);
  enum tg_rc rc = d ? remember(s) : TG_RETRY;
  if (rc != TG_OK)
    tg_err_set(err, rc, "canary", "out of memory");
  else
    rc = tg_decoder_run(d, &s->batch, err);
  if (rc == TG_OK) rc = tg_lookups_lend(r->c->now->lookups, &s->batch, err);
  if (rc == TG_OK) {
    shorten(r);
    rc = tg_program_run(s->program, &s->batch, &s->judged, between, r, err);
    tg_lookups_return(&s->batch);
  }
  tg_decoder_free(d);
  return rc;
}

/* The same events for the other side: samples may have gone on. */
static enum tg_rc copy_events(const struct tg_batch *from, struct tg_batch *to)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; i < from->rows && rc == TG_OK; i++) rc = tg_batch_add(to, &from->events[i]);
  return rc == TG_OK ? tg_batch_seal(to) : rc;
}

static enum tg_rc run_rows(struct run *r, uint32_t rows, struct tg_err *err)
{
  struct side *o = &r->old, *n = &r->new;
  enum tg_rc rc = tg_batch_init(&o->batch, o->topic, &o->arena, TG_SAMPLES_EVENTS);
  if (rc == TG_OK) rc = tg_batch_init(&n->batch, n->topic, &n->arena, TG_SAMPLES_EVENTS);
  if (rc == TG_OK) rc = tg_samples_fill(r->c->samples, n->topic->name, rows, &n->batch);
  if (rc == TG_OK) rc = copy_events(&n->batch, &o->batch);
  if (rc != TG_OK) return tg_err_set(err, rc, "canary", "the events cannot be put into a batch");
  rc = judge(r, o, err);
  return rc == TG_OK ? judge(r, n, err) : rc;
}

/* With half as many events when they do not fit. */
static enum tg_rc run(struct run *r, struct tg_err *err)
{
  uint32_t rows = tg_samples_count(r->c->samples, r->new.topic->name);
  enum tg_rc rc = TG_FULL;
  while (rc == TG_FULL && rows >= ROWS_LEAST) {
    rc = run_rows(r, rows, err);
    if (rc == TG_FULL) close_side(&r->old), close_side(&r->new);
    rows /= 2;
  }
  if (rc == TG_OK && tg_clock_mono_us() > r->until_us)
    return tg_err_set(err, TG_AGAIN, "canary",
                      "the scripts took longer than %lld ms, which is all there is",
                      (long long)(r->c->time_us / TG_MS));
  return rc;
}

/* --- what differs --- */

static uint32_t column_of(const struct tg_topic *t, struct tg_text name, struct tg_type type)
{
  for (uint32_t f = 0; f < t->fields_count; f++)
    if (tg_text_eq(t->fields[f].name, name) && tg_type_eq(t->fields[f].type, type)) return f;
  return t->fields_count;
}

static bool same_value(const struct tg_column *a, const struct tg_column *b, uint32_t row)
{
  bool null = tg_column_is_null(a, row);
  if (null || tg_column_is_null(b, row)) return null && tg_column_is_null(b, row);
  if (tg_order_of(a->type) != TG_ORDER_NONE) return tg_order_rows(a, row, b, row) == 0;
  return tg_text_eq(a->v.texts[row], b->v.texts[row]);
}

static bool loaded(const struct side *s, uint32_t row)
{
  return s->batch.fates[row] <= TG_TAG;
}

static void write_value(struct tg_buf *out, const char *key, const struct tg_column *c,
                        uint32_t row)
{
  char text[VALUE_BYTES];
  tg_buf_printf(out, ",\"%s\":", key);
  if (tg_column_is_null(c, row))
    tg_buf_str(out, "null");
  else
    tg_buf_json(out, tg_text(tg_column_show(c, row, text, sizeof text)));
}

static void write_place(const struct run *r, uint32_t row)
{
  const struct tg_event *e = &r->new.batch.events[row];
  tg_buf_printf(r->out, "{\"partition\":%d,\"offset\":%lld", e->partition, (long long)e->offset);
}

/* {"column": "name", "rows": 3, "example": {"partition": 0, "offset": 7, "was": .., "is": ..}} */
static bool write_column(const struct run *r, uint32_t is, uint32_t was, bool first)
{
  const struct tg_column *a = r->old.batch.columns[was], *b = r->new.batch.columns[is];
  uint32_t differ = 0, at = 0;
  for (uint32_t row = 0; row < r->new.batch.rows; row++) {
    if (!loaded(&r->old, row) || !loaded(&r->new, row) || same_value(a, b, row)) continue;
    if (!differ++) at = row;
  }
  if (!differ) return false;
  tg_buf_str(r->out, first ? "{\"column\":" : ",{\"column\":");
  tg_buf_json(r->out, r->new.topic->fields[is].name);
  tg_buf_printf(r->out, ",\"rows\":%u,\"example\":", differ);
  write_place(r, at);
  write_value(r->out, "was", a, at);
  write_value(r->out, "is", b, at);
  tg_buf_str(r->out, "}}");
  return true;
}

/* Columns that both sets have with the same type. */
static void write_columns(const struct run *r)
{
  const struct tg_topic *n = r->new.topic, *o = r->old.topic;
  uint32_t written = 0;
  tg_buf_str(r->out, ",\"columns\":[");
  for (uint32_t f = 0; f < n->fields_count && written < COLUMNS_MAX; f++) {
    uint32_t was = column_of(o, n->fields[f].name, n->fields[f].type);
    if (was < o->fields_count) written += write_column(r, f, was, written == 0);
  }
  tg_buf_char(r->out, ']');
}

static const struct tg_verdict_row *rule_of(const struct side *s, const char *id)
{
  for (uint32_t i = 0; i < s->judged.count; i++)
    if (s->judged.rules[i].rule && strcmp(s->judged.rules[i].rule, id) == 0)
      return &s->judged.rules[i];
  return NULL;
}

static bool same_verdict(const struct tg_verdict_row *a, const struct tg_verdict_row *b)
{
  return a && b && a->verdict == b->verdict && a->failed == b->failed && a->alarm == b->alarm;
}

static void write_verdict(struct tg_buf *out, const char *key, const struct tg_verdict_row *v)
{
  char text[REASON_BYTES];
  if (!v) {
    tg_buf_printf(out, ",\"%s\":null", key);
    return;
  }
  tg_buf_printf(out, ",\"%s\":{\"verdict\":\"%s\",\"alarm\":\"%s\",\"failed\":%llu", key,
                tg_verdict_name(v->verdict), tg_alarm_name(v->alarm),
                (unsigned long long)v->failed);
  if (v->error) {
    tg_buf_str(out, ",\"error\":");
    tg_buf_json(out, tg_text(tg_text_line(tg_text(v->error), text, sizeof text)));
  }
  tg_buf_char(out, '}');
}

static void write_rule(const struct run *r, const char *id, uint32_t *written)
{
  const struct tg_verdict_row *was = rule_of(&r->old, id), *is = rule_of(&r->new, id);
  if (same_verdict(was, is) || *written == RULES_MAX) return;
  tg_buf_str(r->out, (*written)++ ? ",{\"rule\":" : "{\"rule\":");
  tg_buf_json(r->out, tg_text(id));
  write_verdict(r->out, "was", was);
  write_verdict(r->out, "is", is);
  tg_buf_char(r->out, '}');
}

/* Rules of the new set, then those it has no more; the same ones are left out. */
static void write_rules(const struct run *r)
{
  const struct tg_judgement *n = &r->new.judged, *o = &r->old.judged;
  uint32_t written = 0;
  tg_buf_str(r->out, ",\"rules\":[");
  for (uint32_t i = 0; i < n->count; i++)
    if (n->rules[i].rule) write_rule(r, n->rules[i].rule, &written);
  for (uint32_t i = 0; i < o->count; i++)
    if (o->rules[i].rule && !rule_of(&r->new, o->rules[i].rule))
      write_rule(r, o->rules[i].rule, &written);
  tg_buf_char(r->out, ']');
}

static void write_reason(const struct side *s, uint32_t row, struct tg_buf *out)
{
  const struct tg_issue *i = s->batch.issues[row];
  char text[REASON_BYTES];
  while (i && i->fate != s->batch.fates[row]) i = i->next;
  if (!i) return;
  if (i->rule) {
    tg_buf_str(out, ",\"rule\":");
    tg_buf_json(out, tg_text(i->rule));
  }
  tg_buf_str(out, ",\"reason\":");
  tg_buf_json(out, tg_text(tg_text_line(i->reason, text, sizeof text)));
}

/* Rows that end elsewhere, up to EXAMPLES_MAX, and the reason of the set that refuses more. */
static void write_examples(const struct run *r)
{
  uint32_t written = 0;
  tg_buf_str(r->out, ",\"examples\":[");
  for (uint32_t row = 0; row < r->new.batch.rows &&written < EXAMPLES_MAX; row++) {
    enum tg_fate was = r->old.batch.fates[row], is = r->new.batch.fates[row];
    if (was == is) continue;
    if (written++) tg_buf_char(r->out, ',');
    write_place(r, row);
    tg_buf_printf(r->out, ",\"was\":\"%s\",\"is\":\"%s\"", tg_fate_name(was), tg_fate_name(is));
    write_reason(is > was ? &r->new : &r->old, row, r->out);
    tg_buf_char(r->out, '}');
  }
  tg_buf_char(r->out, ']');
}

static void write_counts(const struct run *r, const char *key, const uint32_t counts[TG_FATES])
{
  tg_buf_printf(r->out, ",\"%s\":{", key);
  for (int f = 0; f < TG_FATES; f++)
    tg_buf_printf(r->out, "%s\"%s\":%u", f ? "," : "", tg_fate_name(f), counts[f]);
  tg_buf_char(r->out, '}');
}

/* What would open the breaker. */
static void write_critical(const struct run *r, const char *key, const struct side *s)
{
  char text[REASON_BYTES];
  if (!s->judged.critical) return;
  tg_buf_printf(r->out, ",\"%s\":", key);
  tg_buf_json(r->out, tg_text(tg_text_line(tg_text(s->judged.critical_why), text, sizeof text)));
}

static void note_jump(const struct run *r, uint32_t before, uint32_t after)
{
  struct tg_canary_jump *w = r->worst;
  uint32_t rows = r->new.batch.rows;
  if (after <= before || rows < TG_CANARY_ROWS_MIN) return;
  uint64_t mine = (uint64_t)(after - before) * w->rows;
  if (w->rows && mine <= (uint64_t)(w->after - w->before) * rows) return;
  *w = (struct tg_canary_jump){.rows = rows, .before = before, .after = after};
  snprintf(w->topic, sizeof w->topic, "%.*s", TG_TEXT(r->new.topic->name));
}

static void write_topic(const struct run *r)
{
  uint32_t was[TG_FATES], is[TG_FATES], otherwise = 0, rows = r->new.batch.rows;
  tg_batch_tally(&r->old.batch, 0, rows, was);
  tg_batch_tally(&r->new.batch, 0, rows, is);
  for (uint32_t row = 0; row < rows; row++)
    otherwise += r->old.batch.fates[row] != r->new.batch.fates[row];
  tg_buf_printf(r->out, ",\"rows\":%u,\"otherwise\":%u", rows, otherwise);
  write_counts(r, "was", was);
  write_counts(r, "is", is);
  tg_buf_printf(r->out, ",\"emits\":{\"was\":%u,\"is\":%u}", r->old.batch.emits_count,
                r->new.batch.emits_count);
  write_critical(r, "critical_was", &r->old);
  write_critical(r, "critical", &r->new);
  write_rules(r);
  write_columns(r);
  write_examples(r);
  note_jump(r, was[TG_QUARANTINE], is[TG_QUARANTINE]);
  tg_log(TG_INFO, "canary", "%.*s: %u of its newest %u events end otherwise; quarantined %u -> %u",
         TG_TEXT(r->new.topic->name), otherwise, rows, was[TG_QUARANTINE], is[TG_QUARANTINE]);
}

/* --- all topics --- */

static const struct tg_topic *topic_of(const struct tg_program *p, struct tg_text name)
{
  uint32_t count;
  const struct tg_topic *const *topics = tg_program_topics(p, &count);
  for (uint32_t t = 0; t < count; t++)
    if (tg_text_eq(topics[t]->name, name)) return topics[t];
  return NULL;
}

static void compare(struct run *r, const struct tg_topic *topic, bool first)
{
  struct tg_err err = {0};
  r->new.topic = topic;
  r->old.topic = topic_of(r->old.program, topic->name);
  if (!first) tg_buf_char(r->out, ',');
  tg_buf_str(r->out, "{\"topic\":");
  tg_buf_json(r->out, topic->name);
  enum tg_rc rc = tg_clock_mono_us() < r->until_us
                      ? run(r, &err)
                      : tg_err_set(&err, TG_AGAIN, "canary", "no time was left");
  if (rc == TG_OK)
    write_topic(r);
  else {
    tg_buf_str(r->out, ",\"not_compared\":");
    tg_buf_json(r->out, tg_text(err.what));
    tg_log(TG_WARN, "canary", "%.*s is not compared: %s", TG_TEXT(topic->name), err.what);
  }
  tg_buf_char(r->out, '}');
  close_side(&r->old), close_side(&r->new);
}

static void compare_all(struct run *r)
{
  uint32_t count, compared = 0;
  const struct tg_topic *const *topics = tg_program_topics(r->new.program, &count);
  for (uint32_t t = 0; t < count; t++) {
    bool samples = tg_samples_count(r->c->samples, topics[t]->name) > 0;
    if (samples && topic_of(r->old.program, topics[t]->name))
      compare(r, topics[t], compared++ == 0);
  }
}

static void forget_fault(void *self, const struct tg_err *err)
{
  (void)self, (void)err;
}

void tg_canary_run(const struct tg_canary *c, struct tg_buf *out, struct tg_canary_jump *worst)
{
  struct run r = {.c = c, .out = out, .worst = worst};
  *worst = (struct tg_canary_jump){0};
  tg_arena_init(&r.old.arena, CHUNK, TG_CANARY_ARENA_BYTES);
  tg_arena_init(&r.new.arena, CHUNK, TG_CANARY_ARENA_BYTES);
  tg_buf_char(out, '[');
  bool both = tg_samples_any(c->samples);
  both = both && tg_generation_program(c->now, forget_fault, NULL, &r.old.program) == TG_OK;
  both = both && tg_generation_program(c->next, forget_fault, NULL, &r.new.program) == TG_OK;
  r.until_us = tg_clock_mono_us() + c->time_us;
  if (both) compare_all(&r);
  tg_buf_char(out, ']');
  tg_program_free(r.old.program);
  tg_program_free(r.new.program);
  tg_arena_fini(&r.old.arena);
  tg_arena_fini(&r.new.arena);
}
