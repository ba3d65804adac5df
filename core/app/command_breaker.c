/* tidegate breaker: what a topic's breaker says, and what an operator does about it. The processes
 * see it within a second; loads are refused from the same moment on. */
#include "core/app/ask.h"
#include "core/app/breakers.h"
#include "core/app/cli.h"
#include "core/app/property.h"
#include "core/base/clock.h"
#include "core/base/grow.h"

#include <stdlib.h>

struct verb {
  const char *name;
  enum tg_breaker_event event;
  enum tg_range_verdict verdict;
  bool needs_reason;
  const char *nothing; /* why it means nothing in the state the breaker is in */
};

static const struct verb verbs[] = {
    {"hold", TG_BREAKER_HOLD, TG_RANGE_NONE, false, ""},
    {"reset", TG_BREAKER_RESET, TG_RANGE_NONE, false, "nothing to close"},
    {"probe", TG_BREAKER_PROBE, TG_RANGE_NONE, false, "nothing to try: it is not open"},
    {"accept", TG_BREAKER_VERDICT, TG_RANGE_ACCEPT, true, "nothing to decide: it is not open"},
    {"quarantine", TG_BREAKER_VERDICT, TG_RANGE_QUARANTINE, true,
     "nothing to decide: it is not open"},
};

struct order {             /* what was asked for */
  const struct verb *verb; /* NULL: status */
  const char *topic;       /* NULL: all */
  const char *reason, *user;
  int64_t hold_us;
  bool whole;
};

/* --- status --- */

static void print_time(const char *name, int64_t us)
{
  char text[32];
  if (us) printf("  %-12s %s\n", name, tg_clock_text(us, text));
}

static void print_ranges(const struct tg_range *ranges, uint32_t count)
{
  for (uint32_t i = 0; i < count; i++) {
    const struct tg_range *r = &ranges[i];
    const char *verdict = tg_range_verdict_name(r->verdict);
    if (r->from == r->to) continue;
    printf("  %-12s %s[%d] offsets %lld to %lld%s%s%s\n", i ? "" : "ranges", r->kafka_topic,
           r->partition, (long long)r->from, (long long)r->to - 1,
           r->next >= r->to ? ", through" : "", verdict ? ", to be dealt with: " : "",
           verdict ? verdict : "");
  }
}

static void print_cause(const struct tg_breakerrow *row)
{
  char since[32];
  printf("%s: %s since %s", row->topic, row->state, tg_clock_text(row->since_us, since));
  if (strcmp(row->state, "held") == 0) printf(" by %s: %s", row->hold_by, row->hold_reason);
  if (*row->reason) printf(": %s", row->reason);
  putchar('\n');
  print_time("held until", row->hold_until_us);
  if (*row->rule) printf("  %-12s %s\n", "rule", row->rule);
  if (*row->generation) printf("  %-12s %.12s\n", "generation", row->generation);
  if (row->failures)
    printf("  %-12s %u critical verdicts since it opened\n", "failures", row->failures);
  if (strcmp(row->state, "open") == 0) print_time("cool-down to", row->probe_us);
}

/* Everything about one breaker that is not closed. */
static enum tg_rc print_one(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                            const struct tg_breakerrow *row, struct tg_err *err)
{
  struct tg_range *ranges;
  uint32_t count;
  struct tg_buf next;
  enum tg_rc rc = tg_breakerrow_ranges(pg, key, &ranges, &count, err);
  if (rc != TG_OK) return rc;
  tg_buf_init(&next, 0);
  tg_breakers_next(row, &next);
  print_cause(row);
  print_ranges(ranges, count);
  printf("  %-12s %s\n", "next", tg_buf_cstr(&next));
  tg_buf_fini(&next);
  free(ranges);
  return TG_OK;
}

static enum tg_rc status_of(struct tg_pg *pg, const struct tg_breakerrow_key *key,
                            struct tg_err *err)
{
  struct tg_breakerrow row;
  enum tg_rc rc = tg_breakerrow_read(pg, key, &row, err);
  if (rc != TG_OK) return rc;
  if (strcmp(row.state, "closed") == 0) return printf("%s: closed\n", key->topic), TG_OK;
  return print_one(pg, key, &row, err);
}

struct names {
  char (*list)[TG_TOPIC_BYTES_MAX + 1];
  uint32_t count, size;
};

static void take_name(void *self, const struct tg_breakerrow *row)
{
  struct names *n = self;
  if (!tg_grow(&n->list, n->count, &n->size, sizeof *n->list)) return;
  snprintf(n->list[n->count++], sizeof *n->list, "%s", row->topic);
}

static enum tg_rc status_of_all(struct tg_pg *pg, struct tg_breakerrow_key key, struct tg_err *err)
{
  struct names names = {0};
  enum tg_rc rc = tg_breakerrow_list(pg, &key, take_name, &names, err);
  if (rc == TG_OK && !names.count) printf("every breaker is closed\n");
  for (uint32_t i = 0; rc == TG_OK && i < names.count; i++) {
    key.topic = names.list[i];
    rc = status_of(pg, &key, err);
  }
  free(names.list);
  return rc;
}

/* --- verbs --- */

/* TG_AGAIN: it means nothing now. */
static enum tg_rc report(const struct order *o, const struct tg_breaker_act *act)
{
  struct tg_buf next;
  if (!act->taken) {
    fprintf(stderr, "%s: no breaker of a topic %s is open or held (it is %s)\n", o->verb->nothing,
            o->topic, act->row.state);
    return TG_AGAIN;
  }
  tg_buf_init(&next, 0);
  tg_breakers_next(&act->row, &next);
  printf("%s: %s -> %s%s\n", o->topic, tg_breaker_state_name(act->from), act->row.state,
         act->event == TG_BREAKER_RESET ? "; closing it" : "");
  if (next.len) printf("  next: %s\n", tg_buf_cstr(&next));
  tg_buf_fini(&next);
  return TG_OK;
}

static enum tg_rc run_verb(struct tg_pg *pg, const struct tg_config *c, const struct order *o,
                           struct tg_err *err)
{
  struct tg_breaker_act act = {.pipeline = c->pipeline,
                               .topic = o->topic,
                               .conf = &c->breaker,
                               .event = o->verb->event,
                               .by = o->user,
                               .reason = o->reason,
                               .hold_us = o->hold_us,
                               .verdict = o->verb->verdict,
                               .deadline_us = tg_ask_deadline()};
  struct tg_breakerrow_key key = {c->pipeline, o->topic, act.deadline_us};
  bool known = false;
  if (o->whole) act.verdict = TG_RANGE_WHOLE;
  enum tg_rc rc = tg_breakerrow_known(pg, &key, &known, err);
  if (rc == TG_OK && !known) {
    fprintf(stderr, "the pipeline '%s' has never had a topic %s\n", c->pipeline, o->topic);
    return TG_AGAIN;
  }
  if (rc == TG_OK) rc = tg_breakers_act(pg, &act, err);
  return rc == TG_OK ? report(o, &act) : rc;
}

static int run(const struct tg_config *c, const struct order *o)
{
  struct tg_err err;
  enum tg_rc rc;
  struct tg_pg *pg = tg_ask_open(c, &err);
  if (!pg) return tg_cli_fail(&err);
  struct tg_breakerrow_key key = {c->pipeline, o->topic, tg_ask_deadline()};
  if (o->verb)
    rc = run_verb(pg, c, o, &err);
  else
    rc = o->topic ? status_of(pg, &key, &err) : status_of_all(pg, key, &err);
  tg_pg_free(pg);
  if (rc == TG_AGAIN) return TG_EXIT_NOTHING;
  return rc == TG_OK ? TG_EXIT_OK : tg_cli_fail(&err);
}

static const struct verb *verb_named(const char *name)
{
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
  return NULL;
}

static int usage(const char *what)
{
  fprintf(stderr, "tidegate breaker: %s\n", what);
  return TG_EXIT_USAGE;
}

/* Reads the words into o; -1 to go on, or the exit code. */
static int understand(const struct tg_args *args, const char *hold_for, struct order *o)
{
  bool status = args->words_count && strcmp(args->words[0], "status") == 0;
  o->verb = args->words_count ? verb_named(args->words[0]) : NULL;
  o->topic = args->words_count > 1 ? args->words[1] : NULL;
  if (!status && !(o->verb && o->topic))
    return usage("`status [TOPIC]`, or `hold`, `reset`, `probe`, `accept`, `quarantine` TOPIC");
  if (o->verb && o->verb->needs_reason && !o->reason)
    return usage("--reason TEXT is due: it is kept in the journal");
  if (hold_for && !(o->verb && o->verb->event == TG_BREAKER_HOLD))
    return usage("--for belongs to `hold`");
  if (hold_for && (!tg_duration_parse(tg_text(hold_for), &o->hold_us) || o->hold_us <= 0))
    return usage("--for wants a duration such as 90s, 30m or 2h");
  if (o->hold_us > INT64_C(366) * 86400 * TG_SEC) return usage("--for is a year at most");
  if (o->whole && !(o->verb && o->verb->verdict == TG_RANGE_QUARANTINE))
    return usage("--whole belongs to `quarantine`");
  if (!o->reason) o->reason = "no reason given";
  return -1;
}

int tg_command_breaker(int argc, char **argv)
{
  const char *path = NULL, *hold_for = NULL;
  struct order o = {.user = tg_ask_user()};
  const struct tg_option options[] = {
      TG_OPT_CONFIG(path),
      TG_OPT_TEXT("reason", "TEXT", "why; kept in the journal", o.reason),
      TG_OPT_TEXT("user", "NAME", "who; default: who is logged in", o.user),
      TG_OPT_TEXT("for", "TIME", "hold: ends by itself after 90s, 30m, 2h", hold_for),
      TG_OPT_FLAG("whole", "quarantine: all rows of the ranges", o.whole),
      {0}};
  struct tg_args args;
  struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code < 0) code = understand(&args, hold_for, &o);
  if (code >= 0) return code;
  code = tg_cli_config(&config, path);
  if (code >= 0) return code;
  code = run(&config, &o);
  tg_config_fini(&config);
  return code;
}
