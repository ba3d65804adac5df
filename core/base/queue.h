/* A bounded queue of pointers between two threads: the hand-over of ownership. The only lock of
 * the data path. */
#ifndef TG_BASE_QUEUE_H
#define TG_BASE_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct tg_queue {
  pthread_mutex_t lock;
  pthread_cond_t changed; /* on CLOCK_MONOTONIC */
  void **items;           /* ring of `size` */
  uint32_t size, head, count;
  bool closed;
};

/* Returns false without memory. */
bool tg_queue_init(struct tg_queue *q, uint32_t size);
/* The queue must be empty of things that need freeing. */
void tg_queue_fini(struct tg_queue *q);

/* Adds item at the end; waits until deadline_us (monotonic; 0 = do not wait) while full.
 * Returns false when it stayed full or was closed: the caller still owns item. */
bool tg_queue_push(struct tg_queue *q, void *item, int64_t deadline_us);

/* Takes the first item; waits until deadline_us while empty. NULL: nothing came, or closed and
 * empty. */
void *tg_queue_pop(struct tg_queue *q, int64_t deadline_us);

/* Wakes everybody; push fails from now on, pop drains what is left. */
void tg_queue_close(struct tg_queue *q);
bool tg_queue_closed(struct tg_queue *q);
uint32_t tg_queue_count(struct tg_queue *q);

#endif
