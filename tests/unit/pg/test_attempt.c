/* What the next owner of a partition learns of those before, who ended with it. */
#include "tests/unit/pg/loads.h"

static struct tg_claim claim_as(int64_t run)
{
  struct tg_claim c = {.topic = "orders", .partition = 0};
  struct tg_claimer who = {"shop", "cluster1", "tidegate b", run};
  server_must(tg_claim_take(b.pg, &who, &c, 1, soon(), &b.err), &b.err);
  return c;
}

static void mark(struct tg_claim c, int64_t to, uint32_t rows)
{
  c.piece_to = to, c.piece = rows;
  server_must(tg_claim_mark(b.pg, &c, soon(), &b.err), &b.err);
}

static void advance(const struct tg_claim *c, int64_t from, int64_t to)
{
  char sql[300];
  snprintf(sql, sizeof sql,
           "INSERT INTO tidegate.segment (partition_id, from_offset, to_offset, n_in, n_loaded,"
           " n_tagged, n_quarantined, n_late, n_dropped, generation, committed_at)"
           " VALUES (%d, %lld, %lld, 0, 0, 0, 0, 0, 0, 'g', now())",
           c->partition_id, (long long)from, (long long)to);
  server_exec(b.pg, sql);
}

static void deaths_count_until_the_chain_moves(void **state)
{
  (void)state; /* run 1 has claimed it */
  assert_int_equal(claim_as(2).tries, 1);
  struct tg_claim c = claim_as(3);
  assert_int_equal(c.tries, 2);
  advance(&c, 0, 5);
  assert_int_equal(claim_as(4).tries, 1);
}

static void only_a_death_counts(void **state)
{
  (void)state;
  struct tg_claim c = claim_as(1);
  assert_int_equal(c.tries, 0); /* the same process */
  server_must(tg_claim_release(b.pg, &c, 1, soon(), &b.err), &b.err);
  assert_int_equal(claim_as(2).tries, 0);
}

static void each_death_with_a_mark_makes_the_piece_smaller(void **state)
{
  (void)state;
  struct tg_claim c = claim_as(2);
  assert_int_equal(c.piece, 0);
  mark(c, 5000, 4900);
  c = claim_as(3);
  assert_int_equal(c.piece, 76);
  assert_int_equal(c.piece_to, 5000);
  mark(c, 76, 76);
  advance(&c, 0, 76); /* that one was good */
  c = claim_as(4);
  assert_int_equal(c.piece, 76);
  assert_int_equal(c.piece_to, 5000);
  mark(c, 152, 76);
  c = claim_as(5);
  assert_int_equal(c.piece, 1);
  assert_int_equal(c.piece_to, 152);
  assert_int_equal(c.lethal, 0);
}

static void a_record_alone_is_lethal_by_its_deaths(void **state)
{
  (void)state;
  struct tg_claim c = claim_as(2);
  for (uint32_t deaths = 0; deaths < 3; deaths++) {
    assert_int_equal(c.lethal, deaths);
    mark(c, 1, 1);
    c = claim_as(3 + deaths);
  }
  advance(&c, 0, 1); /* into the quarantine */
  c = claim_as(9);
  assert_int_equal(c.lethal, 0);
  assert_int_equal(c.piece, 0);
}

static void a_mark_of_a_lost_claim_is_nothing(void **state)
{
  (void)state;
  struct tg_claim old = claim_as(2), c = claim_as(3);
  mark(old, 1, 1);
  c = claim_as(4);
  assert_int_equal(c.lethal, 0);
  assert_int_equal(c.piece, 0);
}

static void a_mark_of_who_released_is_nothing(void **state)
{
  (void)state;
  struct tg_claim c = claim_as(2);
  mark(c, 1, 1);
  server_must(tg_claim_release(b.pg, &c, 1, soon(), &b.err), &b.err);
  c = claim_as(3);
  assert_int_equal(c.lethal, 0);
  assert_int_equal(c.piece, 0);
}

int main(void)
{
#define OF(name) cmocka_unit_test_setup_teardown(name, open_owners, close_owners)
  const struct CMUnitTest tests[] = {OF(deaths_count_until_the_chain_moves),
                                     OF(only_a_death_counts),
                                     OF(each_death_with_a_mark_makes_the_piece_smaller),
                                     OF(a_record_alone_is_lethal_by_its_deaths),
                                     OF(a_mark_of_a_lost_claim_is_nothing),
                                     OF(a_mark_of_who_released_is_nothing)};
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
