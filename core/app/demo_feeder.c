/* The demo's events: real flights from a file, orders and payments from the generator. */
#include "core/app/demo.h"
#include "core/app/generator.h"
#include "core/base/clock.h"
#include "core/base/thread.h"
#include "core/data/gzlines.h"
#include "core/kafka/producer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
  SLICE_US = 50000,
  FLIGHTS_OF_TEN = 2,
  PAYMENTS_OF_TEN = 3,
  BAD_AFTER_US = 5000000,
  PERIOD_US = 10000000,
  BURST_US = 2000000
};

struct feed {
  struct tg_feeder *f;
  struct tg_producer *producer;
  struct tg_gzlines *flights;
  struct tg_generator orders, payments;
  uint64_t orders_made, payments_made, flights_made;
  struct tg_buf event;
};

static enum tg_rc send(struct feed *d, const char *topic, uint64_t key, struct tg_err *err)
{
  char text[24];
  int len = snprintf(text, sizeof text, "%" PRIu64, key);
  enum tg_rc rc =
      tg_producer_send(d->producer,
                       &(struct tg_record){.topic = topic,
                                           .partition = (int32_t)(key % TG_DEMO_PARTITIONS),
                                           .key = tg_text_of(text, (size_t)len),
                                           .value = tg_buf_view(&d->event)},
                       tg_clock_mono_us() + 10 * TG_SEC, err);
  if (rc == TG_OK) atomic_fetch_add(&d->f->sent, 1);
  return rc;
}

static enum tg_rc send_flight(struct feed *d, struct tg_err *err)
{
  enum tg_rc rc = tg_gzlines_next(d->flights, &d->event, err);
  return rc == TG_OK ? send(d, "flights", d->flights_made++, err) : rc;
}

static enum tg_rc send_one(struct feed *d, uint64_t number, struct tg_err *err)
{
  unsigned of_ten = (unsigned)(number % 10);
  if (of_ten < FLIGHTS_OF_TEN) return send_flight(d, err);
  if (of_ten < FLIGHTS_OF_TEN + PAYMENTS_OF_TEN)
    return send(d, "payments", tg_generate(&d->payments, d->payments_made++, &d->event), err);
  return send(d, "orders", tg_generate(&d->orders, d->orders_made++, &d->event), err);
}

/* Events due at this time since the start: the steady rate, and three times that in the last
 * seconds of each period. */
static uint64_t due(const struct tg_feeder *f, int64_t us)
{
  int64_t period = us / PERIOD_US, in = us % PERIOD_US, burst = in - (PERIOD_US - BURST_US);
  int64_t weighted = period * (PERIOD_US + 2 * BURST_US) + in + (burst > 0 ? 2 * burst : 0);
  return (uint64_t)((double)weighted / TG_SEC * (double)f->rate);
}

static enum tg_rc feed(struct feed *d, struct tg_err *err)
{
  enum tg_rc rc = TG_OK;
  int64_t start = tg_clock_mono_us();
  struct timespec slice = tg_clock_timespec(SLICE_US);
  uint64_t number = 0;
  while (rc == TG_OK && !atomic_load(&d->f->stop)) {
    int64_t now = tg_clock_mono_us() - start;
    d->payments.bad = d->f->bad && now > BAD_AFTER_US;
    for (uint64_t until = due(d->f, now); number < until && rc == TG_OK; number++)
      rc = send_one(d, number, err);
    nanosleep(&slice, NULL);
  }
  return rc;
}

static enum tg_rc open_feed(struct feed *d, struct tg_err *err)
{
  static const char *const topics[] = {"flights", "orders", "payments"};
  int64_t now = tg_clock_wall_us();
  d->orders = (struct tg_generator){
      .stream = TG_STREAM_ORDERS, .seed = 1, .start_us = now, .step_us = 1000};
  d->payments = (struct tg_generator){
      .stream = TG_STREAM_PAYMENTS, .seed = 2, .start_us = now, .step_us = 1000};
  enum tg_rc rc = tg_gzlines_open(d->f->flights_path, &d->flights, err);
  if (rc == TG_OK) rc = tg_producer_new(d->f->brokers, NULL, 0, &d->producer, err);
  for (int i = 0; i < 3 && rc == TG_OK; i++)
    rc = tg_producer_topic(d->producer, topics[i], TG_DEMO_PARTITIONS, 10 * TG_SEC, err);
  return rc;
}

static void close_feed(struct feed *d)
{
  tg_producer_free(d->producer);
  tg_gzlines_close(d->flights);
  tg_buf_fini(&d->event);
  free(d);
}

static void *feeder_main(void *self)
{
  struct feed *d = self;
  struct tg_err *err = &d->f->err;
  enum tg_rc rc = feed(d, err);
  if (rc == TG_OK) rc = tg_producer_flush(d->producer, tg_clock_mono_us() + 10 * TG_SEC, err);
  if (rc == TG_OK) tg_err_clear(err);
  close_feed(d);
  return NULL;
}

enum tg_rc tg_feeder_start(struct tg_feeder *f, struct tg_err *err)
{
  struct feed *d = calloc(1, sizeof *d);
  if (!d) return tg_err_set(err, TG_FATAL, "demo", "no memory for the feeder");
  d->f = f;
  tg_buf_init(&d->event, 0);
  enum tg_rc rc = open_feed(d, err);
  if (rc == TG_OK) f->started = tg_thread_start(&f->thread, "tg-feeder", feeder_main, d);
  if (rc == TG_OK && !f->started) rc = tg_err_set(err, TG_FATAL, "demo", "cannot start a thread");
  if (rc != TG_OK) close_feed(d);
  return rc;
}

void tg_feeder_stop(struct tg_feeder *f)
{
  atomic_store(&f->stop, true);
  if (f->started) pthread_join(f->thread, NULL);
  f->started = false;
}
