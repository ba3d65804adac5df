/* The final message of a load: SET CONSTRAINTS, advance, COMMIT. In one write, so that a client
 * that stops never holds ledger entries. */
#include "core/pg/attempt.h"

#include "core/base/fault.h"
#include "core/pg/array.h"

/* Arguments of tidegate.advance_v2 that are arrays, in its order; `drops` stands between DROPPED
 * and EVENT_MIN. */
enum column {
  ID,
  CLAIM,
  FROM,
  TO,
  IN,
  LOADED,
  TAGGED,
  QUARANTINED,
  LATE,
  DROPPED,
  EVENT_MIN,
  EVENT_MAX,
  KAFKA_MAX,
  LAST_OFFSET,
  LAST_US,
  LAST_CRC,
  COLUMNS
};

enum { DROPS_MAX = 32 };
#define NONE   INT64_MIN
#define YEAR_1 INT64_C(-62135596800000000) /* 0001-01-01 in microseconds since 1970 */
#define DAY_US INT64_C(86400000000)

struct entry { /* one ledger row */
  int64_t values[COLUMNS];
};

/* Microseconds since 1970 of an event-time column's value, NONE when it has no time in it. */
static int64_t event_us(const struct tg_column *c, uint32_t row)
{
  if (tg_column_is_null(c, row)) return NONE;
  int64_t us = c->v.ints[row];
  if (c->type.kind == TG_DATE && __builtin_mul_overflow(us, DAY_US, &us)) return NONE;
  return us >= YEAR_1 ? us : NONE;
}

static const struct tg_column *event_column(const struct tg_batch *b)
{
  if (b->topic->event_time < 0 || !b->columns) return NULL;
  const struct tg_column *c = b->columns[b->topic->event_time];
  bool time =
      c->type.kind == TG_TIMESTAMPTZ || c->type.kind == TG_TIMESTAMP || c->type.kind == TG_DATE;
  return time && !c->type.array ? c : NULL;
}

static void event_range(const struct tg_batch *b, const struct tg_segment *s, struct entry *e)
{
  const struct tg_column *c = event_column(b);
  for (uint32_t r = s->row; c && r < s->row + s->rows; r++) {
    if (b->fates[r] != TG_LOAD && b->fates[r] != TG_TAG) continue;
    int64_t us = event_us(c, r);
    if (us == NONE) continue;
    if (e->values[EVENT_MIN] == NONE || us < e->values[EVENT_MIN]) e->values[EVENT_MIN] = us;
    if (e->values[EVENT_MAX] == NONE || us > e->values[EVENT_MAX]) e->values[EVENT_MAX] = us;
  }
}

static struct entry make_entry(const struct tg_batch *b, const struct tg_segment *s)
{
  struct entry e;
  uint32_t counts[TG_FATES];
  bool any = s->last_offset >= 0;
  tg_batch_tally(b, s->row, s->rows, counts);
  for (int i = 0; i < COLUMNS; i++) e.values[i] = NONE;
  e.values[ID] = s->partition_id;
  e.values[CLAIM] = s->claim_id;
  e.values[FROM] = s->from;
  e.values[TO] = s->to;
  e.values[IN] = s->rows;
  e.values[LOADED] = counts[TG_LOAD] + counts[TG_TAG];
  e.values[TAGGED] = counts[TG_TAG];
  e.values[QUARANTINED] = counts[TG_QUARANTINE];
  e.values[LATE] = counts[TG_LATE];
  e.values[DROPPED] = counts[TG_DROP];
  if (s->rows && s->kafka_us_max >= 0) e.values[KAFKA_MAX] = s->kafka_us_max;
  if (any) e.values[LAST_OFFSET] = s->last_offset, e.values[LAST_CRC] = s->last_crc;
  if (any && s->last_us >= 0) e.values[LAST_US] = s->last_us;
  event_range(b, s, &e);
  return e;
}

struct drops { /* why rows of a segment were dropped */
  struct tg_text names[DROPS_MAX];
  uint32_t rows[DROPS_MAX], count, others;
};

static struct tg_text drop_name(const struct tg_issue *i)
{
  while (i && i->fate != TG_DROP) i = i->next;
  if (!i) return tg_text("unknown");
  return tg_text(i->rule ? i->rule : tg_stage_name(i->stage));
}

static void count_drop(struct drops *d, struct tg_text name)
{
  uint32_t i = 0;
  while (i < d->count && !tg_text_eq(d->names[i], name)) i++;
  if (i == DROPS_MAX) {
    d->others++;
    return;
  }
  if (i == d->count) d->names[d->count++] = name, d->rows[i] = 0;
  d->rows[i]++;
}

void tg_attempt_drops(struct tg_buf *json, const struct tg_batch *b, const struct tg_segment *s)
{
  struct drops d = {.count = 0};
  for (uint32_t r = s->row; r < s->row + s->rows; r++)
    if (b->fates[r] == TG_DROP) count_drop(&d, drop_name(b->issues ? b->issues[r] : NULL));
  if (!d.count) return;
  tg_buf_printf(json, "%s\"%d\":{", json->len > 1 ? "," : "", s->partition_id);
  for (uint32_t i = 0; i < d.count; i++) {
    if (i) tg_buf_char(json, ',');
    tg_buf_json(json, d.names[i]);
    tg_buf_printf(json, ":%u", d.rows[i]);
  }
  if (d.others) tg_buf_printf(json, ",\"(others)\":%u", d.others);
  tg_buf_char(json, '}');
}

/* Calls visit for every segment that is part of the load. */
static void each_segment(const struct tg_load *load, void *to,
                         void (*visit)(void *, const struct tg_batch *, const struct tg_segment *))
{
  for (uint32_t i = 0; i < load->batches_count; i++) {
    const struct tg_batch *b = &load->batches[i];
    for (uint32_t j = 0; j < b->segments_count; j++)
      if (tg_segment_live(b, &b->segments[j])) visit(to, b, &b->segments[j]);
  }
}

static void visit_entry(void *to, const struct tg_batch *b, const struct tg_segment *s)
{
  struct entry e = make_entry(b, s);
  tg_buf_add(to, &e, sizeof e);
}

static void visit_drops(void *to, const struct tg_batch *b, const struct tg_segment *s)
{
  tg_attempt_drops(to, b, s);
}

/* Appends "7":{"rates":"2026-.."} for a segment that was judged with lookups from tables. */
static void visit_lookups(void *to, const struct tg_batch *b, const struct tg_segment *s)
{
  struct tg_buf *json = to;
  if (!b->lookups_used.len) return;
  tg_buf_printf(json, "%s\"%d\":", json->len > 1 ? "," : "", s->partition_id);
  tg_buf_text(json, b->lookups_used);
}

/* Appends an argument that is a JSON object by partition id. */
static void add_object(struct tg_attempt *a, const char *before,
                       void (*visit)(void *, const struct tg_batch *, const struct tg_segment *))
{
  struct tg_loader *l = a->l;
  tg_buf_clear(&l->text);
  tg_buf_char(&l->text, '{');
  each_segment(a->load, &l->text, visit);
  tg_buf_char(&l->text, '}');
  tg_buf_str(&l->sql, before);
  tg_sql_literal(&l->sql, tg_buf_view(&l->text));
}

static void add_array(struct tg_buf *sql, const struct tg_buf *entries, enum column c)
{
  tg_buf_str(sql, ",'");
  tg_array_begin(sql);
  for (size_t at = 0; at < entries->len; at += sizeof(struct entry)) {
    struct entry e;
    memcpy(&e, entries->ptr + at, sizeof e);
    if (e.values[c] == NONE)
      tg_array_null(sql);
    else
      tg_array_int(sql, e.values[c]);
  }
  tg_array_end(sql);
  tg_buf_char(sql, '\'');
}

static void add_topics(struct tg_buf *sql, struct tg_buf *text, const struct tg_load *load)
{
  tg_buf_clear(text);
  tg_array_begin(text);
  for (uint32_t i = 0; i < load->batches_count; i++)
    if (tg_batch_live(&load->batches[i]) && load->batches[i].segments_count)
      tg_array_text(text, load->batches[i].topic->name);
  tg_array_end(text);
  tg_sql_literal(sql, tg_buf_view(text));
}

/* The place of every segment's topic in the array of topics. */
static void add_places(struct tg_buf *sql, const struct tg_load *load)
{
  int64_t place = 0;
  tg_buf_str(sql, ",p_topic=>'");
  tg_array_begin(sql);
  for (uint32_t i = 0; i < load->batches_count; i++) {
    const struct tg_batch *b = &load->batches[i];
    if (!tg_batch_live(b) || !b->segments_count) continue;
    place++;
    for (uint32_t j = 0; j < b->segments_count; j++)
      if (tg_segment_live(b, &b->segments[j])) tg_array_int(sql, place);
  }
  tg_array_end(sql);
  tg_buf_char(sql, '\'');
}

static bool any_lookups(const struct tg_load *load)
{
  for (uint32_t i = 0; i < load->batches_count; i++)
    if (load->batches[i].lookups_used.len) return true;
  return false;
}

/* The whole message in l->sql; l->piece and l->text are used on the way. */
static enum tg_rc make_message(struct tg_attempt *a)
{
  struct tg_loader *l = a->l;
  const char *generation = a->load->generation ? a->load->generation : "";
  tg_buf_clear(&l->sql);
  tg_buf_clear(&l->piece);
  each_segment(a->load, &l->piece, visit_entry);
  tg_buf_printf(&l->sql, "%sSET CONSTRAINTS ALL IMMEDIATE; ", a->begun ? "" : "BEGIN; ");
  tg_attempt_verdicts(a, &l->sql);
  tg_buf_str(&l->sql, "SELECT tidegate.advance_v2(");
  tg_sql_literal(&l->sql, tg_text(l->conf.pipeline));
  tg_buf_char(&l->sql, ',');
  tg_sql_literal(&l->sql, tg_text(generation));
  tg_buf_char(&l->sql, ',');
  add_topics(&l->sql, &l->text, a->load);
  for (enum column c = ID; c <= DROPPED; c++) add_array(&l->sql, &l->piece, c);
  add_object(a, ",", visit_drops);
  for (enum column c = EVENT_MIN; c < COLUMNS; c++) add_array(&l->sql, &l->piece, c);
  if (tg_fault("no.fencing")) tg_buf_str(&l->sql, ",p_checked=>false");
  if (any_lookups(a->load)) add_object(a, ",p_lookups=>", visit_lookups);
  add_places(&l->sql, a->load);
  tg_buf_str(&l->sql, "); COMMIT");
  tg_buf_cstr(&l->sql);
  if (!l->sql.failed && !l->piece.failed && !l->text.failed) return TG_OK;
  return tg_err_set(a->err, TG_RETRY, "pg", "no memory for the ledger rows");
}

/* Takes the answers of the message. The connection breaking here means that nobody knows. */
static enum tg_rc take_answers(struct tg_attempt *a, uint32_t *step)
{
  ExecStatusType status = PGRES_COMMAND_OK;
  enum tg_rc rc;
  while ((rc = tg_wire_next(a->l->pg, &status, a->deadline_us, a->err)) == TG_OK) ++*step;
  return rc == TG_AGAIN ? TG_OK : rc;
}

enum tg_rc tg_attempt_finish(struct tg_attempt *a, uint32_t *step)
{
  struct tg_pg *pg = a->l->pg;
  enum tg_rc rc = make_message(a);
  *step = 0;
  if (rc != TG_OK) return rc;
  if (tg_fault("pg.before_advance")) return tg_wire_lost(pg, a->err);
  a->report->unknown = true; /* from the first byte on */
  rc = tg_wire_send(pg, a->l->sql.ptr, a->deadline_us, a->err);
  if (rc == TG_OK && tg_fault("pg.after_advance_sent")) rc = tg_wire_lost(pg, a->err);
  if (rc == TG_OK) rc = take_answers(a, step);
  a->report->unknown = !tg_pg_connected(pg);
  if (!a->begun && *step) --*step; /* BEGIN was part of it */
  if (rc != TG_OK || strcmp(tg_wire_tag(pg), "COMMIT") == 0) return rc;
  return tg_err_set(a->err, TG_RETRY, "pg", "COMMIT was answered with '%s': nothing was written",
                    tg_wire_tag(pg));
}
