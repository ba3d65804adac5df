/* Loads that take the server too long: split between topics, cut where one alone is too big. What
 * a statement may bring before it "takes too long" is a number of rows, so that nothing depends on
 * how busy the machine is; one test waits for the server's own statement_timeout. */
#include "tests/unit/pg/loads.h"

enum { ROWS = 120, PATIENCE = 60 };

/* From now on a's statements may bring this many rows to slow tables. */
static void patience(int rows)
{
  char sql[64];
  snprintf(sql, sizeof sql, "SET test.patience = %d", rows);
  server_exec(a.pg, sql);
}

/* A statement that brings more rows than the session's patience ends as if it had taken too long.
 * Other sessions have all the patience there is. */
static void make_slow(const char *table)
{
  char sql[700];
  snprintf(sql, sizeof sql,
           "CREATE OR REPLACE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
           " IF (SELECT count(*) FROM new_rows) > current_setting('test.patience', true)::int THEN"
           "  RAISE EXCEPTION 'too many rows' USING ERRCODE = 'query_canceled'; END IF;"
           " RETURN NULL; END $$;"
           "CREATE TRIGGER slow AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows"
           " FOR EACH STATEMENT EXECUTE FUNCTION public.slow()",
           table);
  server_exec(b.pg, sql);
  patience(PATIENCE);
}

/* Whoever inserts sleeps until it is ended. */
static void make_stuck(const char *table)
{
  char sql[300];
  snprintf(sql, sizeof sql,
           "CREATE OR REPLACE FUNCTION public.stuck() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
           " PERFORM pg_sleep(3600); RETURN new; END $$;"
           "CREATE TRIGGER stuck BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION public.stuck()",
           table);
  server_exec(b.pg, sql);
}

static void both(int orders, int refunds)
{
  load_open(&a);
  load_fill(&a, 0, 0, 1, orders);
  load_fill(&a, 1, 0, 1, refunds);
  load_ready(&a);
}

static void a_slow_topic_goes_alone_and_leaves_when_it_is_too_big(void **state)
{
  (void)state;
  make_slow("refunds");
  both(50, ROWS);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_string_equal(a.report.sqlstate, "57014");
  assert_int_equal(load_write(&a), TG_AGAIN); /* split */
  assert_true(a.load.batches[1].later);
  assert_int_equal(load_write(&a), TG_AGAIN); /* the orders are in */
  assert_int_equal(a.report.rows, 50);
  assert_true(a.load.batches[0].done);
  assert_string_equal(balance(b.pg), "50=50+0+0+0");
  assert_int_equal(load_write(&a), TG_AGAIN); /* the refunds alone */
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_true(a.load.batches[1].too_big && a.load.batches[1].held);
  load_must(&a);
  assert_string_equal(balance(b.pg), "50=50+0+0+0");
}

static void half_of_it_is_written_where_the_whole_was_too_big(void **state)
{
  (void)state;
  make_slow("orders");
  both(ROWS, 0);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_true(a.load.batches[0].too_big);
  load_must(&a);
  for (int i = 0; i < 4; i++) {
    both(ROWS / 4, 0);
    load_must(&a);
  }
  assert_string_equal(balance(b.pg), "120=120+0+0+0");
  assert_string_equal(server_value(b.pg, "SELECT count(DISTINCT id) FROM orders"), "120");
}

/* Each topic is quick enough; what follows them is not. */
static void a_slow_end_splits_the_load_in_halves(void **state)
{
  (void)state;
  make_slow("tidegate.segment");
  patience(PARTS);
  load_open(&a);
  load_fill(&a, 0, 0, PARTS, 1);
  load_fill(&a, 1, 0, PARTS, 1);
  load_ready(&a);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_string_equal(a.report.sqlstate, "57014");
  assert_int_equal(load_write(&a), TG_AGAIN); /* split */
  assert_false(a.load.batches[0].later);
  assert_true(a.load.batches[1].later);
  assert_int_equal(load_write(&a), TG_AGAIN); /* the first half */
  load_must(&a);                              /* the second */
  assert_string_equal(balance(b.pg), "16=16+0+0+0");
  assert_string_equal(server_value(b.pg, "SELECT (SELECT count(*) FROM orders) || ' ' ||"
                                         " (SELECT count(*) FROM refunds)"),
                      "8 8");
}

static void a_single_row_that_takes_too_long_holds_its_topic(void **state)
{
  (void)state;
  make_slow("orders");
  patience(0);
  both(1, 1);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_true(a.load.batches[0].later);
  assert_int_equal(load_write(&a), TG_AGAIN); /* the refund */
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_int_equal(load_write(&a), TG_CONFIG);
  assert_int_equal(a.report.topic, 0);
  assert_non_null(strstr(a.err.what, "postgres.statement_timeout"));
  assert_false(a.load.batches[0].too_big);
  patience(1);
  load_must(&a);
  assert_string_equal(balance(b.pg), "1=1+0+0+0");
}

static void the_servers_own_timeout_counts_at_once(void **state)
{
  (void)state;
  make_stuck("orders");
  server_exec(a.pg, "SET statement_timeout = '1s'");
  both(ROWS, 0);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_string_equal(a.report.sqlstate, "57014");
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_true(a.load.batches[0].too_big);
  assert_int_equal(load_write(&a), TG_OK);
  assert_string_equal(balance(b.pg), "0=0+0+0+0");
}

/* Our own deadline comes first: the session is lost, nobody says why. Once may be bad luck. An
 * attempt that could not even connect before it does not count. */
static void our_own_deadline_counts_from_the_second_time(void **state)
{
  (void)state;
  struct tg_loader_conf impatient = {.pipeline = "shop", .transaction_us = 500 * TG_MS};
  enum tg_rc rc;
  int late = 0;
  make_stuck("orders");
  tg_loader_free(a.loader);
  a.loader = tg_loader_new(&impatient, a.pg);
  both(ROWS, 0);
  while ((rc = load_write(&a)) == TG_RETRY) late++;
  assert_true(late >= 2);
  assert_int_equal(rc, TG_AGAIN);
  assert_true(a.load.batches[0].too_big);
  assert_int_equal(load_write(&a), TG_OK);
  assert_string_equal(balance(b.pg), "0=0+0+0+0");
}

/* What was put off does not count as written when everything else is fenced. */
static void what_was_put_off_is_written_though_the_rest_is_fenced(void **state)
{
  (void)state;
  make_slow("refunds");
  both(50, ROWS);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_int_equal(load_write(&a), TG_AGAIN); /* split */
  assert_true(a.load.batches[1].later);
  a.load.batches[0].segments[0].gone = true;
  patience(ROWS);
  assert_int_equal(load_write(&a), TG_AGAIN);
  load_must(&a);
  assert_string_equal(balance(b.pg), "120=120+0+0+0");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_owners, close_owners)
  const struct CMUnitTest tests[] = {
      T(a_slow_topic_goes_alone_and_leaves_when_it_is_too_big),
      T(half_of_it_is_written_where_the_whole_was_too_big),
      T(a_slow_end_splits_the_load_in_halves),
      T(a_single_row_that_takes_too_long_holds_its_topic),
      T(the_servers_own_timeout_counts_at_once),
      T(our_own_deadline_counts_from_the_second_time),
      T(what_was_put_off_is_written_though_the_rest_is_fenced),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
