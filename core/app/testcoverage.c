/* Line coverage: what is told, and how. */
#include "core/app/testcoverage.h"

#include "core/app/fileset.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static bool has_own_files(const struct tg_coverage *c)
{
  for (uint32_t i = 0; i < tg_coverage_count(c); i++) {
    if (tg_coverage_file(c, i).kind != TG_FILE_CATALOGUE) return true;
  }
  return false;
}

static bool is_told(const struct tg_testcoverage *c, const struct tg_covered_file *f)
{
  if (c->chosen) return f->tested;
  return f->kind != TG_FILE_CATALOGUE || !has_own_files(c->lines);
}

static void add_range(struct tg_buf *out, uint32_t from, uint32_t to)
{
  if (!from) return;
  tg_buf_printf(out, "%s%u", out->len ? "," : "", from);
  if (to > from) tg_buf_printf(out, "-%u", to);
}

/* The lines that did not run: "17-21,30". */
static void add_missed(const struct tg_coverage *c, uint32_t i, struct tg_buf *out)
{
  struct tg_covered_line line;
  uint32_t from = 0, to = 0;
  for (uint32_t at = 0; tg_coverage_line(c, i, &at, &line);) {
    if (line.hits) {
      add_range(out, from, to);
      from = 0;
    } else {
      if (!from) from = line.line;
      to = line.line;
    }
  }
  add_range(out, from, to);
}

/* Never 100.0 when a line is missing. */
static double percent(uint32_t run, uint32_t lines)
{
  return lines ? (double)(run * UINT64_C(1000) / lines) / 10 : 100;
}

static void show_file(const struct tg_coverage *c, uint32_t i, enum tg_testshow show)
{
  struct tg_covered_file f = tg_coverage_file(c, i);
  struct tg_buf missed;
  tg_buf_init(&missed, 0);
  add_missed(c, i, &missed);
  const char *text = tg_buf_cstr(&missed);
  if (show == TG_SHOW_JSON) {
    struct tg_buf path;
    tg_buf_init(&path, 0);
    tg_buf_json(&path, tg_text(f.path));
    printf("{\"coverage\":%s,\"lines\":%u,\"run\":%u,\"missed\":\"%s\"}\n", tg_buf_cstr(&path),
           f.lines, f.run, text);
    tg_buf_fini(&path);
  } else {
    printf("%s%s: %u of %u lines (%.1f %%)%s%s\n", show == TG_SHOW_TAP ? "# " : "", f.path, f.run,
           f.lines, percent(f.run, f.lines), *text ? ", not " : "", text);
  }
  tg_buf_fini(&missed);
}

void tg_testcoverage_show(const struct tg_testcoverage *c, enum tg_testshow show)
{
  uint32_t lines = 0, run = 0, files = 0;
  for (uint32_t i = 0; i < tg_coverage_count(c->lines); i++) {
    struct tg_covered_file f = tg_coverage_file(c->lines, i);
    if (!is_told(c, &f)) continue;
    lines += f.lines, run += f.run, files++;
    show_file(c->lines, i, show);
  }
  if (show == TG_SHOW_JSON) return;
  printf("%scoverage of %u file%s: %u of %u lines (%.1f %%)\n", show == TG_SHOW_TAP ? "# " : "",
         files, files == 1 ? "" : "s", run, lines, percent(run, lines));
}

static void write_file(FILE *to, const struct tg_coverage *c, uint32_t i, const char *path)
{
  struct tg_covered_file f = tg_coverage_file(c, i);
  struct tg_covered_line line;
  fprintf(to, "TN:\nSF:%s\n", path);
  for (uint32_t at = 0; tg_coverage_line(c, i, &at, &line);) {
    fprintf(to, "DA:%u,%" PRIu64 "\n", line.line, line.hits);
  }
  fprintf(to, "LF:%u\nLH:%u\nend_of_record\n", f.lines, f.run);
}

enum tg_rc tg_testcoverage_lcov(const struct tg_testcoverage *c, const struct tg_config *config,
                                const char *path, struct tg_err *err)
{
  char place[TG_FILE_PATH_BYTES];
  FILE *to = fopen(path, "w");
  if (!to) return tg_err_set(err, TG_CONFIG, path, "cannot be written (errno %d)", errno);
  for (uint32_t i = 0; i < tg_coverage_count(c->lines); i++) {
    struct tg_covered_file f = tg_coverage_file(c->lines, i);
    bool catalogue = f.kind == TG_FILE_CATALOGUE;
    if (is_told(c, &f) && tg_fileset_place(config, f.path, catalogue, place))
      write_file(to, c->lines, i, place);
  }
  bool good = !ferror(to);
  if (fclose(to) != 0 || !good) return tg_err_set(err, TG_CONFIG, path, "cannot be written whole");
  return TG_OK;
}
