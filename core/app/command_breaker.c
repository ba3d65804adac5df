/* tidegate breaker: the state of a topic's breaker in PostgreSQL, and closing it. */
#include "core/app/ask.h"
#include "core/app/cli.h"
#include "core/pg/state.h"

#include <unistd.h>

static enum tg_rc journal(struct tg_pg *pg, const struct tg_breaker *b, const char *reason,
                          struct tg_err *err)
{
  char message[512];
  const char *user = getlogin();
  snprintf(message, sizeof message, "closed by %s: %s", user ? user : "an operator", reason);
  struct tg_note note = {
      .pipeline = b->pipeline, .kind = "breaker", .topic = b->topic, .message = message};
  return tg_journal_add(pg, &note, tg_ask_deadline(), err);
}

/* TG_AGAIN: there is nothing to reset. */
static enum tg_rc act(struct tg_pg *pg, struct tg_breaker *b, bool reset, const char *reason,
                      struct tg_err *err)
{
  enum tg_rc rc = tg_breaker_get(pg, b, tg_ask_deadline(), err);
  if (rc != TG_OK) return rc;
  printf("%s: %s%s%s\n", b->topic, b->open ? "open: " : "closed", b->open ? b->reason : "",
         b->open && reset ? "; closing it" : "");
  if (reset && !b->open)
    fprintf(stderr, "nothing to close: no breaker of a topic %s is open\n", b->topic);
  if (!reset || !b->open) return reset ? TG_AGAIN : TG_OK;
  b->open = false;
  snprintf(b->reason, sizeof b->reason, "%s", reason);
  rc = tg_breaker_set(pg, b, NULL, tg_ask_deadline(), err);
  return rc == TG_OK ? journal(pg, b, reason, err) : rc;
}

static int run(const struct tg_config *c, const char *topic, bool reset, const char *reason)
{
  struct tg_breaker b = {.pipeline = c->pipeline, .topic = topic};
  struct tg_err err;
  struct tg_pg *pg = tg_ask_open(c, &err);
  if (!pg) return tg_cli_fail(&err);
  enum tg_rc rc = act(pg, &b, reset, reason, &err);
  tg_pg_free(pg);
  if (rc == TG_AGAIN) return TG_EXIT_NOTHING;
  return rc == TG_OK ? TG_EXIT_OK : tg_cli_fail(&err);
}

int tg_command_breaker(int argc, char **argv)
{
  const char *path = NULL, *reason = "no reason given";
  const struct tg_option options[] = {
      {"config",
       TG_OPTION_TEXT,
       "FILE",
       "the configuration (default: $TIDEGATE_CONFIG, ./tidegate.yaml)",
       {.text = &path}},
      {"reason", TG_OPTION_TEXT, "TEXT", "why; kept in the journal", {.text = &reason}},
      {0}};
  struct tg_args args;
  struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  bool reset = args.words_count == 2 && strcmp(args.words[0], "reset") == 0;
  if (!reset && !(args.words_count == 2 && strcmp(args.words[0], "status") == 0))
    return fprintf(stderr, "tidegate breaker: `status TOPIC` or `reset TOPIC`\n"), TG_EXIT_USAGE;
  code = tg_cli_config(&config, path);
  if (code >= 0) return code;
  code = run(&config, args.words[1], reset, reason);
  tg_config_fini(&config);
  return code;
}
