/* tidegate version, docs: what is compiled in. */
#include "core/app/cli.h"
#include "core/kafka/consumer.h"

int tg_command_version(int argc, char **argv)
{
  const struct tg_option options[] = {{0}};
  struct tg_args args;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  printf("tidegate %s\nlibrdkafka %s\n", TG_VERSION, tg_consumer_version());
  for (const char *const *r = tg_consumer_risks(); *r; r++) printf("  known risk: %s\n", *r);
  return TG_EXIT_OK;
}

int tg_command_docs(int argc, char **argv)
{
  const struct tg_option options[] = {{0}};
  struct tg_args args;
  struct tg_buf out;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  tg_buf_init(&out, 0);
  if (args.words_count == 1 && strcmp(args.words[0], "config") == 0)
    tg_config_markdown(&out);
  else if (args.words_count == 1 && strcmp(args.words[0], "schema") == 0)
    tg_config_json_schema(&out);
  else
    return fprintf(stderr, "tidegate docs: which one? config or schema\n"), TG_EXIT_USAGE;
  fputs(tg_buf_cstr(&out), stdout);
  tg_buf_fini(&out);
  return TG_EXIT_OK;
}
