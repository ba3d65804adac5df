/* A series: rows -> batches -> trial -> a line each. */
#include "core/app/series.h"

#include "bindings/rowfile.h"
#include "bindings/trial.h"
#include "core/base/buf.h"
#include "core/base/clock.h"

#include <inttypes.h>
#include <jansson.h>

enum { ROWS_SHOWN_MAX = 1000 };
#define TEXT_BYTES_MAX (UINT32_C(3) << 30)

struct series {
  const struct tg_series_conf *conf;
  struct tg_buf text; /* the whole input: rows are views of it */
  struct tg_arena arena;
  struct tg_rowfile file;
  json_t *params, *types;
  struct tg_trial trial;
  bool opened;
  struct tg_buf line;
};

/* --- reading --- */

static enum tg_rc read_all(struct series *s, FILE *f, struct tg_err *err)
{
  size_t got;
  do {
    if (!tg_buf_reserve(&s->text, 1 << 16)) break;
    got = fread(s->text.ptr + s->text.len, 1, 1 << 16, f);
    s->text.len += got;
  } while (got);
  if (s->text.failed) return tg_err_set(err, TG_DATA, "input", "more than 3 GiB, or no memory");
  if (ferror(f)) return tg_err_set(err, TG_DATA, "input", "cannot be read");
  return tg_rowfile_read(&s->file, tg_buf_view(&s->text), s->conf->time, &s->arena, err);
}

static enum tg_rc read_object(const char *name, const char *text, json_t **out, struct tg_err *err)
{
  json_error_t why;
  *out = text ? json_loads(text, JSON_DECODE_ANY, &why) : json_object();
  if (!*out) return tg_err_set(err, TG_CONFIG, name, "not JSON: %s", text ? why.text : "no memory");
  return json_is_object(*out) ? TG_OK : tg_err_set(err, TG_CONFIG, name, "not a JSON object");
}

static enum tg_rc add_columns(struct series *s, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  for (uint32_t i = 0; rc == TG_OK && i < s->file.columns_count; i++) {
    const struct tg_rowfile_column *c = &s->file.columns[i];
    const json_t *type = json_object_getn(s->types, c->name.ptr, c->name.len);
    const char *given = json_string_value(type);
    rc = tg_trial_column(&s->trial, c->name, given ? given : c->type, err);
  }
  return rc;
}

static enum tg_rc bind(struct series *s, struct tg_program *p, struct tg_err *err)
{
  enum tg_rc rc = tg_trial_open(&s->trial, p, s->file.columns_count, err);
  s->opened = true;
  if (rc == TG_OK) rc = add_columns(s, err);
  if (rc == TG_OK) rc = tg_trial_bind(&s->trial, s->conf->rule, s->params, NULL, err);
  if (rc == TG_OK && s->trial.run.error) {
    return tg_err_set(err, TG_CONFIG, s->conf->rule, "%s", s->trial.run.error);
  }
  return rc;
}

/* --- showing --- */

static int add_bytes(const char *bytes, size_t size, void *out)
{
  tg_buf_add(out, bytes, size);
  return 0;
}

static void add_seen(struct tg_buf *out, const json_t *seen)
{
  static const char *const always[] = {"observed", "expected", "low", "high", "score"};
  static const char *const further[] = {"min", "max", "approx", "key"};
  for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
    const json_t *value = json_object_get(seen, always[i]);
    tg_buf_printf(out, ",\"%s\":", always[i]);
    if (!value) tg_buf_str(out, "null");
    if (value) json_dump_callback(value, add_bytes, out, JSON_ENCODE_ANY | JSON_COMPACT);
  }
  for (size_t i = 0; i < sizeof further / sizeof *further; i++) {
    const json_t *value = json_object_get(seen, further[i]);
    if (!value) continue;
    tg_buf_printf(out, ",\"%s\":", further[i]);
    json_dump_callback(value, add_bytes, out, JSON_ENCODE_ANY | JSON_COMPACT);
  }
}

struct judged { /* one batch */
  uint32_t number, first, rows;
  const struct tg_testrun *run;
  const struct tg_test_outcome *outcome;
  json_t *seen;
};

static void json_line(struct tg_buf *out, const struct judged *j)
{
  const struct tg_testrun *run = j->run;
  tg_buf_printf(out, "{\"batch\":%u,\"first_row\":%u,\"rows\":%u,\"verdict\":\"%s\"", j->number,
                j->first, j->rows, tg_verdict_name(run->verdict));
  add_seen(out, j->seen);
  tg_buf_printf(out, ",\"evaluated\":%u,\"failed\":%u,\"failing_rows\":[", j->outcome->evaluated,
                j->outcome->failed);
  for (uint32_t i = 0; i < run->fails_count && i < ROWS_SHOWN_MAX; i++) {
    tg_buf_printf(out, "%s%u", i ? "," : "", j->first + run->fails[i] - 1);
  }
  tg_buf_char(out, ']');
  if (run->error) tg_buf_str(out, ",\"error\":"), tg_buf_json(out, tg_text(run->error));
  tg_buf_str(out, "}\n");
}

static void people_line(struct tg_buf *out, const struct judged *j)
{
  static const char *const names[] = {"observed", "expected", "low", "high", "score"};
  tg_buf_printf(out, "rows %u-%u: %s, evaluated %u", j->first, j->first + j->rows - 1,
                tg_verdict_name(j->run->verdict), j->outcome->evaluated);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const json_t *value = json_object_get(j->seen, names[i]);
    if (!value || json_is_null(value)) continue;
    tg_buf_printf(out, ", %s ", names[i]);
    json_dump_callback(value, add_bytes, out, JSON_ENCODE_ANY | JSON_COMPACT);
  }
  if (j->run->fails_count) {
    tg_buf_printf(out, ", failed %u: row %u: %s", j->run->fails_count,
                  j->first + j->run->fails[0] - 1, j->run->reasons[0]);
  }
  if (j->run->error) tg_buf_printf(out, ", %s", j->run->error);
  tg_buf_char(out, '\n');
}

static void show(struct series *s, struct judged *j)
{
  static const struct tg_test_outcome none;
  j->outcome = j->run->outcomes_count ? &j->run->outcomes[0] : &none;
  j->seen = j->outcome->seen ? json_loads(j->outcome->seen, 0, NULL) : NULL;
  tg_buf_clear(&s->line);
  (s->conf->json ? json_line : people_line)(&s->line, j);
  fputs(tg_buf_cstr(&s->line), stdout);
  json_decref(j->seen);
}

/* --- judging --- */

/* When Kafka got the rows of a batch. */
static const int64_t *times(const struct series *s, uint32_t first, uint32_t rows, int64_t *made)
{
  if (s->file.times_us) return s->file.times_us + first;
  for (uint32_t i = 0; i < rows; i++) made[i] = TG_TEST_START_US + (first + i) * TG_SEC;
  return made;
}

static enum tg_rc judge_all(struct series *s, struct tg_err *err)
{
  int64_t rows = s->conf->batch ? s->conf->batch : s->file.count ? s->file.count : 1;
  uint32_t size = rows < s->file.count ? (uint32_t)rows : s->file.count;
  int64_t *made = tg_arena_zalloc(&s->arena, size, sizeof *made);
  if (!made) return tg_err_set(err, TG_FULL, "batch", "no memory for %u rows", size);
  enum tg_rc rc = TG_OK;
  for (uint32_t first = 0, n = 0; rc == TG_OK && first < s->file.count; first += size, n++) {
    uint32_t left = s->file.count - first;
    struct judged j = {n, first, left < size ? left : size, &s->trial.run, NULL, NULL};
    struct tg_test_batch batch = {.rows = s->file.rows + first, .count = j.rows, .offset = first};
    batch.kafka_us = times(s, first, j.rows, made);
    rc = tg_trial_judge(&s->trial, &batch, err);
    if (rc == TG_OK) show(s, &j);
  }
  return rc;
}

enum tg_rc tg_series_run(struct tg_program *p, const struct tg_series_conf *conf, FILE *f,
                         struct tg_err *err)
{
  struct series s = {.conf = conf};
  tg_buf_init(&s.text, TEXT_BYTES_MAX);
  tg_buf_init(&s.line, 0);
  tg_arena_init(&s.arena, 1 << 20, 0);
  enum tg_rc rc = read_object("--params", conf->params, &s.params, err);
  if (rc == TG_OK) rc = read_object("--types", conf->types, &s.types, err);
  if (rc == TG_OK) rc = read_all(&s, f, err);
  if (rc == TG_OK) rc = bind(&s, p, err);
  if (rc == TG_OK) rc = judge_all(&s, err);
  if (s.opened) tg_trial_close(&s.trial);
  json_decref(s.params);
  json_decref(s.types);
  tg_arena_fini(&s.arena);
  tg_buf_fini(&s.line);
  tg_buf_fini(&s.text);
  return rc;
}
