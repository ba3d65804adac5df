/* Cases out of a file: line by line. */
#include "core/app/casefile.h"

#include "bindings/cases.h"
#include "core/app/cli.h"

#include <stdlib.h>

struct casefile {
  struct tg_program *p;
  const char *path;
  struct tg_buf out;
  struct tg_case_counts counts;
  uint32_t lines, broken; /* broken: lines that are no case */
};

static enum tg_rc run_line(struct casefile *c, struct tg_text line, struct tg_err *err)
{
  tg_buf_clear(&c->out);
  enum tg_rc rc = tg_case_run(c->p, line, &c->out, &c->counts, err);
  if (rc == TG_OK) {
    fputs(tg_buf_cstr(&c->out), stdout);
  } else {
    fprintf(stderr, "error: %s:%u: %s: %s\n", c->path, c->lines, err->where, err->what);
    c->broken++;
  }
  return rc;
}

static void run_lines(struct casefile *c, FILE *f)
{
  struct tg_err err;
  char *line = NULL;
  size_t size = 0;
  ssize_t len;
  enum tg_rc rc = TG_OK;
  while (rc != TG_FATAL && (len = getline(&line, &size, f)) > 0) {
    struct tg_text text = tg_text_trim(tg_text_of(line, (size_t)len));
    c->lines++;
    if (text.len) rc = run_line(c, text, &err);
  }
  free(line);
}

int tg_casefile_run(struct tg_program *p, FILE *f, const char *path)
{
  struct casefile c = {.p = p, .path = path};
  tg_buf_init(&c.out, 0);
  run_lines(&c, f);
  tg_buf_fini(&c.out);
  uint32_t run = c.counts.run + c.broken;
  uint32_t failed = run - c.counts.ok - c.counts.unexpected;
  printf("{\"cases\":%u,\"ok\":%u,\"failed\":%u}\n", run, c.counts.ok, failed);
  if (!run) fprintf(stderr, "nothing to test: %s holds no case\n", path);
  return failed ? TG_EXIT_FAILURE : run ? TG_EXIT_OK : TG_EXIT_NOTHING;
}
