/* The HTTP server and client, against each other over loopback. */
#include "core/net/fetch.h"
#include "core/net/http.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void echo(void *self, const struct tg_http_request *q, struct tg_http_answer *a)
{
  (void)self;
  if (strcmp(q->path, "/missing") == 0) a->status = 404;
  tg_buf_printf(&a->body, "%s %s q=%s auth=%s body=%.*s", q->method, q->path,
                q->query ? q->query : "-", q->authorization ? q->authorization : "-",
                TG_TEXT(q->body));
}

static int setup(void **state)
{
  struct tg_err err;
  return tg_http_new("127.0.0.1:0", echo, NULL, (struct tg_http **)state, &err) == TG_OK ? 0 : -1;
}

static int teardown(void **state)
{
  tg_http_free(*state);
  return 0;
}

static const char *sent; /* body of a POST; NULL: the preset */

static long call(struct tg_http *h, const char *method, const char *path, const char *token,
                 struct tg_buf *body)
{
  char url[128];
  struct tg_err err;
  long status = 0;
  snprintf(url, sizeof url, "http://127.0.0.1:%u%s", tg_http_port(h), path);
  const struct tg_fetch f = {
      .method = method, .url = url, .token = token, .timeout_s = 10, .body = sent};
  assert_int_equal(tg_fetch(&f, &status, body, &err), TG_OK);
  return status;
}

static void a_request_reaches_the_handler_whole(void **state)
{
  struct tg_buf body;
  assert_int_equal(call(*state, "GET", "/readyz?verbose", NULL, &body), 200);
  assert_string_equal(tg_buf_cstr(&body), "GET /readyz q=verbose auth=- body=");
  tg_buf_fini(&body);
  assert_int_equal(call(*state, "POST", "/-/reload", "abc", &body), 200);
  assert_string_equal(tg_buf_cstr(&body), "POST /-/reload q=- auth=Bearer abc body={}");
  tg_buf_fini(&body);
  sent = "[{\"a\":1}]";
  assert_int_equal(call(*state, "POST", "/-/reload", NULL, &body), 200);
  assert_string_equal(tg_buf_cstr(&body), "POST /-/reload q=- auth=- body=[{\"a\":1}]");
  tg_buf_fini(&body);
  sent = NULL;
  assert_int_equal(call(*state, "GET", "/missing", NULL, &body), 404);
  tg_buf_fini(&body);
}

static void a_taken_port_is_told(void **state)
{
  char listen[32];
  struct tg_http *second;
  struct tg_err err;
  snprintf(listen, sizeof listen, "127.0.0.1:%u", tg_http_port(*state));
  assert_int_equal(tg_http_new(listen, echo, NULL, &second, &err), TG_CONFIG);
  assert_non_null(strstr(err.what, "is the port taken?"));
}

static void nobody_there_is_a_retry(void **state)
{
  (void)state;
  struct tg_buf body;
  struct tg_err err;
  long status;
  assert_int_equal(
      tg_fetch(&(struct tg_fetch){.method = "GET", .url = "http://127.0.0.1:1/", .timeout_s = 5},
               &status, &body, &err),
      TG_RETRY);
  tg_buf_fini(&body);
}

/* A server that takes connections and never answers: only the flag ends it before the deadline. */
static void a_call_is_given_up_when_told(void **state)
{
  (void)state;
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
  assert_int_equal(listen(fd, 8), 0);
  assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
  char url[64];
  atomic_bool stop = true;
  struct tg_buf body;
  struct tg_err err;
  long status;
  snprintf(url, sizeof url, "http://127.0.0.1:%u/", ntohs(at.sin_port));
  const struct tg_fetch f = {.method = "POST", .url = url, .timeout_s = 3600, .stop = &stop};
  assert_int_equal(tg_fetch(&f, &status, &body, &err), TG_RETRY);
  tg_buf_fini(&body);
  close(fd);
}

static void only_http_is_spoken(void **state)
{
  (void)state;
  struct tg_buf body;
  struct tg_err err;
  long status;
  const struct tg_fetch f = {.method = "GET", .url = "file:///etc/hostname", .timeout_s = 5};
  assert_int_equal(tg_fetch(&f, &status, &body, &err), TG_RETRY);
  tg_buf_fini(&body);
}

static void addresses_are_split_and_nonsense_refused(void **state)
{
  (void)state;
  char host[64];
  uint16_t port;
  assert_true(tg_http_address("127.0.0.1:8080", host, sizeof host, &port) && port == 8080);
  assert_string_equal(host, "127.0.0.1");
  assert_true(tg_http_address("[::1]:80", host, sizeof host, &port));
  assert_string_equal(host, "::1");
  assert_true(tg_http_address(":9", host, sizeof host, &port));
  assert_string_equal(host, "");
  assert_false(tg_http_address("localhost", host, sizeof host, &port));
  assert_false(tg_http_address("h:99999", host, sizeof host, &port));
  assert_false(tg_http_address("h:", host, sizeof host, &port));
}

static void only_the_whole_token_opens(void **state)
{
  (void)state;
  assert_true(tg_http_bearer("Bearer secret", "secret"));
  assert_false(tg_http_bearer("Bearer secre", "secret"));
  assert_false(tg_http_bearer("Bearer secretsecret", "secret"));
  assert_false(tg_http_bearer("Basic secret", "secret"));
  assert_false(tg_http_bearer("Bearer ", ""));
  assert_false(tg_http_bearer(NULL, "secret"));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_request_reaches_the_handler_whole, setup, teardown),
      cmocka_unit_test_setup_teardown(a_taken_port_is_told, setup, teardown),
      cmocka_unit_test(nobody_there_is_a_retry),
      cmocka_unit_test(a_call_is_given_up_when_told),
      cmocka_unit_test(only_http_is_spoken),
      cmocka_unit_test(addresses_are_split_and_nonsense_refused),
      cmocka_unit_test(only_the_whole_token_opens),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
