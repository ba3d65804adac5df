/* tidegate version, docs: what is compiled in. */
#include "bindings/pages.h"
#include "core/app/cli.h"
#include "core/app/generation.h"
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

/* A page about the bundled rules alone, whatever folders there are. */
static enum tg_rc catalogue_page(const char *what, const char *name, struct tg_buf *out,
                                 struct tg_err *err)
{
  struct tg_config config;
  struct tg_generation *g;
  struct tg_program *p;
  int code = tg_cli_folders(&config, NULL);
  config.scripts = config.rules = NULL;
  enum tg_rc rc = code < 0 ? tg_generation_read(&config, tg_cli_fault, NULL, &g) : TG_CONFIG;
  if (rc == TG_OK) {
    rc = tg_generation_program(g, tg_cli_fault, NULL, &p);
    tg_generation_drop(g);
  }
  if (rc != TG_OK) return tg_err_set(err, TG_CONFIG, "docs", "the bundled rules do not load");
  rc = tg_page_write(p, what, name, out, err);
  tg_program_free(p);
  tg_config_fini(&config);
  return rc;
}

static const struct document {
  const char *name;
  void (*write)(struct tg_buf *out); /* NULL: of the catalogue */
} DOCUMENTS[] = {{"config", tg_config_markdown},
                 {"schema", tg_config_json_schema},
                 {"formats", formats_markdown},
                 {"lua", tg_page_stubs},
                 {"luacheck", NULL},
                 {"rules", NULL}};

static enum tg_rc write_document(const struct tg_args *args, struct tg_buf *out, struct tg_err *err)
{
  const char *name = args->words_count ? args->words[0] : "";
  const char *topic = args->words_count > 1 ? args->words[1] : NULL;
  for (size_t i = 0; i < sizeof DOCUMENTS / sizeof *DOCUMENTS; i++) {
    const struct document *d = &DOCUMENTS[i];
    if (strcmp(d->name, name) != 0) continue;
    if (d->write) return d->write(out), TG_OK;
    if (strcmp(name, "luacheck") == 0) return catalogue_page(name, NULL, out, err);
    return catalogue_page(topic ? "dimension" : "dimensions", topic, out, err);
  }
  return TG_AGAIN;
}

int tg_command_docs(int argc, char **argv)
{
  const struct tg_option options[] = {{0}};
  struct tg_args args;
  struct tg_buf out;
  struct tg_err err;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  tg_buf_init(&out, 0);
  enum tg_rc rc = write_document(&args, &out, &err);
  if (rc == TG_OK) fputs(tg_buf_cstr(&out), stdout);
  tg_buf_fini(&out);
  if (rc == TG_OK) return TG_EXIT_OK;
  if (rc != TG_AGAIN) return tg_cli_fail(&err);
  fprintf(stderr, "tidegate docs: which one? config, schema, formats, lua, luacheck or rules\n");
  return TG_EXIT_USAGE;
}
