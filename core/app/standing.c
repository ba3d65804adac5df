/* What stands, gathered from lanes, hub, alerts, lookups and outputs. */
#include "core/app/standing.h"

#include "core/app/alerts.h"
#include "core/app/relay.h"

#include "core/base/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { AWAY_US = 30000000, BEHIND_S = 60 };

enum kind {
  LANE,
  POSTGRES,
  KAFKA,
  BREAKER,
  TABLE,
  HALTED,
  LOST,
  CRITICAL,
  STALE,
  OUTPUTS,
  RELOAD,
  WARNING,
  LOOKUP,
  RECALLED,
  MEMBERS,
  BEHIND,
  UNREAD,
  IDLE,
  START
};

/* The worst first. next: what to do when nothing better is known. */
static const struct {
  const char *name, *severity, *section, *next;
} kinds[] = {
    [LANE] = {"lane", "critical", "It is restarted again and again",
              "look for CPU and memory; keep the log, then restart the process"},
    [POSTGRES] = {"postgres", "critical", "PostgreSQL is away",
                  "bring PostgreSQL back (`tidegate check --connect` says what it answers); "
                  "nothing to tidegate: it goes on by itself"},
    [KAFKA] = {"kafka", "critical", "The brokers are away",
               "bring the brokers back; nothing to tidegate: it goes on by itself"},
    [BREAKER] = {"breaker", "critical", "TidegateBreakerOpen",
                 "wait: PostgreSQL is being told; then this says how to go on"},
    [TABLE] = {"table", "critical", "TidegateTableUnusable",
               "mend the table or the privileges; it is looked at again by itself"},
    [HALTED] = {"halted", "critical", "TidegatePartitionHalted",
                "the log's line `halted at offset` ends with what to do"},
    [LOST] = {"gap", "critical", "TidegateEventsLost",
              "longer retention or more lanes; `SELECT * FROM tidegate.gap` has the offsets"},
    [CRITICAL] = {"rule", "critical", "TidegateRuleFailed", NULL},
    [STALE] = {"stale", "warning", "A lookup is stale",
               "mend the table or the privileges (the log says why it cannot be read)"},
    [OUTPUTS] = {"outputs", "warning", "Outputs stand still",
                 "mend what the failure says; it goes on by itself"},
    [RELOAD] = {"reload", "warning", "TidegateReloadFailed",
                "`tidegate check`, `tidegate test`, mend, `tidegate reload`"},
    [WARNING] = {"rule", "warning", "TidegateRuleFailed", NULL},
    [LOOKUP] = {"lookup", "warning", "A lookup is stale",
                "make its table readable; it is read again by itself"},
    [RECALLED] = {"recalled", "warning", "An earlier set runs",
                  "mend the folders, then `tidegate reload`; a start takes what lies there, too"},
    [MEMBERS] = {"members", "warning", "Members run different sets",
                 "`tidegate reload` on each of them, once they all have the same files"},
    [BEHIND] = {"lag", "warning", "Lag grows",
                "nothing while it shrinks; else `tidegate rules --cost`, more lanes or processes"},
    [UNREAD] = {"unread", "info", "Partitions stand still after a process has died",
                "nothing just after a start; else the log: `is owned by somebody else`, `waits`"},
    [IDLE] = {"idle", "info", "Partitions stand still after a process has died",
              "nothing when other processes have them (`tidegate partitions list`)"},
    [START] = {"start", "info", "PostgreSQL is away", "wait a moment: the topic is being prepared"},
};

struct stand {
  enum kind kind;
  const char *topic, *rule; /* NULL: none */
  const char *partition;    /* .. */
  int64_t since_us;         /* wall; 0: not known */
  const char *text, *next;  /* next NULL: the kind's */
};

struct list {
  struct tg_process *process;
  struct tg_buf *out;
  uint32_t count;
  bool away; /* a server is, so that lag says nothing */
  struct tg_alert *alerts;
  uint32_t alerts_count;
};

static void write_pair(struct tg_buf *out, const char *key, const char *value)
{
  if (!value || !*value) return;
  tg_buf_printf(out, ",\"%s\":", key);
  tg_buf_json(out, tg_text(value));
}

static void write_since(struct tg_buf *out, int64_t since_us)
{
  char text[32];
  if (!since_us) return;
  tg_buf_printf(out, ",\"since\":\"%s\",\"since_seconds\":%.0f", tg_clock_text(since_us, text),
                (double)(tg_clock_wall_us() - since_us) / TG_SEC);
}

static void add(struct list *l, const struct stand *s)
{
  struct tg_buf *out = l->out;
  if (l->count++ >= TG_STANDS_MAX) return;
  tg_buf_printf(out, "%s{\"kind\":\"%s\",\"severity\":\"%s\"", l->count > 1 ? "," : "",
                kinds[s->kind].name, kinds[s->kind].severity);
  write_pair(out, "topic", s->topic);
  write_pair(out, "partition", s->partition);
  write_pair(out, "rule", s->rule);
  write_since(out, s->since_us);
  write_pair(out, "text", s->text);
  write_pair(out, "next", s->next ? s->next : kinds[s->kind].next);
  write_pair(out, "section", kinds[s->kind].section);
  tg_buf_char(out, '}');
}

/* --- the process --- */

static int64_t wall_of(int64_t mono_us)
{
  return tg_clock_wall_us() - (tg_clock_mono_us() - mono_us);
}

static void add_lanes(struct list *l)
{
  char text[80];
  int64_t now = tg_clock_mono_us();
  for (uint32_t i = 0; i < l->process->lanes_count; i++) {
    int64_t at = atomic_load(&l->process->lanes[i].tick_us);
    if (now - at < AWAY_US) continue;
    snprintf(text, sizeof text, "lane %u stands still", i);
    add(l, &(struct stand){.kind = LANE, .since_us = wall_of(at), .text = text});
  }
}

static void add_servers(struct list *l)
{
  struct tg_hub *h = l->process->hub;
  int64_t now = tg_clock_mono_us();
  int64_t good = atomic_load(&h->pg_ok_us), bad = atomic_load(&h->kafka_bad_us);
  bool used = h->config->sink == TG_SINK_POSTGRES;
  bool postgres = used && (!good || now - good >= AWAY_US), kafka = bad && now - bad >= AWAY_US;
  if (postgres)
    add(l, &(struct stand){.kind = POSTGRES,
                           .since_us = good ? wall_of(good) : l->process->started_us,
                           .text = "PostgreSQL does not answer"});
  if (kafka)
    add(l, &(struct stand){
               .kind = KAFKA, .since_us = wall_of(bad), .text = "no broker can be reached"});
  l->away = postgres || kafka;
}

/* --- topics that wait --- */

static void add_breaker(struct list *l, const struct tg_topic_state *s)
{
  const struct tg_breakerrow *row = &s->row;
  bool told = !s->trips && s->breaker != TG_CLOSED; /* PostgreSQL knows */
  bool own = told && *row->reason;
  char text[640];
  struct tg_buf next;
  tg_buf_init(&next, 0);
  if (told) tg_breakers_next(row, &next);
  if (l->process->config->sink == TG_SINK_KAFKA)
    tg_buf_str(&next, "mend the rule or what sends the events, then `tidegate reload` (or a "
                      "restart): it closes breakers, which are kept in this process only");
  if (s->breaker == TG_HELD)
    snprintf(text, sizeof text, "%s", s->reason);
  else
    snprintf(text, sizeof text, "breaker %s: %s", tg_breaker_state_name(s->breaker),
             own ? row->reason : s->reason);
  add(l, &(struct stand){.kind = BREAKER,
                         .topic = s->topic,
                         .rule = told ? row->rule : NULL,
                         .since_us = told ? row->since_us : 0,
                         .text = text,
                         .next = next.len ? tg_buf_cstr(&next) : NULL});
  tg_buf_fini(&next);
}

static enum kind kind_of_hold(const struct tg_topic_state *s)
{
  if (s->holds & TG_HOLD_BREAKER) return BREAKER;
  if (s->holds & TG_HOLD_TABLE) return TABLE;
  return s->holds & TG_HOLD_LOOKUP ? LOOKUP : START;
}

static void add_topics(struct list *l, enum kind kind)
{
  struct tg_topic_state s;
  for (uint32_t i = 0; tg_hub_topic(l->process->hub, i, &s); i++) {
    if (!s.holds || kind_of_hold(&s) != kind) continue;
    if (kind == BREAKER)
      add_breaker(l, &s);
    else
      add(l, &(struct stand){.kind = kind, .topic = s.topic, .text = s.reason});
  }
}

double tg_standing_lag(struct tg_process *p, const char *topic, double *seconds)
{
  double records = 0;
  *seconds = 0;
  pthread_mutex_lock(&p->lock);
  struct tg_generation *g = tg_generation_ref(p->generation);
  pthread_mutex_unlock(&p->lock);
  for (uint32_t i = 0; i < g->reads_count; i++) {
    const char *kafka = g->reads[i].kafka;
    if (strcmp(g->reads[i].topic, topic) != 0) continue;
    double most = tg_metrics_most(p->metrics, "kafka_consumer_lag_seconds", "topic", kafka);
    records += tg_metrics_sum(p->metrics, "kafka_consumer_lag_records", "topic", kafka);
    if (most > *seconds) *seconds = most;
  }
  tg_generation_drop(g);
  return records;
}

static void add_behind(struct list *l)
{
  struct tg_topic_state s;
  double seconds;
  char text[80];
  for (uint32_t i = 0; !l->away && tg_hub_topic(l->process->hub, i, &s); i++) {
    double records = tg_standing_lag(l->process, s.topic, &seconds);
    if (s.holds || seconds < BEHIND_S) continue;
    snprintf(text, sizeof text, "%.0f s and %.0f events behind", seconds, records);
    add(l, &(struct stand){.kind = BEHIND, .topic = s.topic, .text = text});
  }
}

/* --- partitions --- */

static void add_partitions(struct list *l)
{
  uint32_t assigned = 0, reading = 0, halted = 0;
  char text[80];
  for (uint32_t i = 0; i < l->process->lanes_count; i++) {
    const struct tg_lane *lane = &l->process->lanes[i];
    assigned += atomic_load(&lane->assigned);
    reading += atomic_load(&lane->reading);
    halted += atomic_load(&lane->halted);
  }
  snprintf(text, sizeof text, "%u of %u partitions are assigned and not read",
           assigned - reading - halted, assigned);
  if (!assigned)
    add(l, &(struct stand){.kind = IDLE, .text = "no partition is assigned to this process"});
  else if (reading + halted < assigned)
    add(l, &(struct stand){.kind = UNREAD, .text = text});
}

/* --- alerts --- */

static enum kind kind_of_alert(const struct tg_alert *a)
{
  if (strcmp(a->name, "TidegatePartitionHalted") == 0) return HALTED;
  if (strcmp(a->name, "TidegateEventsLost") == 0) return LOST;
  if (strcmp(a->name, "TidegateReloadFailed") == 0) return RELOAD;
  if (strcmp(a->name, "TidegateRuleFailed") != 0) return START; /* the topic says it itself */
  return strcmp(a->severity, "critical") == 0 ? CRITICAL : WARNING;
}

/* What a halt says ends with what there is to do. */
static char *cut_next(char *text)
{
  char *next = NULL;
  for (char *at = text; (at = strstr(at, "; ")); at += 2) next = at;
  if (!next) return NULL;
  *next = '\0';
  return next + 2;
}

static void add_alert(struct list *l, const struct tg_alert *a, enum kind kind)
{
  char text[sizeof a->text + 32], partition[16] = "", next[600];
  bool rule = kind == CRITICAL || kind == WARNING;
  snprintf(text, sizeof text, "%s%s", kind == RELOAD ? "the last reload was " : "", a->text);
  if (a->partition >= 0) snprintf(partition, sizeof partition, "%d", a->partition);
  snprintf(next, sizeof next,
           "`tidegate quarantine list --topic %s`; mend source or rule, `tidegate reload`",
           a->topic);
  add(l, &(struct stand){.kind = kind,
                         .topic = a->topic,
                         .partition = partition,
                         .rule = a->rule,
                         .since_us = a->began.wall_us,
                         .next = rule             ? next
                                 : kind == HALTED ? cut_next(text)
                                                  : NULL,
                         .text = text});
}

/* The breaker that a critical rule has opened stands already. */
static bool told_by_breaker(struct list *l, const struct tg_alert *a)
{
  return tg_hub_holds(l->process->hub, tg_text(a->topic)) & TG_HOLD_BREAKER;
}

static void add_alerts(struct list *l, enum kind kind)
{
  for (uint32_t i = 0; i < l->alerts_count; i++) {
    const struct tg_alert *a = &l->alerts[i];
    if (kind_of_alert(a) != kind || (kind == CRITICAL && told_by_breaker(l, a))) continue;
    add_alert(l, a, kind);
  }
}

/* --- the rest --- */

static void add_stale(void *self, const char *topic, struct tg_text name, int64_t age_us)
{
  char text[200], next[400];
  snprintf(text, sizeof text, "lookup '%.*s' was read %lld s ago", TG_TEXT(name),
           (long long)(age_us / TG_SEC));
  snprintf(next, sizeof next, "%s; if the breaker opened: `tidegate breaker reset %s`",
           kinds[STALE].next, topic);
  add(self, &(struct stand){.kind = STALE, .topic = topic, .text = text, .next = next});
}

static void add_lookups(struct list *l)
{
  struct tg_process *p = l->process;
  pthread_mutex_lock(&p->lock);
  struct tg_generation *g = tg_generation_ref(p->generation);
  pthread_mutex_unlock(&p->lock);
  tg_lookups_stale(g->lookups, add_stale, l);
  tg_generation_drop(g);
}

/* Loads of a lane into Kafka. */
static void add_sink(struct list *l, uint32_t lane)
{
  char text[80];
  int64_t since = atomic_load(&l->process->lanes[lane].writer.failing_us);
  if (!since) return;
  snprintf(text, sizeof text, "a load of lane %u cannot be sent: the log says why", lane);
  add(l, &(struct stand){.kind = OUTPUTS, .since_us = wall_of(since), .text = text});
}

static void add_outputs(struct list *l)
{
  char why[512];
  struct tg_relay *relay = l->process->hub->relay;
  if (!l->away && relay && tg_relay_fails(relay, why, sizeof why))
    add(l, &(struct stand){.kind = OUTPUTS, .text = why});
  for (uint32_t i = 0; !relay && !l->away && i < l->process->lanes_count; i++) add_sink(l, i);
}

static void add_recalled(struct list *l)
{
  char text[400] = "";
  struct tg_process *p = l->process;
  pthread_mutex_lock(&p->lock);
  if (*p->recalled)
    snprintf(text, sizeof text, "generation %.12s is not what lies on disk: %s", p->generation_name,
             p->recalled);
  int64_t since_us = p->reloaded_us;
  pthread_mutex_unlock(&p->lock);
  if (*text) add(l, &(struct stand){.kind = RECALLED, .since_us = since_us, .text = text});
}

static void add_members(struct list *l)
{
  char text[400];
  int64_t since_us;
  if (tg_members_differ(&l->process->keeper.members, text, sizeof text, &since_us))
    add(l, &(struct stand){.kind = MEMBERS, .since_us = since_us, .text = text});
}

/* In the order of the table. */
static void add_all(struct list *l)
{
  add_lanes(l);
  add_servers(l);
  add_topics(l, BREAKER);
  add_topics(l, TABLE);
  add_alerts(l, HALTED);
  add_alerts(l, LOST);
  add_alerts(l, CRITICAL);
  add_lookups(l);
  add_outputs(l);
  add_alerts(l, RELOAD);
  add_alerts(l, WARNING);
  add_topics(l, LOOKUP);
  add_recalled(l);
  add_members(l);
  add_behind(l);
  add_partitions(l);
  add_topics(l, START);
}

static void write_alert(const struct tg_alert *a, struct tg_buf *out)
{
  char partition[16] = "";
  if (a->partition >= 0) snprintf(partition, sizeof partition, "%d", a->partition);
  tg_buf_printf(out, "{\"alertname\":\"%s\",\"severity\":\"%s\",\"state\":\"%s\"", a->name,
                a->severity, a->state == TG_ALERT_PENDING ? "pending" : "firing");
  write_pair(out, "topic", a->topic);
  write_pair(out, "partition", partition);
  write_pair(out, "rule", a->rule);
  write_pair(out, "owner", a->owner);
  write_since(out, a->began.wall_us);
  write_pair(out, "text", a->text);
  tg_buf_char(out, '}');
}

void tg_standing_write(struct tg_process *p, struct tg_buf *out)
{
  uint32_t firing = 0;
  struct list l = {.process = p, .out = out, .alerts = calloc(TG_STANDS_MAX, sizeof *l.alerts)};
  if (l.alerts)
    l.alerts_count = tg_alerts_standing(p->hub->alerts, l.alerts, TG_STANDS_MAX, &firing);
  if (l.alerts_count > TG_STANDS_MAX) l.alerts_count = TG_STANDS_MAX;
  tg_buf_printf(out, "\"alerts_firing\":%u,\"alerts\":[", firing);
  for (uint32_t i = 0; i < l.alerts_count; i++) {
    if (i) tg_buf_char(out, ',');
    write_alert(&l.alerts[i], out);
  }
  tg_buf_str(out, "],\"stands\":[");
  add_all(&l);
  tg_buf_printf(out, "],\"stands_count\":%u,\"healthy\":%s", l.count, l.count ? "false" : "true");
  free(l.alerts);
}
