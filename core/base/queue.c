/* The bounded queue between a worker and its writer. */
#include "core/base/queue.h"

#include "core/base/clock.h"

#include <stdlib.h>

bool tg_queue_init(struct tg_queue *q, uint32_t size)
{
  *q = (struct tg_queue){.size = size, .items = calloc(size, sizeof *q->items)};
  if (!q->items) return false;
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_mutex_init(&q->lock, NULL);
  pthread_cond_init(&q->changed, &attr);
  pthread_condattr_destroy(&attr);
  return true;
}

void tg_queue_fini(struct tg_queue *q)
{
  if (!q->items) return;
  pthread_cond_destroy(&q->changed);
  pthread_mutex_destroy(&q->lock);
  free(q->items);
  q->items = NULL;
}

/* Waits for a change, not past the deadline. Returns false when it is over. Lock held. */
static bool wait_change(struct tg_queue *q, int64_t deadline_us)
{
  if (deadline_us <= 0) return false;
  struct timespec t = tg_clock_timespec(deadline_us);
  return pthread_cond_timedwait(&q->changed, &q->lock, &t) == 0;
}

bool tg_queue_push(struct tg_queue *q, void *item, int64_t deadline_us)
{
  pthread_mutex_lock(&q->lock);
  while (!q->closed && q->count == q->size)
    if (!wait_change(q, deadline_us)) break;
  bool fits = !q->closed && q->count < q->size;
  if (fits) {
    q->items[(q->head + q->count++) % q->size] = item;
    pthread_cond_broadcast(&q->changed);
  }
  pthread_mutex_unlock(&q->lock);
  return fits;
}

void *tg_queue_pop(struct tg_queue *q, int64_t deadline_us)
{
  void *item = NULL;
  pthread_mutex_lock(&q->lock);
  while (!q->closed && q->count == 0)
    if (!wait_change(q, deadline_us)) break;
  if (q->count) {
    item = q->items[q->head];
    q->head = (q->head + 1) % q->size;
    q->count--;
    pthread_cond_broadcast(&q->changed);
  }
  pthread_mutex_unlock(&q->lock);
  return item;
}

void tg_queue_close(struct tg_queue *q)
{
  pthread_mutex_lock(&q->lock);
  q->closed = true;
  pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->lock);
}

bool tg_queue_closed(struct tg_queue *q)
{
  pthread_mutex_lock(&q->lock);
  bool closed = q->closed;
  pthread_mutex_unlock(&q->lock);
  return closed;
}

uint32_t tg_queue_count(struct tg_queue *q)
{
  pthread_mutex_lock(&q->lock);
  uint32_t count = q->count;
  pthread_mutex_unlock(&q->lock);
  return count;
}
