/* tidegate review: rows that were loaded with issues, until somebody has looked at them. */
#include "core/app/ask.h"
#include "core/app/cli.h"
#include "core/app/generation.h"
#include "core/app/rowids.h"
#include "core/base/clock.h"
#include "core/pg/review.h"

enum { LIST_ROWS = 50 };
#define INDEX_US (3600 * TG_SEC)

struct call {
  const struct tg_args *args;
  const struct verb *verb;
  const char *topic, *reason;
  struct tg_review_filter filter; /* its topic is the one under way */
  struct tg_review_mark mark;
  struct tg_rowids ids;
  int64_t limit;
  bool json, limited;
  uint64_t rows;
};

static enum tg_rc list(struct call *c, struct tg_pg *pg, struct tg_err *err)
{
  enum tg_rc rc = tg_review_list(pg, &c->filter, tg_ask_deadline(), err);
  if (rc != TG_OK || !tg_pg_rows(pg)) return rc;
  c->rows += tg_pg_rows(pg);
  return tg_ask_print(pg, c->json, stdout), TG_OK;
}

static enum tg_rc show(struct call *c, struct tg_pg *pg, struct tg_err *err)
{
  enum tg_rc rc = tg_review_show(pg, &c->filter, tg_ask_deadline(), err);
  if (rc != TG_OK) return rc;
  c->rows += tg_pg_rows(pg);
  if (c->json) return tg_ask_print(pg, true, stdout), TG_OK;
  for (uint32_t i = 0; i < tg_pg_rows(pg); i++) tg_ask_print_row(pg, i, stdout);
  return TG_OK;
}

static enum tg_rc mark(struct call *c, enum tg_rc rc, const char *what)
{
  if (rc != TG_OK || !c->mark.count) return rc;
  printf("%.*s: rows %s: %llu\n", TG_TEXT(c->filter.topic->name), what,
         (unsigned long long)c->mark.count);
  c->rows += c->mark.count;
  return rc;
}

static enum tg_rc accept(struct call *c, struct tg_pg *pg, struct tg_err *err)
{
  enum tg_rc rc = tg_review_accept(pg, &c->filter, &c->mark, tg_ask_deadline(), err);
  return mark(c, rc, "accepted");
}

static enum tg_rc reopen(struct call *c, struct tg_pg *pg, struct tg_err *err)
{
  enum tg_rc rc = tg_review_reopen(pg, &c->filter, &c->mark, tg_ask_deadline(), err);
  return mark(c, rc, "reopened");
}

static enum tg_rc make_index(struct call *c, struct tg_pg *pg, struct tg_err *err)
{
  int64_t deadline_us = tg_clock_mono_us() + INDEX_US;
  enum tg_rc rc = tg_pg_script(pg, "SET statement_timeout = 0", deadline_us, err);
  if (rc == TG_OK) rc = tg_review_index(pg, c->filter.topic, deadline_us, err);
  c->rows += rc == TG_OK;
  if (rc == TG_OK) printf("%.*s: has its index\n", TG_TEXT(c->filter.topic->name));
  return rc;
}

static const struct verb {
  const char *name;
  enum tg_rc (*run)(struct call *c, struct tg_pg *pg, struct tg_err *err);
  enum { NOTHING = 0, IDS = 1, FILTER = 2, REASON = 4, TOPIC = 8 } needs;
} verbs[] = {{"list", list, NOTHING},
             {"show", show, IDS},
             {"accept", accept, FILTER | REASON},
             {"reopen", reopen, IDS | REASON},
             {"index", make_index, TOPIC}};

static const struct verb *find(const struct tg_args *args)
{
  const char *name = args->words_count ? args->words[0] : "";
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
    if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
  fprintf(stderr, "tidegate review: `list`, `show ID..`, `accept`, `reopen ID..` or `index`\n");
  return NULL;
}

static bool complete(const struct call *c)
{
  unsigned needs = c->verb->needs;
  const struct tg_review_filter *f = &c->filter;
  const char *missing = NULL;
  if (needs & IDS && !f->parts) missing = "which rows? ids, as 7:1842";
  if (needs & FILTER && !f->parts && !c->topic && !f->rule && !f->since)
    missing = "which rows? ids, --topic, --rule or --since";
  if (needs & REASON && !c->reason) missing = "why? --reason TEXT";
  if (needs & TOPIC && !c->topic) missing = "of which topic? --topic NAME";
  if (missing) fprintf(stderr, "tidegate review: %s\n", missing);
  return !missing;
}

/* Topic by topic, as far as the limit goes. */
static enum tg_rc run_all(struct call *c, const struct tg_program *p, struct tg_pg *pg,
                          struct tg_err *err)
{
  uint32_t count;
  enum tg_rc rc = TG_OK;
  const struct tg_topic *const *topics = tg_program_topics(p, &count);
  for (uint32_t t = 0; rc == TG_OK && t < count; t++) {
    if (!topics[t]->provenance || (c->topic && !tg_text_is(topics[t]->name, c->topic))) continue;
    if (c->limited && c->rows >= (uint64_t)c->limit) break;
    c->filter.topic = topics[t];
    c->filter.limit = c->limited ? (uint32_t)((uint64_t)c->limit - c->rows) : 0;
    rc = c->verb->run(c, pg, err);
  }
  return rc;
}

static int run(struct call *c, const struct tg_config *config)
{
  struct tg_generation *g = NULL;
  struct tg_program *p = NULL;
  struct tg_err err;
  enum tg_rc rc = tg_generation_read(config, tg_cli_fault, NULL, &g);
  if (rc == TG_OK) rc = tg_generation_program(g, tg_cli_fault, NULL, &p);
  if (rc != TG_OK) tg_err_set(&err, rc, "review", "the scripts are faulty");
  struct tg_pg *pg = rc == TG_OK ? tg_ask_open(config, &err) : NULL;
  if (pg) rc = run_all(c, p, pg, &err);
  int code = rc != TG_OK || !pg ? tg_cli_fail(&err) : c->rows ? TG_EXIT_OK : TG_EXIT_NOTHING;
  if (code == TG_EXIT_NOTHING) fprintf(stderr, "nothing to review matches\n");
  tg_pg_free(pg);
  tg_program_free(p);
  tg_generation_drop(g);
  return code;
}

static bool take(struct call *c)
{
  struct tg_review_filter *f = &c->filter;
  if (!(c->verb = find(c->args)) || !tg_rowids_take(&c->ids, c->args)) return false;
  if (c->ids.count)
    f->parts = tg_buf_cstr(&c->ids.parts), f->offsets = tg_buf_cstr(&c->ids.offsets);
  if (c->limit < 0 || c->limit > UINT32_MAX || !complete(c)) return false;
  if (!c->limit && c->verb->run == list) c->limit = LIST_ROWS;
  c->limited = c->limit > 0;
  c->mark.user = tg_ask_user(), c->mark.reason = c->reason;
  return true;
}

int tg_command_review(int argc, char **argv)
{
  const char *path = NULL;
  struct tg_args args;
  struct tg_config config;
  struct call c = {.args = &args};
  const struct tg_option options[] = {
      TG_OPT_CONFIG(path),
      TG_OPT_TEXT("topic", "NAME", "only of this topic script", c.topic),
      TG_OPT_TEXT("rule", "ID", "only tagged by this rule", c.filter.rule),
      TG_OPT_TEXT("since", "INTERVAL", "only offsets committed in the last \"2 hours\" ..",
                  c.filter.since),
      TG_OPT_NUMBER("limit", "N", "most rows (list: default 50)", c.limit),
      TG_OPT_TEXT("reason", "TEXT", "why; kept with the rows", c.reason),
      TG_OPT_FLAG("scan", "read a large table without an index", c.filter.scan),
      TG_OPT_FLAG("json", "one JSON object a row", c.json),
      {0}};
  int code = tg_cli_parse(argc, argv, options, &args);
  if (code < 0 && !take(&c)) code = TG_EXIT_USAGE;
  if (code < 0) code = tg_cli_config(&config, path);
  if (code < 0) {
    c.filter.pipeline = config.pipeline;
    code = run(&c, &config);
    tg_config_fini(&config);
  }
  tg_rowids_fini(&c.ids);
  return code;
}
