/* What an operator does with partitions, and what that is to a process that reads them. */
#include "tests/unit/pg/loads.h"

#include "core/pg/gap.h"
#include "core/pg/partition.h"

/* Five orders in each of two partitions. */
static void orders(struct owner *o)
{
  load_open(o);
  load_fill(o, 0, 2, 4, 5);
  load_ready(o);
}

static struct tg_partition_of of(const char *topic, const char *part)
{
  return (struct tg_partition_of){.pipeline = "shop", .topic = topic, .part = part};
}

static void the_list_shows_where_chains_end(void **state)
{
  (void)state;
  orders(&a);
  load_must(&a);
  struct tg_partition_of all = of(NULL, NULL), topic = of("orders", NULL), one = of("orders", "3");
  server_must(tg_partition_list(a.pg, &all, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), TOPICS * PARTS);
  server_must(tg_partition_list(a.pg, &topic, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), PARTS);
  server_must(tg_partition_list(a.pg, &one, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 1);
  const char *want[] = {"orders", "3", "1", NULL, "cluster1", "0", "5", "0", "tidegate a", "f"};
  for (uint32_t i = 0; i < 10; i++)
    if (want[i]) assert_string_equal(tg_pg_value(a.pg, 0, i), want[i]);
  one.cluster_id = "cluster2";
  server_must(tg_partition_list(a.pg, &one, soon(), &a.err), &a.err);
  assert_int_equal(tg_pg_rows(a.pg), 0);
}

static void a_restart_fences_the_owner_and_begins_anew(void **state)
{
  (void)state;
  orders(&a);
  load_must(&a);
  int32_t before = a.claims[0][3].partition_id;
  struct tg_partition_of one = of("orders", "3");
  server_must(tg_partition_restart(b.pg, &one, soon(), &b.err), &b.err);
  assert_int_equal(tg_pg_rows(b.pg), 1);
  assert_string_equal(tg_pg_value(b.pg, 0, 2), "2");
  orders(&a);
  assert_int_equal(load_write(&a), TG_AGAIN);
  assert_int_equal(a.report.fenced, 1);
  assert_true(a.load.batches[0].segments[1].gone);
  load_must(&a);
  struct tg_claim c = {.topic = "orders", .partition = 3};
  struct tg_claimer who = {"shop", "cluster1", "tidegate a", 1};
  server_must(tg_claim_take(a.pg, &who, &c, 1, soon(), &a.err), &a.err);
  assert_int_not_equal(c.partition_id, before);
  assert_int_equal(c.next, -1);
  assert_string_equal(balance(a.pg), "15=15+0+0+0"); /* what was loaded stays */
}

static void a_whole_topic_is_restarted_and_no_other(void **state)
{
  (void)state;
  struct tg_partition_of topic = of("orders", NULL), none = of("nothing", NULL);
  server_must(tg_partition_restart(b.pg, &topic, soon(), &b.err), &b.err);
  assert_int_equal(tg_pg_rows(b.pg), PARTS);
  server_must(tg_partition_restart(b.pg, &topic, soon(), &b.err), &b.err);
  assert_string_equal(server_value(b.pg, "SELECT string_agg(DISTINCT topic || incarnation, ' ')"
                                         " FROM tidegate.partition"),
                      "orders1 orders2 orders3 refunds1");
  server_must(tg_partition_restart(b.pg, &none, soon(), &b.err), &b.err);
  assert_int_equal(tg_pg_rows(b.pg), 0);
}

static void adopted_chains_go_on_under_the_new_name(void **state)
{
  (void)state;
  orders(&a);
  load_must(&a);
  struct tg_partition_of from = of("orders", NULL), to = from;
  from.cluster_id = "cluster1", to.cluster_id = "cluster2", to.pipeline = "store";
  server_must(tg_partition_adopt(b.pg, &from, &to, soon(), &b.err), &b.err);
  assert_int_equal(tg_pg_rows(b.pg), PARTS);
  orders(&a);
  assert_int_equal(load_write(&a), TG_AGAIN); /* its owner under the old name is fenced */
  assert_int_equal(a.report.fenced, 2);
  struct tg_claim c = {.topic = "orders", .partition = 3};
  struct tg_claimer who = {"store", "cluster2", "tidegate b", 2};
  server_must(tg_claim_take(b.pg, &who, &c, 1, soon(), &b.err), &b.err);
  assert_int_equal(c.partition_id, a.claims[0][3].partition_id);
  assert_int_equal(c.next, 5);
  assert_int_equal(c.last_offset, 4);
}

static void chains_that_exist_are_not_adopted_over(void **state)
{
  (void)state;
  struct tg_partition_of from = of("orders", NULL), to = from;
  from.cluster_id = to.cluster_id = "cluster1", from.pipeline = "old";
  server_exec(b.pg, "INSERT INTO tidegate.partition (pipeline, cluster_id, topic, part)"
                    " VALUES ('old', 'cluster1', 'orders', 3)");
  assert_int_equal(tg_partition_adopt(b.pg, &from, &to, soon(), &b.err), TG_CONFIG);
  assert_non_null(strstr(b.err.what, "pipeline shop has loaded topic orders"));
}

static enum tg_rc jump(struct owner *o, int part, int64_t to)
{
  struct tg_claim c = o->claims[0][part];
  c.first_offset = to;
  return tg_gap_jump(o->pg, "shop", "f00d", &c, soon(), &o->err);
}

static const char *gaps(void)
{
  return server_value(b.pg, "SELECT coalesce(string_agg(from_offset || '-' || to_offset, ' '), '')"
                            " FROM tidegate.gap");
}

static void a_jump_notes_the_gap_and_moves_the_chain(void **state)
{
  (void)state;
  orders(&a);
  load_must(&a);
  server_must(jump(&a, 3, 100), &a.err);
  assert_string_equal(gaps(), "5-100");
  assert_string_equal(server_value(b.pg, "SELECT next_offset FROM tidegate.chain"
                                         " WHERE topic = 'orders' AND part = 3"),
                      "100");
  a.claims[0][3].next = 100;
  orders(&a);
  load_must(&a);
  assert_string_equal(balance(b.pg), "20=20+0+0+0");
}

static void a_jump_from_elsewhere_is_refused_whole(void **state)
{
  (void)state;
  orders(&a);
  load_must(&a);
  a.claims[0][3].next = 4;
  assert_int_equal(jump(&a, 3, 100), TG_FENCED); /* the chain ends at 5 */
  a.claims[0][3].next = 5;
  owner_claim(&b, 3, 4);
  if (jump(&a, 3, 100) == TG_OK) fail_msg("the claim was b's");
  assert_string_equal(gaps(), "");
  server_must(jump(&b, 3, 100), &b.err);
  assert_string_equal(gaps(), "5-100");
  assert_int_equal(jump(&b, 3, 100), TG_FENCED); /* twice */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, open_owners, close_owners)
  const struct CMUnitTest tests[] = {
      T(the_list_shows_where_chains_end),         T(a_restart_fences_the_owner_and_begins_anew),
      T(a_whole_topic_is_restarted_and_no_other), T(adopted_chains_go_on_under_the_new_name),
      T(chains_that_exist_are_not_adopted_over),  T(a_jump_notes_the_gap_and_moves_the_chain),
      T(a_jump_from_elsewhere_is_refused_whole),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
