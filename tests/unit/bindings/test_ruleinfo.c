/* Rules for people: kinds, aliases and active rules are all told, with what they say of
 * themselves. */
#include "bindings/ruleinfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char kind_text[] = "return { doc = \"At most max.\", dimension = \"accuracy\", params "
                                "= { \"column column\", \"max number\" },\n"
                                "  aliases = { tiny = { max = 1 } },\n"
                                "  check = function(b, p) return b[p.column]:le(p.max) end,\n"
                                "  tests = { { \"t\", with = { \"x\", max = 1 }, given = { x = { "
                                "1, 2 } }, fails = { 2 } } } }\n";
static const char active_text[] =
    "return { topics = { \"orders\" }, doc = \"Small.\", check = function(b) return b.n:lt(5) "
    "end,\n"
    "  tests = { { \"t\", given = { n = { 1, 9 } }, fails = { 2 } } } }\n";
static const char topic_text[] = "return { table = \"orders\", fields = { \"n integer\" } }\n";

static void no_fault(void *self, const struct tg_err *err)
{
  (void)self;
  print_message("%s: %s\n", err->where, err->what);
}

static void note(void *self, const struct tg_ruleinfo *r)
{
  char *out = self;
  size_t len = strlen(out);
  snprintf(out + len, 1024 - len, "%s|%s|%s|%s|%s|%s\n", r->name, r->dimension, r->doc, r->params,
           r->alias_of, r->topics);
}

static void every_rule_is_told_with_what_it_says_of_itself(void **state)
{
  (void)state;
  struct tg_source_file files[] = {
      {TG_FILE_CATALOGUE, "rules/at_most.lua", kind_text, sizeof kind_text - 1},
      {TG_FILE_RULE, "rules/small.lua", active_text, sizeof active_text - 1},
      {TG_FILE_SCRIPT, "scripts/orders.lua", topic_text, sizeof topic_text - 1}};
  struct tg_fileset set = {.files = files, .count = 3, .sha256 = "x"};
  struct tg_program_conf conf = {.memory_max = 32 << 20, .deadline_us = 20000000};
  struct tg_program *p;
  struct tg_err err;
  char seen[1024] = "";
  assert_int_equal(tg_program_new(&set, &conf, no_fault, NULL, &p), TG_OK);
  assert_int_equal(tg_ruleinfo_each(p, note, seen, &err), TG_OK);
  assert_string_equal(seen, "at_most|accuracy|At most max.|column column\nmax number||\n"
                            "tiny|accuracy|At most max.|column column\nmax number|at_most|\n"
                            "small||Small.|||orders\n");
  tg_program_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_rule_is_told_with_what_it_says_of_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
