/* Keyed state: against a model that keeps everything, and one way of cutting a stream against
 * another. */
#include "streams.h"

/* What a row must give, from all rows before it; nothing is ever forgotten. */
static void model_row(const struct stream *s, uint32_t row, int64_t window_us, struct results *out)
{
  int64_t count = 1, sum = s->value[row], ordinal = 1, run = 1, newest = INT64_MIN;
  int64_t previous = INT64_MIN, largest = INT64_MIN, smallest = INT64_MIN;
  bool broken = false;
  for (int op = 0; op < OPERATIONS; op++) out->of[op][row] = INT64_MIN;
  if (!s->live[row] || s->key_nul[row]) return;
  for (uint32_t i = row; i-- > 0;) {
    if (!s->live[i] || s->key_nul[i] || s->key[i] != s->key[row]) continue;
    bool in = s->time_us[i] <= s->time_us[row] && s->time_us[i] > s->time_us[row] - window_us;
    count += in, ordinal++;
    if (s->time_us[i] > newest) newest = s->time_us[i];
    if (s->value_nul[i]) continue;
    sum += in ? s->value[i] : 0;
    if (previous == INT64_MIN) previous = s->value[i];
    if (largest == INT64_MIN || s->value[i] > largest) largest = s->value[i];
    if (smallest == INT64_MIN || s->value[i] < smallest) smallest = s->value[i];
    broken |= s->value[i] != s->value[row];
    run += !broken;
  }
  out->of[0][row] = count;
  out->of[2][row] =
      newest != INT64_MIN && newest > s->time_us[row] - window_us ? TG_TRUE : TG_FALSE;
  out->of[3][row] = previous, out->of[4][row] = largest, out->of[5][row] = smallest;
  out->of[7][row] = ordinal;
  if (!s->value_nul[row]) out->of[1][row] = sum, out->of[6][row] = run;
}

static void results_are_those_of_all_rows_before(void **state)
{
  (void)state;
  for (uint64_t seed = 1; seed <= 20; seed++) {
    struct stream *s = random_stream(seed, 20);
    struct results got, want;
    struct judge j;
    judge_open(&j, conf_of(1000, 0), 60 * SEC);
    j.conf.limits.keep_us = 2000000 * SEC; /* longer than the stream is */
    judge_rows(&j, s, 0, s->rows, &got);
    for (uint32_t i = 0; i < s->rows; i++) model_row(s, i, 60 * SEC, &want);
    expect_same(&got, &want, s->rows, "all at once");
    judge_close(&j);
    free(s);
  }
}

struct way { /* of getting through a stream */
  const char *name;
  uint32_t cut;    /* rows of a batch, at most */
  uint32_t behind; /* segments not committed yet, at most */
  bool twice;      /* each segment is judged a second time, after a shorter one was tried */
  bool drop;       /* now and then the last segments are dropped and read again */
  bool restart;    /* now and then all is forgotten and read from what was saved */
};

struct saved { /* what the database has */
  struct tg_buf bytes[STREAM_ROWS];
  bool base[STREAM_ROWS];
  uint32_t to[STREAM_ROWS], count;
};

static bool save_row(void *self, const struct tg_state_row *row)
{
  struct saved *d = self;
  assert_true(tg_text_is(row->rule, "rule"));
  tg_buf_init(&d->bytes[d->count], 0);
  tg_buf_text(&d->bytes[d->count], row->bytes);
  d->base[d->count++] = row->base;
  return true;
}

static void restart(struct judge *j, const struct saved *d, uint32_t committed)
{
  tg_stateset_free(j->set);
  j->set = tg_stateset_new(committed);
  for (uint32_t i = 0; i < d->count && d->to[i] <= committed; i++) {
    struct tg_state_row row = {tg_text("rule"), tg_text("1"), d->base[i],
                               tg_buf_view(&d->bytes[i])};
    if (tg_stateset_load(j->set, &row, &j->err) != TG_OK) fail_msg("%s", j->err.what);
  }
}

/* Rows of the database beyond `to` were never written. */
static void forget(struct saved *d, uint32_t to)
{
  while (d->count && d->to[d->count - 1] > to) tg_buf_fini(&d->bytes[--d->count]);
}

static void go(const struct way *way, struct judge *j, const struct stream *s, struct results *out)
{
  static struct saved d;
  struct tg_buf scratch;
  uint64_t seed = 99;
  uint32_t ends[STREAM_ROWS + 1] = {0}, count = 0, committed = 0;
  d.count = 0;
  tg_buf_init(&scratch, 0);
  for (uint32_t at = 0; at < s->rows;) {
    uint32_t n = 1 + draw(&seed) % way->cut;
    if (n > s->rows - at) n = s->rows - at;
    if (way->twice) judge_rows(j, s, at, 1 + draw(&seed) % n, out);
    judge_rows(j, s, at, n, out);
    if (way->twice) judge_rows(j, s, at, n, out);
    uint32_t before = d.count;
    assert_true(tg_stateset_save(j->set, &scratch, save_row, &d));
    at += n;
    for (uint32_t i = before; i < d.count; i++) d.to[i] = at;
    ends[++count] = at;
    if (count - committed > way->behind) tg_stateset_commit(j->set, ends[++committed]);
    bool drop = way->drop && draw(&seed) % 4 == 0, again = way->restart && draw(&seed) % 5 == 0;
    if ((!drop && !again) || at == s->rows) continue;
    count = committed, at = ends[committed];
    forget(&d, at);
    if (again) restart(j, &d, at);
  }
  forget(&d, 0);
  tg_buf_fini(&scratch);
}

static const struct way ways[] = {
    {"batches of 1", 1, 0, false, false, false},
    {"small batches", 7, 0, false, false, false},
    {"some not committed", 40, 3, false, false, false},
    {"judged twice", 30, 2, true, false, false},
    {"dropped and read again", 30, 3, false, true, false},
    {"saved and restored", 50, 2, false, false, true},
    {"all of it", 25, 3, true, true, true},
};

static void no_way_of_cutting_changes_anything(void **state)
{
  (void)state;
  static const struct {
    uint32_t keys, keys_max;
    int64_t keep_us;
  } worlds[] = {
      {12, 8, 0}, {12, 10, 0},        {20, 1000, 0}, {200, 1000, 60 * SEC}, {200, 1000, 300 * SEC},
      {50, 7, 0}, {50, 30, 120 * SEC}};
  for (size_t w = 0; w < sizeof worlds / sizeof *worlds; w++)
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
      struct stream *s = random_stream(w * 100 + i + 1, worlds[w].keys);
      struct results got, want;
      struct judge j;
      judge_open(&j, conf_of(worlds[w].keys_max, worlds[w].keep_us), 60 * SEC);
      judge_rows(&j, s, 0, s->rows, &want);
      struct tg_state_size size = tg_stateset_size(j.set);
      tg_stateset_free(j.set);
      j.set = tg_stateset_new(5);
      go(&ways[i], &j, s, &got);
      expect_same(&got, &want, s->rows, ways[i].name);
      assert_int_equal(tg_stateset_size(j.set).evicted, size.evicted);
      assert_int_equal(tg_stateset_size(j.set).keys, size.keys);
      judge_close(&j);
      free(s);
    }
}

static struct stream *plain(uint32_t rows)
{
  struct stream *s = calloc(1, sizeof *s);
  s->rows = rows;
  for (uint32_t i = 0; i < rows; i++)
    s->offset[i] = i, s->kafka_us[i] = s->time_us[i] = 1000 * SEC + i * SEC, s->live[i] = 1;
  return s;
}

static void the_window_is_open_at_its_old_end(void **state)
{
  (void)state;
  struct stream *s = plain(3);
  struct results r;
  struct judge j;
  s->time_us[1] = s->time_us[0] + 60 * SEC - 1;
  s->time_us[2] = s->time_us[0] + 60 * SEC;
  judge_open(&j, conf_of(10, 0), 60 * SEC);
  judge_rows(&j, s, 0, 3, &r);
  assert_int_equal(r.of[0][1], 2);
  assert_int_equal(r.of[0][2], 2); /* the first is 60 s away: out */
  assert_int_equal(r.of[2][1], TG_TRUE);
  judge_close(&j);
  free(s);
}

static void the_key_used_longest_ago_makes_room(void **state)
{
  (void)state;
  struct stream *s = plain(6);
  struct results r;
  struct judge j;
  const int64_t keys[] = {1, 2, 1, 3, 1, 2};
  memcpy(s->key, keys, sizeof keys);
  judge_open(&j, conf_of(2, 0), 60 * SEC);
  judge_rows(&j, s, 0, 6, &r);
  const int64_t ordinals[] = {1, 1, 2, 1, 3, 1}; /* 3 pushes 2 out, not 1 */
  for (int i = 0; i < 6; i++) assert_int_equal(r.of[7][i], ordinals[i]);
  struct tg_state_size size = tg_stateset_size(j.set);
  assert_int_equal(size.evicted, 2 * 8); /* in each of the eight steps */
  assert_int_equal(size.keys, 2 * 8);
  judge_close(&j);
  free(s);
}

static void bytes_are_bounded_too(void **state)
{
  (void)state;
  struct stream *s = plain(STREAM_ROWS);
  static struct results r;
  struct judge j;
  for (uint32_t i = 0; i < s->rows; i++) s->key[i] = i % 100;
  judge_open(&j, conf_of(1000, 0), 10000 * SEC);
  j.conf.limits.bytes_max = 10 * (TG_KEY_ENTRY_BYTES + 64);
  judge_rows(&j, s, 0, s->rows, &r);
  struct tg_state_size size = tg_stateset_size(j.set);
  assert_true(size.evicted > 0);
  assert_true(size.keys <= 8 * 15);
  judge_close(&j);
  free(s);
}

static void a_hot_key_counts_up_to_the_cap(void **state)
{
  (void)state;
  struct stream *s = plain(STREAM_ROWS);
  static struct results r;
  struct judge j;
  judge_open(&j, conf_of(10, 0), 1000000 * SEC);
  int64_t counted = 0;
  for (uint32_t at = 0, n = 0; n < 8; n++, at += STREAM_ROWS) {
    for (uint32_t i = 0; i < s->rows; i++) s->offset[i] = at + i;
    judge_rows(&j, s, 0, s->rows, &r);
    tg_stateset_commit(j.set, 1); /* the next segment has the same number */
    counted += s->rows;
    int64_t most = counted < TG_KEYED_RING_MAX + 1 ? counted : TG_KEYED_RING_MAX + 1;
    assert_int_equal(r.of[0][s->rows - 1], most);
  }
  judge_close(&j);
  free(s);
}

static void an_event_from_the_future_empties_nothing(void **state)
{
  (void)state;
  struct stream *s = plain(3);
  struct results r;
  struct judge j;
  s->key[1] = 2;
  s->time_us[1] += 1000000 * SEC;
  judge_open(&j, conf_of(10, 60 * SEC), 60 * SEC);
  judge_rows(&j, s, 0, 3, &r);
  assert_int_equal(r.of[7][2], 2);
  judge_close(&j);
  free(s);
}

static void keys_untouched_for_long_leave(void **state)
{
  (void)state;
  struct stream *s = plain(3);
  struct results r;
  struct judge j;
  s->key[1] = 2;
  s->kafka_us[2] = s->time_us[2] = s->time_us[1] + 60 * SEC;
  judge_open(&j, conf_of(10, 60 * SEC), 60 * SEC);
  judge_rows(&j, s, 0, 3, &r);
  assert_int_equal(r.of[7][2], 1);
  assert_int_equal(tg_stateset_size(j.set).keys, 8);
  judge_close(&j);
  free(s);
}

static void what_was_touched_and_dropped_is_as_old_as_before(void **state)
{
  (void)state;
  struct stream *s = plain(6);
  struct results r;
  struct judge j;
  const int64_t keys[] = {1, 2, 3, 2, 1, 2};
  memcpy(s->key, keys, sizeof keys);
  judge_open(&j, conf_of(3, 0), 60 * SEC);
  judge_rows(&j, s, 0, 3, &r);
  judge_rows(&j, s, 3, 2, &r); /* touches 2, then 1; dropped: the oldest is 1 again, then 2 */
  s->key[3] = 4;
  judge_rows(&j, s, 3, 1, &r); /* pushes out 1 */
  s->key[4] = 2, s->key[5] = 1;
  judge_rows(&j, s, 4, 2, &r);
  assert_int_equal(r.of[7][4], 2);
  assert_int_equal(r.of[7][5], 1);
  judge_close(&j);
  free(s);
}

static void what_was_touched_and_dropped_leaves_when_it_should(void **state)
{
  (void)state;
  struct stream *s = plain(3);
  struct results r;
  struct judge j;
  judge_open(&j, conf_of(3, 60 * SEC), 60 * SEC);
  judge_rows(&j, s, 0, 1, &r);
  s->kafka_us[1] = s->time_us[1] = s->time_us[0] + 50 * SEC;
  judge_rows(&j, s, 1, 1, &r); /* touched again; dropped */
  s->kafka_us[1] = s->time_us[1] = s->time_us[0] + 60 * SEC;
  s->key[1] = 2;
  judge_rows(&j, s, 1, 2, &r);
  assert_int_equal(r.of[7][2], 1);
  judge_close(&j);
  free(s);
}

static bool is_base(void *self, const struct tg_state_row *row)
{
  *(int *)self = row->base ? 2 : 1;
  return true;
}

/* A claim reads them all. */
static void a_base_follows_a_hundred_small_deltas(void **state)
{
  (void)state;
  struct stream *s = plain(300);
  struct results r;
  struct judge j;
  struct tg_buf scratch;
  uint32_t bases = 0;
  tg_buf_init(&scratch, 0);
  judge_open(&j, conf_of(3, 0), 60 * SEC);
  for (uint32_t i = 0; i < 300; i++) {
    int kind = 0;
    judge_rows(&j, s, i, 1, &r);
    assert_true(tg_stateset_save(j.set, &scratch, is_base, &kind));
    bases += kind == 2;
    tg_stateset_commit(j.set, i + 1);
  }
  assert_int_equal(bases, 3);
  tg_buf_fini(&scratch);
  judge_close(&j);
  free(s);
}

static void a_base_that_was_dropped_is_written_again(void **state)
{
  (void)state;
  struct stream *s = plain(6);
  struct results r;
  struct judge j;
  struct tg_buf scratch;
  int kind = 0;
  tg_buf_init(&scratch, 0);
  judge_open(&j, conf_of(3, 0), 60 * SEC);
  judge_rows(&j, s, 0, 2, &r);
  assert_true(tg_stateset_save(j.set, &scratch, is_base, &kind));
  assert_int_equal(kind, 2);
  s->live[0] = s->live[1] = 0, kind = 0;
  judge_rows(&j, s, 0, 2, &r); /* read again, and nothing of it is alive */
  assert_true(tg_stateset_save(j.set, &scratch, is_base, &kind));
  assert_int_equal(kind, 0);
  tg_stateset_commit(j.set, 2);
  judge_rows(&j, s, 2, 2, &r);
  assert_true(tg_stateset_save(j.set, &scratch, is_base, &kind));
  assert_int_equal(kind, 2);
  tg_stateset_commit(j.set, 4);
  judge_rows(&j, s, 4, 2, &r);
  assert_true(tg_stateset_save(j.set, &scratch, is_base, &kind));
  assert_int_equal(kind, 1);
  tg_buf_fini(&scratch);
  judge_close(&j);
  free(s);
}

static void a_changed_declaration_begins_anew_and_is_told_once(void **state)
{
  (void)state;
  struct judge j;
  judge_open(&j, conf_of(100, 0), 60 * SEC);
  assert_non_null(tg_stateset_open(j.set, tg_text("rule"), tg_text("1"), &j.conf));
  assert_string_equal(tg_stateset_changed(j.set), "");
  struct tg_keyed *other = tg_stateset_open(j.set, tg_text("rule"), tg_text("2"), &j.conf);
  assert_non_null(other);
  assert_string_equal(tg_stateset_changed(j.set), "rule");
  assert_string_equal(tg_stateset_changed(j.set), "");
  assert_ptr_equal(tg_stateset_open(j.set, tg_text("rule"), tg_text("2"), &j.conf), other);
  judge_close(&j);
}

static void a_delta_needs_its_base(void **state)
{
  (void)state;
  struct judge j;
  judge_open(&j, conf_of(100, 0), 60 * SEC);
  struct tg_state_row row = {tg_text("rule"), tg_text("1"), false, tg_text("tgks")};
  assert_int_equal(tg_stateset_load(j.set, &row, &j.err), TG_DATA);
  assert_non_null(strstr(j.err.what, "without its base"));
  judge_close(&j);
}

static void a_key_too_many_can_be_an_error(void **state)
{
  (void)state;
  struct stream *s = plain(3);
  struct judge j;
  judge_open(&j, conf_of(2, 0), 60 * SEC);
  j.conf.full_is_error = true;
  struct tg_event events[3] = {{.offset = 0}, {.offset = 1}, {.offset = 2}};
  uint8_t fates[3] = {0};
  struct tg_segment segment = {.rows = 3};
  struct tg_batch b = {
      .rows = 3, .events = events, .fates = fates, .segments = &segment, .segments_count = 1};
  struct tg_keyed *k = tg_stateset_open(j.set, tg_text("r"), tg_text("1"), &j.conf);
  struct tg_keyed_use u = {.b = &b, .key_count = 1, .state = &k};
  struct tg_op op = {.arena = &j.arena, .rows = 3, .err = &j.err};
  for (uint32_t i = 0; i < 3; i++) s->key[i] = i;
  u.key[0] = ints(&j, TG_INT8, s->key, NULL, 3);
  assert_null(tg_keyed_ordinal(&u, &op));
  assert_int_equal(j.err.rc, TG_DATA);
  assert_non_null(strstr(j.err.what, "more than 2 keys"));
  judge_close(&j);
  free(s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(results_are_those_of_all_rows_before),
      cmocka_unit_test(no_way_of_cutting_changes_anything),
      cmocka_unit_test(the_window_is_open_at_its_old_end),
      cmocka_unit_test(the_key_used_longest_ago_makes_room),
      cmocka_unit_test(bytes_are_bounded_too),
      cmocka_unit_test(a_hot_key_counts_up_to_the_cap),
      cmocka_unit_test(an_event_from_the_future_empties_nothing),
      cmocka_unit_test(keys_untouched_for_long_leave),
      cmocka_unit_test(what_was_touched_and_dropped_is_as_old_as_before),
      cmocka_unit_test(what_was_touched_and_dropped_leaves_when_it_should),
      cmocka_unit_test(a_base_follows_a_hundred_small_deltas),
      cmocka_unit_test(a_base_that_was_dropped_is_written_again),
      cmocka_unit_test(a_changed_declaration_begins_anew_and_is_told_once),
      cmocka_unit_test(a_delta_needs_its_base),
      cmocka_unit_test(a_key_too_many_can_be_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
