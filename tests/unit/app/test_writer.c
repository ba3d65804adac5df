/* The writer alone, with a server and no keeper: what it does about the answers of the loader. */
#include "core/app/writer.h"
#include "tests/unit/pg/loads.h"

static struct tg_config config = {.pipeline = "shop"};
static struct tg_writer writer;
static struct tg_metrics *metrics;
static struct tg_hub *hub;

static int open_writer(void **state)
{
  struct tg_err err;
  open_owners(state);
  config.dsn = server.dsn;
  metrics = tg_metrics_new();
  hub = tg_hub_new(&config, metrics);
  server_must(tg_writer_start(&writer, hub, 0, &err), &err);
  writer.who.cluster_id = "cluster1";
  return 0;
}

static int close_writer(void **state)
{
  tg_writer_stop(&writer);
  tg_hub_free(hub);
  tg_metrics_free(metrics);
  return close_owners(state);
}

/* One job there and back. */
static void done(struct tg_job *job)
{
  tg_queue_push(&writer.to_writer, job, INT64_MAX);
  assert_ptr_equal(tg_queue_pop(&writer.from_writer, soon()), job);
}

/* All partitions of owner a's become the writer's. */
static void claim_all(void)
{
  for (int t = 0; t < TOPICS; t++) {
    struct tg_job job = {.kind = TG_JOB_CLAIM, .claims = a.claims[t], .count = PARTS};
    done(&job);
    server_must(job.rc, &job.err);
  }
}

static void a_breaker_of_another_process_holds_its_topic_at_once(void **state)
{
  (void)state;
  claim_all();
  server_exec(b.pg, "INSERT INTO tidegate.breaker (pipeline, topic, state)"
                    " VALUES ('shop', 'orders', 'open')");
  load_open(&a);
  load_fill(&a, 0, 0, 2, 3);
  load_fill(&a, 1, 0, 2, 3);
  load_ready(&a);
  struct tg_job job = {.kind = TG_JOB_LOAD, .load = &a.load};
  done(&job);
  server_must(job.rc, &job.err);
  assert_int_equal(tg_hub_holds(hub, tg_text("orders")), TG_HOLD_BREAKER);
  assert_int_equal(tg_hub_holds(hub, tg_text("refunds")), 0);
  assert_string_equal(balance(b.pg), "6=6+0+0+0");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_writer, close_writer)
  const struct CMUnitTest tests[] = {
      T(a_breaker_of_another_process_holds_its_topic_at_once),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
