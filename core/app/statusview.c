/* One screen of /status.json. */
#include "core/app/statusview.h"

#include <stdbool.h>
#include <string.h>

enum { COLUMNS = 100, TOPICS_SHOWN = 12, ROWS_SHOWN = 3, STANDS_SHOWN = 5, LINES_OF_TEXT = 4 };

static double number(const json_t *o, const char *key)
{
  return json_number_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
  const char *s = json_string_value(json_object_get(o, key));
  return s ? s : "";
}

static const json_t *member(const json_t *o, const char *key)
{
  return json_object_get(o, key);
}

/* --- units --- */

struct shown {
  char text[32];
};

/* 123456, 1.23M, 45.6G */
static struct shown amount(double n)
{
  static const char units[] = " kMGTP";
  struct shown s;
  int unit = 0;
  if (n < 1e6) return snprintf(s.text, sizeof s.text, "%.0f", n), s;
  while (n >= 999.5 && units[unit + 1]) n /= 1000, unit++;
  snprintf(s.text, sizeof s.text, "%.*f%c", n < 9.995 ? 2 : n < 99.95 ? 1 : 0, n, units[unit]);
  return s;
}

/* 250 ms, 1.5 s, 90 s, 12 min, 5 h, 3 d */
static struct shown duration(double seconds)
{
  struct shown s;
  if (seconds < 1)
    snprintf(s.text, sizeof s.text, "%.0f ms", seconds * 1000);
  else if (seconds < 120)
    snprintf(s.text, sizeof s.text, "%.*f s", seconds < 10 ? 1 : 0, seconds);
  else if (seconds < 7200)
    snprintf(s.text, sizeof s.text, "%.0f min", seconds / 60);
  else if (seconds < 172800)
    snprintf(s.text, sizeof s.text, "%.0f h", seconds / 3600);
  else
    snprintf(s.text, sizeof s.text, "%.0f d", seconds / 86400);
  return s;
}

static struct shown share(double part, double whole)
{
  struct shown s;
  double percent = whole > 0 ? 100 * part / whole : 0;
  snprintf(s.text, sizeof s.text, "%.*f%%", percent < 9.95 && percent > 0 ? 1 : 0, percent);
  return s;
}

/* --- text in lines --- */

static bool starts_char(char c)
{
  return ((unsigned char)c & 0xC0) != 0x80;
}

/* Bytes of text that fit in so many columns: up to a space, if there is one. */
static size_t fitting(const char *text, size_t columns)
{
  size_t used = 0, space = 0, i = 0;
  for (; text[i]; i++) {
    if (starts_char(text[i]) && used++ == columns) return space ? space : i;
    if (text[i] == ' ') space = i;
  }
  return i;
}

static void put(const char *text, size_t len, FILE *out)
{
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    fputc(c < 0x20 || c == 0x7F ? ' ' : c, out);
  }
}

/* The text behind what the line has already, wrapped under it. */
static void wrap(const char *text, size_t indent, FILE *out)
{
  for (int line = 0;; line++) {
    size_t n = fitting(text, COLUMNS - indent - (line + 1 == LINES_OF_TEXT ? 3 : 0));
    put(text, n, out);
    text += n;
    while (*text == ' ') text++;
    if (!*text || line + 1 == LINES_OF_TEXT) break;
    fprintf(out, "\n%*s", (int)indent, "");
  }
  fputs(*text ? " ..\n" : "\n", out);
}

/* In exactly so many columns, cut where it is longer. */
static void cell(const char *text, size_t columns, FILE *out)
{
  size_t used = 0, fit = 0, i = 0;
  for (; text[i]; i++) {
    if (starts_char(text[i]) && used++ == columns) break;
    if (used < columns) fit = i + 1;
  }
  if (text[i])
    put(text, fit, out), fputc('~', out);
  else
    put(text, i, out), fprintf(out, "%*s", (int)(columns - used), "");
  fputc(' ', out);
}

static void more(size_t all, size_t shown, const char *what, FILE *out)
{
  if (all > shown) fprintf(out, "  .. and %zu more %s: --json\n", all - shown, what);
}

/* --- the parts --- */

/* When there are others. */
static void print_members(const json_t *members, FILE *out)
{
  size_t i, same = 0, count = json_array_size(members);
  const json_t *one;
  json_array_foreach(members, i, one) same +=
      strcmp(text(one, "generation"), text(json_array_get(members, 0), "generation")) == 0;
  if (count > 1)
    fprintf(out, "one of %zu members, %zu of them with this generation\n", count, same);
}

static void print_head(const json_t *s, FILE *out)
{
  const json_t *lanes = member(s, "lanes"), *item;
  double assigned = 0, reading = 0, halted = 0;
  size_t i;
  json_array_foreach(lanes, i, item)
  {
    assigned += number(item, "assigned");
    reading += number(item, "reading");
    halted += number(item, "halted");
  }
  fprintf(out, "tidegate %s  pipeline ", text(s, "version"));
  cell(text(s, "pipeline"), strnlen(text(s, "pipeline"), 20), out);
  fprintf(out, " generation %.12s  up since %.19sZ\n", text(s, "generation"),
          text(s, "started_at"));
  fprintf(out, "%zu lanes, %.0f of %.0f partitions read, %.0f halted; last reload %s %.19sZ\n",
          json_array_size(lanes), reading, assigned, halted, text(s, "last_reload"),
          text(s, "reloaded_at"));
  print_members(member(s, "members"), out);
}

static void print_totals(const json_t *s, FILE *out)
{
  const json_t *loads = member(s, "loads"), *v = member(s, "verdicts");
  fprintf(out, "loads %s, retried %s, unknown %s, fenced %s; ",
          amount(number(loads, "committed")).text, amount(number(loads, "retried")).text,
          amount(number(loads, "unknown")).text, amount(number(loads, "fenced")).text);
  fprintf(out, "verdicts %s pass, %s fail, %s error, %s skip\n", amount(number(v, "pass")).text,
          amount(number(v, "fail")).text, amount(number(v, "error")).text,
          amount(number(v, "skip")).text);
}

static double rows_of(const json_t *t)
{
  static const char *const fates[] = {"loaded", "tagged", "quarantined", "late", "dropped"};
  double rows = 0;
  for (int i = 0; i < 5; i++) rows += number(t, fates[i]);
  return rows;
}

/* Why rows were refused, over all topics. */
static void print_quarantine(const json_t *s, FILE *out)
{
  static const char *const stages[] = {"rule", "decode", "transform", "load"};
  const json_t *topics = member(s, "topics"), *rules = member(s, "rules_failed"), *t, *r;
  double by[4] = {0}, all = 0, rows = 0;
  char line[700];
  size_t i, len;
  json_array_foreach(topics, i, t)
  {
    rows += rows_of(t), all += number(t, "quarantined");
    for (int k = 0; k < 4; k++) by[k] += number(member(t, "quarantined_by"), stages[k]);
  }
  if (all <= 0) return;
  len = (size_t)snprintf(line, sizeof line, "%s (%s):", amount(all).text, share(all, rows).text);
  for (int k = 0; k < 4; k++)
    if (by[k] > 0)
      len += (size_t)snprintf(line + len, sizeof line - len, " %s %s", stages[k],
                              share(by[k], all).text);
  json_array_foreach(rules, i, r) if (i < 2) len +=
      (size_t)snprintf(line + len, sizeof line - len, "%s %.60s %s", i ? "," : "; rows failed by",
                       text(r, "rule"), amount(number(r, "rows")).text);
  fputs("quarantined ", out);
  wrap(line, 12, out);
}

static bool waits(const json_t *t)
{
  return json_is_true(member(t, "waits"));
}

static void print_topic(const json_t *t, FILE *out)
{
  double quarantined = number(t, "quarantined");
  fputs("  ", out);
  cell(text(t, "topic"), 20, out);
  fprintf(out, "%7s %7s %11s %6s %7s %7s %8s %8s  %s\n",
          amount(number(t, "loaded") + number(t, "tagged")).text, amount(number(t, "tagged")).text,
          amount(quarantined).text, share(quarantined, rows_of(t)).text,
          amount(number(t, "dropped") + number(t, "late")).text,
          amount(number(t, "lag_records")).text, duration(number(t, "lag_seconds")).text,
          duration(number(t, "latency_p99_seconds")).text, waits(t) ? "WAITS" : "ok");
}

/* Those that wait first. */
static void print_topics(const json_t *topics, FILE *out)
{
  size_t i, shown = 0;
  const json_t *t;
  fprintf(out, "\n  %-20s %7s %7s %11s %6s %7s %7s %8s %8s\n", "topic", "loaded", "tagged",
          "quarantined", "share", "dropped", "lag", "behind", "p99");
  for (int pass = 0; pass < 2; pass++) json_array_foreach(topics, i, t)
    {
      if (waits(t) != (pass == 0) || shown == TOPICS_SHOWN) continue;
      print_topic(t, out);
      shown++;
    }
  more(json_array_size(topics), shown, "topics", out);
}

static void print_window(const json_t *topic, const json_t *rule, FILE *out)
{
  fputs("  ", out);
  cell(text(topic, "topic"), 20, out);
  cell(text(rule, "rule"), 30, out);
  fprintf(out, "%6s  %-24s %8s\n", amount(number(rule, "open")).text, text(rule, "oldest"),
          duration(number(topic, "lag_seconds")).text);
}

static void print_windows(const json_t *windows, FILE *out)
{
  size_t t, r, all = 0;
  const json_t *topic, *rule;
  json_array_foreach(windows, t, topic) json_array_foreach(member(topic, "rules"), r, rule)
  {
    if (!all)
      fprintf(out, "\n  %-20s %-30s %6s  %-24s %8s\n", "windows of", "rule", "open", "oldest",
              "behind");
    if (all++ < ROWS_SHOWN) print_window(topic, rule, out);
  }
  more(all, ROWS_SHOWN, "rules over windows", out);
}

static void print_lookup(const json_t *l, FILE *out)
{
  fputs("  ", out);
  cell(text(l, "topic"), 20, out);
  cell(text(l, "lookup"), 30, out);
  fprintf(out, "%7s %8s  %-24.24s %s\n", amount(number(l, "rows")).text,
          duration(number(l, "age_seconds")).text, text(l, "version"),
          json_is_true(member(l, "stale")) ? "STALE" : "");
}

/* Stale ones first. */
static void print_lookups(const json_t *lookups, FILE *out)
{
  size_t i, shown = 0;
  const json_t *l;
  if (!json_array_size(lookups)) return;
  fprintf(out, "\n  %-20s %-30s %7s %8s  %s\n", "topic", "lookup", "rows", "age", "version");
  for (int pass = 0; pass < 2; pass++) json_array_foreach(lookups, i, l)
    {
      if (json_is_true(member(l, "stale")) != (pass == 0) || shown == ROWS_SHOWN) continue;
      print_lookup(l, out);
      shown++;
    }
  more(json_array_size(lookups), shown, "lookups", out);
}

/* critical  orders[3], not_null(id), for 12 min: what is wrong
 *           next: what to do (OPERATIONS.md: section) */
static void print_stand(const json_t *s, FILE *out)
{
  const char *topic = text(s, "topic"), *partition = text(s, "partition"), *rule = text(s, "rule");
  char line[2400];
  size_t len = (size_t)snprintf(line, sizeof line, "%.250s", topic);
  if (*partition) len += (size_t)snprintf(line + len, sizeof line - len, "[%.12s]", partition);
  if (*rule && strcmp(text(s, "kind"), "breaker") != 0) /* its text names it */
    len += (size_t)snprintf(line + len, sizeof line - len, "%s%.160s", len ? ", " : "", rule);
  if (member(s, "since_seconds"))
    len += (size_t)snprintf(line + len, sizeof line - len, "%sfor %s", len ? ", " : "",
                            duration(number(s, "since_seconds")).text);
  snprintf(line + len, sizeof line - len, "%s%.1000s", len ? ": " : "", text(s, "text"));
  fprintf(out, "  %-9s ", text(s, "severity"));
  wrap(line, 12, out);
  snprintf(line, sizeof line, "%.1000s (OPERATIONS.md: %.100s)", text(s, "next"),
           text(s, "section"));
  fputs("      next: ", out);
  wrap(line, 12, out);
}

static void print_stands(const json_t *status, FILE *out)
{
  const json_t *stands = member(status, "stands"), *s;
  double count = number(status, "stands_count"), firing = number(status, "alerts_firing");
  size_t i;
  if (json_is_true(member(status, "healthy"))) {
    fprintf(out, "\nhealthy: nothing stands, nothing is to be done; alerts firing: %.0f\n", firing);
    return;
  }
  fprintf(out, "\n%.0f %s, the worst first; alerts firing: %.0f\n", count,
          count > 1 ? "things stand" : "thing stands", firing);
  json_array_foreach(stands, i, s) if (i < STANDS_SHOWN) print_stand(s, out);
  more((size_t)count, STANDS_SHOWN, "that stand", out);
}

void tg_statusview_print(const json_t *status, FILE *out)
{
  print_head(status, out);
  print_totals(status, out);
  print_quarantine(status, out);
  print_topics(member(status, "topics"), out);
  print_windows(member(status, "windows"), out);
  print_lookups(member(status, "lookups"), out);
  print_stands(status, out);
}
