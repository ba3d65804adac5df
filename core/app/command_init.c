/* tidegate init: a new home with a configuration, a topic and a rule that pass `tidegate test`. */
#include "core/app/cli.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const char config_text[] =
    "# tidegate.yaml: wiring; every setting is in docs/CONFIG.md, `tidegate check` finds "
    "mistakes.\n"
    "pipeline: shop\n"
    "kafka:\n  brokers: localhost:9092\n"
    "postgres:\n  dsn: postgresql://localhost/analytics\n  # password_file: /run/secrets/pg\n"
    "scripts: scripts\nrules: rules\n"
    "http:\n  listen: 127.0.0.1:8080\n  # token_file: token        # for `tidegate reload`\n";

static const char topic_text[] =
    "-- Orders: what an order event is, where it goes, and what must be true of it.\n"
    "return {\n"
    "  table      = \"orders\",\n"
    "  event_time = \"ordered_at\",\n"
    "  fields = {\n"
    "    \"order_id    uuid         not null\",\n"
    "    \"ordered_at  timestamptz  not null  @ ts\",\n"
    "    \"customer_id bigint       not null\",\n"
    "    \"amount      numeric(12,2)\",\n"
    "    \"currency    text\",\n"
    "  },\n"
    "  transform = function(b)\n"
    "    b.currency = b.currency:upper():default(\"EUR\")\n"
    "  end,\n"
    "  rules = {\n"
    "    between { \"amount\", min = 0, max = 50000, on_fail = \"quarantine\" },\n"
    "    in_set  { \"currency\", { \"EUR\", \"USD\", \"GBP\" } },\n"
    "  },\n"
    "  tests = {\n"
    "    { \"currency is upper-cased\",\n"
    "      events = { { order_id = uuid(1), ts = \"2026-01-01T00:00:00Z\", customer_id = 7, amount "
    "= 10, currency = \"eur\" } },\n"
    "      rows   = { { currency = \"EUR\" } } },\n"
    "  },\n"
    "}\n";

static const char rule_text[] =
    "-- rules/orders/amount_present.lua: active on `orders` as soon as the file is here.\n"
    "return {\n"
    "  topics  = { \"orders\" },\n"
    "  doc     = \"An order says what it costs.\",\n"
    "  check   = function(b) return b.amount:not_null() end,\n"
    "  on_fail = \"tag\", warn = \"5%\",\n"
    "  tests   = { { \"an order without an amount\", given = { amount = { 10, null } }, types = { "
    "amount = \"numeric(12,2)\" }, fails = { 2 } } },\n"
    "}\n";

static const struct {
  const char *path, *text;
} files[] = {{"tidegate.yaml", config_text},
             {"scripts/orders.lua", topic_text},
             {"rules/orders/amount_present.lua", rule_text}};

static bool make_folder(const char *path)
{
  if (mkdir(path, 0755) == 0 || errno == EEXIST) return true;
  fprintf(stderr, "error: %s: the folder cannot be made (errno %d)\n", path, errno);
  return false;
}

/* Never overwrites. */
static bool make_file(const char *path, const char *text)
{
  FILE *f = fopen(path, "wx");
  bool good = f && fputs(text, f) >= 0;
  if (f && fclose(f) != 0) good = false;
  if (good)
    printf("%s\n", path);
  else
    fprintf(stderr, "error: %s: %s\n", path,
            errno == EEXIST ? "is there already; nothing was changed" : "cannot be written");
  return good;
}

int tg_command_init(int argc, char **argv)
{
  static const char *const folders[] = {"", "/scripts", "/rules", "/rules/orders"};
  const struct tg_option options[] = {{0}};
  struct tg_args args;
  char path[1024];
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  if (args.words_count != 1)
    return fprintf(stderr, "tidegate init: into which folder?\n"), TG_EXIT_USAGE;
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
    snprintf(path, sizeof path, "%s%s", args.words[0], folders[i]);
    if (!make_folder(path)) return TG_EXIT_FAILURE;
  }
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    snprintf(path, sizeof path, "%s/%s", args.words[0], files[i].path);
    if (!make_file(path, files[i].text)) return TG_EXIT_FAILURE;
  }
  printf("next: cd %s; tidegate test; edit tidegate.yaml; tidegate check --connect; tidegate run\n",
         args.words[0]);
  return TG_EXIT_OK;
}
