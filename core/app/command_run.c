/* tidegate run: the process, until a signal stops it. */
#include "core/app/cli.h"
#include "core/app/process.h"
#include "core/base/clock.h"
#include "core/kafka/consumer.h"

static void log_risks(void)
{
  for (const char *const *r = tg_consumer_risks(); *r; r++)
    tg_log(TG_INFO, "kafka", "librdkafka %s: %s", tg_consumer_version(), *r);
}

static int run(const struct tg_config *config)
{
  static struct tg_process process;
  struct tg_err err = {0};
  enum tg_rc rc = tg_process_start(&process, config, &err);
  if (rc != TG_OK) return tg_cli_fail(&err);
  do rc = tg_process_turn(&process, TG_SEC, &err);
  while (rc == TG_AGAIN);
  tg_process_stop(&process);
  return rc == TG_OK ? TG_EXIT_OK : tg_cli_fail(&err);
}

int tg_command_run(int argc, char **argv)
{
  const char *path = NULL;
  const struct tg_option options[] = {TG_OPT_CONFIG(path), {0}};
  struct tg_args args;
  static struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code < 0) code = tg_cli_config(&config, path);
  if (code >= 0) return code;
  tg_process_block_signals();
  log_risks();
  code = run(&config);
  tg_config_fini(&config);
  return code;
}
