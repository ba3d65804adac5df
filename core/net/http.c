/* The HTTP server. */
#include "core/net/http.h"

#include "core/base/thread.h"

#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { CONNECTIONS_MAX = 64, IDLE_S = 15, HEADER_BYTES = 16 << 10, BODY_BYTES = 64 << 10 };

struct tg_http {
  struct MHD_Daemon *daemon;
  tg_http_handler *handler;
  void *self;
  uint16_t port;
};

struct pending { /* one request while its body comes in */
  struct tg_buf body;
};

bool tg_http_address(const char *listen, char *host, size_t size, uint16_t *port)
{
  const char *colon = strrchr(listen, ':');
  char *end;
  if (!colon) return false;
  unsigned long n = strtoul(colon + 1, &end, 10);
  if (*end || end == colon + 1 || n > 65535) return false;
  size_t len = (size_t)(colon - listen);
  if (len >= 2 && listen[0] == '[' && listen[len - 1] == ']') listen++, len -= 2;
  if (len >= size) return false;
  memcpy(host, listen, len);
  host[len] = '\0';
  *port = (uint16_t)n;
  return true;
}

bool tg_http_bearer(const char *authorization, const char *token)
{
  size_t len = strlen(token);
  if (!authorization || strncmp(authorization, "Bearer ", 7) != 0 || !len) return false;
  const char *given = authorization + 7;
  size_t given_len = strlen(given);
  unsigned char differ = given_len != len;
  for (size_t i = 0; i < given_len; i++) differ |= (unsigned char)(given[i] ^ token[i % len]);
  return differ == 0;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
  return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static enum MHD_Result first_argument(void *self, enum MHD_ValueKind kind, const char *key,
                                      const char *value)
{
  (void)kind, (void)value;
  *(const char **)self = key;
  return MHD_NO;
}

static enum MHD_Result answer(struct MHD_Connection *c, struct tg_http_answer *a)
{
  if (a->body.failed) a->status = 500, tg_buf_clear(&a->body);
  struct MHD_Response *r = MHD_create_response_from_buffer(
      a->body.len, a->body.ptr ? a->body.ptr : "", MHD_RESPMEM_MUST_COPY);
  tg_buf_fini(&a->body);
  if (!r) return MHD_NO;
  MHD_add_response_header(r, "Content-Type", a->content_type);
  MHD_add_response_header(r, "Cache-Control", "no-store");
  MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
  enum MHD_Result queued = MHD_queue_response(c, a->status, r);
  MHD_destroy_response(r);
  return queued;
}

static enum MHD_Result handle(struct tg_http *h, struct MHD_Connection *c, const char *url,
                              const char *method, struct pending *p)
{
  struct tg_http_request q = {.method = method,
                              .path = url,
                              .body = tg_buf_view(&p->body),
                              .accept = header(c, "Accept"),
                              .authorization = header(c, "Authorization"),
                              .content_type = header(c, "Content-Type"),
                              .host = header(c, "Host"),
                              .origin = header(c, "Origin")};
  MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, first_argument, &q.query);
  struct tg_http_answer a = {.status = 200, .content_type = "application/json"};
  if (p->body.failed)
    a.status = 413;
  else
    h->handler(h->self, &q, &a);
  return answer(c, &a);
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
  (void)version;
  struct pending *p = *context;
  if (!p) {
    if (!(p = calloc(1, sizeof *p))) return MHD_NO;
    tg_buf_init(&p->body, BODY_BYTES);
    *context = p;
    return MHD_YES;
  }
  if (*size) {
    tg_buf_add(&p->body, data, *size);
    *size = 0;
    return MHD_YES;
  }
  return handle(self, c, url, method, p);
}

static void on_done(void *self, struct MHD_Connection *c, void **context,
                    enum MHD_RequestTerminationCode code)
{
  (void)self, (void)c, (void)code;
  struct pending *p = *context;
  if (p) tg_buf_fini(&p->body);
  free(p);
  *context = NULL;
}

/* Runs in the library's thread, which it has named after itself. */
static void on_connection(void *self, struct MHD_Connection *c, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
  (void)self, (void)c, (void)context;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) tg_thread_name("tg-http");
}

/* The listening socket's address, and the port the system chose. */
static uint16_t bound_port(struct MHD_Daemon *d, uint16_t asked)
{
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
  return info ? info->port : asked;
}

enum tg_rc tg_http_new(const char *listen, tg_http_handler *handler, void *self,
                       struct tg_http **out, struct tg_err *err)
{
  char host[256], port_text[8];
  uint16_t port;
  if (!tg_http_address(listen, host, sizeof host, &port))
    return tg_err_set(err, TG_CONFIG, "http.listen", "'%s' is not host:port", listen);
  struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM},
                  *at = NULL;
  snprintf(port_text, sizeof port_text, "%u", port);
  if (getaddrinfo(*host ? host : NULL, port_text, &hints, &at) != 0)
    return tg_err_set(err, TG_CONFIG, "http.listen", "the address '%s' is not known", host);
  struct tg_http *h = calloc(1, sizeof *h);
  unsigned flags =
      MHD_USE_INTERNAL_POLLING_THREAD | (at->ai_family == AF_INET6 ? MHD_USE_DUAL_STACK : 0u);
  if (h) {
    h->handler = handler, h->self = self;
    h->daemon = MHD_start_daemon(flags, port, NULL, NULL, on_request, h, MHD_OPTION_SOCK_ADDR,
                                 at->ai_addr, MHD_OPTION_CONNECTION_LIMIT,
                                 (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                 (size_t)HEADER_BYTES, MHD_OPTION_NOTIFY_COMPLETED, on_done, h,
                                 MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_END);
  }
  freeaddrinfo(at);
  if (!h || !h->daemon)
    return free(h), tg_err_set(err, TG_CONFIG, "http.listen",
                               "cannot listen on %s: is the port taken?", listen);
  h->port = bound_port(h->daemon, port);
  *out = h;
  return TG_OK;
}

uint16_t tg_http_port(const struct tg_http *h)
{
  return h->port;
}

void tg_http_free(struct tg_http *h)
{
  if (!h) return;
  MHD_stop_daemon(h->daemon);
  free(h);
}
