/* Records of a segment: what its rows emitted, and dead letters. */
#include "core/data/records.h"

#include <inttypes.h>
#include <stdio.h>

/* --- what transform emitted --- */

/* The record of e that belongs to row, if any; e->list is sorted by row. */
static const struct tg_emitted *record_of(const struct tg_emit *e, uint32_t row)
{
  uint32_t low = 0, high = e->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (e->list[middle].row < row)
      low = middle + 1;
    else
      high = middle;
  }
  return low < e->count && e->list[low].row == row ? &e->list[low] : NULL;
}

static enum tg_rc put_emitted(struct tg_records *v, const struct tg_batch *b, uint32_t row)
{
  enum tg_rc rc = TG_OK;
  const struct tg_event *event = &b->events[row];
  for (const struct tg_emit *e = b->emits; rc == TG_OK && e; e = e->next) {
    const struct tg_emitted *x = record_of(e, row);
    struct tg_packed r = {.number = e->number,
                          .kind = TG_RECORD_EMITTED,
                          .offset = event->offset,
                          .us = event->kafka_us,
                          .topic = tg_text(e->topic)};
    if (!x) continue;
    r.key = x->key, r.value = x->value, r.headers = x->headers;
    rc = v->put(v->self, &r);
  }
  return rc;
}

/* --- dead letters --- */

/* Kafka Connect's name of the stage. */
static const char *connect_stage(enum tg_stage stage)
{
  static const char *const names[] = {"VALUE_CONVERTER", "TRANSFORMATION", "TRANSFORMATION",
                                      "TASK_PUT"};
  return names[stage];
}

static void add_errors(struct tg_records *v, const struct tg_event *e, const struct tg_issue *i)
{
  char text[96];
  struct tg_buf *out = &v->headers;
  const char *stage = tg_stage_name(i->stage);
  tg_headers_add(out, tg_text("__connect.errors.connector.name"), tg_text(v->pipeline));
  tg_headers_add(out, tg_text("__connect.errors.stage"), tg_text(connect_stage(i->stage)));
  snprintf(text, sizeof text, "tidegate.%s", stage);
  tg_headers_add(out, tg_text("__connect.errors.exception.class.name"), tg_text(text));
  tg_headers_add(out, tg_text("__connect.errors.exception.message"),
                 i->reason.ptr ? i->reason : tg_text("the reason was left out"));
  tg_headers_add(out, tg_text("tg-stage"), tg_text(stage));
  if (i->rule) tg_headers_add(out, tg_text("tg-rule"), tg_text(i->rule));
  if (i->field.len) tg_headers_add(out, tg_text("tg-field"), i->field);
  snprintf(text, sizeof text, "%u", e->size);
  tg_headers_add(out, tg_text("tg-value-size"), tg_text(text));
}

/* Key, value and own headers as far as a record may be large: headers go first, then the value is
 * cut; tg-value-size tells. */
static void fit(struct tg_records *v, uint32_t most, const struct tg_event *e, struct tg_packed *r)
{
  uint32_t used = (uint32_t)v->headers.len + TG_EMIT_OVERHEAD;
  uint32_t left = most > used ? most - used : 0;
  r->key = e->key, r->value = e->value;
  if (r->key.len > left) r->key.len = left;
  left -= r->key.len;
  if (r->value.len > left) r->value.len = left;
  left -= r->value.len;
  if (e->headers.len <= left) tg_buf_text(&v->headers, e->headers);
}

static enum tg_rc put_dead(struct tg_records *v, const struct tg_batch *b, uint32_t row)
{
  static const struct tg_issue lost = {.stage = TG_STAGE_RULE};
  const struct tg_event *e = &b->events[row];
  const struct tg_issue *i = b->issues ? tg_issue_deciding(b->issues[row]) : NULL;
  struct tg_packed r = {.kind = TG_RECORD_DEAD_LETTER,
                        .offset = e->offset,
                        .us = e->kafka_us,
                        .topic = b->topic->dead_letter};
  tg_buf_clear(&v->headers);
  add_errors(v, e, i ? i : &lost);
  fit(v, b->topic->output_bytes_max, e, &r);
  if (v->headers.failed) return TG_RETRY;
  r.headers = tg_buf_view(&v->headers);
  return v->put(v->self, &r);
}

/* --- the segment --- */

bool tg_records_any(const struct tg_batch *b)
{
  uint32_t counts[TG_FATES];
  for (const struct tg_emit *e = b->emits; e; e = e->next)
    if (e->count) return true;
  if (!b->topic->dead_letter.len) return false;
  tg_batch_tally(b, 0, b->rows, counts);
  return counts[TG_QUARANTINE] > 0;
}

enum tg_rc tg_records_visit(struct tg_records *v, const struct tg_batch *b,
                            const struct tg_segment *s)
{
  enum tg_rc rc = TG_OK;
  bool dead_letters = b->topic->dead_letter.len > 0;
  for (uint32_t r = s->row; rc == TG_OK && r < s->row + s->rows; r++) {
    if (b->fates[r] <= TG_TAG)
      rc = put_emitted(v, b, r);
    else if (b->fates[r] == TG_QUARANTINE && dead_letters)
      rc = put_dead(v, b, r);
  }
  return rc;
}

/* --- headers --- */

static void add_header(struct tg_buf *out, const char *name, const char *value)
{
  tg_headers_add(out, tg_text(name), tg_text(value));
}

static void add_place(struct tg_buf *out, const struct tg_origin *o, const struct tg_packed *p)
{
  char text[32];
  add_header(out, "__connect.errors.topic", o->topic);
  snprintf(text, sizeof text, "%d", o->partition);
  add_header(out, "__connect.errors.partition", text);
  snprintf(text, sizeof text, "%" PRId64, p->offset);
  add_header(out, "__connect.errors.offset", text);
}

void tg_origin_headers(struct tg_buf *out, const struct tg_origin *o, const struct tg_packed *p)
{
  char id[600];
  tg_buf_clear(out);
  snprintf(id, sizeof id, "%s/%s/%d/%" PRId64 "/%u", o->pipeline, o->topic, o->partition, p->offset,
           p->number);
  add_header(out, "tg-id", id);
  add_header(out, "tg-generation", o->generation);
  if (p->kind == TG_RECORD_DEAD_LETTER) add_place(out, o, p);
  tg_buf_text(out, p->headers);
}
