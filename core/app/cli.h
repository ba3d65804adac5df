/* The command line: one table of commands, one small option parser, exit codes.
 *
 * Data goes to stdout, everything else to stderr. `--help` of a command is made from its table. */
#ifndef TG_APP_CLI_H
#define TG_APP_CLI_H

#include "core/app/config.h"
#include "core/base/buf.h"

#include <stdint.h>
#include <stdio.h>

/* Exit codes (sysexits(3) where it has one). */
enum tg_exit {
  TG_EXIT_OK = 0,
  TG_EXIT_FAILURE = 1,
  TG_EXIT_USAGE = 2,
  TG_EXIT_NOTHING = 3, /* nothing to do, nothing found */
  TG_EXIT_LATER = 75,  /* try again later: a server is not reachable */
  TG_EXIT_CONFIG = 78  /* the operator must change something */
};

enum tg_option_kind { TG_OPTION_FLAG, TG_OPTION_TEXT, TG_OPTION_NUMBER };

struct tg_option {
  const char *name; /* without dashes */
  enum tg_option_kind kind;
  const char *value_name; /* "FILE", NULL for flags */
  const char *help;
  union {
    bool *flag;
    const char **text;
    int64_t *number;
  } out;
};

/* Initializers of an option, and the one that most commands have. */
#define TG_OPT_FLAG(name, help, to)                                                                \
  {                                                                                                \
    name, TG_OPTION_FLAG, NULL, help, .out.flag = &(to)                                            \
  }
#define TG_OPT_TEXT(name, value, help, to)                                                         \
  {                                                                                                \
    name, TG_OPTION_TEXT, value, help, .out.text = &(to)                                           \
  }
#define TG_OPT_NUMBER(name, value, help, to)                                                       \
  {                                                                                                \
    name, TG_OPTION_NUMBER, value, help, .out.number = &(to)                                       \
  }
#define TG_OPT_CONFIG(to)                                                                          \
  TG_OPT_TEXT("config", "FILE", "the configuration (default: $TIDEGATE_CONFIG, ./tidegate.yaml)",  \
              to)

enum { TG_WORDS_MAX = 64 };

struct tg_args {
  const char *command;             /* for messages */
  const char *words[TG_WORDS_MAX]; /* arguments that are not options */
  uint32_t words_count;
};

struct tg_command {
  const char *name, *arguments, *summary, *example;
  int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an enum tg_exit */
  uint32_t words_max;                /* arguments that are not options; more are refused */
};

/* Runs the command that argv[1] names. */
int tg_cli_main(int argc, char **argv);
const struct tg_command *tg_cli_commands(uint32_t *count);

/* Parses argv by the options (ended by name NULL): "--name value", "--name=value", "--flag";
 * "--" ends them. Returns -1 to go on, or the exit code (help was shown, or a fault with a
 * suggestion). */
int tg_cli_parse(int argc, char **argv, const struct tg_option *options, struct tg_args *args);

/* path, else $TIDEGATE_CONFIG, else "tidegate.yaml". */
const char *tg_cli_config_path(const char *path);

/* Loads the configuration of a command from tg_cli_config_path(path). Faults go to stderr.
 * Returns -1 to go on, or the exit code. */
int tg_cli_config(struct tg_config *c, const char *path);

/* For commands that need scripts and rules only: as tg_cli_config(), but without a configuration
 * file ./scripts and ./rules are taken (either may be missing). */
int tg_cli_folders(struct tg_config *c, const char *path);

/* Prints "error: where: what" to stderr; a taker of faults. */
void tg_cli_fault(void *self, const struct tg_err *err);
/* The same, and returns the exit code for err->rc. */
int tg_cli_fail(const struct tg_err *err);
int tg_cli_exit(enum tg_rc rc);

/* The commands, one file each: command_NAME.c. */
int tg_command_run(int argc, char **argv);
int tg_command_check(int argc, char **argv);
int tg_command_test(int argc, char **argv);
int tg_command_demo(int argc, char **argv);
int tg_command_reload(int argc, char **argv);
int tg_command_status(int argc, char **argv);
int tg_command_health(int argc, char **argv);
int tg_command_init(int argc, char **argv);
int tg_command_eval(int argc, char **argv);
int tg_command_trace(int argc, char **argv);
int tg_command_quarantine(int argc, char **argv);
int tg_command_review(int argc, char **argv);
int tg_command_partitions(int argc, char **argv);
int tg_command_breaker(int argc, char **argv);
int tg_command_rules(int argc, char **argv);
int tg_command_generate(int argc, char **argv);
int tg_command_new(int argc, char **argv);
int tg_command_docs(int argc, char **argv);
int tg_command_version(int argc, char **argv);

#endif
