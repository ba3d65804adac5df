/* Windows and timers, topic by topic; look_at() shows the order. */
#include "core/app/windows.h"

#include "core/app/alerts.h"
#include "core/app/breakers.h"
#include "core/app/config.h"
#include "core/app/rulemeter.h"
#include "core/app/verdicts.h"
#include "core/base/clock.h"
#include "core/base/grow.h"
#include "core/base/log.h"
#include "core/flow/window.h"
#include "core/pg/state.h"
#include "core/pg/verdictlist.h"
#include "core/pg/window.h"
#include "core/state/measured.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
  LOOK_US = 1000000,
  CALL_US = 15000000,
  IDLE_US = 60000000, /* a partition without events for so long holds no window up */
  MERGE_AT = 200,     /* fresh pieces that are merged before a window is over */
  PARTS_MAX = 20000,
  RULES_MAX = 1000,
  ALARMS_MAX = 32, /* of one look that are told one by one */
  LIST_BYTES = 1 << 20,
  ARENA_BYTES_MAX = 128 << 20
};

/* What was measured in one window by one rule, all pieces merged. */
struct gathered {
  uint32_t rule; /* index into look.rules */
  int64_t start_us, over_us;
  struct tg_measured *measured;
};

struct waiting {     /* of a rule; INT64_MIN: there is none */
  uint32_t open;     /* windows */
  int64_t start_us;  /* of the oldest */
  int64_t judged_us; /* wall clock */
};

struct look { /* at one topic, for the length of one transaction */
  struct tg_windows *w;
  struct tg_pg *pg;
  struct tg_program *program;
  const struct tg_topic *topic;
  uint32_t number; /* of the topic */
  struct tg_window_topic at;
  struct tg_window_rule rules[RULES_MAX];
  struct waiting waiting[RULES_MAX];
  uint32_t rules_count;
  struct tg_window_part parts[PARTS_MAX];
  uint32_t parts_count;
  struct tg_timer_facts facts;
  struct tg_window_lease lease;
  int64_t watermark;
  uint32_t fresh;    /* pieces that nobody merged yet */
  int64_t first_end; /* of all windows; INT64_MAX: there is none */
  struct gathered *gathered;
  uint32_t gathered_count, gathered_size;
  uint32_t late;
  struct tg_buf list;            /* of verdicts: rows to be written */
  struct tg_verdict_row *judged; /* counted after COMMIT; error: of alarms, no other texts */
  uint32_t judged_count, judged_size;
  char alarms[ALARMS_MAX][512]; /* what is told after COMMIT */
  uint32_t alarms_count;
  char critical[512]; /* why the breaker opens; empty: it does not */
  struct tg_breaker_act opened;
  struct tg_arena arena;
  char name[TG_TOPIC_BYTES_MAX + 1];
};

/* --- how far the topic is --- */

static int64_t later(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

static void note_progress(void *self, int64_t newest_us, int64_t moved_us, int64_t event_us)
{
  struct look *l = self;
  l->facts.newest_us = later(l->facts.newest_us, newest_us);
  l->facts.newest_event_us = later(l->facts.newest_event_us, event_us);
  if (l->parts_count < PARTS_MAX)
    l->parts[l->parts_count++] = (struct tg_window_part){newest_us, moved_us};
}

/* It never goes back, also when a partition that was idle brings old events: what was judged is
 * not judged again. */
static enum tg_rc find_watermark(struct look *l, struct tg_err *err)
{
  int64_t now = l->lease.now_us, *held_us = &l->w->topics[l->number].held_us;
  enum tg_rc rc = tg_window_progress(l->pg, &l->at, note_progress, l, err);
  if (rc != TG_OK) return rc;
  if (tg_hub_holds(l->w->hub, l->topic->name)) *held_us = now;
  for (uint32_t i = 0; i < l->parts_count; i++) /* a topic that waits is not idle */
    l->parts[i].moved_us = later(l->parts[i].moved_us, *held_us);
  int64_t watermark = tg_window_watermark(l->parts, l->parts_count, now, IDLE_US);
  l->watermark = later(watermark, l->lease.closed_us);
  l->facts.now_us = now;
  l->facts.since_us = l->lease.since_us;
  l->facts.watermark_us = l->watermark;
  return TG_OK;
}

/* --- what waits, and what is shown of it --- */

static int32_t rule_named(const struct look *l, struct tg_text id)
{
  for (uint32_t i = 0; i < l->rules_count; i++)
    if (tg_text_is(id, l->rules[i].id)) return (int32_t)i;
  return -1;
}

static void show_time(struct tg_buf *json, const char *key, int64_t us)
{
  char text[32];
  if (us == INT64_MIN)
    tg_buf_printf(json, ",\"%s\":null", key);
  else
    tg_buf_printf(json, ",\"%s\":\"%s\"", key, tg_clock_text(us, text));
}

/* What waits goes by the rule's name, what is remembered by its version too. */
static void note_pending(void *self, const struct tg_window_pending *p)
{
  struct look *l = self;
  l->fresh += p->fresh;
  if (p->end_us != INT64_MIN && p->end_us < l->first_end) l->first_end = p->end_us;
  for (uint32_t i = 0; i < l->rules_count; i++) {
    struct waiting *w = &l->waiting[i];
    if (tg_text_is(p->rule, l->rules[i].id)) w->open = p->open, w->start_us = p->start_us;
    if (tg_text_is(p->rule, l->rules[i].kept_as)) w->judged_us = p->judged_us;
  }
}

static void show_rule(struct tg_buf *json, const char *rule, const struct waiting *w)
{
  tg_buf_str(json, "{\"rule\":");
  tg_buf_json(json, tg_text(rule));
  tg_buf_printf(json, ",\"open\":%u", w->open);
  show_time(json, "oldest", w->start_us);
  show_time(json, "judged_at", w->judged_us);
  tg_buf_char(json, '}');
}

/* Lag: how far behind the clock windows are over. */
static void show(struct look *l)
{
  struct tg_buf json;
  tg_buf_init(&json, 0);
  tg_buf_str(&json, "{\"topic\":");
  tg_buf_json(&json, l->topic->name);
  show_time(&json, "judged_to", l->lease.closed_us);
  if (l->watermark == TG_WINDOW_NONE)
    tg_buf_str(&json, ",\"lag_seconds\":null");
  else
    tg_buf_printf(&json, ",\"lag_seconds\":%.3f",
                  (double)(l->lease.now_us - l->watermark) / TG_SEC);
  tg_buf_str(&json, ",\"rules\":[");
  for (uint32_t i = 0; i < l->rules_count; i++) {
    if (i) tg_buf_char(&json, ',');
    show_rule(&json, l->rules[i].id, &l->waiting[i]);
  }
  tg_buf_str(&json, "]}");
  tg_windowview_put(&l->w->view, l->number, &json);
  tg_buf_fini(&json);
}

/* --- gathering pieces --- */

static struct gathered *find_gathered(struct look *l, uint32_t rule, int64_t start_us)
{
  for (uint32_t i = 0; i < l->gathered_count; i++)
    if (l->gathered[i].rule == rule && l->gathered[i].start_us == start_us) return &l->gathered[i];
  return NULL;
}

static enum tg_rc add_gathered(struct look *l, const struct gathered *g, struct tg_err *err)
{
  if (!tg_grow(&l->gathered, l->gathered_count, &l->gathered_size, sizeof *g))
    return tg_err_set(err, TG_RETRY, l->name, "no memory for windows");
  l->gathered[l->gathered_count++] = *g;
  return TG_OK;
}

/* Pieces of rules that the running set does not have, or has with another size, and of windows that
 * were judged already, are left behind. */
static enum tg_rc gather(void *self, const struct tg_window_piece *piece, struct tg_err *err)
{
  struct look *l = self;
  struct gathered g = {.start_us = piece->start_us, .over_us = piece->over_us};
  int32_t rule = rule_named(l, piece->rule);
  bool judged = tg_window_over(piece->start_us, piece->over_us, l->lease.closed_us);
  if (rule < 0 || judged || l->rules[rule].over_us != piece->over_us) return l->late++, TG_OK;
  g.rule = (uint32_t)rule;
  enum tg_rc rc = tg_measured_read(&l->arena, piece->data, &g.measured, err);
  struct gathered *same = find_gathered(l, g.rule, g.start_us);
  if (rc == TG_OK && same) rc = tg_measured_merge(same->measured, g.measured, err);
  if (rc == TG_OK) return same ? TG_OK : add_gathered(l, &g, err);
  if (rc == TG_FULL)
    return tg_err_set(err, TG_RETRY, l->name, "windows need more than %d MiB",
                      ARENA_BYTES_MAX >> 20);
  tg_log_err(TG_WARN, l->name, err); /* the rule was another one before a reload */
  l->late++;
  return TG_OK;
}

static int by_start(const void *a, const void *b)
{
  const struct gathered *x = a, *y = b;
  if (x->rule != y->rule) return x->rule < y->rule ? -1 : 1;
  return x->start_us < y->start_us ? -1 : x->start_us > y->start_us;
}

/* --- judging --- */

static void note_alarm(struct look *l, const struct tg_verdict_row *v, int64_t start_us)
{
  char message[sizeof l->critical], when[32], rows[64];
  if (v->alarm == TG_ALARM_NONE || v->shadow) return;
  snprintf(rows, sizeof rows, "%" PRIu64 " of %" PRIu64 " rows failed", v->failed, v->evaluated);
  snprintf(message, sizeof message, "%s of %s: %s", v->rule,
           start_us == TG_FACT_NONE ? "now" : tg_clock_text(start_us, when),
           v->error  ? v->error
           : v->seen ? v->seen
                     : rows);
  if (l->alarms_count < ALARMS_MAX) {
    memcpy(l->alarms[l->alarms_count], message, sizeof message);
    l->judged[l->judged_count - 1].error = l->alarms[l->alarms_count];
  }
  l->alarms_count++;
  if (v->alarm == TG_ALARM_CRITICAL && !*l->critical) memcpy(l->critical, message, sizeof message);
}

static enum tg_rc note_judged(struct look *l, const struct tg_verdict_row *v, struct tg_err *err)
{
  if (!tg_grow(&l->judged, l->judged_count, &l->judged_size, sizeof *v))
    return tg_err_set(err, TG_RETRY, l->name, "no memory for verdicts");
  l->judged[l->judged_count] = *v;
  l->judged[l->judged_count].seen = l->judged[l->judged_count].error = NULL;
  l->judged_count++;
  return TG_OK;
}

static enum tg_rc write_list(struct look *l, struct tg_err *err)
{
  return tg_window_tell(l->pg, &l->at, tg_program_sha256(l->program), &l->list, err);
}

/* By the clock a rule is asked again and again: only what is wrong, and that it is right again, is
 * told. */
static bool worth(const struct tg_verdict_row *v, const struct tg_verdict_note *note,
                  struct tg_window_cell *cell)
{
  char now[sizeof cell->told];
  if (v->verdict == TG_VERDICT_SKIP) return false;
  snprintf(now, sizeof now, "%s %s", note->verdict, note->level);
  bool same = strcmp(now, cell->told) == 0;
  memcpy(cell->told, now, sizeof now);
  return !same || v->verdict != TG_VERDICT_PASS;
}

/* The row of a verdict: each window has one. Its time is the window's end. */
static enum tg_rc note_verdict(struct look *l, const struct tg_window_case *c,
                               const struct tg_verdict_row *v, struct tg_window_cell *cell,
                               struct tg_err *err)
{
  struct tg_verdict_note note = tg_verdicts_row(v);
  if (c->measured)
    note.start_us = c->facts.start_us, note.stop_us = c->facts.stop_us;
  else if (!worth(v, &note, cell))
    return TG_OK;
  tg_verdictlist_add(&l->list, &note, l->topic->name,
                     c->measured ? c->facts.stop_us : c->facts.now_us, "[]");
  return l->list.len >= LIST_BYTES || l->list.failed ? write_list(l, err) : TG_OK;
}

static enum tg_rc judge(struct look *l, struct tg_window_case *c, struct tg_window_cell *cell,
                        struct tg_err *err)
{
  struct tg_verdict_row v;
  struct tg_arena_mark mark = tg_arena_mark(&l->arena);
  c->state = cell->data;
  enum tg_rc rc = tg_program_judge_window(l->program, c, &l->arena, &v, err);
  if (rc == TG_OK) rc = note_verdict(l, c, &v, cell, err);
  if (rc == TG_OK) rc = note_judged(l, &v, err);
  if (rc == TG_OK) {
    note_alarm(l, &v, c->facts.start_us);
    cell->data = c->state_after;
    cell->judged_us = l->lease.now_us;
  }
  tg_arena_release(&l->arena, mark);
  return rc;
}

static enum tg_rc put_back(struct look *l, const struct gathered *g, struct tg_err *err)
{
  struct tg_buf bytes;
  tg_buf_init(&bytes, 0);
  bool good = tg_measured_write(g->measured, &bytes);
  struct tg_window_piece piece = {.rule = tg_text(l->rules[g->rule].id),
                                  .data = tg_buf_view(&bytes),
                                  .start_us = g->start_us,
                                  .over_us = g->over_us};
  enum tg_rc rc = good ? tg_window_put(l->pg, &l->at, &piece, err)
                       : tg_err_set(err, TG_RETRY, l->name, "no memory for a window");
  tg_buf_fini(&bytes);
  return rc;
}

/* Timers are judged at whole multiples of their period, whichever process is awake then. */
static bool timer_due(const struct look *l, const struct tg_window_rule *r, int64_t last_us)
{
  if (!r->every_us) return false;
  return last_us == INT64_MIN || l->facts.now_us / r->every_us != last_us / r->every_us;
}

static enum tg_rc judge_windows(struct look *l, uint32_t index, struct tg_window_cell *cell,
                                struct tg_err *err)
{
  struct tg_window_case c = {.rule = l->rules[index].rule, .facts = l->facts};
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; rc == TG_OK && i < l->gathered_count; i++) {
    struct gathered *g = &l->gathered[i];
    if (g->rule != index) continue;
    c.measured = g->measured;
    c.facts.start_us = g->start_us, c.facts.stop_us = g->start_us + g->over_us;
    bool over = tg_window_over(g->start_us, g->over_us, l->watermark);
    rc = over ? judge(l, &c, cell, err) : put_back(l, g, err);
  }
  return rc;
}

/* Everything of one rule: windows that are over, oldest first, then its timer. */
static enum tg_rc judge_rule(struct look *l, uint32_t index, struct tg_err *err)
{
  const struct tg_window_rule *r = &l->rules[index];
  struct tg_window_case timer = {.rule = r->rule, .facts = l->facts};
  struct tg_window_cell cell;
  struct tg_buf state;
  uint32_t before = l->judged_count;
  tg_buf_init(&state, 0);
  enum tg_rc rc = tg_window_recall(l->pg, &l->at, r->kept_as, &state, &cell, err);
  bool due = rc == TG_OK && timer_due(l, r, cell.judged_us);
  if (rc == TG_OK) rc = judge_windows(l, index, &cell, err);
  if (rc == TG_OK && due) rc = judge(l, &timer, &cell, err);
  if (rc == TG_OK && l->judged_count > before)
    rc = tg_window_remember(l->pg, &l->at, r->kept_as, &cell, err);
  tg_buf_fini(&state);
  return rc;
}

static enum tg_rc judge_all(struct look *l, struct tg_err *err)
{
  enum tg_rc rc = tg_window_take(l->pg, &l->at, gather, l, err);
  if (l->gathered_count) qsort(l->gathered, l->gathered_count, sizeof *l->gathered, by_start);
  for (uint32_t i = 0; rc == TG_OK && i < l->rules_count; i++) rc = judge_rule(l, i, err);
  return rc == TG_OK ? write_list(l, err) : rc;
}

/* The generation is the keeper's: whose rules judged. */
static enum tg_rc open_breaker(struct look *l, struct tg_err *err)
{
  struct tg_trip trip = {.evidence = "{\"windows\":true}"};
  if (!*l->critical) return TG_OK;
  snprintf(trip.reason, sizeof trip.reason, "%s", l->critical);
  snprintf(trip.generation, sizeof trip.generation, "%s", tg_program_sha256(l->program));
  l->opened = (struct tg_breaker_act){.pipeline = l->at.pipeline,
                                      .topic = l->name,
                                      .conf = &l->w->hub->config->breaker,
                                      .event = TG_BREAKER_CRITICAL,
                                      .trip = &trip,
                                      .script = l->topic,
                                      .deadline_us = l->at.deadline_us};
  enum tg_rc rc = tg_breakers_apply(l->pg, &l->opened, err);
  l->opened.trip = NULL;
  return rc;
}

/* --- a topic --- */

static bool any_timer(const struct look *l)
{
  for (uint32_t i = 0; i < l->rules_count; i++)
    if (timer_due(l, &l->rules[i], l->w->topics[l->number].looked_us)) return true;
  return false;
}

/* TG_AGAIN: there is nothing to do, or somebody else does it. */
static enum tg_rc look_at(struct look *l, struct tg_err *err)
{
  enum tg_rc rc = tg_window_begin(l->pg, &l->at, &l->lease, err);
  if (rc != TG_OK) return rc;
  rc = find_watermark(l, err);
  l->first_end = INT64_MAX;
  if (rc == TG_OK) rc = tg_window_pending(l->pg, &l->at, note_pending, l, err);
  if (rc != TG_OK) return rc;
  show(l);
  if (l->first_end > l->watermark && l->fresh < MERGE_AT && !any_timer(l)) return TG_AGAIN;
  rc = judge_all(l, err);
  if (rc == TG_OK) rc = open_breaker(l, err);
  if (rc == TG_OK) rc = tg_window_end(l->pg, &l->at, l->watermark, err);
  if (rc == TG_OK) l->w->topics[l->number].looked_us = l->lease.now_us;
  return rc;
}

static void add(struct look *l, const char *name, const char *help, uint32_t n)
{
  const char *const labels[] = {"topic", l->name, NULL};
  tg_metric_add(tg_metrics_slot(l->w->hub->metrics, TG_COUNTER, name, help, labels), n);
}

static void count_judged(struct look *l)
{
  struct tg_rulemeter meter;
  const char *last = NULL;
  for (uint32_t i = 0; i < l->judged_count; i++) {
    const char *rule = l->judged[i].rule;
    if (rule != last) tg_rulemeter_open(&meter, l->w->hub->metrics, rule);
    tg_rulemeter_add(&meter, &l->judged[i]);
    tg_verdicts_alert(l->w->hub->alerts, TG_SOURCE_PROCESS, l->name, &l->judged[i]);
    last = rule;
  }
}

static void tell_alarms(struct look *l)
{
  for (uint32_t i = 0; i < l->alarms_count && i < ALARMS_MAX; i++) {
    tg_log(TG_WARN, l->name, "%s", l->alarms[i]);
    tg_hub_note(l->w->hub, "rule", l->name, l->alarms[i]);
  }
  if (l->alarms_count > ALARMS_MAX)
    tg_log(TG_WARN, l->name, "and %u more: see tidegate.verdict", l->alarms_count - ALARMS_MAX);
}

static void committed(struct look *l)
{
  count_judged(l);
  tell_alarms(l);
  if (!*l->critical) return;
  tg_hub_breaker(l->w->hub, &l->opened.row, NULL, 0);
}

static void find_rules(struct look *l, uint32_t topic)
{
  uint32_t at = 0;
  while (l->rules_count < RULES_MAX &&
         tg_program_window(l->program, topic, &at, &l->rules[l->rules_count]))
    l->waiting[l->rules_count++] = (struct waiting){0, INT64_MIN, INT64_MIN};
}

static void look_at_topic(struct look *l, uint32_t number)
{
  struct tg_err err;
  find_rules(l, number);
  if (!l->rules_count) return;
  tg_arena_init(&l->arena, 256 << 10, ARENA_BYTES_MAX);
  enum tg_rc rc = look_at(l, &err);
  if (rc == TG_OK)
    committed(l);
  else
    tg_window_rollback(l->pg, &l->at);
  if (rc != TG_OK && rc != TG_AGAIN) tg_log_err(TG_WARN, l->name, &err);
  add(l, "window_looks_total", "Looks at a topic's windows and timers", 1);
  add(l, "windows_judged_total", "Windows and timers judged", rc == TG_OK ? l->judged_count : 0);
  add(l, "window_late_total", "Pieces of windows that had been judged before they came",
      rc == TG_OK ? l->late : 0);
  tg_arena_fini(&l->arena);
  tg_buf_fini(&l->list);
  free(l->gathered), free(l->judged);
}

void tg_windows_turn(struct tg_windows *w, struct tg_pg *pg, struct tg_program *p)
{
  uint32_t count;
  const struct tg_topic *const *topics = tg_program_topics(p, &count);
  if (tg_clock_mono_us() < w->next_us) return;
  w->next_us = tg_clock_mono_us() + LOOK_US;
  if (w->program != p) memset(w->topics, 0, sizeof w->topics), tg_windowview_clear(&w->view);
  w->program = p;
  struct look *l = malloc(sizeof *l);
  for (uint32_t t = 0; l && t < count && t < TG_TOPICS_MAX && tg_pg_connected(pg); t++) {
    *l = (struct look){.w = w, .pg = pg, .program = p, .topic = topics[t], .number = t};
    l->facts = (struct tg_timer_facts)TG_FACTS_NONE;
    snprintf(l->name, sizeof l->name, "%.*s", TG_TEXT(topics[t]->name));
    l->at = (struct tg_window_topic){.pipeline = w->hub->config->pipeline,
                                     .topic = l->name,
                                     .kafka = topics[t]->kafka_topics,
                                     .kafka_count = topics[t]->kafka_topics_count,
                                     .deadline_us = tg_clock_mono_us() + CALL_US};
    look_at_topic(l, t);
  }
  free(l);
}
