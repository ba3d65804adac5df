/* A load: the batches of one transaction over one recycled arena. */
#include "core/data/load.h"

#include <assert.h>
#include <stdlib.h>

/* Chunks are small against the cap, so that little of it is lost at their ends. */
enum { STATES_KEPT = 4 << 20 }; /* a large base is rare: its memory goes with it */
enum { CHUNK_MAX = 256 << 10, CHUNK_MIN = 1 << 10, CHUNKS = 64 };

enum tg_rc tg_load_init(struct tg_load *l, uint32_t rows_max, size_t bytes_max, struct tg_err *err)
{
  *l = (struct tg_load){.rows_max = rows_max};
  if (!rows_max || !bytes_max)
    return tg_err_set(err, TG_FATAL, "load", "load.rows and load.bytes must be at least 1");
  size_t chunk = bytes_max / CHUNKS;
  if (chunk > CHUNK_MAX) chunk = CHUNK_MAX;
  if (chunk < CHUNK_MIN) chunk = CHUNK_MIN;
  tg_arena_init(&l->arena, chunk < bytes_max ? chunk : bytes_max, bytes_max);
  return TG_OK;
}

void tg_load_fini(struct tg_load *l)
{
  tg_arena_fini(&l->arena);
  tg_buf_fini(&l->states);
  free(l->batches);
  free(l->rows_before);
  *l = (struct tg_load){0};
}

static enum tg_rc make_room(struct tg_load *l, uint32_t count)
{
  if (count <= l->batches_max) return TG_OK;
  struct tg_batch *batches = calloc(count, sizeof *batches);
  uint32_t *rows_before = calloc(count, sizeof *rows_before);
  if (!batches || !rows_before) {
    free(batches);
    free(rows_before);
    return TG_FATAL;
  }
  free(l->batches);
  free(l->rows_before);
  l->batches = batches, l->rows_before = rows_before, l->batches_max = count;
  l->batches_count = 0;
  return TG_OK;
}

enum tg_rc tg_load_open(struct tg_load *l, const struct tg_topic *const *topics, uint32_t count)
{
  enum tg_rc rc = make_room(l, count);
  if (rc != TG_OK) return rc;
  for (uint32_t i = 0; i < l->batches_max; i++)
    l->rows_before[i] = i < l->batches_count ? l->batches[i].rows : 0;
  tg_arena_reset(&l->arena, 0);
  tg_buf_clear(&l->states);
  if (l->states.size > STATES_KEPT) tg_buf_fini(&l->states), tg_buf_init(&l->states, 0);
  l->rows = 0, l->bytes_later = 0, l->opened_us = 0;
  l->batches_count = count;
  for (uint32_t i = 0; i < count && rc == TG_OK; i++) {
    rc = tg_batch_init(&l->batches[i], topics[i], &l->arena, l->rows_max);
    l->batches[i].rows_hint = l->rows_before[i];
  }
  return rc;
}

/* from's events are to's. */
static void take_events(struct tg_load *l, struct tg_batch *to, const struct tg_batch *from)
{
  assert(!to->rows && !from->fates);
  to->events = from->events, to->events_size = from->events_size;
  to->rows = from->rows;
  l->bytes_later -= (size_t)from->rows * from->row_bytes;
  l->bytes_later += (size_t)to->rows * to->row_bytes;
}

enum tg_rc tg_load_turn(struct tg_load *l, const struct tg_topic *const *topics, uint32_t count,
                        const uint32_t *now)
{
  uint32_t before = l->batches_count;
  struct tg_batch *old = calloc(before + 1, sizeof *old);
  if (!old) return TG_FATAL;
  if (before) memcpy(old, l->batches, before * sizeof *old);
  enum tg_rc rc = make_room(l, count);
  for (uint32_t i = 0; i < count && rc == TG_OK; i++)
    rc = tg_batch_init(&l->batches[i], topics[i], &l->arena, l->rows_max);
  if (rc == TG_OK) l->batches_count = count;
  for (uint32_t i = 0; i < before && rc == TG_OK; i++)
    if (old[i].rows) take_events(l, &l->batches[now[i]], &old[i]);
  free(old);
  return rc;
}

/* An eighth of the cap is left for what cannot be foreseen: chunk ends, reasons, columns that a
 * script makes. */
static bool fits(const struct tg_load *l, const struct tg_event *event, size_t bytes_later)
{
  size_t own = sizeof *event + (size_t)event->key.len + event->value.len + event->headers.len;
  return l->arena.bytes_used + own + l->bytes_later + bytes_later <=
         l->arena.bytes_max - l->arena.bytes_max / 8;
}

enum tg_rc tg_load_add(struct tg_load *l, uint32_t topic, const struct tg_event *event)
{
  assert(topic < l->batches_count);
  if (l->rows >= l->rows_max) return TG_FULL;
  struct tg_batch *b = &l->batches[topic];
  /* Its text once more, because strings are unescaped into memory of their own. */
  size_t bytes_later = (size_t)b->row_bytes + event->value.len;
  if (l->rows && !fits(l, event, bytes_later)) return TG_FULL;
  enum tg_rc rc = tg_batch_add(b, event);
  if (rc != TG_OK) return rc;
  l->rows++;
  l->bytes_later += bytes_later;
  return TG_OK;
}

bool tg_load_state_add(struct tg_load *l, const struct tg_load_state *row)
{
  const struct tg_text texts[] = {row->rule, row->declared, row->bytes};
  size_t size = sizeof *row + texts[0].len + texts[1].len + texts[2].len;
  if (!tg_buf_reserve(&l->states, size)) return false;
  tg_buf_add(&l->states, row, sizeof *row);
  for (int i = 0; i < 3; i++) tg_buf_text(&l->states, texts[i]);
  return true;
}

bool tg_load_state_next(const struct tg_load *l, size_t *at, struct tg_load_state *out)
{
  if (*at >= l->states.len) return false;
  memcpy(out, l->states.ptr + *at, sizeof *out);
  *at += sizeof *out;
  struct tg_text *const texts[] = {&out->rule, &out->declared, &out->bytes};
  for (int i = 0; i < 3; i++) {
    texts[i]->ptr = l->states.ptr + *at; /* where it was copied from may be gone */
    *at += texts[i]->len;
  }
  return true;
}
