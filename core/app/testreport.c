/* Test results for people and for programs. */
#include "core/app/testreport.h"

#include "core/base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

void tg_testreport_init(struct tg_testreport *r, enum tg_testshow show, bool junit)
{
  *r = (struct tg_testreport){.show = show, .junit = junit};
  tg_buf_init(&r->xml, 0);
  if (show == TG_SHOW_TAP) printf("TAP version 13\n");
}

void tg_testreport_fini(struct tg_testreport *r)
{
  tg_buf_fini(&r->xml);
}

static void show_json(const struct tg_test *t)
{
  struct tg_buf b;
  tg_buf_init(&b, 0);
  tg_buf_str(&b, "{\"file\":");
  tg_buf_json(&b, tg_text(t->path));
  tg_buf_printf(&b, ",\"line\":%d,\"subject\":", t->line);
  tg_buf_json(&b, tg_text(t->subject));
  tg_buf_str(&b, ",\"title\":");
  tg_buf_json(&b, tg_text(t->title));
  if (t->note)
    tg_buf_str(&b, ",\"note\":true,\"detail\":");
  else
    tg_buf_printf(&b, ",\"ok\":%s,\"detail\":", t->passed ? "true" : "false");
  tg_buf_json(&b, tg_text(t->detail ? t->detail : ""));
  printf("%s}\n", tg_buf_cstr(&b));
  tg_buf_fini(&b);
}

/* Each line of text behind `indent`. */
static void show_lines(const char *indent, const char *text)
{
  while (*text) {
    size_t len = strcspn(text, "\n");
    printf("%s%.*s\n", indent, (int)len, text);
    text += len + (text[len] == '\n');
  }
}

static void show_tap(uint32_t number, const struct tg_test *t)
{
  printf("%sok %u - %s: %s\n", t->passed ? "" : "not ", number, t->subject, t->title);
  if (t->passed) return;
  printf("# %s:%d\n", t->path, t->line);
  show_lines("# ", t->detail);
}

static void show_people(const struct tg_test *t)
{
  printf("FAIL %s: %s\n     %s:%d\n", t->subject, t->title, t->path, t->line);
  show_lines("     ", t->detail);
}

/* Text of an XML attribute: control characters, which XML has no form for, as spaces. */
static void add_xml(struct tg_buf *b, const char *text)
{
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    switch (c) {
    case '&': tg_buf_str(b, "&amp;"); break;
    case '<': tg_buf_str(b, "&lt;"); break;
    case '"': tg_buf_str(b, "&quot;"); break;
    case '\n': tg_buf_str(b, "&#10;"); break;
    default: tg_buf_char(b, c < 0x20 ? ' ' : (char)c);
    }
  }
}

static void collect(struct tg_buf *b, const struct tg_test *t)
{
  tg_buf_str(b, "  <testcase classname=\"");
  add_xml(b, t->subject);
  tg_buf_str(b, "\" name=\"");
  add_xml(b, t->title);
  tg_buf_str(b, "\" file=\"");
  add_xml(b, t->path);
  tg_buf_printf(b, "\" line=\"%d\" time=\"%.6f\"", t->line, (double)t->cpu_us / TG_SEC);
  if (t->passed) {
    tg_buf_str(b, "/>\n");
    return;
  }
  tg_buf_str(b, "><failure message=\"");
  add_xml(b, t->detail);
  tg_buf_str(b, "\"/></testcase>\n");
}

/* Something worth knowing that is no result. */
static void show_note(const struct tg_testreport *r, const struct tg_test *t)
{
  if (r->show == TG_SHOW_JSON)
    show_json(t);
  else
    printf("%s %s: %s (%s:%d)\n", r->show == TG_SHOW_TAP ? "# note" : "note", t->subject, t->detail,
           t->path, t->line);
}

void tg_testreport_take(void *self, const struct tg_test *t)
{
  struct tg_testreport *r = self;
  if (t->note) {
    show_note(r, t);
    return;
  }
  r->run++;
  r->failed += !t->passed;
  if (r->junit) collect(&r->xml, t);
  if (r->show == TG_SHOW_JSON)
    show_json(t);
  else if (r->show == TG_SHOW_TAP)
    show_tap(r->run, t);
  else if (!t->passed)
    show_people(t);
  else if (r->show == TG_SHOW_PEOPLE)
    printf("ok   %s: %s\n", t->subject, t->title);
}

void tg_testreport_end(struct tg_testreport *r, int64_t took_us)
{
  bool people = r->show == TG_SHOW_PEOPLE || r->show == TG_SHOW_QUIET;
  if (r->show == TG_SHOW_TAP) printf("1..%u\n", r->run);
  fprintf(people ? stdout : stderr, "%u passed, %u failed in %.2f s\n", r->run - r->failed,
          r->failed, (double)took_us / TG_SEC);
}

enum tg_rc tg_testreport_junit(const struct tg_testreport *r, const char *path, int64_t took_us,
                               struct tg_err *err)
{
  FILE *f = fopen(path, "w");
  if (!f) return tg_err_set(err, TG_CONFIG, path, "cannot be written (errno %d)", errno);
  fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  fprintf(f, "<testsuite name=\"tidegate\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"0\"",
          r->run, r->failed);
  fprintf(f, " time=\"%.6f\">\n", (double)took_us / TG_SEC);
  fwrite(r->xml.ptr, 1, r->xml.len, f);
  fprintf(f, "</testsuite>\n");
  bool good = !ferror(f) && !r->xml.failed;
  if (fclose(f) != 0 || !good) return tg_err_set(err, TG_CONFIG, path, "cannot be written whole");
  return TG_OK;
}
