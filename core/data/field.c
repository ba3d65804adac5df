/* The line that declares a field:
 *
 *   name type [not null] [default literal] [@ path[|path..]] [as epoch_ms|..] [computed] [unstored]
 *
 * What follows the type may come in any order, each once. A path's steps are separated by dots; a
 * step with a dot, a bar or a space in it, or a first step named kafka, is written in double
 * quotes. */
#include "core/data/topic.h"

#include "core/data/valueparse.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE_BYTES_MAX = 4096, SHOWN = 96 };

/* What the rest of the line is read with; at <= line.len. */
struct reader {
  struct tg_arena *arena;
  struct tg_text line;
  uint32_t at;
  struct tg_field *field;
  bool computed, has_path, has_epoch;
  struct tg_err *err;
};

static bool is_space(char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Refuses the line: "field 'amount': ..". */
__attribute__((format(printf, 2, 3))) static enum tg_rc refuse(struct reader *r, const char *fmt,
                                                               ...)
{
  char shown[SHOWN], what[512];
  va_list args;
  va_start(args, fmt);
  vsnprintf(what, sizeof what, fmt, args);
  va_end(args);
  struct tg_text name = r->field->name.len ? r->field->name : r->line;
  return tg_err_set(r->err, TG_CONFIG, "fields", "field '%s': %s",
                    tg_text_shown(name, shown, sizeof shown), what);
}

static enum tg_rc no_memory(struct reader *r)
{
  return tg_err_set(r->err, TG_FATAL, "fields", "no memory for the fields of a topic");
}

/* --- words -------------------------------------------------------------------------------------
 */

static void skip_spaces(struct reader *r)
{
  while (r->at < r->line.len && is_space(r->line.ptr[r->at])) r->at++;
}

/* The next run of characters up to a space or '@', not consumed; empty at the end, "@" is a word of
 * its own. */
static struct tg_text peek(struct reader *r)
{
  skip_spaces(r);
  uint32_t end = r->at;
  if (end < r->line.len && r->line.ptr[end] == '@') return tg_text_of(r->line.ptr + end, 1);
  while (end < r->line.len && !is_space(r->line.ptr[end]) && r->line.ptr[end] != '@') end++;
  return tg_text_of(r->line.ptr + r->at, end - r->at);
}

static struct tg_text next(struct reader *r)
{
  struct tg_text word = peek(r);
  r->at += word.len;
  return word;
}

/* word equals the lower-case keyword in any case. */
static bool is_word(struct tg_text word, const char *keyword)
{
  if (word.len != strlen(keyword)) return false;
  for (uint32_t i = 0; i < word.len; i++) {
    char c = word.ptr[i];
    if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
    if (c != keyword[i]) return false;
  }
  return true;
}

static const char *const keywords[] = {"not", "default", "as", "computed", "unstored", "@", NULL};

static bool is_keyword(struct tg_text word)
{
  for (int i = 0; keywords[i]; i++)
    if (is_word(word, keywords[i])) return true;
  return false;
}

/* --- name and type -----------------------------------------------------------------------------
 */

static const char *const api_names[] = {
    "rows",        "topic",    "kafka_timestamp", "kafka_offset", "kafka_partition",
    "event_bytes", "drop",     "quarantine",      "tag",          "route",
    "emit",        "map_rows", "fault",           "seen",         "count",
    NULL};
static const char *const system_columns[] = {"tableoid", "xmin", "cmin", "xmax",
                                             "cmax",     "ctid", NULL};

static bool is_one_of(struct tg_text t, const char *const *names)
{
  for (; *names; names++)
    if (tg_text_is(t, *names)) return true;
  return false;
}

static enum tg_rc read_name(struct reader *r)
{
  struct tg_text name = next(r);
  char shown[SHOWN];
  if (!name.len || is_word(name, "@"))
    return refuse(r, "the line begins with a name: \"amount numeric(12,2)\"");
  r->field->name = tg_arena_copy(r->arena, name);
  if (!r->field->name.ptr) return no_memory(r);
  tg_text_shown(name, shown, sizeof shown);
  if (name.ptr[0] == '_')
    return refuse(r,
                  "names that start with _ are tidegate's own: rename it with @: \"x%s .. @ %s\"",
                  shown, shown);
  if (is_one_of(name, api_names))
    return refuse(r, "the batch API uses this name: rename it with @: \"event_%s .. @ %s\"", shown,
                  shown);
  if (is_one_of(name, system_columns))
    return refuse(
        r, "PostgreSQL has a system column of that name: rename it with @: \"my_%s .. @ %s\"",
        shown, shown);
  if (!tg_name_ok(name))
    return refuse(r,
                  "a name has letters, digits, _ or $, at most %d bytes, and is not pg_*: "
                  "rename it with @: \"my_name .. @ \"the name\"\"",
                  TG_NAME_BYTES_MAX);
  return TG_OK;
}

static enum tg_rc read_type(struct reader *r)
{
  struct tg_err err;
  skip_spaces(r);
  uint32_t from = r->at, to = from;
  for (struct tg_text w = peek(r); w.len && !is_keyword(w); w = peek(r)) {
    next(r);
    to = r->at;
  }
  if (to == from) return refuse(r, "a type is missing behind the name, such as text or bigint");
  struct tg_text text = tg_text_of(r->line.ptr + from, to - from);
  if (tg_type_parse(text, &r->field->type, &err) != TG_OK) return refuse(r, "%s", err.what);
  return TG_OK;
}

/* --- default -----------------------------------------------------------------------------------
 */

/* The text in quotes at r->at, which stands on the first of them; a doubled one stands for itself:
 * 'it''s'. */
static enum tg_rc read_quoted(struct reader *r, struct tg_text *out)
{
  char quote = r->line.ptr[r->at];
  char *text = tg_arena_bytes(r->arena, r->line.len);
  uint32_t len = 0;
  if (!text) return no_memory(r);
  for (r->at++; r->at < r->line.len; r->at++) {
    char c = r->line.ptr[r->at];
    bool doubled = c == quote && r->at + 1 < r->line.len && r->line.ptr[r->at + 1] == quote;
    if (c == quote && !doubled) {
      r->at++;
      *out = tg_text_of(text, len);
      return TG_OK;
    }
    r->at += doubled;
    text[len++] = c;
  }
  return refuse(r, "the closing %c is missing", quote);
}

static bool is_number(struct tg_text t)
{
  uint32_t i = 0, digits = 0;
  if (i < t.len && (t.ptr[i] == '-' || t.ptr[i] == '+')) i++;
  for (; i < t.len && t.ptr[i] >= '0' && t.ptr[i] <= '9'; i++) digits++;
  if (i < t.len && t.ptr[i] == '.')
    for (i++; i < t.len && t.ptr[i] >= '0' && t.ptr[i] <= '9'; i++) digits++;
  if (!digits) return false;
  if (i == t.len) return true;
  if (t.ptr[i] != 'e' && t.ptr[i] != 'E') return false;
  if (++i < t.len && (t.ptr[i] == '-' || t.ptr[i] == '+')) i++;
  if (i == t.len) return false;
  for (; i < t.len; i++)
    if (t.ptr[i] < '0' || t.ptr[i] > '9') return false;
  return true;
}

/* The default must be a value of the field's type, read as one of an event would be. */
static enum tg_rc try_default(struct reader *r, struct tg_text text)
{
  struct tg_jsonindex *index = tg_jsonindex_new();
  struct tg_column *c = tg_column_new(r->arena, r->field->type, 1, true);
  struct tg_valueparse parse = {.arena = r->arena, .index = index, .utf8 = true};
  enum tg_rc rc = index && c ? tg_value_parse(&parse, text, c, 0) : TG_FULL;
  tg_jsonindex_free(index);
  if (rc == TG_DATA) return refuse(r, "default %s", parse.reason);
  return rc == TG_OK ? TG_OK : no_memory(r);
}

/* First the form: quotes or none, as SQL wants them. */
static enum tg_rc check_default(struct reader *r, struct tg_text word, bool quoted)
{
  struct tg_type t = r->field->type;
  char shown[SHOWN], name[64];
  bool boolean = is_word(word, "true") || is_word(word, "false");
  bool good = quoted ? !tg_type_is_number(t) && t.kind != TG_BOOL
                     : (boolean && t.kind == TG_BOOL) || (is_number(word) && tg_type_is_number(t));
  if (t.array) return refuse(r, "an array takes no default; set it in transform");
  if (good) return try_default(r, word);
  if (!quoted && !boolean && !is_number(word))
    return refuse(r, "default %s: write a text in quotes ('%s'), a number, true, false or null",
                  tg_text_shown(word, shown, sizeof shown), shown);
  return refuse(r, "default %s is not a value of type %s", tg_text_shown(word, shown, sizeof shown),
                tg_type_name(t, name, sizeof name));
}

static enum tg_rc read_default(struct reader *r)
{
  struct tg_field *f = r->field;
  if (f->has_default) return refuse(r, "'default' is there twice");
  skip_spaces(r);
  bool quoted = r->at < r->line.len && r->line.ptr[r->at] == '\'';
  struct tg_text word;
  if (quoted) {
    enum tg_rc rc = read_quoted(r, &word);
    if (rc != TG_OK) return rc;
  } else
    word = next(r);
  if (!quoted && (!word.len || is_keyword(word)))
    return refuse(r, "a literal is missing behind 'default': 'text', a number, true or false");
  if (!quoted && is_word(word, "null"))
    return refuse(r, "a missing value is null anyway: leave 'default null' out");
  enum tg_rc rc = check_default(r, word, quoted);
  f->has_default = true;
  f->default_text = quoted ? word : tg_arena_copy(r->arena, word);
  if (rc == TG_OK && !f->default_text.ptr) return no_memory(r);
  return rc;
}

/* --- source ------------------------------------------------------------------------------------
 */

static bool ends_step(char c)
{
  return c == '.' || c == '|' || c == '"' || c == '@' || is_space(c);
}

static enum tg_rc read_step(struct reader *r, struct tg_text *out)
{
  if (r->at < r->line.len && r->line.ptr[r->at] == '"') return read_quoted(r, out);
  uint32_t from = r->at;
  while (r->at < r->line.len && !ends_step(r->line.ptr[r->at])) r->at++;
  if (r->at == from)
    return refuse(r, "a step of the path behind '@' is empty: write \"@ address.country\"");
  *out = tg_arena_copy(r->arena, tg_text_of(r->line.ptr + from, r->at - from));
  return out->ptr ? TG_OK : no_memory(r);
}

static bool take_char(struct reader *r, char c)
{
  if (r->at >= r->line.len || r->line.ptr[r->at] != c) return false;
  r->at++;
  return true;
}

static enum tg_rc read_path(struct reader *r, struct tg_path *path)
{
  skip_spaces(r);
  do {
    if (path->count == TG_PATH_DEPTH_MAX)
      return refuse(r, "a path has at most %d steps", TG_PATH_DEPTH_MAX);
    enum tg_rc rc = read_step(r, &path->steps[path->count]);
    if (rc != TG_OK) return rc;
    path->count++;
  } while (take_char(r, '.'));
  return TG_OK;
}

static const struct {
  const char *name;
  enum tg_source source;
} kafka_names[] = {{"timestamp", TG_FROM_TIMESTAMP},
                   {"key", TG_FROM_KEY},
                   {"offset", TG_FROM_OFFSET},
                   {"partition", TG_FROM_PARTITION},
                   {"value", TG_FROM_RAW},
                   {"size", TG_FROM_SIZE},
                   {NULL, TG_FROM_VALUE}};

/* "kafka.timestamp", "kafka.header.NAME" behind '@'; the header's name is the rest of the word,
 * dots included. */
static enum tg_rc read_kafka(struct reader *r)
{
  struct tg_text word = next(r);
  struct tg_text rest = tg_text_of(word.ptr + 6, word.len - 6);
  char shown[SHOWN];
  if (rest.len > 7 && memcmp(rest.ptr, "header.", 7) == 0) {
    r->field->source = TG_FROM_HEADER;
    r->field->header = tg_arena_copy(r->arena, tg_text_of(rest.ptr + 7, rest.len - 7));
    return r->field->header.ptr ? TG_OK : no_memory(r);
  }
  for (int i = 0; kafka_names[i].name; i++) {
    if (!tg_text_is(rest, kafka_names[i].name)) continue;
    r->field->source = kafka_names[i].source;
    return TG_OK;
  }
  return refuse(r,
                "@%s is not known: @kafka.timestamp, key, offset, partition, value, size or "
                "header.NAME; a field of the event is written @ \"kafka\".x",
                tg_text_shown(word, shown, sizeof shown));
}

static enum tg_rc read_source(struct reader *r)
{
  if (r->has_path) return refuse(r, "'@' is there twice; write alternates as @ a|b");
  r->has_path = true;
  skip_spaces(r);
  struct tg_text word = peek(r);
  if (word.len >= 6 && memcmp(word.ptr, "kafka.", 6) == 0) return read_kafka(r);
  struct tg_path paths[TG_PATHS_MAX];
  uint32_t count = 0;
  do {
    if (count == TG_PATHS_MAX) return refuse(r, "at most %d alternates behind '@'", TG_PATHS_MAX);
    paths[count].count = 0;
    enum tg_rc rc = read_path(r, &paths[count]);
    if (rc != TG_OK) return rc;
    count++;
    skip_spaces(r);
  } while (take_char(r, '|'));
  r->field->paths = tg_arena_alloc(r->arena, count * sizeof *paths);
  if (!r->field->paths) return no_memory(r);
  memcpy(r->field->paths, paths, count * sizeof *paths);
  r->field->paths_count = count;
  return TG_OK;
}

/* Without '@' the field's own name is the path. */
static enum tg_rc own_path(struct reader *r)
{
  struct tg_path *path = tg_arena_zalloc(r->arena, 1, sizeof *path);
  if (!path) return no_memory(r);
  path->count = 1, path->steps[0] = r->field->name;
  r->field->paths = path, r->field->paths_count = 1;
  return TG_OK;
}

static enum tg_rc read_epoch(struct reader *r)
{
  static const char *const names[] = {"epoch_s", "epoch_ms", "epoch_us"};
  struct tg_text word = next(r);
  char shown[SHOWN];
  if (r->has_epoch) return refuse(r, "'as' is there twice");
  r->has_epoch = true;
  for (int i = 0; i < 3; i++)
    if (is_word(word, names[i])) r->field->epoch = (enum tg_epoch)(TG_EPOCH_S + i);
  if (r->field->epoch != TG_EPOCH_NONE) return TG_OK;
  return refuse(r, "'as %s': expected epoch_s, epoch_ms or epoch_us",
                tg_text_shown(word, shown, sizeof shown));
}

/* --- the line ----------------------------------------------------------------------------------
 */

static enum tg_rc set_flag(struct reader *r, bool *flag, const char *name)
{
  if (*flag) return refuse(r, "'%s' is there twice", name);
  *flag = true;
  return TG_OK;
}

static enum tg_rc read_option(struct reader *r)
{
  struct tg_text word = next(r);
  char shown[SHOWN];
  if (is_word(word, "@")) return read_source(r);
  if (is_word(word, "as")) return read_epoch(r);
  if (is_word(word, "default")) return read_default(r);
  if (is_word(word, "computed")) return set_flag(r, &r->computed, "computed");
  if (is_word(word, "unstored")) return set_flag(r, &r->field->unstored, "unstored");
  if (is_word(word, "not") && is_word(next(r), "null"))
    return set_flag(r, &r->field->not_null, "not null");
  const char *near = tg_text_nearest(word, keywords);
  return refuse(r,
                "'%s' is not expected here%s%s: after the type come not null, default, @ path, "
                "as epoch_ms, computed, unstored",
                tg_text_shown(word, shown, sizeof shown), near ? "; did you mean " : "",
                near ? near : "");
}

static bool is_time_or_date(struct tg_type t)
{
  return tg_type_is_time(t) && t.kind != TG_TIME;
}

/* The types that a part of the message can have. */
static enum tg_rc check_kafka_type(struct reader *r)
{
  struct tg_type t = r->field->type;
  const char *expected = NULL;
  switch (r->field->source) {
  case TG_FROM_TIMESTAMP:
    if (t.kind != TG_TIMESTAMPTZ && t.kind != TG_TIMESTAMP) expected = "timestamptz";
    break;
  case TG_FROM_OFFSET:
    if (t.kind != TG_INT8) expected = "bigint";
    break;
  case TG_FROM_PARTITION:
  case TG_FROM_SIZE:
    if (t.kind != TG_INT4 && t.kind != TG_INT8) expected = "integer or bigint";
    break;
  case TG_FROM_RAW:
    if (!tg_type_is_text(t) && t.kind != TG_BYTEA && t.kind != TG_JSON && t.kind != TG_JSONB)
      expected = "bytea, text, json or jsonb";
    break;
  default: break;
  }
  if (t.array && !expected) expected = "a single value, not an array";
  return expected ? refuse(r, "this part of the message needs the type %s", expected) : TG_OK;
}

static enum tg_rc check_whole(struct reader *r)
{
  struct tg_field *f = r->field;
  if (r->computed) {
    if (r->has_path || r->has_epoch || f->has_default)
      return refuse(r, "a computed field has no @, as or default: the transform sets it");
    f->source = TG_FROM_NOWHERE;
    return TG_OK;
  }
  if (r->has_epoch && (f->source != TG_FROM_VALUE || f->type.array || !is_time_or_date(f->type)))
    return refuse(r, "'as epoch_..' is for timestamptz, timestamp and date out of the event");
  if (f->source != TG_FROM_VALUE) return check_kafka_type(r);
  return r->has_path ? TG_OK : own_path(r);
}

enum tg_rc tg_field_parse(struct tg_arena *a, struct tg_text line, struct tg_field *out,
                          struct tg_err *err)
{
  *out = (struct tg_field){.source = TG_FROM_VALUE};
  struct reader r = {.arena = a, .line = line, .field = out, .err = err};
  if (line.len > LINE_BYTES_MAX)
    return refuse(&r, "the line has %u bytes, at most %d are allowed", line.len, LINE_BYTES_MAX);
  if (!tg_text_utf8(line) || (line.len && memchr(line.ptr, '\0', line.len)))
    return refuse(&r, "the line is not valid UTF-8 text");
  enum tg_rc rc = read_name(&r);
  if (rc == TG_OK) rc = read_type(&r);
  while (rc == TG_OK && peek(&r).len) rc = read_option(&r);
  return rc == TG_OK ? check_whole(&r) : rc;
}
