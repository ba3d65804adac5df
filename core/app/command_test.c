/* tidegate test: the inline tests of rules and topics, without Kafka and PostgreSQL. */
#include "core/app/casefile.h"
#include "core/app/cli.h"
#include "core/app/folderwatch.h"
#include "core/app/generation.h"
#include "core/app/golden.h"
#include "core/app/testcoverage.h"
#include "core/app/testreport.h"
#include "core/base/clock.h"

#include <unistd.h>

struct run {
  const struct tg_config *config;
  const struct tg_args *args;
  const char *filter, *cases, *junit, *lcov;
  bool json, tap, quiet, watch, coverage, update;
  struct tg_coverage *lines; /* of this run; NULL: not asked for */
  uint32_t faults;
};

static void take_fault(void *self, const struct tg_err *err)
{
  struct run *r = self;
  r->faults++;
  tg_cli_fault(NULL, err);
}

static void show_warning(void *self, const struct tg_err *err)
{
  (void)self;
  fprintf(stderr, "warning: %s: %s\n", err->where, err->what);
}

static void run_one(struct tg_program *p, const char *filter, struct run *r,
                    struct tg_testreport *report)
{
  struct tg_test_counts counts = {0};
  struct tg_err err;
  enum tg_rc rc = tg_program_test(p, filter, tg_testreport_take, report, &counts, &err);
  if (rc != TG_OK) take_fault(r, &err);
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

static enum tg_testshow show_of(const struct run *r)
{
  if (r->json) return TG_SHOW_JSON;
  if (r->tap) return TG_SHOW_TAP;
  return r->quiet ? TG_SHOW_QUIET : TG_SHOW_PEOPLE;
}

static enum tg_rc keep(void *self, const char *path, bool catalogue, struct tg_text text,
                       struct tg_err *err)
{
  struct run *r = self;
  enum tg_rc rc = tg_golden_write(r->config, path, catalogue, text, err);
  if (rc == TG_OK) fprintf(stderr, "written: %s\n", path);
  return rc;
}

static void tell_coverage(struct run *r)
{
  struct tg_testcoverage c = {.lines = r->lines, .chosen = r->filter || r->args->words_count};
  struct tg_err err;
  if (!r->lines) return;
  if (r->coverage) tg_testcoverage_show(&c, show_of(r));
  if (r->lcov && tg_testcoverage_lcov(&c, r->config, r->lcov, &err) != TG_OK) take_fault(r, &err);
}

static int run_inline(struct tg_program *p, struct run *r)
{
  struct tg_testreport report;
  struct tg_err err;
  int64_t start = tg_clock_mono_us();
  tg_testreport_init(&report, show_of(r), r->junit);
  if (!r->args->words_count) run_one(p, r->filter, r, &report);
  for (uint32_t i = 0; i < r->args->words_count; i++) run_one(p, r->args->words[i], r, &report);
  int64_t took = tg_clock_mono_us() - start;
  tg_testreport_end(&report, took);
  tell_coverage(r);
  if (r->junit && tg_testreport_junit(&report, r->junit, took, &err) != TG_OK) take_fault(r, &err);
  uint32_t run = report.run, failed = report.failed;
  tg_testreport_fini(&report);
  if (r->faults) return TG_EXIT_CONFIG;
  if (!run) fprintf(stderr, "nothing to test: no inline test matches\n");
  return failed ? TG_EXIT_FAILURE : run ? TG_EXIT_OK : TG_EXIT_NOTHING;
}

static int run(struct run *r)
{
  struct tg_generation *g;
  struct tg_program *p;
  r->faults = 0;
  if (tg_generation_read(r->config, take_fault, r, &g) != TG_OK) return TG_EXIT_CONFIG;
  r->lines = r->coverage || r->lcov ? tg_coverage_new() : NULL;
  enum tg_rc rc = tg_generation_covered(g, r->lines, take_fault, r, &p);
  tg_generation_drop(g);
  int code = TG_EXIT_CONFIG;
  if (rc == TG_OK) {
    tg_program_warnings(p, show_warning, NULL);
    if (r->update) tg_program_keep(p, keep, r);
    code = r->cases ? run_cases(p, r->cases) : run_inline(p, r);
    tg_program_free(p);
  }
  tg_coverage_free(r->lines);
  return code;
}

/* What is expected changes by hand and is looked at, not by a build. */
static bool may_update(const struct run *r)
{
  bool refused = r->update && tg_golden_on_ci();
  if (refused)
    fprintf(stderr, "error: --update: the variable CI is set: golden files are written where"
                    " somebody looks at the change; run it there and commit them\n");
  return !refused;
}

/* Runs again whenever a file changed, until a signal ends the process. */
static int watch(struct run *r)
{
  const char *const folders[] = {r->config->scripts, r->config->rules};
  struct tg_err err;
  int code, fd;
  do {
    fd = tg_folderwatch_open(folders, 2, &err);
    if (fd < 0) return tg_cli_fail(&err);
    code = run(r);
    fprintf(stderr, "waiting for a change ..\n");
    fflush(stdout);
    bool changed = tg_folderwatch_wait(fd);
    close(fd);
    if (!changed) return code;
  } while (true);
}

int tg_command_test(int argc, char **argv)
{
  const char *path = NULL;
  struct run r = {0};
  const struct tg_option options[] = {
      TG_OPT_TEXT("config", "FILE", "whose scripts and rules (default: ./scripts, ./rules)", path),
      TG_OPT_TEXT("filter", "TEXT", "only tests whose file or \"subject: title\" contains TEXT",
                  r.filter),
      TG_OPT_TEXT("cases", "FILE",
                  "what rules must answer on small tables, a JSON object a line (-: stdin)",
                  r.cases),
      TG_OPT_FLAG("json", "one JSON object a test", r.json),
      TG_OPT_FLAG("tap", "Test Anything Protocol, version 13", r.tap),
      TG_OPT_TEXT("junit", "FILE", "also write JUnit XML", r.junit),
      TG_OPT_FLAG("coverage", "tell which lines of rules and topics ran", r.coverage),
      TG_OPT_TEXT("lcov", "FILE", "write that as an LCOV tracefile", r.lcov),
      TG_OPT_FLAG("update", "write golden files that are not as expected anew", r.update),
      TG_OPT_FLAG("watch", "run again whenever a file changes", r.watch),
      TG_OPT_FLAG("quiet", "only failures and the sum", r.quiet),
      {0}};
  struct tg_args args;
  struct tg_config config;
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code >= 0) return code;
  if (!may_update(&r)) return TG_EXIT_CONFIG;
  if ((code = tg_cli_folders(&config, path)) >= 0) return code;
  r.config = &config, r.args = &args;
  code = r.watch ? watch(&r) : run(&r);
  tg_config_fini(&config);
  return code;
}
