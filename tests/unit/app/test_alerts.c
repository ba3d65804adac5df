/* Alerts from many threads to receivers that take, refuse and never answer. */
#include "core/app/alerts.h"
#include "core/net/http.h"

#include <jansson.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Keeps every request; answers status, 200 unless told otherwise. */
struct receiver {
  struct tg_http *http;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  json_t *alerts; /* all that came, in order */
  unsigned requests, status;
};

struct world {
  struct tg_config config;
  struct tg_metrics *metrics;
  struct tg_hub *hub;
  struct receiver a, b;
  char alertmanager[64], webhook[64];
};

static void take(void *self, const struct tg_http_request *q, struct tg_http_answer *answer)
{
  struct receiver *r = self;
  pthread_mutex_lock(&r->lock);
  json_t *list = json_loadb(q->body.ptr, q->body.len, 0, NULL);
  assert_true(json_is_array(list));
  assert_string_equal(q->content_type, "application/json");
  json_array_extend(r->alerts, list);
  json_decref(list);
  r->requests++;
  answer->status = r->status;
  pthread_cond_broadcast(&r->changed);
  pthread_mutex_unlock(&r->lock);
}

static void open_receiver(struct receiver *r)
{
  struct tg_err err;
  *r = (struct receiver){.status = 200, .alerts = json_array()};
  pthread_mutex_init(&r->lock, NULL);
  pthread_cond_init(&r->changed, NULL);
  assert_int_equal(tg_http_new("127.0.0.1:0", take, r, &r->http, &err), TG_OK);
}

static void close_receiver(struct receiver *r)
{
  tg_http_free(r->http);
  json_decref(r->alerts);
  pthread_mutex_destroy(&r->lock);
  pthread_cond_destroy(&r->changed);
}

/* Until so many alerts came. */
static void await(struct receiver *r, size_t count)
{
  pthread_mutex_lock(&r->lock);
  while (json_array_size(r->alerts) < count) pthread_cond_wait(&r->changed, &r->lock);
  pthread_mutex_unlock(&r->lock);
}

static const char *text_at(const json_t *alert, const char *group, const char *key)
{
  const char *text = json_string_value(json_object_get(json_object_get(alert, group), key));
  return text ? text : "";
}

static int setup(void **state)
{
  static struct world w;
  tg_log_setup(TG_ERROR, TG_LOG_TEXT, 2);
  open_receiver(&w.a);
  open_receiver(&w.b);
  snprintf(w.alertmanager, sizeof w.alertmanager, "http://127.0.0.1:%u/", tg_http_port(w.a.http));
  snprintf(w.webhook, sizeof w.webhook, "http://127.0.0.1:%u/hook", tg_http_port(w.b.http));
  w.config = (struct tg_config){.pipeline = "shop", .http_listen = "127.0.0.1:8080"};
  w.config.alerts = (struct tg_alert_config){.alertmanager = w.alertmanager,
                                             .webhook = w.webhook,
                                             .keep_us = 0,
                                             .fade_us = INT64_C(3600000000),
                                             .resend_us = INT64_C(3600000000),
                                             .timeout_us = INT64_C(3600000000),
                                             .rate = 6000,
                                             .instance = "here",
                                             .runbook_url = "http://docs/book"};
  w.metrics = tg_metrics_new();
  w.hub = tg_hub_new(&w.config, w.metrics);
  *state = &w;
  return w.metrics && w.hub ? 0 : -1;
}

static int teardown(void **state)
{
  struct world *w = *state;
  tg_alerts_stop(w->hub->alerts);
  tg_hub_free(w->hub);
  tg_metrics_free(w->metrics);
  close_receiver(&w->a);
  close_receiver(&w->b);
  return 0;
}

static void start(struct world *w)
{
  struct tg_err err;
  assert_int_equal(tg_alerts_start(w->hub, &err), TG_OK);
}

static const struct tg_trouble halt = {
    .kind = TG_TROUBLE_HALT, .topic = "orders", .partition = 3, .source = 1};

static void an_alert_has_the_labels_and_texts_of_its_kind(void **state)
{
  struct world *w = *state;
  start(w);
  tg_alerts_raise(w->hub->alerts, &halt, "a \"b\"\n\x01 \xff\xfe c\\");
  await(&w->a, 1);
  await(&w->b, 1);
  const json_t *a = json_array_get(w->a.alerts, 0);
  assert_string_equal(text_at(a, "labels", "alertname"), "TidegatePartitionHalted");
  assert_string_equal(text_at(a, "labels", "severity"), "critical");
  assert_string_equal(text_at(a, "labels", "pipeline"), "shop");
  assert_string_equal(text_at(a, "labels", "instance"), "here");
  assert_string_equal(text_at(a, "labels", "topic"), "orders");
  assert_string_equal(text_at(a, "labels", "partition"), "3");
  assert_null(json_object_get(json_object_get(a, "labels"), "rule"));
  assert_string_equal(text_at(a, "annotations", "description"),
                      "a \"b\"\n\x01 \xef\xbf\xbd\xef\xbf\xbd c\\");
  assert_string_equal(text_at(a, "annotations", "summary"),
                      "A partition needs an operator: orders");
  assert_string_equal(text_at(a, "annotations", "runbook_url"),
                      "http://docs/book#tidegatepartitionhalted");
  const json_t *b = json_array_get(w->b.alerts, 0);
  assert_true(json_equal(json_object_get(a, "labels"), json_object_get(b, "labels")));
  assert_true(json_equal(json_object_get(a, "annotations"), json_object_get(b, "annotations")));
}

static void what_is_cleared_is_told_as_resolved(void **state)
{
  struct world *w = *state;
  start(w);
  tg_alerts_raise(w->hub->alerts, &halt, "");
  await(&w->a, 1);
  tg_alerts_clear(w->hub->alerts, &halt);
  await(&w->a, 2);
  const json_t *first = json_array_get(w->a.alerts, 0), *last = json_array_get(w->a.alerts, 1);
  assert_true(json_equal(json_object_get(first, "labels"), json_object_get(last, "labels")));
  assert_true(json_equal(json_object_get(first, "startsAt"), json_object_get(last, "startsAt")));
  const char *will_end = json_string_value(json_object_get(first, "endsAt")),
             *ended = json_string_value(json_object_get(last, "endsAt"));
  assert_true(strcmp(will_end, ended) > 0);
}

static void facts_of_the_pipeline_have_no_instance(void **state)
{
  struct world *w = *state;
  start(w);
  struct tg_trip trip = {.reason = "bad", .evidence = "[]"};
  struct tg_breakerrow closed = {.topic = "orders", .state = "closed"};
  tg_hub_trip(w->hub, tg_text("orders"), &trip);
  await(&w->a, 1);
  const json_t *a = json_array_get(w->a.alerts, 0);
  assert_string_equal(text_at(a, "labels", "alertname"), "TidegateBreakerOpen");
  assert_string_equal(text_at(a, "annotations", "description"), "bad");
  assert_null(json_object_get(json_object_get(a, "labels"), "instance"));
  tg_hub_trip_written(w->hub, tg_text("orders"));
  tg_hub_breaker(w->hub, &closed, NULL, 0);
  await(&w->a, 2);
}

struct raiser {
  struct tg_alerts *alerts;
  unsigned source;
};

static void *raise_many(void *self)
{
  const struct raiser *r = self;
  for (int32_t i = 0; i < 400; i++) {
    struct tg_trouble t = halt;
    t.partition = i, t.source = r->source;
    tg_alerts_raise(r->alerts, &t, "again");
    tg_alerts_raise(r->alerts, &t, "and again");
  }
  return NULL;
}

static void many_threads_raise_while_one_receiver_hangs_and_one_refuses(void **state)
{
  struct world *w = *state;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, size) | listen(fd, 8), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
  char urls[128];
  snprintf(urls, sizeof urls, "%s,http://127.0.0.1:%u", w->alertmanager, ntohs(at.sin_port));
  w->config.alerts.alertmanager = urls;
  w->b.status = 503;
  start(w);
  struct raiser raisers[4];
  pthread_t threads[4];
  for (unsigned i = 0; i < 4; i++) {
    raisers[i] = (struct raiser){w->hub->alerts, i};
    assert_int_equal(pthread_create(&threads[i], NULL, raise_many, &raisers[i]), 0);
  }
  for (unsigned i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  await(&w->a, 400); /* each once */
  await(&w->b, 1);
  assert_int_equal(json_array_size(w->a.alerts), 400);
  tg_alerts_stop(w->hub->alerts); /* does not wait an hour for the one that hangs */
  assert_null(w->hub->alerts);
  close(fd);
}

static void beyond_the_cap_they_are_counted(void **state)
{
  struct world *w = *state;
  start(w);
  for (int32_t i = 0; i < 1124; i++) {
    struct tg_trouble t = halt;
    t.partition = i;
    tg_alerts_raise(w->hub->alerts, &t, "");
  }
  struct tg_metric *dropped =
      tg_metrics_slot(w->metrics, TG_COUNTER, "alerts_dropped_total", "", NULL);
  assert_int_equal((int)tg_metric_get(dropped), 100);
}

static void without_receivers_what_stands_is_kept(void **state)
{
  struct world *w = *state;
  struct tg_alert seen[2];
  uint32_t firing;
  w->config.alerts.alertmanager = w->config.alerts.webhook = NULL;
  start(w);
  for (int32_t i = 0; i < 3000; i++) { /* more than the book holds: those that are over leave it */
    struct tg_trouble t = halt;
    t.partition = i;
    tg_alerts_raise(w->hub->alerts, &t, "no log");
    if (i) tg_alerts_clear(w->hub->alerts, &t);
  }
  assert_int_equal(tg_alerts_standing(w->hub->alerts, seen, 2, &firing), 1);
  assert_int_equal(firing, 1);
  assert_int_equal(seen[0].partition, 0);
  assert_string_equal(seen[0].text, "no log");
}

static void without_a_book_nobody_is_told(void **state)
{
  uint32_t firing = 1;
  (void)state;
  assert_int_equal(tg_alerts_standing(NULL, NULL, 0, &firing), 0);
  assert_int_equal(firing, 0);
  tg_alerts_raise(NULL, &halt, "");
  tg_alerts_clear(NULL, &halt);
  tg_alerts_leave(NULL, TG_TROUBLE_HALT, 0);
  tg_alerts_stop(NULL);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(an_alert_has_the_labels_and_texts_of_its_kind, setup,
                                      teardown),
      cmocka_unit_test_setup_teardown(what_is_cleared_is_told_as_resolved, setup, teardown),
      cmocka_unit_test_setup_teardown(facts_of_the_pipeline_have_no_instance, setup, teardown),
      cmocka_unit_test_setup_teardown(many_threads_raise_while_one_receiver_hangs_and_one_refuses,
                                      setup, teardown),
      cmocka_unit_test_setup_teardown(beyond_the_cap_they_are_counted, setup, teardown),
      cmocka_unit_test_setup_teardown(without_receivers_what_stands_is_kept, setup, teardown),
      cmocka_unit_test_setup_teardown(without_a_book_nobody_is_told, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
