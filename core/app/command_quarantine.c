/* tidegate quarantine, trace: what was rejected and why; where a row came from. */
#include "core/app/ask.h"
#include "core/app/cli.h"
#include "core/pg/ledger.h"
#include "core/pg/quarantine.h"

#include <stdlib.h>

static int nothing(const char *what)
{
  fprintf(stderr, "%s\n", what);
  return TG_EXIT_NOTHING;
}

/* One event or row in full. rc: of the question; none: what to say when nothing was found. */
static int answer_one(struct tg_pg *pg, enum tg_rc rc, bool json, const char *none,
                      const struct tg_err *err)
{
  uint32_t rows = rc == TG_OK ? tg_pg_rows(pg) : 0;
  if (rows && json)
    tg_ask_print(pg, true, stdout);
  else if (rows)
    tg_ask_print_row(pg, 0, stdout);
  tg_pg_free(pg);
  if (rc != TG_OK) return tg_cli_fail(err);
  return rows ? TG_EXIT_OK : nothing(none);
}

static int list(const struct tg_config *c, const struct tg_quarantine_filter *f, bool count,
                bool json)
{
  struct tg_err err;
  struct tg_pg *pg = tg_ask_open(c, &err);
  if (!pg) return tg_cli_fail(&err);
  enum tg_rc rc = count ? tg_quarantine_count(pg, f, tg_ask_deadline(), &err)
                        : tg_quarantine_list(pg, f, tg_ask_deadline(), &err);
  uint32_t rows = rc == TG_OK ? tg_pg_rows(pg) : 0;
  if (rows) tg_ask_print(pg, json, stdout);
  tg_pg_free(pg);
  if (rc != TG_OK) return tg_cli_fail(&err);
  return rows ? TG_EXIT_OK : nothing("nothing in the quarantine matches");
}

static int show(const struct tg_config *c, const struct tg_quarantine_key *k, bool json)
{
  struct tg_err err;
  struct tg_pg *pg = tg_ask_open(c, &err);
  if (!pg) return tg_cli_fail(&err);
  enum tg_rc rc = tg_quarantine_show(pg, k, tg_ask_deadline(), &err);
  return answer_one(pg, rc, json, "this event is not in the quarantine", &err);
}

static int run(const struct tg_config *c, const struct tg_args *args,
               struct tg_quarantine_filter *f, const bool *flags)
{
  f->pipeline = c->pipeline;
  if (args->words_count == 1) return list(c, f, flags[0], flags[1]);
  struct tg_quarantine_key k = {.pipeline = c->pipeline,
                                .kafka_topic = args->words[1],
                                .part = (int32_t)strtol(args->words[2], NULL, 10),
                                .offset = strtoll(args->words[3], NULL, 10)};
  return show(c, &k, flags[1]);
}

static bool is_verb(const struct tg_args *args)
{
  if (args->words_count == 1 && strcmp(args->words[0], "list") == 0) return true;
  if (args->words_count == 4 && strcmp(args->words[0], "show") == 0) return true;
  fprintf(stderr, "tidegate quarantine: `list` or `show KAFKA_TOPIC PARTITION OFFSET`\n");
  return false;
}

int tg_command_quarantine(int argc, char **argv)
{
  const char *path = NULL;
  int64_t limit = 50;
  bool flags[2] = {false}; /* count, json */
  struct tg_quarantine_filter f = {0};
  const struct tg_option options[] = {
      {"config",
       TG_OPTION_TEXT,
       "FILE",
       "the configuration (default: $TIDEGATE_CONFIG, ./tidegate.yaml)",
       {.text = &path}},
      {"topic", TG_OPTION_TEXT, "NAME", "only of this topic script", {.text = &f.topic}},
      {"rule", TG_OPTION_TEXT, "ID", "only refused by this rule", {.text = &f.rule}},
      {"stage",
       TG_OPTION_TEXT,
       "STAGE",
       "only at decode, transform, rule or load",
       {.text = &f.stage}},
      {"status", TG_OPTION_TEXT, "STATUS", "only new, replayed or discarded", {.text = &f.status}},
      {"since",
       TG_OPTION_TEXT,
       "INTERVAL",
       "only of the last \"2 hours\", \"1 day\" ..",
       {.text = &f.since}},
      {"limit", TG_OPTION_NUMBER, "N", "most rows (default 50)", {.number = &limit}},
      {"count", TG_OPTION_FLAG, NULL, "count by topic, stage, rule and field", {.flag = &flags[0]}},
      {"json", TG_OPTION_FLAG, NULL, "one JSON object a row", {.flag = &flags[1]}},
      {0}};
  struct tg_args args;
  struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code < 0 && !is_verb(&args)) return TG_EXIT_USAGE;
  if (code < 0) code = tg_cli_config(&config, path);
  if (code >= 0) return code;
  f.limit = (uint32_t)limit;
  code = run(&config, &args, &f, flags);
  tg_config_fini(&config);
  return code;
}

static int trace(const struct tg_config *c, const struct tg_args *args, bool json)
{
  struct tg_err err;
  struct tg_pg *pg = tg_ask_open(c, &err);
  if (!pg) return tg_cli_fail(&err);
  enum tg_rc rc = tg_ledger_trace(pg, (int32_t)strtol(args->words[0], NULL, 10),
                                  strtoll(args->words[1], NULL, 10), tg_ask_deadline(), &err);
  return answer_one(pg, rc, json, "the ledger has nothing with this partition and offset", &err);
}

int tg_command_trace(int argc, char **argv)
{
  const char *path = NULL;
  bool json = false;
  const struct tg_option options[] = {
      {"config",
       TG_OPTION_TEXT,
       "FILE",
       "the configuration (default: $TIDEGATE_CONFIG, ./tidegate.yaml)",
       {.text = &path}},
      {"json", TG_OPTION_FLAG, NULL, "as JSON", {.flag = &json}},
      {0}};
  struct tg_args args;
  struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  if (args.words_count != 2) {
    fprintf(stderr, "tidegate trace: which row? its columns _part and _offset\n");
    return TG_EXIT_USAGE;
  }
  code = tg_cli_config(&config, path);
  if (code >= 0) return code;
  code = trace(&config, &args, json);
  tg_config_fini(&config);
  return code;
}
