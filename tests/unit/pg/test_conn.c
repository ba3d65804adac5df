/* Connecting, settings, deadlines and refusals. */
#include "tests/unit/pg/server.h"

#include "core/pg/wire.h"

#include <pthread.h>

static struct tg_err err;

static enum tg_rc try_connect(const struct tg_pg_conf *conf)
{
  struct tg_pg *pg = tg_pg_new(conf);
  bool fresh = true;
  tg_err_clear(&err);
  enum tg_rc rc = tg_pg_connect(pg, &fresh, &err);
  assert_int_equal(fresh, rc == TG_OK);
  assert_int_equal(tg_pg_connected(pg), rc == TG_OK);
  tg_pg_free(pg);
  return rc;
}

static void settings_are_pinned(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate pins");
  struct tg_pg *pg = server_connect(&conf);
  server_exec(pg, "ALTER ROLE postgres SET timezone = 'Asia/Tokyo';"
                  "ALTER ROLE postgres SET search_path = 'elsewhere';"
                  "ALTER ROLE postgres SET default_transaction_read_only = on;"
                  "ALTER ROLE postgres SET default_transaction_isolation = 'serializable'");
  struct tg_pg *next = server_connect(&conf);
  assert_string_equal(server_value(next, "SELECT concat_ws(' ', current_setting('timezone'),"
                                         " current_setting('search_path'),"
                                         " current_setting('transaction_read_only'),"
                                         " current_setting('transaction_isolation'),"
                                         " current_setting('lock_timeout'),"
                                         " current_setting('statement_timeout'),"
                                         " current_setting('idle_in_transaction_session_timeout'),"
                                         " current_setting('client_encoding'),"
                                         " current_setting('application_name'))"),
                      "UTC public off read committed 2s 20s 20s UTF8 tidegate pins");
  server_exec(next, "ALTER ROLE postgres RESET ALL");
  tg_pg_free(pg), tg_pg_free(next);
}

static void replica_sessions_are_refused(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate");
  struct tg_pg *pg = server_connect(&conf);
  server_exec(pg, "ALTER ROLE postgres SET session_replication_role = replica");
  assert_int_equal(try_connect(&conf), TG_CONFIG);
  assert_non_null(strstr(err.what, "session_replication_role"));
  server_exec(pg, "ALTER ROLE postgres RESET ALL");
  tg_pg_free(pg);
}

static void other_encodings_are_refused(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate");
  char dsn[200];
  struct tg_pg *pg = server_connect(&conf);
  server_exec(pg, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
  snprintf(dsn, sizeof dsn, "host=%s user=postgres dbname=latin", server.dir);
  conf.dsn = dsn;
  assert_int_equal(try_connect(&conf), TG_CONFIG);
  assert_non_null(strstr(err.what, "UTF8"));
  tg_pg_free(pg);
}

static void refusals_of_the_server_are_told_from_its_absence(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate");
  char dsn[200];
  snprintf(dsn, sizeof dsn, "host=%s user=postgres dbname=nowhere", server.dir);
  conf.dsn = dsn;
  assert_int_equal(try_connect(&conf), TG_CONFIG);
  assert_string_equal(err.where, "pg 3D000");
  snprintf(dsn, sizeof dsn, "host=%s user=nobody_there dbname=postgres", server.dir);
  assert_int_equal(try_connect(&conf), TG_CONFIG);
  assert_string_equal(err.where, "pg 28000");
  conf.dsn = "host=/tmp/no-such-folder dbname=x";
  assert_int_equal(try_connect(&conf), TG_RETRY);
}

static void a_password_is_never_told(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate");
  const char *const dsns[] = {"postgresql://u:tops3cret@h:port/db", "password=tops3cret x",
                              "postgresql://u:tops3cret@[::1/db",
                              "host=/tmp/no-such-folder password=tops3cret"};
  for (uint32_t i = 0; i < sizeof dsns / sizeof *dsns; i++) {
    conf.dsn = dsns[i];
    assert_int_not_equal(try_connect(&conf), TG_OK);
    assert_null(strstr(err.what, "tops3cret"));
  }
}

static void the_password_file_is_read_at_each_connect(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate");
  char path[120];
  snprintf(path, sizeof path, "%s/password", server.dir);
  conf.password_file = path;
  assert_int_equal(try_connect(&conf), TG_CONFIG);
  assert_non_null(strstr(err.what, path));
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_int_equal(write(fd, "\n", 1), 1);
  assert_int_equal(try_connect(&conf), TG_CONFIG);
  assert_int_equal(pwrite(fd, "secret\n", 7, 0), 7);
  close(fd);
  assert_int_equal(try_connect(&conf), TG_OK);
}

static void a_statement_past_its_deadline_drops_the_connection(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate");
  struct tg_pg *pg = server_connect(&conf);
  int64_t deadline_us = tg_clock_mono_us() + 100 * TG_MS;
  assert_int_equal(tg_pg_script(pg, "SELECT pg_sleep(3600)", deadline_us, &err), TG_RETRY);
  assert_false(tg_pg_connected(pg));
  assert_int_equal(tg_pg_script(pg, "SELECT 1", soon(), &err), TG_RETRY);
  tg_pg_free(pg);
}

static _Atomic bool stop;

static void *raise_stop(void *arg)
{
  (void)arg;
  stop = true;
  return NULL;
}

static void a_stop_ends_a_wait(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate");
  struct tg_pg *pg = server_connect(&conf);
  pthread_t thread;
  stop = false;
  tg_pg_stop_flag(pg, &stop);
  pthread_create(&thread, NULL, raise_stop, NULL);
  assert_int_equal(tg_pg_script(pg, "SELECT pg_sleep(3600)", INT64_MAX, &err), TG_RETRY);
  pthread_join(thread, NULL);
  assert_false(tg_pg_connected(pg));
  tg_pg_free(pg);
}

static void a_failed_script_leaves_no_transaction(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate");
  struct tg_pg *pg = server_connect(&conf);
  assert_int_equal(tg_pg_script(pg, "BEGIN; SELECT 1; SELECT 1/0; SELECT 2", soon(), &err),
                   TG_CONFIG);
  assert_string_equal(tg_pg_sqlstate(pg), "22012");
  assert_string_equal(err.where, "pg 22012");
  assert_string_equal(server_value(pg, "SELECT now() = statement_timestamp()"), "t");
  tg_pg_free(pg);
}

static void parameters_and_nulls_go_both_ways(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate");
  struct tg_pg *pg = server_connect(&conf);
  const char *params[] = {"it's", NULL};
  server_must(tg_pg_query(pg, "SELECT $1::text AS a, $2::text AS b", params, 2, soon(), &err),
              &err);
  assert_int_equal(tg_pg_rows(pg), 1);
  assert_int_equal(tg_pg_columns(pg), 2);
  assert_string_equal(tg_pg_value(pg, 0, 0), "it's");
  assert_null(tg_pg_value(pg, 0, 1));
  assert_string_equal(tg_pg_column(pg, 1), "b");
  tg_pg_free(pg);
}

static void a_script_cannot_hang_in_copy(void **state)
{
  (void)state;
  struct tg_pg_conf conf = server_conf("tidegate");
  struct tg_pg *pg = server_connect(&conf);
  server_exec(pg, "CREATE TABLE c (x int)");
  assert_int_not_equal(tg_pg_script(pg, "COPY c FROM STDIN", soon(), &err), TG_OK);
  assert_string_equal(server_value(pg, "SELECT count(*) FROM c"), "0");
  server_exec(pg, "DROP TABLE c");
  tg_pg_free(pg);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(settings_are_pinned),
      cmocka_unit_test(replica_sessions_are_refused),
      cmocka_unit_test(other_encodings_are_refused),
      cmocka_unit_test(refusals_of_the_server_are_told_from_its_absence),
      cmocka_unit_test(a_password_is_never_told),
      cmocka_unit_test(the_password_file_is_read_at_each_connect),
      cmocka_unit_test(a_statement_past_its_deadline_drops_the_connection),
      cmocka_unit_test(a_stop_ends_a_wait),
      cmocka_unit_test(a_failed_script_leaves_no_transaction),
      cmocka_unit_test(parameters_and_nulls_go_both_ways),
      cmocka_unit_test(a_script_cannot_hang_in_copy),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
