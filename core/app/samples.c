/* Two halves of packed events a topic. */
#include "core/app/samples.h"

#include "core/base/buf.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES = 250, TOPICS_MAX = 1024, HALVES = 2 };

struct half {
  struct tg_buf bytes; /* packed events, one behind the other */
  uint32_t count;
};

struct ring {
  char topic[NAME_BYTES];
  struct half halves[HALVES];
  int now; /* which one is being filled */
};

struct tg_samples {
  pthread_mutex_t lock;
  struct ring *rings; /* room for TOPICS_MAX */
  uint32_t count;
};

/* The event's own pointers are not followed: key, value and headers lie behind it, in this order.
 */
struct packed {
  struct tg_event event;
  bool has_key, has_value;
};

struct tg_samples *tg_samples_new(void)
{
  struct tg_samples *s = calloc(1, sizeof *s);
  if (!s) return NULL;
  s->rings = calloc(TOPICS_MAX, sizeof *s->rings);
  if (!s->rings) return free(s), NULL;
  pthread_mutex_init(&s->lock, NULL);
  return s;
}

static void empty(struct half *h)
{
  tg_buf_clear(&h->bytes);
  h->count = 0;
}

static void clear_ring(struct ring *r)
{
  for (int i = 0; i < HALVES; i++) tg_buf_fini(&r->halves[i].bytes);
  *r = (struct ring){0};
}

void tg_samples_free(struct tg_samples *s)
{
  if (!s) return;
  for (uint32_t i = 0; i < s->count; i++) clear_ring(&s->rings[i]);
  pthread_mutex_destroy(&s->lock);
  free(s->rings);
  free(s);
}

/* --- keeping --- */

static size_t half_max(const struct tg_samples *s)
{
  return TG_SAMPLES_BYTES / HALVES / (s->count ? s->count : 1);
}

static struct ring *find(struct tg_samples *s, struct tg_text topic)
{
  for (uint32_t i = 0; i < s->count; i++)
    if (tg_text_is(topic, s->rings[i].topic)) return &s->rings[i];
  return NULL;
}

/* With one more topic there is less for each: halves that hold more are given back. */
static struct ring *add_ring(struct tg_samples *s, struct tg_text topic)
{
  if (s->count == TOPICS_MAX || topic.len >= NAME_BYTES) return NULL;
  struct ring *r = &s->rings[s->count++];
  snprintf(r->topic, sizeof r->topic, "%.*s", TG_TEXT(topic));
  for (uint32_t i = 0; i < s->count; i++)
    for (int k = 0; k < HALVES; k++) {
      struct half *h = &s->rings[i].halves[k];
      if (h->bytes.size <= half_max(s)) continue;
      tg_buf_fini(&h->bytes);
      *h = (struct half){0};
    }
  return r;
}

static void put(struct half *h, const struct tg_event *e)
{
  struct packed p;
  memset(&p, 0, sizeof p);
  p.event = *e;
  p.has_key = e->key.ptr != NULL, p.has_value = e->value.ptr != NULL;
  size_t before = h->bytes.len;
  tg_buf_add(&h->bytes, &p, sizeof p);
  tg_buf_text(&h->bytes, e->key);
  tg_buf_text(&h->bytes, e->value);
  tg_buf_text(&h->bytes, e->headers);
  if (h->bytes.failed)
    h->bytes.len = before, h->bytes.failed = false;
  else
    h->count++;
}

static size_t packed_size(const struct tg_event *e)
{
  return sizeof(struct packed) + e->key.len + e->value.len + e->headers.len;
}

static void keep(struct ring *r, size_t bytes_max, const struct tg_event *e)
{
  struct half *h = &r->halves[r->now];
  if (e->oversize || packed_size(e) > bytes_max) return;
  if (h->count == TG_SAMPLES_EVENTS || h->bytes.len + packed_size(e) > bytes_max) {
    r->now = !r->now;
    h = &r->halves[r->now];
    empty(h);
  }
  h->bytes.max = bytes_max;
  put(h, e);
}

/* Each partition's part of the last TG_SAMPLES_EVENTS. */
static uint32_t tail_of(const struct tg_batch *b, const struct tg_segment *s)
{
  if (b->rows <= TG_SAMPLES_EVENTS) return s->rows;
  uint64_t part = ((uint64_t)s->rows * TG_SAMPLES_EVENTS + b->rows - 1) / b->rows;
  return part < s->rows ? (uint32_t)part : s->rows;
}

void tg_samples_keep(struct tg_samples *s, const struct tg_batch *b)
{
  if (!s || !b->rows || pthread_mutex_trylock(&s->lock) != 0) return;
  struct ring *r = find(s, b->topic->name);
  if (!r) r = add_ring(s, b->topic->name);
  for (uint32_t i = 0; r && i < b->segments_count; i++) {
    const struct tg_segment *g = &b->segments[i];
    for (uint32_t row = g->row + g->rows - tail_of(b, g); row < g->row + g->rows; row++)
      keep(r, half_max(s), &b->events[row]);
  }
  pthread_mutex_unlock(&s->lock);
}

/* --- giving --- */

/* The event at *at, which moves on; its texts point into the half. */
static struct tg_event take(const struct half *h, size_t *at)
{
  struct packed p;
  const char *text = h->bytes.ptr + *at + sizeof p;
  memcpy(&p, h->bytes.ptr + *at, sizeof p);
  struct tg_event *e = &p.event;
  e->key.ptr = p.has_key ? text : NULL;
  e->value.ptr = p.has_value ? text + e->key.len : NULL;
  e->headers.ptr = text + e->key.len + e->value.len;
  *at += packed_size(e);
  return *e;
}

static uint32_t list(const struct ring *r, struct tg_event *out)
{
  uint32_t count = 0;
  for (int k = 1; k <= HALVES; k++) { /* the older half first */
    const struct half *h = &r->halves[(r->now + k) % HALVES];
    size_t at = 0;
    for (uint32_t i = 0; i < h->count; i++) out[count++] = take(h, &at);
  }
  return count;
}

static int by_partition(const struct tg_event *a, const struct tg_event *b)
{
  if (a->slot != b->slot) return a->slot < b->slot ? -1 : 1;
  return (a->partition > b->partition) - (a->partition < b->partition);
}

static int by_place(const void *x, const void *y)
{
  const struct tg_event *a = x, *b = y;
  int order = by_partition(a, b);
  return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

/* The same record may have come twice; what one lane called slot 0 another does, too. */
static enum tg_rc fill(struct tg_event *events, uint32_t count, struct tg_batch *b)
{
  uint32_t slot = 0;
  enum tg_rc rc = TG_OK;
  qsort(events, count, sizeof *events, by_place);
  for (uint32_t i = 0; i < count && rc == TG_OK; i++) {
    if (i && by_place(&events[i - 1], &events[i]) == 0) continue;
    if (i && by_partition(&events[i - 1], &events[i]) != 0) slot++;
    struct tg_event e = events[i];
    e.slot = slot;
    rc = tg_batch_add(b, &e);
  }
  return rc == TG_OK ? tg_batch_seal(b) : rc;
}

enum tg_rc tg_samples_fill(struct tg_samples *s, struct tg_text topic, uint32_t rows,
                           struct tg_batch *b)
{
  struct tg_event *events = calloc((size_t)HALVES * TG_SAMPLES_EVENTS, sizeof *events);
  if (!events) return TG_RETRY;
  pthread_mutex_lock(&s->lock);
  const struct ring *r = find(s, topic);
  uint32_t count = r ? list(r, events) : 0, left_out = count > rows ? count - rows : 0;
  enum tg_rc rc = fill(events + left_out, count - left_out, b);
  pthread_mutex_unlock(&s->lock);
  free(events);
  return rc;
}

bool tg_samples_any(struct tg_samples *s)
{
  pthread_mutex_lock(&s->lock);
  bool any = s->count > 0;
  pthread_mutex_unlock(&s->lock);
  return any;
}

uint32_t tg_samples_count(struct tg_samples *s, struct tg_text topic)
{
  pthread_mutex_lock(&s->lock);
  const struct ring *r = find(s, topic);
  uint32_t count = r ? r->halves[0].count + r->halves[1].count : 0;
  pthread_mutex_unlock(&s->lock);
  return count < TG_SAMPLES_EVENTS ? count : TG_SAMPLES_EVENTS;
}

void tg_samples_forget(struct tg_samples *s, bool (*wanted)(void *self, const char *topic),
                       void *self)
{
  pthread_mutex_lock(&s->lock);
  for (uint32_t i = 0; i < s->count;) {
    if (wanted(self, s->rings[i].topic)) {
      i++;
      continue;
    }
    clear_ring(&s->rings[i]);
    s->rings[i] = s->rings[--s->count];
    s->rings[s->count] = (struct ring){0};
  }
  pthread_mutex_unlock(&s->lock);
}
