/* Records for Kafka: written with their load, read by their relay, against a real server. */
#include "core/data/emitted.h"
#include "core/pg/attempt.h" /* before loads.h, which has owners called a and b */
#include "core/pg/outbox.h"
#include "tests/unit/pg/loads.h"

#include <stdlib.h>

enum { SEEN_MAX = 4000 };

struct seen { /* what a relay would send: offsets, in order */
  int64_t offsets[SEEN_MAX];
  uint32_t count, pieces;
  uint32_t pieces_max; /* then it has enough */
  struct tg_packed last;
  char headers[2048];
};

static struct tg_emitted list[SEEN_MAX];
static struct tg_emit emits = {.topic = "out", .list = list};

/* Rows [from, to) of the first batch emit a value. */
static void emit(uint32_t from, uint32_t to, const char *value)
{
  emits.count = 0;
  for (uint32_t row = from; row < to; row++)
    list[emits.count++] = (struct tg_emitted){.row = row, .value = tg_text(value)};
  a.load.batches[0].emits = &emits;
}

static void load_of(int parts, int rows)
{
  load_open(&a);
  load_fill(&a, 0, 0, parts, rows);
  load_ready(&a);
}

static struct tg_outgoing part(int p)
{
  const struct tg_claim *c = &a.claims[0][p];
  return (struct tg_outgoing){.partition_id = c->partition_id, .claim_id = c->claim_id, .out = -1};
}

static enum tg_rc see(void *self, const struct tg_outbox_row *row, struct tg_err *err)
{
  struct seen *s = self;
  struct tg_packed p;
  size_t at = 0;
  (void)err;
  if (s->pieces_max && s->pieces == s->pieces_max) return TG_AGAIN;
  s->pieces++;
  while (tg_packed_next(row->data, &at, &p) == TG_OK) {
    s->last = p;
    snprintf(s->headers, sizeof s->headers, "%.*s", 0, "");
    memcpy(s->headers, p.headers.ptr ? p.headers.ptr : "", p.headers.len);
    s->offsets[s->count++] = p.offset;
  }
  return TG_OK;
}

/* Everything that the partition has, page by page. */
static void read_all(const struct tg_outgoing *o, struct seen *s)
{
  struct tg_outbox_page page = {.part = o, .from = o->start, .piece = -1, .visit = see, .self = s};
  *s = (struct seen){.count = 0};
  while (!page.last) server_must(tg_outbox_read(b.pg, &page, soon(), &b.err), &b.err);
}

static const char *rows(void)
{
  return server_value(b.pg, "SELECT count(*) || ' ' || coalesce(sum(records), 0)"
                            " FROM tidegate.outbox");
}

static void records_commit_with_their_rows(void **state)
{
  (void)state;
  struct seen s;
  load_of(2, 3); /* rows 0..2 of partition 0, 3..5 of partition 1 */
  emit(1, 5, "v");
  load_must(&a);
  assert_int_equal(a.report.emitted, 4);
  struct tg_outgoing o[2] = {part(0), part(1)};
  server_must(tg_outbox_ends(b.pg, o, 2, soon(), &b.err), &b.err);
  assert_true(o[0].pending && o[1].pending);
  assert_true(o[0].end == 3 && o[1].end == 3);
  read_all(&o[0], &s);
  assert_true(s.count == 2 && s.offsets[0] == 1 && s.offsets[1] == 2);
  read_all(&o[1], &s);
  assert_true(s.count == 2 && s.offsets[0] == 0 && s.offsets[1] == 1);
}

static void only_rows_that_are_loaded_emit(void **state)
{
  (void)state;
  struct seen s;
  load_of(1, 6);
  emit(0, 6, "v");
  struct tg_batch *batch = &a.load.batches[0];
  struct tg_issue issue = {.fate = TG_QUARANTINE, .stage = TG_STAGE_RULE, .reason = tg_text("no")};
  tg_batch_issue(batch, 1, &issue);
  issue.fate = TG_DROP;
  tg_batch_issue(batch, 2, &issue);
  issue.fate = TG_TAG;
  tg_batch_issue(batch, 3, &issue);
  server_exec(a.pg, "ALTER TABLE orders ADD CONSTRAINT few CHECK (id <> 4 * 8)"); /* row 4 */
  enum tg_rc rc;
  while ((rc = load_write(&a)) == TG_AGAIN) continue;
  server_must(rc, &a.err);
  struct tg_outgoing o = part(0);
  server_must(tg_outbox_ends(b.pg, &o, 1, soon(), &b.err), &b.err);
  read_all(&o, &s);
  assert_int_equal(s.count, 3);
  assert_true(s.offsets[0] == 0 && s.offsets[1] == 3 && s.offsets[2] == 5);
}

static void a_fenced_segment_emits_nothing(void **state)
{
  (void)state;
  load_of(2, 2);
  emit(0, 4, "v");
  owner_claim(&b, 1, 2); /* somebody else has partition 1 now */
  enum tg_rc rc;
  while ((rc = load_write(&a)) == TG_AGAIN) continue;
  server_must(rc, &a.err);
  assert_string_equal(rows(), "1 2");
}

static void a_failed_load_emits_nothing(void **state)
{
  (void)state;
  load_of(1, 2);
  emit(0, 2, "v");
  server_exec(b.pg, "DROP TABLE orders");
  assert_int_not_equal(load_write(&a), TG_OK);
  assert_string_equal(rows(), "0 0");
}

static void large_segments_are_read_in_pages(void **state)
{
  (void)state;
  static char text[10000];
  struct seen s;
  memset(text, 'x', sizeof text - 1);
  load_of(1, 1000);
  emit(0, 1000, text); /* 10 MB: about 38 pieces */
  load_must(&a);
  struct tg_outgoing o = part(0);
  server_must(tg_outbox_ends(b.pg, &o, 1, soon(), &b.err), &b.err);
  read_all(&o, &s);
  assert_int_equal(s.count, 1000);
  assert_true(s.pieces > 30);
  for (uint32_t i = 0; i < s.count; i++) assert_true(s.offsets[i] == i);
}

static void reading_begins_in_the_segment_that_is_not_out(void **state)
{
  (void)state;
  struct seen s;
  for (int i = 0; i < 3; i++) { /* [0,4) [4,8) [8,12) */
    load_of(1, 4);
    emit(0, 4, "v");
    load_must(&a);
  }
  struct tg_outgoing o = part(0);
  o.out = 6; /* in the middle: another cut of the same offsets was out */
  server_must(tg_outbox_ends(b.pg, &o, 1, soon(), &b.err), &b.err);
  assert_true(o.start == 4 && o.end == 12 && o.pending);
  read_all(&o, &s);
  assert_true(s.count == 8 && s.offsets[0] == 4);
  server_must(tg_outbox_delete(b.pg, &o, 1, soon(), &b.err), &b.err);
  assert_string_equal(rows(), "2 8");
  o.out = 12;
  server_must(tg_outbox_delete(b.pg, &o, 1, soon(), &b.err), &b.err);
  assert_string_equal(rows(), "0 0");
  server_must(tg_outbox_ends(b.pg, &o, 1, soon(), &b.err), &b.err);
  assert_false(o.pending);
}

static void nothing_is_due_of_what_somebody_else_has_claimed(void **state)
{
  (void)state;
  load_of(2, 4);
  emit(0, 8, "v");
  load_must(&a);
  struct tg_outgoing o[2] = {part(0), part(1)};
  owner_claim(&b, 1, 2);
  server_must(tg_outbox_ends(a.pg, o, 2, soon(), &a.err), &a.err);
  assert_true(o[0].pending && o[0].end > o[0].out);
  assert_int_equal(o[1].end, o[1].out);
}

static bool header_is(const struct seen *s, const char *name, const char *value)
{
  struct tg_header h;
  uint32_t at = 0;
  while (tg_headers_next(tg_text_of(s->headers, s->last.headers.len), &at, &h))
    if (tg_text_is(h.name, name)) return tg_text_is(h.value, value);
  return false;
}

static void quarantined_events_are_dead_letters(void **state)
{
  (void)state;
  struct seen s;
  topics[0].dead_letter = tg_text("dead");
  topics[0].output_bytes_max = 1000000;
  load_of(1, 3);
  struct tg_issue issue = {.fate = TG_QUARANTINE,
                           .stage = TG_STAGE_DECODE,
                           .field = tg_text("amount"),
                           .rule = "between(amount)",
                           .reason = tg_text("amount: 'x' is not a number")};
  tg_batch_issue(&a.load.batches[0], 2, &issue);
  load_must(&a);
  struct tg_outgoing o = part(0);
  server_must(tg_outbox_ends(b.pg, &o, 1, soon(), &b.err), &b.err);
  read_all(&o, &s);
  assert_int_equal(s.count, 1);
  assert_true(s.offsets[0] == 2 && s.last.kind == TG_RECORD_DEAD_LETTER);
  assert_true(header_is(&s, "__connect.errors.exception.message", "amount: 'x' is not a number"));
  assert_true(header_is(&s, "__connect.errors.stage", "VALUE_CONVERTER"));
  assert_true(header_is(&s, "tg-field", "amount"));
  assert_true(header_is(&s, "tg-rule", "between(amount)"));
}

static void a_relay_is_noted_under_its_claim_only(void **state)
{
  (void)state;
  struct tg_buf ids;
  struct tg_outgoing o[2] = {part(0), part(1)};
  tg_buf_init(&ids, 0);
  server_must(tg_outbox_take(a.pg, o, 2, "one", soon(), &a.err), &a.err);
  owner_claim(&b, 1, 2);
  server_must(tg_outbox_take(a.pg, o, 2, "two", soon(), &a.err), &a.err); /* only partition 0 */
  server_must(tg_outbox_formers(a.pg, o, 2, &ids, soon(), &a.err), &a.err);
  assert_int_equal(ids.len, 4); /* an heir is not ended by who was the owner */
  assert_string_equal(ids.ptr, "two");
  o[1].claim_id = b.claims[0][1].claim_id;
  server_must(tg_outbox_formers(a.pg, o, 2, &ids, soon(), &a.err), &a.err);
  assert_int_equal(ids.len, 8);
  assert_memory_equal(ids.ptr, "one\0two", 8);
  server_must(tg_outbox_let_go(a.pg, o, 2, "two", soon(), &a.err), &a.err);
  server_must(tg_outbox_formers(a.pg, o, 2, &ids, soon(), &a.err), &a.err);
  assert_string_equal(ids.ptr, "one");
  struct tg_claim again = {.topic = "orders", .partition = 0};
  struct tg_claimer who = {"shop", "cluster1", "b", 2};
  server_must(tg_claim_take(b.pg, &who, &again, 1, soon(), &b.err), &b.err);
  assert_true(again.relayed); /* let go, but the group's offset is a relay's for good */
  tg_buf_fini(&ids);
}

/* Lost by one lane of a process and claimed by another, before the first has let go. */
static void who_lets_go_late_leaves_the_name_of_who_has_claimed_since(void **state)
{
  (void)state;
  struct tg_buf ids;
  struct tg_outgoing before = part(1), since = before;
  tg_buf_init(&ids, 0);
  server_must(tg_outbox_take(a.pg, &before, 1, "one", soon(), &a.err), &a.err);
  owner_claim(&b, 1, 2);
  since.claim_id = b.claims[0][1].claim_id;
  server_must(tg_outbox_take(a.pg, &since, 1, "one", soon(), &a.err), &a.err);
  server_must(tg_outbox_let_go(a.pg, &before, 1, "one", soon(), &a.err), &a.err);
  server_must(tg_outbox_formers(a.pg, &since, 1, &ids, soon(), &a.err), &a.err);
  assert_int_equal(ids.len, 4);
  server_must(tg_outbox_let_go(a.pg, &since, 1, "one", soon(), &a.err), &a.err);
  server_must(tg_outbox_formers(a.pg, &since, 1, &ids, soon(), &a.err), &a.err);
  assert_int_equal(ids.len, 0);
  tg_buf_fini(&ids);
}

int main(void)
{
#define OF(name) cmocka_unit_test_setup_teardown(name, open_owners, close_owners)
  const struct CMUnitTest tests[] = {OF(records_commit_with_their_rows),
                                     OF(only_rows_that_are_loaded_emit),
                                     OF(a_fenced_segment_emits_nothing),
                                     OF(a_failed_load_emits_nothing),
                                     OF(large_segments_are_read_in_pages),
                                     OF(reading_begins_in_the_segment_that_is_not_out),
                                     OF(quarantined_events_are_dead_letters),
                                     OF(a_relay_is_noted_under_its_claim_only),
                                     OF(who_lets_go_late_leaves_the_name_of_who_has_claimed_since),
                                     OF(nothing_is_due_of_what_somebody_else_has_claimed)};
  return cmocka_run_group_tests(tests, server_start, server_stop);
}
