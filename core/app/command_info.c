/* tidegate version, docs: what is compiled in. */
#include "core/app/cli.h"
#include "core/data/format.h"
#include "core/data/registry.h"
#include "core/kafka/consumer.h"

int tg_command_version(int argc, char **argv)
{
  const struct tg_option options[] = {{0}};
  struct tg_args args;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  printf("tidegate %s\nlibrdkafka %s\n", TG_VERSION, tg_consumer_version());
  for (const char *const *r = tg_consumer_risks(); *r; r++) printf("  known risk: %s\n", *r);
  for (const struct tg_registry *const *r = tg_registries; *r; r++)
    printf("%s, as of %s\n", (*r)->name, (*r)->date);
  return TG_EXIT_OK;
}

/* docs/FORMATS.md. */
static void formats_markdown(struct tg_buf *out)
{
  tg_buf_str(out, "# Formats\n\nWhat `valid_format { \"column\", \"name\" }` and "
                  "`column:is_format(\"name\")` verify. The whole text\nis judged, nothing is "
                  "trimmed, the empty text is never valid; null is not judged. Case matters\nonly "
                  "where it is said. `#`: columns of numbers are judged too.\n\n| format | "
                  "verified |\n|---|---|\n");
  for (const struct tg_format *f = tg_formats; f->name; f++)
    tg_buf_printf(out, "| `%s`%s | %s |\n", f->name, f->numbers ? " #" : "", f->doc);
  tg_buf_str(out,
             "\nCountries of `postal_code`: US CA GB IE DE AT CH FR BE NL LU ES PT IT PL CZ SE "
             "NO DK FI AU NZ JP IN BR MX.\n\n\"Registered\" means a list compiled in; `tidegate "
             "version` shows these dates:\n\n| list | as of |\n|---|---|\n");
  for (const struct tg_registry *const *r = tg_registries; *r; r++)
    tg_buf_printf(out, "| %s | %s |\n", (*r)->name, (*r)->date);
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
  else if (args.words_count == 1 && strcmp(args.words[0], "formats") == 0)
    formats_markdown(&out);
  else
    return fprintf(stderr, "tidegate docs: which one? config, formats or schema\n"), TG_EXIT_USAGE;
  fputs(tg_buf_cstr(&out), stdout);
  tg_buf_fini(&out);
  return TG_EXIT_OK;
}
