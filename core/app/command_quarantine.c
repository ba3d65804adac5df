/* tidegate quarantine: what was rejected and why; bringing it back, taking it away. */
#include "core/app/ask.h"
#include "core/app/cli.h"
#include "core/app/quarantineexport.h"
#include "core/app/replay.h"
#include "core/app/rowids.h"

#include <stdlib.h>

enum { LIST_ROWS = 50 };

struct call {
  const struct tg_config *config;
  const struct tg_args *args;
  struct tg_quarantine_filter filter;
  struct tg_rowids ids;
  int64_t limit;
  bool count, json, dry_run, without_outputs;
  const char *reason, *out;
};

/* The words behind the verb, as ids. */
static bool take_ids(struct call *c)
{
  if (!tg_rowids_take(&c->ids, c->args)) return false;
  if (!c->ids.count) return true;
  c->filter.parts = tg_buf_cstr(&c->ids.parts), c->filter.offsets = tg_buf_cstr(&c->ids.offsets);
  return true;
}

static int nothing(void)
{
  fprintf(stderr, "nothing in the quarantine matches\n");
  return TG_EXIT_NOTHING;
}

static int list(struct call *c, struct tg_pg *pg)
{
  struct tg_err err;
  if (!c->filter.limit) c->filter.limit = LIST_ROWS;
  enum tg_rc rc = c->count ? tg_quarantine_count(pg, &c->filter, tg_ask_deadline(), &err)
                           : tg_quarantine_list(pg, &c->filter, tg_ask_deadline(), &err);
  if (rc != TG_OK) return tg_cli_fail(&err);
  if (!tg_pg_rows(pg)) return nothing();
  tg_ask_print(pg, c->json, stdout);
  return TG_EXIT_OK;
}

static int show(struct call *c, struct tg_pg *pg)
{
  struct tg_err err;
  const char *const *words = c->args->words;
  struct tg_quarantine_key k = {.pipeline = c->config->pipeline};
  if (c->args->words_count == 4) {
    k.kafka_topic = words[1];
    k.part = (int32_t)strtol(words[2], NULL, 10);
    k.offset = strtoll(words[3], NULL, 10);
  } else if (c->args->words_count != 2 || !tg_rowid_read(words[1], &k.part, &k.offset)) {
    fprintf(stderr, "tidegate quarantine: `show ID` or `show KAFKA_TOPIC PARTITION OFFSET`\n");
    return TG_EXIT_USAGE;
  }
  enum tg_rc rc = tg_quarantine_show(pg, &k, tg_ask_deadline(), &err);
  return tg_ask_answer(pg, rc, c->json, "this event is not in the quarantine", &err);
}

/* Rows that only their ids bring back. */
static void tell_tired(const struct call *c, struct tg_pg *pg)
{
  struct tg_err err;
  struct tg_query q = {0};
  struct tg_quarantine_filter f = c->filter;
  f.status = "new";
  tg_buf_str(&q.sql, "SELECT count(*) FROM tidegate.quarantine q");
  tg_quarantine_where(&q, &f);
  tg_query_number(&q, " AND q.attempts >= ", TG_REPLAY_ATTEMPTS_MAX);
  if (tg_query_run(pg, &q, tg_ask_deadline(), &err) != TG_OK) return;
  if (strcmp(tg_pg_value(pg, 0, 0), "0") == 0) return;
  fprintf(stderr,
          "%s rows were left out: replayed %d times in vain; name them by id, requeue or discard "
          "them\n",
          tg_pg_value(pg, 0, 0), TG_REPLAY_ATTEMPTS_MAX);
}

static int replay(struct call *c, struct tg_pg *pg)
{
  struct tg_err err;
  if (c->filter.status)
    return fprintf(stderr, "tidegate quarantine: only rows of status new are replayed; requeue "
                           "makes discarded ones new\n"),
           TG_EXIT_USAGE;
  struct tg_replay_conf conf = {.filter = c->filter,
                                .dry_run = c->dry_run,
                                .user = tg_ask_user(),
                                .without_outputs = c->without_outputs};
  struct tg_replay_count count = {.json = c->json, .dry_run = c->dry_run, .to = stdout};
  enum tg_rc rc = tg_replay_run(c->config, pg, &conf, &count, &err);
  if (rc != TG_OK) return tg_cli_fail(&err);
  if (!c->filter.parts) tell_tired(c, pg);
  return count.rows ? TG_EXIT_OK : nothing();
}

static int export(struct call *c, struct tg_pg *pg)
{
  struct tg_err err;
  uint64_t rows;
  bool file = c->out && strcmp(c->out, "-") != 0;
  FILE *to = file ? fopen(c->out, "wx") : stdout;
  if (!to) {
    fprintf(stderr, "error: --out %s: cannot be made; is it there already?\n", c->out);
    return TG_EXIT_FAILURE;
  }
  enum tg_rc rc = tg_quarantine_export(pg, &c->filter, to, &rows, &err);
  bool good = file ? fclose(to) == 0 : fflush(to) == 0;
  if (rc == TG_OK && !good) rc = tg_err_set(&err, TG_FATAL, "--out", "cannot be written");
  if (rc != TG_OK) return tg_cli_fail(&err);
  return rows ? TG_EXIT_OK : nothing();
}

static bool filtered(const struct tg_quarantine_filter *f)
{
  return f->topic || f->rule || f->stage || f->match || f->since || f->parts;
}

static int move(struct call *c, struct tg_pg *pg, struct tg_quarantine_move m)
{
  struct tg_err err;
  uint64_t moved;
  if (!filtered(&c->filter) || !c->reason || c->filter.status)
    return fprintf(stderr, "tidegate quarantine: which rows, and why? ids, --topic, --rule, "
                           "--stage, --match or --since, and --reason\n"),
           TG_EXIT_USAGE;
  m.user = tg_ask_user(), m.reason = c->reason;
  enum tg_rc rc = tg_quarantine_move(pg, &c->filter, &m, &moved, tg_ask_deadline(), &err);
  if (rc != TG_OK) return tg_cli_fail(&err);
  if (!moved) return nothing();
  printf("rows %s: %llu\n", m.verb, (unsigned long long)moved);
  return TG_EXIT_OK;
}

static int discard(struct call *c, struct tg_pg *pg)
{
  return move(c, pg,
              (struct tg_quarantine_move){.from = "new", .to = "discarded", .verb = "discarded"});
}

static int requeue(struct call *c, struct tg_pg *pg)
{
  return move(c, pg,
              (struct tg_quarantine_move){.from = "discarded", .to = "new", .verb = "requeued"});
}

static const struct verb {
  const char *name;
  int (*run)(struct call *c, struct tg_pg *pg);
  bool ids; /* the words behind it are ids */
} verbs[] = {{"list", list, true},     {"show", show, false},      {"replay", replay, true},
             {"export", export, true}, {"discard", discard, true}, {"requeue", requeue, true}};

static const struct verb *find(const struct tg_args *args)
{
  const char *name = args->words_count ? args->words[0] : "";
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
  fprintf(stderr, "tidegate quarantine: `list`, `show ID`, `replay`, `export`, `discard` or "
                  "`requeue`\n");
  return NULL;
}

static int run(struct call *c, const struct verb *v)
{
  struct tg_err err;
  if (v->ids && !take_ids(c)) return TG_EXIT_USAGE;
  struct tg_pg *pg = tg_ask_open(c->config, &err);
  if (!pg) return tg_cli_fail(&err);
  int code = v->run(c, pg);
  tg_pg_free(pg);
  return code;
}

int tg_command_quarantine(int argc, char **argv)
{
  const char *path = NULL;
  struct tg_args args;
  struct tg_config config;
  struct call c = {.config = &config, .args = &args};
  struct tg_quarantine_filter *f = &c.filter;
  const struct tg_option options[] = {
      TG_OPT_CONFIG(path),
      TG_OPT_TEXT("topic", "NAME", "only of this topic script", f->topic),
      TG_OPT_TEXT("rule", "ID", "only refused by this rule", f->rule),
      TG_OPT_TEXT("stage", "STAGE", "only at decode, transform, rule or load", f->stage),
      TG_OPT_TEXT("match", "TEXT", "only with this text in their reason", f->match),
      TG_OPT_TEXT("status", "STATUS", "only new, replayed or discarded", f->status),
      TG_OPT_TEXT("since", "INTERVAL", "only of the last \"2 hours\", \"1 day\" ..", f->since),
      TG_OPT_NUMBER("limit", "N", "most rows (list: default 50)", c.limit),
      TG_OPT_FLAG("count", "list: count by topic, stage, rule and field", c.count),
      TG_OPT_FLAG("json", "one JSON object a row", c.json),
      TG_OPT_FLAG("dry-run", "replay: judge, write nothing", c.dry_run),
      TG_OPT_FLAG("without-outputs", "replay: also what emits to Kafka, without the records",
                  c.without_outputs),
      TG_OPT_TEXT("reason", "TEXT", "discard, requeue: why; kept in the journal", c.reason),
      TG_OPT_TEXT("out", "FILE", "export: a new file (default: stdout)", c.out),
      {0}};
  const struct verb *v = NULL;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code < 0 && !(v = find(&args))) code = TG_EXIT_USAGE;
  if (code < 0 && (c.limit < 0 || c.limit > UINT32_MAX)) code = TG_EXIT_USAGE;
  if (code < 0) code = tg_cli_config(&config, path);
  if (code >= 0) return code;
  f->pipeline = config.pipeline;
  f->limit = (uint32_t)c.limit;
  code = run(&c, v);
  tg_rowids_fini(&c.ids);
  tg_config_fini(&config);
  return code;
}
