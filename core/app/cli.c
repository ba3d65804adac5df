/* The table of commands and the option parser. */
#include "core/app/cli.h"

#include <stdlib.h>
#include <unistd.h>

static const struct tg_command commands[] = {
    {"run", "[--config FILE]", "consume, judge and load until stopped",
     "tidegate run --config tidegate.yaml", tg_command_run, 0},
    {"check", "[--config FILE] [--connect]",
     "report every fault of configuration, scripts and rules", "tidegate check --connect",
     tg_command_check, 0},
    {"test", "[PATH..] [--filter TEXT] [--watch]", "run the inline tests of rules and topics",
     "tidegate test rules/orders", tg_command_test, TG_WORDS_MAX},
    {"demo", "[--seconds N] [--bad]", "show the whole path with embedded servers",
     "tidegate demo --seconds 20", tg_command_demo, 0},
    {"reload", "[--dry-run] [--to SHA] [--force]",
     "have the running process reload scripts and rules", "tidegate reload", tg_command_reload, 0},
    {"status", "[--config FILE] [--json]", "what runs, how fresh, how right, what stands",
     "tidegate status", tg_command_status, 0},
    {"health", "[--config FILE]", "whether the running process is alive, for containers",
     "tidegate health", tg_command_health, 0},
    {"init", "DIR", "make a new home: configuration, a topic, a rule", "tidegate init shop",
     tg_command_init, 1},
    {"eval", "TOPIC|--rule NAME [--input FILE]",
     "run a topic's script on sample events, or one rule over a series",
     "tidegate eval orders --input orders.ndjson", tg_command_eval, 1},
    {"trace", "PART OFFSET",
     "from a row's _part and _offset to its event, ledger row and generation",
     "tidegate trace 3 1842", tg_command_trace, 2},
    {"quarantine", "list|show|replay|export|discard|requeue [ID..]",
     "what was rejected, and why; bring it back, or take it away",
     "tidegate quarantine replay --topic orders --dry-run", tg_command_quarantine, TG_WORDS_MAX},
    {"review", "list|show|accept|reopen|index [ID..]",
     "rows that were loaded with issues, until somebody has looked at them",
     "tidegate review accept --rule \"in_set(currency)\" --reason \"agreed with the shop\"",
     tg_command_review, TG_WORDS_MAX},
    {"rules", "[NAME] [--cost]", "the rules there are, what each means, what it costs",
     "tidegate rules between", tg_command_rules, 1},
    {"partitions", "list|restart|adopt [KAFKA_TOPIC [PARTITION]]",
     "where each partition stands; begin one anew; take over another name's",
     "tidegate partitions restart orders 3", tg_command_partitions, 3},
    {"new", "rule NAME [--dir DIR]", "begin a rule: a file that loads, with tests",
     "tidegate new rule refund_has_reason", tg_command_new, 2},
    {"breaker", "VERB TOPIC", "status, hold, reset, probe, accept, quarantine: a topic's breaker",
     "tidegate breaker status orders", tg_command_breaker, 2},
    {"generate", "TOPIC --count N",
     "write the demo's deterministic events as NDJSON, or into Kafka",
     "tidegate generate orders --count 1000", tg_command_generate, 1},
    {"docs", "config|schema|formats|lua|luacheck|rules [DIMENSION]", "print a generated document",
     "tidegate docs rules accuracy", tg_command_docs, 2},
    {"version", "", "versions of tidegate and of what it links", "tidegate version",
     tg_command_version, 0},
};

const struct tg_command *tg_cli_commands(uint32_t *count)
{
  *count = sizeof commands / sizeof *commands;
  return commands;
}

static const struct tg_command *find(const char *name)
{
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  return NULL;
}

static int overview(FILE *to, int code)
{
  fprintf(to,
          "tidegate %s: Kafka -> columns -> Lua -> PostgreSQL, exactly once\n\nusage: tidegate "
          "COMMAND [options]\n\n",
          TG_VERSION);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
    fprintf(to, "  %-11s %s\n", commands[i].name, commands[i].summary);
  fprintf(to, "\n`tidegate COMMAND --help` shows its options. Exit codes: 0 ok, 1 failure, 2 "
              "usage, 3 nothing to do,\n"
              "75 try again later, 78 configuration.\n");
  return code;
}

static int unknown_command(const char *name)
{
  const char *names[sizeof commands / sizeof *commands + 1] = {0};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) names[i] = commands[i].name;
  const char *near = tg_text_nearest(tg_text(name), names);
  fprintf(stderr, "tidegate: there is no command '%s'%s%s%s; `tidegate --help` lists them\n", name,
          near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
  return TG_EXIT_USAGE;
}

int tg_cli_main(int argc, char **argv)
{
  if (argc < 2) return overview(stderr, TG_EXIT_USAGE);
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0)
    return overview(stdout, TG_EXIT_OK);
  if (strcmp(argv[1], "--version") == 0) return tg_command_version(argc - 1, argv + 1);
  const struct tg_command *c = find(argv[1]);
  return c ? c->run(argc - 1, argv + 1) : unknown_command(argv[1]);
}

static int help(const char *command, const struct tg_option *options)
{
  const struct tg_command *c = find(command);
  printf("usage: tidegate %s %s\n\n%s\n", command, c ? c->arguments : "", c ? c->summary : "");
  if (options->name) printf("\noptions:\n");
  for (const struct tg_option *o = options; o->name; o++) {
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", o->name, o->value_name ? " " : "",
             o->value_name ? o->value_name : "");
    printf("  %-22s %s\n", left, o->help);
  }
  if (c) printf("\nexample: %s\n", c->example);
  return TG_EXIT_OK;
}

static const struct tg_option *option_named(const struct tg_option *options, struct tg_text name)
{
  for (const struct tg_option *o = options; o->name; o++)
    if (tg_text_is(name, o->name)) return o;
  return NULL;
}

static int unknown_option(const char *command, const struct tg_option *options, struct tg_text name)
{
  const char *names[64] = {0};
  for (int i = 0; options[i].name && i < 63; i++) names[i] = options[i].name;
  const char *near = tg_text_nearest(name, names);
  fprintf(stderr, "tidegate %s: there is no option --%.*s%s%s%s\n", command, TG_TEXT(name),
          near ? "; did you mean --" : "", near ? near : "", near ? "?" : "");
  return TG_EXIT_USAGE;
}

/* Stores one value; -1, or the exit code when it is not of its kind. */
static int take_value(const char *command, const struct tg_option *o, const char *value)
{
  char *end;
  if (o->kind == TG_OPTION_TEXT) return *o->out.text = value, -1;
  long long n = strtoll(value, &end, 10);
  if (*end || !*value || n < 0) {
    fprintf(stderr, "tidegate %s: --%s wants a number of 0 or more, not '%s'\n", command, o->name,
            value);
    return TG_EXIT_USAGE;
  }
  *o->out.number = n;
  return -1;
}

/* One "--name[=value]"; *i moves on when its value is the next word. */
static int take_option(int argc, char **argv, int *i, const struct tg_option *options)
{
  const char *word = argv[*i] + 2, *eq = strchr(word, '=');
  struct tg_text name = tg_text_of(word, eq ? (size_t)(eq - word) : strlen(word));
  const struct tg_option *o = option_named(options, name);
  if (!o) return unknown_option(argv[0], options, name);
  if (o->kind == TG_OPTION_FLAG) {
    *o->out.flag = true;
    if (eq) fprintf(stderr, "tidegate %s: --%s takes no value\n", argv[0], o->name);
    return eq ? TG_EXIT_USAGE : -1;
  }
  if (eq) return take_value(argv[0], o, eq + 1);
  if (*i + 1 < argc) return take_value(argv[0], o, argv[++*i]);
  fprintf(stderr, "tidegate %s: --%s wants %s\n", argv[0], o->name, o->value_name);
  return TG_EXIT_USAGE;
}

static int surplus(const char *command, const char *word)
{
  fprintf(stderr, "tidegate %s: '%s' is more than it takes; `tidegate %s --help`\n", command, word,
          command);
  return TG_EXIT_USAGE;
}

int tg_cli_parse(int argc, char **argv, const struct tg_option *options, struct tg_args *args)
{
  *args = (struct tg_args){.command = argv[0]};
  const struct tg_command *c = find(argv[0]);
  uint32_t words_max = c ? c->words_max : TG_WORDS_MAX;
  bool words_only = false;
  for (int i = 1; i < argc; i++) {
    if (!words_only && strcmp(argv[i], "--") == 0)
      words_only = true;
    else if (!words_only && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0))
      return help(argv[0], options);
    else if (!words_only && strncmp(argv[i], "--", 2) == 0) {
      int code = take_option(argc, argv, &i, options);
      if (code >= 0) return code;
    } else if (args->words_count == words_max)
      return surplus(argv[0], argv[i]);
    else
      args->words[args->words_count++] = argv[i];
  }
  return -1;
}

int tg_cli_exit(enum tg_rc rc)
{
  switch (rc) {
  case TG_OK: return TG_EXIT_OK;
  case TG_CONFIG: return TG_EXIT_CONFIG;
  case TG_RETRY:
  case TG_AGAIN: return TG_EXIT_LATER;
  default: return TG_EXIT_FAILURE;
  }
}

void tg_cli_fault(void *self, const struct tg_err *err)
{
  (void)self;
  fprintf(stderr, "error: %s: %s\n", err->where, err->what);
}

int tg_cli_fail(const struct tg_err *err)
{
  tg_cli_fault(NULL, err);
  return tg_cli_exit(err->rc);
}

const char *tg_cli_config_path(const char *path)
{
  if (!path) path = getenv("TIDEGATE_CONFIG");
  return path ? path : "tidegate.yaml";
}

int tg_cli_config(struct tg_config *c, const char *path)
{
  enum tg_rc rc = tg_config_load(c, tg_cli_config_path(path), tg_cli_fault, NULL);
  if (rc != TG_OK) return tg_config_fini(c), tg_cli_exit(rc);
  tg_log_setup(c->log_level, c->log_format, 2);
  return -1;
}

static void no_fault(void *self, const struct tg_err *err)
{
  (void)self, (void)err;
}

int tg_cli_folders(struct tg_config *c, const char *path)
{
  if (path || access(tg_cli_config_path(path), R_OK) == 0) return tg_cli_config(c, path);
  enum tg_rc rc = tg_config_load(c, NULL, no_fault, NULL); /* brokers and the like are not needed */
  (void)rc;
  if (access(c->scripts, R_OK) != 0) c->scripts = NULL;
  return -1;
}
