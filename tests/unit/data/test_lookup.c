/* Lookups: what a snapshot is made of, what it answers, what it refuses. */
#include "columns.h"

#include "core/data/lookup.h"

static struct tg_lookup *made;

static int teardown(void **state)
{
  tg_lookup_drop(made);
  made = NULL;
  return arena_teardown(state);
}

/* "ccy text; rate": a column without a type finds its own. */
static uint32_t columns_of(const char *text, struct tg_lookup_column *out)
{
  uint32_t n = 0;
  for (; *text; n++) {
    size_t len = strcspn(text, ";"), name = strcspn(text, " ;");
    out[n] = (struct tg_lookup_column){.name = tg_text_of(text, name), .typed = name < len};
    char type[64];
    snprintf(type, sizeof type, "%.*s", (int)(len - name), text + name);
    if (out[n].typed) out[n].type = type_named(type + 1);
    text += len;
    if (*text) text += 2;
  }
  return n;
}

struct spec {
  const char *columns, *rows; /* rows: "EUR 1;USD 0.9"; "-" is null, 'x is a quoted x */
  uint32_t keys;
  size_t bytes;
};

static enum tg_rc make(const struct spec *spec)
{
  struct tg_lookup_column columns[8];
  struct tg_lookup_shape shape = {.name = "rates", .columns = columns, .keys_count = spec->keys};
  shape.columns_count = columns_of(spec->columns, columns);
  shape.bytes_max = spec->bytes ? spec->bytes : 1 << 20;
  struct tg_lookupmake *m = tg_lookupmake_new(&shape);
  enum tg_rc rc = m ? TG_OK : TG_CONFIG;
  for (const char *p = spec->rows; rc == TG_OK && *p;) {
    struct tg_lookup_cell cells[8] = {{{NULL, 0}, false}};
    for (uint32_t c = 0; c < shape.columns_count; c++) {
      size_t len = strcspn(p, " ;");
      bool quoted = *p == '\'';
      if (*p != '-' || len > 1)
        cells[c] = (struct tg_lookup_cell){tg_text_of(p + quoted, len - quoted), quoted};
      p += len;
      if (*p) p++;
    }
    rc = tg_lookupmake_add(m, cells, &err);
  }
  if (rc == TG_OK) rc = tg_lookupmake_end(m, "v1", &made, &err);
  tg_lookupmake_free(m);
  return rc;
}

#define MAKE(columns, rows, keys)                                                                  \
  assert_int_equal(make(&(struct spec){columns, rows, keys, 0}), TG_OK)

static bool find(struct tg_column *key, struct tg_found *found)
{
  return tg_lookup_find(&op, made, &key, 1, found);
}

static struct tg_column *get(struct tg_column *key, const char *name)
{
  struct tg_found found;
  int32_t value = tg_lookup_value(made, tg_text(name));
  assert_true(value >= 0);
  return find(key, &found) ? tg_lookup_get(&op, &found, (uint32_t)value) : NULL;
}

static struct tg_column *has(struct tg_column *key)
{
  struct tg_found found;
  return find(key, &found) ? tg_lookup_has(&op, &found) : NULL;
}

static void found_missing_and_null_keys(void **state)
{
  (void)state;
  MAKE("ccy text; rate numeric(8,2)", "EUR 1;USD 0.90;CHF -", 1);
  assert_column(get(column("text", "EUR USD CHF GBP null !out"), "rate"),
                "1.00 0.90 null !not found in the lookup null !out of range");
  assert_column(has(column("text", "EUR GBP null CHF")), "true false null true");
}

static void repeated_texts_are_answered_alike(void **state)
{
  (void)state;
  MAKE("ccy text; rate", "EUR 1;USD 2", 1);
  static const char *const codes[] = {"EUR", "USD", "GBP"};
  char text[2048];
  size_t len = 0;
  for (int i = 0; i < 300; i++)
    len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "", codes[i % 3]);
  struct tg_column *key = column("text", text), *rate = get(key, "rate");
  assert_non_null(rate);
  assert_non_null(key->dict);
  for (uint32_t i = 0; i < 300; i++) {
    assert_int_equal(tg_column_nul(rate, i), i % 3 == 2 ? TG_MISS : TG_SOME);
    assert_int_equal(rate->v.ints[i], i % 3 == 2 ? 0 : i % 3 + 1);
  }
}

static void whole_numbers_and_decimals_meet_by_value(void **state)
{
  (void)state;
  MAKE("id numeric(6,2); name", "7 seven;7.5 more;-3 minus", 1);
  assert_column(get(column("bigint", "7 -3 8 9223372036854775807"), "name"),
                "seven minus !not found in the lookup !not found in the lookup");
  assert_column(get(column("numeric(8,4)", "7.5000 7.0001"), "name"),
                "more !not found in the lookup");
}

static void whole_keys_are_found_by_decimals(void **state)
{
  (void)state;
  MAKE("id bigint; name", "7 seven;0 none", 1);
  assert_column(has(column("numeric(8,2)", "7.00 7.01 0.00 -0.01")), "true false true false");
  assert_column(has(column("smallint", "7 1")), "true false");
}

static void uuids_dates_and_instants_are_keys(void **state)
{
  (void)state;
  MAKE("id uuid; n", "00000000-0000-4000-8000-000000000001 1", 1);
  assert_column(get(column("uuid", "00000000-0000-4000-8000-000000000001 "
                                   "00000000-0000-4000-8000-000000000002"),
                    "n"),
                "1 !not found in the lookup");
  tg_lookup_drop(made);
  MAKE("day date; n", "2026-01-01 5", 1);
  assert_column(get(column("date", "2026-01-01 2026-01-02"), "n"), "5 !not found in the lookup");
  tg_lookup_drop(made);
  MAKE("at timestamptz; n", "2026-01-01T00:00:00Z 5", 1);
  assert_column(get(column("timestamp", "2026-01-01T00:00:00"), "n"), "5");
}

static void keys_of_several_columns_are_compared_all(void **state)
{
  (void)state;
  MAKE("a; b; n", "x 1 10;x 2 20;y 1 30", 2);
  struct tg_column *keys[] = {column("text", "x x y y null"), column("integer", "1 2 1 2 1")};
  struct tg_found found;
  assert_true(tg_lookup_find(&op, made, keys, 2, &found));
  assert_column(tg_lookup_get(&op, &found, 2), "10 20 30 !not found in the lookup null");
  assert_false(tg_lookup_find(&op, made, keys, 1, &found));
  assert_non_null(strstr(err.what, "2 key columns, not 1"));
}

static void types_are_those_that_hold_all_values(void **state)
{
  (void)state;
  char name[64];
  MAKE("k; whole; part; code; yes; mixed; none", "a 1 1.5 007 true 1 -;b 22 2 8 false x -", 1);
  const char *const types[] = {"text",    "bigint", "numeric(18,1)", "text",
                               "boolean", "text",   "text"};
  for (uint32_t i = 0; i < 7; i++)
    assert_string_equal(tg_type_name(made->columns[i]->type, name, sizeof name), types[i]);
}

static void a_quoted_number_is_a_text(void **state)
{
  (void)state;
  char name[64];
  MAKE("k; v", "'1 'true;'2 'false", 1);
  assert_string_equal(tg_type_name(made->columns[0]->type, name, sizeof name), "text");
  assert_string_equal(tg_type_name(made->columns[1]->type, name, sizeof name), "text");
}

static void a_loose_numeric_is_held_in_eighteen_digits(void **state)
{
  (void)state;
  MAKE("k text; v numeric", "a 1.25;b 3", 1);
  assert_int_equal(tg_type_store(made->columns[1]->type), TG_STORE_INT);
  assert_column(get(column("text", "b a"), "v"), "3.00 1.25");
  tg_lookup_drop(made);
  MAKE("k text; v numeric", "a 1234567890123456789.25", 1);
  assert_column(get(column("text", "a"), "v"), "1234567890123456789.25");
}

static void an_empty_snapshot_answers_no(void **state)
{
  (void)state;
  MAKE("k text; v integer", "", 1);
  assert_column(has(column("text", "a null")), "false null");
  assert_column(get(column("text", "a"), "v"), "!not found in the lookup");
}

static void a_batch_without_rows_gets_empty_columns(void **state)
{
  (void)state;
  MAKE("k text; v integer", "a 1", 1);
  struct tg_column *key = column("text", "");
  op.rows = key->rows = 0;
  assert_column(get(key, "v"), "");
}

static void refused(const struct spec *spec, const char *why)
{
  assert_int_not_equal(make(spec), TG_OK);
  if (!strstr(err.what, why)) fail_msg("expected %s, got %s", why, err.what);
}

static void faults_are_named(void **state)
{
  (void)state;
  refused(&(struct spec){"k text; v", "a 1;b 2;a 3", 1, 0},
          "the key a is there twice (rows 1 and 3)");
  refused(&(struct spec){"k text; v", "a 1;- 2", 1, 0}, "row 2: the key 'k' is null");
  refused(&(struct spec){"k text; v integer", "a 1;b x", 1, 0}, "row 2: v: 'x'");
  refused(&(struct spec){"k double precision; v", "1 1", 1, 0}, "which cannot be one");
}

static void the_cap_of_bytes_holds(void **state)
{
  (void)state;
  static char rows[200000];
  char *p = rows;
  for (int i = 0; i < 10000; i++) p += snprintf(p, 32, "k%d %d;", i, i);
  p[-1] = '\0';
  refused(&(struct spec){"k text; v", rows, 1, 100 << 10}, "raise lookups.bytes");
  MAKE("k text; v", rows, 1);
  assert_true(made->arena.bytes_held <= 1 << 20);
  assert_column(get(column("text", "k9999 k0 k10000"), "v"), "9999 0 !not found in the lookup");
}

static void sums_leave_nulls_out(void **state)
{
  (void)state;
  struct tg_lookup_sums sums;
  MAKE("k text; v numeric(6,2); f real; t text; n text", "a 1.10 1 x -;b 2.25 -2 y -;c - 4 z -", 1);
  assert_true(tg_lookup_sums(made, 1, &sums));
  assert_int_equal(sums.count, 2);
  assert_true(sums.sum == 3.35 && sums.min == 1.1 && sums.max == 2.25);
  assert_true(tg_lookup_sums(made, 2, &sums));
  assert_true(sums.count == 3 && sums.sum == 3 && sums.min == -2 && sums.max == 4);
  assert_false(tg_lookup_sums(made, 3, &sums));
  assert_true(tg_lookup_sums(made, 4, &sums));
  assert_int_equal(sums.count, 0);
}

static void types_that_never_meet_are_refused(void **state)
{
  (void)state;
  MAKE("k bigint; v", "1 1", 1);
  assert_refused(has(column("text", "1")), "its key 'k' is bigint, the column asked for is text");
  assert_refused(has(column("date", "2026-01-01")), "is date");
}

static bool always_late(void *self)
{
  return (void)self, true;
}

static void the_deadline_is_looked_at(void **state)
{
  (void)state;
  MAKE("k bigint; v", "1 1", 1);
  struct tg_column *key = column("bigint", "1");
  op.late = always_late;
  assert_refused(has(key), "deadline");
}

int main(void)
{
#define L(f) cmocka_unit_test_setup_teardown(f, arena_setup, teardown)
  const struct CMUnitTest tests[] = {
      L(found_missing_and_null_keys),
      L(repeated_texts_are_answered_alike),
      L(whole_numbers_and_decimals_meet_by_value),
      L(whole_keys_are_found_by_decimals),
      L(uuids_dates_and_instants_are_keys),
      L(keys_of_several_columns_are_compared_all),
      L(types_are_those_that_hold_all_values),
      L(a_quoted_number_is_a_text),
      L(a_loose_numeric_is_held_in_eighteen_digits),
      L(an_empty_snapshot_answers_no),
      L(a_batch_without_rows_gets_empty_columns),
      L(faults_are_named),
      L(the_cap_of_bytes_holds),
      L(sums_leave_nulls_out),
      L(types_that_never_meet_are_refused),
      L(the_deadline_is_looked_at),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
