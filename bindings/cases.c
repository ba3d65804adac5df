/* One line of cases: JSON -> trial -> what came out, compared with what was expected. */
#include "bindings/cases.h"

#include "bindings/trial.h"
#include "core/data/timeparse.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

struct running_case {
  struct tg_program *p;
  json_t *root, *data, *params, *types, *expect; /* all but root are borrowed from it */
  json_t *observed;                              /* what was seen; owned */
  struct tg_trial trial;
  struct tg_test_batch rows;
  const char *null_type; /* of columns without a value, in this attempt */
  const char *why;       /* what differs, or NULL */
};

/* --- the table --- */

static bool is_number(const json_t *v)
{
  const char *text = json_string_value(v);
  return json_is_number(v) || (text && (strcmp(text, "$inf") == 0 || strcmp(text, "$-inf") == 0 ||
                                        strcmp(text, "$nan") == 0));
}

static bool is_integer(const json_t *v)
{
  return json_is_integer(v);
}

static bool is_string(const json_t *v)
{
  return json_is_string(v);
}

static bool is_boolean(const json_t *v)
{
  return json_is_boolean(v);
}

static bool is_timestamp(const json_t *v)
{
  int64_t us;
  return json_is_string(v) && !tg_timeparse_timestamptz(tg_text(json_string_value(v)), 0, &us);
}

static bool is_date(const json_t *v)
{
  int64_t days;
  return json_is_string(v) && !tg_timeparse_date(tg_text(json_string_value(v)), &days);
}

static const struct kind {
  const char *name, *type;
  bool (*holds)(const json_t *value); /* NULL: any value */
} KINDS[] = {
    {"integer", "bigint", is_integer},
    {"number", "double precision", is_number},
    {"string", "text", is_string},
    {"boolean", "boolean", is_boolean},
    {"date", "date", is_date},
    {"timestamp", "timestamp with time zone", is_timestamp},
    {"null", NULL, NULL},
    {"mixed", "jsonb", NULL},
};

/* The type of a column, jsonb when its values are not what was said; NULL for an unknown kind. */
static const char *type_of(const struct running_case *c, const char *column, const json_t *values)
{
  const char *name = json_string_value(json_object_get(c->types, column));
  const struct kind *kind = NULL;
  bool holds = true, any = false;
  for (size_t i = 0; name && i < sizeof KINDS / sizeof *KINDS; i++) {
    if (strcmp(KINDS[i].name, name) == 0) kind = &KINDS[i];
  }
  if (!kind) return NULL;
  for (size_t i = 0; i < json_array_size(values); i++) {
    const json_t *v = json_array_get(values, i);
    if (json_is_null(v)) continue;
    any = true;
    holds = holds && (!kind->holds || kind->holds(v));
  }
  if (!kind->type && !any) return c->null_type;
  return kind->type && holds ? kind->type : "jsonb";
}

static enum tg_rc add_columns(struct running_case *c, struct tg_err *err)
{
  const char *name;
  json_t *values;
  json_object_foreach(c->data, name, values)
  {
    const char *type = type_of(c, name, values);
    if (!json_is_array(values) || !type) {
      return tg_err_set(err, TG_CONFIG, name,
                        type ? "data of a column is a list" : "types does not say what it holds");
    }
    enum tg_rc rc = tg_trial_column(&c->trial, tg_text(name), type, err);
    if (rc != TG_OK) return rc;
  }
  return TG_OK;
}

/* As many rows as the first column has, and all others must have. */
static enum tg_rc count_rows(struct running_case *c, struct tg_err *err)
{
  const char *name;
  json_t *values, *first = json_object_iter_value(json_object_iter(c->data));
  size_t rows = json_array_size(first);
  json_object_foreach(c->data, name, values)
  {
    if (json_array_size(values) == rows) continue;
    return tg_err_set(err, TG_CONFIG, name, "%zu values where the first column has %zu",
                      json_array_size(values), rows);
  }
  c->rows.count = (uint32_t)rows;
  if (rows <= TG_TEST_ROWS_MAX) return TG_OK;
  return tg_err_set(err, TG_CONFIG, "data", "more than %d rows", TG_TEST_ROWS_MAX);
}

static int add_bytes(const char *bytes, size_t size, void *out)
{
  tg_buf_add(out, bytes, size);
  return 0;
}

/* A value as the decoder reads it. */
static void add_value(struct tg_buf *out, const json_t *value)
{
  static const struct {
    const char *written, *read;
  } numbers[] = {{"$inf", "\"Infinity\""}, {"$-inf", "\"-Infinity\""}, {"$nan", "\"NaN\""}};
  const char *text = json_string_value(value);
  for (size_t i = 0; text && *text == '$' && i < 3; i++) {
    if (strcmp(text, numbers[i].written) == 0) return tg_buf_str(out, numbers[i].read);
  }
  json_dump_callback(value, add_bytes, out, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void add_row(const struct running_case *c, size_t row, struct tg_buf *out)
{
  const char *name, *between = "{";
  json_t *values;
  tg_buf_clear(out);
  json_object_foreach(c->data, name, values)
  {
    tg_buf_str(out, between);
    tg_buf_json(out, tg_text(name));
    tg_buf_char(out, ':');
    add_value(out, json_array_get(values, row));
    between = ",";
  }
  tg_buf_str(out, *between == '{' ? "{}" : "}");
}

static enum tg_rc add_rows(struct running_case *c, struct tg_err *err)
{
  struct tg_buf row;
  enum tg_rc rc = TG_OK;
  struct tg_arena *a = &c->trial.run.arena;
  tg_buf_init(&row, TG_TEST_BYTES_MAX);
  c->rows.rows = tg_arena_zalloc(a, c->rows.count, sizeof *c->rows.rows);
  for (uint32_t i = 0; c->rows.rows && i < c->rows.count; i++) {
    add_row(c, i, &row);
    c->rows.rows[i] = tg_arena_copy(a, tg_buf_view(&row));
    if (row.failed || !c->rows.rows[i].ptr) rc = TG_FULL;
  }
  tg_buf_fini(&row);
  if (c->rows.rows && rc == TG_OK) return TG_OK;
  return tg_err_set(err, TG_CONFIG, "data", "larger than %d MiB", TG_TEST_BYTES_MAX >> 20);
}

/* --- what was expected --- */

static bool same(const json_t *want, const json_t *got, double tolerance);

/* The same elements, in any order. */
static bool same_list(const json_t *want, const json_t *got, double tolerance)
{
  size_t count = json_array_size(want), found = 0;
  bool *taken = calloc(count + 1, sizeof *taken);
  if (!taken || !json_is_array(got) || json_array_size(got) != count) return free(taken), false;
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < count; j++) {
      if (taken[j] || !same(json_array_get(want, i), json_array_get(got, j), tolerance)) continue;
      taken[j] = true, found++;
      break;
    }
  }
  free(taken);
  return found == count;
}

static bool same_object(const json_t *want, const json_t *got, double tolerance)
{
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)want, key, value)
  {
    if (!same(value, json_object_get(got, key), tolerance)) return false;
  }
  return true;
}

static bool same_number(double want, double got, double tolerance)
{
  if (want == got) return true;
  double difference = fabs(want - got);
  return difference <= tolerance || difference <= 1e-9 * fmax(fabs(want), fabs(got));
}

/* Texts, which may be one instant written in two ways. */
static bool same_text(const char *want, const char *got)
{
  int64_t a, b;
  if (strcmp(want, got) == 0) return true;
  return !tg_timeparse_timestamptz(tg_text(want), 0, &a) &&
         !tg_timeparse_timestamptz(tg_text(got), 0, &b) && a == b;
}

static bool same(const json_t *want, const json_t *got, double tolerance)
{
  if (json_is_null(want)) return !got || json_is_null(got);
  if (!got) return false;
  if (json_is_number(want) && json_is_number(got)) {
    return same_number(json_number_value(want), json_number_value(got), tolerance);
  }
  if (json_is_array(want)) return same_list(want, got, tolerance);
  if (json_is_object(want)) return json_is_object(got) && same_object(want, got, tolerance);
  if (json_is_string(want) && json_is_string(got)) {
    return same_text(json_string_value(want), json_string_value(got));
  }
  return json_equal(want, got);
}

static bool same_rows(const struct tg_testrun *run, const json_t *want)
{
  if (json_array_size(want) != run->fails_count) return false;
  for (uint32_t i = 0; i < run->fails_count; i++) {
    if (json_integer_value(json_array_get(want, i)) != run->fails[i] - 1) return false;
  }
  return true;
}

/* The values of the failing rows in the tested column. */
static bool same_values(const struct running_case *c, const json_t *want)
{
  const json_t *column =
      json_object_get(c->data, json_string_value(json_object_get(c->params, "column")));
  json_t *got = json_array();
  for (uint32_t i = 0; i < c->trial.run.fails_count; i++) {
    json_array_append(got, json_array_get(column, c->trial.run.fails[i] - 1));
  }
  bool equal = same_list(want, got, 0);
  json_decref(got);
  return equal;
}

static const char *difference(const struct running_case *c)
{
  const json_t *rows = json_object_get(c->expect, "failing_rows");
  const json_t *values = json_object_get(c->expect, "failing_values");
  const json_t *observed = json_object_get(c->expect, "observed");
  const char *verdict = json_string_value(json_object_get(c->expect, "verdict"));
  double tolerance = json_number_value(json_object_get(c->expect, "tolerance"));
  if (verdict && strcmp(verdict, tg_verdict_name(c->trial.run.verdict)) != 0) return "verdict";
  if (json_is_array(rows) && !same_rows(&c->trial.run, rows)) return "failing_rows";
  if (json_is_array(values) && !same_values(c, values)) return "failing_values";
  return observed && !same(observed, c->observed, tolerance) ? "observed" : NULL;
}

/* --- one line --- */

static enum tg_rc read_case(struct running_case *c, struct tg_text line, struct tg_err *err)
{
  json_error_t fault;
  c->root = json_loadb(line.ptr, line.len, JSON_ALLOW_NUL | JSON_DECODE_ANY, &fault);
  if (!c->root) return tg_err_set(err, TG_CONFIG, "case", "not JSON: %s", fault.text);
  c->data = json_object_get(c->root, "data");
  c->params = json_object_get(c->root, "params");
  c->types = json_object_get(c->root, "types");
  c->expect = json_object_get(c->root, "expect");
  if (json_string_value(json_object_get(c->root, "id")) && json_is_object(c->data) &&
      json_string_value(json_object_get(c->root, "rule")) && json_is_object(c->params)) {
    return TG_OK;
  }
  return tg_err_set(err, TG_CONFIG, "case", "a case has id, rule, params, types and data");
}

/* Bound and judged with c->null_type for the columns without a value. */
static enum tg_rc attempt(struct running_case *c, struct tg_err *err)
{
  const char *rule = json_string_value(json_object_get(c->root, "rule"));
  uint32_t columns = (uint32_t)json_object_size(c->data);
  enum tg_rc rc = tg_trial_open(&c->trial, c->p, columns, err);
  if (rc == TG_OK) rc = count_rows(c, err);
  if (rc == TG_OK) rc = add_columns(c, err);
  if (rc == TG_OK) rc = add_rows(c, err);
  if (rc == TG_OK)
    rc = tg_trial_bind(&c->trial, rule, c->params, json_object_get(c->root, "tables"), err);
  return rc == TG_OK ? tg_trial_judge(&c->trial, &c->rows, err) : rc;
}

static bool has_null_column(const struct running_case *c)
{
  const char *name;
  json_t *kind;
  json_object_foreach(c->types, name, kind)
  {
    if (json_is_string(kind) && strcmp(json_string_value(kind), "null") == 0) return true;
  }
  return false;
}

/* The first type that can be judged; the trial is left open. */
static enum tg_rc try_case(struct running_case *c, struct tg_err *err)
{
  static const char *const types[] = {"jsonb", "text", "double precision",
                                      "timestamp with time zone", "boolean"};
  size_t count = has_null_column(c) ? sizeof types / sizeof *types : 1;
  enum tg_rc rc = TG_OK;
  for (size_t i = 0; i < count; i++) {
    if (i) tg_trial_close(&c->trial);
    c->null_type = types[i];
    rc = attempt(c, err);
    if (rc != TG_OK || c->trial.run.verdict != TG_VERDICT_ERROR) break;
  }
  return rc;
}

static void compare(struct running_case *c)
{
  const struct tg_testrun *run = &c->trial.run;
  if (run->outcomes_count && run->outcomes[0].seen) {
    json_t *seen = json_loads(run->outcomes[0].seen, 0, NULL);
    c->observed = json_incref(json_object_get(seen, "observed"));
    json_decref(seen);
  }
  if (json_is_object(c->expect)) c->why = difference(c);
}

static void add_text(struct tg_buf *out, const char *name, const char *text)
{
  if (!text) return;
  tg_buf_printf(out, ",\"%s\":", name);
  tg_buf_json(out, tg_text(text));
}

static void write_result(const struct running_case *c, struct tg_buf *out)
{
  const struct tg_testrun *run = &c->trial.run;
  tg_buf_str(out, "{\"id\":");
  tg_buf_json(out, tg_text(json_string_value(json_object_get(c->root, "id"))));
  tg_buf_printf(out, ",\"verdict\":\"%s\",\"failing_rows\":[",
                tg_verdict_name(c->trial.run.verdict));
  for (uint32_t i = 0; i < run->fails_count; i++) {
    tg_buf_printf(out, "%s%u", i ? "," : "", run->fails[i] - 1);
  }
  tg_buf_printf(out, "],\"evaluated\":%u,\"observed\":", run->evaluated);
  if (c->observed) {
    json_dump_callback(c->observed, add_bytes, out, JSON_ENCODE_ANY | JSON_COMPACT);
  } else {
    tg_buf_str(out, "null");
  }
  tg_buf_printf(out, ",\"ok\":%s", !json_is_object(c->expect) ? "null" : c->why ? "false" : "true");
  add_text(out, "error", run->error);
  add_text(out, "why", c->why);
  tg_buf_str(out, "}\n");
}

static void count_case(const struct running_case *c, struct tg_case_counts *counts)
{
  bool silent = !json_is_object(c->expect);
  counts->run++;
  counts->unexpected += silent;
  counts->ok += !silent && !c->why;
}

enum tg_rc tg_case_run(struct tg_program *p, struct tg_text line, struct tg_buf *out,
                       struct tg_case_counts *counts, struct tg_err *err)
{
  struct running_case c = {.p = p};
  struct tg_arena_mark mark = tg_arena_mark(&p->arena);
  enum tg_rc rc = read_case(&c, line, err);
  if (rc == TG_OK) {
    rc = try_case(&c, err);
    if (rc == TG_OK) compare(&c);
    if (rc == TG_OK) write_result(&c, out);
    if (rc == TG_OK) count_case(&c, counts);
    tg_trial_close(&c.trial);
  }
  tg_arena_release(&p->arena, mark);
  json_decref(c.observed);
  json_decref(c.root);
  return rc;
}
