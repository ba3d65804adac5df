/* Rows that PostgreSQL refuses, and tables that it will not let us write to. */
#include "tests/unit/pg/loads.h"

#include "core/pg/sqlstate.h"
#include "core/pg/wire.h"

/* 4,000 orders in four partitions, ids 0..7999 without those of partitions 4-7; 10 refunds. */
static void big_load(void)
{
  load_open(&a);
  load_fill(&a, 0, 0, 4, 1000);
  load_fill(&a, 1, 0, 1, 10);
  load_ready(&a);
}

static void isolated(uint32_t refused)
{
  char want[64];
  assert_int_equal(load_write(&a), TG_AGAIN);
  load_must(&a);
  assert_int_equal(a.report.refused, refused);
  snprintf(want, sizeof want, "4010=%u+%u+0+0", 4010 - refused, refused);
  assert_string_equal(balance(a.pg), want);
  snprintf(want, sizeof want, "%u %u", 4000 - refused, refused);
  assert_string_equal(server_value(a.pg, "SELECT (SELECT count(*) FROM orders) || ' ' ||"
                                         " (SELECT count(*) FROM tidegate.quarantine)"),
                      want);
}

static void rows_that_violate_a_check_are_quarantined(void **state)
{
  (void)state;
  server_exec(b.pg, "ALTER TABLE orders ADD CHECK (id NOT IN (0, 3, 808, 809, 4001, 7995))");
  big_load();
  isolated(6);
  assert_string_equal(server_value(b.pg, "SELECT string_agg(encode(value, 'escape'), ',' ORDER BY "
                                         "partition_id, \"offset\") FROM tidegate.quarantine"),
                      "0 0 0,808 8080 808000000,809 8090 809000000,4001 40010 4001000000,"
                      "3 30 3000000,7995 79950 7995000000");
  const char *reason = server_value(b.pg, "SELECT DISTINCT stage || ' ' || left(reason, 60)"
                                          " FROM tidegate.quarantine WHERE value = '0 0 0'");
  assert_string_equal(reason,
                      "load 23514: new row for relation \"orders\" violates check constrai");
}

static void duplicates_of_a_unique_key_are_quarantined(void **state)
{
  (void)state;
  server_exec(b.pg, "ALTER TABLE orders ADD UNIQUE (id);"
                    "INSERT INTO orders (id) VALUES (16), (4003)");
  big_load();
  assert_int_equal(load_write(&a), TG_AGAIN);
  load_must(&a);
  assert_int_equal(a.report.refused, 2);
  assert_string_equal(server_value(b.pg, "SELECT count(*) FROM orders"), "4000");
  assert_string_equal(balance(b.pg), "4010=4008+2+0+0");
}

static void rows_without_a_partition_are_quarantined(void **state)
{
  (void)state;
  server_exec(b.pg,
              "DROP TABLE orders; CREATE TABLE orders " TABLE_COLUMNS " PARTITION BY RANGE (id);"
              "CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (0) TO (7990)");
  big_load();
  isolated(4);
}

static void foreign_keys_name_no_line_and_are_found_by_halving(void **state)
{
  (void)state;
  server_exec(b.pg, "CREATE TABLE customers (id bigint PRIMARY KEY);"
                    "INSERT INTO customers SELECT generate_series(0, 8000);"
                    "DELETE FROM customers WHERE id IN (1, 808, 7995);"
                    "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES customers");
  big_load();
  isolated(3);
}

static void deferred_constraints_are_checked_before_the_ledger(void **state)
{
  (void)state;
  server_exec(b.pg, "CREATE TABLE customers (id bigint PRIMARY KEY);"
                    "INSERT INTO customers SELECT generate_series(0, 8000);"
                    "DELETE FROM customers WHERE id = 808;"
                    "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES customers"
                    " DEFERRABLE INITIALLY DEFERRED");
  big_load();
  isolated(1);
}

/* Refunds are copied after orders; only the whole load's end would show the fault in orders. */
static void a_deferred_fault_in_one_table_does_not_hide_behind_another(void **state)
{
  (void)state;
  server_exec(b.pg, "CREATE TABLE customers (id bigint PRIMARY KEY);"
                    "INSERT INTO customers SELECT generate_series(0, 8000);"
                    "DELETE FROM customers WHERE id = 808;"
                    "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES customers"
                    " DEFERRABLE INITIALLY DEFERRED;"
                    "ALTER TABLE refunds ADD CHECK (id <> 16)");
  big_load();
  assert_int_equal(load_write(&a), TG_AGAIN); /* the refund */
  assert_int_equal(load_write(&a), TG_AGAIN); /* the order */
  load_must(&a);
  assert_string_equal(balance(a.pg), "4010=4008+2+0+0");
  assert_string_equal(server_value(b.pg, "SELECT count(*) FROM refunds"), "9");
}

static void a_trigger_may_raise_what_it_likes(void **state)
{
  (void)state;
  server_exec(b.pg,
              "CREATE OR REPLACE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
              " IF new.id = 16 THEN RAISE EXCEPTION 'no %', new.id USING ERRCODE = 'ZZ999';"
              " END IF; RETURN new; END $$;"
              "CREATE TRIGGER odd BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION odd()");
  big_load();
  isolated(1);
  assert_string_equal(server_value(b.pg, "SELECT reason FROM tidegate.quarantine"), "ZZ999: no 16");
}

static void a_trigger_that_swallows_rows_is_told(void **state)
{
  (void)state;
  server_exec(b.pg,
              "CREATE OR REPLACE FUNCTION eat() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
              " IF new.id = 16 THEN RETURN NULL; END IF; RETURN new; END $$;"
              "CREATE TRIGGER eat BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION eat()");
  big_load();
  assert_int_equal(load_write(&a), TG_CONFIG);
  assert_int_equal(a.report.topic, 0);
  assert_non_null(strstr(a.err.what, "orders took 3999 of 4000 rows"));
  load_must(&a); /* the other topic goes on */
  assert_string_equal(balance(a.pg), "10=10+0+0+0");
}

static void too_many_refused_rows_hold_the_topic_unchanged(void **state)
{
  (void)state;
  server_exec(b.pg, "ALTER TABLE orders ADD CHECK (id < 0)");
  big_load();
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_int_equal(load_write(&a), TG_CONFIG);
  assert_int_equal(a.report.topic, 0);
  assert_true(a.load.batches[0].held);
  uint32_t counts[TG_FATES];
  tg_batch_tally(&a.load.batches[0], 0, a.load.batches[0].rows, counts);
  assert_int_equal(counts[TG_QUARANTINE], 0);
  load_must(&a);
  assert_string_equal(balance(a.pg), "10=10+0+0+0");
  server_exec(b.pg, "ALTER TABLE orders DROP CONSTRAINT orders_id_check");
  a.load.batches[0].held = false;
  a.load.batches[1].held = true;
  load_must(&a);
  assert_string_equal(balance(a.pg), "4010=4010+0+0+0");
}

static void a_locked_table_holds_only_its_topic(void **state)
{
  (void)state;
  server_exec(b.pg, "BEGIN; LOCK TABLE orders");
  big_load();
  assert_int_equal(load_write(&a), TG_RETRY);
  assert_string_equal(a.report.sqlstate, "55P03");
  assert_int_equal(a.report.topic, 0);
  load_must(&a);
  assert_string_equal(balance(a.pg), "10=10+0+0+0");
  server_exec(b.pg, "COMMIT");
  a.load.batches[0].held = false, a.load.batches[1].held = true;
  load_must(&a);
  assert_string_equal(balance(a.pg), "4010=4010+0+0+0");
}

static void a_missing_table_holds_only_its_topic(void **state)
{
  (void)state;
  server_exec(b.pg, "DROP TABLE refunds");
  big_load();
  assert_int_equal(load_write(&a), TG_CONFIG);
  assert_string_equal(a.report.sqlstate, "42P01");
  assert_int_equal(a.report.topic, 1);
  load_must(&a);
  assert_string_equal(balance(a.pg), "4000=4000+0+0+0");
}

/* The former owner keeps a partition, is stopped in a transaction and holds a lock that we need. */
static void a_former_owner_that_blocks_us_is_ended(void **state)
{
  (void)state;
  server_exec(b.pg, "SELECT 1");
  server_exec(a.pg, "BEGIN; LOCK TABLE orders");
  owner_claim(&b, 0, 4);
  load_open(&b);
  load_fill(&b, 0, 0, 4, 5);
  load_ready(&b);
  assert_int_equal(load_write(&b), TG_AGAIN);
  load_must(&b);
  assert_string_equal(balance(b.pg), "20=20+0+0+0");
}

static void a_bad_row_in_the_ledger_is_our_fault(void **state)
{
  (void)state;
  server_exec(b.pg, "ALTER TABLE tidegate.quarantine ADD CHECK (stage <> 'rule')");
  big_load();
  struct tg_issue bad = {.fate = TG_QUARANTINE, .stage = TG_STAGE_RULE, .reason = tg_text("x")};
  tg_batch_issue(&a.load.batches[0], 0, &bad);
  assert_int_equal(load_write(&a), TG_CONFIG);
  assert_int_equal(a.report.topic, -1);
  assert_string_equal(server_value(b.pg, "SELECT count(*) FROM orders"), "0");
}

static void a_wrong_column_type_does_not_blame_the_rows(void **state)
{
  (void)state;
  server_exec(b.pg, "ALTER TABLE orders ALTER amount TYPE bigint");
  big_load();
  assert_int_equal(load_write(&a), TG_CONFIG);
  assert_int_equal(a.report.topic, 0);
  server_exec(b.pg, "ALTER TABLE orders ALTER amount TYPE smallint");
  a.load.batches[0].held = false;
  assert_int_equal(load_write(&a), TG_CONFIG);
  assert_int_equal(a.report.topic, 0);
}

static void sqlstates_have_classes(void **state)
{
  (void)state;
  assert_int_equal(tg_sqlstate_class("23505", TG_AT_TARGET, true), TG_SQL_DATA);
  assert_int_equal(tg_sqlstate_class("23505", TG_AT_OWN, false), TG_SQL_CONFIG);
  assert_int_equal(tg_sqlstate_class("22P03", TG_AT_TARGET, true), TG_SQL_CONFIG);
  assert_int_equal(tg_sqlstate_class("22P02", TG_AT_TARGET, true), TG_SQL_DATA);
  assert_int_equal(tg_sqlstate_class("", TG_AT_TARGET, false), TG_SQL_RETRY);
  assert_int_equal(tg_sqlstate_class("42P01", TG_AT_TARGET, true), TG_SQL_CONFIG);
  assert_int_equal(tg_sqlstate_class("40P01", TG_AT_OWN, false), TG_SQL_RETRY);
  assert_int_equal(tg_sqlstate_class("XX000", TG_AT_OWN, false), TG_SQL_ONCE);
  assert_int_equal(tg_sqlstate_class("XX001", TG_AT_OWN, false), TG_SQL_CONFIG);
  assert_int_equal(tg_sqlstate_class("TG001", TG_AT_OWN, false), TG_SQL_FENCED);
  assert_int_equal(tg_sql_class_rc(TG_SQL_ONCE), TG_RETRY);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_owners, close_owners)
  const struct CMUnitTest tests[] = {
      T(rows_that_violate_a_check_are_quarantined),
      T(duplicates_of_a_unique_key_are_quarantined),
      T(rows_without_a_partition_are_quarantined),
      T(foreign_keys_name_no_line_and_are_found_by_halving),
      T(deferred_constraints_are_checked_before_the_ledger),
      T(a_deferred_fault_in_one_table_does_not_hide_behind_another),
      T(a_trigger_may_raise_what_it_likes),
      T(a_trigger_that_swallows_rows_is_told),
      T(too_many_refused_rows_hold_the_topic_unchanged),
      T(a_locked_table_holds_only_its_topic),
      T(a_missing_table_holds_only_its_topic),
      T(a_former_owner_that_blocks_us_is_ended),
      T(a_bad_row_in_the_ledger_is_our_fault),
      T(a_wrong_column_type_does_not_blame_the_rows),
      cmocka_unit_test(sqlstates_have_classes),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
