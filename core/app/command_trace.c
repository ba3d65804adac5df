/* tidegate trace: where a row came from. */
#include "core/app/ask.h"
#include "core/app/cli.h"
#include "core/pg/ledger.h"

#include <stdlib.h>

static int trace(const struct tg_config *c, const struct tg_args *args, bool json)
{
  struct tg_err err;
  struct tg_pg *pg = tg_ask_open(c, &err);
  if (!pg) return tg_cli_fail(&err);
  enum tg_rc rc = tg_ledger_trace(pg, (int32_t)strtol(args->words[0], NULL, 10),
                                  strtoll(args->words[1], NULL, 10), tg_ask_deadline(), &err);
  int code =
      tg_ask_answer(pg, rc, json, "the ledger has nothing with this partition and offset", &err);
  tg_pg_free(pg);
  return code;
}

int tg_command_trace(int argc, char **argv)
{
  const char *path = NULL;
  bool json = false;
  const struct tg_option options[] = {
      TG_OPT_CONFIG(path), TG_OPT_FLAG("json", "as JSON", json), {0}};
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
