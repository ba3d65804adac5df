/* Rotating Bloom filters: against a list of everything, one way of cutting against another, and how
 * often they are wrong. */
#include "streams.h"

#include "core/state/bloom.h"
#include "core/state/keysave.h"

enum { ROWS = 4000, WINDOW_S = 600 };
#define WINDOW (WINDOW_S * SEC)
#define FPP    1e-6 /* so small that a wrong one is a defect */

struct row {
  uint32_t key;
  int64_t us, now_us;
};

static bool meet(struct tg_bloom *b, const struct row *r)
{
  bool seen = false;
  struct tg_text key = tg_text_of((const char *)&r->key, sizeof r->key);
  assert_true(tg_bloom_meet(b, key, r->us, r->now_us, &seen));
  return seen;
}

/* Times advance; 1 in `late` rows is late by up to half a window, 1 in `wild` from the
 * future. */
static void fill(struct row *rows, uint32_t n, uint64_t seed, uint32_t late, uint32_t wild)
{
  int64_t now = 1767225600 * SEC;
  for (uint32_t i = 0; i < n; i++) {
    now += draw(&seed) % 10 * SEC;
    rows[i] = (struct row){draw(&seed) % 400, now, now};
    if (late && draw(&seed) % late == 0) rows[i].us -= draw(&seed) % (WINDOW_S / 2) * SEC;
    if (wild && draw(&seed) % wild == 0) rows[i].us += draw(&seed) % 1000 * WINDOW;
    if (rows[i].us < rows[i].now_us) rows[i].now_us = rows[i].us;
  }
}

/* The largest time at which row i's key was seen before it; INT64_MIN: never. */
static int64_t last_of(const struct row *rows, uint32_t i)
{
  int64_t last = INT64_MIN;
  for (uint32_t k = 0; k < i; k++)
    if (rows[k].key == rows[i].key && rows[k].us > last) last = rows[k].us;
  return last;
}

/* Of one row: seen when that is due, not when it may not be. */
static void expect(const struct row *rows, uint32_t i, int64_t clock, bool late, bool seen)
{
  int64_t last = last_of(rows, i), most = WINDOW + (late ? WINDOW : WINDOW / 2);
  bool due = last > rows[i].us - WINDOW && last > clock - WINDOW;
  bool may = last > INT64_MIN && rows[i].us - last < most;
  if ((due && !seen) || (seen && !may))
    fail_msg("row %u: %s, %lld s after", i, seen ? "seen" : "missed",
             (long long)((rows[i].us - last) / SEC));
}

static void nothing_within_the_window_is_missed(void **state)
{
  (void)state;
  static struct row rows[ROWS];
  uint32_t seen = 0;
  for (uint64_t seed = 1; seed <= 4; seed++) {
    struct tg_bloom b;
    bool late = seed > 2;
    fill(rows, ROWS, seed, late ? 5 : 0, 0);
    tg_bloom_init(&b, 4000, FPP, WINDOW);
    for (uint32_t i = 0; i < ROWS; i++) {
      bool is = meet(&b, &rows[i]);
      expect(rows, i, b.clock_us, late, is);
      seen += is;
    }
    assert_int_equal(b.evicted, 0);
    tg_bloom_fini(&b);
  }
  assert_in_range(seen, ROWS / 2, ROWS * 3); /* or nothing was tried */
}

static void events_from_the_future_push_out_nothing_of_today(void **state)
{
  (void)state;
  static struct row rows[ROWS];
  struct tg_bloom b;
  fill(rows, ROWS, 5, 5, 50);
  tg_bloom_init(&b, 4000, FPP, WINDOW);
  for (uint32_t i = 0; i < ROWS; i++) {
    int64_t last = last_of(rows, i);
    bool seen = meet(&b, &rows[i]), wild = rows[i].us > rows[i].now_us;
    if (!wild && last <= rows[i].us && last > b.clock_us - WINDOW) assert_true(seen);
  }
  assert_true(b.evicted > 10);
  tg_bloom_fini(&b);
}

/* New keys alone, at a rate of keys_max in a window. */
static void few_new_keys_are_taken_for_seen(void **state)
{
  (void)state;
  enum { KEYS_MAX = 20000, NEW = 300000 };
  struct tg_bloom b;
  uint32_t wrong = 0;
  tg_bloom_init(&b, KEYS_MAX, 0.01, WINDOW);
  for (uint32_t i = 0; i < NEW; i++) {
    int64_t us = (int64_t)i * (WINDOW / KEYS_MAX);
    wrong += meet(&b, &(struct row){i, us, us});
  }
  print_message("rotating: %u of %u new keys taken for seen, at most %u\n", wrong, NEW, NEW / 100);
  assert_in_range(wrong, NEW / 1000, NEW / 100); /* a tenth of it: or no filter was asked */
  assert_int_equal(b.evicted, 0);
  tg_bloom_fini(&b);
}

static void nor_when_all_filters_are_full(void **state)
{
  (void)state;
  enum { KEYS_MAX = 100000, ASKED = 300000 };
  struct tg_bloom b;
  uint32_t wrong = 0;
  tg_bloom_init(&b, KEYS_MAX, 0.001, 0);
  for (uint32_t i = 0; tg_bloom_keys(&b) < (uint64_t)4 * b.keys_each - 1; i++)
    meet(&b, &(struct row){i, 0, 0});
  assert_int_equal(b.evicted, 0);
  for (uint32_t i = 0; i < ASKED; i++) {
    assert_true(tg_bloom_begin(&b, i));
    wrong += meet(&b, &(struct row){UINT32_MAX - i, 0, 0});
    tg_bloom_rollback(&b, i);
  }
  print_message("full: %u of %u new keys taken for seen, at most %u\n", wrong, ASKED, ASKED / 1000);
  assert_in_range(wrong, ASKED / 1000 / 2, ASKED / 1000 + 50); /* three standard deviations */
  assert_true(tg_bloom_bytes(&b) < (size_t)5 * KEYS_MAX);
  tg_bloom_fini(&b);
}

static void keys_beyond_the_room_are_counted(void **state)
{
  (void)state;
  struct tg_bloom b;
  tg_bloom_init(&b, 100, FPP, WINDOW);
  for (uint32_t i = 0; i < 1000; i++) {
    assert_false(meet(&b, &(struct row){i, i, i}));
    for (uint32_t k = i > 99 ? i - 99 : 0; i % 50 == 0 && k < i; k++) {
      assert_true(tg_bloom_begin(&b, 0));
      assert_true(meet(&b, &(struct row){k, i, i}));
      tg_bloom_rollback(&b, 0);
    }
  }
  assert_int_equal(b.evicted + tg_bloom_keys(&b), 1000);
  assert_in_range(tg_bloom_keys(&b), 150, 200);
  tg_bloom_fini(&b);
}

/* Keys, times and clocks in a row, and whether each is seen. */
static void expect_seen(uint32_t keys_max, const struct row *rows, uint32_t n, const char *seen)
{
  struct tg_bloom b;
  tg_bloom_init(&b, keys_max, FPP, WINDOW);
  for (uint32_t i = 0; i < n; i++)
    if (meet(&b, &rows[i]) != (seen[i] == 'y')) fail_msg("%s: row %u differs", seen, i);
  tg_bloom_fini(&b);
}

static void a_window_ends_to_the_microsecond(void **state)
{
  (void)state;
  const struct row by_row[] = {{1, 0, 0}, {1, WINDOW - 1, 0}, {1, 2 * WINDOW - 1, 0}};
  const struct row by_clock[] = {{1, 0, 0}, {2, WINDOW, WINDOW}, {1, WINDOW / 2, 0}};
  const struct row in_time[] = {{1, 0, 0}, {2, WINDOW - 1, WINDOW - 1}, {1, WINDOW / 2, 0}};
  expect_seen(100, by_row, 3, "nyn");
  expect_seen(100, by_clock, 3, "nnn");
  expect_seen(100, in_time, 3, "nny");
}

static void what_is_later_than_the_window_is_remembered_too(void **state)
{
  (void)state;
  const struct row rows[] = {{1, 5 * WINDOW, 5 * WINDOW},
                             {2, 4 * WINDOW, 0},
                             {2, 4 * WINDOW, 0},
                             {3, WINDOW, 0},
                             {3, WINDOW, 0}};
  expect_seen(100, rows, 5, "nnyny");
}

static void a_filter_takes_half_of_keys_max(void **state)
{
  (void)state;
  struct tg_bloom b;
  tg_bloom_init(&b, 2, FPP, WINDOW);
  for (uint32_t i = 0; i < 5; i++) {
    assert_int_equal(b.evicted, 0);
    assert_false(meet(&b, &(struct row){i, 0, 0}));
  }
  assert_int_equal(b.evicted, 1);
  tg_bloom_fini(&b);
}

/* --- ways through a stream --- */

struct saved { /* what the database has */
  struct tg_buf bytes[ROWS];
  uint32_t to[ROWS], count;
};

static void restart(struct tg_bloom *b, struct saved *d, uint32_t keys_max)
{
  tg_bloom_fini(b);
  tg_bloom_init(b, keys_max, FPP, WINDOW);
  for (uint32_t i = 0; i < d->count; i++)
    assert_int_equal(tg_bloom_load(b, i == 0, tg_buf_view(&d->bytes[i])), TG_OK);
}

static void judge(struct tg_bloom *b, const struct row *rows, uint32_t from, uint32_t n, bool *seen)
{
  assert_true(tg_bloom_begin(b, from));
  for (uint32_t i = from; i < from + n; i++) seen[i] = meet(b, &rows[i]);
}

static void save(const struct tg_bloom *b, struct saved *d, uint32_t to)
{
  tg_buf_init(&d->bytes[d->count], 0);
  tg_bloom_save(b, d->count == 0, &d->bytes[d->count]);
  assert_false(d->bytes[d->count].failed);
  d->to[d->count++] = to;
}

/* Batches of any size, some judged twice, some dropped and read again, some after a restart; up to
 * three are not committed. */
static void go(struct tg_bloom *b, const struct row *rows, uint32_t keys_max, bool *seen)
{
  static struct saved d;
  uint64_t seed = keys_max;
  uint32_t ends[ROWS + 1] = {0}, count = 0, committed = 0;
  d.count = 0;
  for (uint32_t at = 0; at < ROWS;) {
    uint32_t n = 1 + draw(&seed) % 60;
    if (n > ROWS - at) n = ROWS - at;
    if (draw(&seed) % 3 == 0) judge(b, rows, at, n, seen);
    judge(b, rows, at, n, seen);
    save(b, &d, at += n);
    ends[++count] = at;
    if (count - committed > 3) tg_bloom_commit(b, ends[++committed]);
    uint32_t what = at < ROWS ? draw(&seed) % 8 : 2;
    if (what > 1) continue;
    count = committed, at = ends[committed];
    while (d.count && d.to[d.count - 1] > at) tg_buf_fini(&d.bytes[--d.count]);
    if (what == 1) restart(b, &d, keys_max);
  }
  while (d.count) tg_buf_fini(&d.bytes[--d.count]);
}

static void no_way_of_cutting_changes_anything(void **state)
{
  (void)state;
  static struct row rows[ROWS];
  static bool want[ROWS], got[ROWS];
  static const uint32_t sizes[] = {1, 20, 100, 100000};
  for (uint32_t w = 0; w < sizeof sizes / sizeof *sizes; w++) {
    struct tg_bloom once, often;
    struct tg_buf a, b;
    fill(rows, ROWS, w, 5, 40);
    tg_bloom_init(&once, sizes[w], FPP, WINDOW), tg_bloom_init(&often, sizes[w], FPP, WINDOW);
    tg_buf_init(&a, 0), tg_buf_init(&b, 0);
    judge(&once, rows, 0, ROWS, want);
    go(&often, rows, sizes[w], got);
    for (uint32_t i = 0; i < ROWS; i++)
      if (got[i] != want[i]) fail_msg("keys_max %u, row %u: %d", sizes[w], i, got[i]);
    tg_bloom_save(&once, true, &a), tg_bloom_save(&often, true, &b);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.ptr, b.ptr, a.len);
    tg_buf_fini(&a), tg_buf_fini(&b);
    tg_bloom_fini(&once), tg_bloom_fini(&often);
  }
}

static void a_base_is_small_while_there_are_few_keys(void **state)
{
  (void)state;
  struct tg_bloom b, back;
  struct tg_buf out;
  tg_bloom_init(&b, 100000, 0.001, WINDOW), tg_bloom_init(&back, 1, 0.1, WINDOW);
  tg_buf_init(&out, 0);
  for (uint32_t i = 0; i < 50000; i++) {
    meet(&b, &(struct row){i, 0, 0});
    if (i != 9 && i != 49999) continue;
    tg_buf_clear(&out);
    tg_bloom_save(&b, true, &out);
    assert_true(out.len < (i == 9 ? 600 : tg_bloom_bytes(&b) + 200));
    assert_int_equal(tg_bloom_load(&back, true, tg_buf_view(&out)), TG_OK);
    assert_memory_equal(back.filters[0].words, b.filters[0].words, b.bits / 8);
  }
  tg_buf_fini(&out);
  tg_bloom_fini(&b), tg_bloom_fini(&back);
}

/* --- damage --- */

static void hostile_bytes_do_no_harm(void **state)
{
  (void)state;
  static struct row rows[ROWS];
  uint64_t seed = 3;
  uint32_t refused = 0;
  struct tg_bloom b;
  struct tg_buf base, delta;
  fill(rows, ROWS, 1, 5, 40);
  tg_buf_init(&base, 0), tg_buf_init(&delta, 0);
  tg_bloom_init(&b, 300, 0.01, WINDOW);
  for (uint32_t i = 0; i < 500; i++) meet(&b, &rows[i]);
  tg_bloom_save(&b, true, &base);
  assert_true(tg_bloom_begin(&b, 0));
  for (uint32_t i = 500; i < 700; i++) meet(&b, &rows[i]);
  tg_bloom_save(&b, false, &delta);
  tg_bloom_fini(&b);
  for (uint32_t i = 0; i < 3000; i++) {
    struct tg_buf *in = i % 2 ? &delta : &base;
    size_t at = draw(&seed) % in->len, len = i % 5 ? in->len : at;
    char was = in->ptr[at];
    in->ptr[at] = (char)draw(&seed);
    tg_bloom_init(&b, 300, 0.01, WINDOW);
    enum tg_rc rc = TG_OK;
    if (i % 2) rc = tg_bloom_load(&b, true, tg_buf_view(&base));
    if (rc == TG_OK) rc = tg_bloom_load(&b, i % 2 == 0, tg_text_of(in->ptr, len));
    refused += rc == TG_DATA;
    assert_true(rc == TG_DATA || rc == TG_OK);
    for (uint32_t k = 700; rc == TG_OK && k < 720; k++) meet(&b, &rows[k]);
    tg_bloom_fini(&b);
    in->ptr[at] = was;
  }
  assert_true(refused > 600);
  tg_buf_fini(&base), tg_buf_fini(&delta);
}

/* --- as a rule's memory --- */

static void judge_maybe(struct judge *j, struct row *rows, uint32_t from, uint32_t n, double fpp)
{
  struct tg_event *events = tg_arena_zalloc(&j->arena, n, sizeof *events);
  uint8_t *fates = tg_arena_zalloc(&j->arena, n, 1);
  int64_t *key = tg_arena_zalloc(&j->arena, n, sizeof *key);
  for (uint32_t i = 0; i < n; i++) {
    key[i] = rows[i].key;
    events[i] = (struct tg_event){.offset = from + i, .kafka_us = rows[i].us};
  }
  struct tg_segment segment = {.rows = n, .from = from};
  struct tg_batch b = {
      .rows = n, .events = events, .fates = fates, .segments = &segment, .segments_count = 1};
  tg_stateset_begin(j->set, from);
  struct tg_keyed *k = tg_stateset_open(j->set, tg_text("rule"), tg_text("1"), &j->conf);
  struct tg_keyed_use u = {.b = &b, .key_count = 1, .state = &k};
  struct tg_op op = {.arena = &j->arena, .rows = n, .err = &j->err};
  u.key[0] = ints(j, TG_INT8, key, NULL, n);
  const struct tg_column *seen = tg_keyed_maybe(&u, &op, NULL, WINDOW, fpp);
  assert_non_null(seen);
  for (uint32_t i = 0; i < n; i++) rows[i].now_us = seen->v.mask[i] == TG_TRUE;
}

static bool keep(void *self, const struct tg_state_row *row)
{
  struct saved *d = self;
  tg_buf_init(&d->bytes[d->count], 0);
  tg_buf_text(&d->bytes[d->count], row->bytes);
  d->to[d->count++] = row->base;
  return true;
}

static void judge_and_save(struct judge *j, struct saved *d, struct row *rows, uint32_t from,
                           uint32_t n)
{
  struct tg_buf scratch;
  tg_buf_init(&scratch, 0);
  judge_maybe(j, rows, from, n, 0.001);
  assert_true(tg_stateset_save(j->set, &scratch, keep, d));
  tg_stateset_commit(j->set, from + n);
  tg_buf_fini(&scratch);
}

static void a_rule_remembers_over_a_restart(void **state)
{
  (void)state;
  static struct saved d;
  struct judge j;
  struct row first[] = {{1, 0, 0}, {2, 1, 0}, {1, 2, 0}}, second[] = {{3, 3, 0}, {2, 4, 0}};
  struct row third[] = {{3, 5, 0}, {4, 6, 0}, {2, 7, 0}};
  d.count = 0;
  judge_open(&j, conf_of(1000, WINDOW), 0);
  judge_and_save(&j, &d, first, 0, 3);
  judge_and_save(&j, &d, second, 3, 2);
  assert_int_equal(first[0].now_us + first[1].now_us + second[0].now_us, 0);
  assert_true(first[2].now_us && second[1].now_us);
  assert_int_equal(tg_stateset_size(j.set).keys, 3);
  assert_true(d.count == 2 && d.to[0] && !d.to[1]);
  assert_true(d.bytes[1].len < 200);
  tg_stateset_free(j.set);
  j.set = tg_stateset_new(99); /* another seed: another process */
  for (uint32_t i = 0; i < 2; i++) {
    struct tg_state_row row = {tg_text("rule"), tg_text("1"), d.to[i], tg_buf_view(&d.bytes[i])};
    if (tg_stateset_load(j.set, &row, &j.err) != TG_OK) fail_msg("%s", j.err.what);
    tg_buf_fini(&d.bytes[i]);
  }
  judge_maybe(&j, third, 5, 3, 0.001);
  assert_true(third[0].now_us && !third[1].now_us && third[2].now_us);
  assert_string_equal(tg_stateset_changed(j.set), "");
  judge_maybe(&j, third, 5, 3, 0.002); /* other filters begin anew, and that is told */
  assert_false(third[2].now_us);
  assert_string_equal(tg_stateset_changed(j.set), "rule");
  judge_close(&j);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_within_the_window_is_missed),
      cmocka_unit_test(events_from_the_future_push_out_nothing_of_today),
      cmocka_unit_test(few_new_keys_are_taken_for_seen),
      cmocka_unit_test(nor_when_all_filters_are_full),
      cmocka_unit_test(keys_beyond_the_room_are_counted),
      cmocka_unit_test(a_window_ends_to_the_microsecond),
      cmocka_unit_test(what_is_later_than_the_window_is_remembered_too),
      cmocka_unit_test(a_filter_takes_half_of_keys_max),
      cmocka_unit_test(no_way_of_cutting_changes_anything),
      cmocka_unit_test(a_base_is_small_while_there_are_few_keys),
      cmocka_unit_test(hostile_bytes_do_no_harm),
      cmocka_unit_test(a_rule_remembers_over_a_restart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
