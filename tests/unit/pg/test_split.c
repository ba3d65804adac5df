/* Loads that take the server too long: split between topics, cut where one alone is too big. */
#include "tests/unit/pg/loads.h"

enum { ROWS = 120 };

/* Each row of the table takes 10 ms, and no statement may take more than 600. */
static void make_slow(const char *table)
{
  char sql[400];
  snprintf(sql, sizeof sql,
           "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
           " PERFORM pg_sleep(0.01); RETURN new; END $$;"
           "CREATE TRIGGER slow BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION slow()",
           table);
  server_exec(b.pg, sql);
  server_exec(a.pg, "SET statement_timeout = '600ms'");
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
  server_exec(b.pg, "CREATE OR REPLACE FUNCTION slow_end() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$ BEGIN PERFORM pg_sleep(0.05); RETURN new; END $$;"
                    "CREATE TRIGGER slow_end BEFORE INSERT ON tidegate.segment FOR EACH ROW"
                    " EXECUTE FUNCTION slow_end()");
  server_exec(a.pg, "SET statement_timeout = '600ms'");
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
  server_exec(a.pg, "SET statement_timeout = '5ms'");
  both(1, 1);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_true(a.load.batches[0].later);
  server_exec(a.pg, "SET statement_timeout = '5s'");
  assert_int_equal(load_write(&a), TG_AGAIN); /* the refund */
  server_exec(a.pg, "SET statement_timeout = '5ms'");
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_int_equal(load_write(&a), TG_CONFIG);
  assert_int_equal(a.report.topic, 0);
  assert_non_null(strstr(a.err.what, "postgres.statement_timeout"));
  assert_false(a.load.batches[0].too_big);
  server_exec(a.pg, "SET statement_timeout = '5s'");
  load_must(&a);
  assert_string_equal(balance(b.pg), "1=1+0+0+0");
}

/* Our own deadline comes first: the session is lost, nobody says why. Once may be bad luck. */
static void our_own_deadline_counts_from_the_second_time(void **state)
{
  (void)state;
  struct tg_loader_conf impatient = {.pipeline = "shop", .transaction_us = 300 * TG_MS};
  make_slow("orders");
  tg_loader_free(a.loader);
  a.loader = tg_loader_new(&impatient, a.pg);
  both(ROWS, 0);
  assert_int_equal(load_write(&a), TG_RETRY);
  assert_int_equal(load_write(&a), TG_RETRY);
  assert_int_equal(load_write(&a), TG_AGAIN);
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
  server_exec(a.pg, "SET statement_timeout = '20s'");
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
      T(our_own_deadline_counts_from_the_second_time),
      T(what_was_put_off_is_written_though_the_rest_is_fenced),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
