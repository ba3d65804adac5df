/* Line coverage of rules and topics: what counts as run. */
#include "programs.h"

#include "bindings/coverage.h"
#include "bindings/runner.h"

/* "1:3 2:0 .." of the executable lines of file `path`, and whether one of its tests ran. */
static const char *lines_of(const struct tg_coverage *c, const char *path)
{
  static char out[2000];
  struct tg_covered_line line;
  size_t n = 0;
  *out = '\0';
  for (uint32_t i = 0; i < tg_coverage_count(c); i++) {
    struct tg_covered_file f = tg_coverage_file(c, i);
    if (strcmp(f.path, path) != 0) continue;
    for (uint32_t at = 0; tg_coverage_line(c, i, &at, &line);) {
      n += (size_t)snprintf(out + n, sizeof out - n, "%u%s ", line.line, line.hits ? "" : "!");
    }
    snprintf(out + n, sizeof out - n, "%u/%u%s", f.run, f.lines, f.tested ? " tested" : "");
  }
  return out;
}

/* Loads the files, runs the tests that contain filter, and returns what ran. */
static struct tg_coverage *run_covered(struct sources *s, const char *filter)
{
  struct tg_fileset set = {.files = s->files, .count = s->count};
  struct tg_coverage *c = tg_coverage_new();
  struct tg_program_conf conf = {.memory_max = 32 << 20, .deadline_us = 20000000, .coverage = c};
  struct tg_program *p;
  struct tg_test_counts counts;
  struct tg_err err;
  assert_non_null(c);
  if (tg_program_new(&set, &conf, sources_fault, s, &p) != TG_OK) fail_msg("%s", s->faults);
  assert_int_equal(tg_program_test(p, filter, NULL, NULL, &counts, &err), TG_OK);
  assert_int_equal(counts.failed, 0);
  tg_program_free(p);
  return c;
}

static void expect_lines(const char *text, const char *filter, const char *lines)
{
  struct sources s = {0};
  sources_add(&s, TG_FILE_RULE, "rules/r.lua", text);
  struct tg_coverage *c = run_covered(&s, filter);
  assert_string_equal(lines_of(c, "rules/r.lua"), lines);
  tg_coverage_free(c);
}

#define RULE(check)                                                                                \
  "return {\n"                                                                                     \
  "  doc = \"d\", params = { \"column column\" },\n" check                                         \
  "  tests = { { \"t\", with = { \"x\" }, given = { x = { 1 } }, fails = {} } } }\n"

static void lines_of_a_branch_not_taken_did_not_run(void **state)
{
  (void)state;
  expect_lines(RULE("  check = function(b, p)\n"
                    "    if p.column == \"y\" then\n"
                    "      return b.y:gt(0)\n"
                    "    end\n"
                    "    return b[p.column]:gt(0)\n"
                    "  end,\n"),
               NULL, "1 2 4 5! 7 8 9 6/7 tested");
}

static void lines_of_a_function_never_called_did_not_run(void **state)
{
  (void)state;
  expect_lines(
      "local function unused(v)\n"
      "  local function inner()\n"
      "    return v\n"
      "  end\n"
      "  return inner\n"
      "end\n" RULE("  check = function(b, p) return b[p.column]:gt(#(unused and \"\" or \"x\"))"
                   " end,\n"),
      NULL, "3! 4! 5! 6 7 8 9 10 5/8 tested");
}

static void a_function_on_one_line_counts_when_it_was_called(void **state)
{
  (void)state;
  const char *text =
      RULE("  check = function(b, p) return b[p.column]:gt(0) end,\n"
           "  validate = function(p) if p.column == 7 then return \"no\" end end,\n");
  expect_lines(text, NULL, "1 2 3 4 5 5/5 tested");
  expect_lines(text, "no such test", "1 2 3! 4! 5 3/5");
}

static void the_trial_of_a_topic_on_no_rows_does_not_count(void **state)
{
  (void)state;
  struct sources s = {0};
  sources_add(&s, TG_FILE_MODULE, "scripts/lib/m.lua",
              "return { twice = function(v)\n  return v * 2\nend }\n");
  sources_add(&s, TG_FILE_SCRIPT, "scripts/orders.lua",
              "local m = require \"lib.m\"\n"
              "return { table = \"orders\", fields = { \"id bigint\" },\n"
              "  transform = function(b)\n"
              "    b.id = m.twice(b.id)\n"
              "  end,\n"
              "  tests = { { \"t\", events = { { id = 1 } }, rows = { { id = 2 } } } } }\n");
  struct tg_coverage *c = run_covered(&s, NULL);
  assert_string_equal(lines_of(c, "scripts/orders.lua"), "1 2 4 5 6 5/5 tested");
  assert_string_equal(lines_of(c, "scripts/lib/m.lua"), "1 2 3 3/3");
  tg_coverage_free(c);
  c = run_covered(&s, "no such test");
  assert_string_equal(lines_of(c, "scripts/orders.lua"), "1 2 4! 5 6 4/5");
  assert_string_equal(lines_of(c, "scripts/lib/m.lua"), "1 2! 3 2/3");
  tg_coverage_free(c);
}

static void a_script_that_runs_too_long_is_stopped_all_the_same(void **state)
{
  (void)state;
  struct sources s = {0};
  struct tg_program *p;
  struct tg_coverage *c = tg_coverage_new();
  struct tg_program_conf conf = {.memory_max = 32 << 20, .deadline_us = 2000000, .coverage = c};
  sources_add(&s, TG_FILE_RULE, "rules/r.lua", "while true do\n  local x = 1\nend\n");
  struct tg_fileset set = {.files = s.files, .count = s.count};
  assert_int_equal(tg_program_new(&set, &conf, sources_fault, &s, &p), TG_CONFIG);
  expect_text(s.faults, "ran longer than lua.deadline");
  tg_coverage_free(c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines_of_a_branch_not_taken_did_not_run),
      cmocka_unit_test(lines_of_a_function_never_called_did_not_run),
      cmocka_unit_test(a_function_on_one_line_counts_when_it_was_called),
      cmocka_unit_test(the_trial_of_a_topic_on_no_rows_does_not_count),
      cmocka_unit_test(a_script_that_runs_too_long_is_stopped_all_the_same),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
