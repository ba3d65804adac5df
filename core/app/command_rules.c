/* tidegate rules: the rules there are, and what each means. */
#include "bindings/pages.h"
#include "bindings/ruleinfo.h"
#include "core/app/cli.h"
#include "core/app/generation.h"
#include "core/app/rulecost.h"

struct question {
  const char *name; /* one rule in full, or NULL: all, a line each */
  bool json, cost;
  struct tg_rulecost_conf sample;
  uint32_t shown;
};

static void print_json(const struct tg_ruleinfo *r)
{
  const char *const names[] = {"name", "file", "dimension", "doc", "params", "alias_of", "topics"};
  const char *const values[] = {r->name,   r->path,     r->dimension, r->doc,
                                r->params, r->alias_of, r->topics};
  struct tg_buf b;
  tg_buf_init(&b, 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    tg_buf_printf(&b, "%s\"%s\":", i ? "," : "{", names[i]);
    tg_buf_json(&b, tg_text(values[i]));
  }
  printf("%s}\n", tg_buf_cstr(&b));
  tg_buf_fini(&b);
}

static void print_line(const struct tg_ruleinfo *r)
{
  if (*r->alias_of)
    printf("%-18s alias of %s\n", r->name, r->alias_of);
  else if (*r->topics)
    printf("%-18s active on %s: %s\n", r->name, r->topics, r->doc);
  else
    printf("%-18s %-13s %s\n", r->name, r->dimension, r->doc);
}

static void visit(void *self, const struct tg_ruleinfo *r)
{
  struct question *q = self;
  if (q->name && strcmp(q->name, r->name) != 0) return;
  q->shown++;
  if (q->json)
    print_json(r);
  else
    print_line(r);
}

/* The page of one rule; in a terminal, Markdown reads well enough. */
static enum tg_rc print_page(struct tg_program *p, const struct question *q, struct tg_err *err)
{
  struct tg_buf out;
  tg_buf_init(&out, 0);
  enum tg_rc rc = tg_page_write(p, "rule", q->name, &out, err);
  if (rc == TG_OK) fputs(tg_buf_cstr(&out), stdout);
  tg_buf_fini(&out);
  return rc;
}

/* Exit 1 when a rule exceeds the budget. */
static int print_cost(struct tg_program *p, struct question *q)
{
  struct tg_err err;
  uint32_t over = 0;
  q->sample.json = q->json;
  enum tg_rc rc = tg_rulecost_print(p, &q->sample, &over, &err);
  if (rc != TG_OK) return tg_cli_fail(&err);
  if (over) fprintf(stderr, "%u rules over the budget\n", over);
  return over ? TG_EXIT_FAILURE : TG_EXIT_OK;
}

static int run(const struct tg_config *c, struct question *q)
{
  struct tg_generation *g;
  struct tg_program *p;
  struct tg_err err;
  if (tg_generation_read(c, tg_cli_fault, NULL, &g) != TG_OK) return TG_EXIT_CONFIG;
  enum tg_rc rc = tg_generation_program(g, tg_cli_fault, NULL, &p);
  tg_generation_drop(g);
  if (rc != TG_OK) return TG_EXIT_CONFIG;
  if (q->cost) {
    int code = print_cost(p, q);
    tg_program_free(p);
    return code;
  }
  bool page = q->name && !q->json;
  rc = page ? print_page(p, q, &err) : tg_ruleinfo_each(p, visit, q, &err);
  tg_program_free(p);
  q->shown += page && rc == TG_OK;
  if (rc != TG_OK && !(page && rc == TG_CONFIG)) return tg_cli_fail(&err);
  if (!q->shown) fprintf(stderr, "there is no rule '%s'\n", q->name ? q->name : "");
  return q->shown ? TG_EXIT_OK : TG_EXIT_NOTHING;
}

int tg_command_rules(int argc, char **argv)
{
  const char *path = NULL;
  struct question q = {0};
  const struct tg_option options[] = {
      TG_OPT_TEXT("config", "FILE", "whose rules (default: ./scripts, ./rules)", path),
      TG_OPT_FLAG("json", "one JSON object a rule", q.json),
      TG_OPT_FLAG("cost", "CPU time a row of the topics' rules", q.cost),
      TG_OPT_NUMBER("budget", "NS", "exit 1 when one costs more", q.sample.budget_ns),
      TG_OPT_TEXT("topic", "NAME", "only rules of this topic", q.sample.topic),
      TG_OPT_TEXT("input", "FILE", "its events (default: made up)", q.sample.input),
      {0}};
  struct tg_args args;
  struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code < 0) code = tg_cli_folders(&config, path);
  if (code >= 0) return code;
  q.name = args.words_count ? args.words[0] : NULL;
  code = run(&config, &q);
  tg_config_fini(&config);
  return code;
}
