/* tidegate test: the inline tests of rules and topics, without Kafka and PostgreSQL. */
#include "bindings/runner.h"
#include "core/app/casefile.h"
#include "core/app/cli.h"
#include "core/app/generation.h"
#include "core/base/clock.h"

struct run {
  struct tg_test_counts sum;
  const char *filter, *cases;
  bool json, quiet;
  uint32_t faults;
};

static void take_fault(void *self, const struct tg_err *err)
{
  struct run *r = self;
  r->faults++;
  fprintf(stderr, "error: %s: %s\n", err->where, err->what);
}

static void print_json(const struct tg_test *t)
{
  struct tg_buf b;
  tg_buf_init(&b, 0);
  tg_buf_str(&b, "{\"file\":");
  tg_buf_json(&b, tg_text(t->path));
  tg_buf_printf(&b, ",\"line\":%d,\"subject\":", t->line);
  tg_buf_json(&b, tg_text(t->subject));
  tg_buf_str(&b, ",\"title\":");
  tg_buf_json(&b, tg_text(t->title));
  tg_buf_printf(&b, ",\"ok\":%s,\"detail\":", t->passed ? "true" : "false");
  tg_buf_json(&b, tg_text(t->detail ? t->detail : ""));
  printf("%s}\n", tg_buf_cstr(&b));
  tg_buf_fini(&b);
}

static void take_test(void *self, const struct tg_test *t)
{
  struct run *r = self;
  if (r->json)
    print_json(t);
  else if (!t->passed)
    printf("FAIL %s: %s\n     %s:%d\n     %s\n", t->subject, t->title, t->path, t->line, t->detail);
  else if (!r->quiet)
    printf("ok   %s: %s\n", t->subject, t->title);
}

static enum tg_rc run_one(struct tg_program *p, const char *filter, struct run *r)
{
  struct tg_test_counts counts = {0};
  struct tg_err err;
  enum tg_rc rc = tg_program_test(p, filter, take_test, r, &counts, &err);
  if (rc != TG_OK) take_fault(r, &err);
  r->sum.run += counts.run;
  r->sum.failed += counts.failed;
  return rc;
}

static int run_cases(struct tg_program *p, const char *path)
{
  bool in = strcmp(path, "-") == 0;
  FILE *f = in ? stdin : fopen(path, "r");
  if (!f) return fprintf(stderr, "error: %s: cannot be read\n", path), TG_EXIT_CONFIG;
  int code = tg_casefile_run(p, f, path);
  if (!in) fclose(f);
  return code;
}

static int run_inline(struct tg_program *p, const struct tg_args *args, struct run *r)
{
  int64_t start = tg_clock_mono_us();
  if (!args->words_count) run_one(p, r->filter, r);
  for (uint32_t i = 0; i < args->words_count; i++) run_one(p, args->words[i], r);
  fprintf(r->json ? stderr : stdout, "%u passed, %u failed in %.2f s\n", r->sum.run - r->sum.failed,
          r->sum.failed, (double)(tg_clock_mono_us() - start) / TG_SEC);
  if (r->faults) return TG_EXIT_CONFIG;
  if (!r->sum.run) fprintf(stderr, "nothing to test: no inline test matches\n");
  return r->sum.failed ? TG_EXIT_FAILURE : r->sum.run ? TG_EXIT_OK : TG_EXIT_NOTHING;
}

static int run(const struct tg_config *c, const struct tg_args *args, struct run *r)
{
  struct tg_generation *g;
  struct tg_program *p;
  if (tg_generation_read(c, take_fault, r, &g) != TG_OK) return TG_EXIT_CONFIG;
  enum tg_rc rc = tg_generation_program(g, take_fault, r, &p);
  tg_generation_drop(g);
  if (rc != TG_OK) return TG_EXIT_CONFIG;
  int code = r->cases ? run_cases(p, r->cases) : run_inline(p, args, r);
  tg_program_free(p);
  return code;
}

int tg_command_test(int argc, char **argv)
{
  const char *path = NULL;
  struct run r = {0};
  const struct tg_option options[] = {
      {"config",
       TG_OPTION_TEXT,
       "FILE",
       "whose scripts and rules (default: ./scripts, ./rules)",
       {.text = &path}},
      {"filter",
       TG_OPTION_TEXT,
       "TEXT",
       "only tests whose file or \"subject: title\" contains TEXT",
       {.text = &r.filter}},
      {"cases",
       TG_OPTION_TEXT,
       "FILE",
       "what rules must answer on small tables, a JSON object a line (-: stdin)",
       {.text = &r.cases}},
      {"json", TG_OPTION_FLAG, NULL, "one JSON object a test", {.flag = &r.json}},
      {"quiet", TG_OPTION_FLAG, NULL, "only failures and the sum", {.flag = &r.quiet}},
      {0}};
  struct tg_args args;
  struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  if ((code = tg_cli_folders(&config, path)) >= 0) return code;
  code = run(&config, &args, &r);
  tg_config_fini(&config);
  return code;
}
