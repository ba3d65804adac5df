/* Events of one topic: appended, grouped into segments, and given fates with their reasons. */
#include "core/data/batch.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <zlib.h>

enum { EVENTS_FIRST = 64, STAGES = TG_STAGE_LOAD + 1 };

/* A row's share of what seal makes: fate, list of issues, sorting. */
enum { SEAL_ROW_BYTES = 1 + 8 + 4 };

const char *tg_fate_name(enum tg_fate fate)
{
  static const char *const names[] = {
#define X(code, name) [code] = name,
      TG_FATE_LIST(X)
#undef X
  };
  assert((unsigned)fate < TG_FATES);
  return names[fate];
}

const char *tg_stage_name(enum tg_stage stage)
{
  static const char *const names[] = {[TG_STAGE_DECODE] = "decode",
                                      [TG_STAGE_TRANSFORM] = "transform",
                                      [TG_STAGE_RULE] = "rule",
                                      [TG_STAGE_LOAD] = "load"};
  assert((unsigned)stage < sizeof names / sizeof *names);
  return names[stage];
}

/* --- adding ------------------------------------------------------------------------------------
 */

enum tg_rc tg_batch_init(struct tg_batch *b, const struct tg_topic *topic, struct tg_arena *arena,
                         uint32_t rows_max)
{
  static atomic_uint_fast64_t serial;
  *b = (struct tg_batch){.topic = topic, .arena = arena, .rows_max = rows_max};
  b->serial = atomic_fetch_add(&serial, 1) + 1;
  b->row_bytes = SEAL_ROW_BYTES;
  for (uint32_t i = 0; i < topic->fields_count; i++)
    b->row_bytes += tg_type_width(topic->fields[i].type) + 1;
  return TG_OK;
}

static bool copy_text(struct tg_arena *a, struct tg_text from, struct tg_text *to)
{
  *to = tg_arena_copy(a, from);
  return to->ptr || !from.ptr;
}

/* Makes room for one more event; the old array stays in the arena until the load is reset. */
static bool grow(struct tg_batch *b)
{
  if (b->rows < b->events_size) return true;
  uint32_t size = b->events_size ? b->events_size * 2 : b->rows_hint;
  if (size < EVENTS_FIRST) size = EVENTS_FIRST;
  if (size > b->rows_max || size < b->events_size) size = b->rows_max;
  struct tg_event *events = tg_arena_alloc(b->arena, (size_t)size * sizeof *events);
  if (!events) return false;
  if (b->rows) memcpy(events, b->events, b->rows * sizeof *events);
  b->events = events, b->events_size = size;
  return true;
}

enum tg_rc tg_batch_add(struct tg_batch *b, const struct tg_event *event)
{
  assert(!b->fates);
  if (b->rows >= b->rows_max) return TG_FULL;
  struct tg_arena_mark mark = tg_arena_mark(b->arena);
  struct tg_event copy = *event;
  bool fits = copy_text(b->arena, event->key, &copy.key) &&
              copy_text(b->arena, event->value, &copy.value) &&
              copy_text(b->arena, event->headers, &copy.headers) && grow(b);
  if (!fits) {
    tg_arena_release(b->arena, mark);
    return TG_FULL;
  }
  b->events[b->rows++] = copy;
  return TG_OK;
}

/* --- sealing -----------------------------------------------------------------------------------
 */

struct grouping {
  uint32_t slot_min, slots; /* the slots met lie in [slot_min, slot_min + slots) */
  uint32_t runs;            /* neighbouring rows of one slot */
};

static struct grouping survey(const struct tg_batch *b)
{
  struct grouping g = {UINT32_MAX, 0, 0};
  uint32_t slot_max = 0;
  for (uint32_t i = 0; i < b->rows; i++) {
    uint32_t slot = b->events[i].slot;
    if (slot < g.slot_min) g.slot_min = slot;
    if (slot > slot_max) slot_max = slot;
    if (!i || slot != b->events[i - 1].slot) g.runs++;
  }
  if (b->rows) g.slots = slot_max - g.slot_min + 1;
  return g;
}

/* target[i] = where row i goes, starts[] = where each slot's rows begin; returns the slots that
 * have rows. */
static uint32_t place(const struct tg_batch *b, struct grouping g, uint32_t *starts,
                      uint32_t *target)
{
  uint32_t used = 0, sum = 0;
  for (uint32_t i = 0; i < b->rows; i++) starts[b->events[i].slot - g.slot_min]++;
  for (uint32_t s = 0; s < g.slots; s++) {
    uint32_t n = starts[s];
    used += n > 0;
    starts[s] = sum;
    sum += n;
  }
  for (uint32_t i = 0; i < b->rows; i++) target[i] = starts[b->events[i].slot - g.slot_min]++;
  return used;
}

/* Moves every event to its target, cycle by cycle, so that no second array of events is needed. */
static void permute(struct tg_event *events, uint32_t *target, uint32_t rows)
{
  for (uint32_t i = 0; i < rows; i++) {
    while (target[i] != i) {
      uint32_t to = target[i];
      struct tg_event moved = events[to];
      events[to] = events[i], events[i] = moved;
      target[i] = target[to], target[to] = to;
    }
  }
}

/* Stable, by slot. Returns false at the arena's cap. */
static bool group(struct tg_batch *b, struct grouping g)
{
  struct tg_arena_mark mark = tg_arena_mark(b->arena);
  uint32_t *starts = tg_arena_zalloc(b->arena, g.slots, sizeof *starts);
  uint32_t *target = tg_arena_alloc(b->arena, (size_t)b->rows * sizeof *target);
  bool good = starts && target;
  if (good && place(b, g, starts, target) < g.runs) permute(b->events, target, b->rows);
  tg_arena_release(b->arena, mark);
  return good;
}

/* crc32() resets itself for a NULL pointer, so a null text must not reach it. */
uint32_t tg_event_crc(const struct tg_event *e)
{
  uLong crc = crc32(0, NULL, 0);
  if (e->key.ptr) crc = crc32(crc, (const Bytef *)e->key.ptr, e->key.len);
  if (e->value.ptr) crc = crc32(crc, (const Bytef *)e->value.ptr, e->value.len);
  return (uint32_t)crc;
}

/* The segment that begins at row; rc becomes TG_FATAL when its offsets do not ascend. */
static struct tg_segment segment_at(const struct tg_batch *b, uint32_t row, enum tg_rc *rc)
{
  const struct tg_event *e = &b->events[row];
  struct tg_segment s = {.slot = e->slot, .partition = e->partition, .row = row};
  s.from = e->offset, s.kafka_us_max = e->kafka_us, s.last_offset = e->offset - 1;
  for (; row < b->rows && b->events[row].slot == s.slot; row++, s.rows++) {
    e = &b->events[row];
    if (e->offset <= s.last_offset) *rc = TG_FATAL;
    if (e->kafka_us > s.kafka_us_max) s.kafka_us_max = e->kafka_us;
    s.last_offset = e->offset;
  }
  s.to = s.last_offset + 1;
  s.last_us = e->kafka_us;
  s.last_crc = tg_event_crc(e);
  return s;
}

static uint32_t count_runs(const struct tg_batch *b)
{
  uint32_t runs = b->rows ? 1 : 0;
  for (uint32_t i = 1; i < b->rows; i++) runs += b->events[i].slot != b->events[i - 1].slot;
  return runs;
}

static enum tg_rc make_segments(struct tg_batch *b, struct tg_segment *segments)
{
  enum tg_rc rc = TG_OK;
  uint32_t count = 0;
  for (uint32_t row = 0; row < b->rows; row += segments[count++].rows)
    segments[count] = segment_at(b, row, &rc);
  b->segments = segments, b->segments_count = count;
  return rc;
}

/* One issue per fate and stage, for rows whose own one finds no room: shared, never appended to. */
static struct tg_issue *leftovers_new(struct tg_arena *a)
{
  struct tg_issue *all = tg_arena_zalloc(a, TG_FATES * STAGES, sizeof *all);
  for (uint32_t i = 0; all && i < TG_FATES * STAGES; i++) {
    all[i].fate = (enum tg_fate)(i / STAGES), all[i].stage = (enum tg_stage)(i % STAGES);
    all[i].reason = tg_text("reason left out: this load holds no more of them");
  }
  return all;
}

enum tg_rc tg_batch_seal(struct tg_batch *b)
{
  assert(!b->fates);
  struct tg_arena_mark mark = tg_arena_mark(b->arena);
  struct grouping g = survey(b);
  uint8_t *fates = tg_arena_zalloc(b->arena, b->rows, sizeof *fates);
  struct tg_issue **issues = tg_arena_zalloc(b->arena, b->rows, sizeof *issues);
  struct tg_issue *leftovers = leftovers_new(b->arena);
  if (!fates || !issues || !leftovers || (g.runs > 1 && !group(b, g))) goto full;
  struct tg_segment *segments = tg_arena_zalloc(b->arena, count_runs(b), sizeof *segments);
  if (!segments) goto full;
  b->fates = fates, b->issues = issues, b->leftovers = leftovers;
  return make_segments(b, segments);
full:
  tg_arena_release(b->arena, mark);
  return TG_FULL;
}

/* --- issues ------------------------------------------------------------------------------------
 */

static struct tg_issue *leftover(const struct tg_batch *b, const struct tg_issue *issue)
{
  return &b->leftovers[(uint32_t)issue->fate * STAGES + (uint32_t)issue->stage];
}

static bool is_leftover(const struct tg_batch *b, const struct tg_issue *issue)
{
  return issue >= b->leftovers && issue < b->leftovers + TG_FATES * STAGES;
}

/* Cuts t to max bytes, not within a UTF-8 character. */
static struct tg_text cut(struct tg_text t, uint32_t max)
{
  if (t.len <= max) return t;
  uint32_t len = max;
  while (len > max - 3 && (t.ptr[len] & 0xc0) == 0x80) len--;
  return tg_text_of(t.ptr, len);
}

static bool is_clean(struct tg_text t)
{
  for (uint32_t i = 0; i < t.len; i++)
    if ((unsigned char)t.ptr[i] < 0x20 || t.ptr[i] == 0x7f) return false;
  return tg_text_utf8(t);
}

static bool is_plain(char c)
{
  return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f;
}

/* Scripts make reasons, and PostgreSQL refuses the whole COPY for one bad byte in a text: what is
 * not printable ASCII becomes \xNN in a text that is not clean. */
static struct tg_text escaped(struct tg_arena *a, struct tg_text t)
{
  static const char hex[] = "0123456789abcdef";
  uint32_t len = 0;
  char *out = tg_arena_bytes(a, (size_t)t.len * 4);
  if (!out) return (struct tg_text){NULL, 0};
  for (uint32_t i = 0; i < t.len; i++) {
    unsigned char c = (unsigned char)t.ptr[i];
    if (is_plain(t.ptr[i])) {
      out[len++] = t.ptr[i];
      continue;
    }
    out[len++] = '\\', out[len++] = 'x', out[len++] = hex[c >> 4], out[len++] = hex[c & 15];
  }
  return cut(tg_text_of(out, len), TG_REASON_BYTES_MAX);
}

static bool has_room(const struct tg_batch *b, size_t bytes)
{
  return b->issue_bytes + bytes <= TG_ISSUE_BYTES_MAX;
}

/* A copy of t for an issue; ptr NULL when it does not fit. */
static struct tg_text keep(struct tg_batch *b, struct tg_text t)
{
  t = cut(t, TG_REASON_BYTES_MAX);
  if (!has_room(b, t.len)) return (struct tg_text){NULL, 0};
  struct tg_text kept = is_clean(t) ? tg_arena_copy(b->arena, t) : escaped(b->arena, t);
  b->issue_bytes += kept.len;
  return kept;
}

static struct tg_text keep_reason(struct tg_batch *b, struct tg_text reason)
{
  if (b->reason_last.ptr && tg_text_eq(b->reason_last, reason)) return b->reason_last;
  struct tg_text kept = keep(b, reason.ptr ? reason : tg_text(""));
  if (kept.ptr) b->reason_last = kept;
  return kept;
}

/* A node for issue with its texts; NULL when it does not fit. must: past the cap as well, at worst
 * without its texts. */
static struct tg_issue *node_new(struct tg_batch *b, const struct tg_issue *issue, bool must)
{
  if (!must && !has_room(b, sizeof *issue)) return NULL;
  struct tg_issue *node = tg_arena_alloc(b->arena, sizeof *node);
  if (!node) return NULL;
  b->issue_bytes += (uint32_t)sizeof *node;
  *node = *issue;
  node->next = NULL;
  node->field = issue->field.len ? keep(b, issue->field) : (struct tg_text){NULL, 0};
  node->reason = keep_reason(b, issue->reason);
  if (node->reason.ptr) return node;
  node->reason = leftover(b, issue)->reason;
  b->issues_lost++;
  return node;
}

/* Where the next issue of row goes: behind the last one, or over it when the list takes no more. */
static struct tg_issue **place_for(struct tg_batch *b, uint32_t row)
{
  struct tg_issue **link = &b->issues[row];
  for (uint32_t n = 1; *link; n++, link = &(*link)->next)
    if (n == TG_ISSUES_PER_ROW_MAX || is_leftover(b, *link)) return link;
  return link;
}

void tg_batch_issue(struct tg_batch *b, uint32_t row, const struct tg_issue *issue)
{
  assert(b->fates && row < b->rows);
  bool decides = issue->fate > b->fates[row];
  if (decides) b->fates[row] = (uint8_t)issue->fate;
  b->issues_count++;
  struct tg_issue **link = place_for(b, row);
  bool full = *link != NULL;
  struct tg_issue *node = full && !decides ? NULL : node_new(b, issue, decides);
  if (!node || full) b->issues_lost++;
  if (!node && decides) node = leftover(b, issue);
  if (node) *link = node;
}

bool tg_batch_window(struct tg_batch *b, const struct tg_windowed *w)
{
  if (b->windows_count == b->windows_size) {
    uint32_t size = b->windows_size ? 2 * b->windows_size : 16;
    struct tg_windowed *more = tg_arena_zalloc(b->arena, size, sizeof *more);
    if (!more) return false;
    if (b->windows) memcpy(more, b->windows, b->windows_count * sizeof *more);
    b->windows = more, b->windows_size = size;
  }
  b->windows[b->windows_count++] = *w;
  return true;
}

void tg_batch_tally(const struct tg_batch *b, uint32_t row, uint32_t rows,
                    uint32_t counts[TG_FATES])
{
  assert(b->fates && row <= b->rows && rows <= b->rows - row);
  memset(counts, 0, TG_FATES * sizeof *counts);
  for (uint32_t i = row; i < row + rows; i++) counts[b->fates[i]]++;
}

/* --- headers -----------------------------------------------------------------------------------
 */

static bool read_u32(struct tg_text t, uint32_t *at, uint32_t *out)
{
  if (t.len - *at < sizeof *out) return false;
  memcpy(out, t.ptr + *at, sizeof *out);
  *at += (uint32_t)sizeof *out;
  return true;
}

static bool read_text(struct tg_text t, uint32_t *at, uint32_t len, struct tg_text *out)
{
  if (t.len - *at < len) return false;
  *out = tg_text_of(t.ptr + *at, len);
  *at += len;
  return true;
}

bool tg_headers_next(struct tg_text headers, uint32_t *at, struct tg_header *out)
{
  uint32_t len;
  if (!headers.ptr || *at >= headers.len) return false;
  if (!read_u32(headers, at, &len) || !read_text(headers, at, len, &out->name)) return false;
  if (!read_u32(headers, at, &len)) return false;
  out->value = (struct tg_text){NULL, 0};
  return len == UINT32_MAX || read_text(headers, at, len, &out->value);
}
