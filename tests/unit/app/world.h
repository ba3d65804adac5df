/* A whole process in a test: a mock cluster, a database of its own in the throwaway PostgreSQL, a
 * folder of scripts, and the balance of what was produced and what is in PostgreSQL. The test's
 * thread is the process's main thread: it goes on only inside world_turn() and UNTIL(). */
#ifndef TG_TEST_APP_WORLD_H
#define TG_TEST_APP_WORLD_H

#include "tests/unit/pg/server.h"

#include "core/app/process.h"
#include "core/kafka/mock.h"
#include "core/kafka/producer.h"

enum { WORLD_PARTS = 3 };
/* Less than a real group allows: the mock waits a second less than this when somebody joins. */
#define WORLD_SESSION_US (4 * TG_SEC)

static struct world {
  char folder[64], dsn[300];
  struct tg_mock *mock;
  struct tg_producer *producer;
  struct tg_config config;
  struct tg_process process;
  struct tg_pg_conf pg_conf;
  struct tg_pg *pg; /* the test's own session */
  bool runs;
  char faults[4096]; /* of the configuration */
} world;

#define PLAIN_TOPIC(table)                                                                         \
  "return { table = \"" table "\", fields = { \"id bigint not null\", \"v text\" } }\n"

static inline void world_fault(void *self, const struct tg_err *err)
{
  size_t len = strlen(world.faults);
  (void)self;
  snprintf(world.faults + len, sizeof world.faults - len, "%s: %s\n", err->where, err->what);
}

static inline void world_file(const char *name, const char *text)
{
  char path[160];
  snprintf(path, sizeof path, "%s/%s", world.folder, name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

static inline void world_script(const char *topic, const char *text)
{
  char name[96];
  snprintf(name, sizeof name, "scripts/%s.lua", topic);
  world_file(name, text);
}

static inline void world_topic(const char *topic)
{
  struct tg_err err = {0};
  server_must(tg_mock_topic(world.mock, topic, WORLD_PARTS, &err), &err);
}

/* A catalogue of the one rule that is used: all of it in each of a process's programs would be most
 * of what these tests compute. */
static inline void world_catalogue(void)
{
  char text[1 << 14];
  FILE *f = fopen(TG_SOURCE_DIR "/rules/accuracy/compare.lua", "r");
  assert_non_null(f);
  size_t len = fread(text, 1, sizeof text - 1, f);
  assert_true(feof(f));
  assert_int_equal(fclose(f), 0);
  text[len] = '\0';
  world_file("catalogue/accuracy/compare.lua", text);
}

static inline bool world_folder(const char *name)
{
  char path[96];
  snprintf(path, sizeof path, "%s/%s", world.folder, name);
  return mkdir(path, 0755) == 0;
}

/* Lines of YAML for the "load" and "lua" groups, after what all tests share. */
static inline void world_configure(const char *more)
{
  char text[2048];
  snprintf(text, sizeof text,
           "pipeline: test\nbreaker:\n  quarantine_percent: 0\nkafka:\n  brokers: %s\n"
           "postgres:\n  dsn: %s\ncatalogue: %s/catalogue\nlanes: 2\nhttp:\n  listen: \"\"\n%s",
           tg_mock_brokers(world.mock), world.dsn, world.folder, more);
  world_file("tidegate.yaml", text);
  snprintf(text, sizeof text, "%s/tidegate.yaml", world.folder);
  tg_config_fini(&world.config);
  *world.faults = '\0';
  if (tg_config_load(&world.config, text, world_fault, NULL) != TG_OK) fail_msg("%s", world.faults);
  world.config.session_us = WORLD_SESSION_US;
}

static inline enum tg_rc world_try_start(struct tg_err *err)
{
  tg_process_block_signals();
  enum tg_rc rc = tg_process_start(&world.process, &world.config, err);
  world.runs = rc == TG_OK;
  return rc;
}

static inline void world_start(void)
{
  struct tg_err err = {0};
  server_must(world_try_start(&err), &err);
}

static inline void world_stop(void)
{
  if (world.runs) tg_process_stop(&world.process);
  world.runs = false;
}

static inline void world_turn(void)
{
  struct tg_err err = {0};
  if (tg_process_turn(&world.process, 20 * TG_MS, &err) != TG_AGAIN)
    fail_msg("the process ended: %s: %s", err.where, err.what);
}

/* Turns the process until cond holds, or fails after 4 minutes: whoever comes late to the embedded
 * broker's first join waits a session. */
#define UNTIL(cond)                                                                                \
  do {                                                                                             \
    int64_t until_us_ = tg_clock_mono_us() + 240 * TG_SEC;                                         \
    while (!(cond)) {                                                                              \
      world_turn();                                                                                \
      if (tg_clock_mono_us() > until_us_) fail_msg("never: %s", #cond);                            \
    }                                                                                              \
  } while (0)

/* Events {"id":N,"v":".."} with ids from .. to - 1 over all partitions; v has `size` letters. */
static inline void world_send(const char *topic, int from, int to, size_t size)
{
  static char text[1 << 16];
  struct tg_err err = {0};
  int64_t deadline_us = tg_clock_mono_us() + 30 * TG_SEC;
  assert_true(size < sizeof text - 64);
  for (int id = from; id < to; id++) {
    size_t len = (size_t)snprintf(text, sizeof text, "{\"id\":%d,\"v\":\"", id);
    memset(text + len, 'x', size);
    memcpy(text + len + size, "\"}", 3);
    struct tg_record r = {.topic = topic, .partition = id % WORLD_PARTS, .value = tg_text(text)};
    server_must(tg_producer_send(world.producer, &r, deadline_us, &err), &err);
  }
  server_must(tg_producer_flush(world.producer, deadline_us, &err), &err);
}

/* The first value of a query; "" when the server or the table is not there. */
static inline const char *world_value(const char *fmt, ...)
{
  static char value[4096];
  char sql[2048];
  bool fresh;
  struct tg_err err = {0};
  va_list args;
  va_start(args, fmt);
  vsnprintf(sql, sizeof sql, fmt, args);
  va_end(args);
  *value = '\0';
  if (tg_pg_connect(world.pg, &fresh, &err) != TG_OK) return value;
  if (tg_pg_script(world.pg, sql, soon(), &err) != TG_OK || !tg_pg_rows(world.pg)) return value;
  const char *v = tg_pg_value(world.pg, 0, 0);
  snprintf(value, sizeof value, "%s", v ? v : "");
  return value;
}

static inline long world_number(const char *sql)
{
  return strtol(world_value("%s", sql), NULL, 10);
}

/* Events of the topic in the ledger. */
static inline long world_in(const char *topic)
{
  return strtol(world_value("SELECT sum(n_in) FROM tidegate.ledger WHERE topic = '%s'", topic),
                NULL, 10);
}

/* Ids 0 .. n-1 are in the table exactly once, nothing else is, and the ledger says so: its chains
 * have no holes, and it loaded n of n. */
static inline void world_exact(const char *topic, const char *table, int n)
{
  char want[64];
  snprintf(want, sizeof want, "%d rows, %d ids, 0 to %d", n, n, n - 1);
  assert_string_equal(world_value("SELECT count(*) || ' rows, ' || count(DISTINCT id) || ' ids, '"
                                  " || min(id) || ' to ' || max(id) FROM %s",
                                  table),
                      want);
  snprintf(want, sizeof want, "%d in, %d loaded", n, n);
  assert_string_equal(world_value("SELECT sum(n_in) || ' in, ' || sum(n_loaded) || ' loaded'"
                                  " FROM tidegate.ledger WHERE topic = '%s'",
                                  topic),
                      want);
  assert_string_equal(
      world_value("SELECT count(*) FROM (SELECT from_offset, coalesce(lag(to_offset) OVER"
                  " (PARTITION BY partition_id ORDER BY from_offset), 0) AS before"
                  " FROM tidegate.ledger WHERE topic = '%s') AS s WHERE before <> from_offset",
                  topic),
      "0");
}

static inline unsigned world_holds(const char *topic)
{
  return tg_hub_holds(world.process.hub, tg_text(topic));
}

/* True when the assignment is complete and claimed on all lanes. */
static inline bool world_reads(unsigned partitions)
{
  unsigned reading = 0;
  for (uint32_t i = 0; i < world.process.lanes_count; i++)
    reading += atomic_load(&world.process.lanes[i].reading);
  return reading == partitions;
}

/* Starts and waits until both lanes have their partitions. Nobody takes them away again soon: the
 * mock cluster cannot take a Kafka transaction back. */
static inline void world_start_both(void)
{
  world.config.session_us = 20 * TG_SEC;
  world_start();
  UNTIL(world_reads(WORLD_PARTS) && atomic_load(&world.process.lanes[0].assigned) &&
        atomic_load(&world.process.lanes[1].assigned));
}

/* The reload of a HUP signal; returns its result, the faults are in process.reload_text. */
static inline enum tg_rc world_reload(void)
{
  uint64_t before = (uint64_t)(tg_metric_get(world.process.reloads_good) +
                               tg_metric_get(world.process.reloads_bad));
  kill(getpid(), SIGHUP);
  UNTIL((uint64_t)(tg_metric_get(world.process.reloads_good) +
                   tg_metric_get(world.process.reloads_bad)) > before);
  return world.process.reload_rc;
}

static inline void world_database(void)
{
  static int number;
  struct tg_pg_conf conf = server_conf("test");
  struct tg_pg *pg = server_connect(&conf);
  char sql[64];
  snprintf(sql, sizeof sql, "CREATE DATABASE test%d", ++number);
  server_exec(pg, sql);
  tg_pg_free(pg);
  snprintf(world.dsn, sizeof world.dsn, "host=%s user=postgres dbname=test%d", server.dir, number);
  world.pg_conf = server_conf("test");
  world.pg_conf.dsn = world.dsn;
  world.pg = tg_pg_new(&world.pg_conf);
}

static inline int world_open(void **state)
{
  struct tg_err err = {0};
  (void)state;
  tg_process_block_signals(); /* before the first thread: threads inherit it */
  tg_log_setup(getenv("TG_TEST_LOG") ? TG_DEBUG : TG_ERROR + 1, TG_LOG_TEXT, 2);
  snprintf(world.folder, sizeof world.folder, "/tmp/tidegate-app-XXXXXX");
  if (!mkdtemp(world.folder)) return -1;
  if (!world_folder("scripts") || !world_folder("catalogue") || !world_folder("catalogue/accuracy"))
    return -1;
  world_catalogue();
  world_database();
  server_must(tg_mock_new(&world.mock, &err), &err);
  server_must(tg_producer_new(tg_mock_brokers(world.mock), NULL, 0, &world.producer, &err), &err);
  return 0;
}

static inline int world_close(void **state)
{
  (void)state;
  world_stop();
  tg_producer_free(world.producer);
  tg_mock_free(world.mock);
  tg_pg_free(world.pg);
  tg_config_fini(&world.config);
  nftw(world.folder, server_forget, 16, FTW_DEPTH | FTW_PHYS);
  world = (struct world){0};
  return 0;
}

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_open, world_close)

#endif
