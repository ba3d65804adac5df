/* Moves of breakers; see the header. */
#include "core/app/breakers.h"

#include "core/base/clock.h"
#include "core/base/grow.h"
#include "core/base/log.h"
#include "core/pg/state.h"

#include <stdio.h>
#include <stdlib.h>

enum { READ_US = 1000000, CALL_US = 15000000, SHOWN_MAX = 64 /* ranges of a journal row */ };

/* --- one event --- */

static struct tg_breaker machine_of(const struct tg_breakerrow *row)
{
  struct tg_breaker b = {.since_us = row->since_us,
                         .cooldown_us = row->cooldown_us,
                         .probe_us = row->probe_us,
                         .changed = row->changed,
                         .failures = row->failures,
                         .hold_until_us = row->hold_until_us,
                         .state = TG_OPEN,
                         .before = TG_OPEN};
  tg_breaker_state_parse(row->state, &b.state);
  tg_breaker_state_parse(row->before, &b.before);
  return b;
}

static void fill_row(struct tg_breakerrow *row, const struct tg_breaker *b)
{
  bool held = b->state == TG_HELD;
  snprintf(row->state, sizeof row->state, "%s", tg_breaker_state_name(b->state));
  snprintf(row->before, sizeof row->before, "%s", held ? tg_breaker_state_name(b->before) : "");
  row->since_us = b->since_us;
  row->cooldown_us = b->cooldown_us;
  row->probe_us = b->probe_us;
  row->changed = b->changed;
  row->failures = b->failures;
  row->hold_until_us = b->hold_until_us;
  if (!held) row->hold_by[0] = row->hold_reason[0] = '\0';
  if (b->state == TG_CLOSED) row->reason[0] = row->rule[0] = row->generation[0] = '\0';
}

/* The first failure is the cause; of later ones a probe's is told. */
static void note_cause(struct tg_breaker_act *act)
{
  struct tg_breakerrow *row = &act->row;
  if (!act->moved && row->failures > 1) return;
  tg_text_line(tg_text(act->trip->reason), row->reason, sizeof row->reason);
  tg_text_line(tg_text(act->trip->rule), row->rule, sizeof row->rule);
  snprintf(row->generation, sizeof row->generation, "%s", act->trip->generation);
}

static void note_hold(struct tg_breaker_act *act)
{
  struct tg_breakerrow *row = &act->row;
  tg_text_line(tg_text(act->by ? act->by : ""), row->hold_by, sizeof row->hold_by);
  tg_text_line(tg_text(act->reason ? act->reason : ""), row->hold_reason, sizeof row->hold_reason);
}

static enum tg_rc write_ranges(struct tg_pg *pg, const struct tg_breaker_act *act,
                               const struct tg_breakerrow_key *key, struct tg_err *err)
{
  if (act->event == TG_BREAKER_VERDICT)
    return tg_breakerrow_decide(pg, key, act->verdict, act->by, err);
  bool first = act->moved || act->row.failures == 1;
  if (act->event != TG_BREAKER_CRITICAL || !(first || act->trip->count)) return TG_OK;
  struct tg_breakerrow_cut cut = {.ranges = act->trip->ranges, .count = act->trip->count};
  if (act->script) cut.kafka = act->script->kafka_topics;
  if (act->script) cut.kafka_count = act->script->kafka_topics_count;
  enum tg_rc rc = act->from == TG_CLOSED ? tg_breakerrow_clear(pg, key, err) : TG_OK;
  return rc == TG_OK ? tg_breakerrow_cut(pg, key, &cut, err) : rc;
}

static void add_field(struct tg_buf *out, const char *name, const char *value)
{
  if (!value || !*value) return;
  tg_buf_printf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
  tg_buf_json(out, tg_text(value));
}

static void add_ranges(struct tg_buf *out, const struct tg_range *ranges, uint32_t count)
{
  tg_buf_printf(out, "%s\"ranges\":[", out->len > 1 ? "," : "");
  for (uint32_t i = 0; i < count && i < SHOWN_MAX; i++) {
    tg_buf_printf(out, "%s{\"topic\":", i ? "," : "");
    tg_buf_json(out, tg_text(ranges[i].kafka_topic));
    tg_buf_printf(out, ",\"partition\":%d,\"from\":%lld,\"to\":%lld}", ranges[i].partition,
                  (long long)ranges[i].from, (long long)ranges[i].to);
  }
  tg_buf_printf(out, "],\"ranges_count\":%u}", count);
}

static void tell(const struct tg_breaker_act *act, struct tg_buf *out)
{
  const char *why = act->trip ? act->row.reason : act->reason;
  const char *verdict = tg_range_verdict_name(act->verdict);
  if (act->moved)
    tg_buf_printf(out, "%s -> %s", tg_breaker_state_name(act->from), act->row.state);
  else
    tg_buf_str(out, act->row.state);
  if (act->by) tg_buf_printf(out, " by %s", act->by);
  if (verdict) tg_buf_printf(out, " (%s)", verdict);
  if (why && *why) tg_buf_printf(out, ": %s", why);
}

/* One row for every move, and for whatever an operator does. */
static enum tg_rc put_down(struct tg_pg *pg, const struct tg_breaker_act *act,
                           const struct tg_breakerrow_key *key, struct tg_err *err)
{
  struct tg_buf message, detail;
  struct tg_range *ranges = NULL;
  uint32_t count = 0;
  if (!act->moved && !act->by) return TG_OK;
  enum tg_rc rc = tg_breakerrow_ranges(pg, key, &ranges, &count, err);
  tg_buf_init(&message, 0), tg_buf_init(&detail, 0);
  tell(act, &message);
  tg_buf_char(&detail, '{');
  add_field(&detail, "by", act->by);
  add_field(&detail, "reason", act->reason);
  add_field(&detail, "verdict", tg_range_verdict_name(act->verdict));
  add_field(&detail, "rule", act->row.rule);
  add_field(&detail, "generation", act->row.generation);
  add_ranges(&detail, ranges, count);
  struct tg_note note = {act->pipeline, "breaker", act->topic, tg_buf_cstr(&message),
                         tg_buf_cstr(&detail)};
  if (rc == TG_OK) rc = tg_journal_add(pg, &note, act->deadline_us, err);
  tg_buf_fini(&message), tg_buf_fini(&detail);
  free(ranges);
  return rc;
}

/* The row as the machine leaves it, with what it does not know. */
static void step(struct tg_breaker_act *act, struct tg_breaker *b)
{
  struct tg_breakerrow *row = &act->row;
  if (act->event == TG_BREAKER_HOLD)
    b->hold_until_us = act->hold_us ? row->now_us + act->hold_us : 0;
  act->moved = tg_breaker_step(b, act->conf, act->event, row->now_us);
  fill_row(row, b);
  if (act->event == TG_BREAKER_CRITICAL) note_cause(act);
  if (act->event == TG_BREAKER_HOLD) note_hold(act);
}

enum tg_rc tg_breakers_apply(struct tg_pg *pg, struct tg_breaker_act *act, struct tg_err *err)
{
  struct tg_breakerrow_key key = {act->pipeline, act->topic, act->deadline_us};
  act->moved = act->taken = false;
  enum tg_rc rc = tg_breakerrow_lock(pg, &key, &act->row, err);
  if (rc != TG_OK) return rc;
  struct tg_breaker b = machine_of(&act->row);
  act->from = b.state;
  act->taken = tg_breaker_takes(&b, act->event);
  if (!act->taken) return TG_OK;
  step(act, &b);
  const char *evidence = act->trip && act->moved ? act->trip->evidence : NULL;
  rc = tg_breakerrow_write(pg, &key, &act->row, evidence, err);
  if (rc == TG_OK && b.state != TG_CLOSED) rc = write_ranges(pg, act, &key, err);
  if (rc == TG_OK) rc = put_down(pg, act, &key, err);
  if (rc == TG_OK && b.state == TG_CLOSED) rc = tg_breakerrow_clear(pg, &key, err);
  return rc;
}

enum tg_rc tg_breakers_act(struct tg_pg *pg, struct tg_breaker_act *act, struct tg_err *err)
{
  struct tg_err ignored;
  enum tg_rc rc = tg_pg_script(pg, "BEGIN", act->deadline_us, err);
  if (rc == TG_OK) rc = tg_breakers_apply(pg, act, err);
  if (rc == TG_OK) return tg_pg_script(pg, "COMMIT", act->deadline_us, err);
  if (tg_pg_connected(pg) && tg_pg_script(pg, "ROLLBACK", act->deadline_us, &ignored) != TG_OK)
    tg_pg_drop(pg);
  return rc;
}

/* --- what to do next --- */

static void next_held(const struct tg_breakerrow *row, struct tg_buf *out)
{
  char until[32];
  tg_buf_printf(out, "`tidegate breaker reset %s` ends the hold", row->topic);
  if (strcmp(row->before, "open") == 0)
    tg_buf_printf(out, " and closes the breaker under it; `tidegate breaker probe %s` tries it",
                  row->topic);
  if (row->hold_until_us)
    tg_buf_printf(out, "; it ends by itself at %s", tg_clock_text(row->hold_until_us, until));
}

void tg_breakers_next(const struct tg_breakerrow *row, struct tg_buf *out)
{
  const char *t = row->topic;
  if (strcmp(row->state, "held") == 0) next_held(row, out);
  if (strcmp(row->state, "half_open") == 0)
    tg_buf_str(out, "nothing: its ranges are tried, then rows behind them; clean, it closes");
  if (strcmp(row->state, "open") == 0)
    tg_buf_printf(
        out,
        "mend the rule, then `tidegate reload`; or mend what it looks up, then `tidegate "
        "breaker probe %s`; or decide: `tidegate breaker accept %s --reason ..` loads the "
        "ranges, `tidegate breaker quarantine %s --reason ..` rejects them",
        t, t, t);
}

/* --- the keeper's part --- */

static int64_t deadline(void)
{
  return tg_clock_mono_us() + CALL_US;
}

static struct tg_breaker_act act_of(const struct tg_breakers *b, const char *topic,
                                    enum tg_breaker_event event)
{
  return (struct tg_breaker_act){.pipeline = b->hub->config->pipeline,
                                 .topic = topic,
                                 .conf = &b->hub->config->breaker,
                                 .event = event,
                                 .deadline_us = deadline()};
}

static const struct tg_topic *script_of(const struct tg_breakers_set *set, const char *topic)
{
  for (uint32_t i = 0; i < set->count; i++)
    if (tg_text_is(set->topics[i]->name, topic)) return set->topics[i];
  return NULL;
}

static enum tg_rc write_trips(struct tg_breakers *b, struct tg_pg *pg, const char *topic,
                              const struct tg_breakers_set *set, struct tg_err *err)
{
  const struct tg_trip *trip;
  while ((trip = tg_hub_trip_first(b->hub, tg_text(topic)))) {
    struct tg_breaker_act act = act_of(b, topic, TG_BREAKER_CRITICAL);
    act.trip = trip;
    act.script = script_of(set, topic);
    enum tg_rc rc = tg_breakers_act(pg, &act, err);
    if (rc != TG_OK) return rc;
    tg_hub_trip_written(b->hub, tg_text(topic));
  }
  return TG_OK;
}

bool tg_breakers_write(struct tg_breakers *b, struct tg_pg *pg, const struct tg_breakers_set *set)
{
  struct tg_topic_state s;
  struct tg_err err;
  for (uint32_t i = 0; tg_hub_topic(b->hub, i, &s); i++)
    if (s.trips && write_trips(b, pg, s.topic, set, &err) != TG_OK) {
      tg_log_err(TG_WARN, "breaker", &err);
      return false;
    }
  return true;
}

static void take_row(void *self, const struct tg_breakerrow *row)
{
  struct tg_breakers *b = self;
  if (!tg_grow(&b->rows, b->count, &b->size, sizeof *b->rows))
    return; /* seen closed for a second; loads are refused in advance */
  b->rows[b->count++] = *row;
}

static struct tg_breakerrow row_of(const struct tg_breakers *b, const char *topic)
{
  struct tg_breakerrow closed = {.state = "closed"};
  for (uint32_t i = 0; i < b->count; i++)
    if (strcmp(b->rows[i].topic, topic) == 0) return b->rows[i];
  snprintf(closed.topic, sizeof closed.topic, "%s", topic);
  return closed;
}

/* Everything that was to be tried was, and was clean. */
static bool clean(const struct tg_range *ranges, uint32_t count, uint32_t trial_rows)
{
  bool through = true, at_end = true;
  int64_t tried = 0;
  for (uint32_t i = 0; i < count; i++) {
    through &= ranges[i].next >= ranges[i].to;
    at_end &= ranges[i].at_end;
    tried += ranges[i].tried;
  }
  return through && (at_end || tried >= trial_rows);
}

/* The rules that run are not those that opened it. */
static bool other_rules(const struct tg_breakers *b, const struct tg_breakerrow *row,
                        const struct tg_breakers_set *set)
{
  if (b->fresh == TG_FRESH_NOT) return false;
  if (!*row->generation) return b->fresh == TG_FRESH_RELOAD;
  return strcmp(row->generation, set->generation) != 0;
}

/* What is due for a breaker that is open or held. False: nothing. */
static bool due(struct tg_breakers *b, const struct tg_breakerrow *row,
                const struct tg_breakers_set *set, enum tg_breaker_event *event)
{
  bool held = strcmp(row->state, "held") == 0;
  bool open = strcmp(row->state, "open") == 0 || strcmp(row->before, "open") == 0;
  *event = TG_BREAKER_TICK;
  if (held && row->hold_until_us && row->now_us >= row->hold_until_us) return true;
  if (open && other_rules(b, row, set)) return *event = TG_BREAKER_CHANGED, true;
  if (open && !row->changed && tg_hub_was_refreshed(b->hub, row->topic))
    return *event = TG_BREAKER_REFRESHED, true;
  return !held && open && row->changed && row->now_us >= row->probe_us;
}

static enum tg_rc note_ends(struct tg_breakers *b, struct tg_pg *pg,
                            const struct tg_breakerrow_key *key, struct tg_err *err)
{
  struct tg_buf ids;
  tg_buf_init(&ids, 0);
  tg_hub_ends(b->hub, tg_text(key->topic), &ids);
  enum tg_rc rc = ids.len > 2 ? tg_breakerrow_at_end(pg, key, tg_buf_cstr(&ids), err) : TG_OK;
  tg_buf_fini(&ids);
  return rc;
}

struct standing { /* a breaker that is not closed, as it is shown */
  struct tg_breakerrow row;
  struct tg_range *ranges;
  uint32_t count;
};

static enum tg_rc move(struct tg_breakers *b, struct tg_pg *pg, struct standing *s,
                       enum tg_breaker_event event, struct tg_err *err)
{
  struct tg_breaker_act act = act_of(b, s->row.topic, event);
  enum tg_rc rc = tg_breakers_act(pg, &act, err);
  if (rc == TG_OK) s->row = act.row;
  return rc;
}

static enum tg_rc look_at(struct tg_breakers *b, struct tg_pg *pg, struct standing *s,
                          const struct tg_breakers_set *set, struct tg_err *err)
{
  enum tg_breaker_event event;
  char topic[sizeof s->row.topic];
  enum tg_rc rc = TG_OK;
  snprintf(topic, sizeof topic, "%s", s->row.topic);
  struct tg_breakerrow_key key = {b->hub->config->pipeline, topic, deadline()};
  if (strcmp(s->row.state, "half_open") != 0 && due(b, &s->row, set, &event))
    rc = move(b, pg, s, event, err);
  bool trying = strcmp(s->row.state, "half_open") == 0;
  if (rc == TG_OK && trying) rc = note_ends(b, pg, &key, err);
  if (rc == TG_OK) rc = tg_breakerrow_ranges(pg, &key, &s->ranges, &s->count, err);
  if (rc == TG_OK && trying && clean(s->ranges, s->count, b->hub->config->breaker.trial_rows))
    rc = move(b, pg, s, TG_BREAKER_CLEAN, err);
  b->trying |= strcmp(s->row.state, "half_open") == 0;
  return rc;
}

static enum tg_rc look_at_all(struct tg_breakers *b, struct tg_pg *pg,
                              const struct tg_breakers_set *set, struct tg_err *err)
{
  struct tg_topic_state t;
  b->trying = false;
  for (uint32_t i = 0; tg_hub_topic(b->hub, i, &t); i++) {
    struct standing s = {.row = row_of(b, t.topic)};
    enum tg_rc rc = strcmp(s.row.state, "closed") == 0 ? TG_OK : look_at(b, pg, &s, set, err);
    if (rc != TG_OK) return free(s.ranges), rc;
    tg_hub_breaker(b->hub, &s.row, s.ranges, s.count);
  }
  b->fresh = TG_FRESH_NOT;
  return TG_OK;
}

static bool any_unseen(struct tg_hub *h)
{
  struct tg_topic_state s;
  for (uint32_t i = 0; tg_hub_topic(h, i, &s); i++)
    if (s.holds & TG_HOLD_PREPARE) return true;
  return false;
}

bool tg_breakers_turn(struct tg_breakers *b, struct tg_pg *pg, const struct tg_breakers_set *set)
{
  struct tg_err err;
  int64_t now = tg_clock_mono_us();
  if (!tg_breakers_write(b, pg, set)) return false;
  if (!b->trying && now - b->read_us < READ_US && !any_unseen(b->hub)) return true;
  b->read_us = now;
  b->count = b->size = 0;
  struct tg_breakerrow_key key = {b->hub->config->pipeline, NULL, deadline()};
  enum tg_rc rc = tg_breakerrow_list(pg, &key, take_row, b, &err);
  if (rc == TG_OK) rc = look_at_all(b, pg, set, &err);
  free(b->rows);
  b->rows = NULL;
  if (rc != TG_OK) tg_log_err(TG_WARN, "breaker", &err);
  return rc == TG_OK;
}
