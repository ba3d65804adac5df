/* Saved keyed state: how much is written, what is read of older versions, what is refused. */
#include "streams.h"

#include "core/state/keysave.h"

#include "tests/unit/state/signed.h"

enum { CHAIN_MAX = 40, ROW_MAX = 6000 };

struct chain { /* what the database has of one rule */
  struct tg_buf rows[CHAIN_MAX];
  bool base[CHAIN_MAX];
  uint32_t count;
};

static bool keep_row(void *self, const struct tg_state_row *row)
{
  struct chain *c = self;
  assert_true(c->count < CHAIN_MAX);
  tg_buf_init(&c->rows[c->count], 0);
  tg_buf_text(&c->rows[c->count], row->bytes);
  c->base[c->count++] = row->base;
  return true;
}

static void chain_free(struct chain *c)
{
  while (c->count) tg_buf_fini(&c->rows[--c->count]);
}

static enum tg_rc load_row(struct judge *j, bool base, struct tg_text bytes)
{
  struct tg_state_row row = {tg_text("rule"), tg_text("1"), base, bytes};
  return tg_stateset_load(j->set, &row, &j->err);
}

/* The state as the chain has it. */
static void restart(struct judge *j, const struct chain *c)
{
  tg_stateset_free(j->set);
  j->set = tg_stateset_new(c->count);
  for (uint32_t i = 0; i < c->count; i++)
    if (load_row(j, c->base[i], tg_buf_view(&c->rows[i])) != TG_OK) fail_msg("%s", j->err.what);
}

struct row {
  int64_t key, at_s;
  int64_t count; /* what judging gave */
  bool seen;
};

/* Judges n rows as the segment that begins at `from`, with count_within and seen. */
static void judge_two(struct judge *j, struct row *rows, uint32_t from, uint32_t n)
{
  struct tg_event *events = tg_arena_zalloc(&j->arena, n, sizeof *events);
  uint8_t *fates = tg_arena_zalloc(&j->arena, n, 1);
  int64_t *key = tg_arena_zalloc(&j->arena, n, sizeof *key);
  int64_t *us = tg_arena_zalloc(&j->arena, n, sizeof *us);
  for (uint32_t i = 0; i < n; i++) {
    key[i] = rows[i].key, us[i] = rows[i].at_s * SEC;
    events[i] = (struct tg_event){.offset = from + i, .kafka_us = us[i]};
  }
  struct tg_segment segment = {.rows = n, .from = from};
  struct tg_batch b = {
      .rows = n, .events = events, .fates = fates, .segments = &segment, .segments_count = 1};
  tg_stateset_begin(j->set, from);
  struct tg_keyed *k = tg_stateset_open(j->set, tg_text("rule"), tg_text("1"), &j->conf);
  struct tg_keyed_use u = {.b = &b, .key_count = 1, .state = &k};
  struct tg_op op = {.arena = &j->arena, .rows = n, .err = &j->err};
  u.key[0] = ints(j, TG_INT8, key, NULL, n);
  struct tg_column *times = ints(j, TG_TIMESTAMPTZ, us, NULL, n);
  const struct tg_column *count = tg_keyed_count(&u, &op, times, j->window_us);
  const struct tg_column *again = tg_keyed_seen(&u, &op, times, j->window_us);
  assert_non_null(count), assert_non_null(again);
  for (uint32_t i = 0; i < n; i++)
    rows[i].count = count->v.ints[i], rows[i].seen = again->v.mask[i] == TG_TRUE;
}

static void save(struct judge *j, struct chain *c, int64_t to)
{
  struct tg_buf scratch;
  tg_buf_init(&scratch, 0);
  assert_true(tg_stateset_save(j->set, &scratch, keep_row, c));
  tg_stateset_commit(j->set, to);
  tg_buf_fini(&scratch);
}

/* The bytes of a delta after `n` rows of one key, one a second; the delta's rows are `more`. */
static size_t delta_bytes(uint32_t n, struct row *more, uint32_t more_count)
{
  static struct row rows[ROW_MAX];
  struct chain c = {.count = 0};
  struct judge j, k;
  for (uint32_t i = 0; i < n; i++) rows[i] = (struct row){.key = 1, .at_s = 100000 - n + i};
  judge_open(&j, conf_of(10, 50000 * SEC), 50000 * SEC);
  judge_two(&j, rows, 0, n);
  save(&j, &c, n);
  judge_two(&j, more, n, more_count);
  save(&j, &c, n + more_count);
  assert_int_equal(c.count, 2);
  assert_false(c.base[1]);
  size_t bytes = c.rows[1].len;
  struct row want = {.key = 1, .at_s = 100010}, got = want;
  judge_two(&j, &want, n + more_count, 1);
  judge_open(&k, j.conf, j.window_us);
  restart(&k, &c);
  judge_two(&k, &got, n + more_count, 1);
  assert_int_equal(got.count, want.count);
  chain_free(&c);
  judge_close(&j), judge_close(&k);
  return bytes;
}

static void a_delta_grows_with_the_change_alone(void **state)
{
  (void)state;
  struct row late[] = {{.key = 1, .at_s = 99990}, {.key = 1, .at_s = 100001}};
  struct row next = {.key = 1, .at_s = 100001};
  size_t little = delta_bytes(100, &next, 1), much = delta_bytes(4000, &next, 1);
  assert_in_range(much, little, little + 1); /* so many words stay: one byte or two */
  size_t full = delta_bytes(TG_KEYED_RING_MAX + 100, &next, 1);
  assert_in_range(full, little, little + 1);
  size_t moved = delta_bytes(4000, late, 2); /* ten times behind the late one are written again */
  assert_in_range(moved, much, much + 10 * 4 + 8);
}

static void a_full_window_judged_again_is_saved_the_same(void **state)
{
  (void)state;
  enum { FIRST = TG_KEYED_RING_MAX + 200, MORE = 60 };
  static struct row rows[FIRST + MORE];
  static struct row again[FIRST + MORE];
  struct chain once = {.count = 0}, often = {.count = 0};
  struct judge j, k;
  for (uint32_t i = 0; i < FIRST + MORE; i++)
    rows[i] = (struct row){.key = i % 50 == 49, .at_s = 100000 + i - (i % 7 == 6 ? 30 : 0)};
  memcpy(again, rows, sizeof again); /* 1 in 7 is late */
  judge_open(&j, conf_of(10, 50000 * SEC), 50000 * SEC);
  judge_open(&k, j.conf, j.window_us);
  judge_two(&j, rows, 0, FIRST), judge_two(&k, again, 0, FIRST);
  save(&j, &once, FIRST), save(&k, &often, FIRST);
  judge_two(&j, rows + FIRST, FIRST, MORE);
  judge_two(&k, again + FIRST, FIRST, MORE / 2);
  judge_two(&k, again + FIRST + MORE / 2, FIRST + MORE / 2, MORE / 2);
  judge_two(&k, again, FIRST, 1); /* another row in its place: taken back as well */
  judge_two(&k, again + FIRST, FIRST, MORE);
  for (uint32_t i = FIRST; i < FIRST + MORE; i++) assert_int_equal(again[i].count, rows[i].count);
  save(&j, &once, FIRST + MORE), save(&k, &often, FIRST + MORE);
  assert_int_equal(once.rows[1].len, often.rows[1].len);
  assert_memory_equal(once.rows[1].ptr, often.rows[1].ptr, once.rows[1].len);
  chain_free(&once), chain_free(&often);
  judge_close(&j), judge_close(&k);
}

/* Of rows {1, 1000} {2, 1010} {1, 1020} and {3, 1065} {1, 1070}, in windows of 60 s, by the program
 * before version 2. */
static const char base_1[] =
    "74676b73016202000300000080dcdfcc0780a8d6b90700000002080200000000000000ffd9c40901ffd9c4090801"
    "000000000000000002ffb3891380b48913060300000080dcdfcc0780a8d6b9070000000208020000000000000"
    "0ffd9c409020280829bc30708010000000000000000020080dcdfcc07893cf60fed2bc0a2";
static const char delta_1[] =
    "74676b730164020003000000809eb7fc0780a8d6b90700010108020000000000000002080300000000000000fface2"
    "0401fface2040801000000000000000002ffc1d72f80c2d72f0603000000809eb7fc0780a8d6b907000101080200"
    "00000000000002080300000000000000fface204020680f1d4f707080100000000000000000200809eb7fc079d21"
    "b69f54e044f0";

static void add_hex(struct chain *c, bool base, const char *hex)
{
  struct tg_buf *b = &c->rows[c->count];
  unsigned byte;
  tg_buf_init(b, 0);
  for (; *hex; hex += 2) {
    assert_int_equal(sscanf(hex, "%2x", &byte), 1);
    tg_buf_char(b, (char)byte);
  }
  c->base[c->count++] = base;
}

static void what_version_1_has_written_goes_on(void **state)
{
  (void)state;
  struct chain c = {.count = 0};
  struct judge j;
  struct row rows[] = {{.key = 2, .at_s = 1071}, {.key = 1, .at_s = 1072}};
  struct row next = {.key = 1, .at_s = 1073};
  add_hex(&c, true, base_1), add_hex(&c, false, delta_1);
  judge_open(&j, conf_of(3, 60 * SEC), 60 * SEC);
  restart(&j, &c);
  judge_two(&j, rows, 5, 2);
  assert_int_equal(rows[0].count, 1); /* 2 has left */
  assert_int_equal(rows[1].count, 3);
  assert_false(rows[0].seen);
  assert_true(rows[1].seen);
  save(&j, &c, 7);
  assert_int_equal(c.count, 3);
  assert_false(c.base[2]); /* a delta of today behind those of then */
  restart(&j, &c);
  judge_two(&j, &next, 7, 1);
  assert_int_equal(next.count, 4);
  chain_free(&c);
  judge_close(&j);
}

/* --- damage --- */

/* A base of some rows of a stream and a delta of the next. */
static void chain_of(struct chain *c, uint64_t seed)
{
  struct stream *s = random_stream(seed, 20);
  static struct results r;
  struct judge j;
  c->count = 0;
  judge_open(&j, conf_of(100, 300 * SEC), 60 * SEC);
  judge_rows(&j, s, 0, 60, &r);
  save(&j, c, 60);
  judge_rows(&j, s, 60, 30, &r);
  save(&j, c, 90);
  assert_int_equal(c->count, 2);
  assert_false(c->base[1]);
  judge_close(&j);
  free(s);
}

/* Loads the chain up to `row`, which may be damaged; what came of it. */
static enum tg_rc load_until(struct judge *j, const struct chain *c, uint32_t row,
                             struct tg_text bytes)
{
  judge_open(j, conf_of(100, 300 * SEC), 60 * SEC);
  for (uint32_t i = 0; i < row; i++)
    assert_int_equal(load_row(j, c->base[i], tg_buf_view(&c->rows[i])), TG_OK);
  return load_row(j, c->base[row], bytes);
}

static void damaged_bytes_are_refused(void **state)
{
  (void)state;
  struct chain c;
  struct judge j;
  chain_of(&c, 3);
  for (uint32_t row = 0; row < 2; row++)
    for (size_t i = 0; i < c.rows[row].len; i++) {
      struct tg_buf *b = &c.rows[row];
      b->ptr[i] ^= 1;
      assert_int_equal(load_until(&j, &c, row, tg_buf_view(b)), TG_DATA);
      judge_close(&j);
      b->ptr[i] ^= 1;
      assert_int_equal(load_until(&j, &c, row, tg_text_of(b->ptr, i)), TG_DATA);
      judge_close(&j);
    }
  chain_free(&c);
}

/* Bytes with a good checksum may still lie: nothing may crash or grow. */
static void hostile_bytes_do_no_harm(void **state)
{
  (void)state;
  struct stream *s = random_stream(4, 20);
  static struct results r;
  struct chain c;
  struct judge j;
  uint64_t seed = 1;
  chain_of(&c, 4);
  for (uint32_t i = 0; i < 6000; i++) {
    struct tg_buf *b = &c.rows[i % 2];
    size_t at = 4 + draw(&seed) % (b->len - 12);
    char was = b->ptr[at];
    b->ptr[at] = (char)draw(&seed);
    if (i % 3 == 0) b->ptr[at] = (char)(draw(&seed) % 8);
    sign(b);
    if (load_until(&j, &c, i % 2, tg_buf_view(b)) == TG_OK) judge_rows(&j, s, 90, 30, &r);
    judge_close(&j);
    b->ptr[at] = was;
    sign(b);
  }
  chain_free(&c);
  free(s);
}

struct lie { /* of one entry, behind a base with key "k" and two words */
  const char *what;
  bool base;
  uint8_t op, lost, kept, more;
  enum tg_rc rc;
};

static void build(struct tg_buf *b, const struct lie *lie)
{
  tg_buf_init(b, 0);
  tg_buf_add(b, "tgks\2", 5);
  tg_buf_char(b, lie->base ? 'b' : 'd');
  tg_buf_char(b, 1), tg_buf_char(b, (char)lie->op); /* a step */
  tg_buf_add(b, "\3\0\0\0\0\0\0\0\0\1\1k\0", 13);   /* no counters, one entry, its key */
  tg_buf_char(b, (char)lie->lost), tg_buf_char(b, (char)lie->kept), tg_buf_char(b, (char)lie->more);
  for (uint32_t i = 0; i < lie->more; i++) tg_buf_char(b, lie->base ? 2 : 20);
  tg_buf_add(b, "checksum", 8);
  sign(b);
}

static void a_delta_may_not_keep_what_is_not_there(void **state)
{
  (void)state;
  enum { COUNT = TG_KEYOP_COUNT, SUM = TG_KEYOP_SUM };
  static const struct lie lies[] = {
      {"all stays", false, COUNT, 0, 2, 1, TG_OK},
      {"one leaves", false, COUNT, 1, 1, 1, TG_OK},
      {"all leave", false, COUNT, 2, 0, 1, TG_OK},
      {"three stay of two", false, COUNT, 0, 3, 0, TG_DATA},
      {"one leaves, two stay", false, COUNT, 1, 2, 0, TG_DATA},
      {"three leave", false, COUNT, 3, 0, 1, TG_DATA},
      {"a base that keeps", true, COUNT, 0, 1, 1, TG_DATA},
      {"a base that drops", true, COUNT, 1, 0, 1, TG_DATA},
      {"a time and its value stay", false, SUM, 0, 2, 2, TG_OK},
      {"a time stays without its value", false, SUM, 0, 1, 1, TG_DATA},
      {"a time leaves without its value", false, SUM, 1, 0, 2, TG_DATA}};
  for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
    struct judge j;
    struct tg_buf base, b;
    judge_open(&j, conf_of(100, 0), 60 * SEC);
    build(&base, &(struct lie){"base", true, lies[i].op, 0, 0, 2, TG_OK}), build(&b, &lies[i]);
    assert_int_equal(load_row(&j, true, tg_buf_view(&base)), TG_OK);
    enum tg_rc rc = load_row(&j, lies[i].base, tg_buf_view(&b));
    if (rc != lies[i].rc) fail_msg("%s: got %d: %s", lies[i].what, rc, j.err.what);
    tg_buf_fini(&base), tg_buf_fini(&b);
    judge_close(&j);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_delta_grows_with_the_change_alone),
      cmocka_unit_test(a_full_window_judged_again_is_saved_the_same),
      cmocka_unit_test(what_version_1_has_written_goes_on),
      cmocka_unit_test(damaged_bytes_are_refused),
      cmocka_unit_test(hostile_bytes_do_no_harm),
      cmocka_unit_test(a_delta_may_not_keep_what_is_not_there),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
