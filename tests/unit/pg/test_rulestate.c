/* Rule state in loads: written with its segment or not at all, replaced by bases, read back. */
#include "tests/unit/pg/loads.h"

#include "core/pg/rulestate.h"

/* Adds a row of state for the segment of partition `part` of orders. */
static void remember(struct owner *o, int part, const char *rule, bool base, struct tg_text bytes)
{
  const struct tg_batch *batch = &o->load.batches[0];
  struct tg_load_state row = {
      .base = base, .rule = tg_text(rule), .declared = tg_text("d1"), .bytes = bytes};
  for (row.segment = 0; batch->segments[row.segment].partition != part;) row.segment++;
  assert_true(tg_load_state_add(&o->load, &row));
}

static void fill(struct owner *o)
{
  load_open(o);
  load_fill(o, 0, 0, 2, 3);
  load_ready(o);
}

static const char *saved(struct tg_pg *pg)
{
  return server_value(pg, "SELECT coalesce(string_agg(p.part || rule || left(s.kind, 1) ||"
                          " from_offset || '-' || to_offset || convert_from(state, 'UTF8'), ' '"
                          " ORDER BY p.part, rule, from_offset), '') FROM tidegate.rule_state s"
                          " JOIN tidegate.partition p ON p.id = s.partition_id");
}

static void deltas_follow_a_base_until_the_next_one(void **state)
{
  (void)state;
  static const struct {
    bool base;
    const char *bytes, *after;
  } steps[] = {{true, "one", "0vb0-3one"},
               {false, "two", "0vb0-3one 0vd3-6two"},
               {false, "three", "0vb0-3one 0vd3-6two 0vd6-9three"},
               {true, "four", "0vb9-12four"}};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    fill(&a);
    remember(&a, 0, "v", steps[i].base, tg_text(steps[i].bytes));
    load_must(&a);
    assert_string_equal(saved(a.pg), steps[i].after);
  }
}

static void a_base_leaves_other_rules_and_partitions_alone(void **state)
{
  (void)state;
  fill(&a);
  remember(&a, 0, "v", true, tg_text("a"));
  remember(&a, 0, "w", true, tg_text("b"));
  remember(&a, 1, "v", true, tg_text("c"));
  load_must(&a);
  fill(&a);
  remember(&a, 0, "v", true, tg_text("d"));
  load_must(&a);
  assert_string_equal(saved(a.pg), "0vb3-6d 0wb0-3b 1vb0-3c");
}

static void a_segment_that_is_gone_leaves_nothing(void **state)
{
  (void)state;
  fill(&a);
  remember(&a, 0, "v", true, tg_text("a"));
  remember(&a, 1, "v", true, tg_text("b"));
  load_must(&a);
  fill(&a);
  remember(&a, 0, "v", true, tg_text("c"));
  remember(&a, 1, "v", true, tg_text("d"));
  a.load.batches[0].segments[0].gone = true;
  load_must(&a);
  assert_string_equal(saved(a.pg), "0vb0-3a 1vb3-6d");
}

static void a_topic_that_is_held_leaves_nothing(void **state)
{
  (void)state;
  load_open(&a);
  load_fill(&a, 0, 0, 2, 3);
  load_fill(&a, 1, 0, 1, 1);
  load_ready(&a);
  remember(&a, 0, "v", true, tg_text("a"));
  a.load.batches[0].held = true;
  load_must(&a);
  assert_string_equal(saved(a.pg), "");
  assert_string_equal(balance(a.pg), "1=1+0+0+0");
}

static void a_fenced_owner_writes_no_state(void **state)
{
  (void)state;
  fill(&a);
  remember(&a, 0, "v", true, tg_text("a"));
  remember(&a, 1, "v", true, tg_text("b"));
  owner_claim(&b, 0, 1); /* takes partition 0 of both topics */
  enum tg_rc rc;
  while ((rc = load_write(&a)) == TG_AGAIN) {}
  server_must(rc, &a.err);
  assert_string_equal(saved(b.pg), "1vb0-3b");
}

static void a_load_with_refused_rows_writes_its_state_once(void **state)
{
  (void)state;
  server_exec(a.pg, "ALTER TABLE orders ADD CHECK (id <> 8)");
  fill(&a);
  remember(&a, 0, "v", true, tg_text("a"));
  enum tg_rc rc;
  while ((rc = load_write(&a)) == TG_AGAIN) {}
  server_must(rc, &a.err);
  assert_int_equal(a.report.quarantined, 1);
  assert_string_equal(saved(a.pg), "0vb0-3a");
}

struct seen {
  char text[512];
  struct tg_buf bytes;
};

static enum tg_rc see(void *self, const struct tg_saved_state *row, struct tg_err *err)
{
  struct seen *s = self;
  size_t used = strlen(s->text);
  (void)err;
  snprintf(s->text + used, sizeof s->text - used, "%.*s %.*s %s;", TG_TEXT(row->rule),
           TG_TEXT(row->declared), row->base ? "base" : "delta");
  tg_buf_text(&s->bytes, row->bytes);
  return TG_OK;
}

static void all_bytes_come_back_in_order(void **state)
{
  (void)state;
  static char all[100000];
  struct seen s = {.text = ""};
  tg_buf_init(&s.bytes, 0);
  for (size_t i = 0; i < sizeof all; i++) all[i] = (char)(i * 7 + i / 256);
  fill(&a);
  remember(&a, 0, "v", true, tg_text_of(all, sizeof all / 2));
  load_must(&a);
  fill(&a);
  remember(&a, 0, "v", false, tg_text_of(all + sizeof all / 2, sizeof all / 2));
  load_must(&a);
  server_must(tg_rulestate_read(a.pg, &a.claims[0][0], see, &s, soon(), &a.err), &a.err);
  assert_string_equal(s.text, "v d1 base;v d1 delta;");
  assert_int_equal(s.bytes.len, sizeof all);
  assert_memory_equal(s.bytes.ptr, all, sizeof all);
  tg_buf_fini(&s.bytes);
}

static void state_beyond_the_chain_is_not_believed(void **state)
{
  (void)state;
  struct seen s = {.text = ""};
  fill(&a);
  remember(&a, 0, "v", true, tg_text("a"));
  load_must(&a);
  struct tg_claim early = a.claims[0][0];
  early.next--;
  assert_int_equal(tg_rulestate_read(a.pg, &early, see, &s, soon(), &a.err), TG_RETRY);
  assert_non_null(strstr(a.err.what, "rule v of orders[0] remembers up to offset 3"));
  assert_string_equal(s.text, "");
  tg_buf_fini(&s.bytes);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_owners, close_owners)
  const struct CMUnitTest tests[] = {
      T(deltas_follow_a_base_until_the_next_one),
      T(a_base_leaves_other_rules_and_partitions_alone),
      T(a_segment_that_is_gone_leaves_nothing),
      T(a_topic_that_is_held_leaves_nothing),
      T(a_fenced_owner_writes_no_state),
      T(a_load_with_refused_rows_writes_its_state_once),
      T(all_bytes_come_back_in_order),
      T(state_beyond_the_chain_is_not_believed),
  };
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
